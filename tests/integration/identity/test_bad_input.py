"""What departments deliver when they have nothing to say, through the shipped settings: a bounded cost, clear counts,
no giant cluster."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from people import HOME, number

from yibiao.identity.linkage import Linked, link
from yibiao.identity.model import Model, read_model
from yibiao.identity.settings import LinkageSettings
from yibiao.identity.source import linkage_of, model_file

SCHEMAS = Path(__file__).parents[3] / "schemas"
COLUMNS = (
    "id", "resident_name", "birth_date", "sex_code", "mobile_phone", "residence_address", "hukou_address",
    "dwelling_code", "household_code", "citizen_id_text", "own_number", "relative_name", "employer_name", "citizen_id",
)  # fmt: skip
NUMBER = number("99990119800101121")
FAMILY, GIVEN = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗",
    "伟强磊洋勇军杰娟涛明超秀霞平刚桂英华玉萍红娥玲芬燕彬凤洁梅琳",
)

CAP, MOST = 60, 200
"""Of the shipped settings."""


@pytest.fixture(scope="module")
def shipped() -> tuple[LinkageSettings, Model]:
    settings = linkage_of(SCHEMAS, "resident")
    assert {block.cap for block in settings.blocks} == {CAP}
    assert settings.most == MOST
    return settings, read_model(model_file(SCHEMAS, "resident"), settings)


def row(id: str, **said: str | None) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS) | {"id": id} | said


def people(size: int, prefix: str, **said: str) -> list[dict[str, Any]]:
    """People who resemble nobody, except in what all of them say."""
    chance = random.Random(len(prefix) * 1000 + size)
    return [
        row(
            f"{prefix}{n:05}",
            resident_name=chance.choice(FAMILY) + chance.choice(GIVEN) + chance.choice(GIVEN),
            birth_date=f"{chance.randint(1930, 2020)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            sex_code=str(1 + n % 2),
            mobile_phone=f"138{chance.randint(0, 99_999_999):08}",
        )
        | said
        for n in range(size)
    ]


def run(shipped: tuple[LinkageSettings, Model], *parts: Iterable[dict[str, Any]], **decided: Any) -> Linked:
    rows = [one for part in parts for one in part]
    con = duckdb.connect(config={"threads": 1})
    con.register("given", pa.table({name: pa.array([one[name] for one in rows], pa.string()) for name in COLUMNS}))
    con.execute("create table people as select * from given")
    return link(con, "people", *shipped, entity="citizen_id", **decided)


@pytest.mark.parametrize(
    "said",
    [
        {"mobile_phone": "13800000000"},
        {"mobile_phone": "无", "residence_address": "无", "hukou_address": "无", "employer_name": "无"},
        {
            "citizen_id_text": "000000",
            "household_code": "000000",
            "dwelling_code": "000000",
            "own_number": "civil 000000",
        },
        {"resident_name": "无"},
        {"resident_name": "张伟"},
        {"birth_date": "1900-01-01", "residence_address": HOME, "hukou_address": HOME},
        {"resident_name": "张伟", "birth_date": "1900-01-01", "mobile_phone": "13800000000", "residence_address": HOME},
    ],
    ids=lambda said: "+".join(said),
)
def test_a_key_that_thousands_share_joins_nobody_and_costs_little(shipped, said: dict[str, str]) -> None:
    size = 3000
    known = [one | {"citizen_id": f"K{n}"} for n, one in enumerate(people(size, "known", **said))]
    found = run(shipped, people(size, "open", **said), known)
    assert found.counts["records"] == found.counts["profiles"] == size
    assert found.counts["pairs"] < 5 * size
    # Nobody is drawn in but who has the same name by chance.
    assert found.counts["largest"] <= 6
    # Each block says what it left out: keys that more share than its cap.
    assert all(block.largest <= CAP or block.left_out_records >= block.largest for block in found.blocks)
    assert all(block.pairs <= size * CAP for block in found.blocks)
    if "own_number" in said or "birth_date" in said:  # the whole key of some block
        assert sum(block.left_out_records for block in found.blocks) >= size


def test_a_report_of_which_every_row_claims_one_number_is_believed_by_nobody(shipped) -> None:
    claimed = people(3000, "claim", citizen_id_text=NUMBER, citizen_id=NUMBER)
    found = run(shipped, people(500, "open"), claimed)
    assert found.counts["contradictions"] == 3000
    assert found.counts["profiles"] == 0
    assert found.counts["records"] == 3500
    # What is left of the claim, the text of the number, is a key that thousands share.
    assert found.counts["largest"] <= 4
    assert found.counts["pairs"] < 3500


def test_a_report_of_which_every_row_claims_one_number_under_one_name_draws_nobody_in(shipped) -> None:
    claimed = people(3000, "claim", citizen_id_text=NUMBER, citizen_id=NUMBER, resident_name="张伟")
    strangers = people(500, "open", resident_name="张伟")
    found = run(shipped, strangers, claimed)
    assert found.counts["profiles"] == 1
    assert found.counts["contradictions"] == 0
    assert found.counts["pairs"] < 1000
    assert found.counts["largest"] <= 3


def test_a_report_of_which_every_row_is_one_person_without_a_number_stays_within_the_bound(shipped) -> None:
    said = {
        "resident_name": "欧阳娜娜", "birth_date": "1991-07-15", "sex_code": "2", "mobile_phone": "13900000002",
        "residence_address": HOME,
    }  # fmt: skip
    many = run(shipped, people(500, "open"), people(3000, "same", **said))
    assert many.counts["largest"] <= 3
    assert sum(block.left_out_records for block in many.blocks) >= 3000
    few = run(shipped, people(500, "open"), people(CAP, "same", **said))
    assert few.counts["largest"] == CAP


def test_decisions_about_thousands_cost_little_and_join_only_those(shipped) -> None:
    known = [one | {"citizen_id": f"K{n}"} for n, one in enumerate(people(1500, "known"))]
    opened = people(1500, "open")
    same = [(one["id"], f"K{n}") for n, one in enumerate(opened)]
    different = [(one["id"], f"K{(n + 1) % 1500}") for n, one in enumerate(opened)]
    found = run(shipped, opened, known, same=same, different=different)
    assert found.counts["clusters"] == 1500
    assert found.counts["largest"] == 2
    assert found.counts["passed_over"] == 0
