"""Where tables lie in a sheet: bands of rows between blank ones, titles above, headers of one or more rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from yibiao.ingest.readers.spreadsheet_book import Grid
from yibiao.ingest.readers.spreadsheet_marks import Span
from yibiao.ingest.readers.spreadsheet_rows import leads
from yibiao.ingest.repairs import TEXT

MOST_HEADER_ROWS = 6
_BODY = 200
"""Rows of a body that are looked at to see what its columns hold."""

NOTE = re.compile(
    r"^[（(]?\s*(注|备\s*注|说\s*明|填\s*表|填\s*报|制\s*表|审\s*核|复\s*核|经\s*办|负\s*责\s*人|单位负责人|联\s*系|数据来源|资料来源|"
    r"来源|附\s*[注件表：:]|统计时间|打印)[^\d]{0,8}?([：:）)\s]|\d|$)"
)
"""Words that begin notes under a table and the lines of those who signed it."""

_DATA = re.compile(r"[\d０-９][\d０-９.,，/:：\-－年月日%％ Xx]*|\d{4}-\d\d-\d\dT[\d:]+")
_LABELLED = re.compile(r"[：:]")


@dataclass(frozen=True)
class Place:
    """One table in a sheet.

    Attributes:
        begin: first row of its titles, or of its header.
        title_rows, header_rows: how many; no header if 0.
        end: the row after its last one, notes included.
        left, right: columns of the grid.
        block: columns of the block that it shares with the tables above and below it.
        why_header: evidence for the header, in words.
        sure_header: whether nobody need look.
    """

    begin: int
    title_rows: int
    header_rows: int
    end: int
    left: int
    right: int
    why_header: str
    sure_header: bool
    block: tuple[int, int] = (0, 0)

    @property
    def data(self) -> int:
        return self.begin + self.title_rows + self.header_rows


class SheetLook:
    """What can be seen of a sheet before anything is decided."""

    def __init__(self, grid: Grid, left: int, right: int) -> None:
        self.grid, self.left, self.right = grid, left, right
        self.lead, self.filled = leads(grid, left, right)
        self.spread = self.filled.copy()
        self.spans: dict[int, list[Span]] = {}
        for span in grid.merges:
            if left <= span[1] <= right:
                self.spans.setdefault(span[0], []).append(span)
        for top, first, bottom, last in (span for spans in self.spans.values() for span in spans):
            if last > first:
                self.spread[top : bottom + 1] += min(last, right) - first
            if bottom > top:
                self.spread[top + 1 : bottom + 1] += 1
        self._rows: dict[int, list[str]] = {}

    def cells(self, row: int) -> list[str]:
        """Texts of one row, stripped."""
        if row not in self._rows:
            columns = self.grid.texts[self.left : self.right + 1]
            self._rows[row] = [column[row].as_py().strip() for column in columns]
        return self._rows[row]

    def is_data_like(self, row: int, column: int) -> bool:
        """Is a cell a number, a date, or a text of digits?"""
        kinds = self.grid.kinds[self.left + column]
        if kinds is not None and kinds[row] != TEXT:
            return True
        return _DATA.fullmatch(self.cells(row)[column]) is not None

    def bands(self) -> list[tuple[int, int]]:
        """Runs of rows that are not blank."""
        given = np.concatenate([[False], self.filled > 0, [False]])
        edges = np.flatnonzero(given[1:] != given[:-1])
        return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def find_places(grid: Grid) -> list[Place]:
    """Every table of a sheet, from top to bottom and left to right."""
    if not grid.width or not grid.height:
        return []
    places: list[Place] = []
    for left, right in _blocks(grid):
        places += _stack(SheetLook(grid, left, right))
    return sorted(places, key=lambda one: (one.begin, one.left))


def _blocks(grid: Grid) -> list[tuple[int, int]]:
    """Blocks of columns with a wholly blank column between them, each a table of its own.

    A title over all of them may cross the blank column; a block of one column, or without a header over its rows, is
    no table.
    """
    whole = SheetLook(grid, 0, grid.width - 1)
    wide = whole.filled > 1
    used = np.array([_given(grid, place)[wide].any() for place in range(grid.width)], dtype=bool)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], used, [False]]).astype(np.int8)))
    blocks = [(int(first), int(last) - 1) for first, last in zip(edges[::2], edges[1::2], strict=True)]
    if len(blocks) > 1 and all(last > first for first, last in blocks):
        looks = [SheetLook(grid, first, last) for first, last in blocks]
        if all(any(_header_of(look, *band) for band in look.bands()) for look in looks):
            return blocks
    return [(0, grid.width - 1)]


def _given(grid: Grid, place: int) -> np.ndarray:
    import pyarrow.compute as pc

    return pc.greater(pc.binary_length(grid.texts[place]), 0).to_numpy(zero_copy_only=False)


def _stack(look: SheetLook) -> list[Place]:
    """Tables one under another."""
    places: list[Place] = []
    waiting: int | None = None  # first row of titles that belong to the table below
    for begin, end in _cut_at_titles(look):
        lonely = look.right > look.left and look.filled[begin:end].max() < 2
        found = None if lonely else _header_of(look, begin, end)
        if found is None:
            if places and (waiting is None) and _are_notes(look, begin, end, places):
                places[-1] = replace(places[-1], end=end)
            elif waiting is None:
                waiting = begin
            continue
        first, height, why, sure = found
        if places and _continues(look, places[-1], first, height):
            places[-1] = replace(places[-1], end=end)
            waiting = None
            continue
        start = begin if waiting is None else waiting
        start = start if places else 0  # a contract counts title rows from the first row of the sheet
        places.append(Place(start, first - start, height, end, look.left, look.right, why, sure))
        waiting = None
    if waiting is not None and places:
        places[-1] = replace(places[-1], end=look.grid.height)
    return [_trimmed(look, place) for place in places]


def _trimmed(look: SheetLook, place: Place) -> Place:
    """Without columns at the edges that only tables above or below it use."""
    rows = np.flatnonzero(look.filled[place.begin + place.title_rows : place.end] > 1) + place.begin + place.title_rows
    used = [column for column in range(look.left, look.right + 1) if _given(look.grid, column)[rows].any()]
    block = (look.left, look.right)
    return replace(place, left=used[0], right=used[-1], block=block) if used else replace(place, block=block)


def _cut_at_titles(look: SheetLook) -> list[tuple[int, int]]:
    """Bands, and inside them a new one where a title and a new header follow rows of data."""
    pieces: list[tuple[int, int]] = []
    for begin, end in look.bands():
        found = _header_of(look, begin, end)
        start = begin
        if found and found[1]:
            header = look.cells(found[0])
            data = found[0] + found[1]
            narrow = [row for row in range(data + 1, end - 1) if look.filled[row] == 1]
            for row in narrow[:1000]:
                below = look.cells(row + 1)
                if look.filled[row + 1] < 2 or below == header or NOTE.match(look.lead[row].strip()):
                    continue
                if _is_contrast(look, row + 1, data, row) and _is_wordy(look, row + 1):
                    pieces.append((start, row))
                    start = row
        pieces.append((start, end))
    return pieces


def _are_notes(look: SheetLook, begin: int, end: int, places: Sequence[Place]) -> bool:
    """Narrow rows under a table: notes of it, unless they are titles of what follows."""
    return any(NOTE.match(look.lead[row].strip()) for row in range(begin, end)) or not any(
        first >= end for first, _ in look.bands()
    )


def _continues(look: SheetLook, place: Place, first: int, height: int) -> bool:
    """Does a band go on with the table above it: the header again, or rows without one?"""
    header = place.begin + place.title_rows
    if height and look.cells(first) == look.cells(header):
        return True
    if not height:
        return True
    return not _is_contrast(look, first, place.data, min(place.end, place.data + _BODY))


def _is_wordy(look: SheetLook, row: int) -> bool:
    """Could this row be a header: different words, none of them data?"""
    cells = [cell for cell in look.cells(row) if cell]
    data = sum(look.is_data_like(row, place) for place, cell in enumerate(look.cells(row)) if cell)
    return len(cells) > 1 and len(set(cells)) > 0.7 * len(cells) and not data and max(map(len, cells)) <= 40


def _is_contrast(look: SheetLook, row: int, begin: int, end: int) -> bool:
    """Does a row hold words where the rows of a body hold numbers or digits?"""
    given = [place for place in _numeric(look, begin, end) if look.cells(row)[place]]
    words = [place for place in given if not look.is_data_like(row, place)]
    return bool(given) and len(words) >= 0.7 * len(given)


def _numeric(look: SheetLook, begin: int, end: int) -> list[int]:
    """Columns that mostly hold numbers, dates or digits in the first full rows of a body."""
    body = [row for row in range(begin, min(end, begin + _BODY)) if look.filled[row] > 1]
    found = []
    for place in range(look.right - look.left + 1):
        given = [row for row in body if look.cells(row)[place]]
        if given and sum(look.is_data_like(row, place) for row in given) >= 0.7 * len(given):
            found.append(place)
    return found


def _width(look: SheetLook, begin: int, end: int) -> int:
    """How many cells most rows of a band have."""
    return int(np.percentile(look.filled[begin : min(end, begin + 1000)], 75))


def _header_of(look: SheetLook, begin: int, end: int) -> tuple[int, int, str, bool] | None:
    """First row and height of the header in a band, with the evidence; height 0 if its rows have none."""
    width = max(_width(look, begin, end), 1)
    for row in range(begin, min(end, begin + 30)):
        cells = [cell for cell in look.cells(row) if cell]
        labelled = sum(_LABELLED.search(cell) is not None for cell in cells)
        narrow = len(cells) == 1 and width > 1
        if narrow or (width > 2 and (look.spread[row] <= width / 2 or 2 * labelled > len(cells))):
            continue
        data = sum(look.is_data_like(row, place) for place, cell in enumerate(look.cells(row)) if cell)
        if data > 0.3 * len(cells) and not _are_years(cells):
            return row, 0, "the first full row holds numbers or dates: there is no header", False
        height, why = _height(look, row, end)
        contrast = _is_contrast(look, row, row + height, end)
        sure = len(set(cells)) == len(cells)
        if row + height >= end:
            why, sure = why + ", but no rows below it", False
        elif contrast:
            why += ", with words where the rows below hold numbers or digits"
        elif height == 1:
            sure = sure and len(cells) >= width
            why += ", the first row with as many cells as the rows below"
        return row, height, why, sure
    return None


def _are_years(cells: Sequence[str]) -> bool:
    """Statistical tables have years in their header."""
    years = [cell for cell in cells if re.fullmatch(r"(19|20)\d\d年?|\d{1,2}月", cell)]
    return len(years) >= 2 and len(years) >= 0.5 * len(cells)


def _height(look: SheetLook, row: int, end: int) -> tuple[int, str]:
    """How many rows a header has: as deep as its merged cells reach, and one below each cell merged sideways."""
    height = 1
    while height < MOST_HEADER_ROWS:
        needed = height
        for _, first, bottom, last in (span for top in range(row, row + height) for span in look.spans.get(top, ())):
            sideways = last > first and last - first < look.right - look.left
            needed = max(needed, bottom - row + 1 + sideways)
        needed = min(needed, MOST_HEADER_ROWS, end - row)
        if needed == height:
            break
        height = needed
    if height > 1:
        return height, f"{height} rows joined by merged cells"
    upper = look.cells(row)
    if row + 2 < end:
        lower = look.cells(row + 1)
        gaps = [place for place, cell in enumerate(upper) if not cell and lower[place]]
        wordy = not any(look.is_data_like(row + 1, place) for place, cell in enumerate(lower) if cell)
        if gaps and any(not cell for cell in lower) and wordy and _numeric(look, row + 2, end):
            return 2, "two rows of words that fill each other's gaps"
    return 1, "one row"
