"""Spreadsheets are read as their contract says: sheets, tables, groups, sums, hidden rows."""

from __future__ import annotations

import pytest
from made_columns import column
from sheet_reading import AS_TEXT, HEADER, ROWS, Take

from workbooks import Sheet
from yibiao.errors import DeliveryError
from yibiao.ingest.packages import sheet_of
from yibiao.ingest.readers.spreadsheet import HIDDEN_ROWS


def test_one_table_over_all_sheets_and_other_sheets_are_counted(take: Take) -> None:
    sheets = {
        "望江": Sheet([["名册"], HEADER, *ROWS[:1], ["合计", None, 5]]),
        "说明": Sheet([["请在月底前报送"], ["联系街道"]]),
        "旧": Sheet([["名册"], HEADER, *ROWS], hidden=True),
        "滨河": Sheet([["名册"], ["姓名", "编号", "金额"], *[[b, a, c] for a, b, c in ROWS[1:]], ["合计", None, 13]]),
    }

    found = take(sheets, title_rows=1, sheets="all", total_pattern="^合计$")

    assert found.rows == AS_TEXT
    assert found.reading.left_out == {"title": 2, "total": 2, "other_sheet": 2, "hidden_sheet": 5, "other_table": 0}
    assert found.reading.control_totals == [
        {"name": "望江: 合计/金额", "stated": 5, "counted": 5},
        {"name": "滨河: 合计/金额", "stated": 13, "counted": 13.5},
    ]
    assert found.reading.sheets == [
        {"name": "望江", "first": 1, "rows": 1},
        {"name": "滨河", "first": 2, "rows": len(ROWS) - 1},
    ]
    manifest = {"sheets": found.reading.sheets}
    assert [sheet_of(manifest, row) for row in (1, 2, len(ROWS), len(ROWS) + 1)] == ["望江", "滨河", "滨河", None]
    assert sheet_of({}, 1) is None


def test_sheets_may_be_named_and_a_missing_one_is_refused(take: Take) -> None:
    sheets = {"一": Sheet([HEADER, *ROWS[:1]]), "二": Sheet([HEADER, *ROWS[1:]]), "三": Sheet([HEADER, *ROWS])}

    assert take(sheets, sheets=["一", "二"]).rows == AS_TEXT
    with pytest.raises(DeliveryError, match="does not have the sheet"):
        take(sheets, sheets=["一", "四"])


def test_a_sheet_whose_header_is_only_partly_the_same_is_not_passed_over(take: Take) -> None:
    sheets = {"一": Sheet([HEADER, *ROWS]), "二": Sheet([["编号", "姓名", "补贴"], *ROWS])}

    with pytest.raises(DeliveryError, match="different headers"):
        take(sheets, sheets="all")


def test_without_a_name_the_first_visible_sheet_is_read(take: Take) -> None:
    sheets = {"旧": Sheet([HEADER, *ROWS[:1]], hidden=True), "新": Sheet([HEADER, *ROWS])}

    found = take(sheets)

    assert found.rows == AS_TEXT
    assert found.reading.left_out["hidden_sheet"] == 2
    assert take(sheets, sheet="旧").rows == AS_TEXT[:1]


def test_a_table_below_another_one_and_beside_a_third(take: Take) -> None:
    rows = [
        ["表一 房屋", None, None, "名单", None],
        ["房号", "面积", None, "姓名", "电话"],
        ["101", 75, None, "张三", "13900000000"],
        [],
        ["表二 人员"],
        ["（单位：元）"],
        HEADER,
        *ROWS[:2],
        [],
        ["注：完"],
    ]

    found = take(rows, table_after="^表二", title_rows=1, table_columns="A:C")

    assert found.rows == AS_TEXT[:2]
    assert found.reading.left_out["other_table"] == 4
    with pytest.raises(DeliveryError, match="not in the sheet"):
        take(rows, table_after="^表三")


