"""Asks a release with SQL, read-only and without a way out to other files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.errors import ReleaseError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def open_release(database: Path) -> Iterator[DuckDBPyConnection]:
    """A read-only connection to a release's database; other files, extensions and settings are out of its reach."""
    import duckdb

    connection = duckdb.connect(
        str(database),
        read_only=True,
        config={
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "lock_configuration": "true",
        },
    )
    try:
        yield connection
    finally:
        connection.close()


def ask(database: Path, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run one query.

    Returns:
        Column names and rows.

    Raises:
        ReleaseError: the statement is wrong, or wants to change something.
    """
    import duckdb

    with open_release(database) as connection:
        try:
            result = connection.execute(sql)
        except duckdb.Error as error:
            raise ReleaseError(
                "The query cannot be answered.",
                where="yibiao query",
                expected="one SELECT on the release's tables",
                # The text of the error quotes the user's own statement, and for these kinds no row.
                got=_kind(error),
                todo='See the tables with: yibiao query "show tables"',
            ) from None
        return [column[0] for column in result.description or []], result.fetchall()


def _kind(error: Exception) -> str:
    import duckdb

    if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException):
        return str(error).strip().splitlines()[0]
    return type(error).__name__
