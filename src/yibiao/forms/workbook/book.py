"""A department's own workbook, filled for one community; what nobody has to change stays byte for byte."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from yibiao.contracts.values import Schemas
from yibiao.forms.fill.areas import Area
from yibiao.forms.fill.book import write_archive
from yibiao.forms.fill.pages import Marker, guide_lines, text_sheet
from yibiao.forms.fill.row_xml import Plan, blank_row
from yibiao.forms.fill.select import Asked
from yibiao.forms.fill.skeleton import CONTROL_SHEET, GUIDE_SHEET, GUIDE_WIDTHS, KEY_HEADER
from yibiao.forms.fill.told import Loads, Places, Rows, Told
from yibiao.forms.fill.values import offered
from yibiao.forms.model import Form
from yibiao.forms.workbook.cells import append_text, write_text
from yibiao.forms.workbook.comments import add_comments
from yibiao.forms.workbook.grow import grow
from yibiao.forms.workbook.markup import Document, Node, quoted
from yibiao.forms.workbook.package import MAIN, OFFICE, Package, damaged, open_package, refused
from yibiao.forms.workbook.plan import plan_of, settled
from yibiao.forms.workbook.refs import Inserted, span
from yibiao.forms.workbook.sheet import Sheet
from yibiao.forms.workbook.styles import Styles
from yibiao.forms.workbook.table import Table, find_table
from yibiao.ingest.readers.spreadsheet_marks import column_letters

SPARE = 10
"""Rows that are left for people who were added; a form that has more blank ones keeps them."""

OWN_FORMAT = 2
"""Version of the marker in a workbook of a department's own layout; 1 is one that was drawn here."""

LISTS_FROM = 4
"""First column of the hidden page that holds values of drop-downs; the marker stands before it."""

_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_TAG = re.compile(rb"<(/?)(?=[A-Za-z])")


@dataclass(frozen=True)
class OwnWorkbook:
    """A workbook that is ready to be filled.

    Attributes:
        package: its parts with all that is the same for every community.
        document: the sheet of the table.
        columns: per field of the form.
        lists: per field the formula of its drop-down, or None.
        kept: fields whose drop-downs are the department's own.
        pages: parts of the page of explanations and of the hidden one; `format`: that of their cells.
        choices: values of the drop-downs that stand on the hidden page.
        notice: what the admission says, where that comes below the table; else nothing.
    """

    form: Form
    table: Table
    package: Package
    document: Document
    plan: Plan
    columns: tuple[int, ...]
    lists: tuple[str | None, ...]
    kept: frozenset[int]
    pages: tuple[str, str]
    format: int
    choices: tuple[tuple[str, ...], ...]
    notice: str


def prepare_workbook(
    path: Path, name: str, form: Form, columns: Sequence[int], schemas: Schemas, notice: str
) -> OwnWorkbook:
    """Read a department's workbook and put in what is the same for every community.

    Args:
        name: of the file as the department called it.
        columns: per field of the form.
        notice: what the admission of the form says.

    Raises:
        FormError: it is no workbook, or its table cannot be filled.
    """
    package = open_package(path, name)
    table = find_table(path, package, name, form.title)
    try:
        return _prepared(package, table, form, columns, schemas, notice)
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        raise damaged(name, error) from None


