"""Turns a warehouse that passed its gate into a release folder: one DuckDB file, Parquet per table, a manifest."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.contracts import Schemas
from yibiao.files import sha256_file, to_json
from yibiao.progress import Progress
from yibiao.settings import Settings
from yibiao.warehouse import content_hash
from yibiao.warehouse.inputs import Inputs
from yibiao.warehouse.reasons import view, view_name
from yibiao.warehouse.releases import DATABASE, MANIFEST

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FORMAT = 1
STORAGE_VERSION = "v1.2.0"
"""DuckDB storage that 1.x clients open."""


@dataclass(frozen=True)
class Table:
    """One table of a release: where it comes from in the warehouse, and the order of its rows."""

    name: str
    source: str
    order: str


def release_tables(schemas: Schemas, marts: list[str], linked: Collection[str] = ()) -> list[Table]:
    """The tables a release has: per entity golden, provenance, conflict and crosswalk; the marts; the loads.

    Sorted by entity id, so that a reader of one entity touches few row groups.

    Args:
        marts: names of the marts.
        linked: entities whose records are linked; of these also why, and which pairs are for a human.
    """
    tables = []
    for entity in schemas.entities.values():
        key = entity.id_column
        tables += [
            Table(entity.id, f"canonical.{entity.id}", key),
            Table(f"{entity.id}_provenance", f"canonical.{entity.id}_provenance", key),
            Table(f"{entity.id}_conflict", f"canonical.{entity.id}_conflict", f"{key}, element, record_no"),
            Table(f"{entity.id}_crosswalk", f"identity.crosswalk_{entity.id}", "record_no"),
        ]
        if entity.id in linked:
            tables += [
                Table(f"{entity.id}_link", f"identity.link_{entity.id}", "record_no"),
                Table(f"{entity.id}_review", f"identity.review_{entity.id}", "score desc, node_l, node_r"),
            ]
    tables += [Table(mart, f"marts.{mart}", "all") for mart in marts]
    return [*tables, Table("load", "input.load", "load_no")]


def tables_of(connection: DuckDBPyConnection, schemas: Schemas) -> list[Table]:
    """The tables of a release that a warehouse, attached as `warehouse`, has."""
    present = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'warehouse' order by all"
    ).fetchall()
    marts = [table for schema, table in present if schema == "marts"]
    linked = [entity for entity in schemas.entities if ("identity", f"link_{entity}") in present]
    return release_tables(schemas, marts, linked)


def build(
    warehouse: Path,
    folder: Path,
    inputs: Inputs,
    schemas: Schemas,
    settings: Settings,
    counts: Mapping[str, Any],
    gate: Mapping[str, Any],
    quality: Path,
    progress: Progress,
) -> dict[str, Any]:
    """Write a release folder aside.

    Args:
        warehouse: database that passed its gate.
        folder: empty folder to fill.
        counts: the reconciliation (see `yibiao.warehouse.reconcile`).
        gate: verdict and numbers of expectations by severity.
        quality: the gate's `quality.json`, copied into the release.

    Returns:
        The manifest.
    """
    import duckdb

    parquet = "(format parquet, compression zstd, compression_level 1)"
    with duckdb.connect() as connection:
        connection.execute(f"set threads = {settings.threads}; set memory_limit = '{settings.memory_limit}'")
        connection.execute(f"set temp_directory = '{folder.parent / 'spill'}'")
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        connection.execute(f"attach '{folder / DATABASE}' as release (storage_version '{STORAGE_VERSION}')")
        tables = tables_of(connection, schemas)
        progress.stage("release", len(tables), "tables")
        for table in tables:
            connection.execute(
                f"create table release.{table.name} as select * from warehouse.{table.source} order by {table.order}"
            )
            connection.execute(f"copy release.{table.name} to '{folder / table.name}.parquet' {parquet}")
            progress.advance(1, table.name)
        connection.execute("use release")  # so that views name tables of whatever the file is attached as
        for entity in schemas.entities.values():
            connection.execute(f"create view {view_name(entity)} as {view(entity, schemas)}")
        connection.execute("use memory")
        hashes = content_hash.hash_tables(connection, {table.name: f"release.{table.name}" for table in tables})
        connection.execute("checkpoint release; detach release")
        progress.end()
    shutil.copyfile(quality, folder / quality.name)
    manifest = {
        "format": FORMAT,
        "version": inputs.version,
        "fingerprint": inputs.fingerprint,
        "content_hash": content_hash.combine(hashes),
        "content_hash_algorithm": content_hash.ALGORITHM,
        "tables": hashes,
        "inputs": {
            "parts": dict(inputs.parts),
            "decisions": [list(one) for one in inputs.link_decisions],
            "loads": [
                {
                    "load_id": load.load_id,
                    "report": load.report,
                    "edition": load.manifest["edition"],
                    "state": load.state,
                    "delivery_sha256": load.manifest["delivery"]["sha256"],
                    **load.manifest["counts"],
                    "open": load.open,
                    "resolved": load.resolved,
                    "rejected": load.rejected,
                    "amendments": list(load.states.amendments) if load.states else [],
                    "totals": len(load.manifest["control_totals"]),
                    "totals_off": sum(total["stated"] != total["counted"] for total in load.manifest["control_totals"]),
                }
                for load in inputs.loads
            ],
        },
        "counts": counts,
        "gate": gate,
        "files": {
            path.name: {"bytes": path.stat().st_size, "sha256": sha256_file(path)} for path in sorted(folder.iterdir())
        },
    }
    (folder / MANIFEST).write_bytes(to_json(manifest))
    return manifest
