"""The hand-written script that the unify models are measured beside, written out for the contracts at hand."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from yibiao.contracts import Column, Report, Schemas
from yibiao.contracts.generate.canonical import linked_by_record, named_by_address
from yibiao.contracts.generate.linkage import linked_entities
from yibiao.contracts.values import Element, Entity
from yibiao.ingest.rules import key_form, quote, read_as
from yibiao.settings import Settings

SCRIPT = Path(__file__).parent / "sql" / "unify.sql"


def render(schemas: Schemas) -> str:
    """The script for these schemas."""
    import jinja2

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    wanted = {
        report.id: [
            column
            for column in report.columns
            if column.role is None
            and column.element
            and any(column.element in schemas.entities[entity].elements for entity in report.about)
        ]
        for report in schemas.reports.values()
    }
    reports = [_report(report, wanted[report.id], schemas) for report in schemas.reports.values()]
    entities = [_entity(entity, schemas, wanted) for entity in _in_order(schemas)]
    return environment.from_string(SCRIPT.read_text(encoding="utf-8")).render(
        reports=reports, entities=[entity for entity in entities if entity["sources"]]
    )


def _report(report: Report, columns: list[Column], schemas: Schemas) -> dict[str, Any]:
    parsed = [{"name": column.element, "sql": read_as(column, quote(column.name))} for column in columns]
    dated = next((column for column in report.columns if column.element == "as_of_date" and not column.role), None)
    constants = [
        {"name": f"'{value}'::{schemas.elements[name].sql_type} as {name}"} for name, value in report.constants.items()
    ]
    as_of = "least(coalesce(as_of_date, edition_date), edition_date)" if dated else "edition_date"
    return {
        "name": report.raw_table,
        "raw": quote(report.raw_table),
        "columns": [{"name": column.element} for column in columns] + constants,
        "parsed": parsed + ([{"name": "as_of_date", "sql": read_as(dated, quote(dated.name))}] if dated else []),
        "as_of": as_of,
        "checked": f"case when as_of_date is not null then {as_of} end" if report.checks_rows else "null::date",
    }


def _in_order(schemas: Schemas) -> list[Entity]:
    """Entities after those that their values are compared with, or whose records name them."""
    return sorted(
        schemas.entities.values(),
        key=lambda entity: (bool(_by_record(entity, schemas)), bool(_links(entity, schemas)), entity.id),
    )


def _by_record(entity: Entity, schemas: Schemas) -> dict[str, dict[str, Any]]:
    """Linked entities that this one finds by its records: which of its elements name them, and by which reports."""
    found = {}
    for other in linked_by_record(entity, schemas, linked(schemas)):
        reports = [report for report in schemas.reports.values() if other in report.about]
        found[other] = {
            "element": entity.links[other][0],
            "key": entity.keys[0][-1],
            "sources": [number for number, report in enumerate(reports, start=1) if entity.id in report.about],
        }
    return found


def linked(schemas: Schemas) -> Collection[str]:
    """Entities whose records are linked."""
    return linked_entities(Settings.load().schemas, schemas)


def _links(entity: Entity, schemas: Schemas) -> list[dict[str, str]]:
    """Values of linked entities that values of this one are compared with; links of one key element."""
    found = {}
    for name in entity.elements:
        for criterion in schemas.elements[name].survivorship:
            if criterion.name == "same_as":
                (key,) = entity.links[criterion.entity]
                found[criterion.entity, criterion.element] = key
    return [{"entity": linked, "element": element, "key": key} for (linked, element), key in found.items()]


def _entity(entity: Entity, schemas: Schemas, wanted: dict[str, list[Column]]) -> dict[str, Any]:
    delivered = {column.element for columns in wanted.values() for column in columns}
    delivered |= {name for report in schemas.reports.values() for name in report.constants}
    keys = [key for key in entity.keys if set(key) <= delivered]
    if len(keys) != 1:
        raise ValueError(f"{entity.id}: the script knows entities of one certain key")
    (key,) = keys
    addresses = named_by_address(entity, schemas)
    place = {name: number for number, name in enumerate(entity.elements, start=1)}
    sources = []
    for report in schemas.reports.values():
        given = {column.element for column in wanted[report.id] if column.entity in (None, entity.id)} | set(
            report.constants
        )
        keyed = set(key) <= given
        if entity.id not in report.about or not (keyed or entity.id in linked(schemas)):
            continue
        columns = [
            {
                "name": name,
                "place": place[name],
                "authority": _authority(schemas, name, report.department),
                "dated": report.checks_rows and _has(schemas, name, "recency"),
            }
            for name in entity.elements
            if name in given
        ]
        sources.append(
            {
                "name": report.raw_table,
                "department": report.department,
                "report": report,
                "columns": columns,
                "keyed": keyed,
            }
        )
    columns = [_element(name, sources, schemas) for name in entity.elements]
    return {
        "id": entity.id,
        "id_column": entity.id_column,
        "key": " || chr(31) || ".join(key_form(schemas.elements[name].type, name) for name in key),
        "stated": key[-1],
        "linked": entity.id in linked(schemas),
        "by_record": _by_record(entity, schemas),
        "addresses": addresses,
        "links": {
            other: [
                *(
                    [" || chr(31) || ".join(f"choice.{one}" for one in entity.links[other])]
                    if other in entity.links
                    else []
                ),
                *([f"{other}_at.{schemas.entities[other].keys[0][0]}"] if other in addresses else []),
            ]
            for other in dict.fromkeys([*entity.links, *addresses])
        },
        "columns": columns,
        "ranked": [column for column in columns if column["ranks"]],
        "looked_up": _links(entity, schemas),
        "sources": sources,
    }


def _choice(names: Collection[str]) -> str:
    return " || chr(31) || ".join(f"choice.{name}" for name in names)


def _element(name: str, sources: list[dict[str, Any]], schemas: Schemas) -> dict[str, Any]:
    """One element over the sources that have it; `ranks` and `facts` only where criteria choose among several."""
    element = schemas.elements[name]
    holders = {
        number: column
        for number, source in enumerate(sources, start=1)
        for column in source["columns"]
        if column["name"] == name
    }
    ranked = bool(element.survivorship) and len(holders) > 1
    return {
        "name": name,
        "sql_type": element.sql_type,
        "sources": list(holders),
        "dated": [number for number, column in holders.items() if column["dated"]],
        "facts": _facts(element, holders) if ranked else {},
        "ranks": {n: _rank(element, n, holders, sources) for n in holders} if ranked else {},
    }


def _facts(element: Element, holders: Collection[int]) -> dict[str, str]:
    """What ranks need to know of a disputed row, computed once."""
    from yibiao.ingest.rules import render as rule

    days = ", ".join(f"{element.id}__order_{n} >> 43 & 65535" for n in holders)
    known = {
        "agreement": ("votes", f"list_aggregate([{', '.join(f'{element.id}__{n}' for n in holders)}], 'histogram')"),
        "leading": ("newest", f"greatest({days})"),
        "citizen_id": (
            "stated",
            rule("citizen_id_birth_date" if element.type == "date" else "citizen_id_sex", "citizen_id"),
        ),
    }
    found = {}
    for criterion in element.survivorship:
        if criterion.name == "minimum_age":
            birth = rule("citizen_id_birth_date", "citizen_id")
            later = f"(({birth}) + interval {criterion.number} year)::date"
            found["old_enough"] = f"date_diff('day', date '1900-01-01', {later})"
        elif criterion.name in known:
            name, fact = known[criterion.name]
            found[name] = fact
    return found


def _rank(element: Element, n: int, holders: Collection[int], sources: list[dict[str, Any]]) -> str:
    """The rank of what source `n` states: its criteria as digits of one number."""
    e, value, source = element.id, f"{element.id}__{n}", sources[n - 1]
    day = f"({e}__order_{n} >> 43 & 65535)"
    first = source["department"] == element.authority[0]
    rank = ""
    for criterion in element.survivorship:
        part, size = {
            "citizen_id": (f"coalesce({value} = {e}__stated, false)::int", 2),
            "same_as": (f"coalesce({value} = {criterion.entity}__{criterion.element}, false)::int", 2),
            "minimum_age": (
                f"(not coalesce({value} in {criterion.codes!r} and {day} < {e}__old_enough, false))::int",
                2,
            ),
            "leading": (f"({day} >= {e}__newest - {criterion.number})::int" if first else "0", 2),
            "recency": (f"{e}__day_{n}" if source["report"].checks_rows else "0", 65536),
            "agreement": (f"{e}__votes[{value}]", 64),
        }[criterion.name]
        rank = f"({rank}) * {size} + {part}" if rank else part
    return rank


def _has(schemas: Schemas, element: str, criterion: str) -> bool:
    return criterion in {one.name for one in schemas.elements[element].survivorship}


def _authority(schemas: Schemas, element: str, department: str) -> int:
    listed = schemas.elements[element].authority
    return (14 - listed.index(department)) << 59 if department in listed else 0
