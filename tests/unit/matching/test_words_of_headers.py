"""What a header says: spelling set aside, whom it speaks of, what is no question."""

from __future__ import annotations

import pytest

from yibiao.credit_code import is_credit_code
from yibiao.matching.alike import alike_in_sound, likeness, one_slip
from yibiao.matching.fingerprint import is_citizen_number, share
from yibiao.matching.normalise import key, label, reduced, tidy, words_of
from yibiao.matching.roles import readings, word_of
from yibiao.matching.subjects import otherwise
from yibiao.matching.words import why_skipped


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("姓  名", "姓名"),
        ("*身份证号：", "身份证号"),
        ("３、联系电话", "联系电话"),
        ("（一）户籍地址", "户籍地址"),
        ("建筑面积（㎡）", "建筑面积"),
        ("是否党员 □是 □否", "是否党员"),
        ("(村)社区", "社区"),
    ],
)
def test_spelling_is_set_aside(text, words):
    assert label(text).words == words


@pytest.mark.parametrize(
    ("text", "unit"),
    [("耕地面积（亩）", "亩"), ("注册资本(万元)", "万元"), ("住所（经营场所）", ""), ("身高(cm)", "cm")],
)
def test_a_unit_in_brackets_is_told_from_other_words(text, unit):
    assert label(text).unit == unit


def test_parts_of_a_header_are_looked_up_as_well():
    assert "统一社会信用代码" in label("统一社会信用代码/注册号").forms
    assert "经营场所" in label("住所（经营场所）").forms
    assert "残疾人" in label("是否残疾人").forms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("死亡时间", "死亡日期"),
        ("户籍所在地", "户籍地址"),
        ("现居住地址", "居住地址"),
        ("生前工作单位", "工作单位"),
        ("处置期限", "处置时限"),
        ("居住事由", "居住原因"),
        ("毕业院校", "毕业学校"),
        ("学习年级", "在读年级"),
        ("有效身份证件类别", "证照类型"),
        ("证件签发机构", "证件发证机关"),
        ("享受开始时间", "享受起始日期"),
        ("证件有效期至", "证件有效期截止日期"),
        ("承办部门", "承办单位"),
        ("子女人数", "子女数"),
        ("领取形式", "领取方式"),
        ("教育水平", "教育程度"),
        ("核查人员", "核查人"),
        ("健康档案标识码", "健康档案编号"),
    ],
)
def test_usual_words_for_each_other_are_one(one, other):
    assert reduced(key(one)) == reduced(key(other))


@pytest.mark.parametrize(
    ("words", "entity", "usual"),
    [
        ("矛盾纠纷名称", "event", "事件名称"),
        ("个体工商户名称", "organisation", "企业名称"),
        ("农房结构", "dwelling", "房屋结构"),
        ("津贴标准", "benefit", "补贴标准"),
    ],
)
def test_a_form_may_call_its_subject_otherwise(words, entity, usual):
    assert usual in otherwise(words, entity)


@pytest.mark.parametrize(
    ("words", "entity"), [("纠纷名称", "resident"), ("纠纷", "event"), ("纠纷名", "event"), ("姓名", "organisation")]
)
def test_only_the_subject_of_the_form_has_other_words_and_something_must_be_asked_of_it(words, entity):
    assert otherwise(words, entity) == []


def test_words_that_mean_different_things_stay_apart():
    assert reduced(key("户籍地址")) != reduced(key("居住地址"))


@pytest.mark.parametrize(
    ("words", "parents", "role", "rest"),
    [
        ("监护人电话", (), "guardian", "电话"),
        ("姓名", ("户主",), "head", "姓名"),
        ("产权人", (), "owner", "姓名"),
        ("申请人姓名", (), None, "姓名"),
        ("身份证号码", ("监护人情况",), "guardian", "身份证号码"),
        ("出生日期", ("被评估人",), None, "出生日期"),
    ],
)
def test_a_header_says_whom_it_speaks_of(words, parents, role, rest):
    first = readings(words, parents)[0]
    assert (first.role, first.rest) == (role, rest)


def test_roles_are_shown_in_chinese():
    assert word_of("head") == "户主"
    assert word_of("guardian") == "监护人"
    assert word_of(None) is None


@pytest.mark.parametrize(
    "words",
    [
        *("序号", "填表人", "申请人签字", "审核意见", "录入时间", "照片", "身份证复印件", "审核状态"),
        *("县级卫生部门意见", "社区意见", "公安机关意见", "制定机关", "批准文号"),
    ],
)
def test_what_is_no_question_is_skipped_with_a_reason(words):
    assert why_skipped(words)


@pytest.mark.parametrize(
    "words", ["姓名", "登记机关", "经营者", "更新日期", "备注", "监护人", "申请日期", "邻居意见", "许可文号"]
)
def test_questions_are_not_skipped(words):
    assert why_skipped(words) is None


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("户藉地址", "户籍地址", True),
        ("身份证号吗", "身份证号码", True),
        ("份身证号", "身份证号", True),
        ("户籍地址", "户籍地", True),
        ("户籍地址", "居住地址", False),
        ("户籍地址", "户籍地址", False),
    ],
)
def test_one_slip_of_a_typist_is_seen(one, other, slip):
    assert one_slip(one, other) is slip


def test_characters_that_sound_alike_are_known():
    assert alike_in_sound("籍", "藉")
    assert not alike_in_sound("籍", "居")


def test_likeness_weighs_rare_characters():
    weight = {"残": 5.0, "疾": 5.0, "证": 1.0, "号": 0.5}
    assert likeness("残疾号", "残疾证号", weight, 1.0).covered > 0.9
    assert likeness("证号", "残疾证号", weight, 1.0).covered < 0.2


def test_values_are_recognised_by_their_form():
    assert is_citizen_number("999901199001010014") == is_citizen_number("999901199001010014".lower())
    assert not is_citizen_number("999901199001010000") or not is_citizen_number("999901199001010001")
    assert is_credit_code("91350100M000100Y43")
    assert not is_credit_code("91350100M000100Y44")
    days = ["2023-02-29", "2024-02-29", "2024年4月31日", "19990101", "2024.12", "2024-1-1 00:00:00", "45300", "昨天"]
    assert share(days, "date") == pytest.approx(4 / 8)
    assert share(["13800000000", "13900000000", "x"], "phone") == pytest.approx(2 / 3)
    assert share(["男", "女"], "code", frozenset({"男", "女"})) is None, "two values are too few"
    assert share(["男", "女", "未知"], "code", frozenset({"男", "女"})) == pytest.approx(2 / 3)


def test_names_of_plain_characters_are_understood_as_with_a_blank_before_them(schemas):
    """They take a shorter way; a blank, which says nothing, sends them the long one."""
    names = [name for one in schemas.elements.values() for name in (one.name, *one.aliases)]
    assert len(names) > 1000
    for name in [*names, "繫人電話", "一", "第一章"]:
        assert (tidy(name), key(name), words_of(name)) == (tidy(f" {name}"), key(f" {name}"), words_of(f" {name}"))
