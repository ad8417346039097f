"""Tables of people for tests of linkage: settings that need no training data, a crowd, and those who matter."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import duckdb
import pyarrow as pa

from yibiao.identity.decided import IdPairs
from yibiao.identity.linkage import Linked, link, train
from yibiao.identity.settings import LinkageSettings

SETTINGS = """\
format: 1
id: id
columns:
  name: {from: name, as: chinese_name}
  birth: {from: birth, as: date, formats: ["%Y-%m-%d"]}
  phone: {from: phone, as: phone}
  home: {from: home, as: address}
  number: {from: number, as: person_number}
certain: [number.valid]
cap: 20
blocks:
  - [name.sound, birth.year]
  - [phone]
  - [birth, home.room]
  - [number.ends]
  - [name]
compare:
  name:
    - {exact: name, frequency: true, m: 0.97, u: 0.0001}
    - {exact: name.sound, m: 0.01, u: 0.0001}
    - {alike: name, m: 0.012, u: 0.0001}
    - {one_character: name, m: 0.005, u: 0.002}
  birth:
    - {exact: birth, m: 0.97, u: 0.0001}
    - {day_month: birth, m: 0.005, u: 0.0001}
    - {typing: birth, at_most: 1, m: 0.02, u: 0.001}
  phone:
    - {exact: phone, m: 0.9, u: 0.0001}
  home:
    - {exact: home.room, m: 0.9, u: 0.0002}
    - {exact: home.building, m: 0.01, u: 0.004}
  number:
    - {exact: number.ends, m: 0.6, u: 0.000001}
    - {typing: number, at_most: 1, m: 0.3, u: 0.000001}
thresholds: {link: 8, review: 0, margin: 5}
most: 30
train: {prior: 0.0001}
"""

COLUMNS = ("id", "name", "birth", "phone", "home", "number", "entity")
HOME = "示范市示范区城关镇幸福社区人民路8号幸福花园3幢2单元501室"
OTHER = "示范市示范区城关镇幸福社区人民路8号幸福花园4幢1单元101室"


def number(first: str) -> str:
    """Seventeen digits with their check character (GB 11643)."""
    return first + "10X98765432"[sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(first)) % 11]


NUMBER = number("99990119800101121")
"""Of a district that does not exist."""


def person(id: str, name: str | None = None, birth: str | None = None, **more: str | None) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS) | {"id": id, "name": name, "birth": birth} | more


def crowd(size: int) -> list[dict[str, Any]]:
    """People who resemble nobody, so that names have shares."""
    chance = random.Random(5)
    family, given = (
        "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗",
        "伟强磊洋勇军杰娟涛明超秀霞平刚桂英华玉萍红娥玲芬燕彬凤洁梅琳素云莲真环雪荣爱妹",
    )
    return [
        person(
            f"c{n:05}",
            chance.choice(family) + chance.choice(given) + chance.choice(given),
            f"{chance.randint(1930, 2020)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            phone=f"138{chance.randint(0, 99_999_999):08}",
        )
        for n in range(size)
    ]


def run(
    settings: LinkageSettings,
    rows: Iterable[dict[str, Any]],
    *,
    threads: int = 1,
    entity: str = "",
    same: IdPairs = (),
    different: IdPairs = (),
) -> tuple[duckdb.DuckDBPyConnection, Linked]:
    """Train on a table of these rows and link it."""
    con = duckdb.connect(config={"threads": threads})
    listed = [*rows]
    table = pa.table({name: pa.array([row[name] for row in listed], pa.string()) for name in COLUMNS})
    con.register("given", table)
    con.execute("create table people as select * from given")
    con.execute("create table everybody as select * from people")
    model = train(con, "everybody", settings)
    return con, link(con, "people", settings, model, entity=entity, same=same, different=different)


def groups(con: duckdb.DuckDBPyConnection) -> list[list[str]]:
    """Clusters of more than one record, without the crowd."""
    found = con.execute(
        "select list_sort(list(id)) from linkage_cluster where id not like 'c0%' group by cluster having count(*) > 1"
    ).fetchall()
    return sorted(row[0] for row in found)


def states(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    return {(a, b): s for a, b, s in con.execute("select id_l, id_r, state from linkage_edge").fetchall()}