def _prepared(
    package: Package, table: Table, form: Form, columns: Sequence[int], schemas: Schemas, notice: str
) -> OwnWorkbook:
    sheet = Sheet(package.document(table.part))
    if "purl.oclc.org" in sheet.document.root.head.decode():
        raise refused(
            table.sheet,
            "The workbook is of the strict kind, which few programs read.",
            "an ordinary .xlsx file",
            "Strict Open XML",
            "Save it as .xlsx (文件 → 另存为 → Excel 工作簿), and submit that.",
        )
    sheet.write_out(range(table.first, table.last + 1))
    styles = Styles(package.document(package.target(package.book, "styles") or "").root)
    book = package.document(package.book).root
    settings = book.child("workbookPr")
    since_1904 = settings is not None and settings.get("date1904") in ("1", "true")
    plan = plan_of(form, columns, table, sheet, styles, schemas, since_1904=since_1904)
    format_ = styles.wrapped()
    _hide_key(sheet, table, format_)
    below = _say_notice(package, sheet, table, notice)
    choices: list[tuple[str, ...]] = []
    lists = tuple(_list(offered(one, schemas), choices) for one in form.fields)
    kept = _own_rules(sheet, table, columns)
    pages = _add_pages(package, book)
    if sheet.formulas:
        _calculate(package, book)
    document = package.documents.pop(table.part)
    # Written once: a copy for each community is cheap then.
    package = Package(package.content(), package.stored, package.book)
    return OwnWorkbook(
        form, table, package, document, plan, tuple(columns), lists, kept, pages, format_, tuple(choices), below
    )


def write_own(
    path: Path, own: OwnWorkbook, asked: Asked, rows: Rows, area: Area, marker: Marker, loads: Loads
) -> dict[str, int]:
    """Write one community's workbook in the place of whatever stands at `path`.

    Returns:
        Cells by status: `automatic`, `confirm`, `new`.
    """
    table, package = own.table, own.package.copy()
    sheet = Sheet(own.document.copy())
    total = max(table.prepared, rows.count + SPARE)
    moves = total - table.prepared if table.prepared or table.foot_at else 0
    inserted = Inserted(table.sheet, table.last + 1, moves)
    package.documents[table.part] = sheet.document
    grow(package, sheet, table.part, table.first, inserted)
    _put_rows(own, sheet, rows, total, inserted)
    places = Places(
        own.columns, [_header_row(table, column) for column in own.columns], table.first, table.first + total, own.kept
    )
    told = Told(asked, rows, loads, places)
    counts = told.counts()
    add_comments(package, sheet, table.part, told.noted())
    _add_rules(sheet, list(told.rules(own.lists)))
    dimension = sheet.document.root.child("dimension")
    if dimension is not None:
        sheet.document.root.remove(dimension)  # it is no longer so large; programs find out themselves
    texts = {"plain": own.format, "bold": own.format}
    guide, control = own.pages
    lines = guide_lines(own.form.title, told, counts, area, marker)
    package.parts[guide] = text_sheet(_page(GUIDE_WIDTHS), texts, lines)
    facts: list[tuple[str, ...]] = [*marker.facts(rows.count)]
    package.parts[control] = text_sheet(_page((26, 34)), texts, _with_choices(facts, own.choices))
    write_archive(path, package.content(), package.stored)
    return counts


def _put_rows(own: OwnWorkbook, sheet: Sheet, rows: Rows, total: int, inserted: Inserted) -> None:
    """The filled rows in the place of the first blank ones, and blank ones at the end."""
    table = own.table
    first, last = table.first, table.last
    replaced = range(first, min(last + 1, first + rows.count) if table.prepared else first)
    added = range(max(table.prepared, rows.count) + 1, total + 1)
    blanks = b"".join(blank_row(own.plan, number) for number in added)
    filled, blank = (_prefixed(settled(one, inserted), sheet.prefix) for one in (rows.xml, blanks))
    parts: list[bytes | Node] = []
    waiting = [(first, filled), (max(last + 1, first + rows.count), blank)]
    for one in sheet.data.parts:
        if isinstance(one, Node):
            row = int(one.get("r")) - 1
            while waiting and row >= waiting[0][0]:
                parts.append(waiting.pop(0)[1])
            if row in replaced:
                continue
            if not table.foot_at and not table.prepared and first <= row < first + total:
                continue  # blank rows below a table that has none of its own
        parts.append(one)
    parts += [xml for _, xml in waiting]
    end = first + total
    if own.notice:
        style = f' s="{own.format}"'
        letters = column_letters(min(own.columns))
        cell = f'<c r="{letters}{end + 2}"{style} t="inlineStr"><is><t>{escape(own.notice, quote=False)}</t></is></c>'
        parts.append(_prefixed(f'<row r="{end + 2}">{cell}</row>'.encode(), sheet.prefix))
    sheet.data.open()
    sheet.data.parts = parts
    _copy_merges(sheet, table, range(max(last + 1, first), end))


