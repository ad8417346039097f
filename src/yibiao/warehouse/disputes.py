"""Who disagrees with whom about which element, and what each department should look at again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from yibiao.contracts.reports import Report
from yibiao.contracts.values import Element, Schemas
from yibiao.errors import ReleaseError
from yibiao.ingest.packages import ACCEPTED, QUARANTINE, read_rows
from yibiao.settings import Settings
from yibiao.warehouse.query import need_columns, open_release
from yibiao.warehouse.reasons import view_name
from yibiao.warehouse.releases import Release
from yibiao.warehouse.why import need_reasons

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HIDDEN = "（敏感，不显示）"
"""Stands for another department's value of a sensitive element."""

SENSITIVE = "sensitive"

BATCH = 10_000

_LOST = """
    from {entity}_conflict as lost
    join {entity}_conflict as kept
        on kept.{id} = lost.{id} and kept.element = lost.element and kept.is_chosen
    where not lost.is_chosen and lost.value <> kept.value
"""


def summary(release: Release, schemas: Schemas, department: str | None = None) -> list[dict[str, Any]]:
    """Disagreements by element and pair of departments, the most frequent first.

    Args:
        department: only those in which it takes part.

    Returns:
        `entity`, `element`, `name`, `kept` (the department whose value is used), `lost` (the other one), `claims`
        (records with another value), `cells` (entities).

    Raises:
        ReleaseError: an older program made the release.
    """
    found: list[dict[str, Any]] = []
    with open_release(release.database) as connection:
        for entity in schemas.entities.values():
            need_columns(connection, release.version, f"{entity.id}_conflict", "department")
            rows = connection.execute(
                "select lost.element, kept.department, lost.department,"
                f" count(*), count(distinct lost.{entity.id_column})"
                + _LOST.format(entity=entity.id, id=entity.id_column)
                + " group by all"
            ).fetchall()
            for element, kept, lost, claims, cells in rows:
                if department in (None, kept, lost):
                    found.append(
                        {
                            "entity": entity.id,
                            "element": element,
                            "name": schemas.elements[element].name,
                            "kept": kept,
                            "lost": lost,
                            "claims": claims,
                            "cells": cells,
                        }
                    )
    return sorted(found, key=lambda one: (-one["cells"], one["entity"], one["element"], one["kept"], one["lost"]))


def corrections(
    release: Release, schemas: Schemas, department: str, settings: Settings
) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """What a department stated and the release does not use, report by report.

    Yields:
        Report id, and its rows in the order of edition, file and row: `edition`, `file`, `row`, `key` (what the
        department's own key columns say in that row, as it was delivered; empty if the lake no longer has it),
        `entity`, `id`, `element`, `name`, `value` (its own), `as_of`, `used` (the value that is used; hidden if it is
        sensitive and another department's), `used_from` (department), `used_as_of`, `lost_by`, `lost_text`.

    Raises:
        ReleaseError: there is no such department, or the release gives no reasons.
    """
    if department not in schemas.departments:
        raise ReleaseError(
            "There is no such department.",
            where="yibiao conflict export",
            expected=" or ".join(schemas.departments),
            got=department,
            todo="Name one of these.",
        )
    with open_release(release.database) as connection:
        connection.execute(
            "create temp table claim (report varchar, edition varchar, load_id varchar, file varchar, row bigint,"
            " entity varchar, id varchar, element varchar, value varchar, as_of date, used varchar,"
            " used_from varchar, used_as_of date, lost_by varchar, lost_text varchar)"
        )
        for entity in schemas.entities.values():
            need_reasons(connection, release, entity)
            connection.execute(
                f"""
                insert into claim
                select report, edition, load_id, file_name, row_no, '{entity.id}', {entity.id_column}, element, value,
                    as_of, used_value, used_department, used_as_of, lost_by, lost_text
                from {view_name(entity)} where lost_by is not null and department = ?
                """,
                [department],
            )
        reports = [row[0] for row in connection.execute("select distinct report from claim order by 1").fetchall()]
        for report in reports:
            yield report, _rows(connection, report, department, schemas, settings)


def _rows(
    connection: DuckDBPyConnection, report: str, department: str, schemas: Schemas, settings: Settings
) -> Iterator[dict[str, Any]]:
    result = connection.execute(
        "select edition, load_id, file, row, entity, id, element, value, as_of, used, used_from, used_as_of, lost_by,"
        " lost_text from claim where report = ? order by edition, file, row, element, id",
        [report],
    )
    names = [column[0] for column in result.description or []]
    while batch := result.fetchmany(BATCH):
        claims = [dict(zip(names, row, strict=True)) for row in batch]
        keys = _keys(claims, schemas.reports.get(report), settings)
        for found in claims:
            known = schemas.elements[found["element"]]
            yield found | {
                "key": keys.get((found.pop("load_id"), found["row"]), ""),
                "name": known.name,
                "as_of": found["as_of"].isoformat(),
                "used": _shown(known, found["used"], found["used_from"], department),
                "used_as_of": found["used_as_of"].isoformat(),
            }


def _keys(claims: Sequence[Mapping[str, Any]], report: Report | None, settings: Settings) -> dict[tuple[str, int], str]:
    """(load, row) -> its key as it was delivered: by that a clerk finds the row in the department's own system."""
    if report is None:
        return {}
    rows: dict[str, set[int]] = {}
    for claim in claims:
        rows.setdefault(claim["load_id"], set()).add(claim["row"])
    found: dict[tuple[str, int], str] = {}
    for load_id, numbers in rows.items():
        package = settings.lake / report.department / report.name / f"load={load_id}"
        for name in (QUARANTINE, ACCEPTED):  # a row that was mended stands where it was held
            for row, cells in read_rows(package / name, sorted(numbers), report.key).items():
                found[load_id, row] = " / ".join((cells.get(one) or "").strip() for one in report.key)
    return found


def _shown(element: Element, value: str, holder: str, department: str) -> str:
    return HIDDEN if element.sensitivity == SENSITIVE and holder != department else value
