"""The 45 forms are the measure of what sharing saves, so that they may not become easier to fill."""

from __future__ import annotations

import hashlib
from collections import Counter
from fractions import Fraction

import orjson
import pytest

from yibiao.forms.holders import Holders, kind_of
from yibiao.forms.model import Fact, Rows, field_lists

FROZEN = "cb4b1cc5f92a90363cf076a637dd54ccefb258f6e0c65610bee5f4754ed6661f"
"""SHA-256 of the field lists: headers, elements, roles, concepts, modes, frequency, rows. A new form may be added, with
a new value here; no form may lose a field, ask less often or ask fewer people."""


SILENT = [
    ("veterans.preferential_visit", "benefit_end_date"),
    ("veterans.preferential_visit", "benefit_month"),
]
"""Facts of a benefit that only reports of other benefits hold."""


def test_the_field_lists_are_frozen(forms):
    found = hashlib.sha256(orjson.dumps(field_lists(forms), option=orjson.OPT_SORT_KEYS)).hexdigest()
    assert found == FROZEN


def test_there_are_45_forms_with_12_to_35_fields_each(forms):
    assert len(forms) == 45
    assert {form.id: len(form.fields) for form in forms.values() if not 12 <= len(form.fields) <= 35} == {}


def test_every_department_that_delivers_a_report_asks_for_a_form_too(forms, schemas):
    delivering = {report.department for report in schemas.reports.values()}
    assert {form.department for form in forms.values()} == delivering
    assert len(delivering) == 13


def test_every_form_names_the_public_form_it_follows_and_how_closely(forms):
    assert [form.id for form in forms.values() if "《" not in form.source or "主题" not in form.follows] == []


def test_at_least_a_quarter_of_the_distinct_fields_is_held_by_no_report(forms, schemas):
    holders = Holders(schemas)
    facts = {field.fact for form in forms.values() for field in form.fields}
    asked = {fact for fact in facts if not holders.of(fact)}
    assert len(asked) / len(facts) >= 0.25
    # The same by printed words, in which one fact has several names.
    words = {
        (field.label, field.role, bool(holders.of(field.fact))) for form in forms.values() for field in form.fields
    }
    assert sum(not held for *_, held in words) / len(words) >= 0.25


def test_every_field_with_an_element_is_held_by_a_report(forms, schemas):
    holders = Holders(schemas)
    fields = [(form.id, field) for form in forms.values() for field in form.fields]
    asked = [(form, field.header) for form, field in fields if field.fact.element and not holders.of(field.fact)]
    assert asked == []


def test_what_the_registry_learned_of_a_frozen_form_makes_it_no_easier(forms, schemas):
    """An element beside a concept keeps answers: a report that holds it would answer what counts as asked."""
    holders = Holders(schemas)
    learned = [(form, field) for form in forms.values() for field in form.fields if field.concept and field.element]
    assert len(learned) == 33
    for form, field in learned:
        assert field.element not in schemas.entities[form.rows.entity].elements
        assert holders.of(Fact(field.element, None, None, None, None)) == ()
        known = schemas.elements[field.element]
        offered = schemas.codes[known.code_list].codes if known.code_list else None
        assert offered is None or set(field.choices) <= {code.name for code in offered}, (form.id, field.header)
    # A record has one value of an element: two forms that offer other words for it would take it from each other.
    words: dict[str, set[tuple[str, ...]]] = {}
    for _, field in learned:
        words.setdefault(field.element, set()).add(field.choices)
    assert {element: found for element, found in words.items() if len(found) > 1} == {}


def test_what_a_row_of_one_kind_states_is_held_by_reports_of_that_kind_only(forms, schemas):
    """Written down by hand: what the report of the benefit has no column for, whatever other lists have."""
    holders = Holders(schemas)
    fields = [(form, field) for form in forms.values() for field in form.fields if field.element]
    silent = [(form.id, field.element) for form, field in fields if holders.is_silent(field.fact, form.rows)]
    assert silent == SILENT
    assert [one for one in silent if holders.of(Fact(one[1], None, None, None, None)) == ()] == []


@pytest.mark.parametrize(
    ("entity", "where", "codes"),
    [
        ("benefit", "benefit.benefit_type_code = '05'", {"05"}),
        ("benefit", "resident.death_date is not null and benefit.benefit_type_code in ('01', '05')", {"01", "05"}),
        ("benefit", "benefit.benefit_type_code = '05' or benefit.benefit_status_code = '1'", None),
        ("benefit", "not (benefit.benefit_type_code = '05')", None),
        ("benefit", "benefit.benefit_type_code not in ('05')", None),
        ("benefit", "benefit.benefit_status_code = '1'", None),
        ("benefit", None, None),
        ("organisation", "organisation.industry_code in ('F', 'H')", None),  # no part of what tells it from others
    ],
)
def test_a_condition_names_a_kind_only_where_no_other_can_come_in(schemas, entity, where, codes):
    kind = kind_of(schemas, Rows(entity, where, Fraction(1), ""))
    assert (None if kind is None else kind.codes) == codes


def test_a_fact_held_only_as_a_constant_or_in_a_role_is_told_from_one_that_nobody_holds(schemas):
    holders = Holders(schemas)
    assert holders.of(Fact("benefit_type_code", None, None, None, None)) != ()  # a constant of the benefit reports
    assert holders.of(Fact("resident_name", "nobody", None, None, None)) == holders.of(
        Fact("resident_name", None, None, None, None)
    )
    assert holders.of(Fact(None, None, None, None, "lives_alone")) == ()


def test_no_form_asks_the_same_fact_twice(forms):
    for form in forms.values():
        assert [fact for fact, times in Counter(field.fact for field in form.fields).items() if times > 1] == [], (
            form.id
        )


def test_no_form_prints_one_header_twice(forms):
    for form in forms.values():
        headers = Counter(field.header for field in form.fields)
        assert [header for header, times in headers.items() if times > 1] == [], form.id


def test_fields_under_one_outer_header_stand_side_by_side(forms):
    for form in forms.values():
        outer = [field.path[0] for field in form.fields if len(field.path) > 1]
        blocks = [name for position, name in enumerate(outer) if position == 0 or outer[position - 1] != name]
        assert len(blocks) == len(set(blocks)), form.id


def test_a_field_about_somebody_else_says_so_in_its_header(forms):
    """`姓名` of the head must not be printed like the `姓名` of the row's own person."""
    words = {"head": "户主", "guardian": "监护", "owner": ("产权人", "房主", "出租人"), "spouse": "配偶"}
    for form in forms.values():
        for field in form.fields:
            if field.role:
                expected = words[field.role]
                assert any(word in field.header for word in ([expected] if isinstance(expected, str) else expected)), (
                    form.id,
                    field.header,
                )


def test_one_concept_has_one_kind_of_answer(forms):
    modes: dict[str, set[str]] = {}
    for form in forms.values():
        for field in form.fields:
            if field.concept:
                modes.setdefault(field.concept, set()).add(field.mode)
    assert {concept: found for concept, found in modes.items() if len(found) > 1} == {}


def test_titles_are_unique_because_they_name_files(forms):
    assert len({form.title for form in forms.values()}) == len(forms)
