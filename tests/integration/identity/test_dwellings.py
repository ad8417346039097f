"""Addresses and the dwellings that they name."""

from __future__ import annotations

import duckdb
import pytest

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
