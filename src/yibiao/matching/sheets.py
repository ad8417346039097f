"""Forms in workbooks (XLSX, XLS, ODS): headers over columns, or labels beside and above empty cells."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path

from yibiao.errors import DeliveryError
from yibiao.matching.fields import FormField, FormTable
from yibiao.matching.grid import Cells, tables_of
from yibiao.matching.prompts import Prompts, prompts_of

MOST_ROWS = 400
"""Rows of a sheet that are looked at: a form is no register."""


def read_workbook(path: Path) -> list[FormTable]:
    """All forms of a workbook, hidden sheets left out; macros are parts that nobody opens.

    Raises:
        DeliveryError: it cannot be opened (password, damage), or no sheet that one sees has a field.
    """
    from yibiao.ingest.readers.spreadsheet_book import Book

    _refuse_protected(path)
    book = Book(path, path.name)
    prompts = prompts_of(path, {sheet.name for sheet in book.sheets}) if book.kind == "xlsx" else {}
    shown = [sheet for sheet in book.sheets if sheet.visible] or book.sheets
    found: list[FormTable] = []
    notes: list[FormTable] = []
    charts = 0
    unseen = [f"第 {number} 张工作表" for number, sheet in enumerate(book.sheets, start=1) if sheet not in shown]
    for sheet in shown:
        try:
            grid = book.grid(sheet, MOST_ROWS)
        except DeliveryError:
            if len(shown) == 1:
                raise
            charts += 1  # a chart, or a sheet that is damaged, among others that can be read
            continue
        texts = [column.to_pylist() for column in grid.texts]
        rows = [[column[row].strip() for column in texts] for row in range(grid.height)]
        hidden = frozenset(grid.hidden_columns)
        cells = Cells(sheet.name, rows, tuple(grid.merges), grid.left, hidden, reach=grid.reach)
        unseen += _hidden_columns(cells, book.sheets.index(sheet) + 1)
        tables = [_with_prompts(table, prompts.get(sheet.name), cells) for table in tables_of(cells, grid)]
        notes += tables if sum(map(bool, chain.from_iterable(rows))) == 1 else []
        found += tables
    if any(len(table.fields) > 1 for table in found):
        # A sheet of one text beside a form is a note to it.
        found = [table for table in found if table not in notes]
    if not any(table.fields for table in found):
        raise DeliveryError(
            "No form was found in the workbook.",
            where=path.name,
            expected="a row of headers, or labels beside empty cells, in a sheet that one sees",
            got=f"{len(shown)} sheet(s)" + (f", {charts} of them charts or damaged" if charts else "") + " without any",
            todo="If the form is a picture, type its headers into a sheet; if its sheet is hidden, show it.",
        )
    first, *others = (table for table in found if table.fields)
    return [replace(first, unseen=tuple(unseen)), *others]


def _hidden_columns(cells: Cells, number: int) -> list[str]:
    """The columns of a sheet with a text that one does not see: a clerk cannot fill them in, a program may."""
    from yibiao.ingest.readers.spreadsheet_marks import column_letters

    given = [column for column in sorted(cells.hidden) if any(column < len(row) and row[column] for row in cells.rows)]
    letters = "、".join(column_letters(column + cells.left) for column in given)
    return [f"第 {number} 张工作表的 {letters} 列"] if given else []


def _with_prompts(table: FormTable, prompts: Prompts | None, cells: Cells) -> FormTable:
    if prompts is None:
        return table

    def computed(one: FormField) -> bool:
        """Does a formula stand in the cell for the answer: beside its label, or the first one under its header?"""
        header, _ = cells.end(one.row, one.column - cells.left)
        return (one.row if table.beside is not None else header + 1, one.column) in prompts.formulas

    fields = tuple(
        FormField(
            *(one.sheet, one.column, one.path, one.row),
            options=prompts.options(one.column, one.row) or one.options,
            hint=" ".join(filter(None, (one.hint, prompts.hint(one.column, one.row)))),
            values=one.values,
            computed=computed(one),
        )
        for one in table.fields
    )
    return replace(table, fields=fields)


def _refuse_protected(path: Path) -> None:
    """An OLE file that is no workbook: encrypted, or a document of Word."""
    with path.open("rb") as stream:
        if not stream.read(8).startswith(b"\xd0\xcf\x11\xe0"):
            return
    import olefile

    try:
        with olefile.OleFileIO(path) as file:
            streams = {"/".join(parts) for parts in file.listdir()}
    except (OSError, ValueError):  # whose fields make no sense is the latter
        return  # the reader says what is wrong with it
    if "EncryptedPackage" in streams:
        raise DeliveryError(
            "The file is protected by a password.",
            where=path.name,
            expected="a file without a password",
            got="an encrypted package",
            todo="Ask the sender to remove the password (文件 → 信息 → 保护) and to send it again.",
        )
    if "WordDocument" in streams:
        raise DeliveryError(
            "The file is a document of an old version of Word.",
            where=path.name,
            expected="DOCX",
            got="DOC",
            todo="Open it and save it as DOCX (另存为 .docx).",
        )
