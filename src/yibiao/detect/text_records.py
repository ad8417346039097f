"""Records of a text file: physical lines put together where a quoted cell goes on, each split or set aside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from yibiao.detect.text_lines import bare
from yibiao.detect.text_split import Dialect

JOINED = 200
"""Lines that one quoted cell may run over."""

JOINED_CHARACTERS = 1 << 18
"""Characters that one record may run over: an unclosed quote swallows no more than is looked at here."""

CELLS = 1 << 17
"""Cells of the widest record: what has more delimiters is no row of any table."""

_DAMAGED = re.compile("[\udc80-\udcff\ufffd]")
"""What bytes that do not decode become."""


class Record(NamedTuple):
    """One record. A tuple, because there are millions of them.

    Attributes:
        place: 1-based line where it begins.
        text: its text without the last line end.
        cells: None if the quotes in it do not fit.
        problem: why `cells` cannot be trusted: empty, `quote`, `nul` or `encoding`; of a record without cells empty if
            it has too many.
    """

    place: int
    text: str
    cells: list[str] | None
    problem: str = ""


def read_records(lines: Iterable[str], dialect: Dialect, first: int = 1) -> Iterator[Record]:
    """Split lines into records.

    A line that ends inside quotes is put together with those below until the quote closes. If it does not close in
    time, or the quotes then do not fit, that line alone is set aside and the next line begins a record of its own.
    """
    ahead: list[str] = []
    source = iter(lines)
    place = first - 1
    simple = dialect.simple
    while True:
        if ahead:
            line = ahead.pop(0)
        else:
            try:
                line = bare(next(source))
            except StopIteration:
                return
        place += 1
        cells = simple(line)
        if cells is None:
            cells, is_open = dialect.strict(line)
            if is_open:
                taken, cells, text = _go_on(line, ahead, source, dialect)
                if cells is not None:
                    del ahead[:taken]
                    yield _judged(Record(place, text, cells))
                    place += taken
                    continue
            if cells is None:
                yield _judged(Record(place, line, None, "quote"))
                continue
        yield _judged(Record(place, line, cells))


def _judged(record: Record) -> Record:
    text = record.text
    if "\0" in text:
        return Record(record.place, text, None, "nul")
    if not text.isascii() and _DAMAGED.search(text):
        return Record(record.place, text, None, "encoding")
    if record.cells is not None and len(record.cells) > CELLS:
        return Record(record.place, text, None)
    return record


def _go_on(line: str, ahead: list[str], source: Iterator[str], dialect: Dialect) -> tuple[int, list[str] | None, str]:
    """Lines that were taken, and the cells of the record that they complete; None if they complete none."""
    text, taken = line, 0
    while taken < JOINED and len(text) < JOINED_CHARACTERS:
        if taken == len(ahead):
            try:
                ahead.append(bare(next(source)))
            except StopIteration:
                break
        following = ahead[taken]
        taken += 1
        text = f"{text}\n{following}"
        if dialect.quote not in following:
            continue
        cells, is_open = dialect.strict(text)
        if cells is not None:
            # If both lines are complete rows by themselves, nothing tells which reading is right.
            return taken, cells, text
        if not is_open:
            break
    return 0, None, line
