"""Which accepted corrections a built warehouse applied, and to whom: the id that a form bore may have gone since."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.contracts.values import Entity, Schemas
from yibiao.forms.tickets import Correction, accepted_corrections, tickets
from yibiao.ingest.rules import quote
from yibiao.settings import Settings
from yibiao.warehouse.inputs import Inputs
from yibiao.warehouse.reasons import CORRECTIONS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

APPLIED = "applied_correction"
"""Table of schema `input`: the corrections that count, with the ids that their entities bear now."""


def settle(database: Path, inputs: Inputs, schemas: Schemas) -> dict[str, Any] | None:
    """Write down which corrections the models applied; nothing if there are none.

    The provenance of a golden value says which ticket it is of, so that nothing is decided here a second time.

    Returns:
        `accepted` (corrections that count), `applied`, and `passed_over`: the tickets that changed nothing, because no
        entity with the id is left, or a later ticket counts for the one that it became part of. None without any.
    """
    import duckdb

    if not inputs.corrections:
        return None
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"create or replace table input.{APPLIED} as from input.correction limit 0")
        for entity, element in sorted({(one.entity, one.element) for one in inputs.corrections}):
            _apply(connection, schemas.entities[entity].id_column, entity, element)
        rows = connection.execute(f"select ticket_no from input.{APPLIED}").fetchall()
    applied = {number for (number,) in rows}
    return {
        "accepted": len(inputs.corrections),
        "applied": len(applied),
        "passed_over": sorted({one.ticket_no for one in inputs.corrections} - applied),
    }


def _apply(connection: DuckDBPyConnection, key: str, entity: str, element: str) -> None:
    if not connection.execute(
        "from duckdb_tables() where schema_name = 'canonical' and table_name = ?", [f"{entity}_provenance"]
    ).fetchall():  # no report speaks of such entities
        return
    connection.execute(
        f"""
        insert into input.{APPLIED}
        select told.* replace (source.{quote(key)} as entity_id)
        from canonical.{quote(f"{entity}_provenance")} as source
        inner join input.correction as told
            on told.ticket_no = -source.{quote(element)} and told.entity = ? and told.element = ?
        where source.{quote(element)} < 0""",
        [entity, element],
    )


def of_entity(
    connection: DuckDBPyConnection, settings: Settings, schemas: Schemas, entity: Entity, entity_id: str
) -> dict[str, list[Correction]]:
    """By element the accepted corrections of an entity that a release knows, also those that a later ticket replaced.

    Args:
        connection: to the release.
    """
    if not connection.execute("from duckdb_tables() where table_name = ?", [CORRECTIONS]).fetchall():
        return {}
    rows = connection.execute(
        f"select element, ticket_no from {CORRECTIONS} where entity = ? and entity_id = ?", [entity.id, entity_id]
    ).fetchall()
    last: dict[str, int] = dict(rows)
    known = accepted_corrections(settings, schemas)
    ids = {entity_id} | {one.entity_id for one in known if one.ticket_no in last.values()}
    found: dict[str, list[Correction]] = {}
    for one in known:
        if one.entity == entity.id and one.entity_id in ids and one.ticket_no <= last.get(one.element, 0):
            kind = schemas.elements[one.element].sql_type
            ((value,),) = connection.execute(
                f"select cast(cast(?::varchar as {kind}) as varchar)", [one.value]
            ).fetchall()
            found.setdefault(one.element, []).append(replace(one, value=value))
    return found


def told(settings: Settings, numbers: Collection[int]) -> dict[int, dict[str, Any]]:
    """Who accepted tickets and when, and on which form they came back; reasons stay with `yibiao ticket show`.

    Returns:
        Number of a ticket -> `ticket`, `form`, `community_code`, `release` (that the form was filled from),
        `opened_at`, `decided_by`, `decided_at`.
    """
    if not numbers:
        return {}
    return {
        one.ticket_no: {
            "ticket": one.ticket_no,
            "form": one.found.form,
            "community_code": one.found.community_code,
            "release": one.found.release_version,
            "opened_at": one.opened_at,
            "decided_by": one.decided_by,
            "decided_at": one.decided_at,
        }
        for one in tickets(settings)
        if one.ticket_no in numbers
    }


def in_words(ticket: Mapping[str, Any]) -> str:
    """One of `told` for a screen: 更正工单 3（王某 2026-04-03 采纳）."""
    return f"（{ticket['decided_by']} {ticket['decided_at'][:10]} 采纳）"
