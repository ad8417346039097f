"""What the sense of a form adds to the words of a header: candidates, figures, reasons."""

from __future__ import annotations

import math

import pytest

from yibiao.matching.evidence import candidates
from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Fact
from yibiao.matching.score import _of_sense
from yibiao.matching.sense import LEAST, NOTHING, UNTOLD, Meaning
from yibiao.matching.setting import setting_of


def meaning(element: str, chance: float, role: str = "", derive: str = "") -> Meaning:
    rest = math.log((1 - chance) or 1e-9)
    return Meaning({element: math.log(chance), NOTHING if element else "sex_code": rest}, {role: 0.0}, {derive: 0.0})


@pytest.fixture
def offered(lexicon):
    """The candidates of a header below others, by the sense of its form."""

    def call(path: str, told: Meaning, title: str = "居民情况登记表") -> dict[Fact, dict[str, float]]:
        fields = [FormField("表", 0, ("姓名",)), FormField("表", 1, tuple(path.split("/")))]
        setting = setting_of(fields, title, lexicon)
        return {one.fact: one.figures for one in candidates(fields[1], lexicon, setting, None, told)}

    return call


def test_what_is_meant_is_weighed_whatever_words_it_has(offered):
    fact = Fact("education_code")
    assert fact not in offered("念书念到哪一步", UNTOLD)
    assert fact not in offered("念书念到哪一步", meaning("education_code", 0.1))
    found = offered("念书念到哪一步", meaning("education_code", 0.9))
    assert found[fact]["sense"] == pytest.approx(math.log(0.9) - LEAST)
    assert found[fact]["exact"] == 0.0


def test_an_element_that_the_registry_has_no_more_is_not_offered(offered):
    assert offered("念书念到哪一步", meaning("gone_code", 0.9)).keys() == offered("念书念到哪一步", UNTOLD).keys()


def test_only_the_element_itself_is_offered_by_its_sense_alone(offered):
    told = meaning("education_code", 0.9, derive="exists")
    assert offered("念书念到哪一步", told).keys() == offered("念书念到哪一步", UNTOLD).keys()


def test_whose_it_is_is_offered_as_words_would_have_it(offered):
    assert Fact("education_code", "mother") in offered("她念书念到哪一步", meaning("education_code", 0.9, "mother"))
    # An organisation is nobody's mother, and the legal representative of a firm has an element for his name.
    assert Fact("organisation_name", "mother") not in offered("店号", meaning("organisation_name", 0.9, "mother"))
    told = meaning("resident_name", 0.9, "legal_representative")
    assert Fact("legal_representative_name") in offered("店主是哪位", told, "个体工商户登记表")


def test_what_cannot_be_asked_there_is_not_offered(offered):
    told = meaning("registered_address", 0.9)
    assert Fact("registered_address") in offered("办事的地点", told, "企业登记表")
    assert Fact("registered_address") not in offered("监护人/办事的地点", told)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (meaning("sex_code", 0.9), "连同整张表读，问的也是它"),
        (meaning("education_code", 0.7), "连同整张表读，更像“文化程度”"),
        (meaning(NOTHING, 0.8), "连同整张表读，更像没有数据元的内容"),
        (meaning("education_code", 0.5), None),
        (UNTOLD, None),
    ],
)
def test_a_clear_sense_is_a_reason(lexicon, told, said):
    assert next(iter(_of_sense(Fact("sex_code"), told, lexicon)), None) == said
