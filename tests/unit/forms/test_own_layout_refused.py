"""Workbooks of departments that cannot be filled as they are: each is refused with what to do."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from own_workbooks import FIRST, TITLE, draw_own_form
from yibiao.errors import DeliveryError, FormError
from yibiao.forms.fill.skeleton import CONTROL_SHEET
from yibiao.forms.workbook.package import open_package
from yibiao.forms.workbook.table import Table, find_table


def found(path: Path, name: str = "") -> Table:
    name = name or path.name
    return find_table(path, open_package(path, name), name, TITLE)


@pytest.fixture
def drawn(tmp_path: Path) -> Callable[..., Path]:
    """`drawn(change)`: the form, changed through `change(book, sheet)`."""

    def draw(change: Callable[[Any, Any], None] | None = None, **more: Any) -> Path:
        path = draw_own_form(tmp_path / "form.xlsx", **more)
        if change is not None:
            book = openpyxl.load_workbook(path)
            change(book, book.worksheets[0])
            book.save(path)
        return path

    return draw


def test_a_form_is_understood_with_and_without_rows_and_notes(drawn: Callable[..., Path]) -> None:
    whole = found(drawn())
    assert (whole.top, whole.bottom, whole.first, whole.prepared) == (3, 4, FIRST - 1, 6)
    assert [one.label for one in whole.fields] == [
        "姓名",
        "公民身份号码",
        "性别",
        "出生日期",
        "住房建筑面积（平方米）",
        "车牌号码",
    ]
    assert (whole.counter, sorted(whole.formulas), whole.key) == (0, [5, 7], 9)
    assert whole.foot == ("合计", "注：一人一行。", "填表人：")
    assert whole.notice == (2, 0, True)
    bare = found(drawn(foot=False, prepared=0))
    assert (bare.prepared, bare.foot, bare.formulas) == (0, (), {})


def test_examples_and_numbers_of_columns_are_no_rows_to_fill(drawn: Callable[..., Path]) -> None:
    def change(_: Any, sheet: Any) -> None:
        for column in range(1, 10):
            sheet.cell(FIRST, column).value = str(column)
        sheet.cell(FIRST + 1, 1).value = "示例"
        sheet.cell(FIRST + 1, 2).value = "张三"

    table = found(drawn(change))
    assert (table.first, table.prepared) == (FIRST + 1, 4)


def _filled(_: Any, sheet: Any) -> None:
    for column in (2, 3, 4, 9):
        sheet.cell(FIRST, column).value = "张三"


def _filled_twice(_: Any, sheet: Any) -> None:
    for row in (FIRST, FIRST + 1):
        sheet.cell(row, 6).value = sheet.cell(row, 8).value = None
        for column, text in ((2, f"张三{row}"), (3, f"11010519491231{row:04}"), (4, "男"), (9, f"示A1234{row}")):
            sheet.cell(row, column).value = text


def _merged(_: Any, sheet: Any) -> None:
    sheet.merge_cells(start_row=FIRST, start_column=2, end_row=FIRST + 1, end_column=2)


def _two_tables(_: Any, sheet: Any) -> None:
    for column, text in enumerate(("姓名", "公民身份号码", "联系电话"), start=13):
        for row in (4, 6, 7):
            sheet.cell(row, column).value = text if row == 4 else f"{row}{column}"


def _no_header(_: Any, sheet: Any) -> None:
    for merged in list(sheet.merged_cells.ranges):
        sheet.unmerge_cells(str(merged))
    for row in sheet.iter_rows():
        for cell in row:
            cell.value = None
    sheet["A1"] = "通知"


def _formulas(_: Any, sheet: Any) -> None:
    sheet.cell(FIRST + 3, 6).value = "=1+1"


def _sent_out(book: Any, _: Any) -> None:
    book.create_sheet(CONTROL_SHEET)


def _labels(_: Any, sheet: Any) -> None:
    _no_header(_, sheet)
    for row, (one, other) in enumerate(
        (("姓名", "性别"), ("民族", "出生日期"), ("住址", "联系电话"), ("学历", "婚姻状况"))
    ):
        sheet.cell(row + 3, 1).value, sheet.cell(row + 3, 3).value = one, other


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_filled, "filled in already"),
        (_filled_twice, "filled in already"),
        (_merged, "merged"),
        (_two_tables, "more than one table"),
        (_no_header, "no header that is known"),
        (_formulas, "not the same in every row"),
        (_sent_out, "was filled in here"),
        (_labels, "labels beside cells"),
    ],
)
def test_a_table_that_cannot_be_filled_is_refused_by_its_reason(
    drawn: Callable[..., Path], change: Callable[[Any, Any], None], told: str
) -> None:
    with pytest.raises((FormError, DeliveryError), match=told) as refused:
        found(drawn(change))
    assert refused.value.todo
    assert "form.xlsx" in refused.value.where
    assert "张三" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "content", "told", "todo"),
    [
        ("form.xls", b"\xd0\xcf\x11\xe0" + bytes(600), "old format", "save it as .xlsx"),
        ("form.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600), "password", "Remove the password"),
        ("form.docx", b"PK\x03\x04" + bytes(100), "Only workbooks", "Save the form as .xlsx"),
        ("form.xlsx", b"PK\x03\x04" + bytes(100), "cannot be read", "save it again"),
        ("form.xlsx", b"name,number", "damaged", "Ask for it again"),
        ("form.xlsx", b"", "damaged", "Ask for it again"),
    ],
)
def test_what_is_no_workbook_of_today_is_refused_with_what_to_do(
    tmp_path: Path, name: str, content: bytes, told: str, todo: str
) -> None:
    path = tmp_path / "landed"  # files are kept by their hash, without a name
    path.write_bytes(content)
    with pytest.raises(FormError, match=told) as refused:
        open_package(path, name)
    assert todo in refused.value.todo
    assert refused.value.where == name


def test_a_part_that_is_damaged_or_a_bomb_is_refused(drawn: Callable[..., Path], tmp_path: Path) -> None:
    path = drawn()
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(broken, "w") as target:
        for one in source.infolist():
            content = source.read(one)
            target.writestr(one.filename, content[:300] if one.filename == "xl/workbook.xml" else content)
    with pytest.raises(FormError, match="cannot be read"):
        open_package(broken, broken.name)
    bomb = tmp_path / "bomb.xlsx"
    shutil.copyfile(path, bomb)
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image9.png", bytes(65 << 20))
    with pytest.raises(FormError, match="too large"):
        open_package(bomb, bomb.name)
