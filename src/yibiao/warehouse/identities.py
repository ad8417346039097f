"""What became of every id that was ever published: the part of the journal that keeps a department's stored ids alive.

A release is a pure function of its inputs, so that its ids change when the inputs say other things about who is who:
records that were two people are one, a delivery is taken back. For every change of the current release (a publication
or a rollback) one file says which ids left or split, and where their records are now; of an id of which nothing is left
also which rows spoke of it, because a delivery that was taken back may come back when they are of somebody else. A file
is a function of the two releases and of the files before it, so that one which a killed process did not write is
written by the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.errors import ReleaseError
from yibiao.files import commit_file
from yibiao.settings import Settings
from yibiao.warehouse import releases
from yibiao.warehouse.query import entities_in

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

MERGED, SPLIT, ENDED, WITHDRAWN = "merged", "split", "ended", "withdrawn"
"""All records are of another entity now; they are of several; no delivery that counts speaks of it any more; every
delivery that spoke of it was taken back."""

_ROW = ("load_id", "row")
_COLUMNS = ("entity", "old_id", "kind", "new_id", "why", *_ROW)

KEY, STAYED = "key", "stayed"
"""Why a record is where it is, besides the bases of the table `<entity>_link`: a certain key places it, as it is read
or as a human decided about it; it never left."""


@dataclass(frozen=True)
class Whereabouts:
    """Where an id leads.

    Attributes:
        entity: of which kind, empty if the id was never published here.
        present: ids of the current release that hold what the id held; the id itself among them if it is still there.
        steps: what happened, oldest first: `at`, `release`, `old_id`, `kind`, `new_ids` and, of each of these, `why`:
            the bases by which records are there (`linked`, `reviewed`, `contradicts`, `alone`, `key`, `stayed`); empty
            in the files of an older program.
    """

    entity: str
    present: tuple[str, ...]
    steps: tuple[dict[str, Any], ...]


def record_changes(settings: Settings) -> list[Path]:
    """Write the files that are missing: one for each change of the current release whose two releases are still there.

    A release whose database is gone is passed over: an operator who goes back from a damaged release must get there.

    Returns:
        The files that were written.
    """
    there = {release.version: release for release in releases.every(settings) if release.database.is_file()}
    made: list[Path] = []
    earlier: list[Path] = []
    for before, after, _ in _changes(settings):
        path = _path(settings, before, after)
        if not path.exists() and before in there and after in there:
            path.parent.mkdir(exist_ok=True)
            commit_file(_compared(there[before], there[after], earlier), path, "release.identities")
            made.append(path)
        if path.exists():
            earlier.append(path)
    return made


def locate(settings: Settings, entity_id: str) -> Whereabouts:
    """Follow an id that was published once to where it leads now.

    Raises:
        ReleaseError: nothing is published; no release here ever held this id.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    present = releases.need_current(settings)
    held = [entity_id]
    entity = ""
    steps: list[dict[str, Any]] = []
    for before, after, at in _changes(settings):
        path = _path(settings, before, after)
        if not path.exists():
            continue
        rows = pq.read_table(path)
        rows = rows.filter(pc.is_in(rows["old_id"], pa.array(held, pa.string())))
        found: dict[str, dict[str, Any]] = {}
        for row in rows.to_pylist():
            step = found.setdefault(
                row["old_id"],
                {"at": at, "release": after, "old_id": row["old_id"], "kind": row["kind"], "new_ids": [], "why": []},
            )
            if row["new_id"] is not None:
                step["new_ids"].append(row["new_id"])
                step["why"].append(row.get("why") or "")
            entity = row["entity"]
        steps += found.values()
        for step in found.values():
            held += [one for one in step["new_ids"] if one not in held]
    with _opened({"now": present}) as connection:
        for name in entities_in(connection, "now"):
            rows = connection.execute(
                f"select {name}_id from now.{name} where {name}_id in (select unnest(?::varchar[])) order by 1",
                [held],
            ).fetchall()
            if rows:
                return Whereabouts(name, tuple(row[0] for row in rows), tuple(steps))
    if not entity:
        raise ReleaseError(
            "No release here ever held this id.",
            where="yibiao identity where",
            expected="an id that was published, 24 hexadecimal digits",
            got=f"{len(entity_id)} characters",  # whoever types a citizen number here should not find it in a log
            todo="Check the id; ids of another installation mean nothing here.",
        )
    return Whereabouts(entity, (), tuple(steps))


