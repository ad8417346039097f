"""The burden account: by the formula, in parts that add up exactly, with no percentage that nobody could recompute."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admissions import asked, at, registration
from yibiao.errors import AdmissionError
from yibiao.forms.account.change import Change, change_between, change_of, doubts_about, percentage
from yibiao.forms.account.costs import FieldCost, FormCost, cost_of, distinct_fields, total_seconds
from yibiao.forms.account.page import page
from yibiao.forms.account.report import actual_of, months_between, report
from yibiao.forms.admission.states import Event, fold
from yibiao.forms.burden import FORMULAS, PRESENT, SECONDS_PER_CELL, SECONDS_PER_RETURN
from yibiao.forms.returns import Return

MODES = ("typed", "picked", "confirmed", "automatic")


def test_a_version_of_the_formula_never_changes():
    assert PRESENT.seconds == SECONDS_PER_CELL, "other figures are another version: add it to FORMULAS"
    assert PRESENT.fixed == SECONDS_PER_RETURN
    assert (FORMULAS[1].seconds, FORMULAS[1].fixed) == (
        {"typed": 15, "picked": 6, "confirmed": 2, "automatic": 0},
        600,
    )


def test_with_a_row_a_respondent_it_is_the_formula_of_the_standards():
    fields = (
        asked("甲"),
        asked("乙", "picked"),
        asked("丙", "confirmed", held=True),
        asked("丁", "automatic", held=True),
    )
    made = registration("housing.a", *fields, respondents=40, rows=40, times=4)
    assert Fraction(made.seconds, 3600) == 40 * 4 * (Fraction(15 + 6 + 2 + 0, 3600) + Fraction(600, 3600))
    assert made.seconds_by_hand == 40 * 4 * (15 + 6 + 15 + 15 + 600)


def test_rows_that_the_system_cannot_fill_are_filled_by_hand():
    made = registration("housing.a", asked("甲", "automatic", held=True, hand="picked", known=60), rows=100, times=1)
    assert cost_of(made).cells() == {"typed": 0, "picked": 40, "confirmed": 0, "automatic": 60}


@st.composite
def field_costs(draw, rows, times):
    keys = draw(st.lists(st.sampled_from("甲乙丙丁戊己"), unique=True, min_size=1, max_size=5))
    fields = []
    for key in keys:
        mode = draw(st.sampled_from(MODES))
        hand = mode if mode in ("typed", "picked") else draw(st.sampled_from(("typed", "picked")))
        known = 0 if mode in ("typed", "picked") else draw(st.integers(0, rows))
        fields.append(FieldCost(key, f"={key}", hand, mode, rows, known, times))
    return tuple(fields)


@st.composite
def form_costs(draw, name):
    rows, times = draw(st.integers(1, 10_000)), draw(st.sampled_from((1, 2, 4, 12, 52)))
    fields = draw(field_costs(rows, times))
    return FormCost(name, name, "housing", "resident", draw(st.integers(1, 500)), times, fields)


@given(st.lists(st.sampled_from("abcd"), unique=True), st.lists(st.sampled_from("abcd"), unique=True), st.data())
def test_the_parts_of_a_change_add_up_to_the_second(old, new, data):
    before = [data.draw(form_costs(name)) for name in old]
    after = [data.draw(form_costs(name)) for name in new]
    changes = change_between(before, after)
    assert sum(change.total for change in changes.values()) == total_seconds(after) - total_seconds(before)
    for name, change in changes.items():
        if name not in old or name not in new:
            assert change == Change(forms=change.total)


BASE = FormCost(
    *("housing.a", "甲表", "housing", "resident", 10, 12),
    (
        FieldCost("甲", "=甲", "typed", "typed", 100, 0, 12),
        FieldCost("乙", "sex_code:::", "picked", "automatic", 100, 80, 12),
    ),
)


def with_fields(form, **changes):
    return replace(form, fields=tuple(replace(field, **changes) for field in form.fields))


@pytest.mark.parametrize(
    ("after", "part"),
    [
        (None, "forms"),
        (replace(with_fields(BASE, times=4), times=4), "forms"),
        (replace(BASE, fields=BASE.fields[:1]), "fields"),
        (replace(BASE, fields=(*BASE.fields, replace(BASE.fields[0], key="丙"))), "fields"),
        (replace(BASE, fields=(BASE.fields[0], replace(BASE.fields[1], mode="confirmed"))), "mode"),
        (replace(BASE, fields=(replace(BASE.fields[0], hand="picked", mode="picked"), BASE.fields[1])), "mode"),
        (replace(BASE, respondents=20), "estimation"),
        (with_fields(BASE, rows=90), "estimation"),
        (replace(BASE, fields=(BASE.fields[0], replace(BASE.fields[1], known=90))), "estimation"),
    ],
)
def test_every_change_is_charged_to_its_part(after, part):
    change = change_of(BASE, after)
    assert change.total == (after.seconds() if after else 0) - BASE.seconds() != 0
    assert change == Change(**{part: change.total})


def test_a_percentage_is_exact_or_has_a_reason_why_there_is_none():
    assert percentage(800, 200).value == Fraction(-75)
    assert percentage(800, 200).text == "-75.0%"
    assert percentage(3, 4).value == Fraction(100, 3)
    assert "base of zero" in percentage(0, 200).refused
    assert percentage(0, 0).value is None
    notes: list[str] = []
    cells = [percentage(800, 200, doubts).cell(notes) for doubts in (["甲"], [], ["乙"], ["甲"])]
    assert (cells, notes) == (["不给[1]", "-75.0%", "不给[2]", "不给[1]"], ["甲", "乙"])
    assert percentage(800, 200, ["份数缺"]).as_dict() == {"percent": None, "percent_refused": "份数缺"}


@pytest.mark.parametrize(
    "form",
    [
        replace(BASE, respondents=0),
        replace(BASE, times=0),
        replace(BASE, fields=()),
        with_fields(BASE, rows=0),
    ],
)
def test_without_a_count_there_is_no_percentage(form):
    assert doubts_about([form])
    assert not doubts_about([BASE])


def test_a_figure_that_was_stated_otherwise_or_by_another_formula_gives_no_percentage(monkeypatch):
    assert doubts_about([BASE], {"housing.a": BASE.seconds() + 1})
    assert not doubts_about([BASE], {"housing.a": BASE.seconds()})
    monkeypatch.setitem(FORMULAS, 2, replace(PRESENT, version=2, fixed=300))
    assert any("公式" in doubt for doubt in doubts_about([BASE, replace(BASE, form="housing.b", formula=2)]))


def test_a_formula_that_nobody_knows_any_more_is_refused():
    with pytest.raises(AdmissionError, match="formula"):
        replace(BASE, formula=99).seconds()


def standing_of(form, *steps, today=date(2026, 12, 31)):
    """A standing from (action, registration, moment); approvals give numbers by their order."""
    kept = {place: replace(made, registration_no=place) for place, (_, made, _) in enumerate(steps, 1)}
    events = [
        Event(
            *(form, place, action, f"YB-{place}" if action == "approve" else None),
            date(2027, 12, 31) if action == "approve" else None,
            {},
            "某人",
            "",
            moment.isoformat(timespec="seconds"),
        )
        for place, (action, _, moment) in enumerate(steps, 1)
    ]
    return fold(form, events, kept, today)


FIRST = registration("housing.a", asked("甲"), asked("乙", held=True), asked("丙", held=True), rows=100, times=12)
LATER = registration("housing.a", asked("甲"), asked("乙", "automatic", held=True), rows=100, times=12)
IN_FORCE = standing_of(
    "housing.a", ("submit", FIRST, at(1, 5)), ("submit", LATER, at(1, 8)), ("approve", LATER, at(1, 9))
)
RETURN = Return("housing.a", "YB-3", "999901001001", "2026-02", 10, 12, 0, 0, 8, "2026-03-02T10:00:00+08:00", "x")


def test_the_report_goes_from_what_was_first_asked_by_hand_to_what_is_in_force():
    made = report("form", None, date(2026, 12, 31), {}, {"housing.a": IN_FORCE}, [], lambda _, key: key)
    (line,) = made.lines
    found = line.as_dict()["registered"]
    assert found["before"]["seconds"] == 12 * (100 * 3 * 15 + 10 * 600)
    assert found["after"]["seconds"] == 12 * (100 * 15 + 10 * 600) == LATER.seconds
    assert found["change"] == {
        "forms": 0,
        "fields": -12 * 100 * 15,
        "mode": -12 * 100 * 15,
        "estimation": 0,
        "total": -12 * 100 * 30,
    }
    assert (found["before"]["distinct_fields_asked"], found["after"]["distinct_fields_asked"]) == (2, 1)
    assert found["percent"] == round(100 * -36000 / (12 * 10500), 2)
    assert "no returns" in line.actual.percent.refused


def test_between_two_days_the_report_compares_what_was_in_force_on_them():
    then = standing_of("housing.a", ("submit", FIRST, at(1, 5)), today=date(2026, 1, 6))
    made = report(
        "form",
        date(2026, 1, 6),
        date(2026, 12, 31),
        {"housing.a": then},
        {"housing.a": IN_FORCE},
        [],
        lambda _, key: key,
    )
    assert made.total.change == Change(forms=LATER.seconds)
    assert made.total.percent.value is None
    assert "base of zero" in made.total.percent.refused


def test_a_period_ends_after_it_begins():
    with pytest.raises(AdmissionError, match="period") as refused:
        report("form", date(2026, 2, 1), date(2026, 1, 1), {}, {}, [], lambda _, key: key)
    assert "--from" in refused.value.todo


@pytest.mark.parametrize("by", ["form", "department", "community", "month"])
def test_what_came_back_is_counted_once_whatever_it_is_grouped_by(by):
    back = [RETURN, replace(RETURN, community_code="999901001002", received_at="2026-04-02T10:00:00+08:00")]
    made = report(by, None, date(2026, 12, 31), {}, {"housing.a": IN_FORCE}, back, lambda _, key: key)
    assert sum(line.actual.returns for line in made.lines) == made.total.actual.returns == 2
    assert sum(line.actual.seconds for line in made.lines) == made.total.actual.seconds == 2 * (12 * 15 + 600)
    assert len(made.lines) == (2 if by in ("community", "month") else 1)
    assert [line.key for line in made.months] == ["2026-03", "2026-04"]


def test_a_month_has_the_forms_that_were_in_force_on_its_last_day():
    second = registration("housing.b", asked("甲"), asked("乙", held=True), rows=50, times=4)
    came = standing_of("housing.b", ("submit", second, at(2, 5)), ("approve", second, at(2, 6)))
    ends = {"2026-01": {"housing.a": IN_FORCE}, "2026-02": {"housing.a": IN_FORCE, "housing.b": came}}
    both = ends["2026-02"]
    made = report("month", None, date(2026, 3, 31), {}, both, [RETURN], lambda _, key: key, ends)
    assert [line.key for line in made.lines] == ["2026-01", "2026-02", "2026-03"]
    january, february, march = made.lines
    assert [line.actual.returns for line in made.lines] == [0, 0, 1]
    assert total_seconds(january.before) == 12 * (100 * 3 * 15 + 10 * 600)
    assert total_seconds(january.after) == LATER.seconds
    assert january.percent.value == made_by_form().total.percent.value
    assert total_seconds(february.after) == LATER.seconds + second.seconds
    assert february.change.total == total_seconds(february.after) - total_seconds(february.before)
    # A month of which nobody said what was in force has no such figures.
    assert (march.before, march.percent) == (None, None)
    assert made.has_registered


def made_by_form():
    return report("form", None, date(2026, 12, 31), {}, {"housing.a": IN_FORCE}, [], lambda _, key: key)


def test_months_go_over_the_turn_of_a_year():
    assert months_between("2025-11-30", "2026-02-01") == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert months_between("2026-02-01", "2026-01-31") == []


@pytest.mark.parametrize(("by", "said"), [("community", "登记负担不分到社区"), ("month", "各月不能相加"), ("form", "")])
def test_what_the_figures_of_a_group_are_not_is_said_in_words(by, said):
    made = report(by, None, date(2026, 12, 31), {}, {"housing.a": IN_FORCE}, [RETURN], lambda _, key: key)
    assert said in made.note
    assert made.as_dict()["note"] == (made.note or None)
    assert made.note in page(made)
    assert bool(made.note) == bool(said)


def test_what_came_back_is_measured_against_the_form_as_it_was_first_asked():
    actual = actual_of([RETURN], {"housing.a": IN_FORCE})
    assert actual.seconds == 12 * 15 + 600
    assert actual.seconds_by_hand == 10 * 3 * 15 + 600
    assert actual.change == Change(fields=-10 * 15, mode=12 * 15 - 10 * 2 * 15)
    assert actual.change.total == actual.seconds - actual.seconds_by_hand


def test_a_blank_cell_makes_the_saving_no_larger():
    blank = actual_of([replace(RETURN, typed=4)], {"housing.a": IN_FORCE})
    assert blank.seconds_by_hand == 10 * 3 * 15 - 8 * 15 + 600
    assert blank.change.total == blank.seconds - blank.seconds_by_hand


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (replace(RETURN, control_number=None), "准入编号"),
        (replace(RETURN, control_number="YB-9"), "准入编号"),
        (replace(RETURN, form="housing.unknown"), "准入编号"),
        (replace(RETURN, received_at="2026-01-08T10:00:00+08:00"), "准入编号"),
        (replace(RETURN, typed=13), "多于"),
    ],
)
def test_a_return_that_cannot_be_placed_gives_no_percentage(odd, reason):
    actual = actual_of([RETURN, odd], {"housing.a": IN_FORCE})
    assert actual.percent.value is None
    assert reason in actual.percent.refused
    assert actual.change.total == actual.seconds - actual.seconds_by_hand


def test_distinct_fields_are_facts_and_not_words():
    other = registration("housing.b", asked("性别", held=True), asked("备注"))
    forms = [cost_of(FIRST), cost_of(other)]
    assert distinct_fields(forms) == 3  # 甲, 备注 and sex_code, which is asked in three words
    assert distinct_fields([cost_of(LATER)], asked=True) == 1
