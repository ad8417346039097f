"""Cells about the owner of a dwelling: his name where the house stands, the rest only where he himself lives."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import duckdb
import pytest

from yibiao.forms import Field, Form, Rows
from yibiao.forms.collect.contract import own_columns
from yibiao.forms.fill.select import Asked, ask, prepare

HERE, THERE = "999901001001", "999901001002"
AS_OF = date(2026, 3, 31)

PEOPLE = [
    # id, name, number, telephone, lives in, died
    ("mends", "甲某", "999901198001010013", "13900000001", HERE, None),
    ("away", "乙某", "999901198001010021", "13900000002", THERE, None),
    ("dead", "丙某", "99990119800101003X", "13900000003", HERE, date(2026, 1, 1)),
    ("twin", "丁某", "999901198001010048", "13900000004", HERE, None),
    ("twin2", "丁某", "999901198001010048", "13900000005", HERE, None),
    ("double", "戊某", "999901198001010056", "13900000006", HERE, None),
]
HOUSES = [
    # id, owner's name, owner's number, stands in
    ("mends", "甲某", "999901198001010013", HERE),
    ("away", "乙某", "999901198001010021", HERE),
    ("dead", "丙某", "99990119800101003X", HERE),
    ("twin", "丁某", "999901198001010048", HERE),
    ("double", "戊某", "999901198001010056", HERE),
    ("mistyped", "己某", "999901198001010013", HERE),  # the number of 甲某
    ("nameless", None, "999901198001010013", HERE),
    ("public", None, None, HERE),
    ("theirs", "甲某", "999901198001010013", THERE),
]
TELEPHONES = {"mends": "13900000001", "theirs": None}
"""Of the houses whose owner's telephone may be told where the house stands; of all others nothing is."""


@pytest.fixture(scope="module")
def release(schemas):
    """Canonical tables of a few houses and people; one of these is two people by his names."""
    with duckdb.connect() as connection:
        for entity in schemas.entities.values():
            links = [schemas.entities[one].id_column for one in entity.links]
            columns = [f"{one} varchar" for one in (entity.id_column, *links)]
            columns += [f"{one} {schemas.elements[one].sql_type}" for one in entity.elements]
            connection.execute(f"create table {entity.id} ({', '.join(columns)})")
            records = ", ".join(f"{one} bigint" for one in entity.elements)
            connection.execute(f"create table {entity.id}_provenance ({entity.id_column} varchar, {records})")
            connection.execute(
                f"create table {entity.id}_conflict ({entity.id_column} varchar, element varchar, value varchar)"
            )
        for one, name, number, telephone, community, died in PEOPLE:
            connection.execute(
                "insert into resident (resident_id, resident_name, citizen_id, mobile_phone, community_code,"
                " death_date, dwelling_id) values (?, ?, ?, ?, ?, ?, 'away')",
                [one, name, number, telephone, community, died],
            )
            connection.execute("insert into resident_provenance (resident_id, mobile_phone) values (?, 7)", [one])
        for one, name, number, community in HOUSES:
            connection.execute(
                "insert into dwelling (dwelling_id, dwelling_code, dwelling_owner_name, dwelling_owner_citizen_id,"
                " community_code) values (?, ?, ?, ?, ?)",
                [one, one, name, number, community],
            )
            connection.execute(
                "insert into dwelling_provenance (dwelling_id, dwelling_owner_name, dwelling_owner_citizen_id)"
                " values (?, 5, 6)",
                [one],
            )
        connection.execute(
            "insert into resident_conflict values ('double', 'resident_name', '戊某'),"
            " ('double', 'resident_name', '庚丑')"
        )
        prepare(connection, schemas)
        yield connection


def form_of(entity: str) -> Form:
    fields = tuple(
        Field(f"产权人/{element}", element, "owner", None, None, None, "typed", (), None)
        for element in ("resident_name", "citizen_id", "mobile_phone")
    )
    rows = Rows(entity, None, Fraction(1), "示例")
    return Form("housing.owners", "产权人", "housing", "《示例》", "主题", 1, "社区", "community", rows, (), fields)


def shown(release, schemas, entity: str) -> dict[str, dict[str, tuple]]:
    """Community -> id of a row -> texts of name, number and telephone."""
    asked: Asked = ask(form_of(entity), schemas, AS_OF, {}, [HERE, THERE])
    release.execute(asked.picked)
    result = release.execute(asked.sql)
    names = [column[0] for column in result.description]
    found: dict[str, dict[str, tuple]] = {HERE: {}, THERE: {}}
    for line in result.fetchall():
        row = dict(zip(names, line, strict=True))
        found[row["community"]][row["id"]] = tuple(row[f"t{number}"] for number in range(3))
    return found


def test_name_and_number_are_the_dwellings_and_the_number_is_shown_in_part(release, schemas):
    found = shown(release, schemas, "dwelling")
    told = {one: texts for rows in found.values() for one, texts in rows.items()}
    masked = {one: number and number[:6] + "*" * 8 + number[-4:] for one, _, number, _ in HOUSES}
    assert {one: texts[:2] for one, texts in told.items()} == {one: (name, masked[one]) for one, name, _, _ in HOUSES}


def test_the_telephone_is_the_residents_who_lives_here_and_is_surely_the_owner(release, schemas):
    """Not of one who lives elsewhere, is dead, shares his number, may be two, or whose number alone fits."""
    found = shown(release, schemas, "dwelling")
    told = {one: texts[2] for rows in found.values() for one, texts in rows.items()}
    assert told == {one: TELEPHONES.get(one) for one, *_ in HOUSES}


def test_of_a_resident_the_owner_is_told_who_owns_the_dwelling_in_the_same_community(release, schemas):
    found = shown(release, schemas, "resident")
    number = "999901********0021"
    assert found[HERE]["mends"] == ("乙某", number, None)  # the owner lives elsewhere: no telephone
    # Whoever lives elsewhere than his dwelling stands is in another community's workbook: nothing of the owner there,
    # though that is where the owner lives.
    assert found[THERE]["away"] == (None, None, None)


def test_a_correction_and_an_answer_are_the_dwellings_own(schemas):
    columns = {one.header: (one.element, one.role) for one in own_columns(form_of("dwelling"), schemas)}
    assert columns["产权人/resident_name"] == ("dwelling_owner_name", None)
    assert columns["产权人/mobile_phone"] == ("mobile_phone", "owner")
    columns = {one.header: (one.element, one.role) for one in own_columns(form_of("resident"), schemas)}
    assert columns["产权人/resident_name"] == ("resident_name", "owner")
