"""A schemas folder as small as it can be, for tests that break it in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from yibiao.settings import Settings

PROJECT = Path(__file__).resolve().parents[3]

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: police.people
name: 人口
version: 1.0.0
status: active
domain: police
team:
  name: 人口大队
slaProperties:
  - {property: frequency, value: 1, unit: m, scheduler: cron, schedule: "0 3 5 * *"}
servers:
  - server: delivery
    type: local
    path: police/people/人口_*.csv
    format: csv
    encoding: UTF-8
    customProperties:
      - {property: delimiter, value: ";"}
customProperties:
  - {property: mode, value: snapshot}
  - {property: about, value: [person]}
  - {property: edition, value: {from: name, pattern: '_(?P<year>\\d{4})(?P<month>\\d{2})\\.'}}
schema:
  - name: people
    logicalType: object
    dataGranularityDescription: 一行一人
    properties:
      - name: person_number
        physicalName: 编号
        logicalType: string
        primaryKey: true
        required: true
        customProperties:
          - {property: element, value: person_number}
      - name: sex_code
        physicalName: 性别
        logicalType: string
        customProperties:
          - {property: element, value: sex_code}
          - {property: codes, value: {男: "1", 女: "2"}}
      - name: born
        physicalName: 出生日期
        logicalType: date
        customProperties:
          - {property: element, value: birth_date}
          - {property: dateFormat, value: "%Y%m%d"}
      - name: income_amount
        physicalName: 收入(万元)
        logicalType: number
        customProperties:
          - {property: element, value: income_amount}
          - {property: unit, value: 万元}
      - name: station
        physicalName: 派出所
        logicalType: string
"""


def _element(id_: str, name: str, type_: str, more: str = "") -> str:
    return (
        f"  - id: {id_}\n    name: {name}\n    english: {id_}\n    type: {type_}\n{more}    definition: 定义\n"
        f"    sensitivity: personal\n    authority: [police]\n    purpose: 目的\n    source: 自定\n"
    )


FILES = {
    "departments.yml": 'departments:\n  - {id: police, name: 公安局, short: 公安, credit_code: "11999901000000019N"}\n',
    "codes/lists.yml": "lists:\n  - {id: sex, name: 性别代码, source: GB/T 2261.1-2003}\n",
    "codes/sex.csv": "code,name,aliases,valid_from,valid_to\n1,男性,男|M,2004-04-01,\n2,女性,女|F,2004-04-01,\n",
    "elements/person.yml": "elements:\n"
    + _element("person_number", "编号", "text")
    + _element("sex_code", "性别", "code", "    code_list: sex\n")
    + _element("birth_date", "出生日期", "date")
    + _element("income_amount", "收入", "decimal", "    unit: 元\n"),
    "entities/person.yml": "id: person\nname: 人\nid_column: person_id\nkeys:\n  - [person_number]\n"
    "elements: [person_number, sex_code, birth_date, income_amount]\n",
    "reports/police/people.odcs.yml": CONTRACT,
}


@pytest.fixture
def schemas_folder(tmp_path: Path) -> Path:
    root = tmp_path / "schemas"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def edit(schemas_folder: Path) -> Callable[[str, str, str], str]:
    """Replace a text in one file; gives `file:line` of the first changed line."""

    def change(name: str, old: str, new: str) -> str:
        path = schemas_folder / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return f"schemas/{name}:{text[: text.index(old)].count(chr(10)) + 1}"

    return change


@pytest.fixture
def settings(schemas_folder: Path, tmp_path: Path) -> Settings:
    return replace(
        Settings.load(home=tmp_path / "home"),
        project=tmp_path,
        schemas=schemas_folder,
        dbt_project=tmp_path / "dbt_project",
        expectations=tmp_path / "expectations",
        dags=tmp_path / "dags",
    )


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT
