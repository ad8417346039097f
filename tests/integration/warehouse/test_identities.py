"""No id that was ever published leads nowhere: where its records went, release by release."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import duckdb
import hypothesis
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from yibiao.errors import ReleaseError
from yibiao.files import to_json
from yibiao.settings import Settings
from yibiao.warehouse import releases
from yibiao.warehouse.identities import locate, record_changes

Rows = dict[tuple[str, int], str]
"""(load, row) -> id of the resident."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = replace(Settings.load(), home=tmp_path / "home")
    made.open_home()
    return made


def publish(
    settings: Settings, version: str, rows: Rows, nodes: dict[str, str] | None = None,
    placed: dict[tuple[str, int], tuple[str, str]] | None = None,
) -> None:  # fmt: skip
    """A release with nothing but what ids need: residents, their crosswalk and links, loads of ten rows each.

    Args:
        nodes: node -> id of records that linkage placed, whose rows take no part.
        placed: (load, row) -> node and basis of rows that linkage placed.
    """
    folder = settings.releases / version
    folder.mkdir()
    loads = sorted({load for load, _ in rows})
    first = {load: 10 * place for place, load in enumerate(loads)}
    with duckdb.connect(str(folder / releases.DATABASE)) as connection:
        connection.execute("create table load (load_id varchar, first_record_no bigint, read bigint)")
        connection.execute("create table resident_crosswalk (record_no bigint, resident_id varchar)")
        connection.execute(
            "create table resident_link (record_no bigint, node_id varchar, resident_id varchar, basis varchar)"
        )
        for load in loads:
            connection.execute("insert into load values (?, ?, 10)", [load, first[load]])
        for (load, row), one in rows.items():
            connection.execute("insert into resident_crosswalk values (?, ?)", [first[load] + row, one])
        for node, one in (nodes or {}).items():
            connection.execute("insert into resident_link values (null, ?, ?, 'linked')", [node, one])
        for (load, row), (node, basis) in (placed or {}).items():
            connection.execute(
                "insert into resident_link values (?, ?, ?, ?)", [first[load] + row, node, rows[load, row], basis]
            )
        connection.execute("create table resident as select distinct resident_id from resident_crosswalk")
    (folder / releases.MANIFEST).write_bytes(to_json({"fingerprint": version}))
    releases.switch(settings, releases.Release(folder), "publish")
    record_changes(settings)


def test_an_id_that_is_still_there_leads_to_itself(settings: Settings) -> None:
    publish(settings, "1", {("a", 1): "P"})
    publish(settings, "2", {("a", 1): "P", ("b", 1): "P"})
    found = locate(settings, "P")
    assert (found.entity, found.present, found.steps) == ("resident", ("P",), ())


def test_merged_ids_lead_to_the_one_that_is_left(settings: Settings) -> None:
    publish(settings, "1", {("a", 1): "P", ("a", 2): "Q"})
    publish(settings, "2", {("a", 1): "P", ("a", 2): "P"})
    found = locate(settings, "Q")
    assert found.present == ("P",)
    assert [(one["release"], one["kind"], one["new_ids"]) for one in found.steps] == [("2", "merged", ["P"])]


def test_rows_are_followed_when_other_loads_change_their_numbers(settings: Settings) -> None:
    publish(settings, "1", {("b", 3): "Q"})
    publish(settings, "2", {("a", 1): "P", ("b", 3): "R"})
    assert locate(settings, "Q").present == ("R",)


def test_a_split_id_leads_to_all_parts(settings: Settings) -> None:
    publish(settings, "1", {("a", 1): "P", ("a", 2): "P"})
    publish(settings, "2", {("a", 1): "X", ("a", 2): "Y"})
    found = locate(settings, "P")
    assert (found.present, found.steps[0]["kind"]) == (("X", "Y"), "split")


