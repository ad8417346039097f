"""What a change would save is what the account says of the changed forms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from yibiao.errors import AdmissionError
from yibiao.forms.account.costs import FieldCost, FormCost, total_seconds
from yibiao.forms.account.simulate import returns_together, simulate

NAME = FieldCost("姓名", "resident_name:::", "typed", "typed", 100, 0, 12)
MONTHLY = FormCost(
    *("housing.a", "甲", "housing", "resident", 10, 12),
    (NAME, FieldCost("走访/情况", "=finding", "typed", "typed", 100, 0, 12)),
)
YEARLY = FormCost(
    *("health.b", "乙", "health", "resident", 20, 1),
    (
        FieldCost("居民姓名", "resident_name:::", "typed", "typed", 500, 0, 1),
        FieldCost("血型", "blood_type_code:::", "picked", "picked", 500, 0, 1),
    ),
)


def test_dropping_a_field_saves_its_cells():
    made = simulate([MONTHLY, YEARLY], drop=["health.b:血型"])
    assert made.change.total == made.change.fields == -500 * 6
    assert total_seconds(made.after) - total_seconds(made.before) == made.change.total


def test_a_field_is_dropped_wherever_it_is_asked_and_by_any_of_its_names():
    assert simulate([MONTHLY, YEARLY], drop=["resident_name"]).change.total == -(1200 + 500) * 15
    assert simulate([MONTHLY, YEARLY], drop=["情况"]).change.total == -1200 * 15
    assert simulate([MONTHLY], drop=["走访/情况"]).change.total == -1200 * 15


def test_a_form_without_a_field_left_is_none():
    made = simulate([MONTHLY, YEARLY], drop=["housing.a:姓名", "housing.a:情况"])
    assert [form.form for form in made.after] == ["health.b"]
    assert made.change.total == -MONTHLY.seconds()


def test_filling_a_field_otherwise_is_a_change_of_mode():
    made = simulate([MONTHLY], modes={"姓名": "confirmed"})
    assert made.change.total == made.change.mode == -1200 * 13


def test_merged_forms_ask_each_fact_once_and_come_back_once():
    made = simulate([MONTHLY, YEARLY], merge=[["housing.a", "health.b"]])
    (merged,) = made.after
    assert merged.form == "housing.a+health.b"
    assert sorted(field.key for field in merged.fields) == sorted(["姓名", "走访/情况", "血型"])
    # One filling of the year is handed in by both sets of communities, of which ten are the same.
    assert merged.returns == 12 * 10 + 20 - 10
    assert merged.cells() == {"typed": 1200 + 1200, "picked": 500, "confirmed": 0, "automatic": 0}
    assert made.change.total == total_seconds(made.after) - total_seconds(made.before) < 0
    assert made.percent.value is not None
    assert any("行数少" in line for line in made.assumptions)


def test_returns_that_fall_together_are_handed_in_once():
    weekly = replace(MONTHLY, form="c", times=52, respondents=5)
    assert returns_together([MONTHLY, YEARLY, weekly]) == 52 * 5 + (12 * 10 - 5 * 12) + (20 - 10)
    assert returns_together([YEARLY, weekly, MONTHLY]) == returns_together([MONTHLY, YEARLY, weekly])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"drop": ["没有的"]}, "such a field"),
        ({"drop": ["housing.x:姓名"]}, "this id"),
        ({"drop": ["health.b:情况"]}, "such a field"),
        ({"merge": [["housing.a"]]}, "Two forms"),
        ({"merge": [["housing.a", "housing.a"]]}, "Two forms"),
        ({"merge": [["housing.a", "housing.x"]]}, "this id"),
    ],
)
def test_what_is_not_there_is_refused(change, what):
    with pytest.raises(AdmissionError, match=what):
        simulate([MONTHLY, YEARLY], **change)


def test_forms_about_different_things_are_not_merged():
    with pytest.raises(AdmissionError, match="different things"):
        simulate([MONTHLY, replace(YEARLY, entity="dwelling")], merge=[["housing.a", "health.b"]])
