"""Which loads count: a function of the set of loads, so that no order of arrival can change it."""

import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from yibiao.warehouse.inputs import CURRENT, SUPERSEDED, WAITING, Load, assess


def load(edition: str, rows: int, sha: str = "a", noted: tuple[int | None, ...] = ()) -> Load:
    return Load(
        folder=Path("lake") / f"{edition}{sha}",
        manifest={
            "load_id": f"{edition}{sha}",
            "report": "d.r",
            "edition": edition[:7],
            "edition_date": edition,
            "delivery": {"sha256": sha},
            "counts": {"read": rows, "accepted": rows, "quarantined": 0},
            "control_totals": [{"name": "rows", "stated": stated, "counted": rows} for stated in noted],
        },
    )


def states(mode, loads, accepted=frozenset(), max_drop=0.1):
    report = SimpleNamespace(id="d.r", mode=mode, max_drop=max_drop)
    return {found.load_id: found.state for found in assess(report, loads, accepted)}


def test_the_newest_snapshot_supersedes_the_earlier_ones():
    assert states("snapshot", [load("2026-02-28", 100), load("2026-01-31", 100)]) == {
        "2026-01-31a": SUPERSEDED,
        "2026-02-28a": CURRENT,
    }


@pytest.mark.parametrize("mode", ["delta", "events"])
def test_every_delta_and_every_batch_of_events_counts(mode):
    assert set(states(mode, [load("2026-02-28", 1), load("2026-01-31", 100)]).values()) == {CURRENT}


def test_half_a_snapshot_waits_and_the_complete_one_stays_current():
    loads = [load("2026-01-31", 100), load("2026-02-28", 89)]
    assert states("snapshot", loads) == {"2026-01-31a": CURRENT, "2026-02-28a": WAITING}


def test_a_drop_of_exactly_what_the_contract_allows_is_complete():
    assert states("snapshot", [load("2026-01-31", 100), load("2026-02-28", 90)])["2026-02-28a"] == CURRENT


def test_a_human_can_accept_a_short_snapshot():
    loads = [load("2026-01-31", 100), load("2026-02-28", 50)]
    assert states("snapshot", loads, {"2026-02-28a"})["2026-02-28a"] == CURRENT


def test_after_a_waiting_edition_the_next_is_compared_with_the_last_complete_one():
    loads = [load("2026-01-31", 100), load("2026-02-28", 50), load("2026-03-31", 95)]
    assert states("snapshot", loads) == {
        "2026-01-31a": SUPERSEDED,
        "2026-02-28a": WAITING,
        "2026-03-31a": CURRENT,
    }


def test_an_edition_in_two_files_is_counted_as_a_whole():
    loads = [load("2026-01-31", 100), load("2026-02-28", 60, "a"), load("2026-02-28", 40, "b")]
    found = states("snapshot", loads)
    assert found["2026-02-28a"] == found["2026-02-28b"] == CURRENT


def test_the_reason_of_waiting_names_the_figures():
    report = SimpleNamespace(id="d.r", mode="snapshot", max_drop=0.1)
    waiting = assess(report, [load("2026-01-31", 100), load("2026-02-28", 50)], set())[1]
    assert "50 rows after 100" in waiting.reason
    assert "50.0%" in waiting.reason


@pytest.mark.parametrize(("noted", "state"), [(99, CURRENT), (98, CURRENT), (100, WAITING), (None, WAITING)])
def test_a_snapshot_with_fewer_rows_than_it_prints_waits_however_few_are_missing(noted, state):
    loads = [load("2026-01-31", 100), load("2026-02-28", 99, noted=(noted,))]
    assert states("snapshot", loads)["2026-02-28a"] == state
    assert states("snapshot", loads, {"2026-02-28a"})["2026-02-28a"] == CURRENT
    # There is nothing yet that a missing row could end.
    assert states("snapshot", loads[1:])["2026-02-28a"] == CURRENT
    assert states("events", loads)["2026-02-28a"] == CURRENT


def test_the_reason_tells_what_the_note_prints():
    report = SimpleNamespace(id="d.r", mode="snapshot", max_drop=0.1)
    for noted, why in ((120, "99 rows where its own note prints 120"), (None, "promises, is missing below 99")):
        loads = [load("2026-01-31", 100), load("2026-02-28", 99, noted=(noted,))]
        assert why in assess(report, loads, set())[1].reason


def test_order_of_arrival_does_not_matter():
    loads = [load(f"2026-{month:02d}-28", rows) for month, rows in enumerate([100, 95, 40, 99, 10, 90], start=1)]
    wanted = states("snapshot", loads)
    for seed in range(20):
        shuffled = list(loads)
        random.Random(seed).shuffle(shuffled)
        assert states("snapshot", shuffled) == wanted


@pytest.mark.parametrize("mode", ["snapshot", "delta", "events"])
def test_a_load_of_which_every_row_is_held_waits_and_nobody_can_accept_it(mode):
    held = load("2026-02-28", 100)
    held = Load(held.folder, {**held.manifest, "held": ["renamed_column"]})
    found = states(mode, [load("2026-01-31", 100), held], {held.load_id})
    assert found == {"2026-01-31a": CURRENT, "2026-02-28a": WAITING}
    loads = [load("2026-01-31", 100), held, load("2026-03-31", 100)]
    assert states(mode, loads)["2026-03-31a"] == CURRENT
    report = SimpleNamespace(id="d.r", mode=mode, max_drop=0.1)
    assert "renamed_column" in assess(report, loads, frozenset())[1].reason
