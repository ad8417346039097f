"""What a release can answer: entities may have learned elements since it was made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from yibiao.contracts.kinds import Frozen
from yibiao.contracts.values import Schemas

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def released(connection: DuckDBPyConnection, schemas: Schemas) -> Schemas:
    """The schemas without elements that entities have learned since a release was made: it answers none of them."""
    columns: dict[str, set[str]] = {}
    for table, column in connection.execute("select table_name, column_name from duckdb_columns()").fetchall():
        columns.setdefault(table, set()).add(column)
    entities = {
        name: replace(entity, elements=tuple(one for one in entity.elements if one in columns[name]))
        if name in columns
        else entity
        for name, entity in schemas.entities.items()
    }
    return replace(schemas, entities=Frozen(entities)) if entities != dict(schemas.entities) else schemas
