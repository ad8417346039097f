"""Where everything of a form stands on its sheet: title, sub-line, merged headers, blank rows, notes."""

from __future__ import annotations

from dataclasses import dataclass

from yibiao.forms.model import Field, Form

TITLE_ROW = 0
SUBTITLE_ROW = 1
HEADER_ROW = 2
"""First row of the header, 0-based as in the file."""

NUMBER_HEADER = "序号"
"""The first column counts the rows; it asks nothing, so that it is not a field."""


@dataclass(frozen=True)
class HeaderCell:
    """One printed header, merged over rows and columns (0-based, last ones included)."""

    text: str
    row: int
    column: int
    last_row: int
    last_column: int


def printed(field: Field) -> str:
    """The innermost header as printed, with its unit unless the words hold it already."""
    if field.unit and field.unit not in field.label:
        return f"{field.label}（{field.unit}）"
    return field.label


def header_depth(form: Form) -> int:
    """Rows of the header."""
    return max(len(field.path) for field in form.fields)


def first_row(form: Form) -> int:
    """The first row that is filled in."""
    return HEADER_ROW + header_depth(form)


def column_of(form: Form, position: int) -> int:
    """The column of the field at `position` in `form.fields`."""
    return position + 1


def header_cells(form: Form) -> list[HeaderCell]:
    """All headers: equal outer headers side by side are one merged cell, an innermost one reaches down to the rows."""
    bottom = first_row(form) - 1
    cells = [HeaderCell(NUMBER_HEADER, HEADER_ROW, 0, bottom, 0)]
    for position, field in enumerate(form.fields):
        column = column_of(form, position)
        for level in range(len(field.path) - 1):
            outer = field.path[: level + 1]
            if position and form.fields[position - 1].path[: level + 1] == outer:
                continue
            last = position
            while last + 1 < len(form.fields) and form.fields[last + 1].path[: level + 1] == outer:
                last += 1
            row = HEADER_ROW + level
            cells.append(HeaderCell(field.path[level], row, column, row, column_of(form, last)))
        cells.append(HeaderCell(printed(field), HEADER_ROW + len(field.path) - 1, column, bottom, column))
    return cells