def test_what_went_away_from_an_id_that_stays_is_told(settings: Settings) -> None:
    publish(settings, "1", {("a", 1): "P", ("b", 1): "P"}, {"n": "P"})
    publish(settings, "2", {("a", 1): "P", ("b", 1): "N"}, {"n": "N"})
    found = locate(settings, "P")
    assert (found.present, found.steps[0]["kind"]) == (("N", "P"), "split")


def test_a_record_whose_number_turns_out_to_be_anothers_is_told_though_the_id_stays(settings: Settings) -> None:
    """Two people used one number: the department that stored the id of one now has that of the other."""
    publish(settings, "1", {("a", 1): "P", ("a", 2): "P"})
    rows = {("a", 1): "P", ("a", 2): "N", ("b", 1): "P", ("b", 2): "X"}
    publish(settings, "2", rows, placed={("a", 2): ("n", "contradicts"), ("b", 2): ("x", "alone")})
    found = locate(settings, "P")
    assert (found.present, found.steps[0]["kind"]) == (("N", "P"), "split")
    assert dict(zip(found.steps[0]["new_ids"], found.steps[0]["why"], strict=True)) == {
        "N": "contradicts", "P": "stayed",
    }  # fmt: skip
    # And back, when those who contradicted it are withdrawn.
    publish(settings, "3", {("a", 1): "P", ("a", 2): "P", ("c", 1): "N"})
    assert locate(settings, "N").present == ("N", "P")


def test_why_records_are_where_they_are_is_told(settings: Settings) -> None:
    publish(settings, "1", {("a", 1): "P", ("a", 2): "Q", ("a", 3): "R"}, placed={("a", 2): ("q", "alone")})
    publish(settings, "2", {("a", 1): "P", ("a", 2): "P", ("a", 3): "P"}, placed={("a", 2): ("q", "reviewed")})
    assert [locate(settings, one).steps[0]["why"] for one in ("Q", "R")] == [["reviewed"], ["key"]]
    # The files of an older program do not say it.
    (path,) = (settings.home / "identities").glob("*.parquet")
    path.chmod(0o600)
    pq.write_table(pq.read_table(path).drop_columns(["why"]), path)
    assert locate(settings, "Q").steps[0]["why"] == [""]


def test_a_row_that_a_new_edition_repeats_is_followed_by_its_node(settings: Settings) -> None:
    publish(settings, "1", {("january", 1): "Q"}, {"n": "Q"})
    publish(settings, "2", {("february", 7): "P"}, {"n": "P"})
    assert locate(settings, "Q").present == ("P",)


def test_steps_are_followed_through_every_release(settings: Settings) -> None:
    publish(settings, "1", {("a", 1): "P", ("a", 2): "Q"})
    publish(settings, "2", {("a", 1): "P", ("a", 2): "P"})
    publish(settings, "3", {("a", 1): "Z", ("a", 2): "Z"})
    found = locate(settings, "Q")
    assert found.present == ("Z",)
    assert [one["release"] for one in found.steps] == ["2", "3"]


def test_a_withdrawn_delivery_and_one_that_ended_are_told_apart(settings: Settings) -> None:
    publish(settings, "1", {("a", 1): "P", ("b", 1): "Q", ("b", 2): "R"})
    publish(settings, "2", {("b", 2): "R"})
    ended, withdrawn = locate(settings, "Q"), locate(settings, "P")
    assert (ended.present, ended.steps[-1]["kind"]) == ((), "ended")
    assert (withdrawn.present, withdrawn.steps[-1]["kind"]) == ((), "withdrawn")


def test_a_delivery_that_was_taken_back_and_came_back_when_its_rows_are_another_persons(settings: Settings) -> None:
    publish(settings, "1", {("a", 1): "P", ("b", 1): "Q"})
    publish(settings, "2", {("b", 1): "Q"})
    publish(settings, "3", {("a", 1): "Q", ("b", 1): "Q"})
    found = locate(settings, "P")
    assert (found.present, [one["kind"] for one in found.steps]) == (("Q",), ["withdrawn", "merged"])
    # And goes on from there.
    publish(settings, "4", {("c", 1): "R", ("b", 1): "Q"}, {"n": "Q"})
    publish(settings, "5", {("b", 1): "S"})
    assert locate(settings, "P").present == ("S",)


