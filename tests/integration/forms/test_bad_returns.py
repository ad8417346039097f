"""Returned files that are not what was sent out: a clear refusal, nothing lost, nothing leaked."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forms_filled import REVIEW, ROSTER, FilledForms
from openpyxl.cell import MergedCell
from openpyxl.utils import get_column_letter

from installations import Installation
from yibiao.forms.collect import Collected, collect
from yibiao.forms.collect.reply import OTHERWISE, reply
from yibiao.forms.collect.run import REFUSED_FILE, TAKEN
from yibiao.forms.collect.workbook import read_book
from yibiao.forms.fill.skeleton import CONTROL_SHEET
from yibiao.forms.layout import first_row
from yibiao.forms.returns import returns
from yibiao.forms.tickets import tickets
from yibiao.settings import Settings

AT = datetime(2026, 4, 3, 9, 0, tzinfo=UTC)
TOP = 4
DWELLINGS = "housing.dwelling_survey"
Send = Callable[..., Path]
Column = Callable[[str, str], int]


@pytest.fixture
def own(installation: Installation, tmp_path: Path) -> Settings:
    return replace(installation.settings, data=tmp_path / "deliveries")


@pytest.fixture
def take(own: Settings, filled: FilledForms) -> Callable[[Path], Collected]:
    def taken(folder: Path) -> Collected:
        (found,) = collect(own, filled.forms, filled.schemas, folder, at=AT)
        return found

    return taken


def assert_said_in_chinese(found: Collected) -> None:
    """Whoever sent the file is told why, and what to do, without a word of the operator's log."""
    assert found.said not in ("", OTHERWISE)
    assert found.error is not None
    assert found.error["what"] not in found.said
    assert not re.search("[a-z]{4,}", re.sub("Excel|[.]xlsx", "", found.said)), found.said


def filled_rows(filled: FilledForms) -> int:
    return int(read_book(filled.path(ROSTER)).facts["预填行数"])


def refused_cells(found: Collected) -> dict[str, str]:
    return {place: reason for place, _, reason in found.refused}


def test_a_formula_is_no_answer_whatever_it_computes(
    take: Callable[[Path], Collected], sent_back: Send, column_of: Column
) -> None:
    column = column_of(ROSTER, "民族")

    def change(_: Any, sheet: Any) -> None:
        sheet.cell(TOP, column).value = '=HYPERLINK("http://x.invalid","回族")'
        sheet.cell(TOP + 1, column).value = "=1+1"

    found = take(sent_back(ROSTER, change))
    assert found.state == TAKEN
    assert [reason for reason in refused_cells(found).values()] == ["格子里是公式：请填写内容本身"] * 2
    assert found.tickets == 0


def test_a_day_that_is_none_and_a_code_that_is_none_are_named_by_cell(
    take: Callable[[Path], Collected], sent_back: Send, column_of: Column
) -> None:
    birth, people = column_of(ROSTER, "出生日期"), column_of(ROSTER, "民族")

    def change(_: Any, sheet: Any) -> None:
        sheet.cell(TOP, birth).value = "2026-02-30"
        sheet.cell(TOP, people).value = "火星族"

    found = take(sent_back(ROSTER, change))
    assert len(found.refused) == 2
    assert all("不是有效的" in reason for _, _, reason in found.refused)
    assert all("火星族" not in reason and "2026-02-30" not in reason for _, _, reason in found.refused)
    assert found.tickets == 0


def test_a_refused_cell_says_what_is_expected(
    take: Callable[[Path], Collected], sent_back: Send, column_of: Column
) -> None:
    birth, people, area = (column_of(ROSTER, name) for name in ("出生日期", "民族", "社区"))

    def change(_: Any, sheet: Any) -> None:
        for column in (birth, people, area):
            sheet.cell(TOP, column).value = "五"

    said = {header: reason for _, header, reason in take(sent_back(ROSTER, change)).refused}
    assert said == {
        "出生日期": "不是有效的出生日期：应为日期，如 2026-01-31",
        "民族": "不是有效的民族：应为选项之一（58 个：汉族、蒙古族、回族、藏族、维吾尔族……），请从下拉框选",
        "社区": "不是有效的社区：应为名称（和预填的写法一样）或代码",
    }


def test_a_drop_down_without_a_code_list_takes_what_it_offers_and_nothing_else(
    take: Callable[[Path], Collected], filled: FilledForms, sent_back: Send, column_of: Column
) -> None:
    column, top = column_of(DWELLINGS, "房屋结构"), first_row(filled.forms[DWELLINGS]) + 1

    def change(_: Any, sheet: Any) -> None:
        sheet.cell(top, column).value = "也许"
        sheet.cell(top + 1, column).value = "砖混"

    found = take(sent_back(DWELLINGS, change))
    (told,) = refused_cells(found).items()
    assert told == (
        f"{get_column_letter(column)}{top}",
        "不是有效的房屋结构：应为选项之一（5 个：钢混、砖混、砖木、土木、其他），请从下拉框选",
    )
    assert found.cells is not None
    assert found.cells["new"] == 1


