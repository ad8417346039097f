"""True values as text in a department's own manner: its codes, date formats and units."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.contracts.reports import Column
from yibiao.contracts.values import Schemas
from yibiao.demo.numbers import calendar

EXCEL_EPOCH = 25569
"""Days from 1899-12-30, where spreadsheets begin to count, to 1970-01-01."""

SERIAL_FORMATS = ("excel_serial", "excel", "serial")


def code_texts(column: Column, schemas: Schemas) -> dict[str, str]:
    """Standard code -> what the department writes for it."""
    if column.code_list is None:
        return {}
    texts: dict[str, str] = {}
    for code in schemas.codes[column.code_list].codes:
        # A department with words of its own writes names for codes that its words do not cover.
        manner = "name" if column.codes else column.codes_as
        texts[code.code] = {"name": code.name, "alias": code.aliases[0] if code.aliases else code.name}.get(
            manner, code.code
        )
    for own, standard in column.codes.items():
        texts[standard] = own
    return texts


def render_codes(values: pa.Array, column: Column, schemas: Schemas) -> pa.Array:
    """Standard codes as the department's own values."""
    if not isinstance(values, pa.DictionaryArray):
        values = values.dictionary_encode()
    texts = code_texts(column, schemas)
    table = [texts.get(code, code) for code in values.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(values.indices, pa.array(table, pa.string())).cast(pa.string())


def render_dates(values: pa.Array, pattern: str, *, unpadded: bool) -> pa.Array:
    """Dates by a strptime pattern, or as serial numbers of a spreadsheet.

    Args:
        unpadded: write 1987.3.5 rather than 1987.03.05, where the pattern has separators.
    """
    numbers = values.cast(pa.date32()).cast(pa.int32())
    if pattern in SERIAL_FORMATS:
        return pc.add(numbers, EXCEL_EPOCH).cast(pa.string())
    if not len(numbers.drop_null()):
        return pa.nulls(len(values), pa.string())
    low, high = (bound.as_py() for bound in pc.min_max(numbers).values())
    width = 1 if unpadded and pattern not in ("%Y%m%d", "%Y%m") else 2
    return _day_texts(pattern, width, min(low, _USUAL[0]), max(high, _USUAL[1])).take(
        pc.subtract(numbers, min(low, _USUAL[0]))
    )


_USUAL = (-26_000, 23_000)
"""1898 to 2032: nearly all days lie here, so that one table serves many columns."""


@lru_cache(maxsize=64)
def _day_texts(pattern: str, width: int, low: int, high: int) -> pa.Array:
    """The text of every day from `low` to `high`."""
    parts = [part.tolist() for part in calendar(np.arange(low, high + 1))]
    texts = [
        pattern.replace("%Y", f"{year:04d}").replace("%m", f"{month:0{width}d}").replace("%d", f"{day:0{width}d}")
        for year, month, day in zip(*parts, strict=True)
    ]
    return pa.array(texts)


def writes_unpadded(pattern: str, *, sheet: bool) -> bool:
    """Whether a department writes single digits in this pattern: with points always, in spreadsheets otherwise."""
    return "." in pattern or (sheet and "-" not in pattern)


def in_own_unit(values: pa.Array, factor: str) -> pa.Array:
    """Decimal text of the element's unit in the department's unit."""
    if factor in ("1", ""):
        return values
    numbers = pc.divide(pc.cast(values, pa.float64()), float(factor))
    return pc.cast(pc.round(numbers, 2), pa.string())


def as_text(values: pa.Array) -> pa.Array:
    """Any column as plain strings."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values if values.type == pa.string() else values.cast(pa.string())
