"""Find data elements by what people call them: Chinese, English, or the first letters of pinyin."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yibiao.contracts import Element
from yibiao.ingest.drift import plain

_SCORES = {"name": 100, "alias": 90, "part": 60, "english": 55, "pinyin": 50, "text": 20}
_BEGINS = 10
"""What a word gains that stands at the beginning."""


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
    initials = _initials(elements) if any(re.fullmatch(r"[a-z]{2,}", word) for word in wanted) else {}
    found = []
    for element in elements.values():
        hits = [_best(element, word, initials.get(element.id, {})) for word in wanted]
        if all(score for score, _ in hits):
            score, why = max(hits)
            found.append(Found(element, min(one for one, _ in hits) + score, why))
    return sorted(found, key=lambda one: (-one.score, one.element.id))


def _best(element: Element, word: str, initials: Mapping[str, str]) -> tuple[int, str]:
    hits: list[tuple[int, str]] = [(0, "")]
    for text in (element.name, element.id, *element.aliases):
        known = plain(text).casefold()
        if known == word:
            hits.append((_SCORES["name" if text in (element.name, element.id) else "alias"], f"`{text}`"))
        elif word in known and len(word) > 1:
            hits.append((_SCORES["part"] + _BEGINS * known.startswith(word), f"part of `{text}`"))
    english = element.english.casefold()
    if word.isascii() and re.search(rf"\b{re.escape(word)}", english):
        hits.append((_SCORES["english"] + _BEGINS * english.startswith(word), f"English name `{element.english}`"))
    if word in initials:
        hits.append((_SCORES["pinyin"], f"first letters of `{initials[word]}`"))
    if len(word) > 1 and word in plain(element.definition + element.scope).casefold():
        hits.append((_SCORES["text"], "definition or scope"))
    return max(hits)


def _initials(elements: Mapping[str, Element]) -> dict[str, dict[str, str]]:
    """Element -> first letters of pinyin -> the name that has them; only asked for when a word could be such."""
    from pypinyin import Style, lazy_pinyin  # a third of a second

    return {
        element.id: {
            "".join(lazy_pinyin(text, style=Style.FIRST_LETTER)).lower(): text
            for text in reversed((element.name, *element.aliases))
            if not text.isascii()
        }
        for element in elements.values()
    }
