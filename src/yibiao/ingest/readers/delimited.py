"""Delimited text (CSV) in any declared encoding, by pyarrow's streaming parser, in bounded memory."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from yibiao.contracts.reports import Report
from yibiao.detect.text_lines import bare, lines_of
from yibiao.detect.text_split import BACKSLASH, DOUBLED, Dialect
from yibiao.errors import DeliveryError
from yibiao.ingest.columns import Binding
from yibiao.ingest.readers.chunks import Broken, Chunk, Reading, RowNumbers, schema
from yibiao.ingest.readers.damage import MARK, MOST, shown, too_many
from yibiao.ingest.readers.encodings import HEAD, Utf8Stream, check_head, check_tail, wrong_encoding
from yibiao.ingest.readers.guard import UNIT, Guard
from yibiao.ingest.readers.headers import flatten
from yibiao.ingest.readers.mismatch import wrong_dialect
from yibiao.ingest.readers.ragged import Proposer
from yibiao.ingest.readers.text_totals import TextTotals, matching

BLOCK = 1 << 20
"""Bytes parsed at once: they stay in the processor's cache (8 MiB blocks take a fifth longer)."""

RAGGED = "row.columns"
"""Rule of a row that has more or fewer cells than the header."""

ENCODING = "row.encoding"
"""Rule of a row that holds bytes which the declared encoding does not know."""

_MARK = "\x02"
"""Begins the row that stands for one that the guard took out; pyarrow finds it too wide and asks what to do."""


@dataclass(frozen=True)
class _Format:
    """How the contract says that the file is written."""

    dialect: Dialect
    titles: int
    headers: int
    footer: str | None

    @property
    def separator(self) -> str:
        """The one byte between cells on the way to the parser."""
        single = len(self.dialect.delimiter.encode("utf-8")) == 1
        return self.dialect.delimiter if single else UNIT.decode()


def read_csv(path: Path, report: Report, reading: Reading) -> Iterator[Chunk]:
    """Rows of a CSV file; see `yibiao.ingest.readers`."""
    server = report.server
    options = server.options
    escape = BACKSLASH if options.get("escape") else DOUBLED
    written = _Format(
        Dialect(options.get("delimiter", ","), options.get("quote", '"'), escape),
        options.get("title_rows", 0),
        options.get("header_rows", 1),
        options.get("footer_pattern"),
    )
    codec = check_head(server.codec, server.encoding, path, reading.where)
    check_tail(path, reading.where)

    def failed(got: str = "damaged text") -> DeliveryError:
        return wrong_encoding(server.encoding, path, reading.where, got)

    with path.open("rb") as source:
        stream = Utf8Stream(source, codec, failed, mark=True)
        try:
            headers = _header(stream, written, reading)
            whole = not any(MARK in header for header in headers)
            binding = reading.bind(report, headers) if whole else None
        except DeliveryError as error:
            raise wrong_dialect(path, written.dialect, written.titles, written.headers, error) from None
        if binding is None:
            raise failed("a header with damaged bytes")
        coded = frozenset(column.name for column in report.columns if column.type == "code")
        totals = TextTotals(report, binding)
        yield from _rows(stream, codec, binding, coded, written, reading, totals, failed)
        reading.control_totals += totals.told()


def _header(stream: Utf8Stream, written: _Format, reading: Reading) -> list[str]:
    """Read the rows above the data and leave the stream at the first data row."""
    head = stream.read(HEAD)
    text = head.decode("utf-8", errors="replace")  # the last character may be cut; it is far behind the header
    titles, rows, dialect = written.titles, written.headers, written.dialect
    lines = _Lines(text)
    parser = _parser(lines, dialect)
    found: list[list[str]] = []
    try:
        while len(found) < titles + rows:
            row = next(parser)
            if row or len(found) < titles:
                found.append(row)
    except StopIteration:
        pass
    except csv.Error:
        raise DeliveryError(
            "The header cannot be split into columns.",
            where=reading.where,
            expected=f"a header in row {titles + 1}, columns separated by {dialect.delimiter!r}",
            todo="Look at the first rows of the file.",
        ) from None
    if len(found) < titles + rows or not any(map(str.strip, found[-1])):
        raise DeliveryError(
            "The delivery is empty: it has no header.",
            where=reading.where,
            expected=f"a header in row {titles + 1}",
            got=f"{len(found)} rows",
            todo="Ask the sender to export the file again.",
        )
    reading.left_out["title"] += titles
    reading.title = [" ".join(row) for row in found[:titles]]
    stream.push_back(head[lines.used :])
    return flatten(found[titles:])


