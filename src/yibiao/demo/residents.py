"""Persons of the demo: names, numbers and what they are, by rules of age, sex and family."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from yibiao.demo import names
from yibiao.demo.chance import choose, stream
from yibiao.demo.families import (
    CHILD,
    CHILD_2,
    CHILD_3,
    CHILDREN,
    FATHER,
    FIRST_DAY,
    GRANDCHILD,
    HEAD,
    MOTHER,
    NEWBORN,
    SPOUSE,
    Families,
)
from yibiao.demo.geography import DISTRICT, OTHER_DISTRICTS, Places
from yibiao.demo.homes import Homes
from yibiao.demo.name_tables import ETHNICITIES
from yibiao.demo.numbers import ages, calendar, citizen_numbers

SHARED_NUMBERS = 0.0005
"""Share of citizen numbers that two residents hold: given out twice before records were central (重号)."""

ETHNICITY_CODES = tuple(ETHNICITIES)


@dataclass(frozen=True)
class Residents:
    """P rows. `numbers` is a (P, 18) byte matrix; coded columns hold the standard code as a number, -1 for none."""

    birth: np.ndarray
    numbers: np.ndarray
    names: pa.Array
    region: np.ndarray
    ethnicity: np.ndarray
    shared: np.ndarray
    """Row of the other holder of the same citizen number, or -1."""


def make_residents(seed: int, families: Families, homes: Homes, places: Places) -> Residents:
    """Name every person and give out citizen numbers, a few of them twice."""
    rng = stream(seed, "residents")
    ethnicity = _ethnicities(rng, families)
    region = _regions(rng, families, homes, places)
    birth, shared = _shared(rng, families)
    numbers = citizen_numbers(region, birth, _sequences(region, birth, families.sex))
    second = np.flatnonzero(shared >= 0)[1::2]
    second = _later_of_pairs(shared)
    numbers[second] = numbers[shared[second]]
    region = numbers[:, :6].astype(np.int64) @ 10 ** np.arange(5, -1, -1) - 48 * 111111
    return Residents(birth, numbers, _names(rng, families, ethnicity), region.astype(np.int32), ethnicity, shared)


def _later_of_pairs(shared: np.ndarray) -> np.ndarray:
    rows = np.flatnonzero(shared >= 0)
    return rows[rows > shared[rows]]


def _ethnicities(rng: np.random.Generator, families: Families) -> np.ndarray:
    """Index into `ETHNICITY_CODES` per person; children follow a parent."""
    weights = list(ETHNICITIES.values())
    of_head = choose(rng, weights, families.households)
    mixed = rng.random(families.households) < 0.12
    of_spouse = np.where(mixed, choose(rng, weights, families.households), of_head)
    home = families.household
    own = choose(rng, weights, families.persons)
    follows_head = rng.random(families.persons) < 0.65
    kind = families.kind
    child = np.isin(kind, CHILDREN) | (kind == GRANDCHILD)
    out = np.where(np.isin(kind, (HEAD, FATHER, MOTHER)), of_head[home], own)
    out = np.where(kind == SPOUSE, of_spouse[home], out)
    has_spouse = families.spouse[families.first[home]] >= 0
    of_child = np.where(follows_head | ~has_spouse, of_head[home], of_spouse[home])
    return np.where(child, of_child, out).astype(np.int8)


def _regions(rng: np.random.Generator, families: Families, homes: Homes, places: Places) -> np.ndarray:
    """Six-digit code that each number begins with: where the person was first registered."""
    others = np.array(OTHER_DISTRICTS)
    elsewhere = others[rng.integers(0, len(others), families.persons)]
    age = (FIRST_DAY - families.birth) / 365.25
    local = np.where(rng.random(families.persons) < np.where(age < 14, 0.04, 0.2), elsewhere, DISTRICT)
    outside = np.maximum(homes.registered[families.household] - places.dwellings, 0)
    return np.where(families.floating[families.household], others[places.outside_region[outside]], local)


def _shared(rng: np.random.Generator, families: Families) -> tuple[np.ndarray, np.ndarray]:
    """Birth days and, for a few pairs of the same sex born the same day or almost, the row of the other one."""
    birth = families.birth.astype(np.int32).copy()
    shared = np.full(families.persons, -1, dtype=np.int32)
    order = np.lexsort((rng.random(families.persons), birth, families.sex))
    one, two = order[:-1:2], order[1::2]
    size = min(len(one), len(two))
    one, two = one[:size], two[:size]
    fit = (
        (families.sex[one] == families.sex[two])
        & (np.abs(birth[one] - birth[two]) <= 3)
        & (families.household[one] != families.household[two])
        & (birth[one] < FIRST_DAY - 365 * 25)
    )
    pairs = np.flatnonzero(fit)
    wanted = min(len(pairs), max(1, round(families.persons * SHARED_NUMBERS)))
    chosen = np.sort(rng.permutation(pairs)[:wanted])
    shared[one[chosen]], shared[two[chosen]] = two[chosen], one[chosen]
    birth[two[chosen]] = birth[one[chosen]]
    return birth, shared


def _sequences(region: np.ndarray, birth: np.ndarray, sex: np.ndarray) -> np.ndarray:
    """Three-digit sequence, odd for men, unique within (region, birth day, sex) up to 500 births."""
    group = (region.astype(np.int64) * 100000 + (birth + 40000)) * 2 + sex % 2
    order = np.argsort(group, kind="stable")
    sorted_group = group[order]
    new = np.concatenate([[True], sorted_group[1:] != sorted_group[:-1]])
    start = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - start
    return (group * 37 % 500 + rank) % 500 * 2 + sex % 2


def _names(rng: np.random.Generator, families: Families, ethnicity: np.ndarray) -> pa.Array:
    year, _, _ = calendar(families.birth)
    surname = names.draw_surnames(rng, families.persons)
    home, kind = families.household, families.kind
    of_head = surname[families.first[home]]
    spouse_row = np.minimum(families.first[home] + 1, families.persons - 1)
    has_spouse = families.spouse[families.first[home]] >= 0
    of_spouse = surname[spouse_row]
    head_is_father = families.sex[families.first[home]] == 1
    of_father = np.where(head_is_father, of_head, np.where(has_spouse, of_spouse, of_head))
    of_mother = np.where(head_is_father, np.where(has_spouse, of_spouse, of_head), of_head)
    # Eight of a hundred children bear the mother's family name.
    of_child = np.where(rng.random(families.households)[home] < 0.92, of_father, of_mother)
    child = np.isin(kind, CHILDREN)
    surname = np.where(child, of_child, np.where(kind == FATHER, of_head, surname))
    surname = np.where((kind == GRANDCHILD) & (rng.random(families.persons) < 0.7), of_head, surname)
    first, second = names.draw_given(rng, families.sex, year)
    # Twins, and a quarter of other brothers and sisters, share the character of their generation.
    above = np.arange(families.persons) - 1
    younger = np.isin(kind, (CHILD_2, CHILD_3, NEWBORN)) & np.isin(kind[above], (CHILD, CHILD_2))
    twin = younger & (families.birth == families.birth[above])
    alike = np.flatnonzero(twin | (younger & (rng.random(families.persons) < 0.25)))
    for row_kind in (CHILD_2, CHILD_3, NEWBORN):
        rows = alike[kind[alike] == row_kind]
        first[rows] = first[rows - 1]
    codes = pa.array(ETHNICITY_CODES).take(pa.array(ethnicity))
    return names.compose(rng, surname.astype(np.int32), (first, second), families.sex, codes)


def age_on(residents: Residents, day: int) -> np.ndarray:
    """Completed years per person on `day`; negative before birth."""
    return ages(residents.birth, day)
