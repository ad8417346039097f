"""What a spreadsheet file says beside its values: hidden rows, error cells, formulas without a value, number formats.

calamine gives values only: a formula that failed and one that was never computed are both blank to it. The marks come
from the file itself, in one cheap pass that looks closely only at rows where something stands out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

ERROR, UNCOMPUTED = "error_value", "formula_value"
"""Flaws of a cell: the formula failed (#N/A, #REF!); it has no computed value."""

Span = tuple[int, int, int, int]
"""Merged cells: top, left, bottom, right; from 0, inclusive."""

LARGEST = 120_000_000
"""Cells of the largest grid. calamine keeps 24 bytes for every place up to the last cell, used or not, and ends the
whole process when there is no memory for them."""

COPIES = 1 << 12
"""Equal rows one below the other that may be data: more of them are a row that was filled down to the sheet's end."""


@dataclass
class Marks:
    """Marks of one sheet; rows and columns count from 0.

    Attributes:
        hidden_rows, hidden_columns: not shown to whoever looks at the sheet.
        flaws: (row, column) -> ERROR or UNCOMPUTED.
        padded: (row, column) -> digits that the cell's number format shows, with leading zeros.
        texts: (row, column) -> text of a cell that calamine gives blank or without its line ends; ODS only.
        merges: for formats of which calamine does not tell them; None if it does.
        rows, columns: extent of the cells.
        values: cells of an XLSX sheet that hold anything, or some more; 0 if its XML was parsed to its end.
        since_1904: bare numbers in cells count days from 1904-01-01.
        repeated: two cells are at one place; calamine keeps one of them.
        copies: times that a row with cells is written once and meant again and again; ODS only.
    """

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    flaws: dict[tuple[int, int], str] = field(default_factory=dict)
    padded: dict[tuple[int, int], int] = field(default_factory=dict)
    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    merges: list[Span] | None = None
    rows: int = 0
    columns: int = 0
    values: int = 0
    since_1904: bool = False
    repeated: bool = False
    copies: int = 1


def marks_of_all(path: Path, kind: str) -> list[Marks]:
    """Marks of every sheet of a workbook, in its order; none for XLSB, of which nothing is known.

    Args:
        kind: xls, ods or xlsb, by the content of the file.

    Raises:
        ValueError, KeyError, OSError, struct.error, zipfile.BadZipFile, xml.parsers.expat.ExpatError: damage.
    """
    if kind == "ods":
        from yibiao.ingest.readers.spreadsheet_ods import ods_marks

        return ods_marks(path)
    if kind == "xls":
        from yibiao.ingest.readers.spreadsheet_xls import xls_marks

        return xls_marks(path)
    return []


def column_number(letters: bytes | str) -> int:
    """`A` is 0, `AA` is 26."""
    number = 0
    for letter in letters if isinstance(letters, bytes) else letters.encode():
        number = number * 26 + letter - 64
    return number - 1


def column_letters(column: int) -> str:
    """The letters of a column: 0 is `A`, 26 is `AA`."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
