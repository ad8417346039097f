"""Linkage inside a unify run: which entity a record without a usable number has, and what stays the same."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from yibiao.identity.run import link_entity
from yibiao.settings import Settings

SECRET = "ab" * 32
COLUMNS = (
    "id", "report", "entity", "resident_name", "birth_date", "sex_code", "mobile_phone", "residence_address",
    "hukou_address", "dwelling_code", "household_code", "citizen_id_text", "own_number", "relative_name",
    "employer_name", "citizen_id",
)  # fmt: skip
HOME = "示范市示范区城关镇幸福社区人民路8号幸福花园3幢2单元501室"


def number(first: str) -> str:
    """Seventeen digits with their check character (GB 11643)."""
    return first + "10X98765432"[sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(first)) % 11]


FIRST, SECOND = number("99990119800101121"), number("99990119910202122")


def keyed(text: str) -> str:
    """An id as the macro `keyed_id` makes it, written down a second time."""
    return hashlib.sha256(f"{SECRET}resident\x1f{text}{SECRET}".encode()).hexdigest()[:24]


def record(no: int, name: str | None, **more: Any) -> dict[str, Any]:
    """A staged record; with `citizen_id` it has a certain key."""
    row = dict.fromkeys(COLUMNS) | {"id": no, "report": "health.vaccination", "resident_name": name} | more
    if row["citizen_id"]:
        row |= {"entity": f"1\x1f{row['citizen_id']}", "citizen_id_text": row["citizen_id"]}
    return row


def linked(rows: list[dict[str, Any]], decisions: list[tuple[str, str, str]] = ()) -> list[dict[str, Any]]:  # type: ignore[assignment]
    con = duckdb.connect(config={"threads": 1})
    con.execute("create schema identity; create schema input; create table input.installation (secret varchar)")
    con.execute("insert into input.installation values (?)", [SECRET])
    con.execute("create table input.link_decision (entity varchar, node_l varchar, node_r varchar, verdict varchar)")
    for left, right, verdict in decisions:
        con.execute("insert into input.link_decision values ('resident', ?, ?, ?)", [left, right, verdict])
    kinds = {"id": pa.int64()}
    table = pa.table({name: pa.array([row[name] for row in rows], kinds.get(name, pa.string())) for name in COLUMNS})
    con.register("given", table)
    con.execute("create view identity.linkage_record_resident as select * from given")
    made = link_entity(con, "resident", Settings.load())
    return [dict(zip(made.columns, row, strict=True)) for row in made.fetchall()]


def of(told: list[dict[str, Any]], no: int) -> dict[str, Any]:
    (one,) = [row for row in told if row["kind"] == "record" and row["record_l"] == no]
    return one


SAYS = {"birth_date": "1980-01-01", "sex_code": "1", "mobile_phone": "13800001111", "residence_address": HOME}


def test_a_record_without_a_number_joins_the_person_whom_it_agrees_with() -> None:
    told = linked([record(1, "欧阳建国", citizen_id=FIRST, **SAYS), record(2, "欧阳建国", **SAYS)])
    assert of(told, 2)["entity_l"] == keyed(f"1\x1f{FIRST}")
    assert of(told, 2)["state"] == "linked"
    assert of(told, 2)["reasons"].startswith("name:0:")
    assert [row for row in told if row["record_l"] == 1] == []


def test_records_of_nobody_known_are_one_person_with_the_id_of_the_first_of_them() -> None:
    told = linked([record(7, "欧阳建国", **SAYS), record(3, "欧阳建国", report="health.health_record", **SAYS)])
    assert of(told, 7)["entity_l"] == of(told, 3)["entity_l"] == of(told, 3)["node_l"]
    assert of(told, 7)["node_l"] != of(told, 3)["node_l"]


def test_a_name_alone_is_an_entity_of_its_own() -> None:
    told = linked([record(1, "张伟", citizen_id=FIRST, **SAYS), record(2, "张伟"), record(3, "张伟")])
    assert {of(told, no)["state"] for no in (2, 3)} == {"alone"}
    assert len({of(told, 2)["entity_l"], of(told, 3)["entity_l"], keyed(f"1\x1f{FIRST}")}) == 3


def test_a_row_that_names_nobody_is_nobody() -> None:
    blank = record(3, "", residence_address=HOME, citizen_id_text="无")
    told = linked([record(1, None, residence_address=HOME, dwelling_code="D1"), record(2, "张伟", **SAYS), blank])
    assert [row["record_l"] for row in told] == [2]


def test_a_number_that_contradicts_the_others_of_it_is_not_the_records_own() -> None:
    told = linked(
        [
            record(1, "欧阳建国", citizen_id=FIRST, **SAYS),
            record(2, "欧阳建国", citizen_id=FIRST, **SAYS),
            record(3, "司马秀英", citizen_id=FIRST, birth_date="1955-05-05", sex_code="2", mobile_phone="13900002222"),
        ]
    )
    assert of(told, 3)["state"] == "contradicts"
    assert of(told, 3)["entity_l"] not in (keyed(f"1\x1f{FIRST}"), None)


@pytest.mark.parametrize("names", [30, 200])
def test_a_report_of_which_every_row_states_the_number_of_one_person_does_not_take_it_from_them(names: int) -> None:
    theirs = [record(n, "欧阳建国", citizen_id=FIRST, report=f"health.{n}", **SAYS) for n in (1, 2)]
    family, given = "王李张刘陈杨赵黄周吴徐孙胡朱高", "伟强磊洋勇军杰娟涛明超秀霞平"
    # With the same made up birth date that such a report would have: names alone tell these rows apart.
    claims = [
        record(10 + n, family[n % 15] + given[n // 15], citizen_id=FIRST, report="school.c", birth_date="1900-01-01")
        for n in range(names)
    ]
    told = linked([*theirs, *claims])
    assert {row["record_l"] for row in told if row["kind"] == "record"} == {one["id"] for one in claims}
    assert keyed(f"1\x1f{FIRST}") not in {row["entity_l"] for row in told if row["kind"] == "record"}


def test_a_node_stays_the_same_as_long_as_the_record_says_the_same() -> None:
    before = linked([record(2, "张伟", **SAYS), record(5, "李敏")])
    after = linked([record(1, "王芳", citizen_id=SECOND), record(40, "李敏"), record(41, "张伟", **SAYS)])
    assert of(before, 2)["node_l"] == of(after, 41)["node_l"]
    assert of(before, 5)["node_l"] == of(after, 40)["node_l"]


def test_two_rows_of_one_report_that_say_the_same_are_two_nodes() -> None:
    told = linked([record(1, "李敏"), record(2, "李敏")])
    assert of(told, 1)["node_l"] != of(told, 2)["node_l"]


def test_the_own_number_of_a_department_keeps_the_node_when_the_rest_changes() -> None:
    before = linked([record(1, "李敏", own_number="health 17")])
    after = linked([record(9, "李敏", own_number="health 17", mobile_phone="13800009999")])
    assert of(before, 1)["node_l"] == of(after, 9)["node_l"]


def test_pairs_between_the_thresholds_are_for_a_human() -> None:
    twins = {"birth_date": "1980-01-01", "residence_address": HOME}
    told = linked(
        [
            record(1, "欧阳建国", citizen_id=FIRST, **twins),
            record(2, "欧阳建国", citizen_id=SECOND, **twins),
            record(3, "欧阳建国", **twins),
        ]
    )
    pairs = [row for row in told if row["kind"] == "pair"]
    assert [row["state"] for row in pairs] == ["rival", "rival"]
    assert of(told, 3)["state"] == "alone"
    assert all(row["node_l"] < row["node_r"] for row in pairs)


def test_of_a_record_that_fits_one_person_far_better_than_another_nobody_is_asked() -> None:
    """Father and son of one name in one home: the birth date tells whose record it is."""
    home = {"sex_code": "1", "residence_address": HOME, "hukou_address": HOME}
    father, son = home | {"birth_date": "1980-01-01"}, home | {"birth_date": "2011-09-27"}
    told = linked(
        [
            record(1, "欧阳建国", citizen_id=FIRST, **father),
            record(2, "欧阳建国", citizen_id=number("99990120110927121"), **son),
            record(3, "欧阳建国", **father),
        ]
    )
    assert (of(told, 3)["state"], of(told, 3)["entity_l"]) == ("linked", keyed(f"1\x1f{FIRST}"))
    assert [row for row in told if row["kind"] == "pair"] == []


@pytest.mark.parametrize("entity", ["resident"])
def test_settings_and_model_of_the_project_belong_together(entity: str) -> None:
    from yibiao.identity.model import read_model
    from yibiao.identity.settings import read_settings

    folder = Settings.load().schemas / "linkage"
    read_model(folder / f"{entity}.json", read_settings(folder / f"{entity}.yml"))


def test_the_folder_of_linkage_decides_which_models_are_generated(tmp_path: Path) -> None:
    from yibiao.contracts import load_schemas
    from yibiao.contracts.generate.linkage import linked_entities

    schemas = load_schemas(Settings.load().schemas)
    assert linked_entities(tmp_path, schemas) == {}
    assert "resident" in linked_entities(Settings.load().schemas, schemas)


def test_what_a_human_decided_outranks_the_model() -> None:
    rows = [
        record(1, "欧阳建国", citizen_id=FIRST, **SAYS),
        record(2, "欧阳建国", **SAYS),
        record(3, "李敏"),
    ]
    before = linked(rows)
    known, other = keyed(f"1\x1f{FIRST}"), of(before, 3)["node_l"]
    after = linked(rows, [(known, of(before, 2)["node_l"], "different"), (known, other, "same")])
    assert of(after, 2)["entity_l"] == of(before, 2)["node_l"]
    assert (of(after, 3)["entity_l"], of(after, 3)["state"]) == (known, "reviewed")


def test_two_numbers_that_a_human_joined_are_one_person() -> None:
    rows = [record(1, "欧阳建国", citizen_id=FIRST, **SAYS), record(2, "欧阳建国", citizen_id=SECOND, **SAYS)]
    ids = sorted((keyed(f"1\x1f{FIRST}"), keyed(f"1\x1f{SECOND}")))
    told = [row for row in linked(rows, [(*ids, "same")]) if row["kind"] == "entity"]
    assert [(row["node_l"], row["entity_l"]) for row in told] == [(ids[1], ids[0])]
    assert linked(rows) == []


def test_a_decision_about_a_node_that_is_no_more_changes_nothing() -> None:
    rows = [record(1, "欧阳建国", citizen_id=FIRST, **SAYS), record(2, "欧阳建国", **SAYS)]
    told = linked(rows, [("0" * 24, "1" * 24, "same")])
    assert [row for row in told if row["kind"] != "decision"] == linked(rows)


STRANGER = {"birth_date": "1955-05-05", "sex_code": "2", "mobile_phone": "13900002222"}


def taken_away(stranger: dict[str, Any], others: list[dict[str, Any]]) -> tuple[str, tuple[str, str, str]]:
    """The node of a record that the model sets aside, and a human's verdict that its number is not its own."""
    told = of(linked([*others, stranger]), stranger["id"])
    assert told["state"] == "contradicts"
    return told["node_l"], (keyed(f"1\x1f{FIRST}"), told["node_l"], "different")


