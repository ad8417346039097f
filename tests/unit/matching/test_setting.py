"""What a whole form says about each of its fields: whom and what it is about, what cannot be asked where it stands."""

from __future__ import annotations

import pytest

from yibiao.matching.evidence import candidates
from yibiao.matching.fields import FormField
from yibiao.matching.implied import implied_roles
from yibiao.matching.lexicon import Fact
from yibiao.matching.normalise import key
from yibiao.matching.roles import is_stranger, readings
from yibiao.matching.setting import Setting, is_explained, setting_of
from yibiao.matching.subjects import otherwise
from yibiao.matching.words import why_skipped


def fields(*paths: str) -> list[FormField]:
    return [FormField("表", place, tuple(path.split("/"))) for place, path in enumerate(paths)]


@pytest.fixture
def asked(lexicon):
    """Facts that the first of some fields may ask, with their figures."""

    def call(*paths: str, title: str) -> dict[Fact, dict[str, float]]:
        form = fields(*paths)
        setting, implied = setting_of(form, title, lexicon), implied_roles(form, title, lexicon)
        return {one.fact: one.figures for one in candidates(form[0], lexicon, setting, implied[0])}

    return call


@pytest.mark.parametrize(
    ("title", "header"),
    [
        ("动物诊疗许可证申请表", "地址"),
        ("旅行社设立申请书", "许可业务"),
        ("印刷资质登记", "设备"),
        ("申请书", "法定代表人"),
    ],
)
def test_a_licence_or_a_legal_representative_make_a_form_about_an_organisation(lexicon, title, header):
    assert setting_of(fields(header), title, lexicon).main == "organisation"


@pytest.mark.parametrize("title", ["执业药师首次注册申请表", "失业人员登记表", "律师变更执业机构申请表"])
def test_the_licence_of_a_professional_is_about_a_person(lexicon, title):
    assert setting_of(fields("姓名", "性别"), title, lexicon).main == "resident"


def test_an_outer_header_says_what_its_fields_are_about(lexicon):
    form = fields("申请单位/地址", "姓名", "本人基本情况/地址")
    setting = setting_of(form, "居民申请表", lexicon)
    assert setting.around(form[0])["organisation"] > 0.5 > setting.around(form[1])["organisation"]
    assert setting.around(form[2])["resident"] > 0.5
    assert sum(setting.around(form[0]).values()) == pytest.approx(1.0)


def test_an_account_of_an_organisation_is_no_residents(asked):
    account = Fact("benefit_payee_account")
    assert account in asked("银行账号", "姓名", title="困难群众补贴申请表")
    assert account not in asked("银行账号", "法定代表人", title="企业基本信息登记表")


def test_beside_the_legal_representative_another_head_is_somebody_else(asked):
    legal = Fact("legal_representative_name")
    assert legal in asked("企业负责人", "企业名称", title="企业登记表")
    assert legal not in asked("企业负责人", "法定代表人", title="企业登记表")
    assert legal in asked("法定代表人", "企业负责人", title="企业登记表")


def test_what_is_asked_of_the_legal_representative_without_naming_him_again_stays_his(asked):
    number = Fact("citizen_id", "legal_representative")
    assert number in asked("法定代表人/身份证号", "单位负责人", title="企业登记表")


def test_beside_a_registered_address_one_of_business_is_another(asked):
    here, there = Fact("registered_address"), Fact("operation_address")
    assert here in asked("经营地址", "企业名称", title="企业登记表")
    both = asked("经营地址", "注册地址", title="企业登记表")
    assert there in both
    assert here not in both


def test_address_and_telephone_below_a_person_are_not_those_of_his_company(asked):
    found = asked("经营者/住所", "企业名称", title="个体工商户登记申请书")
    assert Fact("registered_address") not in found


def test_the_user_of_something_else_than_a_house_is_no_tenant(asked):
    tenant = Fact("resident_name", "tenant")
    assert tenant in asked("使用人", "房屋坐落", title="房屋登记表")
    assert tenant not in asked("枪支情况/使用人", "单位名称", title="公务用枪审批表")


