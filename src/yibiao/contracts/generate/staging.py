"""dbt's side of every report: source, staging model, its contract, and the code lists as a macro."""

from __future__ import annotations

from typing import Any

from yibiao.contracts.generate.canonical import built
from yibiao.contracts.generate.text import literal, to_sql, to_yaml
from yibiao.contracts.kinds import DECIMAL_SCALE, TYPES
from yibiao.contracts.reports import Column, Report
from yibiao.contracts.values import Element, Schemas
from yibiao.ingest.rules import sql_text

LEAD = (
    ("record_no", "BIGINT", "源记录号: number of the source record inside this release"),
    ("as_of", "DATE", "数据日期: the row's own as-of date, at most the edition's last day; without one, that day"),
    ("edition_date", "DATE", "期末日: last day of the edition"),
)
"""Name, type and description of `STAGED_LEAD`."""

AS_OF_ELEMENT = "as_of_date"
"""The element by which a row says what day it speaks of."""


def staging_files(schemas: Schemas) -> dict[str, str]:
    """Path inside the dbt project -> content."""
    files = {"models/sources.yml": _sources(schemas), "macros/generated/codes.sql": _codes(schemas)}
    for report in schemas.reports.values():
        place = f"models/staging/{report.department}/{report.staging_model}"
        files[f"{place}.sql"] = _model(report, schemas)
        files[f"{place}.yml"] = _properties(report, schemas)
    return files


def staged_columns(report: Report, schemas: Schemas) -> list[tuple[str, str, str]]:
    """Name, SQL type and description of each column of the staging table, in order."""
    columns = [*LEAD]
    for column in report.columns:
        columns.append((column.staged_name, column.sql_type, _describe(column, schemas)))
    for name in report.constants:
        element = schemas.elements[name]
        columns.append((name, element.sql_type, f"{element.name}: constant of this report"))
    return columns


def _describe(column: Column, schemas: Schemas) -> str:
    if column.element is None:
        return f"{column.title} ({column.header}): the department's own field"
    element = schemas.elements[column.element]
    role = f" of the {column.role.replace('_', ' ')}" if column.role else ""
    return f"{element.name}{role} ({column.header})"


def parse_call(column: Column) -> str:
    """The macro call that turns the raw text into the column's type."""
    macro, name = TYPES[column.type].macro, literal(column.name)
    if column.type in ("date", "month"):
        return f"{macro}({name}, {literal(list(column.date_formats))})"
    if column.type == "code":
        own = [list(pair) for pair in column.codes.items()]
        return f"{macro}({name}, code_pairs({literal(column.code_list)}{f', {literal(own)}' if own else ''}))"
    units = [list(pair) for pair in column.units]
    if column.type == "decimal":
        return f"{macro}({name}, {DECIMAL_SCALE}, {literal(column.factor)}{f', {literal(units)}' if units else ''})"
    if column.type == "integer" and (words := [word for word, factor in column.units if factor == "1"]):
        return f"{macro}({name}, {literal(words)})"
    return f"{macro}({name})"


def _constant(element: Element, value: str) -> str:
    return f"cast({sql_text(value)} as {element.sql_type})"


def _model(report: Report, schemas: Schemas) -> str:
    typed = [f"{{{{ {parse_call(column)} }}}} as {column.staged_name}" for column in report.columns]
    names = [name for name, *_ in staged_columns(report, schemas)]
    as_of = "edition_date as as_of"
    if AS_OF_ELEMENT in names:
        as_of = f"least(coalesce({AS_OF_ELEMENT}, edition_date), edition_date) as as_of"
    final = ["record_no", as_of, "edition_date", *(column.staged_name for column in report.columns)]
    final += [f"{_constant(schemas.elements[name], value)} as {name}" for name, value in report.constants.items()]
    separator = ",\n        "
    return to_sql(
        f"""
{built("record_no")}

with typed as (
    select
        record_no,
        as_of as edition_date,
        {separator.join(typed)}
    from {{{{ source("raw", {literal(report.raw_table)}) }}}}{{{{ only_anew("record_no", "record_no") }}}}
)

select
    {("," + chr(10) + "    ").join(final)}
from typed
"""
    )


def _properties(report: Report, schemas: Schemas) -> str:
    columns = [
        {"name": name, "data_type": kind, "description": text} for name, kind, text in staged_columns(report, schemas)
    ]
    grain = report.grain or "one row of the report"
    description = f"{report.department_name} {report.title}. {report.description} Grain: {grain}."
    model = {
        "name": report.staging_model,
        "description": description,
        "config": {"contract": {"enforced": True}},
        "columns": columns,
    }
    return to_yaml({"version": 2, "models": [model]})


def _sources(schemas: Schemas) -> str:
    inputs: list[dict[str, Any]] = [
        {"name": "load", "description": "装载: one row per live load of this release"},
        {"name": "installation", "description": "One row: the installation's key, for entity ids"},
        {"name": "link_decision", "description": "人工结论: what humans decided about pairs of nodes"},
    ]
    raw = [
        {
            "name": report.raw_table,
            "description": f"{report.department_name} {report.title}: accepted rows of live loads, text as delivered",
        }
        for report in schemas.reports.values()
    ]
    sources = [
        {"name": "input", "schema": "input", "description": "What this release is made of", "tables": inputs},
        {"name": "raw", "schema": "raw", "description": "Views over the live load packages", "tables": raw},
    ]
    return to_yaml({"version": 2, "sources": sources})


def _codes(schemas: Schemas) -> str:
    columns = [column for report in schemas.reports.values() for column in report.columns]
    used = sorted({column.code_list for column in columns if column.code_list})
    branches = []
    for place, name in enumerate(used):
        pairs = [list(pair) for pair in schemas.codes[name].pairs]
        branches.append(
            f"{{%- {'elif' if place else 'if'} name == {literal(name)} -%}}\n{{%- set pairs = {literal(pairs)} -%}}"
        )
    listed = "\n".join(branches)
    choice = (
        f"{listed}\n{{%- else -%}}\n{{%- set pairs = [] -%}}\n{{%- endif -%}}" if branches else "{%- set pairs = [] -%}"
    )
    return to_sql(
        f"""
{{#
  [value in the file, standard code] for every code, name and alias of a list; `own` pairs of a contract come first and
  take the place of equal values of the list, because a map must not hold a value twice.
#}}
{{%- macro code_pairs(name, own=[]) -%}}
{choice}
{{%- set found = own | list -%}}
{{%- set taken = own | map(attribute=0) | list -%}}
{{%- for pair in pairs if pair[0] not in taken -%}}{{%- do found.append(pair) -%}}{{%- endfor -%}}
{{{{ return(found) }}}}
{{%- endmacro -%}}
"""
    )
