"""Marks of the sheets of an ODS workbook, merged cells and what calamine loses among them: one pass over its XML."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from yibiao.ingest.readers.spreadsheet_marks import COPIES, ERROR, UNCOMPUTED, Marks
from yibiao.ingest.readers.spreadsheet_ods_styles import Styles
from yibiao.ingest.readers.spreadsheet_xlsx import make_parser

_BLOCK = 1 << 16
_ERROR_TEXT = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)|Err:\d+")
_MANY_ROWS = 1 << 20

_SIGNS = {"tab": "\t", "line-break": "\n"}
"""Elements inside a text that calamine passes over, so that the words beside them become one."""

_VALUES = {"date": "date-value", "time": "time-value", "boolean": "boolean-value"}
"""Types of cells whose value does not stand in `office:value`."""


def ods_marks(path: Path) -> list[Marks]:
    """Marks of every sheet; see `yibiao.ingest.readers.spreadsheet_marks`."""
    styles = Styles()
    elements = _Elements(styles)
    with zipfile.ZipFile(path) as archive:
        for part, start, end, text in (
            ("styles.xml", styles.start, styles.end, styles.text),
            ("content.xml", elements.start, elements.end, elements.text),
        ):
            if part == "styles.xml" and part not in archive.namelist():
                continue
            parser = make_parser(start, end, text)
            with archive.open(part) as stream:
                while block := stream.read(_BLOCK):
                    parser.Parse(block, False)
                parser.Parse(b"", True)
    return elements.sheets


class _Elements:
    """Follows rows and cells of tables; repeated ones stand once in the XML."""

    def __init__(self, styles: Styles) -> None:
        self.sheets: list[Marks] = []
        self.marks = Marks()
        self._styles = styles
        self._since_1904 = False
        self._depth = self._aside = 0
        self._row = self._rows_repeated = self._column = self._columns_repeated = self._next_column = 0
        self._hidden = self._filled = self._in_cell = False
        self._column_styles: list[tuple[int, str]] = []
        self._row_style = ""
        self._cell_attributes: dict[str, str] = {}
        self._pieces: list[str] = []
        self._paragraphs = 0
        self._in_paragraph = self._has_signs = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table":
            if self._in_cell:
                raise ValueError("a table in a cell")  # calamine would take its rows for those of the sheet
            self._depth += 1
            if self._depth == 1:
                self.marks = Marks(merges=[], since_1904=self._since_1904)
                self.sheets.append(self.marks)
                self._row = self._next_column = 0
                self._column_styles = []
        elif self._depth == 0:
            self._styles.start(name, attributes)
            if name == "null-date":
                self._since_1904 = attributes.get("table:date-value", "").startswith("1904")
        elif self._depth != 1:
            return
        elif self._in_cell:
            self._inside(name, attributes)
        elif name == "table-column":
            repeated = _count(attributes, "table:number-columns-repeated", 1 << 14)
            if attributes.get("table:visibility", "visible") != "visible":
                self.marks.hidden_columns.update(range(self._next_column, self._next_column + repeated))
            self._next_column += repeated
            self._column_styles.append((self._next_column, attributes.get("table:default-cell-style-name", "")))
        elif name == "table-row":
            self._rows_repeated = _count(attributes, "table:number-rows-repeated", _MANY_ROWS)
            self._hidden = attributes.get("table:visibility", "visible") != "visible"
            self._row_style = attributes.get("table:default-cell-style-name", "")
            self._filled, self._column = False, 0
        elif name in ("table-cell", "covered-table-cell"):
            self._cell(attributes)

    def _cell(self, attributes: dict[str, str]) -> None:
        self._in_cell, self._cell_attributes = True, attributes
        self._pieces, self._paragraphs, self._has_signs = [], 0, False
        self._columns_repeated = _count(attributes, "table:number-columns-repeated", 1 << 14)
        across = _count(attributes, "table:number-columns-spanned", 1 << 14)
        down = _count(attributes, "table:number-rows-spanned", _MANY_ROWS)
        if (across > 1 or down > 1) and self.marks.merges is not None:
            self.marks.merges.append((self._row, self._column, self._row + down - 1, self._column + across - 1))

    def _inside(self, name: str, attributes: dict[str, str]) -> None:
        """An element within a cell: its text, and what is written beside it (notes, drawings)."""
        if self._aside or name in ("annotation", "shapes", "frame", "ruby-text"):
            self._aside += 1
        elif name == "p":
            self._pieces += ["\n"] * (self._paragraphs > 0)
            self._paragraphs += 1
            self._in_paragraph = True
        elif name == "s":
            self._pieces.append(" " * _count(attributes, "text:c", 1 << 10))
        elif name in _SIGNS:
            self._pieces.append(_SIGNS[name])
            self._has_signs = True

    def text(self, text: str) -> None:
        if self._in_paragraph and not self._aside:
            self._pieces.append(text)

    def end(self, name: str) -> None:
        if name == "table":
            self._depth -= 1
        elif self._depth == 0:
            self._styles.end(name)
        elif self._depth != 1:
            return
        elif self._aside:
            self._aside -= 1
        elif name == "p":
            self._in_paragraph = False
        elif name in ("table-cell", "covered-table-cell"):
            self._end_of_cell()
        elif name == "table-row":
            if self._filled:
                self.marks.rows = self._row + self._rows_repeated
                self.marks.copies = max(self.marks.copies, self._rows_repeated)
                if self._hidden:
                    self.marks.hidden_rows.update(range(self._row, self.marks.rows))
            self._row += self._rows_repeated

    def _end_of_cell(self) -> None:
        self._in_cell = False
        given, text = self._cell_attributes, "".join(self._pieces)
        kind = given.get("office:value-type", "")
        column, self._column = self._column, self._column + self._columns_repeated
        formula = "table:formula" in given
        flaw, lost = "", False
        if given.get("calcext:value-type") == "error" or (formula and _ERROR_TEXT.fullmatch(text)):
            flaw = ERROR
        elif formula and not kind and not text:
            flaw = UNCOMPUTED
        elif kind == "string":
            lost = self._has_signs and "office:string-value" not in given
        elif text:  # one sees it; calamine looks for a value of the cell's type and finds none
            lost = f"office:{_VALUES.get(kind, 'value')}" not in given
        if not (text or kind or flaw):
            return
        self._filled = True
        self.marks.columns = max(self.marks.columns, self._column)
        digits = self._styles.digits(self._style_of(column)) if kind == "float" and not flaw else 0
        if not (flaw or lost or digits):
            return
        for row in range(self._row, self._row + min(self._rows_repeated, COPIES)):
            for place in range(column, self._column):
                if flaw:
                    self.marks.flaws[row, place] = flaw
                elif lost:
                    self.marks.texts[row, place] = text
                else:
                    self.marks.padded[row, place] = digits

    def _style_of(self, column: int) -> str:
        if style := self._cell_attributes.get("table:style-name") or self._row_style:
            return style
        return next((style for end, style in self._column_styles if column < end), "")


def _count(attributes: dict[str, str], name: str, most: int) -> int:
    return max(1, min(int(attributes.get(name, "1")), most))
