"""Delimited text (CSV) in any declared encoding, by pyarrow's streaming parser, in bounded memory."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from yibiao.contracts.values import Report
from yibiao.errors import DeliveryError
from yibiao.ingest.columns import Binding
from yibiao.ingest.readers.chunks import Broken, Chunk, Reading, RowNumbers, schema
from yibiao.ingest.readers.encodings import HEAD, Utf8Stream, check_head, wrong_encoding
from yibiao.ingest.readers.headers import flatten

BLOCK = 1 << 20
"""Bytes parsed at once: they stay in the processor's cache (8 MiB blocks take a fifth longer)."""

RAGGED = "row.columns"
"""Rule of a row that has more or fewer cells than the header."""

_LINES = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")


def read_csv(path: Path, report: Report, reading: Reading) -> Iterator[Chunk]:
    """Rows of a CSV file; see `yibiao.ingest.readers`."""
    server = report.server
    options = server.options
    codec = server.codec
    delimiter, quote = options.get("delimiter", ","), options.get("quote", '"')
    check_head(codec, server.encoding, path, reading.where)

    def failed() -> DeliveryError:
        return wrong_encoding(server.encoding, path, reading.where)

    with path.open("rb") as source:
        stream = Utf8Stream(source, codec, failed)
        headers = _header(
            stream, delimiter, quote, options.get("title_rows", 0), options.get("header_rows", 1), reading
        )
        binding = reading.bind(report, headers)
        coded = frozenset(column.name for column in report.columns if column.type == "code")
        yield from _rows(stream, binding, coded, delimiter, quote, options.get("footer_pattern"), reading, failed)


def _header(stream: Utf8Stream, delimiter: str, quote: str, titles: int, rows: int, reading: Reading) -> list[str]:
    """Read the rows above the data and leave the stream at the first data row."""
    head = stream.read(HEAD)
    text = head.decode("utf-8", errors="replace")  # the last character may be cut; it is far behind the header
    used = 0

    def lines() -> Iterator[str]:
        nonlocal used
        for match in _LINES.finditer(text):
            if match[0]:
                used += len(match[0].encode("utf-8"))
                yield match[0]

    parser = csv.reader(
        lines(), delimiter=delimiter, quotechar=quote or None, quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    )
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
            expected=f"a header in row {titles + 1}, columns separated by {delimiter!r}",
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
    stream.push_back(head[used:])
    return flatten(found[titles:])


def _rows(
    stream: Utf8Stream,
    binding: Binding,
    coded: frozenset[str],
    delimiter: str,
    quote: str,
    footer: str | None,
    reading: Reading,
    failed: Callable[[], DeliveryError],
) -> Iterator[Chunk]:
    first = stream.read(4096)
    if not first.strip(b"\r\n"):
        return
    stream.push_back(first)
    names = [f"c{place}" for place in range(len(binding.headers))]
    wanted = sorted({0, *(place for place in binding.places if place is not None)})
    numbers = RowNumbers()
    target = schema(binding.names, coded)
    # Columns with code lists leave the parser dictionary-encoded: it costs nothing there, and spares much later.
    types = {
        names[place]: target.field(name).type
        for name, place in zip(binding.names, binding.places, strict=True)
        if place is not None
    }

    def ragged(row: arrow_csv.InvalidRow) -> str:
        if footer and re.match(footer, row.text.lstrip(quote)):
            numbers.leave_out([row.number], whole=False)
            reading.left_out["footer"] += 1
        else:
            numbers.broke(Broken(row.number, RAGGED, row.text))
        return "skip"

    try:
        batches = arrow_csv.open_csv(
            stream.native() or pa.PythonFile(stream, mode="r"),
            # One parsing thread: rows keep their numbers, and checking and writing use the other processors.
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=names),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, quote_char=quote or False, newlines_in_values=True, invalid_row_handler=ragged
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={"c0": pa.string(), **types},
                include_columns=[names[place] for place in wanted],
                strings_can_be_null=False,
            ),
        )
        for batch in batches:
            places = numbers.take(batch.num_rows)
            if footer:
                cells = batch.column("c0").cast(pa.string())
                notes = pc.match_substring_regex(cells, f"^(?:{footer})").to_numpy(zero_copy_only=False)
                if notes.any():
                    numbers.leave_out(places[notes], whole=True)
                    reading.left_out["footer"] += int(notes.sum())
                    batch, places = batch.filter(pa.array(~notes)), places[~notes]
            arrays = [pa.array(numbers.final(places))]
            arrays += [
                pa.nulls(len(places), target.field(name).type) if place is None else batch.column(names[place])
                for name, place in zip(binding.names, binding.places, strict=True)
            ]
            reading.total = numbers.count
            yield Chunk(pa.Table.from_arrays(arrays, schema=target), numbers.tell())
    except pa.ArrowException as error:
        raise _parse_error(error, reading, failed) from None
    rest = numbers.tell(everything=True)
    reading.total = numbers.count
    if rest:
        yield Chunk(target.empty_table(), rest)


def _parse_error(error: Exception, reading: Reading, failed: Callable[[], DeliveryError]) -> DeliveryError:
    """The parser's texts quote cells, so none of them is passed on."""
    text = str(error)
    if "UTF8" in text or "UTF-8" in text:
        return failed()
    if "straddl" in text:
        return DeliveryError(
            "A quoted cell does not end.",
            where=f"{reading.where}, after data row {reading.total}",
            expected=f"a closing quotation mark within {BLOCK >> 20} MiB",
            todo="Look for a single quotation mark near that row.",
        )
    return DeliveryError(
        "The delivery cannot be split into rows and columns.",
        where=f"{reading.where}, after data row {reading.total}",
        expected="delimited text as the contract describes it",
        got=type(error).__name__,
        todo="Check delimiter and quotation marks in the contract.",
    )
