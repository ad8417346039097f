"""Profiles: the records of each entity that is known already, collapsed to one row with the few values they state.

Most records have a certain key. Comparing every record without one to every such record would repeat the same
comparison eight times; a profile holds each distinct name, birth date, phone or address of its entity once, in lists.

A table may be a view over many others, and millions of rows long: it is read once as a whole for what must be looked at
record by record (`look_over`), and once for each column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from yibiao.identity.prepare import Prepared, check_columns, identity, parts_of, tidied, used_columns
from yibiao.identity.settings import Column, LinkageSettings
from yibiao.ingest.rules import quote

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Known:
    """Entities as they stand in the raw table.

    Args:
        source: name of the raw table.
        entity: its column with the entity of a record, null where it is not known.
        short: whether the hashes of entities tell them apart. Eight bytes are grouped at half the cost of a text; in
            the rare case that two entities share them, by text.
        main: the column of which `linkage_written` holds what each entity states.
    """

    source: str
    entity: str
    short: bool
    main: Column

    def key(self, entity: str) -> str:
        """SQL of the key of an entity, from SQL of the entity."""
        return f"hash({entity})" if self.short else entity


def look_over(con: duckdb.DuckDBPyConnection, source: str, entity: str, settings: LinkageSettings) -> Known:
    """Read a raw table for the first time.

    Makes `linkage_written` (`entity`, raw columns of the main prepared column: each combination once) and
    `linkage_open`: all that linkage reads of the records that have no entity, or one whose records might be of two (if
    `settings.same` asks for that), because they do not all write one name.

    Raises:
        LinkageError: a raw column is missing.
    """
    check_columns(con, source, settings)
    main = settings.columns[settings.comparisons[0].main[0].partition(".")[0]]
    key, raw = quote(entity), ", ".join(quote(name) for name in main.sources)
    con.execute(f"""
        create or replace temp table linkage_written as
        select distinct {key} as entity, {raw} from {quote(source)} where {key} is not null""")
    entities = "select count(distinct entity) as n from linkage_written"
    (twice,) = con.execute(
        f"select ({entities}) - (select count(distinct hash(entity)) from linkage_written)"
    ).fetchall()[0]
    known = Known(source, entity, not twice, main)
    first = quote(main.sources[0])
    # Least and greatest tell whether there is more than one name, at a fraction of the cost of counting them.
    claimed = f"""select {known.key("entity")} from linkage_written group by all having min({first}) <> max({first})"""
    unsure = f"or {known.key(key)} in ({claimed})" if settings.same is not None else ""
    read = dict.fromkeys([entity, *(name for one in used_columns(settings) for name in one.sources)])
    own = settings.id or ""
    listed = ", ".join(quote(name) for name in ([own] if own and own not in read else []) + list(read))
    con.execute(f"""
        create or replace temp table linkage_open as
        select {listed} from {quote(source)} where {key} is null {unsure}""")
    return known


def set_aside(con: duckdb.DuckDBPyConnection, known: Known, settings: LinkageSettings, contradictions: str) -> None:
    """Make `linkage_kept`: of entities that lose records, those that they keep; and `linkage_affected`: those entities.

    Args:
        contradictions: table of `id`: records that do not keep their entity.
    """
    key, own = quote(known.entity), identity(con, "linkage_open", settings)
    lost = f"{own} in (select id from {contradictions})"
    con.execute(f"""
        create or replace temp table linkage_affected as
        select distinct {known.key(key)} as e from linkage_open where {key} is not null and {lost}""")
    con.execute(f"""
        create or replace temp table linkage_kept as
        select * from linkage_open where {known.key(key)} in (select e from linkage_affected) and not {lost}""")


def collapse(con: duckdb.DuckDBPyConnection, known: Known, settings: LinkageSettings, target: str) -> Prepared:
    """Make the temporary table of profiles out of the records that have an entity.

    Args:
        known: what `look_over` found, after `set_aside`.
        target: name of the table to make: `rid` (0-based, in the order of entities), `id` (the entity), and the
            prepared columns of `prepare(compact=True)`, each a list of distinct values (empty lists where nothing is
            stated).
    """
    key = known.key("entity")
    con.execute(f"""
        create or replace temp table linkage_entity as
        select cast(row_number() over (order by id) - 1 as integer) as rid, id, e
        from (
            select distinct entity as id, {key} as e from linkage_written
            where {key} not in (select e from linkage_affected)
            union all
            select distinct {quote(known.entity)}, {known.key(quote(known.entity))} from linkage_kept
        )""")
    tables = []
    for number, column in enumerate(used_columns(settings)):
        _state(con, known, column)
        parts = parts_of(con, "linkage_stated", column, settings, compact=True)
        text = f"linkage_stated.{quote(column.name)}"
        lists = ", ".join(
            f"list({value}) filter ({value} is not null) as {quote(name)}" for name, value in parts.values.items()
        )
        con.execute(f"""
            create or replace temp table linkage_lists_{number} as
            select e, {lists} from linkage_stated {" ".join(parts.joins)} where {text} is not null group by e""")
        tables.append((f"linkage_lists_{number}", list(parts.values)))
    con.execute("drop table linkage_stated")
    chosen = "".join(
        f", coalesce({table}.{quote(name)}, []) as {quote(name)}" for table, held in tables for name in held
    )
    joins = " ".join(f"left join {table} using (e)" for table, _ in tables)
    con.execute(f"""
        create or replace temp table {quote(target)} as
        select linkage_entity.rid, linkage_entity.id{chosen}
        from linkage_entity {joins}""")
    for table in (*(table for table, _ in tables), "linkage_entity", "linkage_written", "linkage_affected"):
        con.execute(f"drop table {table}")
    con.execute("drop table linkage_kept")
    (rows,) = con.execute(f"select count(*) from {quote(target)}").fetchall()[0]
    return Prepared(target, int(rows))


def _state(con: duckdb.DuckDBPyConnection, known: Known, column: Column) -> None:
    """Make `linkage_stated`: key `e` of each entity with each text that it states in a column, tidied, once."""
    raw = ", ".join(quote(name) for name in column.sources)
    stated = " or ".join(f"{quote(name)} is not null" for name in column.sources)
    if column == known.main:
        written = f"select {known.key('entity')} as e, {raw} from linkage_written where {stated}"
    else:
        key = quote(known.entity)
        written = f"""select distinct {known.key(key)} as e, {raw} from {quote(known.source)}
            where {key} is not null and ({stated})"""
    # Distinct as written, then tidied: seven of eight records say nothing new.
    con.execute(f"""
        create or replace temp table linkage_stated as
        select distinct e, {tidied(column)} as {quote(column.name)}
        from (
            select * from ({written}) as written anti join linkage_affected using (e)
            union all
            select {known.key(quote(known.entity))}, {raw} from linkage_kept where {stated}
        )""")
