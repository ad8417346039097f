"""Rows that come back mended stand where they would have stood, had the sender written them so at first."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from slip_helpers import BIRTH, ID, NAME, REGISTER, SEX, held, mend, schemas_at, slip_of
from slip_worlds import Mistakes, World
from yibiao.errors import DeliveryError, LoadError
from yibiao.quarantine.decisions import slips
from yibiao.quarantine.reject import reject_rows
from yibiao.quarantine.replay import Replayed, replay
from yibiao.quarantine.slips import make_slip
from yibiao.quarantine.workbook import DATA_SHEET

MakeWorld = Callable[[Mapping[str, Mistakes]], World]

NOW = {2: "citizen_id.check_digit", 5: "birth_date.type", 9: "sex_code.code", 14: "resident_name.required"}
NOW |= {20: "row.columns", 33: "citizen_id.check_digit"}
BEFORE = {5: "sex_code.code", 7: "citizen_id.check_digit", 20: "resident_name.required"}
"""Mistakes in the second and in the first edition: some people are wrong in both."""


def bring_back(world: World, path: Path, load: str | None = None) -> Replayed:
    return replay(path, schemas_at(world.at.settings.schemas), world.at.settings, load)


def mended_slip(world: World, edition: str, path: Path, rows: Collection[int] | None = None) -> Path:
    return mend(slip_of(world.at.settings, path, edition), world.spoiled[edition].truth, rows)


def without(mistakes: Mapping[int, str], rows: Iterable[int]) -> dict[int, str]:
    return {row: rule for row, rule in mistakes.items() if row not in set(rows)}


@pytest.mark.parametrize(
    ("before", "now"),
    [((), (2, 5)), ((5, 7, 20), ()), ((7,), (2, 9, 20)), ((5, 20), (5, 20)), (tuple(BEFORE), tuple(NOW))],
)
def test_mended_rows_give_what_a_sender_gives_who_wrote_them_right_at_first(
    before: tuple[int, ...], now: tuple[int, ...], make_world: MakeWorld, tmp_path: Path
) -> None:
    """Of either edition, some or all; rows that stay wrong hold what they would have held."""
    world = make_world({"2026-01": BEFORE, "2026-02": NOW})
    wanted = make_world({"2026-01": without(BEFORE, before), "2026-02": without(NOW, now)})
    assert world.staged() != wanted.staged()
    for edition, rows in (("2026-01", before), ("2026-02", now)):
        done = bring_back(world, mended_slip(world, edition, tmp_path / f"{edition}.xlsx", rows))
        assert set(done.resolved) == set(rows)
        assert (done.refused, done.failing) == ((), {})
        assert world.counts(edition) == {
            "read": (counts := wanted.counts(edition))["read"],
            "accepted": counts["accepted"] - len(rows),
            "quarantined": counts["quarantined"] + len(rows),
            "open": counts["quarantined"],
            "resolved": len(rows),
            "rejected": 0,
        }
    assert world.staged() == wanted.staged()


def test_the_slip_closes_with_its_last_row(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world({"2026-02": NOW})
    path = slip_of(world.at.settings, tmp_path / "slip.xlsx")
    half = shutil.copy(path, tmp_path / "half.xlsx")
    truth = world.spoiled["2026-02"].truth
    first = bring_back(world, mend(half, truth, (2, 5, 9)))
    assert (first.open, first.closed, set(first.unchanged)) == (3, False, {14, 20, 33})
    assert [one.state for one in slips(world.at.settings)] == ["open"]
    second = bring_back(world, mend(path, truth))
    assert (second.open, second.closed, set(second.repeated)) == (0, True, {2, 5, 9})
    (slip,) = slips(world.at.settings)
    assert (slip.state, slip.slip_number) == ("closed", second.slip)
    assert slip.closed_at


def test_the_same_file_twice_changes_nothing(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world({"2026-02": NOW})
    path = mended_slip(world, "2026-02", tmp_path / "slip.xlsx", (2, 5))
    assert bring_back(world, path).new
    files = sorted(path for folder in ("landing", "lake") for path in (world.at.home / folder).rglob("*"))
    fingerprint = world.fingerprint
    again = bring_back(world, path)
    assert (again.new, again.resolved, again.repeated) == (False, (), (2, 5))
    assert files == sorted(path for folder in ("landing", "lake") for path in (world.at.home / folder).rglob("*"))
    assert world.fingerprint == fingerprint


def test_the_order_in_which_files_come_back_does_not_matter(make_world: MakeWorld, tmp_path: Path) -> None:
    """Two files of one slip that share rows, in different words, and a whole mended delivery."""
    truth = make_world({"2026-02": NOW}).spoiled["2026-02"].truth
    other = {row: {**cells, "实际居住地": "另一处9号"} for row, cells in truth.items()}
    ends = set()
    for order in ("abc", "cab", "bca"):
        world = make_world({"2026-02": NOW})
        slip = slip_of(world.at.settings, tmp_path / f"{order}.xlsx")
        files = {
            "a": mend(shutil.copy(slip, tmp_path / "a.xlsx"), truth, (2, 5, 9)),
            "b": mend(shutil.copy(slip, tmp_path / "b.xlsx"), other, (9, 14, 33)),
            "c": whole_file(world, tmp_path),
        }
        for name in order:
            bring_back(world, files[name], held(world.at.settings).load_id if name == "c" else None)
        assert world.counts("2026-02")["open"] == 0
        ends.add((world.fingerprint, tuple(world.staged())))
    assert len(ends) == 1
    # The slip comes before a file without one; of one slip the hash decides.
    rows = {row[0] for row in world.staged() if "另一处9号" in row}
    assert len(rows) in (2, 3)


def whole_file(world: World, folder: Path, edition: str = "2026-02") -> Path:
    """The whole delivery as it should have been."""
    spoiled = world.spoiled[edition]
    with spoiled.path.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    for number, cells in spoiled.truth.items():
        rows[number - 1] = [cells[name] for name in header]
    path = folder / spoiled.path.name
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    return path


def test_a_whole_mended_file_is_recognised_by_its_name(make_world: MakeWorld, tmp_path: Path) -> None:
    world, wanted = make_world({"2026-01": BEFORE, "2026-02": NOW}), make_world({"2026-01": BEFORE})
    done = bring_back(world, whole_file(world, tmp_path))
    assert (set(done.resolved), done.returned, done.slip, done.closed) == (set(NOW), len(NOW), "", True)
    assert world.staged() == wanted.staged()


def test_a_whole_file_may_mend_only_what_was_sent_back(make_world: MakeWorld, tmp_path: Path) -> None:
    """A row that was accepted is not changed by the way; it is told, with its number."""
    world, wanted = make_world({"2026-02": NOW}), make_world({})
    path = whole_file(world, tmp_path)
    with path.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    rows[40][header.index(NAME)] = "改名"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    done = bring_back(world, path)
    assert done.refused == ((41, 41, "not_in_slip"),)
    assert set(done.resolved) == set(NOW)
    assert world.staged() == wanted.staged()


@pytest.mark.parametrize("kind", ["utf-8.csv", "gb18030.csv", "titled.xlsx"])
def test_mended_rows_alone_are_found_by_key_or_intact_cells(kind: str, make_world: MakeWorld, tmp_path: Path) -> None:
    """Under the report's headers, in another order, encoding or format than the delivery."""
    rows = {row: rule for row, rule in NOW.items() if rule != "row.columns"}
    world, wanted = make_world({"2026-02": rows}), make_world({})
    truth = list(world.spoiled["2026-02"].truth.values())
    header = sorted(truth[0])
    table = [header, *([cells[name] for name in header] for cells in reversed(truth))]
    path = tmp_path / f"改好的_202602.{kind}"
    if kind.endswith("csv"):
        with path.open("w", encoding=kind.partition(".")[0], newline="") as stream:
            csv.writer(stream).writerows(table)
    else:
        book = openpyxl.Workbook()
        for line in [["人口基本信息（更正）"], *table]:
            book.worksheets[0].append(line)
        book.save(path)
    done = bring_back(world, path)
    assert (set(done.resolved), done.refused, done.closed) == (set(rows), (), True)
    assert world.staged() == wanted.staged()