def test_a_table_above_another_one_ends_where_the_contract_says(take: Take) -> None:
    found = take([HEADER, *ROWS[:2], [], *ROWS[2:], ["表二"], ["房号", "面积"], ["101", 5]], table_until="^表二")

    assert found.rows == AS_TEXT
    assert found.reading.left_out["other_table"] == 3


def test_merged_headers_of_a_sheet_that_begins_in_another_column(take: Take) -> None:
    columns = (
        column("code", "编号", key=True),
        column("person", "户主/姓名"),
        column("amount", "户主/金额", "decimal"),
    )
    sheet = Sheet(
        [[], [None, None, "编号", "户主"], [None, None, None, "姓名", "金额"], [None, None, "01", "张三", 5]],
        merges=[(1, 2, 2, 2), (1, 3, 1, 4)],
    )

    assert take(sheet, columns, title_rows=1, header_rows=2).rows == AS_TEXT[:1]


def test_subtotals_and_totals_are_recounted_and_their_numbers_are_no_data(take: Take) -> None:
    found = take(
        [
            HEADER,
            *ROWS[:2],
            ["小计 2户", None, 11.5],
            *ROWS[2:],
            ["小计 1户", None, 7],
            ["合计", None, 20],
        ],
        subtotal_pattern=r"^小计\s*(?P<count>\d+)户$",
        total_pattern="^合计$",
    )

    assert found.rows == AS_TEXT
    assert found.reading.control_totals == [
        {"name": "小计 1", "stated": 2, "counted": 2},
        {"name": "小计 1/金额", "stated": 11.5, "counted": 11.5},
        {"name": "小计 2", "stated": 1, "counted": 1},
        {"name": "小计 2/金额", "stated": 7, "counted": 7},
        {"name": "合计/金额", "stated": 20, "counted": 18.5},
    ]
    assert found.reading.left_out["subtotal"] == 2


def test_the_total_on_the_last_sheet_may_be_that_of_all_sheets(take: Take) -> None:
    sheets = {
        "一": Sheet([HEADER, *ROWS[:2], ["合计", None, 11.5]]),
        "二": Sheet([HEADER, *ROWS[2:], ["总计3户", None, 18.5]]),
    }

    found = take(sheets, sheets="all", total_pattern=r"^(合计|总计(?P<count>\d+)户)$")

    assert found.reading.control_totals == [
        {"name": "一: 合计/金额", "stated": 11.5, "counted": 11.5},
        {"name": "二: 总计", "stated": 3, "counted": 3},
        {"name": "二: 总计/金额", "stated": 18.5, "counted": 18.5},
    ]


def test_subtotals_of_two_levels(take: Take) -> None:
    found = take(
        [
            HEADER,
            *ROWS[:1],
            ["小计", None, 5],
            *ROWS[1:2],
            ["小计", None, 6.5],
            ["北区合计", None, 11.5],
            *ROWS[2:],
            ["小计", None, 7],
            ["南区合计", None, 7],
        ],
        subtotal_pattern="小计$|合计$",
    )

    totals = [(total["stated"], total["counted"]) for total in found.reading.control_totals]
    assert totals == [(5, 5), (6.5, 6.5), (11.5, 11.5), (7, 7), (7, 7)]


def test_hidden_rows_are_data_with_a_warning_unless_the_contract_leaves_them_out(take: Take) -> None:
    sheet = Sheet([HEADER, *ROWS], hidden_rows=frozenset({2}))

    used = take(sheet)
    left = take(sheet, hidden_rows="leaveOut")

    assert used.rows == AS_TEXT
    assert used.reading.warnings == {HIDDEN_ROWS: 1}
    assert left.rows == [AS_TEXT[0], AS_TEXT[2]]
    assert left.reading.left_out["hidden"] == 1
    assert not left.reading.warnings


def test_a_repeated_header_and_numbers_of_columns_are_no_data(take: Take) -> None:
    found = take([["名册"], HEADER, ["1", "2", "3"], *ROWS[:2], ["名册"], HEADER, *ROWS[2:]], title_rows=1)

    assert found.rows == AS_TEXT
    assert found.reading.left_out == {"title": 2, "header": 1, "column_numbers": 1, "other_table": 0}
