"""Forms once admitted: filled from a release and each answer asked once, beside a slow loop over rows and fillings."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from math import ceil

import pytest
from bench import burden as bench

from yibiao.forms import Field, Form, Rows
from yibiao.forms.account.costs import cost_of, total_seconds
from yibiao.forms.account.once import admitted, asked_once, states
from yibiao.forms.admission.fields import Assessor
from yibiao.forms.admission.request import Request, of_form
from yibiao.forms.burden import PRESENT
from yibiao.forms.count import Counts
from yibiao.settings import Settings

DAYS = 365


@pytest.fixture(scope="module")
def assessor(schemas):
    return Assessor(Settings.load().schemas, schemas)


def form(name, times, *elements, entity="resident", share="1", where="true"):
    fields = tuple(
        Field(element or "情况", element, None, None, None, None if element else f"{name}_own", mode, (), None)
        for element, mode in elements
    )
    rows = Rows(entity, where, Fraction(share), "测试")
    return Form(f"health.{name}", name, "health", "测试", "测试", times, "社区", "community", rows, (), fields)


FORMS = {
    one.id: one
    for one in (
        form("weekly", 52, ("mobile_phone", "typed"), ("sex_code", "picked"), (None, "typed"), where="a"),
        form("monthly", 12, ("mobile_phone", "typed"), ("resident_name", "typed"), where="b"),
        form("yearly", 1, ("mobile_phone", "typed"), ("sex_code", "picked"), ("employer_name", "typed"), where="c"),
        form("part", 4, ("mobile_phone", "typed"), ("sex_code", "picked"), where="c", share="0.25"),
        form("events", 12, ("event_number", "typed"), entity="event"),
    )
}
MEETS = {
    "a": lambda row: row["age"] > 60,
    "b": lambda row: row["age"] > 20,
    "c": lambda row: True,
    "true": lambda _: True,
}


@pytest.fixture(scope="module")
def people():
    dice = random.Random(5)
    known = ("mobile_phone", "sex_code", "resident_name", "employer_name")
    return [{"age": dice.randrange(90), **{name: dice.random() < 0.7 for name in known}} for _ in range(400)]


@pytest.fixture(scope="module")
def counts(people):
    """As `yibiao.forms.count` makes them; bits of a, b, c for the people, another number space for events."""
    made = {}
    for name, one in FORMS.items():
        mine = [{}] * 30 if one.rows.entity == "event" else [row for row in people if MEETS[one.rows.where](row)]
        groups: dict = {}
        for row in mine:
            mask = sum(1 << place for place, key in enumerate("abc") if row and MEETS[key](row)) or 1
            rows, known = groups.get(mask, (0, [0] * len(one.fields)))
            held = [number + bool(row.get(field.element)) for number, field in zip(known, one.fields, strict=True)]
            groups[mask] = (rows + 1, held)
        rows = ceil(len(mine) * one.rows.share)
        total = [sum(known[place] for _, known in groups.values()) for place in range(len(one.fields))]
        made[name] = Counts(
            rows,
            tuple(rows * number // len(mine) for number in total),
            9,
            tuple((mask, number, tuple(known)) for mask, (number, known) in sorted(groups.items())),
        )
    return made


def filled(counts, assessor):
    return {name: admitted(one, counts[name], assessor.of_form(one)) for name, one in FORMS.items()}


def test_what_the_release_knows_is_filled_in_and_nothing_else(counts, assessor):
    costs = filled(counts, assessor)
    weekly = costs["health.weekly"]
    assert [field.mode for field in weekly.fields] == ["automatic", "automatic", "typed"]
    assert [field.known for field in weekly.fields] == [*counts["health.weekly"].known[:2], 0]
    assert costs["health.events"].fields[0].mode == "automatic"


def test_every_answer_is_asked_once_while_it_is_good(people, counts, schemas, assessor):
    """Row by row, filling by filling: whoever asks most often asks, the others read the answer."""
    costs = filled(counts, assessor)
    once = asked_once(FORMS, costs, counts, schemas)
    whole = {name: one for name, one in FORMS.items() if one.rows.share == 1 and one.rows.entity == "resident"}
    typed = {name: [0] * len(one.fields) for name, one in whole.items()}
    for row in people:
        answers: dict = {}
        for name, one in sorted(whole.items(), key=lambda item: (-item[1].times_a_year, item[0])):
            for place, field in enumerate(one.fields):
                if not MEETS[one.rows.where](row) or row.get(field.element):
                    continue
                good = schemas.elements[field.element].max_age_days if field.element else 0
                allowed = 1 if good is None else ceil(DAYS / good) if good else one.times_a_year
                key = field.element or name
                for _ in range(one.times_a_year):
                    if answers.get(key, 0) < allowed:
                        answers[key] = answers.get(key, 0) + 1
                        typed[name][place] += 1
    for name, one in whole.items():
        for place, field in enumerate(once[name].fields):
            assert field.cells()[field.hand] == typed[name][place], (name, field.key)
            assert sum(field.cells().values()) == field.rows * one.times_a_year


def test_a_part_of_the_rows_reads_what_all_of_them_answered(counts, schemas, assessor):
    costs = filled(counts, assessor)
    once = asked_once(FORMS, costs, counts, schemas)["health.part"]
    # Everybody is in the yearly form, which asks both; so the part has nothing left to ask.
    assert all(field.cells()[field.hand] == 0 for field in once.fields)


def test_rows_that_change_from_filling_to_filling_are_asked_each_time(counts, schemas, assessor):
    part = {"health.part": FORMS["health.part"]}
    costs = {"health.part": filled(counts, assessor)["health.part"]}
    once = asked_once(part, costs, counts, schemas)["health.part"]
    for field in once.fields:
        # A quarter of the people in each of four fillings: others each time.
        assert field.cells()[field.hand] == (field.rows - field.known) * 4
    events = {"health.events": FORMS["health.events"]}
    costs = {"health.events": filled(counts, assessor)["health.events"]}
    assert asked_once(events, costs, counts, schemas) == costs


def test_each_state_costs_no_more_than_the_one_before(forms, schemas):
    """On the 45 frozen forms, with invented counts; `test_burden.py` recomputes the figures of `make bench`."""
    dice = random.Random(3)
    counts = {}
    for name, one in forms.items():
        rows = dice.randrange(40, 4000)
        share = one.rows.share
        lot = int(rows / share)
        known = tuple(dice.randrange(lot + 1) if field.element else 0 for field in one.fields)
        fitted = tuple(rows * number // lot for number in known)
        counts[name] = Counts(rows, fitted, min(rows, 208), ((1, lot, known),))
        if share == 1:
            counts[name] = replace(counts[name], groups=((1, rows, fitted),))
    made = states(forms, schemas, Settings.load().schemas, counts, {}, None)
    seconds = {name: total_seconds(state) for name, state in made.items()}
    assert seconds["by_hand"] >= seconds["filled"] >= seconds["once"]
    by_hand = sum(
        one.times_a_year
        * (
            counts[name].communities * PRESENT.fixed
            + counts[name].rows * sum(PRESENT.seconds[field.mode] for field in one.fields)
        )
        for name, one in forms.items()
    )
    assert seconds["by_hand"] == by_hand
    for form_cost in (*made["filled"], *made["once"]):
        one = forms[form_cost.form]
        assert sum(form_cost.cells().values()) == counts[one.id].rows * len(one.fields) * one.times_a_year
        assert min(form_cost.cells().values()) >= 0


def test_what_somebody_says_a_field_means_counts_as_that(forms, assessor):
    """A field that was frozen by another name is that no more once a human says that it asks something else."""
    (plate,) = (one for one in assessor.of_form(forms["public_security.resident_collection"]) if one.concept)
    assert (plate.element, plate.fact, plate.verdict) == ("vehicle_plate_number", "=vehicle_plate", "new")
    assert assessor.means(plate, "vehicle_plate_number").fact == plate.fact
    other = assessor.means(plate, "speciality")
    assert (other.concept, other.fact) == (None, "speciality:::")


SILENT = {
    ("veterans.preferential_visit", "benefit_end_date", None),
    ("veterans.preferential_visit", "benefit_month", None),
    ("public_security.floating_population", "mobile_phone", "owner"),
}
"""Fields whose own benefit's report does not hold them; those of other benefits do. And the landlord of a person,
who is looked up from the dwelling alone."""


def test_the_distinct_fields_asked_are_those_that_nobody_can_answer(forms, schemas, assessor):
    """The other figure of `make bench`, recomputed from forms and contracts alone."""
    held: set = set()
    for report in schemas.reports.values():
        held |= {(column.element, column.role) for column in report.columns if column.element}
        owned = {"dwelling_owner_name": "resident_name", "dwelling_owner_citizen_id": "citizen_id"}
        held |= {(owned[column.element], "owner") for column in report.columns if column.element in owned}
        held |= {(element, None) for element in report.constants}
    facts = {field.fact for one in forms.values() for field in one.fields}
    left = {
        fact
        for fact in facts
        if fact.element is None
        or not ({(fact.element, None), (fact.element, fact.role)} & held)
        or schemas.elements[fact.element].sharing == "none"
    }
    left |= {
        field.fact for one in forms.values() for field in one.fields if (one.id, field.element, field.role) in SILENT
    }
    costs = [admitted(one, Counts(1, (0,) * len(one.fields), 1), assessor.of_form(one)) for one in forms.values()]
    asked = {field.fact for cost in costs for field in cost.fields if field.asked}
    assert asked == {":".join(part or "" for part in one[:4]) if one.element else f"={one.concept}" for one in left}


def test_distinct_fields_asked_fall_by_more_than_sixty_per_cent(forms, assessor):
    costs = [admitted(one, Counts(1, (0,) * len(one.fields), 1), assessor.of_form(one)) for one in forms.values()]
    before, after = (
        len({field.fact for cost in costs for field in cost.fields if every or field.asked}) for every in (1, 0)
    )
    assert 1 - after / before >= bench.LEAST["distinct fields"]


def test_a_registered_form_costs_what_the_frozen_one_does(forms, schemas, assessor):
    """Both ways to the account, from the form's file and through its registration, give the same seconds."""
    from datetime import date

    one = forms["housing.dangerous_houses"]
    counts = Counts(28, tuple(20 if field.element else 0 for field in one.fields), 25)
    request = Request("housing", "张科长", "办法第七条", date(2027, 12, 31), prefill=True)
    made = of_form(one, request, assessor, schemas, counts)
    assert cost_of(made).seconds() == made.seconds == admitted(one, counts, assessor.of_form(one)).seconds()
