"""Every supported expectation as two SQL aggregates: how many rows it judged and how many of them it rejects.

Aggregates, not row queries, for two reasons: all expectations of a table fit into one scan of it, and no value of a
row ever leaves the database. Keys of `kwargs` are Great Expectations' own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Counts:
    """Two aggregate expressions over one table.

    Attributes:
        evaluated: rows the expectation speaks of; rows with a missing value are left out where Great Expectations does.
        unexpected: rows that break it. For row totals: how many rows too few or too many.
    """

    evaluated: str
    unexpected: str


@dataclass(frozen=True)
class Anew:
    """The rows of a table that a run made anew: all of some values of a column, before and now.

    Attributes:
        column: of the table.
        keys: quoted name of the table that lists its values, in a column of the same name.
    """

    column: str
    keys: str

    def rows(self, table: str) -> str:
        """Those rows as something to select from."""
        column = identifier(self.column)
        return f"(SELECT * FROM {table} WHERE {column} IN (SELECT {column} FROM {self.keys}))"


@dataclass(frozen=True)
class Kind:
    """One expectation type: its `kwargs` and how to count.

    Attributes:
        required, optional: names of `kwargs`.
        columns: `kwargs` that name columns of the table.
        build: `(kwargs, quoted table name) -> Counts`.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]
    columns: tuple[str, ...]
    build: Callable[[Mapping[str, Any], str], Counts]


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def table_name(schema: str, table: str) -> str:
    """A quoted, schema-qualified table name."""
    return f"{identifier(schema)}.{identifier(table)}"


