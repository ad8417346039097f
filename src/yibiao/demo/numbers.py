"""Identifiers of the demo as matrices of ASCII bytes: citizen numbers (GB 11643-1999), credit codes (GB 32100-2015).

A matrix of shape (n, width) becomes an Arrow string array without copying a character in Python.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

CITIZEN_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int32)
CITIZEN_CHECKS = np.frombuffer(b"10X98765432", dtype=np.uint8)
USCC_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", dtype=np.uint8)
USCC_WEIGHTS = np.array([pow(3, place, 31) for place in range(17)], dtype=np.int32)
BODY_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int32)
"""GB 11714-1997: the organisation code inside a credit code has a check digit of its own."""


def strings(matrix: np.ndarray) -> pa.StringArray:
    """Rows of a (n, width) uint8 matrix as Arrow strings; zero bytes are not allowed in it."""
    rows, width = matrix.shape
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    data = np.ascontiguousarray(matrix, dtype=np.uint8)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data))


def matrix(array: pa.Array, width: int) -> np.ndarray:
    """Arrow strings that are all `width` bytes long as a (n, width) uint8 matrix (a copy)."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    data = np.frombuffer(array.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
    return data.reshape(len(array), width).copy()


def digits(values: np.ndarray, width: int) -> np.ndarray:
    """Whole numbers as decimal ASCII, zero-filled: (n, width) uint8."""
    out = np.empty((len(values), width), dtype=np.uint8)
    rest = values.astype(np.int64)
    for place in range(width - 1, -1, -1):
        rest, digit = np.divmod(rest, 10)
        out[:, place] = digit + 48
    return out


def number_strings(values: np.ndarray, width: int, prefix: bytes = b"") -> pa.StringArray:
    """`prefix` followed by zero-filled decimals, as Arrow strings."""
    out = np.empty((len(values), len(prefix) + width), dtype=np.uint8)
    out[:, : len(prefix)] = np.frombuffer(prefix, dtype=np.uint8)
    out[:, len(prefix) :] = digits(values, width)
    return strings(out)


def citizen_check(first17: np.ndarray) -> np.ndarray:
    """The check character (ASCII) of each row of 17 ASCII digits."""
    return CITIZEN_CHECKS[((first17.astype(np.int32) - 48) @ CITIZEN_WEIGHTS) % 11]


def citizen_numbers(region: np.ndarray, birth: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """Citizen numbers as a (n, 18) matrix.

    Args:
        region: six-digit code as a number.
        birth: days since 1970-01-01.
        sequence: 0-999, odd for men.
    """
    out = np.empty((len(region), 18), dtype=np.uint8)
    out[:, :6] = digits(region, 6)
    out[:, 6:14] = digits(day_numbers(birth), 8)
    out[:, 14:17] = digits(sequence, 3)
    out[:, 17] = citizen_check(out[:, :17])
    return out


def citizen_valid(numbers: np.ndarray) -> np.ndarray:
    """Whether each row of an (n, 18) matrix is 17 digits and the right check character."""
    body = numbers[:, :17]
    return ((body >= 48) & (body <= 57)).all(axis=1) & (citizen_check(np.clip(body, 48, 57)) == numbers[:, 17])


def credit_codes(authority: np.ndarray, category: np.ndarray, region: int, body: np.ndarray) -> np.ndarray:
    """Unified social credit codes as a (n, 18) matrix.

    Args:
        authority, category: ASCII codes of the first two characters.
        region: six-digit code.
        body: number of the organisation below 31**8; written in the code's alphabet of 31 characters.
    """
    out = np.empty((len(body), 18), dtype=np.uint8)
    out[:, 0], out[:, 1] = authority, category
    out[:, 2:8] = digits(np.full(len(body), region), 6)
    rest = body.astype(np.int64)
    for place in range(15, 7, -1):
        rest, digit = np.divmod(rest, 31)
        out[:, place] = USCC_ALPHABET[digit]
    out[:, 16] = _body_check(out[:, 8:16])
    out[:, 17] = uscc_check(out[:, :17])
    return out


def uscc_check(first17: np.ndarray) -> np.ndarray:
    """The last character (ASCII) of each row of 17 characters of a credit code."""
    place = np.zeros(256, dtype=np.int32)
    place[USCC_ALPHABET] = np.arange(31)
    return USCC_ALPHABET[(31 - (place[first17] @ USCC_WEIGHTS) % 31) % 31]


def _body_check(first8: np.ndarray) -> np.ndarray:
    value = np.where(first8 >= 65, first8.astype(np.int32) - 55, first8.astype(np.int32) - 48)
    check = 11 - (value @ BODY_WEIGHTS) % 11
    return np.where(check == 10, ord("X"), np.where(check == 11, ord("0"), check + 48)).astype(np.uint8)


def day_numbers(days: np.ndarray) -> np.ndarray:
    """Days since 1970-01-01 as YYYYMMDD numbers."""
    year, month, day = calendar(days)
    return year * 10000 + month * 100 + day


def calendar(days: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Year, month and day (int64) of days since 1970-01-01."""
    date = days.astype("datetime64[D]")
    month = date.astype("datetime64[M]")
    months = month.astype(np.int64)
    return months // 12 + 1970, months % 12 + 1, (date - month.astype("datetime64[D]")).astype(np.int64) + 1


def ages(birth: np.ndarray, today: int) -> np.ndarray:
    """Completed years of life on the day `today` (days since 1970-01-01)."""
    year, month, day = calendar(birth)
    now_year, now_month, now_day = (int(part[0]) for part in calendar(np.array([today])))
    return now_year - year - ((month > now_month) | ((month == now_month) & (day > now_day)))
