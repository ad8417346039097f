"""Whom a section or a header speaks of: the subject of the form, his spouse, another firm, one of its employees."""

from __future__ import annotations

import pytest

from yibiao.matching.evidence import candidates
from yibiao.matching.fields import FormField
from yibiao.matching.implied import implied_roles
from yibiao.matching.lexicon import Fact
from yibiao.matching.normalise import label, reduced, without_blanks
from yibiao.matching.roles import is_stranger, readings
from yibiao.matching.setting import entities_of, setting_of, subject_of
from yibiao.matching.subjects import otherwise, titled_subject
from yibiao.matching.words import why_skipped

NAME = Fact("resident_name")
FIRM = Fact("organisation_name")
PLACE = Fact("registered_address")
BUSINESS = Fact("operation_address")


def fields(*paths: str) -> list[FormField]:
    return [FormField("表", column, tuple(path.split("/"))) for column, path in enumerate(paths)]


def roles(words: str, *parents: str) -> set[str | None]:
    return {whom.role for whom in readings(words, parents)}


def test_the_man_beside_a_woman_is_her_husband():
    assert "spouse" in roles("姓名", "男方基本信息")
    assert roles("姓名", "女方基本信息") == {None}
    assert not any(whom.unknown for whom in readings("女方姓名"))


def test_other_words_for_persons():
    assert "tenant" in roles("使用者姓名")
    assert "reporter" in roles("报案人姓名")
    for word in ("被处罚人", "来访人", "患方", "会员", "认购人", "托养人"):
        assert not any(whom.unknown for whom in readings(f"{word}联系电话")), word


def test_a_relative_is_named_by_the_last_words_of_a_long_header():
    assert "member" in roles("姓名", "夫妇曾经生育子女情况")
    assert "legal_representative" not in roles("姓名", "上级主管部门派驻负责人")


def test_a_word_for_the_person_of_the_row_alone_asks_his_name():
    assert "姓名" in {whom.rest for whom in readings("患者", ("患者信息",))}
    assert "姓名" not in {whom.rest for whom in readings("老人", ())}


def test_the_innermost_person_counts():
    assert "legal_representative" not in roles("姓名", "负责人信息", "消防安全责任人")
    assert "legal_representative" in roles("姓名", "负责人信息", "法人代表")


def test_the_other_party_is_a_stranger():
    assert is_stranger("被信访人对象信息")
    assert is_stranger("被投诉单位")
    assert not is_stranger("被帮扶对象信息")
    assert not is_stranger("被处罚人信息")
    assert not is_stranger("救助对象信息")


def test_a_form_that_names_nobody_else_is_about_the_first_person_of_its_sections(lexicon):
    form = fields("托养人/姓名", "托养人/性别", "托养人/身份证号码", "家庭成员/姓名")
    assert subject_of(form, "入住表", lexicon) == "", "托养人 is a word for the person of the row already"
    other = fields("驾车人/姓名", "驾车人/性别", "驾车人/身份证号码")
    assert subject_of(other, "入住表", lexicon) == "驾车人"
    assert setting_of(other, "入住表", lexicon).person
    assert subject_of(fields("姓名", *("/".join(one.path) for one in other)), "入住表", lexicon) == ""
    assert subject_of(fields("见证人/姓名", "见证人/性别", "见证人/民族"), "入住表", lexicon) == ""
    assert subject_of(fields("驾车人/姓名", "驾车人/性别"), "入住表", lexicon) == ""


def test_in_a_form_of_members_they_are_whom_it_is_about(asked):
    assert NAME in asked("成员姓名", "性别", title="贫困户家庭成员信息")
    assert Fact("resident_name", "member") in asked("成员姓名", "性别", title="贫困户信息")


def test_a_form_that_names_only_the_head_goes_on_about_him(asked, lexicon):
    def facts(header: str) -> set[Fact]:
        form = fields("户主姓名", header)
        setting = setting_of(form, "家庭信息", lexicon)
        implied = implied_roles(form, setting.title, lexicon)
        return {one.fact for one in candidates(form[1], lexicon, setting, implied[1])}

    assert Fact("residence_address", "head") in facts("家庭地址")
    assert Fact("residence_address", "head") in facts("现住址")
    assert Fact("identity_document_type_code", "head") in facts("证件类型")