def test_what_any_application_has_is_no_benefit_in_a_form_about_an_organisation(asked):
    benefit = Fact("applied_benefit_name")
    assert benefit in asked("申请事项", "姓名", title="低保救助申请表")
    assert benefit not in asked("申请事项", "法定代表人", title="道路运输经营许可申请表")


@pytest.mark.parametrize("path", ["枪支情况登记/面积", "出资情况/金额", "现持证书/职务", "质量负责人/职称"])
def test_below_a_thing_or_a_stranger_nothing_is_asked_of_the_rows_person(asked, lexicon, path):
    found = asked(path, "姓名", title="人员登记表")
    assert not [fact for fact in found if fact.role is None and lexicon.entity(fact.element) == "resident"]


def test_whom_the_title_names_is_no_stranger():
    assert is_stranger("配枪人员基本情况")
    assert not is_stranger("配枪人员基本情况", "配枪人员申请持枪证件审批登记表")


@pytest.mark.parametrize(
    ("words", "role"),
    [
        ("随行家属姓名", "relative"),
        ("参加经营的家庭成员身份证号码", "member"),
        ("申报人姓名", None),
        ("购房人姓名", None),
    ],
)
def test_words_before_a_role_tell_more_of_the_same_person(words, role):
    assert readings(key(words))[0].role == role


def test_a_bracket_says_by_a_usual_word_who_somebody_is():
    assert readings("姓名", ("设立人（负责人）",))[0].role == "legal_representative"


@pytest.mark.parametrize(
    ("text", "words"),
    [("02性别", "性别"), ("14服役部队名称", "服役部队名称"), ("60周岁以上", "60周岁以上"), ("2寸照", "2寸照")],
)
def test_numbers_before_a_header_are_numbering_unless_they_count_something(text, words):
    assert key(text) == words


def test_the_number_of_a_paper_is_a_question_that_of_the_form_none():
    assert why_skipped("编号")
    assert why_skipped("编号", "编号", "基本情况")
    assert why_skipped("编号", "编号", "生育登记服务卡编号") is None


@pytest.mark.parametrize("words", ["一寸免冠白底彩照", "现场勘查意见", "院系意见", "班级推荐意见"])
def test_pictures_and_views_by_other_words_are_no_questions(words):
    assert why_skipped(words)


@pytest.mark.parametrize(
    ("outer", "said", "explained"),
    [
        ("基本情况", "姓名", True),
        ("家庭经济情况", "家庭年收入", True),
        ("残疾情况", "残疾等级", True),
        ("单位基础信息", "组织名称", True),
        ("广告设施尺寸", "建筑面积 房屋面积", False),
    ],
)
def test_an_outer_header_is_explained_by_a_section_or_by_the_element(outer, said, explained):
    assert is_explained(outer, said) is explained


def test_a_form_about_organisations_may_call_its_kind_by_any_word_for_one():
    assert "单位名称" in otherwise("旅行社名称", "organisation")
    assert otherwise("项目中心名称", "organisation") == []
    assert otherwise("旅行社名称", "resident") == []


def test_a_persons_fact_has_no_home_in_a_form_about_organisations_without_persons(lexicon):
    form = fields("职业", "法定代表人")
    about = setting_of(form, "企业登记表", lexicon)
    (figures,) = [one.figures for one in candidates(form[0], lexicon, about) if one.fact == Fact("occupation_code")]
    assert figures["homeless"] == 1.0
    persons = Setting({"resident": 1.0, "organisation": 0.0}, "人员登记表")
    (figures,) = [one.figures for one in candidates(form[0], lexicon, persons) if one.fact == Fact("occupation_code")]
    assert figures["homeless"] == 0.0


def test_the_second_of_two_things_asked_together_is_not_what_a_header_is_about(asked):
    found = asked("所在体育组织及职务", "姓名", title="指导员登记表")
    assert found[Fact("job_title")]["part_last"] == 1.0


def test_somebody_beside_the_named_person_of_the_row_is_seen(asked):
    name = Fact("resident_name")
    assert asked("见证人姓名", "姓名", title="登记表")[name]["other_person"] == 1.0
    assert asked("来访人姓名", "性别", title="登记表")[name]["other_person"] == 0.0
