"""The golden values of one entity in time: from when to when each was valid, and since when it was known.

What held at the end of an edition is what the deliveries of editions up to that day give, by today's contracts and
rules: the answer of `yibiao query --as-of`, but for one entity only, out of the rows that speak of it, and for all
days at once. Nothing is kept for it, and no run costs more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from yibiao.contracts.generate.canonical import certain_keys
from yibiao.contracts.survivorship import applicable
from yibiao.contracts.values import Entity, Schemas
from yibiao.files import scratch
from yibiao.ingest.packages import sheet_of
from yibiao.settings import Settings
from yibiao.warehouse.corrections import of_entity
from yibiao.warehouse.corrections import told as told_tickets
from yibiao.warehouse.history_rows import SEPARATOR, Deliveries, Place, Row, Told, certain_key, gather
from yibiao.warehouse.inputs import CURRENT, SUPERSEDED, Load, assess, collect
from yibiao.warehouse.intervals import Claimed, Interval, intervals, overlaid
from yibiao.warehouse.prepare import carried_rows
from yibiao.warehouse.published import Since, delivery_key, first_published
from yibiao.warehouse.query import open_release
from yibiao.warehouse.reasons import TICKET, choice
from yibiao.warehouse.releases import need_current
from yibiao.warehouse.why import entity_of, need_element

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def history(settings: Settings, schemas: Schemas, entity_id: str, element: str | None = None) -> dict[str, Any]:
    """The golden values of an entity of the current release in time.

    Args:
        element: only this one; by default all that ever had a value.

    Returns:
        `release`, `entity`, `id`, `records` (rows of all editions that speak of it), `complete` (no delivery came, was
        mended or was withdrawn since the release), and `elements`, each with `element`, `name` and `intervals`, oldest
        first: `value`, `text` (the name of a code), `valid_from`, `valid_to`, `known_since` (days), `known_earlier`
        (whether releases before that day are gone) and `source` (`department`, `report`, `edition`, `load_id`,
        `delivery_sha256`, `file`, `sheet`, `row`; of a correction, which is of no file and known since it was accepted,
        `ticket` as `corrections.told` gives it).

    Raises:
        ReleaseError: nothing is published, the release has no such entity, or the entity no such element.
    """
    release = need_current(settings)
    with open_release(release.database) as connection:
        entity = entity_of(connection, schemas, entity_id, "yibiao history")
        need_element(entity, element, "yibiao history")
        loads = [load_id for (load_id,) in connection.execute("select load_id from load").fetchall()]
        inputs = collect(settings, schemas)
        with (
            scratch(settings.work, "history") as folder,
            Deliveries.open(folder, inputs, settings, schemas, loads) as deliveries,
        ):
            told = _told(deliveries, connection, entity, entity_id)
            rows = gather(deliveries, entity, told, _linkage(settings, connection, entity))
            days, chosen = _chosen(deliveries, entity, rows)
            names = [element] if element else list(entity.elements)
            since = first_published(settings)
            known = {row.record_no: _known_since(row, deliveries, since) for row in rows}
            corrected = of_entity(connection, settings, schemas, entity, entity_id)
            accepted = [one for of_one in corrected.values() for one in of_one]
            known |= {-one.ticket_no: Since(one.accepted_at) for one in accepted}
            alive = {day for values in chosen.values() for day in values}
            found = {}
            for name in names:
                held = overlaid(days, chosen.get(name, {}), alive, corrected.get(name, ()))
                found[name] = list(intervals(*held, known.__getitem__))
            tickets = told_tickets(settings, {one.ticket_no for one in accepted})
            departments = {one.ticket_no: one.department for one in accepted}
    return {
        "release": release.version,
        "entity": entity.id,
        "id": entity_id,
        "records": len(rows),
        "complete": inputs.fingerprint == release.manifest["fingerprint"],
        "elements": [
            {
                "element": name,
                "name": schemas.elements[name].name,
                "intervals": [
                    _shown(one, name, schemas)
                    | {
                        "source": _source(one, deliveries)
                        if one.record_no > 0
                        else _ticket(tickets[-one.record_no], departments[-one.record_no])
                    }
                    for one in found[name]
                ],
            }
            for name in names
            if found[name] or name == element
        ],
    }


def _linkage(settings: Settings, connection: DuckDBPyConnection, entity: Entity) -> Any:
    """The linkage settings of an entity whose records the release links."""
    from yibiao.identity.source import linkage_of

    return linkage_of(settings.schemas, entity.id) if _has(connection, f"{entity.id}_link") else None


def _has(connection: DuckDBPyConnection, table: str) -> bool:
    return bool(connection.execute("from duckdb_tables() where table_name = ?", [table]).fetchall())


def _told(deliveries: Deliveries, connection: DuckDBPyConnection, entity: Entity, entity_id: str) -> Told:
    """By what an entity of a release is told."""
    id_column = entity.id_column

    def places(condition: str, value: object, table: str = "crosswalk") -> set[Place]:
        found = connection.execute(
            f"select load.load_id, record.record_no - load.first_record_no from {entity.id}_{table} as record"
            " join load on record.record_no > load.first_record_no"
            f" and record.record_no <= load.first_record_no + load.read where {condition}",
            [value],
        ).fetchall()
        return {place for place in found if place[0] in deliveries.loads}

    def elsewhere(asked: Collection[Place]) -> set[Place]:
        first = dict(connection.execute("select load_id, first_record_no from load").fetchall())
        numbers = [first[load_id] + row for load_id, row in asked]
        condition = "record.record_no in (select unnest(?::bigint[]))"
        return places(condition, numbers) - present if numbers else set()

    present = places(f"record.{id_column} = ?", entity_id)
    linked = places(f"record.{id_column} = ?", entity_id, "link") if _has(connection, f"{entity.id}_link") else set()
    keys: set[str] = set()
    by_report: dict[str, list[Row]] = {}
    for place, (source, cells) in deliveries.cells(present - linked).items():
        row = Row(deliveries.number(place), *place, source, cells)
        by_report.setdefault(deliveries.loads[place[0]].report, []).append(row)
    for report, rows in by_report.items():
        contract = deliveries.schemas.reports[report]
        keys |= deliveries.keys_of(contract, certain_key(contract, entity, deliveries.schemas), rows)
    return Told(frozenset(keys), frozenset(present), frozenset(linked), elsewhere)


def _chosen(
    deliveries: Deliveries, entity: Entity, rows: Sequence[Row]
) -> tuple[list[date], dict[str, dict[date, Claimed]]]:
    """The ends of the editions in which anything about the entity may have changed, and what the rules give then:
    element -> day -> what held."""
    schemas = deliveries.schemas
    said = _said(deliveries, entity, rows)
    linked = sorted(
        {
            one.entity
            for name in entity.elements
            for one in applicable(schemas.elements[name], schemas.told)
            if one.entity
        }
    )
    others = {name: _others(deliveries, entity, schemas.entities[name], said) for name in linked}
    everything = [*rows, *(row for found in others.values() for row in found)]
    days = sorted(
        {
            date.fromisoformat(load.manifest["edition_date"])
            for load in deliveries.loads.values()
            if load.report in {deliveries.loads[row.load_id].report for row in everything}
        }
    )
    counting = {day: _counting(deliveries, everything, day) for day in days}
    connection = deliveries.connection
    connection.execute("create or replace view load as select * from input.load")
    for name in linked:
        other = schemas.entities[name]
        code = other.keys[0][0]
        own = _said(deliveries, other, others[name])
        claims = [
            (f"{day}{SEPARATOR}{own[row.record_no]['said'][code]}", row, own[row.record_no])
            for day in days
            for row in others[name]
            if row.record_no in counting[day]
        ]
        _claims(deliveries, other, claims)
        values: dict[str, dict[str, str]] = {group: {code: group} for group, *_ in claims}
        _golden(connection, other, values)
        for group, element, value, _, _ in connection.execute(choice(other, schemas)).fetchall():
            if element != code:
                values[group][element] = value
        _golden(connection, other, values)
    _claims(
        deliveries,
        entity,
        [(str(day), row, said[row.record_no]) for day in days for row in rows if row.record_no in counting[day]],
    )
    _golden(connection, entity, {str(day): {} for day in days})
    first = connection.execute(choice(entity, schemas)).fetchall()
    # What other values are chosen by is itself chosen by authority alone, so that a second round has it.
    links = {name for target in linked for name in entity.links[target]}
    settled: dict[str, dict[str, str]] = {str(day): {} for day in days}
    for day, element, value, _, _ in first:
        if not applicable(schemas.elements[element], schemas.told):
            settled[day][element] = f"{day}{SEPARATOR}{value}" if element in links else value
    _golden(connection, entity, settled)
    found = connection.execute(choice(entity, schemas)).fetchall()
    held: dict[str, dict[date, Claimed]] = {}
    for day, element, value, number, as_of in found:
        held.setdefault(element, {})[date.fromisoformat(day)] = value, number, as_of
    return days, held


def _said(deliveries: Deliveries, entity: Entity, rows: Sequence[Row]) -> dict[int, dict[str, Any]]:
    """What rows say, by record number; see `Deliveries.typed`."""
    by_report: dict[str, list[Row]] = {}
    for row in rows:
        by_report.setdefault(deliveries.loads[row.load_id].report, []).append(row)
    return {
        said["record_no"]: said
        for report, own in by_report.items()
        for said in deliveries.typed(deliveries.schemas.reports[report], entity, own)
    }


def _others(deliveries: Deliveries, entity: Entity, other: Entity, said: Mapping[int, dict[str, Any]]) -> list[Row]:
    """Rows about the entities that this one ever named by key."""
    (key,) = certain_keys(other, deliveries.schemas.elements)[:1]
    names = entity.links[other.id]
    named = {tuple(row["said"].get(name) for name in names) for row in said.values()}
    keys = {deliveries.key_text(key, values) for values in named if None not in values}
    return gather(deliveries, other, Told(frozenset(filter(None, keys))))


def _counting(deliveries: Deliveries, rows: Sequence[Row], day: date) -> set[int]:
    """Numbers of the rows that count at the end of a day."""
    from yibiao.control import accepted_loads

    accepted = accepted_loads(deliveries.settings)
    found: set[int] = set()
    for report_id in {deliveries.loads[row.load_id].report for row in rows}:
        report = deliveries.schemas.reports[report_id]
        loads = [load for load in deliveries.loads.values() if load.report == report_id]
        states = assess(report, [one for one in loads if one.manifest["edition_date"] <= day.isoformat()], accepted)
        current = {load.load_id for load in states if load.state == CURRENT}
        own = [row for row in rows if deliveries.loads[row.load_id].report == report_id]
        counted = {row.record_no for row in own if row.load_id in current}
        found |= counted | _carried(deliveries, report_id, states, own, current)
    return found


def _carried(
    deliveries: Deliveries, report_id: str, states: Sequence[Load], own: Sequence[Row], current: set[str]
) -> set[int]:
    """Of the rows of superseded loads those that a held row of the current edition leaves as they were."""
    report = deliveries.schemas.reports[report_id]

    def key(row: Row) -> tuple[str, ...]:
        return tuple((row.cells.get(name) or "").strip() for name in report.key)

    superseded = {load.load_id for load in states if load.state == SUPERSEDED}
    there = {key(row) for row in own if row.load_id in current}
    asked = [row.record_no for row in own if row.load_id in superseded and key(row) not in there]
    if not asked or not (sql := carried_rows(report, states)):
        return set()
    rows = deliveries.connection.execute(
        f"select record_no from ({sql}) where record_no in (select unnest(?::bigint[]))", [asked]
    ).fetchall()
    return {number for (number,) in rows}


def _claims(deliveries: Deliveries, entity: Entity, told: Sequence[tuple[str, Row, dict[str, Any]]]) -> None:
    """The table `<entity>_conflict` of a release, with every claim: (id, row, what it says)."""
    import pyarrow as pa

    keys = {name for key in entity.keys for name in key}
    lines = []
    for group, row, said in told:
        load = deliveries.loads[row.load_id]
        report = deliveries.schemas.reports[load.report]
        edition = date.fromisoformat(load.manifest["edition_date"])
        as_of = min(said["as_of_date"] or edition, edition)
        checked = as_of if report.checks_rows and said["as_of_date"] is not None else None
        for name, value in said["said"].items():
            if value is not None and not (row.key is None and name in keys):
                lines.append((group, name, row.record_no, report.department, as_of, checked, value, False))
    kinds = {
        entity.id_column: pa.string(), "element": pa.string(), "record_no": pa.int64(), "department": pa.string(),
        "as_of": pa.date32(), "checked_date": pa.date32(), "value": pa.string(), "is_chosen": pa.bool_(),
    }  # fmt: skip
    columns = {name: pa.array([line[n] for line in lines], kind) for n, (name, kind) in enumerate(kinds.items())}
    deliveries.connection.register("history_claims", pa.table(columns))
    deliveries.connection.execute(f"create or replace table {entity.id}_conflict as from history_claims")
    deliveries.connection.unregister("history_claims")


def _golden(connection: DuckDBPyConnection, entity: Entity, values: Mapping[str, Mapping[str, str]]) -> None:
    """The table of an entity, with the values by which others are chosen."""
    import pyarrow as pa

    names = dict.fromkeys([*entity.elements, "citizen_id"])
    columns = {entity.id_column: pa.array(list(values), pa.string())}
    columns |= {name: pa.array([one.get(name) for one in values.values()], pa.string()) for name in names}
    connection.register("history_golden", pa.table(columns))
    connection.execute(f"create or replace table {entity.id} as from history_golden")
    connection.unregister("history_golden")


def _known_since(row: Row, deliveries: Deliveries, since: Mapping[str, Since]) -> Since | None:
    load = deliveries.loads[row.load_id]
    if row.source != row.load_id:
        return since.get(row.source)
    manifest = load.manifest
    return since.get(delivery_key(load.report, manifest["edition"], manifest["delivery"]["sha256"]))


def _shown(one: Interval, element: str, schemas: Schemas) -> dict[str, Any]:
    code_list = schemas.elements[element].code_list
    code = schemas.codes[code_list].by_code.get(one.value) if code_list else None
    return {
        "value": one.value,
        "text": code.name if code else one.value,
        "valid_from": one.valid_from.isoformat(),
        "valid_to": one.valid_to.isoformat() if one.valid_to else None,
        "known_since": one.known_since.day if one.known_since else None,
        "known_earlier": bool(one.known_since and one.known_since.or_earlier),
    }


def _source(one: Interval, deliveries: Deliveries) -> dict[str, Any]:
    load_id, row = deliveries.place(one.record_no)
    load = deliveries.loads[load_id]
    return {
        "department": load.manifest["department"],
        "report": load.report,
        "edition": load.manifest["edition"],
        "load_id": load_id,
        "delivery_sha256": load.manifest["delivery"]["sha256"],
        "file": load.manifest["delivery"]["name"],
        "sheet": sheet_of(load.manifest, row),
        "row": row,
    }


def _ticket(ticket: Mapping[str, Any], department: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("load_id", "delivery_sha256", "file", "sheet", "row"))
    return {
        "department": department, "report": TICKET, "edition": str(ticket["ticket"]), **nothing, "ticket": dict(ticket),
    }  # fmt: skip
