"""Pairs that must be compared anew when records change: those with a new side, and those on keys that became too
common, or are so no longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from yibiao.identity.blocks import entity_keys, record_keys
from yibiao.identity.kept import Kept
from yibiao.identity.levels import column
from yibiao.identity.model import UNIT, Model
from yibiao.identity.profiles import ENTITIES, Stated, collapse
from yibiao.identity.scores import score_pairs
from yibiao.identity.settings import Block, LinkageSettings

if TYPE_CHECKING:
    import duckdb


def compare_anew(
    con: duckdb.DuckDBPyConnection, kept: Kept, settings: LinkageSettings, model: Model, now: Stated, before: Stated,
    every: Stated,
) -> None:  # fmt: skip
    """Compare what must be compared anew, and bring the scored pairs to the present.

    Makes `linkage_anew` (`id`) and `linkage_entity_anew` (`e`), the sides of these pairs that made them so, and
    `linkage_edge_gone` (`l`, `r`, `between`): pairs that were, with such a side.
    """
    con.execute("create or replace temp table linkage_anew as from linkage_gone union from linkage_come")
    con.execute("create or replace temp table linkage_entity_anew as select distinct e from linkage_entity_restated")
    con.execute("create or replace temp table linkage_pair_ids (l bigint, r bigint)")
    con.execute(f"create or replace temp table linkage_pair_between (l bigint, r {now.key_type})")
    con.execute("create or replace temp table linkage_flipped (id bigint)")
    con.execute(f"create or replace temp table linkage_entity_flipped (e {now.key_type})")
    _values(con, kept, settings, now, before)
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


def _values(con: duckdb.DuckDBPyConnection, kept: Kept, settings: LinkageSettings, now: Stated, before: Stated) -> None:
    """Make `linkage_value_<column>` (`v`): what the sides that are new, or are no more, state in a column of a block.

    To look for a value in a table costs a fraction of making the keys of all its rows.
    """
    for name in sorted({column(part) for block in settings.blocks for part in block.parts}):
        con.execute(f"""
            create or replace temp table linkage_value_{name} as
            select "{name}" as v from {kept.record} where id in (from linkage_anew) and "{name}" is not null
            union select "{name}" from linkage_record_gone where "{name}" is not null
            union select "{name}" from {now.tables[name]} where "{name}" is not null
            union select "{name}" from {before.tables[name]} where "{name}" is not null""")


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
    names = [column(part) for part in block.parts]
    # All keys that are wanted are made of these values; those of nodes on keys that became too common are not.
    stated = {name: f'"{name}" in (from linkage_value_{name})' for name in names} if now and before else {}
    near = "".join(f" and {condition}" for condition in stated.values())
    con.execute(f"""
        create or replace temp table linkage_all_l as
        select * from ({record_keys(kept.record, block, settings, number="id")}{near})
        where k in (select k from linkage_key)""")
    keys = entity_keys(con, every, block, wanted="linkage_key", stated_in=stated)
    con.execute(f"create or replace temp table linkage_all_r as {keys}")
    if now and before:
        _flips(con, block)
    shared = f"select k from linkage_all_r group by k having count(*) > {block.most_entities}"
    tells = f"where k not in ({shared})" if block.entities else ""
    con.execute(f"""
        insert into linkage_pair_ids
        select l.rid, r.rid
        from (select k from linkage_all_l {tells} group by k having count(*) <= {block.cap}) as few
        inner join linkage_all_l as l using (k)
        inner join linkage_all_l as r using (k)
        where l.rid < r.rid and (l.rid in (from linkage_anew) or r.rid in (from linkage_anew))""")
    con.execute(f"""
        insert into linkage_pair_between
        select l.rid, r.rid
        from (select k from linkage_all_l group by k having count(*) <= {block.cap}) as few_l
        inner join (select k from linkage_all_r group by k having count(*) <= {block.most_entities}) as few_r using (k)
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
    cap, most = block.cap, block.most_entities
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
            (l > {cap} or r > {most}) <> (l_was > {cap} or r_was > {most}) as between
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
