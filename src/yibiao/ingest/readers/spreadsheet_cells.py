"""Cells of a spreadsheet as texts, column by column, with the kind that each cell had in the file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.ingest.repairs import BOOLEAN, DATE, LOST, NUMBER, TEXT

EXACT = 10**15
"""Spreadsheets keep 15 digits of a number. A longer one has lost some: it gets a form that no identifier rule takes."""

_PLAIN, _LARGE = 1e-4, 1e10
"""Between these Arrow writes a number as Python does: the shortest form, without an exponent."""


def cell_text(value: Any) -> str:
    """A cell as text: whole numbers without `.0`, days as ISO, nothing invented for numbers that lost digits."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < EXACT:
            return str(int(value))
        return repr(value).upper()
    if isinstance(value, int):
        return str(value) if abs(value) < EXACT else repr(float(value)).upper()
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def cell_kind(value: Any) -> int:
    """The kind of one cell."""
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int | float):
        return LOST if abs(value) >= EXACT else NUMBER
    return DATE if isinstance(value, date | time | timedelta) else TEXT


def column_texts(cells: Sequence[Any]) -> tuple[pa.Array, np.ndarray | None]:
    """One column: its texts, and the kind of each cell (int8), None if all are texts.

    Whole columns of one type take a way without a Python object per cell; it gives what `cell_text` gives.
    """
    try:
        return pa.array(cells, pa.string()), None
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        pass
    types = set(map(type, cells))
    if types <= {float, int}:
        return _numbers(cells)
    if types == {date}:
        return pa.array(cells, pa.date32()).cast(pa.string()), np.full(len(cells), DATE, dtype=np.int8)
    if str in types and (others := types - {str}) and (others <= {float, int} or others == {date}):
        is_text = np.fromiter((type(cell) is str for cell in cells), dtype=bool, count=len(cells))
        texts = pa.array([cell for cell in cells if type(cell) is str], pa.string())
        rest, kinds_of_rest = column_texts([cell for cell in cells if type(cell) is not str])
        assert kinds_of_rest is not None
        places = np.empty(len(cells), dtype=np.int64)
        places[is_text] = np.arange(len(texts))
        places[~is_text] = np.arange(len(texts), len(cells))
        kinds = np.full(len(cells), TEXT, dtype=np.int8)
        kinds[~is_text] = kinds_of_rest
        return pa.concat_arrays([texts, rest]).take(pa.array(places)), kinds
    kinds = np.fromiter(map(cell_kind, cells), dtype=np.int8, count=len(cells))
    return pa.array(list(map(cell_text, cells)), pa.string()), kinds


def _numbers(cells: Sequence[Any]) -> tuple[pa.Array, np.ndarray]:
    values = np.array(cells, dtype=np.float64)
    sizes = np.abs(values)
    whole = (np.floor(values) == values) & (sizes < EXACT)
    kinds = np.where(sizes < EXACT, NUMBER, LOST).astype(np.int8)
    if whole.all():
        return pa.array(values.astype(np.int64)).cast(pa.string()), kinds
    odd = ~whole & ~((sizes >= _PLAIN) & (sizes < _LARGE))
    texts = pc.if_else(
        pa.array(whole),
        pa.array(np.where(whole, values, 0).astype(np.int64)).cast(pa.string()),
        pa.array(values).cast(pa.string()),
    )
    if odd.any():
        texts = pc.replace_with_mask(
            texts,
            pa.array(odd),
            pa.array([cell_text(cells[place]) for place in np.flatnonzero(odd).tolist()], pa.string()),
        )
    return texts, kinds
