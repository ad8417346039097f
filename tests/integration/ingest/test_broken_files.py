"""Broken files of every kind: nothing crashes or hangs, nothing is lost or shifted, every refusal says what to do.

Some of every kind of damage always; all of them, the costly ones included, with YIBIAO_BROKEN=1.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from account import account
from broken_files import broken_files, sample
from broken_table import COLUMNS, HEADERS, KINDS, NAMES, BadFile, as_csv, row, rows
from broken_worker import run

EVERYTHING = bool(os.environ.get("YIBIAO_BROKEN"))

TOGETHER = 80
"""Files that one process ingests."""

OPTIONS = {"sqlite": {"table": "表"}}


@pytest.fixture(scope="module")
def made() -> list[BadFile]:
    return broken_files()


@pytest.fixture(scope="module")
def files(made) -> dict[tuple[str, str], BadFile]:
    return {(one.batch, one.case): one for one in (made if EVERYTHING else sample(made))}


@pytest.fixture(scope="module")
def results(files, make_report, tmp_path_factory):
    batches = []
    for batch in sorted({one.batch for one in files.values()}):
        kind, _, encoding = batch.partition(" ")
        inner = "csv" if kind in ("zip", "gz") else kind
        report = make_report(
            inner, f"*.{kind}", columns=COLUMNS, encoding=encoding or "UTF-8", options=OPTIONS.get(kind)
        )
        members = [one for one in files.values() if one.batch == batch]
        batches += [(report, members[first : first + TOGETHER]) for first in range(0, len(members), TOGETHER)]
    return run(batches, tmp_path_factory.mktemp("broken"))


def test_there_are_broken_files_of_every_kind(made):
    kinds = Counter(one.kind for one in made)
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 50
    assert len({(one.batch, one.data) for one in made}) > 1200
    assert len({(one.batch, one.case) for one in made}) == len(made)


def test_what_is_always_tried_has_every_kind_of_damage_in_every_format(made):
    tried = sample(made)
    assert len(tried) >= 300
    assert {(one.batch, one.damage) for one in tried} >= {(one.batch, one.damage) for one in made if not one.costly}
    assert {one.case for one in made if one.costly}.isdisjoint(one.case for one in tried)
    assert sum(one.costly for one in made) < 10


def test_every_cell_of_every_broken_file_is_accounted_for(files, results):
    assert len(results) == len(files)
    assert {f"{one['batch']}, {one['case']}": one["problems"] for one in results if one["problems"]} == {}


def test_what_must_be_refused_is_refused_and_what_is_whole_is_loaded(files, results):
    wrong = {}
    for one in results:
        expected = files[one["batch"], one["case"]].verdict
        got = "loaded" if one["verdict"] in ("accepted", "quarantined") else one["verdict"]
        if expected not in ("either", got):
            wrong[f"{one['batch']}, {one['case']}"] = one["verdict"]
    assert wrong == {}


Rows = list[dict[str, Any]]


@pytest.fixture
def accounted(tmp_path: Path) -> Callable[..., list[str]]:
    """`accounted(change)`: problems of a package of three rows, one quarantined, that `change` has altered."""

    def judge(change: Callable[[Rows, Rows], object]) -> list[str]:
        found = [{"_row": number, **dict(zip(NAMES.values(), row(number), strict=True))} for number in (1, 2, 3)]
        accepted, quarantined = found[:2], [{**found[2], "_rules": ["person.required"], "_raw": None}]
        change(accepted, quarantined)
        names = ["_row", *NAMES.values(), "_rules", "_raw"]
        types = [pa.int64(), *[pa.string()] * len(NAMES), pa.list_(pa.string()), pa.string()]
        for name, held in (("accepted", accepted), ("quarantine", quarantined)):
            table = pa.Table.from_pylist(held, pa.schema(list(zip(names, types, strict=True))))
            pq.write_table(table, tmp_path / f"{name}.parquet")
        counts = {"read": 3, "accepted": 2, "quarantined": 1}
        file = BadFile("three rows", "csv", ".csv", as_csv([HEADERS, *rows(3)]))
        return account(file, [tmp_path], [{"counts": counts, "drift": []}])

    return judge


def test_the_account_of_a_right_package_has_no_problems(accounted):
    assert accounted(lambda accepted, quarantined: None) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda accepted, quarantined: accepted.pop(), "counts"),
        (lambda accepted, quarantined: accepted[1].update(_row=5), "row numbers"),
        (lambda accepted, quarantined: quarantined[0].update(_rules=[]), "without a reason"),
        (lambda accepted, quarantined: accepted[0].update(home=None), "cells of 15 are lost"),
        (lambda accepted, quarantined: quarantined[0].update(person=""), "cells of 15 are lost"),
        (lambda accepted, quarantined: accepted[0].update(remark="备注-00009"), "too many"),
        (lambda accepted, quarantined: accepted[0].update(home="学校-00001", school="住址-00001"), "misplaced"),
        (lambda accepted, quarantined: accepted[0].update(amount="2.25"), "cells of rows [1, 2]"),
        (lambda accepted, quarantined: accepted[0].update(born="1950-01-04"), "cells of rows [1, 3]"),
    ],
    ids=["a row gone", "a number gone", "no reason", "a cell gone", "a cell gone in quarantine", "a cell invented",
         "two cells exchanged", "the amount of another row", "the day of another row"],
)  # fmt: skip
def test_the_account_finds_what_is_wrong_with_a_package(accounted, change, said):
    assert any(said in problem for problem in accounted(change))
