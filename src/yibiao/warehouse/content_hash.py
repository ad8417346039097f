"""The content hash of a table: equal rows give equal hashes, whatever their order, the file or the engine version.

Written algorithm, version 1, so that any program can recompute it:

1. Columns in ascending order of name.
2. A cell as text: NULL is `-`; else `<bytes>:<text>` with the text in UTF-8 and its length in bytes. Integers are
   decimal, dates `YYYY-MM-DD`, decimals with their full scale, booleans `true` or `false`. Floats do not occur.
3. The row is its cells joined without separator; its hash is the first 8 bytes of the MD5 of that, big endian.
4. The table's hash is the sum of its row hashes modulo 2**64 as 16 hexadecimal digits, beside the row count.

MD5 because it is fast and stands in every engine; the hash finds differences, it is no defence against a forger
(SHA-256 of the files is, in the manifest).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from yibiao.errors import ReleaseError
from yibiao.files import to_json

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ALGORITHM = "row-md5-sum/1"
EXACT_TYPES = ("VARCHAR", "BIGINT", "INTEGER", "DATE", "BOOLEAN", "DECIMAL")
"""Types whose text no engine version changes; anything else is refused."""


def hash_tables(connection: DuckDBPyConnection, tables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Row count, hash and columns of each table.

    Args:
        connection: open DuckDB connection.
        tables: name in the result -> qualified name in the connection.

    Returns:
        name -> `{"rows": int, "hash": 16 hex digits, "columns": {name: type}}`.

    Raises:
        ReleaseError: a column has a type whose text is not exact.
    """
    return {name: hash_table(connection, name, qualified) for name, qualified in tables.items()}


def hash_table(connection: DuckDBPyConnection, name: str, qualified: str, condition: str = "true") -> dict[str, Any]:
    """As `hash_tables`, of the rows of one table for which a condition holds."""
    columns = {row[0]: row[1] for row in connection.execute(f"describe {qualified}").fetchall()}
    for column, kind in columns.items():
        if not kind.startswith(EXACT_TYPES) or kind.endswith("]"):
            raise ReleaseError(
                "A table has a column that no content hash can be written for.",
                where=f"{name}.{column}",
                expected=", ".join(EXACT_TYPES),
                got=kind,
                todo="Cast it to an exact type in its model.",
            )
    cells = []
    for column, kind in sorted(columns.items()):
        quoted = '"' + column.replace('"', '""') + '"'
        text = quoted if kind == "VARCHAR" else f"{quoted}::varchar"
        cells.append(f"coalesce(strlen({text})::varchar || ':' || {text}, '-')")
    row = f"concat({', '.join(cells)})"  # one text; with || every cell would copy all before it
    found = connection.execute(
        f"select count(*), coalesce(sum(('0x' || substr(md5({row}), 1, 16))::ubigint), 0) % {2**64}::hugeint"
        f" from {qualified} where {condition}"
    ).fetchall()
    rows, total = found[0]
    return {"rows": rows, "hash": f"{int(total):016x}", "columns": columns}


def changed(before: Mapping[str, Any], gone: Mapping[str, Any], come: Mapping[str, Any]) -> dict[str, Any]:
    """Rows, hash and columns of a table that lost some rows and got others, from those of the three."""
    total = int(before["hash"], 16) - int(gone["hash"], 16) + int(come["hash"], 16)
    rows = before["rows"] - gone["rows"] + come["rows"]
    return {"rows": rows, "hash": f"{total % 2**64:016x}", "columns": dict(come["columns"])}


def hash_rows(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> tuple[int, str]:
    """The same hash over rows whose cells are already text; for files read without an engine, and as the oracle.

    Returns:
        (row count, 16 hex digits).
    """
    order = sorted(range(len(columns)), key=lambda place: columns[place])
    total = count = 0
    for row in rows:
        text = b"".join(_cell(row[place]) for place in order)
        total = (total + int.from_bytes(hashlib.md5(text).digest()[:8], "big")) % 2**64
        count += 1
    return count, f"{total:016x}"


def _cell(value: str | None) -> bytes:
    if value is None:
        return b"-"
    encoded = value.encode()
    return b"%d:%s" % (len(encoded), encoded)


def combine(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """One SHA-256 over the tables' counts, hashes and column names: the content hash of a release."""
    return hashlib.sha256(
        to_json(
            {
                "algorithm": ALGORITHM,
                "tables": {
                    name: {"rows": table["rows"], "hash": table["hash"], "columns": sorted(table["columns"])}
                    for name, table in tables.items()
                },
            }
        )
    ).hexdigest()
