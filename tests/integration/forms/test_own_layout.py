"""A department's own workbook, filled: what it drew survives, what is known stands in it, and says whence."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from own_layout import (
    AGE,
    AREA,
    BIRTH,
    FIRST,
    HEADER,
    KEY,
    NAME,
    NUMBER,
    PLATE,
    SEX,
    SHARE,
    SHEET,
    VISIT,
    OwnForms,
    say,
)

from own_workbooks import MACRO, PREPARED, TITLE, parts_of
from yibiao.forms.fill.select import AUTOMATIC, CONFIRM, NEW
from yibiao.forms.fill.skeleton import COLOURS, CONTROL_SHEET, GUIDE_SHEET
from yibiao.forms.workbook.book import SPARE

CHANGED = {
    *("[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"),
    *("xl/worksheets/sheet1.xml", "xl/comments1.xml", "xl/drawings/vmlDrawing1.vml"),
}
"""Parts that every filled workbook changes."""

MOVED = {"xl/worksheets/sheet2.xml", "xl/drawings/drawing1.xml", "xl/charts/chart1.xml"}
"""Parts that name rows below the table, which move where rows were put in."""


@pytest.fixture(scope="module")
def sheet(own_forms: OwnForms) -> Any:
    return openpyxl.load_workbook(own_forms.file, keep_vba=True)[SHEET]


@pytest.fixture(scope="module")
def people(own_forms: OwnForms) -> list[dict[str, Any]]:
    return own_forms.at.query(
        "select resident_id, citizen_id, resident_name, sex_code, birth_date from resident where death_date is null"
        f" and community_code = '{own_forms.community}'"
    )


def test_submission_says_that_the_form_can_be_filled_in_its_own_layout(own_forms: OwnForms) -> None:
    assert f"可按原样预填：工作表“{SHEET}”，6 栏，{PREPARED} 行空行" in own_forms.said


def test_whatever_nobody_has_to_change_keeps_its_bytes(own_forms: OwnForms) -> None:
    before, after = parts_of(own_forms.source), parts_of(own_forms.file)
    assert list(after)[: len(before)] == list(before)
    assert {name for name in before if before[name] != after[name]} == CHANGED | MOVED
    assert after["xl/vbaProject.bin"] == MACRO
    assert own_forms.file.suffix == ".xlsm"
    assert {name for name in after if name not in before} == {f"xl/worksheets/sheet{number}.xml" for number in (3, 4)}
    few = min(own_forms.files.values(), key=lambda one: len(parts_of(one)["xl/worksheets/sheet1.xml"]))
    for name in ("xl/media/image1.png", "xl/media/image2.png", "xl/sharedStrings.xml", "xl/theme/theme1.xml"):
        assert parts_of(few)[name] == before[name]


def test_every_person_stands_in_the_form_with_what_is_known(sheet: Any, people: list[dict[str, Any]]) -> None:
    by_id = {one["resident_id"]: one for one in people}
    found = {sheet.cell(row, KEY).value: row for row in range(FIRST, sheet.max_row) if sheet.cell(row, KEY).value}
    assert found
    assert found.keys() <= by_id.keys()
    for key, row in found.items():
        told = by_id[key]
        assert sheet.cell(row, 1).value == row - FIRST + 1
        assert sheet.cell(row, NAME).value in (told["resident_name"], None)
        assert sheet.cell(row, NUMBER).value == told["citizen_id"]
        # The department's own words for the codes, a day as a day, a number as a number.
        assert sheet.cell(row, SEX).value in ("男", "女", None)
        birth = sheet.cell(row, BIRTH).value
        assert birth is None or (isinstance(birth, datetime) and str(birth.date()) == told["birth_date"])
        assert sheet.cell(row, AREA).value is None or isinstance(sheet.cell(row, AREA).value, int | float)
        assert sheet.cell(row, PLATE).value is None
    assert {sheet.cell(row, SEX).value for row in found.values()} >= {"男", "女"}


def test_formulas_stand_in_every_row_and_sums_grow(own_forms: OwnForms, sheet: Any) -> None:
    rows = sum(bool(sheet.cell(row, KEY).value) for row in range(FIRST, sheet.max_row + 1))
    total = FIRST + max(PREPARED, rows + SPARE)
    assert rows > PREPARED
    for row in range(FIRST, total):
        assert sheet.cell(row, AGE).value == f'=IF(E{row}="","",DATEDIF(E{row},TODAY(),"y"))'
        assert sheet.cell(row, SHARE).value == f"=IF($G${total}=0,0,G{row}/$G${total})"
    assert sheet.cell(total, 1).value == "合计"
    assert sheet.cell(total, AREA).value == f"=SUM(G{FIRST}:G{total - 1})"
    book = openpyxl.load_workbook(own_forms.file)
    assert book["代码"]["C1"].value == f"=登记表!G{total}"
    assert book.defined_names["总面积"].attr_text == f"登记表!$G${total}"
    parts = parts_of(own_forms.file)
    assert f"$G${FIRST}:$G${total - 1}".encode() in parts["xl/charts/chart1.xml"]
    assert b'fullCalcOnLoad="1"' in parts["xl/workbook.xml"]
    moved = [int(row) for row in re.findall(rb"<xdr:row>(\d+)", parts["xl/drawings/drawing1.xml"])]
    kept = [int(row) for row in re.findall(rb"<xdr:row>(\d+)", parts_of(own_forms.source)["xl/drawings/drawing1.xml"])]
    by = total - FIRST - PREPARED
    assert moved == [row if row <= HEADER else row + by for row in kept]


def test_layout_rules_and_print_settings_survive(sheet: Any) -> None:
    end = next(row for row in range(FIRST, sheet.max_row) if sheet.cell(row, 1).value == "合计")
    assert {str(one) for one in sheet.merged_cells.ranges} >= {"A2:I2", "B4:E4", f"A{end + 1}:I{end + 1}"}
    (rule,) = [one for one in sheet.data_validations.dataValidation if one.type == "list"]
    assert (str(rule.sqref), rule.formula1) == (f"D{FIRST}:D{end - 1}", '"男,女"')
    (shaded,) = sheet.conditional_formatting
    assert str(shaded.sqref) == f"G{FIRST}:G{end - 1}"
    assert sheet.print_area == f"'{SHEET}'!$A$1:$I${end + 2}"
    assert sheet.print_title_rows == "$4:$5"
    assert sheet.column_dimensions["C"].width > 20
    assert sheet.column_dimensions["J"].hidden
    assert {sheet.row_dimensions[row].height for row in range(FIRST, end)} == {21}
    assert sheet.oddFooter.center.text == "第 &P 页"


def test_colours_and_comments_say_what_each_cell_is(sheet: Any) -> None:
    colours = {"FF" + colour.removeprefix("#"): status for status, colour in COLOURS.items()}
    prompts = {
        cell: rule.prompt
        for rule in sheet.data_validations.dataValidation
        for area in rule.sqref.ranges
        for cell in area.cells
    }
    seen = set()
    for row in range(FIRST, sheet.max_row + 1):
        if not sheet.cell(row, KEY).value:
            continue
        for column in (NAME, NUMBER, SEX, BIRTH, AREA, PLATE):
            cell = sheet.cell(row, column)
            status = colours[cell.fill.fgColor.rgb]
            seen.add(status)
            assert (status == NEW) == (cell.value is None)
            assert cell.font.color.rgb == "FF1F3864" or column in (BIRTH, AREA)
            told = cell.comment.text if cell.comment else prompts.get((row, column))
            if status == NEW:
                assert not told
            else:
                assert told.startswith("请核对：" if status == CONFIRM else "来源：")
                assert "期，截至 20" in told
        assert sheet.cell(row, AGE).fill.fgColor.rgb not in colours
    assert seen == {AUTOMATIC, CONFIRM, NEW}
    assert sheet["G4"].comment.text == "按房产证填写"
    assert sheet.cell(FIRST, AREA).number_format == "#,##0.00"
    assert sheet.cell(FIRST, NUMBER).number_format == "@"


def test_number_expiry_and_marker_are_in_the_file(own_forms: OwnForms, sheet: Any) -> None:
    assert sheet["A2"].value == TITLE
    assert sheet["A3"].value.startswith("填报单位：（盖章）    准入编号：" + own_forms.number + "，有效期至 ")
    book = openpyxl.load_workbook(own_forms.file)
    assert book.sheetnames == [SHEET, "代码", GUIDE_SHEET, CONTROL_SHEET]
    assert book[CONTROL_SHEET].sheet_state == "veryHidden"
    facts = {row[0].value: row[1].value for row in book[CONTROL_SHEET].iter_rows(max_col=2)}
    assert (facts["格式"], facts["准入编号"], facts["社区"]) == ("2", own_forms.number, own_forms.community)
    told = [str(cell.value) for row in book[GUIDE_SHEET].rows for cell in row]
    assert any("系统预填" in text for text in told)


def test_nobody_from_elsewhere_stands_in_a_workbook(own_forms: OwnForms) -> None:
    lives = {
        row["citizen_id"]: row["community_code"]
        for row in own_forms.at.query("select citizen_id, community_code from resident where citizen_id is not null")
    }
    shown = 0
    for code, path in own_forms.files.items():
        text = parts_of(path)["xl/worksheets/sheet1.xml"].decode()
        numbers = set(re.findall(r">(\d{17}[\dX])<", text)) & lives.keys()
        shown += len(numbers)
        assert {lives[number] for number in numbers} <= {code}
    assert shown


def test_equal_releases_give_equal_bytes(own_forms: OwnForms, tmp_path: Path) -> None:
    say(own_forms.at, "form", "fill", VISIT, "--area", own_forms.community, "--out", str(tmp_path))
    (again,) = tmp_path.glob("*/*")
    assert again.read_bytes() == own_forms.file.read_bytes()
    assert again.stat().st_mode & 0o077 == 0
