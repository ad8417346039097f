"""Row numbers, chunks of equal size, editions: the arithmetic of reading."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yibiao.contracts import EditionRule
from yibiao.errors import DeliveryError
from yibiao.ingest.deliveries import edition_date, edition_from_text
from yibiao.ingest.readers.chunks import Broken, Chunk, RowNumbers, from_lists, regroup

KINDS = st.lists(st.sampled_from(["whole", "broken", "note", "broken note"]), max_size=60)


@given(kinds=KINDS, size=st.integers(1, 9), ahead=st.integers(0, 5))
def test_data_rows_are_numbered_without_gaps_whatever_stands_between(kinds, size, ahead):
    """As the CSV parser behaves: broken rows are told up to some rows ahead of the block that is handed out."""
    numbers = RowNumbers()
    found: dict[int, str] = {}
    reported = 0

    def report_until(end):
        nonlocal reported
        while reported < min(end, len(kinds)):
            kind = kinds[reported]
            reported += 1
            if kind == "broken":
                numbers.broke(Broken(reported, "row.columns", str(reported)))
            elif kind == "broken note":
                numbers.leave_out([reported], whole=False)

    for start in range(0, len(kinds), size):
        block = kinds[start : start + size]
        report_until(start + size + ahead)
        places = numbers.take(sum(kind in ("whole", "note") for kind in block))
        notes = np.array([kinds[place - 1] == "note" for place in places], dtype=bool)
        assert [kinds[place - 1] for place in places] == [kind for kind in block if kind in ("whole", "note")]
        numbers.leave_out(places[notes], whole=True)
        for row in numbers.final(places[~notes]):
            found[int(row)] = "whole"
        found.update({one.row: "broken" for one in numbers.tell()})
    found.update({one.row: "broken" for one in numbers.tell(everything=True)})

    wanted = [kind for kind in kinds if kind in ("whole", "broken")]
    assert found == {place: kind for place, kind in enumerate(wanted, start=1)}
    assert numbers.count == len(wanted)


@given(sizes=st.lists(st.integers(0, 12), max_size=12), rows=st.integers(1, 10))
def test_regrouping_changes_nothing_but_the_cut(sizes, rows):
    def chunks():
        first = 1
        for size in sizes:
            broken = (Broken(first + size, "row.columns", "x"),)
            yield Chunk(from_lists(["a"], first, [[str(row) for row in range(first, first + size)]], size), broken)
            first += size + 1

    groups = list(regroup(chunks(), rows))
    assert all(group.rows.num_rows == rows for group in groups[:-1])
    numbers = [row for group in groups for row in group.rows["_row"].to_pylist()]
    broken = [one.row for group in groups for one in group.broken]
    assert [str(row) for row in numbers] == [text for group in groups for text in group.rows["a"].to_pylist()]
    assert sorted(numbers + broken) == list(range(1, sum(sizes) + len(sizes) + 1))


@pytest.mark.parametrize(
    ("edition", "day"),
    [("2026-01", "2026-01-31"), ("2024-02", "2024-02-29"), ("2026-03-05", "2026-03-05")],
)
def test_the_last_day_that_an_edition_speaks_of(edition, day):
    assert edition_date(edition) == day


@pytest.mark.parametrize("edition", ["2026", "2026-13", "2026-02-30", "2026-1", "x", ""])
def test_what_is_no_edition(edition):
    with pytest.raises(DeliveryError):
        edition_date(edition)


def test_the_edition_in_a_name():
    rule = EditionRule("name", r"_(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})?\.")
    assert edition_from_text(rule, "表_202601.csv", where="x") == "2026-01"
    assert edition_from_text(rule, "表_20260105.csv", where="x") == "2026-01-05"
    for name in ("表.csv", "表_202600.csv", "表_20260230.csv"):
        with pytest.raises(DeliveryError, match="which edition"):
            edition_from_text(rule, name, where=name)
