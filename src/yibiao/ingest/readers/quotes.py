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
        self._with_cr = b"\r" in data
        opens = _among(delimiter[-1])[view[places - 1]]
        closes = _among(delimiter[0])[view.take(places + 1, mode="clip")]
        follows = np.zeros(places.size, bool)
        if places.size:
            opens[0] |= places[0] == 0
            # What comes after the last byte of a block is not known before the next one is read.
            closes[-1] |= places[-1] == view.size - 1
            follows[1:] = places[1:] == places[:-1] + 1
            closes[:-1] |= follows[1:]
        self._follows, self._opens = follows, opens
        self._opening, self._closing = opens | follows, closes
        self._bad: dict[int, np.ndarray] = {}
        self._inner: dict[int, np.ndarray] = {}

    def first_bad(self, number: int) -> int:
        """Number of the first mark from `number` on, which opens, that cannot be what it should be; -1 if all fit."""
        phase = number % 2
        bad = self._bad.get(phase)
        if bad is None:
            opening = np.flatnonzero(~self._opening[phase::2]) * 2 + phase
            closing = np.flatnonzero(~self._closing[1 - phase :: 2]) * 2 + 1 - phase
            bad = self._bad[phase] = np.sort(np.concatenate((opening, closing)))
        at = int(np.searchsorted(bad, number))
        return int(bad[at]) if at < bad.size else -1

    def inner_ends(self, number: int) -> np.ndarray:
        """Places of line ends inside quotes, the marks from `number` on counted; those before may be wrong."""
        phase = number % 2
        inner = self._inner.get(phase)
        if inner is None:
            ends = self._view == LF
            if self._with_cr:
                ends |= self._view == CR
            places = np.flatnonzero(ends)
            before = np.searchsorted(self.places, places)
            inner = self._inner[phase] = places[(before - phase) % 2 == 1]
        return inner

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


def _among(delimiter: int) -> np.ndarray:
    """Which bytes may stand beside a cell."""
    found = np.zeros(256, bool)
    found[[delimiter, LF, CR]] = True
    return found
