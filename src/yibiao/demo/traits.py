"""What the persons of the demo are and do: schooling, work, health, phones; one coded column each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yibiao.demo.chance import choose, stream
from yibiao.demo.families import CHILDREN, FIRST_DAY, GRANDCHILD, HORIZON, LODGER, NEVER, Families
from yibiao.demo.numbers import ages, calendar

PHONE_PREFIX = b"154"
"""A mobile prefix that no operator has been given, so that no phone of the demo rings anywhere."""


@dataclass(frozen=True)
class Traits:
    """Person columns; codes as numbers (0 or -1: none), days since 1970-01-01, phones as the eight digits after 154.

    `phone` is used from day `phone_since` on, `former_phone` before; -1 for people without a phone. `employer` from
    `employed_since` on, `former_employer` before: row numbers of organisations, -1 for none. `settled_marital` is the
    marital status of those who are not one of a couple in these records.
    """

    education: np.ndarray
    political: np.ndarray
    settled_marital: np.ndarray
    hukou: np.ndarray
    phone: np.ndarray
    former_phone: np.ndarray
    phone_since: np.ndarray
    employment: np.ndarray
    employer: np.ndarray
    former_employer: np.ndarray
    employed_since: np.ndarray
    pension: np.ndarray
    insurance: np.ndarray
    disability: np.ndarray
    disability_grade: np.ndarray
    veteran: np.ndarray
    blood: np.ndarray
    disease: np.ndarray
    stage: np.ndarray
    school: np.ndarray


_ADULT_EDUCATION = {
    1950: {90: 0.3, 80: 0.42, 70: 0.18, 60: 0.06, 30: 0.03, 20: 0.01},
    1970: {90: 0.05, 80: 0.3, 70: 0.4, 60: 0.14, 40: 0.05, 30: 0.04, 20: 0.02},
    1985: {90: 0.01, 80: 0.14, 70: 0.41, 60: 0.12, 40: 0.1, 30: 0.12, 20: 0.09, 10: 0.01},
    9999: {80: 0.02, 70: 0.24, 60: 0.11, 40: 0.12, 30: 0.22, 20: 0.25, 10: 0.04},
}
"""Born before -> highest schooling (GB/T 4658) -> share."""

STAGES = ("小学", "初中", "普通高中", "中职")
STAGE_EDUCATION = (80, 70, 60, 40)


def make_traits(seed: int, families: Families, birth: np.ndarray, rural: np.ndarray, organisations: int) -> Traits:
    """Traits of every person; `rural` says who is registered in a village, `organisations` how many employ people."""
    rng = stream(seed, "traits")
    count = families.persons
    age = ages(birth, FIRST_DAY)
    stage, school = _schooling(rng, birth, age)
    education = _education(rng, birth, age, stage)
    employment = _employment(rng, age, families.sex, rural, stage)
    employer = np.where(np.isin(employment, (1,)), _employers(rng, organisations, count), -1)
    changed = rng.random(count) < 0.34
    horizon = rng.random(count) < 0.3
    since = np.where(
        changed & horizon,
        FIRST_DAY + rng.integers(0, HORIZON, count),
        FIRST_DAY - 20 - rng.exponential(1400, count).astype(np.int64),
    )
    since = np.maximum(since, birth + 17 * 365)
    phone_age = rng.random(count)
    has_phone = np.where(
        age < 12, False, np.where(age < 16, phone_age < 0.7, np.where(age > 74, phone_age < 0.8, True))
    )
    new_phone = rng.random(count) < 0.3
    later = rng.random(count) < 0.2
    phone_since = np.where(
        new_phone & later,
        FIRST_DAY + rng.integers(0, HORIZON, count),
        FIRST_DAY - rng.exponential(1500, count).astype(np.int64),
    )
    rows = np.arange(count, dtype=np.int64)
    disability = np.where(
        rng.random(count) < np.where(age > 60, 0.055, 0.015),
        choose(rng, [0.13, 0.16, 0.02, 0.42, 0.11, 0.11, 0.05], count) + 1,
        0,
    )
    veteran = np.where(
        (families.sex == 1) & (rng.random(count) < np.where(age >= 60, 0.1, np.where(age > 45, 0.008, 0.0))),
        np.array([11, 22, 31, 32, 41, 42, 51, 61])[choose(rng, [8, 2, 2, 14, 12, 4, 54, 4], count)],
        0,
    )
    veteran = np.where((veteran == 51) & ~rural, 41, veteran)
    return Traits(
        education=education.astype(np.int8),
        political=_political(rng, age).astype(np.int8),
        settled_marital=_marital(rng, families, age).astype(np.int8),
        hukou=_hukou(families, rural).astype(np.int8),
        phone=np.where(has_phone, phone_digits(rows * 2), -1),
        former_phone=np.where(has_phone & new_phone, phone_digits(rows * 2 + 1), -1),
        phone_since=phone_since.astype(np.int32),
        employment=employment.astype(np.int8),
        employer=employer.astype(np.int32),
        former_employer=np.where((employer >= 0) & changed, _employers(rng, organisations, count), -1).astype(np.int32),
        employed_since=np.minimum(since, NEVER).astype(np.int32),
        pension=_pension(rng, age, employment, stage).astype(np.int8),
        insurance=_insurance(rng, employment).astype(np.int16),
        disability=disability.astype(np.int8),
        disability_grade=np.where(disability > 0, choose(rng, [0.15, 0.28, 0.27, 0.3], count) + 1, 0).astype(np.int8),
        veteran=veteran.astype(np.int8),
        blood=(choose(rng, [0.28, 0.24, 0.31, 0.09, 0.08], count) + 1).astype(np.int8),
        disease=_disease(rng, age).astype(np.int8),
        stage=stage.astype(np.int8),
        school=school.astype(np.int32),
    )


def phone_digits(numbers: np.ndarray) -> np.ndarray:
    """Spread numbers over the eight digits, one to one (the factor is prime to 10)."""
    return (numbers * 7368787 + 12345678) % 100_000_000


def _schooling(rng: np.random.Generator, birth: np.ndarray, age: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stage (index into `STAGES`, -1 for none) and a number that picks the school; school years begin in September."""
    year, month, _ = calendar(birth)
    school_age = 2025 - year - (month > 8)
    count = len(birth)
    senior = np.where(rng.random(count) < 0.6, 2, 3)
    stage = np.select(
        [
            (school_age >= 6) & (school_age < 12),
            (school_age >= 12) & (school_age < 15),
            (school_age >= 15) & (school_age < 18),
        ],
        [0, 1, senior],
        -1,
    )
    leaves = (stage >= 2) & (rng.random(count) < 0.12)
    return np.where(leaves, -1, stage), rng.integers(0, 1 << 30, count)


