"""How like two names are: shared characters by what they tell, bigrams, typing errors, sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from yibiao.pinyin import sound


@dataclass(frozen=True)
class Likeness:
    """Figures from 0 to 1.

    Attributes:
        told: part of the weight of the asked words that the name has, in its order.
        covered: part of the weight of the name that the asked words have.
        pairs: Dice of the character bigrams, with the ends of the words.
        bag: part of the weight of all characters of both that they share, in whatever order.
        tail: 1 if both end alike (two characters), 0.5 for one.
        typing: 1 if one character differs, is missing, doubled or swapped, and four are there at least.
        sound: 1 if both sound alike.
    """

    told: float
    covered: float
    pairs: float
    bag: float
    tail: float
    typing: float
    sound: float

    @property
    def order(self) -> float:
        """One figure to choose the best name of an element by."""
        return (
            self.told
            + 0.7 * self.covered
            + 0.6 * self.pairs
            + 0.4 * self.bag
            + 0.15 * self.tail
            + 0.5 * self.typing
            + self.sound
        )


def likeness(asked: str, name: str, weight: Mapping[str, float], unseen: float) -> Likeness:
    """How like the words that are asked are to one name."""
    common = _common(asked, name)
    worth = sum([weight.get(character, unseen) for character in common])
    all_asked = sum([weight.get(character, unseen) for character in asked])
    all_name = sum([weight.get(character, unseen) for character in name])
    told, covered = worth / (all_asked or 1.0), worth / (all_name or 1.0)
    # Both words have one pair more than characters.
    of_name = _pair_counts(name)
    both = sum([min(times, of_name[pair]) for pair, times in _pair_counts(asked).items() if pair in of_name])
    pairs = 2 * both / (len(asked) + len(name) + 2)
    of_name = _counts(name)
    shared = 2 * sum(
        [weight.get(one, unseen) * min(times, of_name[one]) for one, times in _counts(asked).items() if one in of_name]
    )
    bag = shared / (all_asked + all_name or 1.0)
    tail = 1.0 if asked[-2:] == name[-2:] else 0.5 if asked[-1:] == name[-1:] else 0.0
    typing = float(min(len(asked), len(name)) >= 3 and max(len(asked), len(name)) >= 4 and one_slip(asked, name))
    sound = float(
        len(asked) == len(name) and len(asked) >= 2 and 2 * len(common) >= len(asked) and _sounds(asked, name)
    )
    return Likeness(told, covered, pairs, bag, tail, typing, sound)


def one_slip(one: str, other: str) -> bool:
    """Does one character differ, is one missing, or are two neighbours swapped?"""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    begin = 0
    while begin < min(len(one), len(other)) and one[begin] == other[begin]:
        begin += 1
    if len(one) == len(other):
        rest = slice(begin + 1, None)
        swapped = one[begin : begin + 2] == other[begin : begin + 2][::-1]
        return one[rest] == other[rest] or (swapped and one[begin + 2 :] == other[begin + 2 :])
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[begin + 1 :] == shorter[begin:]


@lru_cache(maxsize=20_000)
def _pair_counts(text: str) -> Mapping[str, int]:
    padded = f"^{text}$"
    return dict(Counter(padded[place : place + 2] for place in range(len(padded) - 1)))


@lru_cache(maxsize=20_000)
def _counts(text: str) -> Mapping[str, int]:
    return dict(Counter(text))


def _common(one: str, other: str) -> str:
    """The longest common subsequence."""
    above = [""] * (len(other) + 1)
    for character in one:
        if character not in other:
            continue
        row = [""]
        for place, rival in enumerate(other):
            if character == rival:
                row.append(above[place] + character)
            else:
                up, left = above[place + 1], row[-1]
                row.append(up if len(up) >= len(left) else left)
        above = row
    return above[-1]


def _sounds(one: str, other: str) -> bool:
    return one != other and all(a == b or alike_in_sound(a, b) for a, b in zip(one, other, strict=True))


def alike_in_sound(one: str, other: str) -> bool:
    """Are two characters read alike, whatever the tone?"""
    return sound(one) == sound(other)
