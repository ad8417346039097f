"""What a field cannot ask where it stands, whatever it is called: facts of strangers, other papers, other firms."""

from __future__ import annotations

import re
from dataclasses import replace

from yibiao.matching.fields import FormField
from yibiao.matching.found import Found
from yibiao.matching.lexicon import Fact, Lexicon
from yibiao.matching.normalise import LATIN, Label, key
from yibiao.matching.persons import OF_ANYBODY, OF_REACHED
from yibiao.matching.roles import family_of_stranger, is_stranger, is_titled, readings, section_words
from yibiao.matching.setting import GENERIC, LEGAL, Setting, is_explained

MOSTLY = 0.5
"""Share of a form that makes it one about an entity."""

GUEST = 0.2
"""Share of a form below which an organisation in it is not what it is about."""

ACCOUNTS = frozenset({"benefit_payee_account", "bank_name", "account_holder_name", "provident_fund_account_number"})
"""Where a resident's benefit is paid to; the account of an organisation is another thing."""

OF_BENEFITS = frozenset(
    {"applied_benefit_name", "benefit_number", "benefit_amount", "benefit_type_code", "decision_date"}
)
"""What is a benefit's, in words that any application to an authority has (申请事项, 批准日期)."""

_APPLIED = frozenset({"申请事项", "申请类型", "申请类别"})

OF_HOUSES = frozenset({"使用人", "权利人", "所有权人", "业主"})
"""Words that mean the owner or tenant of a house, and elsewhere somebody else: 枪支情况登记/使用人."""

BARE = frozenset({"名称", "全称", "中文名称"})
"""Headers that only the outer one tells whose name it is."""

_ORGANISED = re.compile(
    r"单位|企业|公司|机构|组织|主体|商户|工商户|团体|协会|合作社|法人|经营者|申请|基本|[社所店厂场站院校园会]$|[方人者]$|中心"
)
"""Words of outer headers that name an organisation, or whoever applies."""

PARENT = re.compile(
    r"^出资$|^经商办企|^被(?:投诉|举报|申诉|反映|申请|投资)|^(?:所属|下属|下设)|^投资入股|^(?:非居民|外国|境外|国外|对方|合作|母|总|上级|隶属|主管|派出)(?:企业|公司|单位|机构)|^(?:投资|出资)(?:人|者|方|企业)|^股东(?!人数)"
    r"|^(?:环境影响)?(?:评价|评估|检测|检验|鉴定|施工|设计|勘察|监理|代理|受托|委托)(?:单位|机构|企业|公司)"
)
"""Outer headers that name another organisation than the form is about."""

BRANCH = re.compile(r"分公司|分支|代表机构|办事处|分店|营业部")
"""Words of titles of forms about a part of an organisation: 公司名称 is the other one there."""

_WHOLE_FIRM = re.compile(
    r"^(?:总|母|隶属|所属|设立|外国)?(?:公司|企业|社会团体|基金会|协会|单位)(?=名称|注册号|统一社会信用代码|营业执照|地址|住所|法定代表人)"
)

OF_FIRMS = frozenset({"organisation_name", "registered_address", "organisation_phone"})
"""What a form about persons asks of other firms by the same words: 场所名称 of a suspect."""

OF_EMPLOYEES = frozenset({"employer_name", "school_name", "graduate_school_name", "identity_document_type_code"})
"""What is a person's, and in a form about organisations that names none asks for something else: 所属单位, 学校名称."""

_REGISTRATION = re.compile(r"^(?:户籍|户口)(?!地址|住址)")
"""Outer headers below which a place is that of the registration: 户籍所在地/街道."""

_THERE = {
    "county_name": "registered_division_code",
    "subdistrict_name": "registered_division_code",
    "community_code": "registered_community_name",
    "community_name": "registered_community_name",
}

_REACHED = re.compile(r"(?:联系|移动|办公|固定)?(?:电话|手机|手机号|手机号码|联系方式|电话号码|地址|住址|住所)")