def _prefixed(xml: bytes, prefix: str) -> bytes:
    """Rows as they stand in a sheet whose elements have a prefix."""
    return _TAG.sub(rb"<\1" + prefix.encode(), xml) if prefix else xml


def _copy_merges(sheet: Sheet, table: Table, rows: range) -> None:
    """Cells that are merged side by side in the first row are so in every row that was put in."""
    if not table.prepared:
        return
    wide = [(left, right) for top, left, bottom, right in sheet.merges if top == bottom == table.first and right > left]
    if not wide:
        return
    listed = sheet.get("mergeCells")
    for row in rows:
        for left, right in wide:
            reference = f"{column_letters(left)}{row + 1}:{column_letters(right)}{row + 1}"
            listed.add(Node(f'<{sheet.prefix}mergeCell ref="{reference}"/>'.encode()))
    listed.set("count", str(len(listed.children)))


def _header_row(table: Table, column: int) -> int:
    return next(one.row for one in table.fields if one.column == column)


def _hide_key(sheet: Sheet, table: Table, style: int) -> None:
    """The hidden column right of everything: which entity a row speaks of."""
    write_text(sheet, table.bottom, table.key, KEY_HEADER, style)
    listed = sheet.get("cols")
    number = table.key + 1
    for one in listed.children:
        low, high = int(one.get("min")), int(one.get("max"))
        if low <= number <= high:
            at = listed.parts.index(one)
            parts: list[bytes | Node] = []
            for begin, end in ((low, number - 1), (number + 1, high)):
                if begin <= end:
                    part = one.copy()
                    part.set("min", str(begin))
                    part.set("max", str(end))
                    parts.append(part)
            listed.parts[at : at + 1] = parts
    at = next(
        (place for place, one in enumerate(listed.parts) if isinstance(one, Node) and int(one.get("min")) > number),
        len(listed.parts),
    )
    listed.open()
    tag = f"{sheet.prefix}col"
    listed.parts.insert(
        at, Node(f'<{tag} min="{number}" max="{number}" width="4" hidden="1" customWidth="1"/>'.encode())
    )


def _say_notice(package: Package, sheet: Sheet, table: Table, notice: str) -> str:
    """Write what the admission says above the table, or below all that the department says; else give it back."""
    if not notice:
        return ""
    if table.notice is not None:
        row, column, says = table.notice
        if says:
            append_text(package, sheet, row, column, notice)
        else:
            write_text(sheet, row, column, notice)
        return ""
    if table.foot_at is not None:
        row = _free_row(package, table)
        write_text(sheet, row, table.foot_at[1], notice, 0)
        _print_down_to(package, table, row)
        return ""
    return notice


def _free_row(package: Package, table: Table) -> int:
    """The first row below the department's texts on which no picture, shape or chart lies."""
    row = table.free
    taken: set[int] = set()
    for _, kind, target in package.relations(table.part):
        if kind == "drawing" and target in package.parts:
            for anchor in package.document(target).root.every("twoCellAnchor", "oneCellAnchor"):
                first, last = (_row_of(anchor, corner) for corner in ("from", "to"))
                if first is not None:
                    taken.update(range(first, (first if last is None else last) + 1))
    while row in taken:
        row += 1
    return row


def _row_of(anchor: Node, corner: str) -> int | None:
    at = anchor.child(corner)
    row = at.child("row") if at is not None else None
    return int(row.text) if row is not None else None


def _print_down_to(package: Package, table: Table, row: int) -> None:
    """Print this row too (0-based), if the department prints all above it."""
    book = package.document(package.book).root
    listed, named = book.child("sheets"), book.child("definedNames")
    names = [one.get("name") for one in listed.children] if listed is not None else []
    for one in named.children if named is not None else ():
        if one.get("name") != "_xlnm.Print_Area" or names[int(one.get("localSheetId") or 0)] != table.sheet:
            continue
        area = re.fullmatch(r"([^,]+:\$?[A-Z]+\$?)(\d+)", one.text)
        if area is not None and table.foot_at is not None and table.foot_at[0] < int(area[2]) <= row:
            one.write(f"{area[1]}{row + 1}")


