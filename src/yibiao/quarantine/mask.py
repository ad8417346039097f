"""The shape of a value: enough to see what is wrong with it, nothing of what it says."""

from __future__ import annotations

import unicodedata

_SHAPES = {"Nd": "0", "Lu": "A", "Ll": "a"}


def shape(text: str | None) -> str | None:
    """Digits as 0, capital and small letters as A and a, every other letter as 文; full-width stays full-width.

    Length, spaces and punctuation stay: `11010119900307123x` gives seventeen 0 and an a.
    """
    if text is None:
        return None
    return "".join(_of(sign) for sign in text)


def _of(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind in _SHAPES:
        plain = _SHAPES[kind]
        return chr(ord(plain) + 0xFEE0) if unicodedata.east_asian_width(sign) == "F" else plain
    return "文" if kind.startswith(("L", "N", "M")) else sign
