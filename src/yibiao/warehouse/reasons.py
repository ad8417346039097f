"""The view `<entity>_why` of a release: per golden value its source and rule, and why each rival lost.

It is a view, so that it costs nothing until somebody asks, and stands in the release, so that a release is always
explained by the rules that made it. It says in rows what the models decide with reports side by side
(dbt_project/macros/unify); that both agree is a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from yibiao.contracts.survivorship import (
    AUTHORITY,
    CORRECTION,
    DAY,
    ONLY,
    ORDER,
    REPLACED,
    TEXTS,
    Criterion,
    applicable,
    sentence,
)
from yibiao.contracts.values import Element, Entity, Schemas
from yibiao.ingest.rules import render, sql_text

_REPLACED, _AUTHORITY, _DAY, _ORDER = 90, 91, 92, 93
"""Steps of judgement after the criteria, which are 1, 2, 3 ...; of several the smallest is the rule of a cell."""

_TAIL = {_REPLACED: REPLACED, _AUTHORITY: AUTHORITY, _DAY: DAY, _ORDER: ORDER}
_UNLISTED = 99
"""Place of a department that is not in an element's list of authorities."""


def view_name(entity: Entity) -> str:
    return f"{entity.id}_why"


CORRECTIONS = "correction"
"""Table of a release with the accepted corrections that it applied; there only if there are any."""

TICKET = "更正工单"
"""Stands in the place of a report where a value comes from a correction."""


def view(entity: Entity, schemas: Schemas, *, corrected: bool = False) -> str:
    """The query of the view, on the tables of a release.

    Grain: one source record's value of a disputed element, and one row for every golden value that nobody disputes.

    Args:
        corrected: the release has the table of corrections; a corrected value is one more row, and what sources state
            of it has lost to it.
    """
    told = _by_sources(entity, schemas)
    return _corrected(entity, told) if corrected else told


def _corrected(entity: Entity, told: str) -> str:
    """The same where a correction outranks what sources state; the row of a ticket stands for a source record."""
    key, rule, text = entity.id_column, sql_text(CORRECTION), sql_text(TEXTS[CORRECTION])
    return f"""
with by_sources as ({told}),

ticket as (select * from {CORRECTIONS} where entity = {sql_text(entity.id)})

select
    by_sources.* replace (
        case when ticket.element is null then by_sources.rule else {rule} end as rule,
        case when ticket.element is null then by_sources.rule_text else {text} end as rule_text,
        by_sources.is_chosen and ticket.element is null as is_chosen,
        case when ticket.element is null then by_sources.lost_by else {rule} end as lost_by,
        case when ticket.element is null then by_sources.lost_text else {text} end as lost_text,
        case when ticket.element is null then used_value else ticket.value end as used_value,
        case when ticket.element is null then used_department else ticket.department end as used_department
    )
from by_sources left join ticket on ticket.entity_id = by_sources.{key} and ticket.element = by_sources.element
union all by name
select
    entity_id as {key}, element, value, {rule} as rule, {text} as rule_text, -ticket_no as record_no, department,
    {sql_text(TICKET)} as report, ticket_no::varchar as edition, true as is_chosen, value as used_value,
    department as used_department
from ticket semi join {entity.id} as golden on golden.{key} = ticket.entity_id
""".strip()


def _by_sources(entity: Entity, schemas: Schemas) -> str:
    """What sources state, as the models decide it."""
    key, elements = entity.id_column, [_applied(schemas.elements[name], schemas) for name in entity.elements]
    ranked = [element for element in elements if element.survivorship]
    steps = max((len(element.survivorship) for element in ranked), default=0)
    kept = "".join(
        f"max(rank_{n}) filter (where is_chosen) over cell as used_rank_{n},\n        " for n in _upto(steps)
    )
    judged = "".join(f"when rank_{n} < used_rank_{n} then {n}\n            " for n in _upto(steps))
    names = _decisions(ranked, lambda criterion: criterion.name, {name: name for name in _TAIL.values()})
    texts = _decisions(ranked, lambda criterion: sentence(criterion, schemas.entities, schemas.elements), TEXTS)
    is_ranked = f"element in ({', '.join(sql_text(one.id) for one in ranked)})" if ranked else "false"
    return f"""
with {_weighed(entity, schemas)},

compared as (
    select
        *,
        {kept}max(value) filter (where is_chosen) over cell as used_value,
        max(department) filter (where is_chosen) over cell as used_department,
        max(as_of) filter (where is_chosen) over cell as used_as_of,
        max(place) filter (where is_chosen) over cell as used_place,
        max(day) filter (where is_chosen) over cell as used_day
    from weighed
    window cell as (partition by {key}, element)
),

judged as (
    select
        *,
        case
            when value = used_value then null
            when {is_ranked} and not is_voice then {_REPLACED}
            {judged}when place > used_place then {_AUTHORITY}
            when day < used_day then {_DAY}
            else {_ORDER}
        end as step
    from compared
),

told as (
    select *, min(step) over (partition by {key}, element) as cell_step from judged
),

agreed as (
    select golden.{key}, unnest([{", ".join(_cells(elements))}]) as cell
    from {entity.id} as golden join {entity.id}_provenance as source on source.{key} = golden.{key}
)

select
    {key}, element, value,
    {_at_step("cell_step", names)} as rule, {_at_step("cell_step", texts)} as rule_text,
    record_no, department, report, edition, as_of, checked_date, load_id, delivery_sha256, file_name, row_no, is_chosen,
    {_at_step("step", names)} as lost_by, {_at_step("step", texts)} as lost_text,
    used_value, used_department, used_as_of
from told
union all
select
    agreed.{key}, cell.element, cell.value, {sql_text(ONLY)}, {sql_text(TEXTS[ONLY])},
    cell.record_no, load.department, load.report, load.edition, null, null,
    load.load_id, load.delivery_sha256, load.file_name, cell.record_no - load.first_record_no, true,
    null, null, cell.value, load.department, null
from agreed
join load on cell.record_no > load.first_record_no and cell.record_no <= load.first_record_no + load.read
where not exists (
    select 1 from {entity.id}_conflict as said
    where said.{key} = agreed.{key} and said.element = agreed.cell.element and said.is_chosen
)
""".strip()


