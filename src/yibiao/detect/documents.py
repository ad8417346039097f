"""Understands files of records that no contract describes (JSON, NDJSON, XML, Parquet, SQLite): places and columns."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as quoted

import orjson

from yibiao.detect.table import Choice, Detected, Held
from yibiao.errors import DeliveryError

if TYPE_CHECKING:
    import pyarrow as pa

KINDS = ("json", "ndjson", "xml", "parquet", "sqlite")

LOOKED_AT = 400_000
"""Events of a parser after which the place of the records is decided, if one was met."""

DEEPEST = 8
"""Levels of objects that are flattened; what lies deeper stays JSON."""


def detect_documents(path: Path, kind: str, *, limit: int | None = None) -> list[Detected]:
    """The tables of a file of structured records.

    Nested objects become columns named by their path (`户主.姓名`), as contracts write it in `physicalName`; lists stay
    JSON in their cell, and a list of objects is named as what `expand` could make rows of.

    Args:
        kind: json, ndjson, xml, parquet or sqlite.
        limit: rows to read at most of each table; without one all of them are held in memory.

    Returns:
        One table, or for SQLite every table and view of the file, by name.

    Raises:
        DeliveryError: the file is not of this kind, or holds no records.
    """
    if kind == "json":
        return [_json(path, limit)]
    if kind == "ndjson":
        return [_ndjson(path, limit)]
    if kind == "xml":
        return [_xml(path, limit)]
    if kind == "parquet":
        return [_parquet(path, limit)]
    if kind == "sqlite":
        return _sqlite(path, limit)
    raise DeliveryError(
        "There is no detection for this kind of file.", where=path.name, expected=", ".join(KINDS), got=kind
    )


class Columns:
    """Flattened records as columns, in the order in which keys were first met."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str | None]] = {}
        self._lists: Counter[str] = Counter()
        self.count = 0

    def add(self, record: Any) -> None:
        """Take one record; what is no object is a table of one column."""
        for key, text in self._flat(record if isinstance(record, dict) else {"value": record}, "", 0):
            column = self._texts.get(key)
            if column is None:
                column = self._texts[key] = []
            if len(column) <= self.count:
                column.extend([None] * (self.count - len(column)))
                column.append(text)
        self.count += 1

    def _flat(self, record: dict[str, Any], lead: str, depth: int) -> Iterator[tuple[str, str | None]]:
        for key, value in record.items():
            name = f"{lead}{key}"
            if isinstance(value, dict) and value and depth < DEEPEST:
                yield from self._flat(value, f"{name}.", depth + 1)
                continue
            if isinstance(value, list) and any(isinstance(one, dict) for one in value):
                self._lists[name] += 1
            yield name, _text(value)

    def detected(self, format_: str, choices: Iterable[Choice], held: Iterable[Held] = ()) -> Detected:
        import pyarrow as pa

        found = {choice.what: choice for choice in choices}
        if self._lists:
            lists = tuple(name for name, _ in self._lists.most_common())
            why = (
                f"{', '.join(lists)}: lists of objects, whose items are rows of their own if the report speaks of them"
            )
            found["expand"] = Choice("expand", "", False, why, lists)
        arrays = []
        for texts in self._texts.values():
            texts.extend([None] * (self.count - len(texts)))
            arrays.append(_array(texts))
        rows = pa.Table.from_arrays(arrays, names=[f"c{place}" for place in range(len(arrays))])
        return Detected("", format_, found, tuple(self._texts), rows, tuple(held))


def _array(texts: list[str | None]) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can write and no text has
        return pa.array([text and text.encode("utf-8", "replace").decode() for text in texts], pa.string())


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        from yibiao.ingest.readers.documents import number_text

        return number_text(value)
    if isinstance(value, int | float):
        return str(value)
    from yibiao.ingest.readers.documents import dump

    return dump(value).decode()


def _encoding(path: Path) -> tuple[str, Choice]:
    """Python's codec and the choice of a text file's encoding."""
    from yibiao.ingest.readers.encodings import HEAD, likely_encoding

    with path.open("rb") as stream:
        head = stream.read(HEAD)
    # A character that the end of what was looked at cuts in two is no mistake: likely_encoding decodes incrementally.
    name = likely_encoding(head)
    why = "its first bytes are only ASCII" if head.isascii() else "its first bytes decode as that"
    choice = Choice("encoding", name or "UTF-8", name is not None, why if name else "no known encoding fits")
    codec = {"UTF-8": "utf-8", "UTF-8-BOM": "utf-8"}.get(choice.value, choice.value.lower())
    return codec, choice


