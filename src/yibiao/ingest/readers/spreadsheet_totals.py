"""Printed sub-totals and totals of a sheet, recounted: rows, and sums of the columns that have numbers in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.ingest.readers.spreadsheet_rows import Part, Printed

_NUMBER = r"^\s*-?\d{1,15}(,\d{3})*(\.\d{1,10})?\s*$"
_SUM = pa.decimal128(38, 10)
_CENT = Decimal("0.005")
"""Totals are computed from numbers with more digits than are printed."""


@dataclass
class Earlier:
    """Rows and sums of the sheets before, when one table goes on over several: the last total may be of all."""

    rows: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)

    def add(self, part: Part, columns: Iterable[int]) -> None:
        self.rows += len(part.rows)
        for column in columns:
            header = part.headers[column]
            self.sums[header] = self.sums.get(header, Decimal(0)) + _sum(_as_numbers(part, column))


def recount(part: Part, columns: Iterable[int], earlier: Earlier | None = None) -> list[dict[str, Any]]:
    """`{name, stated, counted}` for each group, and for each number that a sub-total or total prints.

    Args:
        columns: those whose numbers can be added up.
        earlier: sheets before this one; a total that is right only together with them is one of all.
    """
    before = earlier or Earlier()
    totals: list[dict[str, Any]] = list(part.group_counts)
    numbers = {column: found for column in columns if (found := _numbers(part, column)) is not None}
    times: dict[str, int] = {}
    for printed in part.printed:
        times[printed.label] = times.get(printed.label, 0) + 1
        name = printed.label if printed.kind == "total" else f"{printed.label} {times[printed.label]}"
        if printed.count is not None:
            rows = printed.last - printed.first
            if printed.kind == "total" and rows != printed.count == rows + before.rows:
                rows = printed.count
            totals.append({"name": name, "stated": printed.count, "counted": rows})
        for column, values in numbers.items():
            stated = _stated(part, printed, column)
            if stated is not None:
                counted = _sum(values.slice(printed.first, printed.last - printed.first))
                together = counted + before.sums.get(part.headers[column], Decimal(0))
                if abs(counted - stated) < _CENT or (printed.kind == "total" and abs(together - stated) < _CENT):
                    counted = stated
                totals.append(
                    {"name": f"{name}/{part.headers[column]}", "stated": plain(stated), "counted": plain(counted)}
                )
    return totals


def plain(number: Decimal) -> int | float:
    """A number for JSON."""
    return int(number) if number == number.to_integral_value() else float(number)


def _numbers(part: Part, column: int) -> pa.Array | None:
    """The numbers of a column in the data rows, null where there is none; None if no total prints one there.

    A merged cell counts once, as it was printed.
    """
    if all(_stated(part, printed, column) is None for printed in part.printed):
        return None
    return _as_numbers(part, column)


def _sum(values: pa.Array) -> Decimal:
    return pc.sum(values).as_py() or Decimal(0)


def _as_numbers(part: Part, column: int) -> pa.Array:
    texts = part.texts(column)
    good = pc.match_substring_regex(texts, _NUMBER)
    tidy = pc.replace_substring(pc.utf8_trim_whitespace(pc.if_else(good, texts, None)), ",", "")
    return tidy.cast(_SUM)


def _stated(part: Part, printed: Printed, column: int) -> Decimal | None:
    text = part.grid.texts[part.left + column][printed.row].as_py()
    return as_number(text)


def as_number(text: str) -> Decimal | None:
    """A printed number, None for any other text."""
    bare = text.strip().replace(",", "")
    if not bare or not bare.isascii() or bare.lstrip("-").replace(".", "", 1).isdigit() is False:
        return None
    return Decimal(bare)


def agreeing(part: Part, column: int) -> tuple[int, int]:
    """How many printed numbers of a column there are, and how many of them are the sums of their rows."""
    totals = [one for one in recount(part, [column]) if one["name"].endswith(f"/{part.headers[column]}")]
    return len(totals), int(np.sum([one["stated"] == one["counted"] for one in totals]))
