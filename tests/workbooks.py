"""Workbooks of every kind for tests, from one description: XLSX by XlsxWriter, XLS by xlwt, ODS by hand."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

KINDS = ("xlsx", "xls", "ods")


@dataclass(frozen=True)
class Formula:
    """A formula and its computed value; None if nobody computed it, a text with `#` in front is an error."""

    value: Any = None


@dataclass(frozen=True)
class Shown:
    """A number shown by a number format."""

    value: float
    code: str

    @property
    def text(self) -> str:
        """What one sees, for the few formats of the tests."""
        if self.code.endswith("%"):
            return f"{self.value:.{len(self.code.partition('.')[2]) - 1}%}"
        return f"￥{self.value:,.2f}" if "￥" in self.code else f"{self.value:.0f}".zfill(len(self.code))


@dataclass(frozen=True)
class Raw:
    """An ODS cell as it stands in the file: attributes and content."""

    attributes: str
    content: str


@dataclass
class Sheet:
    """A sheet: rows of values (None is blank), merged cells as (top, left, bottom, right), what one does not see."""

    rows: Sequence[Sequence[Any]]
    merges: Sequence[tuple[int, int, int, int]] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    hidden: bool = False
    more: Mapping[tuple[int, int], Any] = field(default_factory=dict)


def write(path: Path, sheets: Mapping[str, Sheet], since_1904: bool = False) -> Path:
    """Write a workbook; its kind is the file's extension."""
    {".xlsx": _xlsx, ".xls": _xls, ".ods": _ods}[path.suffix](path, sheets, since_1904)
    return path


def _cells(sheet: Sheet) -> Any:
    for row, values in enumerate(sheet.rows):
        for column, value in enumerate(values):
            if value is not None:
                yield row, column, value
    for (row, column), value in sheet.more.items():
        yield row, column, value


def _xlsx(path: Path, sheets: Mapping[str, Sheet], since_1904: bool) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"date_1904": since_1904})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    formats: dict[str, Any] = {}
    for name, sheet in sheets.items():
        page = book.add_worksheet(name)
        for top, left, bottom, right in sheet.merges:
            page.merge_range(top, left, bottom, right, "")
        for row, column, value in _cells(sheet):
            if isinstance(value, Formula):
                page.write_formula(row, column, "=1+1", None, "" if value.value is None else value.value)
            elif isinstance(value, Shown):
                shown = formats.setdefault(value.code, book.add_format({"num_format": value.code}))
                page.write_number(row, column, value.value, shown)
            elif isinstance(value, bool):
                page.write_boolean(row, column, value)
            elif isinstance(value, datetime.date):
                page.write_datetime(row, column, value, day)
            elif isinstance(value, str):
                page.write_string(row, column, value)
            else:
                page.write_number(row, column, value)
        for row in sheet.hidden_rows:
            page.set_row(row, None, None, {"hidden": True})
        for column in sheet.hidden_columns:
            page.set_column(column, column, None, None, {"hidden": True})
        if sheet.hidden:
            page.hide()
    book.get_worksheet_by_name(next(name for name, sheet in sheets.items() if not sheet.hidden)).activate()
    book.close()


def _xls(path: Path, sheets: Mapping[str, Sheet], since_1904: bool) -> None:
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = int(since_1904)
    for name, sheet in sheets.items():
        page = book.add_sheet(name, cell_overwrite_ok=True)
        for top, left, bottom, right in sheet.merges:
            page.merge(top, bottom, left, right)
        for row, column, value in _cells(sheet):
            style = xlwt.Style.default_style
            if isinstance(value, datetime.date):
                style = xlwt.easyxf(num_format_str="YYYY-MM-DD")
            elif isinstance(value, Shown):
                style, value = xlwt.easyxf(num_format_str=value.code), value.value
            page.write(row, column, value, style)
        for row in sheet.hidden_rows:
            page.row(row).hidden = True
        for column in sheet.hidden_columns:
            page.col(column).hidden = True
        page.visibility = int(sheet.hidden)
    book.active_sheet = next(place for place, sheet in enumerate(sheets.values()) if not sheet.hidden)
    book.save(str(path))


_NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        *(("office", "office"), ("style", "style"), ("text", "text"), ("table", "table")),
        *(("number", "datastyle"), ("draw", "drawing")),
    )
)
_CALCEXT = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


