"""Workbooks as offices make them: a title, a header of one or two rows with merged cells, the rows, notes below."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

XLS_ROWS = 65_536
BLANK_ROW_EVERY = 400
"""Where a contract knows notes below the table, clerks also leave an empty row now and then."""

_DAY = datetime.datetime(2026, 1, 1)
"""Stands in every workbook as its day of making, so that equal rows give an equal file."""


@dataclass(frozen=True)
class Layout:
    """How a sheet looks.

    Attributes:
        title: of the report.
        headers: `上级/下级` for a header of two rows.
        numeric: column place -> mask of the cells that hold numbers.
        options: `title_rows`, `header_rows` and `footer_pattern` of the contract.
    """

    title: str
    headers: list[str]
    numeric: dict[int, np.ndarray] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def header_rows(self) -> int:
        return int(self.options.get("header_rows", 1))

    @property
    def titles(self) -> list[str]:
        rows = int(self.options.get("title_rows", 0))
        return [f"示范区{self.title}情况表", *("填报单位(盖章):" for _ in range(rows - 1))][:rows]

    @property
    def begin(self) -> int:
        """Row of the first data row, counted from 0."""
        return len(self.titles) + self.header_rows

    def header_cells(self) -> list[tuple[int, int, int, int, str]]:
        """(row, first column, last column, rows deep, text); neighbours under one upper header are merged."""
        top, rows, headers = len(self.titles), self.header_rows, self.headers
        if rows == 1:
            return [(top, place, place, 1, header) for place, header in enumerate(headers)]
        cells: list[tuple[int, int, int, int, str]] = []
        place = 0
        while place < len(headers):
            group, _, leaf = headers[place].partition("/")
            if not leaf:
                cells.append((top, place, place, rows, group))
                place += 1
                continue
            last = place
            while last + 1 < len(headers) and headers[last + 1].startswith(group + "/"):
                last += 1
            cells.append((top, place, last, 1, group))
            for column in range(place, last + 1):
                cells.append((top + 1, column, column, rows - 1, headers[column].partition("/")[2]))
            place = last + 1
        return cells

    def footers(self, rows: int) -> list[str]:
        """Notes below the table, only such as the contract tells from data."""
        pattern = self.options.get("footer_pattern")
        texts = [f"合计:{rows}", "注:本表按月报送,数据以系统为准", "填表人:           审核人:"]
        return [text for text in texts if pattern and re.search(pattern, text)]

    def rows(self, columns: list[pa.Array]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """(row of the sheet, cells): text, numbers where `numeric` says so, None for blank ones."""
        lists = []
        for place, column in enumerate(columns):
            cells: list[Any] = column.to_pylist()
            for row in np.flatnonzero(self.numeric[place]).tolist() if place in self.numeric else ():
                if cells[row] is not None:
                    number = float(cells[row])
                    cells[row] = int(number) if number.is_integer() and abs(number) < 1e15 else number
            lists.append(cells)
        step = BLANK_ROW_EVERY if self.options.get("footer_pattern") else 1 << 30
        for number, cells_of_row in enumerate(zip(*lists, strict=True)):
            yield self.begin + number + number // step, cells_of_row


def write_xlsx(path: Path, layout: Layout, columns: list[pa.Array]) -> None:
    """An XLSX workbook with one sheet."""
    import xlsxwriter

    # Not `constant_memory`: it writes row by row, and a cell merged downwards ends the row before its neighbours.
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"created": _DAY})
    sheet = book.add_worksheet(layout.title[:31])
    bold = book.add_format({"bold": True, "align": "center"})
    for row, text in enumerate(layout.titles):
        sheet.merge_range(row, 0, row, len(layout.headers) - 1, text, bold)
    for row, first, last, depth, text in layout.header_cells():
        if first == last and depth == 1:
            sheet.write_string(row, first, text, bold)
        else:
            sheet.merge_range(row, first, row + depth - 1, last, text, bold)
    place = layout.begin - 1
    for place, cells in layout.rows(columns):
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                sheet.write_string(place, column, cell)
            elif cell is not None:
                sheet.write_number(place, column, cell)
    for number, text in enumerate(layout.footers(len(columns[0])), start=place + 1):
        sheet.write_string(number, 0, text)
    book.close()


def write_xls(path: Path, layout: Layout, columns: list[pa.Array]) -> None:
    """An XLS workbook with one sheet; the format ends at `XLS_ROWS`."""
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    bold = xlwt.easyxf("font: bold on; align: horiz center")
    sheet = book.add_sheet(layout.title[:31])
    for row, text in enumerate(layout.titles):
        sheet.write_merge(row, row, 0, len(layout.headers) - 1, text, bold)
    for row, first, last, depth, text in layout.header_cells():
        sheet.write_merge(row, row + depth - 1, first, last, text, bold)
    place = layout.begin - 1
    for place, cells in layout.rows(columns):
        for column, cell in enumerate(cells):
            if cell is not None:
                sheet.write(place, column, cell)
    for number, text in enumerate(layout.footers(len(columns[0])), start=place + 1):
        sheet.write(number, 0, text)
    book.save(str(path))
