"""Compares a returned workbook with what was sent out: which row is whose, and what became of every cell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from yibiao.contracts.values import Schemas
from yibiao.forms.collect.expected import Expected, expected
from yibiao.forms.collect.sent import CONFIRM, Sent, SentRow
from yibiao.forms.collect.table import Found, find_own_table, find_table, is_end
from yibiao.forms.collect.workbook import Book, Spans, place_of
from yibiao.forms.fill.values import NO, NONE, REGISTERED, YES
from yibiao.forms.workbook.own import OwnForm

UNCHANGED, CONFIRMED, CORRECTED, ANSWERED, REFUSED, BLANK = (
    "unchanged",
    "confirmed",
    "corrected",
    "new",
    "refused",
    "blank",
)
OUTCOMES = (UNCHANGED, CONFIRMED, CORRECTED, ANSWERED, REFUSED, BLANK)
"""What may become of a cell; every cell of a returned row is one of them."""

NOT_HERE, STRANGER = "不是本社区", "这一行不属于本社区，没有采用；请由所在社区填报"
"""How the reasons begin for which a row is refused whole because it is another community's."""

Reader = Callable[[Sequence[tuple[int, str]]], list[str | None]]
"""Reads texts as values of fields: (field, text) -> the value as the registry writes it, None if it is none."""


@dataclass(frozen=True)
class Cell:
    """One cell of a returned row.

    Attributes:
        place: as Excel names it.
        field: place of the form's field; None in a column that is none of the form's.
        outcome: one of `OUTCOMES`.
        reason: in Chinese, of a refused one.
        value: as the registry writes it, of a correction and a new value; empty if only the old one is wrong.
    """

    place: str
    field: int | None
    outcome: str
    reason: str = ""
    value: str = ""


@dataclass(frozen=True)
class Row:
    """One returned row.

    Attributes:
        sent: the one that it was sent out as, or None if it was added.
        problem: why it is refused whole, in Chinese; empty if it is not.
    """

    line: int
    sent: SentRow | None
    cells: tuple[Cell, ...]
    problem: str = ""

    @property
    def is_foreign(self) -> bool:
        """Whether it is refused because it is another community's."""
        return self.problem.startswith((NOT_HERE, STRANGER))


@dataclass
class Compared:
    """A whole returned workbook; `missing` rows were sent out and did not come back, which says nothing about them."""

    rows: list[Row] = field(default_factory=list)
    missing: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def cells(self) -> dict[str, int]:
        """Outcome -> number of cells."""
        found = Counter(cell.outcome for row in self.rows for cell in row.cells)
        return {outcome: found[outcome] for outcome in OUTCOMES}

    @property
    def is_nothing(self) -> bool:
        """Whether cells were refused and none was taken, so that the file says nothing at all."""
        cells = self.cells
        return cells[REFUSED] > 0 and cells[REFUSED] + cells[BLANK] == sum(cells.values())


def compare(
    book: Book, sent: Sent, community: str, schemas: Schemas, path: Path, read: Reader, own: OwnForm | None = None
) -> Compared:
    """Say what became of every cell.

    Args:
        own: the form as its department's own workbook has it; None if the layout was drawn here.

    Raises:
        FormError: the sheet has lost its header, or columns of the form.
    """
    table = find_table(book, sent.form, path) if own is None else find_own_table(book, own, path)
    found = Compared(notes=list(book.notes))
    if table.key is None:
        found.notes.append("隐藏的“行标识”列没有了：按主键认行")
    if below := _below(book, table):
        found.notes.append(f"表格下方还有 {below} 行内容（另一张表或说明），没有读取：请填在表格的空白行里")
    rows = sent.rows.get(community, {})
    lines = _lines(book, table)
    owners = _owners(lines, table, sent, rows, schemas, community)
    claimed: set[str] = set()
    waiting: list[tuple[int, SentRow | None, str]] = []
    cleared = [
        row is not None and _is_cleared(line, table, row, book) for line, (row, _) in zip(lines, owners, strict=True)
    ]
    if any(cleared):
        found.notes.append(f"有 {sum(cleared)} 行的内容全被清空：当作没有交回，原值不动")
        lines = [line for line, gone in zip(lines, cleared, strict=True) if not gone]
        owners = [owner for owner, gone in zip(owners, cleared, strict=True) if not gone]
    for line, (row, problem) in zip(lines, owners, strict=True):
        if row is not None and row.id in claimed:
            row, problem = None, "这一行重复了：同一行标识（或主键）只能出现一次"
        if row is not None:
            claimed.add(row.id)
        waiting.append((line.number, row, problem))
    found.missing = len(rows) - len(claimed)
    if rows and not lines:
        found.notes.append("整张表没有内容：一行也没有交回。如果不是有意的，请填好后重新发送")
    found.rows = _judged(waiting, lines, table, sent, read, book, expected(sent.form, schemas, own))
    return found


