"""Benefits of the demo: who is entitled to what, since when, and when the payment really stopped.

Payment should stop at death. It stops when the department hears of it: mostly within weeks, sometimes never. That gap
is what a shared dataset finds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yibiao.demo.chance import stream
from yibiao.demo.families import FIRST_DAY, HORIZON, LODGER, NEVER, Families
from yibiao.demo.homes import Homes
from yibiao.demo.numbers import ages
from yibiao.demo.traits import Traits

LOW_INCOME, ELDERLY, FARMLAND, RENTAL, PREFERENTIAL = 1, 2, 3, 4, 5
"""Codes of list benefit_type as numbers."""

NEVER_STOPPED = 0.035
"""Share of deaths of recipients that the paying department never hears of."""


@dataclass(frozen=True)
class Benefits:
    """B rows, sorted by kind. `resident`, `household` and `dwelling` (-1: none) are row numbers, days as usual.

    `amount` is 元 a month (for farmland the yearly sum), `area` 亩, `number` counts within its kind.
    """

    kind: np.ndarray
    resident: np.ndarray
    household: np.ndarray
    dwelling: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    amount: np.ndarray
    area: np.ndarray
    number: np.ndarray

    @property
    def count(self) -> int:
        return len(self.kind)

    def of(self, kind: int) -> np.ndarray:
        """Rows of one kind."""
        return np.flatnonzero(self.kind == kind)


def make_benefits(
    seed: int, families: Families, birth: np.ndarray, traits: Traits, homes: Homes, rural_household: np.ndarray
) -> Benefits:
    """Grant benefits by rule; `rural_household` marks households registered in a village."""
    rng = stream(seed, "benefits")
    local = ~families.floating
    head = families.first
    age = ages(birth, FIRST_DAY)
    parts = [
        _low_income(rng, families, local, age[head]),
        _elderly(rng, families, birth, local),
        _farmland(rng, local & rural_household, head),
        _rental(rng, families, homes, head),
        _preferential(rng, traits, birth, local[families.household]),
    ]
    kind = np.concatenate([np.full(len(part[0]), code) for code, part in enumerate(parts, start=1)])
    resident, household, dwelling, start, amount, area = (
        np.concatenate([part[column] for part in parts]) for column in range(6)
    )
    household = np.where(household < 0, families.household[resident], household)
    number = np.concatenate([np.arange(len(part[0])) for part in parts])
    heard = np.where(rng.random(len(kind)) < NEVER_STOPPED, 4000, rng.exponential(38, len(kind)) + 3)
    at_death = np.minimum(families.death[resident].astype(np.int64) + heard.astype(np.int64), NEVER)
    withdrawn = rng.random(len(kind)) < np.where(kind == LOW_INCOME, 0.12, np.where(kind == RENTAL, 0.08, 0.002))
    stop = np.where(withdrawn, FIRST_DAY - 45 + rng.integers(0, 45 + HORIZON, len(kind)), NEVER)
    return Benefits(
        kind.astype(np.int8),
        resident.astype(np.int32),
        household.astype(np.int32),
        dwelling.astype(np.int32),
        start.astype(np.int32),
        np.maximum(np.minimum(stop, at_death), start + 30).astype(np.int32),
        amount.astype(np.float64),
        area.astype(np.float64),
        number.astype(np.int32),
    )


_Part = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _part(
    resident: np.ndarray,
    start: np.ndarray,
    amount: np.ndarray,
    *,
    dwelling: np.ndarray | None = None,
    area: np.ndarray | None = None,
) -> _Part:
    none = np.full(len(resident), -1)
    zero = np.zeros(len(resident))
    return resident, none, none if dwelling is None else dwelling, start, amount, zero if area is None else area


def _past(rng: np.random.Generator, size: int, days: float) -> np.ndarray:
    """Start days before the first edition, and one in twelve within the horizon."""
    before = FIRST_DAY - 40 - rng.exponential(days, size).astype(np.int64)
    return np.where(rng.random(size) < 0.08, FIRST_DAY + rng.integers(0, HORIZON, size), before)


def _low_income(rng: np.random.Generator, families: Families, local: np.ndarray, head_age: np.ndarray) -> _Part:
    single_or_old = np.isin(families.form, (1, 7, 12, 14)) | (head_age > 70)
    poor = local & (rng.random(families.households) < np.where(single_or_old, 0.085, 0.025)) & (head_age >= 18)
    poor &= families.kind[families.first] != LODGER
    chosen = np.flatnonzero(poor)
    per_person = rng.integers(36, 78, len(chosen)) * 10
    return _part(families.first[chosen], _past(rng, len(chosen), 1100), per_person * families.size[chosen])


def _elderly(rng: np.random.Generator, families: Families, birth: np.ndarray, local: np.ndarray) -> _Part:
    eightieth = birth + 29220
    entitled = local[families.household] & (eightieth < FIRST_DAY + HORIZON) & (families.death > eightieth + 60)
    chosen = np.flatnonzero(entitled & (rng.random(families.persons) < 0.93))
    start = eightieth[chosen] + rng.integers(1, 60, len(chosen))
    age = ages(birth[chosen], FIRST_DAY)
    return _part(chosen, start, np.where(age >= 100, 500, np.where(age >= 90, 200, 100)))


def _farmland(rng: np.random.Generator, rural: np.ndarray, head: np.ndarray) -> _Part:
    chosen = np.flatnonzero(rural & (rng.random(len(rural)) < 0.96))
    area = np.round(np.clip(rng.gamma(3.2, 1.9, len(chosen)), 0.3, 40), 2)
    return _part(head[chosen], np.full(len(chosen), FIRST_DAY - 3000), np.round(area * 88.5, 2), area=area)


def _rental(rng: np.random.Generator, families: Families, homes: Homes, head: np.ndarray) -> _Part:
    rents = homes.tenant[homes.home] & (families.size < 6)
    chosen = np.flatnonzero(rents & (rng.random(families.households) < 0.17))
    start = np.minimum(np.maximum(homes.move[chosen], FIRST_DAY - 1000), _past(rng, len(chosen), 500))
    amount = rng.integers(15, 60, len(chosen)) * 10
    return _part(head[chosen], start, amount, dwelling=homes.home[chosen])


def _preferential(rng: np.random.Generator, traits: Traits, birth: np.ndarray, local: np.ndarray) -> _Part:
    chosen = np.flatnonzero((traits.veteran > 0) & local)
    sixtieth = birth[chosen] + 21915 + rng.integers(1, 90, len(chosen))
    start = np.where(traits.veteran[chosen] == 51, sixtieth, np.minimum(_past(rng, len(chosen), 2500), FIRST_DAY - 200))
    keep = start < FIRST_DAY + HORIZON
    amount = np.where(traits.veteran[chosen] == 51, 640, rng.integers(70, 240, len(chosen)) * 10)
    return _part(chosen[keep], start[keep], amount[keep])
