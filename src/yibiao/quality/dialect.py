"""A SQLAlchemy dialect for DuckDB that Great Expectations can read results through.

`duckdb-engine` has one cursor per connection, so rows are gone once its connection goes back to the pool, and that is
when Great Expectations fetches them (`list index out of range`; great-expectations 1.24, duckdb-engine 0.17). This
dialect takes the rows out of the cursor as soon as the statement has run.
"""

from __future__ import annotations

from duckdb_engine import Dialect
from sqlalchemy.dialects import registry
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.engine.default import DefaultExecutionContext

NAME = "duckdb.yibiao"
URL = "duckdb+yibiao:///"
"""The path goes into `connect_args`, where no character of it can be mistaken for a part of the address."""


class BufferedContext(DefaultExecutionContext):
    """Keeps the rows of a statement instead of its cursor."""

    def post_exec(self) -> None:
        if self.cursor.description is not None:
            rows = self.cursor.fetchall()
            self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(self.cursor, initial_buffer=rows)


class BufferedDialect(Dialect):
    """DuckDB with buffered results; read-only when `connect_args` say so."""

    driver = "yibiao"
    supports_statement_cache = False
    execution_ctx_cls = BufferedContext  # type: ignore[assignment]


def register() -> None:
    """Make `duckdb+yibiao:///` known to SQLAlchemy."""
    registry.register(NAME, __name__, BufferedDialect.__name__)
