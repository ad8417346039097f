"""Levels: what each kind holds of, and that a profile of one value is compared as the value itself."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yibiao.identity.levels import LEVELS, MORE, SAYS, condition, unstated
from yibiao.identity.settings import Comparison, Level

PAIRS = {
    "exact": (None, [("anna", "anna", True), ("anna", "ana", False)]),
    "edit": (1, [("anna", "ana", True), ("anna", "aana", True), ("anna", "nana", False), ("anna", "anne b", False)]),
    "typing": (1, [("19800512", "19805012", True), ("19800512", "19800513", True), ("19800512", "19800631", False)]),
    "jaro_winkler": (0.9, [("johnson", "jonson", True), ("johnson", "smith", False)]),
    "starts": (None, [("j", "johann", True), ("johann", "joh", True), ("johann", "hann", False)]),
    "shares": (2, [("anna maria lee", "lee anna", True), ("anna lee", "anna ma", False)]),
    "within": (31, [("19800131", "19800201", True), ("19800101", "19800131", True), ("19800101", "19810101", False)]),
    "day_month": (None, [("19800305", "19800503", True), ("19800305", "19900503", False)]),
}  # fmt: skip


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """One engine for all: to open one takes longer than the queries here."""
    with duckdb.connect() as connection:
        yield connection


def holds(con: duckdb.DuckDBPyConnection, level: Level, left: object, right: object, *, profile: bool) -> bool | None:
    sides = f"? as x_l, ? as x_r, []::varchar[] as x{MORE}_r"
    row = con.execute(f"select {condition(level, profile=profile)} from (select {sides})", [left, right]).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("kind", "left", "right", "expected"),
    [(kind, *pair) for kind, (_, pairs) in PAIRS.items() for pair in pairs],
)
def test_a_level_holds_of_values_and_of_a_profile_of_one_value_alike(
    con: duckdb.DuckDBPyConnection, kind: str, left: str, right: str, expected: bool
) -> None:
    level = Level(kind, ("x",), PAIRS[kind][0])
    for a, b in ((left, right), (right, left)):
        assert holds(con, level, a, b, profile=False) is expected
        assert holds(con, level, a, b, profile=True) is expected


def test_every_kind_without_lists_of_its_own_is_held_against_examples() -> None:
    assert set(PAIRS) == {name for name, kind in LEVELS.items() if kind.condition is not None}


@pytest.mark.parametrize("level", [Level("typing", ("x",), 1.0), Level("edit", ("x",), 2.0), Level("exact", ("x",))])
def test_of_a_profile_any_value_counts(con: duckdb.DuckDBPyConnection, level: Level) -> None:
    query = f"select {condition(level, profile=True)} from (select 'anna' as x_l, ? as x_r, ? as x{MORE}_r)"
    for first, more, expected in (
        ("anna", None, True),
        ("anna", ["otto"], True),
        ("otto", ["paul", "anna"], True),
        ("otto", ["paul"], False),
        ("otto", [], False),
    ):
        assert con.execute(query, [first, more]).fetchone() == (expected,)
    for first, more in (("otto", None), (None, None)):
        assert con.execute(query, [first, more]).fetchone() in ((None,), (False,))


def test_further_values_of_columns_that_are_compared_for_equality_stand_in_one_list(
    con: duckdb.DuckDBPyConnection,
) -> None:
    level = Level("exact", ("x", "y.z"))
    held = condition(level, profile=True, said=frozenset({"x", "y__z"}))
    query = f"select {held} from (select 1 as x_l, 7 as y__z_l, 2 as x_r, 7 as y__z_r, ? as {SAYS}_r)"
    assert con.execute(query, [[1, 9]]).fetchone() == (True,)
    assert con.execute(query, [[9]]).fetchone() == (False,)


SPELLED = st.text(alphabet="ab1", max_size=9)


@settings(max_examples=300, deadline=None)
@given(SPELLED, SPELLED, st.integers(0, 9), st.sampled_from(["edit", "typing"]))
def test_a_distance_of_one_is_not_overlooked(
    con: duckdb.DuckDBPyConnection, first: str, other: str, place: int, kind: str
) -> None:
    function = {"edit": "levenshtein", "typing": "damerau_levenshtein"}[kind]
    before, at, after = first[:place], first[place : place + 2], first[place + 2 :]
    level = Level(kind, ("x",), 1.0)
    edited = [at[1:], f"1{at}", f"b{at[1:]}", at[::-1]]
    others = [other, *(before + one + after for one in edited)]
    judged = con.execute(
        f"select x_r, {condition(level, profile=False)}, {function}(x_l, x_r) <= 1"
        f" from (select ? as x_l, unnest(?) as x_r, []::varchar[] as x{MORE}_r)",
        [first, others],
    ).fetchall()
    assert [second for second, *_ in judged] == others
    for second, held, plain in judged:
        assert held is plain, (first, second)


def test_further_levels_must_hold_too(con: duckdb.DuckDBPyConnection) -> None:
    level = Level("starts", ("x",), also=(Level("edit", ("x",), 2.0),))
    assert holds(con, level, "anna", "an", profile=False) is True
    assert holds(con, level, "anna", "a", profile=False) is False


@pytest.mark.parametrize("profile", [False, True])
def test_exchanged_columns_are_told_from_equal_ones(con: duckdb.DuckDBPyConnection, profile: bool) -> None:
    level = Level("swapped", ("a", "b"))
    right = f"'lee' as a_r, 'anna' as b_r, []::varchar[] as a{MORE}_r, []::varchar[] as b{MORE}_r"
    for first, second, expected in (("anna", "lee", True), ("lee", "anna", False)):
        row = con.execute(
            f"select {condition(level, profile=profile)} from (select ? as a_l, ? as b_l, {right})", [first, second]
        ).fetchone()
        assert row == (expected,)


def test_a_comparison_says_nothing_only_where_no_level_can_be_judged(con: duckdb.DuckDBPyConnection) -> None:
    comparison = Comparison("home", (Level("exact", ("x",)), Level("exact", ("y",))))
    query = "select {} from (select ? as x_l, ? as x_r, ? as y_l, ? as y_r)"
    for values, expected in (
        (["a", "b", None, None], False),
        ([None, "b", "c", "d"], False),
        ([None, "b", "c", None], True),
        ([None, None, None, None], True),
    ):
        assert con.execute(query.format(unstated(comparison)), values).fetchone() == (expected,)
