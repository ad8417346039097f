"""Spreadsheets are read as their contract says: sheets, tables, groups, sums, hidden rows, repairs by their class."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from made_columns import column

from workbooks import KINDS, Formula, Sheet, Shown, write
from yibiao.contracts import Column, EditionRule, Report, Server
from yibiao.contracts.values import Frozen
from yibiao.errors import DeliveryError
from yibiao.ingest.readers import Reading, read
from yibiao.ingest.readers.chunks import Broken
from yibiao.ingest.readers.spreadsheet import HIDDEN_ROWS

PEOPLE = (column("code", "编号", key=True), column("person", "姓名"), column("amount", "金额", "decimal"))
HEADER = ["编号", "姓名", "金额"]
ROWS = [["01", "张三", 5], ["02", "李四", 6.5], ["03", "王五", 7]]
AS_TEXT = [["01", "张三", "5"], ["02", "李四", "6.5"], ["03", "王五", "7"]]


@dataclass
class Outcome:
    """What a reading gave: accepted rows, held rows, and the account."""

    rows: list[list[Any]]
    numbers: list[int]
    broken: list[Broken]
    reading: Reading


Take = Callable[..., Outcome]


def report_of(kind: str, columns: Sequence[Column], options: Mapping[str, Any], repair: Mapping[str, str]) -> Report:
    return Report(
        id="police.register",
        department="police",
        department_name="公安局",
        name="register",
        title="登记表",
        version="1.0.0",
        description="",
        grain="",
        mode="snapshot",
        about=(),
        columns=tuple(columns),
        key=("code",),
        constants=Frozen(),
        edition=EditionRule("parameter"),
        max_drop=0.1,
        on_drift=Frozen(),
        control_totals=(),
        schedule="",
        owner="",
        retries=0,
        server=Server("local", "*", kind, "", Frozen(options)),
        path="",
        on_repair=Frozen(repair),
    )


@pytest.fixture(params=KINDS)
def take(request: pytest.FixtureRequest, tmp_path: Path) -> Take:
    """`take(rows or {name: Sheet}, columns, repair={}, since_1904=False, **options)`: read a workbook by contract."""

    def run(
        content: Any,
        /,
        columns: Sequence[Column] = PEOPLE,
        repair: Mapping[str, str] | None = None,
        since_1904: bool = False,
        **options: Any,
    ) -> Outcome:
        if not isinstance(content, dict):
            content = {"表": content if isinstance(content, Sheet) else Sheet(content)}
        path = write(tmp_path / f"book.{request.param}", content, since_1904)
        reading = Reading(where="表.x")
        report = report_of(request.param, columns, options, repair or {})
        chunks = list(read(request.param, path, report, reading))
        table = pa.concat_tables([chunk.rows for chunk in chunks]) if chunks else None
        broken = [one for chunk in chunks for one in chunk.broken]
        rows = [list(row.values()) for row in table.to_pylist()] if table is not None else []
        assert reading.total == len(rows) + len(broken)
        assert sorted([row[0] for row in rows] + [one.row for one in broken]) == list(range(1, reading.total + 1))
        return Outcome([row[1:] for row in rows], [row[0] for row in rows], broken, reading)

    return run


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
def test_days_of_a_workbook_that_counts_from_1904(take: Take, formats: tuple[str, ...], request: Any) -> None:
    if "ods" in request.node.name:
        pytest.skip("ODS has no date system")
    columns = (column("code", "编号", key=True), column("day", "日期", "date", date_formats=formats))

    found = take([["编号", "日期"], ["a", datetime.date(2020, 3, 1)], ["b", 42429]], columns, since_1904=True)

    assert [row[1] for row in found.rows] == ["2020-03-01", "2020-03-01"]


def test_a_number_with_leading_zeros_by_its_format_is_what_one_sees(take: Take, request: Any) -> None:
    if "ods" in request.node.name:
        pytest.skip("number formats of ODS are not read")
    found = take([["编号", "证号"], [Shown(12, "000000"), ""], ["000013", ""], [Shown(1234567, "000000"), ""]], CARDS)

    assert [row[0] for row in found.rows] == ["000012", "000013", "1234567"]
    assert found.reading.repairs == {"number_format": 1, "text_as_number": 1}


def test_formulas_that_failed_or_were_never_computed_are_asked_about(take: Take, request: Any) -> None:
    if "xls]" in request.node.name:
        pytest.skip("xlwt writes no such cells")
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


def test_a_cell_far_away_is_refused_before_it_takes_all_memory(take: Take, tmp_path: Path, request: Any) -> None:
    if "xls]" in request.node.name:
        pytest.skip("XLS cannot be so large")
    if "ods" in request.node.name:
        pytest.skip("see test_repeated_cells_of_ods_are_counted_before_they_take_all_memory")
    with pytest.raises(DeliveryError, match="too large") as error:
        take(Sheet([HEADER, *ROWS], more={(1_048_575, 16_383): "x"}))
    assert "1,048,576 rows" in error.value.got


def test_repeated_cells_of_ods_are_counted_before_they_take_all_memory(tmp_path: Path) -> None:
    import zipfile

    path = write(tmp_path / "a.ods", {"表": Sheet([HEADER, *ROWS])})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    content = parts["content.xml"].replace(
        b'number-rows-repeated="1048000"><table:table-cell/>',
        b'number-rows-repeated="1048000"><table:table-cell office:value-type="float" office:value="1"'
        b' table:number-columns-repeated="1024"><text:p>1</text:p></table:table-cell>',
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, content if name == "content.xml" else data)

    with pytest.raises(DeliveryError, match="too large"):
        list(read("ods", path, report_of("ods", PEOPLE, {}, {}), Reading(where="x")))


RING = "a chain of sectors that leads back to its beginning"


@pytest.mark.parametrize("damage", [RING, "a cell beyond the last column", "a sheet without its end"])
def test_a_damaged_xls_is_refused_before_it_takes_all_memory(damage: str, tmp_path: Path) -> None:
    import struct

    path = write(tmp_path / "a.xls", {"表": Sheet([HEADER, *([f"{number}", "张三", 1.5] for number in range(900))])})
    data = bytearray(path.read_bytes())
    if damage == RING:
        table = 512 * (1 + struct.unpack_from("<I", data, 0x4C)[0])
        struct.pack_into("<I", data, table + 4 * 3, 2)  # the third sector of the workbook leads back to the second
    elif damage == "a cell beyond the last column":
        place = data.index(struct.pack("<HHHH", 0x00FD, 10, 5, 0))
        struct.pack_into("<H", data, place + 6, 60_000)
    else:
        place = data.index(struct.pack("<HHHH", 0x00FD, 10, 5, 0))
        struct.pack_into("<H", data, place + 2, 60_000)
    path.write_bytes(data)

    with pytest.raises(DeliveryError, match="cannot be opened") as error:
        list(read("xls", path, report_of("xls", PEOPLE, {}, {}), Reading(where="x")))
    assert error.value.got == "ValueError"
