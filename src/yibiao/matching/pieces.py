"""Splits words into the pieces whose meaning the model of `yibiao.matching.sense` knows: 户籍地址 -> 户籍, 地址.

A unigram language model of pieces (Kudo 2018, https://arxiv.org/abs/1804.10959): of all ways to split a text the one
whose pieces are likeliest together.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

LONGEST = 8
"""Characters of a piece."""

KEPT = 50_000
"""Texts whose pieces are kept: what forms ask comes again and again."""

UNKNOWN_COSTS = 10.0
"""How much less likely than the rarest piece a character is that no piece has."""


class Pieces:
    """Pieces by their number, with what each costs."""

    def __init__(self, texts: Sequence[str], chances: Sequence[float], unknown: int) -> None:
        self._number: Mapping[str, tuple[int, float]] = {
            text: (number, chance) for number, (text, chance) in enumerate(zip(texts, chances, strict=True)) if text
        }
        self._unknown = (unknown, min(chances) - UNKNOWN_COSTS)
        self._kept: dict[str, tuple[int, ...]] = {}

    def of(self, text: str) -> tuple[int, ...]:
        """Numbers of the pieces of a text, in order; blanks are left out."""
        plain = "".join(unicodedata.normalize("NFKC", text).split())
        found = self._kept.get(plain)
        if found is None:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            found = self._kept[plain] = self._split(plain)
        return found

    def _split(self, text: str) -> tuple[int, ...]:
        # The best way to each place, by the best ways to those before it: how likely, from where, by which piece.
        best: list[tuple[float, int, int]] = [(0.0, 0, 0)]
        for end in range(1, len(text) + 1):
            number, cost = self._unknown
            found = (best[end - 1][0] + cost, end - 1, number)
            for begin in range(max(0, end - LONGEST), end):
                known = self._number.get(text[begin:end])
                if known is not None and best[begin][0] + known[1] > found[0]:
                    found = (best[begin][0] + known[1], begin, known[0])
            best.append(found)
        numbers = []
        place = len(text)
        while place:
            _, begin, number = best[place]
            numbers.append(number)
            place = begin
        return tuple(reversed(numbers))
