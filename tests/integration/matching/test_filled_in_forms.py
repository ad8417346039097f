"""Forms that come filled in: no name, number or address of theirs is printed, wherever it stands."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from word_documents import cell, paragraph, table, write_docx
from yibiao.cli.root import root
from yibiao.errors import YibiaoError

HOME = "江城市滨江路 12 号 3 室"
SECRETS = (
    "甄建设",
    "99990119900101001X",
    HOME,
    "13900000001",
    "江城第二纺织厂",
    "阿依古丽",
    "陆文",
)


def printed(path: Path) -> str:
    """All that `form check` says of a file, in both its ways."""
    runner = CliRunner()
    said = ""
    for arguments in (["--json"], []):
        result = runner.invoke(root, ["form", "check", str(path), *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit | YibiaoError), result.output
        said += result.output + str(result.exception or "")
    return said.replace("\n", "")


def hides(path: Path) -> str:
    said = printed(path)
    assert [secret for secret in SECRETS if secret in said] == []
    return said


ROWS = [
    ["姓名", "甄建设", "性别", "女", "民族", "汉族"],
    ["身份证号码", "99990119900101001X", "联系电话", "13900000001", "婚姻状况", "已婚"],
    ["户籍地址", HOME, "工作单位", "江城第二纺织厂", "监护人", "阿依古丽"],
    ["申请理由", "", "配偶姓名", "陆文", "", ""],
    ["帮扶措施", "", "", "", "", ""],
]


def a_book(path: Path, rows: list[list[str]], title: str | None = "居民信息登记表", name: str = "Sheet") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = name
    first = 1
    if title:
        sheet["A1"] = title
        sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=max(map(len, rows)))
        first = 2
    for line, texts in enumerate(rows, start=first):
        for column, text in enumerate(texts, start=1):
            sheet.cell(line, column, text or None)
    book.save(path)
    return path


@pytest.mark.parametrize("title", ["居民信息登记表", None])
def test_a_form_with_values_beside_its_labels(tmp_path, title):
    hides(a_book(tmp_path / "表.xlsx", ROWS, title))


@pytest.mark.parametrize("given", range(1, 6))
def test_a_form_that_is_filled_in_partly(tmp_path, given):
    """The fewer values, the more it looks like a template."""
    rows = [[*one] for one in ROWS]
    kept = 0
    for line in rows:
        for place in range(1, 6, 2):
            kept += bool(line[place])
            if kept > given:
                line[place] = ""
    hides(a_book(tmp_path / "表.xlsx", rows))


def test_a_form_with_values_under_its_labels(tmp_path):
    rows = [["姓名", "", "现住址", ""], ["阿依古丽", "", HOME, ""], ["备注", "", "工作单位", ""]]
    hides(a_book(tmp_path / "表.xlsx", rows))


def test_merged_answers_beside_labels(tmp_path):
    path = a_book(
        tmp_path / "表.xlsx",
        [["姓名", "陆文", "", ""], ["住址", HOME, "", ""], ["备注", "", "", ""]],
    )
    book = openpyxl.load_workbook(path)
    for row in (2, 3, 4):
        book.active.merge_cells(start_row=row, end_row=row, start_column=2, end_column=4)
    book.save(path)
    hides(path)


def test_a_register_without_headers(tmp_path):
    rows = [
        ["甄建设", "女", "99990119900101001X", HOME, "汉族"],
        ["陆文", "男", "99990119910101001X", "江城第二纺织厂", "回族"],
    ]
    hides(a_book(tmp_path / "表.xlsx", rows, None))
    text = tmp_path / "表.csv"
    text.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    hides(text)


def test_a_sheet_with_the_name_of_a_person(tmp_path):
    said = hides(a_book(tmp_path / "表.xlsx", [["姓名", "", "性别", ""], ["民族", "", "住址", ""]], name="甄建设"))
    assert "第 1 张表" in said


def test_a_filled_word_form(tmp_path):
    rows = [
        ["姓名", "甄建设", "性别", cell(options=("男", "女"))],
        ["户籍地址", cell(HOME, span=3)],
        [cell("监护人", merge="restart"), "姓名", "阿依古丽", ""],
        [cell(merge="continue"), "联系电话", "13900000001", ""],
        ["配偶", "陆文", "", ""],
    ]
    hides(write_docx(tmp_path / "表.docx", paragraph("儿童福利申请表"), table(rows)))


def test_what_is_hidden_is_said_by_its_place(tmp_path):
    path = a_book(
        tmp_path / "表.xlsx", [["姓名", "阿依古丽", "", ""], ["民族", "", "性别", ""], ["住址", "", "电话", ""]]
    )
    result = CliRunner().invoke(root, ["form", "check", str(path), "--json"])
    hidden = [row for row in json.loads(result.stdout) if row["label"].startswith("（第 ")]
    assert [(row["label"], row["verdict"], row["element"]) for row in hidden] == [("（第 2 行第 3 列）", "ask", None)]


def test_a_template_shows_words_that_nobody_knows(tmp_path):
    """Nothing is filled in: what is left to ask must be readable."""
    rows = [["姓名", "", "身份证号", ""], ["孕次", "", "认领岗位", ""], ["住址", "", "禁忌症", ""]]
    said = printed(a_book(tmp_path / "表.xlsx", rows))
    assert all(word in said for word in ("孕次", "认领岗位", "禁忌症"))
    said = printed(a_book(tmp_path / "册.xlsx", [["姓名", "身份证号", "住址", "认领岗位"]]))
    assert "认领岗位" in said
