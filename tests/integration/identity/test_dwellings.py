"""Addresses and the dwellings that they name."""

from __future__ import annotations

import random

import duckdb
import pytest

from yibiao.identity import dwellings
from yibiao.identity.dwellings import link_to_dwellings, named_by_address

REGISTER = [
    ("D1", "示范市示范区城关镇幸福社区人民路8号幸福花园3幢2单元501室"),
    ("D2", "示范市示范区城关镇幸福社区人民路8号幸福花园3幢1单元501室"),
    ("D3", "示范市示范区城关镇幸福社区人民路8号幸福花园3幢1单元502室"),
    ("D4", "示范市示范区河口镇新桥社区建设路1号幸福花园3幢2单元501室"),
    ("D5", "示范市示范区马店乡河口村3组12号"),
    ("D6", "示范市示范区城关镇幸福社区人民路20号5幢301室"),
]


def linked(*texts: str) -> dict[str, tuple[str | None, str]]:
    con = duckdb.connect()
    con.execute("create table register (dwelling_code varchar, dwelling_address varchar)")
    con.executemany("insert into register values (?, ?)", REGISTER)
    con.execute("create table t as select unnest(?) as a", [list(texts)])
    link_to_dwellings(con, "t", "a", "register", "found")
    return {text: (code, how) for text, code, how in con.execute("from found").fetchall()}


@pytest.mark.parametrize(
    ("text", "code", "how"),
    [
        ("示范市示范区城关镇幸福社区人民路8号幸福花园三栋2-501", "D1", "exact"),
        ("城关镇幸福花园3号楼2单元501", "D1", "incomplete"),
        ("城关镇人民路8号3幢2单元501室", "D1", "incomplete"),
        ("幸福花园3幢502室", "D3", "incomplete"),
        ("示范市示范区河口村3组12号", "D5", "incomplete"),
        ("人民路20号5栋301", "D6", "incomplete"),
        ("示范市示范区城关镇幸福社区人民路8号幸福花园3幢501室", None, "several"),
        ("幸福花园3幢2单元501室", None, "several"),
        ("河口镇幸福花园3幢2单元501室", "D4", "incomplete"),
        ("幸福花园9幢2单元501室", None, "none"),
        ("别市示范区城关镇幸福社区人民路8号幸福花园3幢2单元501室", None, "none"),
    ],
)
def test_an_address_is_linked_where_one_dwelling_fits_all_that_it_states(text: str, code: str | None, how: str) -> None:
    assert linked(text)[text] == (code, how)


def test_golden_records_are_asked_about_only_where_nothing_else_names_their_dwelling() -> None:
    con = duckdb.connect()
    con.execute("create schema identity; create table identity.known (dwelling_code varchar, dwelling_address varchar)")
    con.executemany("insert into identity.known values (?, ?)", REGISTER)
    con.execute("create table identity.people (home varchar, dwelling_code varchar)")
    texts = [("城关镇幸福花园3号楼2单元501", None), ("人民路20号5栋301", "D9"), ("幸福花园3幢", None), (None, None)]
    con.executemany("insert into identity.people values (?, ?)", texts)
    found = named_by_address(con, [("people", "home", "dwelling_code")], "known", "dwelling_code", "dwelling_address")
    assert found.fetchall() == [("城关镇幸福花园3号楼2单元501", "D1", "incomplete")]


def test_texts_that_name_no_home_are_not_asked_about() -> None:
    assert linked("人民路8号", "示范市示范区", "人民路20号5栋301").keys() == {"人民路20号5栋301"}


def test_a_combination_that_fits_hundreds_costs_little_and_tells_nothing() -> None:
    con = duckdb.connect()
    con.execute(
        "create table register as select 'D' || i as dwelling_code, "
        "'示范市示范区城关镇第' || i || '社区小区1幢101室' as dwelling_address from range(3000) t(i)"
    )
    con.execute("create table t as select '小区1幢101室' as a")
    assert link_to_dwellings(con, "t", "a", "register", "found") == {"none": 1}
    assert {row[0] for row in con.execute("show tables").fetchall()} == {"register", "t", "found"}


def asked(con: duckdb.DuckDBPyConnection, register: dict[str, str], texts: list[str]) -> list[tuple[str, ...]]:
    con.execute("create or replace table identity.known (dwelling_code varchar, dwelling_address varchar)")
    con.executemany("insert into identity.known values (?, ?)", list(register.items()))
    con.execute("create or replace table identity.people as select unnest(?::varchar[]) as home, null as code", [texts])
    found = named_by_address(con, [("people", "home", "code")], "known", "dwelling_code", "dwelling_address")
    return sorted(found.fetchall())


def new_warehouse() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("create schema identity; create schema input")
    return con


def test_what_changed_alone_gives_what_looking_at_everything_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dwellings, "MOST_CANDIDATES", 2)  # so that combinations become common, and are so no longer
    chance = random.Random(5)

    def home() -> str:
        town, road = chance.choice(["", "城关镇", "河口镇"]), chance.choice(["", "人民路8号", "建设路1号"])
        estate = chance.choice(["", "幸福花园"]) if road else "幸福花园"
        unit = chance.choice(["", "1单元", "2单元"])
        return f"{town}{road}{estate}{chance.choice('123')}幢{unit}{chance.choice(['501', '502'])}室"

    register, texts = {f"D{n}": home() for n in range(12)}, [home() for _ in range(30)]
    con = new_warehouse()
    before = asked(con, register, texts)
    con.execute("create table input.touched_record (record_no bigint)")
    answers, looked_at = {tuple(before)}, []
    describe = dwellings.addresses.describe

    def counted(con: duckdb.DuckDBPyConnection, given: str, target: str) -> None:
        looked_at.append(con.execute(f"select count(*) from ({given})").fetchone())
        describe(con, given, target)

    monkeypatch.setattr(dwellings.addresses, "describe", counted)
    for step in range(20):
        if step % 3:
            code = chance.choice([*register, f"D{12 + step}"])
            register[code] = home()
            register.pop(chance.choice([*register, "nobody"]), None)
        texts = [*chance.sample(texts, 27), *(home() for _ in range(3))]
        found = asked(con, register, texts)
        assert found == asked(new_warehouse(), register, texts), f"step {step}"
        answers.add(tuple(found))
    assert len(answers) > 10, "the changes hardly change anything"

    looked_at.clear()
    asked(con, register, texts)
    assert looked_at == [(0,)] * len(looked_at), "looked at what had not changed"
