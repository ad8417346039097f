"""A longer `resident_review` for a release: linked as a run links, with other thresholds, and node ids of our own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from installations import Installation
from yibiao.contracts import load_schemas
from yibiao.identity.linkage import link
from yibiao.identity.model import read_model
from yibiao.identity.source import linkage_of, live_records, model_file


def node(id: str, salt: str = "") -> str:
    """Id of the node of an entity, or of a record by its number."""
    return hashlib.sha256(f"tests {id} {salt}".encode()).hexdigest()[:24]


def database(installation: Installation) -> Path:
    return installation.release / "yibiao.duckdb"


def add_review(
    installation: Installation,
    *,
    link_from: float = 35.0,
    review_from: float = -5.0,
    same: Sequence[tuple[str, str]] = (),
    different: Sequence[tuple[str, str]] = (),
) -> None:
    """Link the residents of the current release and write what came out into its database.

    Args:
        link_from, review_from: bits, far from each other, because a district of 300 has few doubts.
        same, different: pairs of nodes that are decided.
    """
    settings = installation.settings
    schemas = load_schemas(settings.schemas)
    linkage = linkage_of(settings.schemas, "resident")
    model = read_model(model_file(settings.schemas, "resident"), linkage)
    with live_records(settings, schemas, "resident", linkage) as con:
        con.execute(f"attach '{database(installation)}' as release (read_only)")
        con.execute("""
            create table people as
            select record.* replace (cast(record.id as varchar) as id), known.resident_id
            from record left join release.resident as known on record.citizen_id = known.citizen_id""")
        ids = [row[0] for row in con.execute("select id from people union select distinct resident_id from people "
                                             "where resident_id is not null").fetchall()]  # fmt: skip
        of = {node(id): id for id in ids}
        pairs = [[(of[a], of[b]) for a, b in one if a in of and b in of] for one in (same, different)]
        link(
            con, "people", replace(linkage, link=link_from, review=review_from), model, entity="resident_id",
            same=pairs[0], different=pairs[1],
        )  # fmt: skip
        reasons = " || ' ' || ".join(
            f"'{one.name}:' || g_{one.name} || ':' || printf('%+d', p_{one.name})" for one in linkage.comparisons
        )
        edges = con.execute(f"select id_l, id_r, score, state, {reasons} from linkage_edge").fetchall()
        heads = dict(con.execute("select id, cluster from linkage_cluster").fetchall())
    records = {id for id in heads if id.isdigit() and len(id) < 24}
    with duckdb.connect(str(database(installation))) as con:
        con.execute("""
            create or replace table resident_review (
                node_l varchar, node_r varchar, record_l bigint, record_r bigint, resident_l varchar,
                resident_r varchar, score decimal(9, 3), state varchar, reasons varchar)""")
        rows = []
        for *both, score, state, reason in edges:
            if state not in ("review", "rival", "apart") or heads[both[0]] == heads[both[1]]:
                continue
            left, right = sorted(both, key=node)
            numbers = [int(id) if id in records else None for id in (left, right)]
            own = [id if id not in records else node(heads[id], "entity") for id in (left, right)]
            rows.append([node(left), node(right), *numbers, *own, score, state, reason])
        if rows:
            con.executemany("insert into resident_review values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def review_rows(installation: Installation) -> list[tuple]:
    with duckdb.connect(str(database(installation)), read_only=True) as con:
        return con.execute("select * from resident_review order by score desc, node_l, node_r").fetchall()
