"""What annexes of notices have and software has not: item codes, two facts in a cell, totals, blocks for others."""

from __future__ import annotations

import pytest

from yibiao.matching.evidence import candidates
from yibiao.matching.fields import FormField
from yibiao.matching.implied import implied_roles
from yibiao.matching.lexicon import Fact
from yibiao.matching.normalise import label, tidy
from yibiao.matching.roles import family_of_stranger, readings, section_words
from yibiao.matching.score import Taken
from yibiao.matching.setting import setting_of, subject_of
from yibiao.matching.words import why_skipped

PERSON = ("姓名", "性别", "出生日期", "公民身份号码")
FIRM = ("单位名称", "统一社会信用代码", "法定代表人", "注册资本", "经营范围")


def fields(*paths: str) -> list[FormField]:
    return [FormField("表", column, tuple(path.split("/"))) for column, path in enumerate(paths)]


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("A17a工资性收入", "工资性收入"),
        ("R18.主要生活来源", "主要生活来源"),
        ("A.2.1姓名", "姓名"),
        ("2.1姓名", "姓名"),
        ("3.5米宽", "3.5米宽"),
        ("B超检查", "B超检查"),
    ],
)
def test_the_number_of_an_item_is_no_word_of_it(printed: str, words: str) -> None:
    assert tidy(printed) == words


def test_a_total_is_also_what_it_counts() -> None:
    assert "家庭人口" in label("家庭人口合计").forms
    assert "机动车辆" in label("本家庭拥有机动车辆共计（辆）").forms
    assert label("合计").forms == ("合计",)


@pytest.mark.parametrize("printed", ["享受低保", "参加新型农村合作医疗", "参加城乡居民基本养老保险"])
def test_yes_or_no_is_also_asked_without_its_words(printed: str) -> None:
    assert label(printed).question
    assert not label("参加工作时间").question
    assert not label("享受低保人口合计").question


def test_a_cell_that_asks_two_things_is_told(asked) -> None:
    two = asked("工作单位及联系电话", *PERSON, title="居民登记表")
    assert two[Fact("employer_name")]["two_facts"] == 1.0
    one = asked("法定代表人／负责人", *FIRM, title="企业登记表")
    assert one[Fact("legal_representative_name")]["two_facts"] == 0.0


def test_a_name_with_a_seal_is_asked_and_a_seal_is_not() -> None:
    assert why_skipped("单位名称", "单位名称（盖章）") is None
    assert why_skipped("填报单位", "填报单位（盖章）")
    assert all(map(why_skipped, ("初审", "评估机构确认", "建卡人", "身份证正面")))


def test_a_sum_below_something_is_the_whole_of_it() -> None:
    assert why_skipped("合计")
    assert why_skipped("合计", "合计", "养老金构成") is None


def test_of_whom_to_call_only_name_and_telephone_are_known(asked) -> None:
    assert Fact("emergency_phone") in asked("紧急联系人（非家庭成员）/联系电话", *PERSON, title="居民登记表")
    assert Fact("sex_code", "contact") not in asked("紧急联系人（非家庭成员）/性别", *PERSON, title="居民登记表")


def test_the_family_of_a_stranger_is_not_that_of_the_row(asked) -> None:
    assert family_of_stranger("其他赡养义务人家庭信息")
    assert not family_of_stranger("申请人家庭信息")
    found = asked("其他赡养义务人家庭信息/家庭人数", *PERSON, title="低保家庭核查表")
    assert Fact("household_member_count") not in found


def test_of_an_employer_only_the_name_is_known(asked) -> None:
    title = "职业病诊断登记表"
    named = asked("用人单位/名称", *PERSON, title=title)
    assert Fact("employer_name") in named
    assert Fact("organisation_name") not in named
    assert Fact("organisation_code") not in asked("用人单位/机构代码", *PERSON, title=title)
    assert Fact("organisation_name") in asked("用人单位/名称", *FIRM, title="企业用工备案表")


def test_where_another_institution_is_says_nothing_of_the_person(asked) -> None:
    assert Fact("residence_address") not in asked("司法鉴定机构/地址", *PERSON, title="司法鉴定委托书")
    assert Fact("residence_address") in asked("住址", *PERSON, title="司法鉴定委托书")


def test_who_sits_on_a_committee_is_no_member_of_a_family() -> None:
    assert all(whom.role != "member" for whom in readings("姓名", ("筹备组成员基本情况",)))
    assert readings("姓名", ("家庭主要成员",))[0].role == "member"
    assert readings("姓名", ("主要社会关系",))[0].role == "relative"
    assert readings("姓名", ("投诉人",))[0].role == "reporter"


