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
def open_release(database: Path, **limits: str) -> Iterator[DuckDBPyConnection]:
    """A read-only connection to a release's database; other files, extensions and settings are out of its reach.

    Args:
        limits: settings of DuckDB, such as `threads`, `memory_limit` and `temp_directory`.
    """
    import duckdb

    shut = {"enable_external_access": "false", "lock_configuration": "true"}
    config = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    # With limits it is shut afterwards: without access to other files, a folder to spill into cannot be named any more.
    given: dict[str, Any] = dict(config if limits else config | shut)
    connection = duckdb.connect(str(database), read_only=True, config=given)
    for name, value in (limits | shut).items() if limits else ():
        connection.execute(f"set {name} = '{value}'")
    try:
        yield connection
    finally:
        connection.close()


def entities_in(connection: DuckDBPyConnection, database: str) -> list[str]:
    """Ids of the entities of a release, sorted.

    Args:
        database: name of its database in the connection.
    """
    rows = connection.execute(
        "select table_name from duckdb_tables() where database_name = ? and table_name like '%\\_crosswalk' escape '\\'"
        " order by 1",
        [database],
    ).fetchall()
    return [name.removesuffix("_crosswalk") for (name,) in rows]


def need_columns(connection: DuckDBPyConnection, version: str, table: str, *names: str) -> None:
    """Make sure that a release was made by a program that wrote these columns.

    Raises:
        ReleaseError: an older one made it.
    """
    known = [column[0] for column in connection.execute(f"from {table} limit 0").description or []]
    missing = [name for name in names if name not in known]
    if missing:
        raise ReleaseError(
            "The release was made by an older program, which wrote less into it.",
            where=f"release {version}, table {table}",
            expected=f"a column {', '.join(missing)}",
            got=", ".join(known),
            todo="Run `yibiao run`: it makes the release anew from the loads that are there.",
        )


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
