"""Finds the table of a returned sheet: in the layout that is drawn here, or in a department's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yibiao.forms.admission.states import NOTICE_BEGINS
from yibiao.forms.collect.reply import ReturnRefused
from yibiao.forms.collect.workbook import Book, Spans
from yibiao.forms.fill.skeleton import KEY_HEADER
from yibiao.forms.layout import NUMBER_HEADER, header_depth, printed
from yibiao.forms.model import Form
from yibiao.forms.workbook.own import OwnForm
from yibiao.forms.workbook.table import header_key
from yibiao.ingest.readers.headers import flatten

HEADER_WITHIN = 20
"""Rows from the top among which the header is looked for."""

FOOT = ("填表人", "颜色")
"""How the first cell of the rows below the table begins, besides the form's own notes."""


@dataclass(frozen=True)
class Found:
    """Where the table of a returned sheet stands; rows and columns are 0-based.

    Attributes:
        columns: field -> its column; `key`: that of the row's key, or None.
        others: columns that are none of the form's, or ask nothing.
        first, last: first row, and the row after the last.
        ends: how the rows below the table begin.
        computed: columns that the department's own formulas answer.
        wide: whether cells of the form are merged side by side.
    """

    columns: Mapping[int, int]
    key: int | None
    others: tuple[int, ...]
    first: int
    last: int
    ends: tuple[str, ...] = ()
    computed: frozenset[int] = frozenset()
    wide: bool = False


def find_table(book: Book, form: Form, path: Path) -> Found:
    """The table of a sheet that was drawn here.

    Raises:
        ReturnRefused: the sheet has lost its header, or columns of the form.
    """
    depth = header_depth(form)
    wanted = {_path(field.path, printed(field)): number for number, field in enumerate(form.fields)}
    top = next(
        (line for line, row in enumerate(book.grid[:HEADER_WITHIN]) if NUMBER_HEADER in (text.strip() for text in row)),
        None,
    )
    if top is None:
        raise ReturnRefused(
            "The sheet has no header that is known.",
            where=path.name,
            expected=f"a row with {NUMBER_HEADER} and the form's own headers",
            todo="Ask for the workbook as it was sent out, with its header rows.",
            said="找不到表头。请不要删改表头各行；把内容填在发出的原表里重新发送",
        )
    headers = _headers(book, top, depth)
    columns: dict[int, int] = {}
    key, others = None, []
    for column, header in enumerate(headers):
        number = wanted.get(header)
        if number is not None and number not in columns:
            columns[number] = column
        elif header.split("/")[-1] == KEY_HEADER:
            key = column
        elif header != NUMBER_HEADER:
            others.append(column)
    lost = [form.fields[number].header for number in range(len(form.fields)) if number not in columns]
    if lost:
        raise _lost(path, lost, len(columns), len(form.fields))
    first = top + depth
    ends = (*FOOT, *form.notes)
    heads = (row[0].strip() if row else "" for row in book.grid[first:])
    return Found(columns, key, tuple(others), first, first + _length(heads, ends), ends)


def find_own_table(book: Book, own: OwnForm, path: Path) -> Found:
    """The table of a sheet in a department's own layout; columns may stand in another order.

    Raises:
        ReturnRefused: the sheet has lost its header, or columns of the form.
    """
    table = own.table
    depth = table.bottom - table.top + 1
    asked = [table.headers[column] for column in own.columns]
    lines = range(max(0, min(len(book.grid), table.top + HEADER_WITHIN)))
    read = {line: _headers(book, line, depth) for line in lines}
    top = max(lines, key=lambda line: (len(set(asked) & set(read[line])), -line), default=None)
    if top is None or not set(asked) & set(read[top]):
        raise ReturnRefused(
            "The sheet has no header that is known.",
            where=path.name,
            expected="the form's own headers",
            todo="Ask for the workbook as it was sent out, with its header rows.",
            said="找不到表头。请不要删改表头各行；把内容填在发出的原表里重新发送",
        )
    waiting = {header: [number for number, one in enumerate(asked) if one == header] for header in asked}
    silent = {table.headers[column] for column in (*table.constants, table.counter) if column is not None}
    formulas = {table.headers[column] for column in table.formulas}
    columns: dict[int, int] = {}
    key, others, computed = None, [], set()
    for column, header in enumerate(read[top]):
        if waiting.get(header):
            columns[waiting[header].pop(0)] = column
        elif header.split("/")[-1] == KEY_HEADER:
            key = column
        elif header in formulas:
            computed.add(column)
        elif header not in silent:
            others.append(column)
    lost = [own.form.fields[number].header for number in range(len(asked)) if number not in columns]
    if lost:
        raise _lost(path, lost, len(columns), len(asked))
    first = top + table.first - table.top
    # Where the department says nothing above or below its table, the admission stands right under it.
    ends = (*table.foot, *NOTICE_BEGINS)
    heads = (next((text.strip() for text in row if text.strip()), "") for row in book.grid[first:])
    return Found(
        *(columns, key, tuple(others), first, first + _length(heads, ends), ends),
        computed=frozenset(computed),
        wide=table.wide,
    )


def is_end(head: str, ends: Sequence[str]) -> bool:
    """Whether a row that begins so stands below the table."""
    return bool(head) and any(head.startswith(end[:20]) for end in ends)


def _length(heads: Iterable[str], ends: Sequence[str]) -> int:
    """Rows before the first that stands below the table."""
    count = 0
    for head in heads:
        if is_end(head, ends):
            break
        count += 1
    return count


def _headers(book: Book, top: int, depth: int) -> list[str]:
    spans = _within(book.merges, top, depth)
    return [header_key(text) for text in flatten(book.grid[top : top + depth], spans or None)]


def _lost(path: Path, lost: Sequence[str], found: int, of: int) -> ReturnRefused:
    return ReturnRefused(
        "Columns of the form are gone, or have another header.",
        where=path.name,
        expected=", ".join(lost[:10]),
        got=f"{found} of {of} columns",
        todo="Columns may stand in another order, but not be deleted or renamed. Ask for the workbook again.",
        said=f"缺少栏目，或栏目名被改：{'、'.join(lost[:10])}{'等' if len(lost) > 10 else ''}。"
        "栏目可以换位置，不能删、不能改名",
    )


def _within(merges: Spans, top: int, depth: int) -> list[tuple[int, int, int, int]]:
    return [(a - top, b, c - top, d) for a, b, c, d in merges if top <= a and c < top + depth]


def _path(path: Sequence[str], label: str) -> str:
    parts: list[str] = []
    for text in (*path[:-1], label):
        if not parts or parts[-1] != text:
            parts.append(text)
    return header_key("/".join(parts))