class _Lines:
    """Lines of a text, with the bytes that those given so far take up."""

    def __init__(self, text: str) -> None:
        self._lines = lines_of(text)
        self.used = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.used += len(line.encode("utf-8"))
            yield line


def _parser(lines: _Lines, dialect: Dialect) -> Iterator[list[str]]:
    """Rows of titles and headers; one parser is lenient with quotes, the other knows delimiters of any length."""
    if len(dialect.delimiter) != 1:
        return (dialect.strict(bare(line))[0] or [] for line in lines)
    return csv.reader(
        iter(lines),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        escapechar="\\" if dialect.escape == BACKSLASH else None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
    )


class _Keeper:
    """Rows kept out of the dataset: what the guard took out, and what the parser found too long or too short."""

    def __init__(
        self,
        written: _Format,
        codec: str,
        proposer: Proposer,
        numbers: RowNumbers,
        reading: Reading,
        totals: TextTotals,
        failed: Callable[[str], DeliveryError],
    ) -> None:
        self._written, self._proposer, self._numbers, self._reading = written, proposer, numbers, reading
        self._codec, self._totals, self._failed = codec, totals, failed
        self._taken: list[tuple[str, str]] = []
        self._damaged = 0
        self._wide = written.separator * proposer.width

    def replace(self, rule: str, line: bytes) -> bytes:
        """Bytes that stand for a record in which a quote, a zero byte or a byte that did not decode does not fit."""
        text = bare(line.decode("utf-8", errors="replace"))
        if MARK in text:
            rule = ENCODING
            self._damaged += 1
            if self._damaged > MOST:
                raise self._failed(f"more than {MOST:,} rows with bytes that are none of its characters")
        elif rule == "row.quote" and (cells := self._proposer.plain(text)) is not None:
            quote, separator = self._written.dialect.quote, self._written.separator
            return (separator.join(quote + cell.replace(quote, quote * 2) + quote for cell in cells) + "\n").encode()
        self._taken.append((rule, text))
        return f"{_MARK}{len(self._taken) - 1}{self._wide}\n".encode()

    def invalid(self, row: arrow_csv.InvalidRow) -> str:
        """What the parser asks for every row of another width."""
        rule, text = RAGGED, row.text
        if text.startswith(_MARK):
            rule, text = self._taken[int(text[1 : text.index(self._written.separator)])]
        elif self._written.separator != self._written.dialect.delimiter:
            text = text.replace(self._written.separator, self._written.dialect.delimiter)
        if kind := self._is_no_data(row.number, text):
            self._numbers.leave_out([row.number], whole=False)
            self._reading.left_out[kind] += 1
        else:
            self._numbers.broke(self._broken(row.number, rule, text))
            self._totals.broken(row.number)
        return "skip"

    def _broken(self, row: int, rule: str, text: str) -> Broken:
        if rule == ENCODING:
            return Broken(row, rule, shown(text).replace("\0", "\u2400"), *self._proposer.damaged(text, self._codec))
        return Broken(row, rule, text.replace("\0", "\u2400"), proposal=self._proposer.proposal(text))

    def refuse_if_many(self, rows: int) -> None:
        """Judge the number of damaged rows when all are read.

        Raises:
            DeliveryError: they are too many for slips.
        """
        if self._damaged and too_many(self._damaged, rows):
            raise self._failed(f"{self._damaged:,} of {rows:,} rows with bytes that are none of its characters")

    def _is_no_data(self, place: int, text: str) -> str:
        """The kind of a line that is a note or a row of sums; empty for a row of data."""
        footer, dialect = self._written.footer, self._written.dialect
        bared = text.lstrip(dialect.quote)
        if footer and re.match(footer, bared):
            self._totals.note([bared])
            return "footer"
        return self._totals.is_total(place, dialect.strict(text)[0] or [text]) if self._totals.wanted else ""


