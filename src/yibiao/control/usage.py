"""Who read what and when: tables of a release, forms that were handed out. No values, no text of questions.

Article 29 of 政务数据共享条例 has users of shared data keep such records for three years at least; here they tell which
shared tables and forms nobody reads.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from yibiao.control.database import BUSY_SECONDS, connect
from yibiao.settings import TIME_ZONE, Settings

KINDS = ("query", "export")


@dataclass(frozen=True)
class Used:
    """How often a table or form was used, and when last (ISO 8601 with an offset)."""

    subject: str
    times: int
    last: str


def record_usage(
    settings: Settings,
    subjects: Iterable[str],
    *,
    kind: str,
    via: str,
    version: str | None = None,
    by: str = "",
    at: datetime | None = None,
) -> None:
    """Write down that somebody read tables, or handed a form out.

    Args:
        subjects: tables of the release, or ids of forms.
        kind: one of `KINDS`.
        via: the command, for example `query`.
        version: the release that was read.
        by: who; the user of the operating system unless given.
        at: when; now unless given.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}")
    moment = (at or datetime.now(ZoneInfo(TIME_ZONE))).isoformat(timespec="seconds")
    rows = [
        {
            "used_at": moment,
            "used_by": by or getpass.getuser(),
            "kind": kind,
            "subject": subject,
            "via": via,
            "release_version": version,
        }
        for subject in sorted(set(subjects))
    ]
    if not rows or _written_to_file(settings, rows):
        return
    from sqlalchemy import insert

    from yibiao.control.tables import usage

    with connect(settings) as connection:
        connection.execute(insert(usage), rows)


def _written_to_file(settings: Settings, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the rows were written by the driver itself, which a control database in a file that is there allows.

    To import SQLAlchemy for one row takes as long as half of what `yibiao why` takes. Whatever is unusual (no file or
    table yet, a lock that stays) is left to the common way, and to its errors.
    """
    import sqlite3
    from urllib.parse import quote

    prefix = "sqlite:///"
    if not settings.control_url.startswith(prefix):
        return False
    place = f"file:{quote(settings.control_url.removeprefix(prefix))}?mode=rw"
    names = ", ".join(rows[0])
    values = ", ".join(f":{name}" for name in rows[0])
    try:
        with closing(sqlite3.connect(place, uri=True, timeout=BUSY_SECONDS)) as connection, connection:
            connection.execute("pragma synchronous = full")
            connection.executemany(f"insert into usage ({names}) values ({values})", rows)
    except sqlite3.OperationalError:
        return False
    return True


def usages(settings: Settings) -> dict[str, Used]:
    """Table or form -> how often and when last it was used."""
    from sqlalchemy import func, select

    from yibiao.control.tables import usage

    query = select(usage.c.subject, func.count(), func.max(usage.c.used_at)).group_by(usage.c.subject)
    with connect(settings) as connection:
        return {subject: Used(subject, times, last) for subject, times, last in connection.execute(query)}


def recorded_since(settings: Settings) -> str | None:
    """The moment from which on usage is written down: that of the first record of it, or of a form; None if none."""
    from sqlalchemy import func, select

    from yibiao.control.tables import form_event, usage

    with connect(settings) as connection:
        first = [
            connection.scalar(select(func.min(usage.c.used_at))),
            connection.scalar(select(func.min(form_event.c.decided_at))),
        ]
    return min((moment for moment in first if moment), default=None)


def tables_read(database: Path, sql: str) -> set[str]:
    """Names of the release's tables that a query reads, also through views; nothing is executed.

    Args:
        database: the release's DuckDB file.
        sql: a query that was answered already, so that it is known to be right.
    """
    import duckdb

    from yibiao.warehouse.query import open_release

    with open_release(database) as connection:
        known = {row[0] for row in connection.execute("select table_name from information_schema.tables").fetchall()}
        try:
            return set(connection.get_table_names(sql)) & known
        except duckdb.Error:
            # `show tables`, `describe` and the like are no SELECT: they read names, and no rows.
            return set()
