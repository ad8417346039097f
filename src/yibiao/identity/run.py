"""Linkage inside a unify run: records of staging in, one relation out. Called by the Python models of dbt.

What is asked and answered inside is told by *nodes*: a record without a certain key, or all records of one certain key.
A node's id is a keyed hash, of the certain key or of what the record says, so that it is the same in the next run and,
as long as the record says the same, in the next edition. Decisions of humans are about nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from yibiao.identity.decided import IdPairs
from yibiao.identity.decisions import DIFFERENT, SAME
from yibiao.identity.kept import Keeper, Kept
from yibiao.identity.linkage import Linked, link
from yibiao.identity.model import Model, read_model
from yibiao.identity.prepare import tidied
from yibiao.identity.relink import TOUCHED, Source, relink
from yibiao.identity.settings import LinkageSettings, read_settings
from yibiao.identity.source import OWN_NUMBER
from yibiao.ingest.rules import quote, render
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
    kept = Kept(entity)
    relation = _by_change(con, kept, linkage, model, settings)
    if relation is not None:  # one without rows is false, and asking costs as much as making it
        return relation
    (staged,) = con.execute(
        "select coalesce(sum(estimated_size), 0) from duckdb_tables() where schema_name = 'staging'"
    ).fetchall()[0]
    con.execute(f"""
        create or replace temp {"table" if staged <= SMALL else "view"} linkage_input as
        select * from identity.linkage_record_{entity} where entity is not null or {_has_subject(linkage)}""")
    joined: list[str] = []
    _decided_nodes(con, entity, settings)

    keeper = Keeper(con, kept, linkage)

    def decide(records: str, contradictions: str) -> tuple[IdPairs, IdPairs]:
        _own_nodes(con, records, contradictions, entity, linkage, settings)
        keeper.own()
        same, different = _decided(con)
        joined.extend(one for pair in same for one in pair)
        return same, different

    taken = _taken_away(con, entity, linkage, settings)
    # Every 16 MB of changes DuckDB would pack the temporary tables anew; a tenth of the whole linkage went there.
    con.execute("set checkpoint_threshold = '1TB'")
    linked = link(
        con, "linkage_input", linkage, model, entity="entity", different=taken, decide=decide,
        keep=["report", *_told_by(linkage)], keeper=keeper,
    )  # fmt: skip
    con.execute("reset checkpoint_threshold")
    con.execute("create or replace temp table linkage_joined as select unnest(?::varchar[]) as id", [joined])
    _entities(con, linked, entity, settings)
    return con.sql(_told(con, linked, linkage, node_id(entity, "id", settings)))


def _by_change(
    con: duckdb.DuckDBPyConnection, kept: Kept, linkage: LinkageSettings, model: Model, settings: Settings
) -> duckdb.DuckDBPyRelation | None:
    """What the last run said, but for what hangs together with a change; None if only a whole linkage can tell."""
    entity = kept.entity_name
    before = f"input.before_linkage_{entity}"
    found = con.execute(
        "select count(*) from duckdb_tables() where schema_name = 'input' and table_name in"
        f" ('touched_record', 'before_linkage_{entity}', 'before_record_{entity}')"
    ).fetchall()
    if found[0][0] < 3 or not kept.present(con):
        return None
    # Decisions reach across whatever hangs together.
    decided = con.execute("select count(*) from input.link_decision where entity = ?", [entity]).fetchall()
    if (
        decided[0][0]
        or con.execute(f"select count(*) from {before} where kind in ('entity', 'decision')").fetchall()[0][0]
    ):
        return None
    source = Source(
        f"identity.linkage_record_{entity}", "input.touched_record", f"input.before_record_{entity}",
        _has_subject(linkage),
    )  # fmt: skip
    con.execute("create or replace temp table linkage_claimed (entity varchar)")

    def own(records: str, contradictions: str, stay: str, gone: str) -> None:
        _own_nodes(con, records, contradictions, entity, linkage, settings, Beside(stay, gone))

    linked = relink(con, source, linkage, model, kept, own, ["report", *_told_by(linkage)])
    if linked is None:
        return None
    con.execute("create or replace temp table linkage_joined (id varchar)")
    _decided_nodes(con, entity, settings)
    _decided(con)
    _entities(con, linked, entity, settings)
    told = _told(con, linked, linkage, node_id(entity, "id", settings))
    return con.sql(f"""
        select * from {before}
        where not coalesce(record_l in (from {TOUCHED}), false) and not coalesce(record_r in (from {TOUCHED}), false)
        union all by name ({told})""")


def _has_subject(linkage: LinkageSettings) -> str:
    """SQL of whether a raw record speaks of an entity at all."""
    stated = [f"{tidied(linkage.columns[name])} is not null" for name in linkage.subject]
    return f"({' or '.join(stated)})" if stated else "true"


def node_id(entity: str, text: str, settings: Settings) -> str:
    """SQL of the id of a node, over a table that is joined with `input.installation`."""
    return render("keyed_id", entity, text, "secret", folder=settings.dbt_project / "macros" / "keyed")


@dataclass(frozen=True)
class Beside:
    """Open records of the last linkage that stay as they are.

    Args:
        stay: query of `id` and `said`.
        gone: query of what records said that are open no longer, or are looked at anew.
    """

    stay: str = "select null::bigint as id, null::varchar as said where false"
    gone: str = "select null::varchar where false"


def _own_nodes(
    con: duckdb.DuckDBPyConnection, records: str, contradictions: str, entity: str, linkage: LinkageSettings,
    settings: Settings, beside: Beside | None = None,
) -> None:  # fmt: skip
    """`linkage_own`: `id`, `record_no`, `said`, `n`, `node_id`, `is_new` of the records that have no entity, or
    contradict the others of theirs; and of those beside them that say what one of these says, or one that is gone.

    A record is told by the number that its department gives it, else by all that it says; of records that say the same
    the first is the first, so that the same rows have the same ids in every edition.
    """
    beside = beside or Beside()
    con.execute(f"""
        create or replace temp table linkage_own as
        with told as (
            select id, entity, {_said(entity, linkage, settings)} as said
            from {records} cross join input.installation
            -- Also those that keep their entity, if one of its records was taken away: rows that say the same have the
            -- same numbers whether the model takes them away or a human.
            where entity is null or entity in (select entity from linkage_claimed)
                or cast(id as varchar) in (select cast(id as varchar) from {contradictions})
        ),
        every as (
            select id, said, true as is_new,
                entity is null or cast(id as varchar) in (select cast(id as varchar) from {contradictions}) as is_open
            from told
            union all
            select id, said, false, true from ({beside.stay})
            where said in (select said from told) or said in ({beside.gone})
        ),
        numbered as (select *, row_number() over (partition by said order by id) as n from every)
        select
            cast(id as varchar) as id, id as record_no, said, n, {_own_id(entity, settings)} as node_id, is_new
        from numbered cross join input.installation
        where is_open""")


def _own_id(entity: str, settings: Settings) -> str:
    """SQL of the node id of a record without an entity: from `said`, and its number `n` among those that say that."""
    return node_id(entity, "'r' || chr(31) || said || chr(31) || n", settings)


def _said(entity: str, linkage: LinkageSettings, settings: Settings) -> str:
    """SQL of a keyed hash of what tells a record from others: the number that its department gives it, else all that it
    says."""
    columns = _told_by(linkage)
    stated = ", ".join(f"coalesce({quote(name)}, '')" for name in columns)
    said = f"concat_ws(chr(30), {stated})"
    if OWN_NUMBER in columns:
        said = f"coalesce({OWN_NUMBER}, {said})"
    return node_id(entity, f"'s' || chr(31) || report || chr(31) || {said}", settings)


def _told_by(linkage: LinkageSettings) -> list[str]:
    """Raw columns that tell records apart."""
    return [*dict.fromkeys(name for column in linkage.columns.values() for name in column.sources)]


def _decided_nodes(con: duckdb.DuckDBPyConnection, entity: str, settings: Settings) -> None:
    """`linkage_decision` (`node_l`, `node_r`, `verdict`), and `linkage_decided_entity` (`node_id`, `entity`) of the
    certain entities among its nodes."""
    con.execute(
        "create or replace temp table linkage_decision as"
        " select node_l, node_r, verdict from input.link_decision where entity = ?",
        [entity],
    )
    con.execute("create or replace temp table linkage_decided_entity (node_id varchar, entity varchar)")
    if con.execute("select count(*) from linkage_decision").fetchall()[0][0]:
        con.execute(f"""
            insert into linkage_decided_entity
            select * from (
                select {node_id(entity, "entity", settings)} as node_id, entity
                from (select distinct entity from linkage_input where entity is not null) as known
                cross join input.installation
            ) as nodes
            where node_id in (select unnest([node_l, node_r]) from linkage_decision)""")


def _taken_away(
    con: duckdb.DuckDBPyConnection, entity: str, linkage: LinkageSettings, settings: Settings
) -> list[tuple[str, str]]:
    """(record, entity) of what a human decided to be different although the record bears the number of the entity.

    It was decided when the model had set the record aside; it holds also where the others of the number have changed so
    that the model would not any more. Makes `linkage_claimed` (`entity`): those that lose records so.
    """
    con.execute(f"""
        create or replace temp table linkage_claimed as
        select distinct nodes.entity
        from linkage_decision as decided
        inner join linkage_decided_entity as nodes on nodes.node_id in (decided.node_l, decided.node_r)
        where decided.verdict = '{DIFFERENT}'""")
    if not con.execute("select count(*) from linkage_claimed").fetchall()[0][0]:
        return []
    said = _said(entity, linkage, settings)
    return con.execute(f"""
        with bearing as (
            select id, entity, {said} as said from linkage_input cross join input.installation
            where entity in (select entity from linkage_claimed)
        ),
        alike as (
            select * from bearing
            union all
            select id, entity, said
            from (
                select id, entity, {said} as said from linkage_input cross join input.installation where entity is null
            ) as others
            where said in (select said from bearing)
        ),
        numbered as (
            select id, entity, said, row_number() over (partition by said order by id) as n from alike
        ),
        own as (
            select cast(id as varchar) as id, entity, {_own_id(entity, settings)} as node_id
            from numbered cross join input.installation where entity is not null
        )
        select distinct own.id, own.entity
        from linkage_decision as decided
        inner join linkage_decided_entity as known on known.node_id in (decided.node_l, decided.node_r)
        inner join own on own.entity = known.entity and own.node_id in (decided.node_l, decided.node_r)
        where decided.verdict = '{DIFFERENT}'
        order by all""").fetchall()


def _decided(con: duckdb.DuckDBPyConnection) -> tuple[IdPairs, IdPairs]:
    """Pairs of ids, as they stand in the source, that humans decided; a node that is no more is passed over.

    Makes `linkage_known_node` (`node_id`, `id`): the nodes of decisions that are there.
    """
    con.execute("""
        create or replace temp table linkage_known_node as
        select node_id, id from linkage_own
        where node_id in (select unnest([node_l, node_r]) from linkage_decision)
        union all
        select node_id, entity from linkage_decided_entity""")
    decided = con.execute("select node_l, node_r, verdict from linkage_decision order by all").fetchall()
    if not decided:
        return [], []
    ids = dict(con.execute("select node_id, id from linkage_known_node").fetchall())
    pairs: dict[str, list[tuple[str, str]]] = {SAME: [], DIFFERENT: []}
    for left, right, verdict in decided:
        if left in ids and right in ids:
            pairs[verdict].append((ids[left], ids[right]))
    return pairs[SAME], pairs[DIFFERENT]


def _entities(con: duckdb.DuckDBPyConnection, linked: Linked, entity: str, settings: Settings) -> None:
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
                coalesce(own.node_id, {node_id(entity, "members.id", settings)}) as node_id
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


def _told(con: duckdb.DuckDBPyConnection, linked: Linked, linkage: LinkageSettings, node: str) -> str:
    """Query of the relation that `link_entity` returns."""
    # A comparison that says nothing is left out.
    told = ", ".join(
        f'case when "g_{one.name}" >= 0 then \'{one.name}:\' || "g_{one.name}" || \':\' || "p_{one.name}" end'
        for one in linkage.comparisons
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
