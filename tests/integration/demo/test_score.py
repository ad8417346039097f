"""The score of a release, counted once more in plain Python from the same files."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from typing import Any

import duckdb
import pytest

from installations import Installation

API = ("grid_center.grid_event", "health.family_doctor")
"""Landed in another order than delivered."""


@pytest.fixture(scope="module")
def told(published: Installation) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(published.run("demo", "score", "--json").stdout)
    return found


def rows(sql: str) -> list[tuple[Any, ...]]:
    return duckdb.sql(sql).fetchall()


def records(published: Installation) -> dict[int, tuple[str, int, str]]:
    """Record number -> report, true resident, damages, of everything but HTTP reports."""
    truth = {
        (report, edition, row): (no, damages)
        for report, edition, row, no, damages in rows(
            f"select report, edition, row, resident_no, damages from '{published.data / 'truth' / 'record.parquet'}'"
        )
    }
    found = {}
    for report, edition, first, read in rows(
        f"select report, edition, first_record_no, read from '{published.release / 'load.parquet'}'"
    ):
        for row in range(1, read + 1):
            no, damages = truth.get((report, edition, row), (None, ""))
            if report not in API and no is not None:
                found[first + row] = (report, no, damages)
    return found


def test_the_score_without_http_reports_is_that_of_a_count_by_hand(
    published: Installation, told: dict[str, Any]
) -> None:
    known = records(published)
    linked = dict(rows(f"select record_no, resident_id from '{published.release / 'resident_crosswalk.parquet'}'"))
    by_id, by_person = defaultdict(set), defaultdict(set)
    for record, entity in linked.items():
        if record in known:
            by_person[known[record][1]].add(record)
            if entity is not None:
                by_id[entity].add(record)
    made = {pair for group in by_id.values() for pair in itertools.combinations(sorted(group), 2)}
    true = {pair for group in by_person.values() for pair in itertools.combinations(sorted(group), 2)}
    wrong = {tuple(sorted({known[one][1] for one in group})) for group in by_id.values()}
    wrong = {people for people in wrong if len(people) > 1}

    resident = told["links"]["by_entity"]["resident"]
    doctors = resident["records"] - sum(record in known for record in linked)
    assert 0 < doctors < 0.05 * resident["records"]
    assert abs(resident["pairs"] - len(true)) < 0.1 * len(true)
    assert abs(resident["precision"] - len(made & true) / len(made)) < 0.002
    assert abs(resident["recall"] - len(made & true) / len(true)) < 0.02
    assert wrong <= {tuple(people) for people in told["links"]["wrong_merges"]["listed"]}

    keyless = {
        one
        for one, (_, _, damages) in known.items()
        if {"citizen_id.missing", "citizen_id.mistyped"} & set(damages.split("|"))
    }
    pairs = {pair for pair in true if keyless & set(pair)}
    found = len(pairs & made) / len(pairs)
    assert abs(told["links"]["keyless"]["recall"] - found) < 0.02


def test_golden_values_are_compared_with_the_truth_of_the_newest_edition(
    published: Installation, told: dict[str, Any]
) -> None:
    names = dict(
        rows(
            f"select no, resident_name from '{published.data / 'truth' / 'resident.parquet'}'"
            " where edition = '2026-03' and resident_name is not null"
        )
    )
    known = records(published)
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    for record, entity in rows(
        f"select record_no, resident_id from '{published.release / 'resident_crosswalk.parquet'}'"
    ):
        if entity is not None and record in known:
            votes[entity][known[record][1]] += 1
    claims: dict[str, set[str]] = defaultdict(set)
    for entity, value in rows(
        f"select resident_id, value from '{published.release / 'resident_conflict.parquet'}'"
        " where element = 'resident_name'"
    ):
        claims[entity].add(value)
    cells = right = 0
    for entity, name in rows(
        f"select resident_id, resident_name from '{published.release / 'resident.parquet'}'"
        " where resident_name is not null"
    ):
        if entity in votes and (true := names.get(votes[entity].most_common(1)[0][0])):
            cells += name == true or true in claims[entity]
            right += name == true
    one = told["golden"]["by_entity"]["resident"]["resident_name"]
    assert abs(one["cells"] - cells) <= 3
    assert abs(one["right"] - right) <= 3
    assert one["disputed_right"] <= one["disputed"] <= one["cells"]
    assert 0.9 < told["golden"]["share"] <= 1


def test_a_folder_without_truth_is_refused(published: Installation, tmp_path: Any) -> None:
    refused = published.run("demo", "score", "--data", str(tmp_path), ok=False)
    assert "no demo folder" in refused.stderr or "not a demo folder" in refused.stderr
