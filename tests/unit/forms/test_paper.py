"""Sheets that we lay out can be read on paper: never below 60 %, in pages that one can put beside each other."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from yibiao.elements.catalogue import COLUMNS, write_catalogue
from yibiao.forms.fill.skeleton import FORM_PART, skeleton
from yibiao.forms.layout import HEADER_ROW, first_row, header_cells
from yibiao.forms.template import write_template
from yibiao.paper import A3, A4, LEGIBLE, Pages, pages_of

LONG_SIDE = {A4: 297 / 25.4, A3: 420 / 25.4}
WIDEST_FORM = "civil_affairs.low_income_application"


def inches(width: float) -> float:
    """How wide a column of so many characters is: 7 pixels each and 5 of margins, at 96 to the inch."""
    return (7 * width + 5) / 96


def room(pages: Pages) -> float:
    return (LONG_SIDE[pages.paper] - 0.8) * 100 / (pages.scale or LEGIBLE)


columns = st.lists(st.floats(1, 60), min_size=1, max_size=90)


@given(widths=columns, kept=st.integers(0, 3), starts=st.sets(st.integers(0, 89)))
def test_every_column_is_on_a_page_that_holds_it(widths: list[float], kept: int, starts: set[int]) -> None:
    pages = pages_of(widths, (0, kept), starts)
    again = sum(map(inches, widths[: kept + 1]))
    assert pages.scale is None or LEGIBLE <= pages.scale <= 100
    assert list(pages.breaks) == sorted(set(pages.breaks))
    assert bool(pages.breaks) == (pages.scale is not None)
    for begin, end in pairwise((0, *pages.breaks, len(widths))):
        used = sum(map(inches, widths[begin:end])) + (again if begin > kept else 0)
        assert end > begin
        assert used <= room(pages) or end == begin + 1


@given(widths=columns)
def test_one_page_is_enough_if_it_can_be_read(widths: list[float]) -> None:
    pages = pages_of(widths, (0, 0))
    needed = sum(map(inches, widths)) * LEGIBLE / 100
    if needed < 0.97 * (LONG_SIDE[A4] - 0.8):
        assert pages == Pages(A4)
    elif LONG_SIDE[A4] - 0.8 < needed < 0.97 * (LONG_SIDE[A3] - 0.8):
        assert pages == Pages(A3)


def test_a_group_of_columns_is_cut_only_if_it_takes_a_page_more() -> None:
    widths = [10.0] * 40
    assert pages_of(widths, (0, 1)) == Pages(A3, 85, (22,))
    assert pages_of(widths, (0, 1), {0, 20, 30}) == Pages(A3, 85, (20,))
    assert pages_of(widths, (0, 1), {0, 3, 39}) == Pages(A3, 85, (22,))


def scale_of(sheet: Worksheet, last: int) -> float:
    """Per cent at which the columns of a sheet are printed, as Excel finds it."""
    if not sheet.sheet_properties.pageSetUpPr or not sheet.sheet_properties.pageSetUpPr.fitToPage:
        return float(sheet.page_setup.scale or 100)  # the scale of all workbooks that name none
    widths = {place: one.width for one in sheet.column_dimensions.values() for place in range(one.min, one.max + 1)}
    total = sum(widths[place] * 7 / 96 for place in range(1, last + 1))  # as written, margins are part of a width
    margins = sheet.page_margins.left + sheet.page_margins.right
    return min(100, 100 * (LONG_SIDE[int(sheet.page_setup.paperSize)] - margins) / total)


def test_every_form_can_be_read_on_paper(forms, schemas, tmp_path) -> None:
    several = []
    for form in forms.values():
        path = tmp_path / f"{form.id}.xlsx"
        write_template(form, schemas, path)
        sheet = openpyxl.load_workbook(path).worksheets[0]
        last = len(form.fields) + 1
        assert scale_of(sheet, last) >= LEGIBLE, form.id
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.print_title_rows == f"$1:${first_row(form)}"
        breaks = [one.id for one in sheet.col_breaks.brk]
        title = next(one for one in sheet.merged_cells.ranges if one.min_row == 1)
        if breaks:
            several.append(form.id)
            assert sheet.print_title_cols == "$A:$B"
            assert sheet.page_setup.pageOrder == "overThenDown"
            assert title.max_col == breaks[0], "the title stands on the first page"
            groups = {one.column for one in header_cells(form) if one.row == HEADER_ROW}
            assert set(breaks) <= groups
        else:
            assert title.max_col == last
    assert WIDEST_FORM in several


def test_a_filled_form_is_printed_as_the_empty_one(forms, schemas) -> None:
    form = forms[WIDEST_FORM]
    drawn = skeleton(form, schemas, "")
    after = drawn.after.decode()
    order = [
        after.index(f"<{name}") for name in ("pageMargins", "pageSetup", "headerFooter", "colBreaks", "legacyDrawing")
    ]
    assert order == sorted(order)
    assert 'paperSize="8"' in after
    assert "fitToPage" not in drawn.before.decode()
    assert "$A:$B" in drawn.parts["xl/workbook.xml"].decode()
    assert FORM_PART not in drawn.parts


@pytest.mark.parametrize("kind", ["phone", "date"])
def test_numbers_and_dates_stand_whole_in_their_columns(forms, schemas, tmp_path, kind: str) -> None:
    form = forms["disabled_federation.disability_needs"]
    write_template(form, schemas, tmp_path / "表.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "表.xlsx").worksheets[0]
    places = [
        place
        for place, one in enumerate(form.fields, start=2)
        if one.element and not one.derive and schemas.elements[one.element].type == kind
    ]
    assert places
    widths = {place: one.width for one in sheet.column_dimensions.values() for place in range(one.min, one.max + 1)}
    assert all(widths[place] >= 13 for place in places)


def test_the_catalogue_is_printed_with_the_name_of_the_resource_beside_its_items(schemas, tmp_path) -> None:
    write_catalogue(schemas, tmp_path / "目录.xlsx", date(2026, 3, 1))
    sheet = openpyxl.load_workbook(tmp_path / "目录.xlsx").worksheets[0]
    heads = [title for title, below in COLUMNS for _ in (below or (title,))]
    assert sheet.page_setup.scale >= LEGIBLE
    assert [heads[one.id] for one in sheet.col_breaks.brk] == ["信息项信息"]
    letter = get_column_letter(1 + heads.index("信息资源名称"))
    assert sheet.print_title_cols == f"${letter}:${letter}"


def test_what_is_long_stands_in_two_lines_and_a_code_in_one(forms, schemas, tmp_path) -> None:
    """The code of a dwelling has 22 signs; an address 34, a certificate number 22, each two digits wide."""
    form = forms["public_security.rental_register"]
    write_template(form, schemas, tmp_path / "表.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "表.xlsx").worksheets[0]
    width = {
        one.element: sheet.column_dimensions[get_column_letter(place)].width
        for place, one in enumerate(form.fields, start=2)
    }
    row = first_row(form) + 1
    assert width["dwelling_code"] >= 22
    assert 2 * width["dwelling_address"] >= 2 * 34
    assert 2 * width["property_certificate_number"] >= 44
    assert sheet.row_dimensions[row].height == 33
    assert sheet.cell(row, 2).alignment.wrap_text
    drawn = skeleton(form, schemas, "")
    assert 'ht="33"' in drawn.plan.attributes
