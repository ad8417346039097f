"""Where the table of a department's own form stands: headers, rows to be filled, what is below them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yibiao.errors import FormError
from yibiao.forms.fill.skeleton import CONTROL_SHEET
from yibiao.forms.workbook.package import Package, damaged, refused
from yibiao.forms.workbook.refs import copied
from yibiao.forms.workbook.sheet import Sheet
from yibiao.forms.workbook.texts import grids
from yibiao.ingest.columns import plain
from yibiao.ingest.readers.headers import flatten
from yibiao.ingest.readers.spreadsheet_marks import column_letters
from yibiao.matching.fields import FormField, FormTable

_COUNTER = re.compile(r"序号|顺序号|行号|序|no|no\.|项次", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.0)?")
_INDEX = re.compile(r"[(（]?\d{1,3}[)）]?|[甲乙丙丁戊己庚辛壬癸]|\d+=[\d+\-*/×÷=()]+")
_EXAMPLE = re.compile(r"[(（]?(?:例|示例|样例|范例|举例|示范|填写示例)")

LARGEST_FOOT = 60
"""Rows below a table that are looked at."""


@dataclass(frozen=True)
class Table:
    """The table of a form; rows and columns are 0-based.

    Attributes:
        sheet, part: the sheet and its part.
        top, bottom: first and last row of the headers.
        first, last: rows that are there to be filled; `last` is before `first` if there are none.
        fields: as the form was read, those among them that formulas answer left out.
        headers: of every column, the outer ones first, without what differs between ways to write them.
        counter: column of the row's number, or None.
        formulas: column -> formulas of the first row and of the second, which all others have, only moved.
        constants: columns in which every row shows the same.
        foot: how the rows below the table begin.
        title: the first text above the headers, or nothing.
        notice: row and column of the cell that says how the form was admitted, and whether it says something already;
            None if that comes below the table.
        foot_at: row and column of the last words below the table, or None.
        free: the first row below all that the sheet holds.
        key: column of the hidden key.
        wide: whether cells of a row are merged side by side.
    """

    sheet: str
    part: str
    top: int
    bottom: int
    first: int
    last: int
    fields: tuple[FormField, ...]
    headers: tuple[str, ...]
    counter: int | None
    formulas: Mapping[int, tuple[str, str]]
    constants: frozenset[int]
    foot: tuple[str, ...]
    foot_at: tuple[int, int] | None
    free: int
    title: str
    notice: tuple[int, int, bool] | None
    key: int
    wide: bool

    @property
    def prepared(self) -> int:
        """Rows that are there to be filled."""
        return self.last - self.first + 1


def find_table(path: Path, package: Package, name: str, title: str) -> Table:
    """The one table of a form that can be filled for a whole community.

    Args:
        name: of the file, for errors.
        title: of the form.

    Raises:
        FormError: there is none, or more than one, or its rows cannot be filled.
    """
    from yibiao.matching.reading import read_form

    parts = package.sheets()
    if CONTROL_SHEET in parts:
        raise refused(
            name,
            "This workbook was filled in here; it is no empty form.",
            "the form as its department made it",
            f"a sheet {CONTROL_SHEET}",
            "Submit the empty form.",
        )
    texts = grids(path)
    by_sheet: dict[str, list[FormTable]] = {}
    for one in read_form(path):
        by_sheet.setdefault(one.sheet, []).append(one)
    found, problems = [], []
    for sheet, tables in by_sheet.items():
        try:
            if sheet in parts:
                found.append(_of_sheet(sheet, parts[sheet], tables, package, texts[sheet], name, title))
        except FormError as error:
            problems.append(error)
    if len(found) == 1:
        return found[0]
    if not found and problems:
        raise problems[0]
    raise refused(
        name,
        "More than one sheet of the form is there to be filled." if found else "The form has no table of rows.",
        "one sheet with headers and blank rows under them",
        f"{len(found)}: {'、'.join(one.sheet for one in found)}" if found else "none",
        "Submit each sheet as a form of its own, or join them." if found else "Give the table a row of headers.",
    )


def _of_sheet(
    name: str, part: str, tables: Sequence[FormTable], package: Package, grid: list[list[str]], file: str, title: str
) -> Table:
    where = f"{file}, {name}"
    tables = [one for one in tables if not one.over]
    if any(one.beside is not None for one in tables):
        raise refused(
            where,
            "The form has labels beside cells, one sheet for each person: it cannot be filled for a whole community.",
            "headers, and a row for each person or thing",
            "labels beside cells",
            "Fill the layout that the system draws, or make the form a table.",
        )
    real = [one for one in tables if len(one.fields) > 1]
    if len(real) != 1:
        raise refused(
            where,
            "There is more than one table in the sheet." if real else "The sheet has no header that is known.",
            "one table with headers",
            f"{len(real)} tables",
            "Put each table on a sheet or form of its own." if real else "Give the table a row of headers.",
        )
    try:
        sheet = Sheet(package.document(part))
    except (ValueError, KeyError) as error:
        raise damaged(file, error) from None
    return _Finder(sheet, grid, real[0].fields, where).table(name, part, title)


class _Finder:
    """Looks for what is where in one sheet."""

    def __init__(self, sheet: Sheet, grid: list[list[str]], fields: Sequence[FormField], where: str) -> None:
        self._sheet, self._grid, self._fields, self._where = sheet, grid, fields, where
        self._columns = {one.column for one in fields}
        self._owner = {
            (row, column): one
            for one in sheet.merges
            for row in range(one[0], min(one[2], one[0] + 50) + 1)
            for column in range(one[1], min(one[3], one[1] + 500) + 1)
        }

    def table(self, name: str, part: str, title: str) -> Table:
        bottom = max(self._end(one.row, one.column) for one in self._fields)
        top = min(self._top(one) for one in self._fields)
        self._check_headers(top, bottom)
        headers = self._headers(top, bottom)
        counts = (place for place, text in enumerate(headers) if _COUNTER.fullmatch(text.rpartition("/")[2]))
        counter = next(counts, None)
        first = self._first(bottom + 1, counter)
        last, foot_row, constants = self._last(first, headers, counter)
        self._check_merges(first, last)
        formulas = self._formulas(first, last)
        below = {row: texts for row in range(foot_row, self._height) if (texts := self._texts(row))}
        foot = tuple(dict.fromkeys(next(iter(texts.values())) for texts in below.values()))
        foot_at = (max(below), min(below[max(below)])) if below else None
        found_title, notice = self._above(top, title)
        return Table(
            sheet=name,
            part=part,
            top=top,
            bottom=bottom,
            first=first,
            last=last,
            fields=tuple(one for one in self._fields if self._is_asked(one.column, first, formulas, counter)),
            headers=tuple(headers),
            counter=counter,
            formulas=formulas,
            constants=frozenset(constants),
            foot=foot[:LARGEST_FOOT],
            foot_at=foot_at,
            free=self._free(),
            title=found_title,
            notice=notice,
            key=max(self._sheet.width, max(self._columns) + 1),
            wide=any(top == first and right > left for top, left, _, right in self._sheet.merges),
        )

    def _is_asked(self, column: int, first: int, formulas: Collection[int], counter: int | None) -> bool:
        begins = self._owner.get((first, column), (first, column))[1] == column
        return begins and column not in formulas and column != counter

    @property
    def _height(self) -> int:
        return max(len(self._grid), max(self._sheet.rows, default=-1) + 1)

    def _free(self) -> int:
        """The first row below every text, formula and merged cell."""
        texts = (row for row in range(self._height) if self._texts(row))
        return 1 + max((*texts, *(row for row, _ in self._sheet.formulas), *(one[2] for one in self._sheet.merges)))

    def _text(self, row: int, column: int) -> str:
        """What one sees in a cell: of a merged one everywhere the same; nothing of a formula's result."""
        row, column = self._owner.get((row, column), (row, column))[:2]
        if (row, column) in self._sheet.formulas or not (row < len(self._grid) and column < len(self._grid[row])):
            return ""
        return self._grid[row][column].strip()

    def _end(self, row: int, column: int) -> int:
        return self._owner.get((row, column), (row, column, row, column))[2]

    def _top(self, field: FormField) -> int:
        """The row of the outermost header of a field."""
        row = self._owner.get((field.row, field.column), (field.row,))[0]
        for outer in reversed(field.parents):
            above = (line for line in range(row - 1, -1, -1) if _same(self._text(line, field.column), outer))
            row = self._owner.get((line, field.column), (line,))[0] if (line := next(above, None)) is not None else row
        return row

    def _headers(self, top: int, bottom: int) -> list[str]:
        merges = [(a - top, b, min(c, bottom) - top, d) for a, b, c, d in self._sheet.merges if top <= a <= bottom]
        rows = [list(row) for row in self._grid[top : bottom + 1]]
        return [header_key(text) for text in flatten(rows, merges or None)]

    def _texts(self, row: int) -> dict[int, str]:
        """Texts of a row by column, formulas left out, of merged cells the first."""
        found = {}
        for column in range(max(self._sheet.width, len(self._grid[row]) if row < len(self._grid) else 0)):
            if self._owner.get((row, column), (row, column))[:2] == (row, column) and (text := self._text(row, column)):
                found[column] = text
        return found

    def _head(self, row: int) -> str:
        return next(iter(self._texts(row).values()), "")

    def _first(self, row: int, counter: int | None) -> int:
        """The first row under the headers that is no number of a column and no example."""
        while row < self._height:
            texts = self._texts(row)
            index = [one for one in texts.values() if _INDEX.fullmatch(one)]
            numbers = len(index) == len(texts) and len(index) >= max(2, len(self._columns) // 2)
            if not numbers and not (texts and _EXAMPLE.match(next(iter(texts.values())))):
                break
            row += 1
        return row

    def _last(self, first: int, headers: Sequence[str], counter: int | None) -> tuple[int, int, set[int]]:
        """The last row to be filled, the first below the table, and columns that show the same in every row."""
        constants: dict[int, str] = {}
        styled, row = first - 1, first
        while row < self._height:
            texts = self._texts(row)
            if not self._is_blank(texts, row == first, constants, headers, counter):
                break
            if texts or any((row, column) in self._sheet.cells for column in self._columns):
                styled = row
            row += 1
        if row < self._height:
            self._check_empty(row)
            last = styled if styled >= first else max(first - 1, row - 2)
        else:
            last = styled
        return last, max(row, last + 1), set(constants)

    def _is_blank(
        self,
        texts: Mapping[int, str],
        is_first: bool,
        constants: dict[int, str],
        headers: Sequence[str],
        counter: int | None,
    ) -> bool:
        for column, text in texts.items():
            if column == counter and _NUMBER.fullmatch(text):
                continue
            own = column not in self._columns and column < len(headers) and headers[column] and column != counter
            if not own or (not is_first and constants.get(column) != text):
                return False
            constants[column] = text
        return True

    def _check_empty(self, row: int) -> None:
        """Make sure that what ends the table is no row of answers."""
        texts = self._texts(row)
        # What asks for a signature ends with a colon (填表人：), an answer does not hold one.
        answered = sum(column in self._columns and not re.search("[:：]", text) for column, text in texts.items())
        if answered >= max(2, len(self._columns) // 3):
            raise self._filled(f"texts in {answered} columns of row {row + 1}")

    def _check_headers(self, top: int, bottom: int) -> None:
        """Make sure that no row of answers is taken for one of headers: those hold no formulas."""
        for row, column in self._sheet.formulas:
            if top <= row <= bottom:
                raise self._filled(f"a formula among the headers, in {column_letters(column)}{row + 1}")

    def _filled(self, got: str) -> FormError:
        return refused(
            self._where,
            "The form is filled in already.",
            "blank rows under the headers, or an example that says so (示例)",
            got,
            "Submit the empty form.",
        )

    def _check_merges(self, first: int, last: int) -> None:
        for top, left, bottom, _ in self._sheet.merges:
            if bottom > top and bottom >= first and top <= last:
                raise refused(
                    self._where,
                    "Rows of the table are merged: each person or thing needs a row of its own.",
                    "one row for each",
                    f"a merged cell from {column_letters(left)}{top + 1} to row {bottom + 1}",
                    "Take the merged cells apart, and submit the form again.",
                )

    def _formulas(self, first: int, last: int) -> dict[int, tuple[str, str]]:
        """Formulas of the rows; those of all rows after the first have to be the same, only moved."""
        found = {}
        for column in sorted({column for row, column in self._sheet.formulas if first <= row <= last}):
            lines = [row for row in range(first, last + 1) if (row, column) in self._sheet.formulas]
            own = {row: self._sheet.formulas[row, column] for row in lines}
            start = own.get(first) or copied(own[lines[0]], first - lines[0])
            second = own.get(first + 1) or copied(start, 1)
            for row, text in own.items():
                if row > first + 1 and copied(second, row - first - 1) != text:
                    raise refused(
                        self._where,
                        "The formulas of a column are not the same in every row.",
                        "one formula, copied down",
                        f"another one in {column_letters(column)}{row + 1}",
                        "Copy the formula of the first row down, and submit the form again.",
                    )
            found[column] = (start, second)
        return found

    def _above(self, top: int, title: str) -> tuple[str, tuple[int, int, bool] | None]:
        """The title as it stands, and the cell for what the admission says."""
        heads = {row: texts for row in range(top) if (texts := self._texts(row))}
        named = [row for row, texts in heads.items() if any(title in text for text in texts.values())]
        of_title = named[0] if named else min(heads, default=None)
        if of_title is None:
            return "", None
        shown = next((text for text in heads[of_title].values() if title in text), self._head(of_title))
        others = [row for row in heads if row > of_title]
        if others:
            return shown, (others[-1], min(heads[others[-1]]), True)
        left = min(self._columns)
        for row in range(top - 1, of_title, -1):
            begin, column = self._owner.get((row, left), (row, left))[:2]
            if begin == row and not (row in self._sheet.rows and self._sheet.rows[row].get("hidden")):
                return shown, (row, column, False)
        return shown, None


def header_key(text: str) -> str:
    """Headers of a column as they are compared: without blanks, brackets and the like."""
    return "/".join(plain(part) for part in text.split("/"))


def columns_of(table: Table) -> Collection[int]:
    """Columns whose cells are the department's own, not to be answered."""
    own = {*table.formulas, *table.constants, table.key}
    return own | ({table.counter} if table.counter is not None else set())


def _same(text: str, other: str) -> bool:
    return re.sub(r"\s+", " ", text).strip() == other.strip()
