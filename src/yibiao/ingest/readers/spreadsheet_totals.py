"""Printed sub-totals and totals of a sheet, recounted: rows, and sums of the columns that have numbers in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from yibiao.ingest.readers.spreadsheet_rows import Part
from yibiao.ingest.readers.totals import Printed, agrees, as_number, as_numbers, names, plain, total


@dataclass
class Earlier:
    """Rows and sums of the sheets before, when one table goes on over several: the last total may be of all."""

    rows: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)

    def add(self, part: Part, columns: Iterable[int]) -> None:
        self.rows += len(part.rows)
        for column in columns:
            header = part.headers[column]
            self.sums[header] = self.sums.get(header, Decimal(0)) + total(as_numbers(part.texts(column)))


def recount(part: Part, columns: Iterable[int], earlier: Earlier | None = None) -> list[dict[str, Any]]:
    """`{name, stated, counted}` for each group, and for each number that a sub-total or total prints.

    Args:
        columns: those whose numbers can be added up.
        earlier: sheets before this one; a total that is right only together with them is one of all.
    """
    before = earlier or Earlier()
    totals: list[dict[str, Any]] = list(part.group_counts)
    numbers = {column: found for column in columns if (found := _numbers(part, column)) is not None}
    for printed, name in zip(part.printed, names(part.printed), strict=True):
        if printed.count is not None:
            rows = printed.last - printed.first
            if printed.kind == "total" and rows != printed.count == rows + before.rows:
                rows = printed.count
            totals.append({"name": name, "stated": printed.count, "counted": rows})
        for column, values in numbers.items():
            stated = _stated(part, printed, column)
            if stated is not None:
                counted = total(values.slice(printed.first, printed.last - printed.first))
                together = counted + before.sums.get(part.headers[column], Decimal(0))
                if agrees(counted, stated) or (printed.kind == "total" and agrees(together, stated)):
                    counted = stated
                totals.append(
                    {"name": f"{name}/{part.headers[column]}", "stated": plain(stated), "counted": plain(counted)}
                )
    return totals


def _numbers(part: Part, column: int) -> pa.Array | None:
    """The numbers of a column in the data rows, null where there is none; None if no total prints one there.

    A merged cell counts once, as it was printed.
    """
    if all(_stated(part, printed, column) is None for printed in part.printed):
        return None
    return as_numbers(part.texts(column))


def _stated(part: Part, printed: Printed, column: int) -> Decimal | None:
    return as_number(part.grid.texts[part.left + column][printed.row].as_py())


def agreeing(part: Part, column: int) -> tuple[int, int]:
    """How many printed numbers of a column there are, and how many of them are the sums of their rows."""
    totals = [one for one in recount(part, [column]) if one["name"].endswith(f"/{part.headers[column]}")]
    return len(totals), int(np.sum([one["stated"] == one["counted"] for one in totals]))
