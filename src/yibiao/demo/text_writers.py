"""CSV, JSON and NDJSON from Arrow columns: whole lines are joined in Arrow, no value passes through Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

SLICE = 200_000
"""Rows joined at a time: bounds memory, and keeps an Arrow string array under 2 GiB."""


def write_csv(path: Path, headers: list[str], columns: list[pa.Array], codec: str) -> None:
    """A CSV file with a header; only values that need quotes have them; `codec` is Python's name of the encoding."""
    with path.open("wb") as stream:
        head = ",".join(_quoted_header(header) for header in headers) + "\n"
        stream.write(head.encode(codec))
        # Python's utf-8-sig would write the mark again for every slice.
        codec = "utf-8" if codec == "utf-8-sig" else codec
        parts = [_csv_cells(column) for column in columns]
        for lines in _joined(parts, ",", "", "\n"):
            _write(stream, lines, codec)


def write_ndjson(path: Path, names: list[str], columns: list[pa.Array]) -> None:
    """One JSON object a line, UTF-8; values are strings or null."""
    with path.open("wb") as stream:
        for lines in _json_lines(names, columns, "\n"):
            _write(stream, lines, "utf-8")


def write_json(path: Path, names: list[str], columns: list[pa.Array], records_path: str) -> None:
    """One JSON document whose list of records stands at `records_path` (keys joined by points; empty: the root)."""
    keys = [key for key in records_path.split(".") if key]
    total = len(columns[0])
    with path.open("wb") as stream:
        for depth, key in enumerate(keys):
            more = b'"total":%d,' % total if depth == len(keys) - 1 else b""
            stream.write(b"{" + more + orjson.dumps(key) + b":")
        stream.write(b"[\n")
        done = 0
        for lines in _json_lines(names, columns, ",\n"):
            done += len(lines)
            _write(stream, lines, "utf-8", drop=2 if done == total else 0)
        stream.write(b"\n]" + b"}" * len(keys) + b"\n")


def _quoted_header(header: str) -> str:
    return '"' + header.replace('"', '""') + '"' if any(sign in header for sign in ',"\n\r') else header


def _csv_cells(column: pa.Array) -> pa.Array:
    """Nulls as nothing, and quotes around what needs them."""
    text = pc.fill_null(column, "")
    special = pc.match_substring_regex(text, '[",\r\n]')
    if pc.any(special).as_py():
        quoted = pc.binary_join_element_wise('"', pc.replace_substring(text, '"', '""'), '"', "")
        text = pc.if_else(special, quoted, text)
    return text


def _json_cells(column: pa.Array) -> pa.Array:
    """Values in double quotes with escapes, nulls as `null`."""
    text = column
    if pc.any(pc.match_substring_regex(pc.fill_null(text, ""), '["\\\\\x00-\x1f]')).as_py():
        table = text.dictionary_encode()
        words = [orjson.dumps(word).decode() for word in table.dictionary.to_pylist()]
        return pc.fill_null(pa.array(words, pa.string()).take(table.indices), "null")
    return pc.fill_null(pc.binary_join_element_wise('"', text, '"', ""), "null")


def _json_lines(names: list[str], columns: list[pa.Array], end: str) -> Iterator[pa.Array]:
    parts: list[pa.Array | str] = []
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        parts += [("," if place else "{") + orjson.dumps(name).decode() + ":", _json_cells(column)]
    return _joined(parts, "", "}", end)


def _joined(parts: list[pa.Array | str], separator: str, tail: str, end: str) -> Iterator[pa.Array]:
    rows = max((len(part) for part in parts if not isinstance(part, str)), default=0)
    for start in range(0, rows, SLICE):
        piece = [part if isinstance(part, str) else part.slice(start, SLICE) for part in parts]
        lines = pc.binary_join_element_wise(*piece, separator)
        yield pc.binary_join_element_wise(lines, tail + end, "")


def _write(stream: BinaryIO, lines: pa.Array, codec: str, drop: int = 0) -> None:
    """The bytes of consecutive strings are the bytes of the file, but for the encoding."""
    if not len(lines):
        return
    offsets = np.frombuffer(lines.buffers()[1], dtype=np.int32)[lines.offset : lines.offset + len(lines) + 1]
    data = memoryview(lines.buffers()[2])[int(offsets[0]) : int(offsets[-1]) - drop]
    stream.write(data if codec == "utf-8" else str(data, "utf-8").encode(codec))
