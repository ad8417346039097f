"""Fields in a grid of cells: header rows over columns, or labels left of and above empty cells (填空式表格)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from yibiao.detect.sheet_layout import Place
from yibiao.matching.fields import FormField, FormTable
from yibiao.matching.narrow import (
    are_headers,
    are_heads_of_labels,
    are_labels,
    is_head_line,
    is_header,
    is_title,
    register_in,
)
from yibiao.matching.normalise import key
from yibiao.matching.words import why_skipped

if TYPE_CHECKING:
    from yibiao.ingest.readers.spreadsheet_book import Grid

LONGEST = 40
"""Characters of the longest label: what is longer is an explanation or an answer."""

SAMPLE = 200
"""Values of a column that are looked at."""

LEAST_ANSWERS = 2
"""Blank cells beside labels from which on rows are no header: one may be a header that was forgotten."""

_NOTE = re.compile(
    r"^(?:注|备注|说明|填表说明|填报说明|填写说明|附件|附表|单位)\s*\d*[:：]|^[（(]?(?:一|1)[、.]?.{25,}"
)
_SENTENCE = re.compile(r".*[。；;!！]$|^[（(]?[一二三四五六七八九十\d]{1,3}[）)、.．:：].{4,}|.{9,}[，；。].*")
"""A line of an explanation, not a header: it ends or is counted as one, or has several parts."""
_ENDS_OPEN = re.compile(r"[:：]\s*$")
_ANSWER = re.compile(
    r"[\d０-９][\d０-９.,/:\-年月日 Xx]*|[□☐○√✓].*|.*[_＿]{2,}.*|是|否|有|无|男|女|年月日|年\s*月\s*日"
)


@dataclass(frozen=True)
class Cells:
    """Texts of a sheet or table, with its merged cells.

    Attributes:
        rows: texts, "" for a blank cell; of merged cells only the first has one.
        merges: (top, left, bottom, right), inclusive.
        left: column of the file where column 0 stands.
        hidden: columns that one does not see.
        closed: whether nothing can stand right of the last column, as in a table of a document.
        reach: the last column that a merged cell of the sheet reaches to, though beyond the last text.
    """

    name: str
    rows: Sequence[Sequence[str]]
    merges: Sequence[tuple[int, int, int, int]]
    left: int = 0
    hidden: frozenset[int] = frozenset()
    closed: bool = False
    reach: int = -1

    @cached_property
    def width(self) -> int:
        """With one column more than has texts: the answer to the last label stands there."""
        return 1 + max(map(len, self.rows), default=0)

    @cached_property
    def last(self) -> int | None:
        """The last column, if the form shows where it ends: a merged cell, a title as a rule, reaches to it."""
        column = max(map(len, self.rows), default=0) - 1
        if self.closed or column <= self.reach:
            return max(column, self.reach)
        return None

    @cached_property
    def owner(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Cell -> the first cell of the merged one that it is part of."""
        return {
            (row, column): (top, left)
            for top, left, bottom, right in self.merges
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
        }

    @cached_property
    def extent(self) -> dict[tuple[int, int], tuple[int, int]]:
        """First cell of a merged one -> its last."""
        return {(top, left): (bottom, right) for top, left, bottom, right in self.merges}

    def text(self, row: int, column: int) -> str:
        """What one sees there: of a merged cell everywhere the same."""
        row, column = self.owner.get((row, column), (row, column))
        return self.rows[row][column] if row < len(self.rows) and column < len(self.rows[row]) else ""

    def end(self, row: int, column: int) -> tuple[int, int]:
        """The last cell of the one that begins here."""
        return self.extent.get((row, column), (row, column))


def tables_of(cells: Cells, grid: Grid) -> list[FormTable]:
    """All forms of a sheet, by the table detection of deliveries, or else as labels beside empty cells."""
    if _is_explanation(cells):
        return []
    if narrow := _register(cells):
        return [narrow]
    places = list(_places(_without_lonely_rows(cells, grid)))
    columns = [_under_headers(cells, place) for place in places]
    first = _first_of_many(cells)
    # A row of headers side by side at the top is that of a register; what stands under it are values, never labels.
    if any(_is_dense(cells, place) and place.begin + place.title_rows <= first for place in places):
        return [*_over(cells, columns[0].title), *columns]
    pairs = label_cells(cells)
    # Headers that have labels and their answers above them in one path are none.
    headers = [len(one.fields) for one, place in zip(columns, places, strict=True) if not _has_answers(cells, place)]
    if _is_fill_in(pairs, max(headers, default=0)):
        return [FormTable(cells.name, _title(cells, 0, pairs[0].row), tuple(pairs), _beside(cells))]
    return columns


