"""What readers hand over: chunks of rows as text columns, and the account of everything they met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from yibiao.contracts.reports import Report
from yibiao.ingest.columns import Binding, bind
from yibiao.ingest.drift import Rename

CHUNK_ROWS = 122_880
"""Rows that are checked and written together: one row group, as DuckDB likes to read them."""


@dataclass(frozen=True)
class Broken:
    """A data row that the reader itself keeps out of the dataset.

    Attributes:
        row: its number.
        rule: what it breaks: `row.<what>` for a row that cannot be split into columns, `<column>.<what>` for a cell
            that only a human can mend.
        raw: its text as it stands in the delivery; empty where `cells` says it all.
        cells: the cells that are known, by contract column.
        proposal: what the row would be if the repair that the reader thinks of were made, by contract column; only the
            cells concerned. Never taken over without a human.
        more: rules that further cells break.
    """

    row: int
    rule: str
    raw: str
    cells: Mapping[str, str] = field(default_factory=dict)
    proposal: Mapping[str, str] = field(default_factory=dict)
    more: tuple[str, ...] = ()

    @property
    def rules(self) -> list[str]:
        """Everything that the row breaks."""
        return [self.rule, *self.more]


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows.

    Attributes:
        rows: `_row` (int64, 1-based, ascending), then one string column per contract column, in the contract's order;
            columns with code lists may be dictionary-encoded.
        broken: rows between them that could not be split.
    """

    rows: pa.Table
    broken: tuple[Broken, ...] = ()


@dataclass
class Reading:
    """Account of one reading.

    Attributes:
        where: file name for errors.
        total: data rows met so far, broken ones included.
        left_out: kind (`title`, `footer`, `group`) -> rows of the file that are no data rows.
        repairs: kind of a safe repair -> cells or rows in which it was made.
        warnings: rule -> rows that are data all the same, but that a human should know of.
        control_totals: `{name, stated, counted}` for every printed total.
        sheets: `{name, first, rows}` for every sheet of a workbook that was read: its first data row, and how many.
        title: texts of the rows above the header.
        renamed: columns recognised under other headers; None if nobody has looked for them yet.
    """

    where: str
    total: int = 0
    binding: Binding | None = None
    drift: list[dict[str, Any]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    control_totals: list[dict[str, Any]] = field(default_factory=list)
    sheets: list[dict[str, Any]] = field(default_factory=list)
    title: list[str] = field(default_factory=list)
    renamed: tuple[Rename, ...] | None = ()

    def bind(self, report: Report, headers: Sequence[str]) -> Binding:
        """Map headers to contract columns once; see `yibiao.ingest.columns.bind`."""
        self.binding = bind(report, headers, self.where, self.renamed)
        self.drift.extend(self.binding.drift)
        return self.binding


CODED = pa.dictionary(pa.int32(), pa.string())
"""Type of a column with a code list, wherever it is dictionary-encoded."""


def schema(names: Sequence[str], coded: Collection[str] = ()) -> pa.Schema:
    """Columns of a chunk; those in `coded` are dictionary-encoded."""
    return pa.schema([("_row", pa.int64()), *((name, CODED if name in coded else pa.string()) for name in names)])


def quarantine_schema(names: Sequence[str]) -> pa.Schema:
    """Columns of rows that are kept out: theirs, the rules that they broke, their text, and a proposal as JSON."""
    own = [("_rules", pa.list_(pa.string())), ("_raw", pa.string()), ("_proposal", pa.string())]
    return pa.schema([*schema(names), *own])


class RowNumbers:
    """Numbers whole rows when places between them belong to broken rows, or to notes that are no data rows."""

    def __init__(self) -> None:
        self._broken: list[Broken] = []
        self._told = 0
        self._next = 1
        self._whole = 0
        self._left_out: list[int] = []

    @property
    def count(self) -> int:
        """Data rows met so far."""
        return self._whole + len(self._broken)

    def broke(self, row: Broken) -> None:
        """A row could not be split; numbers ascend."""
        self._broken.append(row)

    def take(self, count: int) -> np.ndarray:
        """Places of the next `count` whole rows, passing over those of broken rows and notes met so far."""
        taken = [one.row for one in self._broken[self._told :]] + [row for row in self._left_out if row >= self._next]
        places = np.arange(self._next, self._next + count + len(taken), dtype=np.int64)
        if taken:
            places = places[~np.isin(places, taken)][:count]
        if count:
            self._next = int(places[-1]) + 1
        self._whole += count
        return places

    def leave_out(self, places: Sequence[int], *, whole: bool) -> None:
        """These places are no data rows; `whole` if `take` counted them."""
        self._left_out = sorted({*self._left_out, *map(int, places)})
        if whole:
            self._whole -= len(places)

    def final(self, places: np.ndarray) -> np.ndarray:
        """Row numbers: places without those that were left out."""
        if not self._left_out:
            return places
        return places - np.searchsorted(self._left_out, places)

    def tell(self, *, everything: bool = False) -> tuple[Broken, ...]:
        """Broken rows before the next place, or all, that were not told yet, by their row numbers."""
        end = len(self._broken)
        while not everything and end > self._told and self._broken[end - 1].row >= self._next:
            end -= 1
        told = self._broken[self._told : end]
        self._told = end
        return tuple(replace(one, row=int(self.final(np.array([one.row]))[0])) for one in told)


def from_lists(
    names: Sequence[str], first_row: int, columns: Sequence[Sequence[str | None] | None], count: int
) -> pa.Table:
    """A chunk's table from one list of texts per column; None stands for a column that the delivery lacks."""
    arrays: list[pa.Array] = [pa.array(np.arange(first_row, first_row + count, dtype=np.int64))]
    arrays += [pa.nulls(count, pa.string()) if texts is None else pa.array(texts, pa.string()) for texts in columns]
    return pa.Table.from_arrays(arrays, schema=schema(names))


def regroup(chunks: Iterator[Chunk], rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """The same rows in chunks of exactly `rows`, the last one maybe smaller: packages do not depend on blocks read."""
    tables: list[pa.Table] = []
    broken: list[Broken] = []
    count = 0
    for chunk in chunks:
        broken.extend(chunk.broken)
        tables.append(chunk.rows)
        count += chunk.rows.num_rows
        while count >= rows:
            whole = pa.concat_tables(tables)
            last = whole["_row"][rows - 1].as_py()
            now = [one for one in broken if one.row <= last]
            broken = broken[len(now) :]
            yield Chunk(whole.slice(0, rows), tuple(now))
            tables, count = [whole.slice(rows)], count - rows
    if count or broken:
        yield Chunk(pa.concat_tables(tables), tuple(broken))
