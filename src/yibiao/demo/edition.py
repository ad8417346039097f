"""The district as it is at the end of one monthly edition: who is there, where they live, what holds for them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from yibiao.demo.families import (
    CHILDREN,
    FATHER,
    FIRST_DAY,
    GRANDCHILD,
    HEAD,
    LODGER,
    MOTHER,
    SPOUSE,
)
from yibiao.demo.numbers import ages
from yibiao.demo.world import World

MAXIMUM = 12
"""Editions the world knows the future of."""

_FIRST_MONTH = np.datetime64("2026-01", "M")


def edition_name(number: int) -> str:
    """`2026-01` for edition 0."""
    return str(_FIRST_MONTH + number)


class Edition:
    """State at the end of month `number` (0 is 2026-01). Arrays have one entry per row of the world's tables."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.number, self.name = world, number, edition_name(number)
        month = _FIRST_MONTH + number
        self.first_day = int(month.astype("datetime64[D]").astype(int))
        self.last_day = int((month + 1).astype("datetime64[D]").astype(int)) - 1
        # The first delivery of an events report covers the year before as well.
        self.events_from = self.first_day - 365 if number == 0 else self.first_day
        assert self.first_day >= FIRST_DAY
        self.memo: dict[str, Any] = {}

    @cached_property
    def alive(self) -> np.ndarray:
        """Born and not dead."""
        families = self.world.families
        return (self.world.residents.birth <= self.last_day) & (families.death > self.last_day)

    @cached_property
    def stays(self) -> np.ndarray:
        """Persons whose household belongs to the district now: registered here, or floating and not gone."""
        families = self.world.families
        here = (families.arrive <= self.last_day) & (families.leave > self.last_day)
        return here[families.household]

    @cached_property
    def local(self) -> np.ndarray:
        """Persons with a household registration in the district."""
        return ~self.world.families.floating[self.world.families.household]

    @cached_property
    def present(self) -> np.ndarray:
        """Alive and part of the district."""
        return self.alive & self.stays

    @cached_property
    def age(self) -> np.ndarray:
        return ages(self.world.residents.birth, self.last_day)

    @cached_property
    def home(self) -> np.ndarray:
        """Address-book entry per household."""
        homes = self.world.homes
        return np.where((homes.move > self.last_day) & (homes.former >= 0), homes.former, homes.home)

    @cached_property
    def former_home(self) -> np.ndarray:
        """Address-book entry a household lived at before, -1 if it has not moved yet."""
        homes = self.world.homes
        return np.where(homes.move > self.last_day, -1, homes.former)

    @cached_property
    def residence(self) -> np.ndarray:
        """Address-book entry where each person lives."""
        homes = self.world.homes
        return np.where(homes.away >= 0, homes.away, self.home[self.world.families.household])

    @cached_property
    def former_residence(self) -> np.ndarray:
        """Address-book entry a person lived at before, -1 for none: those away have left the family home."""
        homes, household = self.world.homes, self.world.families.household
        before = np.where(homes.away >= 0, self.home[household], self.former_home[household])
        return np.where(before == self.residence, -1, before)

    @cached_property
    def community(self) -> np.ndarray:
        """Community per person: of the home, or of the family's home for those who live outside, or registered."""
        dwellings = self.world.places.dwellings
        families, homes = self.world.families, self.world.homes
        place = self.residence
        for fallback in (self.home[families.household], homes.registered[families.household]):
            place = np.where(place < dwellings, place, fallback)
        return np.where(place < dwellings, self.world.places.community[np.minimum(place, dwellings - 1)], 0)

    @cached_property
    def changed(self) -> np.ndarray:
        """Day of the latest known change of a person: birth, move; no later than the edition."""
        homes, families = self.world.homes, self.world.families
        moved = homes.move[families.household]
        latest = np.maximum(self.world.residents.birth, np.where(moved <= self.last_day, moved, 0))
        arrived = families.arrive[families.household]
        return np.maximum(latest, np.where(arrived <= self.last_day, arrived, 0))

    @cached_property
    def phone(self) -> np.ndarray:
        """Eight digits of the mobile phone, -1 for none."""
        traits = self.world.traits
        old = (traits.phone_since > self.last_day) & (traits.former_phone >= 0)
        return np.where(old, traits.former_phone, traits.phone)

    @cached_property
    def former_phone(self) -> np.ndarray:
        traits = self.world.traits
        return np.where(traits.phone_since > self.last_day, -1, traits.former_phone)

    @cached_property
    def employer(self) -> np.ndarray:
        """Row of the employing organisation, -1 for none."""
        traits = self.world.traits
        old = (traits.employed_since > self.last_day) & (traits.former_employer >= 0)
        return np.where(old, traits.former_employer, traits.employer)

    @cached_property
    def former_employer(self) -> np.ndarray:
        traits = self.world.traits
        return np.where(traits.employed_since > self.last_day, -1, traits.former_employer)

    @cached_property
    def marital(self) -> np.ndarray:
        """GB/T 2261.2 code per person."""
        families = self.world.families
        wedding, divorce = (days[families.household] for days in (families.wedding, families.divorce))
        couple = np.isin(families.kind, (HEAD, SPOUSE)) & (families.spouse >= 0)
        other = np.maximum(families.spouse, 0)
        widowed = families.death[other] <= self.last_day
        of_couple = np.select([wedding > self.last_day, divorce <= self.last_day, widowed], [10, 40, 30], 20)
        elders = np.isin(families.kind, (FATHER, MOTHER)) & (families.spouse >= 0)
        out = np.where(elders, np.where(widowed, 30, 20), self.world.traits.settled_marital)
        return np.where(couple, of_couple, out)

    @cached_property
    def head(self) -> np.ndarray:
        """Row of the head per household: the first member alive; its first person if none is."""
        families = self.world.families
        rows = np.where(self.alive, np.arange(families.persons), families.persons)
        found = np.minimum.reduceat(rows, families.first)
        return np.where(found < families.persons, found, families.first)

    @cached_property
    def relation(self) -> np.ndarray:
        """GB/T 4761 code of each person's relation to the head."""
        families = self.world.families
        kind, male = families.kind, families.sex == 1
        out = np.full(families.persons, 99)
        out[kind == SPOUSE] = 10
        child = np.isin(kind, CHILDREN)
        out[child] = np.where(male, 20, 30)[child]
        out[kind == FATHER], out[kind == MOTHER] = 51, 52
        out[kind == GRANDCHILD] = np.where(male, 41, 42)[kind == GRANDCHILD]
        head = self.head[families.household]
        replaced = head != families.first[families.household]
        # When the spouse has become the head, the children remain children and the parents become in-laws.
        by_spouse = replaced & (kind[head] == SPOUSE)
        out[by_spouse & (kind == FATHER)] = 97
        out[by_spouse & (kind == MOTHER)] = 97
        out[replaced & ~by_spouse & (kind != LODGER)] = 97
        out[np.arange(families.persons) == head] = 2
        return out

    @cached_property
    def members(self) -> np.ndarray:
        """Living members per household."""
        return np.add.reduceat((self.alive & self.stays).astype(np.int64), self.world.families.first)

    @cached_property
    def guardian(self) -> np.ndarray:
        """Row of the living mother, father or head of household for persons under 18 or disabled, else -1."""
        families = self.world.families
        out = np.full(families.persons, -1)
        minor = (self.age < 18) | (self.world.traits.disability >= 5)
        for candidate in (self.head[families.household], families.father, families.mother):
            fit = minor & (candidate >= 0) & (candidate != np.arange(families.persons))
            fit &= self.alive[np.maximum(candidate, 0)] & (self.age[np.maximum(candidate, 0)] >= 18)
            out[fit] = candidate[fit]
        return out

    @cached_property
    def residence_status(self) -> np.ndarray:
        """Code of list residence_status: 1 常住, 2 流动, 3 空挂, 4 外出."""
        away = self.world.homes.away >= 0
        return np.where(~self.local, 2, np.where(away, np.where(np.arange(len(away)) % 5 < 3, 4, 3), 1))
