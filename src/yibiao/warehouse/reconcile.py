"""Counts that must agree from layer to layer: a row that entered is in the dataset, in quarantine, or waiting."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.contracts import Schemas
from yibiao.errors import WarehouseError
from yibiao.warehouse.inputs import CURRENT, SUPERSEDED, WAITING, Inputs

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def reconcile(warehouse: Path, inputs: Inputs, schemas: Schemas) -> dict[str, Any]:
    """Count every layer of a built warehouse and compare.

    Returns:
        `reports`: id -> rows read, accepted, quarantined; of the quarantined: open, resolved, rejected; of the accepted
        and resolved: current, superseded, waiting; rows carried over from an earlier edition; rows staged. `entities`:
        id -> source records, linked, unlinked, golden records, disputed cells. `decisions`: entity -> pairs of nodes
        that a human decided and of which one is no more, so that the decision was passed over.

    Raises:
        WarehouseError: two layers disagree; a defect of the program, never of the data.
    """
    import duckdb

    reports: dict[str, Any] = {}
    entities: dict[str, Any] = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:

        def number(sql: str) -> tuple[int, ...]:
            return connection.execute(sql).fetchall()[0]

        for report in schemas.reports.values():
            loads = [load for load in inputs.loads if load.report == report.id]
            by_state = {
                state: sum(load.usable for load in loads if load.state == state)
                for state in (CURRENT, SUPERSEDED, WAITING)
            }
            (staged,) = number(f"select count(*) from staging.{report.staging_model}")
            (carried,) = number(
                "select coalesce(sum(row_count), 0)::bigint from input.load"
                f" where report = '{report.id}' and state <> '{CURRENT}'"
            )
            read, accepted, quarantined, still, resolved, rejected = (
                sum(getattr(load, name) for load in loads)
                for name in ("read", "accepted", "quarantined", "open", "resolved", "rejected")
            )
            reports[report.id] = {
                "loads": len(loads),
                "read": read,
                "accepted": accepted,
                "quarantined": quarantined,
                "open": still,
                "resolved": resolved,
                "rejected": rejected,
                **by_state,
                "carried": carried,
                "staged": staged,
            }
            _same(report.id, "rows read = accepted + quarantined", read, accepted + quarantined)
            _same(report.id, "rows quarantined = open + resolved + rejected", quarantined, still + resolved + rejected)
            _same(report.id, "rows staged = current + carried over", staged, by_state[CURRENT] + carried)
        for entity in schemas.entities.values():
            records, linked, ids = number(
                f"select count(*), count({entity.id_column}), count(distinct {entity.id_column})"
                f" from identity.crosswalk_{entity.id}"
            )
            (golden,) = number(f"select count(*) from canonical.{entity.id}")
            disputed, claims = number(
                f"select count(*) filter (where is_chosen), count(*) from canonical.{entity.id}_conflict"
            )
            staged = sum(
                reports[report.id]["staged"] for report in schemas.reports.values() if entity.id in report.about
            )
            entities[entity.id] = {
                "records": records,
                "linked": linked,
                "unlinked": records - linked,
                "golden": golden,
                "disputed_cells": disputed,
                "claims": claims,
            }
            _same(entity.id, "source records = rows staged by reports about it", records, staged)
            _same(entity.id, "golden records = distinct entity ids", golden, ids)
        decisions = {entity: pairs for entity in schemas.entities if (pairs := _passed_over(connection, entity))}
    return {"reports": reports, "entities": entities, "decisions": decisions}


def _passed_over(connection: DuckDBPyConnection, entity: str) -> list[list[str]]:
    """Pairs of nodes whose decision did nothing."""
    table = f"linkage_{entity}"
    if not connection.execute("from duckdb_tables() where table_name = ?", [table]).fetchall():
        return []
    rows = connection.execute(
        f"select node_l, node_r from identity.{table} where kind = 'decision' order by all"
    ).fetchall()
    return [list(row) for row in rows]


def _same(where: str, law: str, left: int, right: int) -> None:
    if left != right:
        raise WarehouseError(
            "Counts do not reconcile.",
            where=where,
            expected=law,
            got=f"{left} and {right}",
            todo="Nothing was published. Please report this with the release's inputs: it is a defect of the program.",
        )