@pytest.mark.parametrize("title", ["医院基本信息", "学校基本信息", "实有单位"])
def test_a_title_that_names_a_kind_of_organisation_is_about_one(lexicon, title):
    shares = entities_of([], title, lexicon)
    assert max(shares, key=shares.__getitem__) == "organisation"
    person = entities_of([], "学生基本信息登记表", lexicon)
    assert max(person, key=person.__getitem__) == "resident"


def test_a_section_of_some_firm_is_about_an_organisation(lexicon):
    setting = setting_of(fields("姓名", "性别"), "登记申请表", lexicon)
    here = setting.around(fields("发布单位情况/名称")[0])["organisation"]
    assert here > 0.5 > setting.around(fields("工作单位情况/名称")[0])["organisation"]


def test_what_the_title_calls_a_firm_by_is_its_name(lexicon):
    assert titled_subject("污染源名称", "污染源基本信息") == "污染源"
    assert titled_subject("项目名称", "项目登记表") == ""
    assert titled_subject("污染源名称", "企业登记表") == ""
    assert "企业地址" in otherwise("污染源地址", "organisation", "污染源基本信息")
    shares = entities_of(fields("加油点名称"), "加油点登记", lexicon)
    assert shares["organisation"] > 0.5
    assert entities_of(fields("加油点名称"), "油品登记", lexicon)["organisation"] < 0.5


def test_the_company_beside_its_branch_is_another_one(asked):
    assert FIRM not in asked("公司名称", "分公司名称", "负责人", title="分公司登记申请书")
    assert FIRM in asked("分公司名称", "公司名称", "负责人", title="分公司登记申请书")
    assert FIRM in asked("公司名称", "法定代表人", title="公司登记申请书")


@pytest.mark.parametrize("outer", ["外国企业情况", "评价单位", "股东情况"])
def test_what_is_asked_of_another_firm_is_not_of_the_one_that_the_form_is_about(asked, outer):
    form = ("企业名称", "法定代表人", "注册地址")
    assert PLACE not in asked(f"{outer}/地址", *form, title="企业登记表")
    assert PLACE in asked("企业信息/地址", *form, title="企业登记表")


def test_capital_that_somebody_brings_in_is_no_registered_capital(asked):
    capital = Fact("registered_capital_amount")
    assert capital not in asked("出资情况/出资额（万元）", "企业名称", "法定代表人", title="企业登记表")
    assert capital in asked("基本情况/注册资本（万元）", "企业名称", "法定代表人", title="企业登记表")


def test_a_firm_in_a_form_about_persons_is_not_asked_for(asked):
    persons = ("姓名", "性别", "民族", "婚姻状况")
    assert FIRM not in asked("场所名称", *persons, title="人员登记表")
    firm = ("企业名称", "法定代表人", "注册资本")
    assert PLACE not in asked("被处罚人单位地址", *firm, title="企业登记表"), "that of his employer"
    assert PLACE in asked("单位地址", *firm, title="企业登记表")


def test_a_superior_is_no_employer_of_an_organisation(asked):
    employer = Fact("employer_name")
    assert employer not in asked("所属单位", "医院名称", title="医院基本信息")
    assert employer in asked("所属单位", "姓名", "性别", title="人员信息")


def test_below_a_firm_an_address_is_not_a_persons(asked):
    home = Fact("residence_address")
    assert home not in asked("建设单位/通讯地址", "姓名", title="登记表")
    assert home in asked("申请人/通讯地址", "姓名", title="登记表")


def test_the_telephone_of_the_legal_representative_is_not_the_firms(asked):
    found = asked("法定代表人电话", "企业名称", title="企业登记表")
    assert Fact("organisation_phone") not in found
    assert Fact("emergency_phone", "legal_representative") not in found
    contact = asked("联系人电话", "企业名称", "法定代表人", title="企业登记表")
    assert Fact("emergency_phone", "contact") not in contact
    assert Fact("mobile_phone", "contact") in contact
    assert Fact("person_in_charge_phone") in asked("法人联系电话", "法定代表人", "企业名称", title="企业登记表")
    assert Fact("person_in_charge_phone") in found


def test_a_telephone_behind_the_contact_of_a_firm_is_his(lexicon):
    def implied_for(header: str) -> float:
        form = fields("联系人", header, "企业名称", "法定代表人")
        setting = setting_of(form, "企业登记表", lexicon)
        implied = implied_roles(form, setting.title, lexicon)
        found = {one.fact: one.figures for one in candidates(form[1], lexicon, setting, implied[1])}
        return found.get(Fact("mobile_phone", "contact"), {}).get("role_implied", 0.0)

    assert implied_for("手机") == 1.0
    assert implied_for("联系电话") == 1.0


