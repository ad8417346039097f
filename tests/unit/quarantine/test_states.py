"""What became of quarantined rows is a function of the amendments and decisions that there are, in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yibiao.ingest.packages import LoadPackage
from yibiao.quarantine.packages import AmendmentPackage
from yibiao.quarantine.states import FAILING, REJECTED, REPLACED, RESOLVED, RowStates, fold

HELD = (2, 3, 5, 8, 9)
READ = 10


@dataclass(frozen=True)
class Made:
    """An amendment for the fold, which asks for no more than this."""

    order: tuple[int, str]
    mended: np.ndarray
    failing: np.ndarray

    @property
    def amendment_id(self) -> str:
        return f"{self.order[0]}-{self.order[1]}"


def amendment(sequence: int, sha256: str, mended: Sequence[int], failing: Sequence[int] = ()) -> AmendmentPackage:
    made = Made((sequence, sha256), np.array(sorted(mended), dtype=np.int64), np.array(sorted(failing), dtype=np.int64))
    return made  # type: ignore[return-value]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> LoadPackage:
    folder: Path = tmp_path_factory.mktemp("load")
    pq.write_table(pa.table({"_row": pa.array(HELD, pa.int64())}), folder / "quarantine.parquet")
    return LoadPackage(folder, {"counts": {"read": READ, "accepted": READ - len(HELD), "quarantined": len(HELD)}})


def told(states: RowStates) -> dict[int, tuple[str, str | None]]:
    return {row["row"]: (row["state"], row["amendment_id"]) for row in states.touched.to_pylist()}


def test_without_amendments_all_are_open(package: LoadPackage) -> None:
    states = fold(package, [])
    assert (states.open, states.resolved, states.rejected) == (5, 0, 0)
    assert states.identity() == []


def test_the_later_slip_counts_whatever_came_first(package: LoadPackage) -> None:
    first, second = amendment(1, "ff", [2, 3]), amendment(2, "00", [3])
    for order in ([first, second], [second, first]):
        assert told(fold(package, order)) == {2: (RESOLVED, "1-ff"), 3: (RESOLVED, "2-00")}


def test_of_the_same_slip_the_higher_hash_counts(package: LoadPackage) -> None:
    states = fold(package, [amendment(1, "bb", [2]), amendment(1, "aa", [2])])
    assert told(states) == {2: (RESOLVED, "1-bb")}


def test_a_form_that_fails_never_takes_the_place_of_one_that_passes(package: LoadPackage) -> None:
    states = fold(package, [amendment(1, "aa", [2]), amendment(2, "bb", [], [2, 3])])
    assert told(states) == {2: (RESOLVED, "1-aa"), 3: (FAILING, "2-bb")}
    assert (states.open, states.resolved) == (4, 1)


def test_a_rejection_is_final(package: LoadPackage) -> None:
    states = fold(package, [amendment(1, "aa", [2], [3])], rejected={2, 3, 4})
    assert told(states) == {2: (REJECTED, None), 3: (REJECTED, None)}
    assert (states.open, states.resolved, states.rejected) == (3, 0, 2)
    assert states.identity() == [["1-aa"], [2, 3]]


def test_an_accepted_row_that_was_mended_before_is_replaced_and_stays_counted_as_accepted(
    package: LoadPackage,
) -> None:
    states = fold(package, [amendment(1, "aa", [1, 2])])
    assert told(states) == {1: (REPLACED, "1-aa"), 2: (RESOLVED, "1-aa")}
    assert (states.open, states.resolved, states.rejected) == (4, 1, 0)


rows = st.lists(st.integers(1, READ), unique=True, max_size=6)


@st.composite
def amendments(draw: st.DrawFn) -> AmendmentPackage:
    mended, failing = draw(rows), draw(rows)
    sha256 = draw(st.text("0123456789abcdef", min_size=4, max_size=4))
    return amendment(draw(st.integers(0, 3)), sha256, mended, sorted({*failing} - {*mended}))


@settings(deadline=None, derandomize=True, database=None)
@given(st.lists(amendments(), max_size=5, unique_by=lambda one: one.order), rows, st.data())
def test_no_order_matters_and_every_row_is_counted_once(
    package: LoadPackage, made: list[AmendmentPackage], rejected: list[int], data: st.DataObject
) -> None:
    states = fold(package, made, rejected)
    again = fold(package, data.draw(st.permutations(made)), rejected)
    assert (told(states), states.identity()) == (told(again), again.identity())
    assert states.open + states.resolved + states.rejected == len(HELD)
    # By hand: the last amendment in its order in which the row passes.
    best: dict[int, str] = {}
    for one in sorted(made, key=lambda one: one.order):
        best |= dict.fromkeys(one.mended.tolist(), one.amendment_id)
    out = {*rejected} & {*HELD}
    resolved = {row: by for row, by in best.items() if row in HELD and row not in out}
    assert {row: by for row, (state, by) in told(states).items() if state == RESOLVED} == resolved
    assert set(states.rows(REJECTED).tolist()) == out
    assert set(states.rows(REPLACED).tolist()) == best.keys() - {*HELD}
    assert not set(states.rows(FAILING).tolist()) & (resolved.keys() | out)
