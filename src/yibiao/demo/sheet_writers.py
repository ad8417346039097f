"""Workbooks as offices make them: a title, a header of one or two rows with merged cells, then the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa


def write_xlsx(
    path: Path,
    title: str,
    headers: list[str],
    columns: list[pa.Array],
    numeric: dict[int, np.ndarray],
    options: dict[str, Any],
) -> None:
    """An XLSX workbook.

    Args:
        headers: `上级/下级` for a header of two rows.
        numeric: column place -> mask of the cells that hold numbers.
        options: `title_rows` and `header_rows` of the contract.
    """
    import datetime

    import xlsxwriter

    # Not `constant_memory`: it writes row by row, and a cell merged downwards ends the row before its neighbours.
    book = xlsxwriter.Workbook(str(path))
    # A workbook made twice from the same rows is the same file.
    book.set_properties({"created": datetime.datetime(2026, 1, 1)})
    sheet = book.add_worksheet(title[:31])
    bold = book.add_format({"bold": True, "align": "center"})
    top = _titles(title, options)
    for row, text in enumerate(top):
        sheet.merge_range(row, 0, row, len(headers) - 1, text, bold)
    for row, first, last, depth, text in _header_cells(headers, int(options.get("header_rows", 1)), len(top)):
        if first == last and depth == 1:
            sheet.write_string(row, first, text, bold)
        else:
            sheet.merge_range(row, first, row + depth - 1, last, text, bold)
    begin = len(top) + int(options.get("header_rows", 1))
    for place, cells in enumerate(_rows(columns, numeric), start=begin):
        for column, cell in enumerate(cells):
            if cell is None:
                continue
            if isinstance(cell, str):
                sheet.write_string(place, column, cell)
            else:
                sheet.write_number(place, column, cell)
    book.close()


def write_xls(
    path: Path,
    title: str,
    headers: list[str],
    columns: list[pa.Array],
    numeric: dict[int, np.ndarray],
    options: dict[str, Any],
) -> None:
    """An XLS workbook of at most 65,536 rows; rows beyond go to further sheets of the same layout."""
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    bold = xlwt.easyxf("font: bold on; align: horiz center")
    top = _titles(title, options)
    header_rows = int(options.get("header_rows", 1))
    begin = len(top) + header_rows
    sheet, used, place = None, 0, 0
    for cells in _rows(columns, numeric):
        if sheet is None or place >= 65_536:
            used += 1
            sheet = book.add_sheet(title[:28] if used == 1 else f"{title[:25]}({used})")
            for row, text in enumerate(top):
                sheet.write_merge(row, row, 0, len(headers) - 1, text, bold)
            for row, first, last, depth, text in _header_cells(headers, header_rows, len(top)):
                sheet.write_merge(row, row + depth - 1, first, last, text, bold)
            place = begin
        for column, cell in enumerate(cells):
            if cell is not None:
                sheet.write(place, column, cell)
        place += 1
        if not place % 1000:
            sheet.flush_row_data()
    book.save(str(path))


def _titles(title: str, options: dict[str, Any]) -> list[str]:
    rows = int(options.get("title_rows", 0))
    return [f"示范区{title}情况表", *("填报单位(盖章):" for _ in range(rows - 1))][:rows]


def _header_cells(headers: list[str], rows: int, top: int) -> list[tuple[int, int, int, int, str]]:
    """(row, first column, last column, rows deep, text): groups of neighbours under one upper header are merged."""
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


def _rows(columns: list[pa.Array], numeric: dict[int, np.ndarray]):
    """Cells row by row: text, numbers where `numeric` says so, None for blank ones."""
    lists = []
    for place, column in enumerate(columns):
        cells: list[Any] = column.to_pylist()
        for row in np.flatnonzero(numeric[place]).tolist() if place in numeric else ():
            if cells[row] is not None:
                number = float(cells[row])
                cells[row] = int(number) if number.is_integer() and abs(number) < 1e15 else number
        lists.append(cells)
    return zip(*lists, strict=True)
