"""The unchanging parts of a form's workbook, drawn once by the same code that draws the empty one.

A million residents make some hundred million cells. So the rows come from the database as XML (see `row_xml.py`), and
everything around them (styles, headers, notes, pages, code lists) is drawn once per form, taken apart, and put around
the rows of each community.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yibiao.contracts.values import Schemas
from yibiao.forms.fill.row_xml import COUNT, KEY, Plan, Slot
from yibiao.forms.fill.select import AUTOMATIC, CONFIRM, NEW, STATUS_NAMES
from yibiao.forms.fill.values import offered
from yibiao.forms.layout import column_of, first_row
from yibiao.forms.model import Form
from yibiao.forms.template import CELL, CodeSheet, Looks, draw_foot, draw_head, row_height, sheet_name
from yibiao.ingest.readers.spreadsheet_marks import column_letters

GUIDE_SHEET, CONTROL_SHEET = "填报说明", "控制信息"

GUIDE_WIDTHS = (22, 104, 8)
"""Columns of the page of explanations: a whole sentence stands in one line, on the screen and in print."""

KEY_HEADER = "行标识"
"""Header of the hidden last column: which entity a row speaks of."""

COLOURS = {AUTOMATIC: "#E2EFDA", CONFIRM: "#FFEB9C", NEW: "#DDEBF7"}
FILLER = "\ue000"
"""Stands where the name of the community goes; of the private use area, so that no text holds it."""

FORM_PART, GUIDE_PART, CONTROL_PART = (f"xl/worksheets/sheet{number}.xml" for number in (1, 2, 3))
COMMENTS_PART, DRAWING_PART = "xl/comments1.xml", "xl/drawings/vmlDrawing1.vml"
STRINGS_PART = "xl/sharedStrings.xml"


@dataclass(frozen=True)
class Skeleton:
    """What surrounds the rows.

    Attributes:
        parts: files of the workbook that are the same for every community.
        head, foot: of the form's sheet before and after its rows; `foot` with row numbers as if there were no rows.
        before, after: XML of the sheet around `sheetData`; `after` begins with the merged cells.
        merges: merged ranges of the head; `foot_merges`: (row, first and last letters) of the foot.
        strings: shared strings, with `FILLER` in them.
        sources: per field the formula of its drop-down, or None.
        plan: how a row is written; `texts`: formats of the other sheets by name.
    """

    form: Form
    parts: Mapping[str, bytes]
    before: bytes
    head: bytes
    foot: bytes
    after: bytes
    merges: tuple[str, ...]
    foot_merges: tuple[tuple[int, str, str], ...]
    strings: str
    guide: tuple[bytes, bytes]
    control: tuple[bytes, bytes]
    sources: tuple[str | None, ...]
    plan: Plan
    texts: Mapping[str, int]


def skeleton(form: Form, schemas: Schemas, notice: str) -> Skeleton:
    """Draw a form's workbook with no rows and take it apart; `notice` is what its admission says."""
    import xlsxwriter

    stream = io.BytesIO()
    workbook = xlsxwriter.Workbook(stream, {"in_memory": True})
    # The library would write the time of day into the file.
    workbook.set_properties({"title": form.title, "subject": form.id, "created": datetime(2026, 1, 1)})
    sheet: Any = workbook.add_worksheet(sheet_name(form))
    guide, control = workbook.add_worksheet(GUIDE_SHEET), workbook.add_worksheet(CONTROL_SHEET)
    looks = Looks(workbook)
    shades = {status: workbook.add_format({**CELL, "bg_color": colour}) for status, colour in COLOURS.items()}
    key = workbook.add_format({"font_size": 8, "font_color": "#7F7F7F", "num_format": "@", "hidden": True})
    plain = workbook.add_format({"font_name": "宋体", "font_size": 11, "text_wrap": True, "valign": "top"})
    bold = workbook.add_format({"font_name": "宋体", "font_size": 12, "bold": True})

    draw_head(sheet, form, schemas, looks, filler=FILLER, notice=notice)
    top, last = first_row(form), column_of(form, len(form.fields))
    sheet.write_string(top - 1, last, KEY_HEADER, key)
    sheet.set_column(last, last, 4, None, {"hidden": True})
    sheet.write_comment(top - 1, 1, "-", {"author": "一表"})
    # A format that no cell has is not written; this row is taken out again.
    for column, style in enumerate((looks.number, *shades.values(), key)):
        sheet.write_blank(top, column, None, style)
    end = draw_foot(sheet, form, top + 1, looks)
    for column, (status, style) in enumerate(shades.items(), start=1):
        sheet.write_string(end, column, STATUS_NAMES[status], style)
    sheet.write_string(end, 0, "颜色", looks.plain)
    lists = CodeSheet(workbook)
    sources = [lists.formula(choices) if (choices := offered(one, schemas)) else None for one in form.fields]
    for other in (guide, control):
        for column, width in enumerate(GUIDE_WIDTHS):
            other.set_column(column, column, width)
        other.set_landscape()
        other.set_paper(9)
        other.fit_to_pages(1, 0)
        other.write_blank(0, 0, None, plain)
        other.write_blank(1, 0, None, bold)
    control.protect("", {"select_locked_cells": True})
    control.very_hidden()
    workbook.close()
    with zipfile.ZipFile(stream) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    formats = {status: style.xf_index for status, style in shades.items()}
    height = row_height(form, schemas)
    plan = _plan(form, formats, height, looks.number.xf_index, key.xf_index)
    return _taken_apart(form, parts, plan, {"plain": plain.xf_index, "bold": bold.xf_index}, tuple(sources))


