"""A file that came back from its sender: a mended slip, a whole mended delivery, or only its mended rows."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from yibiao.contracts.reports import Report
from yibiao.contracts.values import Schemas
from yibiao.errors import DeliveryError, YibiaoError
from yibiao.ingest.columns import plain
from yibiao.ingest.readers.chunks import Chunk, schema
from yibiao.quarantine.slips import NUMBER
from yibiao.quarantine.workbook import ADOPT, CONTROL_SHEET, DATA_SHEET, PROBLEM, ROW, YES

LARGEST = 1 << 30
"""Bytes of a returned table, unpacked, that is read as a whole; a larger one comes back in its contract's format."""

LARGEST_SLIP = 64 << 20
"""Bytes of a returned workbook that may be a slip; one of a slip's most rows has some 10 MiB."""

HEAD = 1 << 18
"""Bytes at the beginning of a text file that tell what it is."""

HEADER_WITHIN = 20
"""Rows from the top among which the header is looked for."""

_SHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
_TEXTS = (".csv", ".txt", ".tsv")
_KINDS = {".jsonl": "ndjson", ".db": "sqlite", ".sqlite3": "sqlite", ".txt": "csv", ".tsv": "csv"}


@dataclass(frozen=True)
class ReturnedSlip:
    """Rows of a returned slip.

    Attributes:
        number: the slip's number.
        rows: per row its number as it stands there (None if that is no number), the cells by header, and whether its
            proposal is to be taken over.
    """

    number: str
    rows: tuple[tuple[int | None, Mapping[str, str], bool], ...]


Grid = list[list[str]]


def read_slip(path: Path) -> ReturnedSlip | None:
    """The slip in a workbook or CSV file; None if the file is something else.

    Raises:
        DeliveryError: the file cannot be read, or it is a slip whose columns are gone.
    """
    if not _may_be_slip(path):
        return None
    for name, grid in grids(path):
        if name == CONTROL_SHEET:
            continue
        top = " ".join(cell for row in grid[:HEADER_WITHIN] for cell in row[:3])
        number = NUMBER.search(top)
        header = next((place for place, row in enumerate(grid[:HEADER_WITHIN]) if _is_slip_header(row)), None)
        if number is None or header is None:
            if name == DATA_SHEET:
                raise DeliveryError(
                    "This was a return slip, but its number or its header is gone.",
                    where=path.name,
                    expected=f"the slip's number in the first row and a column {ROW}",
                    todo="Ask the sender to paste the mended rows into the slip as it was sent.",
                )
            continue
        headers = [plain(cell) for cell in grid[header]]
        rows = []
        for row in grid[header + 1 :]:
            cells = dict(zip(headers, row, strict=False))
            if any(text.strip() for text in cells.values()):
                adopt = next((text for title, text in cells.items() if title.startswith(ADOPT)), "")
                rows.append((_number(cells[ROW]), cells, adopt.strip() == YES))
        return ReturnedSlip(number[0], tuple(rows))
    return None


def _may_be_slip(path: Path) -> bool:
    """A look that costs little: whole deliveries come back too, and may be of any size."""
    suffix = path.suffix.lower()
    if suffix in _TEXTS:
        return NUMBER.search(_decoded(path, HEAD)) is not None
    return suffix in _SHEETS and path.stat().st_size <= LARGEST_SLIP


def _is_slip_header(row: Sequence[str]) -> bool:
    headers = [plain(cell) for cell in row]
    return ROW in headers and PROBLEM in headers


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if re.fullmatch("[0-9]{1,12}", text) else None


def as_delivered(path: Path, report: Report) -> Iterator[Chunk] | None:
    """The rows of a file in the format of the report's deliveries, as its contract reads them; None for another format.

    Raises:
        DeliveryError: while they are read; they are not what the contract says.
    """
    from yibiao.ingest.readers import Reading, read

    suffix = path.suffix.lower()
    kind = _KINDS.get(suffix, suffix.lstrip("."))
    wanted = report.server.format
    if kind == wanted or (kind == "ndjson" and wanted in ("api", "postgres")):
        return read(wanted, path, report, Reading(where=path.name))
    return None


def is_table(path: Path) -> bool:
    """Whether a file is of a kind in which people send tables, whatever its contract says."""
    return path.suffix.lower() in (*_SHEETS, *_TEXTS)


def as_table(path: Path, report: Report) -> pa.Table:
    """The rows of a workbook or text file that has the report's headers somewhere near its top.

    Returns:
        `_row` (1-based) and the contract's columns as text.

    Raises:
        DeliveryError: the file cannot be read, or has other headers.
    """
    for _, grid in grids(path):
        found = _find_header(grid, report)
        if found is not None:
            places, first = found
            return _table(grid[first:], places, report)
    raise DeliveryError(
        "No table with the report's headers is in this file.",
        where=path.name,
        expected=", ".join(column.header for column in report.columns),
        got=f"a {path.suffix or 'file without extension'}",
        todo="Send back the slip itself, or a file with the same header row as the delivery.",
    )


