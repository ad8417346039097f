"""Linkage by change gives what linking everything gives, whatever came, went or changed."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pyarrow as pa
import pytest

from yibiao.identity import run
from yibiao.identity.nodes import Nodes
from yibiao.identity.run import link_entity
from yibiao.identity.settings import LinkageSettings, read_settings
from yibiao.settings import Settings

SECRET = "cd" * 32
HOME = "示范市示范区城关镇幸福社区人民路8号幸福花园"
TEXTS = (
    "report", "entity", "resident_name", "birth_date", "sex_code", "mobile_phone", "residence_address",
    "hukou_address", "dwelling_code", "household_code", "citizen_id_text", "own_number", "relative_name",
    "employer_name", "citizen_id",
)  # fmt: skip
SCHEMA = pa.schema([("id", pa.int64()), *((name, pa.string()) for name in TEXTS)])

Row = dict[str, Any]


class Town:
    """People of few names, phones and homes, so that keys become too common, and are so no more, as records change.

    A part of the records states no number, a wrong one, or nothing but what another record says too.
    """

    def __init__(self, seed: int, people: int) -> None:
        self.random = random.Random(seed)
        self.people = [self._person(number) for number in range(people)]
        self.rows: dict[int, Row] = {}
        self.last = 0

    def _person(self, number: int) -> Row:
        some = self.random
        return {
            "citizen_id": f"9999011980{some.randrange(1, 13):02d}{some.randrange(1, 4):02d}{number:03d}X",
            "resident_name": some.choice("张王李欧") + some.choice(["伟", "芳", "建国", "小红", "强"]),
            "birth_date": f"19{some.choice(['80', '81'])}-{some.randrange(1, 4):02d}-{some.randrange(1, 9):02d}",
            "sex_code": some.choice("12"),
            "mobile_phone": f"1380000{some.randrange(12):04d}",
            "residence_address": f"{HOME}{some.randrange(1, 3)}幢2单元50{some.randrange(1, 5)}室",
            "own_number": f"insured {number}" if some.random() < 0.5 else None,
        }

    def _record(self, number: int) -> Row:
        some, person = self.random, dict(self.random.choice(self.people))
        row: Row = dict.fromkeys(TEXTS) | {"id": number, "report": some.choice(["health.a", "health.b", "school.c"])}
        for name in ("mobile_phone", "residence_address", "birth_date", "sex_code", "own_number"):
            if some.random() < 0.4:
                person[name] = None
        if some.random() < 0.1:  # the number of somebody else
            person["citizen_id"] = some.choice(self.people)["citizen_id"]
        keyless = some.random() < 0.5
        row |= person | {"citizen_id": None if keyless else person["citizen_id"]}
        row["citizen_id_text"] = row["citizen_id"]
        row["entity"] = None if keyless else f"1\x1f{row['citizen_id']}"
        return row

    def change(self, gone: int, come: int, late: int = 0) -> set[int]:
        """Take records away and add others, some with numbers between those of earlier ones; returns all of them."""
        numbers = set(self.random.sample(sorted(self.rows), min(gone, len(self.rows))))
        for number in numbers:
            del self.rows[number]
        for place in range(come):
            self.last += 2
            number = self.random.randrange(1, self.last, 2) if place < late else self.last
            if number not in self.rows:
                self.rows[number] = self._record(number)
                numbers.add(number)
        for number in self.random.sample(sorted(self.rows), min(2, len(self.rows))):  # mended in place
            self.rows[number] = self._record(number)
            numbers.add(number)
        return numbers


def open_town(rows: dict[int, Row]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1})
    con.execute("create schema identity; create schema input; create table input.installation (secret varchar)")
    con.execute("insert into input.installation values (?)", [SECRET])
    con.execute("create table input.link_decision (entity varchar, node_l varchar, node_r varchar, verdict varchar)")
    put(con, rows)
    con.execute("create view identity.linkage_record_resident as from given")
    return con


def put(con: duckdb.DuckDBPyConnection, rows: dict[int, Row]) -> None:
    con.register("rows", pa.Table.from_pylist(list(rows.values()), SCHEMA))
    con.execute("create or replace table given as from rows")
    con.unregister("rows")


def said(con: duckdb.DuckDBPyConnection, settings: Settings) -> list[tuple[Any, ...]]:
    """Link, keep what was found as a run does, and return it."""
    link_entity(con, "resident", settings).create("linked")
    con.execute("create table if not exists identity.linkage_resident as from linked limit 0")
    con.execute("insert into identity.linkage_resident from linked; drop table linked")
    nodes = Nodes("resident", read_settings(settings.schemas / "linkage" / "resident.yml"), settings)
    con.execute(f"""
        create or replace table identity.crosswalk_resident as
        select
            given.id as record_no,
            coalesce(own.entity_l, joined.entity_l, {nodes.of_key("given.entity")}) as resident_id
        from given cross join input.installation
        left join (from identity.linkage_resident where kind = 'record') as own on given.id = own.record_l
        left join (from identity.linkage_resident where kind = 'entity') as joined
            on {nodes.of_key("given.entity")} = joined.node_l""")
    return con.execute("from identity.linkage_resident order by all").fetchall()


def to_change(con: duckdb.DuckDBPyConnection, rows: dict[int, Row], touched: set[int]) -> None:
    """What `yibiao.warehouse.prepare` makes ready, and the new records."""
    for name in ("touched_record", "before_record_resident"):
        con.execute(f"drop table if exists input.{name}")
    con.execute("create table input.touched_record as select unnest(?::bigint[]) as record_no", [sorted(touched)])
    con.execute("create table input.before_record_resident as select id, entity from given"
                " where entity is not null and id in (select record_no from input.touched_record)")  # fmt: skip
    put(con, rows)


def capped(cap: int, entities: int | None = None) -> Any:
    """Settings with so low caps that keys pass them with every change; `entities` for all blocks, if given."""

    def read(path: Path) -> LinkageSettings:
        settings = read_settings(path)
        blocks = (replace(one, cap=cap, entities=entities or one.entities) for one in settings.blocks)
        return replace(settings, blocks=tuple(blocks))

    return mock.patch.object(run, "read_settings", read)


@pytest.mark.parametrize(("seed", "cap", "entities", "people"), [(1, 60, 1, 40), (2, 3, 2, 25)])
def test_changes_one_after_the_other_give_what_linking_everything_gives(
    seed: int, cap: int, entities: int | None, people: int
) -> None:
    town, settings = Town(seed, people), Settings.load()
    town.change(0, 120)
    by_change = []

    def made(*given: Any) -> Any:
        by_change.append(run_relink(*given))
        return by_change[-1]

    run_relink = run.relink
    with capped(cap, entities), mock.patch.object(run, "relink", made):
        con = open_town(town.rows)
        seen = {tuple(said(con, settings))}
        for step in range(3):
            to_change(con, town.rows, town.change(gone=6, come=8, late=2 * (step == 1)))
            found = said(con, settings)
            assert len(by_change) == step + 1
            with open_town(town.rows) as fresh:
                assert found == said(fresh, settings), f"step {step}"
            seen.add(tuple(found))
    assert len(seen) > 3, "the changes hardly change anything"
    assert None not in by_change, "a whole linkage told"


def decide(con: duckdb.DuckDBPyConnection, town: Town, decided: dict[tuple[str, str], str], rows: list[Any]) -> None:
    """A clerk's day: takes some verdicts back, and says of some pairs of nodes what they are, among them entities and
    the records that bear their number, nodes that are of no pair, and one that is not there."""
    some = town.random
    for pair in some.sample(sorted(decided), min(len(decided), some.randrange(3))):
        del decided[pair]
    pairs = [(row[2], row[5]) for row in rows if row[0] == "pair"]
    contradicting = [(row[2], entity) for row in rows if row[7] == "contradicts" for entity in [_bears(con, row[1])]]
    nodes = sorted({row[2] for row in rows if row[0] == "record"})
    entities = [_node(f"1\x1f{one['citizen_id']}") for one in town.people]
    drawn = some.sample(pairs, min(3, len(pairs))) + some.sample(contradicting, min(2, len(contradicting)))
    drawn += [
        tuple(some.sample(nodes, 2)),
        tuple(some.sample(entities, 2)),
        (some.choice(nodes), some.choice(entities)),
    ]
    drawn.append((some.choice(nodes), "0" * 24))
    for left, right in drawn:
        pair = (left, right) if left < right else (right, left)
        verdict = some.choice(["same", "different", "different"])
        if left != right and _holds(decided | {pair: verdict}):
            decided[pair] = verdict
    con.execute("delete from input.link_decision")
    told = [[*pair, verdict] for pair, verdict in sorted(decided.items())]
    con.executemany("insert into input.link_decision values ('resident', ?, ?, ?)", told)


def _node(key: str) -> str:
    return hashlib.sha256(f"{SECRET}resident\x1f{key}{SECRET}".encode()).hexdigest()[:24]


def _bears(con: duckdb.DuckDBPyConnection, record: int) -> str:
    (entity,) = con.execute("select entity from given where id = ?", [record]).fetchall()[0]
    return _node(entity)


def _holds(decided: dict[tuple[str, str], str]) -> bool:
    """Whether no decisions contradict each other."""
    group: dict[str, str] = {}

    def root(one: str) -> str:
        while group.get(one, one) != one:
            one = group[one]
        return one

    for (left, right), verdict in decided.items():
        if verdict == "same":
            group[root(left)] = root(right)
    return all(root(left) != root(right) for (left, right), verdict in decided.items() if verdict == "different")


def test_with_decisions_of_humans_changes_give_what_linking_everything_gives() -> None:
    town, settings = Town(3, 12), Settings.load()
    town.change(0, 70)
    decided: dict[tuple[str, str], str] = {}
    states: set[tuple[str, str]] = set()
    with capped(6):
        con = open_town(town.rows)
        rows = said(con, settings)
        for step in range(3):
            decide(con, town, decided, rows)
            to_change(con, town.rows, town.change(gone=3, come=4, late=step % 2))
            with mock.patch.object(run, "link", side_effect=AssertionError("linked as a whole")):
                rows = said(con, settings)
            with open_town(town.rows) as fresh:
                fresh.executemany("insert into input.link_decision values (?, ?, ?, ?)",
                                  con.execute("from input.link_decision").fetchall())  # fmt: skip
                assert rows == said(fresh, settings), f"step {step}"
            states |= {(row[0], row[7]) for row in rows}
    assert {("record", "reviewed"), ("decision", "passed_over")} <= states, "the decisions decide nothing"


def test_rows_of_one_number_of_their_department_are_counted_with_those_that_keep_their_entity() -> None:
    """Which of them is the first decides what their nodes are called, and so what decisions are about."""
    settings, key = Settings.load(), "99990119800101001X"
    blank = dict.fromkeys(TEXTS) | {"report": "health.a", "own_number": "insured 1", "sex_code": "1"}
    borne = blank | {"citizen_id": key, "citizen_id_text": key, "entity": f"1\x1f{key}"}
    rows: dict[int, Row] = {
        1: blank | {"id": 1, "resident_name": "王伟"},
        2: borne | {"id": 2, "resident_name": "王伟", "birth_date": "1980-01-01"},
        3: blank | {"id": 3, "resident_name": "王伟"},
        4: borne | {"id": 4, "resident_name": "王玮", "birth_date": "1980-01-01", "own_number": None},
        5: blank | {"id": 5, "resident_name": "欧强", "own_number": "insured 5"},
    }
    con = open_town(rows)
    bare = said(con, settings)

    def nodes(found: list[tuple[Any, ...]]) -> dict[int, str]:
        return {row[1]: row[2] for row in found if row[0] == "record"}

    second, other = nodes(bare)[3], nodes(bare)[5]
    for said_different in (second, other):
        # Row 2 is the second of its number by now (and taken away from whom it bears the number of, if that was said),
        # row 3 the third. Without the verdict, and without a change of any of these rows, they are called as before.
        decision = ["resident", *sorted([said_different, _node(f"1\x1f{key}")]), "different"]
        con.execute("insert into input.link_decision values (?, ?, ?, ?)", decision)
        to_change(con, rows, set())
        with mock.patch.object(run, "link", side_effect=AssertionError("linked as a whole")):
            found = said(con, settings)
        if said_different == second:
            with open_town(rows) as fresh:
                fresh.execute("insert into input.link_decision values (?, ?, ?, ?)", decision)
                assert found == said(fresh, settings)
        assert nodes(found).get(2) == (second if said_different == second else None)
        assert nodes(found)[3] not in nodes(bare).values()
        con.execute("delete from input.link_decision")
        to_change(con, rows, set())
        with mock.patch.object(run, "link", side_effect=AssertionError("linked as a whole")):
            assert said(con, settings) == bare


def test_where_no_record_is_touched_the_last_linkage_is_taken_as_it_is() -> None:
    town, settings = Town(9, 20), Settings.load()
    town.change(0, 60)
    con = open_town(town.rows)
    first = said(con, settings)
    to_change(con, town.rows, set())
    with mock.patch.object(run, "relink", side_effect=AssertionError("asked")):
        assert said(con, settings) == first


def test_a_linkage_without_any_record_to_link_is_done_by_change_too() -> None:
    town, settings = Town(9, 20), Settings.load()
    town.change(0, 60)
    certain = {number: row for number, row in town.rows.items() if row["entity"] is not None}
    con = open_town({number: certain[number] for number in sorted(certain)[:1]})
    assert said(con, settings) == []
    to_change(con, {number: certain[number] for number in sorted(certain)[:1]}, set(sorted(certain)[:1]))
    with mock.patch.object(run, "link", side_effect=AssertionError("a whole linkage")):
        assert said(con, settings) == []
