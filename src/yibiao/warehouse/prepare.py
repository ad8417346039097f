"""Makes a new warehouse file ready for dbt: the inputs as tables, the lake's packages as views of schema `raw`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from yibiao.contracts import Report, Schemas
from yibiao.settings import Settings
from yibiao.warehouse.inputs import CURRENT, SUPERSEDED, Inputs, Load, installation_key

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from yibiao.warehouse.kept import Change


def prepare(database: Path, inputs: Inputs, schemas: Schemas, settings: Settings, change: Change | None = None) -> None:
    """Create the database file with schemas `input` and `raw`; or make them anew in a kept warehouse.

    `input.load` has one row per live load (`row_count`: rows of it in the raw view), `input.installation` one row with
    the installation's key, `input.correction` one per accepted correction of a value, `input.row_state` one per row
    that was amended or rejected (`row_no` in its load; see `yibiao.quarantine.states`), `raw.<dept>__<report>` the
    present rows of a report: `record_no BIGINT`, `as_of DATE` (the edition's last day) and the contract's columns as
    text. A mended row has the number and date of its original.

    In a kept warehouse `input.touched_record` has the number of every record that came, went or changed,
    `input.before_<model>` what models that are made whole held before, `input.before_correction` the corrections that
    counted before, and `input.before_record_<entity>` (`id`,
    `entity`) which certain entity the touched records had.

    Args:
        change: what brings the kept warehouse to these inputs; by default the file is new.
    """
    import duckdb

    with duckdb.connect(str(database)) as connection:
        connection.execute(f"set threads = {settings.threads}")
        connection.begin()  # one for all: hundreds of loads would otherwise be hundreds of waits for the disk
        if change:
            connection.execute("create temp table was_row_state as from input.row_state")
            connection.execute("create temp table was_load as select load_id, first_record_no from input.load")
            connection.execute("create temp table was_correction as from input.correction")
            connection.execute("drop schema input cascade; drop schema raw cascade")
        connection.execute("create schema input; create schema raw")
        connection.execute("create table input.installation (secret varchar)")
        connection.execute("insert into input.installation values (?)", [installation_key(settings)])
        connection.execute(
            "create table input.load (load_no bigint, load_id varchar, department varchar, report varchar,"
            " edition varchar, edition_date date, state varchar, delivery_sha256 varchar, file_name varchar,"
            " first_record_no bigint, read bigint, accepted bigint, quarantined bigint,"
            " open bigint, resolved bigint, rejected bigint, row_count bigint)"
        )
        _row_states(connection, inputs)
        _link_decisions(connection, inputs)
        _corrections(connection, inputs)
        for number, load in enumerate(inputs.loads, start=1):
            manifest = load.manifest
            connection.execute(
                "insert into input.load values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(number, load.load_id, manifest["department"], load.report, manifest["edition"]),
                    *(
                        manifest["edition_date"],
                        load.state,
                        manifest["delivery"]["sha256"],
                        manifest["delivery"]["name"],
                    ),
                    *(load.first_record_no, load.read, load.accepted, load.quarantined),
                    *(load.open, load.resolved, load.rejected),
                    load.usable if load.state == CURRENT else 0,
                ],
            )
        for report in schemas.reports.values():
            _raw_view(connection, report, [load for load in inputs.loads if load.report == report.id])
        if change:
            _touched(connection, change, schemas)
        connection.commit()


RECORDS = "linkage_record_"
"""Beginning of the names of the views that linkage reads."""

BEFORE = "address_"
"""Beginning of the names of models that are made whole in every run, and by whose changes others are built."""


def _touched(connection: DuckDBPyConnection, change: Change, schemas: Schemas) -> None:
    """`input.touched_record` and `input.before_<model>`."""
    connection.execute("create table input.touched_record (record_no bigint)")
    connection.execute("create temp table came (record_no bigint)")
    for _, first, last in change.ranges:
        connection.execute("insert into came select unnest(range(?::bigint, ?::bigint))", [first, last + 1])
    for report in sorted(change.reports):
        # Rows of loads that stay: mended, rejected, or carried over from an earlier edition no longer or from now on.
        raw = f"raw.{_quoted(schemas.reports[report].raw_table)}"
        staged = f"staging.{schemas.reports[report].staging_model}"
        connection.execute(f"insert into came select record_no from {raw} anti join {staged} using (record_no)")
        connection.execute(f"insert into came select record_no from {staged} anti join {raw} using (record_no)")
    # What the form of a row is decided by, before and now.
    connection.execute("""
        insert into came
        with was as (
            select was_load.first_record_no + row_no as record_no, state, amendment_id
            from was_row_state inner join was_load using (load_id)
        ),
        now as (
            select load.first_record_no + row_no as record_no, row_state.state, amendment_id
            from input.row_state inner join input.load using (load_id)
        )
        select record_no from ((from was except from now) union all (from now except from was))""")
    connection.execute("insert into input.touched_record select distinct record_no from came")
    connection.execute("create table input.before_correction as from was_correction")
    made_whole = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'identity' order by table_name"
    ).fetchall()
    for (name,) in made_whole:
        if name.startswith(BEFORE):
            connection.execute(f"create table input.before_{name} as from identity.{name}")
    views = connection.execute(
        "select view_name from duckdb_views() where schema_name = 'identity' order by view_name"
    ).fetchall()
    for (name,) in views:
        if entity := name.removeprefix(RECORDS) if name.startswith(RECORDS) else "":
            connection.execute(f"""
                create table input.before_record_{entity} as
                select id, entity from identity.{name}
                where entity is not null and id in (select record_no from input.touched_record)""")


def carried_rows(report: Report, loads: Sequence[Load]) -> str:
    """SQL of the rows that the current edition among these loads carries over; empty if there can be none.

    Args:
        loads: of the report, with the states that they have on some day; the database is one that `prepare` made.
    """
    held = _held(report, loads)
    names = [_quoted(column.name) for column in report.columns]
    return _carried(report, names, held, [load for load in loads if load.state == CURRENT]) if held else ""


def _row_states(connection: DuckDBPyConnection, inputs: Inputs) -> None:
    """`input.row_state`: which form of an amended row counts, and which rows are out."""
    connection.execute(
        "create table input.row_state (load_id varchar, row_no bigint, state varchar, amendment_id varchar)"
    )
    for load in inputs.loads:
        if load.states is not None:
            connection.register("touched", load.states.touched)
            connection.execute(
                'insert into input.row_state select ?, "row", state, amendment_id from touched', [load.load_id]
            )
            connection.unregister("touched")


def _link_decisions(connection: DuckDBPyConnection, inputs: Inputs) -> None:
    """`input.link_decision`: what humans decided about pairs of nodes (`same`, `different`)."""
    connection.execute(
        "create table input.link_decision (entity varchar, node_l varchar, node_r varchar, verdict varchar)"
    )
    if inputs.link_decisions:
        connection.executemany("insert into input.link_decision values (?, ?, ?, ?)", inputs.link_decisions)


def _corrections(connection: DuckDBPyConnection, inputs: Inputs) -> None:
    """`input.correction`: values that an authority accepted from a returned form; they outrank what sources state."""
    connection.execute(
        "create table input.correction"
        " (entity varchar, entity_id varchar, element varchar, value varchar, ticket_no bigint, department varchar)"
    )
    for one in inputs.corrections:
        connection.execute(
            "insert into input.correction values (?, ?, ?, ?, ?, ?)",
            [one.entity, one.entity_id, one.element, one.value, one.ticket_no, one.department],
        )


def _raw_view(connection: DuckDBPyConnection, report: Report, loads: Sequence[Load]) -> None:
    names = [_quoted(column.name) for column in report.columns]
    view = f"raw.{_quoted(report.raw_table)}"
    current = [load for load in loads if load.state == CURRENT]
    branches = []
    if current:
        branches.append(_usable(names, current))
    held = _held(report, loads)
    if held:
        carried = _carried(report, names, held, current)
        branches.append(carried)
        connection.execute(
            "update input.load set row_count = (select count(*) from"
            f" ({carried}) as row where row.record_no - load.first_record_no between 1 and load.read)"
            " where report = ? and state = ?",
            [report.id, SUPERSEDED],
        )
    if not branches:
        columns = ", ".join(f"cast(null as varchar) as {name}" for name in names)
        branches.append(f"select cast(null as bigint) as record_no, cast(null as date) as as_of, {columns} where false")
    connection.execute(f"create view {view} as {' union all '.join(branches)}")


def _held(report: Report, loads: Sequence[Load]) -> list[Load]:
    """Loads of the last complete edition before the current one, if rows of the current one are in quarantine."""
    current = [load for load in loads if load.state == CURRENT]
    if report.mode != "snapshot" or not report.key or not any(load.open for load in current):
        return []
    earlier = [load for load in loads if load.state == SUPERSEDED]
    newest = max((load.manifest["edition_date"] for load in earlier), default="")
    found = [load for load in earlier if load.manifest["edition_date"] == newest]
    return found


def _carried(report: Report, names: list[str], held: Sequence[Load], current: Sequence[Load]) -> str:
    """Rows of the earlier edition whose key stands in quarantine now: a held row neither changes nor ends a fact.

    A row that was mended or rejected since holds nothing. One that came back and is still wrong holds its present key.
    """
    key = " || chr(31) || ".join(f"coalesce(trim({_quoted(name)}), '')" for name in report.key)
    blank = " and ".join(f"coalesce(trim({_quoted(name)}), '') = ''" for name in report.key)
    if any(load.states for load in current):
        untouched = _untouched("(select load_id, row_no from input.row_state)")
        still = f"select {key} from {_read(current, 'quarantine.parquet')} as package where {untouched}"
        if amended := _amended(names, current, "quarantine.parquet", ("failing",)):
            still += f" union all select {key} from ({amended})"
    else:
        still = f"select {key} from read_parquet({_files(current, 'quarantine.parquet')})"
    return (
        f"select * from ({_usable(names, held)}) where not ({blank})"
        f" and {key} in ({still})"
        f" and {key} not in (select {key} from ({_usable(names, current)}))"
    )


def _usable(names: list[str], loads: Sequence[Load]) -> str:
    """Rows that passed: as they were delivered, or in the form that the last amendment gave them."""
    where = ""
    if any(load.states and len(load.states.rows("replaced")) for load in loads):
        where = " where " + _untouched("(select load_id, row_no from input.row_state where state = 'replaced')")
    sql = _select(names, _read(loads, "accepted.parquet"), "package.load") + where
    if amended := _amended(names, loads, "accepted.parquet", ("resolved", "replaced")):
        sql += f" union all {amended}"
    return sql


def _amended(names: list[str], loads: Sequence[Load], file: str, states: tuple[str, ...]) -> str:
    """Rows of amendment packages whose form counts, with the numbers of their originals; empty if there can be none."""
    packages = [one for load in loads for one in load.amendments]
    if not packages:
        return ""
    wanted = ", ".join(f"'{state}'" for state in states)
    paths = _paths(one.folder / file for one in packages)
    source = (
        "(select package.*, state.load_id from"
        f" read_parquet({paths}, hive_partitioning = true, hive_types = {{'amend': varchar}}) as package"
        " join input.row_state as state on state.amendment_id = package.amend and state.row_no = package._row"
        f" and state.state in ({wanted}))"
    )
    return _select(names, source, "package.load_id")


def _untouched(touched: str) -> str:
    return f"(package.load, package._row) not in {touched}"


def _select(names: list[str], source: str, load_id: str) -> str:
    return (
        f"select load.first_record_no + package._row as record_no, load.edition_date as as_of, "
        f"{', '.join(f'package.{name}' for name in names)}"
        f" from {source} as package join input.load as load on load.load_id = {load_id}"
    )


def _read(loads: Sequence[Load], file: str) -> str:
    return f"read_parquet({_files(loads, file)}, hive_partitioning = true, hive_types = {{'load': varchar}})"


def _files(loads: Sequence[Load], name: str) -> str:
    return _paths(load.folder / name for load in loads)


def _paths(paths: Iterable[Path]) -> str:
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
