"""How a contract says that dates and amounts are written: date formats and units behind a number."""

from __future__ import annotations

from decimal import Decimal

from yibiao.contracts.kinds import UNIT_WORDS, UNITS
from yibiao.contracts.values import Element

DATE_WORDS = ("any", "excel_serial", "excel_1904")
"""Date formats that are no strptime codes: every notation with a four-digit year; serial numbers of spreadsheets."""


def is_date_format(text: str) -> bool:
    return text in DATE_WORDS or "%Y" in text or "%y" in text


def ratio(unit: str, target: str) -> str:
    """What to multiply a number in `unit` with to have it in `target`, as decimal text."""
    return f"{(Decimal(UNITS[unit][1]) / Decimal(UNITS[target][1])).normalize():f}"


def unit_words(unit: str | None, element: Element | None) -> tuple[tuple[str, str], ...]:
    """(word, factor to the element's unit) of every unit of the same quantity; nothing where no unit is known."""
    target = (element.unit if element else None) or unit
    if target is None or target not in UNITS:
        return ()
    same = [name for name, (quantity, _) in UNITS.items() if quantity == UNITS[target][0]]
    return tuple((word, ratio(name, target)) for name in same for word in UNIT_WORDS[name])
