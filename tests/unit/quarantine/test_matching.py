"""A returned row is taken only if it is one of the rows that were sent back, and only in what was wrong with it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from yibiao.contracts import Report
from yibiao.quarantine import matching
from yibiao.quarantine.matching import Given, Matched, Matcher
from yibiao.quarantine.rows import HeldRow

NAMES = ("citizen_id", "resident_name", "sex_code", "ethnicity_code", "birth_date")


def held_row(
    row: int, rules: str, *texts: str | None, raw: str = "", proposal: Mapping[str, str] | None = None
) -> HeldRow:
    named = dict(zip(NAMES, texts or (None,) * len(NAMES), strict=True))
    return HeldRow(row, "open", tuple(rules.split()), named, raw, dict(proposal or {}))


BAD_KEY = held_row(4, "citizen_id.check_digit", "K4", "甲", "1", "01", "19900307")
BAD_DATE = held_row(7, "birth_date.type", "K7", "乙", "2", "01", "不详记")
RAW = held_row(9, "row.columns", raw="K9,丙,1,01,19900101,多", proposal={"citizen_id": "K9", "resident_name": "丙"})


def match(report: Report, *given: Given, rows: tuple[HeldRow, ...] = (BAD_KEY, BAD_DATE, RAW)) -> Matched:
    return Matcher(report, rows).match(given)


def cells(*texts: str | None) -> dict[str, str | None]:
    return dict(zip(NAMES, texts, strict=True))


def test_a_numbered_row_is_taken_whole(report: Report) -> None:
    found = match(report, Given(1, 7, cells("K7", "乙", "2", "01", "19900308"), numbered=True))
    (line,) = found.lines
    assert (line.row, line.was) == (7, {"公民身份号码": "K7"})
    assert line.now == {"公民身份号码": "K7", "姓名": "乙", "性别": "2", "民族": "01", "出生日期": "19900308"}
    assert not found.refused


def test_cells_that_were_not_touched_stay_exactly_as_they_were_delivered(report: Report) -> None:
    row = held_row(7, "birth_date.type", "K7", None, "2\r", "\x0101", "不详记")
    (line,) = match(report, Given(1, 7, cells("K7", "", "2\n", "01", "19900308")), rows=(row,)).lines
    assert [line.now[name] for name in ("姓名", "性别", "民族")] == [None, "2\r", "\x0101"]


def test_a_column_that_the_file_lacks_keeps_what_was_delivered(report: Report) -> None:
    (line,) = match(report, Given(1, 7, {"citizen_id": "K7", "birth_date": "19900308"})).lines
    assert line.now["姓名"] == "乙"


def test_a_row_that_came_back_as_it_was_is_told(report: Report) -> None:
    found = match(report, Given(1, 7, cells("K7", "乙", "2", "01", "不详记")))
    assert (found.unchanged, found.lines, found.refused) == ([7], [], [])


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (Given(1, 7, cells("K8", "乙", "2", "01", "19900308")), matching.KEY_CHANGED),
        (Given(1, 4, cells("K5", "丁", "2", "02", "19700101")), matching.ANOTHER_ROW),
        (Given(1, 8, cells("K8", "乙", "2", "01", "19900308")), matching.NOT_HELD),
        (Given(1, None, cells("K7", "乙", "2", "01", "19900308"), numbered=True), matching.NO_NUMBER),
        (Given(1, None, cells("K0", "戊", "2", "01", "19900308")), matching.NOT_HELD),
    ],
)
def test_what_is_not_a_mended_row_of_the_slip_is_refused(report: Report, given: Given, reason: str) -> None:
    found = match(report, given)
    assert [refused[2] for refused in found.refused] == [reason]
    assert not found.lines


def test_a_wrong_key_may_be_mended(report: Report) -> None:
    (line,) = match(report, Given(1, 4, cells("K5", "甲", "1", "01", "19900307"))).lines
    assert (line.row, line.was, line.now["公民身份号码"]) == (4, {"公民身份号码": "K4"}, "K5")


def test_the_same_row_twice_is_refused_twice(report: Report) -> None:
    once = Given(1, 7, cells("K7", "乙", "2", "01", "19900308"))
    again = Given(2, None, cells("K7", "乙", "2", "01", "19900309"))
    found = match(report, once, again)
    assert [(place, row, why) for place, row, why in found.refused] == [(1, 7, "repeated"), (2, 7, "repeated")]


def test_without_a_number_the_key_finds_the_row_and_else_its_intact_cells(report: Report) -> None:
    by_key = Given(1, None, cells("K7", "乙", "2", "01", "19900308"))
    by_cells = Given(2, None, cells("K5", "甲", "1", "01", "19900307"))
    assert [line.row for line in match(report, by_key, by_cells).lines] == [4, 7]


def test_two_rows_with_equal_intact_cells_are_not_told_apart(report: Report) -> None:
    twin = held_row(5, "citizen_id.check_digit", "K6", "甲", "1", "01", "19900307")
    given = Given(1, None, cells("K5", "甲", "1", "01", "19900307"))
    assert match(report, given, rows=(BAD_KEY, twin)).refused == [(1, None, "ambiguous")]
    numbered = Given(1, 5, cells("K5", "甲", "1", "01", "19900307"))
    assert [line.row for line in match(report, numbered, rows=(BAD_KEY, twin)).lines] == [5]


def test_equal_keys_are_told_apart_by_intact_cells(report: Report) -> None:
    twin = held_row(8, "birth_date.type", "K7", "己", "1", "02", "不详记")
    given = Given(1, None, cells("K7", "己", "1", "02", "19900308"))
    assert [line.row for line in match(report, given, rows=(BAD_DATE, twin)).lines] == [8]


def test_a_row_that_could_not_be_split_takes_what_was_typed_and_the_proposal_if_adopted(report: Report) -> None:
    typed = Given(1, 9, cells("K9", "丙", "1", "01", "19900101"))
    assert match(report, typed).lines[0].now["出生日期"] == "19900101"
    adopted = Given(1, 9, cells("", "", "1", "01", "19900101"), adopt=True)
    assert match(report, adopted).lines[0].now["公民身份号码"] == "K9"
    assert match(report, Given(1, 9, cells("", "", "", "", ""))).unchanged == [9]


def test_what_was_typed_comes_before_the_proposal(report: Report) -> None:
    given = Given(1, 9, cells("K8", "", "1", "01", "19900101"), adopt=True)
    now = match(report, given).lines[0].now
    assert (now["公民身份号码"], now["姓名"]) == ("K8", "丙")


def test_a_cell_that_a_reader_asked_about_has_to_be_mended_itself(report: Report) -> None:
    """The checks alone might let it pass: a code that lost its zero may be another code."""
    row = held_row(
        7, "ethnicity_code.leading_zeros", "K7", "乙", "2", "1", "19900308", proposal={"ethnicity_code": "01"}
    )
    other = Given(1, 7, cells("K7", "乙丙", "2", "1", "19900308"))
    assert match(report, other, rows=(row,)).refused == [(1, 7, matching.LEFT_AS_IT_WAS)]
    adopted = Given(1, 7, cells("K7", "乙", "2", "1", "19900308"), adopt=True)
    assert match(report, adopted, rows=(row,)).lines[0].now["民族"] == "01"


def test_a_cell_that_was_asked_about_and_is_right_may_be_agreed_to(report: Report) -> None:
    row = held_row(7, "citizen_id.text_as_number", "77", "乙", "2", "01", "19900308", proposal={"citizen_id": "77"})
    same = cells("77", "乙", "2", "01", "19900308")
    (line,) = match(report, Given(1, 7, same, adopt=True, numbered=True), rows=(row,)).lines
    assert (line.row, line.now["公民身份号码"]) == (7, "77")
    assert match(report, Given(1, 7, same, numbered=True), rows=(row,)).unchanged == [7]
    both = held_row(7, "citizen_id.text_as_number sex_code.error_value", "77", "乙", "#N/A", "01", "19900308")
    both.proposal["citizen_id"] = "77"
    half = Given(1, 7, cells("77", "乙", "#N/A", "01", "19900308"), adopt=True, numbered=True)
    assert match(report, half, rows=(both,)).unchanged == [7]


def test_every_refusal_has_a_text() -> None:
    reasons = {
        getattr(matching, name) for name in vars(matching) if name.isupper() and name not in ("REFUSALS", "REPAIRS")
    }
    assert reasons == set(matching.REFUSALS)
