"""True values: one Arrow column per (entity, data element), with an entry for every row of the world's table.

Types: text as strings, codes as dictionaries of standard codes, dates as date32, numbers as strings of plain decimals.
Null means that there is nothing to say, as for the employer of a child.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.demo import event_book
from yibiao.demo.benefits import ELDERLY, RENTAL
from yibiao.demo.chance import below, draw, weighted
from yibiao.demo.edition import Edition
from yibiao.demo.names import made_up
from yibiao.demo.numbers import ages, digits, number_strings, strings
from yibiao.demo.organisations import INDUSTRIES
from yibiao.demo.residents import ETHNICITY_CODES
from yibiao.demo.traits import PHONE_PREFIX, STAGES

ENTITIES = ("resident", "household", "dwelling", "organisation", "benefit", "event")


def coded(values: np.ndarray, width: int = 1, *, none: int | None = 0) -> pa.DictionaryArray:
    """Numbers as standard codes, zero-filled to `width`; the value `none` becomes null."""
    values = values.astype(np.int64)
    table = pa.array([f"{number:0{width}d}" for number in range(int(values.max(initial=0)) + 1)])
    mask = None if none is None else values == none
    return pa.DictionaryArray.from_arrays(pa.array(np.maximum(values, 0), pa.int16(), mask=mask), table)


def chosen(table: list[str], places: np.ndarray) -> pa.DictionaryArray:
    """Entries of a table of texts; a negative place is null."""
    unique = list(dict.fromkeys(table))
    if len(unique) < len(table):
        # A dictionary that holds a text twice is written to Parquet in an order that varies.
        where = {text: place for place, text in enumerate(unique)}
        places = np.where(places < 0, -1, np.array([where[text] for text in table])[np.maximum(places, 0)])
        table = unique
    return pa.DictionaryArray.from_arrays(pa.array(np.maximum(places, 0), pa.int32(), mask=places < 0), pa.array(table))


def days(values: np.ndarray, *, known: np.ndarray | None = None) -> pa.Array:
    """Days since 1970-01-01 as date32; null where not `known`."""
    return pa.array(values.astype(np.int32), pa.int32(), mask=None if known is None else ~known).cast(pa.date32())


def decimals(values: np.ndarray, places: int = 2, *, known: np.ndarray | None = None) -> pa.Array:
    """Numbers as plain decimal text with so many digits after the point."""
    cents = np.round(values * 10**places).astype(np.int64)
    whole, part = np.divmod(cents, 10**places)
    text = pa.array(whole).cast(pa.string())
    if places:
        text = pc.binary_join_element_wise(text, number_strings(part, places), ".")
    return text if known is None else pc.if_else(pa.array(known), text, pa.scalar(None, pa.string()))


def integers(values: np.ndarray) -> pa.Array:
    return pa.array(values.astype(np.int64)).cast(pa.string())


def phones(tails: np.ndarray) -> pa.Array:
    """Mobile numbers from their last eight digits; -1 is null."""
    text = number_strings(np.maximum(tails, 0), 8, PHONE_PREFIX)
    return pc.if_else(pa.array(tails >= 0), text, pa.scalar(None, pa.string()))


def taken(array: pa.Array, rows: np.ndarray) -> pa.Array:
    """Entries of a column; a negative row is null."""
    if len(rows) and rows.min() < 0:
        return array.take(pa.array(np.maximum(rows, 0), mask=rows < 0))
    return array.take(pa.array(rows))


def serial(numbers: np.ndarray, width: int, prefix: str = "") -> pa.Array:
    """Different numbers as different texts of equal width that do not ascend with them (the factor is prime to 10)."""
    return number_strings((numbers.astype(np.int64) * 7_368_787 + 271_828) % 10**width, width, prefix.encode())


class Truth:
    """The true columns of one edition, computed when first asked for."""

    def __init__(self, edition: Edition) -> None:
        self.edition, self.world = edition, edition.world
        self._columns: dict[tuple[str, str], pa.Array] = {}

    def has(self, entity: str, element: str) -> bool:
        return element in _SUPPLY[entity]

    def column(self, entity: str, element: str) -> pa.Array:
        """The column of an element; KeyError if the entity has no such element."""
        key = (entity, element)
        if key not in self._columns:
            self._columns[key] = _SUPPLY[entity][element](self)
        return self._columns[key]

    def address(self, entries: np.ndarray) -> pa.Array:
        """Addresses of address-book entries; -1 is null."""
        return taken(self.world.places.addresses, entries)

    def schools(self) -> pa.Array:
        """School per person, by stage of schooling and where the family lives."""
        table, first, size = _school_table(self)
        stage, number = self.world.traits.stage, self.world.traits.school
        community = self.edition.community
        pick = np.where(stage == 0, community // 2, np.where(stage == 1, community // 12, number))
        safe = np.maximum(stage, 0)
        return chosen(table, np.where(stage >= 0, first[safe] + pick % size[safe], -1))


def _school_table(truth: Truth) -> tuple[list[str], np.ndarray, np.ndarray]:
    communities = truth.world.places.communities
    primary = [f"示范区{entry.name.removesuffix('社区')}{STAGES[0]}" for entry in communities[::2]]
    towns = list(dict.fromkeys(entry.township for entry in communities))
    middle = [f"示范区{town[:-1].removesuffix('街')}{kind}" for town in towns for kind in ("初级中学", "第二中学")]
    senior = [f"示范区第{number}高级中学" for number in "一二三四五"]
    trade = ["示范区职业技术学校", "示范区卫生学校", "示范区现代农业职业学校"]
    size = np.array([len(primary), len(middle), len(senior), len(trade)])
    return primary + middle + senior + trade, np.concatenate([[0], np.cumsum(size)[:-1]]), size


def _certificates(truth: Truth) -> pa.Array:
    traits = truth.world.traits
    rows = np.flatnonzero(traits.disability > 0)
    number = np.hstack(
        [
            truth.world.residents.numbers[rows],
            digits(traits.disability[rows], 1),
            digits(traits.disability_grade[rows], 1),
        ]
    )
    places = np.full(len(traits.disability), -1)
    places[rows] = np.arange(len(rows))
    return taken(strings(number), places)


def _student_numbers(truth: Truth) -> pa.Array:
    stage = truth.world.traits.stage
    rows = np.arange(len(stage))
    return taken(serial(rows, 17, "99"), np.where(stage >= 0, rows, -1))


def _doctors(truth: Truth) -> pa.Array:
    seed, community = truth.world.seed, truth.edition.community
    per_community = 4
    rows = np.arange(len(community))
    place = community.astype(np.int64) * per_community + below(seed, "doctor", rows, per_community)
    return chosen(made_up(seed, "doctors", len(truth.world.places.communities) * per_community), place)


def _household_codes(truth: Truth) -> pa.Array:
    return serial(np.arange(truth.world.families.households), 9, "9999")


def _community_of_households(truth: Truth) -> np.ndarray:
    homes, places = truth.world.homes, truth.world.places
    entry = np.where(homes.registered < places.dwellings, homes.registered, truth.edition.home)
    return places.community[np.minimum(entry, places.dwellings - 1)]


def _income(truth: Truth) -> pa.Array:
    families = truth.world.families
    luck = draw(truth.world.seed, "income", np.arange(families.households))
    poor = np.zeros(families.households, dtype=bool)
    poor[truth.world.benefits.household[truth.world.benefits.of(1)]] = True
    per_head = np.where(poor, 1500 + luck * 5200, 9000 + luck**2 * 90000)
    return decimals(np.round(per_head * np.maximum(families.size, 1) / 10) * 10)


def _uses(truth: Truth) -> pa.Array:
    world = truth.world
    count = world.places.dwellings
    out = np.array([10, 12, 11])[weighted(world.seed, "use", np.arange(count), [0.94, 0.04, 0.02])]
    out[world.homes.home[world.families.collective()]] = 50
    out[world.benefits.dwelling[world.benefits.of(RENTAL)]] = 60
    return coded(out, 2)


def _ownerships(truth: Truth) -> pa.Array:
    world = truth.world
    luck = draw(world.seed, "ownership", np.arange(world.places.dwellings))
    private = np.where(world.places.village & (luck < 0.25), 4, np.where(luck > 0.985, 5, 1))
    return coded(np.where(world.homes.owner < 0, 2, private))


def _certificate_numbers(truth: Truth) -> pa.Array:
    number = serial(np.arange(truth.world.places.dwellings), 8)
    return pc.binary_join_element_wise("示(2019)示范区不动产权第", number, "号", "")


def _benefit_amounts(truth: Truth) -> pa.Array:
    world = truth.world
    benefits = world.benefits
    age = ages(world.residents.birth[benefits.resident], truth.edition.last_day)
    elderly = np.where(age >= 100, 500, np.where(age >= 90, 200, 100))
    return decimals(np.where(benefits.kind == ELDERLY, elderly, benefits.amount))


def _benefit_status(truth: Truth) -> pa.Array:
    benefits, day = truth.world.benefits, truth.edition.last_day
    paused = draw(truth.world.seed, "paused", np.arange(benefits.count)) < 0.006
    return coded(np.where(benefits.stop <= day, 3, np.where(paused, 2, 1)))


def _benefit_months(truth: Truth) -> pa.Array:
    """First day of the month last paid."""
    benefits = truth.world.benefits
    last = np.minimum(benefits.stop, truth.edition.last_day).astype("datetime64[D]").astype("datetime64[M]")
    return days(last.astype("datetime64[D]").astype(np.int64))


def _benefit_ends(truth: Truth) -> pa.Array:
    benefits, day = truth.world.benefits, truth.edition.last_day
    term = benefits.start + 365 * (1 + np.maximum(day - benefits.start, 0) // 365)
    stopped = benefits.stop <= day
    return days(np.where(stopped, benefits.stop, term), known=stopped | (benefits.kind == RENTAL))


def _benefit_numbers(truth: Truth) -> pa.Array:
    benefits = truth.world.benefits
    heads = pa.array(["DB", "GL", "GD", "GZ", "YF"]).take(pa.array(benefits.kind.astype(np.int64) - 1))
    return pc.binary_join_element_wise(heads, serial(benefits.number, 9), "")


_Supply = Callable[[Truth], pa.Array]


def _community(places: Callable[[Truth], np.ndarray]) -> _Supply:
    def column(truth: Truth) -> pa.Array:
        table = truth.world.places.community_codes().to_pylist()
        return chosen(table, places(truth).astype(np.int64))

    return column


def _persons(truth: Truth) -> np.ndarray:
    return np.arange(truth.world.families.persons)


_RESIDENT: dict[str, _Supply] = {
    "citizen_id": lambda t: strings(t.world.residents.numbers),
    "resident_name": lambda t: t.world.residents.names,
    "sex_code": lambda t: coded(t.world.families.sex),
    "birth_date": lambda t: days(t.world.residents.birth),
    "ethnicity_code": lambda t: chosen(list(ETHNICITY_CODES), t.world.residents.ethnicity),
    "marital_status_code": lambda t: coded(t.edition.marital, 2),
    "education_code": lambda t: coded(t.world.traits.education, 2),
    "political_status_code": lambda t: coded(t.world.traits.political, 2),
    "hukou_type_code": lambda t: coded(t.world.traits.hukou),
    "hukou_address": lambda t: t.address(t.world.homes.registered[t.world.families.household]),
    "residence_address": lambda t: t.address(t.edition.residence),
    "mobile_phone": lambda t: phones(t.edition.phone),
    "relation_to_head_code": lambda t: coded(t.edition.relation, 2),
    "household_code": lambda t: taken(
        t.column("household", "household_code"), np.where(t.edition.local, t.world.families.household, -1)
    ),
    "dwelling_code": lambda t: taken(
        t.world.places.code, np.where(t.edition.residence < t.world.places.dwellings, t.edition.residence, -1)
    ),
    "community_code": _community(lambda t: t.edition.community),
    "residence_status_code": lambda t: coded(t.edition.residence_status),
    "employment_status_code": lambda t: coded(t.world.traits.employment),
    "employer_name": lambda t: taken(t.world.organisations.name, t.edition.employer),
    "pension_status_code": lambda t: coded(t.world.traits.pension),
    "medical_insurance_type_code": lambda t: coded(t.world.traits.insurance, 3),
    "social_card_number": lambda t: serial(_persons(t), 9, "9"),
    "disability_type_code": lambda t: coded(t.world.traits.disability),
    "disability_grade_code": lambda t: coded(t.world.traits.disability_grade),
    "disability_certificate_number": _certificates,
    "veteran_type_code": lambda t: coded(t.world.traits.veteran, 2),
    "school_name": lambda t: t.schools(),
    "student_number": _student_numbers,
    "death_date": lambda t: days(t.world.families.death, known=t.world.families.death <= t.edition.last_day),
    "family_doctor_name": _doctors,
    "blood_type_code": lambda t: coded(t.world.traits.blood),
    "chronic_disease_code": lambda t: coded(t.world.traits.disease),
}

_HOUSEHOLD: dict[str, _Supply] = {
    "household_code": _household_codes,
    "household_address": lambda t: t.address(t.world.homes.registered),
    "household_type_code": lambda t: coded(np.where(t.world.families.collective(), 2, 1)),
    "household_member_count": lambda t: integers(t.edition.members),
    "household_income_amount": _income,
    "community_code": _community(_community_of_households),
}

_DWELLING: dict[str, _Supply] = {
    "dwelling_code": lambda t: t.world.places.code,
    "dwelling_address": lambda t: t.world.places.addresses.slice(0, t.world.places.dwellings),
    "building_number": lambda t: integers(t.world.places.building),
    "unit_number": lambda t: coded(t.world.places.unit).cast(pa.string()),
    "room_number": lambda t: integers(t.world.places.room),
    "floor_area": lambda t: decimals(t.world.places.area),
    "dwelling_use_code": _uses,
    "ownership_type_code": _ownerships,
    "property_certificate_number": _certificate_numbers,
    "is_rented_code": lambda t: coded(t.world.homes.tenant, none=None),
    "dwelling_owner_name": lambda t: taken(t.world.residents.names, t.world.homes.owner),
    "dwelling_owner_citizen_id": lambda t: taken(strings(t.world.residents.numbers), t.world.homes.owner),
    "water_account_number": lambda t: serial(np.arange(t.world.places.dwellings), 10, "6"),
    "community_code": _community(lambda t: t.world.places.community),
}

_ORGANISATION: dict[str, _Supply] = {
    "uscc": lambda t: t.world.organisations.uscc,
    "organisation_name": lambda t: t.world.organisations.name,
    "organisation_type_code": lambda t: coded(t.world.organisations.kind, 2),
    "legal_representative_name": lambda t: taken(t.world.residents.names, t.world.organisations.owner),
    "registered_address": lambda t: t.address(t.world.organisations.dwelling),
    "business_status_code": lambda t: coded(
        np.where(t.world.organisations.until <= t.edition.last_day, 4, t.world.organisations.status)
    ),
    "establishment_date": lambda t: days(t.world.organisations.since),
    "registered_capital_amount": lambda t: decimals(t.world.organisations.capital),
    "industry_code": lambda t: chosen(list(INDUSTRIES), t.world.organisations.industry),
    "organisation_phone": lambda t: phones(t.world.organisations.phone),
    "employee_count": lambda t: integers(t.world.organisations.staff),
    "community_code": _community(lambda t: t.world.places.community[t.world.organisations.dwelling]),
}

_BENEFIT: dict[str, _Supply] = {
    "benefit_type_code": lambda t: coded(t.world.benefits.kind, 2),
    "benefit_number": _benefit_numbers,
    "citizen_id": lambda t: taken(strings(t.world.residents.numbers), t.world.benefits.resident),
    "benefit_amount": _benefit_amounts,
    "benefit_start_date": lambda t: days(t.world.benefits.start),
    "benefit_end_date": _benefit_ends,
    "benefit_status_code": _benefit_status,
    "benefit_month": _benefit_months,
    "benefit_payee_account": lambda t: serial(t.world.benefits.resident, 13, "999999"),
}

_SUPPLY: dict[str, dict[str, _Supply]] = {
    "resident": _RESIDENT,
    "household": _HOUSEHOLD,
    "dwelling": _DWELLING,
    "organisation": _ORGANISATION,
    "benefit": _BENEFIT,
    "event": event_book.SUPPLY,
}


def supplied(entity: str) -> list[str]:
    """Data elements of an entity that the demo has values for."""
    return list(_SUPPLY[entity])


def as_plain(column: pa.Array) -> pa.Array:
    """A column as the truth's files hold it: dictionaries of one index type, everything else as it is."""
    if isinstance(column, pa.DictionaryArray):
        return column.cast(pa.dictionary(pa.int32(), pa.string()))
    return column
