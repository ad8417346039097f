"""Makes a new warehouse file ready for dbt: the inputs as tables, the lake's packages as views of schema `raw`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from yibiao.contracts import Report, Schemas
from yibiao.settings import Settings
from yibiao.warehouse.inputs import CURRENT, SUPERSEDED, Inputs, Load, installation_key

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def prepare(database: Path, inputs: Inputs, schemas: Schemas, settings: Settings) -> None:
    """Create the database file with schemas `input` and `raw`.

    `input.load` has one row per live load (`row_count`: rows of it in the raw view), `input.installation` one row with
    the installation's key, `raw.<dept>__<report>` the present rows of a report: `record_no BIGINT`, `as_of DATE` (the
    edition's last day) and the contract's columns as text.
    """
    import duckdb

    with duckdb.connect(str(database)) as connection:
        connection.execute(f"set threads = {settings.threads}")
        connection.begin()  # one for all: hundreds of loads would otherwise be hundreds of waits for the disk
        connection.execute("create schema input; create schema raw")
        connection.execute("create table input.installation (secret varchar)")
        connection.execute("insert into input.installation values (?)", [installation_key(settings)])
        connection.execute(
            "create table input.load (load_no bigint, load_id varchar, department varchar, report varchar,"
            " edition varchar, edition_date date, state varchar, delivery_sha256 varchar, file_name varchar,"
            " first_record_no bigint, read bigint, accepted bigint, quarantined bigint, row_count bigint)"
        )
        for number, load in enumerate(inputs.loads, start=1):
            manifest = load.manifest
            connection.execute(
                "insert into input.load values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(number, load.load_id, manifest["department"], load.report, manifest["edition"]),
                    *(
                        manifest["edition_date"],
                        load.state,
                        manifest["delivery"]["sha256"],
                        manifest["delivery"]["name"],
                    ),
                    *(load.first_record_no, load.read, load.accepted, manifest["counts"]["quarantined"]),
                    load.accepted if load.state == CURRENT else 0,
                ],
            )
        for report in schemas.reports.values():
            _raw_view(connection, report, [load for load in inputs.loads if load.report == report.id])
        connection.commit()


def _raw_view(connection: DuckDBPyConnection, report: Report, loads: Sequence[Load]) -> None:
    names = [_quoted(column.name) for column in report.columns]
    view = f"raw.{_quoted(report.raw_table)}"
    current = [load for load in loads if load.state == CURRENT]
    branches = []
    if current:
        branches.append(_select(names, current, "accepted.parquet"))
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
    if (
        report.mode != "snapshot"
        or not report.key
        or not any(load.manifest["counts"]["quarantined"] for load in current)
    ):
        return []
    earlier = [load for load in loads if load.state == SUPERSEDED]
    newest = max((load.manifest["edition_date"] for load in earlier), default="")
    found = [load for load in earlier if load.manifest["edition_date"] == newest]
    return found


def _carried(report: Report, names: list[str], held: Sequence[Load], current: Sequence[Load]) -> str:
    """Rows of the earlier edition whose key stands in quarantine now: a held row neither changes nor ends a fact."""
    key = " || chr(31) || ".join(f"coalesce(trim({_quoted(name)}), '')" for name in report.key)
    blank = " and ".join(f"coalesce(trim({_quoted(name)}), '') = ''" for name in report.key)
    quarantined = _files(current, "quarantine.parquet")
    accepted = _files(current, "accepted.parquet")
    return (
        f"select * from ({_select(names, held, 'accepted.parquet')}) where not ({blank})"
        f" and {key} in (select {key} from read_parquet({quarantined}))"
        f" and {key} not in (select {key} from read_parquet({accepted}))"
    )


def _select(names: list[str], loads: Sequence[Load], file: str) -> str:
    return (
        f"select load.first_record_no + package._row as record_no, load.edition_date as as_of, "
        f"{', '.join(f'package.{name}' for name in names)}"
        f" from read_parquet({_files(loads, file)}, hive_partitioning = true, hive_types = {{'load': varchar}})"
        f" as package"
        f" join input.load as load on load.load_id = package.load"
    )


def _files(loads: Sequence[Load], name: str) -> str:
    paths = ", ".join("'" + str(load.folder / name).replace("'", "''") + "'" for load in loads)
    return f"[{paths}]"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
