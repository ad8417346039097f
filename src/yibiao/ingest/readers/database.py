"""SQLite files, through ADBC: every column cast to text by SQLite itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote as quoted

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.contracts.reports import Report
from yibiao.errors import DeliveryError
from yibiao.ingest.readers.chunks import Chunk, Reading, schema

STEPS, STEPS_PER_BYTE = 20_000_000, 100
"""Steps of SQLite's machine that a view or query may take: so many, and so many more for each byte of the file."""

_PACE = 100_000
"""Steps between two looks at that."""

_NULL = b"\xff\x00null\xff"
"""Stands for null on the way: ADBC types a column by its first rows, and nulls at its beginning make it a number.

No text in UTF-8 holds these bytes, and SQLite takes any bytes for text.
"""


def read_sqlite(path: Path, report: Report, reading: Reading) -> Iterator[Chunk]:
    """Rows of a table or query in a SQLite file; see `yibiao.ingest.readers`."""
    import adbc_driver_sqlite.dbapi as adbc

    options = report.server.options
    source = f"({options['query']})" if options.get("query") else quoted_name(options["table"])
    address = f"file:{quoted(str(path))}?mode=ro&immutable=1"
    try:
        plain = sqlite3.connect(address, uri=True)
        try:
            headers = [column[0] for column in plain.execute(f"select * from {source} limit 0").description]
            _check(plain, path, source, options.get("table"))
        finally:
            plain.close()
    except sqlite3.Error as error:
        raise _unreadable(report, reading, error) from None
    binding = reading.bind(report, headers)
    target = schema(binding.names)
    picks = [
        f"coalesce({as_text_sql(header)}, cast(x'{_NULL.hex()}' as text)) as c{place}"
        for place, header in enumerate(headers)
        if place in binding.places
    ]
    first = 1
    try:
        with adbc.connect(address) as connection, connection.cursor() as cursor:
            cursor.execute(f"select {', '.join(picks)} from {source}")
            for batch in cursor.fetch_record_batch():
                count = batch.num_rows
                arrays: list[pa.Array] = [pa.array(np.arange(first, first + count, dtype=np.int64))]
                for place in binding.places:
                    if place is None:
                        arrays.append(pa.nulls(count, pa.string()))
                    else:
                        texts = batch.column(f"c{place}").cast(pa.string())
                        null = pc.equal(texts.cast(pa.binary()), _NULL)
                        texts = pc.if_else(null, pa.scalar(None, pa.string()), texts)
                        texts.validate(full=True)
                        arrays.append(texts)
                first += count
                reading.total += count
                yield Chunk(pa.Table.from_arrays(arrays, schema=target))
    except (adbc.Error, pa.ArrowException) as error:
        raise _unreadable(report, reading, error) from None


def _check(connection: sqlite3.Connection, path: Path, source: str, table: str | None) -> None:
    """Refuse damaged pages, which SQLite may pass over in silence, and views that give rows without end.

    Raises:
        sqlite3.Error: either.
    """
    (page,) = connection.execute("pragma page_size").fetchone()
    if path.stat().st_size % page:
        raise sqlite3.DatabaseError("the last page is cut")
    for (line,) in connection.execute("pragma quick_check(1)"):
        # Values that break the sender's own constraints are for the row checks to judge.
        if line != "ok" and not line.startswith(("NULL value in", "CHECK constraint failed")):
            raise sqlite3.DatabaseError("damaged pages")
    kind = connection.execute("select type from sqlite_schema where name = ? collate nocase", (table,)).fetchone()
    if kind != ("table",):
        bound_work(connection, path)
        connection.execute(f"select count(*) from {source}").fetchone()


def bound_work(connection: sqlite3.Connection, path: Path) -> None:
    """Interrupt what takes more steps than a file of this size can be worth."""
    left = iter(range((STEPS + STEPS_PER_BYTE * path.stat().st_size) // _PACE))
    connection.set_progress_handler(lambda: next(left, None) is None, _PACE)


def as_text_sql(header: str) -> str:
    """The expression that gives a column as text, whatever types its cells have."""
    name = quoted_name(header)
    return f"case typeof({name}) when 'real' then printf('%.15g', {name}) else cast({name} as text) end"


def quoted_name(text: str) -> str:
    """An identifier as SQL writes it."""
    return '"' + text.replace('"', '""') + '"'


def _unreadable(report: Report, reading: Reading, error: Exception) -> DeliveryError:
    return DeliveryError(
        "The delivery cannot be read as a SQLite file.",
        where=reading.where,
        expected=f"a complete database with {report.server.options.get('table') or 'what the query asks for'}",
        got=type(error).__name__,
        todo="Ask the sender to send the file again, or correct `table` in the contract.",
    )