def _json(path: Path, limit: int | None) -> Detected:
    import ijson

    from yibiao.ingest.readers.documents import BUFFER, check_depth, json_lines
    from yibiao.ingest.readers.encodings import Utf8Stream, wrong_encoding

    codec, encoding = _encoding(path)

    def failed() -> DeliveryError:
        return wrong_encoding(encoding.value, path, path.name)

    check_depth(path, codec, path.name, failed)
    counts: Counter[str] = Counter()
    several = False
    with path.open("rb") as source:
        stream = Utf8Stream(source, codec, failed)
        try:
            for number, (prefix, event, _) in enumerate(ijson.parse(stream, buf_size=BUFFER)):
                if event == "start_map" and (prefix == "item" or prefix.endswith(".item")):
                    place = prefix[:-4].rstrip(".")
                    if place != "item" and not place.startswith("item.") and ".item" not in place:
                        counts[place] += 1
                if number > LOOKED_AT and counts:
                    break
        except UnicodeDecodeError:  # half of a surrogate pair
            raise failed() from None
        except ijson.JSONError as error:
            several = "trailing garbage" in str(error) and _are_lines(path, codec)
            if not several and not counts:
                raise _unreadable(path, "JSON document") from None
    if several:
        return _ndjson(path, limit)
    if not counts:
        raise DeliveryError(
            "The document holds no list of records.",
            where=path.name,
            expected="a JSON list of objects somewhere",
            todo="Ask the sender what this file is.",
        )
    (best, times), *others = sorted(counts.items(), key=lambda item: (-item[1], item[0].count("."), item[0]))
    rivals = tuple(place for place, count in others)
    why = f"a list of objects, {times} of them in what was looked at"
    columns = Columns()
    for block in json_lines(path, codec, encoding.value, best, path.name):
        for line in block:
            columns.add(_loads(line.as_py()))
            if columns.count == limit:
                break
        if columns.count == limit:
            break
    return columns.detected("json", [encoding, Choice("recordsPath", best, not rivals, why, rivals)])


def _are_lines(path: Path, codec: str) -> bool:
    """Does a second line begin with another object?"""
    with path.open("rb") as source:
        lines = source.read(1 << 20).decode(codec, "replace").split("\n")
    return [line.lstrip("\ufeff").lstrip()[:1] for line in lines if line.strip()][:2] == ["{", "{"]


def _loads(line: str) -> Any:
    import json

    try:
        return orjson.loads(line) if len(line) < 20 or not _has_long_number(line) else json.loads(line)
    except orjson.JSONDecodeError:
        return json.loads(line, parse_float=Decimal)


def _has_long_number(line: str) -> bool:
    """May the line hold an integer of more than 64 bits, which a fast parser would round?"""
    import re

    return re.search(r"[:\[,]\s*-?\d{19,}", line) is not None


def _ndjson(path: Path, limit: int | None) -> Detected:
    import io

    from yibiao.ingest.readers.encodings import Utf8Stream, wrong_encoding
    from yibiao.ingest.readers.records import MALFORMED

    codec, encoding = _encoding(path)
    columns = Columns()
    held: list[Held] = []
    with path.open("rb") as source:
        stream = Utf8Stream(source, codec, lambda: wrong_encoding(encoding.value, path, path.name))
        for place, raw in enumerate(io.BufferedReader(stream, 1 << 20), start=1):
            line = raw.decode("utf-8", "replace").strip()
            if not line:
                continue
            try:
                record = _loads(line)
            except (ValueError, RecursionError):
                record = None
            if isinstance(record, dict):
                columns.add(record)
            else:
                held.append(Held(place, MALFORMED, line))
            if columns.count == limit:
                break
    if not columns.count:
        raise _unreadable(path, "file with one JSON object a line")
    return columns.detected("ndjson", [encoding], held)


