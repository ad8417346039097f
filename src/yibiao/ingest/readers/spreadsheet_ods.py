"""Marks of the sheets of an ODS workbook, merged cells among them: one pass over its XML."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from yibiao.ingest.readers.spreadsheet_marks import ERROR, UNCOMPUTED, Marks
from yibiao.ingest.readers.spreadsheet_xlsx import make_parser

_BLOCK = 1 << 16
_ERROR_TEXT = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)|Err:\d+")
_MANY_ROWS = 1 << 20


def ods_marks(path: Path) -> list[Marks]:
    """Marks of every sheet; see `yibiao.ingest.readers.spreadsheet_marks`."""
    elements = _Elements()
    parser = make_parser(elements.start, elements.end, elements.text)
    with zipfile.ZipFile(path) as archive, archive.open("content.xml") as stream:
        while block := stream.read(_BLOCK):
            parser.Parse(block, False)
        parser.Parse(b"", True)
    return elements.sheets


class _Elements:
    """Follows rows and cells of tables; repeated ones stand once in the XML."""

    def __init__(self) -> None:
        self.sheets: list[Marks] = []
        self.marks = Marks()
        self._depth = 0
        self._row = self._rows_repeated = self._column = self._columns_repeated = self._next_column = 0
        self._hidden = self._filled = self._in_cell = self._has_formula = self._has_value = self._is_error = False
        self._text = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table":
            if self._in_cell:
                raise ValueError("a table in a cell")  # calamine would take its rows for those of the sheet
            self._depth += 1
            if self._depth == 1:
                self.marks = Marks(merges=[])
                self.sheets.append(self.marks)
                self._row = self._next_column = 0
        elif self._depth != 1:
            return
        elif name == "table-column":
            repeated = _count(attributes, "table:number-columns-repeated", 1 << 14)
            if attributes.get("table:visibility", "visible") != "visible":
                self.marks.hidden_columns.update(range(self._next_column, self._next_column + repeated))
            self._next_column += repeated
        elif name == "table-row":
            self._rows_repeated = _count(attributes, "table:number-rows-repeated", _MANY_ROWS)
            self._hidden = attributes.get("table:visibility", "visible") != "visible"
            self._filled, self._column = False, 0
        elif name in ("table-cell", "covered-table-cell"):
            self._cell(attributes)

    def _cell(self, attributes: dict[str, str]) -> None:
        self._in_cell, self._text = True, ""
        self._columns_repeated = _count(attributes, "table:number-columns-repeated", 1 << 14)
        self._has_formula = "table:formula" in attributes
        self._has_value = "office:value-type" in attributes
        self._is_error = attributes.get("calcext:value-type") == "error"
        across = _count(attributes, "table:number-columns-spanned", 1 << 14)
        down = _count(attributes, "table:number-rows-spanned", _MANY_ROWS)
        if (across > 1 or down > 1) and self.marks.merges is not None:
            self.marks.merges.append((self._row, self._column, self._row + down - 1, self._column + across - 1))

    def text(self, text: str) -> None:
        if self._in_cell and len(self._text) < 16:
            self._text += text

    def end(self, name: str) -> None:
        if name == "table":
            self._depth -= 1
        elif self._depth != 1:
            return
        elif name in ("table-cell", "covered-table-cell"):
            self._in_cell = False
            marks = self.marks
            if self._is_error or (self._has_formula and _ERROR_TEXT.fullmatch(self._text)):
                flaw = ERROR
            else:
                flaw = UNCOMPUTED if self._has_formula and not self._has_value and not self._text else ""
            if flaw:
                for row in range(self._row, self._row + min(self._rows_repeated, 1 << 12)):
                    marks.flaws.update({(row, self._column + place): flaw for place in range(self._columns_repeated)})
            self._column += self._columns_repeated
            if self._text or self._has_value or flaw:
                self._filled = True
                marks.columns = max(marks.columns, self._column)
        elif name == "table-row":
            if self._filled:
                self.marks.rows = self._row + self._rows_repeated
                if self._hidden:
                    self.marks.hidden_rows.update(range(self._row, self.marks.rows))
            self._row += self._rows_repeated


def _count(attributes: dict[str, str], name: str, most: int) -> int:
    return max(1, min(int(attributes.get(name, "1")), most))
