"""Golden values of residents against an oracle in plain Python, whatever the order in which rows lie in the tables."""

from __future__ import annotations

import datetime
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from installations import Installation
from survivorship_oracle import Claim, choose
from yibiao.contracts import Element, Report, Schemas, load_schemas
from yibiao.contracts.generate.canonical import given_elements

EVERY_RULE = {
    "citizen_id", "same_as", "minimum_age", "outgrown", "leading", "recency", "agreement", "authority", "day", "order",
}  # fmt: skip
RESIDENTS = 60
"""Of one example: many at once, for the plan of the model costs more than its rows."""


@pytest.fixture(scope="module")
def schemas(published: Installation) -> Schemas:
    return load_schemas(published.settings.schemas)


@dataclass(frozen=True)
class Row:
    """One record of a report about a resident."""

    report: Report
    resident: str
    record_no: int
    as_of: datetime.date
    as_of_date: datetime.date | None
    values: Mapping[str, Any]


@dataclass
class Example:
    """Rows about some residents, and the households that golden records of residents may name."""

    rows: list[Row] = field(default_factory=list)
    households: dict[str, str] = field(default_factory=dict)


def _number(luck: random.Random) -> str:
    born = datetime.date(1940, 1, 1) + datetime.timedelta(
        days=luck.choice((20_000, 24_900, 30_500)) + luck.randrange(3)
    )
    return f"999901{born:%Y%m%d}{luck.randrange(3):03}{luck.randrange(2)}"


def _value(element: Element, luck: random.Random) -> Any:
    """One of few values, so that reports agree and disagree."""
    if element.id == "citizen_id":
        return _number(luck)
    if element.id == "household_code":
        return luck.choice(("户一", "户二", "户三"))
    if element.type == "date":
        return datetime.date(1940, 1, 1) + datetime.timedelta(days=luck.choice((20_000, 24_900, 30_500)))
    if element.code_list == "marital_status":
        return luck.choice(("10", "20", "40"))
    if element.code_list == "education":
        return luck.choice(("20", "70", "80"))
    return luck.choice(("1", "2", "3"))


def _example(schemas: Schemas, seed: int) -> Example:
    luck = random.Random(seed)
    example = Example(households={"户一": "1", "户二": "2"})
    about = [report for report in schemas.reports.values() if "resident" in report.about]
    number = 0
    for place in range(RESIDENTS):
        for report in luck.sample(about, luck.randint(1, 8)) * luck.choice((1, 1, 2)):
            number += luck.randint(1, 3)
            edition = datetime.date(2026, 3, 31)
            own = edition - datetime.timedelta(days=luck.choice((0, 1, 1, 200, 400)))
            dated = _is_dated(report) and luck.random() < 0.8
            values = {
                name: _value(schemas.elements[name], luck)
                for name in given_elements(report, schemas.entities["resident"])
                if luck.random() < 0.8
            }
            row = Row(report, f"{place:024}", number, own if dated else edition, own if dated else None, values)
            example.rows.append(row)
    return example


def _is_dated(report: Report) -> bool:
    return any(column.element == "as_of_date" and not column.role for column in report.columns)


def _survivors(example: Example, sql: str, schemas: Schemas, order: random.Random) -> dict[str, dict[str, Any]]:
    """What the compiled model makes of the rows, lying in the tables in this order."""
    rows = list(example.rows)
    order.shuffle(rows)
    times = defaultdict(int)
    for row in rows:
        times[row.report.id, row.resident] += 1
    with duckdb.connect(config={"threads": order.choice((1, 2))}) as connection:
        connection.execute("attach ':memory:' as warehouse")
        for schema in ("staging", "identity"):
            connection.execute(f"create schema warehouse.{schema}")
        connection.execute(
            "create table warehouse.identity.crosswalk_resident"
            " (record_no bigint, resident_id varchar, is_repeated boolean, is_key_contradicted boolean)"
        )
        connection.executemany(
            "insert into warehouse.identity.crosswalk_resident values (?, ?, ?, false)",
            [[row.record_no, row.resident, times[row.report.id, row.resident] > 1] for row in rows],
        )
        connection.execute(
            "create table warehouse.identity.survivor_household (household_code varchar, household_address varchar)"
        )
        connection.executemany(
            "insert into warehouse.identity.survivor_household values (?, ?)",
            order.sample([list(pair) for pair in example.households.items()], len(example.households)),
        )
        for report in schemas.reports.values():
            if "resident" in report.about:
                _stage(connection, report, [row for row in rows if row.report is report], schemas)
        result = connection.execute(sql)
        names = [column[0] for column in result.description or []]
        return {row[0]: dict(zip(names, row, strict=True)) for row in result.fetchall()}


def _stage(connection: duckdb.DuckDBPyConnection, report: Report, rows: list[Row], schemas: Schemas) -> None:
    elements = [schemas.elements[name] for name in given_elements(report, schemas.entities["resident"])]
    columns = ["record_no bigint", "as_of date", "as_of_date date"]
    columns += [f"{element.id} {element.sql_type}" for element in elements]
    table = f"warehouse.staging.{report.staging_model}"
    connection.execute(f"create table {table} ({', '.join(columns)})")
    for row in rows:
        cells = [row.record_no, row.as_of, row.as_of_date, *(row.values.get(element.id) for element in elements)]
        connection.execute(f"insert into {table} values ({', '.join('?' * len(cells))})", cells)


