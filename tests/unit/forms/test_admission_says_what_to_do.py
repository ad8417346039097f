"""Whoever is refused by the registry of forms or by the burden account is told what to do."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from admissions import asked, registration
from yibiao import errors
from yibiao.errors import AdmissionError
from yibiao.forms.account.costs import cost_of
from yibiao.forms.account.simulate import simulate
from yibiao.forms.admission.registry import check_expiry

SOURCE = Path(errors.__file__).parent
WHERE = ("forms/admission", "forms/account", "cli/burden.py", "cli/form_admission.py")
MODULES = [
    one for name in WHERE for one in ([SOURCE / name] if name.endswith(".py") else sorted((SOURCE / name).glob("*.py")))
]

DWELLINGS = cost_of(replace(registration("housing.a", asked("甲")), entity="dwelling"))
RESIDENTS = cost_of(replace(registration("health.b", asked("乙")), entity="resident"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_every_refusal_says_what_to_do(path: Path) -> None:
    calls = [
        one
        for one in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == "AdmissionError"
    ]
    assert [one.lineno for one in calls if "todo" not in {each.arg for each in one.keywords}] == []


def test_a_day_of_expiry_that_cannot_be_comes_with_those_that_can() -> None:
    with pytest.raises(AdmissionError) as refused:
        check_expiry(date(2031, 1, 1), date(2026, 11, 30), "housing.a")
    assert refused.value.todo == "Give a day from 2026-11-30 to 2029-11-30 with --expires."


def test_a_field_that_no_form_has_is_looked_up() -> None:
    with pytest.raises(AdmissionError) as refused:
        simulate([DWELLINGS], drop=["不存在"])
    assert "yibiao form show" in refused.value.todo
    with pytest.raises(AdmissionError) as refused:
        simulate([cost_of(registration("housing.a", asked("房屋地址")))], drop=["房屋地点"])
    assert refused.value.todo == "Did you mean `房屋地址`?"


def test_forms_about_different_things_are_named_by_what_they_are_about() -> None:
    with pytest.raises(AdmissionError, match="different things") as refused:
        simulate([DWELLINGS, RESIDENTS], merge=[["housing.a", "health.b"]])
    assert refused.value.todo.endswith("dwelling: housing.a; resident: health.b")
