"""Unified social credit codes (统一社会信用代码), by GB 32100-2015, one at a time; of whole columns a model judges."""

from __future__ import annotations

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def is_credit_code(text: str) -> bool:
    """18 characters with a right check character."""
    text = text.strip().upper()
    if len(text) != 18 or any(character not in _ALPHABET for character in text):
        return False
    total = sum(_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(text[:17]))
    return _ALPHABET[(31 - total % 31) % 31] == text[17]
