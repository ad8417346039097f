"""Empty workbooks of the forms, laid out as departments send them to communities."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.contracts.values import Schemas
from yibiao.forms.layout import (
    HEADER_ROW,
    SUBTITLE_ROW,
    TITLE_ROW,
    HeaderCell,
    column_of,
    first_row,
    header_cells,
    printed,
)
from yibiao.forms.model import Field, Form
from yibiao.paper import put_on_paper

if TYPE_CHECKING:
    from xlsxwriter import Workbook

BLANK_ROWS = 30
"""Rows left for filling in; a clerk copies more."""

CODE_SHEET = "代码"
"""Hidden sheet with the values of the drop-downs."""

LONGEST_DROP_DOWN = 100
"""Longer code lists (divisions) have no drop-down: nobody scrolls through thousands of lines."""

LEAST_WIDTHS = {
    **{"address": 36, "text": 22, "number_text": 24, "citizen_id": 22, "uscc": 22, "division_code": 22},
    **{"person_number": 22, "phone": 13, "date": 13},
}
"""Type of a data element -> width of its column at least; a dwelling's code has 22 signs, an address 34 Chinese."""

SHORT = frozenset({"building_number", "unit_number", "room_number", "floor_number"})
"""Texts of a few signs."""

LONG = ("address", "text")
"""Types of what may need a second line."""

FREQUENCIES = {
    1: "年报",
    2: "半年报",
    3: "每年三次",
    4: "季报",
    6: "双月报",
    12: "月报",
    24: "半月报",
    52: "周报",
    365: "日报",
}
"""Times a year -> what is printed; the keys are `yibiao.forms.model.TIMES`."""


def write_templates(forms: Mapping[str, Form], schemas: Schemas, out: Path) -> list[Path]:
    """Write `<out>/<department>/<title>.xlsx` for every form; equal forms give equal bytes.

    Args:
        forms: forms by id.
        schemas: departments and code lists.
        out: folder, created if needed; files of the same name are replaced, others left alone.

    Returns:
        The files, in the order of the forms.
    """
    paths = []
    for _, form in sorted(forms.items()):
        path = out / form.department / f"{form.title}.xlsx"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_template(form, schemas, path)
        paths.append(path)
    return paths


def write_template(form: Form, schemas: Schemas, path: Path) -> None:
    """Write one form's empty workbook in the place of whatever file stands at `path`."""
    import xlsxwriter

    descriptor, name = tempfile.mkstemp(prefix=".form-", suffix=".xlsx", dir=path.parent)
    os.close(descriptor)
    try:
        with xlsxwriter.Workbook(name) as workbook:
            # The library would write the time of day into the file.
            workbook.set_properties({"title": form.title, "subject": form.id, "created": datetime(2026, 1, 1)})
            _sheet(workbook, form, schemas)
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _sheet(workbook: Workbook, form: Form, schemas: Schemas) -> None:
    sheet = workbook.add_worksheet(sheet_name(form))
    looks = Looks(workbook)
    draw_head(sheet, form, schemas, looks)
    top = first_row(form)
    bottom = top + BLANK_ROWS - 1
    last_column = column_of(form, len(form.fields) - 1)
    lists = CodeSheet(workbook)
    for position, field in enumerate(form.fields):
        column = column_of(form, position)
        if choices := drop_down(field, schemas):
            source = lists.source(choices)
            # A warning, not a ban: real sheets are filled with values that nobody foresaw.
            options = {"validate": "list", "source": source, "error_type": "warning", "error_title": "请核对"}
            sheet.data_validation(top, column, bottom, column, options)
    height = row_height(form, schemas)
    for row in range(top, bottom + 1):
        sheet.set_row(row, height)
        sheet.write_number(row, 0, row - top + 1, looks.number)
        for column in range(1, last_column + 1):
            sheet.write_blank(row, column, None, looks.cell)
    draw_foot(sheet, form, bottom + 1, looks)


def sheet_name(form: Form) -> str:
    """The name of a form's sheet, as Excel allows it."""
    return re.sub(r"[\[\]:*?/\\]", "", form.title)[:31]


CELL = {
    **{"font_name": "宋体", "font_size": 11, "border": 1, "num_format": "@"},
    **{"text_wrap": True, "valign": "vcenter"},
}
"""Format of what is filled in. As text, as long numbers turn into 5.00118E+17 else as soon as they are typed."""


class Looks:
    """The cell formats of a form's sheet."""

    def __init__(self, workbook: Workbook) -> None:
        centred = {"align": "center", "valign": "vcenter", "font_name": "宋体"}
        self.title = workbook.add_format({**centred, "bold": True, "font_size": 18})
        self.plain = workbook.add_format({"font_name": "宋体", "font_size": 11, "valign": "vcenter"})
        self.header = workbook.add_format(
            {**centred, "bold": True, "font_size": 11, "border": 1, "text_wrap": True, "bg_color": "#F2F2F2"}
        )
        self.cell = workbook.add_format(CELL)
        self.number = workbook.add_format({**centred, "font_size": 11, "border": 1})
        self.wrapped = workbook.add_format({"font_name": "宋体", "font_size": 10, "text_wrap": True, "valign": "top"})


