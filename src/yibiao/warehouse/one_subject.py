"""Loads in most rows of which one person or organisation stands, by number or, where rows have no usable one, by name:
a column that was dragged down, a value that somebody made up.

What such a load costs and whom it harms is bounded (decision 42). It stops nothing, because only its sender can tell it
from a report of events about one person; so a human is told: by the gate (`not_about_one_subject`), in the summary of
the run and in the manifest of the release.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.contracts.generate.canonical import given_elements
from yibiao.contracts.values import Entity, Schemas
from yibiao.identity.source import linkage_of, name_of, with_settings
from yibiao.ingest.rules import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LEAST = 20
"""Rows from which on a load is told of: half of a handful says nothing."""

TABLE = "one_subject"
"""Table of schema `input`: `load_no`, `entity`, `records` of loads in most rows of which one subject stands."""


def find(database: Path, schemas: Schemas, schemas_folder: Path) -> list[dict[str, Any]]:
    """Look for such loads in a built warehouse, and write them down there for the gate.

    Returns:
        By load: `entity`, `report`, `edition`, `load_id`, `rows` (that state it), `of` (rows of the load), `element`
        (what they state), `number` (masked; empty where it is a name).
    """
    import duckdb

    with duckdb.connect(str(database)) as connection:
        found = [one for entity in schemas.entities.values() for one in _by_number(connection, entity, schemas)]
        by_number = {(one["entity"], one["load_no"]) for one in found}
        for id in with_settings(schemas_folder):
            if entity := schemas.entities.get(id):
                named = _by_name(connection, entity, schemas, name_of(linkage_of(schemas_folder, id)))
                found += [one for one in named if (id, one["load_no"]) not in by_number]
        connection.execute(f"create or replace table input.{TABLE} (load_no bigint, entity varchar, records bigint)")
        rows = [[one["load_no"], one["entity"], one["rows"]] for one in found]
        if rows:
            connection.executemany(f"insert into input.{TABLE} values (?, ?, ?)", rows)
    return [{key: value for key, value in one.items() if key != "load_no"} for one in found]


@dataclass(frozen=True)
class _Suspect:
    """A load that may speak of one subject: its number, its report, and which record numbers are its rows'."""

    load_no: int
    report: str
    edition: str
    load_id: str
    first: int
    read: int
    rows: int

    def most(self, connection: DuckDBPyConnection, model: str, stated: list[str], which: str) -> tuple[Any, ...] | None:
        """What most of its rows state: how many of them, and the values; None if it is not most."""
        values = ", ".join(quote(one) for one in stated)
        there = " and ".join(f"{quote(one)} is not null" for one in stated)
        found = connection.execute(
            f"select count(*), {values} from staging.{model}"
            f" where record_no > ? and record_no <= ? and {there} and {which} group by all order by all desc limit 1",
            [self.first, self.first + self.read],
        ).fetchone()
        return found if found and found[0] >= LEAST and 2 * found[0] > self.rows else None

    def told(self, entity: Entity, rows: int, element: str, number: str) -> dict[str, Any]:
        return {
            "load_no": self.load_no, "entity": entity.id, "report": self.report, "edition": self.edition,
            "load_id": self.load_id, "rows": rows, "of": self.rows, "element": element, "number": number,
        }  # fmt: skip


def _by_number(connection: DuckDBPyConnection, entity: Entity, schemas: Schemas) -> list[dict[str, Any]]:
    """Those in which the number is one of this entity."""
    found = []
    for load in _suspects(connection, entity):
        report = schemas.reports[load.report]
        for key in entity.keys:
            if set(key) <= set(given_elements(report, entity)) and (
                most := load.most(connection, report.staging_model, list(key), "true")
            ):
                masked = " ".join(masked_number(str(part)) for part in most[1:])
                found.append(load.told(entity, most[0], ", ".join(key), masked))
                break
    return found


def _by_name(connection: DuckDBPyConnection, entity: Entity, schemas: Schemas, name: str) -> list[dict[str, Any]]:
    """Those in which rows without a usable number state one name."""
    if not _there(connection, f"identity.link_{entity.id}"):
        return []
    open_rows = f"select record_no from identity.link_{entity.id} where basis <> 'contradicts'"
    return [
        load.told(entity, most[0], name, "")
        for load in _mostly(connection, open_rows)
        if name in given_elements(report := schemas.reports[load.report], entity)
        and (most := load.most(connection, report.staging_model, [name], f"record_no in ({open_rows})"))
    ]


def _suspects(connection: DuckDBPyConnection, entity: Entity) -> list[_Suspect]:
    """Loads in most rows of which stands what stands in another row of the report, or what other reports contradict.

    Both are written down of every record already. To group all records by number would cost more than it is worth. Of
    entities that are not linked nothing is asked: most rows of a report may well speak of one household or event.
    """
    crosswalk = f"identity.crosswalk_{entity.id}"
    if not _there(connection, crosswalk, "is_key_contradicted"):
        return []
    return _mostly(connection, f"select record_no from {crosswalk} where is_repeated or is_key_contradicted")


def _mostly(connection: DuckDBPyConnection, records: str) -> list[_Suspect]:
    """Loads of which these records are most rows."""
    return [
        _Suspect(*row)
        for row in connection.execute(f"""
            with suspects as ({records}),
            counted as (
                select load_no, count(*) as records
                from suspects asof join (from input.load where read > 0) as load on record_no > first_record_no
                group by load_no
            )
            select load_no, report, edition, load_id, first_record_no, read, row_count
            from counted inner join input.load using (load_no)
            where records >= {LEAST} and 2 * records > row_count
            order by load_no""").fetchall()
    ]


def _there(connection: DuckDBPyConnection, table: str, column: str = "record_no") -> bool:
    """Whether a table has this column; a question to the catalogue would look at the columns of all tables."""
    import duckdb

    try:
        described = connection.execute(f"from {table} limit 0").description or []
    except duckdb.CatalogException:
        return False
    return column in {name for name, *_ in described}


def masked_number(number: str) -> str:
    """The first six and the last four signs of a long number, of a shorter one the last four (GB/T 37964)."""
    shown = 6 if len(number) >= 15 else 0
    last = number[-4:] if len(number) > 4 else ""
    return number[:shown] + "*" * (len(number) - shown - len(last)) + last
