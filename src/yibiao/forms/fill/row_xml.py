"""The XML of the rows of a form's sheet, made by the database: which cell of a row stands where, and looks how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yibiao.contracts.values import Schemas
from yibiao.forms.fill.select import AUTOMATIC, CONFIRM, NEW, UNKNOWN, Asked, bit_of
from yibiao.forms.fill.values import is_loose
from yibiao.ingest.rules import sql_text

ODD = "[&<>\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\r\\x{fffe}\\x{ffff}]|_x[0-9A-Fa-f]{4}_"
"""What cannot stand in a cell's XML as it is (ECMA-376 part 1, 22.9.2.19: `_x0041_` is read as a sign)."""

TEXT, NUMBER, DAY, DAY_1904 = "text", "number", "day", "day since 1904"
"""How a value is written: a text, a number, or the number of a day by one of the two calendars of workbooks."""

FIRST_DAY = {DAY: "1899-12-30", DAY_1904: "1904-01-01"}
"""Day 0 of each calendar; that of 1900 has a day too many before March 1900, where no living person was born."""

COUNT, KEY = "count", "key"
"""What a cell shows that is no field: the number of the row, the id of its entity."""


@dataclass(frozen=True)
class Slot:
    """One cell of every row.

    Attributes:
        letters: of its column.
        styles: format by status of a field's cell.
        style: format of any other; of a field's cell in rows that are left blank, if they have no colour.
        field: place of the field whose value it shows; None for any other.
        kind: how the field's value is written.
        shows: `COUNT` or `KEY`, where no field's value stands there.
        xml: what stands between `r="..."` and the end of a cell that is neither: texts, and how far below the row a
            line lies that a formula names. Empty for a blank cell.
        first_xml: the same for the first row, if it differs.
    """

    letters: str
    style: int | None = None
    styles: Mapping[str, int] | None = None
    field: int | None = None
    kind: str = TEXT
    shows: str = ""
    xml: tuple[str | int, ...] = ()
    first_xml: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Plan:
    """How a row is written.

    Attributes:
        top: rows above the first.
        attributes: of every row's element, with a blank before them.
        slots: in the order of their columns.
    """

    top: int
    attributes: str
    slots: tuple[Slot, ...]


def rows_xml(asked: Asked, schemas: Schemas, plan: Plan) -> str:
    """SQL on `asked.sql` that gives `community`, `rn`, `xml` (one row of the sheet), `disputed`, `r<n>`, `c<n>`.

    `r<n>` is `UNKNOWN` where nothing is known, `c<n>` 0 where nobody confirmed it.
    """
    pieces = ["'<row r=\"'", "line", sql_text(f'"{plan.attributes}>')]
    for slot in plan.slots:
        pieces += [sql_text(f'<c r="{slot.letters}'), "line"]
        if slot.field is not None:
            pieces += _value(asked, schemas, slot)
        elif slot.shows == COUNT:
            pieces += [sql_text(f'" s="{slot.style}"><v>'), "rn::varchar", "'</v></c>'"]
        elif slot.shows == KEY:
            pieces += [sql_text(f'" s="{slot.style}" t="inlineStr"><is><t>'), "id", "'</t></is></c>'"]
        elif slot.first_xml:
            first, others = _lines(slot.first_xml, plan.top), _lines(slot.xml, plan.top)
            pieces.append(f"case when rn = 1 then concat({first}) else concat({others}) end")
        else:
            pieces.append(_lines(slot.xml or (_blank(slot.style),), plan.top))
    pieces.append("'</row>'")
    records = "".join(
        f", case when t{number} is null then {UNKNOWN} else coalesce(r{number}, 0) end as r{number}"
        for number in range(len(asked.form.fields))
    )
    records += "".join(f", coalesce(c{number}, 0) as c{number}" for number in sorted(asked.confirmed))
    return (
        f"select community, rn, concat({', '.join(pieces)}) as xml, disputed{records}"
        f" from (select *, (rn + {plan.top})::varchar as line from ({asked.sql}))"
    )