_FIRM = re.compile(
    r"^(?:申请|申报|建设|生产|经营|用人|缴存|评价|施工|设计|监理|使用|工作|所在|任职|执业)?(?:单位|企业|公司|机构)(?:基础|基本|登记)?$"
)

OF_ITSELF = frozenset({"residence_address", "mobile_phone", "identity_document_type_code", "citizen_id"})
"""A person's facts that an organisation has in its own way, by the same words."""

OF_BODIES = frozenset({"postal_code", "fax_number", "email_address"})
"""Where a body is reached by words that persons have as well."""

_BODY = re.compile(r"(?<!申请)(?<!申报)(?:单位|学校|院校|企业|公司|机构)$")

_BODY_BEFORE = re.compile(r"^(?:单位|公司|企业|学校|工作单位)(?=地址|电话|邮编|邮政|联系|固定|办公|传真|电子)")
"""What a form about persons asks of where somebody works or learns."""

_SOME_FIRM = re.compile(r"^(?!.*(?:工作|所在|就业|任职|本人|个人)).{2,}(?:机构|公司|企业|医院|事务所)$")

_EMPLOYER = re.compile(r"^(?:用人|工作|所在|就业|任职|派遣|用工)(?:单位|企业)$")

_UNIT = "单位"
"""An outer header that is the employer where the form is about persons alone: 工伤待遇申请表/单位信息."""

_HIS_FIRM = re.compile(r"^(?:所在|工作|就业)?(?:单位|公司|企业).")

_STAFF = re.compile(
    r"(?:职工|员工|从业人员|工作人员|技术人员|师资人员|厨师|[组会]成员)$|^人员$|(?:人员|职工|员工|师资|教师|医师|会员)(?:名单|名册|花名册|一览|明细)$"
)
"""Outer headers of lists of those who work for an organisation."""

OF_WORK = frozenset(
    {"employment_date", "work_start_date", "employer_name", "occupation_code", "job_title", "work_place"}
)
"""What work somebody has; below 求职意向 it is what he looks for."""

_WISHED = re.compile(r"^(?:求职|就业|择业|工作)(?:意向|意愿|要求|需求)$")

_TRAINED = re.compile(r"(?:持证|培训|配备|考核)情况$")
"""Ends of headers that ask of somebody what he has, not who he is: 安全管理人员持证情况."""

_TIME = re.compile(r"日|时|年|月|期|何|起|止|从|自|到|至|始|[a-z]")
"""What a header that asks for a day has in it, unless it is a known name of one."""

_WORKS = frozenset({"项目", "工程"})
"""What a form about houses may call the work on the house that its row speaks of."""

_IN_NEED = re.compile(r"^(?:紧急|应急)联系")
OF_EMERGENCIES = frozenset({"emergency_contact", "emergency_phone"})
"""All that is known of whom to call: 紧急联系人/性别 is nobody's."""

_INCOME = re.compile(r"^(?:家庭)?(?:年|月)?(?:人均)?(?:总)?(?:收入|支出|收支)")
"""Outer headers below which a benefit is an income among others: 收入支出/低保金."""

PAYERS = frozenset({"扣缴义务人", "纳税人", "缴费人"})
"""Outer headers that are the organisation itself, where the form is about one."""

_POSTAL = re.compile(r"^(?:寄件|收件|邮寄|快递)")
_CHANGED = re.compile(r"年内|变更情况$|变动情况$|转让|拆迁|曾有|原有|原住房")
"""Outer headers of dwellings that somebody had, or gave away: 5 年内家庭住房变更情况/建筑面积."""
_OF_LAND = re.compile(r"使用权面积|宗地|土地使用权")
"""Words for the land that a building stands on: 使用权面积 is not the area within its walls."""
_PAST = re.compile(r"曾(?:就读|工作)|工作(?:经历|履历|经验)|学习经历|教育(?:经历|培训)|简历")

_OF_BUSINESS = re.compile(r"^(?:实际|现)?(?:生产)?(?:经营|营业|生产|办公)(?:地址|场所|地点|地|场地)$")

_BUSINESS_TOO = re.compile(r"^生产经营地(?:址)?$")
"""Beside any other place of an organisation it is where business is done in fact."""