def test_a_file_of_which_nothing_can_be_taken_is_no_return(
    own: Settings, take: Callable[[Path], Collected], filled: FilledForms, sent_back: Send
) -> None:
    """Else a community that sent nothing stands in the account, with hours."""
    codes = filled.at.query("select distinct community_code from resident where community_code is not null order by 1")
    other = next(row["community_code"] for row in codes if row["community_code"] != filled.community)

    def change(book: Any, _: Any) -> None:
        book[CONTROL_SHEET]["B4"].value = other

    found = take(sent_back(ROSTER, change))
    assert (found.state, found.community) == (REFUSED_FILE, other)
    assert_said_in_chinese(found)
    assert other in found.said
    assert found.cells is not None
    assert found.cells["refused"] > 0
    assert (returns(own), tickets(own), list(own.data.glob("**/*"))) == ([], [], [])
    told = reply(found, {ROSTER: "名册"})
    assert "结果：退回，整份没有采用。标识页写的社区是" in told
    assert "不是本社区" in told
    # It is not remembered as taken in: whoever sends it once more is told the same.
    assert take(sent_back(ROSTER, change)).state == REFUSED_FILE


def test_a_file_with_nothing_but_a_mistake_is_no_return(
    own: Settings, take: Callable[[Path], Collected], filled: FilledForms, sent_back: Send, column_of: Column
) -> None:
    column = column_of(ROSTER, "出生日期")
    last = len(filled.forms[ROSTER].fields) + 2

    def change(_: Any, sheet: Any) -> None:
        for row in sheet.iter_rows(min_row=TOP, max_row=sheet.max_row, max_col=last):
            for cell in row:
                if not isinstance(cell, MergedCell):
                    cell.value = None
        sheet.cell(TOP, column).value = "五"

    found = take(sent_back(ROSTER, change))
    assert found.state == REFUSED_FILE
    assert_said_in_chinese(found)
    assert returns(own) == []


def test_refused_rows_are_no_work_of_the_community(
    own: Settings, take: Callable[[Path], Collected], filled: FilledForms, sent_back: Send, column_of: Column
) -> None:
    (other,) = filled.at.query(
        "select resident_id from resident where death_date is null"
        f" and community_code <> '{filled.community}' order by resident_id limit 1"
    )
    name, plate = column_of(ROSTER, "姓名"), column_of(ROSTER, "车牌号码")
    key = len(filled.forms[ROSTER].fields) + 2

    def change(_: Any, sheet: Any) -> None:
        end = next(row for row in range(TOP, 200) if not sheet.cell(row, 2).value)
        sheet.cell(end, key).value = other["resident_id"]
        sheet.cell(end, name).value = "甲"
        sheet.cell(end, plate).value = "示A12345"

    found = take(sent_back(ROSTER, change))
    assert (found.state, len(found.refused)) == (TAKEN, 2)
    (kept,) = returns(own)
    assert (kept.rows, kept.typed, kept.picked) == (filled_rows(filled), 0, 0)


def test_merged_cells_between_rows_say_nothing_for_sure(
    take: Callable[[Path], Collected], sent_back: Send, column_of: Column
) -> None:
    column = column_of(ROSTER, "车牌号码")

    def change(_: Any, sheet: Any) -> None:
        sheet.cell(TOP, column).value = "示A12345"
        sheet.merge_cells(start_row=TOP, start_column=column, end_row=TOP + 2, end_column=column)

    found = take(sent_back(ROSTER, change))
    assert set(refused_cells(found).values()) == {"格子被合并了：请拆开，逐格填写"}
    assert len(found.refused) == 3
    assert found.cells is not None
    assert found.cells["new"] == 0


def test_inserted_rows_and_a_row_that_stands_twice(take: Callable[[Path], Collected], sent_back: Send) -> None:
    def change(_: Any, sheet: Any) -> None:
        first = [cell.value for cell in sheet[TOP]]
        sheet.insert_rows(TOP + 1, 2)
        for column, value in enumerate(first, start=1):
            sheet.cell(TOP + 1, column).value = value

    found = take(sent_back(ROSTER, change))
    assert found.missing == 0
    assert found.cells is not None
    assert {reason for _, _, reason in found.refused} == {"这一行重复了：同一行标识（或主键）只能出现一次"}
    assert found.cells["corrected"] == found.cells["new"] == 0


