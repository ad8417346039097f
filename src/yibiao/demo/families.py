"""Families of the demo: households from a table of forms, and the sex, birth and kinship of their members.

Everything carries the day on which it begins or ends, so that the district of any edition is a view of one table: a
child exists from its birth, a couple is married from its wedding day, a household lives at its new home from the move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yibiao.demo.chance import choose, stream
from yibiao.demo.numbers import ages

YEAR = 365.25
FIRST_DAY = int(np.datetime64("2026-01-01").astype(int))
"""The first edition begins on this day."""
HORIZON = 365
"""Days after `FIRST_DAY` for which births, deaths, moves and weddings are known: at most twelve monthly editions."""
LAST_DAY = FIRST_DAY + HORIZON

HEAD, SPOUSE, FATHER, MOTHER, CHILD, CHILD_2, CHILD_3, GRANDCHILD, NEWBORN, LODGER = range(10)
CHILDREN = (CHILD, CHILD_2, CHILD_3, NEWBORN)

FORMS: tuple[tuple[float, tuple[float, float, float, float], tuple[int, ...]], ...] = (
    (0.105, (29, 7, 19, 48), (HEAD,)),
    (0.095, (75, 10, 50, 97), (HEAD,)),
    (0.060, (30, 5, 23, 42), (HEAD, SPOUSE)),
    (0.190, (69, 10, 46, 95), (HEAD, SPOUSE)),
    (0.205, (46, 10, 25, 68), (HEAD, SPOUSE, CHILD)),
    (0.115, (41, 7, 27, 58), (HEAD, SPOUSE, CHILD, CHILD_2)),
    (0.018, (39, 5, 30, 52), (HEAD, SPOUSE, CHILD, CHILD_2, CHILD_3)),
    (0.050, (42, 8, 25, 60), (HEAD, CHILD)),
    (0.035, (39, 8, 26, 56), (HEAD, SPOUSE, CHILD, MOTHER)),
    (0.030, (38, 7, 26, 54), (HEAD, SPOUSE, CHILD, FATHER, MOTHER)),
    (0.035, (38, 6, 28, 52), (HEAD, SPOUSE, CHILD, CHILD_2, MOTHER)),
    (0.030, (39, 6, 28, 52), (HEAD, SPOUSE, CHILD, CHILD_2, FATHER, MOTHER)),
    (0.020, (63, 6, 50, 78), (HEAD, SPOUSE, GRANDCHILD)),
    (0.012, (47, 8, 30, 62), (HEAD, SPOUSE, FATHER)),
    (0.015, (45, 10, 27, 64), (HEAD, MOTHER)),
    (0.004, (27, 5, 19, 45), (LODGER,) * 8),
)
"""Share of households, age of the head (mean, deviation, least, most), members in order."""

_COLLECTIVE = len(FORMS) - 1
_FLOATING_WEIGHT = np.array([3.2, 0.1, 3.0, 0.15, 1.2, 0.7, 0.6, 0.7, 0.2, 0.1, 0.2, 0.1, 0.0, 0.1, 0.3, 3.0])
"""How likely each form is among floating households, relative to local ones."""

FLOATING_SHARE = 0.09
"""Share of residents without a household registration in the district."""


@dataclass(frozen=True)
class Families:
    """Households (H rows) and persons (P rows, sorted by household).

    Person columns: `household`, `kind` (one of the constants above), `sex` (1 male, 2 female), `birth`, `death` (days;
    a far day for the living), `spouse`, `mother`, `father` (row numbers, -1 for nobody in the district's records).
    Household columns: `first` (row of its first person), `size`, `form`, `floating`, `arrive`, `leave`, `wedding`,
    `divorce` (days).
    """

    household: np.ndarray
    kind: np.ndarray
    sex: np.ndarray
    birth: np.ndarray
    death: np.ndarray
    spouse: np.ndarray
    mother: np.ndarray
    father: np.ndarray
    first: np.ndarray
    size: np.ndarray
    form: np.ndarray
    floating: np.ndarray
    arrive: np.ndarray
    leave: np.ndarray
    wedding: np.ndarray
    divorce: np.ndarray

    @property
    def persons(self) -> int:
        return len(self.household)

    @property
    def households(self) -> int:
        return len(self.first)

    def collective(self) -> np.ndarray:
        """Whether each household is a dormitory (集体户) rather than a family."""
        return self.form == _COLLECTIVE


NEVER = int(np.datetime64("2200-01-01").astype(int))
LONG_AGO = int(np.datetime64("1900-01-01").astype(int))


def make_families(seed: int, residents: int) -> Families:
    """Families with about `residents` persons alive and present on `FIRST_DAY`."""
    rng = stream(seed, "families")
    form, floating, size = _households(rng, residents)
    count = len(form)
    births, sexes = _births(rng, form)
    newborn = _newborns(rng, form, births, sexes)
    size = size + newborn
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    household = np.repeat(np.arange(count, dtype=np.int32), size)
    slot = np.arange(len(household)) - first[household]
    kinds = _kind_table()
    kind = np.where(
        newborn[household].astype(bool) & (slot == size[household] - 1),
        NEWBORN,
        kinds[form[household], np.minimum(slot, 7)],
    ).astype(np.int8)
    birth = births[kind, household]
    sex = sexes[kind, household]
    lodgers = np.flatnonzero(kind == LODGER)
    lodger_age = np.minimum(18.1 + rng.gamma(2.0, 4.2, len(lodgers)), 50 + 9 * rng.random(len(lodgers)))
    birth[lodgers] = FIRST_DAY - (lodger_age * YEAR).astype(np.int64)
    sex[lodgers] = rng.integers(1, 3, len(lodgers))
    birth = np.clip(birth, LONG_AGO, LAST_DAY)
    spouse, mother, father = _kinship(kind, sex, household, first, form)
    arrive, leave = _stays(rng, floating)
    wedding = _weddings(rng, births, form)
    return Families(
        household,
        kind,
        sex.astype(np.int8),
        birth.astype(np.int32),
        _deaths(rng, birth),
        spouse,
        mother,
        father,
        first.astype(np.int32),
        size.astype(np.int8),
        form.astype(np.int8),
        floating,
        arrive,
        leave,
        wedding,
        _divorces(rng, wedding, form),
    )


def _households(rng: np.random.Generator, residents: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Form, floating flag and size of enough households for `residents` persons."""
    weights = np.array([form[0] for form in FORMS])
    sizes = np.array([len(form[2]) for form in FORMS])
    parts = []
    # Floating households include those who arrive or leave within the horizon: about an eighth is away on a given day.
    for share, likely, is_floating in (
        (1 - FLOATING_SHARE, weights, False),
        (FLOATING_SHARE * 1.14, weights * _FLOATING_WEIGHT, True),
    ):
        wanted = round(residents * share * 1.004)
        mean = (likely * sizes).sum() / likely.sum()
        form = choose(rng, likely, int(wanted / mean * 1.03) + 20)
        enough = int(np.searchsorted(np.cumsum(sizes[form]), wanted)) + 1
        parts.append((form[:enough], np.full(enough, is_floating)))
    form = np.concatenate([part[0] for part in parts])
    floating = np.concatenate([part[1] for part in parts])
    order = rng.permutation(len(form))
    form, floating = form[order], floating[order]
    return form, floating, sizes[form]


def _kind_table() -> np.ndarray:
    table = np.zeros((len(FORMS), 8), dtype=np.int8)
    for row, (_, _, members) in enumerate(FORMS):
        table[row, : len(members)] = members
    return table


def _births(rng: np.random.Generator, form: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Birth day and sex by (kind, household) for every kind, used or not."""
    count = len(form)
    births = np.full((10, count), LONG_AGO, dtype=np.int64)
    sexes = np.ones((10, count), dtype=np.int8)
    mean, deviation, least, most = (np.array([row[1][column] for row in FORMS])[form] for column in range(4))

    def days(years: np.ndarray) -> np.ndarray:
        return (years * YEAR).astype(np.int64)

    head_age = np.clip(rng.normal(mean, deviation), least + rng.random(count), most + rng.random(count))
    births[HEAD] = FIRST_DAY - days(head_age)
    has_spouse = np.array([SPOUSE in row[2] for row in FORMS])[form]
    sexes[HEAD] = np.where(rng.random(count) < np.where(has_spouse, 0.8, 0.47), 1, 2)
    sexes[SPOUSE] = 3 - sexes[HEAD]
    older = np.where(sexes[HEAD] == 1, 2.0, -2.0) + rng.normal(0, 2.6, count)
    grown = FIRST_DAY - days(20.2 + rng.random(count) * 2.5)
    births[SPOUSE] = np.minimum(births[HEAD] + days(older), grown)
    mother = np.where(has_spouse & (sexes[HEAD] == 1), births[SPOUSE], births[HEAD])
    father = np.where(has_spouse & (sexes[HEAD] == 1), births[HEAD], births[SPOUSE])
    ready = np.maximum(mother, np.where(has_spouse, father, LONG_AGO)) + days(np.full(count, 18.5))
    wish = mother + days(np.clip(rng.normal(27, 4.2, count), 18.6, 42))
    more = np.array([CHILD_2 in row[2] for row in FORMS])[form]
    latest = FIRST_DAY - rng.integers(1, 1500, count) - np.where(more, rng.integers(400, 1500, count), 0)
    births[CHILD] = np.maximum(np.where(wish > latest, ready + rng.random(count) * (latest - ready), wish), ready)
    births[CHILD] = np.minimum(births[CHILD], FIRST_DAY - 1 - rng.integers(0, 300, count))
    for kind, before in ((CHILD_2, CHILD), (CHILD_3, CHILD_2)):
        gap = days(np.clip(rng.normal(3.6, 2.0, count), 1.0, 12))
        room = FIRST_DAY - 1 - births[before]
        gap = np.where(gap > room, (rng.random(count) * room).astype(np.int64), gap)
        # Two births of one mother lie at least ten months apart unless they are twins.
        twins = (gap < 300) | (rng.random(count) < 0.012)
        births[kind] = births[before] + np.where(twins, 0, gap)
    for kind in (CHILD, CHILD_2, CHILD_3, GRANDCHILD):
        sexes[kind] = np.where(rng.random(count) < 0.522, 1, 2)
    births[GRANDCHILD] = FIRST_DAY - days(np.minimum(rng.uniform(0.2, 14, count), np.maximum(head_age - 41, 0.2)))
    births[MOTHER] = births[HEAD] - days(np.clip(rng.normal(25.5, 4, count), 17.5, 43))
    births[FATHER] = births[MOTHER] - days(np.clip(rng.normal(2, 2.5, count), -1.5, 12))
    sexes[FATHER], sexes[MOTHER] = 1, 2
    return births, sexes


def _newborns(rng: np.random.Generator, form: np.ndarray, births: np.ndarray, sexes: np.ndarray) -> np.ndarray:
    """Choose the households that a child is born into within the horizon; fills `births[NEWBORN]`."""
    fertile_forms = np.isin(form, [2, 4])
    mother = np.where(sexes[HEAD] == 2, births[HEAD], births[SPOUSE])
    age = (FIRST_DAY - mother) / YEAR
    births[NEWBORN] = FIRST_DAY + rng.integers(0, HORIZON, len(form))
    rested = (form == 2) | (births[NEWBORN] - births[CHILD] > 420)
    able = fertile_forms & (age > 21) & (age < 38) & rested
    chance = 0.0075 * 2.75 / max(able.mean(), 1e-9)
    sexes[NEWBORN] = rng.integers(1, 3, len(form))
    return (able & (rng.random(len(form)) < chance)).astype(np.int64)


def _kinship(
    kind: np.ndarray, sex: np.ndarray, household: np.ndarray, first: np.ndarray, form: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of spouse, mother and father. Head is slot 0, spouse slot 1 in every form."""
    nobody = np.full(len(kind), -1, dtype=np.int32)
    spouse, mother, father = nobody.copy(), nobody.copy(), nobody.copy()
    head = first[household].astype(np.int32)
    has_spouse = np.array([SPOUSE in row[2] for row in FORMS])[form][household]
    spouse = np.where((kind == HEAD) & has_spouse, head + 1, np.where(kind == SPOUSE, head, spouse))
    partner_above = np.concatenate([[-1], kind[:-1]])
    partner_below = np.concatenate([kind[1:], [-1]])
    rows = np.arange(len(kind), dtype=np.int32)
    spouse = np.where((kind == MOTHER) & (partner_above == FATHER), rows - 1, spouse)
    spouse = np.where((kind == FATHER) & (partner_below == MOTHER), rows + 1, spouse)
    child = np.isin(kind, CHILDREN)
    head_sex = sex[head]
    mother = np.where(child & (head_sex == 2), head, np.where(child & has_spouse, head + 1, mother))
    father = np.where(child & (head_sex == 1), head, np.where(child & has_spouse, head + 1, father))
    mother = np.where(child & (head_sex == 1) & ~has_spouse, -1, mother)
    father = np.where(child & (head_sex == 2) & ~has_spouse, -1, father)
    for parent, target in ((FATHER, father), (MOTHER, mother)):
        found = np.flatnonzero(kind == parent)
        target[first[household[found]]] = found
    return spouse.astype(np.int32), mother.astype(np.int32), father.astype(np.int32)


def _deaths(rng: np.random.Generator, birth: np.ndarray) -> np.ndarray:
    """Day of death for those who die between a year before `FIRST_DAY` and the horizon; rates rise by Gompertz."""
    age = ages(birth, FIRST_DAY)
    yearly = np.clip(0.0002 + 0.00003 * np.exp(0.093 * np.maximum(age, 0)), 0, 0.45)
    when = FIRST_DAY - 365 + rng.random(len(birth)) * (365 + HORIZON)
    dies = (rng.random(len(birth)) < yearly * (365 + HORIZON) / 365) & (when > birth + 20)
    return np.where(dies, when, NEVER).astype(np.int32)


def _stays(rng: np.random.Generator, floating: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days on which floating households come and go; local ones were always here."""
    count = len(floating)
    arrive = np.where(
        rng.random(count) < 0.14,
        FIRST_DAY + rng.integers(0, HORIZON, count),
        FIRST_DAY - 1 - (rng.exponential(4 * 365, count)).astype(np.int64),
    )
    leave = np.where(
        (rng.random(count) < 0.14) & (arrive < FIRST_DAY), FIRST_DAY + rng.integers(0, HORIZON, count), NEVER
    )
    return (
        np.where(floating, arrive, LONG_AGO).astype(np.int32),
        np.where(floating, leave, NEVER).astype(np.int32),
    )


def _weddings(rng: np.random.Generator, births: np.ndarray, form: np.ndarray) -> np.ndarray:
    """Wedding day of each household's couple; some of the childless young ones marry within the horizon."""
    count = len(form)
    grown = np.maximum(births[HEAD], births[SPOUSE]) + int(22 * YEAR)
    wish = grown + (rng.gamma(2.0, 1.6, count) * YEAR).astype(np.int64)
    with_child = np.array([CHILD in row[2] for row in FORMS])[form]
    before = np.where(with_child, births[CHILD] - 280, FIRST_DAY - rng.integers(0, 2500, count))
    wedding = np.maximum(np.minimum(wish, before), np.maximum(births[HEAD], births[SPOUSE]) + int(20 * YEAR))
    soon = (form == 2) & (rng.random(count) < 0.22)
    return np.where(soon, FIRST_DAY - 365 + rng.integers(0, 365 + HORIZON, count), wedding).astype(np.int32)


def _divorces(rng: np.random.Generator, wedding: np.ndarray, form: np.ndarray) -> np.ndarray:
    """Day on which a couple of some years parts, for four in a thousand couples within two years."""
    count = len(form)
    couple = np.array([SPOUSE in row[2] for row in FORMS])[form] & (wedding < FIRST_DAY - 900)
    parts = couple & (rng.random(count) < 0.008)
    return np.where(parts, FIRST_DAY - 365 + rng.integers(0, 365 + HORIZON, count), NEVER).astype(np.int32)
