"""Whom an outer header speaks of, words that make another fact, aliases that mean something only somewhere."""

from __future__ import annotations

from random import Random

import pytest
from bench.labelled import labelled_forms
from bench.matching_train import lexicon_without, unheard_of
from bench.slips import sounding_like

from yibiao.demo.name_tables import FEMALE, MALE, SURNAMES
from yibiao.matching.evidence import candidates
from yibiao.matching.fields import FormField
from yibiao.matching.grid import Cells, table_of
from yibiao.matching.lexicon import Fact, qualifiers
from yibiao.matching.normalise import label
from yibiao.matching.printable import Printable
from yibiao.matching.roles import is_stranger, readings
from yibiao.matching.setting import Setting

PERSONS = {"resident": 1.0, "organisation": 0.0}
COMPANIES = {"resident": 0.0, "organisation": 1.0}
HOUSES = {"dwelling": 1.0, "organisation": 0.0}
DISPUTES = {"event": 1.0, "organisation": 0.0}


def found(lexicon, path: str, title: str = "居民信息登记表", about=PERSONS) -> dict[Fact, dict[str, float]]:
    field = FormField("表", 0, tuple(path.split("/")))
    return {one.fact: one.figures for one in candidates(field, lexicon, Setting(about, title))}


@pytest.mark.parametrize(
    ("outer", "role"),
    [
        ("申请户主信息", "head"),
        ("法定监护人", "guardian"),
        ("家庭主要成员", "member"),
        ("共同申请人", "member"),
        ("家庭成员及主要社会关系", "member"),
        ("基本信息", None),
    ],
)
def test_an_outer_header_names_whom_it_speaks_of(outer, role):
    assert readings("姓名", (outer,))[0].role == role


@pytest.mark.parametrize("outer", ["发起人", "食品安全管理人员", "股东（发起人）", "犬只信息", "家族史"])
def test_somebody_or_something_that_no_report_speaks_of_is_a_stranger(outer):
    assert is_stranger(outer)


@pytest.mark.parametrize("outer", ["监护人情况", "申请人信息", "个人基本信息", "居住情况", "残疾人"])
def test_the_row_itself_and_persons_with_a_role_are_no_strangers(outer):
    assert not is_stranger(outer)


def test_no_fact_of_the_rows_person_is_proposed_under_a_stranger(lexicon):
    assert Fact("resident_name") in found(lexicon, "个人信息/姓名")
    assert Fact("resident_name") not in found(lexicon, "发起人/姓名")
    assert Fact("sex_code") not in found(lexicon, "犬只信息/性别")


def test_who_is_named_by_an_unknown_word_may_be_the_person_of_the_row(lexicon):
    assert found(lexicon, "养犬人姓名")[Fact("resident_name")]["unknown"] == 1.0
    assert found(lexicon, "申请人姓名")[Fact("resident_name")]["unknown"] == 0.0


@pytest.mark.parametrize("about", [PERSONS, HOUSES, DISPUTES])
def test_a_number_of_a_person_is_a_persons_whatever_the_form_is_about_but_a_company(lexicon, about):
    plain = found(lexicon, "身份证号码", about=about)[Fact("citizen_id")]["entity"]
    assert plain == found(lexicon, "身份证号码", about=PERSONS)[Fact("citizen_id")]["entity"]
    assert plain > found(lexicon, "身份证号码", about=COMPANIES)[Fact("citizen_id")]["entity"]


def test_the_subject_of_a_form_by_another_word_is_found_in_such_a_form_only(lexicon):
    header = "合作社住所"
    assert found(lexicon, header, about=COMPANIES)[Fact("registered_address")]["exact_subject"] == 1.0
    elsewhere = found(lexicon, header).get(Fact("registered_address"), {})
    assert elsewhere.get("exact_subject", 0.0) == 0.0


def test_training_asks_what_is_made_of_headers_that_nobody_has_written(schemas):
    # A sixth of them: to read what all teach takes seconds.
    forms = [form for form in labelled_forms(schemas) if form.split == "development"][::6]
    unheard = unheard_of(forms, [])
    headers = {label(one.field.label).words for form in forms for one in form.fields}
    asking = {
        label(one.field.label).words
        for form in forms
        for one in form.fields
        if not one.skipped and "/" not in one.field.label
    }
    assert 0.4 < len(unheard) / len(headers) < 0.6
    assert not unheard_of(forms, forms), "what other origins ask as well is heard of"
    told, asked = lexicon_without(schemas, forms, set()), lexicon_without(schemas, forms, set(), unheard)
    own = {label(element.name).words for element in schemas.elements.values()}
    gone = (unheard & asking) - own - {""}
    assert all(told.exact.get(words) for words in gone)
    assert not any(asked.exact.get(words) for words in gone)
    assert all(asked.exact.get(words) for words in unheard & own), "the own name of an element is always known"


