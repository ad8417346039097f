"""Citizen ID numbers that are right beyond doubt, told for a whole column at once.

No second rule beside the macros of `dbt_project/macros/rules/citizen.sql`, but the cheap test before them, as in
`clean`: what it accepts they accept, what it does not is theirs to judge. Arithmetic on the bytes takes a fifth of the
time that the same test takes as SQL, which was half of what a clean row cost.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

_LENGTH = 18
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = np.frombuffer(b"10X98765432", np.uint8)
_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] + [0] * 87, np.uint8)
"""Last day of a month that every year has, by two digits; 29 February is left to the rules."""


def clean_numbers(texts: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Judge a column of citizen ID numbers.

    Args:
        texts: strings.

    Returns:
        Two booleans a row: the text is 18 characters with a birth date from 1850 to 2099 that every year has and the
        right check character (GB 11643-1999); if so, the number is that of a man.
    """
    array = texts.combine_chunks()
    clean, male = np.zeros(len(array), bool), np.zeros(len(array), bool)
    _, offsets, data = array.buffers()
    if data is None:
        return clean, male
    ends = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    rows = np.flatnonzero(np.diff(ends) == _LENGTH)
    if not rows.size:
        return clean, male
    # One line a place of the number, so that every step runs over neighbouring bytes.
    places = np.ascontiguousarray(_matrix(np.frombuffer(data, np.uint8), ends[rows]).T)
    digits = places[:-1] - ord("0")  # anything else than a digit becomes more than 9
    right = (digits.max(axis=0) <= 9) & (digits[0] > 0)
    total = np.zeros(rows.size, np.uint16)
    for digit, weight in zip(digits, _WEIGHTS, strict=True):
        total += digit * np.uint16(weight)
    right &= _CHECK[total % 11] == places[-1]
    year, month, day = (_number(digits[begin:end]) for begin, end in ((6, 10), (10, 12), (12, 14)))
    right &= (year >= 1850) & (year <= 2099) & (day >= 1) & (day <= _DAYS[np.minimum(month, 99)])
    clean[rows] = right
    male[rows] = (digits[16] & 1).astype(bool)
    return clean, male


def _matrix(data: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The texts that begin at these bytes, one a row."""
    if int(starts[-1]) - int(starts[0]) == _LENGTH * (len(starts) - 1):  # side by side, so no byte is moved
        return data[starts[0] : starts[-1] + _LENGTH].reshape(-1, _LENGTH)
    return data[starts[:, None] + np.arange(_LENGTH, dtype=np.int32)]


def _number(digits: np.ndarray) -> np.ndarray:
    number = np.zeros(digits.shape[1], np.uint16)
    for digit in digits:
        number = number * np.uint16(10) + digit
    return number
