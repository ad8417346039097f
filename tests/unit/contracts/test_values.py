"""Frozen values: what a contract means, and when two contracts mean the same."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from yibiao.contracts import load_schemas

REPORT = "reports/police/people.odcs.yml"
Edit = Callable[[str, str, str], str]


def semantics(folder: Path) -> str:
    return load_schemas(folder).reports["police.people"].semantics()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (REPORT, "physicalName: 派出所", "physicalName: 所"),
        (REPORT, "required: true", "required: false"),
        (REPORT, '"%Y%m%d"', '"%Y-%m-%d"'),
        (REPORT, '女: "2"', '女性人: "2"'),
        (REPORT, "value: 万元", "value: 元"),
        (REPORT, "value: snapshot", "value: delta"),
        (REPORT, "encoding: UTF-8", "encoding: GB18030"),
        (REPORT, 'value: ";"', 'value: ","'),
        (REPORT, "_(?P<year>", "(?P<year>"),
        (REPORT, "{property: unit,", "{property: onInvalid, value: keep}\n          - {property: unit,"),
        (REPORT, "element, value: birth_date", "role, value: head}\n          - {property: element, value: birth_date"),
        ("codes/sex.csv", "男|M", "男|M|先生"),
        ("elements/person.yml", "unit: 元", "unit: 万元"),
    ],
)
def test_semantics_change_with_what_a_load_contains(
    file: str, old: str, new: str, edit: Edit, schemas_folder: Path
) -> None:
    before = semantics(schemas_folder)
    edit(file, old, new)

    assert semantics(schemas_folder) != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (REPORT, "  name: 人口大队", "  name: 户政科"),
        (REPORT, '"0 3 5 * *"', '"0 4 6 * *"'),
        (REPORT, "name: 人口\n", "name: 人口登记\n"),
        (REPORT, "version: 1.0.0", "version: 1.0.1"),
        (REPORT, "path: police/people/人口_*.csv", "path: elsewhere/人口_*.csv"),
        (REPORT, "status: active", "status: active\ndescription:\n  purpose: 说明"),
        (REPORT, "一行一人", "一行一名人口"),
        (REPORT, "{property: mode,", "{property: retries, value: 5}\n  - {property: mode,"),
        (REPORT, "{property: mode,", "{property: maxDrop, value: 0.2}\n  - {property: mode,"),
        ("codes/sex.csv", "2004-04-01,\n2", "2004-01-01,\n2"),
        ("departments.yml", "name: 公安局", "name: 公安分局"),
        ("departments.yml", "11999901000000019N", "11999901000000027H"),
    ],
)
def test_semantics_stay_when_only_texts_and_times_change(
    file: str, old: str, new: str, edit: Edit, schemas_folder: Path
) -> None:
    before = semantics(schemas_folder)
    edit(file, old, new)

    assert semantics(schemas_folder) == before


def test_values_of_the_contract_come_before_those_of_the_list(schemas_folder: Path, edit: Edit) -> None:
    edit(REPORT, '{男: "1", 女: "2"}', '{男: "1", "1": "2", "2": "1"}')
    column = load_schemas(schemas_folder).reports["police.people"].column("sex_code")

    assert column.pairs[:3] == (("男", "1"), ("1", "2"), ("2", "1"))
    assert [value for value, _ in column.pairs] == ["男", "1", "2", "男性", "女性", "M", "女", "F"]


def test_an_overlay_adds_to_a_code_list(schemas_folder: Path) -> None:
    (schemas_folder / "codes/sex.demo.csv").write_text("code,name,aliases,valid_from,valid_to\n9,未说明,,,\n")

    assert list(load_schemas(schemas_folder).codes["sex"].by_code) == ["1", "2", "9"]


def test_a_role_keeps_a_column_apart_from_the_main_entity(schemas_folder: Path, edit: Edit) -> None:
    edit(REPORT, "element, value: birth_date", "role, value: head}\n          - {property: element, value: birth_date")

    assert load_schemas(schemas_folder).reports["police.people"].column("born").staged_name == "head__birth_date"


def test_units_become_an_exact_factor(schemas_folder: Path) -> None:
    report = load_schemas(schemas_folder).reports["police.people"]

    assert (report.column("income_amount").factor, report.column("born").factor) == ("10000", "1")


def test_a_report_can_be_asked_for_in_a_database(schemas_folder: Path) -> None:
    path = schemas_folder / REPORT
    text = path.read_text(encoding="utf-8")
    database = """\
    type: postgres
    host: db
    port: 5432
    database: police
    schema: public
    customProperties:
      - {property: table, value: people}
      - {property: connection, value: "${POLICE_DB}"}
"""
    start, end = text.index("    type: local"), text.index("customProperties:\n  - {property: mode")
    text = text[:start] + database + text[end:]
    path.write_text(re.sub(r"\{from: name,[^\n]*\}\}", "{from: schedule, by: day}}", text), encoding="utf-8")
    server = load_schemas(schemas_folder).reports["police.people"].server

    assert (server.kind, server.format, server.location) == ("postgres", "postgres", "${POLICE_DB}")
    assert (server.options["table"], server.options["schema"]) == ("people", "public")


def test_schemas_survive_pickling_and_refuse_change(schemas_folder: Path) -> None:
    schemas = load_schemas(schemas_folder)

    assert pickle.loads(pickle.dumps(schemas)) == schemas
    with pytest.raises(TypeError, match="read-only"):
        schemas.reports["another"] = schemas.reports["police.people"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        schemas.reports["police.people"].title = "x"  # type: ignore[misc]
