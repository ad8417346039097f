"""What came back and who read what: kept once, with counts and no values; what nobody used is proposed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from unittest import mock
from zoneinfo import ZoneInfo

import duckdb
import pytest
from click.testing import CliRunner
from sqlalchemy import text

import yibiao.contracts
import yibiao.forms
from admissions import at, registration
from yibiao.cli.root import root
from yibiao.control import connect
from yibiao.control.usage import record_usage, recorded_since, tables_read, usages
from yibiao.errors import AdmissionError
from yibiao.forms.admission import approve, standings, submit
from yibiao.forms.admission.unused import find_unused, since_months
from yibiao.forms.returns import Return, record_return, returns

ONE = Return("housing.a", "YB-2026-0001-3", "999901001001", "2026-02", 10, 5, 4, 3, 2, digest="ab" * 32)


def test_the_same_file_is_kept_once_and_a_later_one_counts(settings):
    assert record_return(settings, ONE, at=at(3, 1))
    assert not record_return(settings, ONE, at=at(3, 2))
    assert record_return(settings, replace(ONE, typed=6, digest="cd" * 32), at=at(3, 3))
    assert record_return(settings, replace(ONE, period="2026-03"), at=at(4, 3))
    assert [(one.period, one.typed, one.received_at[:10]) for one in returns(settings)] == [
        ("2026-02", 6, "2026-03-03"),
        ("2026-03", 5, "2026-04-03"),
    ]
    assert len(returns(settings, every=True)) == 3
    assert [one.month for one in returns(settings, since="2026-04-01")] == ["2026-04"]
    assert [one.month for one in returns(settings, until="2026-03-31")] == ["2026-03"]
    assert returns(settings, form="housing.b") == []


@pytest.mark.parametrize(
    "wrong",
    [{"typed": -1}, {"rows": -1}, {"rows": 0}, {"period": "上月"}, {"period": "2026-2"}, {"community_code": "9999"}],
)
def test_a_return_with_counts_that_cannot_be_is_refused(settings, wrong):
    with pytest.raises(AdmissionError):
        record_return(settings, replace(ONE, **wrong))
    assert returns(settings) == []


@pytest.fixture
def release(tmp_path) -> Path:
    path = tmp_path / "release.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table resident (sex_code varchar); create table household (n int)")
        connection.execute("create view resident_why as select * from resident")
    return path


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("select * from resident where sex_code = '1'", {"resident"}),
        ("with r as (select * from resident) select * from r, household", {"resident", "household"}),
        ("from resident_why", {"resident"}),
        ("select (select count(*) from household)", {"household"}),
        ("show tables", set()),
        ("select 1", set()),
    ],
)
def test_the_tables_that_a_query_reads_are_known(release, sql, read):
    assert tables_read(release, sql) == read


def test_who_read_which_table_and_when_is_kept_and_no_question(settings):
    assert recorded_since(settings) is None
    record_usage(settings, ["resident", "household", "resident"], kind="query", via="query", by="李", at=at(3, 1))
    record_usage(settings, ["resident"], kind="export", via="fill", version="2026-03-ab", at=at(5, 1))
    record_usage(settings, [], kind="query", via="query")
    found = usages(settings)
    assert (found["resident"].times, found["resident"].last[:10]) == (2, "2026-05-01")
    assert found["household"].times == 1
    assert recorded_since(settings)[:10] == "2026-03-01"


def test_in_a_file_that_is_there_use_is_written_down_by_the_driver_and_else_in_the_common_way(settings, monkeypatch):
    used = mock.Mock(side_effect=connect)
    monkeypatch.setattr("yibiao.control.usage.connect", used)
    record_usage(settings, ["resident"], kind="query", via="why", by="李", at=at(3, 1))
    assert used.call_count == 1  # it makes the file and its tables
    record_usage(settings, ["resident", "event"], kind="query", via="why", version="2026-03-ab", by="李", at=at(4, 1))
    assert used.call_count == 1
    with connect(settings) as connection:
        asked = text("select subject, used_by, kind, via, release_version from usage order by usage_no")
        rows = connection.execute(asked)
        assert [tuple(row) for row in rows] == [
            ("resident", "李", "query", "why", None),
            ("event", "李", "query", "why", "2026-03-ab"),
            ("resident", "李", "query", "why", "2026-03-ab"),
        ]


def test_months_are_counted_back_to_the_same_day_or_the_last_of_the_month():
    assert since_months(date(2026, 7, 15), 6) == date(2026, 1, 15)
    assert since_months(date(2026, 3, 31), 1) == date(2026, 2, 28)
    assert since_months(date(2026, 5, 31), 6) == date(2025, 11, 30)
    for months in (0, 121):
        with pytest.raises(AdmissionError):
            since_months(date(2026, 1, 1), months)


def test_what_nobody_used_for_so_long_is_proposed_and_nothing_younger(settings, schemas):
    for place, month in enumerate((1, 1, 1, 6)):
        submit(settings, registration(f"housing.f{place}"), at=at(month, 5))
        approve(settings, f"housing.f{place}", schemas, at=at(month, 6))
    back = {"housing.f0": "2026-06-01T09:00:00+08:00", "housing.f1": "2026-01-20T09:00:00+08:00"}
    used = {"resident_why": "2026-06-20T09:00:00+08:00", "event": "2026-01-20T09:00:00+08:00"}
    tables = dict.fromkeys(("resident", "resident_why", "event", "household", "load"), "")
    today = date(2026, 7, 15)
    found = find_unused(6, today, standings(settings, today), back, tables, used, "2026-01-05T09:00:00+08:00")
    # f0 came back, f3 is too young; the residents were read through their view; load is the list of loads.
    assert [(one.kind, one.name, one.last) for one in found] == [
        ("form", "housing.f2", None),
        ("table", "household", None),
    ]
    later = date(2026, 8, 15)
    found = find_unused(6, later, standings(settings, later), back, tables, used, "2026-01-05T09:00:00+08:00")
    assert [one.name for one in found] == ["housing.f1", "housing.f2", "event", "household"]
    assert [one.last for one in found] == ["2026-01-20", None, "2026-01-20", None]


@pytest.mark.parametrize("recorded", [None, "2026-05-01T09:00:00+08:00"])
def test_nothing_is_proposed_for_a_time_of_which_there_is_no_record(recorded):
    with pytest.raises(AdmissionError, match="not known"):
        find_unused(6, date(2026, 7, 15), {}, {}, {"resident": ""}, {}, recorded)


def test_use_is_written_down_in_the_time_of_the_place(settings):
    moment = datetime(2026, 3, 1, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
    record_usage(settings, ["resident"], kind="query", via="query", at=moment)
    assert usages(settings)["resident"].last == "2026-03-01T09:00:00+08:00"
    with pytest.raises(ValueError, match="kind"):
        record_usage(settings, ["resident"], kind="look", via="query")


def test_a_query_writes_down_which_tables_it_read(settings, release, schemas, forms, monkeypatch):
    monkeypatch.setattr(yibiao.contracts, "load_schemas", lambda _: schemas)
    monkeypatch.setattr(yibiao.forms, "load_forms", lambda *_: forms)
    (settings.releases / "v1").mkdir()
    release.rename(settings.releases / "v1" / "yibiao.duckdb")
    (settings.releases / "v1" / "manifest.json").write_text('{"tables": {"resident": {}, "household": {}}}')
    (settings.releases / "current").symlink_to("v1")
    home = ("--home", str(settings.home))
    asked = CliRunner().invoke(root, ["query", "select count(*) from resident", *home])
    assert asked.exit_code == 0, asked.stderr
    assert CliRunner().invoke(root, ["query", "select wrong from resident", *home]).exit_code == 1
    assert {name: one.times for name, one in usages(settings).items()} == {"resident": 1}
    early = CliRunner().invoke(root, ["form", "propose-retire", "--months", "6", *home])
    assert early.exit_code == 1
    assert "not known" in early.stderr
    record_usage(settings, ["event"], kind="query", via="query", at=at(1, 1, 2020))
    found = json.loads(CliRunner().invoke(root, ["form", "propose-retire", "--json", *home]).stdout)
    assert [(one["kind"], one["name"], one["title"]) for one in found] == [("table", "household", "户")]
    assert json.loads(CliRunner().invoke(root, ["form", "list", "--unused", "6", "--json", *home]).stdout) == []
