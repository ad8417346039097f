"""What people decided about pairs: the last word counts, and what counts never contradicts itself."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from yibiao.errors import LinkageError
from yibiao.identity.decisions import (
    DIFFERENT,
    SAME,
    UNDECIDED,
    Verdict,
    contradictions,
    decide_links,
    decisions_digest,
    last_decisions,
    link_decisions,
)
from yibiao.settings import Settings

A, B, C, D = (letter * 24 for letter in "abcd")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("YIBIAO_CONTROL_URL", raising=False)
    made = Settings.load(home=tmp_path / "home", data=tmp_path / "data")
    made.open_home()
    return made


def say(left: str, right: str, verdict: str, *, row: int = 0, reason: str = "电话核实", by: str = "李") -> Verdict:
    return Verdict(left, right, verdict, reason, by, f"row {row}")


def counted(settings: Settings, entity: str = "resident") -> list[tuple[str, str, str]]:
    return [(one.node_l, one.node_r, one.verdict) for one in link_decisions(settings, entity)]


def test_the_last_word_about_a_pair_counts_and_the_sides_do_not_matter(settings: Settings) -> None:
    at = datetime(2026, 3, 5, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    made = decide_links(settings, "resident", [say(B, A, SAME), say(C, D, DIFFERENT)], at=at)
    assert vars(made[0]) == {
        "entity": "resident",
        "node_l": A,
        "node_r": B,
        "verdict": SAME,
        "decided_by": "李",
        "reason": "电话核实",
        "decided_at": "2026-03-05T09:30:00+08:00",
    }
    assert counted(settings) == [(A, B, SAME), (C, D, DIFFERENT)]
    decide_links(settings, "resident", [say(A, B, DIFFERENT)])
    assert counted(settings) == [(A, B, DIFFERENT), (C, D, DIFFERENT)]


def test_a_decision_is_taken_back_by_leaving_the_pair_undecided(settings: Settings) -> None:
    decide_links(settings, "resident", [say(A, B, SAME)])
    decide_links(settings, "resident", [say(A, B, UNDECIDED)])
    assert counted(settings) == []
    assert [one.verdict for one in last_decisions(settings, "resident")] == [UNDECIDED]
    assert decide_links(settings, "resident", [say(A, B, DIFFERENT)])


def test_entities_have_decisions_of_their_own(settings: Settings) -> None:
    decide_links(settings, "resident", [say(A, B, SAME)])
    decide_links(settings, "organisation", [say(C, D, DIFFERENT)])
    assert counted(settings) == [(A, B, SAME)]
    assert counted(settings, "organisation") == [(C, D, DIFFERENT)]
    assert [one.entity for one in last_decisions(settings)] == ["organisation", "resident"]


def test_the_same_words_again_are_not_written_again(settings: Settings) -> None:
    assert len(decide_links(settings, "resident", [say(A, B, SAME), say(A, B, SAME)])) == 1
    assert decide_links(settings, "resident", [say(B, A, SAME)]) == []
    assert len(decide_links(settings, "resident", [say(A, B, SAME, reason="又核实一次")])) == 1


def test_a_dry_run_writes_nothing(settings: Settings) -> None:
    assert len(decide_links(settings, "resident", [say(A, B, SAME)], dry_run=True)) == 1
    assert counted(settings) == []


@pytest.mark.parametrize(
    ("verdicts", "named"),
    [
        ([say(A, B, SAME, row=2), say(B, A, DIFFERENT, row=3)], "row 2 (same) and row 3 (different) name one pair"),
        ([say(A, B, SAME, row=2), say(A, B, UNDECIDED, row=9)], "row 2 (same) and row 9 (undecided) name one pair"),
        (
            [say(A, B, SAME, row=2), say(C, B, SAME, row=3), say(A, C, DIFFERENT, row=4)],
            "row 2 and row 3 (same) against row 4 (different)",
        ),
        (
            [say(A, C, DIFFERENT, row=2), say(A, B, SAME, row=3), say(C, D, SAME, row=4), say(B, D, SAME, row=5)],
            "row 3 and row 5 and row 4 (same) against row 2 (different)",
        ),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_whole_with_its_rows(
    settings: Settings, verdicts: list[Verdict], named: str
) -> None:
    with pytest.raises(LinkageError, match="nothing was written") as caught:
        decide_links(settings, "resident", [say("e" * 24, "f" * 24, SAME, row=1), *verdicts], where="核对.csv")
    assert caught.value.where == "核对.csv"
    assert caught.value.got == named
    assert last_decisions(settings) == []


def test_what_contradicts_an_earlier_decision_is_refused_until_that_is_taken_back(settings: Settings) -> None:
    at = datetime(2026, 3, 5, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    decide_links(settings, "resident", [say(A, B, SAME), say(B, C, SAME)], at=at)
    with pytest.raises(LinkageError, match="contradict each other") as caught:
        decide_links(settings, "resident", [say(A, C, DIFFERENT, row=7)])
    assert caught.value.got.count("the decision of 2026-03-05 by 李") == 2
    assert "row 7 (different)" in caught.value.got
    assert "yibiao identity withdraw" in caught.value.todo
    # In one file the earlier one may be taken back and the new one be said.
    decide_links(settings, "resident", [say(A, C, DIFFERENT), say(A, B, UNDECIDED)])
    assert counted(settings) == [(A, C, DIFFERENT), (B, C, SAME)]


def test_thousands_of_contradictions_are_counted_and_few_are_named(settings: Settings) -> None:
    nodes = [f"{n:024x}" for n in range(1500)]
    chain = [say(left, right, SAME, row=n) for n, (left, right) in enumerate(pairwise(nodes))]
    against = [say(nodes[0], node, DIFFERENT, row=5000 + n) for n, node in enumerate(nodes[2:])]
    with pytest.raises(LinkageError) as caught:
        decide_links(settings, "resident", [*chain, *against])
    assert caught.value.got.endswith("and 1488 more")
    assert caught.value.got.count("against") == 10


@pytest.mark.parametrize(
    ("verdict", "todo"),
    [
        (Verdict(A, B, "maybe", "x", "李"), "same, different, undecided"),
        (Verdict(A, A, SAME, "x", "李"), "two different nodes"),
        (Verdict(A, "张三", SAME, "x", "李"), "24 hexadecimal digits"),
        (Verdict(A, B, SAME, "  ", "李"), "Say why"),
        (Verdict(A, B, UNDECIDED, "", "李"), "Say why"),
        (Verdict(A, B, SAME, "x", "李" * 200), "at most 128 characters"),
    ],
)
def test_an_incomplete_decision_is_refused(settings: Settings, verdict: Verdict, todo: str) -> None:
    with pytest.raises(LinkageError, match="not complete") as caught:
        decide_links(settings, "resident", [say(C, D, SAME), verdict])
    assert todo in caught.value.todo
    assert last_decisions(settings) == []


def test_the_digest_changes_with_what_counts_and_with_nothing_else(settings: Settings) -> None:
    nothing = decisions_digest(settings)
    decide_links(settings, "resident", [say(A, B, SAME), say(C, D, UNDECIDED)])
    one = decisions_digest(settings)
    assert one != nothing
    decide_links(settings, "resident", [say(A, B, SAME, reason="别的理由", by="王")])
    assert decisions_digest(settings) == one
    decide_links(settings, "organisation", [say(A, B, SAME)])
    assert decisions_digest(settings) != one
    decide_links(settings, "organisation", [say(A, B, UNDECIDED)])
    assert decisions_digest(settings) == one
    decide_links(settings, "resident", [say(A, B, UNDECIDED)])
    assert decisions_digest(settings) == nothing


names = st.sampled_from("abcdef")
pairs_of = st.lists(st.tuples(names, names).filter(lambda pair: pair[0] != pair[1]), max_size=8)


@given(pairs_of, pairs_of)
def test_a_contradiction_is_a_different_pair_that_a_walk_over_same_ones_reaches(same, different) -> None:
    reached = {}
    for start in "abcdef":
        seen, waiting = {start}, [start]
        while waiting:
            node = waiting.pop()
            for pair in same:
                if node in pair:
                    waiting += [other for other in pair if other not in seen and not seen.add(other)]
        reached[start] = seen
    found = contradictions([(*pair, "".join(pair)) for pair in same], [(*pair, "".join(pair)) for pair in different])
    expected = [pair for pair in different if pair[1] in reached[pair[0]]]
    assert len(found) == len(expected)
    for text, (a, b) in zip(found, expected, strict=True):
        assert text.endswith(f"(same) against {a}{b} (different)")
        steps = text.partition(" (same)")[0].split(" and ")
        assert a in steps[0]
        assert b in steps[-1]
        assert all(set(one) & set(other) for one, other in pairwise(steps))


verdict_lists = st.lists(st.tuples(names, names, st.sampled_from([SAME, DIFFERENT, UNDECIDED])), max_size=12)


@limits(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
@given(st.lists(verdict_lists, max_size=4), st.integers(0, 10**9))
def test_whatever_is_said_in_whatever_order_what_counts_never_contradicts_itself(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[tuple[str, str, str]]], number: int
) -> None:
    made = Settings.load(home=tmp_path_factory.mktemp("said") / f"home{number}")
    made.open_home()
    for said in files:
        before = counted(made)
        try:
            decide_links(made, "resident", [say(a * 24, b * 24, verdict) for a, b, verdict in said if a != b])
        except LinkageError:
            assert counted(made) == before
        stands = [(*pair, "") for *pair, verdict in counted(made) if verdict == SAME]
        against = [(*pair, "") for *pair, verdict in counted(made) if verdict == DIFFERENT]
        assert contradictions(stands, against) == []
