"""Linkage by change: what came, went or changed, and all that hangs together with it; the rest stays as it was.

Rule 5 of the design makes that exact: nothing is trained, a score depends on the pair alone, clusters are whole
components. A pair is compared anew if one of its sides is new, or shares a key that has become too common, or is so no
longer. Then everything that hangs together by scored pairs with any such side, before or now, is decided anew. What
humans decided joins and parts what no score does: all nodes that a decision names, or named in the last linkage, count
as changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from yibiao.identity.blocks import freely_combined
from yibiao.identity.contradictions import VOICE, contradicting
from yibiao.identity.decided import claimants, resolve
from yibiao.identity.kept import Kept, keep_decided
from yibiao.identity.linkage import Linked, together, with_profiles
from yibiao.identity.model import Model
from yibiao.identity.nodes import Beside, Nodes, decided_entities, decided_pairs, own_nodes, taken_away
from yibiao.identity.pairs_anew import compare_anew
from yibiao.identity.prepare import drop_descriptions, identity, prepare, used_columns
from yibiao.identity.profiles import ENTITIES, Known, Stated, drop_stated, look_over, set_aside, state
from yibiao.identity.settings import LinkageSettings
from yibiao.ingest.rules import quote

if TYPE_CHECKING:
    import duckdb

TOUCHED = "linkage_touched"
"""Temporary table (`id`): records whose rows in the result are made anew: those that hang together with any change, and
those that are open no longer."""


CAME = "linkage_came"
"""Temporary table of the records that came or changed and speak of anybody, with their raw columns."""


@dataclass(frozen=True)
class Source:
    """What linkage reads in a run by change.

    Args:
        records: view of all raw records: `id`, `entity`, raw columns.
        touched: table of `record_no`: records that came, went or changed.
        before: table of `id`, `entity`: the certain entities that touched records had.
        subject: SQL of whether a record speaks of anybody.
        crosswalk: query of `id`, `placed` of all records as the last run left them: the id of the entity of each.
        said: what the last linkage said; see `yibiao.identity.run`.
    """

    records: str
    touched: str
    before: str
    subject: str
    crosswalk: str
    said: str

    def read(self, con: duckdb.DuckDBPyConnection) -> None:
        """Make `CAME`, once: to plan a query over all reports costs more than to read what a day brings.

        The least and the greatest number are asked for beside the numbers: what a day brings lies at the end of its
        table, and the engine passes over the rest.
        """
        least, most = con.execute(f"select min(record_no), max(record_no) from {self.touched}").fetchall()[0]
        con.execute(f"""
            create or replace temp table {CAME} as
            select * from {self.records}
            where id between {least or 0} and {most or 0} and id in (select record_no from {self.touched})
                and (entity is not null or {self.subject})""")


def untouched(con: duckdb.DuckDBPyConnection, source: Source, kept: Kept) -> bool:
    """Whether the last linkage still holds: none of its records came, went or changed, and nothing is decided.

    Makes `CAME`.
    """
    source.read(con)
    for asked in (
        f"from {source.before}",
        "from linkage_decision",
        f"from {kept.decided}",
        f"from {kept.own} where id in (select record_no from {source.touched})",
        f"from {CAME}",
    ):
        if con.execute(f"select 1 {asked} limit 1").fetchall():
            return False
    return True


def relink(
    con: duckdb.DuckDBPyConnection, source: Source, nodes: Nodes, model: Model, kept: Kept
) -> Linked | None:  # fmt: skip
    """Bring the kept tables to the present records, and link what hangs together with the changes.

    `CAME` holds the records that came; `linkage_decision` holds what humans decided; see `yibiao.identity.nodes`.

    Returns:
        The linkage of the touched records and entities, as `link` tells it, with the temporary tables `TOUCHED`,
        `linkage_own` (of these records), and those that `yibiao.identity.nodes` makes of decisions; None if only a
        whole linkage can tell.
    """
    settings = nodes.linkage
    if settings.certain or settings.one_per:
        return None
    _changed_entities(con, source, nodes, kept)
    _input(con, source, nodes, kept)
    taken = _taken(con, nodes, source, kept)
    known = look_over(
        con, "linkage_changed_input", "entity", settings, asked=taken, keep=[VOICE, *nodes.told_by]
    )  # fmt: skip
    if not known.short:
        return None
    raw_id = identity(con, "linkage_open", settings)
    con.execute(
        f"create or replace temp table linkage_contradiction as select {raw_id} as id from linkage_open limit 0"
    )
    if settings.same is not None:
        contradicting(
            con, "linkage_open", "entity", known.main.sources[0], settings, model, "linkage_contradiction",
            least=settings.same, voice=VOICE,
        )  # fmt: skip
    claimants(con, "linkage_open", "entity", settings, taken, "linkage_contradiction")
    set_aside(con, known, settings, "linkage_contradiction")
    _gone(con, kept, source)
    _own(con, nodes, kept)
    _records(con, kept, settings, raw_id)
    now, before, every = _stated(con, kept, known, settings)
    compare_anew(con, kept, settings, model, now, before, every)
    drop_stated(con, now)
    _hanging_together(con, kept)
    linked = _decide(con, kept, settings)
    keep_decided(con, kept)
    drop_descriptions(con, settings)
    return linked


def _changed_entities(con: duckdb.DuckDBPyConnection, source: Source, nodes: Nodes, kept: Kept) -> None:
    """`linkage_changed_entity` (`entity`): those that any touched record had or has, and all that decisions name, or
    named.

    What humans decided reaches across whatever hangs together, and may begin or cease to hold with any record, so all
    that is decided about is looked at anew: a handful beside what a day changes. Makes `linkage_decided_before`
    (`node_id`, `entity`): what decisions named in the last linkage.
    """
    con.execute(f"""
        create or replace temp table linkage_changed_entity as
        select distinct entity from {source.before}
        union
        select distinct entity from {CAME} where entity is not null""")
    con.execute(f"create or replace temp table linkage_decided_before as from {kept.decided}")
    asked = "select unnest([node_l, node_r]) as node_id from linkage_decision"
    candidates = """
        select entity from linkage_changed_entity
        union select entity from linkage_decided_before where entity is not null"""
    unknown = f"""
        select node_id from ({asked}) where node_id not in (select node_id from linkage_decided_before)
            and node_id not in (select node_id from {kept.own})"""
    if con.execute(f"select 1 from ({unknown}) limit 1").fetchall():
        # A new decision: any entity may be meant, also one that keeps none of its records.
        candidates += f"""
            union select id from {kept.entity}
            union select entity from {source.records}
            where entity is not null and id in (select id from {kept.contradiction})"""
    decided_entities(con, nodes, candidates)
    con.execute("""
        insert into linkage_changed_entity
        select entity from linkage_decided_entity union
        select entity from linkage_decided_before where entity is not null
        except select entity from linkage_changed_entity""")


def _input(con: duckdb.DuckDBPyConnection, source: Source, nodes: Nodes, kept: Kept) -> None:
    """`linkage_changed_input`: all records of the changed entities, and touched open ones.

    Which records bear a key is not asked of all of them: the last run placed them, but for those that contradict.
    """
    con.execute(f"""
        create or replace temp table linkage_changed_id as
        select {nodes.of_key("entity")} as placed from linkage_changed_entity cross join input.installation""")
    con.execute(f"""
        create or replace temp table linkage_candidate as
        select record_no as id from {source.touched}
        union
        select id from {kept.contradiction} where e in (select hash(entity) from linkage_changed_entity)
        union
        select id from ({source.crosswalk}) where placed in (
            from linkage_changed_id
            union
            -- What humans joined bears the id of one of them.
            select entity_l from {source.said} where kind = 'entity' and node_l in (from linkage_changed_id)
        )""")
    con.execute(f"""
        create or replace temp table linkage_changed_input as
        -- The engine leaves out the records without an entity, and the raw rows behind them, if it is told so. Numbers
        -- first: left to itself it would compare the keys of all records.
        with candidates as materialized (
            select * from {source.records} where entity is not null and id in (from linkage_candidate)
        )
        select * from candidates where entity in (select entity from linkage_changed_entity)
        union all
        select * from {CAME} where entity is null""")


def _taken(con: duckdb.DuckDBPyConnection, nodes: Nodes, source: Source, kept: Kept) -> list[tuple[str, str]]:
    """`linkage_decided_entity` without those that are no more, and what humans took away; see `taken_away`."""
    con.execute("""
        delete from linkage_decided_entity
        where entity not in (select entity from linkage_changed_input where entity is not null)""")
    untouched = f"""
        select id, said from {kept.own}
        where id not in (select record_no from {source.touched}) and id not in (select id from {kept.contradiction})"""
    return taken_away(con, nodes, "linkage_changed_input", untouched)


def _gone(con: duckdb.DuckDBPyConnection, kept: Kept, source: Source) -> None:
    """`linkage_gone` (`id`: open records that are no more, or are looked at anew), `linkage_entity_changed` (`e`)."""
    con.execute("""
        create or replace temp table linkage_entity_changed as
        select distinct hash(entity) as e from linkage_changed_entity""")
    con.execute(f"""
        create or replace temp table linkage_gone as
        select id from {kept.record}
        where id in (select record_no from {source.touched})
            or id in (select id from {kept.contradiction} where e in (from linkage_entity_changed))""")


def _own(con: duckdb.DuckDBPyConnection, nodes: Nodes, kept: Kept) -> None:
    """Bring the nodes of open records to the present.

    Makes `linkage_come` (`id`: open records that are new or looked at anew) and `linkage_renamed` (`id`: those that
    stay, but have another number among those that say the same).
    """
    beside = Beside(
        stay=f"select id, said from {kept.own} where id not in (from linkage_gone)",
        gone=f"select said from {kept.own} where id in (from linkage_gone) union all select said from {kept.numbered}",
    )
    own_nodes(con, nodes, "linkage_open", "linkage_contradiction", beside)
    con.execute("create or replace temp table linkage_come as select record_no as id from linkage_own where is_new")
    con.execute(f"""
        create or replace temp table linkage_renamed as
        select own.record_no as id from linkage_own as own inner join {kept.own} as was on own.record_no = was.id
        where not own.is_new and own.n <> was.n""")
    con.execute(f"""
        delete from {kept.own} where id in (from linkage_gone) or id in (select record_no from linkage_own)""")
    con.execute(f"insert into {kept.own} select record_no, said, n, node_id from linkage_own")
    con.execute(f"create or replace table {kept.numbered} as from linkage_numbered")


def _records(con: duckdb.DuckDBPyConnection, kept: Kept, settings: LinkageSettings, raw_id: str) -> None:
    """Bring prepared records and contradictions to the present; `linkage_record_gone`: the rows of those that went."""
    con.execute(f"""
        create or replace temp table linkage_record_gone as
        from {kept.record} where id in (from linkage_gone)""")
    condition = f"entity is null or {raw_id} in (select id from linkage_contradiction)"
    come = prepare(con, "linkage_open", settings, "linkage_record_come", condition=condition, compact=True)
    con.execute(f"delete from {kept.record} where id in (from linkage_gone)")
    con.execute(f"insert into {kept.record} by name select * exclude (rid) from {come.table}")
    con.execute(f"delete from {kept.contradiction} where e in (select e from linkage_entity_changed)")
    con.execute(f"""
        insert into {kept.contradiction}
        select {raw_id}, hash(entity) from linkage_open
        where entity is not null and {raw_id} in (select id from linkage_contradiction)""")


def _differing(con: duckdb.DuckDBPyConnection, was: str, now: str) -> str:
    """Query of the entities of which two tables with the same columns have other rows."""
    columns = ", ".join(quote(column[0]) for column in con.execute(f"select * from {was} limit 0").description)
    return f"""
        select e from (select {columns} from {was} except select {columns} from {now})
        union
        select e from (select {columns} from {now} except select {columns} from {was})"""


def _stated(
    con: duckdb.DuckDBPyConnection, kept: Kept, known: Known, settings: LinkageSettings
) -> tuple[Stated, Stated, Stated]:
    """What the changed entities state now and stated before, and what all of them state now.

    Of the changed entities only those are told that state something else than before, or are decided about: most
    records that come say nothing new. Makes `linkage_entity_restated` (`e`) of them.
    """
    now = state(con, known, settings, freely_combined(settings))
    con.execute(f"""
        create or replace temp table linkage_entity_restated as
        select e from linkage_entity_changed
        where (e in (select e from {kept.entity})) <> (e in (select e from {ENTITIES}))
            or e in (
                select hash(entity) from (
                    select entity from linkage_decided_entity union select entity from linkage_decided_before
                )
            )""")
    con.execute("create or replace temp table linkage_many_was as "
                f"from {kept.many} where e in (from linkage_entity_changed)")  # fmt: skip
    before: dict[str, str] = {}
    every: dict[str, str] = {}
    for one in used_columns(settings):
        whole, was = kept.stated(one.name), f"linkage_was_{one.name}"
        con.execute(f"create or replace temp table {was} as from {whole} where e in (from linkage_entity_changed)")
        con.execute(f"insert into linkage_entity_restated {_differing(con, was, f'linkage_stated_{one.name}')}")
        con.execute(f"delete from {whole} where e in (from linkage_entity_restated)")
        con.execute(f"""
            insert into {whole} by name
            from linkage_stated_{one.name} where e in (from linkage_entity_restated)""")
        names = [name for name, table in now.tables.items() if table == f"linkage_stated_{one.name}"]
        before |= dict.fromkeys(names, was)
        every |= dict.fromkeys(names, whole)
    con.execute("insert into linkage_entity_restated from linkage_many except from linkage_many_was")
    con.execute("insert into linkage_entity_restated from linkage_many_was except from linkage_many")
    for table in {*now.tables.values(), *before.values(), "linkage_many", "linkage_many_was"}:
        con.execute(f"delete from {table} where e not in (from linkage_entity_restated)")
    con.execute(f"delete from {kept.entity} where e in (from linkage_entity_restated)")
    con.execute(f"insert into {kept.entity} select id, e from {ENTITIES} where e in (from linkage_entity_restated)")
    con.execute(f"delete from {kept.many} where e in (from linkage_entity_restated)")
    con.execute(f"insert into {kept.many} select distinct e from linkage_many")
    (entities,) = con.execute(f"select count(*) from {kept.entity}").fetchall()[0]
    return (
        now,
        Stated(before, "linkage_many_was", now.key_type, 0),
        Stated(every, kept.many, now.key_type, int(entities)),
    )


def _hanging_together(con: duckdb.DuckDBPyConnection, kept: Kept) -> None:
    """`TOUCHED` and `linkage_touched_entity` (`e`): what hangs together, before or now, with what was compared anew."""
    con.execute(f"""
        create or replace temp table {TOUCHED} as
        from linkage_anew
        union from linkage_renamed
        union select l from linkage_edge_gone
        union select r from linkage_edge_gone where r is not null
        union select id from {kept.own} where node_id in (
            select unnest([node_l, node_r]) from linkage_decision union all select node_id from linkage_decided_before
        )""")
    con.execute("""
        create or replace temp table linkage_touched_entity as
        from linkage_entity_anew union select e from linkage_edge_gone where e is not null""")
    while True:
        (grown,) = con.execute(f"""
            insert into {TOUCHED}
            with near as (
                select r as id from {kept.within} where l in (from {TOUCHED})
                union select l from {kept.within} where r in (from {TOUCHED})
                union select l from {kept.between} where r in (from linkage_touched_entity)
            )
            select id from near where id not in (from {TOUCHED})""").fetchall()[0]
        (also,) = con.execute(f"""
            insert into linkage_touched_entity
            select distinct r from {kept.between}
            where l in (from {TOUCHED}) and r not in (from linkage_touched_entity)""").fetchall()[0]
        if not grown and not also:
            return


def _decide(con: duckdb.DuckDBPyConnection, kept: Kept, settings: LinkageSettings) -> Linked:
    """Decide anew about all touched nodes; numbers ascend as in a whole linkage, so that ties end the same way."""
    con.execute(f"""
        create or replace temp table linkage_own as
        select cast(id as varchar) as id, id as record_no, said, n, node_id
        from {kept.own} where id in (from {TOUCHED})""")
    con.execute("""
        create or replace temp table linkage_touched_record as
        select cast(row_number() over (order by record_no) - 1 as integer) as rid, record_no as id from linkage_own""")
    (records,) = con.execute("select count(*) from linkage_touched_record").fetchall()[0]
    con.execute(f"""
        create or replace temp table {ENTITIES} as
        select cast({records} + row_number() over (order by id) - 1 as integer) as rid, id, e
        from {kept.entity} where e in (from linkage_touched_entity)""")
    (entities,) = con.execute(f"select count(*) from {ENTITIES}").fetchall()[0]
    con.execute(f"""
        create or replace temp table linkage_node as
        select rid, cast(id as varchar) as id from linkage_touched_record union all select rid, id from {ENTITIES}""")
    con.execute(f"""
        create or replace temp table linkage_scored as
        select scored.* replace (a.rid as l, b.rid as r) from {kept.within} as scored
        inner join linkage_touched_record as a on scored.l = a.id
        inner join linkage_touched_record as b on scored.r = b.id
        union all by name
        select scored.* replace (a.rid as l, b.rid as r) from {kept.between} as scored
        inner join linkage_touched_record as a on scored.l = a.id
        inner join {ENTITIES} as b on scored.r = b.e""")
    con.execute(f"""
        create or replace temp table linkage_contradiction as
        select id from {kept.contradiction} where id in (from {TOUCHED})""")
    certain, single = with_profiles([], [], int(records), int(entities))
    decided = resolve(con, "", "", settings, *decided_pairs(con, kept.own))
    counts = together(con, certain, single, int(records + entities), settings, decided)
    counts |= {"records": int(records), "profiles": int(entities)}
    return Linked("linkage_cluster", "linkage_edge", "linkage_contradiction", counts)
