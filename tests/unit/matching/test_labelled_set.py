"""The labelled set that figures rest on: large enough, split by form, readable to its last line."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from bench.labelled import HERE, WORDED, LabelledForm, labelled_forms, split_of, worded_forms
from bench.matching import kind_of, measure, sense_of, teaching
from bench.matching_train import PLACE_OF_FOLDS, folds_of, with_slips, write_folds
from bench.matching_trust import FOLDS
from bench.sense.outside import Outside, kept

from yibiao.errors import ContractError
from yibiao.matching.normalise import words_of
from yibiao.settings import Settings

BLIND = HERE / "blind.yml"
SPENT = "no blind group: label one in bench/labelled_forms/blind.yml (CONTRIBUTING.md tells how)"
labelled = pytest.mark.skipif(not BLIND.exists(), reason=SPENT)


@pytest.fixture(scope="module")
def forms(schemas) -> list[LabelledForm]:
    """All that are judged; to read the files takes seconds."""
    return labelled_forms(schemas)


@pytest.fixture(scope="module")
def worded(schemas) -> list[LabelledForm]:
    """All that teach the sense alone."""
    return worded_forms(schemas)


def test_nothing_is_measured_without_a_test_split(tmp_path, monkeypatch, schemas):
    """A spent group must not be measured as if it were the test split."""
    (tmp_path / "seen.yml").write_text((HERE / "seen.yml").read_text())
    monkeypatch.setattr("bench.labelled.HERE", tmp_path)
    with pytest.raises(ContractError, match="no form to measure"):
        measure(replace(Settings.load(), schemas=HERE.parents[1] / "schemas"), "test", tmp_path / "python")


def test_it_has_five_hundred_headers_and_both_splits(forms):
    assert sum(len(form.fields) for form in forms) >= 500
    splits = ("development", "test") if BLIND.exists() else ("development",)
    for split in splits:
        chosen = [form for form in forms if form.split == split]
        assert len(chosen) >= 8
        assert sum(len(form.fields) for form in chosen) >= 150
        # New fields are what a matcher that says yes to everything gets wrong.
        assert sum(one.fact.element is None and not one.skipped for form in chosen for one in form.fields) >= 30


def test_the_test_split_is_a_file_of_its_own(forms):
    # Two offices may have a form of one title; the same office is not labelled twice.
    assert len({form.id for form in forms}) == len({(form.title, form.source) for form in forms}) == len(forms)
    assert {split_of(file) for file in HERE.glob("*.yml") if file.name != "blind.yml"} == {"development"}
    assert split_of(BLIND) == "test"


@labelled
def test_every_form_of_the_test_split_names_who_publishes_it(forms):
    """Public software is no office: its forms say where they were read, and are the smaller part."""
    issuers = re.compile(r"部|局|委|机关|办公室|残联|妇联|海关|社区|规范")
    test = [form for form in forms if form.split == "test"]
    official = [form for form in test if kind_of(form) != "software"]
    assert [form.id for form in official if not issuers.search(form.source)] == []
    assert [form.id for form in test if "读自" not in form.source] == []
    assert sum(len(form.fields) for form in official) >= 500


@labelled
def test_the_test_split_has_all_kinds_of_sources(forms):
    kinds = Counter(kind_of(form) for form in forms if form.split == "test" for _ in form.fields)
    assert set(kinds) == {"annex", "standard", "software"}
    assert min(kinds.values()) >= 200


def test_every_form_says_what_kind_of_source_it_has(forms, worded):
    assert all(form.source and form.title for form in [*forms, *worded])


def test_worded_forms_teach_the_sense_alone(schemas, forms, worded):
    """They say so, name only data elements there are, and are neither weighed nor measured."""
    assert len({form.id for form in [*forms, *worded]}) == len(forms) + len(worded)
    assert [form.id for form in worded if "凭记忆" not in form.source or form.read] == []
    # As text: what is no element would be read as new.
    lines = [line for file in WORDED.glob("*.yml") for line in file.read_text().splitlines() if line.startswith("    ")]
    labels = {line.rpartition("|")[2].split()[0] for line in lines}
    assert len(lines) == sum(len(form.fields) for form in worded)
    assert labels - {"new", "skip"} <= set(schemas.elements)
    assert {form.split for form in worded} == {"sense"}
    assert "sense" not in {form.split for form in forms}


@labelled
def test_no_form_that_teaches_the_sense_is_a_form_of_the_test_split(forms, worded):
    """Whoever words a form from memory may word one that is measured: three fifths of its headers would tell."""
    test = [_words(form) for form in forms if form.split == "test"]
    for form in worded:
        words = _words(form)
        assert max(len(words & one) / min(len(words), len(one)) for one in test) < 0.6, form.id


def _words(form: LabelledForm) -> set[str]:
    return {words_of(one.field.label) for one in form.fields}


@labelled
def test_the_model_learned_from_no_test_form(forms, model):
    """A header that only test forms have must not be among what the model learned."""
    test = {words_of(one.field.label) for form in forms if form.split == "test" for one in form.fields}
    others = {words_of(one.field.label) for form in forms if form.split != "test" for one in form.fields}
    learned = {one.words for one in model.learned}
    only_test = test - others
    assert len(only_test) > 50
    # Registered forms of schemas/forms teach as well, and may have some of the same plain headers.
    assert len(only_test & learned) < len(only_test) / 4


def test_the_sense_was_taught_every_labelled_form_and_belongs_to_what_is_kept_of_them(schemas):
    outside, settings = kept(), Settings.load()
    for form in teaching(settings.schemas, schemas):
        for some in with_slips([form]):
            assert len(outside.of(some.title, [one.field for one in some.fields])) == len(some.fields)
    assert sense_of(settings.schemas, outside).taught == outside.taught
    with pytest.raises(ContractError, match="make train"):
        sense_of(settings.schemas, Outside({}, "another"))


def test_a_form_stays_in_the_fold_that_a_sense_was_taught_without(schemas, tmp_path):
    settings = Settings.load()
    taught = teaching(settings.schemas, schemas)
    folds = folds_of(taught)
    assert set(folds) == set(range(FOLDS))
    # What is kept is what is there: `make train` writes it.
    write_folds(taught, tmp_path / "folds.json")
    assert (tmp_path / "folds.json").read_bytes() == PLACE_OF_FOLDS.read_bytes()
    # More forms move none; those of an origin that was there go with it, others to where least is.
    read = [form for form in taught if form.read]
    strangers = [replace(read[0], source=f"某系统, 读自 new.origin.{number}") for number in range(FOLDS)]
    assert folds_of([strangers[0], *taught, read[-1], *strangers[1:]])[1 : len(taught) + 1] == folds
    assert folds_of([*taught, read[-1]])[-1] == folds[max(place for place, one in enumerate(taught) if one.read)]
    assert sorted(folds_of(strangers, {})) == list(range(FOLDS))
