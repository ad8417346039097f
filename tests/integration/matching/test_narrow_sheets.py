"""Sheets of two and three columns: registers with a row of headers, and labels with their answers beside them."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import openpyxl
import pytest
from click.testing import CliRunner

from word_documents import paragraph, table, write_docx
from yibiao.cli.root import root
from yibiao.contracts import load_schemas
from yibiao.demo.name_tables import FEMALE, MALE, SURNAMES
from yibiao.matching.grid import Cells, table_of
from yibiao.matching.lexicon import Lexicon
from yibiao.matching.model import load_model
from yibiao.matching.printable import Printable
from yibiao.matching.reading import read_form

SCHEMAS = Path(__file__).parents[3] / "schemas"

PEOPLE = ("甄建设", "陆文", "阿依古丽", "王小明", "李小红")
PHONES = tuple(f"1390000000{place}" for place in range(5))
HOMES = ("滨江路 1 号", "人民路 22 号", "建设街 3 栋", "中山路 7 号", "新华路 5 号")
PLACES = ("李家村", "王家村", "赵家村", "钱家村", "孙家村")
SHOPS = ("惠民超市", "便民超市", "江城书店", "老街书店", "滨江书店")
NEEDS = ("轮椅", "助听器", "", "拐杖", "")

LABELS = ("姓名", "性别", "民族", "联系电话", "家庭住址", "工作单位", "申请理由")
ANSWERS = ("甄建设", "男", "汉族", "13900000001", "滨江路 1 号", "江城第二纺织厂", "家庭困难")
PAIRS = tuple(zip(LABELS, ANSWERS, strict=True))


def a_sheet(path: Path, rows: list[list[str]], *, merged: int = 0) -> Path:
    """A workbook.

    Args:
        merged: columns that its first row is merged over.
    """
    book = openpyxl.Workbook()
    sheet = book.active
    for line, texts in enumerate(rows, start=1):
        for column, text in enumerate(texts, start=1):
            sheet.cell(line, column, text or None)
    if merged:
        sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=merged)
    book.save(path)
    return path


def fields_of(path: Path) -> list[tuple[str, int]]:
    """Labels as they stand, with their columns."""
    return [("/".join(one.path), one.column) for table in read_form(path) for one in table.fields]


TITLES = {
    "no title": [],
    "a title": [["困难居民联系表"]],
    "a title and a line": [["困难居民联系表"], ["填报单位：滨江街道", "填报日期：2026年3月"]],
    "a title without the word form": [["困难居民基本情况"], ["填报单位："]],
}
COLUMNS = {
    ("姓名", "联系电话"): (PEOPLE, PHONES),
    ("姓名", "家庭住址"): (PEOPLE, HOMES),
    ("姓名", "所需辅具"): (PEOPLE, NEEDS),
    ("户主", "签字"): (PEOPLE, ("",) * 5),
    ("村名", "负责人"): (PLACES, PEOPLE),
    ("店铺名称", "联系电话"): (SHOPS, PHONES),
    ("序号", "姓名"): (tuple("12345"), PEOPLE),
    ("序号", "姓名", "联系电话"): (tuple("12345"), PEOPLE, PHONES),
    ("姓名", "家庭住址", "备注"): (PEOPLE, HOMES, ("",) * 5),
    ("姓名", "联系电话", "家庭住址"): (PEOPLE, PHONES, HOMES),
}


@pytest.mark.parametrize(
    "footer", [[], [["填表人：", "审核人："]], [["注：请于月底前报送"]]], ids=["", "signed", "note"]
)
@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
@pytest.mark.parametrize("headers", COLUMNS, ids="-".join)
def test_a_register_asks_its_headers_with_and_without_people(tmp_path, headers, title, footer):
    for people in (5, 2, 1, 0):
        body = [list(row) for row in zip(*COLUMNS[headers], strict=True)][:people]
        rows = [*title, list(headers), *body, *footer]
        wanted = [(header, column) for column, header in enumerate(headers)]
        assert fields_of(a_sheet(tmp_path / "表.xlsx", rows, merged=len(headers) if title else 0)) == wanted, people
        cells = [[*row, *[""] * (len(headers) - len(row))] for row in rows]
        assert fields_of(write_docx(tmp_path / "表.docx", paragraph("联系表"), table(cells))) == wanted, people


@pytest.mark.parametrize("given", [0, 1, 3, 7])
@pytest.mark.parametrize("title", [[], [["居民信息登记表"]], [["居民信息登记表"], ["项目", "内容"]]], ids=len)
def test_labels_with_and_without_answers_ask_the_labels(tmp_path, title, given):
    rows = [[label, answer if place < given else ""] for place, (label, answer) in enumerate(PAIRS)]
    wanted = [(label, 1) for label in LABELS]
    assert fields_of(a_sheet(tmp_path / "表.xlsx", [*title, *rows], merged=2 if title else 0)) == wanted
    cells = [[*row, *[""] * (2 - len(row))] for row in [*title, *rows]]
    assert fields_of(write_docx(tmp_path / "表.docx", paragraph("登记表"), table(cells))) == wanted


def test_labels_over_blank_cells_stay_labels(tmp_path):
    rows = [
        ["姓名", "联系电话"],
        ["", ""],
        ["家庭住址", "工作单位"],
        ["", ""],
        ["民族", "性别"],
        ["", ""],
        ["注：必填"],
    ]
    labels = [text for row in rows[:-1] for text in row if text]
    assert [label for label, _ in fields_of(a_sheet(tmp_path / "表.xlsx", rows))] == labels


def test_labels_in_a_section_keep_it(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for line, row in enumerate([["监护人", "姓名"], ["", "联系电话"], ["", "工作单位"], ["", "家庭住址"]], start=1):
        for column, text in enumerate(row, start=1):
            sheet.cell(line, column, text or None)
    sheet.merge_cells("A1:A4")
    book.save(tmp_path / "表.xlsx")
    wanted = [f"监护人/{label}" for label in ("姓名", "联系电话", "工作单位", "家庭住址")]
    assert [label for label, _ in fields_of(tmp_path / "表.xlsx")] == wanted


def test_a_line_over_the_headers_of_a_wide_register_is_no_label(tmp_path):
    headers = ["序号", "姓名", "联系电话", "家庭住址", "备注"]
    body = [[str(place + 1), PEOPLE[place], PHONES[place], HOMES[place], ""] for place in range(5)]
    line = ["填报单位：滨江街道", "", "", "填报日期：2026年3月"]
    path = a_sheet(tmp_path / "表.xlsx", [["困难居民登记表"], line, headers, *body])
    assert fields_of(path) == [(header, column) for column, header in enumerate(headers)]


def test_a_line_over_labels_and_answers_makes_them_no_headers(tmp_path):
    rows = [
        ["编号：0012", "", "", "", "日期：2026年3月", ""],
        ["姓名", "甄建设", "性别", "", "民族", ""],
        ["联系电话", "13900000001", "家庭住址", "", "工作单位", ""],
        ["申请理由", "", "监护人", "", "健康状况", ""],
    ]
    labels = [label for label, _ in fields_of(a_sheet(tmp_path / "表.xlsx", rows))]
    assert {"性别", "民族", "联系电话", "家庭住址", "工作单位", "申请理由", "监护人", "健康状况"} <= {*labels}


def test_an_application_with_a_table_of_members_keeps_its_labels(tmp_path):
    """Two lines of labels with colons are questions, although headers stand side by side under them."""
    rows = [
        ["户主姓名：", "", "身份证号：", ""],
        ["家庭住址：", "", "联系电话：", ""],
        ["成员姓名", "与户主关系", "", ""],
    ]
    labels = [label for label, _ in fields_of(a_sheet(tmp_path / "表.xlsx", rows))]
    assert labels[:4] == ["户主姓名：", "身份证号：", "家庭住址：", "联系电话："]


def test_the_check_of_a_filled_register_tells_who_holds_its_fields(tmp_path):
    rows = [["困难居民联系表"], ["姓名", "联系电话"], *map(list, zip(PEOPLE, PHONES, strict=True))]
    path = a_sheet(tmp_path / "表.xlsx", rows, merged=2)
    result = CliRunner().invoke(root, ["form", "check", str(path), "--json"])
    told = [(row["label"], row["element"]) for row in json.loads(result.stdout)]
    assert told == [("姓名", "resident_name"), ("联系电话", "mobile_phone")]
    said = result.output + CliRunner().invoke(root, ["form", "check", str(path)]).output
    assert not any(secret in said for secret in (*PEOPLE, *PHONES))


def test_no_name_is_shown_of_a_narrow_sheet_whatever_it_is():
    """Registers and labels at random, with headers or without, with a title or a note, filled in anywhere."""
    draw = Random(11)
    printable = Printable(Lexicon(load_schemas(SCHEMAS), load_model(SCHEMAS).learned))
    words = [*LABELS, "认领岗位", "孕次", "监护人", "备注", "所需辅具"]
    names = {draw.choice(list(SURNAMES)) + "".join(draw.choices(MALE[0] + FEMALE[1], k=2)) for _ in range(300)}
    listed = sorted(names)
    shown: list[str] = []
    for _ in range(1500):
        width, share = draw.choice((2, 3)), draw.choice((0.3, 0.7, 1.0))
        rows = [
            [
                draw.choice(listed) if draw.random() < share else draw.choice((*HOMES, *PHONES, *NEEDS, ""))
                for _ in range(width)
            ]
            for _ in range(draw.randint(1, 6))
        ]
        if (kind := draw.choice("rlx")) == "r":
            rows.insert(0, draw.sample(words, width))
        elif kind == "l":
            rows = [[draw.choice(words), *row[1:]] for row in rows]
        if draw.random() < 0.3:
            rows.insert(0, [draw.choice(("联系表", "困难居民基本情况", *listed[:3])), *[""] * (width - 1)])
        found = table_of(Cells("表", rows, ()))
        shown += [text for one in printable.of(found, 1) for text in one.path]
    assert len(shown) > 1000
    assert names.isdisjoint(shown)
