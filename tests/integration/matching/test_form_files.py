"""`yibiao form check` on files of every kind: workbooks, old workbooks, Word tables, text; empty and filled in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from click.testing import CliRunner
from openpyxl.comments import Comment
from openpyxl.worksheet.datavalidation import DataValidation

from installations import Installation
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


APPROVAL = (
    ("临时救助申请审批表", "", "", "", "", "", ""),
    ("申请人姓名", "", "性别", "", "出生年月", "", "照片"),
    ("身份证号码", "", "", "", "联系电话", "", ""),
    ("家庭住址", "", "", "", "", "", ""),
    ("家庭成员", "姓名", "关系", "年龄", "健康状况", "职业", "月收入"),
    *[("",) * 7] * 3,
    ("申请理由", "", "", "", "", "", ""),
    ("社区意见", "", "", "", "", "", ""),
)
APPROVAL_MERGED = ("A1:G1", "G2:G4", "B3:D3", "B4:F4", "A5:A8", "B9:G9", "B10:G10")


def a_sheet(path: Path, rows: Sequence[Sequence[str]], merged: Sequence[str] = ()) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([text or None for text in row])
    for cells in merged:
        book.active.merge_cells(cells)
    book.save(path)
    return path


@pytest.mark.parametrize("rows", [len(APPROVAL), 8, 5], ids=["whole", "no reason", "members last"])
def test_an_application_with_its_family_under_it_keeps_what_it_asks_of_the_applicant(check, tmp_path, rows):
    """Labels with blank cells above a table are no upper headers of it, and no field lies outside of the form."""
    merged = [cells for cells in APPROVAL_MERGED if int(cells.rpartition(":")[2][1:]) <= max(rows, 5)]
    found = check(a_sheet(tmp_path / "审批表.xlsx", APPROVAL[:rows], merged))
    applicant = {row["label"]: row for row in found if row["path"] == [row["label"]]}
    asked = {"申请人姓名": 1, "性别": 3, "出生年月": 5, "照片": 6, "身份证号码": 1, "联系电话": 5, "家庭住址": 1}
    assert {label: applicant[label]["column"] for label in asked} == asked
    assert applicant["身份证号码"]["element"] == "citizen_id"
    assert {row["column"] for row in found if row["label"] in APPROVAL[4][1:]} >= {1, 2, 3, 4, 5, 6}
    assert all(row["column"] < len(APPROVAL[0]) for row in found)


def test_headers_stand_under_lines_for_who_fills_in_and_units(check, tmp_path):
    upper = ["序号", "户主", "", "", "监护人", "", "家庭收入", "备注"]
    lower = ["", "姓名", "身份证号", "联系电话", "姓名", "联系电话", "年收入(万元)", ""]
    lines = [["低收入家庭摸底调查表", *[""] * 7], ["填报单位：", "", "", "填报日期："], ["单位：人、元"], []]
    merged = ("A1:H1", "B5:D5", "E5:F5", "A5:A6", "H5:H6")
    found = check(a_sheet(tmp_path / "摸底表.xlsx", [*lines, upper, lower], merged))
    assert [(row["column"], row["label"]) for row in found] == [
        (0, "序号"),
        *((column, text) for column, text in enumerate(lower) if text),
        (7, "备注"),
    ]


def test_what_a_line_over_the_headers_asks_of_the_whole_form_is_asked(check, tmp_path):
    lines = [["走访登记表", "", "", "", ""], ["社区名称：", "", "填报日期：", "", ""]]
    found = check(a_sheet(tmp_path / "走访.xlsx", [*lines, ["姓名", "身份证号", "联系电话", "走访情况", "备注"]]))
    assert [row["label"] for row in found][:2] == ["社区名称：", "姓名"]
    assert "填报日期：" not in [row["label"] for row in found]


def test_labels_of_upper_headers_that_are_not_merged_are_not_lost(check, tmp_path):
    upper = ["序号", "户主", "", "监护人", "", "备注"]
    lower = ["", "姓名", "身份证号", "姓名", "联系电话", ""]
    lines = [["摸底调查表", *[""] * 5], ["填报单位：", "", "", "填报日期："], ["单位：人、元"], []]
    found = check(a_sheet(tmp_path / "摸底表.xlsx", [*lines, upper, lower], ["A1:F1"]))
    assert [text for text in lower if text] == [row["label"] for row in found if row["label"] in lower]


def test_hints_in_brackets_hide_no_header(check, tmp_path):
    headers = ["姓名（必填）", "身份证号（必填）", "与户主的关系（必填）", "手机号码（选填）"]
    found = check(a_sheet(tmp_path / "登记表.xlsx", [["居民信息登记表"], headers]))
    assert [row["label"] for row in found] == headers
    assert [row["element"] for row in found][:2] == ["resident_name", "citizen_id"]


def test_new_questions_of_a_template_are_named_however_many(check, tmp_path):
    new = ["最喜欢的颜色", "微信步数", "快递柜数量", "家里几只猫", "id"]
    found = by_label(check(a_sheet(tmp_path / "登记表.xlsx", [["登记表"], ["姓名", "身份证号", *new]])))
    assert {found[label]["verdict"] for label in new[:-1]} == {"new"}
    assert found["id"]["verdict"] == "skip"


def test_what_is_hidden_is_said_not_to_have_been_looked_at(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["姓名", "身份证号", "联系电话"])
    book.active.column_dimensions["B"].hidden = True
    book.create_sheet("另表").append(["开户银行", "银行账号"])
    book["另表"].sheet_state = "hidden"
    path = tmp_path / "登记表.xlsx"
    book.save(path)
    result = CliRunner().invoke(root, ["form", "check", str(path), "--json"])
    assert "第 1 张工作表的 B 列" in result.stderr
    assert "第 2 张工作表" in result.stderr
    assert [row["label"] for row in json.loads(result.stdout)] == ["姓名", "联系电话"]


def test_what_a_formula_gives_and_a_note_on_a_sheet_of_its_own_are_asked_of_nobody(check, tmp_path):
    book = openpyxl.Workbook()
    for row in (["走访登记表"], ["姓名", "走访次数", "去年次数", "走访小计"], [None, None, None, "=B3+C3"]):
        book.active.append(row)
    book.active.merge_cells("A1:D1")
    book.active["A5"], book.active["B5"] = "合计", "=SUM(B3:B4)"
    book.create_sheet("说明").append(["每户填写一行"])
    path = tmp_path / "走访.xlsx"
    book.save(path)
    found = check(path)
    assert [row["label"] for row in found] == ["姓名", "走访次数", "去年次数", "走访小计"]
    sums = found[-1]
    assert (sums["verdict"], sums["reasons"]) == ("skip", ["由表内公式算出，不用填"])
    assert by_label(found)["走访次数"]["verdict"] == "new"


def test_what_one_process_left_the_next_answers_the_same_with(tmp_path):
    form, cache = a_workbook(tmp_path / "登记表.xlsx"), tmp_path / "cache"
    # The register of admitted forms is that of an empty working folder.
    place = Installation(tmp_path / "home", tmp_path)
    first, second = (place.run("form", "check", str(form), "--json", YIBIAO_CACHE=str(cache)) for _ in range(2))
    expect_the_headers(json.loads(first.stdout))
    assert (first.stdout, first.stderr) == (second.stdout, second.stderr)
    assert len(list(cache.iterdir())) == 1
