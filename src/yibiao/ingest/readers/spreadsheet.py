"""XLSX and XLS through python-calamine: title rows, merged headers, group rows, footers; every cell as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from yibiao.contracts.values import Report
from yibiao.errors import DeliveryError
from yibiao.ingest.readers.chunks import Chunk, Reading, from_lists
from yibiao.ingest.readers.headers import flatten

BATCH = 20_000

_EXACT = 10**15
"""Spreadsheets keep 15 digits of a number. A longer one has lost some: it gets a form that no identifier rule takes."""

COUNT = "count"
"""Named group of `groupPattern` that is the printed number of rows in the group."""


def cell_text(value: Any) -> str:
    """A cell as text: whole numbers without `.0`, days as ISO, nothing invented for numbers that lost digits."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
        return repr(value).upper()
    if isinstance(value, int):
        return str(value) if abs(value) < _EXACT else repr(float(value)).upper()
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def read_spreadsheet(path: Path, report: Report, reading: Reading) -> Iterator[Chunk]:
    """Rows of one sheet; see `yibiao.ingest.readers`."""
    options = report.server.options
    sheet = _sheet(path, options.get("sheet"), reading.where)
    titles, height = options.get("title_rows", 0), options.get("header_rows", 1)
    rows = _Rows(sheet, reading.where)
    top = [rows.next() for _ in range(titles + height)]
    if any(row is None for row in top) or not any(any(row or ()) for row in top[titles:]):
        raise DeliveryError(
            "The sheet is empty: it has no header.",
            where=reading.where,
            expected=f"a header of {height} row(s) below {titles} title row(s)",
            todo="Ask the sender to export the file again, or correct `titleRows` and `headerRows` in the contract.",
        )
    reading.left_out["title"] += titles
    reading.title = [" ".join(filter(None, row or ())) for row in top[:titles]]
    headers = flatten([row or [] for row in top[titles:]], _spans(sheet, titles, height))
    groups = _Groups(options.get("group_pattern"), reading)
    binding = reading.bind(report, [*headers, *groups.names])
    footer = re.compile(options["footer_pattern"]) if options.get("footer_pattern") else None
    width = len(headers)
    totals = [re.compile(total["footer"]) for total in report.control_totals if total.get("footer")]

    pending: list[list[str]] = []
    while (row := rows.next()) is not None:
        if not any(row):
            continue
        if footer and footer.match(next(filter(None, row)).strip()):
            reading.left_out["footer"] += 1
            _printed_total(totals, " ".join(filter(None, row)), reading)
            continue
        if groups.takes(row):
            reading.left_out["group"] += 1
            continue
        groups.count += 1
        reading.total += 1
        pending.append([*(row[:width] if len(row) >= width else [*row, *[""] * (width - len(row))]), *groups.values])
        if len(pending) == BATCH:
            yield _chunk(binding, pending, reading.total)
            pending = []
    groups.close()
    if pending:
        yield _chunk(binding, pending, reading.total)
    for total in reading.control_totals:
        if total["counted"] is None:
            total["counted"] = reading.total


def title_text(path: Path, report: Report, where: str) -> str:
    """The cells above the header, for contracts whose edition stands in a cell."""
    rows = _Rows(_sheet(path, report.server.options.get("sheet"), where), where)
    found = [rows.next() or [] for _ in range(report.server.options.get("title_rows", 0))]
    return " ".join(text for row in found for text in row if text)


def _chunk(binding: Any, pending: list[list[str]], last: int) -> Chunk:
    columns: list[Sequence[str]] = list(zip(*pending, strict=True))
    chosen = [None if place is None else columns[place] for place in binding.places]
    return Chunk(from_lists(binding.names, last - len(pending) + 1, chosen, len(pending)))


