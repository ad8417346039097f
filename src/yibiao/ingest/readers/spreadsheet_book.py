"""Workbooks (XLSX, XLS, ODS) through python-calamine: which sheets there are, and each sheet as a grid of texts."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.errors import DeliveryError
from yibiao.ingest.readers.spreadsheet_cells import column_texts
from yibiao.ingest.readers.spreadsheet_marks import COPIES, ERROR, LARGEST, Marks, Span, marks_of_all
from yibiao.ingest.readers.spreadsheet_xlsx import check_sheet, check_texts, xlsx_marks
from yibiao.ingest.repairs import TEXT, replaced

BATCH = 1000
"""Rows that are Python objects at the same time: few, because memory used again and again is in the cache."""

_BOMB_BYTES, _BOMB_RATIO = 512 << 20, 200
_MOST_COLUMNS = 1 << 14
_MOST_BYTES = 4 << 30
"""A packed workbook may unpack to so much; beyond the first figure only at an honest ratio."""


@dataclass(frozen=True)
class Sheet:
    """One sheet: its place from 0, its name, whether one sees it."""

    place: int
    name: str
    visible: bool


@dataclass
class Grid:
    """A sheet as columns.

    Attributes:
        name: of the sheet.
        left: column of the sheet where column 0 of the grid stands; rows count from the first of the sheet.
        height: rows.
        texts: per column, "" for a blank cell.
        kinds: per column the kinds of its cells (`spreadsheet_cells`), None if all are texts.
        merges: merged cells, in columns of the grid.
        hidden: rows that one does not see.
        hidden_columns: columns of the grid that one does not see.
        flaws, padded: as in `Marks`, by column of the grid: rows -> flaw or digits.
        since_1904: see `Marks`.
        reach: the last column that a merged cell reaches to, in columns of the grid, though beyond its last text.
    """

    name: str
    left: int
    height: int
    texts: list[pa.Array]
    kinds: list[np.ndarray | None]
    merges: list[Span]
    hidden: np.ndarray
    hidden_columns: frozenset[int] = frozenset()
    flaws: dict[int, dict[int, str]] = field(default_factory=dict)
    padded: dict[int, dict[int, int]] = field(default_factory=dict)
    since_1904: bool = False
    reach: int = -1

    @property
    def width(self) -> int:
        return len(self.texts)

    def row(self, row: int) -> list[str]:
        """The texts of one row."""
        return [column[row].as_py() for column in self.texts]

    def filled(self) -> np.ndarray:
        """Per row the number of cells that are not blank."""
        count = np.zeros(self.height, dtype=np.int32)
        for column in self.texts:
            count += pc.greater(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
        return count


class Book:
    """An open workbook.

    Args:
        path: landed bytes; the kind is told from the content, since landed objects have no extension.
        where: file name for errors.

    Raises:
        DeliveryError: it is no workbook, is protected, damaged, or unpacks to more than any honest workbook.
    """

    def __init__(self, path: Path, where: str) -> None:
        import python_calamine

        self._path, self._where = path, where
        self.kind = _guarded(lambda: _kind(path), self._unreadable)
        if self.kind == "bomb":
            raise DeliveryError(
                "The workbook unpacks to far more than a workbook holds.",
                where=where,
                expected=f"at most {_MOST_BYTES >> 30} GiB",
                todo="Ask the sender where the file comes from, and to export it again.",
            )
        self._marks: list[Marks] | None = None
        if self.kind == "xlsx":
            _guarded(lambda: check_texts(path), self._unreadable)
        else:  # calamine unfolds all sheets when it opens the file: look before
            self._marks = _guarded(lambda: marks_of_all(path, self.kind), self._unreadable)
            for place, marks in enumerate(self._marks):
                self._refuse_odd(marks, place)
        self._book = _guarded(lambda: python_calamine.CalamineWorkbook.from_filelike(path.open("rb")), self._unreadable)
        visible = python_calamine.SheetVisibleEnum.Visible
        self.sheets = [
            Sheet(place, one.name, one.visible == visible) for place, one in enumerate(self._book.sheets_metadata)
        ]

    def grid(self, sheet: Sheet, rows: int | None = None) -> Grid:
        """The cells of a sheet.

        Args:
            rows: only so many rows from the top; None for all.

        Raises:
            DeliveryError: the sheet is damaged, or a single far cell makes it larger than memory.
        """
        marks = _guarded(self._marks_of(sheet), self._damaged)
        self._refuse_odd(marks, sheet.place)
        source = _guarded(lambda: self._book.get_sheet_by_index(sheet.place), self._unreadable)
        left = source.start[1] if source.start else 0
        width = source.end[1] + 1 - left if source.end else 0
        chunks: list[list[pa.Array]] = [[] for _ in range(width)]
        kinds: list[list[np.ndarray | None]] = [[] for _ in range(width)]
        height = 0
        lines = iter(source.iter_rows()) if source.start else iter(())
        while rows is None or height < rows:
            most = BATCH if rows is None else min(BATCH, rows - height)
            batch = _guarded(lambda most=most: list(islice(lines, most)), self._damaged)  # type: ignore[misc]
            if not batch:
                break
            height += len(batch)
            for place, cells in enumerate(zip(*batch, strict=True)):
                texts, kind = column_texts(cells)
                chunks[place].append(texts)
                kinds[place].append(kind)
        columns = [pa.chunked_array(parts, pa.string()).combine_chunks() for parts in chunks]
        column_kinds = [_joined(parts, column) for parts, column in zip(kinds, chunks, strict=True)]
        errors = sum(flaw == ERROR for flaw in marks.flaws.values())
        if rows is None and marks.values > errors + _given(columns):
            # Texts of no characters, or XML that is none, which calamine passes over with the cells in it.
            _guarded(lambda: check_sheet(self._path, sheet.name), self._damaged)
        if marks.texts:
            left, height = _put(marks.texts, columns, column_kinds, left, height, rows)
            width = len(columns)
        spans = _spans(source, marks)
        return Grid(
            sheet.name,
            left,
            height,
            columns,
            column_kinds,
            _merges(spans, left, width, height),
            _rows_mask(marks.hidden_rows, height),
            frozenset(place - left for place in marks.hidden_columns if left <= place < left + width),
            _by_column(marks.flaws, left, width, height),
            _by_column(marks.padded, left, width, height),
            marks.since_1904,
            max((last - left for _, _, _, last in spans), default=-1),
        )

    def _marks_of(self, sheet: Sheet) -> Callable[[], Marks]:
        if self._marks is None:
            return lambda: xlsx_marks(self._path, sheet.name)
        known = self._marks
        return lambda: known[sheet.place] if sheet.place < len(known) else Marks()

    def _refuse_odd(self, marks: Marks, place: int) -> None:
        # calamine ends the whole process over a cell further right than any program can put one.
        if marks.rows * marks.columns > LARGEST or marks.columns > _MOST_COLUMNS:
            raise DeliveryError(
                "The sheet is too large: a cell far away from the table makes it so.",
                where=f"{self._where}, sheet {place + 1}",
                expected=f"at most {LARGEST:,} places for cells and {_MOST_COLUMNS:,} columns",
                got=f"{marks.rows:,} rows of up to {marks.columns:,} columns",
                todo="Ask the sender to delete everything right of and below the table and to save again.",
            )
        if marks.copies > COPIES:
            raise DeliveryError(
                "A row of the sheet is repeated thousands of times: it was filled down to the end of the sheet.",
                where=f"{self._where}, sheet {place + 1}",
                expected=f"at most {COPIES:,} equal rows one below the other",
                got=f"{marks.copies:,}",
                todo="Ask the sender to delete everything below the table and to save again.",
            )
        if marks.repeated:
            raise DeliveryError(
                "Two cells of the sheet are at the same place: which one counts, nobody knows.",
                where=f"{self._where}, sheet {place + 1}",
                expected="one cell at a place, as spreadsheet programs write it",
                got="at least one place with two",
                todo="Ask the sender to export the file again with another program, or to send it as CSV.",
            )

    def _unreadable(self, error: BaseException) -> DeliveryError:
        return DeliveryError(
            "The file cannot be opened as a spreadsheet.",
            where=self._where,
            expected="a complete XLSX, XLS or ODS file without a password",
            got=type(error).__name__,
            todo="Ask the sender to send the file again: it was cut off, is protected, or is of another kind.",
        )

    def _damaged(self, error: BaseException) -> DeliveryError:
        return DeliveryError(
            "The sheet breaks off.",
            where=self._where,
            expected="a complete sheet",
            got=type(error).__name__,
            todo="Ask the sender to send the file again.",
        )


def _guarded(action: Callable[[], Any], wrap: Callable[[BaseException], DeliveryError]) -> Any:
    """calamine is native code: a damaged file ends in its own errors, or in a panic that is no `Exception`."""
    try:
        return action()
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:
        raise wrap(error) from None


def _kind(path: Path) -> str:
    """xlsx, xlsb, xls, ods or bomb, by the content."""
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return "xls"
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
        packed = sum(part.compress_size for part in archive.infolist())
        if unpacked > _MOST_BYTES or (unpacked > _BOMB_BYTES and unpacked > _BOMB_RATIO * packed):
            return "bomb"
        names = set(archive.namelist())
        if "content.xml" in names:
            return "ods"
        return "xlsb" if any(name.endswith("workbook.bin") for name in names) else "xlsx"


def _given(columns: list[pa.Array]) -> int:
    """Cells that are not blank."""
    return sum(int(np.count_nonzero(pc.binary_length(texts))) for texts in columns)


def _joined(parts: list[np.ndarray | None], texts: list[pa.Array]) -> np.ndarray | None:
    if all(part is None for part in parts):
        return None
    return np.concatenate(
        [np.zeros(len(text), dtype=np.int8) if part is None else part for part, text in zip(parts, texts, strict=True)]
    )


def _put(
    texts: dict[tuple[int, int], str],
    columns: list[pa.Array],
    kinds: list[np.ndarray | None],
    left: int,
    height: int,
    rows: int | None,
) -> tuple[int, int]:
    """Put texts where they stand in a sheet, which grows where they lie outside of what calamine saw.

    Returns:
        The first column of the sheet, and its number of rows.
    """
    texts = {place: text for place, text in texts.items() if rows is None or place[0] < rows}
    if not texts:
        return left, height
    tall = max(height, 1 + max(row for row, _ in texts))
    first = min(left, *(column for _, column in texts)) if columns else min(column for _, column in texts)
    last = max(left + len(columns) - 1 if columns else 0, *(column for _, column in texts))
    for place, column in enumerate(columns):
        below = tall - height
        columns[place] = pa.concat_arrays([column, pa.array([""] * below, pa.string())])
        if (known := kinds[place]) is not None:
            kinds[place] = np.append(known, np.zeros(below, dtype=np.int8))
    before, behind = (left - first, last - left - len(columns) + 1) if columns else (0, last - first + 1)
    for there, new in ((0, before), (len(columns) + before, behind)):
        columns[there:there] = [pa.array([""] * tall, pa.string())] * new
        kinds[there:there] = [None] * new
    for place, found in _by_column(texts, first, len(columns), tall).items():
        at = sorted(found)
        columns[place] = replaced(columns[place], np.array(at), pa.array([found[row] for row in at], pa.string()))
        if (known := kinds[place]) is not None:
            known[at] = TEXT
    return first, tall


def _spans(source: Any, marks: Marks) -> list[Span]:
    """All merged cells of the sheet."""
    if marks.merges is not None:
        return marks.merges
    return [(top, first, bottom, last) for (top, first), (bottom, last) in source.merged_cell_ranges or []]


def _merges(spans: Sequence[Span], left: int, width: int, height: int) -> list[Span]:
    """Merged cells inside the grid, cut at its edges."""
    return [
        (top, first - left, min(bottom, height - 1), min(last - left, width - 1))
        for top, first, bottom, last in spans
        if top < height and left <= first < left + width
    ]


def _rows_mask(rows: set[int], height: int) -> np.ndarray:
    mask = np.zeros(height, dtype=bool)
    mask[[row for row in rows if row < height]] = True
    return mask


def _by_column(marks: dict[tuple[int, int], Any], left: int, width: int, height: int) -> dict[int, dict[int, Any]]:
    found: dict[int, dict[int, Any]] = {}
    for (row, column), value in marks.items():
        if row < height and left <= column < left + width:
            found.setdefault(column - left, {})[row] = value
    return found
