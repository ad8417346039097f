"""Nodes of a linkage, how they are told from each other, and what humans decided about them.

A node is a record without a certain key, or all records of one certain key; its id is a keyed hash, of the key or of
what the record says. Decisions of humans name nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from yibiao.identity.decided import IdPairs
from yibiao.identity.decisions import DIFFERENT, SAME
from yibiao.identity.settings import LinkageSettings
from yibiao.identity.source import OWN_NUMBER
from yibiao.ingest.rules import quote, render
from yibiao.settings import Settings

if TYPE_CHECKING:
    import duckdb


def node_id(entity: str, text: str, settings: Settings) -> str:
    """SQL of the id of a node, over a table that is joined with `input.installation`."""
    return render("keyed_id", entity, text, "secret", folder=settings.dbt_project / "macros" / "keyed")


@dataclass(frozen=True)
class Beside:
    """Open records of the last linkage that stay as they are.

    Args:
        stay: query of `id` and `said`.
        gone: query of what records said that are not numbered any longer, or are looked at anew.
    """

    stay: str = "select null::bigint as id, null::varchar as said where false"
    gone: str = "select null::varchar where false"


@dataclass(frozen=True)
class Nodes:
    """The nodes of one entity's records.

    Args:
        entity: whose records these are.
        linkage: says by which columns records are told apart.
        settings: where the macros lie.
    """

    entity: str
    linkage: LinkageSettings
    settings: Settings

    @property
    def told_by(self) -> list[str]:
        """Raw columns that tell records apart."""
        return [*dict.fromkeys(name for column in self.linkage.columns.values() for name in column.sources)]

    def of_key(self, text: str) -> str:
        """SQL of the node id of a certain key."""
        return node_id(self.entity, text, self.settings)

    def own_id(self) -> str:
        """SQL of the node id of a record without an entity: from `said`, and its number `n` among those that say
        that."""
        return node_id(self.entity, "'r' || chr(31) || said || chr(31) || n", self.settings)

    def said(self) -> str:
        """SQL of a keyed hash of what tells a record from others: the number that its department gives it, else all
        that it says."""
        stated = ", ".join(f"coalesce({quote(name)}, '')" for name in self.told_by)
        said = f"concat_ws(chr(30), {stated})"
        if OWN_NUMBER in self.told_by:
            said = f"coalesce({OWN_NUMBER}, {said})"
        return node_id(self.entity, f"'s' || chr(31) || report || chr(31) || {said}", self.settings)


def own_nodes(
    con: duckdb.DuckDBPyConnection, nodes: Nodes, records: str, contradictions: str, beside: Beside | None = None
) -> None:
    """`linkage_own`: `id`, `record_no`, `said`, `n`, `node_id`, `is_new` of the records that have no entity, or
    contradict the others of theirs; and of those beside them that say what one of these says, or one that is gone.

    A record is told by the number that its department gives it, else by all that it says; of records that say the same
    the first is the first, so that the same rows have the same ids in every edition. `linkage_numbered` (`said`): what
    records say that are counted so although they keep their entity.
    """
    beside = beside or Beside()
    con.execute(f"""
        create or replace temp table linkage_own_every as
        with told as (
            select id, entity, {nodes.said()} as said
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
        )
        select *, row_number() over (partition by said order by id) as n from every""")
    con.execute(f"""
        create or replace temp table linkage_own as
        select cast(id as varchar) as id, id as record_no, said, n, {nodes.own_id()} as node_id, is_new
        from linkage_own_every cross join input.installation
        where is_open""")
    con.execute("""
        create or replace temp table linkage_numbered as
        select distinct said from linkage_own_every where not is_open""")
    con.execute("drop table linkage_own_every")


def read_decisions(con: duckdb.DuckDBPyConnection, entity: str) -> bool:
    """`linkage_decision` (`node_l`, `node_r`, `verdict`): what humans decided; whether there is anything."""
    con.execute(
        "create or replace temp table linkage_decision as"
        " select node_l, node_r, verdict from input.link_decision where entity = ?",
        [entity],
    )
    return bool(con.execute("select 1 from linkage_decision limit 1").fetchall())


def decided_entities(con: duckdb.DuckDBPyConnection, nodes: Nodes, entities: str) -> None:
    """`linkage_decided_entity` (`node_id`, `entity`): the certain entities that decisions name.

    Args:
        entities: query of `entity`, among which they are found.
    """
    con.execute("create or replace temp table linkage_decided_entity (node_id varchar, entity varchar)")
    if con.execute("select 1 from linkage_decision limit 1").fetchall():
        con.execute(f"""
            insert into linkage_decided_entity
            select * from (
                select {nodes.of_key("entity")} as node_id, entity
                from ({entities}) as known cross join input.installation
            ) as nodes
            where node_id in (select unnest([node_l, node_r]) from linkage_decision)""")


def taken_away(
    con: duckdb.DuckDBPyConnection,
    nodes: Nodes,
    records: str,
    others: str = "select null as id, null as said where false",
) -> list[tuple[str, str]]:
    """(record, entity) of what a human decided to be different although the record bears the number of the entity.

    It was decided when the model had set the record aside; it holds also where the others of the number have changed so
    that the model would not any more. Makes `linkage_claimed` (`entity`): those that lose records so.

    Args:
        records: table of raw records: all of the entities in `linkage_decided_entity`, and records without an entity.
        others: query of `id`, `said` of the records without an entity that are not in it.
    """
    con.execute(f"""
        create or replace temp table linkage_claimed as
        select distinct nodes.entity
        from linkage_decision as decided
        inner join linkage_decided_entity as nodes on nodes.node_id in (decided.node_l, decided.node_r)
        where decided.verdict = '{DIFFERENT}'""")
    if not con.execute("select count(*) from linkage_claimed").fetchall()[0][0]:
        return []
    said = nodes.said()
    return con.execute(f"""
        with bearing as (
            select id, entity, {said} as said from {records} cross join input.installation
            where entity in (select entity from linkage_claimed)
        ),
        alike as (
            select * from bearing
            union all
            select id, entity, said
            from (
                select id, entity, {said} as said from {records} cross join input.installation where entity is null
                union all
                select id, null, said from ({others})
            ) as others
            where said in (select said from bearing)
        ),
        numbered as (
            select id, entity, said, row_number() over (partition by said order by id) as n from alike
        ),
        own as (
            select cast(id as varchar) as id, entity, {nodes.own_id()} as node_id
            from numbered cross join input.installation where entity is not null
        )
        select distinct own.id, own.entity
        from linkage_decision as decided
        inner join linkage_decided_entity as known on known.node_id in (decided.node_l, decided.node_r)
        inner join own on own.entity = known.entity and own.node_id in (decided.node_l, decided.node_r)
        where decided.verdict = '{DIFFERENT}'
        order by all""").fetchall()


def decided_pairs(con: duckdb.DuckDBPyConnection, own: str = "linkage_own") -> tuple[IdPairs, IdPairs]:
    """Pairs of ids, as they stand in the source, that humans decided; a node that is no more is passed over.

    Makes `linkage_known_node` (`node_id`, `id`): the nodes of decisions that are there, and `linkage_joined` (`id`):
    the sides of pairs that are the same.

    Args:
        own: table of `id`, `node_id` of all open records.
    """
    con.execute(f"""
        create or replace temp table linkage_known_node as
        select node_id, cast(id as varchar) as id from {own}
        where node_id in (select unnest([node_l, node_r]) from linkage_decision)
        union all
        select node_id, entity from linkage_decided_entity""")
    decided = con.execute("select node_l, node_r, verdict from linkage_decision order by all").fetchall()
    ids = dict(con.execute("select node_id, id from linkage_known_node").fetchall()) if decided else {}
    pairs: dict[str, list[tuple[str, str]]] = {SAME: [], DIFFERENT: []}
    for left, right, verdict in decided:
        if left in ids and right in ids:
            pairs[verdict].append((ids[left], ids[right]))
    joined = [one for pair in pairs[SAME] for one in pair]
    con.execute("create or replace temp table linkage_joined as select unnest(?::varchar[]) as id", [joined])
    return pairs[SAME], pairs[DIFFERENT]
