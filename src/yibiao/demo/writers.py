"""One file per delivery, in the kind, encoding and layout that its contract states."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from yibiao.contracts.reports import Report
from yibiao.demo.deliver import Delivery
from yibiao.errors import ContractError


def place_of(report: Report, edition: str) -> Path:
    """Path of a delivery inside the data folder; rows of an API lie under `api/`, where the server finds them.

    Args:
        edition: `YYYY-MM`.

    Raises:
        ContractError: the contract's place or kind is none that the demo can deliver to.
    """
    if report.server.kind == "api":
        return Path("api") / report.department / report.name / f"{edition}.ndjson"
    location = report.server.location
    if report.server.kind not in ("local", "sqlite") or "*" not in location:
        raise ContractError(
            "The demo cannot deliver to this place.",
            where=report.path,
            expected="a file name with one `*` where the edition stands, or an API",
            got=report.server.kind,
        )
    return Path(location.replace("*", edition.replace("-", ""), 1))


def write(delivery: Delivery, folder: Path) -> Path:
    """Write one delivery under `folder`; returns the file's path relative to it."""
    report = delivery.batch.report
    relative = place_of(report, delivery.batch.edition.name)
    path = folder / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    headers = [column.header for column in report.columns]
    columns, options = delivery.columns, dict(report.server.options)
    kind = report.server.format if report.server.kind != "api" else "ndjson"
    if kind == "csv":
        from yibiao.demo.text_writers import write_csv

        write_csv(path, headers, columns, report.server.codec)
    elif kind == "ndjson":
        from yibiao.demo.text_writers import write_ndjson

        write_ndjson(path, headers, columns)
    elif kind == "json":
        from yibiao.demo.text_writers import write_json

        write_json(path, headers, columns, str(options.get("records_path", "")))
    elif kind == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(pa.table(columns, names=headers), path, compression="zstd")
    elif kind == "xlsx":
        from yibiao.demo.sheet_writers import Layout, write_xlsx

        write_xlsx(path, Layout(report.title, headers, delivery.numeric, options), columns)
    elif kind == "xls":
        from yibiao.demo.sheet_writers import Layout, write_xls

        write_xls(path, Layout(report.title, headers, delivery.numeric, options), columns)
    elif kind == "sqlite":
        _write_sqlite(path, str(options.get("table", report.name)), headers, columns)
    else:
        raise ContractError("The demo cannot write this kind of file.", where=report.path, got=kind)
    return relative


def _write_sqlite(path: Path, table: str, headers: list[str], columns: list[pa.Array]) -> None:
    """A SQLite database with one table of text columns."""
    names = ", ".join(f'"{header}" TEXT' for header in headers)
    marks = ", ".join("?" * len(headers))
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f'CREATE TABLE "{table}" ({names})')
        with connection:
            connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', _tuples(columns))
    finally:
        connection.close()


def _tuples(columns: list[pa.Array], size: int = 50_000) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(columns[0]), size):
        yield from zip(*(column.slice(start, size).to_pylist() for column in columns), strict=True)
