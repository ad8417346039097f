"""How sure the fields around a field are: what a registry knows is asked in runs, and so is what it does not know."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, pstdev

from yibiao.matching.lexicon import Fact

NEAR, WIDE = 2, 12
"""Fields on each side that are looked at closely, and from afar."""

AROUND = (
    "near_mean",
    "near_least",
    "near_most",
    "before",
    "behind",
    "wide_mean",
    "wide_spread",
    "fields",
    "same_elsewhere",
)
"""Figures of what stands around a field."""

NONE = -1.0
"""Stands for: there is no such field."""


def around(chances: Sequence[float], facts: Sequence[Fact]) -> list[list[float]]:
    """Figures by `AROUND` of each field of a form, in order.

    Args:
        chances: of each field, how likely its best candidate is what it asks, by what is known of it alone.
        facts: these candidates.
    """
    found = []
    for place, fact in enumerate(facts):
        near = _beside(chances, place, NEAR)
        wide = _beside(chances, place, WIDE)
        like = range(max(0, place - WIDE), min(len(facts), place + 1 + WIDE))
        same = [chances[at] for at in like if at != place and facts[at] == fact]
        found.append(
            [
                *((fmean(near), min(near), max(near)) if near else (NONE, NONE, NONE)),
                chances[place - 1] if place else NONE,
                chances[place + 1] if place + 1 < len(chances) else NONE,
                *((fmean(wide), pstdev(wide)) if wide else (NONE, NONE)),
                float(len(chances)),
                max(same, default=NONE),
            ]
        )
    return found


def _beside(chances: Sequence[float], place: int, many: int) -> list[float]:
    return [*chances[max(0, place - many) : place], *chances[place + 1 : place + 1 + many]]
