"""The figures of a benchmark as one SVG: every figure as a bar against its limit."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, LEFT, ROW, TOP = 860, 330, 34, 56


def svg(title: str, bars: Sequence[tuple[str, str, float | None]]) -> str:
    """A chart of horizontal bars; the limit is one vertical line.

    Args:
        title: above the chart.
        bars: label, figure as text, and the figure as a share of its limit (None: it has no limit and no bar).
    """
    scale = (WIDTH - LEFT - 150) / max([1.25, *[share for *_, share in bars if share is not None]])
    height = TOP + ROW * len(bars) + 24
    limit = LEFT + scale
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
        ' font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="26" font-size="15" font-weight="600" fill="#222">{escape(title)}</text>',
    ]
    for number, (label, figure, share) in enumerate(bars):
        y = TOP + ROW * number
        parts.append(f'<text x="{LEFT - 10}" y="{y + 16}" text-anchor="end" fill="#222">{escape(label)}</text>')
        width = 0.0
        if share is not None:
            width = max(1.0, share * scale)
            colour = "#3a7d6b" if share <= 1 else "#b3412f"
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="22" rx="2" fill="{colour}"/>')
        parts.append(f'<text x="{LEFT + width + 8:.1f}" y="{y + 16}" fill="#222">{escape(figure)}</text>')
    parts += [
        f'<line x1="{limit:.1f}" x2="{limit:.1f}" y1="{TOP - 14}" y2="{height - 16}" stroke="#222"'
        ' stroke-dasharray="4 3"/>',
        f'<text x="{limit:.1f}" y="{TOP - 18}" text-anchor="middle" fill="#555">limit</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
