"""The table that is linked: of every record about an entity the raw columns that its linkage settings read, as text.

A raw column is a data element of the entity, read as its staging model reads it, or one of three that say what no
element says: `<element>_text` (as it was written: a mistyped number is still evidence), `own_number` (a number that a
department gives itself, in more than one of its reports) and `relative_name` (another person or organisation whom the
row names). A run reads the same columns from staging; see `yibiao.contracts.generate.linkage`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from yibiao.errors import LinkageError
from yibiao.identity.settings import LinkageSettings, read_settings
from yibiao.ingest.rules import quote, read_as
from yibiao.progress import Progress, Silent

if TYPE_CHECKING:
    import duckdb

    from yibiao.contracts.reports import Column, Report
    from yibiao.contracts.values import Entity, Schemas
    from yibiao.settings import Settings

OWN_NUMBER, RELATIVE_NAME, TEXT = "own_number", "relative_name", "_text"

TABLE = "record"


@dataclass(frozen=True)
class SourceColumn:
    """One raw column of the table that is linked.

    Args:
        name: as the linkage settings call it.
        title: Chinese name for people.
        element: data element behind it; empty for `own_number`.
        as_written: the text itself counts, not what can be read from it.
        of_others: it speaks of another person or organisation than the record does.
    """

    name: str
    title: str
    element: str = ""
    as_written: bool = False
    of_others: bool = False


def with_settings(schemas_folder: Path) -> list[str]:
    """Entities that have linkage settings, sorted; a run links those of them that have a model too."""
    return sorted(path.stem for path in (schemas_folder / "linkage").glob("*.yml"))


def name_of(settings: LinkageSettings) -> str:
    """Element that says what a linked entity is called: the first of its subject; empty if settings name none."""
    return settings.columns[settings.subject[0]].sources[0] if settings.subject else ""


def linkage_of(schemas_folder: Path, entity: str) -> LinkageSettings:
    """The linkage settings of an entity.

    Raises:
        LinkageError: it has none.
        ContractError: they are wrong.
    """
    if entity not in (known := with_settings(schemas_folder)):
        raise LinkageError(
            "This entity is not linked.",
            where=f"{schemas_folder.name}/linkage",
            expected=" or ".join(known),
            got=entity if entity.isidentifier() else f"{len(entity)} characters",
            todo=f"Name one of these, or write settings: {schemas_folder.name}/linkage/README.md.",
        )
    return read_settings(schemas_folder / "linkage" / f"{entity}.yml")


def model_file(schemas_folder: Path, entity: str) -> Path:
    """Where the trained model of an entity stands."""
    return schemas_folder / "linkage" / f"{entity}.json"


def source_columns(linkage: LinkageSettings, entity: Entity, schemas: Schemas) -> tuple[SourceColumn, ...]:
    """The raw columns that the settings read, in the order in which they name them, without the id.

    Raises:
        LinkageError: one is no element of the entity and none of the others.
    """
    names = dict.fromkeys(raw for column in linkage.columns.values() for raw in column.sources)
    return tuple(_column(name, linkage, entity, schemas) for name in names)


def _column(name: str, linkage: LinkageSettings, entity: Entity, schemas: Schemas) -> SourceColumn:
    if name in entity.elements:
        return SourceColumn(name, schemas.elements[name].name, name)
    if name == OWN_NUMBER:
        return SourceColumn(name, "部门内编号")
    own_name = f"{entity.id}_name"
    if name == RELATIVE_NAME and own_name in entity.elements:
        return SourceColumn(name, f"相关方{schemas.elements[own_name].name}", own_name, of_others=True)
    element = name.removesuffix(TEXT)
    if name.endswith(TEXT) and element in entity.elements:
        return SourceColumn(name, schemas.elements[element].name, element, as_written=True)
    raise LinkageError(
        "The linkage settings read a column that no record has.",
        where=f"linkage/{linkage.name}.yml",
        expected=f"a data element of {entity.id}, <element>{TEXT}, {OWN_NUMBER} or {RELATIVE_NAME}",
        got=name,
        todo="Change `from` in the settings.",
    )


def stated_by(column: SourceColumn, report: Report, schemas: Schemas) -> Column | None:
    """The column of a report that states a raw column; None if the report says nothing of it."""
    if column.name == OWN_NUMBER:
        shared = _own_numbers(report, schemas)
        return report.column(shared[0]) if shared else None
    for one in report.columns:
        if one.element == column.element and bool(one.role) == column.of_others:
            return one
    return None


def _own_numbers(report: Report, schemas: Schemas) -> list[str]:
    """Numbers that a department gives itself, and writes in more than one report."""
    elsewhere = {
        column.name
        for other in schemas.reports.values()
        if other.department == report.department and other.id != report.id
        for column in other.columns
        if not column.element
    }
    return sorted(
        column.name
        for column in report.columns
        if not column.element and column.name.endswith("_number") and column.name in elsewhere
    )


def expression(column: SourceColumn, report: Report, schemas: Schemas) -> str:
    """SQL of a raw column over a report's text columns."""
    stated = stated_by(column, report, schemas)
    if stated is None:
        return "cast(null as varchar)"
    text = quote(stated.name)
    if column.name == OWN_NUMBER:
        return f"cast('{report.department} ' || {text} as varchar)"
    return f"cast({text if column.as_written else read_as(stated, text)} as varchar)"


def select(report: Report, columns: tuple[SourceColumn, ...], schemas: Schemas, source: str, *lead: str) -> str:
    """The query that reads the rows of one report as records.

    Args:
        source: SQL of a table with the report's columns as text.
        lead: what is selected before the raw columns.
    """
    chosen = [f"{expression(one, report, schemas)} as {quote(one.name)}" for one in columns]
    return f"select {', '.join([*lead, *chosen])} from {source}"


@contextmanager
def live_records(
    settings: Settings,
    schemas: Schemas,
    entity: str,
    linkage: LinkageSettings,
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A scratch database with the table `record`: `id` and the raw columns of every present record about an entity.

    Present is what the next release would be made of: live loads that count, rows as they were mended.

    Args:
        threads: of the database; the order of rows, and with it a sample, depends on them.

    Raises:
        LinkageError: no record speaks of the entity.
    """
    import duckdb

    from yibiao.files import scratch
    from yibiao.warehouse.inputs import collect
    from yibiao.warehouse.prepare import prepare

    progress = progress or Silent()
    columns = source_columns(linkage, schemas.entities[entity], schemas)
    reports = [report for report in schemas.reports.values() if entity in report.about]
    with scratch(settings.work, "identity") as folder:
        database = folder / "records.duckdb"
        prepare(database, collect(settings, schemas), schemas, settings)
        with duckdb.connect(
            str(database),
            config={
                "memory_limit": settings.memory_limit,
                "threads": threads,
                "temp_directory": str(folder / "spill"),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        ) as con:
            progress.stage("records", len(reports), "reports")
            listed = ", ".join(f"{quote(one.name)} varchar" for one in columns)
            con.execute(f"create table {TABLE} ({quote(linkage.id or 'id')} bigint, {listed})")
            for report in reports:
                raw = f"raw.{quote(report.raw_table)}"
                con.execute(f"insert into {TABLE} {select(report, columns, schemas, raw, 'record_no')}")
                progress.advance(note=report.id)
            progress.end()
            (rows,) = con.execute(f"select count(*) from {TABLE}").fetchall()[0]
            if not rows:
                raise LinkageError(
                    "No record speaks of this entity.",
                    where=str(settings.home),
                    expected=f"load packages of reports about {entity}",
                    todo="Load deliveries first: `yibiao run`.",
                )
            yield con
