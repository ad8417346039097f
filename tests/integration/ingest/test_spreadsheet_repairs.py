"""Cells of spreadsheets are mended, asked about or refused, by the class of the repair."""

from __future__ import annotations

import datetime

import pytest
from made_columns import column
from sheet_reading import AS_TEXT, HEADER, ROWS, Take

from workbooks import Formula, Sheet, Shown
from yibiao.errors import DeliveryError


def test_a_merged_cell_gives_its_value_to_each_row_and_counts_once_in_a_sum(take: Take) -> None:
    sheet = Sheet(
        [HEADER, ["01", "张三", 5], ["02", None, None], ["03", "王五", 7], ["合计", None, 12]],
        merges=[(1, 1, 2, 1), (1, 2, 2, 2)],
    )

    found = take(sheet, total_pattern="^合计$")
    asked = take(sheet, total_pattern="^合计$", repair={"merged_cells": "ask"})

    assert found.rows == [["01", "张三", "5"], ["02", "张三", "5"], ["03", "王五", "7"]]
    assert found.reading.repairs == {"merged_cells": 2}
    assert found.reading.control_totals == [{"name": "合计/金额", "stated": 12, "counted": 12}]
    assert asked.numbers == [1, 3]
    assert (asked.broken[0].row, asked.broken[0].rule) == (2, "person.merged_cells")
    assert asked.broken[0].proposal == {"person": "张三", "amount": "5"}
    with pytest.raises(DeliveryError, match="repair"):
        take(sheet, repair={"merged_cells": "reject"})


def test_a_text_beneath_a_merged_cell_is_asked_about_unless_it_is_the_one_that_is_seen(take: Take) -> None:
    sheet = Sheet(
        [HEADER, ["01", "张三", 5], ["02", "李四", 6], ["03", "张三", 7], ["04", None, 8], ["05", "赵六", 9]],
        merges=[(1, 1, 4, 1), (5, 0, 5, 1)],
    )

    found = take(sheet)
    seen = take(sheet, repair={"covered_text": "safe"})

    assert found.rows == [["01", "张三", "5"], ["03", "张三", "7"], ["04", "张三", "8"]]
    assert [(one.row, one.rule) for one in found.broken] == [(2, "person.covered_text"), (5, "person.covered_text")]
    assert [one.proposal for one in found.broken] == [{"person": "张三"}, {}]
    assert [one.cells["person"] for one in found.broken] == ["李四", "赵六"]
    assert [row[1] for row in seen.rows] == ["张三", "张三", "张三", "张三", "赵六"]
    assert seen.reading.repairs["covered_text"] == 2
    with pytest.raises(DeliveryError, match="repair"):
        take(sheet, repair={"covered_text": "reject"})


CARDS = (column("code", "编号", "number_text", key=True), column("card", "证号", "citizen_id"))


def test_a_number_that_lost_digits_is_asked_about_and_never_invented(take: Take) -> None:
    rows = [["编号", "证号"], ["01", 110101199001011234], ["02", "1.10101E+17"], ["03", "999901198703050012"]]

    found = take(rows, CARDS)

    assert found.rows == [["03", "999901198703050012"]]
    assert [(one.row, one.rule, one.proposal) for one in found.broken] == [
        (1, "card.lost_digits", {}),
        (2, "card.lost_digits", {}),
    ]
    assert found.broken[0].cells["code"] == "01"
    kept = take(rows, (CARDS[0], column("card", "证号", "citizen_id", on_invalid="keep")))
    assert [row[0] for row in kept.rows] == ["01", "02", "03"]
    assert "E+17" in kept.rows[0][1]
    with pytest.raises(DeliveryError, match="lost_digits") as error:
        take(rows, CARDS, repair={"lost_digits": "reject"})
    assert "1101" not in str(error.value)


def test_digits_are_compared_with_texts_beside_them_for_lost_leading_zeros(take: Take) -> None:
    found = take([["编号", "证号"], ["00012", ""], [13, ""], [12345, ""], ["00014", ""]], CARDS)

    assert [row[0] for row in found.rows] == ["00012", "12345", "00014"]
    (held,) = found.broken
    assert (held.row, held.rule, held.proposal) == (2, "code.leading_zeros", {"code": "00013"})
    assert found.reading.repairs == {"text_as_number": 1}
    mended = take([["编号", "证号"], ["00012", ""], [13, ""]], CARDS, repair={"leading_zeros": "safe"})
    assert [row[0] for row in mended.rows] == ["00012", "00013"]


