"""The test that a row is clean beyond doubt, for one contract: cheap, and true only of rows that break no rule.

Most rows are clean in every cell. They are told by this test alone; only the others go through the checks, which have
to name what is wrong, see through every untidy way of writing, and cost three times as much.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from yibiao.contracts.reports import Column, Report
from yibiao.ingest.rules import quote, read_as, render

_BIRTHS = frozenset({"%Y%m%d", "%Y-%m-%d", "%Y/%m/%d"})
"""Date formats in which the birth date of an ID number is compared as text."""

Beside = Callable[[Report, Column, str], int | None]

DAY = "_day"
"""The last day that a delivery speaks of, as a column of `dated`."""


def dated(table: str, sql: str) -> str:
    """A table with the parameter `$1` of a query as its column `DAY`, if the query names that.

    A query that names a parameter twice is planned anew at every execution, which takes as long as executing it.
    """
    return f"(select *, cast($1 as date) as {DAY} from {table})" if DAY in sql else table


def clean_sql(
    report: Report, beside: Beside, births: frozenset[str], judged: Collection[int] = (), table: str = "numbered"
) -> str:
    """A query over a table: `_row`, `clean`, and `h`, a hash of the key.

    The table is a batch of rows with two columns for every citizen ID number that is not in `judged`: `_clean_<place>`
    and `_male_<place>`, as `Texts.number` finds them.

    `$1` is the last day that the delivery speaks of, as in the checks.

    Args:
        beside: place of the column with an element that speaks of the same person as a column.
        births: elements whose dates cannot lie after that day.
        judged: places of columns that need no test here.
    """
    told = set(judged)
    conditions = []
    for place, column in enumerate(report.columns):
        if column.type == "citizen_id" and place not in judged:
            conditions.append(_optional(column, _number(report, place, column, beside, told)))
    for place, column in enumerate(report.columns):
        if column.type not in ("citizen_id", "code") and place not in told:
            conditions.append(_optional(column, _cell(column, births)))
    keys = ", ".join(map(quote, report.key)) or "0"
    clean = "\n    and ".join(f"({one})" for one in conditions) or "true"
    return f"""
select _row, ({clean}) is true as clean, hash({keys}) as h from {dated(table, clean)}
"""


def _optional(column: Column, condition: str) -> str:
    if column.required:
        return condition
    text = quote(column.name)
    return f"{text} is null or {text} = '' or ({condition})"


def _cell(column: Column, births: frozenset[str]) -> str:
    text = quote(column.name)
    if column.type in ("text", "address"):
        return render(f"clean_{'stated_' if column.required else ''}{column.type}", text)
    if column.type in ("name", "number_text", "phone", "integer", "decimal"):
        return render(f"clean_{column.type}", text)
    if column.type == "date":
        formats = list(column.date_formats)
        if column.element in births:
            return f"({render('rule_date_core', text, formats)}) between date '1850-01-01' and {DAY}"
        return render("clean_date", text, formats)
    if column.type == "uscc":
        # The check of a text without the right form is false.
        return f"{render('uscc_check_ok', text)} and ({render('uscc_form', text)}) is not null"
    if column.type == "organisation_code":
        return render("organisation_code_check_ok", text)
    return f"({read_as(column, text)}) is not null"


def _number(report: Report, place: int, column: Column, beside: Beside, told: set[int]) -> str:
    """An ID number with the birth date and the sex beside it; columns that need no test of their own go into `told`."""
    text = quote(column.name)
    conditions = [f"_clean_{place}"]
    birth = beside(report, column, "birth_date")
    if birth is not None:
        other = report.columns[birth]
        stated = quote(other.name)
        if other.date_formats and other.date_formats[0] in _BIRTHS and other.type == "date":
            same = f"{stated} = {render('clean_birth_text', text, other.date_formats[0])}"
            if column.required and other.required:
                # The same day as in a valid number: a day, and only its order remains to be judged.
                told.add(birth)
                # In these formats texts are in the order of their days.
                same += f" and {stated} <= strftime({DAY}, '{other.date_formats[0]}')"
        else:
            day = render("rule_date_core", stated, list(other.date_formats))
            same = f"({day}) = {render('rule_birth_date_of', text)}"
        conditions.append(same if other.required else f"{stated} is null or {stated} = '' or {same}")
    sex = beside(report, column, "sex_code")
    if sex is not None:
        other = report.columns[sex]
        stated = quote(other.name)
        code = render("rule_code_core", stated, [list(pair) for pair in other.pairs])
        same = f"{code} = case when _male_{place} then '1' else '2' end"
        conditions.append(same if other.required else f"{stated} is null or {stated} = '' or {same}")
    return " and ".join(f"({one})" for one in conditions)