def literal(value: object) -> str:
    """A SQL literal of a value that YAML can hold.

    Raises:
        ValueError: a value of another type.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, dt.datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise ValueError(f"no SQL literal for a {type(value).__name__}")


def rows_where(condition: str) -> str:
    """The number of rows that meet a condition; rows where it is unknown do not."""
    return f"count(*) FILTER (WHERE {condition})"


def _not_null(kwargs: Mapping[str, Any], table: str) -> Counts:
    return Counts("count(*)", f"count(*) - count({identifier(kwargs['column'])})")


def _unique(kwargs: Mapping[str, Any], table: str) -> Counts:
    # Great Expectations counts all rows of a repeated value; this counts those beyond the first. Zero means the same.
    column = identifier(kwargs["column"])
    return Counts(f"count({column})", f"count({column}) - count(DISTINCT {column})")


def _compound_unique(kwargs: Mapping[str, Any], table: str) -> Counts:
    columns = [identifier(name) for name in kwargs["column_list"]]
    listed = ", ".join(columns)
    missing = {
        "all_values_are_missing": " OR ".join(f"{column} IS NOT NULL" for column in columns),
        "any_value_is_missing": " AND ".join(f"{column} IS NOT NULL" for column in columns),
        "never": "true",
    }[kwargs.get("ignore_row_if", "all_values_are_missing")]
    evaluated = rows_where(missing)
    # A grouped subquery is several times faster in DuckDB than count(DISTINCT (a, b)) over structs.
    distinct = f"(SELECT count(*) FROM (SELECT DISTINCT {listed} FROM {table} WHERE {missing}))"
    return Counts(evaluated, f"{evaluated} - {distinct}")


def _in_set(kwargs: Mapping[str, Any], table: str) -> Counts:
    column = identifier(kwargs["column"])
    values = [value for value in kwargs["value_set"] if value is not None]
    if not values:
        return Counts(f"count({column})", f"count({column})")
    if all(isinstance(value, str) for value in values):
        # VALUES is looked up in a hash table; a plain list is searched from end to end, 80 times slower at 500 codes.
        rows = ", ".join(f"({literal(value)})" for value in values)
        return Counts(f"count({column})", rows_where(f"CAST({column} AS VARCHAR) NOT IN (VALUES {rows})"))
    return Counts(f"count({column})", rows_where(f"{column} NOT IN ({', '.join(map(literal, values))})"))


def _outside(value: str, kwargs: Mapping[str, Any]) -> list[str]:
    """The conditions under which `value` lies outside of the limits in `kwargs`."""
    conditions = []
    if (low := kwargs.get("min_value")) is not None:
        conditions.append(f"{value} {'<=' if kwargs.get('strict_min') else '<'} {literal(low)}")
    if (high := kwargs.get("max_value")) is not None:
        conditions.append(f"{value} {'>=' if kwargs.get('strict_max') else '>'} {literal(high)}")
    return conditions


def _between(kwargs: Mapping[str, Any], table: str) -> Counts:
    column = identifier(kwargs["column"])
    conditions = _outside(column, kwargs)
    return Counts(f"count({column})", rows_where(" OR ".join(conditions) or "false"))


def _row_count_between(kwargs: Mapping[str, Any], table: str) -> Counts:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    least = None if low is None else int(low) + (1 if kwargs.get("strict_min") else 0)
    most = None if high is None else int(high) - (1 if kwargs.get("strict_max") else 0)
    missing = "0" if least is None else f"greatest(0, {least} - count(*))"
    surplus = "0" if most is None else f"greatest(0, count(*) - {most})"
    return Counts("count(*)", f"{missing} + {surplus}")


def _pair_greater(kwargs: Mapping[str, Any], table: str) -> Counts:
    a, b = identifier(kwargs["column_A"]), identifier(kwargs["column_B"])
    evaluated = {
        "both_values_are_missing": rows_where(f"{a} IS NOT NULL OR {b} IS NOT NULL"),
        "either_value_is_missing": rows_where(f"{a} IS NOT NULL AND {b} IS NOT NULL"),
        "neither": "count(*)",
    }[kwargs.get("ignore_row_if", "both_values_are_missing")]
    return Counts(evaluated, rows_where(f"{a} {'<' if kwargs.get('or_equal') else '<='} {b}"))


def _unexpected_rows(kwargs: Mapping[str, Any], table: str) -> Counts:
    query = str(kwargs["unexpected_rows_query"]).rstrip("; \t\r\n").format(batch=table)
    # The product makes it an aggregate also when it stands alone in a query; a bare subquery would give a row per row.
    return Counts("count(*)", f"0 * count(*) + (SELECT count(*) FROM ({query}))")


def _equal_loads(kwargs: Mapping[str, Any], table: str) -> Counts:
    department, report = str(kwargs["department"]), str(kwargs["report"])
    names = {report, f"{department}.{report}"}
    loaded = (
        '(SELECT coalesce(sum(row_count), 0) FROM "input"."load" '
        f"WHERE department = {literal(department)} AND report IN ({', '.join(map(literal, sorted(names)))}))"
    )
    return Counts("count(*)", f"abs(count(*) - {loaded})")


def _match_rule(kwargs: Mapping[str, Any], table: str) -> Counts:
    from yibiao.ingest.rules import render  # the macros that dbt runs, so that both judge alike

    column = identifier(kwargs["column"])
    # Subtracting the valid ones is twice as fast as filtering the others: a negated CASE is evaluated twice.
    return Counts(f"count({column})", f"count({column}) - count({render('parse_' + kwargs['rule'], column)})")


RULES = ("citizen_id", "uscc", "phone")
"""Rules that `expect_column_values_to_match_rule` knows."""

MAP_OPTIONS = ("mostly",)

KINDS: Mapping[str, Kind] = {
    "expect_column_values_to_not_be_null": Kind(("column",), MAP_OPTIONS, ("column",), _not_null),
    "expect_column_values_to_be_unique": Kind(("column",), MAP_OPTIONS, ("column",), _unique),
    "expect_compound_columns_to_be_unique": Kind(
        ("column_list",), ("ignore_row_if", *MAP_OPTIONS), ("column_list",), _compound_unique
    ),
    "expect_column_values_to_be_in_set": Kind(("column", "value_set"), MAP_OPTIONS, ("column",), _in_set),
    "expect_column_values_to_be_in_code_list": Kind(("column", "code_list"), MAP_OPTIONS, ("column",), _in_set),
    "expect_column_values_to_be_between": Kind(
        ("column",), ("min_value", "max_value", "strict_min", "strict_max", *MAP_OPTIONS), ("column",), _between
    ),
    "expect_column_values_to_match_rule": Kind(("column", "rule"), MAP_OPTIONS, ("column",), _match_rule),
    "expect_column_pair_values_a_to_be_greater_than_b": Kind(
        ("column_A", "column_B"),
        ("or_equal", "ignore_row_if", *MAP_OPTIONS),
        ("column_A", "column_B"),
        _pair_greater,
    ),
    "expect_table_row_count_to_be_between": Kind(
        (), ("min_value", "max_value", "strict_min", "strict_max"), (), _row_count_between
    ),
    "expect_table_row_count_to_equal_loads": Kind(("department", "report"), (), (), _equal_loads),
    "unexpected_rows_expectation": Kind(("unexpected_rows_query",), (), (), _unexpected_rows),
}
"""Expectation type -> its kind."""

ASKING_OTHERS = frozenset({"expect_table_row_count_to_equal_loads", "unexpected_rows_expectation"})
"""Types that may read other tables than the one they speak of."""

ALIASES = {"UnexpectedRowsExpectation": "unexpected_rows_expectation"}
"""Class names that Great Expectations' documents use in place of a type."""


def counts(expectation_type: str, kwargs: Mapping[str, Any], table: str, anew: Anew | None = None) -> Counts:
    """The two aggregates of an expectation.

    Args:
        expectation_type: a key of `KINDS`.
        kwargs: its arguments.
        table: quoted name of the table.
        anew: if given, only among these rows it is looked for any that break it; all others are known not to.
    """
    build = KINDS[expectation_type].build
    both = build(kwargs, table)
    if anew is None:
        return both
    rows = anew.rows(table)
    return Counts(both.evaluated, f"0 * count(*) + (SELECT {build(kwargs, rows).unexpected} FROM {rows} AS anew)")


def columns_of(expectation_type: str, kwargs: Mapping[str, Any]) -> list[str]:
    """The columns that an expectation names, in order."""
    found: list[str] = []
    for key in KINDS[expectation_type].columns:
        value = kwargs[key]
        if isinstance(value, Sequence) and not isinstance(value, str):
            found.extend(map(str, value))
        else:
            found.append(str(value))
    return found


def holds(evaluated: int, unexpected: int, mostly: float = 1.0) -> bool:
    """Whether few enough rows are unexpected; `mostly` is the least share of rows that must be as expected."""
    if unexpected <= 0:
        return True
    if mostly >= 1:
        return False
    return unexpected <= (1 - mostly) * evaluated + 1e-9 * evaluated
