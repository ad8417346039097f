"""Elements that are nearly called so: mistyped, of the same sound, in another order, in English with other words.

Asked only where `search` finds nothing: whoever writes a name rightly should not have to read guesses.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from yibiao.contracts import Element
from yibiao.elements.search import FILLERS, Found, Hit, comparable, ranked
from yibiao.matching.alike import alike_in_sound, one_slip
from yibiao.matching.normalise import key, reduced
from yibiao.pinyin import sound

_SCORES = {
    "sound": 95,
    "order": 90,
    "typing": 85,
    "synonym": 75,
    "sound_part": 65,
    "typing_part": 55,
    "within": 45,
    "pinyin_typing": 85,
    "words": 90,
}
"""How a name is near -> what that is worth at most."""

_CLOSE = 0.75
"""Those that are worth less than this share of the best one are not shown."""

_ENOUGH = 0.45
"""Share of what the English words tell that has to be found."""

_FEW = 5
"""A word of fewer elements tells no more than one of so many: it may be the less important one of those asked."""

_LEAST = 3
"""Characters of a name by which a longer text is recognised."""


def nearest(elements: Mapping[str, Element], words: Sequence[str]) -> list[Found]:
    """Elements that are nearly called so, the nearest first; empty if none is.

    `match` of what is found: `sound` (as a name sounds), `order` (its characters in another order), `typing` (one
    character more, less, other, or two swapped), `synonym` (another usual last word), `sound_part` and `typing_part`
    (the same within a longer name), `within` (a name within what was asked), `pinyin_typing` (pinyin with one slip),
    `words` (most of the English words, or words one slip away).
    """
    asked = comparable(" ".join(words))
    if not asked:
        return []
    if asked.isascii():
        english = _English.of(elements)
        letters = re.sub(r"[ ']", "", asked)

        def hits(element: Element) -> Iterator[Hit]:
            yield from english.hits(element, asked)
            if len(letters) >= 6:
                yield from _pinyin(element, letters)
    else:
        chinese = key(asked)

        def hits(element: Element) -> Iterator[Hit]:
            return _chinese(element, chinese)

    found = []
    for element in elements.values():
        if best := max(hits(element), key=lambda hit: hit[0], default=None):
            score, match, why = best
            found.append(Found(element, score, why, match, near=True))
    enough = _CLOSE * max((one.score for one in found), default=0)
    return ranked(one for one in found if one.score >= enough)


def _chinese(element: Element, asked: str) -> Iterator[Hit]:
    size = len(asked)
    if size < 2:
        return
    for text in (element.name, *element.aliases):
        name = key(text)
        if len(name) == size and _sounds(asked, name):
            yield _SCORES["sound"], "sound", f"与“{text}”同音"
        elif len(name) == size and sorted(asked) == sorted(name):
            yield _SCORES["order"], "order", f"与“{text}”字序不同"
        elif size >= 3 and len(name) >= 3 and size + len(name) >= 7 and one_slip(asked, name):
            yield _SCORES["typing"], "typing", f"与“{text}”差一个字"
        elif reduced(asked) == reduced(name):
            yield _SCORES["synonym"], "synonym", f"与“{text}”说法相近"
        elif size >= 3 and len(name) > size:
            for begin in range(len(name) - size + 1):
                part = name[begin : begin + size]
                if _sounds(asked, part):
                    yield _SCORES["sound_part"], "sound_part", f"与“{text}”的一部分同音"
                elif size >= 4 and one_slip(asked, part):
                    yield _SCORES["typing_part"], "typing_part", f"与“{text}”的一部分差一个字"
        elif len(name) >= _LEAST and 2 * len(name) >= size and name in asked:
            yield _SCORES["within"] + len(name), "within", f"含有“{text}”"


def _sounds(one: str, other: str) -> bool:
    return all(a == b or alike_in_sound(a, b) for a, b in zip(one, other, strict=True))


def _pinyin(element: Element, letters: str) -> Iterator[Hit]:
    for text in (element.name, *element.aliases):
        # Readings are no shorter than a letter and no longer than six; the first letter is seldom mistyped.
        if len(text) < len(letters) <= 6 * len(text) + 1 and sound(text[0])[:1] == letters[0]:
            written = "".join(map(sound, text))
            if one_slip(letters, written):
                yield _SCORES["pinyin_typing"], "pinyin_typing", f"与“{text}”的拼音差一个字母"


@dataclass(frozen=True)
class _English:
    """English words of the registry.

    Attributes:
        words: element -> words of its English name, its id and its English aliases.
        weight: word -> how much it tells; a word of many elements tells little.
        unseen: the weight of a word of none.
    """

    words: Mapping[str, frozenset[str]]
    weight: Mapping[str, float]
    unseen: float

    @classmethod
    def of(cls, elements: Mapping[str, Element]) -> _English:
        words = {
            name: frozenset(
                word for text in (one.english, one.id, *filter(str.isascii, one.aliases)) for word in _words(text)
            )
            for name, one in elements.items()
        }
        counts = Counter(word for known in words.values() for word in known)
        weight = {word: math.log(1 + len(elements) / max(count, _FEW)) for word, count in counts.items()}
        # Somebody who says a word that we do not has said a middling one, not the rarest of all.
        middle = sorted(weight.values())[len(weight) // 2] if weight else 1.0
        return cls(words, weight, middle)

    def hits(self, element: Element, asked: str) -> Iterator[Hit]:
        told = found = 0.0
        known, used = self.words[element.id], set()
        for word in _words(asked):
            likeness, nearest_word = self.nearest(word, known)
            weight = self.weight[nearest_word] if likeness else self.weight.get(word, self.unseen)
            used.add(nearest_word)
            told += weight
            found += weight * likeness
        if told and found / told >= _ENOUGH:
            # Of two names with all the words the one that says least besides: Date of birth, Expected date of birth.
            # A single word is a part of names anyway.
            more = min(len(set(_words(element.english)) - used), 5) if len(_words(asked)) > 1 else 0
            yield round(_SCORES["words"] * found / told) - more, "words", f"英文名 {element.english}"

    def nearest(self, asked: str, known: Collection[str]) -> tuple[float, str]:
        """How like the nearest of some words is, and that word. A word that the registry has is no typing error."""
        if asked in self.weight:
            return (1.0, asked) if asked in known else (0.0, "")
        return max(((_alike(asked, one), one) for one in known), default=(0.0, ""))


def _words(text: str) -> list[str]:
    found = re.findall(r"[a-z0-9]+", comparable(text))
    return [word for word in found if word not in FILLERS] or found


def _alike(asked: str, known: str) -> float:
    """How like two English words are, 0 to 1; 0 for words that nobody would confuse."""
    if asked == known:
        return 1.0
    if min(len(asked), len(known)) < 4:
        return 0.9 if len(asked) == 3 and known.startswith(asked) else 0.0
    if known.startswith(asked):
        return 0.95
    if one_slip(asked, known):
        return 0.9
    if abs(len(asked) - len(known)) > 3 or asked[0] != known[0]:
        return 0.0
    ratio = SequenceMatcher(None, asked, known).ratio()
    return ratio if ratio >= 0.8 else 0.0
