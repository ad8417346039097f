"""What is like a known name: its last words, what stands before them, the same question in two sections."""

from __future__ import annotations

import pytest

from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Fact, Learned, Lexicon
from yibiao.matching.model import DOUBTS
from yibiao.matching.normalise import label, reduced
from yibiao.matching.score import Concept, Taken, concept_of, doubts, rank
from yibiao.matching.setting import setting_of
from yibiao.matching.words import why_skipped

LICENCE = Fact("licence_number")


def test_known_last_words_are_found_and_the_title_says_what_stands_before_them(asked):
    named = asked("狩猎许可证编号", title="狩猎许可证申请表")[LICENCE]
    assert (named["ends_known"], named["rest_told"]) == (1.0, 1.0)
    elsewhere = asked("狩猎许可证编号", title="林业单位基本信息")[LICENCE]
    assert (elsewhere["ends_known"], elsewhere["rest_told"]) == (1.0, 0.0)


def test_a_name_as_it_stands_is_no_end_of_a_longer_one(asked):
    assert asked("许可证编号", title="狩猎许可证申请表")[LICENCE].get("ends_known", 0.0) == 0.0


def test_a_question_is_about_the_thing_whatever_somebody_does_with_it(asked):
    assert label("是否享受低保").topics == ("享受低保", "是否低保", "低保")
    assert label("是否低保").topics == ("低保",)
    assert Fact("residence_permit_number", None, "exists") in asked("是否办理居住证", "姓名", title="人员信息登记表")


def test_a_relation_below_the_guardian_is_his_to_the_person_of_the_row(asked):
    found = asked("第一法定监护人/关系", "姓名", title="幼儿信息登记表")[Fact("guardian_relation")]
    assert (found["by_path"], found["whole"]) == (1.0, 1.0)
    elsewhere = asked("配偶/关系", "姓名", title="幼儿信息登记表")
    assert elsewhere.get(Fact("guardian_relation"), {}).get("whole", 0.0) < 1.0
    assert all(fact.role is None for fact in elsewhere if fact.element == "guardian_relation")


def test_a_dwelling_that_was_given_away_is_not_that_of_the_row(asked):
    title = "公租房租赁补贴申请表"
    assert Fact("floor_area") not in asked("5年内家庭住房变更情况/建筑面积", "姓名", title=title)
    assert Fact("floor_area") in asked("家庭现住房情况/建筑面积", "姓名", title=title)


def test_the_right_to_land_is_not_measured_within_walls(asked):
    title = "国有土地使用权转让表"
    assert Fact("interior_area") not in asked("土地使用权证信息/使用权面积", title=title)
    assert Fact("interior_area") in asked("房屋信息/使用面积", title=title)


@pytest.mark.parametrize("words", ["最后修改人", "建档人", "注销人", "契税减免申报表号"])
def test_who_keeps_the_file_is_no_question(words):
    assert why_skipped(words)


@pytest.mark.parametrize("words", ["建档日期", "注销日期", "申请表"])
def test_when_a_file_was_opened_or_closed_is_one(words):
    assert why_skipped(words) is None


def test_labelled_forms_vote_by_usual_words_as_well(schemas):
    asks = Fact("identity_document_type_code")
    lexicon = Lexicon(schemas, [Learned("持有证件种类", asks, 3), Learned("持有证件类别", Fact(None), 1)])
    votes = lexicon.votes_alike[reduced("持有证件类型")]
    assert votes == {("identity_document_type_code", None): 3, (None, None): 1}


def test_what_no_element_says_is_told_from_what_is_only_called_alike(schemas):
    lexicon = Lexicon(schemas, [Learned("观测站类别", Fact(None), 1)])
    assert concept_of(FormField("表", 0, ("观测站类别",)), lexicon) == Concept(1.0, True, True)
    assert concept_of(FormField("表", 0, ("观测站种类",)), lexicon) == Concept(1.0, False, True)


def test_the_same_question_in_two_sections_is_no_duplicate(lexicon, model):
    form = [FormField("表", 0, ("房屋所有权证", "证号")), FormField("表", 1, ("不动产权证", "证号"))]
    found = rank(form[1], lexicon, setting_of(form, "房屋情况", lexicon), model)
    fact, logit = found[0][0].fact, found[0][1]

    def figures(better: FormField) -> tuple[float, float]:
        taken = Taken()
        taken.take(better, fact, logit + 3.0)
        told = dict(zip(DOUBTS, doubts(found, form[1], taken, concept_of(form[1], lexicon)), strict=True))
        return told["duplicate"], told["twin"]

    assert figures(form[0]) == (0.0, 1.0)
    assert figures(form[1]) == (1.0, 0.0)


@pytest.mark.parametrize("writer", ["建议人资料登记", "来信人信息", "留言人"])
def test_who_writes_a_letter_reports_what_it_is_about(asked, writer):
    found = asked(f"{writer}/手机号码", f"{writer}/姓名", "信息内容", title="来信登记")
    assert found[Fact("mobile_phone", "reporter")]["whole"] == 1.0


def test_who_owns_a_house_is_asked_for_by_name(asked):
    found = asked("房屋所有权人", "产别", title="房屋调查表")
    assert found[Fact("resident_name", "owner")]["whole"] == 1.0