def _sheet(path: Path, wanted: str | int | None, where: str) -> Any:
    import python_calamine

    def unreadable(error: BaseException) -> DeliveryError:
        return DeliveryError(
            "The file cannot be opened as a spreadsheet.",
            where=where,
            expected="a complete XLSX or XLS file without a password",
            got=type(error).__name__,
            todo="Ask the sender to send the file again: it was cut off, is protected, or is of another kind.",
        )

    # calamine tells the kind from the extension of a path, and landed objects have none.
    book = _guarded(lambda: python_calamine.CalamineWorkbook.from_filelike(path.open("rb")), unreadable)
    names = book.sheet_names
    if isinstance(wanted, str) and wanted not in names:
        raise DeliveryError(
            "The workbook does not have the sheet.",
            where=where,
            expected=wanted,
            got=f"{len(names)} sheets",
            todo="Correct `sheet` in the contract, or ask the sender.",
        )
    place = names.index(wanted) if isinstance(wanted, str) else (wanted or 0)
    if not 0 <= place < len(names):
        raise DeliveryError("The workbook does not have the sheet.", where=where, got=f"{len(names)} sheets")
    return _guarded(lambda: book.get_sheet_by_index(place), unreadable)


def _guarded(action: Callable[[], Any], wrap: Callable[[BaseException], DeliveryError]) -> Any:
    """calamine is native code: a damaged file ends in its own errors, or in a panic that is no `Exception`."""
    try:
        return action()
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:
        raise wrap(error) from None


class _Rows:
    """Rows of a sheet as texts, from its first row on, None at the end."""

    def __init__(self, sheet: Any, where: str) -> None:
        self._rows = iter(sheet.iter_rows())
        self._where = where

    def next(self) -> list[str] | None:
        row = _guarded(lambda: next(self._rows, None), self._damaged)
        return None if row is None else [value if isinstance(value, str) else cell_text(value) for value in row]

    def _damaged(self, error: BaseException) -> DeliveryError:
        return DeliveryError(
            "The sheet breaks off.",
            where=self._where,
            expected="a complete sheet",
            got=type(error).__name__,
            todo="Ask the sender to send the file again.",
        )


def _spans(sheet: Any, titles: int, height: int) -> list[tuple[int, int, int, int]] | None:
    """Merged cells of the header, relative to its first row; None if the file has none or does not tell."""
    merged = sheet.merged_cell_ranges or []
    spans = [
        (top - titles, left, bottom - titles, right)
        for (top, left), (bottom, right) in merged
        if titles <= top < titles + height
    ]
    return spans or None


def _printed_total(patterns: Sequence[re.Pattern[str]], text: str, reading: Reading) -> None:
    for pattern in patterns:
        if found := pattern.search(text):
            reading.control_totals.append({"name": "rows", "stated": int(found[1].replace(",", "")), "counted": None})


class _Groups:
    """Group rows (a province above its schools): a value carried down to the rows below, a printed count recounted."""

    def __init__(self, pattern: str | None, reading: Reading) -> None:
        self._pattern = re.compile(pattern) if pattern else None
        self.names = [name for name in self._pattern.groupindex if name != COUNT] if self._pattern else []
        self.values = [""] * len(self.names)
        self.count = 0
        self._reading = reading
        self._open: dict[str, Any] | None = None

    def takes(self, row: Sequence[str]) -> bool:
        """Is this the title of a group? Such a row has one text in it, maybe repeated by a merge."""
        if self._pattern is None:
            return False
        texts = {text.strip() for text in row if text.strip()}
        found = self._pattern.search(next(iter(texts))) if len(texts) == 1 else None
        if not found:
            return False
        self.close()
        parts = found.groupdict()
        self.values = [parts[name] or "" for name in self.names]
        if parts.get(COUNT):
            name = " ".join(self.values) or "group"
            self._open = {"name": name, "stated": int(parts[COUNT]), "counted": 0}
        return True

    def close(self) -> None:
        """The group ends: write down its printed and its counted rows."""
        if self._open is not None:
            self._reading.control_totals.append({**self._open, "counted": self.count})
        self._open, self.count = None, 0
