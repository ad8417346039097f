"""The labelled set that figures rest on: large enough, split by form, readable to its last line."""

from __future__ import annotations

from bench.labelled import labelled_forms, split_of


def test_it_has_five_hundred_headers_and_both_splits(schemas):
    forms = labelled_forms(schemas)
    assert sum(len(form.fields) for form in forms) >= 500
    for split in ("development", "test"):
        chosen = [form for form in forms if form.split == split]
        assert len(chosen) >= 20
        assert sum(len(form.fields) for form in chosen) >= 400


def test_a_form_is_in_one_split_by_its_id_alone(schemas):
    forms = labelled_forms(schemas)
    assert len({form.id for form in forms}) == len(forms)
    assert all(form.split == split_of(form.id) for form in forms)


def test_every_form_says_what_kind_of_source_it_has(schemas):
    assert all(form.source and form.title for form in labelled_forms(schemas))


def test_the_model_learned_from_no_test_form(schemas, model):
    """A header that only test forms have must not be among what the model learned."""
    forms = labelled_forms(schemas)
    test = {one.field.label for form in forms if form.split == "test" for one in form.fields}
    others = {one.field.label for form in forms if form.split != "test" for one in form.fields}
    learned = {one.header for one in model.learned}
    only_test = test - others
    assert len(only_test) > 100
    # Registered forms of schemas/forms teach as well, and may have some of the same plain headers.
    assert len(only_test & learned) < len(only_test) / 4