def _plan(form: Form, formats: Mapping[str, int], height: int, number: int, key: int) -> Plan:
    """The number of the row, the fields side by side, and the hidden key."""
    fields = [
        Slot(column_letters(column_of(form, place)), styles=formats, field=place) for place in range(len(form.fields))
    ]
    last = column_letters(column_of(form, len(form.fields)))
    slots = (Slot("A", number, shows=COUNT), *fields, Slot(last, key, shows=KEY))
    return Plan(first_row(form), f' ht="{height}" customHeight="1"', slots)


def _taken_apart(
    form: Form, parts: dict[str, bytes], plan: Plan, texts: Mapping[str, int], sources: tuple[str | None, ...]
) -> Skeleton:
    before, rows, after = _around(parts.pop(FORM_PART))
    before = re.sub(rb"<dimension[^>]*/>", b"", before)
    top = first_row(form)
    all_rows = re.findall(rb"<row [^>]*/>|<row .*?</row>", rows)
    head = [row for row in all_rows if _row_number(row) <= top]
    foot = [row for row in all_rows if _row_number(row) > top + 1]
    found = re.search(rb"<mergeCells[^>]*>(.*?)</mergeCells>", after)
    ranges = [one.decode() for one in re.findall(rb'ref="([^"]+)"', found[1] if found else b"")]
    merges, foot_merges = [], []
    for one in ranges:
        first, last = one.split(":")
        row = int(re.sub("[A-Z]", "", first))
        if row > top:
            foot_merges.append((row - top - 1, re.sub("[0-9]", "", first), re.sub("[0-9]", "", last)))
        else:
            merges.append(one)
    after = re.sub(rb"<mergeCells.*?</mergeCells>", b"", after)
    guide, control = _around(parts.pop(GUIDE_PART)), _around(parts.pop(CONTROL_PART))
    for name in (COMMENTS_PART, DRAWING_PART):
        parts.pop(name)
    return Skeleton(
        form=form,
        parts={name: content for name, content in parts.items() if name != STRINGS_PART},
        before=before,
        head=b"".join(head),
        foot=b"".join(_moved(row, -(top + 1)) for row in foot),
        after=after,
        merges=tuple(merges),
        foot_merges=tuple(foot_merges),
        strings=parts[STRINGS_PART].decode(),
        guide=(guide[0], guide[2]),
        control=(control[0], control[2]),
        sources=sources,
        plan=plan,
        texts=texts,
    )


def _around(xml: bytes) -> tuple[bytes, bytes, bytes]:
    before, rest = xml.split(b"<sheetData>", 1)
    rows, after = rest.split(b"</sheetData>", 1)
    return before + b"<sheetData>", rows, b"</sheetData>" + after


def _row_number(row: bytes) -> int:
    found = re.match(rb'<row r="(\d+)"', row)
    return int(found[1]) if found else 0


def _moved(row: bytes, by: int) -> bytes:
    """A row's XML with other row numbers."""

    def shift(found: re.Match[bytes]) -> bytes:
        return found[1] + str(int(found[2]) + by).encode() + b'"'

    return re.sub(rb'(<row r="|<c r="[A-Z]+)(\d+)"', shift, row)


def foot_at(parts: Skeleton, row: int) -> bytes:
    """The notes and the legend, the first of them in a row (1-based)."""
    return _moved(parts.foot, row - 1)
