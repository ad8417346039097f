"""How a golden value is chosen, in plain Python: what the models and the reasons of a release are checked against."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yibiao.contracts import Element
from yibiao.contracts.survivorship import Criterion


@dataclass(frozen=True)
class Claim:
    """One record's value of an element. `checked` is the day on which the record was last checked, if it says so."""

    report: str
    department: str
    as_of: datetime.date
    checked: datetime.date | None
    record_no: int
    value: Any


@dataclass(frozen=True)
class Chosen:
    """The claim that gives the golden value, and for every record with another value what it lost by."""

    claim: Claim
    lost_by: Mapping[int, str]


def choose(
    element: Element,
    claims: Sequence[Claim],
    citizen_id: str | None = None,
    known: Mapping[tuple[str, str], Any] | None = None,
) -> Chosen:
    """Choose among all claims of one entity on one element.

    Args:
        citizen_id: golden number of the entity.
        known: (linked entity, element) -> its golden value.
    """
    voices = list(claims)
    # Where all agree there is nothing to choose but the source, and that is the authority's.
    criteria = element.survivorship if len({claim.value for claim in claims}) > 1 else ()
    if criteria:
        newest: dict[str, Claim] = {}
        for claim in claims:
            kept = newest.get(claim.report)
            if kept is None or (claim.as_of, claim.record_no) > (kept.as_of, kept.record_no):
                newest[claim.report] = claim
        voices = list(newest.values())

    def ranks(claim: Claim) -> dict[str, Any]:
        found = {one.name: _rank(one, element, claim, voices, citizen_id, known or {}) for one in criteria}
        listed = element.authority
        place = listed.index(claim.department) if claim.department in listed else len(listed)
        return found | {"authority": -place, "day": claim.as_of, "order": claim.record_no}

    best = max(voices, key=lambda voice: tuple(ranks(voice).values()))
    lost_by = {}
    for claim in claims:
        if claim.value == best.value:
            continue
        if claim not in voices:
            lost_by[claim.record_no] = "replaced"
            continue
        mine, its = ranks(claim), ranks(best)
        lost_by[claim.record_no] = next(name for name in its if mine[name] != its[name])
    return Chosen(best, lost_by)


def _rank(
    criterion: Criterion,
    element: Element,
    claim: Claim,
    voices: Sequence[Claim],
    citizen_id: str | None,
    known: Mapping[tuple[str, str], Any],
) -> Any:
    if criterion.name == "citizen_id":
        return citizen_id is not None and claim.value == _stated(element, citizen_id)
    if criterion.name == "same_as":
        other = known.get((criterion.entity, criterion.element))
        return other is not None and claim.value == other
    if criterion.name == "minimum_age":
        return (
            claim.value not in criterion.codes
            or citizen_id is None
            or _age(citizen_id, claim.as_of) >= criterion.number
        )
    newest = max(voice.as_of for voice in voices)
    if criterion.name == "outgrown":
        has = citizen_id is not None and _birth(citizen_id) >= datetime.date.fromisoformat(criterion.born_from)
        has = has and _age(str(citizen_id), newest) >= criterion.number
        return claim.value not in criterion.codes or not has
    if criterion.name == "leading":
        return claim.department == element.authority[0] and (newest - claim.as_of).days <= criterion.number
    if criterion.name == "recency":
        return claim.checked or datetime.date(1900, 1, 1)
    assert criterion.name == "agreement"
    return Counter(voice.value for voice in voices)[claim.value]


def _stated(element: Element, citizen_id: str) -> Any:
    if element.type == "date":
        return _birth(citizen_id)
    return "1" if int(citizen_id[16]) % 2 else "2"


def _birth(citizen_id: str) -> datetime.date:
    return datetime.date(int(citizen_id[6:10]), int(citizen_id[10:12]), int(citizen_id[12:14]))


def _age(citizen_id: str, day: datetime.date) -> int:
    birth = _birth(citizen_id)
    # Who was born on a 29 February comes of age on the 28th, as DuckDB counts.
    birthday = (birth.month, min(birth.day, 28) if birth.month == 2 else birth.day)
    return day.year - birth.year - ((day.month, day.day) < birthday)
