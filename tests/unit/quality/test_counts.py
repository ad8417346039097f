"""Each expectation, counted in memory: it passes where it should and fails where it should."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yibiao.quality.counts import KINDS, columns_of, counts, holds, literal


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        made.execute("""
            CREATE SCHEMA s; CREATE SCHEMA input;
            CREATE TABLE s.t (a INTEGER, b INTEGER, name VARCHAR, born DATE, amount DECIMAL(10, 2), number VARCHAR);
            INSERT INTO s.t VALUES
                (1, 1, '01', '1990-01-01', 10.00, '11010519491231002X'),
                (2, 1, '02', '1890-01-01', 20.50, '110105194912310021'),
                (2, 3, '03', NULL, -1.00, NULL),
                (NULL, NULL, NULL, '2020-06-30', NULL, '91350100M000100Y43');
            CREATE TABLE input.load (department VARCHAR, report VARCHAR, row_count BIGINT);
            INSERT INTO input.load VALUES
                ('health', 'health.x', 3), ('health', 'health.x', 1), ('health', 'health.y', 9);
        """)
        yield made


CASES = [
    ("expect_column_values_to_not_be_null", {"column": "a"}, 4, 1),
    ("expect_column_values_to_be_unique", {"column": "a"}, 3, 1),
    ("expect_column_values_to_be_unique", {"column": "name"}, 3, 0),
    ("expect_compound_columns_to_be_unique", {"column_list": ["a", "b"]}, 3, 0),
    ("expect_compound_columns_to_be_unique", {"column_list": ["a", "a"]}, 3, 1),
    ("expect_compound_columns_to_be_unique", {"column_list": ["a"], "ignore_row_if": "never"}, 4, 1),
    ("expect_compound_columns_to_be_unique", {"column_list": ["a", "born"]}, 4, 0),
    (
        "expect_compound_columns_to_be_unique",
        {"column_list": ["a", "born"], "ignore_row_if": "any_value_is_missing"},
        2,
        0,
    ),
    ("expect_column_values_to_be_in_set", {"column": "name", "value_set": ["01", "02"]}, 3, 1),
    ("expect_column_values_to_be_in_set", {"column": "a", "value_set": [1, 2]}, 3, 0),
    ("expect_column_values_to_be_in_set", {"column": "a", "value_set": [1]}, 3, 2),
    ("expect_column_values_to_be_in_set", {"column": "born", "value_set": ["1990-01-01", "2020-06-30"]}, 3, 1),
    ("expect_column_values_to_be_in_code_list", {"column": "name", "code_list": "c", "value_set": ["01"]}, 3, 2),
    ("expect_column_values_to_be_between", {"column": "born", "min_value": "1900-01-01"}, 3, 1),
    ("expect_column_values_to_be_between", {"column": "born", "max_value": dt.date(2020, 6, 30)}, 3, 0),
    ("expect_column_values_to_be_between", {"column": "born", "max_value": "2020-06-30", "strict_max": True}, 3, 1),
    ("expect_column_values_to_be_between", {"column": "amount", "min_value": 0, "max_value": 20.5}, 3, 1),
    ("expect_column_values_to_be_between", {"column": "amount", "min_value": 10, "strict_min": True}, 3, 2),
    ("expect_column_values_to_be_between", {"column": "name", "min_value": "02"}, 3, 1),
    ("expect_column_values_to_match_rule", {"column": "number", "rule": "citizen_id"}, 3, 2),
    ("expect_column_values_to_match_rule", {"column": "number", "rule": "uscc"}, 3, 2),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "b", "column_B": "a"}, 3, 2),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "b", "column_B": "a", "or_equal": True}, 3, 1),
    (
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "b", "column_B": "a", "ignore_row_if": "neither"},
        4,
        2,
    ),
    ("expect_table_row_count_to_be_between", {"min_value": 1}, 4, 0),
    ("expect_table_row_count_to_be_between", {"min_value": 6}, 4, 2),
    ("expect_table_row_count_to_be_between", {"max_value": 1}, 4, 3),
    ("expect_table_row_count_to_be_between", {"max_value": 4, "strict_max": True}, 4, 1),
    ("expect_table_row_count_to_equal_loads", {"department": "health", "report": "x"}, 4, 0),
    ("expect_table_row_count_to_equal_loads", {"department": "health", "report": "health.x"}, 4, 0),
    ("expect_table_row_count_to_equal_loads", {"department": "health", "report": "y"}, 4, 5),
    ("expect_table_row_count_to_equal_loads", {"department": "housing", "report": "x"}, 4, 4),
    ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT * FROM {batch} WHERE a > b;"}, 4, 1),
    (
        "unexpected_rows_expectation",
        {"unexpected_rows_query": "SELECT 1 FROM {batch} WHERE NOT regexp_full_match(name, '[0-9]{{2}}')"},
        4,
        0,
    ),
]


@pytest.mark.parametrize(("kind", "kwargs", "evaluated", "unexpected"), CASES)
def test_counts_are_those_a_person_would_count(
    connection: duckdb.DuckDBPyConnection, kind: str, kwargs: dict, evaluated: int, unexpected: int
) -> None:
    both = counts(kind, kwargs, '"s"."t"')
    row = connection.execute(f"SELECT {both.evaluated}, {both.unexpected} FROM s.t").fetchall()
    assert row == [(evaluated, unexpected)]
    # A count must also be one number when the library asks for it alone.
    assert connection.execute(f"SELECT {both.unexpected} FROM s.t").fetchall() == [(unexpected,)]


def test_every_type_has_a_case_that_fails_and_one_that_passes_or_fails_in_part() -> None:
    failing = {kind for kind, _, _, unexpected in CASES if unexpected}
    assert failing == set(KINDS)


def test_columns_are_listed_in_order() -> None:
    assert columns_of("expect_compound_columns_to_be_unique", {"column_list": ["b", "a"]}) == ["b", "a"]
    pair = {"column_A": "closed", "column_B": "opened"}
    assert columns_of("expect_column_pair_values_a_to_be_greater_than_b", pair) == ["closed", "opened"]


def test_most_rows_are_enough_where_mostly_says_so() -> None:
    assert holds(100, 0)
    assert not holds(100, 1)
    assert holds(100, 5, 0.95)
    assert not holds(100, 6, 0.95)
    assert not holds(0, 3, 0.95)  # a table with rows missing has none to excuse them


VALUES = st.one_of(
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    st.integers(-(2**62), 2**62),
    st.booleans(),
    st.dates(),
    st.decimals(-(10**9), 10**9, places=4),
)


@given(VALUES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_literal_means_its_value(connection: duckdb.DuckDBPyConnection, value: object) -> None:
    assert connection.execute(f"SELECT {literal(value)}").fetchall() == [(value,)]


def test_a_value_without_a_literal_is_refused() -> None:
    with pytest.raises(ValueError, match="list"):
        literal([1])