@dataclass(frozen=True)
class _Line:
    number: int
    texts: tuple[str, ...]


def _below(book: Book, table: Found) -> int:
    """Rows below the table that are none of the form's own notes."""
    heads = (next((text.strip() for text in row if text.strip()), "") for row in book.grid[table.last :])
    return sum(bool(head) and not is_end(head, table.ends) for head in heads)


def _lines(book: Book, table: Found) -> list[_Line]:
    """Rows that say anything besides their number."""
    used = [*table.columns.values(), *([] if table.key is None else [table.key]), *table.others]
    width = max([*used, *table.computed], default=0) + 1
    found = []
    for line in range(table.first, table.last):
        row = book.grid[line]
        texts = tuple(row) + ("",) * (width - len(row))
        formula = any((line, column) in book.formulas for column in used)
        if formula or any(texts[column].strip() for column in used):
            found.append(_Line(line, texts))
    return found


def _is_cleared(line: _Line, table: Found, row: SentRow, book: Book) -> bool:
    """A row of which the hidden key alone is left: whoever clears a whole sheet says nothing about anybody.

    One cell that is cleared says that its value is wrong.
    """
    shown = [*table.columns.values(), *table.others]
    if any(line.texts[column].strip() or (line.number, column) in book.formulas for column in shown):
        return False
    return any(text for text in row.texts)


def _owners(
    lines: Sequence[_Line],
    table: Found,
    sent: Sent,
    rows: Mapping[str, SentRow],
    schemas: Schemas,
    community: str,
) -> list[tuple[SentRow | None, str]]:
    """Which row each line was sent out as, and why it is refused whole, if it is.

    The hidden key says it. Rows that were sorted without it carry the key of somebody else; so where a line shows the
    certain key of another row, that is whose it is.
    """
    entity = schemas.entities[sent.form.rows.entity]
    telling = [
        number
        for number, one in enumerate(sent.form.fields)
        if one.role is None
        and not one.derive
        and any(one.element in key for key in entity.keys)
        and not sent.asked.cells[number].is_masked
    ]
    shown: dict[tuple[int, str], list[SentRow]] = {}
    for row in rows.values():
        for number in telling:
            if text := row.texts[number]:
                shown.setdefault((number, text), []).append(row)
    named = [
        number for number, one in enumerate(sent.form.fields) if one.role is None and _is_name(one.element, schemas)
    ]
    found: list[tuple[SentRow | None, str]] = []
    for line in lines:
        key = "" if table.key is None else line.texts[table.key].strip()
        by_key = rows.get(key)
        same = [
            shown[number, text][0]
            for number in telling
            if (text := line.texts[table.columns[number]].strip()) and len(shown.get((number, text), ())) == 1
        ]
        if by_key is not None and (not same or by_key in same):
            moved = not same and telling and _is_somebody_else(line, table, by_key, rows, named)
            found.append((None, "行标识与本行的人对不上：排序或粘贴时漏了隐藏的“行标识”列") if moved else (by_key, ""))
        elif same:
            found.append((same[0], ""))
        elif key:
            found.append((None, f"{NOT_HERE}（{community}）这张表里的行，没有采用"))
        else:
            found.append((None, ""))
    return found


def _is_name(element: str | None, schemas: Schemas) -> bool:
    return element is not None and schemas.elements[element].type == "name"


def _is_somebody_else(
    line: _Line, table: Found, row: SentRow, rows: Mapping[str, SentRow], named: Sequence[int]
) -> bool:
    """A line whose name is not the one that was sent out under its key, but that of another row."""
    for number in named[:1]:
        text = line.texts[table.columns[number]].strip()
        if text and row.texts[number] and text != row.texts[number]:
            return any(other.texts[number] == text for other in rows.values() if other.id != row.id)
    return False


