"""Repairs that the marks of a sheet call for: merged cells, number formats, errors, formulas without a value."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from yibiao.ingest.readers.spreadsheet_rows import Part
from yibiao.ingest.repairs import TEXT, Finding


def marked(part: Part, place: int) -> tuple[pa.Array, np.ndarray | None, list[Finding]]:
    """A column's texts, kinds and what its marks say of them.

    Kinds of cells that a finding gives another text are TEXT: no further repair is looked for there.
    """
    texts, kinds = part.texts(place), part.kinds(place)
    findings = [found for found in (_carried(part, place), _padded(part, place, texts, kinds)) if found]
    if kinds is not None and findings:
        kinds = kinds.copy()
        for found in findings:
            kinds[found.places] = TEXT
    flaws = part.grid.flaws.get(part.left + place, {})
    for kind in sorted(set(flaws.values())):
        rows = np.array(sorted(row for row, flaw in flaws.items() if flaw == kind))
        findings.append(Finding(kind, _places(part, rows)))
    return texts, kinds, findings


def _places(part: Part, rows: np.ndarray) -> np.ndarray:
    """Positions among the data rows of those `rows` of the sheet that are data; ascending."""
    return np.flatnonzero(np.isin(part.rows, rows))


def _carried(part: Part, place: int) -> Finding | None:
    """Merged cells: the value stands in the first row only."""
    values: dict[int, str] = {}
    for column, source, below in part.carried:
        if column == place and (text := part.grid.texts[part.left + place][source].as_py()):
            values.update(dict.fromkeys(_places(part, below).tolist(), text))
    places = np.array(sorted(values), dtype=np.int64)
    return Finding("merged_cells", places, pa.array([values[one] for one in places], pa.string())) if values else None


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
