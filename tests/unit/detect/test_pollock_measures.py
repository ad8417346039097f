"""The measures of the Pollock benchmark, by hand on small tables and over a checkout in miniature."""

from __future__ import annotations

import csv
import json

import pytest
from bench.pollock import MEASURES, measure, normal, run, scores
from text_samples import HEADERS, Written, in_line, people

CLEAN = [["a", "b"], ["1", "x"], ["2", "y"]]


def measured(loaded):
    return dict(zip(MEASURES, measure(CLEAN, loaded), strict=True))


def test_the_same_table_has_every_measure_in_full():
    assert measure(CLEAN, CLEAN) == (1.0,) * 10
    assert measure([], [["anything"]]) == (1.0,) * 10


def test_a_missing_row_and_a_moved_cell_cost_what_was_published():
    found = measured([["a", "b"], ["1", "x"]])
    assert (found["header_f1"], found["record_precision"], found["record_recall"]) == (1.0, 0.5, 1.0)
    assert found["record_f1"] == pytest.approx(2 / 3)
    assert (found["cell_precision"], found["cell_recall"]) == (4 / 6, 1.0)
    # Records are compared as the text of all their cells, so a cell that moved costs nothing there.
    assert measured([["a", "b"], ["1x", ""], ["2", "y"]])["record_f1"] == 1.0
    assert measured([["a", "b"], ["1x", ""], ["2", "y"]])["cell_precision"] == 4 / 6


def test_nothing_in_common_is_nothing():
    assert measure(CLEAN, []) == (1.0,) + (0.0,) * 9


@pytest.mark.parametrize(
    ("one", "other"), [("1", "01"), ("1.50", "1.5"), ("9:05", "09:05:00"), ("$1,000.0", "$1000"), ("ABC", "abc")]
)
def test_two_spellings_of_one_value_are_equal(one, other):
    assert normal(one) == normal(other)
    assert normal(one) != normal(one + "7")


def test_a_checkout_is_scored_with_and_without_rows_held_back(tmp_path):
    rows = [(*row[:5], "") for row in people(40)]
    text = Written().table(rows)
    polluted = {
        "plain.csv": text,
        "delimiter.csv": Written(delimiter=";").table(rows),
        "slip.csv": in_line(7, lambda line: line.replace(",", "", 1))(text),
    }
    for folder in ("csv", "clean"):
        (tmp_path / "polluted_files" / folder).mkdir(parents=True)
    for name, data in polluted.items():
        (tmp_path / "polluted_files" / "csv" / name).write_text(data, encoding="utf-8")
        with (tmp_path / "polluted_files" / "clean" / name).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([HEADERS, *rows])
    weights = json.loads('{"plain.csv": 1, "delimiter.csv": 2, "slip.csv": 1}')
    found = run(tmp_path, jobs=1)
    assert scores(found["held"], weights) == (10.0, 10.0)
    simple, weighted = scores(found["bare"], weights)
    assert 9.9 < simple < weighted < 10
