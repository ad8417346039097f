"""Levels: what each kind holds of, and that a profile of one value is compared as the value itself."""

from __future__ import annotations

import duckdb
import pytest

from yibiao.identity.levels import LEVELS, condition, unstated
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


def holds(level: Level, left: object, right: object, *, profile: bool) -> bool | None:
    con = duckdb.connect()
    sides = "? as x_l, [?] as x_r" if profile else "? as x_l, ? as x_r"
    row = con.execute(f"select {condition(level, profile=profile)} from (select {sides})", [left, right]).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("kind", "left", "right", "expected"),
    [(kind, *pair) for kind, (_, pairs) in PAIRS.items() for pair in pairs],
)
def test_a_level_holds_of_values_and_of_a_profile_of_one_value_alike(
    kind: str, left: str, right: str, expected: bool
) -> None:
    level = Level(kind, ("x",), PAIRS[kind][0])
    for a, b in ((left, right), (right, left)):
        assert holds(level, a, b, profile=False) is expected
        assert holds(level, a, b, profile=True) is expected


def test_every_kind_without_lists_of_its_own_is_held_against_examples() -> None:
    assert set(PAIRS) == {name for name, kind in LEVELS.items() if kind.condition is not None}


def test_of_a_profile_any_value_counts() -> None:
    con = duckdb.connect()
    level = Level("typing", ("x",), 1.0)
    query = f"select {condition(level, profile=True)} from (select 'anna' as x_l, ? as x_r)"
    assert con.execute(query, [["otto", "ana"]]).fetchone() == (True,)
    assert con.execute(query, [["otto", "paul"]]).fetchone() == (False,)
    assert con.execute(query, [[]]).fetchone() == (False,)


def test_further_levels_must_hold_too() -> None:
    level = Level("starts", ("x",), also=(Level("edit", ("x",), 2.0),))
    assert holds(level, "anna", "an", profile=False) is True
    assert holds(level, "anna", "a", profile=False) is False


@pytest.mark.parametrize("profile", [False, True])
def test_exchanged_columns_are_told_from_equal_ones(profile: bool) -> None:
    con = duckdb.connect()
    level = Level("swapped", ("a", "b"))
    right = "['lee'] as a_r, ['anna'] as b_r" if profile else "'lee' as a_r, 'anna' as b_r"
    for first, second, expected in (("anna", "lee", True), ("lee", "anna", False)):
        row = con.execute(
            f"select {condition(level, profile=profile)} from (select ? as a_l, ? as b_l, {right})", [first, second]
        ).fetchone()
        assert row == (expected,)


def test_a_comparison_says_nothing_only_where_no_level_can_be_judged() -> None:
    con = duckdb.connect()
    comparison = Comparison("home", (Level("exact", ("x",)), Level("exact", ("y",))))
    query = "select {} from (select ? as x_l, ? as x_r, ? as y_l, ? as y_r)"
    for values, expected in (
        (["a", "b", None, None], False),
        ([None, "b", "c", "d"], False),
        ([None, "b", "c", None], True),
        ([None, None, None, None], True),
    ):
        assert con.execute(query.format(unstated(comparison, profile=False)), values).fetchone() == (expected,)
    lists = [["a", ["b"], None, []], ["a", [], "c", ["d"]], ["a", [], None, ["d"]]]
    found = [con.execute(query.format(unstated(comparison, profile=True)), values).fetchone() for values in lists]
    assert found == [(False,), (False,), (True,)]