def _over(cells: Cells, title: str) -> list[FormTable]:
    """What lines over the headers ask of the form as a whole (社区名称：…), but for who fills it in and when."""
    lines = _head_lines(cells)
    asked = [one for one in label_cells(cells) if one.row in lines] if lines else []
    # What stands behind a colon is the answer already.
    open_ = [one for one in asked if _ENDS_OPEN.search(one.label)]
    fields = [one for one in open_ if why_skipped(key(one.label), one.label) is None]
    return [FormTable(cells.name, title, tuple(fields), _beside(cells), over=True)] if fields else []


def _register(cells: Cells) -> FormTable | None:
    """The register that a sheet of two or three columns is."""
    rows = [
        [cells.text(row, column) if _first(cells, (row, column))[1] == column else "" for column in range(cells.width)]
        for row in range(len(cells.rows))
    ]
    found = register_in(rows)
    if found is None:
        return None
    fields = _headers(cells, found.header, 1, found.columns, found.end)
    return FormTable(cells.name, _title(cells, 0, found.header), tuple(fields)) if fields else None


def _first_of_many(cells: Cells) -> int:
    """The first row of several texts, but for one line over the headers (填报单位：… 日期：…)."""
    many = [row for row in range(len(cells.rows)) if _labels(cells, row) > 1]
    if len(many) > 1 and is_head_line(cells.rows[many[0]]) and are_headers(cells.rows[many[1]]):
        return many[1]
    return many[0] if many else 0


def _head_lines(cells: Cells) -> list[int]:
    """Lines over the first row of headers, each part of which has its own answer (填报单位：… 日期：…)."""
    found: list[int] = []
    for row in range(len(cells.rows)):
        if is_head_line(cells.rows[row]):
            found.append(row)
        elif _labels(cells, row) > 1:
            return found if are_headers(cells.rows[row]) else []
    return []  # labels and answers alone


def _is_explanation(cells: Cells) -> bool:
    """A sheet of instructions (填表说明): one text a row, mostly sentences."""
    lines = [[text for text in row if text] for row in cells.rows]
    lines = [line for line in lines if line]
    sentences = sum(bool(_SENTENCE.match(line[0])) for line in lines)
    return all(len(line) == 1 for line in lines) and sentences * 2 >= len(lines) > 0


def _places(grid: Grid) -> Iterator[Place]:
    """Tables with headers. Headers without rows are a table each: the detection joins what has no rows to compare."""
    from yibiao.detect.sheet_layout import find_places

    begin = 0
    while begin < grid.height:
        given = np.concatenate([np.flatnonzero(grid.filled()[begin:]) + begin, [grid.height + 1]])
        if len(given) < 2:
            return
        top = int(given[0])
        end = next(int(row) + 1 for row, below in pairwise(given) if below > row + 1)
        alone = [place for place in find_places(_rows(grid, top, end)) if place.header_rows]
        if len(alone) == 1 and alone[0].data >= end - top:
            yield _moved(alone[0], top)
            begin = end
            continue
        for place in find_places(_rows(grid, top, grid.height)):
            if place.header_rows:
                yield _moved(place, top)
        return


def _rows(grid: Grid, begin: int, end: int) -> Grid:
    """Some rows of a sheet as a sheet."""
    return replace(
        grid,
        height=end - begin,
        texts=[column.slice(begin, end - begin) for column in grid.texts],
        kinds=[None if kinds is None else kinds[begin:end] for kinds in grid.kinds],
        merges=[
            (top - begin, left, min(bottom, end - 1) - begin, right)
            for top, left, bottom, right in grid.merges
            if begin <= top < end
        ],
        hidden=grid.hidden[begin:end],
    )


def _moved(place: Place, by: int) -> Place:
    return replace(place, begin=place.begin + by, end=place.end + by)


def _labels(cells: Cells, row: int) -> int:
    """Different cells of a row with a text."""
    return len({_first(cells, (row, column)) for column in range(cells.width) if cells.text(row, column)})


def _is_dense(cells: Cells, place: Place) -> bool:
    """Do the headers stand side by side, not with blanks between them, and are all its rows such of headers?"""
    row = place.data - 1
    if _has_answers(cells, place):
        return False
    given = [bool(cells.text(row, column)) for column in range(place.left, place.right + 1)]
    beside = sum(one and other for one, other in pairwise(given))
    return sum(given) >= 3 and beside >= 0.6 * (sum(given) - 1)


