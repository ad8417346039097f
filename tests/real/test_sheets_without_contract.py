"""Official workbooks are understood without any contract, with the figures that their README states."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yibiao.detect.sheet import detect_sheets

FOLDER = "moe_universities_2025"
FILES = {
    "W020250627301230138068": (2919, 31, [{"name": "海南省", "stated": 27, "counted": 28}]),
    "W020250627301230143042": (248, 30, []),
}


@pytest.mark.parametrize("name", FILES)
def test_titles_header_groups_and_control_totals_are_found_without_a_contract(real_data: Path, name: str) -> None:
    rows, groups, defects = FILES[name]

    (table,) = detect_sheets(real_data / FOLDER / f"{name}.xls")

    assert (table.rows.num_rows, len(table.held)) == (rows, 0)
    assert table.left_out == {"title": 2, "group": groups}
    assert {what: table.choices[what].value for what in ("titleRows", "headerRows")} == {
        "titleRows": 2,
        "headerRows": 1,
    }
    assert all(choice.sure for choice in table.choices.values())
    assert len(table.control_totals) == groups
    assert [total for total in table.control_totals if total["stated"] != total["counted"]] == defects
    assert sum(total["counted"] for total in table.control_totals) == rows
    assert table.headers[:3] == ("序号", "学校名称", "学校标识码")
    assert table.headers[-1] == "省份"


@pytest.mark.parametrize("name", FILES)
def test_rows_equal_the_independent_reading(real_data: Path, name: str) -> None:
    expected = json.loads((real_data / FOLDER / f"{name}.json").read_text(encoding="utf-8"))

    (table,) = detect_sheets(real_data / FOLDER / f"{name}.xls")

    # The readings name columns otherwise; codes and names are enough to tell every school and its place.
    found = [(row["c2"], row["c1"]) for row in table.rows.to_pylist()]
    assert found == [(str(row["code"]), row["name"]) for row in expected]
