"""Who stands in each report: the rule by which a department keeps its register, and how late it hears of changes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from yibiao.contracts.reports import Report
from yibiao.demo.batch import Batch, updated
from yibiao.demo.benefits import ELDERLY, FARMLAND, LOW_INCOME, PREFERENTIAL, RENTAL
from yibiao.demo.chance import below, draw, mix
from yibiao.demo.edition import Edition
from yibiao.demo.event_book import events_of
from yibiao.demo.families import FATHER, MOTHER
from yibiao.errors import ContractError


def roster(report: Report, edition: Edition) -> Batch:
    """The rows of a report in an edition, in the order of the department's own register.

    Raises:
        ContractError: the demo does not know who stands in this report.
    """
    rule = _ROSTERS.get(report.id)
    if rule is None:
        raise ContractError(
            "The demo has no rule for who stands in this report.",
            where=report.path,
            expected="a function in yibiao/demo/rosters.py",
            got=report.id,
            todo="Add one, or set the report aside for the demo.",
        )
    batch = rule(report, edition)
    if report.department in _OWN_ORDER:
        return batch
    # Registers are numbered by their own clerks: the order says nothing about families.
    return batch.reordered(np.argsort(mix(edition.world.seed, f"{report.department}/order", batch.key), kind="stable"))


def known(report_id: str) -> bool:
    return report_id in _ROSTERS


_OWN_ORDER = frozenset({"public_security", "housing", "grid_center", "water_group", "agriculture"})


def _luck(edition: Edition, salt: str, rows: np.ndarray) -> np.ndarray:
    return draw(edition.world.seed, salt, rows)


def _everybody(edition: Edition) -> np.ndarray:
    return np.arange(edition.world.families.persons)


def _listed(edition: Edition, salt: str, delay: float, never: float = 0.02) -> np.ndarray:
    """Persons of the district whom the department believes to be alive.

    Args:
        delay: mean days until it hears of a death.
        never: share of deaths that it never hears of.
    """
    families = edition.world.families
    everybody = _everybody(edition)
    luck = np.maximum(_luck(edition, f"{salt}/delay", everybody), 1e-9)
    late = -np.log(luck) * delay
    unheard = (_luck(edition, f"{salt}/never", everybody) < never) | (edition.last_day - families.death < late)
    born = edition.world.residents.birth <= edition.last_day
    return born & (edition.alive | unheard) & edition.stays


def _persons(
    report: Report,
    edition: Edition,
    rows: np.ndarray,
    *,
    spread: float = 900,
    updates: bool = True,
    roles: dict[str, np.ndarray] | None = None,
    **own: np.ndarray,
) -> Batch:
    families = edition.world.families
    as_of = updated(
        edition, report.id, rows, spread, edition.changed[rows] if updates else edition.world.residents.birth[rows]
    )
    household = np.where(edition.local[rows], families.household[rows], -1)
    residence = edition.residence[rows]
    dwelling = np.where(residence < edition.world.places.dwellings, residence, -1)
    entities = {"resident": rows, "household": household, "dwelling": dwelling}
    return Batch(report, edition, rows, entities, roles or {}, as_of, updates, own)


def _resident_register(report: Report, edition: Edition) -> Batch:
    rows = np.flatnonzero(_listed(edition, report.id, 18, 0.01) & edition.local)
    return _persons(report, edition, rows, spread=2600)


def _household_register(report: Report, edition: Edition) -> Batch:
    families = edition.world.families
    rows = np.flatnonzero(~families.floating & (edition.members > 0))
    homes = edition.world.homes
    moved = np.where(homes.move[rows] <= edition.last_day, homes.move[rows], 0)
    as_of = updated(edition, report.id, rows, 3000, moved)
    return Batch(report, edition, rows, {"household": rows}, {"head": edition.head[rows]}, as_of, True)


def _floating(report: Report, edition: Edition) -> Batch:
    listed = _listed(edition, report.id, 60, 0.1) & ~edition.local & (edition.age >= 1)
    rows = np.flatnonzero(listed & (_luck(edition, report.id, _everybody(edition)) < 0.97))
    return _persons(report, edition, rows, spread=340)


def _deaths(edition: Edition, salt: str, delay: float, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Persons whose death is reported within the edition's time, and the day of the report."""
    families = edition.world.families
    rows = np.flatnonzero(wanted & (families.death <= edition.last_day))
    luck = np.maximum(_luck(edition, f"{salt}/delay", rows), 1e-9)
    day = families.death[rows] + 1 + (-np.log(luck) * delay).astype(np.int64)
    inside = (day >= edition.events_from) & (day <= edition.last_day)
    return rows[inside], day[inside]


