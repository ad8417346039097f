"""What the admission says stands in a department's workbook without changing any of its texts."""

from __future__ import annotations

import io
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from own_workbooks import parts_of, picture
from yibiao.contracts import Schemas
from yibiao.forms.fill.areas import Area
from yibiao.forms.fill.pages import Marker
from yibiao.forms.fill.select import Asked
from yibiao.forms.fill.told import Loads, Rows
from yibiao.forms.fill.values import NOTHING
from yibiao.forms.model import Field, Form
from yibiao.forms.model import Rows as FormRows
from yibiao.forms.workbook.book import SPARE, prepare_workbook, write_own
from yibiao.forms.workbook.package import open_package
from yibiao.forms.workbook.table import find_table

TITLE, NOTICE = "低保资金核对表", "准入编号：YB-2026-0001-6，有效期至 2027-12-31"
PREPARED = 3


def draw(path: Path, *, annex: bool = False, seal: bool = False) -> Path:
    """A title, headers right under it, blank rows, a total with sums, who filled it in; printed as far as that."""
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        sheet: Any = book.add_worksheet("低保")
        top = 1 if annex else 0
        if annex:
            sheet.write("A1", "附件3")
        sheet.merge_range(top, 0, top, 3, TITLE)
        head = book.add_format({"border": 1})
        for column, text in enumerate(("姓名", "身份证号码", "月保障金额", "备注")):
            sheet.write(top + 1, column, text, head)
            for row in range(PREPARED):
                sheet.write_blank(top + 2 + row, column, None, head)
        end = top + 2 + PREPARED
        sheet.write(end, 0, "合计")
        sheet.write_formula(end, 2, f"=SUM(C{top + 3}:C{end})")
        sheet.merge_range(end + 1, 0, end + 2, 3, "填表人：")
        sheet.print_area(0, 0, end + 2, 3)
        if seal:
            sheet.insert_image(end + 3, 1, "seal.png", {"image_data": io.BytesIO(picture())})
    return path


def filled(path: Path, schemas: Schemas, notice: str = NOTICE) -> Any:
    table = find_table(path, open_package(path, path.name), path.name, TITLE)
    fields = tuple(
        Field(one.label, None, None, None, None, f"own_{one.column}", "typed", (), None) for one in table.fields
    )
    rows = FormRows("resident", None, Fraction(1), "")
    form = Form("civil_affairs.check", TITLE, "civil_affairs", "", "", 1, "", "community", rows, (), fields)
    own = prepare_workbook(path, path.name, form, [one.column for one in table.fields], schemas, notice)
    asked = Asked(form, (NOTHING,) * len(fields), "", "", (0,) * len(fields))
    nobody = Rows(b"", np.zeros(0, np.int64), [np.zeros(0, np.int64)] * len(fields))
    out = path.with_name("out.xlsx")
    marker = Marker(form.id, "", "999901001001", "2026-03-x", "2026-03-31", 2)
    write_own(out, own, asked, nobody, Area("999901001001", "甲社区"), marker, Loads([], []))
    return openpyxl.load_workbook(out)["低保"]


def texts(sheet: Any) -> dict[str, str]:
    return {cell.coordinate: cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None}


@pytest.mark.parametrize("annex", [False, True])
def test_without_a_line_under_the_title_it_stands_in_a_row_of_its_own(
    tmp_path: Path, schemas: Schemas, annex: bool
) -> None:
    path = draw(tmp_path / "form.xlsx", annex=annex)
    without, said = (filled(path, schemas, notice) for notice in ("", NOTICE))
    before, after = texts(without), texts(said)
    # After the total and the two rows that are merged below it.
    row = 2 + annex + SPARE + 4
    assert after == {**before, f"A{row}": NOTICE}
    assert after[f"A{row - 3}"] == "合计"
    assert said.print_area == f"'低保'!$A$1:$D${row}"
    assert without.print_area == f"'低保'!$A$1:$D${row - 1}"


def test_it_does_not_lie_behind_a_seal(tmp_path: Path, schemas: Schemas) -> None:
    sheet = filled(draw(tmp_path / "form.xlsx", seal=True), schemas)
    drawing = parts_of(tmp_path / "out.xlsx")["xl/drawings/drawing1.xml"]
    first, last = (int(row) for row in re.findall(rb"<xdr:row>(\d+)", drawing))
    (row,) = [int(place[1:]) for place, text in texts(sheet).items() if text == NOTICE]
    assert row - 1 > last >= first
