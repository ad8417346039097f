"""Loads in most rows of which the number of one person or organisation stands: a column that was dragged down, a value
that somebody made up.

What such a load costs and whom it harms is bounded (decision 42). It stops nothing, because only its sender can tell it
from a report of events about one person; so a human is told: by the gate (`no_number_in_most_rows`), in the summary of
the run and in the manifest of the release.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.contracts.generate.canonical import given_elements
from yibiao.contracts.values import Entity, Schemas
from yibiao.ingest.rules import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LEAST = 20
"""Rows from which on a load is told of: half of a handful says nothing."""

TABLE = "one_number"
"""Table of schema `input`: `load_no`, `entity`, `records` of loads in most rows of which one number stands."""


def find(database: Path, schemas: Schemas) -> list[dict[str, Any]]:
    """Look for such loads in a built warehouse, and write them down there for the gate.

    Returns:
        By load: `entity`, `report`, `edition`, `load_id`, `rows` (that state the number), `of` (rows of the load),
        `number` (masked).
    """
    import duckdb

    with duckdb.connect(str(database)) as connection:
        found = [one for entity in schemas.entities.values() for one in _of(connection, entity, schemas)]
        connection.execute(f"create or replace table input.{TABLE} (load_no bigint, entity varchar, records bigint)")
        rows = [[one["load_no"], one["entity"], one["rows"]] for one in found]
        if rows:
            connection.executemany(f"insert into input.{TABLE} values (?, ?, ?)", rows)
    return [{key: value for key, value in one.items() if key != "load_no"} for one in found]


def _of(connection: DuckDBPyConnection, entity: Entity, schemas: Schemas) -> list[dict[str, Any]]:
    """Those in which the number is one of this entity."""
    found = []
    for load_no, report_id, edition, load_id, first, read, of in _suspects(connection, entity):
        report = schemas.reports[report_id]
        for key in entity.keys:
            if not set(key) <= set(given_elements(report, entity)):
                continue
            named = ", ".join(quote(name) for name in key)
            stated = " and ".join(f"{quote(name)} is not null" for name in key)
            rows, *number = connection.execute(
                f"select count(*), {named} from staging.{report.staging_model}"
                f" where record_no > ? and record_no <= ? and {stated} group by all order by all desc limit 1",
                [first, first + read],
            ).fetchone() or (0,)
            if rows >= LEAST and 2 * rows > of:
                told = {"report": report_id, "edition": edition, "load_id": load_id, "rows": rows, "of": of}
                masked = " ".join(masked_number(str(part)) for part in number)
                found.append({"load_no": load_no, "entity": entity.id, **told, "number": masked})
                break
    return found


def _suspects(connection: DuckDBPyConnection, entity: Entity) -> list[tuple[Any, ...]]:
    """Loads in most rows of which stands what stands in another row of the report, or what other reports contradict.

    Both are written down of every record already. To group all records by number would cost more than it is worth. Of
    entities that are not linked nothing is asked: most rows of a report may well speak of one household or event.
    """
    columns = connection.execute(f"from identity.crosswalk_{entity.id} limit 0").description or []
    if "is_key_contradicted" not in {name for name, *_ in columns}:
        return []
    return connection.execute(f"""
        with suspects as (
            select record_no from identity.crosswalk_{entity.id} where is_repeated or is_key_contradicted
        ),
        counted as (
            select load_no, count(*) as records
            from suspects asof join (from input.load where read > 0) as load on record_no > first_record_no
            group by load_no
        )
        select load_no, report, edition, load_id, first_record_no, read, row_count
        from counted inner join input.load using (load_no)
        where records >= {LEAST} and 2 * records > row_count
        order by load_no""").fetchall()


def masked_number(number: str) -> str:
    """The first six and the last four signs of a long number, of a shorter one the last four (GB/T 37964)."""
    shown = 6 if len(number) >= 15 else 0
    last = number[-4:] if len(number) > 4 else ""
    return number[:shown] + "*" * (len(number) - shown - len(last)) + last