_OF_OFFICE = re.compile(r"^(?:主要|驻在|现)?(?:办公|驻在|经营|营业)(?:地址|场所|地点|地)$")
"""The only place that an organisation's form asks for is the registered one."""


def is_vetoed(fact: Fact, found: Found, leaf: Label, one: FormField, setting: Setting, lexicon: Lexicon) -> bool:
    """Can the field not ask this here?"""
    element = fact.element or ""
    if _of_somebody_else(fact, found, one, setting, lexicon):
        return True
    if element in ("registered_address", "organisation_phone", "operation_address") and _below_person(one):
        return True
    if _of_another_firm(fact, leaf, one, setting, lexicon):
        return True
    # 用人单位/地址 of an injured worker: of whom he works for no more is known than the name.
    if lexicon.entity(element) == "organisation" and _of_employer(one, setting):
        return True
    # 饭店名称(英文): another name than the one that is registered.
    if element in ("organisation_name", "legal_representative_name", "resident_name") and _in_latin(leaf):
        return True
    if element in (*OF_FIRMS, "operation_address") and _of_named_person(leaf):
        return True
    if element in OF_ITSELF and fact.role is None and _below_firm(one):
        return True
    # 司法鉴定机构/地址: neither the person's nor, in a form about persons, that of any firm that it is about.
    if element in OF_REACHED and fact.role is None and setting.person and _below_some_firm(one):
        return True
    # 产权人与孩子关系: the element says itself whose relation it is.
    if element == "guardian_relation" and fact.role not in (None, "guardian"):
        return True
    # 紧急联系电话 is an element of its own, not somebody's.
    if element in ("emergency_phone", "emergency_contact") and fact.role is not None:
        return True
    if one.parents and _IN_NEED.search(section_words(one.parents[-1])) and element not in OF_EMERGENCIES:
        return True
    if element == "applied_benefit_name" and key(found.asked) in _APPLIED and "benefit" not in setting.titled:
        return True
    # 被处罚人单位地址 is that of his employer.
    if element in ("registered_address", "organisation_phone") and _of_his_firm(leaf):
        return True
    if fact.role is None and setting.person and setting.main != "organisation" and _of_a_body(element, leaf, one):
        return True
    if one.parents and lexicon.entity(element) == "benefit" and _INCOME.search(section_words(one.parents[-1])):
        return True
    if element in OF_WORK and fact.role is None and one.parents and _WISHED.search(section_words(one.parents[-1])):
        return True
    # 伐区情况/年龄 is that of the trees.
    if fact.derive == "age" and fact.role is None and setting.nobody:
        return True
    if element == "legal_representative_name" and _below_other_head(one):
        return True
    kind = lexicon.schemas.elements[element].type
    if (
        kind == "date"
        and fact.derive is None
        and found.way not in ("exact", "learned")
        and not _TIME.search(leaf.words)
    ):
        return True
    # 是否紧急联系人, 有无住所: whether, not who or where.
    if leaf.question and kind in ("name", "address") and fact.derive is None:
        return True
    if element in ("interior_area", "floor_area") and any(_OF_LAND.search(key(text)) for text in one.path):
        return True
    # 现军衔 is that of somebody who still serves.
    if element == "discharge_rank" and leaf.words.startswith("现"):
        return True
    if _TRAINED.search(leaf.words) and kind == "name":
        return True
    if _of_staff(fact, one, setting, lexicon):
        return True
    if element in (*OF_FIRMS, "contact_person_name") and is_guest(fact, one, setting, lexicon):
        return True
    if element in OF_EMPLOYEES and fact.role is None and is_homeless(fact, setting, lexicon):
        return True
    if fact.element == "organisation_name" and leaf.words in BARE and _below_thing(one):
        return True
    # 安全管理员联系电话: whoever is named in a form about an organisation is not the person of its row.
    unknown = found.whom.unknown and not is_titled(found.whom.said, setting.title)
    if unknown and fact.role is None and is_homeless(fact, setting, lexicon):
        return True
    if found.whom.said in OF_HOUSES and not setting.says("dwelling", one):
        return True
    of_firm = setting.main == "organisation" or setting.around(one).get("organisation", 0.0) >= MOSTLY
    if element in ACCOUNTS and fact.role is None and of_firm:
        return True
    if element in OF_BENEFITS and setting.main == "organisation" and "benefit" not in setting.titled:
        return True
    # 法定代表人 beside 企业负责人: two persons, of whom the registry knows the first.
    legal = element == "legal_representative_name" or fact.role == "legal_representative"
    return legal and setting.legal and not _says_legal(leaf, one)


