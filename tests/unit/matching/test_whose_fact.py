"""Whose fact a header asks that does not say so: by what was named before it, by its section, by the form."""

from __future__ import annotations

import pytest

from yibiao.matching.evidence import candidates
from yibiao.matching.fields import FormField
from yibiao.matching.implied import implied_roles
from yibiao.matching.lexicon import Fact
from yibiao.matching.normalise import label
from yibiao.matching.roles import is_stranger, readings, role_at_end
from yibiao.matching.setting import setting_of


def fields(*paths: str) -> list[FormField]:
    return [FormField("表", column, tuple(path.split("/"))) for column, path in enumerate(paths)]


def test_until_the_person_of_the_row_is_named_fields_are_of_the_one_named_before(lexicon):
    form = fields("母亲姓名", "年龄", "身份证号", "儿童姓名", "性别")
    assert implied_roles(form, "母子健康手册", lexicon) == [None, "mother", "mother", None, None]
    form = fields("姓名", "性别", "母亲姓名", "年龄")
    assert implied_roles(form, "学生登记表", lexicon) == [None] * 4


def test_sections_go_on_about_the_only_person_that_a_form_names(lexicon):
    form = fields("业主姓名", "户籍信息/身份证号码", "联系方式/电话号码", "车位信息/电话号码")
    assert implied_roles(form, "小区业主登记表", lexicon) == [None, "owner", "owner", "owner"]
    assert implied_roles(form, "清册", lexicon) == [None, "owner", "owner", None]


def test_what_stands_right_behind_a_legal_representative_is_his_in_any_form(lexicon):
    form = fields("当事人姓名", "性别", "法定代表人", "职务", "违法地点")
    assert implied_roles(form, "处罚决定书", lexicon) == [None, None, None, "legal_representative", None]
    setting = setting_of(form, "处罚决定书", lexicon)
    found = {one.fact for one in candidates(form[3], lexicon, setting, "legal_representative")}
    assert Fact("job_title", "legal_representative") in found
    number = fields("姓名", "法定代表人", "身份证号")
    both = setting_of(number, "登记表", lexicon)
    found = {one.fact for one in candidates(number[2], lexicon, both, "legal_representative")}
    assert Fact("citizen_id", "legal_representative") not in found, "it may be the number of either"


def test_whoever_applies_by_a_name_with_a_seal_is_no_person(lexicon):
    form = fields("申请人名称（公章）", "联系人", "固定电话", "手机")
    setting = setting_of(form, "新产品申请表", lexicon)
    assert not setting.person
    assert implied_roles(form, setting.title, lexicon) == [None, None, "contact", "contact"]


@pytest.mark.parametrize(
    ("title", "role"),
    [
        *(("不动产权利人", "owner"), ("搬迁安置户主信息登记表", "head"), ("小区业主登记册", "owner")),
        *(("居民登记表", None), ("房屋信息表", None), ("枪支使用人登记表", None), ("车辆所有权人登记表", None)),
        *(("专利权利人信息", None), ("安全生产负责人登记表", None), ("事业单位法人登记表", None)),
    ],
)
def test_a_title_may_end_with_whom_the_form_is_about(title, role):
    assert role_at_end(title) == role


def test_a_form_that_names_nobody_is_an_organisations(lexicon):
    bare = setting_of(fields("单位名称", "联系人姓名", "联系电话", "电子邮箱"), "先进集体推荐表", lexicon)
    assert bare.main == "organisation"
    taught = setting_of(fields("法人代表", "联系人", "授课教师情况/姓名", "培训人数"), "培训开班审核登记表", lexicon)
    assert taught.main == "organisation"
    of_person = setting_of(fields("单位名称", "姓名", "联系电话", "电子邮箱"), "先进工作者推荐表", lexicon)
    assert of_person.main == "resident"
    of_disabled = setting_of(fields("残疾证号", "残疾等级", "联系人", "联系电话"), "残疾人补贴申请", lexicon)
    assert of_disabled.main != "organisation"
    of_family = setting_of(fields("联系人", "联系电话", "家庭人口", "家庭地址"), "家庭登记表", lexicon)
    assert of_family.main == "household"
    of_house = setting_of(fields("户主姓名", "联系电话", "房屋结构"), "登记表", lexicon)
    assert of_house.main != "organisation"


