"""Linkage by change: what came, went or changed, and all that hangs together with it; the rest stays as it was.

Rule 5 of the design makes that exact: nothing is trained, a score depends on the pair alone, clusters are whole
components. A pair is compared anew if one of its sides is new, or shares a key that has become too common, or is so no
longer. Then everything that hangs together by scored pairs with any such side, before or now, is decided anew. What the
tables of `yibiao.identity.kept` cannot tell (what follows from decisions of humans) is left to a whole linkage.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yibiao.identity.blocks import entity_keys, freely_combined, record_keys
from yibiao.identity.contradictions import contradicting
from yibiao.identity.decided import Decided
from yibiao.identity.kept import Kept
from yibiao.identity.linkage import Linked, together, with_profiles
from yibiao.identity.model import UNIT, Model
from yibiao.identity.prepare import drop_descriptions, identity, prepare, used_columns
from yibiao.identity.profiles import ENTITIES, Known, Stated, collapse, drop_stated, look_over, set_aside, state
from yibiao.identity.scores import score_pairs
from yibiao.identity.settings import Block, LinkageSettings

if TYPE_CHECKING:
    import duckdb

TOUCHED = "linkage_touched"
"""Temporary table (`id`): records whose rows in the result are made anew: those that hang together with any change, and
those that are open no longer."""


@dataclass(frozen=True)
class Source:
    """What linkage reads in a run by change.

    Args:
        records: view of all raw records: `id`, `entity`, raw columns.
        touched: table of `record_no`: records that came, went or changed.
        before: table of `id`, `entity`: the certain entities that touched records had.
        subject: SQL of whether a record speaks of anybody.
    """

    records: str
    touched: str
    before: str
    subject: str


def relink(
    con: duckdb.DuckDBPyConnection, source: Source, settings: LinkageSettings, model: Model, kept: Kept,
    own: Callable[[str, str, str, str], None], keep: list[str],
) -> Linked | None:  # fmt: skip
    """Bring the kept tables to the present records, and link what hangs together with the changes.

    Args:
        own: makes `linkage_own` of a table of raw records, one of contradictions, and queries of the records beside
            them; see `yibiao.identity.run`.
        keep: raw columns that it reads.

    Returns:
        The linkage of the touched records and entities, as `link` tells it, with the temporary tables `TOUCHED` and
        `linkage_own` (of these records); None if only a whole linkage can tell.
    """
    if settings.certain or settings.one_per:
        return None
    _input(con, source)
    known = look_over(con, "linkage_changed_input", "entity", settings, keep=keep)
    if not known.short:
        return None
    raw_id = identity(con, "linkage_open", settings)
    con.execute(
        f"create or replace temp table linkage_contradiction as select {raw_id} as id from linkage_open limit 0"
    )
    if settings.same is not None:
        contradicting(
            con, "linkage_open", "entity", known.main.sources[0], settings, model, "linkage_contradiction",
            least=settings.same,
        )  # fmt: skip
    set_aside(con, known, settings, "linkage_contradiction")
    _gone(con, kept, source)
    own(
        "linkage_open", "linkage_contradiction",
        f"select id, said from {kept.own} where id not in (from linkage_gone)",
        f"select said from {kept.own} where id in (from linkage_gone)",
    )  # fmt: skip
    _own(con, kept)
    _records(con, kept, settings, raw_id)
    now, before, every = _stated(con, kept, known, settings)
    _pairs(con, kept, settings, model, now, before, every)
    drop_stated(con, now)
    _hanging_together(con, kept)
    linked = _decide(con, kept, settings)
    drop_descriptions(con, settings)
    return linked


def _input(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    """`linkage_changed_input`: all records of entities that any touched record had or has, and touched open ones."""
    touched = f"select record_no from {source.touched}"
    con.execute(f"""
        create or replace temp table linkage_changed_entity as
        select distinct entity from {source.before}
        union
        select distinct entity from {source.records} where entity is not null and id in ({touched})""")
    con.execute(f"""
        create or replace temp table linkage_changed_input as
        -- The engine leaves out the records without an entity, and the raw rows behind them, if it is told so.
        select * from {source.records}
        where entity is not null and entity in (select entity from linkage_changed_entity)
        union all
        select * from {source.records} where entity is null and {source.subject} and id in ({touched})""")


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


def _own(con: duckdb.DuckDBPyConnection, kept: Kept) -> None:
    """Bring the nodes of open records to the present.

    Makes `linkage_come` (`id`: open records that are new or looked at anew) and `linkage_renamed` (`id`: those that
    stay, but have another number among those that say the same).
    """
    con.execute("create or replace temp table linkage_come as select record_no as id from linkage_own where is_new")
    con.execute(f"""
        create or replace temp table linkage_renamed as
        select own.record_no as id from linkage_own as own inner join {kept.own} as was on own.record_no = was.id
        where not own.is_new and own.n <> was.n""")
    con.execute(f"""
        delete from {kept.own} where id in (from linkage_gone) or id in (select record_no from linkage_own)""")
    con.execute(f"insert into {kept.own} select record_no, said, n, node_id from linkage_own")


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


def _stated(
    con: duckdb.DuckDBPyConnection, kept: Kept, known: Known, settings: LinkageSettings
) -> tuple[Stated, Stated, Stated]:
    """What the changed entities state now and stated before, and what all of them state now."""
    now = state(con, known, settings, freely_combined(settings))
    con.execute("create or replace temp table linkage_many_was as "
                f"from {kept.many} where e in (from linkage_entity_changed)")  # fmt: skip
    before: dict[str, str] = {}
    every: dict[str, str] = {}
    for one in used_columns(settings):
        whole, was = kept.stated(one.name), f"linkage_was_{one.name}"
        con.execute(f"create or replace temp table {was} as from {whole} where e in (from linkage_entity_changed)")
        con.execute(f"delete from {whole} where e in (from linkage_entity_changed)")
        con.execute(f"insert into {whole} by name from linkage_stated_{one.name}")
        names = [name for name, table in now.tables.items() if table == f"linkage_stated_{one.name}"]
        before |= dict.fromkeys(names, was)
        every |= dict.fromkeys(names, whole)
    con.execute(f"delete from {kept.entity} where e in (from linkage_entity_changed)")
    con.execute(f"insert into {kept.entity} select id, e from {ENTITIES}")
    con.execute(f"delete from {kept.many} where e in (from linkage_entity_changed)")
    con.execute(f"insert into {kept.many} select distinct e from linkage_many")
    (entities,) = con.execute(f"select count(*) from {kept.entity}").fetchall()[0]
    return (
        now,
        Stated(before, "linkage_many_was", now.key_type, 0),
        Stated(every, kept.many, now.key_type, int(entities)),
    )


def _pairs(
    con: duckdb.DuckDBPyConnection, kept: Kept, settings: LinkageSettings, model: Model, now: Stated, before: Stated,
    every: Stated,
) -> None:  # fmt: skip
    """Compare what must be compared anew, and bring the scored pairs to the present.

    Makes `linkage_anew` (`id`) and `linkage_entity_anew` (`e`), the sides of these pairs that made them so, and
    `linkage_edge_gone` (`l`, `r`, `between`): pairs that were, with such a side.
    """
    con.execute("create or replace temp table linkage_anew as from linkage_gone union from linkage_come")
    con.execute("create or replace temp table linkage_entity_anew as from linkage_entity_changed")
    con.execute("create or replace temp table linkage_pair_ids (l bigint, r bigint)")
    con.execute(f"create or replace temp table linkage_pair_between (l bigint, r {now.key_type})")
    con.execute("create or replace temp table linkage_flipped (id bigint)")
    con.execute(f"create or replace temp table linkage_entity_flipped (e {now.key_type})")
    for block in settings.blocks:
        _block(con, kept, block, settings, every, now, before)
    # Sides of keys that became too common, or are so no longer: all their pairs are found anew, and only now.
    con.execute("delete from linkage_flipped where id in (from linkage_anew)")
    con.execute("delete from linkage_entity_flipped where e in (from linkage_entity_anew)")
    (flipped,) = con.execute("select (select count(*) from linkage_flipped) + "
                             "(select count(*) from linkage_entity_flipped)").fetchall()[0]  # fmt: skip
    if flipped:
        con.execute("insert into linkage_anew select distinct id from linkage_flipped")
        con.execute("insert into linkage_entity_anew select distinct e from linkage_entity_flipped")
        for block in settings.blocks:
            _block(con, kept, block, settings, every)
    _forget_pairs(con, kept)
    _score(con, kept, settings, model, every)


def _block(
    con: duckdb.DuckDBPyConnection, kept: Kept, block: Block, settings: LinkageSettings, every: Stated,
    now: Stated | None = None, before: Stated | None = None,
) -> None:  # fmt: skip
    """Add the pairs of one block of which a side is in `linkage_anew` or `linkage_entity_anew`.

    Args:
        now, before: what the changed entities state and stated; if given, nodes whose keys became too common by the
            change, or are so no longer, are added to `linkage_flipped` and `linkage_entity_flipped`.
    """
    con.execute(f"""
        create or replace temp table linkage_key_l as
        {record_keys(kept.record, block, settings, number="id")} and id in (from linkage_anew)""")
    if now and before:
        con.execute(f"create or replace temp table linkage_key_r as {entity_keys(con, now, block)}")
        con.execute(f"""
            create or replace temp table linkage_key_l_was as
            {record_keys("linkage_record_gone", block, settings, number="id")}""")
        con.execute(f"create or replace temp table linkage_key_r_was as {entity_keys(con, before, block)}")
        gone = "union select k from linkage_key_l_was union select k from linkage_key_r_was"
    else:
        among = "e in (from linkage_entity_anew)"
        con.execute(f"create or replace temp table linkage_key_r as {entity_keys(con, every, block, among=among)}")
        gone = ""
    con.execute(f"""
        create or replace temp table linkage_key as
        select k from linkage_key_l union select k from linkage_key_r {gone}""")
    wanted = "k in (select k from linkage_key)"
    con.execute(f"""
        create or replace temp table linkage_all_l as
        select * from ({record_keys(kept.record, block, settings, number="id")}) where {wanted}""")
    con.execute(f"create or replace temp table linkage_all_r as {entity_keys(con, every, block, wanted='linkage_key')}")
    if now and before:
        _flips(con, block)
    con.execute(f"""
        insert into linkage_pair_ids
        select l.rid, r.rid
        from (select k from linkage_all_l group by k having count(*) <= {block.cap}) as few
        inner join linkage_all_l as l using (k)
        inner join linkage_all_l as r using (k)
        where l.rid < r.rid and (l.rid in (from linkage_anew) or r.rid in (from linkage_anew))""")
    con.execute(f"""
        insert into linkage_pair_between
        select l.rid, r.rid
        from (select k from linkage_all_l group by k having count(*) <= {block.cap}) as few_l
        inner join (select k from linkage_all_r group by k having count(*) <= {block.cap}) as few_r using (k)
        inner join linkage_all_l as l using (k)
        inner join linkage_all_r as r using (k)
        where l.rid in (from linkage_anew) or r.rid in (from linkage_entity_anew)""")


def _flips(con: duckdb.DuckDBPyConnection, block: Block) -> None:
    """Nodes on keys whose pairs were left out before and are not now, or the reverse."""
    counts = [
        f"(select k, count(*) as {name} from {table} group by k) as counted_{name}"
        for name, table in (
            ("l", "linkage_all_l"),
            ("r", "linkage_all_r"),
            ("l_come", "linkage_key_l"),
            ("r_come", "linkage_key_r"),
            ("l_gone", "linkage_key_l_was"),
            ("r_gone", "linkage_key_r_was"),
        )
    ]
    joined = " left join ".join(["linkage_key", *(f"{count} using (k)" for count in counts)])
    cap = block.cap
    con.execute(f"""
        create or replace temp table linkage_flip as
        with sizes as (
            select
                k, coalesce(l, 0) as l, coalesce(r, 0) as r,
                coalesce(l, 0) - coalesce(l_come, 0) + coalesce(l_gone, 0) as l_was,
                coalesce(r, 0) - coalesce(r_come, 0) + coalesce(r_gone, 0) as r_was
            from {joined}
        )
        select
            k, (l > {cap}) <> (l_was > {cap}) as within,
            (l > {cap} or r > {cap}) <> (l_was > {cap} or r_was > {cap}) as between
        from sizes""")
    con.execute("""
        insert into linkage_flipped
        select rid from linkage_all_l where k in (select k from linkage_flip where within or between)""")
    con.execute("""
        insert into linkage_entity_flipped
        select rid from linkage_all_r where k in (select k from linkage_flip where between)""")


def _forget_pairs(con: duckdb.DuckDBPyConnection, kept: Kept) -> None:
    con.execute("create or replace temp table linkage_edge_gone (l bigint, r bigint, e ubigint)")
    sides = "l in (from linkage_anew) or r in (from linkage_anew)"
    con.execute(f"insert into linkage_edge_gone select l, r, null from {kept.within} where {sides}")
    con.execute(f"delete from {kept.within} where {sides}")
    sides = "l in (from linkage_anew) or r in (from linkage_entity_anew)"
    con.execute(f"insert into linkage_edge_gone select l, null, r from {kept.between} where {sides}")
    con.execute(f"delete from {kept.between} where {sides}")


def _score(con: duckdb.DuckDBPyConnection, kept: Kept, settings: LinkageSettings, model: Model, every: Stated) -> None:
    least = round(settings.review * UNIT)
    con.execute(f"""
        create or replace temp table linkage_record as
        select cast(row_number() over (order by id) - 1 as integer) as rid, *
        from {kept.record}
        where id in (select l from linkage_pair_ids union all select r from linkage_pair_ids
            union all select l from linkage_pair_between)""")
    con.execute("""
        create or replace temp table linkage_pair as
        select l.rid as l, r.rid as r
        from (select distinct l, r from linkage_pair_ids) as pair
        inner join linkage_record as l on pair.l = l.id inner join linkage_record as r on pair.r = r.id""")
    score_pairs(con, "linkage_pair", "linkage_record", settings, model, "linkage_scored", least=least)
    con.execute(f"""
        insert into {kept.within} by name
        select scored.* replace (a.id as l, b.id as r) from linkage_scored as scored
        inner join (select rid, id from linkage_record) as a on scored.l = a.rid
        inner join (select rid, id from linkage_record) as b on scored.r = b.rid""")
    con.execute(f"""
        create or replace temp table {ENTITIES} as
        select cast(row_number() over (order by id) - 1 as integer) as rid, id, e
        from {kept.entity} where e in (select r from linkage_pair_between)""")
    con.execute(f"""
        create or replace temp table linkage_pair as
        select l.rid as l, r.rid as r
        from (select distinct l, r from linkage_pair_between) as pair
        inner join linkage_record as l on pair.l = l.id inner join {ENTITIES} as r on pair.r = r.e""")
    profiles = collapse(con, every, settings, "linkage_pair", "linkage_profile")
    score_pairs(
        con, "linkage_pair", "linkage_record", settings, model, "linkage_scored", least=least, profiles=profiles
    )
    con.execute(f"""
        insert into {kept.between} by name
        select scored.* replace (a.id as l, b.e as r) from linkage_scored as scored
        inner join (select rid, id from linkage_record) as a on scored.l = a.rid
        inner join {ENTITIES} as b on scored.r = b.rid""")


def _hanging_together(con: duckdb.DuckDBPyConnection, kept: Kept) -> None:
    """`TOUCHED` and `linkage_touched_entity` (`e`): what hangs together, before or now, with what was compared anew."""
    con.execute(f"""
        create or replace temp table {TOUCHED} as
        from linkage_anew
        union from linkage_renamed
        union select l from linkage_edge_gone
        union select r from linkage_edge_gone where r is not null""")
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
    counts = together(con, certain, single, int(records + entities), settings, Decided())
    counts |= {"records": int(records), "profiles": int(entities)}
    return Linked("linkage_cluster", "linkage_edge", "linkage_contradiction", counts)
