"""Marks of an XLS sheet: the records of its BIFF stream that calamine does not tell of."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from yibiao.ingest.readers.spreadsheet_marks import ERROR, UNCOMPUTED, Marks

_EOF, _FORMULA, _DATEMODE, _COLUMNS, _BOUNDSHEET = 0x000A, 0x0006, 0x0022, 0x007D, 0x0085
_MANY_RK, _XF, _NUMBER, _ERROR_OR_TRUTH, _ROW, _RK, _FORMAT = 0x00BD, 0x00E0, 0x0203, 0x0205, 0x0208, 0x027E, 0x041E
"""Records of [MS-XLS] 2.3."""


def xls_marks(path: Path, place: int) -> Marks:
    """See `yibiao.ingest.readers.spreadsheet_marks.read_marks`."""
    stream = _stream(path)
    marks = Marks()
    sheets: list[int] = []
    formats: dict[int, int] = {}
    padding: dict[int, int] = {}
    styles = 0
    for kind, start, size in _records(stream, 0):
        if kind == _DATEMODE and size >= 2:
            marks.since_1904 = stream[start] == 1
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
    if place < len(sheets):
        for kind, start, size in _records(stream, sheets[place]):
            _mark(stream, kind, start, size, padding, marks)
    return marks


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
    """(kind, start of its data, bytes) of every record up to the end of the sheet."""
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        if kind == _EOF or place + 4 + size > len(stream):
            return
        yield kind, place + 4, size
        place += 4 + size


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
