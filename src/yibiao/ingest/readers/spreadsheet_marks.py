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


@dataclass
class Marks:
    """Marks of one sheet; rows and columns count from 0.

    Attributes:
        hidden_rows, hidden_columns: not shown to whoever looks at the sheet.
        flaws: (row, column) -> ERROR or UNCOMPUTED.
        padded: (row, column) -> digits that the cell's number format shows, with leading zeros.
        merges: for formats of which calamine does not tell them; None if it does.
        rows, columns: extent of the cells.
        since_1904: bare numbers in cells count days from 1904-01-01.
    """

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    flaws: dict[tuple[int, int], str] = field(default_factory=dict)
    padded: dict[tuple[int, int], int] = field(default_factory=dict)
    merges: list[Span] | None = None
    rows: int = 0
    columns: int = 0
    since_1904: bool = False


def read_marks(path: Path, kind: str, sheet: str, place: int) -> Marks:
    """Marks of one sheet of an XLSX or XLS workbook; those of ODS are read together, by `ods_marks`.

    Args:
        kind: by the content of the file.
        sheet: its name.
        place: its place in the workbook, from 0.

    Raises:
        ValueError, KeyError, OSError, zipfile.BadZipFile, zlib.error, xml.parsers.expat.ExpatError: damage.
    """
    if kind == "xlsx":
        from yibiao.ingest.readers.spreadsheet_xlsx import xlsx_marks

        return xlsx_marks(path, sheet)
    if kind == "xls":
        from yibiao.ingest.readers.spreadsheet_xls import xls_marks

        return xls_marks(path, place)
    return Marks()


def column_number(letters: bytes | str) -> int:
    """`A` is 0, `AA` is 26."""
    number = 0
    for letter in letters if isinstance(letters, bytes) else letters.encode():
        number = number * 26 + letter - 64
    return number - 1
