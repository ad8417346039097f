"""Names of persons, drawn whole columns at a time from the tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.demo.chance import choose, stream
from yibiao.demo.name_tables import DOTTED, ERAS, FEMALE, MALE, PLAIN_MINORITY, RARE, SURNAMES

SURNAME_LIST = list(SURNAMES)
_SURNAME_WEIGHTS = list(SURNAMES.values())
_GIVEN = sorted({character for group in (*MALE, *FEMALE, RARE) for character in group})
_PLACE = {character: place for place, character in enumerate(_GIVEN)}


def draw_surnames(rng: np.random.Generator, size: int) -> np.ndarray:
    """Indices into `SURNAME_LIST`."""
    return choose(rng, _SURNAME_WEIGHTS, size).astype(np.int32)


def draw_given(rng: np.random.Generator, sex: np.ndarray, year: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two given characters per person as indices into the character table; the second is -1 for a single one.

    Args:
        sex: 1 male, 2 female.
        year: year of birth.
    """
    size = len(sex)
    first, second = np.empty(size, np.int32), np.empty(size, np.int32)
    era = np.searchsorted(ERAS, year, side="right")
    single = rng.random(size) < np.array([0.12, 0.33, 0.36, 0.07])[era]
    for sex_code, tables in ((1, MALE), (2, FEMALE)):
        for number, characters in enumerate(tables):
            rows = np.flatnonzero((sex == sex_code) & (era == number))
            places = np.array([_PLACE[character] for character in characters], dtype=np.int32)
            weights = 1.0 / (np.arange(len(places)) + 6.0)
            first[rows] = places[choose(rng, weights, len(rows))]
            second[rows] = places[choose(rng, weights, len(rows))]
    rare = np.flatnonzero(rng.random(size) < 0.0015)
    rare_places = np.array([_PLACE[character] for character in RARE], dtype=np.int32)
    first[rare] = rare_places[rng.integers(0, len(rare_places), len(rare))]
    second[single] = -1
    return first, second


def compose(
    rng: np.random.Generator,
    surname: np.ndarray,
    given: tuple[np.ndarray, np.ndarray],
    sex: np.ndarray,
    ethnicity: pa.Array,
) -> pa.Array:
    """Whole names as Arrow strings, minority names by their own customs (with `·` where custom has it)."""
    characters = pa.array(_GIVEN)
    family = pa.array(SURNAME_LIST).take(pa.array(surname))
    one = characters.take(pa.array(given[0]))
    two = characters.take(pa.array(given[1], mask=given[1] < 0))
    names = pc.binary_join_element_wise(family, one, pc.fill_null(two, ""), "")
    own_custom = _minority(rng, sex, ethnicity)
    return pc.coalesce(own_custom, names)


def _minority(rng: np.random.Generator, sex: np.ndarray, ethnicity: pa.Array) -> pa.Array:
    names = np.full(len(sex), None, dtype=object)
    code = ethnicity.to_numpy(zero_copy_only=False)
    for group, (male, female, other) in DOTTED.items():
        rows = np.flatnonzero(code == group)
        own = np.where(sex[rows] == 1, _some(rng, male, len(rows)), _some(rng, female, len(rows)))
        rest = _some(rng, other, len(rows))
        pair = (rest, own) if group == "07" else (own, rest)
        names[rows] = pair[0] + "·" + pair[1]
    for group, (male, female) in PLAIN_MINORITY.items():
        rows = np.flatnonzero((code == group) & (rng.random(len(code)) < 0.7))
        parts = [np.where(sex[rows] == 1, _some(rng, male, len(rows)), _some(rng, female, len(rows))) for _ in "12"]
        both = (rng.random(len(rows)) < 0.7) & (parts[0] != parts[1])
        names[rows] = np.where(both, parts[0] + parts[1], parts[0])
    return pa.array(names, pa.string())


def _some(rng: np.random.Generator, table: tuple[str, ...], size: int) -> np.ndarray:
    return np.array(table, dtype=object)[rng.integers(0, len(table), size)]


def made_up(seed: int, purpose: str, size: int) -> list[str]:
    """Names for people outside the registers (doctors, grid workers): the same list for the same purpose."""
    rng = stream(seed, f"names/{purpose}")
    sex = rng.integers(1, 3, size).astype(np.int8)
    year = rng.integers(1965, 1998, size)
    ethnicity = pa.array(["01"]).take(pa.array(np.zeros(size, dtype=np.int64)))
    names = compose(rng, draw_surnames(rng, size), draw_given(rng, sex, year), sex, ethnicity)
    return names.to_pylist()
