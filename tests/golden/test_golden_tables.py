"""The tiny district becomes, cell by cell, the tables that somebody has looked at."""

from __future__ import annotations

import csv
import io

import pytest
from golden_tables import expected_tables, golden_tables
from regenerate import difference

from installations import Installation


@pytest.fixture(scope="module")
def tables(published: Installation) -> dict[str, str]:
    return golden_tables(published.release)


def test_the_published_tables_are_the_golden_ones(tables: dict[str, str]) -> None:
    changed = difference(expected_tables(), tables)
    told = "".join(changed[:80])
    assert not changed, f"{told}\nIf this is meant: python tests/golden/regenerate.py, and review the difference."


def test_the_slice_shows_what_it_is_there_for(tables: dict[str, str]) -> None:
    """Reviewing it is worth while only as long as conflicts, deaths and links stand in it."""
    rows = {name: list(csv.DictReader(io.StringIO(text))) for name, text in tables.items()}
    residents = rows["resident.csv"]
    assert 15 <= len(residents) <= 60
    assert any(row["death_date"] for row in residents)
    assert any(int(row["disputed_count"]) > 1 for row in residents)
    assert {row["household_id"] for row in rows["household.csv"]} <= {row["household_id"] for row in residents}
    assert {row["element"] for row in rows["resident_conflict.csv"]} > {"mobile_phone", "residence_address"}
    for entity in ("household", "dwelling", "benefit", "organisation", "event"):
        assert 5 <= len(rows[f"{entity}.csv"]) <= 60, entity
        assert len(rows[f"{entity}_provenance.csv"]) == len(rows[f"{entity}.csv"])
    assert rows["benefit_after_death.csv"], "choose another seed: no benefit is paid to anybody who has died"
    assert sum(len(text) for text in tables.values()) < 150_000, "nobody reviews so much"


def test_every_table_of_the_release_is_held_by_its_hash(published: Installation, tables: dict[str, str]) -> None:
    listed = {row["table"]: row for row in csv.DictReader(io.StringIO(tables["tables.csv"]))}
    assert set(listed) == set(published.manifest["tables"])
    assert {name for name, row in listed.items() if not row["hash"]} == {"load"}
