"""What detection says of a workbook is what a contract with these options reads."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from made_columns import column

from workbooks import KINDS, Formula, Sheet, Shown, write
from yibiao.contracts.properties import SERVER_PROPERTIES
from yibiao.detect.sheet import detect_sheets
from yibiao.detect.table import Detected
from yibiao.ingest.readers import Reading, read

HEADER = ["序号", "姓名", "金额", "性别"]
PEOPLE: list[list[Any]] = [["1", "张三", 650, "男"], ["2", "李四", 700, "女"], ["3", "王五", 10.5, "男"]]
HOMES = [["房号", "面积", "户主", "楼层"], ["甲", 75.5, "张三", 3], ["乙", 80, "李四", 5]]
BOOKS: dict[str, dict[str, Sheet]] = {
    "printed": {"表": Sheet([["名册"], ["单位：元"], HEADER, *PEOPLE, ["注：无"], ["填表人：", None, "审核人："]])},
    "merged header": {
        "表": Sheet(
            [
                ["名册"],
                ["序号", "户主", None, "金额"],
                [None, "姓名", "性别"],
                ["1", "张", "男", 5],
                ["2", "李", "女", 6],
            ],
            merges=[(0, 0, 0, 3), (1, 0, 2, 0), (1, 1, 1, 2), (1, 3, 2, 3)],
        )
    },
    "groups": {"表": Sheet([HEADER, ["甲镇（2户）"], *PEOPLE[:2], ["乙镇（1户）"], *PEOPLE[2:]])},
    "labelled groups": {"表": Sheet([HEADER, ["所属社区：望江"], *PEOPLE[:2], ["所属社区：滨河"], *PEOPLE[2:]])},
    "sums": {
        "表": Sheet(
            [HEADER, *PEOPLE[:2], ["小计", None, 1350], *PEOPLE[2:], ["小计", None, 11], ["合计 3户", None, 1360.5]]
        )
    },
    "sums above": {
        "表": Sheet(
            [["地区", "金额"], ["总计", 60], ["北区小计", 30], ["甲", 10], ["乙", 20], ["南区小计", 30], ["丙", 30]]
        )
    },
    "two tables": {"表": Sheet([["表一"], HEADER, *PEOPLE, [], ["表二"], *HOMES])},
    "two tables without a blank row": {"表": Sheet([["表一"], HEADER, *PEOPLE, ["表二 房屋"], *HOMES])},
    "side by side": {
        "表": Sheet([["姓名", "金额", None, "房号", "面积"], ["张", 5, None, "甲", 7], ["李", 6, None, "乙", 8]])
    },
    "several sheets": {
        "望江": Sheet([["名册"], HEADER, *PEOPLE[:2], ["合计", None, 1350]]),
        "滨河": Sheet([["名册"], HEADER, *PEOPLE[2:], ["注：无"]]),
    },
    "printed pages": {
        "表": Sheet([["名册"], HEADER, *PEOPLE[:2], ["第1页"], ["名册"], HEADER, *PEOPLE[2:], ["第2页"]])
    },
    "hidden": {"旧": Sheet([HEADER], hidden=True), "新": Sheet([HEADER, *PEOPLE], hidden_rows=frozenset({2}))},
    "beginning further right": {"表": Sheet([[], [None, None, *HEADER], *([None, None, *row] for row in PEOPLE)])},
    "merged cells": {"表": Sheet([HEADER, *PEOPLE[:1], ["2", None, None, "女"], *PEOPLE[2:]], merges=[(1, 1, 2, 1)])},
    "dates": {"表": Sheet([["姓名", "日期"], ["张", datetime.date(2020, 3, 1)], ["李", datetime.date(2021, 12, 31)]])},
}


def contract_of(table: Detected, kind: str, make_report: Any) -> Any:
    """A contract with the detected options and a text column per header."""
    options = {
        "".join("_" + letter.lower() if letter.isupper() else letter for letter in what): choice.value
        for what, choice in table.choices.items()
        if what in SERVER_PROPERTIES
    }
    columns = tuple(
        column(f"c{place}", header, "decimal" if header == "金额" else "text", key=not place)
        for place, header in enumerate(table.headers)
    )
    return make_report(kind, "*", columns=columns, options=options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", BOOKS)
def test_a_contract_with_the_detected_options_reads_the_detected_rows(
    name: str, kind: str, tmp_path: Path, make_report: Any
) -> None:
    path = write(tmp_path / f"a.{kind}", BOOKS[name])

    tables = detect_sheets(path)

    assert sum(table.rows.num_rows for table in tables) >= 2
    for table in tables:
        reading = Reading(where="a")
        chunks = list(read(kind, path, contract_of(table, kind, make_report), reading))
        rows = pa.concat_tables([chunk.rows for chunk in chunks]).drop_columns(["_row"])
        assert rows.to_pylist() == table.rows.to_pylist()
        assert reading.control_totals == list(table.control_totals)
        others = {"other_table", "other_sheet", "hidden_sheet"}
        assert {what: rows for what, rows in reading.left_out.items() if rows and what not in others} == table.left_out


def test_repairs_are_found_without_a_contract(tmp_path: Path) -> None:
    rows = [
        ["编号", "证号", "金额", "姓名", "社区"],
        ["0012", "999901198703050012", 5, "张三", "望江"],
        [13, "999901198703050020", 6, "李四　", None],
        ["0014", 999901198703050047, 7, "王五", None],
        ["0015", "999901198703050063", Formula("#REF!"), "赵六", "滨河"],
        [Shown(16, "0000"), "99990119870305008X", "8", "钱七", "滨河"],
    ]
    path = write(tmp_path / "a.xlsx", {"表": Sheet(rows, merges=[(1, 4, 3, 4)])})

    (table,) = detect_sheets(path)

    repairs = {(repair.kind, repair.repair_class): repair.count for repair in table.repairs}
    assert repairs == {
        ("leading_zeros", "ask"): 1,
        ("lost_digits", "ask"): 1,
        ("error_value", "ask"): 1,
        ("merged_cells", "safe"): 2,
        ("number_as_text", "safe"): 1,
        ("number_format", "safe"): 1,
        ("spaces", "safe"): 1,
    }
    assert [(held.place, held.rule) for held in table.held] == [
        (3, "row.leading_zeros"),
        (4, "row.lost_digits"),
        (5, "row.error_value"),
    ]
    assert table.held[0].proposal == ("0013", "999901198703050020", "6", "李四　", "望江")
    assert table.held[1].proposal is None
    assert [row["c0"] for row in table.rows.to_pylist()] == ["0012", "0016"]
    assert [row["c4"] for row in table.rows.to_pylist()] == ["望江", "滨河"]
