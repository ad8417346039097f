"""Evaluates rule macros over lists of texts in DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from yibiao.ingest.rules import render


class Texts:
    """A table whose content changes under the plans over it: to plan a rule takes longer than to evaluate it."""

    def __init__(self) -> None:
        self.table = pa.table({"place": pa.array([], pa.int64()), "v": pa.array([], pa.string())})

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self.table.schema.__arrow_c_schema__()


@pytest.fixture(scope="session")
def rule() -> Callable[..., list[Any]]:
    """`rule(name, texts, *arguments)`: the rule's value for each text, in order."""
    connection = duckdb.connect(config={"threads": 1})
    given = Texts()
    connection.register("texts", given)
    plans: dict[str, str] = {}

    def evaluate(name: str, texts: Sequence[str | None], *arguments: Any) -> list[Any]:
        sql = render(name, "v", *arguments)
        if sql not in plans:
            plans[sql] = f"plan_{len(plans)}"
            connection.execute(f"prepare {plans[sql]} as select {sql} from texts order by place")
        given.table = pa.table({"place": pa.array(range(len(texts)), pa.int64()), "v": pa.array(texts, pa.string())})
        return [value for (value,) in connection.execute(f"execute {plans[sql]}").fetchall()]

    return evaluate