def draw_head(sheet: Any, form: Form, schemas: Schemas, looks: Looks, *, filler: str = "", notice: str = "") -> None:
    """Title, sub-line and headers, widths and pages.

    Args:
        filler: who fills the form in, where that is known already.
        notice: what its admission says: a control number, or that it may be declined.
    """
    last_column = column_of(form, len(form.fields) - 1)
    department = schemas.departments[form.department].name
    widths = [6, *(_width(field, schemas) for field in form.fields)]
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    top = first_row(form)
    starts = [one.column for one in header_cells(form) if one.row == HEADER_ROW]
    pages = put_on_paper(sheet, widths, rows=(TITLE_ROW, top - 1), kept=(0, 1), starts=starts)
    sheet.freeze_panes(top, 2)
    sheet.set_row(TITLE_ROW, 32)
    # In the middle of all columns it would be cut by the edge of a page.
    title_end = pages.breaks[0] - 1 if pages.breaks else last_column
    sheet.merge_range(TITLE_ROW, 0, TITLE_ROW, title_end, form.title, looks.title)
    blanks = f"填报单位（盖章）：{filler or '＿' * 8}    填报日期：＿＿＿＿年＿＿月＿＿日"
    line = f"{blanks}    制表单位：{department}    {FREQUENCIES[form.times_a_year]}"
    if notice:
        line += f"    {notice}"
    sheet.merge_range(SUBTITLE_ROW, 0, SUBTITLE_ROW, last_column, line, looks.plain)
    for item in header_cells(form):
        _header(sheet, item, looks.header)


def draw_foot(sheet: Any, form: Form, row: int, looks: Looks) -> int:
    """Notes and the line of signatures, from `row` on.

    Returns:
        The row after them.
    """
    last_column = column_of(form, len(form.fields) - 1)
    for place, note in enumerate(form.notes, start=row):
        sheet.merge_range(place, 0, place, last_column, note, looks.wrapped)
    end = row + len(form.notes)
    signed = "填表人：＿＿＿＿＿＿    审核人：＿＿＿＿＿＿    联系电话：＿＿＿＿＿＿＿＿"
    sheet.merge_range(end, 0, end, last_column, signed, looks.plain)
    return end + 1


def drop_down(field: Field, schemas: Schemas) -> tuple[str, ...]:
    """What the drop-down of a field offers, in Chinese; empty if it has none."""
    if field.choices:
        return field.choices
    if field.derive == "exists":
        return ("是", "否")
    code_list = schemas.elements[field.element].code_list if field.element and not field.derive else None
    if field.mode != "picked" or not code_list or code_list not in schemas.codes:
        return ()
    codes = schemas.codes[code_list].codes
    return tuple(code.name for code in codes) if len(codes) <= LONGEST_DROP_DOWN else ()


class CodeSheet:
    """The hidden sheet that drop-downs read: Excel allows only 255 characters of values inside a rule."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._sheet: Any = None
        self._sources: dict[tuple[str, ...], str] = {}

    def source(self, choices: tuple[str, ...]) -> str | list[str]:
        """What a validation rule takes: the values themselves, or the range of the hidden sheet that holds them."""
        if len(",".join(choices)) <= 255:
            return list(choices)
        if choices not in self._sources:
            from xlsxwriter.utility import xl_col_to_name

            if self._sheet is None:
                self._sheet = self._workbook.add_worksheet(CODE_SHEET)
                self._sheet.hide()
            column = len(self._sources)
            self._sheet.write_column(0, column, choices)
            letter = xl_col_to_name(column)
            self._sources[choices] = f"={CODE_SHEET}!${letter}$1:${letter}${len(choices)}"
        return self._sources[choices]

    def formula(self, choices: tuple[str, ...]) -> str:
        """The same as it stands in the XML of a rule."""
        source = self.source(choices)
        return source.removeprefix("=") if isinstance(source, str) else '"' + ",".join(source) + '"'


def _header(sheet: Any, item: HeaderCell, style: Any) -> None:
    if (item.row, item.column) == (item.last_row, item.last_column):
        sheet.write_string(item.row, item.column, item.text, style)
    else:
        sheet.merge_range(item.row, item.column, item.last_row, item.last_column, item.text, style)


def row_height(form: Form, schemas: Schemas) -> int:
    """Points of a row that is filled in: two lines where a text may be longer than its column is wide."""
    return 33 if any(_kind(field, schemas) in LONG for field in form.fields) else 18


def _kind(field: Field, schemas: Schemas) -> str:
    """The type of what a field shows; empty of what is worked out, short or has no data element."""
    if not field.element or field.derive or field.element in SHORT:
        return ""
    return schemas.elements[field.element].type


def _width(field: Field, schemas: Schemas) -> int:
    """Column width in characters; a Chinese one takes two. Numbers and dates stand there whole, texts in two lines."""
    if field.element in SHORT:
        return max(8, 2 * len(printed(field)) + 2)
    return max(LEAST_WIDTHS.get(_kind(field, schemas), 10), 2 * len(printed(field)) + 2)
