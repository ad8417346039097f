"""`yibiao form check` on files of every kind: workbooks, old workbooks, Word tables, text; empty and filled in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from click.testing import CliRunner
from openpyxl.comments import Comment
from openpyxl.worksheet.datavalidation import DataValidation

from word_documents import cell, paragraph, table, write_docx
from yibiao.cli.root import root
from yibiao.matching.reading import read_form

HEADERS = ("序号", "姓名", "性别", "公民身份号码", "户籍地址", "走访情况", "填表人签字")


@pytest.fixture
def check():
    def call(path: Path) -> list[dict[str, Any]]:
        result = CliRunner().invoke(root, ["form", "check", str(path), "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return call


def by_label(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["label"]: row for row in rows}


def expect_the_headers(rows: list[dict[str, Any]]) -> None:
    found = by_label(rows)
    assert [row["label"] for row in rows] == list(HEADERS)
    assert [row["column"] for row in rows] == list(range(len(HEADERS)))
    assert found["序号"]["verdict"] == found["填表人签字"]["verdict"] == "skip"
    assert found["姓名"]["element"] == "resident_name"
    assert found["公民身份号码"]["element"] == "citizen_id"
    assert found["公民身份号码"]["held_by"]
    assert found["走访情况"]["verdict"] == "new"


def a_workbook(path: Path, *, rows: int = 0) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.merge_cells("A1:G1")
    sheet["A1"] = "居民信息登记表"
    for column, header in enumerate(HEADERS, start=1):
        sheet.cell(2, column, header)
    for row in range(3, 23):
        sheet.cell(row, 1, row - 2)
        if row < 3 + rows:
            for column, value in enumerate(("甲某", "男", "99990119900101001X", "某路 1 号", "在家", ""), start=2):
                sheet.cell(row, column, value)
    book.save(path)
    return path


@pytest.mark.parametrize("rows", [0, 12])
def test_a_workbook_empty_or_filled_in(check, tmp_path, rows):
    expect_the_headers(check(a_workbook(tmp_path / "登记表.xlsx", rows=rows)))


def test_no_value_of_a_filled_form_is_shown(tmp_path):
    path = a_workbook(tmp_path / "登记表.xlsx", rows=12)
    for arguments in (["--json"], []):
        assert "甲某" not in CliRunner().invoke(root, ["form", "check", str(path), *arguments]).output


def test_an_old_workbook(check, tmp_path):
    book = xlwt.Workbook()
    sheet = book.add_sheet("登记表")
    sheet.write_merge(0, 0, 0, 6, "居民信息登记表")
    for column, header in enumerate(HEADERS):
        sheet.write(1, column, header)
    path = tmp_path / "登记表.xls"
    book.save(str(path))
    expect_the_headers(check(path))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_text_template(check, tmp_path, encoding):
    path = tmp_path / "登记表.csv"
    path.write_bytes((",".join(HEADERS) + "\n").encode(encoding))
    expect_the_headers(check(path))


def test_a_word_table_with_headers(check, tmp_path):
    path = write_docx(tmp_path / "登记表.docx", paragraph("居民信息登记表"), table([HEADERS, [""] * 7, [""] * 7]))
    expect_the_headers(check(path))


def test_a_word_form_with_labels_beside_empty_cells(check, tmp_path):
    rows = [
        ["姓名", "", "性别", cell(options=("男", "女"))],
        ["身份证号码", cell(span=3)],
        ["户籍地址", cell(span=3)],
        [cell("监护人", merge="restart"), "姓名", "", ""],
        [cell(merge="continue"), "联系电话", "", ""],
        ["申请人签字", cell(span=3)],
    ]
    rows = check(write_docx(tmp_path / "申请表.docx", paragraph("儿童福利申请表"), table(rows)))
    told = {"/".join(row["path"]): (row["element"], row["role"], row["verdict"]) for row in rows}
    assert told["姓名"][0] == "resident_name"
    assert told["性别"][0] == "sex_code"
    assert told["监护人/姓名"][:2] == ("resident_name", "监护人")
    assert told["监护人/联系电话"][:2] == ("mobile_phone", "监护人")
    assert told["申请人签字"][2] == "skip"
    assert next(row for row in rows if row["label"] == "性别")["column"] == 3


def test_a_key_value_form_in_a_workbook(check, tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.merge_cells("A1:F1")
    sheet["A1"] = "最低生活保障申请表"
    sheet["A2"], sheet["C2"], sheet["E2"] = "申请人姓名", "性别", "出生年月"
    sheet["A3"], sheet["C3"], sheet["E3"] = "身份证号码", "民族", "联系电话"
    sheet.merge_cells("B4:F4")
    sheet["A4"] = "户籍地址"
    sheet.merge_cells("B5:F5")
    sheet["A5"] = "申请理由"
    path = tmp_path / "申请表.xlsx"
    book.save(path)
    found = by_label(check(path))
    assert found["申请人姓名"]["element"] == "resident_name"
    assert found["性别"]["column"] == 3
    assert found["户籍地址"]["element"] == "hukou_address"
    assert found["申请理由"]["verdict"] == "new"


def test_merged_headers_give_the_person(check, tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.merge_cells("A1:A2")
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("D1:E1")
    sheet["A1"], sheet["B1"], sheet["D1"] = "序号", "户主", "监护人情况"
    sheet["B2"], sheet["C2"], sheet["D2"], sheet["E2"] = "姓名", "身份证号", "姓名", "电话"
    path = tmp_path / "台账.xlsx"
    book.save(path)
    told = [(tuple(row["path"]), row["element"], row["role"]) for row in check(path)]
    assert told[1:] == [
        (("户主", "姓名"), "resident_name", "户主"),
        (("户主", "身份证号"), "citizen_id", "户主"),
        (("监护人情况", "姓名"), "resident_name", "监护人"),
        (("监护人情况", "电话"), "mobile_phone", "监护人"),
    ]


def test_drop_downs_prompts_and_comments_are_read(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    codes = book.create_sheet("代码")
    codes.sheet_state = "hidden"
    for row, text in enumerate(("未婚", "已婚", "丧偶", "离婚"), start=1):
        codes.cell(row, 1, text)
    for column, header in enumerate(("姓名", "婚姻", "状态"), start=1):
        sheet.cell(1, column, header)
    listed = DataValidation(type="list", formula1="代码!$A$1:$A$4")
    listed.add("B2:B100")
    typed = DataValidation(type="list", formula1='"正常,停业"', showInputMessage=True)
    typed.prompt = "选择经营状态"
    typed.add("C2:C100")
    sheet.add_data_validation(listed)
    sheet.add_data_validation(typed)
    sheet["A1"].comment = Comment("按身份证填写", "科室")
    path = tmp_path / "表.xlsx"
    book.save(path)
    (form,) = read_form(path)
    name, marriage, state = form.fields
    assert "按身份证填写" in name.hint
    assert marriage.options == ("未婚", "已婚", "丧偶", "离婚")
    assert state.options == ("正常", "停业")
    assert "经营状态" in state.hint


def test_two_tables_in_a_sheet_are_two_forms(check, tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for column, header in enumerate(("姓名", "性别", "民族"), start=1):
        sheet.cell(1, column, header)
    for column, header in enumerate(("企业名称", "统一社会信用代码", "注册资本（万元）"), start=1):
        sheet.cell(6, column, header)
    path = tmp_path / "两表.xlsx"
    book.save(path)
    elements = {row["element"] for row in check(path)}
    assert {"resident_name", "ethnicity_code", "organisation_name", "uscc"} <= elements


def test_hidden_columns_and_sheets_ask_nothing(check, tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for column, header in enumerate(("姓名", "性别", "内部编码", "民族"), start=1):
        sheet.cell(1, column, header)
    sheet.column_dimensions["C"].hidden = True
    hidden = book.create_sheet("系统")
    hidden.sheet_state = "hidden"
    hidden["A1"], hidden["B1"] = "户籍地址", "手机"
    path = tmp_path / "表.xlsx"
    book.save(path)
    assert [row["label"] for row in check(path)] == ["姓名", "性别", "民族"]


def test_a_sheet_of_instructions_is_no_form(check, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["姓名", "性别", "联系电话"])
    told = book.create_sheet("填表说明")
    for line in ("填表说明", "一、本表由社区填写。", "2.每月5日前上报", "三、联系电话填本人的，没有的填“无”。"):
        told.append([line])
    path = tmp_path / "form.xlsx"
    book.save(path)
    assert [found["label"] for found in check(path)] == ["姓名", "性别", "联系电话"]
