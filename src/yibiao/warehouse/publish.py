"""Turns a warehouse that passed its gate into a release folder: one DuckDB file, Parquet per table, a manifest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.contracts import Schemas
from yibiao.files import seal_file, to_json
from yibiao.progress import Progress
from yibiao.settings import Settings
from yibiao.warehouse import content_hash
from yibiao.warehouse.corrections import APPLIED
from yibiao.warehouse.inputs import Inputs
from yibiao.warehouse.reasons import CORRECTIONS, view, view_name
from yibiao.warehouse.releases import DATABASE, MANIFEST, Release

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FORMAT = 1
STORAGE_VERSION = "v1.2.0"
"""DuckDB storage that 1.x clients open."""

PARQUET = "(format parquet, parquet_version v2, compression zstd, compression_level 1)"
"""Version 2 writes numbers and sorted ids as differences: a quarter less work, and smaller files. Arrow, pandas, Spark,
Polars and DuckDB read it."""


@dataclass(frozen=True)
class Table:
    """One table of a release.

    Attributes:
        name: in the release.
        source: where it comes from in the warehouse.
        order: of its rows.
        key: column by which its rows are made anew where only changes are; empty if it is always copied whole.
        anew: table of the warehouse that lists those keys.
    """

    name: str
    source: str
    order: str
    key: str = ""
    anew: str = ""


def release_tables(schemas: Schemas, marts: list[str], linked: Collection[str] = ()) -> list[Table]:
    """The tables a release has: per entity golden, provenance, conflict and crosswalk; the marts; the loads.

    Sorted by entity id, so that a reader of one entity touches few row groups.

    Args:
        marts: names of the marts.
        linked: entities whose records are linked; of these also why, and which pairs are for a human.
    """
    tables = []
    for entity in schemas.entities.values():
        key, name = entity.id_column, entity.id
        touched, affected, renewed = (f"identity.{which}_{name}" for which in ("touched", "affected", "renewed"))
        tables += [
            Table(name, f"canonical.{name}", key, key, renewed),
            Table(f"{name}_provenance", f"canonical.{name}_provenance", key, key, touched),
            Table(f"{name}_conflict", f"canonical.{name}_conflict", f"{key}, element, record_no", key, touched),
            Table(f"{name}_crosswalk", f"identity.crosswalk_{name}", "record_no", "record_no", affected),
        ]
        if entity.id in linked:
            tables += [
                Table(f"{name}_link", f"identity.link_{name}", "record_no", "record_no", touched),
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
    tables = release_tables(schemas, marts, linked)
    if ("input", APPLIED) in present and connection.execute(f"from warehouse.input.{APPLIED} limit 1").fetchall():
        tables.append(Table(CORRECTIONS, f"input.{APPLIED}", "entity, entity_id, element"))
    return tables


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
    base: Release | None = None,
) -> dict[str, Any]:
    """Write a release folder aside.

    Args:
        warehouse: database that passed its gate.
        folder: empty folder to fill; with a copy of the database of `base`, if there is one.
        counts: the reconciliation (see `yibiao.warehouse.reconcile`).
        gate: verdict and numbers of expectations by severity.
        quality: the gate's `quality.json`, copied into the release.
        base: the release before, if the warehouse was brought from its state to these inputs; only what changed since
            is written then, and files of tables that did not change are the same files.

    Returns:
        The manifest.
    """
    import duckdb

    hashes: dict[str, dict[str, Any]] = {}
    digests: dict[str, str] = {}
    written: dict[str, Future[Future[str]]] = {}
    # While one table is made the one before becomes Parquet, and a finished file is hashed and made durable: alone,
    # none of these keeps two processors busy.
    with (
        ThreadPoolExecutor(1, "seal") as sealer,
        ThreadPoolExecutor(1, "parquet") as writer,
        duckdb.connect() as connection,
    ):

        def write(cursor: DuckDBPyConnection, name: str) -> Future[str]:
            path = folder / f"{name}.parquet"
            with cursor:
                cursor.execute(f"copy release.{name} to '{path}' {PARQUET}")
            return sealer.submit(seal_file, path)

        connection.execute(f"set threads = {settings.threads}; set memory_limit = '{settings.memory_limit}'")
        connection.execute(f"set temp_directory = '{folder.parent / 'spill'}'")
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        connection.execute(f"attach '{folder / DATABASE}' as release (storage_version '{STORAGE_VERSION}')")
        tables = tables_of(connection, schemas)
        progress.stage("release", len(tables), "tables")
        for table in tables:
            known = base.manifest["tables"].get(table.name) if base else None
            if base and known and table.key:
                hashes[table.name] = _bring_up_to_date(connection, table, known)
            else:
                hashes[table.name] = _copy(connection, table)
            file = f"{table.name}.parquet"
            if base and hashes[table.name] == known:
                os.link(base.folder / file, folder / file)
                digests[file] = base.manifest["files"][file]["sha256"]
            else:
                written[file] = writer.submit(write, connection.cursor(), table.name)
            progress.advance(1, table.name)
        if base and CORRECTIONS not in hashes:
            connection.execute(f"drop table if exists release.{CORRECTIONS}")  # the last one was taken back
        connection.execute("use release")  # so that views name tables of whatever the file is attached as
        for entity in schemas.entities.values():
            sql = view(entity, schemas, corrected=CORRECTIONS in hashes)
            connection.execute(f"create or replace view {view_name(entity)} as {sql}")
        connection.execute("use memory")
        sealed = {file: one.result() for file, one in written.items()}
        connection.execute("checkpoint release; detach release")
        shutil.copyfile(quality, folder / quality.name)
        for file in (DATABASE, quality.name):
            sealed[file] = sealer.submit(seal_file, folder / file)
        progress.end()
    digests |= {file: seal.result() for file, seal in sealed.items()}
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
            path.name: {"bytes": path.stat().st_size, "sha256": digests[path.name]} for path in sorted(folder.iterdir())
        },
    }
    (folder / MANIFEST).write_bytes(to_json(manifest))
    return manifest


def _copy(connection: DuckDBPyConnection, table: Table) -> dict[str, Any]:
    connection.execute(
        f"create or replace table release.{table.name} as select * from warehouse.{table.source} order by {table.order}"
    )
    return content_hash.hash_table(connection, table.name, f"release.{table.name}")


def _bring_up_to_date(connection: DuckDBPyConnection, table: Table, before: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the rows that were made anew; its hash follows from theirs."""
    chosen = f"{table.key} in (select {table.key} from warehouse.{table.anew})"
    target, source = f"release.{table.name}", f"warehouse.{table.source}"
    gone = content_hash.hash_table(connection, table.name, target, chosen)
    come = content_hash.hash_table(connection, table.name, source, chosen)
    if gone["rows"] or come["rows"]:
        connection.execute(f"delete from {target} where {chosen}")
        connection.execute(f"insert into {target} by name select * from {source} where {chosen} order by {table.order}")
    return content_hash.changed(before, gone, come)