def _list(choices: tuple[str, ...], long: list[tuple[str, ...]]) -> str | None:
    """The formula of a drop-down; Excel allows only 255 characters of values inside a rule."""
    if not choices:
        return None
    if len(",".join(choices)) <= 255:
        return '"' + ",".join(choices) + '"'
    if choices not in long:
        long.append(choices)
    letters = column_letters(LISTS_FROM + long.index(choices))
    return f"{CONTROL_SHEET}!${letters}$1:${letters}${len(choices)}"


def _with_choices(facts: list[tuple[str, ...]], choices: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    lines = []
    for number in range(max([len(facts), *map(len, choices)])):
        fact = facts[number] if number < len(facts) else ()
        said = [*fact, *[""] * (LISTS_FROM - len(fact))]
        said += [listed[number] if number < len(listed) else "" for listed in choices]
        lines.append(tuple(said))
    return lines


def _own_rules(sheet: Sheet, table: Table, columns: Sequence[int]) -> frozenset[int]:
    """Fields in whose cells the department checks what is typed: its rules stay alone there."""
    spans = []
    for one in sheet.document.root.every("dataValidation"):
        said = one.get("sqref") or next((part.text for part in one.every("sqref")), "")
        spans += [span(part) for part in said.split()]
    return frozenset(
        number
        for number, column in enumerate(columns)
        if any(left <= column <= right and bottom >= table.first for _, left, bottom, right in spans)
    )


def _add_rules(sheet: Sheet, rules: Sequence[str]) -> None:
    if not rules:
        return
    listed = sheet.get("dataValidations")
    for one in rules:
        listed.add(Node(_prefixed(one.encode(), sheet.prefix)))
    listed.set("count", str(len(listed.children)))


def _add_pages(package: Package, book: Node) -> tuple[str, str]:
    """Two sheets more: explanations, and the hidden one by which a returned workbook is known."""
    listed = book.child("sheets")
    if listed is None:
        raise ValueError("no sheets")
    names = {one.get("name") for one in listed.children}
    titles = (GUIDE_SHEET, *(f"{GUIDE_SHEET}{number}" for number in range(2, len(names) + 3)))
    title = next(one for one in titles if one not in names)
    made = []
    for name, state in ((title, ""), (CONTROL_SHEET, ' state="veryHidden"')):
        part = package.free("xl/worksheets/sheet*.xml")
        package.add(part, b"", _SHEET)
        relation = package.relate(package.book, "worksheet", part)
        number = 1 + max(int(one.get("sheetId")) for one in listed.children)
        tag = f"{listed.prefix}sheet"
        head = f'<{tag} name="{quoted(name)}" sheetId="{number}"{state} xmlns:yb="{OFFICE}" yb:id="{relation}"/>'
        listed.add(Node(head.encode()))
        made.append(part)
    return made[0], made[1]


def _page(widths: Sequence[int]) -> tuple[bytes, bytes]:
    columns = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
        for number, width in enumerate(widths, start=1)
    )
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    fit = '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
    after = (
        '</sheetData><pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/></worksheet>'
    )
    return f'{head}<worksheet xmlns="{MAIN}">{fit}<cols>{columns}</cols><sheetData>'.encode(), after.encode()


def _calculate(package: Package, book: Node) -> None:
    """Have formulas calculated when the workbook is opened: nobody has calculated them for these rows."""
    chain = package.target(package.book, "calcChain")
    if chain is not None:
        package.drop(chain, package.book)
    found = book.child("calcPr")
    if found is None:
        found = Node(f"<{book.prefix}calcPr/>".encode())
        after = ("definedNames", "externalReferences", "functionGroups", "sheets")
        at = max(number for number, one in enumerate(book.parts) if isinstance(one, Node) and one.name in after)
        book.parts.insert(at + 1, found)
    found.set("fullCalcOnLoad", "1")
