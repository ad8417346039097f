"""Totals at the foot of text files: taken for what they are, and recounted; what is not there is noticed."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from made_columns import column

from yibiao.ingest import ingest_report
from yibiao.ingest.readers import delimited

COLUMNS = (
    column("code", "编号", key=True, required=True),
    column("place", "社区"),
    column("members", "人口数", "integer"),
    column("amount", "金额", "decimal"),
)
HEADER = "编号,社区,人口数,金额\n"
ROWS = ["A1,甲,3,650.00", 'A2,甲,1,"1,200.50"', "A3,乙,2,49.5"]
TOTAL = {"total_pattern": r"^(总|合)\s*计(：共(?P<count>\d+)户)?$"}
SUBTOTAL = {**TOTAL, "subtotal_pattern": r"^小计(（(?P<count>\d+)户）)?$"}


@pytest.fixture
def read(settings, make_report, content):
    """`read(lines, options, **contract)`: accepted codes, quarantined rows and the manifest."""

    settings.home.mkdir()
    homes = count()

    def made(lines, options=(), **contract):
        alone = replace(settings, home=settings.home / str(next(homes)))
        (settings.data / "表_202601.csv").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
        report = make_report("csv", "*.csv", columns=COLUMNS, options=dict(options), **contract)
        outcome = ingest_report(report, alone)
        assert outcome.errors == ()
        (package,) = outcome.loaded
        accepted, quarantined = content(package.folder)
        return [row["code"] for row in accepted], quarantined, package.manifest

    return made


def totals(manifest):
    return [(one["name"], one["stated"], one["counted"]) for one in manifest["control_totals"]]


@pytest.mark.parametrize(
    "line",
    [
        "合计：共3户,,6,1900.00",
        '合 计：共3户,,6,"1,900.00"',
        ",合计：共3户,6,1900.00",
        "合计：共3户,,6,1900",
    ],
)
def test_a_row_of_sums_is_no_row_and_each_of_its_numbers_is_recounted(read, line):
    codes, quarantined, manifest = read([*ROWS, line], TOTAL)
    assert (codes, quarantined) == (["A1", "A2", "A3"], [])
    assert totals(manifest) == [("合计", 3, 3), ("合计/人口数", 6, 6), ("合计/金额", 1900, 1900)]
    assert manifest["left_out"] == {"total": 1}


def test_a_row_of_sums_without_its_last_delimiters_is_one_all_the_same(read):
    codes, quarantined, manifest = read([*ROWS, "总计,,7"], TOTAL)
    assert (codes, quarantined) == (["A1", "A2", "A3"], [])
    assert totals(manifest) == [("总计/人口数", 7, 6)]


def test_a_total_that_does_not_agree_is_told_with_both_numbers(read):
    _, _, manifest = read([*ROWS[:2], "合计：共3户,,6,1900.00"], TOTAL)
    assert totals(manifest) == [("合计", 3, 2), ("合计/人口数", 6, 4), ("合计/金额", 1900, 1850.5)]


def test_a_row_that_cannot_be_split_counts_as_a_row_and_adds_nothing(read):
    codes, quarantined, manifest = read([ROWS[0], "A2,甲,1", ROWS[2], "合计：共3户,,6,1900.00"], TOTAL)
    assert (codes, [row["_row"] for row in quarantined]) == (["A1", "A3"], [2])
    assert totals(manifest) == [("合计", 3, 3), ("合计/人口数", 6, 5), ("合计/金额", 1900, 699.5)]


def test_subtotals_are_of_the_rows_above_them_or_below(read):
    below = [*ROWS[:2], "小计（2户）,,4,", ROWS[2], "小计（1户）,,2,", "合计,,6,1900"]
    codes, _, manifest = read(below, SUBTOTAL)
    assert codes == ["A1", "A2", "A3"]
    expected = [("小计 1", 2, 2), ("小计 1/人口数", 4, 4), ("小计 2", 1, 1), ("小计 2/人口数", 2, 2)]
    whole = [("合计/人口数", 6, 6), ("合计/金额", 1900, 1900)]
    assert totals(manifest) == [*expected, *whole]
    above = ["合计,,6,1900", "小计（2户）,,4,", *ROWS[:2], "小计（1户）,,2,", ROWS[2]]
    assert totals(read(above, {**SUBTOTAL, "subtotals": "above"})[2]) == [*whole, *expected]


def test_blocks_of_a_large_file_do_not_change_what_is_counted(read, monkeypatch):
    lines, expected = [], []
    for part in range(40):
        size = part % 7 + 1
        lines += [f"B{part}-{n},甲,{n},0.25" for n in range(size)]
        lines.append(f"小计（{size}户）,,{size * (size - 1) // 2}" + (",," if part % 3 else f",{size / 4}"))
        lines += ["坏,行"] * (part % 5 == 0)
        expected.append(size + (part % 5 == 1))
    plain = read(lines, SUBTOTAL)[2]
    assert [stated for name, stated, _ in totals(plain) if "/" not in name] == [part % 7 + 1 for part in range(40)]
    assert [counted for name, _, counted in totals(plain) if "/" not in name] == expected
    assert all(stated == counted for name, stated, counted in totals(plain) if "/" in name)
    monkeypatch.setattr(delimited, "BLOCK", 150)
    again = read([*lines, "备注：请核对"], {**SUBTOTAL, "footer_pattern": "备注"})[2]
    assert (again["control_totals"], again["counts"]) == (plain["control_totals"], plain["counts"])


FOOT = {"footer_pattern": "共|备注|合计"}
PROMISED = ({"footer": r"共\s*([\d,，]+)\s*条"}, {"footer": r"金额合计[:：]\s*([\d,.]+)", "column": "amount"})


@pytest.mark.parametrize(
    "foot", [["共 3 条", "备注：金额合计：1900.00元"], ["共3条，金额合计：1900元"], ["共 3 条，金额合计:1900,,,"]]
)
def test_what_notes_print_is_recounted(read, foot):
    codes, quarantined, manifest = read([*ROWS, *foot], FOOT, control_totals=PROMISED)
    assert (codes, quarantined) == (["A1", "A2", "A3"], [])
    assert totals(manifest) == [("rows", 3, 3), ("金额", 1900, 1900)]


def test_half_a_file_that_ends_at_a_line_end_lacks_its_promised_note(read):
    """It parses like a whole one; nothing else tells that something is missing."""
    codes, _, manifest = read(ROWS[:2], FOOT, control_totals=PROMISED)
    assert codes == ["A1", "A2"]
    assert totals(manifest) == [("rows", None, 2), ("金额", None, 1850.5)]
    assert totals(read([], FOOT, control_totals=PROMISED)[2]) == [("rows", None, 0), ("金额", None, 0)]


def test_a_snapshot_that_was_cut_off_near_its_end_waits_and_ends_no_fact(settings, make_report):
    from yibiao.ingest import live_packages
    from yibiao.warehouse.inputs import Load, assess

    report = make_report("csv", "*.csv", columns=COLUMNS, options=FOOT, control_totals=PROMISED[:1])
    rows = [f"B{n},甲,1,1" for n in range(100)]
    for month, lines in (("01", [*rows, "共 100 条"]), ("02", rows[:97]), ("03", [*rows[:96], "共 96 条"])):
        (settings.data / f"表_2026{month}.csv").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
        assert ingest_report(report, settings).errors == ()
        loads = [Load(one.folder, one.manifest) for one in live_packages(report, settings)]
        states = [one.state for one in assess(report, loads, set())]
        assert (
            states
            == {
                "01": ["current"],
                "02": ["current", "waiting"],
                "03": ["superseded", "waiting", "current"],
            }[month]
        )


def test_a_number_that_cannot_be_read_is_one_that_is_not_there(read):
    _, _, manifest = read([*ROWS, "共三条"], FOOT, control_totals=({"footer": "共(.+)条"},))
    assert totals(manifest) == [("rows", None, 3)]


def test_a_name_that_holds_the_word_is_a_row(read):
    codes, _, manifest = read([*ROWS, "A4,合计路社区,1,1", "A5合计,乙,1,1"], TOTAL)
    assert codes == ["A1", "A2", "A3", "A4", "A5合计"]
    assert totals(manifest) == []


def test_a_pattern_that_looks_behind_is_understood(read):
    codes, _, manifest = read([*ROWS, "合计,,6,1900"], {"total_pattern": "^合计(?!路)", "footer_pattern": "备注(?=：)"})
    assert (codes, manifest["left_out"]) == (["A1", "A2", "A3"], {"total": 1})