def _at(batch: Batch, day: np.ndarray) -> Batch:
    return Batch(batch.report, batch.edition, batch.key, batch.entities, batch.roles, day, False, batch.own)


def _death_cancellation(report: Report, edition: Edition) -> Batch:
    rows, day = _deaths(edition, "public_security.resident_register", 18, edition.local)
    return _at(_persons(report, edition, rows), day)


def _cremation(report: Report, edition: Edition) -> Batch:
    wanted = _luck(edition, report.id, _everybody(edition)) < 0.93
    rows, day = _deaths(edition, report.id, 1.5, wanted)
    families = edition.world.families
    spouse = families.spouse[rows]
    alive = (spouse >= 0) & edition.alive[np.maximum(spouse, 0)]
    head = edition.head[families.household[rows]]
    relative = np.where(alive, spouse, np.where(edition.alive[head] & (head != rows), head, -1))
    kin = np.where(
        alive, 10, np.where(relative >= 0, np.where(np.isin(families.kind[rows], (FATHER, MOTHER)), 20, 97), 0)
    )
    return _at(_persons(report, edition, rows, roles={"relative": relative}, relative_kin=kin), day)


def _benefit(report: Report, edition: Edition, kind: int, *, day: np.ndarray | None = None, keep: int = 40) -> Batch:
    """Benefits that run, or ended within the last `keep` days."""
    benefits, world = edition.world.benefits, edition.world
    rows = benefits.of(kind)
    rows = rows[(benefits.start[rows] <= edition.last_day) & (benefits.stop[rows] > edition.last_day - keep)]
    resident = benefits.resident[rows]
    entities = {
        "benefit": rows,
        "resident": resident,
        "household": benefits.household[rows],
        "dwelling": benefits.dwelling[rows],
    }
    head = edition.head[world.families.household[resident]]
    agent = np.where(edition.alive[head] & (head != resident) & (edition.age[resident] >= 80), head, -1)
    as_of = updated(edition, report.id, rows, 500, benefits.start[rows])
    return Batch(report, edition, rows, entities, {"agent": agent}, as_of, True)


def _farmland(report: Report, edition: Edition) -> Batch:
    """Paid once a year: nearly all in January, the rest as papers are completed."""
    benefits = edition.world.benefits
    rows = benefits.of(FARMLAND)
    luck = _luck(edition, report.id, rows)
    month = np.where(luck < 0.93, 0, 1 + ((luck - 0.93) / 0.07 * 11).astype(np.int64))
    rows = rows[(month == edition.number) & (benefits.stop[rows] > edition.first_day)]
    resident = benefits.resident[rows]
    day = edition.first_day + 9 + below(edition.world.seed, f"{report.id}/day", rows, 15)
    entities = {"benefit": rows, "resident": resident, "household": benefits.household[rows]}
    return Batch(report, edition, rows, entities, {}, day, False)


def _marriages(report: Report, edition: Edition) -> Batch:
    """Two rows for each wedding or divorce: one for either party."""
    families = edition.world.families
    couple = families.spouse[families.first] >= 0
    parts = []
    for days, kind in ((families.wedding, 20), (families.divorce, 40)):
        inside = couple & (days >= edition.events_from) & (days <= edition.last_day)
        inside &= ~families.floating | (np.arange(families.households) % 3 == 0)
        found = np.flatnonzero(inside)
        parts.append((found, days[found], np.full(len(found), kind)))
    household, day, kinds = (np.concatenate([part[column] for part in parts]) for column in range(3))
    head = families.first[household]
    resident = np.stack([head, families.spouse[head]], axis=1).ravel()
    spouse = np.stack([families.spouse[head], head], axis=1).ravel()
    alive = edition.world.residents.birth[resident] <= edition.last_day
    batch = Batch(
        report,
        edition,
        resident * 2 + np.repeat(kinds == 40, 2),
        {"resident": resident, "household": np.repeat(household, 2)},
        {"spouse": spouse},
        np.repeat(day, 2).astype(np.int64),
        False,
        {"kind": np.repeat(kinds, 2), "couple": np.repeat(household * 2 + (kinds == 40), 2)},
    )
    return batch.reordered(np.flatnonzero(alive))


