"""What the words of a header say beside the name that it is like: signs, whose weight labelled forms teach.

饭店名称 is no name of the registry, and is the organisation's: 饭店 before a name says so in every form. 危险废物
says the opposite. No list has all such words; what forms that people labelled teach about them is weighed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from yibiao.matching.lexicon import Fact, Name
from yibiao.matching.normalise import key, label

_JOINED = re.compile(r"[和及与或、]")
_YEAR = re.compile(r"\d{4}年|上年|去年|本年|近.年|上半年|季度|本月|当年")

EDGE = "|"
"""Stands for the begin and the end of words; no key has it."""


def signs(text: str, fact: Fact, name: Name, home: str | None) -> list[str]:
    """Signs of a header and of what it most likely asks, each once.

    Args:
        text: the innermost header, as printed.
        fact: what it most likely asks.
        name: the name of it that the header is likest.
        home: the entity that its element speaks of; None for what may stand anywhere.
    """
    words = label(text).words
    beside, lacking = pieces(words, name.words)
    found = {f"e {fact.element} {fact.derive or ''}", *(f"l {pair}" for pair in pairs(words))}
    if fact.role:
        found.add(f"r {fact.element} {fact.role}")
    for piece in beside:
        found.update((f"x {piece}", f"o {home or ''} {piece}"))
        if len(piece) > 1:
            found.update(f"b {pair}" for pair in pairs(piece))
    found.update(f"m {piece}" for piece in lacking)
    found.update(_of_form(text, home))
    return sorted(found)


def _of_form(text: str, home: str | None) -> Iterator[str]:
    """Signs of what the words alone do not have: brackets, years, two things that are joined."""
    if _JOINED.search(text):
        yield "j"
        yield f"j {home or ''}"
    if _YEAR.search(text):
        yield "y"
    understood = label(text)
    for inside in understood.inside:
        words = key(inside)
        if words and inside == understood.unit:
            yield f"u {words}"
        elif words:
            yield "i"
            yield f"i {words}"
            yield from (f"i {words[place : place + 2]}" for place in range(len(words) - 1))


@lru_cache(maxsize=50_000)
def pieces(words: str, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Runs of characters that a header has beside a name, and that it lacks: 饭店的名称, 名称 -> 饭店的."""
    beside, lacking = [], []
    here = there = 0
    for block in SequenceMatcher(None, words, name, autojunk=False).get_matching_blocks():
        if block.a > here:
            beside.append(words[here : block.a])
        if block.b > there:
            lacking.append(name[there : block.b])
        here, there = block.a + block.size, block.b + block.size
    return tuple(beside), tuple(lacking)


def pairs(words: str) -> Sequence[str]:
    """Neighbouring characters, the edges among them."""
    edged = f"{EDGE}{words}{EDGE}"
    return [edged[place : place + 2] for place in range(len(edged) - 1)]