def _xml(path: Path, limit: int | None) -> Detected:
    from yibiao.ingest.readers.xml import codec_of, element_paths, xml_records

    codec = codec_of(path, "", path.name)
    counts = element_paths(path, codec, path.name, LOOKED_AT)
    # The records lie side by side in one element, and they hold something.
    parents = {steps[:-1] for steps in counts}
    places = [steps for steps in counts if len(steps) > 1 and counts[steps[:-1]] == 1]
    repeated = [steps for steps in places if counts[steps] > 1] or [steps for steps in places if steps in parents]
    if not repeated:
        raise DeliveryError(
            "The document holds no repeated elements.",
            where=path.name,
            expected="elements that are records",
            todo="Ask the sender what this file is.",
        )
    best, *others = sorted(repeated, key=lambda steps: (-counts[steps], len(steps), steps))
    columns = Columns()
    for record in xml_records(path, codec, best[1:], path.name):
        columns.add(record)
        if columns.count == limit:
            break
    rivals = tuple(".".join(steps[1:]) for steps in others)
    choices = [
        Choice("encoding", {"utf-8": "UTF-8"}.get(codec, codec.upper()), True, "the document declares it"),
        Choice(
            "recordsPath",
            ".".join(best[1:]),
            not any(counts[steps] > 1 for steps in others),
            f"{counts[best]} such elements side by side in what was looked at",
            rivals,
        ),
    ]
    return columns.detected("xml", choices)


def _parquet(path: Path, limit: int | None) -> Detected:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from yibiao.ingest.readers.columnar import as_text, leaf, leaves

    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        fields = leaves(file.schema_arrow)
        names = [f"c{place}" for place in range(len(fields))]
        schema = pa.schema([(name, pa.string()) for name in names])
        tables: list[pa.Table] = [schema.empty_table()]
        left = file.metadata.num_rows if limit is None else limit
        for batch in file.iter_batches(batch_size=min(65_536, max(1, left))):
            batch = batch.slice(0, left)
            tables.append(pa.Table.from_arrays([as_text(leaf(batch, steps)) for steps in fields.values()], names))
            left -= batch.num_rows
            if left <= 0:
                break
    except (pa.ArrowException, OSError, KeyError):  # KeyError: two columns have one name
        raise _unreadable(path, "complete Parquet file") from None
    return Detected("", "parquet", {}, tuple(fields), pa.concat_tables(tables))


def _sqlite(path: Path, limit: int | None) -> list[Detected]:
    import pyarrow as pa

    from yibiao.ingest.readers.database import as_text_sql, bound_work, quoted_name

    found = []
    try:
        with closing(sqlite3.connect(f"file:{quoted(str(path))}?mode=ro&immutable=1", uri=True)) as connection:
            bound_work(connection, path)
            tables = connection.execute(
                "select name from sqlite_schema where type in ('table', 'view') "
                "and name not like 'sqlite~_%' escape '~' order by name"
            ).fetchall()
            for (table,) in tables:
                source = quoted_name(table)
                headers = [one[0] for one in connection.execute(f"select * from {source} limit 0").description]
                picks = ", ".join(as_text_sql(header) for header in headers)
                rows = connection.execute(f"select {picks} from {source} limit ?", [-1 if limit is None else limit])
                columns: list[list[str | None]] = [[] for _ in headers]
                while block := rows.fetchmany(10_000):
                    for texts, column in zip(zip(*block, strict=True), columns, strict=True):
                        column.extend(texts)
                arrays = [pa.array(texts, pa.string()) for texts in columns]
                choice = Choice(
                    "table",
                    table,
                    len(tables) == 1,
                    f"one of {len(tables)} tables",
                    tuple(t for (t,) in tables if t != table),
                )
                data = pa.Table.from_arrays(arrays, names=[f"c{place}" for place in range(len(headers))])
                found.append(Detected(table, "sqlite", {"table": choice}, tuple(headers), data))
    except sqlite3.Error:
        raise _unreadable(path, "complete SQLite file") from None
    if not found:
        raise DeliveryError(
            "The database holds no table.",
            where=path.name,
            expected="at least one table",
            todo="Ask the sender to export the file again.",
        )
    return found


def _unreadable(path: Path, expected: str) -> DeliveryError:
    return DeliveryError(
        "The file is not of the kind that it seems to be.",
        where=path.name,
        expected=f"a {expected}",
        got="an empty file" if not path.stat().st_size else "something else, or a damaged file",
        todo="Ask the sender to export the file again.",
    )
