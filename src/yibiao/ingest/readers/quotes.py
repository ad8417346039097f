"""Finds the places where quotation marks do not fit, in blocks of bytes, before a parser could swallow rows there."""

from __future__ import annotations

import numpy as np

LF, CR, BACKSLASH = 10, 13, 92


class Quotes:
    """The quotation marks of a block that begins where a record begins, judged by the letter of RFC 4180.

    An opening mark stands at the beginning of a cell, a closing one at the end, and two together inside quotes are one
    character. What a mark is follows from how many stand before it, so that all of a block are judged at once.

    Args:
        data: the block.
        delimiter: its bytes; of several, the last one stands before an opening mark and the first after a closing one.
        quote: one byte, or -1 for none.
        escaped: whether a backslash makes the mark after it an ordinary character.
    """

    def __init__(self, data: bytes, delimiter: bytes, quote: int, *, escaped: bool) -> None:
        view = np.frombuffer(data, np.uint8)
        places = np.flatnonzero(view == quote)
        if escaped and places.size:
            before = view[np.maximum(places - 1, 0)] == BACKSLASH
            twice = view[np.maximum(places - 2, 0)] == BACKSLASH
            places = places[~before | twice | (places == 0)]
        self._view, self.places = view, places
        before = view[np.maximum(places - 1, 0)]
        after = view[np.minimum(places + 1, view.size - 1)]
        next_to = np.diff(places) == 1 if places.size else np.zeros(0, bool)
        self._follows = np.concatenate(([False], next_to)) if places.size else next_to
        followed = np.concatenate((next_to, [False])) if places.size else next_to
        self._opens = (before == delimiter[-1]) | (before == LF) | (before == CR) | (places == 0)
        closes = (after == delimiter[0]) | (after == LF) | (after == CR) | followed
        # What comes after the last byte of a block is not known before the next one is read.
        closes |= places == view.size - 1
        opening, closing = self._opens | self._follows, closes
        even = np.arange(places.size) % 2 == 0
        self._bad = (
            np.flatnonzero(~np.where(even, opening, closing)),
            np.flatnonzero(~np.where(even, closing, opening)),
        )

    def first_bad(self, number: int) -> int:
        """Number of the first mark from `number` on, which opens, that cannot be what it should be; -1 if all fit."""
        bad = self._bad[number % 2]
        at = int(np.searchsorted(bad, number))
        return int(bad[at]) if at < bad.size else -1

    def inner_ends(self, number: int) -> np.ndarray:
        """Places of line ends inside quotes, the marks from `number` on counted."""
        ends = np.flatnonzero((self._view == LF) | (self._view == CR))
        before = np.searchsorted(self.places, ends)
        return ends[((before - number) % 2 == 1) & (before > number)]

    def opening(self, bad: int, number: int) -> int:
        """Place of the mark that opened the cell in which mark `bad` does not fit."""
        if (bad - number) % 2:
            bad -= 1
            # A doubled mark inside quotes closes and opens again.
            while bad - 2 >= number and self._follows[bad] and not self._opens[bad]:
                bad -= 2
        return int(self.places[bad])

    def count(self, place: int) -> int:
        """Marks before a place."""
        return int(np.searchsorted(self.places, place))

    def outside(self, place: int, number: int) -> bool:
        """Whether a place is outside quotes, the marks from `number` on counted."""
        return (self.count(place) - number) % 2 == 0
