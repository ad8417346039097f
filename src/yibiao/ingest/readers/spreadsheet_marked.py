"""Repairs that the marks of a sheet call for: merged cells, texts beneath them, number formats, errors, formulas."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from yibiao.ingest.readers.spreadsheet_rows import Part
from yibiao.ingest.repairs import TEXT, Finding


def marked(part: Part, place: int) -> tuple[pa.Array, np.ndarray | None, list[Finding]]:
    """A column's texts, kinds and what its marks say of them.

    Kinds of cells that a finding gives another text are those of that text.
    """
    texts, kinds = part.texts(place), part.kinds(place)
    findings: list[Finding] = []
    carried = _carried(part, place)
    findings += _covered(part, place, texts, carried)
    if carried:
        rows = np.array(list(carried.values()))
        values = part.grid.texts[part.left + place].take(pa.array(rows))
        findings.append(Finding("merged_cells", np.array(list(carried)), values))
        of_sheet = part.grid.kinds[part.left + place]
        if kinds is not None and of_sheet is not None:
            kinds = kinds.copy()
            kinds[list(carried)] = of_sheet[rows]
    if padded := _padded(part, place, texts, kinds):
        findings.append(padded)
        if kinds is not None:
            kinds = kinds.copy()
            kinds[padded.places] = TEXT
    flaws = part.grid.flaws.get(part.left + place, {})
    for kind in sorted(set(flaws.values())):
        rows = np.array(sorted(row for row, flaw in flaws.items() if flaw == kind))
        findings.append(Finding(kind, _places(part, rows)))
    return texts, kinds, findings


def _places(part: Part, rows: np.ndarray) -> np.ndarray:
    """Positions among the data rows of those `rows` of the sheet that are data; both ascend."""
    places = np.searchsorted(part.rows, rows)
    inside = places < len(part.rows)
    places, rows = places[inside], rows[inside]
    return places[part.rows[places] == rows]


def _carried(part: Part, place: int) -> dict[int, int]:
    """Data rows under a merged cell, whose value stands in its first row only: position -> that row of the sheet."""
    found: dict[int, int] = {}
    for source, below in part.carried.get(place, ()):
        if part.grid.texts[part.left + place][source].as_py():
            found.update(dict.fromkeys(_places(part, below).tolist(), source))
    return dict(sorted(found.items()))


def _covered(part: Part, place: int, texts: pa.Array, carried: dict[int, int]) -> list[Finding]:
    """Texts beneath merged cells that are not the one that is seen; they are taken out of `carried`."""
    rows = part.covered.get(place)
    if rows is None:
        return []
    seen = part.grid.texts[part.left + place]
    others: list[int] = []
    instead: dict[int, str] = {}
    for position in _places(part, rows).tolist():
        if position not in carried:
            others.append(position)
        elif (text := seen[carried[position]].as_py()) != texts[position].as_py():
            instead[position] = text
            del carried[position]
    found = [Finding("covered_text", np.array(others, dtype=np.int64))] if others else []
    if instead:
        found.append(Finding("covered_text", np.array(list(instead)), pa.array(list(instead.values()), pa.string())))
    return found


def _padded(part: Part, place: int, texts: pa.Array, kinds: np.ndarray | None) -> Finding | None:
    """Numbers whose format shows leading zeros: what the sender sees is the text."""
    digits = part.grid.padded.get(part.left + place)
    if not digits or kinds is None:
        return None
    places, shown = [], []
    for position in _places(part, np.array(sorted(digits))).tolist():
        text = texts[position].as_py()
        width = digits[int(part.rows[position])]
        if text.isdigit() and len(text) < width:
            places.append(position)
            shown.append(text.zfill(width))
    return Finding("number_format", np.array(places, dtype=np.int64), pa.array(shown, pa.string())) if places else None
