"""MySQL by the same path as PostgreSQL: a real MariaDB where one is installed, its SQL alone on a pretended one."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import orjson
import pytest
from made_columns import column
from mysql_servers import PASSWORD, REAL, Pretended, real_server

from yibiao.contracts import EditionRule
from yibiao.ingest.fetch import fetch
from yibiao.ingest.landing import landed, object_path

COLUMNS = (column("code", "编号", key=True, required=True), column("changed", "更新时间"))


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory):
    if REAL is None:
        pytest.skip("install mariadb-server to run this against a real server; its SQL was tested on a stand-in")
    with real_server(tmp_path_factory.mktemp("mysql")) as server:
        yield server


@pytest.fixture(params=["pretended", "real"])
def execute(request, monkeypatch):
    """Executes SQL on the server whose address stands in `TEST_DATABASE`."""
    if request.param == "pretended":
        server = Pretended()
        monkeypatch.setattr("pymysql.connect", server)
        monkeypatch.setenv("TEST_DATABASE", f"mysql://clerk:{PASSWORD}@db/register")
        return server.execute
    address, execute = request.getfixturevalue("mariadb")
    monkeypatch.setenv("TEST_DATABASE", address)
    execute("drop table if exists `house`")
    return execute


@pytest.fixture
def make(make_report):
    def made(**options):
        return make_report(
            "mysql",
            "${TEST_DATABASE}",
            COLUMNS,
            kind="mysql",
            options=options,
            edition=EditionRule("schedule", by="day"),
        )

    return made


def at(day: int) -> datetime:
    return datetime(2026, 3, day, 3, tzinfo=ZoneInfo("Asia/Shanghai"))


def rows(settings):
    return [
        [orjson.loads(line) for line in object_path(settings, one.sha256).read_bytes().splitlines()]
        for one in landed("police.register", settings)
    ]


@pytest.mark.parametrize("options", [{"table": "house"}, {"query": "select * from `house` where `编号` is not null"}])
def test_every_row_comes_as_text_in_canonical_order(execute, make, settings, options):
    execute("create table `house` (`编号` varchar(20), `面积` decimal(10, 2), `更新时间` date, `注` text)")
    execute("insert into `house` values ('007', '12.50', '2026-01-05', null), ('006', null, null, '李·四𠮷 ''x''')")
    report = make(**options)
    assert fetch(report, settings, now=at(1)).errors == []
    first, second = rows(settings)[0]
    assert first == {"编号": "006", "面积": None, "更新时间": None, "注": "李·四𠮷 'x'"}
    assert (second["编号"], second["更新时间"], second["注"]) == ("007", "2026-01-05", None)
    assert float(second["面积"]) == 12.5


def test_a_cursor_brings_what_is_new_ties_and_late_rows(execute, make, settings):
    execute("create table `house` (`编号` integer, `更新时间` datetime)")
    execute("insert into `house` values (1, '2026-03-01 10:00:00'), (2, '2026-03-01 11:00:00')")
    report = make(table="house", cursor="更新时间", cursor_lag=600)
    assert fetch(report, settings, now=at(2)).new == 1
    execute(
        "insert into `house` values (3, '2026-03-01 11:00:00'), (4, '2026-03-01 10:55:00'), (5, '2026-03-01 10:10:00')"
    )
    assert fetch(report, settings, now=at(3)).new == 1
    assert [[row["编号"] for row in one] for one in rows(settings)] == [["1", "2"], ["3", "4"]]
    assert fetch(report, settings, now=at(4)).new == 0
    assert [one.until for one in landed("police.register", settings)] == ["2026-03-01 11:00:00"] * 2


def test_a_missing_table_is_an_error_without_the_address(execute, make, settings):
    (error,) = fetch(make(table="nothing"), settings, now=at(1)).errors
    assert error.expected == "a readable nothing"
    assert "1146" in error.got
    assert PASSWORD not in str(error)
    assert "clerk" not in str(error)


def test_the_pretended_server_is_asked_as_a_real_one_has_to_be(monkeypatch, make, settings):
    server = Pretended()
    server.kinds = {"位": 16}
    server.execute("create table `ho``use` (`编号` text, `位` integer)")
    server.execute("insert into `ho``use` values ('1', 1)")
    monkeypatch.setattr("pymysql.connect", server)
    monkeypatch.setenv("TEST_DATABASE", "mysql://clerk:p%40ss@db:3307/register?ssl_ca=/ca.pem")
    assert fetch(make(table="ho`use"), settings, now=at(1)).errors == []
    asked = server.asked
    assert (asked["host"], asked["port"], asked["user"], asked["password"], asked["database"], asked["ssl_ca"]) == (
        *("db", 3307, "clerk", "p@ss", "register", "/ca.pem"),
    )
    assert asked["charset"] == "utf8mb4"
    assert server.said == [
        "set time_zone = '+08:00'",
        "set session transaction isolation level repeatable read",
        "start transaction with consistent snapshot, read only",
        "select * from `ho``use` limit 0",
        "select cast(`编号` as char) as `编号`, cast(`位` + 0 as char) as `位` from `ho``use`",
    ]


def test_the_servers_own_types_become_texts(mariadb, make, settings, monkeypatch):
    address, execute = mariadb
    monkeypatch.setenv("TEST_DATABASE", address)
    execute("drop table if exists house")
    execute(
        "create table house (`编号` bigint unsigned, a bit(4), b tinyint(1), c double, d timestamp(3) null, e time, "
        "f enum('男','女'), g json, h year, i blob, j char(3), k decimal(30, 10))"
    )
    execute(
        "insert into house values (18446744073709551615, b'0101', 1, 0.1, '2026-01-04 16:00:00.25', '08:30:00', '女', "
        """'{"x": 1}', 2026, '文', 'x', 12345678901234567890.0123456789)"""
    )
    execute("set sql_mode = ''")
    execute("insert into house (`编号`, d) values (1, null)")
    assert fetch(make(table="house"), settings, now=at(1)).errors == []
    assert rows(settings)[0][1] == {
        **{"编号": "18446744073709551615", "a": "5", "b": "1", "c": "0.1", "d": "2026-01-05 00:00:00.250"},
        **{"e": "08:30:00", "f": "女", "g": '{"x": 1}', "h": "2026", "i": "文", "j": "x"},
        "k": "12345678901234567890.0123456789",
    }


def test_rows_of_a_large_table_are_streamed_and_a_server_that_breaks_off_leaves_nothing(
    mariadb, make, settings, monkeypatch
):
    address, execute = mariadb
    monkeypatch.setenv("TEST_DATABASE", address)
    execute("drop table if exists house")
    execute("create table house (`编号` int, `注` varchar(2000))")
    execute("insert into house select seq, repeat('x', 2000) from seq_1_to_20000")
    assert fetch(make(table="house"), settings, now=at(1)).errors == []
    assert len(rows(settings)[0]) == 20_000
    from yibiao.ingest import fetch_drivers

    monkeypatch.setattr(fetch_drivers, "ROWS", 1000)
    decoded, count = fetch_drivers._decoded, [0]

    def killing(value):
        count[0] += 1
        if count[0] == 15_000:
            execute(
                "begin not atomic for one in (select id from information_schema.processlist where user = 'clerk') do "
                "execute immediate concat('kill ', one.id); end for; end"
            )
        return decoded(value)

    monkeypatch.setattr(fetch_drivers, "_decoded", killing)
    (error,) = fetch(make(table="house"), settings, now=at(2)).errors
    assert error.what == "The database cannot be read."
    assert len(landed("police.register", settings)) == 1