def _judged(
    waiting: Sequence[tuple[int, SentRow | None, str]],
    lines: Sequence[_Line],
    table: Found,
    sent: Sent,
    read: Reader,
    book: Book,
    wanted: Sequence[Expected],
) -> list[Row]:
    covered = _covered(book.merges, table)
    asked: list[tuple[int, str]] = []
    for line, (_, row, problem) in zip(lines, waiting, strict=True):
        if not problem:
            for number, column in table.columns.items():
                text = line.texts[column].strip()
                if text and (row is None or text != row.texts[number]):
                    asked.append((number, text))
                    if row is not None and (before := row.texts[number]) is not None:
                        asked.append((number, before))
    distinct = list(dict.fromkeys(asked))
    values = dict(zip(distinct, read(distinct), strict=True))
    rows = []
    for line, (number_, row, problem) in zip(lines, waiting, strict=True):
        cells = []
        for number, column in sorted(table.columns.items()):
            place = place_of(number_, column)
            text = line.texts[column].strip()
            if (number_, column) in book.formulas:
                cells.append(Cell(place, number, REFUSED, "格子里是公式：请填写内容本身"))
            elif (number_, column) in covered:
                cells.append(Cell(place, number, REFUSED, "格子被合并了：请拆开，逐格填写"))
            elif problem:
                cells.append(Cell(place, number, REFUSED, problem) if text else Cell(place, number, BLANK))
            else:
                cells.append(_judge(place, number, text, row, sent, values, wanted[number]))
        for column in table.others:
            if text := line.texts[column].strip():
                reason = problem or "这一列不是本表的列，没有采用"
                cells.append(Cell(place_of(number_, column), None, REFUSED, reason))
        for column in sorted(table.computed):
            if (number_, column) not in book.formulas and line.texts[column].strip():
                cells.append(Cell(place_of(number_, column), None, REFUSED, "这一列由公式算出，没有采用"))
        rows.append(Row(number_, row, tuple(cells), problem))
    return rows


def _judge(
    place: str,
    number: int,
    text: str,
    row: SentRow | None,
    sent: Sent,
    values: Mapping[tuple[int, str], str | None],
    wanted: Expected,
) -> Cell:
    asked = sent.form.fields[number]
    before = row.texts[number] if row else None
    if row is not None and before is not None:
        kept = Cell(place, number, CONFIRMED if row.statuses[number] == CONFIRM else UNCHANGED)
        if text == before:
            return kept
        if not text:
            return Cell(place, number, CORRECTED)
        if asked.derive == "age":
            return Cell(place, number, REFUSED, "年龄由出生日期算出：请改出生日期")
        if asked.derive == "exists":
            known = text in (YES, NO)
            return Cell(place, number, CORRECTED, value=text) if known else Cell(place, number, REFUSED, "只能填是或否")
        if "*" in text:
            return Cell(place, number, REFUSED, "号码带星号：要改请填完整号码")
        value = values[number, text]
        if value is None or not wanted.allows(text, value):
            return Cell(place, number, REFUSED, _no_value(asked.label, wanted))
        full = row.values[number] if sent.asked.cells[number].is_masked else values.get((number, before))
        if value == full:
            return kept
        if number in row.own:
            return Cell(place, number, ANSWERED, value=text)
        return Cell(place, number, CORRECTED, value=value)
    if not text or (text == NONE and asked.element in REGISTERED):
        return Cell(place, number, BLANK)
    if "*" in text and asked.element:
        return Cell(place, number, REFUSED, "号码带星号：请填完整号码")
    value = values[number, text]
    if value is None or not wanted.allows(text, value):
        return Cell(place, number, REFUSED, _no_value(asked.label, wanted))
    return Cell(place, number, ANSWERED, value=text)


def _no_value(label: str, wanted: Expected) -> str:
    return f"不是有效的{re.sub('[（(].*', '', label)}：应为{wanted.words}"


def _is_of_form(top: int, left: int, bottom: int, right: int, table: Found) -> bool:
    """A merged cell that the department's own form has in every row: one field over several columns."""
    fields = set(table.columns.values())
    return table.wide and top == bottom and left in fields and not fields & set(range(left + 1, right + 1))


def _covered(merges: Spans, table: Found) -> set[tuple[int, int]]:
    """Cells of the table that are part of a merged one: what was meant for which row is not to be told."""
    return {
        (line, column)
        for top, left, bottom, right in merges
        if bottom >= table.first and top < table.last and not _is_of_form(top, left, bottom, right, table)
        for line in range(max(top, table.first), min(bottom, table.last - 1) + 1)
        for column in range(left, right + 1)
    }