@pytest.mark.parametrize("more", [{}, {"own_number": "health 17"}])
def test_a_verdict_against_the_entity_of_the_records_own_number_holds_whatever_the_others_say(
    more: dict[str, Any],
) -> None:
    stranger = record(3, "司马秀英", citizen_id=FIRST, **STRANGER, **more)
    node, verdict = taken_away(stranger, [record(n, "欧阳建国", citizen_id=FIRST, **SAYS) for n in (1, 2)])
    for others in (
        [],  # nobody else bears the number any more
        # All agree with the record.
        [record(n, "司马秀英", citizen_id=FIRST, report="health.health_record", **STRANGER) for n in (1, 2)],
        [record(1, "司马秀英", **STRANGER), record(9, "欧阳建国", citizen_id=SECOND, **SAYS)],
    ):
        rows = [*others, stranger | {"id": 30}]
        assert [row for row in linked(rows) if row["record_l"] == 30] == []
        for order in (rows, rows[::-1]):
            told = of(linked(order, [verdict]), 30)
            assert told["entity_l"] != keyed(f"1\x1f{FIRST}")
            assert told["node_l"] == node


def test_what_a_human_took_away_may_be_given_to_another_and_comes_back_without_the_verdict() -> None:
    stranger = record(3, "司马秀英", citizen_id=FIRST, **STRANGER)
    others = [record(n, "欧阳建国", citizen_id=FIRST, **SAYS) for n in (1, 2)]
    node, verdict = taken_away(stranger, others)
    agree = [record(1, "司马秀英", citizen_id=FIRST, sex_code="2"), record(2, "李敏", citizen_id=SECOND), stranger]
    told = linked(agree, [verdict, (keyed(f"1\x1f{SECOND}"), node, "same")])
    assert (of(told, 3)["entity_l"], of(told, 3)["state"]) == (keyed(f"1\x1f{SECOND}"), "reviewed")
    assert [row for row in linked(agree) if row["record_l"] == 3] == []


def test_of_rows_that_say_the_same_only_the_named_one_is_taken_away() -> None:
    others = [record(n, "欧阳建国", citizen_id=FIRST, **SAYS) for n in (1, 2)]
    alike = [record(n, "司马秀英", citizen_id=FIRST, **STRANGER) for n in (3, 4)]
    for no in (3, 4):
        node = of(linked([*others, *alike, record(5, "欧阳建国", citizen_id=FIRST, **SAYS)]), no)["node_l"]
        told = linked(alike, [(keyed(f"1\x1f{FIRST}"), node, "different")])
        assert [row["record_l"] for row in told if row["kind"] == "record"] == [no]


def test_a_decision_of_which_a_node_is_gone_is_told() -> None:
    rows = [record(1, "欧阳建国", citizen_id=FIRST, **SAYS), record(2, "欧阳建国", **SAYS)]
    known = keyed(f"1\x1f{FIRST}")
    told = linked(rows, [("0" * 24, known, "same"), (known, of(linked(rows), 2)["node_l"], "different")])
    gone = [row for row in told if row["kind"] == "decision"]
    assert [(row["node_l"], row["node_r"], row["state"]) for row in gone] == [("0" * 24, known, "passed_over")]
