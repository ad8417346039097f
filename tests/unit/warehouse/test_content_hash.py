"""The content hash sees every change of content and nothing else."""

import random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yibiao.errors import ReleaseError
from yibiao.warehouse.content_hash import combine, hash_rows, hash_tables

TEXT = st.one_of(st.none(), st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=8))


def hash_in_duckdb(connection, columns, rows):
    connection.execute(f"create or replace table t ({', '.join(f'{name} varchar' for name in columns)})")
    if rows:
        values = ", ".join(f"({', '.join('?' for _ in columns)})" for _ in rows)
        connection.execute(f"insert into t values {values}", [text for row in rows for text in row])
    found = hash_tables(connection, {"t": "t"})["t"]
    return found["rows"], found["hash"]


def test_the_engine_and_the_written_algorithm_agree():
    with duckdb.connect() as connection:

        @settings(max_examples=60, deadline=None)
        @given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=12))
        def law(rows):
            assert hash_in_duckdb(connection, ["b", "a", "中文"], rows) == hash_rows(["b", "a", "中文"], rows)

        law()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), max_size=12), st.randoms())
def test_neither_row_order_nor_column_order_matters(rows, chance: random.Random):
    shuffled = list(rows)
    chance.shuffle(shuffled)
    swapped = [(second, first) for first, second in shuffled]
    assert hash_rows(["a", "b"], rows) == hash_rows(["b", "a"], swapped)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([("a", None)], [("a", "")]),
        ([("ab", "c")], [("a", "bc")]),
        ([("-", "x")], [(None, "x")]),
        ([("1:a", "b")], [("1", "ab")]),
        ([("a", "b"), ("a", "b")], [("a", "b")]),
        ([("a", "b")], [("b", "a")]),
    ],
)
def test_different_content_gives_another_hash(left, right):
    assert hash_rows(["a", "b"], left) != hash_rows(["a", "b"], right)


def test_exact_types_are_written_as_documented():
    with duckdb.connect() as connection:
        connection.execute(
            "create table t as select 7::bigint as a, date '2026-01-31' as b, 1.5::decimal(18,2) as c,"
            " true as d, null::date as e"
        )
        found = hash_tables(connection, {"t": "t"})["t"]
    assert (found["rows"], found["hash"]) == hash_rows("abcde", [("7", "2026-01-31", "1.50", "true", None)])


@pytest.mark.parametrize("kind", ["double", "float", "varchar[]", "timestamp"])
def test_a_type_without_exact_text_is_refused(kind):
    with duckdb.connect() as connection:
        connection.execute(f"create table t (a {kind})")
        with pytest.raises(ReleaseError, match=r"t\.a"):
            hash_tables(connection, {"t": "t"})


def test_the_release_hash_changes_with_any_table():
    table = {"rows": 1, "hash": "0" * 16, "columns": {"a": "VARCHAR"}}
    assert combine({"x": table}) != combine({"y": table})
    assert combine({"x": table}) != combine({"x": {**table, "rows": 2}})
