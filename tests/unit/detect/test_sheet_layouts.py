"""Workbooks as offices make them are understood without a contract, in every format alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbooks import KINDS, Sheet, write
from yibiao.detect.sheet import detect_sheets
from yibiao.detect.table import Detected

Look = Callable[..., list[Detected]]


@pytest.fixture(params=KINDS)
def look(request: pytest.FixtureRequest, tmp_path: Path) -> Look:
    """`look(rows, ...)` or `look({name: Sheet})`: the tables found in such a workbook."""

    def find(sheets: Any, **more: Any) -> list[Detected]:
        if not isinstance(sheets, dict):
            sheets = {"表": Sheet(sheets, **more)}
        return detect_sheets(write(tmp_path / f"book.{request.param}", sheets))

    return find


def rows_of(table: Detected) -> list[list[str]]:
    return [list(row.values()) for row in table.rows.to_pylist()]


def values_of(table: Detected) -> dict[str, Any]:
    return {what: choice.value for what, choice in table.choices.items()}


PEOPLE = [["1", "张三", 650, "男"], ["2", "李四", 700, "女"], ["3", "王五", 10.5, "男"]]
HEADER = ["序号", "姓名", "金额", "性别"]
AS_TEXT = [[str(cell) for cell in row] for row in PEOPLE]


def test_titles_header_and_notes_of_a_printed_table(look: Look) -> None:
    (table,) = look(
        [
            ["某区低保名册"],
            ["填报单位：某街道", None, "单位：元"],
            HEADER,
            *PEOPLE,
            ["注：本表按月报送"],
            ["填表人：", None, "审核人："],
            ["制表日期：2026年1月5日"],
        ],
        merges=[(0, 0, 0, 3)],
    )

    assert table.headers == tuple(HEADER)
    assert rows_of(table) == AS_TEXT
    assert table.left_out == {"title": 2, "footer": 3}
    assert values_of(table) | {"footerPattern": ""} == {
        "sheet": "表",
        "titleRows": 2,
        "headerRows": 1,
        "footerPattern": "",
        "rowNumbers": "序号",
    }
    assert all(choice.sure for choice in table.choices.values())


def test_a_header_of_two_merged_rows_is_flattened(look: Look) -> None:
    (table,) = look(
        [
            ["低保名册"],
            ["序号", "户主", None, "金额"],
            [None, "姓名", "性别", None],
            ["1", "张三", "男", 650],
            ["2", "李四", "女", 700],
        ],
        merges=[(0, 0, 0, 3), (1, 0, 2, 0), (1, 1, 1, 2), (1, 3, 2, 3)],
    )

    assert table.headers == ("序号", "户主/姓名", "户主/性别", "金额")
    assert table.choices["headerRows"].value == 2
    assert table.choices["headerRows"].sure
    assert rows_of(table) == [["1", "张三", "男", "650"], ["2", "李四", "女", "700"]]


def test_a_header_of_three_rows_in_a_sheet_that_begins_further_right_and_below(look: Look) -> None:
    (table,) = look(
        [
            [],
            [None, None, "人口", None, None, "面积"],
            [None, None, "常住", None, "流动", None],
            [None, None, "男", "女", None, None],
            [None, None, 10, 12, 3, 7.5],
            [None, None, 20, 22, 5, 8.5],
        ],
        merges=[(1, 2, 1, 4), (1, 5, 3, 5), (2, 2, 2, 3), (2, 4, 3, 4)],
    )

    assert table.headers == ("人口/常住/男", "人口/常住/女", "人口/流动", "面积")
    assert rows_of(table) == [["10", "12", "3", "7.5"], ["20", "22", "5", "8.5"]]


def test_two_header_rows_without_merged_cells_fill_each_others_gaps(look: Look) -> None:
    (table,) = look(
        [
            ["序号", "户主", None, "金额"],
            [None, "姓名", "性别", None],
            ["1", "张三", "男", 650],
            ["2", "李四", "女", 70],
        ]
    )

    assert table.headers == ("序号", "户主/姓名", "户主/性别", "金额")
    assert table.rows.num_rows == 2


def test_group_rows_carry_their_value_down_and_their_counts_are_control_totals(look: Look) -> None:
    (table,) = look(
        [
            HEADER,
            ["北京市（2户）"],
            *PEOPLE[:2],
            ["河北省（2户）"],
            *PEOPLE[2:],
        ],
        merges=[(1, 0, 1, 3), (4, 0, 4, 3)],
    )

    assert table.headers == (*HEADER, "省份")
    assert [row[-1] for row in rows_of(table)] == ["北京市", "北京市", "河北省"]
    assert table.control_totals == (
        {"name": "北京市", "stated": 2, "counted": 2},
        {"name": "河北省", "stated": 2, "counted": 1},
    )
    assert table.choices["groupPattern"].sure


@pytest.mark.parametrize(
    ("groups", "name", "values"),
    [
        (("望江社区", "滨河社区"), "社区", ["望江社区", "滨河社区"]),
        (("所属社区：望江", "所属社区：滨河"), "所属社区", ["望江", "滨河"]),
        (("一、老年人", "二、儿童"), "分组", ["老年人", "儿童"]),
    ],
)
def test_group_rows_without_a_count_are_told_by_their_form(
    look: Look, groups: tuple[str, str], name: str, values: list[str]
) -> None:
    (table,) = look([HEADER, [groups[0]], *PEOPLE[:2], [groups[1]], *PEOPLE[2:]])

    assert table.headers[-1] == name
    assert [row[-1] for row in rows_of(table)] == [values[0], values[0], values[1]]


def test_a_group_column_never_takes_the_name_of_another_column(look: Look) -> None:
    header = ["序号", "姓名", "金额", "社区"]

    (table,) = look([header, ["第1小区（2户）"], *PEOPLE[:2], ["第2小区（1户）"], *PEOPLE[2:]])

    assert table.headers == (*header, "分组社区")
    assert [row[-1] for row in rows_of(table)] == ["第1小区", "第1小区", "第2小区"]


def test_subtotals_and_totals_become_control_totals_that_are_recounted(look: Look) -> None:
    (table,) = look(
        [
            ["序号", "姓名", "金额", "人数", "补贴率"],
            ["1", "张三", 100, 2, 0.1],
            ["2", "李四", 200.5, 3, 0.2],
            ["小计", None, 300.5, 5, 0.15],
            ["3", "王五", 50, 1, 0.3],
            ["小计", None, 60, 1, 0.3],
            ["合计：3户", None, 350.5, 6, 0.2],
        ]
    )

    assert table.left_out == {"subtotal": 2, "total": 1}
    assert [row[1] for row in rows_of(table)] == ["张三", "李四", "王五"]
    assert table.control_totals == (
        {"name": "小计 1/金额", "stated": 300.5, "counted": 300.5},
        {"name": "小计 1/人数", "stated": 5, "counted": 5},
        {"name": "小计 2/金额", "stated": 60, "counted": 50},
        {"name": "小计 2/人数", "stated": 1, "counted": 1},
        {"name": "合计", "stated": 3, "counted": 3},
        {"name": "合计/金额", "stated": 350.5, "counted": 350.5},
        {"name": "合计/人数", "stated": 6, "counted": 6},
    )


def test_subtotals_above_their_rows_are_recognised_by_the_sums(look: Look) -> None:
    (table,) = look(
        [
            ["地区", "金额", "人数"],
            ["总计", 60, 6],
            ["北区小计", 30, 3],
            ["甲村", 10, 1],
            ["乙村", 20, 2],
            ["南区小计", 30, 3],
            ["丙村", 30, 3],
        ]
    )

    assert table.choices["subtotals"].value == "above"
    assert len(table.control_totals) == 6
    assert all(total["stated"] == total["counted"] for total in table.control_totals)
    assert [row[0] for row in rows_of(table)] == ["甲村", "乙村", "丙村"]


def test_a_name_before_the_word_for_a_sum_is_not_repeated_in_the_control_totals(look: Look) -> None:
    (table,) = look([["户主", "成员", "金额"], ["张三", "张一", 5], ["张三", "张二", 6], ["张三小计", None, 11]])

    assert [total["name"] for total in table.control_totals] == ["小计 1/金额"]


def test_two_tables_in_one_sheet_separated_by_a_blank_row(look: Look) -> None:
    first, second = look(
        [
            ["表一 人员"],
            HEADER,
            *PEOPLE,
            [],
            ["表二 房屋"],
            ["房号", "面积", "户主"],
            ["101", 75.5, "张三"],
            ["102", 80, "李四"],
        ]
    )

    assert (first.headers, rows_of(first)) == (tuple(HEADER), AS_TEXT)
    assert (second.headers, rows_of(second)) == (
        ("房号", "面积", "户主"),
        [["101", "75.5", "张三"], ["102", "80", "李四"]],
    )
    assert first.left_out == second.left_out == {"title": 1}
    assert first.choices["tableUntil"].sure
    assert second.choices["tableAfter"].sure


def test_a_new_title_and_header_begin_another_table_without_a_blank_row(look: Look) -> None:
    first, second = look(
        [
            HEADER,
            *PEOPLE,
            ["房屋情况表"],
            ["房号", "面积", "户主", "楼层"],
            ["甲", 75.5, "张三", 3],
            ["乙", 80, "李四", 5],
        ],
        merges=[(4, 0, 4, 3)],
    )

    assert (first.rows.num_rows, second.rows.num_rows) == (3, 2)
    assert second.headers == ("房号", "面积", "户主", "楼层")


def test_two_tables_side_by_side(look: Look) -> None:
    left, right = look(
        [
            ["姓名", "金额", None, "房号", "面积"],
            ["张三", 5, None, "101", 75.5],
            ["李四", 6, None, "102", 80],
            ["王五", 7],
        ]
    )

    assert rows_of(left) == [["张三", "5"], ["李四", "6"], ["王五", "7"]]
    assert rows_of(right) == [["101", "75.5"], ["102", "80"]]
    assert (left.choices["tableColumns"].value, right.choices["tableColumns"].value) == ("A:B", "D:E")


def test_a_blank_row_inside_a_table_does_not_end_it(look: Look) -> None:
    (table,) = look([HEADER, *PEOPLE[:2], [], *PEOPLE[2:], [], ["注：完"]])

    assert rows_of(table) == AS_TEXT
    assert table.left_out == {"footer": 1}


def test_a_blank_row_between_title_and_header_changes_nothing_for_the_header(look: Look) -> None:
    (table,) = look([["低保名册"], [], HEADER, *PEOPLE])

    assert (table.headers, rows_of(table)) == (tuple(HEADER), AS_TEXT)
    assert table.choices["titleRows"].value == 2


def test_headers_and_titles_repeated_on_printed_pages_are_left_out(look: Look) -> None:
    (table,) = look([["低保名册"], HEADER, *PEOPLE[:2], ["第1页"], [], ["低保名册"], HEADER, *PEOPLE[2:], ["第2页"]])

    assert rows_of(table) == AS_TEXT
    assert table.left_out == {"title": 2, "header": 1, "footer": 2}


def test_numbers_of_columns_under_the_header_are_no_data(look: Look) -> None:
    (table,) = look(
        [["社区", "姓名", "金额", "人数"], ["甲", "乙", "1", "2"], ["望江", "张三", 5, 1], ["滨河", "李四", 6, 2]]
    )

    assert rows_of(table) == [["望江", "张三", "5", "1"], ["滨河", "李四", "6", "2"]]
    assert table.left_out == {"column_numbers": 1}


def test_one_table_over_several_sheets_is_one_table(look: Look) -> None:
    (table,) = look(
        {
            "望江": Sheet([["名册"], HEADER, *PEOPLE[:2], ["合计", None, 1350]]),
            "滨河": Sheet([["名册"], HEADER, *PEOPLE[2:], ["注：无"]]),
        }
    )

    assert (table.name, table.choices["sheets"].value) == ("", "all")
    assert rows_of(table) == AS_TEXT
    assert table.left_out == {"title": 2, "total": 1, "footer": 1}
    assert table.control_totals == ({"name": "望江: 合计/金额", "stated": 1350, "counted": 1350},)


def test_other_sheets_stay_tables_of_their_own(look: Look) -> None:
    tables = look(
        {
            "说明": Sheet([["填表说明"], ["请在月底前报送"]]),
            "一月": Sheet([HEADER, *PEOPLE]),
            "房屋": Sheet([["房号", "面积"], ["101", 75.5], ["102", 70]]),
            "二月": Sheet([HEADER, *PEOPLE]),
        }
    )

    found = {table.name: table for table in tables if table.rows.num_rows}
    assert found[""].choices["sheets"].value == ["一月", "二月"]
    assert found[""].rows.num_rows == 6
    assert found["房屋"].headers == ("房号", "面积")


def test_hidden_rows_and_columns_are_read_and_told(look: Look) -> None:
    (table,) = look([HEADER, *PEOPLE], hidden_rows=frozenset({2}), hidden_columns=frozenset({3}))

    assert rows_of(table) == AS_TEXT
    assert (table.choices["hiddenRows"].value, table.choices["hiddenRows"].sure) == ("use", False)
    assert "1 row" in table.choices["hiddenRows"].why
    assert (table.choices["hiddenColumns"].value, table.choices["hiddenColumns"].sure) == (["性别"], False)


def test_hidden_sheets_are_told_and_left_out(look: Look) -> None:
    (table,) = look({"旧": Sheet([HEADER, *PEOPLE[:1]], hidden=True), "新": Sheet([HEADER, *PEOPLE])})

    assert (table.name, table.rows.num_rows) == ("新", 3)
    assert (table.choices["hiddenSheets"].value, table.choices["hiddenSheets"].sure) == (["旧"], False)


def test_a_table_without_a_header_is_told_and_nothing_of_it_is_taken_for_one(look: Look) -> None:
    (table,) = look([["1", "张三", 650], ["2", "李四", 700]])

    assert rows_of(table) == [["1", "张三", "650"], ["2", "李四", "700"]]
    assert (table.choices["headerRows"].value, table.choices["headerRows"].sure) == (0, False)


def test_an_empty_workbook_has_no_table(look: Look) -> None:
    assert look({"一": Sheet([]), "二": Sheet([])}) == []


def test_a_limit_shortens_the_rows_and_not_the_control_totals(look: Look, tmp_path: Path) -> None:
    look([HEADER, *PEOPLE, ["合计", None, 1360.5]])
    (path,) = tmp_path.glob("book.*")

    (table,) = detect_sheets(path, limit=1)

    assert table.rows.num_rows == 1
    assert table.control_totals == ({"name": "合计/金额", "stated": 1360.5, "counted": 1360.5},)