def _education(rng: np.random.Generator, birth: np.ndarray, age: np.ndarray, stage: np.ndarray) -> np.ndarray:
    year, _, _ = calendar(birth)
    out = np.zeros(len(birth), dtype=np.int64)
    done = np.zeros(len(birth), dtype=bool)
    for before, shares in _ADULT_EDUCATION.items():
        rows = np.flatnonzero(~done & (year < before))
        out[rows] = np.array(list(shares))[choose(rng, list(shares.values()), len(rows))]
        done[rows] = True
    out = np.where((age < 22) & (out <= 20), 30, out)
    out = np.where(age < 19, np.where(rng.random(len(age)) < 0.7, 60, 70), out)
    out = np.where(age < 15, 80, out)
    out = np.where(stage >= 0, np.array(STAGE_EDUCATION)[np.maximum(stage, 0)], out)
    return np.where(age < 6, 0, out)


def _political(rng: np.random.Generator, age: np.ndarray) -> np.ndarray:
    member = rng.random(len(age))
    out = np.where((age >= 22) & (member < 0.085), 1, 13)
    out = np.where((age >= 20) & (member > 0.997), 2, out)
    out = np.where((age >= 14) & (age <= 28) & (out == 13) & (member < 0.45), 3, out)
    out = np.where((age >= 35) & (member > 0.992) & (member < 0.996), 5, out)
    return np.where(age < 14, 0, out)


