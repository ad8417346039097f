"""Drivers of databases behind one face: PostgreSQL by ADBC, MySQL by PyMySQL; what differs in their SQL stands here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from yibiao.errors import DeliveryError
from yibiao.ingest.addresses import parse_connection
from yibiao.settings import TIME_ZONE

ROWS = 20_000
"""Rows that a driver without Arrow hands over together."""

TIMEOUT = 30
"""Seconds for a connection to come about."""


class Database(Protocol):
    """One connection, inside one transaction that only reads and sees one state of the data."""

    def quoted(self, name: str) -> str:
        """A name as this database's SQL writes it."""

    def columns(self, source: str) -> Mapping[str, Any]:
        """Names of a source's columns, in order, and what the driver says of their types."""

    def as_text(self, name: str, kind: Any) -> str:
        """The expression with which the server itself writes a column as text: nothing is lost on the way."""

    def max_as_text(self, name: str, kind: Any) -> str:
        """The same for a column's greatest value."""

    def row(self, query: str) -> tuple[Any, ...]:
        """The one row of a query."""

    def rows(self, query: str, names: list[str], folder: Path) -> Any:
        """All rows as an Arrow stream of text columns; `folder` is scratch that lives as long as the stream."""


@contextlib.contextmanager
def connect(kind: str, address: str, where: str, source: str) -> Iterator[Database]:
    """Connect to a database for the length of the context.

    Args:
        kind: postgres or mysql.
        address: `scheme://user:password@host:port/database`.
        where, source: report and table, for the error.

    Raises:
        DeliveryError: also for what goes wrong with the database inside the context: drivers' texts quote addresses
            with their passwords, and rows.
    """
    opened = _postgres(address) if kind == "postgres" else _mysql(address, where)
    try:
        with opened as base:
            yield base
    except DatabaseFailed as failed:
        raise DeliveryError(
            "The database cannot be read.",
            where=where,
            expected=f"a readable {source}",
            got=failed.kind,
            todo="Check the address in the environment, the permission, and the name of the table.",
        ) from None


class DatabaseFailed(Exception):
    """A driver's error: its kind alone."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        code = error.args[0] if error.args and isinstance(error.args[0], int) else ""  # MySQL numbers its errors
        self.kind = f"{type(error).__name__} {code}".strip()


class _Postgres:
    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def columns(self, source: str) -> Mapping[str, Any]:
        self._cursor.execute(f"select * from {source} limit 0")
        return {column[0]: column[1] for column in self._cursor.description}

    def as_text(self, name: str, kind: Any) -> str:
        return f"{self.quoted(name)}::text"

    def max_as_text(self, name: str, kind: Any) -> str:
        return f"max({self.quoted(name)})::text"

    def row(self, query: str) -> tuple[Any, ...]:
        self._cursor.execute(query)
        return tuple(self._cursor.fetchone())

    def rows(self, query: str, names: list[str], folder: Path) -> Any:
        self._cursor.execute(query)
        return self._cursor.fetch_record_batch()


@contextlib.contextmanager
def _postgres(address: str) -> Iterator[Database]:
    import adbc_driver_postgresql.dbapi as adbc

    try:
        with adbc.connect(address) as connection, connection.cursor() as cursor:
            cursor.execute("set transaction isolation level repeatable read read only")
            cursor.execute(f"set local time zone '{TIME_ZONE}'")
            cursor.execute("set local datestyle to 'ISO, YMD'")
            yield _Postgres(cursor)
    except adbc.Error as error:
        raise DatabaseFailed(error) from None


class _MySQL:
    def __init__(self, connection: Any, stream: Any) -> None:
        self._connection, self._stream = connection, stream

    def quoted(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def columns(self, source: str) -> Mapping[str, Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(f"select * from {source} limit 0")
            return {column[0]: column[1] for column in cursor.description}

    def as_text(self, name: str, kind: Any) -> str:
        return self._text(self.quoted(name), kind)

    def max_as_text(self, name: str, kind: Any) -> str:
        return self._text(f"max({self.quoted(name)})", kind)

    def _text(self, expression: str, kind: Any) -> str:
        from pymysql.constants import FIELD_TYPE  # type: ignore[import-untyped]

        # A bit field as characters is its bytes; as a number it is what people read.
        return f"cast({expression}{' + 0' if kind == FIELD_TYPE.BIT else ''} as char)"

    def row(self, query: str) -> tuple[Any, ...]:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return tuple(cursor.fetchone())

    def rows(self, query: str, names: list[str], folder: Path) -> Any:
        import pyarrow as pa

        # Rows go to the disk as they come: a result of many GB never stands in memory. An engine that asked for them
        # itself would call Python out of its own threads, in which a broken connection's errors are lost.
        schema = pa.schema([(name, pa.string()) for name in names])
        path = folder / "rows.arrow"
        cursor = self._connection.cursor(self._stream)
        try:
            cursor.execute(query)
            with pa.ipc.new_stream(str(path), schema) as target:
                while block := cursor.fetchmany(ROWS):
                    columns = [pa.array(map(_decoded, texts), pa.string()) for texts in zip(*block, strict=True)]
                    target.write_batch(pa.record_batch(columns, schema))
        except BaseException:
            _abandon(cursor)
            raise
        cursor.close()
        return pa.ipc.open_stream(pa.memory_map(str(path)))


def _abandon(cursor: Any) -> None:
    """Let go of an unfinished result: PyMySQL would read on from the broken connection when it is thrown away."""
    if (result := getattr(cursor, "_result", None)) is not None:
        result.unbuffered_active = False
    cursor.connection = None


def _decoded(value: Any) -> str | None:
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "backslashreplace")
    return None if value is None else str(value)


@contextlib.contextmanager
def _mysql(address: str, where: str) -> Iterator[Database]:
    try:
        import pymysql  # type: ignore[import-untyped]
        import pymysql.cursors  # type: ignore[import-untyped]
    except ImportError:
        raise DeliveryError(
            "This installation cannot read MySQL.",
            where=where,
            expected="the Python package PyMySQL",
            got="it is not installed",
            todo="Install yibiao[mysql].",
        ) from None
    account = parse_connection(address, where)
    try:
        connection = pymysql.connect(
            host=account.host,
            port=account.port or 3306,
            user=account.login or None,
            password=account.password,
            database=account.path,
            charset="utf8mb4",
            connect_timeout=TIMEOUT,
            ssl_ca=account.extra.get("ssl_ca"),
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute("set time_zone = '+08:00'")  # Asia/Shanghai; names of zones are often not loaded
                cursor.execute("set session transaction isolation level repeatable read")
                cursor.execute("start transaction with consistent snapshot, read only")
            yield _MySQL(connection, pymysql.cursors.SSCursor)
        finally:
            connection.close()
    except (pymysql.MySQLError, OSError) as error:
        raise DatabaseFailed(error) from None
