"""Profiles: the records of each entity that is known already, collapsed to one row with the few values they state.

Most records have a certain key. Comparing every record without one to every such record would repeat the same
comparison eight times; a profile holds each distinct name, birth date, phone or address of its entity once, in lists.

A table may be a view over many others, and millions of rows long: it is read once as a whole for what must be looked at
record by record (`look_over`), and once for each column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yibiao.identity.levels import MORE, SAYS, needed, only_compared_for_equality
from yibiao.identity.levels import column as prepared_name
from yibiao.identity.prepare import check_columns, identity, parts_of, tidied, used_columns
from yibiao.identity.settings import Column, LinkageSettings
from yibiao.ingest.rules import quote

if TYPE_CHECKING:
    import duckdb

    from yibiao.identity.decided import IdPairs


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


def look_over(
    con: duckdb.DuckDBPyConnection, source: str, entity: str, settings: LinkageSettings, asked: IdPairs = (),
    keep: Sequence[str] = (),
) -> Known:  # fmt: skip
    """Read a raw table for the first time.

    Makes `linkage_written` (`entity`, raw columns of the main prepared column: each combination once) and
    `linkage_open`: all that linkage reads of the records that have no entity, or one whose records might be of two (if
    `settings.same` asks for that), because they do not all write one name.

    Args:
        asked: pairs of ids that a human decided; the records of entities named there are open, too.
        keep: further raw columns that `linkage_open` is to hold.

    Raises:
        LinkageError: a raw column is missing.
    """
    check_columns(con, source, settings, settings.columns.values())
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
    if asked and settings.id:
        named = f"select id from linkage_named where id = cast({key} as varchar)"
        con.execute("create or replace temp table linkage_named as select unnest(?::varchar[]) as id",
                    [[one for pair in asked for one in pair]])  # fmt: skip
        unsure += f" or exists ({named})"
    read = dict.fromkeys([entity, *(name for one in used_columns(settings) for name in one.sources), *keep])
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


ENTITIES = "linkage_entity"
"""Temporary table of the entities that keep any record: `rid` (0-based, in their order), `id`, `e` (their key)."""


@dataclass(frozen=True)
class Stated:
    """What entities state, one narrow temporary table for each column: `e` and the prepared columns, each text once.

    Args:
        tables: prepared column -> its table.
        many: table of `e`: entities that state so much in a column that combining it needs a bound.
        key_type: SQL type of `e`.
        entities: how many there are.
    """

    tables: dict[str, str]
    many: str
    key_type: str
    entities: int


def state(con: duckdb.DuckDBPyConnection, known: Known, settings: LinkageSettings, bound: int) -> Stated:
    """Find out what each entity states, and make `linkage_entity`.

    Args:
        known: what `look_over` found, after `set_aside`.
        bound: so many texts of one column may be combined freely.
    """
    key = known.key("entity")
    con.execute(f"""
        create or replace temp table {ENTITIES} as
        select cast(row_number() over (order by id) - 1 as integer) as rid, id, e
        from (
            select distinct entity as id, {key} as e from linkage_written
            where {key} not in (select e from linkage_affected)
            union all
            select distinct {quote(known.entity)}, {known.key(quote(known.entity))} from linkage_kept
        )""")
    key_type = str(con.execute(f"select e from {ENTITIES} limit 0").description[0][1])
    con.execute(f"create or replace temp table linkage_many (e {key_type})")
    tables: dict[str, str] = {}
    for column in used_columns(settings):
        _written(con, known, column)
        parts = parts_of(con, "linkage_tidy", column, settings, compact=True)
        values = "".join(f", {value} as {quote(name)}" for name, value in parts.values.items())
        table = f"linkage_stated_{column.name}"
        con.execute(f"""
            create or replace temp table {table} as
            select e{values} from linkage_tidy {" ".join(parts.joins)}
            where linkage_tidy.{quote(column.name)} is not null""")
        con.execute(f"insert into linkage_many select e from {table} group by e having count(*) > {bound}")
        tables |= dict.fromkeys(parts.values, table)
    for table in ("tidy", "written", "affected", "kept"):
        con.execute(f"drop table linkage_{table}")
    (entities,) = con.execute(f"select count(*) from {ENTITIES}").fetchall()[0]
    return Stated(tables, "linkage_many", key_type, int(entities))


def _written(con: duckdb.DuckDBPyConnection, known: Known, column: Column) -> None:
    """Make `linkage_tidy`: key `e` of each entity with each text that it states in a column, tidied, once."""
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
        create or replace temp table linkage_tidy as
        select distinct e, {tidied(column)} as {quote(column.name)}
        from (
            select * from ({written}) as written anti join linkage_affected using (e)
            union all
            select {known.key(quote(known.entity))}, {raw} from linkage_kept where {stated}
        )""")


