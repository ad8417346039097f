"""Returned workbooks in a department's own layout: every cell accounted for, whatever was done to the sheet."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from own_layout import AGE, AREA, FIRST, HEADER, KEY, NAME, NUMBER, PLATE, SEX, SHEET, VISIT, OwnForms, say

from own_workbooks import TITLE
from yibiao.forms import load_forms
from yibiao.forms.collect import Collected, collect
from yibiao.forms.collect.run import REFUSED_FILE, TAKEN
from yibiao.forms.fill.skeleton import CONTROL_SHEET
from yibiao.forms.returns import returns
from yibiao.forms.tickets import tickets
from yibiao.settings import Settings

AT = datetime(2026, 4, 3, 9, 0, tzinfo=UTC)
Change = Callable[[Any, Any], None]


@pytest.fixture
def own(own_forms: OwnForms, tmp_path: Path) -> Settings:
    """Settings of an installation of this test's own that knows the form."""
    copied = own_forms.at.copy(tmp_path, data=own_forms.at.data)
    return replace(copied.settings, data=tmp_path / "deliveries")


@pytest.fixture
def take(own: Settings, own_forms: OwnForms, tmp_path: Path) -> Callable[..., Collected]:
    """`take(change)`: what becomes of a workbook that somebody changed through `change(book, sheet)`."""

    def taken(change: Change | None = None) -> Collected:
        folder = tmp_path / "back"
        folder.mkdir()
        path = folder / own_forms.file.name
        shutil.copyfile(own_forms.file, path)
        if change is not None:
            book = openpyxl.load_workbook(path, keep_vba=True)
            change(book, book[SHEET])
            book.save(path)
        (found,) = collect(own, {}, own_forms.schemas, folder, at=AT)
        return found

    return taken


def reasons(found: Collected) -> dict[str, str]:
    return {place: reason for place, _, reason in found.refused}


def test_a_form_that_nobody_touched_loses_nothing_on_its_way(
    take: Callable[..., Collected], own: Settings, own_forms: OwnForms
) -> None:
    found = take()
    assert found.state == TAKEN
    assert found.cells is not None
    assert found.cells["corrected"] == found.cells["new"] == found.cells["refused"] == found.missing == 0
    assert found.cells["unchanged"] > found.cells["confirmed"] > 0
    assert sum(found.cells.values()) == found.rows * 6
    assert (found.tickets, found.delivery, tickets(own)) == (0, "", [])
    (kept,) = returns(own)
    assert (kept.form, kept.control_number) == (found.form, own_forms.number)


def test_corrections_and_new_values_are_found_with_rows_put_in_and_columns_moved(
    take: Callable[..., Collected], own: Settings
) -> None:
    def change(_: Any, sheet: Any) -> None:
        before = sheet.cell(FIRST, SEX).value
        sheet.cell(FIRST, SEX).value = "女" if before == "男" else "男"
        sheet.cell(FIRST + 1, PLATE).value = "示A12345"
        sheet.cell(FIRST + 2, AREA).value = 12.5
        # Name and number change places, with their headers.
        for row in range(HEADER, sheet.max_row + 1):
            name, number = sheet.cell(row, NAME), sheet.cell(row, NUMBER)
            if not isinstance(name, openpyxl.cell.cell.MergedCell):
                name.value, number.value = number.value, name.value
        sheet.insert_rows(FIRST + 3, 2)
        sheet.cell(FIRST + 3, NUMBER).value = "新来的"
        sheet.cell(FIRST + 3, PLATE).value = "示B54321"

    found = take(change)
    assert found.state == TAKEN
    assert found.cells is not None
    assert (found.cells["corrected"], found.cells["new"], found.cells["refused"]) == (2, 3, 0)
    assert {one.found.element for one in tickets(own)} == {"sex_code", "floor_area"}
    lines = list(csv.DictReader((own.data / found.delivery).read_text(encoding="utf-8").splitlines()))
    assert [line["车牌号码"] for line in lines] == ["示A12345", "示B54321"]
    assert lines[1]["基本信息/姓名"] == "新来的"


