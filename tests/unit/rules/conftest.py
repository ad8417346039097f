"""Evaluates rule macros over lists of texts in DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from yibiao.ingest.rules import render


@pytest.fixture(scope="session")
def rule() -> Callable[..., list[Any]]:
    """`rule(name, texts, *arguments)`: the rule's value for each text, in order."""
    connection = duckdb.connect(config={"threads": 1})

    def evaluate(name: str, texts: Sequence[str | None], *arguments: Any) -> list[Any]:
        table = pa.table({"place": pa.array(range(len(texts))), "v": pa.array(texts, pa.string())})
        connection.register("texts", table)
        found = connection.execute(f"select {render(name, 'v', *arguments)} from texts order by place").fetchall()
        connection.unregister("texts")
        return [value for (value,) in found]

    return evaluate