@pytest.mark.parametrize("header", ["原工作单位", "工作单位要求"])
def test_words_that_make_another_fact_are_seen(lexicon, header):
    assert found(lexicon, header)[Fact("employer_name")]["modifier"] == 1.0
    assert found(lexicon, "工作单位")[Fact("employer_name")]["modifier"] == 0.0


def test_who_applies_is_no_such_word(lexicon):
    assert found(lexicon, "申请人姓名")[Fact("resident_name")]["modifier"] == 0.0


def test_the_contact_of_a_company_and_of_a_person_are_two_elements(lexicon):
    assert Fact("emergency_contact") in found(lexicon, "联系人姓名")
    assert Fact("contact_person_name") in found(lexicon, "联系人姓名", "企业信息表", COMPANIES)


def test_brackets_of_an_alias_say_where_it_means_this():
    assert qualifiers("档案编号(健康)") == ("健康",)
    assert qualifiers("身高(厘米)") == ()
    assert qualifiers("档案编号") == ()


def test_an_alias_means_nothing_outside_its_context(lexicon):
    health = Fact("health_archive_number")
    inside, outside = (
        found(lexicon, "档案编号", title).get(health, {}) for title in ("居民健康档案", "党员档案信息表")
    )
    assert inside["exact"] == 1.0
    assert outside.get("exact", 0.0) == 0.0


@pytest.mark.parametrize(
    ("word", "wide"),
    [
        ("兵役状况", "is_veteran_code"),
        ("自然村", "village_group_name"),
        ("遗传病史", "family_disease_history"),
        ("退耕还林面积", "forest_land_area"),
        ("住房情况", "residence_place_type"),
        ("床位数", "school_or_home_beds"),
        ("责任人", "handler_name"),
    ],
)
def test_words_wider_than_an_element_are_no_name_of_it(lexicon, word, wide):
    assert found(lexicon, word).get(Fact(wide), {}).get("exact", 0.0) == 0.0


def test_a_slip_of_training_sounds_like_what_it_replaces():
    assert sounding_like("籍") != "籍"
    assert sounding_like("x") == "x"


@pytest.mark.parametrize("text", ["姓名", "监护人/联系电话", "建筑面积（㎡）", "与户主关系", "birth_date"])
def test_words_of_the_lexicon_make_a_label(lexicon, text):
    assert all(Printable(lexicon).is_label(part) for part in text.split("/"))


@pytest.mark.parametrize(
    "text", ["甄建设", "欧阳健康", "姓名：陆文", "13900000001", "滨江路12号", "Zhang San", "陆文(户主)"]
)
def test_a_name_that_holds_a_known_word_makes_none(lexicon, text):
    assert not Printable(lexicon).is_label(text)


def test_no_name_of_a_person_is_shown_wherever_it_stands(lexicon):
    """Four hundred forms filled in at random, beside their labels, under headers, or without any."""
    draw = Random(5)
    printable = Printable(lexicon)
    labels = [
        "姓名",
        "性别",
        "住址",
        "联系电话",
        "申请理由",
        "监护人",
        "孕次",
        "认领岗位",
        "工作单位",
        "备注",
        "户籍地",
    ]
    names = {draw.choice(list(SURNAMES)) + "".join(draw.choices(MALE[0] + FEMALE[1], k=2)) for _ in range(300)}
    listed = sorted(names)
    shown: list[str] = []
    for _ in range(400):
        rows = [["", *[""] * 5] for _ in range(draw.randint(2, 6))]
        share, beside = draw.choice((0.1, 0.4, 0.9)), draw.random() < 0.6
        for number, row in enumerate(rows):
            for place in range(6):
                if (place % 2 == 0) if beside else number == 0:
                    row[place] = draw.choice(labels)
                elif draw.random() < share:
                    row[place] = draw.choice(listed)
        table = table_of(Cells("表", rows, ()))
        shown += [text for one in printable.of(table, 1) for text in one.path]
    assert len(shown) > 1000
    assert names.isdisjoint(shown)
