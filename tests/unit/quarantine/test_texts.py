"""Every rule that can keep a row out says what is wrong, by which standard, and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from installations import PROJECT
from yibiao.contracts import Report, Schemas, load_schemas
from yibiao.contracts.kinds import TYPES
from yibiao.contracts.properties import DRIFT, REPAIRS
from yibiao.ingest.checks import compile_checks
from yibiao.ingest.drift import HOLD
from yibiao.quarantine.texts import TEXTS, UNKNOWN, explain, find_text


@cache
def schemas() -> Schemas:
    return load_schemas(PROJECT / "schemas")


def every_type() -> Report:
    """A report with a required column of every type, and every element that a check asks for by name."""
    model = schemas().reports["public_security.resident_register"]
    column = replace(model.columns[0], role=None, required=True, key=False, on_invalid="quarantine", element=None)
    column = replace(column, date_formats=("%Y-%m-%d",), pairs=schemas().codes["sex"].pairs)
    by_type = [replace(column, name=f"a_{kind}", type=kind, code_list="sex") for kind in TYPES]
    by_element = [
        replace(column, name=element, element=element, type=schemas().elements[element].type, code_list="sex")
        for element in ("citizen_id", "birth_date", "death_date", "sex_code")
    ]
    return replace(model, columns=(*by_type, *by_element), key=())


def checked() -> Iterator[tuple[Report, str]]:
    """Every rule that checks of the contracts, or of a contract with everything, can emit."""
    for report in (*schemas().reports.values(), every_type()):
        for rule in compile_checks(report).rules:
            yield report, rule.id


def written() -> set[str]:
    """Rules of rows that stand as texts in the readers and in detection."""
    found = set()
    for folder in ("ingest", "detect"):
        for path in (PROJECT / "src" / "yibiao" / folder).rglob("*.py"):
            found.update(re.findall(r"""["'](row\.[a-z_]+)["']""", path.read_text(encoding="utf-8")))
    return found


def test_every_rule_of_the_checks_has_a_text_of_its_own() -> None:
    types = {(report.id, column.name): column.type for report, _ in checked() for column in report.columns}
    missing = set()
    for report, rule_id in checked():
        column, _, rule = rule_id.rpartition(".")
        if find_text(rule, types[report.id, column]) is None:
            missing.add((rule, types[report.id, column]))
    assert not missing, f"write texts for {sorted(missing)} in src/yibiao/quarantine/texts.py"


def test_the_contract_with_everything_has_every_rule_that_the_checks_write() -> None:
    """The rules are found by compiling; a rule that only a rare contract compiles would be missed without this."""
    source = (PROJECT / "src" / "yibiao" / "ingest" / "checks.py").read_text(encoding="utf-8")
    named = set(re.findall(r'compiler\.(?:flag|rule)\(\s*column,\s*"([a-z_]+)"', source))
    assert len(named) >= 8
    assert named <= {rule_id.rpartition(".")[2] for _, rule_id in checked()}


def test_every_rule_of_a_row_that_a_reader_writes_has_a_text_of_its_own() -> None:
    assert {"row.columns", "row.json"} <= written()
    assert not {rule for rule in written() if (rule, "") not in TEXTS}


@pytest.mark.parametrize("kind", REPAIRS)
def test_every_repair_that_a_contract_may_ask_about_has_a_text(kind: str) -> None:
    assert (kind, "") in TEXTS


@pytest.mark.parametrize("kind", DRIFT.values())
def test_every_drift_for_which_a_delivery_is_held_has_a_text(kind: str) -> None:
    assert (f"{HOLD}.{kind}", "") in TEXTS


def test_every_explanation_is_whole_and_in_chinese() -> None:
    for report, rule_id in [*checked(), (every_type(), "row.columns")]:
        told = explain(rule_id, report, schemas())
        for text in (told.what, told.mend):
            assert re.search("[\u4e00-\u9fff]", text)
            assert "{" not in text
        assert told.clause
        assert bool(told.header) == (not rule_id.startswith("row."))


@pytest.mark.parametrize(
    ("report", "rule", "clause", "mend"),
    [
        ("public_security.resident_register", "citizen_id.check_digit", "GB 11643-1999", "逐位核对"),
        ("public_security.resident_register", "sex_code.code", "GB/T 2261.1-2003", "0、1、2、9"),
        (
            "public_security.resident_register",
            "birth_date.type",
            "《人口基本信息》数据合同（",
            "“YYYYMMDD”（如 19900305）",
        ),
        ("market_regulation.enterprise", "uscc.check_digit", "GB 32100-2015", "营业执照"),
    ],
)
def test_a_rule_names_its_standard_and_what_the_contract_allows(report: str, rule: str, clause: str, mend: str) -> None:
    told = explain(rule, schemas().reports[report], schemas())
    assert clause in told.clause
    assert mend in told.mend


def test_a_rule_that_nobody_knows_any_more_still_says_something() -> None:
    report = schemas().reports["public_security.resident_register"]
    assert explain("citizen_id.forgotten", report, schemas()).what == UNKNOWN.what
    assert explain("row.forgotten", report, schemas()).what == TEXTS["row.", ""].what
    assert explain("gone_column.type", report, schemas()).header == ""