def test_the_files_of_an_older_program_are_read_on(settings: Settings) -> None:
    publish(settings, "1", {("a", 1): "P", ("b", 1): "Q"})
    publish(settings, "2", {("b", 1): "Q"})
    (path,) = (settings.home / "identities").glob("*.parquet")
    path.chmod(0o600)
    pq.write_table(pq.read_table(path).drop_columns(["load_id", "row"]), path)
    publish(settings, "3", {("b", 1): "N"})
    assert (locate(settings, "Q").present, locate(settings, "P").present) == (("N",), ())


PLACES = [("a", 1), ("b", 1), ("c", 1)]


@given(
    st.lists(st.lists(st.sampled_from("PQRST"), min_size=3, max_size=3), min_size=4, max_size=4), st.sampled_from("abc")
)
@hypothesis.settings(max_examples=6, derandomize=True, database=None, phases=[Phase.generate])
def test_whatever_comes_late_or_is_withdrawn_no_published_id_dangles(ids: list[list[str]], wrong: str) -> None:
    """A delivery comes late, one is taken back and comes back, and who is who changes with each release: an id leads to
    where rows are that it held last, and only if none of them is there, to nothing but what became of it."""
    with tempfile.TemporaryDirectory() as folder:
        home = replace(Settings.load(), home=Path(folder) / "home")
        home.open_home()
        held: dict[str, set[tuple[str, int]]] = {}
        rows: Rows = {}
        for number, missing in enumerate(("c", "", wrong, "")):
            of = dict(zip(PLACES, ids[number], strict=True))
            rows = {place: one for place, one in of.items() if place[0] != missing}
            publish(home, str(number), rows)
            held |= {one: {place for place in rows if rows[place] == one} for one in rows.values()}
        for one, places in held.items():
            found = locate(home, one)
            there = {rows[place] for place in places & rows.keys()}
            assert bool(there) == bool(there & set(found.present))
            assert set(found.present) <= set(rows.values())
            assert found.present or found.steps[-1]["kind"] in ("ended", "withdrawn")


def test_an_id_that_comes_back_is_there_again(settings: Settings) -> None:
    publish(settings, "1", {("a", 1): "P"})
    publish(settings, "2", {("b", 1): "Q"})
    publish(settings, "3", {("a", 1): "P", ("b", 1): "Q"})
    assert locate(settings, "P").present == ("P",)


def test_a_rollback_is_a_change_like_any_other(settings: Settings) -> None:
    publish(settings, "1", {("a", 1): "P", ("a", 2): "Q"})
    publish(settings, "2", {("a", 1): "N", ("a", 2): "N"})
    releases.rollback(settings)
    assert locate(settings, "N").present == ("P", "Q")


def test_what_a_pruned_release_held_is_still_known(settings: Settings) -> None:
    publish(settings, "1", {("a", 1): "P"})
    publish(settings, "2", {("a", 1): "Q"})
    releases.prune(settings, 1)
    assert locate(settings, "P").present == ("Q",)


def test_an_id_that_was_never_published_is_refused_without_showing_it(settings: Settings) -> None:
    publish(settings, "1", {("a", 1): "P"})
    with pytest.raises(ReleaseError, match="No release here ever held this id") as caught:
        locate(settings, "99990119800101121X")
    assert "9999" not in str(caught.value)


def test_nothing_is_written_twice(settings: Settings) -> None:
    publish(settings, "1", {("a", 1): "P"})
    publish(settings, "2", {("a", 1): "Q"})
    assert record_changes(settings) == []
