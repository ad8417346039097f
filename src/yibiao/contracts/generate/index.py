"""The index that DAG files read: reading 28 contracts would cost them half a second each time they are parsed."""

from __future__ import annotations

from yibiao.contracts.generate.text import HEADER
from yibiao.contracts.values import Schemas
from yibiao.files import to_json


def dag_index(schemas: Schemas) -> bytes:
    """`{"comment": ..., "reports": [...]}` with all that a DAG needs to know about each report, by report id."""
    reports = [
        {
            "id": report.id,
            "department": report.department,
            "department_name": report.department_name,
            "title": report.title,
            "description": report.description,
            "schedule": report.schedule,
            "owner": report.owner,
            "retries": report.retries,
        }
        for report in schemas.reports.values()
    ]
    return to_json({"comment": HEADER, "reports": reports})
