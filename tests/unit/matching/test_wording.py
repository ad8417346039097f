"""Signs of what a header says beside the name that it is likest, and what labelled forms teach about them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from bench.matching_trust import OFTEN, trust_of

from yibiao.matching.lexicon import Fact, Name
from yibiao.matching.model import DOUBTS, load_model
from yibiao.matching.wording import pieces, signs
from yibiao.settings import Settings


@pytest.mark.parametrize(
    ("words", "name", "beside", "lacking"),
    [
        ("饭店名称", "名称", ("饭店",), ()),
        ("人数", "残疾人数", (), ("残疾",)),
        ("从业人员数量", "从业人数", ("员", "量"), ()),
        ("姓名", "姓名", (), ()),
    ],
)
def test_what_a_header_has_and_lacks_beside_a_name(words, name, beside, lacking):
    assert pieces(words, name) == (beside, lacking)


def of_firm(text: str) -> list[str]:
    fact = Fact("organisation_name")
    return signs(text, fact, Name("名称", fact, "registry", ""), "organisation")


def test_signs_name_the_words_the_element_and_what_it_speaks_of():
    found = of_firm("饭店名称")
    assert {"x 饭店", "o organisation 饭店", "e organisation_name ", "l |饭", "l 称|"} <= set(found)
    assert not any(sign.startswith("r ") for sign in found)
    guardian = Fact("resident_name", "guardian")
    assert "r resident_name guardian" in signs("监护人", guardian, Name("姓名", guardian, "registry", ""), "resident")


def test_a_sign_stands_once_however_often_the_words_have_it():
    found = of_firm("名称名称名称")
    assert len(found) == len(set(found))


def test_the_numbering_of_a_header_is_no_sign():
    assert of_firm("3. 饭店名称：") == of_firm("饭店名称")


def test_brackets_years_and_two_things_in_one_header_are_signs():
    more = {one for one in of_firm("2005年饭店名称及地址（汉字）") if one not in of_firm("饭店名称")}
    assert {"i", "i 汉字", "j", "j organisation", "y"} <= more
    assert "u 万元" in of_firm("饭店名称（万元）")
    assert "i" not in of_firm("饭店名称（万元）")


def judged(sign: str, right: bool):
    """A field of which nothing but one sign tells whether its candidate is right."""
    return SimpleNamespace(figures=[1.0] + [0.0] * (len(DOUBTS) - 1), signs=[sign], right=right, worth=3.0)


def test_training_learns_which_words_leave_a_name_what_it_is():
    fields = (
        [judged("x 饭店", True)] * 200 + [judged("x 危险废物", False)] * 200 + [judged("x 罕见", True)] * (OFTEN - 1)
    )
    doubts, wording = trust_of(fields)
    assert wording["x 饭店"] > 0.5 > 0 > -0.5 > wording["x 危险废物"]
    assert "x 罕见" not in wording
    assert trust_of(fields)[1] == wording
    assert list(trust_of(fields)[0]) == list(doubts)


def test_signs_move_how_far_a_candidate_is_trusted():
    model = replace(load_model(Settings.load().schemas), wording={"x 饭店": 2.0, "x 危险废物": -2.0})
    figures = [0.0] * len(DOUBTS)
    assert model.trust(figures, ["x 危险废物"]) < model.trust(figures, []) == model.trust(figures, ["x 没见过"])
    assert model.trust(figures, ["x 饭店"]) > 0.8


def test_the_shipped_model_says_only_what_training_taught():
    model = load_model(Settings.load().schemas)
    assert len(model.wording) > 1_000
    assert all(sign.partition(" ")[0] in set("elrxobmijuy") for sign in model.wording)
    assert all(weight and abs(weight) < 5 for weight in model.wording.values())
