"""The forms of one number are one certain key, and what identifies nobody for sure is none."""

from __future__ import annotations

import importlib.util
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from yibiao.ingest.rules import render

_spec = importlib.util.spec_from_file_location("identifier_oracle", Path(__file__).with_name("oracle.py"))
assert _spec is not None
assert _spec.loader is not None
oracle = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(oracle)

MACROS = Path(__file__).parents[3] / "dbt_project" / "macros"
Key = Callable[[str, str | None], Any]


@pytest.fixture(scope="module")
def macros(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rules with the macros of keys, which call them."""
    folder = tmp_path_factory.mktemp("macros")
    for path in [*(MACROS / "rules").glob("*.sql"), MACROS / "unify" / "keys.sql"]:
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="module")
def key(macros: Path) -> Key:
    """`key(type, value)`: the text by which a valid value is told as a certain key."""
    connection = duckdb.connect()

    def evaluate(kind: str, value: str | None) -> Any:
        found = connection.execute(
            f"select {render('key_form', kind, 'v', folder=macros)} from (select ? as v)", [value]
        )
        return found.fetchall()[0][0]

    return evaluate


def credit_code(body: str, region: str = "999901") -> str:
    return f"91{region}{body}" + oracle.uscc_check(f"91{region}{body}")


def organisation_codes(count: int) -> list[str]:
    chance = random.Random(7)
    bodies = ["".join(chance.choices(oracle.USCC_ALPHABET, k=8)) for _ in range(count)]
    return [body + oracle.organisation_check(body) for body in bodies]


def test_a_credit_code_is_known_by_the_organisation_code_inside_it(key: Key) -> None:
    for code in organisation_codes(200):
        assert key("uscc", credit_code(code)) == oracle.key("uscc", credit_code(code)) == code
        assert key("organisation_code", code) == oracle.key("organisation_code", code) == code


def test_nine_characters_that_fit_no_check_character_are_no_organisation_code(key: Key) -> None:
    for code in organisation_codes(50):
        wrong = next(other for other in "0123456789X" if other != code[8] and other in oracle.USCC_ALPHABET)
        whole = credit_code(code[:8] + wrong)
        assert key("uscc", whole) == oracle.key("uscc", whole) == whole


@pytest.mark.parametrize("code", ["000000000", "BBBBBBBB0", "111111117"])
def test_a_code_of_one_repeated_character_makes_nobody_one(key: Key, code: str) -> None:
    assert oracle.organisation_check(code[:8]) == code[8], "it would be valid otherwise"
    assert key("organisation_code", code) is oracle.key("organisation_code", code) is None
    here, there = credit_code(code), credit_code(code, "110101")
    assert (key("uscc", here), key("uscc", there)) == (here, there)


@pytest.mark.parametrize("written", ["H1234567801", "H1234567802", "h12345678", "Ｈ12345678"])
def test_a_travel_permit_is_one_key_before_and_after_its_renewals(key: Key, rule: Any, written: str) -> None:
    assert key("person_number", rule("parse_person_number", [written])[0]) == "H12345678"


@pytest.mark.parametrize("number", ["E12345678", "G12345678", "EA1234567"])
def test_a_passport_is_no_certain_key(key: Key, rule: Any, number: str) -> None:
    assert rule("parse_person_number", [number]) == [number]
    assert key("person_number", number) is oracle.key("person_number", number) is None


def test_numbers_of_persons_are_the_same_key_wherever_they_stand(key: Key) -> None:
    number = "81000019900101001" + oracle.citizen_check("81000019900101001")
    assert key("citizen_id", number) == key("person_number", number) == number
    # The cards of foreign residents of before and after 2023 do not follow from each other.
    old = "ABC110190030701"
    assert key("citizen_id", old) == key("person_number", old) == old


def test_what_is_not_stated_is_no_key(key: Key) -> None:
    for kind in ("citizen_id", "person_number", "uscc", "organisation_code", "text"):
        assert key(kind, None) is None


def test_keys_are_written_for_spark_too(macros: Path) -> None:
    for kind in ("uscc", "organisation_code", "person_number"):
        sql = render("key_form", kind, "v", folder=macros, engine="spark")
        assert "regexp_full_match" not in sql
        assert "strlen" not in sql
