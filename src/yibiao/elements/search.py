"""Find data elements by what people call them: Chinese, English, or the first letters of pinyin."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yibiao.contracts import Element
from yibiao.ingest.drift import plain
from yibiao.pinyin import readings

_SCORES = {"name": 100, "alias": 90, "part": 60, "english": 55, "pinyin": 50, "text": 20}
_BEGINS = 10
"""What a word gains that stands at the beginning."""

_NAMED = 5
"""What a part of the name gains over a part of an alias."""


@dataclass(frozen=True)
class Found:
    """An element that fits every word asked for.

    Attributes:
        why: where the best word was found, in words.
    """

    element: Element
    score: int
    why: str


def search(elements: Mapping[str, Element], words: Sequence[str]) -> list[Found]:
    """Elements in which every word is found, the best first; empty for no words.

    Args:
        words: parts of names, aliases, ids, English names, definitions; or first letters of pinyin (`sfzh`).
    """
    wanted = [plain(word).casefold() for word in words if plain(word)]
    if not wanted:
        return []
    spelled = {word: _spelled(elements, word) for word in wanted if re.fullmatch(r"[a-z]{2,}", word)}
    found = []
    for element in elements.values():
        hits = [_best(element, word, spelled.get(word, {}).get(element.id, "")) for word in wanted]
        if all(score for score, _ in hits):
            score, why = max(hits)
            found.append(Found(element, min(one for one, _ in hits) + score, why))
    return sorted(found, key=lambda one: (-one.score, one.element.id))


def _best(element: Element, word: str, spelled: str) -> tuple[int, str]:
    hits: list[tuple[int, str]] = [(0, "")]
    for text in (element.name, element.id, *element.aliases):
        known = plain(text).casefold()
        if known == word:
            hits.append((_SCORES["name" if text in (element.name, element.id) else "alias"], f"“{text}”"))
        elif word in known and len(word) > 1:
            named = _NAMED * (text == element.name)
            hits.append((_SCORES["part"] + named + _BEGINS * known.startswith(word), f"“{text}”的一部分"))
    english = element.english.casefold()
    if word.isascii() and re.search(rf"\b{re.escape(word)}", english):
        hits.append((_SCORES["english"] + _BEGINS * english.startswith(word), f"英文名 {element.english}"))
    if spelled:
        hits.append((_SCORES["pinyin"], f"“{spelled}”的拼音首字母"))
    if len(word) > 1 and word in plain(element.definition + element.scope).casefold():
        hits.append((_SCORES["text"], "定义或口径"))
    return max(hits)


def _spelled(elements: Mapping[str, Element], word: str) -> dict[str, str]:
    """Element -> a name of it whose characters have these first letters of pinyin, in any reading."""
    letters: dict[str, frozenset[str]] = {}
    found: dict[str, str] = {}
    for element in elements.values():
        for text in (element.name, *element.aliases):
            if len(text) != len(word) or text.isascii():
                continue
            for sign in text:
                if sign not in letters:
                    letters[sign] = frozenset(one[:1] for one in readings(sign))
            if all(letter in letters[sign] for letter, sign in zip(word, text, strict=True)):
                found.setdefault(element.id, text)
    return found
