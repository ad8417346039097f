"""Expectation files: what is accepted, and what is refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from yibiao.errors import ContractError
from yibiao.quality.specs import load_spec, load_specs

GOOD = """\
table: canonical.resident
description: 居民
expectations:
  - id: id_unique
    type: expect_column_values_to_be_unique
    kwargs: {column: resident_id}
    severity: critical
    owner: platform
    reason: 一人一行
    dimension: consistency
  - id: sex_known
    type: expect_column_values_to_be_in_code_list
    kwargs: {column: sex_code, code_list: sex, mostly: 0.99}
    severity: warning
    owner: public_security
    reason: 代码须在代码表内
    dimension: normativity
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "expectations" / "canonical").mkdir(parents=True)
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes" / "sex.csv").write_text("code,name\n1,男性\n2,女性\n", encoding="utf-8")
    (tmp_path / "codes" / "sex.demo.csv").write_text("code,name\n9,未说明\n", encoding="utf-8")
    return tmp_path


def write(folder: Path, text: str, name: str = "resident.yml") -> Path:
    file = folder / "expectations" / "canonical" / name
    file.write_text(text, encoding="utf-8")
    return file


def test_a_spec_is_read_with_the_codes_it_names(folder: Path) -> None:
    spec = load_spec(write(folder, GOOD), folder / "codes")
    assert spec.qualified == "canonical.resident"
    assert [one.id for one in spec.expectations] == ["id_unique", "sex_known"]
    assert spec.expectations[1].arguments["value_set"] == ["1", "2", "9"]


def test_class_names_of_the_library_are_understood(folder: Path) -> None:
    text = GOOD.replace("expect_column_values_to_be_unique", "UnexpectedRowsExpectation").replace(
        "{column: resident_id}", '{unexpected_rows_query: "SELECT 1 FROM {batch}"}'
    )
    spec = load_spec(write(folder, text), folder / "codes")
    assert spec.expectations[0].type == "unexpected_rows_expectation"


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ("description: 居民", "descriptoin: 居民", 2, "descriptoin"),
        ("    owner: platform", "    onwer: platform", 8, "onwer"),
        ("    owner: platform", "    file: /x", 8, "file"),
        ("    owner: platform\n", "", 4, "owner"),
        ("severity: critical", "severity: fatal", 7, "severity"),
        ("dimension: consistency", "dimension: beauty", 10, "dimension"),
        ("to_be_unique", "to_be_uniqe", 5, "expect_column_values_to_be_unique"),
        ("{column: resident_id}", "{colum: resident_id}", 6, "colum"),
        ("{column: resident_id}", "{}", 6, "column"),
        ("{column: resident_id}", "{column: [a]}", 6, "text"),
        ("mostly: 0.99", "mostly: 99", 13, "share"),
        ("code_list: sex", "code_list: gender", 13, "code list"),
        ("id: sex_known", "id: id_unique", 11, "unique in its table"),
        ("table: canonical.resident", "table: marts.resident", 1, "canonical.resident"),
        ("    severity: critical", "    severity: critical\n    severity: info", 8, "twice"),
        ("    reason: 一人一行", "    reason: [一人一行", 10, "YAML"),
    ],
)
def test_a_mistake_is_refused_with_file_and_line(folder: Path, old: str, new: str, line: int, word: str) -> None:
    assert old in GOOD
    file = write(folder, GOOD.replace(old, new, 1))
    with pytest.raises(ContractError) as caught:
        load_spec(file, folder / "codes")
    assert caught.value.where == f"expectations/canonical/resident.yml:{line}"
    assert word in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_column_values_to_be_in_set", "{column: a, value_set: 1}"),
        ("expect_column_values_to_be_in_set", "{column: a, value_set: []}"),
        ("expect_column_values_to_be_in_set", "{column: a, value_set: [[1]]}"),
        ("expect_column_values_to_be_between", "{column: a}"),
        ("expect_column_values_to_match_rule", "{column: a, rule: passport}"),
        ("expect_compound_columns_to_be_unique", "{column_list: a}"),
        ("expect_compound_columns_to_be_unique", "{column_list: [a], ignore_row_if: sometimes}"),
        ("expect_table_row_count_to_be_between", "{min_value: many}"),
        ("unexpected_rows_expectation", '{unexpected_rows_query: "SELECT {other} FROM {batch}"}'),
        ("unexpected_rows_expectation", '{unexpected_rows_query: "SELECT 1 WHERE x{3}"}'),
    ],
)
def test_arguments_that_make_no_sense_are_refused(folder: Path, kind: str, kwargs: str) -> None:
    text = GOOD.replace("expect_column_values_to_be_unique", kind).replace("{column: resident_id}", kwargs)
    with pytest.raises(ContractError):
        load_spec(write(folder, text), folder / "codes")


def test_specs_are_sorted_and_an_empty_folder_is_refused(folder: Path) -> None:
    write(folder, GOOD)
    write(folder, GOOD.replace("canonical.resident", "canonical.event"), "event.yml")
    assert [s.name for s in load_specs(folder / "expectations", folder / "codes")] == ["event", "resident"]
    with pytest.raises(ContractError, match="no expectations"):
        load_specs(folder / "codes", folder / "codes")