def _has_answers(cells: Cells, place: Place) -> bool:
    """Are labels with cells for their answers above the last row of a header (申请人姓名 [ ] above 家庭成员 | 姓名)?

    Beside the upper header of a group that is not merged, a blank has the next lower header under it.
    """
    answers = 0
    for row in range(place.begin + place.title_rows, place.data - 1):
        for column in range(place.left, place.right):
            beside = (row, column + 1)
            if cells.text(row, column) and not cells.text(*beside) and _first(cells, beside)[0] == row:
                _, right = cells.end(*_first(cells, beside))
                answers += all(not cells.text(row + 1, below) for below in range(column + 1, right + 1))
    return answers >= LEAST_ANSWERS


def _without_lonely_rows(cells: Cells, grid: Grid) -> Grid:
    """The sheet without titles, notes, lines over a header (填报单位：… 日期：…) and the numbers of empty rows.

    The detection of tables compares a header with the rows under it; an empty form has none, only rows of one cell.
    """
    import pyarrow as pa

    lonely = set(_head_lines(cells))
    for row in range(grid.height):
        given = [column for column in range(grid.width) if cells.rows[row][column]]
        if len(given) == 1:
            (column,) = given
            text = cells.rows[row][column]
            _, right = cells.end(row, column)
            wide = 2 * (right - column + 1) > grid.width > 2
            if text.isdigit() or wide or len(text) > LONGEST or _NOTE.match(text):
                lonely.add(row)
    if not lonely:
        return grid
    texts = [
        pa.array(["" if row in lonely else text for row, text in enumerate(column.to_pylist())], pa.string())
        for column in grid.texts
    ]
    merges = [span for span in grid.merges if span[0] not in lonely]
    return replace(grid, texts=texts, merges=merges)


