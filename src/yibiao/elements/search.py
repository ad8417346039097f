"""Find data elements by what people call them: Chinese, English, or pinyin, whole or its first letters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from yibiao.contracts import Element
from yibiao.ingest.drift import plain
from yibiao.matching.normalise import without_blanks
from yibiao.pinyin import readings

_SCORES = {
    "name": 100,
    "alias": 90,
    "english": 85,
    "word": 75,
    "spelled": 70,
    "part": 54,
    "initials": 50,
    "pinyin": 48,
    "text": 20,
}
"""How a word was found -> what that is worth. A whole name or word of it comes before what only contains it."""

_BEGINS = 5
"""What a part gains that stands at the beginning."""

_NAMED = 15
"""What a part of the name gains over a part of an alias."""

FILLERS = frozenset({"of", "the", "a", "an", "for", "in", "to", "by", "and"})
"""English words that tell nothing of what is meant, when there are others."""

RESIDENT = "resident"
"""Of hits that are else alike, people mostly mean what is known of a resident."""


@dataclass(frozen=True)
class Found:
    """An element that fits what was asked for.

    Attributes:
        why: where the best word was found, in Chinese.
        match: the same for programs. `name`, `alias`, `english`: it is this as a whole; `word`: a whole English word of
            it; `part`: contained in it; `spelled`, `pinyin`, `initials`: all of a name, a part of one in full pinyin,
            first letters; `text`: in the definition or scope. Of near ones see `yibiao.elements.near`.
        near: nothing fits, this one nearly does.
    """

    element: Element
    score: int
    why: str
    match: str = ""
    near: bool = False


Hit = tuple[int, str, str]
"""Score, how it matched, and that in words."""

MISS: Hit = (0, "", "")


def search(elements: Mapping[str, Element], words: Sequence[str]) -> list[Found]:
    """Elements in which every word is found, the best first; empty for no words.

    Words that stand together in quotes are asked for as one text and, in any order, each by itself.

    Args:
        words: parts of names, aliases, ids, English names, definitions; pinyin (`shouji`) or its first letters
            (`sfzh`).
    """
    best: dict[str, Found] = {}
    for wanted in _askings(words):
        spelled = {word: _spelled(elements, word) for word in wanted if re.fullmatch(r"[a-z]{2,}( [a-z]+)*", word)}
        for element in elements.values():
            hits = [_best(element, word, spelled.get(word, {}).get(element.id, MISS)) for word in wanted]
            if not all(score for score, _, _ in hits):
                continue
            score, match, why = max(hits)
            found = Found(element, min(hits)[0] + score, why, match)
            if element.id not in best or found.score > best[element.id].score:
                best[element.id] = found
    return ranked(best.values())


def ranked(found: Iterable[Found]) -> list[Found]:
    """The best first; of those that fit alike the shorter names, then what is known of residents."""
    return sorted(
        found,
        key=lambda one: (-one.score, len(one.element.name), one.element.entity != RESIDENT, one.element.id),
    )


def comparable(text: str) -> str:
    """A text as it is compared: half width, lower case, simplified where a table is at hand, one blank between words.

    Chinese has no blanks, and an id is English words: `birth_date` is `birth date`.
    """
    words = re.sub(r"[\s_]+", " ", text).strip().casefold()
    if words.isascii():
        return words
    return without_blanks(plain(text)).casefold()


_known = lru_cache(maxsize=1 << 15)(comparable)
"""The same for names of the registry, which are asked for again with every word."""


def _askings(words: Sequence[str]) -> list[tuple[str, ...]]:
    """The ways in which a call can be meant, each a list of words that all have to be found."""
    given = [comparable(word) for word in words]
    single = [comparable(part) for word in words for part in word.replace("_", " ").split()]
    ways = (given, [comparable(" ".join(words))], [word for word in single if word not in FILLERS])
    return list(dict.fromkeys(tuple(filter(None, way)) for way in ways if any(way)))


def _best(element: Element, word: str, spelled: Hit) -> Hit:
    hits = [spelled, *_in_names(element, word), *_in_english(element, word)]
    if len(word) > 1 and word in _known(element.definition + element.scope):
        hits.append((_SCORES["text"], "text", "定义或口径"))
    return max(hits)


def _in_names(element: Element, word: str) -> Iterator[Hit]:
    for text in (element.name, element.id, *element.aliases):
        known = _known(text)
        if known == word:
            match = "name" if text in (element.name, element.id) else "alias"
            yield _SCORES[match], match, f"“{text}”"
        elif word in known and len(word) > 1:
            if word.isascii() and _is_word(word, known):
                yield _SCORES["word"], "word", f"“{text}”的一部分"
            else:
                bonus = _NAMED * (text == element.name) + _BEGINS * known.startswith(word)
                yield _SCORES["part"] + bonus, "part", f"“{text}”的一部分"


def _in_english(element: Element, word: str) -> Iterator[Hit]:
    english = _known(element.english)
    if not word.isascii() or not re.search(rf"\b{re.escape(word)}", english):
        return
    why = f"英文名 {element.english}"
    if english == word:
        yield _SCORES["english"], "english", why
    elif _is_word(word, english):
        yield _SCORES["word"], "word", why
    else:
        yield _SCORES["part"] + _BEGINS * english.startswith(word), "part", why


def _is_word(word: str, text: str) -> bool:
    """Does it stand there between ends of words? Chinese around it ends a word too."""
    return bool(re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text))


def _spelled(elements: Mapping[str, Element], asked: str) -> dict[str, Hit]:
    """Element -> a name of it that is written so in pinyin, in full or by its first letters, in any reading."""
    asked = asked.replace(" ", "")
    found: dict[str, Hit] = {}
    for element in elements.values():
        hits = [
            hit
            for text in (element.name, *element.aliases)
            if not text.isascii() and (hit := _spells(text, asked, _NAMED * (text == element.name)))
        ]
        if hits:
            found[element.id] = max(hits, key=lambda hit: hit[0])  # of equal ones the name, or else the first alias
    return found


def _spells(text: str, asked: str, bonus: int) -> Hit | None:
    first = asked[0]
    if (
        len(text) == len(asked)
        and first in _initials(text[0])
        and all(letter in _initials(sign) for letter, sign in zip(asked, text, strict=True))
    ):
        return _SCORES["initials"], "initials", f"“{text}”的拼音首字母"
    for begin, sign in enumerate(text):
        if first not in _initials(sign):
            continue
        ends = _spelled_until(text, begin, asked)
        if begin == 0 and len(text) in ends:
            return _SCORES["spelled"], "spelled", f"“{text}”的拼音"
        # One syllable alone is a part of too many names, and mostly meant as an English word.
        if any(end - begin > 1 for end in ends):
            return _SCORES["pinyin"] + bonus + _BEGINS * (begin == 0), "pinyin", f"“{text}”的一部分的拼音"
    return None


@lru_cache(maxsize=1 << 13)
def _initials(sign: str) -> frozenset[str]:
    return frozenset(one[:1] for one in readings(sign))


def _spelled_until(text: str, begin: int, asked: str) -> set[int]:
    """Places at which a run of characters ends that from `begin` on is read as all of the letters."""
    ends: set[int] = set()
    places = {0}  # of the letters that the characters so far may use up
    for end in range(begin, len(text)):
        places = {place + len(one) for place in places for one in readings(text[end]) if asked.startswith(one, place)}
        if not places:
            break
        if len(asked) in places:
            ends.add(end + 1)
    return ends
