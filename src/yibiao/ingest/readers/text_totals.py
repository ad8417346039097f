"""Printed sub-totals and totals of delimited text, recounted while its rows pass, where the contract tells of some."""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.contracts.reports import Report
from yibiao.ingest.columns import Binding
from yibiao.ingest.readers.totals import (
    Printed,
    as_number,
    as_numbers,
    assign,
    compared,
    names,
    noted,
    printed,
    total,
)
from yibiao.ingest.repairs import NUMERIC

END = sys.maxsize
"""Place behind every row."""

Sums = dict[int, Decimal]
"""Column of the file -> sum."""


class TextTotals:
    """What a file prints about its rows, and what the rows themselves give.

    Places are those of `RowNumbers`: every row below the header has one, in the order of the file. Rows that were
    taken out because they cannot be split count as rows; what they add to a sum nobody knows.
    """

    def __init__(self, report: Report, binding: Binding) -> None:
        options = report.server.options
        self._report, self._binding = report, binding
        self._patterns = {
            kind: re.compile(options[f"{kind}_pattern"])
            for kind in ("total", "subtotal")
            if options.get(f"{kind}_pattern")
        }
        self._above = options.get("subtotals") == "above"
        noted_columns = {one["column"] for one in report.control_totals if one.get("column")}
        self._summed = [
            place
            for column, place in zip(report.columns, binding.places, strict=True)
            if place is not None and (column.name in noted_columns or (self._patterns and column.type in NUMERIC))
        ]
        self.wanted = bool(self._patterns or report.control_totals)
        self._notes: list[str] = []
        self._printed: list[Printed] = []
        self._stated: list[Sequence[str]] = []
        self._broken: list[int] = []
        self._rows, self._sums = 0, dict.fromkeys(self._summed, Decimal(0))
        self._before: dict[int, tuple[int, Sums]] = {0: (0, dict(self._sums))}

    def note(self, cells: Sequence[str]) -> None:
        """A row that the footer pattern took."""
        self._notes.append(" ".join(filter(None, cells)))

    def broken(self, place: int) -> None:
        """A data row that could not be split; places ascend."""
        self._broken.append(place)

    def is_total(self, place: int, cells: Sequence[str]) -> str:
        """`total` or `subtotal` if these are the cells of a row of sums, which is then remembered; else empty."""
        for kind, pattern in self._patterns.items():
            # Under a cell that is left blank for its row the words stand in the second column.
            if found := next(filter(None, (pattern.search(cell.strip()) for cell in cells[:2])), None):
                self._printed.append(printed(place, kind, found))
                self._stated.append(cells)
                return kind
        return ""

    def find(self, batch: pa.RecordBatch) -> np.ndarray:
        """Which rows of a batch of whole rows may be rows of sums."""
        found = np.zeros(batch.num_rows, dtype=bool)
        for column in batch.columns[:2] if self._patterns else ():
            for pattern in self._patterns.values():
                found |= matching(pc.utf8_trim_whitespace(column.cast(pa.string())), pattern)
        return found

    def add(self, batch: pa.RecordBatch, places: np.ndarray) -> None:
        """Data rows, in the order of the file."""
        numbers = {column: as_numbers(batch.column(column).cast(pa.string())) for column in self._summed}
        last = int(places[-1]) if len(places) else 0
        done = 0
        for place in sorted(one.row for one in self._printed if one.row not in self._before and one.row <= last):
            done = self._advance(numbers, done, int(np.searchsorted(places, place)))
            self._before[place] = self._rows, dict(self._sums)
        self._advance(numbers, done, len(places))

    def _advance(self, numbers: dict[int, pa.Array], start: int, stop: int) -> int:
        for column, values in numbers.items():
            self._sums[column] += total(values.slice(start, stop - start))
        self._rows += stop - start
        return stop

    def told(self) -> list[dict[str, Any]]:
        """`{name, stated, counted}` for everything that was printed; to be asked at the end."""
        self._before[END] = self._rows, self._sums
        for one in self._printed:
            self._before.setdefault(one.row, self._before[END])
        order = sorted(range(len(self._printed)), key=lambda k: self._printed[k].row)
        found = [self._printed[k] for k in order]
        assign(found, lambda row: row, END, above=self._above)
        told = []
        for one, k, name in zip(found, order, names(found), strict=True):
            if one.count is not None:
                counted = self._rows_before(one.last) - self._rows_before(one.first)
                told.append({"name": name, "stated": one.count, "counted": counted})
            told += self._recounted(one, name, self._stated[k])
        return told + noted(self._report, self._notes, self._rows_before(END), self._sum_of)

    def _recounted(self, one: Printed, name: str, cells: Sequence[str]) -> list[dict[str, Any]]:
        told = []
        for column in self._summed:
            stated = as_number(cells[column]) if column < len(cells) <= len(self._binding.headers) else None
            if stated is not None:
                counted = self._before[one.last][1][column] - self._before[one.first][1][column]
                told.append(compared(f"{name}/{self._binding.headers[column].strip()}", stated, counted))
        return told

    def _rows_before(self, place: int) -> int:
        return self._before[place][0] + bisect_left(self._broken, place)

    def _sum_of(self, column: str) -> Decimal:
        place = self._binding.places[self._binding.names.index(column)]
        return Decimal(0) if place is None else self._sums[place]


def matching(texts: pa.Array, pattern: re.Pattern[str]) -> np.ndarray:
    """Which texts hold the pattern; by Python itself if it looks ahead or behind, which Arrow does not know."""
    try:
        found = pc.match_substring_regex(texts, pattern.pattern)
    except pa.ArrowInvalid:
        return np.array([pattern.search(text or "") is not None for text in texts.to_pylist()], dtype=bool)
    return found.fill_null(False).to_numpy(zero_copy_only=False)