def report_of(path: Path, schemas: Schemas) -> list[str]:
    """The reports whose headers a spreadsheet or text file has, best first; empty for other formats."""
    if not is_table(path):
        return []
    scores: dict[str, int] = {}
    for _, grid in grids(path, head=True):
        for report in schemas.reports.values():
            if (found := _find_header(grid, report)) is not None:
                scores[report.id] = max(scores.get(report.id, 0), len(found[0]))
    best = max(scores.values(), default=0)
    return sorted(report for report, score in scores.items() if score == best)


def _find_header(grid: Grid, report: Report) -> tuple[dict[str, int], int] | None:
    """Where the contract's columns stand, and the first row below the header; None if this is no such table.

    Most columns have to be there, and all of the key. A header may have two rows.
    """
    from yibiao.ingest.readers.headers import flatten

    best: tuple[dict[str, int], int] | None = None
    for line in range(min(HEADER_WITHIN, len(grid))):
        for height in (1, 2):
            headers = flatten(grid[line : line + height])
            seen = {plain(text): place for place, text in reversed(list(enumerate(headers))) if plain(text)}
            places = {}
            for column in report.columns:
                known = [seen[text] for text in map(plain, (column.header, *column.aliases)) if text in seen]
                if known:
                    places[column.name] = known[0]
            enough = 2 * len(places) >= len(report.columns) and all(name in places for name in report.key)
            if enough and (best is None or len(places) > len(best[0])):
                best = places, line + height
    return best


def _table(rows: Grid, places: Mapping[str, int], report: Report) -> pa.Table:
    whole = [row for row in rows if any(cell.strip() for cell in row)]
    arrays: list[pa.Array] = [pa.array(range(1, len(whole) + 1), pa.int64())]
    for column in report.columns:
        place = places.get(column.name)
        texts = [None if place is None else row[place] if place < len(row) else "" for row in whole]
        arrays.append(pa.array(texts, pa.string()))
    return pa.Table.from_arrays(arrays, schema=schema([column.name for column in report.columns]))


def grids(path: Path, *, head: bool = False) -> Iterator[tuple[str, Grid]]:
    """The sheets of a workbook, or the one table of a text file, as texts; nothing for other formats.

    Args:
        head: the first rows of a text file will do.
    """
    suffix = path.suffix.lower()
    if suffix in _SHEETS:
        yield from _sheets(path)
    elif suffix in _TEXTS:
        yield "", _text_grid(path, HEAD if head else -1)


def _sheets(path: Path) -> Iterator[tuple[str, Grid]]:
    import python_calamine

    from yibiao.ingest.readers.spreadsheet import cell_text

    _refuse_bomb(path)
    try:
        book = python_calamine.load_workbook(str(path))
        for name in book.sheet_names:
            cells = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            yield name, [[cell_text(cell) for cell in row] for row in cells]
    except YibiaoError:
        raise
    except BaseException as error:  # the library panics on damaged files, which is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit | MemoryError):
            raise
        raise _unreadable(path, error) from None


def _refuse_bomb(path: Path) -> None:
    """A small file may unpack to more than memory holds."""
    size = path.stat().st_size
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                size = sum(one.file_size for one in archive.infolist())
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise _unreadable(path, error) from None
    if size > LARGEST:
        raise DeliveryError(
            "The returned file is too large to be read as a table.",
            where=path.name,
            expected=f"at most {LARGEST >> 30} GiB unpacked",
            todo="Send back only the mended rows, or the whole file in the format of the contract.",
        )


def _text_grid(path: Path, size: int) -> Grid:
    if size < 0:
        _refuse_bomb(path)
    text = _decoded(path, size)
    head = text[:4096].splitlines()[:HEADER_WITHIN]
    delimiter = max((",", "\t", ";", "|"), key=lambda one: max((line.count(one) for line in head), default=0))
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise _unreadable(path, error) from None


def _decoded(path: Path, size: int) -> str:
    """The first bytes of a text file, or with -1 all of them; a character that is cut at the end is left out."""
    with path.open("rb") as stream:
        content = stream.read(size)
    known = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for codec in known:
        try:
            return codecs.getincrementaldecoder(codec)().decode(content, final=size < 0)
        except UnicodeDecodeError:
            continue
    raise DeliveryError(
        "The returned file is in no known encoding.",
        where=path.name,
        expected="UTF-8, UTF-16 or GB18030",
        todo="Ask the sender to save it as a workbook (.xlsx).",
    )


def _unreadable(path: Path, error: Any) -> DeliveryError:
    return DeliveryError(
        "The returned file cannot be read.",
        where=path.name,
        expected="a workbook or a text file with a header row",
        got=type(error).__name__,
        todo="Open it in a spreadsheet program, save it again as .xlsx, and take that.",
    )