def test_formulas_typed_into_cells_are_refused_and_the_departments_own_are_not(take: Callable[..., Collected]) -> None:
    def change(_: Any, sheet: Any) -> None:
        sheet.cell(FIRST, NAME).value = '=HYPERLINK("http://x.invalid","甲")'
        sheet.cell(FIRST + 1, AGE).value = 33

    told = reasons(take(change))
    assert told == {f"B{FIRST}": "格子里是公式：请填写内容本身", f"F{FIRST + 1}": "这一列由公式算出，没有采用"}


def test_people_of_another_community_are_not_taken(take: Callable[..., Collected], own_forms: OwnForms) -> None:
    (other,) = own_forms.at.query(
        "select resident_id, citizen_id from resident where death_date is null and citizen_id is not null"
        f" and community_code <> '{own_forms.community}' order by resident_id limit 1"
    )

    def change(_: Any, sheet: Any) -> None:
        end = next(row for row in range(FIRST, sheet.max_row) if not sheet.cell(row, KEY).value)
        sheet.cell(end, KEY).value = other["resident_id"]
        sheet.cell(end, NAME).value = "甲"
        sheet.cell(end + 1, NUMBER).value = other["citizen_id"]

    found = take(change)
    assert found.cells is not None
    assert found.cells["new"] == 0
    told = " ".join(reasons(found).values())
    assert "不是本社区" in told
    assert "不属于本社区" in told


def test_a_column_of_ones_own_and_a_second_table_are_named(take: Callable[..., Collected]) -> None:
    def change(_: Any, sheet: Any) -> None:
        sheet.cell(HEADER, KEY + 1).value = "备注二"
        sheet.cell(FIRST, KEY + 1).value = "另说"
        end = sheet.max_row + 3
        sheet.cell(end, 1).value, sheet.cell(end, 2).value = "姓名", "电话"

    found = take(change)
    assert list(reasons(found).values()) == ["这一列不是本表的列，没有采用"]
    assert any("表格下方" in note for note in found.notes)


def test_the_departments_own_sheets_are_no_strange_ones(take: Callable[..., Collected]) -> None:
    def change(book: Any, _: Any) -> None:
        book.create_sheet("附表").append(["姓名", "电话"])

    found = take(change)
    assert [note for note in found.notes if "另有工作表" in note] == [
        "另有工作表“附表”，没有读取：要报的内容请填在原表里"
    ]


@pytest.mark.parametrize(
    "case", ["another number", "another title", "no header", "a column is gone", "no hidden sheet", "another form"]
)
def test_a_workbook_that_is_another_form_is_refused_whole(
    take: Callable[..., Collected], own: Settings, case: str
) -> None:
    def change(book: Any, sheet: Any) -> None:
        if case == "another number":
            sheet["A3"].value = "准入编号：YB-2026-0099-1"
        elif case == "another title":
            sheet["A2"].value = "残疾人需求登记表"
        elif case == "no header":
            for row in (HEADER - 1, HEADER):
                for cell in sheet[row]:
                    if not isinstance(cell, openpyxl.cell.cell.MergedCell):
                        cell.value = None
        elif case == "a column is gone":
            sheet.cell(HEADER, SEX).value = "随便"
        elif case == "no hidden sheet":
            del book[CONTROL_SHEET]
        else:
            facts = {row[0].value: row[1] for row in book[CONTROL_SHEET].iter_rows(max_col=2)}
            facts["登记号"].value = "999"

    found = take(change)
    assert found.state == REFUSED_FILE
    assert found.error is not None
    assert found.error["what"]
    assert found.error["todo"]
    assert (tickets(own), returns(own), list(own.data.glob("**/*"))) == ([], [], [])