def moved(fact: Fact, leaf: Label, one: FormField, setting: Setting) -> Fact:
    """The fact itself, or what it is beside other fields: 经营地址 beside 注册地址 is the actual place of business."""
    element = fact.element
    if element == "registered_address":
        beside = setting.registered and _OF_BUSINESS.search(leaf.words)
        if beside or (setting.places > 1 and _BUSINESS_TOO.search(leaf.words)):
            element = "operation_address"
    elif element == "operation_address":
        if setting.places == 1 and not setting.registered and _OF_OFFICE.search(leaf.words):
            element = "registered_address"
    elif element == "landline_phone":
        # 固定电话 in a form about an organisation that names no person is that of the organisation.
        if fact.role is None and not setting.person and setting.around(one).get("organisation", 0.0) >= MOSTLY:
            element = "organisation_phone"
    elif element == "organisation_name" and _of_employer(one, setting):
        element = "employer_name"
    elif element in _THERE and one.parents and _REGISTRATION.search(key(one.parents[-1])):
        element = _THERE[element]
    return fact if element == fact.element else replace(fact, element=element)


def _of_another_firm(fact: Fact, leaf: Label, one: FormField, setting: Setting, lexicon: Lexicon) -> bool:
    """Is it a fact of an organisation, where the header speaks of the one that the form's belongs to or is paid by?"""
    if lexicon.entity(fact.element) not in ("organisation", None) or fact.role is not None:
        return False
    if one.parents and PARENT.search(section_words(one.parents[-1])):
        return True
    return bool(BRANCH.search(setting.title)) and bool(_WHOLE_FIRM.search(leaf.words))


def is_homeless(fact: Fact, setting: Setting, lexicon: Lexicon) -> bool:
    """Is it a fact of a person or a family, in a form about organisations that names no person of its row?"""
    return (
        fact.role is None
        and not setting.person
        and setting.entities.get("organisation", 0.0) >= MOSTLY
        and fact.element not in OF_ANYBODY
        and lexicon.entity(fact.element) in ("resident", "household")
    )


def is_guest(fact: Fact, one: FormField, setting: Setting, lexicon: Lexicon) -> bool:
    """Is it a fact of an organisation, in a form about persons where no header speaks of one: 场所名称 of a suspect?"""
    return (
        fact.role is None
        and setting.person
        and lexicon.entity(fact.element) == "organisation"
        and setting.around(one).get("organisation", 0.0) < GUEST
    )


def _of_staff(fact: Fact, one: FormField, setting: Setting, lexicon: Lexicon) -> bool:
    """Is it a fact of one of many who work for the organisation that the form is about: 职工情况/姓名?"""
    return (
        bool(one.parents)
        and fact.role is None
        and setting.entities.get("organisation", 0.0) >= MOSTLY
        and lexicon.entity(fact.element) == "resident"
        and bool(_STAFF.search(section_words(one.parents[-1])))
    )


def _below_other_head(one: FormField) -> bool:
    """Does an outer header name the head of something else than the whole: 安全生产负责人/姓名?"""
    if not one.parents or not section_words(one.parents[-1]).endswith("负责人"):
        return False
    return all(whom.role != "legal_representative" for whom in readings("姓名", one.parents))


def _of_named_person(leaf: Label) -> bool:
    """Does the header itself name a person and ask his telephone or address: 法定代表人电话, 房主地址?"""
    return any(
        whom.role not in (None, "contact", "agent") and _REACHED.fullmatch(whom.rest) for whom in readings(leaf.words)
    )


