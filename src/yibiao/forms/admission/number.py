"""Control numbers (准入编号): `YB-2026-0001-6`, year of approval, number in that year, check character.

The check character is that of ISO/IEC 7064 MOD 11-2 (GB/T 17710) over the eight digits, the one that ends a citizen's
number too: 0 to 9 or X. It finds every wrong digit and every two neighbours that changed places.
"""

from __future__ import annotations

import re

PREFIX = "YB"
LAST_SERIAL = 9999

_SHAPE = re.compile(rf"(?<![0-9A-Za-z]){PREFIX}[-－—\s]?(\d{{4}})[-－—\s]?(\d{{4}})[-－—\s]?([\dXx])(?![0-9A-Za-z])")
_CHECKS = "0123456789X"


def control_number(year: int, serial: int) -> str:
    """The number of the form that was approved as the `serial`-th of a year.

    Args:
        year: four digits.
        serial: from 1 to `LAST_SERIAL`.
    """
    if not (1000 <= year <= 9999 and 1 <= serial <= LAST_SERIAL):
        raise ValueError("a control number has a year of four digits and a serial from 1 to 9999")
    digits = f"{year}{serial:04}"
    return f"{PREFIX}-{digits[:4]}-{digits[4:]}-{check_character(digits)}"


def check_character(digits: str) -> str:
    """ISO/IEC 7064 MOD 11-2 of some digits."""
    rest = 0
    for digit in digits:
        rest = (rest + int(digit)) * 2 % 11
    return _CHECKS[(12 - rest) % 11]


def find_number(text: str) -> tuple[str, bool] | None:
    """What looks like a control number in a text first, in its proper form, and whether its check is right."""
    match = _SHAPE.search(text)
    if match is None:
        return None
    year, serial, check = match[1], match[2], match[3].upper()
    return f"{PREFIX}-{year}-{serial}-{check}", check_character(year + serial) == check


def is_number(text: str) -> bool:
    """Whether a text is a control number and nothing else, with the right check character."""
    found = find_number(text.strip())
    return found is not None and found[1] and _SHAPE.fullmatch(text.strip()) is not None
