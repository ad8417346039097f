"""JSON and NDJSON: a document or a file of lines, in any size, as one line a record."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv as arrow_csv

from yibiao.contracts.reports import Report
from yibiao.errors import DeliveryError
from yibiao.ingest.readers.chunks import Chunk, Reading
from yibiao.ingest.readers.encodings import Utf8Stream, check_head, wrong_encoding
from yibiao.ingest.readers.records import read_records

LINES = 20_000
BLOCK = 4 << 20
"""Bytes of lines that are parsed together; also the longest line of NDJSON."""

BUFFER = 8 << 20
"""Bytes given to the parser at once: it begins a text anew with every buffer that does not hold its end."""

LONGEST_TEXT = 32 << 20
"""Bytes without a quotation mark."""

DEEPEST = 200
"""Levels of objects and lists in a document."""

_TEXT = re.compile(rb'"(?:[^"\\]+|\\.)*"', re.DOTALL)
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))


def read_json(path: Path, report: Report, reading: Reading) -> Iterator[Chunk]:
    """Records of one JSON document, found at `recordsPath` (dotted) or at the top; see `yibiao.ingest.readers`.

    The document is streamed: only the records of a block are in memory at once.
    """
    server = report.server
    check_head(server.codec, server.encoding, path, reading.where)
    lines = json_lines(path, server.codec, server.encoding, server.options.get("records_path", ""), reading.where)
    yield from read_records(lines, report, reading)


def json_lines(path: Path, codec: str, encoding: str, records_path: str, where: str) -> Iterator[pa.Array]:
    """The records of a JSON document as lines.

    Raises:
        DeliveryError: the document breaks off or is none, or has no list there.
    """
    import ijson

    def failed() -> DeliveryError:
        return wrong_encoding(encoding, path, where)

    check_depth(path, codec, where, failed)
    count = 0
    prefix = ".".join(filter(None, (records_path, "item")))
    block: list[bytes] = []
    size = 0
    try:
        with path.open("rb") as source:
            stream = Utf8Stream(source, codec, failed)
            for record in ijson.items(stream, prefix, map_type=_Object, buf_size=BUFFER):
                line = dump(record)
                block.append(line)
                size += len(line)
                count += 1
                if len(block) == LINES or size > BLOCK:
                    yield pa.array(block, pa.string())
                    block, size = [], 0
        if block:
            yield pa.array(block, pa.string())
        if not count:
            with path.open("rb") as source:
                stream = Utf8Stream(source, codec, failed)
                find_records(next(ijson.items(stream, records_path, buf_size=BUFFER), None), "", where, records_path)
    except UnicodeDecodeError:  # half of a surrogate pair
        raise failed() from None
    except ijson.JSONError as error:
        if "invalid bytes in UTF8" in str(error):
            raise failed() from None
        raise DeliveryError(
            "The delivery is not a JSON document.",
            where=where,
            expected="one complete JSON document",
            got="an empty file"
            if not path.stat().st_size
            else f"a document that breaks off or has an error after {count} whole records",
            todo="Ask the sender to export the file again.",
        ) from None


def check_depth(path: Path, codec: str, where: str, failed: Callable[[], DeliveryError]) -> None:
    """Refuse a document that is nested beyond reason: parsers take minutes for it, or all of the stack.

    Raises:
        DeliveryError: objects and lists lie deeper than `DEEPEST`, or a text is endless.
    """
    # Brackets inside texts are counted, too, which is fast and nearly always enough; only if that exceeds the limit,
    # texts are taken out first.
    for exact in (False, True):
        deepest, longest = _extent(path, codec, failed, exact, where)
        if longest > LONGEST_TEXT:
            what, limit = "The document holds a text without end.", f"texts of at most {LONGEST_TEXT >> 20} MiB"
            break
        if deepest <= DEEPEST:
            return
        what, limit = "The document is nested too deep to be a list of records.", f"at most {DEEPEST} levels"
    raise DeliveryError(what, where=where, expected=limit, todo="Ask the sender what this file is.")


def _has_endless_number(data: bytes) -> bool:
    """Is there a number of so many digits that ijson 3.6 ends the process? Few blocks are looked at byte by byte."""
    samples = np.frombuffer(data, np.uint8)[:: _MOST_DIGITS // 10]
    digits = (samples - ord("0")) < 10
    in_a_row = np.convolve(digits, np.ones(9, dtype=np.int8), "valid") if len(digits) >= 9 else digits[:0]
    return bool((in_a_row == 9).any()) and re.search(rb"[0-9]{%d}" % _MOST_DIGITS, data) is not None


def _extent(path: Path, codec: str, failed: Callable[[], DeliveryError], exact: bool, where: str) -> tuple[int, int]:
    """The greatest number of brackets that open beyond those that close, and of bytes without a quotation mark."""
    deepest = now = lowest = longest = since = 0
    rest = b""
    with path.open("rb") as source:
        stream = Utf8Stream(source, codec, failed)
        before = b""
        while data := stream.read(BLOCK):
            if _has_endless_number(before + data):
                raise DeliveryError(
                    "The document holds a number without end.",
                    where=where,
                    expected=f"numbers of less than {_MOST_DIGITS} digits",
                    todo="Ask the sender what this file is.",
                )
            before = data[-_MOST_DIGITS:]
            first, last = data.find(b'"'), data.rfind(b'"')
            longest = max(longest, since + (len(data) if first < 0 else first))
            since = since + len(data) if last < 0 else len(data) - last
            if longest > LONGEST_TEXT:
                break
            if exact:
                data, quote, tail = _TEXT.sub(b"", rest + data).partition(b'"')
                rest = quote + tail
            brackets = np.frombuffer(data.translate(_STEPS, _NO_BRACKETS), np.int8)
            if not len(brackets):
                continue
            depths = now + np.cumsum(brackets, dtype=np.int64)
            lows = np.minimum(np.minimum.accumulate(depths), lowest)
            deepest = max(deepest, int((depths - lows).max()))
            now, lowest = int(depths[-1]), int(lows[-1])
            if deepest > DEEPEST:
                break
    return deepest, longest


_MOST_DIGITS = 4000
"""Python turns no text of more than 4300 digits into a number, and ijson does not expect that."""


class _Object(dict):
    """An object that remembers values whose key it had already: the reader of records holds such a record back."""

    __slots__ = ("again",)

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self:
            if not hasattr(self, "again"):
                self.again: list[tuple[str, Any]] = []
            self.again.append((key, value))
        else:
            super().__setitem__(key, value)


def dump(record: Any) -> bytes:
    """A parsed record as one line; numbers keep all their digits, and a key that stood twice stands twice."""
    try:
        line = orjson.dumps(record, default=_exact)
    except TypeError:  # an integer of more than 64 bits
        line = json.dumps(record, ensure_ascii=False, default=_exact).encode()
    if isinstance(record, _Object) and hasattr(record, "again"):
        line = line[:-1] + b"".join(b",%b:%b" % (dump(key), dump(value)) for key, value in record.again) + b"}"
    return line


def _exact(value: Any) -> Any:
    if isinstance(value, Decimal):
        return number_text(value)
    raise TypeError


def number_text(value: Decimal) -> str:
    """A number with all its digits; one that would have thousands of zeros as it was written."""
    return format(value, "f") if abs(value.adjusted()) < 400 else str(value)


def find_records(document: Any, path: str, where: str, said: str = "") -> list[Any]:
    """The list of records at a dotted path.

    Args:
        said: what the contract says, if the document was already opened along it.

    Raises:
        DeliveryError: there is no list at that place.
    """
    found = document
    for step in filter(None, path.split(".")):
        found = found.get(step) if isinstance(found, dict) else None
    if not isinstance(found, list):
        raise DeliveryError(
            "The document has no list of records where the contract says.",
            where=where,
            expected=f"a list at `{path or said or '(top)'}`",
            got=type(found).__name__,
            todo="Correct `recordsPath` in the contract, or ask the sender.",
        )
    return found


_NO_RECORDS = b"[]"
"""What a file of lines holds that truly has no records."""


def _says_nothing(where: str) -> DeliveryError:
    return DeliveryError(
        "The delivery is empty: it has no record.",
        where=where,
        expected="one JSON object a line",
        got="no line",
        todo="Ask the sender to export it again; a file that truly has no records holds `[]` and nothing else.",
    )


def read_ndjson(path: Path, report: Report, reading: Reading) -> Iterator[Chunk]:
    """Records of a file with one JSON object a line; see `yibiao.ingest.readers`."""
    server = report.server
    codec = server.codec if server.format == "ndjson" else "utf-8"
    check_head(codec, server.encoding, path, reading.where)

    def failed() -> DeliveryError:
        return wrong_encoding(server.encoding, path, reading.where)

    def lines() -> Iterator[pa.Array]:
        with path.open("rb") as source:
            stream = Utf8Stream(source, codec, failed)
            if not stream.skip(b" \t\r\n"):
                # An extraction without rows is one; a file without them may as well be an export that failed.
                if server.format == "ndjson":
                    raise _says_nothing(reading.where)
                return
            first = stream.read(len(_NO_RECORDS) + 256)
            if first.strip() == _NO_RECORDS:
                return
            stream.push_back(first)
            # No JSON text holds this control character bare, so a line is one cell.
            reader = arrow_csv.open_csv(
                pa.PythonFile(stream, mode="r"),
                read_options=arrow_csv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=["line"]),
                parse_options=arrow_csv.ParseOptions(delimiter="\x01", quote_char=False, newlines_in_values=False),
                convert_options=arrow_csv.ConvertOptions(column_types={"line": pa.string()}, strings_can_be_null=False),
            )
            try:
                for batch in reader:
                    yield batch.column(0)
            except pa.ArrowException:
                raise DeliveryError(
                    "The delivery cannot be split into lines.",
                    where=reading.where,
                    expected=f"one JSON object a line, none longer than {BLOCK >> 20} MiB",
                    todo="Ask the sender to export the file again.",
                ) from None

    try:
        yield from read_records(lines(), report, reading)
    except pa.ArrowException:
        raise failed() from None
