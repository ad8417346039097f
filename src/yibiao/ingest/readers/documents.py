"""JSON and NDJSON: one record a row. Records are parsed by DuckDB, a column of lines at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from yibiao.contracts.values import Report
from yibiao.errors import DeliveryError
from yibiao.ingest.columns import plain, refuse_drift
from yibiao.ingest.deliveries import shown
from yibiao.ingest.readers.chunks import Broken, Chunk, Reading, schema
from yibiao.ingest.readers.encodings import Utf8Stream, check_head, wrong_encoding

_OBJECTS = """
    select case when valid then case when json_type(line) = 'OBJECT' then line end end as record
    from (select line, json_valid(line) as valid from block)
"""
"""Lines that are JSON objects, null for all others: the functions of JSON fail on other texts."""

LINES = 20_000
BLOCK = 4 << 20
MALFORMED = "row.json"
"""Rule of a line that is no JSON object."""


def read_json(path: Path, report: Report, reading: Reading) -> Iterator[Chunk]:
    """Records of one JSON document, found at `recordsPath` (dotted) or at the top; see `yibiao.ingest.readers`."""
    server = report.server
    check_head(server.codec, server.encoding, path, reading.where)
    where = server.options.get("records_path", "")
    try:
        text = path.read_bytes()
        document = orjson.loads(text if server.codec == "utf-8" else text.decode(server.codec))
    except UnicodeError:
        raise wrong_encoding(server.encoding, path, reading.where) from None
    except orjson.JSONDecodeError as error:
        raise DeliveryError(
            "The delivery is not a JSON document.",
            where=f"{reading.where}, line {error.lineno}",
            expected="one complete JSON document",
            got="an empty file" if not path.stat().st_size else "a document that breaks off or has an error there",
            todo="Ask the sender to export the file again.",
        ) from None
    records = find_records(document, where, reading.where)

    def lines() -> Iterator[pa.Array]:
        for start in range(0, len(records), LINES):
            yield pa.array([orjson.dumps(record).decode() for record in records[start : start + LINES]], pa.string())

    yield from _records(lines(), report, reading)


def find_records(document: Any, path: str, where: str) -> list[Any]:
    """The list of records at a dotted path.

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
            expected=f"a list at `{path or '(top)'}`",
            got=type(found).__name__,
            todo="Correct `recordsPath` in the contract, or ask the sender.",
        )
    return found


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
            first = stream.read(4096)
            if not first.strip():
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
        yield from _records(lines(), report, reading)
    except pa.ArrowException:
        raise failed() from None


def _records(blocks: Iterable[pa.Array], report: Report, reading: Reading) -> Iterator[Chunk]:
    """Turn lines into columns."""
    connection = duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": "false"})
    known: set[str] = set()
    first = 1
    target = schema([column.name for column in report.columns])
    query = ""
    try:
        for block in blocks:
            connection.register("block", pa.table({"line": block}))
            keys = _keys(connection, report)
            if reading.binding is None:
                # Records may leave out what they do not state: a column is missing if the whole first block lacks it.
                binding = reading.bind(report, keys)
                known.update(keys)
                query = _query(report, [None if place is None else binding.headers[place] for place in binding.places])
            elif new := [key for key in keys if key not in known]:
                known.update(new)
                if any(_is_expected(report, key) for key in new):
                    query = _query(report, _late(report, sorted(known)))
                drift = [{"kind": "new_column", "header": shown(key)} for key in new if not _is_expected(report, key)]
                refuse_drift(report, drift, reading.where)
                reading.drift.extend(drift)
            table: pa.Table = connection.sql(query).to_arrow_table()
            good = table.column("ok")
            numbers = pa.array(range(first, first + table.num_rows), pa.int64())
            first += table.num_rows
            reading.total = first - 1
            rows = pa.Table.from_arrays([numbers, *(table.column(name) for name in target.names[1:])], schema=target)
            broken: tuple[Broken, ...] = ()
            bad = pc.sum(pc.invert(good)).as_py()
            if bad:
                broken = tuple(
                    Broken(number.as_py(), MALFORMED, line.as_py())
                    for number, line, fine in zip(numbers, block, good, strict=True)
                    if not fine.as_py()
                )
                rows = rows.filter(good)
            yield Chunk(rows, broken)
    finally:
        connection.close()
    if reading.binding is None:
        reading.bind(report, [column.header for column in report.columns])  # no records: nothing is known to be missing


def _keys(connection: duckdb.DuckDBPyConnection, report: Report) -> list[str]:
    """Top-level keys of a block of lines, sorted; `upper/lower` for objects that a contract's header looks into."""
    query = f"select distinct unnest(json_keys(record)) as key from ({_OBJECTS}) order by key"
    keys = [key for (key,) in connection.execute(query).fetchall()]
    wanted = {
        text.partition("/")[0] for column in report.columns for text in (column.header, *column.aliases) if "/" in text
    }
    for upper in sorted(wanted & set(keys)):
        query = f"select distinct unnest(json_keys(record, ?)) as key from ({_OBJECTS}) order by key"
        inner = [key for (key,) in connection.execute(query, [_path(upper)]).fetchall()]
        if inner:
            keys = [key for key in keys if key != upper] + [f"{upper}/{lower}" for lower in inner]
    return keys


def _path(key: str) -> str:
    return "$." + json.dumps(key, ensure_ascii=False)


def _query(report: Report, keys: Sequence[str | None]) -> str:
    """One parse a line: `json_transform` to the wanted keys, then the columns in the contract's order."""
    shape: dict[str, Any] = {}
    picks = []
    for column, key in zip(report.columns, keys, strict=True):
        name = '"' + column.name + '"'
        if key is None:
            picks.append(f"cast(null as varchar) as {name}")
            continue
        upper, _, lower = key.partition("/")
        if lower:
            shape.setdefault(upper, {})[lower] = "VARCHAR"
        else:
            shape[upper] = "VARCHAR"
        fields = ["r", *([upper, lower] if lower else [upper])]
        picks.append(".".join('"' + field.replace('"', '""') + '"' for field in fields) + f" as {name}")
    literal = json.dumps(shape, ensure_ascii=False).replace("'", "''")
    return f"""
        select ok, {", ".join(picks)} from (
            select record is not null as ok, json_transform(record, '{literal}') as r from ({_OBJECTS})
        )
        """


def _is_expected(report: Report, key: str) -> bool:
    return any(plain(key) in map(plain, (column.header, *column.aliases)) for column in report.columns)


def _late(report: Report, keys: Sequence[str]) -> list[str | None]:
    """Where every column stands among keys of which some appeared only in a later block."""
    seen = {plain(key): key for key in keys}
    return [
        next((seen[text] for text in map(plain, (column.header, *column.aliases)) if text in seen), None)
        for column in report.columns
    ]