def test_how_a_body_is_reached_is_not_how_the_person_is(asked):
    person = ("姓名", "身份证号")
    for path in ("用人单位/邮编", "毕业学校/邮政编码", "单位邮编"):
        assert Fact("postal_code") not in asked(path, *person, title="职业病鉴定申请书")
    assert Fact("postal_code") in asked("邮政编码", *person, title="职业病鉴定申请书")
    assert Fact("organisation_phone") not in asked("单位电话", *person, title="劳动能力鉴定表")
    assert Fact("organisation_phone") in asked("单位电话", "企业名称", "法定代表人", title="企业登记表")


def test_husband_and_wife_have_sections_of_one_character():
    assert {whom.role for whom in readings("姓名", ["夫"])} == {"spouse"}
    assert {whom.role for whom in readings("姓名", ["妻"])} == {None}
    assert {whom.role for whom in readings("照片", ["夫妻"])} == {None}


@pytest.mark.parametrize("section", ["自然人", "残疾人员信息", "留守儿童", "社区矫正人员"])
def test_parts_of_a_register_of_persons_are_about_them(section):
    assert not is_stranger(section)
    assert is_stranger("食品安全管理人员")


@pytest.mark.parametrize(
    ("sentence", "header"),
    [
        ("您家现在住房的主要结构是", "家庭住房结构"),
        ("家庭月收入是多少", "家庭月收入"),
        ("8、您家的自有住房有几处", "自有住房数"),
        ("您的学历是", "学历"),
        ("2016年您家家庭总收入", "家庭收入"),
        ("您家有几口人", "家庭人口数"),
        ("家庭人口是多少", "家庭人口"),
        ("家庭人均年收入为多少元", "家庭人均年收入"),
        ("您的紧急联系人", "紧急联系人"),
        ("您家的常住人口", "家庭常住人口"),
        ("您来本市的目的是什么", "来本市目的"),
    ],
)
def test_a_question_is_read_in_the_words_of_a_header(sentence, header):
    assert header in label(sentence).spoken
    assert header in label(sentence).forms


@pytest.mark.parametrize("header", ["联系人", "户籍地址", "是否低保", "行业", "违法行为", "家长姓名"])
def test_a_header_is_no_sentence(header):
    assert label(header).spoken == ()


@pytest.mark.parametrize(
    ("header", "element"),
    [("民族码", "ethnicity_code"), ("房屋用途代码", "dwelling_use_code"), ("学历代码", "education_code")],
)
def test_the_code_of_a_listed_element_is_that_element(asked, header, element):
    found = asked(header, "姓名", "性别", "身份证号", title="实有人口房屋信息采集")
    assert Fact(element) in found


def test_a_telephone_behind_a_person_is_his_and_all_others_reach_the_organisation(lexicon):
    form = fields(
        "单位名称", "联系电话", "联系人", "电话", "办公电话", "法定代表人", "联系电话", "地址", "手机", "电话"
    )
    found = setting_of(form, "企业登记表", lexicon).telephones
    assert [found.get(one) for one in form] == [
        *(None, Fact("organisation_phone"), None, Fact("mobile_phone", "contact"), Fact("organisation_phone"), None),
        *(Fact("person_in_charge_phone"), None, Fact("person_in_charge_phone"), Fact("organisation_phone")),
    ]
    assert not setting_of(fields("姓名", "联系电话"), "人员登记表", lexicon).telephones


@pytest.mark.parametrize("somebody", ["填表人", "经办人", "安全员", "统计负责人", "委托代理人"])
def test_a_telephone_behind_anybody_else_is_not_the_organisations(lexicon, somebody):
    form = fields("企业名称", "统一社会信用代码", somebody, "联系电话", "地址", "联系电话")
    found = setting_of(form, "企业登记表", lexicon).telephones
    assert [found.get(one) for one in form] == [None] * 5 + [Fact("organisation_phone")]


def test_in_a_form_of_a_family_the_contact_is_who_is_to_be_called(lexicon):
    form = fields("家庭人口", "家庭年收入", "联系人", "联系电话")
    setting = setting_of(form, "家庭登记表", lexicon)
    implied = implied_roles(form, setting.title, lexicon)
    assert Fact("mobile_phone", "contact") not in {
        one.fact for one in candidates(form[3], lexicon, setting, implied[3])
    }
