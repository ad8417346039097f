"""Organisations: the same one under several names, and neighbours that are not the same."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from yibiao.identity.linkage import link, train
from yibiao.identity.settings import read_settings

SETTINGS = Path(__file__).parents[3] / "schemas" / "linkage" / "organisation.yml"
COLUMNS = (
    "id", "organisation_name", "legal_representative_name", "organisation_phone", "registered_address",
    "establishment_date", "entity",
)  # fmt: skip
PLACE = "示范市示范区城关镇幸福社区人民路8号幸福大厦1幢201室"

ROWS = [
    ("a1", "示范市宏达建材有限责任公司", "张建国", "05718888001", PLACE, "2011-03-04", None),
    ("a2", "宏达建材有限公司", "张建国", None, "人民路8号幸福大厦1栋201", "2011-03-04", None),
    ("a3", "示范区宏达建材(集团)有限公司", "张建囯", "0571-8888001", None, None, None),
    ("b1", "示范市宏达运输有限公司", "李秀英", "05718888002", PLACE, "2015-06-07", None),
    ("c1", "好又多超市", "王强", "05718888003", "示范市示范区城关镇幸福社区建设路1号", "2018-01-01", None),
    ("c2", "示范区好又多超市商行", "王强", "05718888003", None, None, None),
    ("d1", "好又多超市", "赵敏", "05718888004", "示范市示范区河口镇新桥社区解放路9号", "2019-09-09", None),
]


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    filler = [
        (f"f{n}", f"示范市第{n}商贸有限公司", f"陈{chr(0x4E00 + n)}", f"0571{7000000 + n}", None, "2001-01-01", None)
        for n in range(200)
    ]
    rows = [*ROWS, *filler]
    con.register(
        "given", pa.table({name: pa.array([row[k] for row in rows], pa.string()) for k, name in enumerate(COLUMNS)})
    )
    con.execute("create table organisations as select * from given")
    return con


def groups(con: duckdb.DuckDBPyConnection) -> list[list[str]]:
    settings = read_settings(SETTINGS)
    link(con, "organisations", settings, train(con, "organisations", settings))
    found = con.execute(
        "select list_sort(list(id)) from linkage_cluster group by cluster having count(*) > 1"
    ).fetchall()
    return sorted(row[0] for row in found)


def test_legal_form_region_and_brackets_do_not_make_another_organisation(con: duckdb.DuckDBPyConnection) -> None:
    assert groups(con) == [["a1", "a2", "a3"], ["c1", "c2"]]


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("示范市宏达建材有限责任公司", "宏达建材"),
        ("示范省示范市示范区宏达建材股份有限公司", "宏达建材"),
        ("好又多超市", "好又多超市"),
        ("宏达建材（示范）有限公司", "宏达建材示范"),
        ("幸福小区物业公司", "幸福小区物业"),
        ("示范市", "示范市"),
    ],
)
def test_the_core_of_a_name_is_what_tells_it_from_others(name: str, core: str) -> None:
    from yibiao.identity.prepare import prepare

    con = duckdb.connect()
    nothing = ", ".join(f"null as {column}" for column in COLUMNS[2:])
    con.execute(f"create table t as select 'x' as id, ? as organisation_name, {nothing}", [name])
    prepare(con, "t", read_settings(SETTINGS), "p")
    assert con.execute("select name__core from p").fetchone() == (core,)


def test_a_name_of_a_profile_overlaps_with_one_that_is_written_otherwise(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("update organisations set entity = 'K' where id in ('a1', 'a2')")
    con.execute("update organisations set organisation_name = '宏达建材贸' where id = 'a3'")
    settings = read_settings(SETTINGS)
    link(con, "organisations", settings, train(con, "organisations", settings), entity="entity")
    edge = con.execute("select g_name, state from linkage_edge where id_l = 'a3' and id_r = 'K'").fetchone()
    assert edge == (2, "linked")