def _share(share: float, *, delay: float, never: float = 0.02, spread: float = 900, updates: bool = True, **ages: int):
    """A register that holds a share of those whom it believes to be alive."""

    def rule(report: Report, edition: Edition) -> Batch:
        listed = _listed(edition, report.id, delay, never)
        listed &= _luck(edition, f"{report.id}/member", _everybody(edition)) < share
        listed &= edition.age >= ages.get("youngest", 0)
        rows = np.flatnonzero(listed)
        guardian = {"guardian": edition.guardian[rows]}
        return _persons(report, edition, rows, spread=spread, updates=updates, roles=guardian)

    return rule


def _where(
    chooses: Callable[[Edition], np.ndarray],
    *,
    delay: float,
    share: float = 1.0,
    spread: float = 900,
    updates: bool = True,
) -> Callable[[Report, Edition], Batch]:
    """A register of those persons who fulfil a condition."""

    def rule(report: Report, edition: Edition) -> Batch:
        listed = _listed(edition, report.id, delay) & chooses(edition)
        listed &= _luck(edition, f"{report.id}/member", _everybody(edition)) < share
        rows = np.flatnonzero(listed)
        guardian = {"guardian": edition.guardian[rows]}
        return _persons(report, edition, rows, spread=spread, updates=updates, roles=guardian)

    return rule


def _family_doctor(edition: Edition) -> np.ndarray:
    luck = _luck(edition, "family_doctor/sign", _everybody(edition))
    sick = edition.world.traits.disease > 1
    return luck < np.where(edition.age >= 65, 0.17, np.where(sick, 0.2, np.where(edition.age < 7, 0.12, 0.02)))


def _employment(edition: Edition) -> np.ndarray:
    status, luck = edition.world.traits.employment, _luck(edition, "employment/register", _everybody(edition))
    share = np.select([status == 2, status == 1, status == 3, status == 6], [0.93, 0.22, 0.4, 0.12], 0.0)
    return (edition.age >= 16) & (luck < share)


def _settlement(report: Report, edition: Edition) -> Batch:
    """Visits of the month: up to seven a person, more for the old and the sick."""
    world = edition.world
    everybody = np.flatnonzero(
        edition.stays & (world.residents.birth <= edition.last_day) & (world.traits.insurance > 0)
    )
    alive = edition.world.families.death[everybody] > edition.first_day
    age, sick = edition.age[everybody], world.traits.disease[everybody] > 1
    need = np.select([sick & (age >= 60), sick, age >= 60, age < 8], [0.8, 0.72, 0.68, 0.68], 0.56)
    people, visits = [], []
    for visit in range(7):
        luck = draw(world.seed, f"{report.id}/{edition.name}/{visit}", everybody)
        goes = np.flatnonzero(alive & (luck < need * 0.97**visit))
        everybody, alive, need = everybody[goes], alive[goes], need[goes]
        people.append(everybody)
        visits.append(np.full(len(everybody), visit))
    key = np.sort(np.concatenate(people) * 8 + np.concatenate(visits))
    rows = key // 8
    day = edition.first_day + below(
        world.seed, f"{report.id}/{edition.name}/day", key, edition.last_day - edition.first_day + 1
    )
    day = np.minimum(day, world.families.death[rows])
    batch = _persons(report, edition, rows)
    return Batch(
        report, edition, key, batch.entities, {}, np.maximum(day, world.residents.birth[rows]), False, batch.own
    )


def _dwellings(report: Report, edition: Edition) -> Batch:
    places, homes = edition.world.places, edition.world.homes
    rows = np.arange(places.dwellings)
    share, spread, fresh = (0.985, 2000, False) if report.department == "housing" else (0.955, 1, True)
    rows = rows[_luck(edition, report.id, rows) < share]
    as_of = updated(edition, report.id, rows, spread)
    if fresh:
        as_of = edition.last_day - below(edition.world.seed, f"{report.id}/{edition.name}", rows, 8)
    return Batch(report, edition, rows, {"dwelling": rows}, {"owner": homes.owner[rows]}, as_of, False)


