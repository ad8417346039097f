"""Expectation specs of every staging table: what a contract promises, checked again on the typed rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

from yibiao.contracts.generate.text import to_yaml
from yibiao.contracts.reports import Column, Report
from yibiao.contracts.values import Schemas

EARLIEST = dt.date(1850, 1, 1)
LATEST = dt.date(2100, 1, 1)
"""Dates outside are typing errors; only ends of a term may lie after the edition."""


def expectation_files(schemas: Schemas) -> dict[str, str]:
    """Path inside the expectations folder -> content."""
    return {f"staging/{report.staging_model}.yml": _table(report, schemas) for report in schemas.reports.values()}


def _table(report: Report, schemas: Schemas) -> str:
    def expect(id_: str, kind: str, severity: str, reason: str, dimension: str, **kwargs: Any) -> dict[str, Any]:
        return {
            "id": id_,
            "type": f"expect_{kind}",
            "kwargs": kwargs,
            "severity": severity,
            "owner": report.department,
            "reason": reason,
            "dimension": dimension,
        }

    expectations = [
        expect(
            *(
                "rows_equal_loads",
                "table_row_count_to_equal_loads",
                "critical",
                "装载的行一行不少、一行不多",
                "completeness",
            ),
            department=report.department,
            report=report.name,
        ),
        expect(
            *("record_no_not_null", "column_values_to_not_be_null", "critical", "每行有源记录号", "completeness"),
            column="record_no",
        ),
        expect(
            *("record_no_unique", "column_values_to_be_unique", "critical", "源记录号不重复", "consistency"),
            column="record_no",
        ),
    ]
    for column in report.columns:
        name = column.staged_name
        if column.required:
            held = column.on_invalid == "quarantine"
            expectations.append(
                expect(
                    *(f"{name}_not_null", "column_values_to_not_be_null", "critical" if held else "warning"),
                    *(f"{column.header}必填", "completeness"),
                    column=name,
                )
            )
        if column.code_list:
            expectations.append(
                expect(
                    *(f"{name}_in_code_list", "column_values_to_be_in_code_list", "critical"),
                    *(f"{column.header}取自{schemas.codes[column.code_list].name}", "normativity"),
                    column=name,
                    code_list=column.code_list,
                )
            )
        if column.type == "date":
            expectations += [expect(*rule, **kwargs) for *rule, kwargs in _dates(column)]
    if report.mode == "snapshot":
        names = [report.column(key).staged_name for key in report.key]
        alone = len(names) == 1
        kind = "column_values_to_be_unique" if alone else "compound_columns_to_be_unique"
        which: dict[str, Any] = (
            {"column": names[0]} if alone else {"column_list": names, "ignore_row_if": "any_value_is_missing"}
        )
        reason = f"{report.grain or '一行一条'}, 主键不重复"
        expectations.append(expect("key_unique", kind, "warning", reason, "consistency", **which))
    return to_yaml(
        {
            "table": f"staging.{report.staging_model}",
            "description": f"{report.department_name} {report.title}",
            "expectations": expectations,
        }
    )


def _dates(column: Column) -> list[tuple[Any, ...]]:
    """A date is after 1850 and not after the edition; the end of a term may lie ahead."""
    name, between = column.staged_name, "column_values_to_be_between"
    if name.endswith("end_date"):
        limits = {"column": name, "min_value": EARLIEST, "max_value": LATEST}
        return [(f"{name}_plausible", between, "warning", f"{column.header}是可能的日期", "accuracy", limits)]
    pair = {"column_A": "edition_date", "column_B": name, "or_equal": True, "ignore_row_if": "either_value_is_missing"}
    earliest = {"column": name, "min_value": EARLIEST}
    return [
        (f"{name}_plausible", between, "warning", f"{column.header}不早于1850年", "accuracy", earliest),
        (
            *(f"{name}_not_after_edition", "column_pair_values_a_to_be_greater_than_b", "warning"),
            *(f"{column.header}不晚于期末日", "accuracy", pair),
        ),
    ]