def _ods(path: Path, sheets: Mapping[str, Sheet], since_1904: bool) -> None:
    days = '<table:calculation-settings><table:null-date table:date-value="1904-01-01"/></table:calculation-settings>'
    days *= since_1904
    body = "".join(_ods_table(name, sheet) for name, sheet in sheets.items())
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_NAMES} {_CALCEXT} office:version="1.3">'
        '<office:automatic-styles><style:style style:name="gone" style:family="table">'
        f'<style:table-properties table:display="false"/></style:style>{_ods_styles(sheets)}</office:automatic-styles>'
        f"<office:body><office:spreadsheet>{days}{body}</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)


def _ods_styles(sheets: Mapping[str, Sheet]) -> str:
    """The number formats of zeros; others are told by the type of the cell."""
    codes = {value.code for sheet in sheets.values() for *_, value in _cells(sheet) if isinstance(value, Shown)}
    return "".join(
        f'<number:number-style style:name="N{len(code)}">'
        f'<number:number number:decimal-places="0" number:min-integer-digits="{len(code)}"/></number:number-style>'
        f'<style:style style:name="ce{len(code)}" style:family="table-cell" style:data-style-name="N{len(code)}"/>'
        for code in sorted(codes)
        if set(code) == {"0"}
    )


def _ods_table(name: str, sheet: Sheet) -> str:
    given = {(row, column): value for row, column, value in _cells(sheet)}
    height = 1 + max([row for row, _ in given] + [bottom for _, _, bottom, _ in sheet.merges], default=0)
    width = 1 + max([column for _, column in given] + [right for _, _, _, right in sheet.merges], default=0)
    starts = {(top, left): (bottom - top + 1, right - left + 1) for top, left, bottom, right in sheet.merges}
    covered = {
        (row, column)
        for top, left, bottom, right in sheet.merges
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    } - set(starts)
    unseen = ' table:visibility="collapse"'
    columns = "".join(
        f"<table:table-column{unseen if column in sheet.hidden_columns else ''}/>" for column in range(width)
    )
    rows = []
    for row in range(height):
        cells = []
        for column in range(width):
            tag = "covered-table-cell" if (row, column) in covered else "table-cell"
            spans = ""
            if (row, column) in starts:
                down, across = starts[row, column]
                spans = f' table:number-rows-spanned="{down}" table:number-columns-spanned="{across}"'
            cells.append(_ods_cell(tag, spans, given.get((row, column))))
        seen = ' table:visibility="filter"' if row in sheet.hidden_rows else ""
        rows.append(f"<table:table-row{seen}>{''.join(cells)}</table:table-row>")
    rows.append('<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>')
    style = ' table:style-name="gone"' if sheet.hidden else ""
    return f'<table:table table:name="{escape(name)}"{style}>{columns}{"".join(rows)}</table:table>'


def _ods_cell(tag: str, spans: str, value: Any) -> str:
    if value is None:
        return f"<table:{tag}{spans}/>"
    if isinstance(value, Formula):
        spans += ' table:formula="of:=1+1"'
        if value.value is None:
            return f"<table:{tag}{spans}/>"
        if str(value.value).startswith("#"):
            error = ' office:value-type="string" office:string-value="" calcext:value-type="error"'
            return f"<table:{tag}{spans}{error}><text:p>{value.value}</text:p></table:{tag}>"
        value = value.value
    if isinstance(value, Raw):
        return f"<table:{tag}{spans} {value.attributes}>{value.content}</table:{tag}>"
    if isinstance(value, Shown):
        sort = "percentage" if "%" in value.code else "currency" if "￥" in value.code else "float"
        style = f' table:style-name="ce{len(value.code)}"' if sort == "float" else ""
        kind = f'{style} office:value-type="{sort}" office:value="{value.value}"'
        return f"<table:{tag}{spans}{kind}><text:p>{value.text}</text:p></table:{tag}>"
    if isinstance(value, bool):
        kind = f' office:value-type="boolean" office:boolean-value="{str(value).lower()}"'
    elif isinstance(value, datetime.date):
        kind = f' office:value-type="date" office:date-value="{value.isoformat()}"'
    elif isinstance(value, int | float):
        kind = f' office:value-type="float" office:value="{value}"'
    else:
        kind = ' office:value-type="string"'
    return f"<table:{tag}{spans}{kind}><text:p>{escape(str(value))}</text:p></table:{tag}>"
