"""The whole district as one value: what is true, with the days on which it begins and ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yibiao.contracts.values import Schemas
from yibiao.demo import benefits as benefit_rules
from yibiao.demo.benefits import Benefits
from yibiao.demo.families import FIRST_DAY, NEVER, Families, make_families
from yibiao.demo.geography import Places, communities, make_places
from yibiao.demo.homes import Homes, dwelling_count, make_homes, outside_count
from yibiao.demo.numbers import ages
from yibiao.demo.organisations import Organisations, counts, make_organisations
from yibiao.demo.residents import Residents, make_residents
from yibiao.demo.traits import Traits, make_traits


@dataclass(frozen=True)
class World:
    """A district of about `size` residents; equal for equal (schemas' divisions, size, seed)."""

    seed: int
    size: int
    families: Families
    places: Places
    homes: Homes
    residents: Residents
    traits: Traits
    organisations: Organisations
    benefits: Benefits
    rural_household: np.ndarray
    """Whether each household is registered in one of the district's villages."""


def make_world(schemas: Schemas, residents: int, seed: int) -> World:
    """Build the district; about a second per 200,000 residents."""
    families = make_families(seed, residents)
    places = make_places(seed, communities(schemas), dwelling_count(families), outside_count(families))
    homes = make_homes(seed, families, places)
    people = make_residents(seed, families, homes, places)
    in_district = homes.registered < places.dwellings
    rural = in_district & places.village[np.where(in_district, homes.registered, 0)]
    traits = make_traits(seed, families, people.birth, rural[families.household], counts(residents)[0])
    grown = (ages(people.birth, FIRST_DAY) >= 20) & (families.death == NEVER)
    organisations = make_organisations(seed, residents, places, np.flatnonzero(grown))
    benefits = benefit_rules.make_benefits(seed, families, people.birth, traits, homes, rural)
    return World(seed, residents, families, places, homes, people, traits, organisations, benefits, rural)
