"""The match weights of a model as one SVG picture: no script, nothing loaded from anywhere.

One bar a level: to the right what speaks for the same entity, to the left what speaks against it, in bits.
"""

from __future__ import annotations

from html import escape

from yibiao.identity.model import UNIT, LevelWeight, Model

ROW, GAP, LABEL, SCALE, MARGIN = 20, 12, 330, 14, 24
"""Pixels: height of a row, space between comparisons, width of labels, of one bit, around all."""

FOR, AGAINST = "#2f7d5b", "#b4503c"


def draw(model: Model) -> str:
    """The chart as the text of an SVG file."""
    points = [one.score / UNIT for levels in model.weights.values() for one in levels]
    low, high = min(0.0, *points, model.prior_score / UNIT), max(0.0, *points)
    zero = MARGIN + LABEL - low * SCALE
    width = zero + high * SCALE + 70 + MARGIN
    parts, top = [], float(MARGIN + ROW)
    parts.append(_row("prior", model.prior_score / UNIT, f"1 in {1 / model.prior:,.0f}", zero, top))
    top += ROW + GAP
    for name, levels in model.weights.items():
        parts.append(
            f'<text x="{MARGIN}" y="{top + ROW * 0.7:g}" font-weight="bold">{escape(name)}</text>'
            f'<line x1="{MARGIN}" x2="{width - MARGIN:g}" y1="{top - GAP / 2:g}" y2="{top - GAP / 2:g}" stroke="#ddd"/>'
        )
        top += ROW
        for one in levels:
            parts.append(_row(one.label, one.score / UNIT, _shares(one), zero, top))
            top += ROW
        top += GAP
    axis = f'<line x1="{zero:g}" x2="{zero:g}" y1="{MARGIN + ROW}" y2="{top - GAP:g}" stroke="#555"/>'
    title = f"Match weights of {model.settings}, bits (log2 of m / u)"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{top + MARGIN:g}" '
        f'font-family="sans-serif" font-size="12">\n<title>{escape(title)}</title>\n'
        f'<rect width="100%" height="100%" fill="white"/>\n'
        f'<text x="{MARGIN}" y="{MARGIN}" font-size="14">{escape(title)}</text>\n'
        + "\n".join([*parts, axis])
        + "\n</svg>\n"
    )


def _shares(one: LevelWeight) -> str:
    return f"m {one.m:.3g}, u {one.u:.3g}"


def _row(label: str, bits: float, note: str, zero: float, top: float) -> str:
    length = abs(bits) * SCALE
    left = zero if bits >= 0 else zero - length
    return (
        f"<g><title>{escape(f'{label}: {bits:+.2f} bits ({note})')}</title>"
        f'<text x="{MARGIN + LABEL - 8}" y="{top + ROW * 0.7:g}" text-anchor="end" fill="#333">'
        f"{escape(_cut(label))}</text>"
        f'<rect x="{left:g}" y="{top + 3:g}" width="{max(length, 0.5):g}" height="{ROW - 6}" '
        f'fill="{FOR if bits >= 0 else AGAINST}"/>'
        f'<text x="{max(left + length, zero) + 4:g}" y="{top + ROW * 0.7:g}" fill="#555">{bits:+.1f}</text></g>'
    )


def _cut(label: str) -> str:
    return label if len(label) <= 52 else f"{label[:51]}…"