@dataclass(frozen=True)
class Profiles:
    """Entities with what they state.

    Args:
        table: `rid`, the prepared columns with one value each, and lists of further values (see `levels.MORE`).
        said: prepared columns of which the further values are in one list.
    """

    table: str
    said: frozenset[str]


def collapse(
    con: duckdb.DuckDBPyConnection, stated: Stated, settings: LinkageSettings, pairs: str, target: str
) -> Profiles:
    """Make the temporary table `target` of the entities that are in any pair.

    Most state one value of a column, which is quicker to compare and to carry than a list.

    Args:
        pairs: table of pairs; `r` is the number of an entity.
    """
    read = needed(settings.comparisons)
    said = frozenset(map(prepared_name, only_compared_for_equality(settings))) & set(read)
    con.execute(f"""
        create or replace temp table linkage_candidate as
        select rid, e from {ENTITIES} where rid in (select r from {pairs})""")
    con.execute(f"create or replace temp table linkage_extra (e {stated.key_type}, extra ubigint)")
    made, chosen = ["linkage_candidate", "linkage_extra", "linkage_extras"], [SAYS]
    for number, table in enumerate(dict.fromkeys(stated.tables[name] for name in read)):
        names = [name for name in read if stated.tables[name] == table]
        first = f"linkage_first_{number}"
        con.execute(f"""
            create or replace temp table {first} as
            select e, count(*) as n, {", ".join(f"min({quote(name)}) as {quote(name)}" for name in names)}
            from {table} where e in (select e from linkage_candidate) group by e""")
        made.append(first)
        chosen += [f"{first}.{quote(name)}" for name in names]
        for name in names:
            value = f"stated.{quote(name)}"
            more = f"""from {table} as stated inner join {first} as first using (e)
                where first.n > 1 and {value} <> first.{quote(name)}"""
            if name in said:
                con.execute(f"insert into linkage_extra select e, {value} {more}")
            else:
                lists = f"linkage_more_{len(made)}"
                con.execute(f"""
                    create or replace temp table {lists} as
                    select e, list({value}) as {quote(f"{name}{MORE}")} {more} group by e""")
                made.append(lists)
                chosen.append(f"{lists}.{quote(f'{name}{MORE}')}")
    con.execute(f"""
        create or replace temp table linkage_extras as
        select e, list(extra) as {SAYS} from linkage_extra group by e""")
    joins = " ".join(f"left join {table} using (e)" for table in made[2:])
    con.execute(f"""
        create or replace temp table {target} as
        select linkage_candidate.rid, {", ".join(chosen)} from linkage_candidate {joins}""")
    for table in made:
        con.execute(f"drop table {table}")
    return Profiles(target, said)


def drop_stated(con: duckdb.DuckDBPyConnection, stated: Stated) -> None:
    """Remove the tables of `state`, with `linkage_entity`."""
    for table in {*stated.tables.values(), stated.many, ENTITIES}:
        con.execute(f"drop table {table}")