def test_whether_a_school_is_public_is_not_its_type_of_registration():
    assert otherwise("学校性质", "organisation") == []
    assert otherwise("企业性质", "organisation") == ["单位性质", "组织性质", "机构性质"]


def test_one_of_the_staff_is_not_whom_a_form_about_a_firm_is_about(asked):
    firm = ("企业名称", "法定代表人", "经营范围")
    assert Fact("job_title") not in asked("职工情况/职务", *firm, title="企业登记表")
    assert Fact("job_title") in asked("职工情况/职务", "姓名", title="人员登记表")


@pytest.mark.parametrize(
    ("header", "element"),
    [
        ("寄件信息/联系人", "emergency_contact"),
        ("曾工作的单位/名称", "organisation_name"),
        ("教育培训/学历", "education_code"),
    ],
)
def test_where_a_paper_goes_and_what_somebody_once_did_is_not_known(asked, header, element):
    assert element not in {fact.element for fact in asked(header, "姓名", "性别", title="人员登记表")}
    plain = header.rpartition("/")[2]
    title = "企业登记表" if element == "organisation_name" else "人员登记表"
    assert element in {fact.element for fact in asked(plain, "民族", title=title)}


def test_a_note_is_nobodys(asked):
    assert Fact("remark") in asked("联系人信息/备注", "姓名", title="人员登记表")
    assert Fact("remark", "contact") not in asked("联系人信息/备注", "姓名", title="人员登记表")


def test_what_is_applied_for_is_a_benefit_where_the_title_names_one(asked):
    wanted = Fact("applied_benefit_name")
    assert wanted not in asked("申请事项", "姓名", title="转移登记")
    assert wanted in asked("申请事项", "姓名", title="救助申请表")


def test_a_place_below_the_registration_is_that_of_the_registration(asked):
    assert Fact("registered_division_code") in asked("户籍所属/街道（乡镇）", "姓名", title="人员登记表")
    assert Fact("subdistrict_name") not in asked("户籍所属/街道（乡镇）", "姓名", title="人员登记表")
    assert Fact("subdistrict_name") in asked("居住地/街道（乡镇）", "姓名", title="人员登记表")


def test_the_only_place_of_an_organisation_is_the_registered_one(asked):
    assert BUSINESS not in asked("办公地址", "企业名称", title="企业登记表")
    assert PLACE in asked("办公地址", "企业名称", title="企业登记表")
    assert BUSINESS in asked("生产经营地", "营业场所", "企业名称", title="企业登记表")


def test_the_ends_of_a_time_are_named_by_the_header_above(asked):
    start, end = Fact("identity_document_start_date"), Fact("identity_document_end_date")
    found = asked("证件有效期/从", "姓名", title="人员登记表")
    assert found[start]["told"] == 1.0
    assert asked("证件有效期/到", "姓名", title="人员登记表")[end]["told"] == 1.0


def test_not_yet_makes_another_fact(asked):
    moved = Fact("hukou_move_in_date")
    assert asked("未落户时间", "姓名", title="人员登记表").get(moved, {"modifier": 1.0})["modifier"] == 1.0
    assert asked("未成年人数", "姓名", title="家庭登记表")[Fact("minor_count")]["modifier"] == 0.0


def test_spellings_that_forms_have():
    assert label("A22主要致贫原因").words == "主要致贫原因"
    assert label("姓名(英语)").words == "英文姓名"
    assert label("姓名(必填)").words == "姓名"
    assert label("死亡标识").question
    assert label("死亡标识").topic == "死亡"
    assert not label("标识").question
    assert without_blanks("性別") == "性别"
    assert reduced("法人代表联系号码") == reduced("法人代表联系电话")
    assert reduced("证件类型及号码") == reduced("证件号码")


@pytest.mark.parametrize("header", ["登录密码", "用户名", "上传日期", "条形码", "添加头像", "入党申请书", "负责人意见"])
def test_what_the_system_or_the_office_fills_in_is_no_question(header):
    assert why_skipped(header) is not None


def test_who_may_sign_is_a_question():
    assert why_skipped("有权签字人姓名") is None
    assert why_skipped("签字") is not None
