"""Linkage inside a unify run: records of staging in, one relation out. Called by the Python models of dbt.

What is asked and answered inside is told by nodes (`yibiao.identity.nodes`), whose ids are the same in the next run
and, as long as the record says the same, in the next edition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from yibiao.identity.decided import IdPairs
from yibiao.identity.kept import Keeper, Kept
from yibiao.identity.linkage import Linked, link
from yibiao.identity.model import Model, read_model
from yibiao.identity.nodes import Nodes, decided_entities, decided_pairs, own_nodes, read_decisions, taken_away
from yibiao.identity.prepare import tidied
from yibiao.identity.relink import TOUCHED, Source, relink, untouched
from yibiao.identity.settings import LinkageSettings, read_settings
from yibiao.settings import Settings

if TYPE_CHECKING:
    import duckdb

SMALL = 2_000_000
"""Staged rows up to which what linkage reads is copied once: planning a view over all reports twenty times would cost
more. Of more rows the copy would cost more, and need gigabytes."""

REVIEWED = ("review", "rival", "apart")
"""States of pairs that a human should look at."""


def link_entity(
    con: duckdb.DuckDBPyConnection, entity: str, settings: Settings | None = None
) -> duckdb.DuckDBPyRelation:
    """Link the records of `identity.linkage_record_<entity>`.

    What `identity.linkage_<entity>` holds of the last run and does not hold any more is taken out of it and put aside
    (`yibiao.identity.kept`); what comes back is to be added. In a warehouse without that table this is all.

    Args:
        con: the warehouse, with `input.installation` (the key) and `input.link_decision` (what humans decided).
        settings: where schemas and macros lie; by default those of the environment.

    Returns:
        `kind`, `record_l`, `node_l`, `entity_l`, `record_r`, `node_r`, `entity_r`, `state`, `score` (thousandths of a
        bit), `reasons`. Kind `record`: one row per record that no certain key places, with its entity in `entity_l`
        and the basis in `state`; `entity`: a certain entity that a human joined to another; `pair`: two nodes for a
        human to look at; `decision`: two nodes that a human decided, of which one is no more.

    Raises:
        LinkageError: settings, model and records do not fit together.
    """
    settings = settings or Settings.load()
    linkage = read_settings(settings.schemas / "linkage" / f"{entity}.yml")
    model = read_model(settings.schemas / "linkage" / f"{entity}.json", linkage)
    kept, nodes = Kept(entity), Nodes(entity, linkage, settings)
    relation = _by_change(con, kept, nodes, model)
    if relation is not None:  # one without rows is false, and asking costs as much as making it
        return relation
    (staged,) = con.execute(
        "select coalesce(sum(estimated_size), 0) from duckdb_tables() where schema_name = 'staging'"
    ).fetchall()[0]
    con.execute(f"""
        create or replace temp {"table" if staged <= SMALL else "view"} linkage_input as
        select * from identity.linkage_record_{entity} where entity is not null or {_has_subject(linkage)}""")
    read_decisions(con, entity)
    decided_entities(con, nodes, "select distinct entity from linkage_input where entity is not null")
    keeper = Keeper(con, kept, linkage)
    con.execute(f"create or replace table {kept.remade} as select cast(null as bigint) as id")
    if _stands(con, entity):
        _put_aside(con, kept, entity, "true")

    def decide(records: str, contradictions: str) -> tuple[IdPairs, IdPairs]:
        own_nodes(con, nodes, records, contradictions)
        keeper.own()
        keeper.decided()
        return decided_pairs(con)

    taken = taken_away(con, nodes, "linkage_input")
    # Every 16 MB of changes DuckDB would pack the temporary tables anew; a tenth of the whole linkage went there.
    con.execute("set checkpoint_threshold = '1TB'")
    linked = link(
        con, "linkage_input", linkage, model, entity="entity", different=taken, decide=decide,
        keep=["report", *nodes.told_by], keeper=keeper,
    )  # fmt: skip
    con.execute("reset checkpoint_threshold")
    _entities(con, linked, nodes)
    return con.sql(_told(con, linked, nodes))


def _by_change(
    con: duckdb.DuckDBPyConnection, kept: Kept, nodes: Nodes, model: Model
) -> duckdb.DuckDBPyRelation | None:
    """What the last run said, but for what hangs together with a change; None if only a whole linkage can tell."""
    entity = nodes.entity
    found = con.execute(
        "select count(*) from duckdb_tables() where schema_name = 'input' and table_name in"
        f" ('touched_record', 'before_record_{entity}')"
    ).fetchall()
    if found[0][0] < 2 or not kept.present(con) or not _stands(con, entity):
        return None
    read_decisions(con, entity)
    source = Source(
        f"identity.linkage_record_{entity}", "input.touched_record", f"input.before_record_{entity}",
        _has_subject(nodes.linkage), f"select record_no as id, {entity}_id as placed from identity.crosswalk_{entity}",
        f"identity.linkage_{entity}",
    )  # fmt: skip
    if untouched(con, source, kept):
        con.execute(f"create or replace table {kept.remade} (id bigint)")
        _put_aside(con, kept, entity, "false")
        return con.sql(f"from {source.said} limit 0")
    linked = relink(con, source, nodes, model, kept)
    if linked is None:
        return None
    con.execute(f"create or replace table {kept.remade} as select cast(id as bigint) as id from {TOUCHED}")
    _entities(con, linked, nodes)
    # Entities that humans joined hang together with decisions, which are all looked at anew.
    stays = " and ".join(f"not coalesce({record} in (from {TOUCHED}), false)" for record in ("record_l", "record_r"))
    _put_aside(con, kept, entity, f"not (kind in ('record', 'pair') and {stays})")
    return con.sql(_told(con, linked, nodes))


def _stands(con: duckdb.DuckDBPyConnection, entity: str) -> bool:
    """Whether the warehouse holds what the last run said."""
    return bool(
        con.execute(
            "select 1 from duckdb_tables() where schema_name = 'identity' and table_name = ?", [f"linkage_{entity}"]
        ).fetchall()
    )


def _put_aside(con: duckdb.DuckDBPyConnection, kept: Kept, entity: str, condition: str) -> None:
    """Move rows of the last run out of what linkage says."""
    con.execute(f"create or replace table {kept.was} as from identity.linkage_{entity} where {condition}")
    con.execute(f"delete from identity.linkage_{entity} where {condition}")


def _has_subject(linkage: LinkageSettings) -> str:
    """SQL of whether a raw record speaks of an entity at all."""
    stated = [f"{tidied(linkage.columns[name])} is not null" for name in linkage.subject]
    return f"({' or '.join(stated)})" if stated else "true"


def _entities(con: duckdb.DuckDBPyConnection, linked: Linked, nodes: Nodes) -> None:
    """`linkage_node_of`: `id`, `record_no`, `node_id`, `entity_id`, `alone` of every node that shares its cluster with
    another or is a record.

    A cluster is the entity of its certain key (of several that a human joined, of the smallest id), else of the node
    of its first record in the total order.
    """
    con.execute(f"""
        create or replace temp table linkage_node_of as
        with members as (
            select cast(clusters.id as varchar) as id, cast(clusters.cluster as varchar) as cluster
            from {linked.clusters} as clusters
        ),
        shared as (
            select cluster from members where id <> cluster
            union
            select members.cluster from members inner join linkage_own using (id)
        ),
        nodes as (
            select
                members.id, members.cluster, own.record_no,
                coalesce(own.node_id, {nodes.of_key("members.id")}) as node_id
            from members
            inner join shared using (cluster)
            left join linkage_own as own using (id)
            cross join input.installation
        ),
        heads as (
            select
                cluster, count(*) = 1 as alone,
                coalesce(min(node_id) filter (record_no is null), arg_min(node_id, record_no)) as entity_id
            from nodes group by cluster
        )
        select nodes.id, nodes.record_no, nodes.node_id, heads.entity_id, heads.alone
        from nodes inner join heads using (cluster)""")


def _told(con: duckdb.DuckDBPyConnection, linked: Linked, nodes: Nodes) -> str:
    """Query of the relation that `link_entity` returns."""
    node = nodes.of_key("id")
    # A comparison that says nothing is left out.
    told = ", ".join(
        f'case when "g_{one.name}" >= 0 then \'{one.name}:\' || "g_{one.name}" || \':\' || "p_{one.name}" end'
        for one in nodes.linkage.comparisons
    )
    reasons = f"concat_ws(' ', {told})"
    states = ", ".join(f"'{state}'" for state in REVIEWED)
    con.execute(f"""
        create or replace temp table linkage_told as
        select
            cast(id_l as varchar) as id_l, cast(id_r as varchar) as id_r, state,
            cast(round(score * 1000) as integer) as score, {reasons} as reasons
        from {linked.edges}""")
    # Of a record the strongest of the pairs that hold it; between equal ones the ids decide.
    con.execute("""
        create or replace temp table linkage_held as
        select id, max(struct_pack(score, other, reasons)) as best
        from (
            select id_l as id, id_r as other, state, score, reasons from linkage_told
            union all
            select id_r, id_l, state, score, reasons from linkage_told
        ) as sides
        inner join linkage_own using (id)
        where state in ('linked', 'reviewed_same')
        group by id""")
    con.execute(f"""
        create or replace temp table linkage_pair_told as
        select * from linkage_told where state in ({states})""")
    con.execute(f"""
        create or replace temp table linkage_side as
        select id, record_no, node_id, entity_id from linkage_node_of
        union all
        select id, null, {node}, {node}
        from (
            select distinct unnest([id_l, id_r]) as id from linkage_pair_told
        ) as named
        anti join linkage_node_of using (id)
        cross join input.installation""")
    return f"""
        select
            'record' as kind, node.record_no as record_l, node.node_id as node_l, node.entity_id as entity_l,
            cast(null as bigint) as record_r, cast(null as varchar) as node_r, cast(null as varchar) as entity_r,
            case
                when not node.alone and node.id in (select id from linkage_joined) then 'reviewed'
                when not node.alone then 'linked'
                when contradicts.id is not null then 'contradicts'
                else 'alone'
            end as state,
            case when not node.alone then best.score end as score,
            case when not node.alone then best.reasons end as reasons
        from linkage_node_of as node
        left join linkage_held using (id)
        left join {linked.contradictions} as contradicts on node.id = cast(contradicts.id as varchar)
        where node.record_no is not null
        union all
        select 'entity', null, node_id, entity_id, null, null, null, 'reviewed', null, null
        from linkage_node_of where record_no is null and node_id <> entity_id
        union all
        select
            'pair', l.record_no, l.node_id, l.entity_id, r.record_no, r.node_id, r.entity_id, state, score, reasons
        from (
            select state, score, reasons, unnest([id_l, id_r]) as id, unnest([id_r, id_l]) as other
            from linkage_pair_told
        ) as told
        inner join linkage_side as l on told.id = l.id
        inner join linkage_side as r on told.other = r.id
        where l.node_id < r.node_id
        union all
        select 'decision', null, node_l, null, null, node_r, null, 'passed_over', null, null
        from linkage_decision
        where node_l not in (select node_id from linkage_known_node)
            or node_r not in (select node_id from linkage_known_node)"""
