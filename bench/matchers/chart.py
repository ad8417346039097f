"""The calibration curve of the field matcher as SVG: scores against how many of them were right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SIZE, MARGIN = 420, 60


def calibration_svg(rows: Sequence[Mapping[str, Any]], title: str = "Score beside the share that was right") -> str:
    """Points by tenths of the score, their area by the number of fields, the diagonal for comparison."""

    def at(score: float, right: float) -> tuple[float, float]:
        return MARGIN + score * (SIZE - 2 * MARGIN), SIZE - MARGIN - right * (SIZE - 2 * MARGIN)

    (left, bottom), (right, top) = at(0, 0), at(1, 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE}" height="{SIZE}" viewBox="0 0 {SIZE} {SIZE}"'
        ' font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{SIZE}" height="{SIZE}" fill="#ffffff"/>',
        f'<text x="16" y="26" font-size="15" font-weight="600" fill="#222">{title}</text>',
        f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" fill="none" stroke="#ccc"/>',
        f'<line x1="{left}" y1="{bottom}" x2="{right}" y2="{top}" stroke="#999" stroke-dasharray="4 3"/>',
    ]
    for tick in range(0, 11, 2):
        x, y = at(tick / 10, tick / 10)
        parts.append(f'<text x="{x:.0f}" y="{bottom + 18}" text-anchor="middle" fill="#555">{tick / 10:.1f}</text>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.0f}" text-anchor="end" fill="#555">{tick / 10:.1f}</text>')
    points = [at(row["score"], row["right"]) for row in rows]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#3a7d6b" stroke-width="1.5"/>')
    for row, (x, y) in zip(rows, points, strict=True):
        radius = 2.5 + (row["fields"] ** 0.5) / 2
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#3a7d6b" fill-opacity="0.6"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{y - radius - 3:.1f}" text-anchor="middle" fill="#222">{row["fields"]}</text>'
        )
    parts += [
        f'<text x="{(left + right) / 2}" y="{SIZE - 14}" text-anchor="middle" fill="#222">score</text>',
        f'<text x="16" y="{(top + bottom) / 2}" text-anchor="middle" fill="#222"'
        f' transform="rotate(-90 16 {(top + bottom) / 2})">right</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
