"""Chinese names: what makes two of them alike is counted in characters, not in bytes."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yibiao.identity.names import TABLE, blurred, describe, describe_likeness, features


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def related(con: duckdb.DuckDBPyConnection, first: str, second: str) -> tuple[bool, bool]:
    """Whether two names share a hole, and whether they share a likeness."""
    con.execute("create or replace table t as select unnest([?, ?]) as name", [first, second])
    describe_likeness(con, "select name from t", frozenset({"holes", "alike"}), "described")
    row = con.execute(
        "select list_has_any(a.holes, b.holes), list_has_any(a.alike, b.alike) "
        "from described a, described b where a.text = ? and b.text = ?",
        [first, second],
    ).fetchone()
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("张伟明", "张玮明", "one sound"),
        ("李停", "李婷", "one component"),
        ("王浩", "王皓", "one sound"),
        ("陈珍", "陈真", "nearly one sound"),
        ("刘兰英", "刘蓝英", "one sound"),
        ("欧阳娜娜", "欧阳那娜", "one component"),
    ],
)
def test_a_character_of_like_sound_or_shape_is_told_from_any_other(
    con: duckdb.DuckDBPyConnection, first: str, second: str, why: str
) -> None:
    assert related(con, first, second) == (True, True), why


@pytest.mark.parametrize(("first", "second"), [("朱梓涵", "朱梓轩"), ("李强", "李丽"), ("王国庆", "王建庆")])
def test_another_character_in_its_place_is_one_character_but_not_alike(
    con: duckdb.DuckDBPyConnection, first: str, second: str
) -> None:
    assert related(con, first, second) == (True, False)


@pytest.mark.parametrize(
    ("first", "second"), [("张伟明", "张伟"), ("张伟明", "张明"), ("张伟", "张伟伟"), ("张伟明", "张明伟")]
)
def test_a_character_lost_added_or_moved_counts_as_one(con: duckdb.DuckDBPyConnection, first: str, second: str) -> None:
    assert related(con, first, second)[0]


@pytest.mark.parametrize(("first", "second"), [("张伟明", "李强"), ("张伟", "王丽"), ("张伟明", "赵伟强")])
def test_two_characters_apart_share_nothing(con: duckdb.DuckDBPyConnection, first: str, second: str) -> None:
    assert related(con, first, second) == (False, False)


def distance(first: str, second: str) -> int:
    """Levenshtein's, by the book."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def one_move_apart(first: str, second: str) -> bool:
    """Taking one character out of each, anywhere, leaves the same."""
    return bool(
        {first[:n] + first[n + 1 :] for n in range(len(first))}
        & {second[:n] + second[n + 1 :] for n in range(len(second))}
    )


names = st.text(alphabet="张伟明丽强王𠆤娜", min_size=2, max_size=5)


@settings(max_examples=12, deadline=None)
@given(st.lists(names, min_size=8, max_size=30, unique=True))
def test_a_shared_hole_is_an_edit_distance_of_one_or_a_move(con: duckdb.DuckDBPyConnection, listed: list[str]) -> None:
    con.execute("create or replace table t as select unnest(?) as name", [listed])
    describe_likeness(con, "select name from t", frozenset({"holes"}), "described")
    found = con.execute(
        "select a.text, b.text, list_has_any(a.holes, b.holes) from described a, described b where a.text < b.text"
    ).fetchall()
    assert len(found) == len(listed) * (len(listed) - 1) // 2
    for first, second, shared in found:
        assert shared == (distance(first, second) <= 1 or one_move_apart(first, second)), (first, second)


def sounds(con: duckdb.DuckDBPyConnection, listed: list[str]) -> dict[str, str]:
    con.execute("create or replace table t as select unnest(?) as name", [listed])
    describe(con, "select name from t")
    return dict(con.execute(f"select name, sound from {TABLE}").fetchall())


def test_the_sound_of_a_name_is_that_of_its_characters_in_order() -> None:
    found = sounds(duckdb.connect(), ["张伟", "诸葛亮", "𠆤建", "买买提热娜"])
    assert found["张伟"] == "zhang wei"
    assert found["诸葛亮"] == "zhu ge liang"
    assert found["𠆤建"].endswith(" jian")
    assert found["买买提热娜"] == "mai mai ti re na"


@settings(max_examples=12, deadline=None)
@given(st.lists(st.text(alphabet="张伟明A𠆤e\u0301\U000e0100", min_size=1, max_size=7), min_size=2, unique=True))
def test_short_and_long_names_sound_as_their_characters_do(listed: list[str]) -> None:
    con = duckdb.connect()
    table = features("".join(listed))
    spoken = dict(zip(table["ch"].to_pylist(), table["sound"].to_pylist(), strict=True))
    found = sounds(con, listed)
    assert found == {name: " ".join(spoken[character] for character in name) for name in listed}


def test_names_that_are_known_are_not_described_again() -> None:
    con = duckdb.connect()
    first = sounds(con, ["张伟", "李娜"])
    again = sounds(con, ["李娜", "王芳"])
    assert again == first | {"王芳": "wang fang"}
    assert con.execute(f"select count(*) from {TABLE}").fetchone() == (3,)


@pytest.mark.parametrize(
    ("first", "second"), [("zhang", "zan"), ("shen", "seng"), ("niu", "liu"), ("chi", "ci"), ("hua", "fa")]
)
def test_syllables_that_dialects_do_not_tell_apart_are_one(first: str, second: str) -> None:
    assert blurred(first) == blurred(second)


@pytest.mark.parametrize(("first", "second"), [("wei", "li"), ("ma", "ba"), ("hu", "fu"), ("an", "en")])
def test_other_syllables_stay_apart(first: str, second: str) -> None:
    assert blurred(first) != blurred(second)


def test_a_radical_that_many_characters_have_is_no_likeness() -> None:
    table = features("海江")
    first, second = (set(one) for one in table["likeness"].to_pylist())
    assert not first & second
