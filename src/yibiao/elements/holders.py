"""Who collects a data element already, and how fresh it is there (谁已有, 多新)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from yibiao.contracts import Schemas


@dataclass(frozen=True)
class Holding:
    """One report that collects an element about the row's own entity.

    Attributes:
        authority: place of its department in the element's authority list, from 1; 0 if it is none.
        schedule: cron line by which it is delivered.
        edition: the newest edition that is in use here, empty if none is loaded.
        mode: snapshot, delta or events.
    """

    report: str
    title: str
    department: str
    department_name: str
    authority: int
    schedule: str
    edition: str = ""
    mode: str = "snapshot"

    def as_dict(self) -> dict[str, str | int]:
        return {
            "report": self.report,
            "title": self.title,
            "department": self.department,
            "department_name": self.department_name,
            "authority": self.authority,
            "schedule": self.schedule,
            "edition": self.edition,
        }


def holdings(schemas: Schemas, editions: Mapping[str, str] | None = None) -> dict[str, tuple[Holding, ...]]:
    """Element -> the reports that collect it, its source first.

    A column with a role speaks of somebody else and does not count, nor does a constant, which nobody is asked for.

    Args:
        editions: report -> newest edition in use.
    """
    found: dict[str, dict[str, Holding]] = {}
    for report in schemas.reports.values():
        for column in report.columns:
            if column.element is None or column.role is not None:
                continue
            authority = schemas.elements[column.element].authority
            rank = authority.index(report.department) + 1 if report.department in authority else 0
            found.setdefault(column.element, {})[report.id] = Holding(
                report.id,
                report.title,
                report.department,
                schemas.departments[report.department].name,
                rank,
                report.schedule,
                (editions or {}).get(report.id, ""),
                report.mode,
            )
    modes = ("snapshot", "delta", "events")  # of one department, who lists everybody before who tells what happened
    breadth = {report.id: sum(bool(one.element) for one in report.columns) for report in schemas.reports.values()}

    def order(one: Holding) -> tuple[int, int, int, str]:
        return one.authority or len(schemas.departments) + 1, modes.index(one.mode), -breadth[one.report], one.report

    return {element: tuple(sorted(reports.values(), key=order)) for element, reports in found.items()}