def _path(settings: Settings, before: str, after: str) -> Path:
    return settings.home / "identities" / f"{before}--{after}.parquet"


def _changes(settings: Settings) -> list[tuple[str, str, str]]:
    """(version before, version after, moment) of every change of the current release, oldest first."""
    switches = [entry for entry in releases.journal(settings) if entry["action"] in ("publish", "rollback")]
    return [
        (earlier["version"], later["version"], later["at"])
        for earlier, later in pairwise(switches)
        if earlier["version"] != later["version"]
    ]


@contextmanager
def _opened(attached: Mapping[str, releases.Release]) -> Iterator[DuckDBPyConnection]:
    """A connection with releases attached, read-only, by alias."""
    import duckdb

    with duckdb.connect() as connection:
        for alias, release in attached.items():
            connection.execute(f"attach '{release.database}' as {alias} (read_only)")
        yield connection


def _lost(earlier: Sequence[Path]) -> pa.Table:
    """`entity`, `old_id`, `load_id`, `row` of ids of which nothing was left at some time; older programs wrote none."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    names = [name for name in _COLUMNS if name in ("entity", "old_id", *_ROW)]
    schema = pa.schema([(name, _type(name)) for name in names])
    told = [pq.read_table(path, columns=names) for path in earlier if set(_ROW) <= set(pq.read_schema(path).names)]
    return pa.concat_tables([schema.empty_table(), *(one.filter(pc.is_valid(one["load_id"])) for one in told)])


def _type(name: str) -> pa.DataType:
    import pyarrow as pa

    return pa.int64() if name == "row" else pa.string()


def _compared(before: releases.Release, after: releases.Release, earlier: Sequence[Path]) -> bytes:
    """A Parquet file of `entity`, `old_id`, `kind`, `new_id`, `why`, `load_id`, `row`, sorted: ids that left, or that
    records left; the last two where nothing of the id is left, one line for each row that spoke of it.

    Args:
        earlier: the files before it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, _type(name)) for name in _COLUMNS])
    with _opened({"was": before, "now": after}) as connection:
        connection.register("lost", _lost(earlier))
        known = set(entities_in(connection, "now"))
        tables = []
        for entity in entities_in(connection, "was"):
            _trace(connection, entity, entity in known)
            tables.append(
                connection.sql(f"select '{entity}' as entity, * from change order by all").to_arrow_table().cast(schema)
            )
    sink = pa.BufferOutputStream()
    pq.write_table(pa.concat_tables(tables) if tables else schema.empty_table(), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def _trace(connection: DuckDBPyConnection, entity: str, known: bool) -> None:
    """Make the table `change` of one entity.

    Only records of ids that left, and nodes of linkage that moved, are looked at: the cost follows the change.
    """
    key = f"{entity}_id"
    now = f"now.{entity}" if known else f"(select null::varchar as {key} where false)"
    connection.execute(f"""
        create or replace temp table gone as
        select {key} as old_id from was.{entity} anti join {now} as present using ({key})""")
    # The same row of the same load, under the number that it has in each release.
    connection.execute(f"""
        create or replace temp table row_of as
        select gone.old_id, load.load_id, record.record_no - load.first_record_no as row
        from was.{entity}_crosswalk as record
        inner join gone on record.{key} = gone.old_id
        inner join was.load as load on record.record_no > load.first_record_no
            and record.record_no <= load.first_record_no + load.read""")
    crosswalk = f"now.{entity}_crosswalk" if known else f"(select null::bigint as record_no, null as {key} where false)"
    linked = connection.execute(
        "select count(*) from duckdb_tables() where table_name = ? and database_name in ('was', 'now')",
        [f"{entity}_link"],
    ).fetchall()[0][0]
    basis, place = f"'{KEY}'", ""
    if linked == 2:
        basis, place = f"coalesce(link.basis, '{KEY}')", f"left join now.{entity}_link as link using (record_no)"
        _follow_nodes(connection, entity)
    _come_back(connection, entity)
    connection.execute(f"""
        create or replace temp table moved as
        select distinct old_id, record.{key} as new_id, {basis} as why
        from row_of
        inner join now.load as load using (load_id)
        inner join {crosswalk} as record on record.record_no = load.first_record_no + row_of.row
        {place}
        where record.{key} is not null and record.{key} <> old_id""")
    if linked == 2:
        connection.execute(
            "insert into moved select distinct old_id, new_id, basis from node_of where old_id <> new_id"
        )
    connection.execute(f"""
        create or replace temp table change as
        with parts as (
            select old_id, new_id, string_agg(distinct why, ' ' order by why) as why from moved group by all
            union all
            -- An id from which something went away is still where the rest is.
            select distinct moved.old_id, moved.old_id, '{STAYED}'
            from moved inner join {now} as present on moved.old_id = present.{key}
        ),
        counted as (select old_id, count(*) as n from parts group by old_id)
        select
            parts.old_id, case when n = 1 then '{MERGED}' else '{SPLIT}' end as kind, parts.new_id, parts.why,
            null::varchar as load_id, null::bigint as row
        from parts inner join counted using (old_id)
        union all
        select
            gone.old_id,
            case when count(load.load_id) over (partition by gone.old_id) = 0 then '{WITHDRAWN}' else '{ENDED}' end,
            null,
            null,
            row_of.load_id,
            row_of.row
        from gone
        anti join moved using (old_id)
        left join row_of using (old_id)
        left join now.load as load on row_of.load_id = load.load_id""")


def _come_back(connection: DuckDBPyConnection, entity: str) -> None:
    """Add to `row_of` the rows of ids that were lost, if they are in this release and were not in the one before."""
    connection.execute(f"""
        insert into row_of
        select lost.old_id, lost.load_id, lost.row
        from lost
        where lost.entity = '{entity}' and lost.load_id in (select load_id from now.load)
            and not exists (
                select 1
                from was.load as load
                inner join was.{entity}_crosswalk as record on record.record_no = load.first_record_no + lost.row
                where load.load_id = lost.load_id and record.{entity}_id is not null
            )""")


def _follow_nodes(connection: DuckDBPyConnection, entity: str) -> None:
    """Make `node_of` (`old_id`, `new_id`, `basis`) of nodes of linkage that moved, and add to `row_of` the rows of
    those that linkage places in one of the two releases only: a number turned out not to be a record's own, or to be.

    Such a row may leave an id that stays, for others bear it.
    """
    key = f"{entity}_id"
    connection.execute(f"""
        create or replace temp table node_of as
        select
            earlier.{key} as old_id, later.{key} as new_id, later.basis,
            earlier.record_no as earlier_no, later.record_no as later_no
        from was.{entity}_link as earlier full join now.{entity}_link as later using (node_id)
        where earlier.{key} is distinct from later.{key}""")
    connection.execute("""
        insert into row_of
        select node_of.old_id, load.load_id, node_of.earlier_no - load.first_record_no
        from node_of
        inner join was.load as load on node_of.earlier_no > load.first_record_no
            and node_of.earlier_no <= load.first_record_no + load.read
        where node_of.new_id is null""")
    connection.execute("""
        create or replace temp table came as
        select load.load_id, node_of.later_no - load.first_record_no as row
        from node_of
        inner join now.load as load on node_of.later_no > load.first_record_no
            and node_of.later_no <= load.first_record_no + load.read
        where node_of.old_id is null and load.load_id in (select load_id from was.load)""")
    if connection.execute("select 1 from came limit 1").fetchall():  # else earlier records would be read for nothing
        connection.execute(f"""
            insert into row_of
            select record.{key}, came.load_id, came.row
            from came
            inner join was.load as load using (load_id)
            inner join was.{entity}_crosswalk as record on record.record_no = load.first_record_no + came.row
            where record.{key} is not null""")