def test_rows_of_another_community_are_not_taken_and_nothing_is_said_of_them(
    take: Callable[[Path], Collected], filled: FilledForms, sent_back: Send, column_of: Column
) -> None:
    other, added = filled.at.query(
        "select resident_id, citizen_id, resident_name from resident where death_date is null and citizen_id is not"
        f" null and community_code <> '{filled.community}' order by resident_id limit 2"
    )
    name, number = column_of(ROSTER, "姓名"), column_of(ROSTER, "公民身份号码")
    key = len(filled.forms[ROSTER].fields) + 2

    def change(_: Any, sheet: Any) -> None:
        end = next(row for row in range(TOP, 200) if not sheet.cell(row, 2).value)
        sheet.cell(end, key).value = other["resident_id"]
        sheet.cell(end, name).value = "甲"
        sheet.cell(end + 1, number).value = added["citizen_id"]
        sheet.cell(end + 1, name).value = added["resident_name"]

    found = take(sent_back(ROSTER, change))
    assert found.cells is not None
    assert found.cells["new"] == 0
    assert len(found.refused) == 3
    told = " ".join(reason for _, _, reason in found.refused)
    assert "不是本社区" in told
    assert "不属于本社区" in told
    assert added["resident_name"] not in told
    assert found.delivery == ""


def test_a_key_that_was_sorted_away_from_its_row_corrects_nobody_else(
    take: Callable[[Path], Collected], filled: FilledForms, sent_back: Send
) -> None:
    """Whoever sorts the visible columns only leaves the hidden keys behind."""
    key = len(filled.forms[ROSTER].fields) + 2

    def change(_: Any, sheet: Any) -> None:
        keys = [sheet.cell(row, key).value for row in range(TOP, TOP + 10)]
        for row, value in zip(range(TOP, TOP + 10), reversed(keys), strict=True):
            sheet.cell(row, key).value = value

    found = take(sent_back(ROSTER, change))
    assert found.tickets == 0
    assert found.cells is not None
    assert found.cells["corrected"] == 0


@pytest.mark.parametrize("case", ["another form's number", "another form's title", "no hidden sheet", "unknown form"])
def test_a_workbook_that_is_another_form_is_refused_whole(
    own: Settings, take: Callable[[Path], Collected], sent_back: Send, case: str
) -> None:
    def change(book: Any, sheet: Any) -> None:
        if case == "another form's number":
            sheet["A2"].value = sheet["A2"].value.replace("YB-2026-0001-6", "YB-2026-0002-4")
        elif case == "another form's title":
            sheet["A1"].value = "残疾人需求登记表"
        elif case == "no hidden sheet":
            del book[CONTROL_SHEET]
        else:
            book[CONTROL_SHEET]["B2"].value = "nobody.knows"

    found = take(sent_back(ROSTER, change))
    assert found.state == REFUSED_FILE
    assert found.error is not None
    assert found.error["what"]
    assert found.error["todo"]
    assert_said_in_chinese(found)
    assert (tickets(own), returns(own), list(own.data.glob("**/*"))) == ([], [], [])


@pytest.mark.parametrize("case", ["a column is gone", "a column is renamed", "no header"])
def test_a_sheet_without_its_columns_is_refused_whole(
    take: Callable[[Path], Collected], sent_back: Send, case: str
) -> None:
    def change(_: Any, sheet: Any) -> None:
        if case == "a column is gone":
            sheet.unmerge_cells(str(next(one for one in sheet.merged_cells.ranges if one.min_row == 1)))
            sheet.unmerge_cells(str(next(one for one in sheet.merged_cells.ranges if one.min_row == 2)))
            sheet.delete_cols(5)
        elif case == "a column is renamed":
            sheet.cell(3, 5).value = "随便"
        else:
            for cell in sheet[3]:
                cell.value = None

    found = take(sent_back(ROSTER, change))
    assert found.state == REFUSED_FILE
    assert found.error is not None
    assert "header" in found.error["what"] or "Columns" in found.error["what"]
    assert_said_in_chinese(found)
    assert ("栏目" in found.said) == (case != "no header")


def test_a_second_table_and_a_column_of_ones_own_are_named_and_not_taken(
    take: Callable[[Path], Collected], filled: FilledForms, sent_back: Send
) -> None:
    last = len(filled.forms[ROSTER].fields) + 3

    def change(_: Any, sheet: Any) -> None:
        sheet.cell(3, last).value = "备注二"
        sheet.cell(TOP, last).value = "另说"
        end = sheet.max_row + 3
        for column, text in enumerate(("姓名", "备注"), start=1):
            sheet.cell(end, column).value = text
            sheet.cell(end + 1, column).value = "乙"

    found = take(sent_back(ROSTER, change))
    assert found.state == TAKEN
    assert [reason for _, _, reason in found.refused] == ["这一列不是本表的列，没有采用"]
    assert found.cells is not None
    assert found.cells["new"] == 0
    assert any("表格下方" in note for note in found.notes)


