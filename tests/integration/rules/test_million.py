"""A million random texts: no rule of an identifier fails on one, every line gets a verdict."""

from __future__ import annotations

import duckdb

from yibiao.identity.identifiers import KINDS, REASONS, Judge
from yibiao.ingest.rules import render

ALPHABETS = (
    "0123456789012345",
    "0123456789X '-eE.",
    "ABCDEFGHJKLMNPQR",
    "01234ANYXIOSVZ·-",
    "０１２３Ｘ９\u3000\u00a0张三空无+()*",
    "\ufeff\ufffd𠮷ﷺ\t\n\\%$'\"0123",
)
"""Sixteen characters each, for the sixteen digits of a hash."""


def texts(count: int) -> str:
    """A query for texts of up to 25 characters, the same ones every time."""
    alphabets = ", ".join("'" + alphabet.replace("'", "''") + "'" for alphabet in ALPHABETS)
    letters = f"translate(md5(i::varchar), '0123456789abcdef', [{alphabets}][1 + i % {len(ALPHABETS)}])"
    return f"select substr({letters}, 1, (i // 7) % 26) as v from range({count}) as t(i)"


def test_no_identifier_rule_fails_on_a_million_random_texts():
    rules = ["parse_person_number", "citizen_id_birth_date", "citizen_id_sex", "parse_uscc", "parse_phone"]
    rules += ["parse_organisation_code", "parse_division_code"]
    with duckdb.connect(config={"threads": 2}) as engine:
        counts = ", ".join(f"count({render(rule, 'v')})" for rule in rules)
        (found,) = engine.execute(f"select count(*), {counts} from ({texts(1_000_000)})").fetchall()
    assert found[0] == 1_000_000
    accepted = dict(zip(rules, found[1:], strict=True))
    assert accepted["parse_person_number"] < 2_000
    assert accepted["parse_uscc"] < 20_000
    assert all(accepted[rule] for rule in ("parse_phone", "parse_division_code", "parse_organisation_code"))


def test_a_million_random_lines_are_all_judged():
    judge = Judge()
    with duckdb.connect(config={"threads": 2}) as engine:
        lines = engine.sql(texts(1_000_000)).to_arrow_table()["v"].to_pylist()
    judged = judge.judge(lines)
    assert judged["line"].to_pylist() == list(range(1, 1_000_001))
    assert set(judged["kind"].unique().to_pylist()) <= {*KINDS, None}
    assert set(judged["reason"].unique().to_pylist()) <= {*REASONS, None}
    reasons, valid = judged["reason"].to_pylist(), judged["valid"].to_pylist()
    assert all((reason is None) == fine for reason, fine in zip(reasons, valid, strict=True))
