"""How right prefilled forms are: the same forms asked of the truth that was kept aside, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.contracts.values import Schemas
from yibiao.demo.marker import read_marker
from yibiao.demo.score import meant, opened, records_of
from yibiao.forms.fill.areas import division_list
from yibiao.forms.fill.select import ask, doubtful_query, prepare_names, see, texts_query
from yibiao.forms.model import Form
from yibiao.forms.paths import PERSONS, joins, persons_query
from yibiao.settings import Settings
from yibiao.warehouse.releases import Release

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LINKS = {
    ("resident", "household"): "household_no",
    ("benefit", "resident"): "resident_no",
}
"""(entity, linked one) -> column of the truth that has the number of the linked one; others link by their element."""


@dataclass(frozen=True)
class Prefilled:
    """One form beside the truth.

    Attributes:
        rows: rows filled in.
        cells: cells of these rows; `filled` of them; `judged`: filled ones of which the truth says anything; `right`.
        wrong_person: cells about a person other than the one that they should be about.
        elsewhere: cells of other people than the row's own who neither live in the community nor are registered there.
        wrong: header -> judged cells that are not right.
    """

    form: str
    rows: int
    cells: int
    filled: int
    judged: int
    right: int
    wrong_person: int
    elsewhere: int
    wrong: Mapping[str, int]


def score_forms(
    release: Release, data: Path, schemas: Schemas, forms: Mapping[str, Form], settings: Settings, as_of: date
) -> list[Prefilled]:
    """Ask every form of the release, and the same rows of the truth.

    The truth is put into tables of the shape of a release under the ids that the release gave the same entities, so
    that the very queries that fill forms say what should stand in each cell: an oracle of values and of links, though
    not of the queries themselves, which their own tests hold against a loop.

    Raises:
        DemoError: `data` is no demo folder.
    """
    read_marker(data)
    with opened(release, data, settings) as connection:
        connection.execute("create schema memory.truth")
        (edition,) = connection.execute("select max(edition) from load where state = 'current'").fetchall()[0]
        for entity in schemas.entities.values():
            records_of(connection, entity, schemas)
            meant(connection)
            connection.execute(f"create temp table meant_{entity.id} as from meant")
            connection.execute(f"create temp table scored_{entity.id} as select record_no, no from scored")
        for name in schemas.entities:
            _true_table(connection, schemas, name, str(edition))
        see(connection, schemas, doubtful_query())
        prepare_names(connection, schemas)
        for person in PERSONS:
            connection.execute(f"create temp table {person}_here as from {person}")
        area = [code for code in division_list(schemas).by_code if len(code) == 12]
        return [_score(connection, schemas, form, as_of, area) for _, form in sorted(forms.items())]


def _true_table(connection: DuckDBPyConnection, schemas: Schemas, name: str, edition: str) -> None:
    """`truth.<entity>`: every true entity, under each id that the release gave it, or one of its own."""
    entity = schemas.entities[name]
    has = {row[0] for row in connection.execute(f"describe select * from true_{name}").fetchall()}
    types = {row[0]: row[1] for row in connection.execute(f"describe {name}").fetchall()}
    columns = [f"cast({one if one in has else 'null'} as {types[one]}) as {one}" for one in entity.elements]
    links = []
    for linked in entity.links:
        key = schemas.entities[linked].id_column
        number = _LINKS.get((name, linked))
        if number is None:
            element = entity.links[linked][0]
            number = f"(select min(no) from other_{linked} where other_{linked}.{element} = truth.{element})"
        found = f"(select min(found) from meant_{linked} where meant_{linked}.no = {number})"
        links.append(f"coalesce({found}, '{linked}' || {number}) as {key}")
    others = ", ".join(
        f"other_{linked} as (select no, {entity.links[linked][0]} from true_{linked} where edition = '{edition}')"
        for linked in entity.links
        if (name, linked) not in _LINKS
    )
    listed = ", ".join([f"coalesce(meant_{name}.found, '{name}' || truth.no) as {entity.id_column}", *columns, *links])
    connection.execute(
        f"create table memory.truth.{name} as {f'with {others} ' if others else ''}select {listed}"
        f" from true_{name} as truth left join meant_{name} on meant_{name}.no = truth.no"
        # What happened in an earlier month stands in that edition alone.
        f" qualify row_number() over (partition by truth.no, meant_{name}.found order by truth.edition desc) = 1"
    )


def _score(connection: DuckDBPyConnection, schemas: Schemas, form: Form, as_of: date, area: list[str]) -> Prefilled:
    asked = ask(form, schemas, as_of, {}, area)
    connection.execute(asked.picked)
    entities, entity = schemas.entities, form.rows.entity
    persons = {"resident": "resident.resident_id"} if "resident" in joins(entities, entity) else {}
    persons |= {one: f"{one}.resident_id" for one in PERSONS if any(cell.table == one for cell in asked.cells)}
    more = {f"p_{table}": sql for table, sql in persons.items()}
    sql = texts_query(form, schemas, asked.cells, more)
    records = {f"r{number}": cell.record for number, cell in enumerate(asked.cells) if cell.table is not None}
    # Who gave a value stands in the release alone.
    connection.execute(
        f"create or replace temp table shown as {texts_query(form, schemas, asked.cells, {**more, **records})}"
    )
    connection.execute("use memory.truth")
    try:
        see(connection, schemas, "select resident_id from resident where false")
        for person in PERSONS:
            connection.execute(
                f"create or replace temp table {person} as {persons_query(schemas)} select * from {person}"
            )
        connection.execute(f"create or replace temp table due as {sql}")
    finally:
        connection.execute("use release")
        see(connection, schemas, doubtful_query())
        for person in PERSONS:
            connection.execute(f"create or replace temp table {person} as from {person}_here")
    judged, right, filled, wrong_person = 0, 0, 0, 0
    wrong: dict[str, int] = {}
    rows = int(connection.execute("select count(*) from picked where community is not null").fetchall()[0][0])
    for number, (field, cell) in enumerate(zip(form.fields, asked.cells, strict=True)):
        if cell.table is None:
            continue
        other = _other_person(cell.table, persons, entity, number)
        counts: Any = connection.execute(
            f"""
            select
                count(shown.t{number}),
                count(*) filter (where shown.t{number} is not null and due.t{number} is not null),
                count(*) filter (where shown.t{number} = due.t{number}),
                count(*) filter (where shown.t{number} is distinct from due.t{number} and shown.t{number} is not null
                    and ({other}))
            from shown left join due on due.id = shown.id
            """
        ).fetchall()[0]
        filled, judged, right = filled + counts[0], judged + counts[1], right + counts[2]
        wrong_person += counts[3]
        if counts[1] > counts[2]:
            wrong[field.header] = counts[1] - counts[2]
    return Prefilled(
        form.id,
        rows,
        rows * len(form.fields),
        filled,
        judged,
        right,
        wrong_person,
        _elsewhere(connection, asked),
        wrong,
    )


def _other_person(table: str, persons: Mapping[str, str], entity: str, number: int) -> str:
    """SQL: the cell speaks of a person, and the truth of another one; or a record of somebody else gave its value."""
    kind = "resident" if table in PERSONS else table
    if kind != "resident":
        return "false"
    shown = "shown.id" if table == entity else f"shown.p_{table}"
    meant_no = f"(select no from meant_resident where found = {shown})"
    given = f"(select no from scored_resident where record_no = shown.r{number})"
    tests = [f"{given} is not null and {meant_no} is not null and {given} <> {meant_no}"]
    if table != entity:
        there = f"(select no from meant_resident where found = due.p_{table})"
        tests.append(f"{meant_no} is not null and {there} is not null and {meant_no} <> {there}")
    return " or ".join(tests)


def _elsewhere(connection: DuckDBPyConnection, asked: Any) -> int:
    """Filled cells about a head of household, husband or wife who neither lives in the workbook's community nor is
    registered there."""
    total = 0
    for table in PERSONS:
        cells = [number for number, cell in enumerate(asked.cells) if cell.table == table]
        if not cells:
            continue
        filled = " + ".join(f"(shown.t{number} is not null)::integer" for number in cells)
        found: Any = connection.execute(
            f"""
            select coalesce(sum({filled}), 0)::bigint from shown
            join resident as person on person.resident_id = shown.p_{table}
            left join household on household.household_id = person.household_id
            where person.community_code is distinct from shown.community
                and household.community_code is distinct from shown.community
            """
        ).fetchall()[0][0]
        total += int(found)
    return total
