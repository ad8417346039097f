"""Group rows of a spreadsheet: their value becomes a column of the rows below, their printed count is recounted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import xlwt

from yibiao.contracts import Report, load_schemas
from yibiao.ingest import LoadPackage, ingest_report
from yibiao.settings import Settings

PROJECT = Path(__file__).resolve().parents[3]
HEADER = ("序号", "学校名称", "学校标识码", "主管部门", "备注")
Load = Callable[[Sequence[Any]], LoadPackage]


@pytest.fixture(scope="module")
def report() -> Report:
    """Two title rows, the header in row 3, the province in group rows."""
    report = load_schemas(PROJECT / "tests" / "real" / "schemas").reports["education_ministry.adult_university_list"]
    return replace(report, server=replace(report.server, location="*.xls"))


@pytest.fixture
def load(report: Report, tmp_path: Path) -> Load:
    """Write a workbook (a text is a merged group row), load it, give its package."""

    def make(rows: Sequence[Any]) -> LoadPackage:
        book = xlwt.Workbook(encoding="utf-8")
        sheet = book.add_sheet("名单")
        for place, title in enumerate(("附件2：", "名单\n（截至2026年1月5日）")):
            sheet.write_merge(place, place, 0, 4, title)
        for place, row in enumerate([HEADER, *rows], start=2):
            if isinstance(row, str):
                sheet.write_merge(place, place, 0, 4, row)
            else:
                for column, value in enumerate(row):
                    sheet.write(place, column, value)
        data = tmp_path / "data"
        data.mkdir()
        book.save(str(data / "名单.xls"))
        outcome = ingest_report(report, Settings.load(home=tmp_path / "home", data=data))
        assert outcome.errors == ()
        (package,) = outcome.loaded
        return package

    return make


def _column(package: LoadPackage, name: str, file: str = "accepted") -> list[str | None]:
    return pq.read_table(package.folder / f"{file}.parquet").column(name).to_pylist()


def test_the_value_of_a_group_row_is_carried_down_to_the_next_one(load: Load) -> None:
    package = load(
        ["北京市（2所）", (1, "甲", "1", "市", ""), (2, "乙", "2", "市", ""), "天津市（1所）", (3, "丙", "3", "市", "")]
    )

    assert _column(package, "organisation_name") == ["甲", "乙", "丙"]
    assert _column(package, "province_code") == ["北京市", "北京市", "天津市"]
    assert package.manifest["left_out"] == {"title": 2, "group": 2}
    assert package.manifest["edition"] == "2026-01-05"


def test_printed_counts_stand_beside_counted_rows(load: Load) -> None:
    package = load(
        ["北京市（1所）", (1, "甲", "1", "市", ""), (2, "乙", "2", "市", ""), "西藏自治区（3所）", "天津市（0所）"]
    )

    assert package.manifest["control_totals"] == [
        {"name": "北京市", "stated": 1, "counted": 2},
        {"name": "西藏自治区", "stated": 3, "counted": 0},
        {"name": "天津市", "stated": 0, "counted": 0},
    ]
    assert package.manifest["counts"] == {"read": 2, "accepted": 2, "quarantined": 0}


def test_a_row_that_mentions_a_count_in_one_of_its_cells_is_no_group(load: Load) -> None:
    package = load(["北京市（1所）", (1, "联合大学（2所）", "1", "市", "")])

    assert _column(package, "organisation_name") == ["联合大学（2所）"]
    assert package.manifest["left_out"]["group"] == 1


def test_a_row_before_any_group_is_held_because_its_province_is_not_stated(load: Load) -> None:
    package = load([(1, "甲", "1", "市", ""), "北京市（1所）", (2, "乙", "2", "市", "")])

    assert package.manifest["counts"] == {"read": 2, "accepted": 1, "quarantined": 1}
    assert _column(package, "organisation_name", "quarantine") == ["甲"]
    assert _column(package, "_rules", "quarantine") == [["province_code.required"]]


def test_codes_stored_as_numbers_are_read_as_text_digit_by_digit(load: Load) -> None:
    package = load(
        [
            "北京市（3所）",
            (1, "甲", 4211050001, "市", ""),
            (2, "乙", 4211050002.0, "市", ""),
            (3, "丙", "4211050003", "市", ""),
        ]
    )

    assert _column(package, "school_code") == ["4211050001", "4211050002", "4211050003"]
    assert _column(package, "serial_number") == ["1", "2", "3"]
