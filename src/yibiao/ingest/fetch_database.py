"""Databases: a table or query of PostgreSQL or MySQL, every column as text, landed as NDJSON in canonical order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from yibiao.contracts.reports import Report
from yibiao.errors import DeliveryError
from yibiao.files import scratch
from yibiao.ingest.addresses import resolve
from yibiao.ingest.deliveries import Delivery
from yibiao.ingest.fetch import Fetched, edition_to_extract, land_lines
from yibiao.ingest.fetch_drivers import Database, DatabaseFailed, connect
from yibiao.ingest.landing import landed, object_path
from yibiao.settings import Settings

_CURSOR = re.compile(r"[\w :.+-]+")
"""What a cursor's value may look like: numbers, days and moments as databases write them, plain codes."""


def fetch_database(report: Report, settings: Settings, fetched: Fetched, edition: str | None, now: datetime) -> None:
    """Land the rows of a table or query as one edition; with a cursor only what is new or changed since the last one.

    Raises:
        DeliveryError: the database cannot be reached or refuses, or no edition is given.
    """
    chosen = edition_to_extract(report, settings, fetched, edition, now)
    if chosen is None:
        return
    before = landed(report.id, settings) if "cursor" in report.server.options else []
    if before and chosen <= before[-1].edition:
        _refuse_older(report, chosen, before)
        fetched.deliveries.extend(before)
        return
    with (
        scratch(settings.work, report.server.kind) as folder,
        connect(
            report.server.kind, resolve(report.server.location, report.id), report.id, _source_name(report)
        ) as base,
    ):
        path = folder / "rows.ndjson"
        until = _extract(base, report, settings, before, path)
        if before and not path.stat().st_size:
            fetched.deliveries.extend(before)  # nothing is new
        else:
            fetched.add(land_lines(path, report, chosen, report.server.kind, settings, until), settings)


def _extract(base: Database, report: Report, settings: Settings, before: Sequence[Delivery], path: Path) -> str:
    """Write the rows, in one consistent view of the database.

    Returns:
        The greatest value of the cursor; empty without one.
    """
    options = report.server.options
    schema = f"{base.quoted(options['schema'])}." if options.get("schema") else ""
    table = f"{schema}{base.quoted(options['table'])}" if options.get("table") else ""
    source = f"({options['query']}) as q" if options.get("query") else table
    names = base.columns(source)
    picks = ", ".join(f"{base.as_text(name, kind)} as {base.quoted(name)}" for name, kind in names.items())
    cursor = options.get("cursor", "")
    if not cursor:
        _write_sorted(
            base.rows(f"select {picks} from {source}", list(names), path.parent), list(names), path, [], settings
        )
        return ""
    if cursor not in names:
        raise DeliveryError(
            "The cursor of the report is not a column.",
            where=report.id,
            expected=cursor,
            got=f"columns {', '.join(list(names)[:60])}",
            todo="Correct `cursor` in the contract.",
        )
    column = base.quoted(cursor)
    missing, greatest = base.row(
        f"select count(*) - count({column}), {base.max_as_text(cursor, names[cursor])} from {source}"
    )
    if int(missing or 0):
        raise DeliveryError(
            "Rows have no value in the cursor: their changes would never be seen.",
            where=report.id,
            expected=f"a value of {cursor} in every row",
            got=f"{missing} rows without one",
            todo="Ask the department to fill it, or extract the whole table (mode snapshot, without `cursor`).",
        )
    last = max((one.until for one in before), key=order, default="")
    condition = ""
    known: list[Path] = []
    if last:
        since = earlier(last, options.get("cursor_lag", 0), report.id)
        # Rows of the very moment up to which the last extraction went may have come after it: they are asked for
        # again, and those that have landed already are left out.
        condition = f" where {column} >= '{since}'"
        known = [object_path(settings, one.sha256) for one in before if order(one.until) >= order(since)]
    rows = base.rows(f"select {picks} from {source}{condition}", list(names), path.parent)
    _write_sorted(rows, list(names), path, known, settings)
    return max(last, greatest or "", key=order)


def order(value: str) -> tuple[int, Decimal, str]:
    """How values of one cursor follow each other: numbers by size; days and moments, written alike, as texts."""
    try:
        return 1, Decimal(value), ""
    except InvalidOperation:
        return (1 if value else 0), Decimal(0), value


def earlier(value: str, lag: int, where: str) -> str:
    """The cursor's value so many seconds, or units, before.

    Raises:
        DeliveryError: the value is neither a number nor a moment and cannot be counted back, or not one at all.
    """
    if not _CURSOR.fullmatch(value):
        raise DeliveryError(
            "The cursor's values cannot be compared.", where=where, expected="numbers, days, moments or plain codes"
        )
    if not lag:
        return value
    try:
        return str(Decimal(value) - lag)
    except InvalidOperation:
        pass
    try:
        # PostgreSQL writes whole hours of a zone in two digits.
        moment = datetime.fromisoformat(re.sub(r"([+-]\d\d)$", r"\1:00", value)) - timedelta(seconds=lag)
    except ValueError:
        raise DeliveryError(
            "`cursorLag` needs a cursor of numbers or moments.", where=where, todo="Remove it, or take another column."
        ) from None
    return moment.isoformat(sep=" ")


def _refuse_older(report: Report, chosen: str, before: Sequence[Delivery]) -> None:
    """An incremental extraction brings the newest rows; as an older edition they would lose against older ones.

    Raises:
        DeliveryError: the edition is older than one that landed. The same edition is no mistake: it was extracted.
    """
    if chosen < before[-1].edition:
        raise DeliveryError(
            "A later edition was extracted already.",
            where=report.id,
            expected=f"an edition after {before[-1].edition}",
            got=chosen,
            todo="Extract the next edition: it brings everything that changed since.",
        )


def _source_name(report: Report) -> str:
    options = report.server.options
    return options.get("table") or "result of the query"


def _write_sorted(reader: Any, names: list[str], path: Path, known: list[Path], settings: Settings) -> None:
    """Write rows as NDJSON, sorted by all columns, spilling beside `path` if they do not fit into memory.

    Args:
        known: NDJSON of earlier extractions; rows that stand there, equal in every column, are left out.
    """
    import duckdb

    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    with duckdb.connect(
        config={
            "threads": settings.threads,
            "memory_limit": settings.memory_limit,
            "temp_directory": str(path.parent),
            "autoinstall_known_extensions": "false",
        }
    ) as engine:
        engine.register("extracted", reader)
        condition = ""
        parameters: list[Any] = []
        if known:
            same = " and ".join(f"k.{name} is not distinct from extracted.{name}" for name in quoted)
            shape = ", ".join("'" + name.replace("'", "''") + "': 'VARCHAR'" for name in names)
            condition = (
                "where not exists (select 1 from read_json(?, format = 'newline_delimited', "
                f"columns = {{{shape}}}) as k where {same})"
            )
            parameters = [[str(one) for one in known]]
        try:
            engine.execute(
                f"copy (select * from extracted {condition} order by {', '.join(quoted)}) to ? (format json)",
                [*parameters, str(path)],
            )
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise DeliveryError(
                "The extracted rows cannot be written.",
                got=type(error).__name__,
                todo="Free disk space, then run again.",
            ) from None
        except duckdb.Error as error:  # the driver's stream broke; the text may quote a row
            raise DatabaseFailed(error) from None
