"""Opening the control database: SQLite with a write-ahead log by default, PostgreSQL through `YIBIAO_CONTROL_URL`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from yibiao.errors import HomeError
from yibiao.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BUSY_SECONDS = 30
"""How long a writer waits for another one; tasks of several reports index their loads at the same time."""


def _engine(settings: Settings) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.engine import make_url
    from sqlalchemy.pool import NullPool

    url = make_url(settings.control_url)
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise HomeError(
            "The control database is of a kind that is not supported.",
            where="YIBIAO_CONTROL_URL",
            expected="sqlite:///... or postgresql://...",
            got=url.get_backend_name(),
            todo="Unset YIBIAO_CONTROL_URL to use the file in the working folder.",
        )
    # Connections are few and short; without a pool no file stays locked and no server connection stays idle.
    if url.get_backend_name() == "postgresql":
        return create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": BUSY_SECONDS})
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _pragmas(connection, _record) -> None:
        # Autocommit at the driver, so that the BEGIN below is the one that counts: the sqlite3 module would otherwise
        # begin late and turn a read into a write without waiting for the lock (SQLITE_BUSY at once).
        connection.isolation_level = None
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")  # decisions must survive a power cut
        connection.execute("pragma foreign_keys = on")

    @event.listens_for(engine, "begin")
    def _begin(connection) -> None:
        connection.exec_driver_sql("begin immediate")

    return engine


def prepare(settings: Settings) -> None:
    """Create the tables that are missing.

    Raises:
        HomeError: the database cannot be reached.
    """
    from sqlalchemy.exc import DBAPIError

    from yibiao.control.tables import metadata

    engine = _engine(settings)
    try:
        try:
            metadata.create_all(engine)
        except DBAPIError:
            # Another process may have created a table between our look and our create; then the second look suffices.
            metadata.create_all(engine)
    except DBAPIError as error:
        raise HomeError(
            "The control database cannot be opened.",
            where=engine.url.render_as_string(hide_password=True),
            got=type(error.orig).__name__,
            todo="Check YIBIAO_CONTROL_URL, or the free space and the owner of the working folder.",
        ) from None
    finally:
        engine.dispose()


@contextmanager
def connect(settings: Settings) -> Iterator[Connection]:
    """One transaction: committed when the block ends, rolled back when it raises. Creates missing tables.

    Raises:
        HomeError: the database cannot be reached.
    """
    prepare(settings)
    engine = _engine(settings)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