def test_a_row_that_is_still_wrong_stays_open_with_its_new_reason(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world({"2026-02": {5: "birth_date.type"}})
    truth = world.spoiled["2026-02"].truth
    first = bring_back(
        world, mend(slip_of(world.at.settings, tmp_path / "1.xlsx"), {5: {BIRTH: "19900307", SEX: "不明"}})
    )
    assert (first.failing, first.open) == ({5: ("sex_code.code",)}, 1)
    path = slip_of(world.at.settings, tmp_path / "2.xlsx")
    sheet = openpyxl.load_workbook(path)[DATA_SHEET]
    headers = [cell.value for cell in sheet[3]]
    assert sheet[4][headers.index(SEX)].value == "不明"
    assert "【E 列 性别】" in sheet[4][1].value
    second = bring_back(world, mend(path, truth))
    assert second.closed
    assert (first.slip[-2:], second.slip[-2:]) == ("01", "02")
    assert world.staged() == make_world({}).staged()


def test_a_later_slip_counts_even_if_it_is_brought_back_first(make_world: MakeWorld, tmp_path: Path) -> None:
    """A row that was mended wrongly is sent once more, with `--resolved`."""
    truth: dict[int, dict[str, str]] = {}
    ends = set()
    for order in ("12", "21"):
        world = make_world({"2026-02": {5: "birth_date.type"}})
        truth = world.spoiled["2026-02"].truth
        settings = world.at.settings
        files = {"1": mend(slip_of(settings, tmp_path / "1.xlsx"), {5: {**truth[5], NAME: "写错了"}})}
        early = world.at.copy(tmp_path / order)
        replay(files["1"], schemas_at(early.settings.schemas), early.settings)
        load = held(early.settings)
        from yibiao.quarantine.workbook import write_slip

        content = make_slip(load, early.settings, resolved=True)
        write_slip(content, load, schemas_at(settings.schemas), early.settings, tmp_path / "2.xlsx")
        files["2"] = mend(tmp_path / "2.xlsx", truth)
        for name in order:
            done = bring_back(world, files[name])
        assert done.outranked == (() if order == "12" else (5,))
        ends.add(tuple(world.staged()))
    assert ends == {tuple(make_world({}).staged())}


def test_the_same_open_rows_are_the_same_slip(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world({"2026-02": NOW})
    first, again = (slip_of(world.at.settings, tmp_path / name).read_bytes() for name in ("1.xlsx", "2.xlsx"))
    assert first == again
    assert [one.sequence for one in slips(world.at.settings)] == [1]
    bring_back(world, mended_slip(world, "2026-02", tmp_path / "back.xlsx", (2,)))
    slip_of(world.at.settings, tmp_path / "3.xlsx")
    assert [one.sequence for one in slips(world.at.settings)] == [1, 2]


def test_a_rebuild_from_landing_gives_the_same(make_world: MakeWorld, tmp_path: Path) -> None:
    """The lake is a cache, of amendments too; and slips and their order survive the control database."""
    world = make_world({"2026-01": BEFORE, "2026-02": NOW})
    first = bring_back(world, mended_slip(world, "2026-02", tmp_path / "slip.xlsx", (2, 5, 20)))
    slip_of(world.at.settings, tmp_path / "second.xlsx")
    before = world.fingerprint, world.staged()
    shutil.rmtree(world.at.settings.lake)
    (world.at.home / "control.db").unlink()
    world.at.settings.open_home()
    world.ingest()
    assert (world.fingerprint, world.staged()) == before
    again = bring_back(world, tmp_path / "slip.xlsx")
    assert (again.new, again.slip, again.resolved) == (False, first.slip, ())
    done = bring_back(world, mend(tmp_path / "second.xlsx", world.spoiled["2026-02"].truth))
    assert (done.slip[-2:], done.closed) == ("02", True)


def changed_contract(world: World, folder: Path, old: str, new: str) -> World:
    """The same installation under a changed contract of the register."""
    shutil.copytree(world.at.sources["YIBIAO_SCHEMAS"], folder / "schemas")
    path = folder / "schemas" / "reports" / f"{REGISTER.replace('.', '/')}.odcs.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    sources = {**world.at.sources, "YIBIAO_SCHEMAS": str(folder / "schemas")}
    return World(replace(world.at, sources=sources), world.spoiled)


def test_amendments_follow_their_delivery_into_the_loads_of_a_changed_contract(
    make_world: MakeWorld, tmp_path: Path
) -> None:
    world = make_world({"2026-02": NOW})
    bring_back(world, mended_slip(world, "2026-02", tmp_path / "slip.xlsx"))
    before, old = world.staged(), held(world.at.settings).load_id
    changed = changed_contract(world, tmp_path, "physicalName: 姓名", "physicalName: 人员姓名")
    changed = changed_contract(changed, tmp_path / "again", "value: [人员姓名]", "value: [姓名]")
    changed.ingest()
    assert held(changed.at.settings).load_id != old
    assert changed.counts("2026-02")["resolved"] == len(NOW)
    assert changed.staged() == before


def test_a_row_that_a_changed_contract_accepts_keeps_the_form_that_its_sender_gave_it_last(
    make_world: MakeWorld, tmp_path: Path
) -> None:
    world = make_world({"2026-02": {14: "resident_name.required", 2: "citizen_id.check_digit"}})
    bring_back(world, mended_slip(world, "2026-02", tmp_path / "slip.xlsx"))
    before = world.staged()
    changed = changed_contract(
        world,
        tmp_path,
        "        physicalName: 姓名\n        logicalType: string\n        required: true\n",
        "        physicalName: 姓名\n        logicalType: string\n",
    )
    changed.ingest()
    counts = changed.counts("2026-02")
    assert (counts["quarantined"], counts["resolved"], counts["open"]) == (1, 1, 0)
    assert changed.staged() == before


def test_an_amendment_whose_row_numbers_do_not_fit_any_more_mends_nothing(
    make_world: MakeWorld, tmp_path: Path
) -> None:
    """The contract now takes the first data row for a title: all numbers are others."""
    world = make_world({"2026-02": NOW})
    bring_back(world, mended_slip(world, "2026-02", tmp_path / "slip.xlsx"))
    changed = changed_contract(
        world,
        tmp_path,
        "    encoding: UTF-8\n",
        "    encoding: UTF-8\n    customProperties:\n      - {property: footerPattern, value: '99.*'}\n",
    )
    schemas_at(changed.at.settings.schemas)
    changed.ingest()
    load = held(changed.at.settings)
    (amendment,) = load.amendments
    assert amendment.manifest["counts"]["orphaned"] == len(NOW)
    assert changed.counts("2026-02")["resolved"] == 0


def test_a_rejected_row_holds_nothing_and_is_counted(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world({"2026-02": {5: "birth_date.type", 9: "sex_code.code"}})
    settings = world.at.settings
    schemas = schemas_at(settings.schemas)
    load = held(settings)
    before = world.staged()
    assert reject_rows(load.load_id, [5], "查无此人", schemas, settings) == 1
    assert world.counts("2026-02") | {"read": 0, "accepted": 0} == {
        **{"read": 0, "accepted": 0, "quarantined": 2},
        **{"open": 1, "resolved": 0, "rejected": 1},
    }
    after = world.staged()
    assert len(before) - len(after) == 1  # its row of the edition before is not carried any more
    done = bring_back(world, mended_slip(world, "2026-02", tmp_path / "late.xlsx"))
    assert done.closed
    assert bring_back(world, whole_file(world, tmp_path)).rejected == (5,)
    assert world.counts("2026-02")["rejected"] == 1
    with pytest.raises(LoadError, match="not open"):
        reject_rows(load.load_id, [9], "已改好", schemas, settings)
    with pytest.raises(LoadError, match="needs a reason"):
        reject_rows(load.load_id, [5], " ", schemas, settings, undo=True)
    # Opened again, what came back meanwhile counts at once.
    assert reject_rows(load.load_id, [5], "弄错了", schemas, settings, undo=True) == 0
    assert world.staged() == make_world({}).staged()


def test_what_does_not_belong_to_the_slip_is_refused(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world({"2026-02": NOW})
    truth = world.spoiled["2026-02"].truth
    path = slip_of(world.at.settings, tmp_path / "slip.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book[DATA_SHEET]
    headers = [cell.value for cell in sheet[3]]
    lines = {int(cells[0].value): cells for cells in sheet.iter_rows(min_row=4)}
    lines[5][headers.index(ID)].value = truth[9][ID]
    lines[9][0].value = "40"
    lines[14][0].value = "第十四行"
    for cell in lines[33][2:]:
        cell.value = "另一个人"
    book.save(path)
    done = bring_back(world, mend(path, {2: truth[2]}))
    assert done.resolved == (2,)
    assert {(row, reason) for _, row, reason in done.refused} == {
        (5, "key_changed"),
        (40, "not_in_slip"),
        (None, "no_row_number"),
        (33, "another_row"),
    }
    assert done.open == len(NOW) - 1


def test_a_file_that_mends_nothing_known_is_refused(make_world: MakeWorld, tmp_path: Path) -> None:
    world, stranger = make_world({"2026-01": BEFORE, "2026-02": NOW}), make_world({"2026-02": {5: "sex_code.code"}})
    foreign = slip_of(stranger.at.settings, tmp_path / "foreign.xlsx")
    with pytest.raises(LoadError, match="No landed delivery belongs to this slip"):
        bring_back(world, foreign)
    own = slip_of(world.at.settings, tmp_path / "own.xlsx", "2026-02")
    with pytest.raises(LoadError, match="about another load"):
        bring_back(world, own, held(world.at.settings, edition="2026-01").load_id)
    other = tmp_path / "other.csv"
    other.write_text("甲,乙\n1,2\n", encoding="utf-8")
    with pytest.raises(LoadError, match="not clear which delivery"):
        bring_back(world, other)
    with pytest.raises(DeliveryError, match="No table with the report's headers"):
        bring_back(world, other, held(world.at.settings).load_id)
    with pytest.raises(DeliveryError, match="no such file"):
        bring_back(world, tmp_path / "nothing.xlsx")
    nameless = shutil.copy(whole_file(world, tmp_path), tmp_path / "改好的.csv")
    with pytest.raises(LoadError, match="not clear which delivery"):
        bring_back(world, nameless)
    assert bring_back(world, nameless, held(world.at.settings).load_id).closed


def test_what_was_typed_as_a_number_or_day_is_read_and_checked(make_world: MakeWorld, tmp_path: Path) -> None:
    """A number of 18 digits typed as a number has lost its last three: it stays out."""
    import datetime

    world = make_world({"2026-02": {2: "citizen_id.check_digit", 5: "birth_date.type", 9: "sex_code.code"}})
    truth: dict[int, dict[str, Any]] = {
        2: {ID: float(world.spoiled["2026-02"].truth[2][ID].replace("X", "0"))},
        5: {BIRTH: datetime.date.fromisoformat("19900307")},
        9: {SEX: int(world.spoiled["2026-02"].truth[9][SEX])},
    }
    done = bring_back(world, mend(slip_of(world.at.settings, tmp_path / "slip.xlsx"), truth))
    assert set(done.resolved) == {5, 9}
    assert done.failing == {2: ("citizen_id.form",)}


def test_a_rejection_is_void_when_the_contract_reads_another_number_of_rows(
    make_world: MakeWorld, tmp_path: Path
) -> None:
    world = make_world({"2026-02": {5: "birth_date.type", 9: "sex_code.code"}})
    schemas = schemas_at(world.at.settings.schemas)
    reject_rows(held(world.at.settings).load_id, [5], "查无此人", schemas, world.at.settings)
    assert world.counts("2026-02")["rejected"] == 1
    footer = "    encoding: UTF-8\n    customProperties:\n      - {property: footerPattern, value: '99.*'}\n"
    changed = changed_contract(world, tmp_path, "    encoding: UTF-8\n", footer)
    changed.ingest()
    assert changed.counts("2026-02")["rejected"] == 0
