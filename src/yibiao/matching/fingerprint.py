"""What values look like: the share of a column's cells that have the form of an element's type."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence

from yibiao.credit_code import is_credit_code

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}")
_DATE = re.compile(r"((?:19|20)\d{2})[-/.年]?(0?[1-9]|1[0-2])(?:[-/.月]?(0?[1-9]|[12]\d|3[01])日?)?(?: 00:00:00)?")
_NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})*(?:\.\d+)?|-?\d+(?:\.\d+)?")
_NAME = re.compile(r"[\u4e00-\u9fff·]{2,12}|[A-Za-z .]{3,40}")
_ADDRESS = re.compile(r".*[\u4e00-\u9fff].*(?:路|街|巷|村|组|号|室|楼|栋|幢|区|镇|乡|社).*")
_LONG = re.compile(r"[0-9A-Za-z\-]{4,}")

FEWEST = 3
"""Stated values from which they say anything."""


def share(values: Sequence[str], type_: str, codes: frozenset[str] = frozenset()) -> float | None:
    """Share of the stated values that have the form of a type; None if too few are stated.

    Args:
        type_: a key of `yibiao.contracts.kinds.TYPES`.
        codes: codes, names and aliases of the element's code list.
    """
    stated = [value.strip() for value in values if value.strip()]
    if len(stated) < FEWEST:
        return None
    return sum(_has(value, type_, codes) for value in stated) / len(stated)


def _has(value: str, type_: str, codes: frozenset[str]) -> bool:
    if type_ in ("citizen_id", "person_number"):
        return is_citizen_number(value)
    if type_ == "uscc":
        return is_credit_code(value)
    if type_ == "code":
        return value in codes
    if type_ in ("date", "month"):
        return _is_date(value)
    patterns = {
        "phone": _PHONE,
        "integer": _NUMBER,
        "decimal": _NUMBER,
        "name": _NAME,
        "address": _ADDRESS,
        "number_text": _LONG,
        "division_code": re.compile(r"\d{6,12}|.*[\u4e00-\u9fff].*"),
        "organisation_code": re.compile(r"[0-9A-Z]{8}-?[0-9X]"),
    }
    return type_ not in patterns or patterns[type_].fullmatch(value) is not None


def impossible_days(values: Sequence[str]) -> int:
    """How many values are written as a day that no calendar has: 2023-02-29."""
    dated = [value.strip() for value in values if _DATE.fullmatch(value.strip())]
    return sum(not _is_date(value) for value in dated)


def _is_date(value: str) -> bool:
    """A day or month that the calendar has."""
    found = _DATE.fullmatch(value)
    if found is None:
        return False
    year, month, day = (int(part or 1) for part in found.groups())
    return day <= monthrange(year, month)[1]


def is_citizen_number(text: str) -> bool:
    """18 digits with a right check digit (GB 11643-1999), or 15 of the old form."""
    text = text.strip().upper()
    if re.fullmatch(r"\d{15}", text):
        return True
    if not re.fullmatch(r"\d{17}[\dX]", text):
        return False
    return "10X98765432"[sum(int(digit) * by for digit, by in zip(text, _WEIGHTS, strict=False)) % 11] == text[17]