def test_numbers_of_differing_length_without_evidence_are_left_alone(take: Take) -> None:
    found = take([["编号", "证号"], [9, ""], [10, ""], [100, ""]], CARDS)

    assert [row[0] for row in found.rows] == ["9", "10", "100"]
    assert found.reading.repairs == {"text_as_number": 3}


def test_codes_and_telephones_without_their_zero(take: Take) -> None:
    columns = (
        column("code", "编号", key=True),
        column("group", "民族", "code", pairs=(("01", "01"), ("汉族", "01"), ("02", "02"), ("11", "11"))),
        column("phone", "电话", "phone"),
    )

    found = take(
        [["编号", "民族", "电话"], ["a", 1, "13900000000"], ["b", 11, 13900000000], ["c", "02", 59112345678]], columns
    )

    assert [row[0] for row in found.rows] == ["b"]
    assert [(one.rule, one.proposal) for one in found.broken] == [
        ("group.leading_zeros", {"group": "01"}),
        ("phone.leading_zeros", {"phone": "059112345678"}),
    ]


def test_days_as_bare_numbers_and_as_dates(take: Take) -> None:
    columns = (column("code", "编号", key=True), column("day", "日期", "date", date_formats=("%Y-%m-%d",)))
    rows = [["编号", "日期"], ["a", 43891], ["b", datetime.date(2020, 3, 1)], ["c", 1990], ["d", "2020-03-01"]]

    found = take(rows, columns)

    assert [row[1] for row in found.rows] == ["2020-03-01", "2020-03-01", "1990", "2020-03-01"]
    assert found.reading.repairs == {"date_serial": 1}
    held = take(rows, columns, repair={"date_serial": "ask"}).broken
    assert [(one.rule, one.proposal) for one in held] == [("day.date_serial", {"day": "2020-03-01"})]


@pytest.mark.parametrize("formats", [("%Y-%m-%d",), ("excel_serial",)])
def test_days_of_a_workbook_that_counts_from_1904(take: Take, formats: tuple[str, ...]) -> None:
    columns = (column("code", "编号", key=True), column("day", "日期", "date", date_formats=formats))

    found = take([["编号", "日期"], ["a", datetime.date(2020, 3, 1)], ["b", 42429]], columns, since_1904=True)

    assert [row[1] for row in found.rows] == ["2020-03-01", "2020-03-01"]


def test_a_number_with_leading_zeros_by_its_format_is_what_one_sees(take: Take) -> None:
    found = take([["编号", "证号"], [Shown(12, "000000"), ""], ["000013", ""], [Shown(1234567, "000000"), ""]], CARDS)

    assert [row[0] for row in found.rows] == ["000012", "000013", "1234567"]
    assert found.reading.repairs == {"number_format": 1, "text_as_number": 1}


@pytest.mark.parametrize("take", ["xlsx", "ods"], indirect=True)  # the writer of XLS knows no such cells
def test_formulas_that_failed_or_were_never_computed_are_asked_about(take: Take) -> None:
    rows = [HEADER, ["01", "张三", Formula("#N/A")], ["02", "李四", Formula()], ["03", "王五", Formula(7)]]

    found = take(rows)

    assert found.rows == [["03", "王五", "7"]]
    assert [(one.row, one.rule) for one in found.broken] == [(1, "amount.error_value"), (2, "amount.formula_value")]
    blank = take(rows, repair={"error_value": "safe", "formula_value": "safe"})
    assert [row[2] for row in blank.rows] == ["", "", "7"]


def test_truth_values_where_the_list_says_yes_and_no(take: Take) -> None:
    columns = (
        column("code", "编号", key=True),
        column("rented", "是否出租", "code", pairs=(("0", "0"), ("1", "1"), ("否", "0"), ("是", "1"))),
    )

    found = take([["编号", "是否出租"], ["a", True], ["b", False], ["c", "是"]], columns)

    assert [row[1] for row in found.rows] == ["是", "否", "是"]
    assert found.reading.repairs == {"boolean": 2}


def test_numbers_as_text_percents_and_spaces(take: Take) -> None:
    found = take([HEADER, ["01", "张三　", 5], ["02", " 李四", "1,200"], ["03", "王五", "12.5%"], ["04", "赵六", "５"]])

    assert [row[1:] for row in found.rows] == [["张三　", "5"], [" 李四", "1,200"], ["王五", "0.125"], ["赵六", "５"]]
    assert found.reading.repairs == {"spaces": 2, "number_as_text": 1, "percent": 1, "full_width": 1}


def test_rows_of_nothing_but_spaces_are_blank(take: Take) -> None:
    assert take([HEADER, *ROWS, [" ", "　"], [None, " "]]).rows == AS_TEXT