def _rows(
    stream: Utf8Stream,
    codec: str,
    binding: Binding,
    coded: frozenset[str],
    written: _Format,
    reading: Reading,
    totals: TextTotals,
    failed: Callable[[str], DeliveryError],
) -> Iterator[Chunk]:
    if not stream.skip(b"\r\n"):
        return
    first = stream.read(HEAD)
    stream.push_back(first)
    names = [f"c{place}" for place in range(len(binding.headers))]
    # Where sums are looked for, all columns: what a note says may stand in any of them.
    wanted = (
        range(len(names)) if totals.wanted else sorted({0, *(place for place in binding.places if place is not None)})
    )
    numbers = RowNumbers()
    target = schema(binding.names, coded)
    # Columns with code lists leave the parser dictionary-encoded: it costs nothing there, and spares much later.
    types = {
        names[place]: target.field(name).type
        for name, place in zip(binding.names, binding.places, strict=True)
        if place is not None
    }
    dialect = written.dialect
    footer = re.compile(f"^(?:{written.footer})") if written.footer else None
    proposer = Proposer(dialect, binding, lambda: first.decode("utf-8", errors="replace"))
    keeper = _Keeper(written, codec, proposer, numbers, reading, totals, failed)
    escaped = dialect.escape == BACKSLASH
    guard = Guard(
        stream,
        dialect.delimiter.encode("utf-8") or UNIT,
        dialect.quote.encode("utf-8"),
        keeper.replace,
        escaped=escaped,
        rows=proposer.are_rows,
        block=BLOCK,
    )
    try:
        batches = arrow_csv.open_csv(
            pa.PythonFile(guard, mode="r"),
            # One parsing thread: rows keep their numbers, and checking and writing use the other processors.
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=names),
            parse_options=arrow_csv.ParseOptions(
                delimiter=written.separator,
                quote_char=dialect.quote or False,
                escape_char="\\" if escaped else False,
                newlines_in_values=True,
                invalid_row_handler=keeper.invalid,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={**dict.fromkeys(names, pa.string()), **types},
                include_columns=[names[place] for place in wanted],
                strings_can_be_null=False,
                check_utf8=False,  # all of the stream is UTF-8
            ),
        )
        for batch in batches:
            places = numbers.take(batch.num_rows)
            if footer or totals.wanted:
                kept = _data_rows(batch, places, footer, numbers, reading, totals)
                if not kept.all():
                    batch, places = batch.filter(pa.array(kept)), places[kept]
                if totals.wanted:
                    totals.add(batch, places)
            arrays = [pa.array(numbers.final(places))]
            arrays += [
                pa.nulls(len(places), target.field(name).type) if place is None else batch.column(names[place])
                for name, place in zip(binding.names, binding.places, strict=True)
            ]
            reading.total = numbers.count
            yield Chunk(pa.Table.from_arrays(arrays, schema=target), numbers.tell())
    except pa.ArrowException as error:
        raise _parse_error(error, reading) from None
    keeper.refuse_if_many(numbers.count)
    rest = numbers.tell(everything=True)
    reading.total = numbers.count
    if rest:
        yield Chunk(target.empty_table(), rest)


def _data_rows(
    batch: pa.RecordBatch,
    places: np.ndarray,
    footer: re.Pattern[str] | None,
    numbers: RowNumbers,
    reading: Reading,
    totals: TextTotals,
) -> np.ndarray:
    """Which whole rows are data; notes and sums among them are counted."""
    kept = np.ones(len(places), dtype=bool)
    if footer:
        kept &= ~matching(batch.column("c0").cast(pa.string()), footer)
        for row in np.flatnonzero(~kept).tolist() if totals.wanted else ():
            totals.note(_cells(batch, row))
        reading.left_out["footer"] += int((~kept).sum())
    for row in np.flatnonzero(totals.find(batch) & kept).tolist():
        if kind := totals.is_total(int(places[row]), _cells(batch, row)):
            kept[row] = False
            reading.left_out[kind] += 1
    if not kept.all():
        numbers.leave_out(places[~kept].tolist(), whole=True)
    return kept


def _cells(batch: pa.RecordBatch, row: int) -> list[str]:
    return [column[row].as_py() or "" for column in batch.columns]


def _parse_error(error: Exception, reading: Reading) -> DeliveryError:
    """The parser's texts quote cells, so none of them is passed on."""
    if "straddl" in str(error):
        return DeliveryError(
            "A row does not end.",
            where=f"{reading.where}, after data row {reading.total}",
            expected=f"rows of less than {BLOCK >> 20} MiB",
            todo="Look at the row after that one: its line end is missing, or the file is no table.",
        )
    return DeliveryError(
        "The delivery cannot be split into rows and columns.",
        where=f"{reading.where}, after data row {reading.total}",
        expected="delimited text as the contract describes it",
        got=type(error).__name__,
        todo="Check delimiter and quotation marks in the contract.",
    )