def test_a_hidden_sheet_that_names_another_known_form_is_told_so(
    own: Settings, own_forms: OwnForms, tmp_path: Path
) -> None:
    forms = load_forms(Settings.load().schemas, own_forms.schemas)
    other = forms["public_security.resident_collection"]
    folder = tmp_path / "back"
    folder.mkdir()
    path = folder / own_forms.file.name
    book = openpyxl.load_workbook(own_forms.file, keep_vba=True)
    {row[0].value: row[1] for row in book[CONTROL_SHEET].iter_rows(max_col=2)}["表单"].value = other.id
    book.save(path)
    (found,) = collect(own, forms, own_forms.schemas, folder, at=AT)
    assert (found.state, returns(own)) == (REFUSED_FILE, [])
    assert found.error is not None
    assert found.error["what"] == "The sheet is another form than the hidden sheet says."
    assert found.error["got"] == f"a sheet of {VISIT}"
    assert f"标识页写的是《{other.title}》，工作表却是另一份表单《{TITLE}》的" in found.said


def test_a_departments_drop_down_takes_what_it_offers_and_nothing_else(take: Callable[..., Collected]) -> None:
    def change(_: Any, sheet: Any) -> None:
        sheet.cell(FIRST, SEX).value = "也许"

    (reason,) = reasons(take(change)).values()
    assert reason == "不是有效的性别：应为选项之一（2 个：男、女），请从下拉框选"


def test_a_later_registration_does_not_change_what_was_sent_out(
    take: Callable[..., Collected], own: Settings, own_forms: OwnForms
) -> None:
    at = replace(own_forms.at, home=own.home)
    say(at, "form", "retire", "public_security.visit", "--reason", "换新表")
    found = take()
    assert (found.state, found.cells and found.cells["corrected"]) == (TAKEN, 0)


def test_the_contract_of_the_form_takes_its_new_values(own_forms: OwnForms) -> None:
    text = say(own_forms.at, "form", "contract", "public_security.visit")
    assert "physicalName: 车牌号码" in text
    assert "id: public_security.form_visit" in text


def test_a_form_of_a_title_and_headers_alone_comes_back(own_forms: OwnForms, tmp_path: Path) -> None:
    """Nothing stands above or below its table, so that the admission stands right under the rows and ends them."""
    at, name = own_forms.at.copy(tmp_path / "at", data=own_forms.at.data), "civil_affairs.alone"
    book = openpyxl.Workbook()
    for row in (["独居老人走访表"], ["姓名", "身份证号码", "现居住地址", "是否独居"]):
        book.active.append(row)
    source = tmp_path / "独居老人走访表.xlsx"
    book.save(source)
    told = ("--department", "civil_affairs", "--owner", "养老科", "--legal-basis", "办法第七条", "--prefill")
    counts = ("--respondents", "9", "--rows", "300", "--times-a-year", "1", "--entity", "resident", "--id", name)
    say(at, "form", "submit", str(source), *told, *counts)
    say(at, "form", "approve", name, "--reason", "同意", "--by", "王处长")
    out = tmp_path / "out"
    say(at, "form", "fill", name, "--area", own_forms.community, "--out", str(out))
    (path,) = out.glob("*/*.xlsx")
    filled = openpyxl.load_workbook(path)
    sheet = filled.worksheets[0]
    sheet.cell(3, 4).value = "是"
    rows = sum(bool(row[0].value) for row in sheet.iter_rows(min_row=3)) - 1  # the last says how it was admitted
    assert str(next(cell.value for cell in reversed(sheet["A"]) if cell.value)).startswith("准入编号：YB-")
    filled.save(path)
    (found,) = json.loads(say(at, "form", "collect", str(out), "--dry-run", "--json"))
    assert (found["state"], found["rows"], found["refused"]) == (TAKEN, rows, [])
    assert (found["cells"]["new"], found["cells"]["refused"]) == (1, 0)
