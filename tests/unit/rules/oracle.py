"""Identifiers in plain Python, straight from the standards and independent of the SQL that is held to them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11643-1999."""

CHECK = "10X98765432"

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: no I O S V Z."""


def citizen_check(seventeen: str) -> str:
    return CHECK[sum(int(digit) * weight for digit, weight in zip(seventeen, WEIGHTS, strict=True)) % 11]


def is_day(text: str) -> bool:
    try:
        return 1850 <= date(int(text[:4]), int(text[4:6]), int(text[6:8])).year <= 2099
    except ValueError:
        return False


def compact(text: str) -> str:
    half = "".join(
        unicodedata.normalize("NFKC", one) if "０" <= one <= "９" or "Ａ" <= one <= "Ｚ" or "ａ" <= one <= "ｚ" else one
        for one in text
    )
    half = re.sub("[\\s\u00a0\u200b\u3000\ufeff'‘’`]", "", half.translate({0xFF0E: "."}))
    return re.sub(r"\.0+$", "", half).upper()


def citizen_id(text: str | None) -> str | None:
    """The valid number in 18 characters, else None."""
    if text is None:
        return None
    number = compact(text)
    if re.fullmatch(r"[A-Z]{3}[0-9]{12}", number):
        return number
    if re.fullmatch(r"[1-9][0-9]{14}", number):
        seventeen = number[:6] + "19" + number[6:]
        return seventeen + citizen_check(seventeen) if is_day(seventeen[6:14]) else None
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", number):
        return None
    return number if citizen_check(number[:17]) == number[17] and is_day(number[6:14]) else None


def uscc_check(seventeen: str) -> str:
    total = sum(USCC_ALPHABET.index(one) * pow(3, place, 31) for place, one in enumerate(seventeen))
    return USCC_ALPHABET[(31 - total % 31) % 31]


ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""GB 11714-1997."""


def organisation_check(eight: str) -> str:
    total = sum(
        ORGANISATION_ALPHABET.index(one) * weight for one, weight in zip(eight, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)
    )
    return {10: "X", 11: "0"}.get(11 - total % 11) or str(11 - total % 11)


def organisation_code(text: str | None) -> str | None:
    """The valid nine characters, else None."""
    if text is None:
        return None
    code = re.sub("[-\u2014]", "", compact(text))
    return code if re.fullmatch("[0-9A-Z]{8}[0-9X]", code) and organisation_check(code[:8]) == code[8] else None


def uscc(text: str | None) -> str | None:
    """The valid unified social credit code, else None."""
    if text is None:
        return None
    code = compact(text)
    form = f"[1-9ANY][{USCC_ALPHABET}][0-9]{{6}}[{USCC_ALPHABET}]{{10}}"
    return code if re.fullmatch(form, code) and uscc_check(code[:17]) == code[17] else None


def key(kind: str, value: str) -> str | None:
    """The text by which a valid value of a type is told as a certain key, None if it identifies nobody for sure."""
    if kind == "uscc":
        code = value[8:17]
        return code if organisation_code(code) and len(set(code[:8])) > 1 else value
    if kind == "organisation_code":
        return value if len(set(value[:8])) > 1 else None
    if kind == "person_number":
        return None if re.fullmatch("[DEGPS][0-9]{8}|E[A-Z][0-9]{7}|[DPS]E[0-9]{7}", value) else value
    return value
