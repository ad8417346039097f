"""Marks of the sheets of an XLS workbook: the records of its BIFF stream that calamine does not tell of."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from yibiao.ingest.readers.spreadsheet_marks import ERROR, UNCOMPUTED, Marks

_EOF, _FORMULA, _DATEMODE, _COLUMNS, _BOUNDSHEET = 0x000A, 0x0006, 0x0022, 0x007D, 0x0085
_MANY_RK, _XF, _NUMBER, _ERROR_OR_TRUTH, _ROW, _RK, _FORMAT = 0x00BD, 0x00E0, 0x0203, 0x0205, 0x0208, 0x027E, 0x041E
_LABEL, _RICH_LABEL, _SHARED_LABEL = 0x0204, 0x00D6, 0x00FD
"""Records of [MS-XLS] 2.3."""

_PLAIN_CELLS = frozenset({_LABEL, _RICH_LABEL, _SHARED_LABEL, _NUMBER, _RK, _MANY_RK})
_CELLS = _PLAIN_CELLS | {_FORMULA, _ERROR_OR_TRUTH}
_PLACE = struct.Struct("<HH")
_MOST_COLUMNS = 256

_LAST_KIND = 0xFFFFFFFA
"""From here on a sector number is a mark: the end of a chain, a free sector ([MS-CFB] 2.1)."""


def xls_marks(path: Path) -> list[Marks]:
    """Marks of every sheet; see `yibiao.ingest.readers.spreadsheet_marks`.

    Raises:
        ValueError, OSError, struct.error: the container or a record of a cell is damaged. calamine reads all sheets
            when it opens a file, and ends the process if their cells need more memory than there is.
    """
    _check_container(path)
    stream = _stream(path)
    sheets: list[int] = []
    formats: dict[int, int] = {}
    padding: dict[int, int] = {}
    styles = 0
    since_1904 = False
    for kind, start, size in _records(stream, 0):
        if kind == _DATEMODE and size >= 2:
            since_1904 = stream[start] == 1
        elif kind == _BOUNDSHEET and size >= 4:
            sheets.append(struct.unpack_from("<I", stream, start)[0])
        elif kind == _FORMAT and size >= 6:
            code = stream[start + 5 : start + size] if stream[start + 4] == 0 else b""  # one byte a character
            if len(code) >= 2 and not code.strip(b"0"):
                formats[struct.unpack_from("<H", stream, start)[0]] = len(code)
        elif kind == _XF and size >= 4:
            if digits := formats.get(struct.unpack_from("<H", stream, start + 2)[0]):
                padding[styles] = digits
            styles += 1
    return [_marks_of(stream, place, padding, since_1904) for place in sheets]


def _marks_of(stream: bytes, place: int, padding: dict[int, int], since_1904: bool) -> Marks:
    marks = Marks(since_1904=since_1904)
    rows = columns = -1
    last, ordered = (-1, -1), True
    for kind, start, size in _records(stream, place):
        if kind in _CELLS and size >= 6:
            row, column = place_ = _PLACE.unpack_from(stream, start)
            ordered = ordered and place_ > last
            if kind == _MANY_RK:
                column += (size - 6) // 6 - 1
            last = row, column
            rows, columns = max(rows, row), max(columns, column)
            if kind not in _PLAIN_CELLS or padding:
                _mark(stream, kind, start, size, padding, marks)
        elif kind in (_ROW, _COLUMNS):
            _mark(stream, kind, start, size, padding, marks)
    if columns >= _MOST_COLUMNS:
        raise ValueError("a cell beyond the last column")
    marks.rows, marks.columns = rows + 1, columns + 1
    marks.repeated = not ordered and _is_repeated(stream, place)
    return marks


def _is_repeated(stream: bytes, place: int) -> bool:
    """Whether two cells of a sheet are at one place."""
    seen: set[tuple[int, int]] = set()
    for kind, start, size in _records(stream, place):
        if kind in _CELLS and size >= 6:
            row, column = _PLACE.unpack_from(stream, start)
            for number in range((size - 6) // 6 if kind == _MANY_RK else 1):
                if (row, column + number) in seen:
                    return True
                seen.add((row, column + number))
    return False


def _check_container(path: Path) -> None:
    """Refuse a damaged container: calamine follows a chain of sectors for ever if it is a ring."""
    import olefile

    with path.open("rb") as file:
        if file.read(8) != olefile.MAGIC:
            return
    with olefile.OleFileIO(str(path)) as container:
        sectors, small = list(container.fat), None
        _follow(sectors, container.first_dir_sector)
        if container.num_mini_fat_sectors:
            _follow(sectors, container.first_mini_fat_sector)
        _follow(sectors, container.root.isectStart)
        for entry in container.direntries:
            if entry is None or entry.entry_type != olefile.STGTY_STREAM or not entry.size:
                continue
            if entry.size >= container.mini_stream_cutoff_size:
                _follow(sectors, entry.isectStart)
            else:
                if small is None:
                    container.loadminifat()
                    small = list(container.minifat)
                _follow(small, entry.isectStart)


def _follow(sectors: list[int], place: int) -> None:
    for _ in range(len(sectors) + 1):
        if place >= _LAST_KIND:
            return
        if place >= len(sectors):
            raise ValueError("a chain of sectors leads out of the file")
        place = sectors[place]
    raise ValueError("a chain of sectors without an end")


def _stream(path: Path) -> bytes:
    import olefile

    with path.open("rb") as file:
        if file.read(8) != olefile.MAGIC:
            file.seek(0)
            return file.read()  # versions before 5 have no container
    with olefile.OleFileIO(str(path)) as container:
        for name in ("Workbook", "Book"):
            if container.exists(name):
                return container.openstream(name).read()
    raise ValueError("no workbook in the container")


def _records(stream: bytes, place: int) -> Iterator[tuple[int, int, int]]:
    """(kind, start of its data, bytes) of every record up to the end of the sheet, which must be there."""
    while place + 4 <= len(stream):
        kind, size = _PLACE.unpack_from(stream, place)
        if kind == _EOF:
            return
        if place + 4 + size > len(stream):
            break
        yield kind, place + 4, size
        place += 4 + size
    raise ValueError("a sheet without its end")


def _mark(stream: bytes, kind: int, start: int, size: int, padding: dict[int, int], marks: Marks) -> None:
    if kind == _ROW and size >= 16:
        row, options = struct.unpack_from("<H10xH", stream, start)
        if options & 0x20:
            marks.hidden_rows.add(row)
    elif kind == _COLUMNS and size >= 10:
        first, last, options = struct.unpack_from("<HH4xH", stream, start)
        if options & 1:
            marks.hidden_columns.update(range(first, min(last, 255) + 1))
    elif kind == _ERROR_OR_TRUTH and size >= 8:
        row, column, is_error = struct.unpack_from("<HH3xB", stream, start)
        if is_error:
            marks.flaws[row, column] = ERROR
    elif kind == _FORMULA and size >= 16:
        row, column, result, mark, options = struct.unpack_from("<HH2xB5xHH", stream, start)
        if mark == 0xFFFF and result == 2:
            marks.flaws[row, column] = ERROR
        elif mark == 0xFFFF and result == 3 and options & 3 == 3:  # an empty text, and to be computed when opened
            marks.flaws[row, column] = UNCOMPUTED
    elif padding and kind in (_NUMBER, _RK) and size >= 6:
        row, column, style = struct.unpack_from("<HHH", stream, start)
        if digits := padding.get(style):
            marks.padded[row, column] = digits
    elif padding and kind == _MANY_RK and size >= 6:
        row, first = struct.unpack_from("<HH", stream, start)
        for number in range((size - 6) // 6):
            if digits := padding.get(struct.unpack_from("<H", stream, start + 4 + 6 * number)[0]):
                marks.padded[row, first + number] = digits
