"""Places of the cells in a block of an XLSX sheet's XML: all of them at once, as numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_PADDING = b" " * 16
"""Behind a block, so that what is looked at from any place in it is there."""
_OF_CELL = np.uint64(int.from_bytes(b'<c r="', "little"))
_SIX_BYTES = np.uint64((1 << 48) - 1)
_QUOTES, _LOWEST, _HIGHEST = (np.uint64(byte * 0x0101010101010101) for byte in (ord('"'), 1, 0x80))
"""The same byte eight times."""


class Unusual(Exception):
    """The XML is not laid out as nearly all programs do: prefixed names, cells without their reference."""


class Extent(NamedTuple):
    """What a block of rows has.

    Attributes:
        first, last: number of the first cell's row and of the last cell's, from 1.
        columns: the widest column, from 1.
        values: cells that hold anything; too many are counted rather than too few.
        ordered: every cell stands behind the one before it.
    """

    first: int
    last: int
    columns: int
    values: int
    ordered: bool


NOTHING = Extent(1 << 30, 0, 0, 0, True)


def extent(rows: bytes) -> Extent:
    """Which rows and columns have cells, and whether every cell stands behind the one before it.

    Args:
        rows: XML of whole rows.

    Raises:
        Unusual: places have to be looked up by a parser.
    """
    rows += _PADDING
    data = np.frombuffer(rows, dtype=np.uint8)
    opens, following = data[:-1] == ord("<"), data[1:]
    starts = np.flatnonzero(opens & (following == ord("c")))
    if not len(starts):
        return NOTHING
    # Eight bytes from any place on as one number, the first byte lowest.
    words = np.ndarray((len(data) - 7,), dtype="<u8", buffer=rows, strides=(1,))
    heads = words[starts]
    ours = (heads & _SIX_BYTES) == _OF_CELL
    if not ours.all():
        third = (heads[~ours] >> np.uint64(16)).astype(np.uint8)
        if np.isin(third, (ord(" "), ord(">"), ord("/"))).any():
            raise Unusual  # a cell whose place does not come first; others are colours and the like
        starts, heads = starts[ours], heads[ours]
        if not len(starts):
            return NOTHING
    columns, digits = _columns(data, starts, heads >> np.uint64(48))
    first, last = _row_number(rows, digits[0]), _row_number(rows, digits[-1])
    numbers, unused = _numbers(words[digits], len(first), len(last))
    change = numbers[1:] != numbers[:-1]
    # Digits moved to one side and their order turned round: numbers in ascending order are ascending.
    begins = np.append(0, np.flatnonzero(change) + 1)
    heights = (numbers[begins] << (unused if isinstance(unused, np.uint64) else unused[begins])).byteswap()
    change |= columns[1:] > columns[:-1]
    ordered = bool(change.all() and (heights[1:] > heights[:-1]).all())
    values = following == ord("v")  # <v>, and <is> of texts that stand in their cells
    values |= following == ord("i")
    values &= opens
    return Extent(int(first), int(last), int(columns.max()), int(np.count_nonzero(values)), ordered)


def _row_number(rows: bytes, place: int) -> bytes:
    number = rows[place : place + 8].partition(b'"')[0]
    if not number.isdigit() or len(number) > 7:
        raise Unusual
    return number


def _columns(data: np.ndarray, starts: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each cell the number of its column, from 1, and the place where its letters end.

    Args:
        pairs: the two bytes behind `<c r="` of each, the first one lowest.
    """
    pairs = pairs.astype(np.uint16)
    columns = (pairs & np.uint16(0xFF)) - np.uint16(64)  # what comes before A is now far behind Z
    if columns.max() > 26:
        raise Unusual
    digits = starts + 7
    if pairs.max() >= ord("A") << 8:
        wide = np.flatnonzero(pairs >= ord("A") << 8)
        first, second = columns[wide].astype(np.int32), (pairs[wide] >> 8).astype(np.int32) - 64
        third = data[starts[wide] + 8].astype(np.int32) - 64
        if second.max() > 26 or third.max() > 26:
            raise Unusual
        two = first * 26 + second
        columns[wide] = np.where(third > 0, two * 26 + third, two)
        digits[wide] += np.where(third > 0, 2, 1)
    return columns, digits


def _numbers(words: np.ndarray, first: int, last: int) -> tuple[np.ndarray, np.ndarray | np.uint64]:
    """Eight bytes each that begin with digits and a quotation mark: the digits, and how many bits they leave unused.

    Args:
        first, last: number of digits of the first one and of the last one.
    """
    if first == last:
        bits = 8 * first
        numbers = words & np.uint64((1 << (bits + 8)) - 1)
        quote = ord('"') << bits
        if (numbers >= quote).all() and (numbers < quote + (1 << bits)).all():
            return numbers, np.uint64(56 - bits)
    quotes = words ^ _QUOTES
    found = (quotes - _LOWEST) & ~quotes & _HIGHEST  # the highest bit of each byte that is a quotation mark
    lowest = found & (~found + np.uint64(1))
    if not lowest.all():
        raise Unusual
    numbers = words & (lowest | (lowest - np.uint64(1)))
    return numbers, (64 - np.frexp(lowest.astype(np.float64))[1]).astype(np.uint64)
