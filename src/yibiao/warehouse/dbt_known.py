"""What dbt finds out anew in every process, kept between them: the code of its templates, the columns of its queries.

dbt 1.11 compiles every macro and model to Python in each process, and asks DuckDB for the columns of every model before
it builds it, which takes as long as to plan it: together a fifth of what it does in a run of a day, for texts that
hardly ever change. Jinja has a cache (`jinja2.bccache`), but only for templates of a loader, and dbt's have none.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from importlib.metadata import version
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any

FILE = "known.bin"
MADE_BY = ("jinja2", "dbt-common", "dbt-core", "dbt-duckdb", "duckdb")
"""What decides, with the version of Python, what a text becomes."""

MOST = 4_000
"""Texts that are kept; beyond it only those of the last process, a tenth of that."""

_RELATION = re.compile(r'"\w+"\."\w+"\."\w+"')
_OUTSIDE = re.compile(r"\b(?:read_\w+|\w+_scan|glob|query|query_table)\s*\(", re.IGNORECASE)
"""What a query may read that is no relation of the database."""


class Known:
    """Answers by the hash of what was asked; `use`, let dbt work, `keep`."""

    def __init__(self, folder: Path) -> None:
        """Take what is kept in dbt's target folder; a file that is damaged or of other versions is none."""
        self._path = folder / FILE
        self._made_by = _hash(repr([MAGIC_NUMBER, *map(version, MADE_BY)]))
        self._kept: dict[bytes, Any] = {}
        self._used: dict[bytes, Any] = {}
        with suppress(OSError):
            content = self._path.read_bytes()
            # Only what is whole is given to `marshal`, which does not survive damage.
            if content[:64] == self._made_by + hashlib.sha256(content[64:]).digest():
                self._kept = marshal.loads(content[64:])

    def answer(self, key: bytes, find: Callable[[], Any]) -> Any:
        """What is known, else what `find` finds."""
        known = self._used.get(key) or self._kept.get(key)
        if known is None:
            known = find()
        self._used[key] = known
        return known

    def keep(self, aside: Path) -> None:
        """Write what is new, if anything is; a disk that does not take it costs the next process the time once more.

        Args:
            aside: a folder of this process alone on the same file system.
        """
        if self._used.keys() <= self._kept.keys():
            return
        known = self._used if len(self._kept) > MOST else self._kept | self._used
        content = marshal.dumps(known)
        new = aside / FILE
        with suppress(OSError):
            new.write_bytes(self._made_by + hashlib.sha256(content).digest() + content)
            os.replace(new, self._path)

    def use(self) -> None:
        """From here on dbt asks this first."""
        from dbt.adapters.duckdb import DuckDBAdapter
        from dbt.adapters.duckdb.column import DuckDBColumn
        from dbt_common.clients.jinja import MacroFuzzEnvironment

        compiled = MacroFuzzEnvironment.compile
        described = DuckDBAdapter.get_column_schema_from_query

        def compile(environment: Any, source: Any, *rest: Any, **named: Any) -> Any:
            if rest or named or not isinstance(source, str):
                return compiled(environment, source, *rest, **named)
            # Its class decides how the code is written, and there are two.
            key = _hash(f"{type(environment).__name__}\n{source}")
            return self.answer(key, lambda: compiled(environment, source))

        @wraps(described)
        def describe(adapter: Any, sql: str) -> list[Any]:
            def find() -> tuple[tuple[str, str], ...]:
                return tuple((column.column, column.dtype) for column in described(adapter, sql))

            if _OUTSIDE.search(sql):
                return described(adapter, sql)
            cursor = adapter.connections.get_thread_connection().handle.cursor()
            key = _hash(repr((sql, columns_of(sql, cursor))))
            return [DuckDBColumn(column=name, dtype=kind) for name, kind in self.answer(key, find)]

        for owner, function in ((MacroFuzzEnvironment, compile), (DuckDBAdapter, describe)):
            setattr(owner, function.__name__, function)


def columns_of(sql: str, cursor: Any) -> Mapping[str, list[tuple[str, str]]]:
    """Names and types of the columns of every relation that a query names: with its text they decide its own."""
    return {
        relation: [row[:2] for row in cursor.execute(f"describe {relation}").fetchall()]
        for relation in sorted(set(_RELATION.findall(sql)))
    }


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