def _claims(example: Example) -> Iterator[tuple[str, str, Claim]]:
    for row in example.rows:
        checked = row.as_of_date if row.report.checks_rows else None
        for element, value in row.values.items():
            yield (
                row.resident,
                element,
                Claim(row.report.id, row.report.department, row.as_of, checked, row.record_no, value),
            )


def test_the_oracle_and_the_model_choose_the_same_in_any_order(published: Installation, schemas: Schemas) -> None:
    compiled = published.home / "dbt" / "compiled" / "yibiao" / "models" / "identity" / "survivor_resident.sql"
    sql = compiled.read_text()
    seen: set[str] = set()

    @settings(
        max_examples=4,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # an example costs seconds, and a smaller one explains no more
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.integers(0, 2**32), st.integers(0, 2**32))
    def law(seed: int, order: int) -> None:
        example = _example(schemas, seed)
        made = _survivors(example, sql, schemas, random.Random(order))
        assert made == _survivors(example, sql, schemas, random.Random(order + 1))
        seen.update(_check(example, made, schemas))

    law()
    assert seen >= EVERY_RULE | {"replaced"}, f"never decided: {(EVERY_RULE | {'replaced'}) - seen}"


def _check(example: Example, made: Mapping[str, Mapping[str, Any]], schemas: Schemas) -> set[str]:
    """Value, record and dispute of every element of every resident; returns what decided."""
    claims: dict[str, dict[str, list[Claim]]] = defaultdict(lambda: defaultdict(list))
    for resident, element, claim in _claims(example):
        claims[resident][element].append(claim)
    decided = set()
    assert made.keys() == {row.resident for row in example.rows}
    for resident, golden in made.items():
        household = golden["household_code"]
        known = {("household", "household_address"): example.households.get(household)}
        for name in schemas.entities["resident"].elements:
            stated = claims[resident][name]
            if not stated:
                assert golden[name] is None
                continue
            chosen = choose(schemas.elements[name], stated, golden["citizen_id"], known)
            assert (golden[name], golden[f"{name}__record"]) == (chosen.claim.value, chosen.claim.record_no), name
            assert golden[f"{name}__disputed"] == (len({claim.value for claim in stated}) > 1)
            decided.update(chosen.lost_by.values())
    return decided


def test_every_reason_that_a_release_gives_is_the_reason(published: Installation, schemas: Schemas) -> None:
    """Over all entities of a real run: the view names for every claim what it lost by, and no claim that won lost."""
    addresses = {
        row["household_code"]: row["household_address"]
        for row in published.query("select household_code, household_address from household")
    }
    seen: set[str] = set()
    for entity in schemas.entities.values():
        cells: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for row in published.query(f"select * from {entity.id}_why where rule <> 'only'"):
            cells[row[entity.id_column], row["element"]].append(row)
        golden = {row[entity.id_column]: row for row in published.query(f"select * from {entity.id}")}
        assert len(cells) == sum(row["disputed_count"] for row in golden.values())
        for (id_, name), rows in cells.items():
            element, record = schemas.elements[name], golden[id_]
            claims = [_claim(row, element) for row in rows]
            known = {("household", "household_address"): addresses.get(record.get("household_code"))}
            chosen = choose(element, claims, record.get("citizen_id"), known)
            told = {row["record_no"]: row["lost_by"] for row in rows if row["lost_by"]}
            assert told == chosen.lost_by, name
            assert [row["record_no"] for row in rows if row["is_chosen"]] == [chosen.claim.record_no]
            strongest = (*(one.name for one in element.survivorship), "replaced", "authority", "day", "order")
            assert {row["rule"] for row in rows} == {next(one for one in strongest if one in told.values())}
            assert {row["used_value"] for row in rows} == {str(record[name])}
            assert all(row["rule_text"] for row in rows)
            seen.update(told.values())
    assert seen >= {"citizen_id", "same_as", "recency", "agreement", "authority", "day"}


def _claim(row: Mapping[str, Any], element: Element) -> Claim:
    value = datetime.date.fromisoformat(row["value"]) if element.type == "date" else row["value"]
    return Claim(
        row["report"], row["department"], _date(row["as_of"]), _date(row["checked_date"]), row["record_no"], value
    )


def _date(value: Any) -> Any:
    return datetime.date.fromisoformat(value) if isinstance(value, str) else value


def test_a_value_that_nobody_disputes_is_there_with_its_source(published: Installation) -> None:
    (counted,) = published.query(
        "select count(*) filter (where rule = 'only') as told, count(*) filter (where is_chosen) as chosen"
        " from resident_why"
    )
    sources = published.query("select * from resident_provenance")
    stated = sum(value is not None for row in sources for name, value in row.items() if name != "resident_id")
    (disputed,) = published.query("select sum(disputed_count) as cells from resident")
    assert counted == {"told": stated - disputed["cells"], "chosen": stated}
