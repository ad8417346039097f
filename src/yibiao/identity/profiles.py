"""Profiles: the records of each entity that is known already, collapsed to one row with the few values they state.

Most records have a certain key. Comparing every record without one to every such record would repeat the same
comparison eight times; a profile holds each distinct name, birth date, phone or address of its entity once, in lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from yibiao.identity.prepare import Prepared, check_columns, drop_parts, parts_of, tidied
from yibiao.identity.settings import LinkageSettings
from yibiao.ingest.rules import quote

if TYPE_CHECKING:
    import duckdb


def collapse(
    con: duckdb.DuckDBPyConnection, source: str, entity: str, settings: LinkageSettings, target: str
) -> Prepared:
    """Make the table of profiles out of the records that have an entity.

    Args:
        source: name of the raw table.
        entity: raw column with the entity of a record, null where it is not known.
        target: name of the table to make: `rid` (0-based, in the order of entities), `id` (the entity), and the
        prepared
            columns of `prepare`, each a list of distinct values (empty lists where nothing is stated).

    Raises:
        LinkageError: a raw column is missing.
    """
    check_columns(con, source, settings)
    key = f"cast({quote(entity)} as varchar)"
    con.execute(f"""
        create or replace temp table linkage_entity as
        select cast(row_number() over (order by id) - 1 as integer) as rid, id, hash(id) as h
        from (select distinct {key} as id from {quote(source)} where {quote(entity)} is not null)""")
    (twice,) = con.execute("select count(*) - count(distinct h) from linkage_entity").fetchall()[0]
    # Eight bytes are grouped at half the cost of the text; in the rare case that two texts share them, by text.
    short, grouped = ("id", key) if twice else ("h", f"hash({key})")
    compared = {one.partition(".")[0] for one in settings.references(labels=False)}
    tables = []
    for number, column in enumerate(one for one in settings.columns.values() if one.name in compared):
        raw = ", ".join(quote(name) for name in column.sources)
        stated = " or ".join(f"{quote(name)} is not null" for name in column.sources)
        # Distinct as written, then tidied: seven of eight records say nothing new.
        con.execute(f"""
            create or replace temp table linkage_stated as
            select distinct rid, {tidied(column)} as {quote(column.name)}
            from (
                select distinct {grouped} as {short}, {raw}
                from {quote(source)}
                where {quote(entity)} is not null and ({stated})
            ) as written
            inner join linkage_entity using ({short})""")
        parts = parts_of(con, "linkage_stated", column, settings)
        text = f"linkage_stated.{quote(column.name)}"
        lists = [f"list({text}) as {quote(column.name)}"]
        for name, value in parts.values.items():
            gathered = f"list({value}) filter ({value} is not null)"
            lists.append(f"{f'flatten({gathered})' if name in parts.lists else gathered} as {quote(name)}")
        con.execute(f"""
            create or replace temp table linkage_lists_{number} as
            select rid, {", ".join(lists)}
            from linkage_stated {" ".join(parts.joins)}
            where {text} is not null
            group by rid""")
        tables.append((f"linkage_lists_{number}", [column.name, *parts.values]))
    con.execute("drop table linkage_stated")
    chosen = ", ".join(
        f"coalesce({table}.{quote(name)}, []) as {quote(name)}" for table, held in tables for name in held
    )
    joins = " ".join(f"left join {table} using (rid)" for table, _ in tables)
    con.execute(f"""
        create or replace table {quote(target)} as
        select linkage_entity.rid, linkage_entity.id, {chosen}
        from linkage_entity {joins}""")
    for table, _ in tables:
        con.execute(f"drop table {table}")
    con.execute("drop table linkage_entity")
    drop_parts(con, settings)
    (rows,) = con.execute(f"select count(*) from {quote(target)}").fetchall()[0]
    return Prepared(target, int(rows))