def blank_row(plan: Plan, number: int) -> bytes:
    """A row that is left for filling in, the `number`-th (1-based), as `rows_xml` writes it with nothing known."""
    line = plan.top + number
    cells = []
    for slot in plan.slots:
        if slot.field is not None and slot.styles is not None:
            end = _blank(slot.styles[NEW] if slot.style is None else slot.style)
        elif slot.shows == COUNT:
            end = f'" s="{slot.style}"><v>{number}</v></c>'
        else:
            pieces = (slot.first_xml if number == 1 else ()) or slot.xml or (_blank(slot.style),)
            end = "".join(one if isinstance(one, str) else str(line + one) for one in pieces)
        if slot.shows != KEY:
            cells.append(f'<c r="{slot.letters}{line}{end}')
    return f'<row r="{line}"{plan.attributes}>{"".join(cells)}</row>'.encode()


def _value(asked: Asked, schemas: Schemas, slot: Slot) -> list[str]:
    number, styles = slot.field or 0, slot.styles or {}
    field, cell = asked.form.fields[number], asked.cells[number]
    empty = _blank(styles[NEW])
    if cell.table is None:
        return [sql_text(empty)]
    style = styles[AUTOMATIC]
    doubt = []
    if bit_of(schemas, cell) is not None:
        doubt.append(f"disputed & {1 << number} <> 0")
    if asked.limits[number]:
        doubt.append(f"r{number} between 1 and {asked.limits[number]}")
    shade = f"'{styles[CONFIRM] if cell.is_inferred else style}'"
    if doubt and not cell.is_inferred:
        doubtful = " or ".join(doubt)
        if number in asked.confirmed:
            doubtful = f"c{number} is null and ({doubtful})"
        shade = f"case when {doubtful} then '{styles[CONFIRM]}' else '{style}' end"
    text = f"t{number}"
    element = schemas.elements[field.element] if field.element and not field.derive else None
    if is_loose(element) and (element or not field.derive):
        text = f"case when regexp_matches(t{number}, '{ODD}') then {escaped(f't{number}')} else t{number} end"
    whole = f'\'" t="inlineStr"><is><t xml:space="preserve">\' || {text} || \'</t></is></c>\''
    if slot.kind == NUMBER:
        whole = f"'\"><v>' || t{number} || '</v></c>'"
    elif slot.kind != TEXT:
        days = f"date_diff('day', date '{FIRST_DAY[slot.kind]}', t{number}::date)"
        # Before March 1900 the days of a workbook are not those of the calendar.
        sure = f"t{number}::date >= date '1904-01-01'"
        whole = f"case when {sure} then '\"><v>' || {days}::varchar || '</v></c>' else {whole} end"
    return [f"case when t{number} is null then {sql_text(empty)} else '\" s=\"' || {shade} || {whole} end"]


def _blank(style: int | None) -> str:
    return '"/>' if style is None else f'" s="{style}"/>'


def _lines(pieces: Sequence[str | int], top: int) -> str:
    """SQL of texts with the numbers of lines between them."""
    found = [sql_text(one) if isinstance(one, str) else f"(rn + {top + one})::varchar" for one in pieces]
    return ", ".join(found)


def escaped(value: str) -> str:
    """SQL of a text as XML holds it; signs that XML cannot hold are left out, as Excel cannot show them either."""
    text = f"regexp_replace({value}, '_(x[0-9A-Fa-f]{{4}}_)', '_x005F_\\1', 'g')"
    text = f"regexp_replace({text}, '[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x{{fffe}}\\x{{ffff}}]', '', 'g')"
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")):
        sql = f"'{sign}'" if sign != "\r" else "chr(13)"
        text = f"replace({text}, {sql}, '{name}')"
    return text
