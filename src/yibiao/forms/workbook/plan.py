"""How a row of a department's own table is written: its own formats, formulas and texts, and the fields' values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from yibiao.contracts.values import Schemas
from yibiao.forms.fill.row_xml import COUNT, DAY, DAY_1904, KEY, NUMBER, TEXT, Plan, Slot
from yibiao.forms.fill.select import STATUSES
from yibiao.forms.model import Field, Form
from yibiao.forms.workbook.markup import Node, plain_xml
from yibiao.forms.workbook.refs import Inserted, rewritten
from yibiao.forms.workbook.sheet import Sheet
from yibiao.forms.workbook.styles import Styles
from yibiao.forms.workbook.table import Table
from yibiao.ingest.readers.spreadsheet_marks import column_letters

_RELATIVE = re.compile("\ue000(-?\\d+)\ue001")
_FIXED = re.compile("\ue002(\\w+) (\\d+)\ue003".encode())
"""Rows that a formula names: so far below its own, or always the same, which is known only when rows were put in. The
signs are of the private use area, so that no form holds them."""


def plan_of(
    form: Form,
    columns: Sequence[int],
    table: Table,
    sheet: Sheet,
    styles: Styles,
    schemas: Schemas,
    *,
    since_1904: bool,
) -> Plan:
    """How the rows of a table are written.

    Args:
        columns: per field of the form.
        since_1904: whether days of this workbook count from 1904.
    """
    model = table.first if table.prepared else None
    fields = {column: number for number, column in enumerate(columns)}
    used = {column for row, column in sheet.cells if row == model} | fields.keys() | table.formulas.keys()
    used |= {table.counter} if table.counter is not None else set()
    slots = []
    for column in sorted(used):
        letters = column_letters(column)
        header = sheet.style(table.bottom, column)
        style = sheet.style(model, column) if model is not None else header
        if column in fields:
            field = form.fields[fields[column]]
            kind = _kind(field, style, styles, schemas, since_1904)
            text = kind == TEXT and field.element is not None
            shades = {one: styles.shaded(style, one, text=text, plain=model is None) for one in STATUSES}
            slots.append(Slot(letters, style if model is not None else None, shades, fields[column], kind))
        elif column in table.formulas:
            first, others = table.formulas[column]
            element = sheet.cells.get((table.first, column))
            made = [
                _formula(text, row, style, element) for text, row in ((others, table.first + 1), (first, table.first))
            ]
            slots.append(Slot(letters, xml=made[0], first_xml=made[1] if made[1] != made[0] else ()))
        elif column == table.counter:
            slots.append(Slot(letters, (style or 0) if model is not None else 0, shows=COUNT))
        elif column in table.constants:
            slots.append(Slot(letters, xml=(_as_it_is(sheet.cells[table.first, column]),)))
        else:
            slots.append(Slot(letters, xml=('"/>' if style is None else f'" s="{style}"/>',)))
    slots.append(Slot(column_letters(table.key), styles.wrapped(), shows=KEY))
    attributes = _attributes(sheet.rows[table.first]) if model is not None and table.first in sheet.rows else ""
    return Plan(table.first, attributes, tuple(slots))


def settled(rows: bytes, inserted: Inserted) -> bytes:
    """Rows in which formulas name rows below the table, as they are with so many rows put in."""
    if "\ue002".encode() not in rows:
        return rows
    return _FIXED.sub(lambda one: str(inserted.row(int(one[2]), one[1].decode())).encode(), rows)


def _kind(field: Field, style: int | None, styles: Styles, schemas: Schemas, since_1904: bool) -> str:
    """How a value is written: a number counts only as a number, and a day is shown as the department chose."""
    if field.element is None or styles.is_text(style):
        return TEXT
    kind = schemas.elements[field.element].type
    if field.derive == "age" or (kind in ("decimal", "integer") and not field.derive):
        return NUMBER
    if kind == "date" and not field.derive and styles.is_day(style):
        return DAY_1904 if since_1904 else DAY
    return TEXT


def _formula(text: str, row: int, style: int | None, element: Node | None) -> tuple[str | int, ...]:
    """A formula of the row `row` (0-based), as texts and lines counted from its own."""

    def named(number: int, absolute: bool, what: str) -> str:
        return f"\ue002{what} {number}\ue003" if absolute else f"\ue000{number - row - 1}\ue001"

    own = element.child("f") if element is not None else None
    is_array = own is not None and own.get("t") == "array"
    head = "" if style is None else f' s="{style}"'
    if element is not None and element.get("cm"):
        head += f' cm="{element.get("cm")}"'
    array = ""
    if is_array and element is not None:
        letters = re.sub(r"\d", "", element.get("r"))
        array = f' t="array" ref="{letters}\ue0000\ue001"'
    xml = f'"{head}><f{array}>{plain_xml(rewritten(text, named))}</f></c>'
    pieces = _RELATIVE.split(xml)
    return tuple(int(one) if place % 2 else one for place, one in enumerate(pieces))


def _as_it_is(cell: Node) -> str:
    """A cell after its place."""
    made = cell.copy()
    made.set("r", None)
    xml = made.xml().decode()
    return '"' + xml[len(f"<{cell.tag}") :]


def _attributes(row: Node) -> str:
    """The attributes of a row that hold for every row of the table."""
    made = Node(row.head)
    for name in ("r", "spans", "hidden", "collapsed", "outlineLevel"):
        made.set(name, None)
    text = made.head.decode().removesuffix("/>").removesuffix(">")
    return text[len(f"<{row.tag}") :].rstrip()
