"""Rows of a sheet by what they are: title, header, data, group, sub-total, total, note; and what they print."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.ingest.readers.headers import flatten
from yibiao.ingest.readers.spreadsheet_book import Grid
from yibiao.ingest.readers.spreadsheet_marks import column_number
from yibiao.ingest.readers.totals import COUNT, Printed, assign, printed, whole

_SEQUENCE = ("甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸")


@dataclass(frozen=True)
class Layout:
    """How a table lies in its sheet; options of the contract's server.

    Attributes:
        title_rows, header_rows: above the data, counted from the beginning of the table.
        group: titles of groups of rows; named groups are columns, `count` the printed number of rows.
        footer: notes and sums that are only left out.
        subtotal, total: rows whose numbers are sums of the rows before them; a named group `count` is a number of rows.
        subtotals_above: a sub-total stands above its rows.
        after, until: rows between which the table lies; None for the edges of the sheet.
        columns: first and last column of the sheet, from 0; None for all.
        use_hidden: hidden rows are data.
        rows: first row and the row after the last one, where they are known without patterns.
    """

    title_rows: int = 0
    header_rows: int = 1
    group: re.Pattern[str] | None = None
    footer: re.Pattern[str] | None = None
    subtotal: re.Pattern[str] | None = None
    total: re.Pattern[str] | None = None
    subtotals_above: bool = False
    after: re.Pattern[str] | None = None
    until: re.Pattern[str] | None = None
    columns: tuple[int, int] | None = None
    use_hidden: bool = True
    rows: tuple[int, int] | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Layout:
        """From server options in snake_case."""

        def pattern(name: str) -> re.Pattern[str] | None:
            return re.compile(options[name]) if options.get(name) else None

        columns = None
        if text := options.get("table_columns"):
            first, _, last = text.partition(":")
            columns = column_number(first.upper()), column_number((last or first).upper())
        return cls(
            title_rows=options.get("title_rows", 0),
            header_rows=options.get("header_rows", 1),
            group=pattern("group_pattern"),
            footer=pattern("footer_pattern"),
            subtotal=pattern("subtotal_pattern"),
            total=pattern("total_pattern"),
            subtotals_above=options.get("subtotals") == "above",
            after=pattern("table_after"),
            until=pattern("table_until"),
            columns=columns,
            use_hidden=options.get("hidden_rows", "use") == "use",
        )


@dataclass
class Part:
    """A table in a sheet.

    Attributes:
        grid: the sheet.
        left, right: first and last column of the grid.
        title: texts of the rows above the header.
        headers: flattened, one per column.
        header: rows of the sheet that are the header.
        rows: the data rows, ascending rows of the sheet.
        group_names, group_values: columns that group rows carry down: names, and per data row the values.
        group_counts: printed numbers of rows of groups, with their counted ones.
        printed: sub-totals and totals.
        footers: texts of rows that `footer` took.
        left_out: kinds of other rows.
        hidden: data rows that one does not see.
        carried: merged data cells: column -> (row with the value, data rows below it).
        covered: column -> data rows whose cell lies beneath a merged one and holds a text all the same.
    """

    grid: Grid
    left: int
    right: int
    title: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    header: range = range(0)
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    group_names: list[str] = field(default_factory=list)
    group_values: list[pa.Array] = field(default_factory=list)
    group_counts: list[dict[str, Any]] = field(default_factory=list)
    printed: list[Printed] = field(default_factory=list)
    footers: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    hidden: int = 0
    carried: dict[int, list[tuple[int, np.ndarray]]] = field(default_factory=dict)
    covered: dict[int, np.ndarray] = field(default_factory=dict)

    def texts(self, column: int) -> pa.Array:
        """The texts of a column in the data rows; a slice where the rows are neighbours."""
        return self._chosen(self.grid.texts[self.left + column])

    def kinds(self, column: int) -> np.ndarray | None:
        """The kinds of a column in the data rows, None if all are texts."""
        kinds = self.grid.kinds[self.left + column]
        return None if kinds is None else kinds[self.rows]

    def _chosen(self, column: pa.Array) -> pa.Array:
        rows = self.rows
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
            return column.slice(int(rows[0]), len(rows))
        return column.take(pa.array(rows))


def cut(grid: Grid, layout: Layout) -> Part | None:
    """Find the table that `layout` describes in a sheet; None if its header is not there."""
    left, right = 0, grid.width - 1
    if layout.columns is not None:
        left, right = max(0, layout.columns[0] - grid.left), min(right, layout.columns[1] - grid.left)
    part = Part(grid, left, right)
    if right < left:
        return None
    lead, filled = leads(grid, left, right)
    begin, end = _bounds(layout, lead, filled)
    if begin is None:
        return None
    data = begin + layout.title_rows + layout.header_rows
    part.header = range(begin + layout.title_rows, data)
    if data > end or (layout.header_rows and not any(filled[row] for row in part.header)):
        return None
    width = range(left, right + 1)
    above = [[grid.texts[place][row].as_py() for place in width] for row in range(begin, data)]
    part.title = [" ".join(filter(None, row)) for row in above[: layout.title_rows]]
    part.left_out["title"] = int((filled[begin : part.header.start] > 0).sum())
    spans = [
        (top - part.header.start, first - left, bottom - part.header.start, last - left)
        for top, first, bottom, last in grid.merges
        if part.header.start <= top < data and left <= first <= right
    ]
    part.headers = flatten(above[layout.title_rows :], spans or None)
    part.left_out["other_table"] = int((filled[:begin] > 0).sum() + (filled[end:] > 0).sum())
    if begin and layout.after:
        part.left_out["other_table"] -= 1
        part.left_out["title"] += 1
    _Sorter(part, layout, lead, filled, above).sort(data, end)
    _carry(part, left, right)
    return part


def leads(grid: Grid, left: int, right: int) -> tuple[list[str], np.ndarray]:
    """Per row the first text that is not blank, and the number of such cells."""
    filled = np.zeros(grid.height, dtype=np.int32)
    first = np.zeros(grid.height, dtype=np.int32)
    for place in range(right, left - 1, -1):
        given = pc.greater(pc.binary_length(grid.texts[place]), 0).to_numpy(zero_copy_only=False)
        filled += given
        first[given] = place
    lead: list[str] = grid.texts[left].to_pylist()
    for place in np.unique(first[filled > 0]):
        if place != left:
            rows = np.flatnonzero((first == place) & (filled > 0))
            for row, text in zip(rows, grid.texts[place].take(pa.array(rows)).to_pylist(), strict=True):
                lead[row] = text
    for row in np.flatnonzero((filled > 0) & (filled <= 3)):  # rows of nothing but spaces are blank
        if not lead[row].strip():
            cells = (grid.texts[place][row].as_py() for place in range(left, right + 1))
            filled[row] *= any(map(str.strip, cells))
    return lead, filled


def _bounds(layout: Layout, lead: list[str], filled: np.ndarray) -> tuple[int | None, int]:
    """First row of the table, and the row after its last one."""
    begin, end = layout.rows or (0, len(lead))
    if layout.after is not None:
        found = next((row for row, text in enumerate(lead) if filled[row] and layout.after.search(text.strip())), None)
        if found is None:
            return None, end
        begin = found + 1
        while begin < end and not filled[begin]:
            begin += 1
    data = begin + layout.title_rows + layout.header_rows
    if layout.until is not None:
        rows = (row for row in range(data, end) if filled[row] and layout.until.search(lead[row].strip()))
        end = next(rows, end)
    elif layout.after is not None:
        blank = np.flatnonzero(filled[data:] == 0)
        end = data + int(blank[0]) if len(blank) else end
    return begin, end


class _Sorter:
    """Goes over the rows below the header once."""

    def __init__(
        self, part: Part, layout: Layout, lead: list[str], filled: np.ndarray, above: Sequence[Sequence[str]]
    ) -> None:
        self._part, self._layout, self._lead, self._filled = part, layout, lead, filled
        self._repeats: dict[str, list[tuple[str, Sequence[str]]]] = {}
        for place, row in enumerate(above):
            text = next(filter(None, row), "")
            if text:
                kind = "title" if place < layout.title_rows else "header"
                self._repeats.setdefault(text, []).append((kind, row))
        group = layout.group
        part.group_names = [name for name in group.groupindex if name != COUNT] if group else []
        self._values = [""] * len(part.group_names)
        self._group_starts: list[tuple[int, list[str]]] = [(0, self._values)]
        self._other = np.zeros(len(lead), dtype=bool)

    def sort(self, data: int, end: int) -> None:
        part, layout = self._part, self._layout
        self._other[:data] = True
        self._other[end:] = True
        self._other |= self._filled == 0
        if data < end and self._are_column_numbers(data):
            self._leave(data, "column_numbers")
        if any((layout.footer, layout.group, layout.subtotal, layout.total)):
            for row in range(data, end):
                if not self._other[row]:
                    self._judge(row, self._lead[row].strip())
        else:
            repeats = self._repeats
            for row in [row for row, text in enumerate(self._lead[data:end], data) if text in repeats]:
                if not self._other[row]:
                    self._repeated(row, self._lead[row])
        hidden = part.grid.hidden & ~self._other
        if not layout.use_hidden and hidden.any():
            part.left_out["hidden"] = int(hidden.sum())
            self._other |= hidden
        else:
            part.hidden = int(hidden.sum())
        part.rows = np.flatnonzero(~self._other)
        self._fill_groups()
        self._fill_printed()

    def _leave(self, row: int, kind: str) -> None:
        self._other[row] = True
        self._part.left_out[kind] += 1

    def _judge(self, row: int, text: str) -> None:
        layout, part = self._layout, self._part
        if self._lead[row] in self._repeats and self._repeated(row, self._lead[row]):
            return
        if layout.footer and layout.footer.match(text):
            part.footers.append(" ".join(filter(None, self._cells(row))))
            self._leave(row, "footer")
        elif self._printed(row, text, layout.total, "total") or self._printed(row, text, layout.subtotal, "subtotal"):
            pass
        elif layout.group and (found := layout.group.search(text)) and self._is_alone(row, text):
            parts = found.groupdict()
            self._values = [parts[name] or "" for name in part.group_names]
            self._group_starts.append((row, self._values))
            if parts.get(COUNT):
                part.group_counts.append(
                    {"name": " ".join(self._values) or "group", "stated": whole(parts[COUNT]), "row": row}
                )
            self._leave(row, "group")

    def _printed(self, row: int, text: str, pattern: re.Pattern[str] | None, kind: str) -> bool:
        if pattern is None:
            return False
        found = pattern.search(text)
        if found is None and self._filled[row] > 1:
            # Under a merged cell the words stand in the second column.
            second = [cell.strip() for cell in self._cells(row) if cell.strip()][1:2]
            found = pattern.search(second[0]) if second else None
        if found is None:
            return False
        self._part.printed.append(printed(row, kind, found))
        self._leave(row, kind)
        return True

    def _repeated(self, row: int, lead: str) -> bool:
        for kind, cells in self._repeats.get(lead, ()):
            if self._cells(row) == list(cells):
                self._leave(row, kind)
                return True
        return False

    def _is_alone(self, row: int, text: str) -> bool:
        """The title of a group has one text in its row, maybe repeated by a merge."""
        return {cell.strip() for cell in self._cells(row) if cell.strip()} == {text}

    def _cells(self, row: int) -> list[str]:
        part = self._part
        return [part.grid.texts[place][row].as_py() for place in range(part.left, part.right + 1)]

    def _are_column_numbers(self, row: int) -> bool:
        """`1 2 3` or `甲 乙 1 2` under the header: numbers of columns, as statistical forms print them."""
        cells = [cell.strip().strip("()（）") for cell in self._cells(row)]
        if len(cells) < 3 or not all(cells):
            return False
        letters = next((place for place, cell in enumerate(cells) if cell not in _SEQUENCE), len(cells))
        if tuple(cells[:letters]) != _SEQUENCE[:letters] or letters == len(cells):
            return False
        return cells[letters:] in (
            [str(number) for number in range(1, len(cells) - letters + 1)],
            [str(number) for number in range(letters + 1, len(cells) + 1)],
        )

    def _fill_groups(self) -> None:
        part = self._part
        starts = np.array([row for row, _ in self._group_starts])
        edges = np.append(np.searchsorted(part.rows, starts), len(part.rows))
        for place in range(len(part.group_names)):
            values = pa.array([values[place] for _, values in self._group_starts], pa.string())
            part.group_values.append(values.take(pa.array(np.repeat(np.arange(len(starts)), np.diff(edges)))))
        counted = dict(zip(starts[1:].tolist(), np.diff(edges)[1:].tolist(), strict=True))
        for total in part.group_counts:
            total["counted"] = counted[total.pop("row")]

    def _fill_printed(self) -> None:
        """Which data rows each sub-total and total is about."""
        part = self._part
        assign(
            part.printed,
            lambda row: int(np.searchsorted(part.rows, row)),
            len(part.rows),
            above=self._layout.subtotals_above,
            groups=[row for row, _ in self._group_starts[1:]],
        )


def _carry(part: Part, left: int, right: int) -> None:
    """Merged cells that reach down over data rows give their value to each of them."""
    is_data = np.zeros(part.grid.height, dtype=bool)
    is_data[part.rows] = True
    beneath: dict[int, list[np.ndarray]] = {}
    for top, first, bottom, last in part.grid.merges:
        rows = np.arange(top, bottom + 1)
        rows = rows[is_data[rows]]
        if not len(rows):
            continue
        below = rows[rows > top]
        if left <= first <= right and is_data[top] and len(below):
            part.carried.setdefault(first - left, []).append((top, below))
        for column in range(max(first, left), min(last, right) + 1):
            beneath.setdefault(column, []).append(below if column == first else rows)
    for column, places in beneath.items():
        rows = np.unique(np.concatenate(places))
        given = pc.greater(pc.binary_length(part.grid.texts[column].take(pa.array(rows))), 0)
        if (rows := rows[given.to_numpy(zero_copy_only=False)]).size:
            part.covered[column - left] = rows
