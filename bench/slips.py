"""Slips of the pen: headers with a character replaced by one that sounds alike, as typed forms have them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from bench.labelled import LabelledForm
from yibiao.pinyin import sound

SLIP_EVERY, SLIPPED = 5, "slipped"


def slipped(form: LabelledForm) -> LabelledForm:
    """A copy with every fifth header that is long enough, one of its characters replaced by one of the same sound."""
    fields = []
    for one in form.fields[::SLIP_EVERY]:
        text = one.field.label
        middle = len(text) // 2
        other = sounding_like(text[middle]) if len(text) >= 4 else ""
        if one.fact.element is not None and other not in ("", text[middle]):
            path = (*one.field.path[:-1], text[:middle] + other + text[middle + 1 :])
            fields.append(replace(one, field=replace(one.field, path=path)))
    return replace(form, fields=tuple(fields), source=SLIPPED)


def sounding_like(character: str) -> str:
    """The next character of GB 2312 that is read alike; the character itself if there is none."""
    family = _families().get(sound(character), [])
    return family[(family.index(character) + 1) % len(family)] if character in family else character


@lru_cache(maxsize=1)
def _families() -> dict[str, list[str]]:
    """Syllable -> characters of GB 2312 in the order of the standard."""
    found: dict[str, list[str]] = {}
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            character = bytes((high, low)).decode("gb2312", "ignore")
            if character:
                found.setdefault(sound(character), []).append(character)
    return found