def _marital(rng: np.random.Generator, families: Families, age: np.ndarray) -> np.ndarray:
    luck = rng.random(len(age))
    alone_young = np.where(
        age < 30, np.where(luck < 0.93, 10, 40), np.where(luck < 0.5, 10, np.where(luck < 0.93, 40, 30))
    )
    alone_old = np.where(luck < 0.7, 30, np.where(luck < 0.85, 40, 10))
    out = np.where(age >= 50, alone_old, alone_young)
    parent = np.where(luck < 0.65, 40, np.where(luck < 0.92, 30, 10))
    single_parent = np.isin(families.form[families.household], (7,)) & (families.kind == 0)
    out = np.where(single_parent, parent, out)
    elder = np.isin(families.kind, (2, 3))
    out = np.where(elder & (families.spouse < 0), np.where(luck < 0.85, 30, 40), out)
    child = np.isin(families.kind, (*CHILDREN, GRANDCHILD, LODGER))
    return np.where(child | (age < 22), 10, out)


def _hukou(families: Families, rural: np.ndarray) -> np.ndarray:
    collective = families.collective()[families.household]
    return np.where(collective, np.where(rural, 6, 5), np.where(rural, 3, 2))


def _employment(
    rng: np.random.Generator, age: np.ndarray, sex: np.ndarray, rural: np.ndarray, stage: np.ndarray
) -> np.ndarray:
    luck = rng.random(len(age))
    town = np.select([luck < 0.66, luck < 0.7, luck < 0.87], [1, 2, 3], 6)
    country = np.select([luck < 0.38, luck < 0.41, luck < 0.6, luck < 0.93], [1, 2, 3, 7], 6)
    out = np.where(rural, country, town)
    pension_age = np.where(sex == 1, 60, 55)
    old = np.where(rural & (luck < 0.8), np.where(age < 75, 7, 6), np.where(luck < 0.85, 4, 6))
    out = np.where(age >= pension_age, old, out)
    out = np.where((age < 22) & (luck < np.where(age < 19, 0.85, 0.55)), 5, out)
    out = np.where(stage >= 0, 5, out)
    return np.where(age < 16, 0, out)


def _employers(rng: np.random.Generator, organisations: int, count: int) -> np.ndarray:
    """Few organisations employ many: the place in the list falls off as a power."""
    return np.minimum((organisations * rng.random(count) ** 2.2).astype(np.int64), organisations - 1)


def _pension(rng: np.random.Generator, age: np.ndarray, employment: np.ndarray, stage: np.ndarray) -> np.ndarray:
    luck = rng.random(len(age))
    out = np.where(employment == 1, np.where(luck < 0.95, 1, 2), np.where(luck < 0.62, 1, np.where(luck < 0.75, 2, 9)))
    out = np.where(age >= 60, np.where(luck < 0.96, 3, 9), np.where((age >= 55) & (employment == 4), 3, out))
    return np.where((age < 16) | (stage >= 0) | (employment == 5), 0, out)


def _insurance(rng: np.random.Generator, employment: np.ndarray) -> np.ndarray:
    luck = rng.random(len(employment))
    staff = np.isin(employment, (1, 4)) & (luck < 0.93)
    out = np.where(staff, np.where((employment == 4) & (luck < 0.004), 340, 310), 390)
    return np.where(luck > 0.965, 0, out)


def _disease(rng: np.random.Generator, age: np.ndarray) -> np.ndarray:
    luck = rng.random(len(age))
    sick = luck < np.select([age >= 75, age >= 60, age >= 45, age >= 30], [0.62, 0.45, 0.2, 0.05], 0.008)
    return np.where(sick, choose(rng, [46, 21, 9, 5, 3, 4, 2, 1, 4, 0.5, 0.5, 4], len(age)) + 2, 1)