def table_of(cells: Cells) -> FormTable:
    """The form of one table of a document, which has no header detection of its own."""
    if narrow := _register(cells):
        return narrow
    pairs = label_cells(cells)
    first = next((row for row in range(len(cells.rows)) if _labels(cells, row) > max(1, cells.width // 2)), 0)
    depth = _depth(cells, first)
    header = _headers(cells, first, depth, range(cells.width))
    top = _first_of_many(cells)
    place = Place(first, 0, depth, len(cells.rows), 0, cells.width - 1, "", True)
    if not (first <= top and _is_dense(cells, place)) and _is_fill_in(pairs, len(header)):
        return FormTable(cells.name, _title(cells, 0, pairs[0].row), tuple(pairs), _beside(cells))
    return FormTable(cells.name, _title(cells, 0, first), tuple(header))


def _is_fill_in(pairs: Sequence[FormField], headers: int) -> bool:
    """Are there clearly more labels beside empty cells than headers of columns?

    Labels that come again and again are the values of a register.
    """
    rows = {one.row for one in pairs}
    different = {one.path for one in pairs}
    return len(pairs) >= 3 and len(rows) >= 2 and len(pairs) > headers and len(different) >= 0.7 * len(pairs)


def _depth(cells: Cells, first: int) -> int:
    """Rows of a header, by its merged cells."""
    depth = 1
    for top, left, bottom, right in cells.merges:
        if top == first:
            depth = max(depth, bottom - top + 1 + (right > left and right - left + 2 < cells.width))
    return min(depth, 5, max(1, len(cells.rows) - first))


def _under_headers(cells: Cells, place: Place) -> FormTable:
    first = place.begin + place.title_rows
    columns = range(place.left, place.right + 1)
    fields = _headers(cells, first, place.header_rows, columns, place.end)
    return FormTable(cells.name, _title(cells, 0 if place.begin < 6 else place.begin, first), tuple(fields))


def _headers(cells: Cells, first: int, depth: int, columns: Sequence[int], end: int | None = None) -> list[FormField]:
    bottom = min(first + depth, len(cells.rows))
    last = len(cells.rows) if end is None else min(end, len(cells.rows))
    found = []
    for column in columns:
        path: list[str] = []
        row = first
        for line in range(first, bottom):
            text = re.sub(r"\s+", " ", cells.text(line, column)).strip()
            if text and (not path or path[-1] != text):
                path.append(text)
                row = line
        if not path or column in cells.hidden or not key(path[-1]):
            continue
        values = [cells.rows[line][column] for line in range(bottom, last) if column < len(cells.rows[line])]
        stated = tuple(value for value in values if value)[:SAMPLE]
        found.append(FormField(cells.name, column + cells.left, tuple(path), row, values=stated))
    return found


def label_cells(cells: Cells) -> list[FormField]:
    """Labels with an empty cell to their right, or under them, in reading order.

    A cell merged over several rows left of such labels is the section that they belong to. Of two columns the right one
    has the answers, given or not.
    """
    found: list[FormField] = []
    given = [row for row in range(len(cells.rows)) if any(cells.rows[row])]
    sections = any(bottom > top and left == 0 for top, left, bottom, _ in cells.merges)
    paired = cells.width == 3 and not sections and are_labels([cells.text(row, 0) for row in given])
    # Whoever types into a sheet writes right of its last column as well, unless the form ends there.
    end = cells.width if cells.last is None else cells.last + 1
    first = _first_of_many(cells)
    blank = {(row, column) for row in range(len(cells.rows)) for column in range(cells.width)}
    blank -= {place for place in blank if cells.text(*place)}
    used: set[tuple[int, int]] = set()
    for row in range(len(cells.rows)):
        # Under the last row of texts there are no cells to see, but under headers there is room for rows.
        heads_below = not cells.closed and _labels(cells, row) > 1 and are_headers(cells.rows[row])
        for column in range(cells.width):
            text = cells.text(row, column)
            if cells.owner.get((row, column), (row, column)) != (row, column) or not _is_label(text):
                continue
            bottom, right = cells.end(row, column)
            if right - column + 1 >= cells.width - 1 and cells.width > 3:
                continue  # a title
            if cells.width <= 3 and row == given[0] and len(given) > 1 and is_title(cells.rows[row]):
                continue
            if paired and _is_answered(cells, row, blank):
                if column == 0 and not (row == first and are_heads_of_labels(*cells.rows[row][:2])):
                    found.append(FormField(cells.name, 1 + cells.left, (text,), row))
                continue
            beside, below = (row, right + 1), (bottom + 1, column)
            if right + 1 < end and _answers(cells, beside, blank) and _first(cells, beside) not in used:
                used.add(_first(cells, beside))
                found.append(FormField(cells.name, right + 1 + cells.left, (*_section(cells, row, column), text), row))
            elif (
                (below in blank or (bottom + 1 == len(cells.rows) and heads_below))
                and (right + 1 >= end or not _answers(cells, beside, blank) or _first(cells, beside) in used)
                and not bottom > row
                and _first(cells, below)[1] == column
                and _first(cells, below) not in used
            ):
                used.add(_first(cells, below))
                found.append(FormField(cells.name, column + cells.left, (*_section(cells, row, column), text), row))
            elif right + 1 == end and bottom > row and column > 0:  # a photo has no other cell than its label's
                found.append(FormField(cells.name, column + cells.left, (*_section(cells, row, column), text), row))
    return found


def _beside(cells: Cells) -> tuple[tuple[str, str], ...]:
    """Every text with the text that stands right of it."""
    found = []
    for row in range(len(cells.rows)):
        for column in range(cells.width):
            if _first(cells, (row, column)) == (row, column) and (text := cells.text(row, column)):
                _, right = cells.end(row, column)
                if next_ := cells.text(row, right + 1):
                    found.append((text, next_))
    return tuple(found)


def _first(cells: Cells, place: tuple[int, int]) -> tuple[int, int]:
    return cells.owner.get(place, place)


def _answers(cells: Cells, place: tuple[int, int], blank: set[tuple[int, int]]) -> bool:
    """Is it a cell to be filled in: blank, or with boxes, a date to complete, or an answer?"""
    return place in blank or bool(_ANSWER.fullmatch(cells.text(*place).strip()))


def _is_answered(cells: Cells, row: int, blank: set[tuple[int, int]]) -> bool:
    """Of two columns: has a label its answer beside it, and is that no label itself, over a blank cell?"""
    texts = cells.rows[row]
    if len(texts) < 2 or not _is_label(texts[0]) or not texts[1]:
        return False
    return not is_header(texts[1]) or row + 1 == len(cells.rows) or not {(row + 1, 0), (row + 1, 1)} <= blank


def _is_label(text: str) -> bool:
    if not text or len(text) > LONGEST or _NOTE.match(text):
        return False
    return bool(key(text)) and not _ANSWER.fullmatch(text.strip())


def _section(cells: Cells, row: int, column: int) -> tuple[str, ...]:
    """The text of a cell left of a label that reaches over several rows."""
    for left in range(column - 1, -1, -1):
        top, first = _first(cells, (row, left))
        bottom, _ = cells.end(top, first)
        text = cells.text(top, first)
        if bottom > top and text and len(text) <= LONGEST and why_skipped(key(text), text) is None:
            return (text,)
    return ()


def _title(cells: Cells, begin: int, end: int) -> str:
    """Texts above a form, and the name of its sheet unless a program gave it."""
    texts = [cells.name] if not re.fullmatch(r"(?i)sheet\d*|工作表\d*|表\s*\d*|\d*", cells.name) else []
    for row in range(begin, end):
        for column in range(cells.width):
            if cells.owner.get((row, column), (row, column)) == (row, column) and cells.text(row, column):
                texts.append(cells.text(row, column))
    return " ".join(texts)[:300]