def choice(entity: Entity, schemas: Schemas) -> str:
    """A query of the claim that gives each value, for claims on which nothing is decided yet.

    It reads what the view reads: `<entity>_conflict` with every claim of any cell (`is_chosen` does not matter),
    `load`, and of `<entity>` and linked entities the values by which others are chosen.

    Returns:
        SQL of `<id column>`, `element`, `value`, `record_no`, `as_of`.
    """
    key = entity.id_column
    ranked = [one for name in entity.elements if (one := _applied(schemas.elements[name], schemas)).survivorship]
    steps = max((len(element.survivorship) for element in ranked), default=0)
    is_ranked = f"element in ({', '.join(sql_text(one.id) for one in ranked)})" if ranked else "false"
    ranks = "".join(f"case when ranked then rank_{n} end desc, " for n in _upto(steps))
    return f"""
with {_weighed(entity, schemas)},

told as (
    select *, {is_ranked} and min(value) over cell <> max(value) over cell as ranked
    from weighed window cell as (partition by {key}, element)
)

select {key}, element, value, record_no, as_of
from told
qualify row_number() over (
    partition by {key}, element order by ranked and not is_voice, {ranks}place, day desc, record_no desc) = 1
""".strip()


def _weighed(entity: Entity, schemas: Schemas) -> str:
    """The parts of a query that end with `weighed`: claims with what the criteria of their elements make of each."""
    key, elements = entity.id_column, [_applied(schemas.elements[name], schemas) for name in entity.elements]
    ranked = [element for element in elements if element.survivorship]
    steps = max((len(element.survivorship) for element in ranked), default=0)
    linked = sorted({one.entity for element in ranked for one in element.survivorship if one.entity})
    criteria = "".join(f",\n        {_ranks(ranked, n)} as rank_{n}" for n in _upto(steps))
    return f"""
authority(element, department, place) as (
    values {", ".join(_places(elements))}
),

claim as (
    select
        said.{key}, said.element, said.value, said.record_no, said.department, said.as_of, said.checked_date,
        said.is_chosen,
        load.report, load.edition, load.load_id, load.delivery_sha256, load.file_name,
        said.record_no - load.first_record_no as row_no,
        coalesce(authority.place, {_UNLISTED}) as place,
        {_day("said.as_of")} as day,
        case when said.checked_date is not null then {_day("said.checked_date")} else 0 end as checked_day
    from {entity.id}_conflict as said
    join load on said.record_no > load.first_record_no and said.record_no <= load.first_record_no + load.read
    left join authority on authority.element = said.element and authority.department = said.department
),

-- A report has one voice about an entity: its newest record.
heard as (
    select
        *,
        max(day * 8796093022208 + record_no) over (partition by {key}, element, report)
            = day * 8796093022208 + record_no as is_voice,
        max(day) over (partition by {key}, element) as newest_day
    from claim
),

counted as (
    select *, count(*) filter (where is_voice) over (partition by {key}, element, value) as votes from heard
),

weighed as (
    select
        counted.*{criteria}
    from counted
    join {entity.id} as golden on golden.{key} = counted.{key}
    {"".join(_known(entity, one, ranked, schemas) for one in linked)}
)
""".strip()


def _applied(element: Element, schemas: Schemas) -> Element:
    """The element with the criteria that these reports allow."""
    return replace(element, survivorship=applicable(element, schemas.told))