def test_the_cell_above_may_be_the_name_itself() -> None:
    assert section_words("义务人姓名（名称）") == "义务人"


def test_a_section_goes_on_about_the_head_that_it_names(lexicon) -> None:
    form = fields("申请书/姓名", "申请书/电话", "现场鉴定表/户主姓名", "现场鉴定表/身份证号码")
    assert implied_roles(form, "危房改造", lexicon) == [None, None, None, "head"]
    flat = fields("姓名", "户主姓名", "身份证号码")
    assert implied_roles(flat, "登记表", lexicon) == [None, None, None]


def test_the_age_of_trees_is_nobodys(asked) -> None:
    rest = ("伐区情况/林班", "伐区情况/树种", "采伐数量/蓄积")
    assert Fact("birth_date", None, "age") not in asked("伐区情况/年龄", *rest, title="林木采伐申请书")
    assert Fact("birth_date", None, "age") in asked("年龄", "林班", title="居民登记表")


def test_a_name_in_other_letters_is_another_name(asked) -> None:
    assert Fact("organisation_name") not in asked("饭店名称（英文）", *FIRM, title="饭店星级申请表")
    assert Fact("organisation_name") in asked("饭店名称", *FIRM, title="饭店星级申请表")


def test_whom_only_a_section_names_may_be_what_the_form_is_about(lexicon) -> None:
    form = fields("取水权人基本信息/单位性质", "取水权人基本信息/行业类别", "取水权人基本信息/法定代表人", "取水量")
    assert subject_of(form, "水权台账", lexicon) == "取水权人"
    assert "取水权人" in setting_of(form, "水权台账", lexicon).title


def test_a_phrase_asks_what_stands_around_it(asked) -> None:
    assert Fact("application_cause") in asked("申请采伐理由", *PERSON, title="林木采伐申请")
    assert Fact("event_address") in asked("盗窃发生地点", "报警内容", title="报警登记表")


def test_how_much_of_a_section_is_known_says_how_far_to_trust_it() -> None:
    taken = Taken()
    known, strange, alone = fields("甲/一", "乙/二", "三")
    for _ in range(5):
        taken.take(known, Fact("citizen_id"), 6.0)
        taken.take(strange, Fact(None), -6.0)
    taken.take(alone, Fact(None), 0.0)
    assert taken.known(("甲",), 6.0) > 0.75 > 0.25 > taken.known(("乙",), -6.0)
    assert taken.known((), 0.0) == 0.5


def test_members_of_a_body_are_strangers_even_if_the_title_names_them(asked):
    title = "申请成立工会的单位有关情况和筹备组成员基本情况"
    for outer in ("筹备组成员基本情况", "业主委员会成员", "考察小组人员名单", "团队主要人员/护士"):
        assert Fact("resident_name") not in asked(f"{outer}/姓名", "单位名称", title=title)
        assert Fact("resident_name", "owner") not in asked(f"{outer}/姓名", "单位名称", title=title)
    assert Fact("resident_name", "member") in asked("家庭成员/姓名", "户主姓名", title="家庭情况登记表")


def test_the_unit_that_a_form_about_persons_alone_speaks_of_is_the_employer(asked):
    title = "工伤保险待遇申请表"
    assert Fact("employer_name") in asked("单位信息/单位名称", *PERSON, title=title)
    assert Fact("organisation_phone") not in asked("单位信息/联系电话", *PERSON, title=title)
    assert Fact("organisation_name") in asked("单位信息/单位名称", "法定代表人", "注册资本", "行业", title="企业登记表")


def test_the_account_of_a_firm_is_no_account_that_a_benefit_is_paid_to(asked):
    firm = ("企业名称", "法定代表人", "注册资本", "行业")
    assert Fact("bank_name") not in asked("开户银行", *firm, title="稳岗补贴申请表")
    assert Fact("bank_name") in asked("开户银行", *PERSON, title="临时救助申请表")


def test_whom_somebody_leaves_and_who_heads_a_kindergarten_have_a_role(asked):
    assert Fact("resident_name", "relative") in asked("遗属/姓名", *PERSON, title="抚恤金申请表")
    firm = ("幼儿园名称", "办园许可证编号", "注册地址")
    assert Fact("legal_representative_name") in asked("园长/姓名", *firm, title="幼儿园登记表")


def test_a_unit_is_shown_as_it_is_printed(lexicon):
    form = fields("建筑面积（㎡）", "房屋地址")
    setting = setting_of(form, "房屋登记表", lexicon)
    reasons = [reason for one in candidates(form[0], lexicon, setting) for reason in one.reasons]
    assert "单位是㎡" in reasons
