"""One table of a text file: width, titles, header, rows, and records that cannot be split for sure."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from yibiao.detect.table import ASK, SAFE, Choice, Detected, Held, Repair
from yibiao.detect.text_layout import (
    DATA,
    HEAD,
    Top,
    filled,
    find_top,
    footer_kind,
    header_vote,
    is_note,
    same_width,
)
from yibiao.detect.text_notes import Notes
from yibiao.detect.text_records import Record
from yibiao.detect.text_repair import OTHERS, Repairer
from yibiao.detect.text_shape import learn
from yibiao.detect.text_split import Dialect
from yibiao.ingest.readers.headers import flatten

if TYPE_CHECKING:
    import pyarrow as pa

LOOK, LOOK_LATER, MANY = 1000, 50, 20
"""Records from which width, shapes and header of a table are learned, and of those that follow on so many tables."""

FLUSH = 50_000
"""Rows that are kept as Python texts before they become Arrow."""

TAIL = 30
"""Rows at the end that may still turn out to be notes."""

_REPAIRS = {
    "header": (ASK, "the header does not have as many cells as the rows"),
    "quote": (SAFE, "quotes inside unquoted cells are text: nothing else gives the right number of cells"),
}

_SURROGATE = re.compile("[\ud800-\udfff]")

RULES = {"": "row.columns", "quote": "row.quote", "nul": "row.nul", "encoding": "row.encoding"}


class Source:
    """Records of a file with some looked at in advance."""

    def __init__(self, records: Iterator[Record]) -> None:
        self._records, self._ahead = records, deque[Record]()

    def look(self, count: int) -> list[Record]:
        """The next records, which stay."""
        while len(self._ahead) < count and (record := next(self._records, None)) is not None:
            self._ahead.append(record)
        return [self._ahead[place] for place in range(min(count, len(self._ahead)))]

    def take(self) -> Record | None:
        if self._ahead:
            return self._ahead.popleft()
        return next(self._records, None)

    def give_back(self, record: Record) -> None:
        """The record that was taken last is the next one again."""
        self._ahead.appendleft(record)

    @property
    def done(self) -> bool:
        return not self.look(1)


class TableReader:
    """Reads one table from where the source stands to its end or the beginning of the next table.

    Args:
        number: of tables before it in the file.
    """

    def __init__(self, dialect: Dialect, source: Source, number: int = 0) -> None:
        self.dialect, self.source = dialect, source
        self._look = LOOK if number < MANY else LOOK_LATER
        self.headers: tuple[str, ...] = ()
        self.header_rows: list[list[str]] = []
        self.titles: tuple[str, ...] = ()
        self.width = 0
        self.count = 0
        self.held: list[Held] = []
        self.left_out: Counter[str] = Counter()
        self.repairs: Counter[str] = Counter()
        self.notes = Notes([])
        self._whole = True
        self._rows: list[list[str]] = []
        self._batches: list[pa.RecordBatch] = []
        self._top = Top(0, 0, True, "")

    def read(self, limit: int | None) -> None:
        """Read the table, at most `limit` rows of it."""
        first = self.source.look(self._look)
        self.width = self._find_width(first)
        if not self.width:
            while (record := self.source.take()) is not None:
                self.left_out["blank"] += 1
            return
        self._learn(first)
        self._read_top(first)
        trailing: list[Record] = []
        blank = False
        header_cells = [self._fitted(cells) for cells in self.header_rows]
        while limit is None or self.count < limit:
            record = self.source.take()
            if record is None:
                break
            cells = record.cells
            if record.problem == "quote" and (cells := self.repairer.plain(record.text)) is not None:
                self.repairs["quote"] += 1
            if cells is not None and len(cells) == self.width and (cells[0].strip() or filled(cells)):
                if "\n" in record.text and self._are_rows(record.text):
                    trailing.append(Record(record.place, record.text, None, "quote"))
                    continue
                if self._begins_table(record, cells, header_cells, blank):
                    self.source.give_back(record)
                    break
                if trailing:
                    self._hold(trailing)
                    trailing = []
                self._rows.append(cells)
                self.count += 1
                if len(self._rows) >= FLUSH + TAIL:
                    self._flush(TAIL)
                blank = False
                continue
            if cells is not None and not filled(cells):
                self.left_out["blank"] += 1
                blank = True
                continue
            if self._begins_table(record, cells, header_cells, blank):
                self.source.give_back(record)
                break
            trailing.append(record)
            if len(trailing) > 2 * TAIL:
                self._hold(trailing[:TAIL])
                del trailing[:TAIL]
        self._finish(trailing)

    def _find_width(self, records: Sequence[Record]) -> int:
        """The width of most records up to where another table seems to begin."""
        given = [record.cells for record in records if record.cells is not None and filled(record.cells)]
        end, data = len(given), False
        for place, cells in enumerate(given):
            if data and len(cells) != len(given[place - 1]) and len(cells) > 1 and _is_names(cells):
                following = [len(other) for other in given[place : place + 3]]
                if len(following) > 1 and len(set(following)) == 1:
                    end = place
                    break
            data = data or any(DATA.search(text) for text in cells)
        return same_width([len(cells) for cells in given[:end]]) or (1 if records and not given else 0)

    def _learn(self, records: Sequence[Record]) -> None:
        rows = [record.cells for record in records if record.cells is not None and len(record.cells) == self.width]
        later = rows[6:] if len(rows) >= 20 else rows[1:]
        # Titles and sums have fewer cells filled than rows of data.
        usual = sorted(map(filled, later))[len(later) // 2] if later else 0
        later = [row for row in later if filled(row) >= 0.7 * usual]
        data = [row for row in later if any(DATA.search(text) for text in row)]
        self.shapes = learn(data if 2 * len(data) > len(later) else later, self.width)
        self.repairer = Repairer(self.dialect, self.shapes)

    def _read_top(self, first: Sequence[Record]) -> None:
        """Take titles and header rows off the source."""
        top: list[tuple[Record, list[str]]] = []
        for record in first[:HEAD]:
            cells = record.cells
            if cells is None or len(cells) != self.width:
                cells = self._header_cells(record)
            if cells is None or filled(cells):
                top.append((record, cells or []))
        rows = [cells for _, cells in top]
        if not rows:
            return
        self._top = find_top(rows, self.shapes)
        used = self._top.titles + self._top.headers
        last = top[used - 1][0] if used else None
        while last is not None and (taken := self.source.take()) is not None:
            if taken.cells is not None and not filled(taken.cells):
                self.left_out["blank"] += 1
            if taken is last:
                break
        if self._top.titles:
            self.left_out["title"] = self._top.titles
            self.titles = tuple(" ".join(filter(None, cells)) or one.text for one, cells in top[: self._top.titles])
        self.header_rows = rows[self._top.titles : used]
        for record, _ in top[self._top.titles : used]:
            if record.cells is None or len(record.cells) != self.width:
                self.repairs["header"] += 1
        texts = flatten([self._fitted(cells) for cells in self.header_rows]) if self.header_rows else [""] * self.width
        self.headers = tuple(self._fitted(texts))

    def _fitted(self, cells: Sequence[str]) -> list[str]:
        return [*cells[: self.width], *[""] * (self.width - len(cells))]

    def _header_cells(self, record: Record) -> list[str] | None:
        """Cells of a record at the top of which the quotes or the number do not fit, if it may be a header."""
        width = self.width
        for dialect in (self.dialect, *(Dialect(one, self.dialect.quote) for one in OTHERS)):
            if not dialect.delimiter or (dialect is not self.dialect and dialect.delimiter not in record.text):
                continue
            for way in sorted(dialect.ways(record.text), key=lambda one: one.slips):
                texts = [token.text for token in way.tokens]
                if len(texts) > width and len([text for text in texts if text.strip()]) == width:
                    texts = [text for text in texts if text.strip()]
                if len(texts) == width and filled(texts) == width and header_vote(texts, self.shapes) > 0:
                    return texts
        return record.cells

    def _begins_table(
        self, record: Record, cells: list[str] | None, header: Sequence[Sequence[str]], blank: bool
    ) -> bool:
        if cells is None or (not self.count and not self.held):
            return False
        if len(cells) == self.width:
            if header and cells == header[0] and filled(cells) > 1:
                return True
            return blank and self.width > 1 and _is_names(cells) and header_vote(cells, self.shapes) >= 2
        if len(cells) < 2 or not _is_names(cells):
            return False
        following = [one.cells for one in self.source.look(2)]
        alike = [one for one in following if one is not None and len(one) == len(cells)]
        return len(alike) == 2 and any(DATA.search(text) for text in alike[0]) and header_vote(cells, ()) > 0

    def _are_rows(self, text: str) -> bool:
        """Whether a record over two lines may be two rows whose quotes were never closed."""
        first, second, *_ = text.split("\n")
        return self.dialect.may_have(first, self.width) and self.dialect.may_have(second, self.width)

    def _hold(self, records: Sequence[Record]) -> None:
        for record in records:
            text = record.text
            if record.problem == "nul":
                text = text.replace("\0", "")
            if record.problem == "encoding":
                self.held.append(Held(record.place, RULES["encoding"], _shown(text)))
                continue
            proposal = self.repairer.propose(text)
            good = proposal is not None and proposal.clear
            self.held.append(
                Held(
                    record.place,
                    RULES[record.problem],
                    _shown(record.text),
                    proposal.cells if good and proposal else None,
                )
            )

    def _finish(self, trailing: list[Record]) -> None:
        """Tell notes at the end from rows that cannot be split."""
        while trailing:
            text = trailing[-1].text
            kind = footer_kind(trailing[-1].cells or [], self.shapes, raw=text)
            # A row with another delimiter is one long cell, too.
            if not kind or (not is_note(text) and (found := self.repairer.propose(text)) and found.clear):
                break
            last = trailing.pop()
            self._note(kind, last.text, last.cells or [last.text])
        if not trailing:
            while self._rows and len(self._rows) > 1:
                kind = footer_kind(self._rows[-1], self.shapes)
                if not kind or self.width < 2:
                    break
                cells = self._rows.pop()
                self._note(kind, self.dialect.join(cells), cells)
                self.count -= 1
        self._hold(trailing)
        self._flush(0)

    def _note(self, kind: str, text: str, cells: Sequence[str]) -> None:
        self.left_out[kind] += 1
        self.notes.lines.append((kind, text, cells))

    def look_at_end(self, records: Sequence[Record]) -> None:
        """Notes at the end of a file of which only the beginning was read."""
        self._whole = False
        for record in reversed(records):
            if record.cells is not None and not filled(record.cells):
                continue
            kind = footer_kind(record.cells or [], self.shapes, raw=record.text)
            if not kind:
                break
            self._note(kind, record.text, record.cells or [record.text])

    def _flush(self, keep: int) -> None:
        import pyarrow as pa

        rows, self._rows = self._rows[: len(self._rows) - keep], self._rows[len(self._rows) - keep :]
        if not rows:
            return
        columns = [pa.array(texts, pa.string()) for texts in zip(*rows, strict=True)]
        self._batches.append(pa.record_batch(columns, names=[f"c{place}" for place in range(self.width)]))

    def choices(self) -> Mapping[str, Choice]:
        """What was detected of this table."""
        top = self._top
        found = {
            "titleRows": Choice("titleRows", top.titles, top.sure, f"{top.titles} record(s) above the header"),
            "headerRows": Choice(
                "headerRows", top.headers, top.sure and not self.repairs["header"], top.why or "there is no row"
            ),
        }
        found |= self.notes.choices()
        if self._whole and (promised := self.notes.promised(self.count + len(self.held))):
            found["controlTotals"] = Choice("controlTotals", promised, True, "they print the number of rows")
        return found

    def detected(self, name: str, choices: Mapping[str, Choice]) -> Detected:
        """The value that callers get."""
        import pyarrow as pa

        schema = pa.schema([(f"c{place}", pa.string()) for place in range(self.width)])
        rows = pa.Table.from_batches(self._batches, schema)
        count = self.count + len(self.held)
        repairs = tuple(
            Repair(kind, _REPAIRS[kind][0], count, _REPAIRS[kind][1]) for kind, count in self.repairs.items()
        )
        return Detected(
            name=name,
            format="csv",
            choices=dict(choices),
            headers=self.headers,
            rows=rows,
            held=tuple(sorted(self.held, key=lambda one: one.place)),
            left_out=dict(self.left_out),
            control_totals=tuple(self.notes.recounted(self.headers, rows, count)) if self._whole else (),
            repairs=repairs,
            header_rows=tuple(tuple(self._fitted(cells)) for cells in self.header_rows),
            titles=self.titles,
        )


def _is_names(cells: Sequence[str]) -> bool:
    """A row of words: no numbers, hardly an empty cell, none twice."""
    given = [text.strip() for text in cells if text.strip()]
    return (
        len(given) >= max(2, 0.7 * len(cells))
        and len(set(given)) == len(given)
        and all(len(text) <= 40 and not any(character.isdigit() for character in text[:3]) for text in given)
        and not any(DATA.search(text) for text in given)
    )


def _shown(text: str) -> str:
    """Text that any file takes: bytes that did not decode are shown as such."""
    return _SURROGATE.sub("\ufffd", text)
