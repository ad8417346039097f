"""Who and what stands in a form beside its subject: a foreign firm, the accused, lists of staff, work sought."""

from __future__ import annotations

import pytest

from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Fact
from yibiao.matching.roles import readings
from yibiao.matching.setting import entities_of, setting_of
from yibiao.matching.subjects import otherwise, titled_subject
from yibiao.matching.words import why_skipped

FIRM = ("单位名称", "统一社会信用代码", "法定代表人", "注册资本", "经营范围")


def fields(*paths: str) -> list[FormField]:
    return [FormField("表", column, tuple(path.split("/"))) for column, path in enumerate(paths)]


def test_the_other_firm_of_a_contract_is_not_that_of_the_form(asked):
    title = "企业合同备案登记表"
    assert Fact("contact_person_name") not in asked("非居民企业/联系人", *FIRM, title=title)
    assert Fact("fax_number") not in asked("对方企业/传真", *FIRM, title=title)
    assert Fact("contact_person_name") in asked("申请企业/联系人", *FIRM, title=title)


def test_whoever_withholds_a_tax_is_the_organisation_itself(asked):
    title = "企业所得税合同备案登记表"
    found = asked("扣缴义务人/地址", *FIRM, title=title)
    assert Fact("registered_address") in found
    assert Fact("residence_address") not in found
    assert Fact("postal_code") in asked("扣缴义务人/邮编", *FIRM, title=title)
    assert asked("扣缴义务人/中文名称", *FIRM, title=title)[Fact("organisation_name")]["outer_strange"] == 0.0
    assert "企业名称" in otherwise("纳税人名称", "organisation")


def test_a_list_of_staff_is_not_of_the_person_of_the_row(asked):
    title = "设立培训单位申请"
    assert Fact("resident_name") not in asked("保安专业师资人员名单/姓名", *FIRM, title=title)
    assert Fact("education_code") not in asked("教师花名册/学历", *FIRM, title=title)


def test_what_an_organisation_does_is_not_what_the_form_calls_it():
    assert titled_subject("培训规模", "设立保安培训单位申请") == ""
    assert titled_subject("污染源规模", "污染源基本信息") == "污染源"


def test_the_detailed_name_is_a_name():
    assert "企业详细名称" in otherwise("排污企业详细名称", "organisation") or "单位详细名称" in otherwise(
        "排污企业详细名称", "organisation"
    )


def test_the_head_of_something_else_is_not_the_legal_representative(asked):
    found = asked("安全生产负责人/姓名", "安全生产管理规章制度", title="安全生产")
    assert Fact("safety_manager_name") in found
    assert Fact("legal_representative_name") not in found


def test_who_has_certificates_is_no_name(asked):
    assert Fact("safety_manager_name") not in asked("安全管理人员持证情况", *FIRM, title="企业信息")


def test_work_that_is_sought_is_not_work_that_somebody_has(asked):
    people = ("姓名", "性别", "身份证号")
    assert Fact("employment_date") not in asked("求职意向/到岗时间", *people, title="残疾人求职登记表")
    assert Fact("employment_date") in asked("工作情况/到岗时间", *people, title="残疾人求职登记表")


def test_what_is_only_like_the_name_of_a_day_has_to_ask_for_one(asked):
    people = ("姓名", "性别", "身份证号")
    assert Fact("retirement_date") not in asked("离退休", *people, title="人员登记表")
    assert Fact("retirement_date") in asked("离退休时间", *people, title="人员登记表")


def test_what_is_applied_for_is_a_benefit_only_where_the_title_speaks_of_one(asked):
    people = ("姓名", "性别", "身份证号")
    assert Fact("applied_benefit_name") not in asked("申请类型", *people, title="再生育申请")
    assert Fact("applied_benefit_name") in asked("申请类型", *people, title="残疾人补贴申请")


def test_the_telephone_of_a_form_about_a_firm_is_the_firms(asked):
    assert Fact("organisation_phone") in asked("固定电话", *FIRM, title="企业登记表")
    assert Fact("landline_phone") not in asked("固定电话", *FIRM, title="企业登记表")
    assert Fact("landline_phone") in asked("固定电话", "姓名", "性别", title="人员登记表")


def test_the_accused_is_the_other_party_and_a_sick_child_the_row(asked):
    assert "respondent" in {whom.role for whom in readings("姓名", ("被告人概况",))}
    assert ("guardian", "姓名") in {(whom.role, whom.rest) for whom in readings("患儿家长姓名")}


def test_the_first_check_is_another_fact_than_the_last(asked):
    assert asked("初检孕周", "姓名", title="孕产妇登记表")[Fact("pregnancy_state")]["modifier"] == 1.0


def test_accidents_are_events_and_a_section_of_a_case_speaks_of_one(lexicon):
    entities = entities_of(fields("公司名称"), "安全生产事故信息", lexicon)
    assert max(entities, key=lambda one: entities[one]) == "event"
    form = fields("案件描述/案件分类", "姓名", "性别")
    around = setting_of(form, "群众预约援助申请", lexicon).around(form[0])
    assert max(around, key=lambda one: around[one]) == "event"


@pytest.mark.parametrize("words", ["填卡人", "填卡日期", "填报机构", "信息采集人", "上报状态", "指纹"])
def test_who_fills_in_a_card_is_no_question(words):
    assert why_skipped(words)


def test_papers_that_are_handed_in_are_no_questions_and_a_diagnosis_is_one():
    assert why_skipped("申请人身份证", outer="上传材料")
    assert not why_skipped("申请人身份证", outer="申请人信息")
    assert not why_skipped("申请人姓名", outer="申请材料")
    assert not why_skipped("初步诊断意见及病例处理意见")
    assert why_skipped("科室处理意见")


def test_a_question_asks_whether_and_not_who_or_where(asked):
    people = ("姓名", "性别", "身份证号")
    assert Fact("emergency_contact") not in asked("是否紧急联系人", *people, title="人员登记表")
    assert Fact("residence_address") not in asked("有无住所", *people, title="人员登记表")


def test_the_rank_of_a_soldier_is_not_that_of_his_discharge(asked):
    assert Fact("discharge_rank") not in asked("现军衔", "姓名", title="退役军人登记表")
    assert Fact("discharge_rank") in asked("退役时军衔", "姓名", title="退役军人登记表")


def test_whether_a_school_is_public_is_not_how_it_is_registered():
    assert otherwise("学校性质", "organisation", "学校信息") == []
    assert "单位类型" in otherwise("学校类型", "organisation", "学校信息")
