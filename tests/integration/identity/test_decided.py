"""Decisions of humans in a linkage: they outrank the model, settle what follows from them, and touch nothing else."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import duckdb
import pytest
from people import HOME, NUMBER, crowd, groups, number, person, run, states

from yibiao.errors import LinkageError
from yibiao.identity.settings import LinkageSettings

OLD, NEW = number("99990119800101121"), number("99990119800101123")

FAMILY = {"phone": "13900000001", "home": HOME}
TWINS = [
    person("t1", "朱梓涵", "2015-02-03", number=number("99990120150203121"), entity="A", **FAMILY),
    person("t2", "朱梓轩", "2015-02-03", number=number("99990120150203123"), entity="B", **FAMILY),
]
TORN = person("r", "朱梓", "2015-02-03", **FAMILY)


def clusters(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return con.execute("select id, cluster from linkage_cluster order by all").fetchall()


def test_what_the_model_would_never_join_a_human_joins(settings: LinkageSettings) -> None:
    rows = [person("p", "诸葛亮", "1981-01-01"), person("q", "欧阳娜娜", "1990-09-09")]
    con, found = run(settings, [*crowd(300), *rows])
    assert groups(con) == []
    con, found = run(settings, [*crowd(300), *rows], same=[("q", "p")])
    assert groups(con) == [["p", "q"]]
    assert found.counts["passed_over"] == 0


def test_a_pair_that_a_human_took_apart_does_not_meet_through_a_third_record(settings: LinkageSettings) -> None:
    rows = [person(f"p{n}", "赵伟明", "1980-03-05", **FAMILY) for n in range(3)]
    con, _ = run(settings, [*crowd(300), *rows])
    assert groups(con) == [["p0", "p1", "p2"]]
    con, _ = run(settings, [*crowd(300), *rows], different=[("p2", "p0")])
    assert groups(con) == [["p0", "p1"]]
    edges = states(con)
    assert edges["p0", "p2"] == "reviewed_different"
    assert edges["p1", "p2"] == "apart"


def test_two_entities_with_different_numbers_are_one_if_a_human_knows_that_a_number_was_corrected(
    settings: LinkageSettings,
) -> None:
    rows = [
        person("a1", "赵伟明", "1980-01-01", number=OLD, entity="old", **FAMILY),
        person("b1", "赵伟明", "1980-01-01", number=NEW, entity="new", **FAMILY),
        person("r", "赵伟明", "1980-01-01", **FAMILY),
    ]
    con, found = run(settings, [*crowd(300), *rows], entity="entity")
    assert groups(con) == []
    assert found.counts["rival"] == 2
    con, found = run(settings, [*crowd(300), *rows], entity="entity", same=[("new", "old")])
    assert groups(con) == [["new", "old", "r"]]
    assert found.counts["rival"] == 0
    # The same without entities: the numbers are compared as they are.
    con, _ = run(settings, [*crowd(300), *rows], same=[("b1", "a1")])
    assert groups(con) == [["a1", "b1", "r"]]


def test_a_decision_for_one_twin_is_a_decision_against_the_other(settings: LinkageSettings) -> None:
    rows = [*crowd(300), *TWINS, TORN]
    con, found = run(settings, rows, entity="entity")
    assert groups(con) == []
    assert found.counts["rival"] == 2
    con, found = run(settings, rows, entity="entity", same=[("r", "A")])
    assert groups(con) == [["A", "r"]]
    assert states(con)["r", "A"] == "reviewed_same"
    assert states(con)["r", "B"] == "reviewed_different"
    assert found.counts["rival"] == found.counts["review"] == found.counts["apart"] == 0


def test_a_decision_against_one_twin_leaves_the_other_without_a_rival(settings: LinkageSettings) -> None:
    con, _ = run(settings, [*crowd(300), *TWINS, TORN], entity="entity", different=[("A", "r")])
    assert groups(con) == [["B", "r"]]
    assert states(con)["r", "A"] == "reviewed_different"
    assert states(con)["r", "B"] == "linked"


def test_whoever_is_decided_to_be_the_same_is_not_whom_the_other_is_not(settings: LinkageSettings) -> None:
    rows = [person(f"p{n}", "赵伟明", "1980-03-05", **FAMILY) for n in range(3)]
    con, found = run(settings, [*crowd(300), *rows], same=[("p0", "p1")], different=[("p1", "p2")])
    assert groups(con) == [["p0", "p1"]]
    decided = {
        ("p0", "p1"): "reviewed_same",
        ("p0", "p2"): "reviewed_different",
        ("p1", "p2"): "reviewed_different",
    }
    assert states(con).items() >= decided.items()
    assert (found.counts["reviewed_same"], found.counts["reviewed_different"]) == (1, 2)


def test_a_record_with_a_number_that_is_not_its_own_leaves_the_entity(settings: LinkageSettings) -> None:
    rows = [
        person("k1", "赵伟明", "1980-01-01", phone="13900000001", number=NUMBER, entity="K"),
        person("k2", "赵伟明", "1980-01-01", phone="13900000001", number=NUMBER, entity="K"),
        person("k3", "赵伟", "1980-01-01", phone="13900000001", number=NUMBER, entity="K"),
    ]
    for same in (None, -6.0):
        used = replace(settings, certain=(), same=same)
        con, found = run(used, [*crowd(300), *rows], entity="entity", different=[("K", "k3")])
        assert con.execute("select id from linkage_contradiction").fetchall() == [("k3",)]
        assert found.counts["contradictions"] == 1
        assert dict(clusters(con))["k3"] == "k3"
        assert dict(clusters(con))["K"] == "K"


def test_a_record_that_has_an_entity_stands_for_it(settings: LinkageSettings) -> None:
    rows = [
        person("k1", "赵伟明", "1980-01-01", number=OLD, entity="K"),
        person("x", "诸葛亮", "1950-05-05"),
    ]
    con, found = run(settings, [*crowd(300), *rows], entity="entity", same=[("x", "k1")])
    assert groups(con) == [["K", "x"]]
    assert found.counts["passed_over"] == 0


def test_ids_that_are_gone_are_passed_over_and_counted(settings: LinkageSettings) -> None:
    rows = [*crowd(300), *TWINS, TORN]
    con, _ = run(settings, rows, entity="entity")
    expected = clusters(con), states(con)
    con, found = run(
        settings, rows, entity="entity", same=[("r", "gone"), ("gone", "A")], different=[("gone too", "B")]
    )
    assert found.counts["passed_over"] == 3
    assert (clusters(con), states(con)) == expected


@pytest.mark.parametrize(
    ("same", "different"),
    [
        ([("p0", "p1")], [("p1", "p0")]),
        ([("p0", "p1"), ("p1", "p2")], [("p0", "p2")]),
        ([], [("p0", "p0")]),
    ],
)
def test_contradictory_decisions_are_refused(
    settings: LinkageSettings, same: list[tuple[str, str]], different: list[tuple[str, str]]
) -> None:
    rows = [person(f"p{n}", "赵伟明", "1980-03-05", **FAMILY) for n in range(3)]
    with pytest.raises(LinkageError, match="contradict each other") as caught:
        run(settings, [*crowd(50), *rows], same=same, different=different)
    assert "yibiao identity decisions" in caught.value.todo


def test_decisions_leave_no_tables_behind(settings: LinkageSettings) -> None:
    con, _ = run(settings, crowd(50), same=[("c00001", "c00002")], different=[("c00003", "c00004")])
    left = {row[0] for row in con.execute("show tables").fetchall()}
    assert left - {"given"} == {"people", "everybody", "linkage_cluster", "linkage_contradiction", "linkage_edge"}


def test_neither_order_nor_sides_nor_threads_change_what_decisions_do(settings: LinkageSettings) -> None:
    chance = random.Random(4)
    people = crowd(200)
    rows = [
        *people,
        *(row | {"id": f"d{n}", "phone": None if n % 3 else row["phone"]} for n, row in enumerate(people[:100])),
    ]
    ids = [row["id"] for row in rows]
    same = [tuple(chance.sample(ids, 2)) for _ in range(10)]
    joined = {one for pair in same for one in pair}
    different = [(f"d{n}", people[n]["id"]) for n in range(0, 100, 7) if not {f"d{n}", people[n]["id"]} & joined]

    def result(same: list[Any], different: list[Any], rows: list[Any], threads: int) -> list[Any]:
        con, _ = run(settings, rows, threads=threads, same=same, different=different)
        return [clusters(con), sorted(states(con).items())]

    expected = result(same, different, rows, 1)
    of = dict(expected[0])
    assert all(of[a] == of[b] for a, b in same)
    assert all(of[a] != of[b] for a, b in different)
    turned = [[(b, a) for a, b in one] for one in (same, different)]
    for one in (*turned, rows):
        chance.shuffle(one)
    assert result(*turned, rows, 3) == expected
