"""Every cell of a returned form is accounted for; corrections become tickets, new values a delivery."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from forms_filled import REVIEW, ROSTER, FilledForms
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from installations import Installation
from yibiao.errors import FormError
from yibiao.forms.collect import OUTCOMES, Collected, collect
from yibiao.forms.collect.compare import compare
from yibiao.forms.collect.contract import own_report
from yibiao.forms.collect.reading import Reading
from yibiao.forms.collect.run import TAKEN
from yibiao.forms.collect.sent import Sent, asking, sent
from yibiao.forms.collect.workbook import Book, read_book
from yibiao.forms.layout import first_row
from yibiao.forms.returns import returns
from yibiao.forms.template import sheet_name
from yibiao.forms.tickets import ACCEPT, OPEN, REFUSE, corrections, decide, tickets
from yibiao.ingest.readers import Reading as CsvReading
from yibiao.ingest.readers import read
from yibiao.settings import Settings
from yibiao.warehouse.releases import need_current

AT = datetime(2026, 4, 3, 9, 0, tzinfo=UTC)
TOP = 4
"""The first data row of a form whose header has one row."""

Send = Callable[..., Path]
Column = Callable[[str, str], int]


@pytest.fixture
def own(filled: FilledForms, installation: Installation, tmp_path: Path) -> Settings:
    """Settings of an installation of this test's own, published like the one that the forms were filled from."""
    return replace(installation.settings, data=tmp_path / "deliveries")


def take(own: Settings, filled: FilledForms, folder: Path, **more: Any) -> list[Collected]:
    return collect(own, filled.forms, filled.schemas, folder, at=AT, **more)


def test_a_form_that_nobody_touched_confirms_what_was_to_be_confirmed(
    own: Settings, filled: FilledForms, sent_back: Send
) -> None:
    (found,) = take(own, filled, sent_back(ROSTER))
    assert found.state == TAKEN
    assert found.cells is not None
    assert found.cells["corrected"] == found.cells["new"] == found.cells["refused"] == found.missing == 0
    assert found.cells["unchanged"] > found.cells["confirmed"] > 0
    assert sum(found.cells.values()) == found.rows * len(filled.forms[ROSTER].fields)
    assert (found.tickets, found.delivery, tickets(own)) == (0, "", [])
    (kept,) = returns(own)
    assert (kept.control_number, kept.community_code, kept.period) == ("YB-2026-0001-6", filled.community, "2026-03")
    assert (kept.automatic, kept.confirmed, kept.typed) == (found.cells["unchanged"], found.cells["confirmed"], 0)


def test_the_very_same_file_counts_once(own: Settings, filled: FilledForms, sent_back: Send) -> None:
    folder = sent_back(ROSTER)
    sent_back(ROSTER, name="again.xlsx")
    assert [one.state for one in take(own, filled, folder)] == [TAKEN, "repeated"]
    assert [one.state for one in take(own, filled, folder)] == ["repeated", "repeated"]
    assert len(returns(own)) == 1


def test_a_correction_is_a_ticket_and_a_new_value_is_a_delivery_of_the_forms_own_contract(
    own: Settings, filled: FilledForms, sent_back: Send, column_of: Column
) -> None:
    def change(_: Any, sheet: Any) -> None:
        sheet.cell(TOP, column_of(ROSTER, "民族")).value = "回族"
        sheet.cell(TOP, column_of(ROSTER, "车牌号码")).value = "示A12345"
        sheet.cell(TOP + 1, column_of(ROSTER, "车牌号码")).value = "示A·54321"

    folder = sent_back(ROSTER, change)
    (look,) = take(own, filled, folder, dry_run=True)
    assert (look.tickets, tickets(own), list(own.data.glob("**/*.csv"))) == (1, [], [])
    (found,) = take(own, filled, folder)
    assert found.cells is not None
    assert (found.cells["corrected"], found.cells["new"], found.tickets) == (1, 2, 1)

    (ticket,) = tickets(own)
    assert (ticket.state, ticket.found.element, ticket.found.department) == (OPEN, "ethnicity_code", "public_security")
    assert (ticket.found.value_before, ticket.found.value) == ("01", "03")
    assert ticket.found.cell is not None
    assert (ticket.found.cell.file_name, ticket.found.cell.sheet) == ("back.xlsx", sheet_name(filled.forms[ROSTER]))
    assert ticket.found.cell.place == f"{get_column_letter(column_of(ROSTER, '民族'))}{TOP}"
    # Ten working days after 3 April 2026, a Friday: Qingming is on the Monday, no weekend is worked.
    assert ticket.due_on == date(2026, 4, 20)

    path = own.data / found.delivery
    assert path.stat().st_mode & 0o077 == 0
    lines = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [line["车牌号码"] for line in lines] == ["示A12345", "示A·54321"]
    assert {line["所属社区"] for line in lines} == {filled.community}
    numbers = {row["citizen_id"] for row in filled.at.query("select citizen_id from resident")}
    assert all(line["主键：公民身份号码"] in numbers for line in lines)
    report = own_report(filled.forms[ROSTER], filled.schemas)
    (chunk,) = read("csv", path, report, CsvReading(where=path.name))
    assert chunk.rows.num_rows == 2
    assert chunk.rows.column("vehicle_plate_number").to_pylist() == ["示A12345", "示A·54321"]


