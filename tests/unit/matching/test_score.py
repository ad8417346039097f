"""Fields of a form are scored together: names, persons, neighbours, drop-downs, units, values."""

from __future__ import annotations

import pytest

from yibiao.matching.fields import FormField
from yibiao.matching.implied import implied_roles
from yibiao.matching.lexicon import Fact
from yibiao.matching.score import score_fields
from yibiao.matching.setting import entities_of


@pytest.fixture
def ask(lexicon, model):
    def call(*paths: str, title: str = "居民信息登记表", **given):
        fields = [FormField("表", place, tuple(path.split("/")), **given) for place, path in enumerate(paths)]
        return score_fields(fields, title, lexicon, model)

    return call


@pytest.mark.parametrize(
    ("path", "fact"),
    [
        ("公民身份号码", Fact("citizen_id")),
        ("户藉地址", Fact("hukou_address")),
        ("监护人/姓名", Fact("resident_name", "guardian")),
        ("户主身份证号", Fact("citizen_id", "head")),
        ("年龄（周岁）", Fact("birth_date", None, "age")),
        ("房屋信息登记表|建筑面积（㎡）", Fact("floor_area")),
    ],
)
def test_what_is_asked_is_found(ask, model, path, fact):
    title, _, path = path.rpartition("|")
    (found,) = ask(path, title=title or "居民信息登记表")
    assert found.fact == fact
    assert found.score >= model.likely
    assert found.reasons


@pytest.mark.parametrize("path", ["股票代码", "代表作品", "骨灰安放方式", "责任书签订", "光荣牌悬挂情况"])
def test_what_no_element_says_is_not_proposed(ask, model, path):
    (found,) = ask(path)
    assert found.score < model.likely


def test_a_signature_is_skipped_and_says_why(ask):
    (found,) = ask("填表人签字")
    assert found.fact is None
    assert found.skipped == "签字盖章"


def test_the_title_decides_whose_telephone_it_is(ask):
    (person,) = ask("联系电话", title="居民信息登记表")
    (company,) = ask("联系电话", title="企业登记信息表")
    assert person.fact.element == "mobile_phone"
    assert company.fact.element == "organisation_phone"


def test_a_drop_down_speaks_for_its_code_list(ask):
    (plain,) = ask("婚姻")
    (offered,) = ask("婚姻", options=("未婚", "已婚", "丧偶", "离婚"))
    (other,) = ask("婚姻", options=("甲", "乙", "丙"))
    assert offered.fact.element == "marital_status_code"
    assert offered.score >= plain.score >= other.score


def test_whose_number_it_is_follows_from_the_name_before_it(lexicon):
    fields = [FormField("表", place, (text,)) for place, text in enumerate(("户主姓名", "身份证号", "人口数"))]
    assert implied_roles(fields, "", lexicon) == [None, "head", "head"]
    own = [FormField("表", place, (text,)) for place, text in enumerate(("姓名", "户主姓名", "身份证号"))]
    assert implied_roles(own, "", lexicon) == [None, None, None]


def test_values_that_have_another_form_speak_against_a_name(ask):
    (empty,) = ask("联系方式")
    (filled,) = ask("联系方式", values=("甲路 1 号", "乙路 2 号", "丙路 3 号"))
    assert filled.score <= empty.score


def test_values_that_do_not_fit_a_name_that_is_sure_are_told(ask):
    (filled,) = ask("出生日期", values=("1990-02-30", "1990-02-28", "13/45/1990"))
    assert filled.fact.element == "birth_date"
    assert "已填的值只有 33% 符合它的格式，请核对" in filled.reasons
    assert "有 1 个日期日历上没有，请核对" in filled.reasons
    (filled,) = ask("出生日期", values=("2023-02-29", *["1990-02-28"] * 299))
    assert {"已填的值有 99% 符合它的格式", "有 1 个日期日历上没有，请核对"} <= set(filled.reasons)


def test_what_a_form_is_about_sums_to_one(lexicon):
    about = entities_of([FormField("表", 0, ("统一社会信用代码",))], "企业信息", lexicon)
    assert sum(about.values()) == pytest.approx(1.0)
    assert max(about, key=about.get) == "organisation"


def test_equal_input_gives_equal_scores(ask):
    paths = ("姓名", "性别", "监护人/姓名", "走访情况", "户籍地", "电话")
    assert ask(*paths) == ask(*paths)