def _upto(steps: int) -> range:
    return range(1, steps + 1)


def _day(date: str) -> str:
    """The day number of the total order (dbt_project/macros/unify/order.sql); of a date that is there."""
    return f"greatest(0, least(65535, date_diff('day', date '1900-01-01', {date})))"


def _places(elements: list[Element]) -> Iterator[str]:
    for element in elements:
        for place, department in enumerate(element.authority, start=1):
            yield f"({sql_text(element.id)}, {sql_text(department)}, {place})"
    yield f"('', '', {_UNLISTED})"  # a list of values is never empty


def _by_element(texts: Mapping[str, str], otherwise: str) -> str:
    """A CASE over elements, given by their ids."""
    branches = [f"when {sql_text(element)} then {text}" for element, text in texts.items()]
    return f"case element {' '.join(branches)} else {otherwise} end" if branches else otherwise


def _ranks(ranked: list[Element], n: int) -> str:
    """What the n-th criterion of a claim's element makes of it."""
    return _by_element({element.id: _rank(element, n) for element in ranked if n <= len(element.survivorship)}, "0")


def _rank(element: Element, n: int) -> str:
    """What the n-th criterion of an element makes of a claim, a number of which the greater wins."""
    criterion = element.survivorship[n - 1]
    birth = render("citizen_id_birth_date", "golden.citizen_id")
    if criterion.name == "citizen_id":
        stated = birth if element.type == "date" else render("citizen_id_sex", "golden.citizen_id")
        return f"(coalesce(value = cast(({stated}) as varchar), false))::integer"
    if criterion.name == "same_as":
        return f"(coalesce(value = known_{criterion.entity}.{criterion.element}, false))::integer"
    if criterion.name == "minimum_age":
        codes = ", ".join(map(sql_text, criterion.codes))
        of_age = f"date_diff('day', date '1900-01-01', cast(({birth}) + interval {criterion.number} year as date))"
        return f"(not coalesce(value in ({codes}) and day < {of_age}, false))::integer"
    if criterion.name == "outgrown":
        codes = ", ".join(map(sql_text, criterion.codes))
        of_age = f"date_diff('day', date '1900-01-01', cast(({birth}) + interval {criterion.number} year as date))"
        has = f"({birth}) >= date {sql_text(criterion.born_from)} and newest_day >= {of_age}"
        return f"(not coalesce(value in ({codes}) and {has}, false))::integer"
    if criterion.name == "leading":
        return f"(place = 1 and day >= newest_day - {criterion.number})::integer"
    return {"recency": "checked_day", "agreement": "votes"}[criterion.name]


def _known(entity: Entity, linked: str, ranked: list[Element], schemas: Schemas) -> str:
    """A join with what the linked entity is known by, as text.

    Once per key, because the gate passes no release in which two of it have one key (a test holds the expectations to
    that). Grouped by key, to make sure, the engine would gather all of the linked entity to explain a single value.
    """
    keys = schemas.entities[linked].keys[0]
    compared = sorted({one.element for element in ranked for one in element.survivorship if one.entity == linked})
    values = ", ".join(f"cast({name} as varchar) as {name}" for name in compared)
    on = " and ".join(f"known_{linked}.key_{n} = golden.{name}" for n, name in enumerate(entity.links[linked], start=1))
    named = ", ".join(f"{name} as key_{n}" for n, name in enumerate(keys, start=1))
    return f"left join (select {named}, {values} from {linked}) as known_{linked} on {on}\n    "


def _cells(elements: list[Element]) -> Iterator[str]:
    for element in elements:
        yield (
            f"case when golden.{element.id} is not null then struct_pack(element := {sql_text(element.id)},"
            f" value := cast(golden.{element.id} as varchar), record_no := source.{element.id}) end"
        )


_Decisions = Mapping[int, str | Mapping[str, str]]
"""Step of judgement -> what it is called, or element -> what it is called there."""


def _decisions(
    ranked: list[Element], of_criterion: Callable[[Criterion], str], of_tail: Mapping[str, str]
) -> _Decisions:
    found: dict[int, str | Mapping[str, str]] = {step: of_tail[name] for step, name in _TAIL.items()}
    for n in _upto(max((len(element.survivorship) for element in ranked), default=0)):
        found[n] = {
            element.id: of_criterion(element.survivorship[n - 1])
            for element in ranked
            if n <= len(element.survivorship)
        }
    return found


def _at_step(step: str, decisions: _Decisions) -> str:
    branches = []
    for number, found in decisions.items():
        text = sql_text(found) if isinstance(found, str) else _by_element(_quoted(found), "null")
        branches.append(f"when {number} then {text}")
    return f"case {step} {' '.join(branches)} end"


def _quoted(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: sql_text(text) for name, text in texts.items()}