def test_a_ticket_needs_a_reason_and_a_value_that_is_one(
    own: Settings, filled: FilledForms, sent_back: Send, column_of: Column
) -> None:
    def change(_: Any, sheet: Any) -> None:
        sheet.cell(TOP, column_of(ROSTER, "文化程度")).value = None
        sheet.cell(TOP, column_of(ROSTER, "公民身份号码")).value = "11010519491231002X"

    take(own, filled, sent_back(ROSTER, change))
    number, emptied = tickets(own)
    assert (number.found.element, emptied.found.element, emptied.found.value) == ("citizen_id", "education_code", "")
    for arguments, why in (
        ((99, ACCEPT, "核对"), "no such ticket"),
        ((emptied.ticket_no, ACCEPT, " "), "needs a reason"),
        ((emptied.ticket_no, ACCEPT, "核对"), "not what is right"),
        ((emptied.ticket_no, "maybe", "核对"), "no decision"),
    ):
        with pytest.raises(FormError, match=why):
            decide(own, *arguments, filled.schemas)  # type: ignore[arg-type]
    with pytest.raises(FormError, match="This is no 文化程度"):
        decide(own, emptied.ticket_no, ACCEPT, "核对", filled.schemas, value="9999")
    assert corrections(own, filled.schemas) == ()

    decide(own, emptied.ticket_no, ACCEPT, "毕业证", filled.schemas, value="61")
    decide(own, number.ticket_no, ACCEPT, "身份证", filled.schemas)
    # Another number would be another person: the authority mends it in its own report.
    assert [(one.element, one.value) for one in corrections(own, filled.schemas)] == [("education_code", "61")]
    decide(own, emptied.ticket_no, REFUSE, "查无此证", filled.schemas)
    assert corrections(own, filled.schemas) == ()


def test_rows_may_be_sorted_and_columns_moved(own: Settings, filled: FilledForms, sent_back: Send) -> None:
    form = filled.forms[ROSTER]

    def change(_: Any, sheet: Any) -> None:
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=TOP, max_row=TOP + 9)]
        rows.reverse()
        last = len(form.fields) + 2
        for line, row in enumerate(rows, start=TOP):
            for column, value in enumerate(row, start=1):
                sheet.cell(line, column).value = value
        for line in range(3, TOP + 40):  # the third and the fourth column change places
            here, there = sheet.cell(line, 3), sheet.cell(line, 4)
            here.value, there.value = there.value, here.value
        assert sheet.cell(3, last).value == "行标识"

    (found,) = take(own, filled, sent_back(ROSTER, change))
    assert found.cells is not None
    assert found.state == TAKEN
    assert (found.cells["corrected"], found.cells["refused"], found.cells["new"], found.missing) == (0, 0, 0, 0)


@pytest.fixture(scope="module")
def went_out(filled: FilledForms) -> tuple[Book, Sent, Reading]:
    form = filled.forms[ROSTER]
    with asking(need_current(filled.at.settings).database, filled.schemas) as connection:
        before = sent(connection, form, filled.schemas, filled.as_of, [filled.community])
    return read_book(filled.path(ROSTER)), before, Reading(form, filled.schemas)


EDITS = st.lists(
    st.tuples(
        st.integers(0, 45),
        st.integers(1, 23),
        st.sampled_from(["", "女性", "2026-02-30", "1987.3.5", "张·三", "回族", "=1+1", "13800138000", "*", "无"]),
    ),
    max_size=25,
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS, inserted=st.integers(0, 3), formulas=st.sets(st.tuples(st.integers(0, 12), st.integers(1, 22))))
def test_nothing_of_a_returned_form_is_lost(
    filled: FilledForms,
    went_out: tuple[Book, Sent, Reading],
    edits: list[tuple[int, int, str]],
    inserted: int,
    formulas: set[tuple[int, int]],
) -> None:
    """Every cell is one of the outcomes, whatever was typed, and every text that was typed is found again."""
    book, before, reading = went_out
    form = filled.forms[ROSTER]
    top = first_row(form)
    grid = [list(row) for row in book.grid]
    for _ in range(inserted):
        grid.insert(top + 2, [""] * len(grid[0]))
    for row, column, text in edits:
        if top + row < len(grid):
            grid[top + row] += [""] * (column + 1 - len(grid[top + row]))
            grid[top + row][column] = text
    changed = replace(book, grid=grid, formulas=frozenset((top + row, column) for row, column in formulas))
    try:
        found = compare(changed, before, filled.community, filled.schemas, filled.path(ROSTER), reading)
    except FormError:  # a header was typed over
        raise AssertionError("headers stand above the edits") from None
    assert set(found.cells) == set(OUTCOMES)
    for row in found.rows:
        assert {cell.field for cell in row.cells} >= set(range(len(form.fields)))
    assert sum(found.cells.values()) == sum(len(row.cells) for row in found.rows)
    claimed = [row.sent.id for row in found.rows if row.sent]
    assert len(claimed) == len(set(claimed)) == len(before.rows[filled.community]) - found.missing
    for row in found.rows:
        for cell in row.cells:
            column = 1 + cell.field if cell.field is not None else -1
            typed = grid[row.line][column].strip() if cell.field is not None else ""
            if cell.outcome == "blank":
                assert typed in ("", "无")
            if cell.outcome == "unchanged":
                assert row.sent is not None
            if cell.outcome == "refused":
                assert cell.reason
                assert not typed or typed not in cell.reason or len(typed) < 3


def test_what_comes_back_on_one_form_is_held_against_the_release_that_it_was_filled_from(
    own: Settings, filled: FilledForms, sent_back: Send
) -> None:
    folder = sent_back(REVIEW, lambda book, _: setattr(book["控制信息"]["B5"], "value", "2020-01-0000000000"))
    (found,) = take(own, filled, folder)
    assert found.state == "refused"
    assert found.error is not None
    assert "not there any more" in found.error["what"]
