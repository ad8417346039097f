"""PostgreSQL, through ADBC: a table or query, every column as text, landed as NDJSON in canonical order."""

from __future__ import annotations

from typing import Any

from yibiao.contracts.values import Report
from yibiao.errors import DeliveryError
from yibiao.files import scratch
from yibiao.ingest.fetch import Fetched, land_lines, required_edition, resolve
from yibiao.settings import Settings


def fetch_postgres(report: Report, settings: Settings, fetched: Fetched, edition: str | None) -> None:
    """Land the rows of a table or query as the given edition.

    Raises:
        DeliveryError: the database cannot be reached or refuses, or no edition is given.
    """
    import adbc_driver_postgresql.dbapi as adbc

    edition = required_edition(report, edition)
    options = report.server.options
    table = f"{_name(options.get('schema', 'public'))}.{_name(options['table'])}" if options.get("table") else ""
    source = f"({options['query']}) as q" if options.get("query") else table
    address = resolve(report.server.location, report.id)
    try:
        with (
            scratch(settings.work, "postgres") as folder,
            adbc.connect(address) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(f"select * from {source} limit 0")
            names = [column[0] for column in cursor.description]
            # The server writes its types as text: nothing of numeric, date or uuid is lost on the way.
            cursor.execute(
                f"select {', '.join(f'{_name(name)}::text as {_name(name)}' for name in names)} from {source}"
            )
            path = folder / "rows.ndjson"
            _write_sorted(cursor.fetch_record_batch(), names, str(path), str(folder), settings)
            fetched.add(land_lines(path, report, edition, "postgres", settings), settings)
    except adbc.Error as error:
        # The driver's texts quote the address with its password, and rows.
        raise DeliveryError(
            "The database cannot be read.",
            where=report.id,
            expected=f"a readable {table or 'result of the query'}",
            got=type(error).__name__,
            todo="Check the address in the environment, the permission, and the name of the table.",
        ) from None


def _write_sorted(reader: Any, names: list[str], path: str, folder: str, settings: Settings) -> None:
    """Write rows as NDJSON, sorted by all columns, spilling to `folder` if they do not fit into memory."""
    import duckdb

    with duckdb.connect(
        config={"threads": settings.threads, "temp_directory": folder, "autoinstall_known_extensions": "false"}
    ) as engine:
        engine.register("extracted", reader)
        engine.execute(
            f"copy (select * from extracted order by {', '.join(map(_name, names))}) to ? (format json)", [path]
        )


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
