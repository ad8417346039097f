"""Where the households of the demo live, lived before and are registered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yibiao.demo.chance import stream
from yibiao.demo.families import FIRST_DAY, HORIZON, LONG_AGO, Families
from yibiao.demo.geography import Places

MOVED_BEFORE, MOVES_A_YEAR = 0.42, 0.048
"""Share of households with an earlier home, and of those that move within a year."""


@dataclass(frozen=True)
class Homes:
    """Entries of the address book per household, and what a person adds to them.

    Household columns: `home` from day `move` on, `former` before it (-1: none known), `registered` and
    `former_registered` (户籍地). Person column: `away`, the address entry of those who are registered here and live
    outside, else -1. Dwelling columns: `owner`, a person row (-1: a public owner), and `tenant`, whether it is let.
    """

    home: np.ndarray
    former: np.ndarray
    move: np.ndarray
    registered: np.ndarray
    former_registered: np.ndarray
    away: np.ndarray
    owner: np.ndarray
    tenant: np.ndarray


def dwelling_count(families: Families) -> int:
    """Dwellings to lay out: one for each household and an eighth vacant."""
    return int(families.households * 1.13) + 20


def outside_count(families: Families) -> int:
    """Addresses outside the district, shared by floating people, movers and those away."""
    return max(500, families.households // 4)


def make_homes(seed: int, families: Families, places: Places) -> Homes:
    """Give every household a home, some an earlier one, and every local household a registered address."""
    rng = stream(seed, "homes")
    count, dwellings = families.households, places.dwellings
    outside = len(places.addresses) - dwellings
    order = rng.permutation(dwellings).astype(np.int32)
    home = order[:count]
    moves_later = rng.random(count) < MOVES_A_YEAR
    moved = moves_later | (rng.random(count) < MOVED_BEFORE)
    move = np.where(
        moves_later,
        FIRST_DAY + rng.integers(0, HORIZON, count),
        np.where(moved, FIRST_DAY - 30 - rng.exponential(1500, count).astype(np.int64), LONG_AGO),
    )
    elsewhere = (dwellings + rng.integers(0, outside, count)).astype(np.int32)
    in_district = rng.integers(0, dwellings, count).astype(np.int32)
    in_district = np.where(in_district == home, (in_district + 1) % dwellings, in_district)
    came_from_outside = (rng.random(count) < 0.25) & ~moves_later
    former = np.where(moved, np.where(came_from_outside, elsewhere, in_district), -1)
    kept_old = moved & ~came_from_outside & (rng.random(count) < np.where(moves_later, 0.5, 0.3))
    apart = rng.random(count) < 0.12
    registered = np.where(kept_old, former, np.where(apart, rng.integers(0, dwellings, count), home))
    registered = np.where(families.floating, elsewhere, registered).astype(np.int32)
    former_registered = np.where(rng.random(count) < 0.45, rng.integers(0, dwellings, count), -1)
    former_registered = np.where(former_registered == registered, -1, former_registered).astype(np.int32)
    age = (FIRST_DAY - families.birth) / 365.25
    leaves = ~families.floating[families.household] & (age > 18) & (age < 52) & (rng.random(families.persons) < 0.075)
    away = np.where(leaves, dwellings + rng.integers(0, outside, families.persons), -1).astype(np.int32)
    owner, tenant = _owners(rng, families, home, dwellings)
    return Homes(
        home.astype(np.int32), former.astype(np.int32), move.astype(np.int32), registered, former_registered, away,
        owner, tenant,
    )  # fmt: skip


def _owners(
    rng: np.random.Generator, families: Families, home: np.ndarray, dwellings: int
) -> tuple[np.ndarray, np.ndarray]:
    """Owner (person row, -1 public) and whether it is let, per dwelling: tenants rent from another household's head."""
    local = np.flatnonzero(~families.floating)
    landlord = families.first[local[rng.integers(0, len(local), dwellings)]]
    owner = landlord.copy()
    rents = families.floating | (rng.random(families.households) < 0.06)
    owner[home] = np.where(rents, landlord[home], families.first)
    tenant = np.zeros(dwellings, dtype=bool)
    tenant[home] = rents
    owner[rng.random(dwellings) < 0.03] = -1
    return owner.astype(np.int32), tenant