def _of_his_firm(leaf: Label) -> bool:
    """Does the header itself name the row's person, and where he works?"""
    return any(whom.said and whom.role is None and _HIS_FIRM.search(whom.rest) for whom in readings(leaf.words))


def _of_a_body(element: str, leaf: Label, one: FormField) -> bool:
    """Is it where the body is reached that the header or the outer one names: 单位电话, 毕业学校/邮政编码?"""
    outer = section_words(one.parents[-1]) if one.parents else ""
    if element in OF_BODIES and _BODY.search(outer):
        return True
    return element in (*OF_FIRMS, *OF_BODIES, "contact_person_name") and bool(_BODY_BEFORE.search(leaf.words))


def _below_firm(one: FormField) -> bool:
    return bool(one.parents) and bool(_FIRM.search(section_words(one.parents[-1])))


def _of_employer(one: FormField, setting: Setting) -> bool:
    """Does an outer header name where the person of the row works, in a form about persons?"""
    if not one.parents:
        return False
    words = section_words(one.parents[-1])
    if words == _UNIT:
        return setting.main == "resident" and setting.entities.get("organisation", 0.0) < GUEST
    return bool(_EMPLOYER.search(words)) and setting.person and setting.entities.get("organisation", 0.0) < MOSTLY


def _in_latin(leaf: Label) -> bool:
    return any(LATIN.fullmatch(key(inside)) for inside in leaf.inside)


def _below_some_firm(one: FormField) -> bool:
    return bool(one.parents) and bool(_SOME_FIRM.search(section_words(one.parents[-1])))


def _says_legal(leaf: Label, one: FormField) -> bool:
    return any(LEGAL.search(key(text)) for text in (*one.path, *leaf.inside))


def _below_thing(one: FormField) -> bool:
    """Does an outer header name something that is no organisation, so that 名称 is that thing's: 涉及作品/名称?"""
    if not one.parents:
        return False
    words = section_words(one.parents[-1])
    return bool(words) and words not in GENERIC and not _ORGANISED.search(words)


def _below_person(one: FormField) -> bool:
    """Does an outer header name a person with a role, so that address and telephone are his: 经营者/住所?"""
    return any(whom.by_path and whom.role not in (None, "contact", "agent") for whom in readings("姓名", one.parents))


def _of_somebody_else(fact: Fact, found: Found, one: FormField, setting: Setting, lexicon: Lexicon) -> bool:
    """Does the outer header name somebody whom no report speaks of, or a thing, and the field a fact of persons?"""
    if not one.parents:
        return False
    outer = one.parents[-1]
    # Where a paper is sent to, and where somebody once was, no report knows: 寄件信息/联系人, 曾工作的单位/名称.
    words = section_words(outer)
    if _POSTAL.search(words) or (_PAST.search(words) and lexicon.entity(fact.element) in ("resident", "organisation")):
        return True
    if lexicon.entity(fact.element) == "dwelling" and _CHANGED.search(words):
        return True
    if lexicon.entity(fact.element) in ("resident", "household") and family_of_stranger(outer):
        return True
    # A known name by the whole outer header; 单位职务 below 曾工作的单位 is only by its last words.
    whole = found.asked.startswith(section_words(outer))
    if whole and found.way == "path" and found.like.told + found.like.covered > 1.99:
        return False
    if words in PAYERS and setting.entities.get("organisation", 0.0) >= MOSTLY:
        return lexicon.entity(fact.element) in ("resident", "household") and fact.element not in OF_ANYBODY
    if not is_stranger(outer, setting.title) or not (found.whom.role is None or key(outer).endswith("史")):
        return False
    home = lexicon.entity(fact.element)
    if home is None and fact.element not in OF_ANYBODY:
        return False
    # 项目基本信息/门牌号 in a form about houses: the project is the house itself.
    if words in _WORKS and home in ("dwelling", "household") and setting.main in ("dwelling", "household"):
        return False
    element = lexicon.schemas.elements[fact.element or ""]
    # 许可证/编号, 车辆信息/车牌号: the element is one of what the header names.
    return home == "resident" or not is_explained(outer, " ".join((element.name, *element.aliases)))
