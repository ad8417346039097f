"""Takes out of a stream of delimited text the records that its parser would misread, and leaves marks in their place.

pyarrow's parser takes a quotation mark that does not fit as it comes: an unclosed one swallows the rows below it, a
stray one moves cells between columns, without an error. Blocks without any quotation mark pass as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

import numpy as np

from yibiao.ingest.readers.damage import MARKED
from yibiao.ingest.readers.quotes import Quotes

BLOCK = 1 << 20
"""Bytes of one block, about."""

OPEN = 1 << 18
"""Bytes that one quoted cell may run over several lines; a longer one is a quotation mark that was never closed."""

UNIT = b"\x1f"
"""Stands for a delimiter of several characters on its way to the parser, which knows only single bytes."""


class Bytes(Protocol):
    """What the guard reads from.

    Attributes:
        damaged: some bytes given so far are marked as such that did not decode.
    """

    @property
    def damaged(self) -> bool: ...

    def block(self, size: int) -> bytes: ...


class Guard:
    """A stream of the same bytes, broken records replaced.

    Args:
        source: UTF-8; stands at the beginning of a record.
        delimiter: its bytes.
        quote: one byte, or nothing if the file has no quotes.
        escaped: whether a backslash makes a quotation mark an ordinary character.
        replace: called with the rule (`row.quote`, `row.nul`, `row.encoding`) and the bytes of one physical line or
            record; gives the bytes that take its place, with a line end.
        rows: whether two lines that a quoted cell joins are whole rows by themselves: then two quotes that were never
            closed look like one cell over both.
        block: bytes that are read together.
    """

    def __init__(
        self,
        source: Bytes,
        delimiter: bytes,
        quote: bytes,
        replace: Callable[[str, bytes], bytes],
        *,
        escaped: bool = False,
        rows: Callable[[bytes, bytes], bool] | None = None,
        block: int = BLOCK,
    ) -> None:
        self._block = block
        self._source, self._replace, self._escaped = source, replace, escaped
        self._quote, self._delimiter, self._rows = quote, delimiter, rows
        self._multiple = len(delimiter) > 1
        if self._multiple:
            inside = rb"%b(?:[^%b]|%b%b)*%b|" % ((re.escape(quote),) * 5) if quote else b""
            self._swap = re.compile(inside + b"(" + re.escape(delimiter) + b")", re.DOTALL)
        self._rest = b""
        self._ended = False
        self.closed = False

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True

    def read(self, size: int = -1) -> bytes | memoryview:
        """The next bytes, however many they are; none at the end. They end where a record ends."""
        del size
        while not self._ended:
            block = self._source.block(self._block)
            self._ended = not block
            if checked := self._checked(self._rest + block if self._rest else block):
                return checked
        return b""

    def _checked(self, data: bytes) -> bytes | memoryview:
        """What can be told of `data`; the rest is kept for the next block."""
        quoted = bool(self._quote) and self._quote in data
        if quoted or b"\0" in data or (self._source.damaged and MARKED in data):
            return self._judged(data)
        end = len(data) if self._ended else _last_end(data, len(data)) or (len(data) if len(data) > 8 * BLOCK else 0)
        self._rest = data[end:]
        # A view spares a copy of the block.
        return self._single(data[:end]) if self._multiple else memoryview(data)[:end]

    def _single(self, data: bytes) -> bytes:
        """Whole records with a delimiter of one byte."""
        if not self._multiple:
            return data
        if not self._quote or self._quote not in data:
            return data.replace(self._delimiter, UNIT)
        return self._swap.sub(lambda match: UNIT if match[1] else match[0], data)

    def _judged(self, data: bytes) -> bytes | memoryview:
        quote = self._quote[0] if self._quote else -1
        marks = Quotes(data, self._delimiter, quote, escaped=self._escaped)
        pieces: list[bytes] = []
        start = number = 0
        strange = _Strange(data, damaged=self._source.damaged)
        while True:
            bad = marks.first_bad(number)
            place = marks.opening(bad, number) if bad >= 0 else -1
            if (
                self._rows
                and (joined := self._joined(data, start, place, marks.inner_ends(number), marks, number)) >= 0
            ):
                place = joined
            if strange.place >= 0 and (place < 0 or strange.place < place):
                rule, place = strange.rule, strange.place
            elif place >= 0:
                rule = "row.quote"
            else:
                end = self._end(data, start, marks, number)
                place = self._unclosed(data, start if end < 0 else end, marks, number)
                if place < 0:
                    end = len(data) if self._ended else max(end, start)
                    if not pieces and not self._multiple:
                        self._rest = data[end:]
                        return memoryview(data)[start:end]
                    pieces.append(self._single(data[start:end]))
                    self._rest = data[end:]
                    return b"".join(pieces)
                rule = "row.quote"
            first = self._begin(data, place, start, marks, number)
            last = _next_end(data, place)
            if last < 0:
                if not self._ended and len(data) - first < 2 * BLOCK:
                    # The line goes on in the next block.
                    pieces.append(self._single(data[start:first]))
                    self._rest = data[first:]
                    return b"".join(pieces)
                last = len(data)
            pieces.append(self._single(data[start:first]))
            pieces.append(self._replace(rule, data[first:last]))
            start, number = last, marks.count(last)
            strange.go_on(start)

    def _joined(self, data: bytes, start: int, before: int, ends: np.ndarray, marks: Quotes, number: int) -> int:
        """Place of the first mark that seems to hold two rows together as one cell; -1 if there is none."""
        assert self._rows is not None
        checked = -1
        for end in ends[np.searchsorted(ends, start) :].tolist():
            if 0 <= before <= end:
                break
            place = marks.opening(marks.count(end) - 1, number)
            if place == checked:
                continue
            checked = place
            begin = self._begin(data, place, start, marks, number)
            second = _next_end(data, end)
            last = _next_end(data, second) if second >= 0 else -1
            if last >= 0 and self._rows(data[begin:end], data[second:last]):
                return place
        return -1

    def _end(self, data: bytes, start: int, marks: Quotes, number: int) -> int:
        """End of the last whole record; -1 if there is none."""
        at = len(data)
        for _ in range(64):
            at = _last_end(data, at, start)
            if at <= start:
                return -1
            if marks.outside(at, number):
                return at
            at -= 1
        # Many lines inside quotes: where the last quoted cell opens is the record that is not whole.
        opening = marks.opening(marks.places.size - 1, number) if marks.places.size > number else len(data)
        at = _last_end(data, opening, start)
        return at if at > start and marks.outside(at, number) else -1

    def _begin(self, data: bytes, place: int, start: int, marks: Quotes, number: int) -> int:
        """Where the record begins in which a place lies that is outside quotes or opens them."""
        while (place := _last_end(data, place, start)) > start:
            if marks.outside(place, number):
                return place
            place -= 1
        return start

    def _unclosed(self, data: bytes, end: int, marks: Quotes, number: int) -> int:
        """Place of a quotation mark that opens the last cell and does not close; -1 if it may still close."""
        if marks.places.size <= number or (marks.places.size - number) % 2 == 0:
            return -1
        if not self._ended and len(data) - end < OPEN:
            return -1
        return marks.opening(marks.places.size - 1, number)


class _Strange:
    """The next place of a block that no text has: a zero byte, or one that did not decode."""

    def __init__(self, data: bytes, *, damaged: bool) -> None:
        self._data = data
        self._next = {"row.nul": (b"\0", -2), "row.encoding": (MARKED, -2 if damaged else -1)}
        self.go_on(0)

    def go_on(self, start: int) -> None:
        """Look from here on."""
        for rule, (sign, place) in self._next.items():
            if place == -2 or 0 <= place < start:
                self._next[rule] = sign, self._data.find(sign, start)
        places = [(place, rule) for rule, (_, place) in self._next.items() if place >= 0]
        self.place, self.rule = min(places, default=(-1, ""))


def _last_end(data: bytes, before: int, start: int = 0) -> int:
    """Place after the last line end that is whole before a place; `start` if there is none."""
    feed = data.rfind(b"\n", start, before)
    # A carriage return as the very last byte may be half of a line end.
    turn = data.rfind(b"\r", max(start, feed), min(before, len(data) - 1))
    return max(feed, turn if data[turn + 1 : turn + 2] != b"\n" else -1, start - 1) + 1


def _next_end(data: bytes, place: int) -> int:
    """Place after the next line end; -1 if there is none."""
    feed = data.find(b"\n", place)
    turn = data.find(b"\r", place, feed if feed >= 0 else len(data))
    if turn >= 0 and (turn + 1 < len(data) or feed >= 0):
        return turn + 2 if data[turn + 1 : turn + 2] == b"\n" else turn + 1
    return feed + 1 if feed >= 0 else -1
