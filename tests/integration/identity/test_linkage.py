"""Linking people: who is put together, who is kept apart, and that neither order nor threads matter."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from people import COLUMNS, HOME, NUMBER, OTHER, SETTINGS, crowd, groups, number, person, run, states

from yibiao.errors import LinkageError
from yibiao.identity.linkage import link, train
from yibiao.identity.settings import Block, LinkageSettings, read_settings


def test_one_person_is_found_under_a_mistyped_name_a_swapped_date_and_another_writing_of_the_home(
    settings: LinkageSettings,
) -> None:
    rows = [
        person("p1", "赵伟明", "1980-03-05", phone="13900000001", home=HOME),
        person("p2", "赵玮明", "1980-03-05", home="幸福花园３号楼２－５０１"),
        person("p3", "赵伟明", "1980-05-03", phone="139 0000 0001"),
        person("p4", "买买提·热娜", "1990-07-01", phone="13900000002"),
        person("p5", "买买提热娜", "1990-07-01", phone="13900000002"),
    ]
    con, _ = run(settings, [*crowd(300), *rows])
    assert groups(con) == [["p1", "p2", "p3"], ["p4", "p5"]]


def test_nobody_is_merged_on_a_name_alone(settings: LinkageSettings) -> None:
    rows = [person(f"p{n}", "诸葛亮亮", None, phone=f"1390000000{n}") for n in range(9)]
    rows += [person(f"q{n}", "诸葛孔明") for n in range(5)]
    con, _ = run(settings, [*crowd(300), *rows])
    assert groups(con) == []


def test_namesakes_of_one_village_stay_apart(settings: LinkageSettings) -> None:
    rows = [
        person("p1", "张伟", "1970-01-02", home="示范市示范区马店乡河口村3组12号"),
        person("p2", "张伟", "1988-11-20", home="示范市示范区马店乡河口村3组15号"),
    ]
    con, _ = run(settings, [*crowd(300), *rows])
    assert groups(con) == []


def test_twins_are_two_and_a_record_that_fits_both_is_for_a_human(settings: LinkageSettings) -> None:
    twins = [
        person(
            "t1", "朱梓涵", "2015-02-03", phone="13900000001", home=HOME, number=number("99990120150203121"), entity="A"
        ),
        person(
            "t2", "朱梓轩", "2015-02-03", phone="13900000001", home=HOME, number=number("99990120150203123"), entity="B"
        ),
    ]
    clear = person("r1", "朱梓轩", "2015-02-03", phone="13900000001", home=HOME)
    unclear = person("r2", "朱梓", "2015-02-03", phone="13900000001", home=HOME)
    con, found = run(settings, [*crowd(300), *twins, clear, unclear], entity="entity")
    assert groups(con) == [["B", "r1"]]
    edges = states(con)
    assert edges["r2", "A"] == edges["r2", "B"] == "rival"
    assert found.counts["rival"] >= 2
    # Whose twin it is tells the name: nobody need look at the other one.
    assert (edges["r1", "B"], edges["r1", "A"]) == ("linked", "behind")


def test_two_different_valid_numbers_never_meet_even_through_records_without_one(settings: LinkageSettings) -> None:
    same = {"phone": "13900000001", "home": HOME}
    rows = [
        person("a", "赵伟明", "1980-01-01", number=NUMBER, **same),
        person("b", "赵伟明", "1980-01-01", number=number("99990119800101123"), **same),
        *(person(f"x{n}", "赵伟明", "1980-01-01", **same) for n in range(4)),
    ]
    con, _ = run(settings, [*crowd(300), *rows])
    clusters = dict(con.execute("select id, cluster from linkage_cluster").fetchall())
    assert clusters["a"] != clusters["b"]


def test_a_number_of_fifteen_digits_is_the_number_of_eighteen(settings: LinkageSettings) -> None:
    rows = [person("a", "赵伟明", number=NUMBER[:6] + NUMBER[8:17]), person("b", "钱小红", number=NUMBER)]
    con, found = run(settings, [*crowd(50), *rows])
    assert found.counts["certain"] == 1
    assert groups(con) == [["a", "b"]]


def test_a_number_that_two_people_use_is_kept_by_those_who_agree(settings: LinkageSettings) -> None:
    first = {"name": "赵伟明", "birth": "1980-01-01", "number": NUMBER, "entity": "K"}
    second = {"name": "欧阳娜娜", "birth": "1991-07-15", "number": NUMBER, "entity": "K"}
    rows = [
        *(person(f"p{n}", phone="13900000001", **first) for n in range(3)),
        person("p3", phone="13900000001", **first | {"name": "赵玮明"}),
        *(person(f"q{n}", phone="13900000002", home=HOME, **second) for n in range(2)),
        person("r", "欧阳娜娜", "1991-07-15", phone="13900000002"),
    ]
    con, found = run(replace(settings, certain=(), same=-6.0), [*crowd(300), *rows], entity="entity")
    assert con.execute("select id from linkage_contradiction order by id").fetchall() == [("q0",), ("q1",)]
    assert found.counts["contradictions"] == 2
    assert groups(con) == [["q0", "q1", "r"]]


def test_that_two_people_of_one_number_share_its_birthday_is_no_evidence(settings: LinkageSettings) -> None:
    shared = {"birth": "1980-01-01", "number": NUMBER, "entity": "K"}
    rows = [
        *(person(f"p{n}", "赵桂珍", phone="13900000001", home=HOME, **shared) for n in range(3)),
        *(person(f"q{n}", "钱桂珍", phone="13900000002", home="平安里8号楼1单元203室", **shared) for n in range(2)),
        # Another writing of the name, in a report that knows nothing else.
        person("p3", "赵贵珍", **shared),
    ]
    trusting = replace(settings, certain=(), same=-5.0)
    con, _ = run(replace(trusting, implied=("birth",)), [*crowd(300), *rows], entity="entity")
    assert con.execute("select id from linkage_contradiction order by id").fetchall() == [("q0",), ("q1",)]
    con, _ = run(trusting, [*crowd(300), *rows], entity="entity")
    assert con.execute("select id from linkage_contradiction").fetchall() == []


def test_a_number_that_everybody_claims_is_kept_by_nobody(settings: LinkageSettings) -> None:
    people = crowd(200)
    rows = [row | {"id": f"x{n}", "number": NUMBER, "entity": "K"} for n, row in enumerate(people)]
    _, found = run(replace(settings, certain=(), same=-6.0), [*people, *rows], entity="entity")
    assert found.counts["contradictions"] == 200
    assert found.counts["largest"] <= 4
    assert found.counts["profiles"] == 0


def test_an_entity_that_a_whole_report_claims_has_no_endless_list_of_keys(settings: LinkageSettings) -> None:
    claimed = [row | {"id": f"x{n}", "entity": "K"} for n, row in enumerate(crowd(3000))]
    con, found = run(settings, [*crowd(500), *claimed], entity="entity")
    assert found.counts["profiles"] == 1
    assert found.counts["pairs"] < 1000
    assert max(block.pairs for block in found.blocks) < 1000
    assert con.execute("select count(*) from linkage_edge where id_r = 'K' and state = 'linked'").fetchone() == (0,)


def test_what_is_left_of_a_masked_number_and_a_digit_that_is_off_are_evidence(settings: LinkageSettings) -> None:
    rows = [
        person("k", "赵伟明", "1980-01-01", number=NUMBER, entity="K"),
        person("m", "赵伟明", number=f"999901********{NUMBER[-4:]}"),
        person("t", "赵伟明", "1980-01-01", number=NUMBER[:11] + "2" + NUMBER[12:]),
    ]
    con, _ = run(settings, [*crowd(300), *rows], entity="entity")
    assert groups(con) == [["K", "m", "t"]]


def test_a_key_that_thousands_share_costs_little_and_merges_nobody(settings: LinkageSettings) -> None:
    rows = [
        person(f"n{n:04}", name, None, phone="13800000000", number="000000000000000000", home="无")
        for n, name in enumerate(["张伟", "无", "不详", "李娜"] * 1000)
    ]
    _, found = run(settings, [*crowd(300), *rows])
    assert found.counts["largest"] <= 5
    assert found.counts["pairs"] < 1000
    phone = next(block for block in found.blocks if block.block == "phone")
    assert (phone.left_out_keys, phone.left_out_records, phone.largest) == (1, 4000, 4000)


def test_a_cluster_stays_within_its_bound(settings: LinkageSettings) -> None:
    rows = [person(f"p{n:02}", "赵伟明", "1980-01-01", home=HOME) for n in range(18)]
    _, found = run(replace(settings, most=10), [*crowd(300), *rows])
    assert found.counts["largest"] == 10
    assert found.counts["apart"] > 0


def result(con: duckdb.DuckDBPyConnection) -> tuple[list[Any], list[Any]]:
    return (
        con.execute("select * from linkage_cluster order by all").fetchall(),
        con.execute("select * from linkage_edge order by all").fetchall(),
    )


def test_neither_order_nor_threads_change_the_result(settings: LinkageSettings) -> None:
    rows = crowd(400)
    chance = random.Random(3)
    copies = [
        row | {"id": f"d{n}", "phone": None if n % 3 else row["phone"], "name": row["name"][: 2 + n % 2]}
        for n, row in enumerate(chance.sample(rows, 150))
    ]
    everybody = [*rows, *copies]
    con, _ = run(settings, everybody)
    expected = result(con)
    assert len(expected[1]) > 50
    for turn in range(2):
        chance.shuffle(everybody)
        again, _ = run(settings, everybody, threads=2 + turn * 2)
        assert result(again) == expected


def test_profiles_hold_every_value_that_an_entity_ever_stated(settings: LinkageSettings) -> None:
    rows = [
        person("k1", "赵伟明", "1980-01-01", phone="13900000001", entity="K"),
        person("k2", "赵伟民", "1980-01-01", home=HOME, entity="K"),
        person("k3", "赵伟明", None, phone="13900000009", home=OTHER, entity="K"),
        person("r1", "赵伟民", "1980-01-01", phone="13900000009"),
        person("r2", "赵伟明", "1980-01-01", home=OTHER),
    ]
    con, found = run(settings, [*crowd(300), *rows], entity="entity")
    assert groups(con) == [["K", "r1", "r2"]]
    assert found.counts["profiles"] == 1


def test_of_a_source_without_duplicates_a_person_has_one_record(tmp_path: Path) -> None:
    text = SETTINGS.replace("certain: [number.valid]", "one_per: source").replace(
        "  number: {", "  source: {from: entity, as: code}\n  number: {"
    )
    (tmp_path / "people.yml").write_text(text, encoding="utf-8")
    rows = [
        person("a1", "赵伟明", "1980-01-01", phone="13900000001", home=HOME, entity="health"),
        person("a2", "赵玮明", "1980-01-01", home=HOME, entity="health"),
        person("b1", "赵伟明", "1980-01-01", phone="13900000001", home=HOME, entity="school"),
    ]
    con, _ = run(read_settings(tmp_path / "people.yml"), [*crowd(300), *rows])
    assert groups(con) == [["a1", "b1"]]


def test_pairs_grow_as_records_do_not_as_their_square(settings: LinkageSettings) -> None:
    pairs = [run(settings, crowd(size))[1].counts["pairs"] for size in (2000, 8000)]
    every = [size * (size - 1) // 2 for size in (2000, 8000)]
    assert pairs[0] < every[0] / 100
    assert pairs[1] <= 8000 * max(block.cap for block in settings.blocks)


def test_what_several_people_share_tells_of_none_of_them_and_is_not_compared(settings: LinkageSettings) -> None:
    """Two namesakes of one birthday have numbers; who means one of them must say more than name and birthday."""
    first = person("a1", "赵伟明", "1980-03-05", phone="13900000001", number=NUMBER, entity="A")
    second = person("b1", "赵伟明", "1980-03-05", home=OTHER, number=number("99990119800305121"), entity="B")
    rows = [
        person("r1", "赵伟明", "1980-03-05"),
        person("r2", "赵伟明", "1980-03-05"),
        person("r3", "赵伟明", "1980-03-05", phone="13900000001"),
    ]
    narrow = (Block(("name", "birth"), 20, entities=1), Block(("phone",), 20))
    bounded = replace(settings, certain=(), blocks=narrow)
    found = {}
    for known in ([first], [first, second]):
        con, _ = run(bounded, [*crowd(300), *known, *rows], entity="entity")
        found[len(known)] = {pair for pair in states(con) if "c0" not in "".join(pair)}
        assert ("r3", "A") in found[len(known)]
    assert {("r1", "A"), ("r2", "A"), ("r1", "r2")} <= found[1]
    assert found[2] == {("r3", "A")}


def test_every_score_is_the_prior_and_the_points_of_its_comparisons(settings: LinkageSettings) -> None:
    rows = [
        person("p1", "赵伟明", "1980-03-05", phone="13900000001", home=HOME),
        person("p2", "赵玮明", "1980-03-05", home=HOME),
    ]
    con, _ = run(settings, [*crowd(300), *rows])
    names = [one.name for one in settings.comparisons]
    points = " + ".join(f"p_{name}" for name in names)
    prior = round(math.log2(0.0001 / 0.9999) * 1000)
    wrong = con.execute(f"select count(*) from linkage_edge where round(score * 1000) <> {prior} + {points}").fetchone()
    assert wrong == (0,)
    found = con.execute(f"select {', '.join(f'g_{name}' for name in names)}, p_phone from linkage_edge "
                        "where id_l = 'p1' and id_r = 'p2'").fetchone()  # fmt: skip
    assert found == (1, 0, -1, 0, -1, 0)


def test_a_table_without_the_columns_is_refused_with_their_names(settings: LinkageSettings) -> None:
    con = duckdb.connect()
    con.execute("create table people as select 'a' as id, '张伟' as name")
    with pytest.raises(LinkageError, match="lacks columns") as caught:
        train(con, "people", settings)
    assert caught.value.expected == "birth, home, number, phone"


def test_empty_tables_and_tables_of_one_kind_are_linked_to_nothing(settings: LinkageSettings) -> None:
    same = replace(settings, same=-6.0)
    people = crowd(30)
    known = [row | {"entity": row["id"], "number": None} for row in people]
    con, _ = run(settings, crowd(50))
    model = train(con, "everybody", settings)
    for rows, clusters in (([], 0), (people, 30), (known, 30), ([person("a")], 1), ([person("a", entity="K")], 1)):
        listed = [*rows]
        con.register(
            "others", pa.table({name: pa.array([row[name] for row in listed], pa.string()) for name in COLUMNS})
        )
        con.execute("create or replace table people as select * from others")
        for entity, used in (("", settings), ("entity", same)):
            found = link(con, "people", used, model, entity=entity)
            assert found.counts["clusters"] == clusters
            assert found.counts["linked"] == 0


def test_ids_that_are_not_unique_are_refused(settings: LinkageSettings) -> None:
    with pytest.raises(LinkageError, match="does not tell the records apart"):
        run(settings, [person("a", "张伟"), person("a", "李娜")])


def test_no_result_holds_a_raw_value_but_ids(settings: LinkageSettings) -> None:
    con, _ = run(settings, crowd(50))
    left = {row[0] for row in con.execute("show tables").fetchall()}
    assert left - {"given"} == {
        "people", "everybody", "linkage_cluster", "linkage_contradiction", "linkage_edge",
    }  # fmt: skip