@pytest.mark.parametrize("keys", ["left", "cleared too"])
def test_a_sheet_that_was_emptied_corrects_nobody(
    own: Settings, take: Callable[[Path], Collected], filled: FilledForms, sent_back: Send, keys: str
) -> None:
    """Whoever marks what he sees and deletes it leaves the hidden keys behind; that is no word about anybody."""
    last = len(filled.forms[ROSTER].fields) + (1 if keys == "left" else 2)

    def change(_: Any, sheet: Any) -> None:
        for row in sheet.iter_rows(min_row=TOP, max_row=sheet.max_row, max_col=last):
            for cell in row:
                if not isinstance(cell, MergedCell):
                    cell.value = None

    found = take(sent_back(ROSTER, change))
    assert (found.state, found.rows, found.tickets) == (TAKEN, 0, 0)
    assert found.missing == filled_rows(filled)
    assert any("一行也没有交回" in note for note in found.notes)
    assert returns(own) == []
    assert any("全被清空" in note for note in found.notes) == (keys == "left")


def test_one_row_that_was_cleared_is_one_that_did_not_come_back(
    take: Callable[[Path], Collected], filled: FilledForms, sent_back: Send
) -> None:
    def change(_: Any, sheet: Any) -> None:
        for column in range(1, len(filled.forms[ROSTER].fields) + 2):
            sheet.cell(TOP + 1, column).value = None

    found = take(sent_back(ROSTER, change))
    assert (found.missing, found.tickets) == (1, 0)
    assert found.rows == filled_rows(filled) - 1


def test_a_sheet_of_ones_own_is_named_and_not_read(take: Callable[[Path], Collected], sent_back: Send) -> None:
    def change(book: Any, _: Any) -> None:
        book.create_sheet("附表").append(["姓名", "电话"])
        book.create_sheet("空白")

    found = take(sent_back(ROSTER, change))
    (note,) = [note for note in found.notes if "工作表" in note]
    assert "“附表”" in note
    assert "空白" not in note


def test_a_renamed_sheet_is_read_and_a_removed_one_is_refused(
    take: Callable[[Path], Collected], sent_back: Send
) -> None:
    def rename(_: Any, sheet: Any) -> None:
        sheet.title = "改名了"

    assert take(sent_back(ROSTER, rename)).state == TAKEN

    def remove(book: Any, sheet: Any) -> None:
        book.remove(sheet)

    found = take(sent_back(ROSTER, remove))
    assert found.state == REFUSED_FILE
    assert_said_in_chinese(found)
    assert "工作表被删" in found.said


def test_macros_do_not_run_and_pictures_are_left_alone(
    take: Callable[[Path], Collected], filled: FilledForms, tmp_path: Path
) -> None:
    folder = tmp_path / "macros"
    folder.mkdir()
    path = folder / "back.xlsm"
    shutil.copyfile(filled.path(ROSTER), path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 nobody looks into this")
        archive.writestr("xl/media/image1.png", b"\x89PNG nobody looks into this")
    found = take(folder)
    assert found.state == TAKEN
    assert len(found.notes) == 2
    assert "没有执行" in found.notes[0]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("locked.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password"),
        ("damaged.xlsx", b"PK\x03\x04" + bytes(100), "damaged"),
        ("old.xls", b"\xd0\xcf\x11\xe0", "old format"),
        ("old.et", b"\xd0\xcf\x11\xe0", "old format"),
        ("answers.csv", "姓名,电话\n甲,1\n".encode(), "workbook of Excel"),
        ("picture.png", b"\x89PNG", "workbook of Excel"),
        ("empty.xlsx", b"", "empty"),
    ],
)
def test_what_is_no_workbook_is_refused_by_name(
    take: Callable[[Path], Collected], tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / name).write_bytes(content)
    found = take(folder)
    assert (found.file, found.state) == (name, REFUSED_FILE)
    assert found.error is not None
    assert told in found.error["what"]
    assert_said_in_chinese(found)


def test_a_bad_file_keeps_no_other_back(own: Settings, filled: FilledForms, sent_back: Send) -> None:
    folder = sent_back(REVIEW)
    (folder / "a.xlsx").write_bytes(b"no workbook")
    bad, good = collect(own, filled.forms, filled.schemas, folder, at=AT)
    assert (bad.state, good.state) == (REFUSED_FILE, TAKEN)
