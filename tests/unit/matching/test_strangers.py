"""Things, firms and other persons beside the one whom a form is about."""

from __future__ import annotations

import pytest

from yibiao.matching.fields import FormField
from yibiao.matching.implied import implied_roles
from yibiao.matching.lexicon import Fact
from yibiao.matching.roles import is_titled, readings
from yibiao.matching.score import no_question


def fields(*paths: str) -> list[FormField]:
    return [FormField("表", column, tuple(path.split("/"))) for column, path in enumerate(paths)]


def test_the_name_below_a_thing_is_no_name_of_an_organisation(asked):
    name = Fact("organisation_name")
    assert name not in asked("涉及作品/名称", "企业名称", title="企业登记表")
    assert name in asked("申请单位/名称", "法定代表人", title="企业登记表")


def test_the_telephone_of_somebody_in_a_form_about_an_organisation_is_not_of_its_row(asked):
    phone = Fact("mobile_phone")
    stranger = asked("安全管理员联系电话", "企业名称", "法定代表人", title="企业登记表").get(phone, {})
    assert stranger.get("exact", 0.0) == 0.0
    assert asked("养犬人联系电话", "姓名", title="居民登记表")[phone]["exact"] == 1.0


def test_a_firm_in_a_form_about_persons_is_a_guest(asked):
    place = Fact("organisation_name")
    scope = Fact("scope_of_business")
    assert asked("经营范围", "姓名", "性别", "民族", "婚姻状况", title="人员登记表")[scope]["guest"] == 1.0
    assert asked("场所名称", "法定代表人", title="企业登记表")[place]["guest"] == 0.0


def test_somebody_whom_the_title_names_is_the_person_of_the_row(asked):
    name = Fact("resident_name")
    assert asked("养犬人姓名", "性别", title="养犬登记")[name]["unknown"] == 0.0
    assert asked("养犬人姓名", "性别", title="登记表")[name]["unknown"] == 1.0
    assert not is_titled("人", "人员登记")


def test_after_the_person_of_the_row_another_one_may_be_named():
    assert "guardian" in {whom.role for whom in readings("学生家长联系方式")}
    assert "spouse" in {whom.role for whom in readings("申请人配偶姓名")}
    assert {whom.role for whom in readings("学生联系方式")} == {None}


def test_in_one_section_what_follows_the_head_is_his(lexicon):
    form = fields("基本信息/户主姓名", "基本信息/联系方式", "补助信息/联系方式")
    assert implied_roles(form, "搬迁补助登记", lexicon) == [None, "head", None]


def test_an_organisation_is_called_by_what_it_does_but_not_another_ones_servant(asked):
    name = Fact("organisation_name")
    assert name in asked("开发企业名称", "法定代表人", title="企业登记表")
    servant = asked("安全评价机构名称", "法定代表人", title="企业登记表").get(name, {})
    assert servant.get("exact_subject", 0.0) == 0.0


def test_a_placement_is_a_veterans_only_where_one_is_spoken_of(asked):
    placement = Fact("veteran_placement")
    assert placement in asked("安置方式", "姓名", title="退役军人登记表")
    assert asked("安置方式", "姓名", title="易地搬迁登记").get(placement, {}).get("exact", 0.0) == 0.0


@pytest.mark.parametrize("header", ["登记人姓名", "班主任意见", "学工部意见"])
def test_clerks_and_what_they_think_are_no_questions(header):
    assert no_question(fields(header)[0]) is not None