def _visits(report: Report, edition: Edition) -> Batch:
    """Dwellings visited in the month; the first round goes to nearly all of them."""
    world = edition.world
    rows = np.arange(world.places.dwellings)
    rows = rows[_luck(edition, f"{report.id}/{edition.name}", rows) < (0.95 if edition.number == 0 else 0.3)]
    household = np.full(world.places.dwellings, -1)
    home = edition.home
    inside = np.flatnonzero(
        (home < world.places.dwellings) & (edition.members > 0) & edition.stays[world.families.first]
    )
    household[home[inside]] = inside
    of_row = household[rows]
    met = _luck(edition, f"{report.id}/{edition.name}/met", rows) < 0.86
    head = edition.head[np.maximum(of_row, 0)]
    away = edition.world.homes.away[head] >= 0
    person = np.where((of_row >= 0) & met & ~away, head, -1)
    day = edition.first_day + below(
        world.seed, f"{report.id}/{edition.name}/day", rows, edition.last_day - edition.first_day + 1
    )
    entities = {"dwelling": rows, "resident": person, "household": np.where(person >= 0, of_row, -1)}
    return Batch(
        report,
        edition,
        rows,
        entities,
        {},
        day,
        False,
        {"occupants": np.where(of_row >= 0, edition.members[of_row], 0)},
    )


def _organisations(report: Report, edition: Edition) -> Batch:
    organisations = edition.world.organisations
    rows = np.arange(organisations.count)
    rows = rows[: organisations.enterprises] if report.name == "enterprise" else rows[organisations.enterprises :]
    rows = rows[(organisations.since[rows] <= edition.last_day) & (organisations.until[rows] > edition.last_day - 200)]
    closed = np.where(organisations.until[rows] <= edition.last_day, organisations.until[rows], 0)
    as_of = np.minimum(
        np.maximum(updated(edition, report.id, rows, 1500), np.maximum(closed, organisations.since[rows])),
        edition.last_day,
    )
    roles = {"legal_representative": organisations.owner[rows]}
    return Batch(report, edition, rows, {"organisation": rows}, roles, as_of, True)


def _events(report: Report, edition: Edition) -> Batch:
    book = events_of(edition)
    rows = np.arange(book.count)
    entities = {"event": rows, "resident": book.reporter, "dwelling": book.dwelling}
    return Batch(report, edition, book.number, entities, {"reporter": book.reporter}, book.day, False)


def _present_people(report: Report, edition: Edition) -> Batch:
    listed = _listed(edition, report.id, 75, 0.03)
    luck = _luck(edition, f"{report.id}/member", _everybody(edition))
    away = edition.world.homes.away >= 0
    rows = np.flatnonzero(listed & (luck < np.where(away, 0.8, 0.99)))
    return _persons(report, edition, rows, spread=500)


_ROSTERS: dict[str, Callable[[Report, Edition], Batch]] = {
    "agriculture.farmland_subsidy": _farmland,
    "civil_affairs.cremation": _cremation,
    "civil_affairs.elderly_allowance": lambda r, e: _benefit(r, e, ELDERLY),
    "civil_affairs.low_income": lambda r, e: _benefit(r, e, LOW_INCOME),
    "civil_affairs.marriage_registration": _marriages,
    "disabled_federation.certificate": _where(
        lambda e: e.local & (e.world.traits.disability > 0) & (e.age >= 3), delay=200, spread=3000, updates=False
    ),
    "education.student": _where(lambda e: (e.world.traits.stage >= 0) & e.alive, delay=5, share=0.985),
    "grid_center.dwelling_visit": _visits,
    "grid_center.grid_event": _events,
    "grid_center.resident_roll": _present_people,
    "health.family_doctor": _where(_family_doctor, delay=60, spread=350),
    "health.health_record": _share(0.86, delay=240, never=0.1, spread=1200),
    "health.vaccination": _share(0.985, delay=300, never=0.2, spread=1500),
    "housing.dwelling_register": _dwellings,
    "housing.public_rental": lambda r, e: _benefit(r, e, RENTAL),
    "human_resources.employment": _where(_employment, delay=150, spread=420),
    "human_resources.pension": _where(
        lambda e: (e.world.traits.pension > 0) & (e.world.traits.pension < 9), delay=50, share=0.98, spread=700
    ),
    "human_resources.social_card": _share(0.955, delay=120, spread=2600, updates=False, youngest=0),
    "market_regulation.enterprise": _organisations,
    "market_regulation.sole_trader": _organisations,
    "medical_insurance.insured": _where(lambda e: e.world.traits.insurance > 0, delay=45, share=0.995),
    "medical_insurance.settlement": _settlement,
    "public_security.death_cancellation": _death_cancellation,
    "public_security.floating_population": _floating,
    "public_security.household_register": _household_register,
    "public_security.resident_register": _resident_register,
    "veterans.preferential_treatment": lambda r, e: _benefit(r, e, PREFERENTIAL),
    "water_group.water_account": _dwellings,
}
