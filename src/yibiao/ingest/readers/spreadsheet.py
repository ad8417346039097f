"""XLSX, XLS and ODS by contract: sheets, titles, merged headers, groups, sub-totals, notes; every cell as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from yibiao.contracts.reports import Column, Report
from yibiao.errors import DeliveryError
from yibiao.ingest.columns import Binding, bind, plain
from yibiao.ingest.readers.chunks import Broken, Chunk, Reading, schema
from yibiao.ingest.readers.spreadsheet_book import Book, Sheet
from yibiao.ingest.readers.spreadsheet_cells import cell_text
from yibiao.ingest.readers.spreadsheet_marked import marked
from yibiao.ingest.readers.spreadsheet_rows import Layout, Part, cut
from yibiao.ingest.readers.spreadsheet_totals import Earlier, recount
from yibiao.ingest.readers.totals import as_numbers, noted, total
from yibiao.ingest.repairs import NUMERIC, Repairs, find

__all__ = ["HIDDEN_ROWS", "cell_text", "read_spreadsheet", "title_text"]

HIDDEN_ROWS = "row.hidden"
"""Warning: data rows that one does not see when one looks at the sheet."""


def read_spreadsheet(path: Path, report: Report, reading: Reading) -> Iterator[Chunk]:
    """Rows of one sheet, or of one table over several sheets; see `yibiao.ingest.readers`."""
    options = report.server.options
    layout = Layout.of(options)
    book = Book(path, reading.where)
    chosen = _chosen(book, options, reading.where)
    several = len(chosen) > 1
    parts: list[Part] = []
    earlier = Earlier()
    for sheet in chosen:
        part = cut(book.grid(sheet), layout)
        if part is None and not (several and options.get("sheets") == "all"):
            raise _no_header(layout, reading.where, sheet if several else None)
        if part is None or (parts and not _same_header(parts[0], part, sheet, reading.where)):
            _tell_other(book, sheet, reading)
            continue
        parts.append(part)
        if len(parts) == 1:
            reading.title = part.title
            reading.bind(report, [*part.headers, *part.group_names])
        yield from _read_part(part, report, reading, several, earlier)
    if not parts:
        raise _no_header(layout, reading.where, None)
    for sheet in book.sheets:
        if sheet not in chosen:
            _tell_other(book, sheet, reading)
    reading.control_totals += _noted_totals(report, parts, reading)


def title_text(path: Path, report: Report, where: str) -> str:
    """The cells above the header, for contracts whose edition stands in a cell."""
    options = report.server.options
    book = Book(path, where)
    part = cut(book.grid(_chosen(book, options, where)[0]), Layout.of(options))
    return " ".join(text for text in part.title if text) if part else ""


def _chosen(book: Book, options: Any, where: str) -> list[Sheet]:
    """The sheets to read: those that the contract names, else the first that one sees."""
    visible = [sheet for sheet in book.sheets if sheet.visible]
    wanted = options.get("sheets", options.get("sheet"))
    if wanted == "all" and "sheets" in options:
        found = visible
    elif wanted is None:
        found = visible[:1] or book.sheets[:1]
    else:
        names = wanted if isinstance(wanted, list) else [wanted]
        found = [sheet for name in names for sheet in book.sheets if name in (sheet.name, sheet.place)]
        if len(found) < len(names):
            raise DeliveryError(
                "The workbook does not have the sheet.",
                where=where,
                expected=", ".join(map(str, names)),
                got=f"{len(book.sheets)} sheets",
                todo="Correct `sheet` in the contract, or ask the sender.",
            )
    if not found:
        raise DeliveryError("The workbook has no sheet.", where=where, todo="Ask the sender to send the file again.")
    return found


def _no_header(layout: Layout, where: str, sheet: Sheet | None) -> DeliveryError:
    place = f"{where}, sheet {sheet.place + 1}" if sheet else where
    if layout.after is not None:
        return DeliveryError(
            "The table is not in the sheet.",
            where=place,
            expected=f"a row that fits `{layout.after.pattern}`, and a header below it",
            todo="Ask the sender, or correct `tableAfter` in the contract.",
        )
    return DeliveryError(
        "The sheet is empty: it has no header.",
        where=place,
        expected=f"a header of {layout.header_rows} row(s) below {layout.title_rows} title row(s)",
        todo="Ask the sender to export the file again, or correct `titleRows` and `headerRows` in the contract.",
    )


def _same_header(first: Part, part: Part, sheet: Sheet, where: str) -> bool:
    """Has this sheet the table, too? A header that is only partly known must not be passed over in silence.

    Raises:
        DeliveryError: some of its headers are those of the first sheet, but not all.
    """
    known, found = ({plain(text) for text in one.headers} - {""} for one in (first, part))
    if known == found:
        return True
    if 2 * len(known & found) < len(known):
        return False
    raise DeliveryError(
        "Sheets that should hold one table have different headers.",
        where=f"{where}, sheet {sheet.place + 1}",
        expected=f"the {len(known)} headers of the first sheet",
        got=f"{len(known & found)} of them, and {len(found - known)} others",
        todo="Ask the sender to give all sheets the same header, or name the sheets to read in the contract.",
    )


def _tell_other(book: Book, sheet: Sheet, reading: Reading) -> None:
    """Count the rows of a sheet that is not read, so that nobody believes it was."""
    try:
        rows = int((book.grid(sheet).filled() > 0).sum())
    except DeliveryError:
        rows = 1  # a chart, or a damaged sheet that nobody wanted to read
    reading.left_out["other_sheet" if sheet.visible else "hidden_sheet"] += rows


def _read_part(part: Part, report: Report, reading: Reading, several: bool, earlier: Earlier) -> Iterator[Chunk]:
    binding = bind(report, [*part.headers, *part.group_names], reading.where, reading.renamed)
    first = reading.total + 1
    count = len(part.rows)
    repairs = Repairs(report, reading.where)
    arrays = [
        _column(part, column, place, count, repairs)
        for column, place in zip(report.columns, binding.places, strict=True)
    ]
    columns = _summable(report, binding, len(part.headers))
    totals = recount(part, columns, earlier)
    if several:
        earlier.add(part, columns)
    for one in totals:
        if several:
            one["name"] = f"{part.grid.name}: {one['name']}"
    reading.control_totals += totals
    reading.left_out.update(part.left_out)
    if part.hidden:
        reading.warnings[HIDDEN_ROWS] += part.hidden
    reading.repairs += repairs.safe
    reading.sheets.append({"name": part.grid.name, "first": first, "rows": count})
    reading.total += count
    if count:
        yield _chunk(binding.names, arrays, first, repairs)


def _column(part: Part, column: Column, place: int | None, count: int, repairs: Repairs) -> pa.Array:
    """One column of the contract, with its safe repairs made."""
    if place is None:
        return pa.nulls(count, pa.string())
    if place >= len(part.headers):
        return part.group_values[place - len(part.headers)]
    texts, kinds, findings = marked(part, place)
    texts = repairs.apply(column, texts, findings)
    return repairs.apply(column, texts, find(column, texts, kinds, since_1904=part.grid.since_1904))


def _chunk(names: Sequence[str], arrays: Sequence[pa.Array], first: int, repairs: Repairs) -> Chunk:
    """Rows that nobody has to be asked about, and the others."""
    table = pa.Table.from_arrays(
        [pa.array(np.arange(first, first + len(arrays[0]), dtype=np.int64)), *arrays], schema=schema(names)
    )
    if not repairs.held:
        return Chunk(table)
    places = sorted(repairs.held)
    rows = table.take(pa.array(places)).to_pylist()
    broken = []
    for place, row in zip(places, rows, strict=True):
        held = repairs.held[place]
        cells = {name: text for name, text in row.items() if name != "_row" and text is not None}
        rule, *more = held.rules
        broken.append(Broken(row["_row"], rule, "", cells, held.proposal, tuple(more)))
    keep = np.ones(table.num_rows, dtype=bool)
    keep[places] = False
    return Chunk(table.filter(pa.array(keep)), tuple(broken))


def _summable(report: Report, binding: Binding, width: int) -> list[int]:
    pairs = zip(report.columns, binding.places, strict=True)
    return [place for column, place in pairs if column.type in NUMERIC and place is not None and place < width]


def _noted_totals(report: Report, parts: Sequence[Part], reading: Reading) -> list[dict[str, Any]]:
    """What notes print about all rows, recounted."""

    def added(column: str) -> Decimal:
        assert reading.binding is not None
        place = reading.binding.places[reading.binding.names.index(column)]
        if place is None or place >= len(parts[0].headers):
            return Decimal(0)
        header = parts[0].headers[place]  # sheets may have it elsewhere
        return sum((total(as_numbers(part.texts(part.headers.index(header)))) for part in parts), Decimal(0))

    return noted(report, [text for part in parts for text in part.footers], reading.total, added)
