"""What is the same for all fields of one form: what it is about, whom it names, which addresses stand in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Fact, Lexicon
from yibiao.matching.normalise import key, label
from yibiao.matching.persons import OF_ANYBODY, OF_REACHED
from yibiao.matching.roles import is_stranger, is_titled, readings, role_named, section_words
from yibiao.matching.subjects import titled_subject
from yibiao.matching.telephones import telephones
from yibiao.matching.words import ENTITY_WORDS, SECTION_WORDS

PERSON = Fact("resident_name")

NOBODY = 0.3
"""How much a form that names nobody is a person's by words of its title, or by telephones and addresses."""

OF_HOMES = frozenset({"head", "owner", "tenant", "guardian", "father", "mother", "spouse", "member", "relative"})
"""Roles that somebody has by his family or his house."""

ENTITIES = ("resident", "household", "dwelling", "organisation", "event", "benefit")

LEGAL = re.compile(r"法定代表人|法人代表|^法人(?:姓名|身份证|证件|联系|电话|手机|户籍|居住|性别|$)")
"""Words for the legal representative that nobody else in an organisation is called by."""

REGISTERED = re.compile(r"^(?:注册地址|注册住所|登记住所|企业住所|登记地址|注册地|住所)$")
"""Words for the address that is registered: beside them an address of business is another one."""

PLACE = re.compile(
    r"^(?!.*(?:户籍|户口|家庭|居住|现住|通讯|通信|个人|产品|货物|项目|发布))[^/]{0,6}(?:住所|地址|场所|经营地|营业地|办公地点|经营地点)(?:地址)?$"
)
"""Words for a place of an organisation."""

NEUTRAL = OF_REACHED | OF_ANYBODY | {"employer_name", "identity_document_type_code", "household_address"}
"""Elements of persons and families by which nobody can tell that a form is not an organisation's."""

LEAST = 3
"""Particulars of somebody, his name among them, that make him whom a form is about."""

_PARTICULARS = ("姓名", "性别", "出生", "身份证", "民族", "文化程度", "婚姻")

_OF_FIRM = ("单位性质", "行业", "法定代表", "信用代码", "机构代码", "注册资")

_NAMES_FIRM = re.compile(
    r"^(?:.{0,4}(?:单位|企业|公司|机构|学校|纳税人|客户|农场|合作社|项目)(?:名称|全称)|(?:申请|申报|填报|建设|使用|用人|参保)(?:单位|企业)"
    r"|联系人|联络员|传真|纳税人识别号|登记注册类型|机构类型|单位性质)"
)
"""Words that a form which names no person has of an organisation."""

_SOMEBODY = re.compile(r"^(?!被|见证|担保|介绍|证明|发起|投资|主持|授课).*(?:人|者|员)$")

GENERIC = frozenset(
    {
        "基本",
        "基础",
        "其他",
        "其它",
        "主要",
        "详细",
        "有关",
        "相关",
        "登记",
        "信息",
        "情况",
        "资料",
        "概况",
        "申请",
        "必填",
    }
)
"""What is left of outer headers that only say that a section begins."""

SECTION_SHARE = 0.6
"""How much of what a field is about its outer header says, the rest the whole form."""


@dataclass(frozen=True)
class Setting:
    """A form as its fields see it.

    Attributes:
        entities: how much of the form speaks of each entity, together 1.
        title: of the form.
        person: whether the form names a person of its row: 姓名, 申请人姓名.
        nobody: whether nothing in it is a person's: no name, sex, birth or number.
        legal: whether it asks 法定代表人 by that word.
        registered: whether it asks a registered address by that word.
        places: how many headers of an organisation's place it has.
        titled: entities that its title speaks of.
        telephones: of a form about an organisation: whose a bare telephone most likely is.
    """

    entities: Mapping[str, float]
    title: str = ""
    person: bool = False
    nobody: bool = False
    legal: bool = False
    registered: bool = False
    places: int = 0
    titled: frozenset[str] = frozenset()
    telephones: Mapping[FormField, Fact] = field(default_factory=dict, compare=False, repr=False)
    _sections: dict[str, Mapping[str, float]] = field(default_factory=dict, compare=False, repr=False)

    def says(self, entity: str, one: FormField) -> bool:
        """Does anything in the form, or in the headers above a field, speak of an entity?"""
        return self.around(one).get(entity, 0.0) > min(self.around(one).values(), default=0.0) + 1e-9

    def around(self, one: FormField) -> Mapping[str, float]:
        """How much of what stands around a field speaks of each entity: its outer header and the form."""
        outer = section_words(one.parents[-1]) if one.parents else ""
        if outer not in self._sections:
            self._sections[outer] = self._mixed(outer)
        return self._sections[outer]

    def _mixed(self, outer: str) -> Mapping[str, float]:
        entity = next((entity for entity, pattern in SECTION_WORDS if outer and pattern.search(outer)), None)
        if entity is None:
            return self.entities
        shares = {one: share * (1 - SECTION_SHARE) for one, share in self.entities.items()}
        shares[entity] = shares.get(entity, 0.0) + SECTION_SHARE
        return shares

    @cached_property
    def main(self) -> str:
        """What most of the form is about."""
        return main_of(self.entities)


def main_of(entities: Mapping[str, float]) -> str:
    """The entity of which most of a form speaks."""
    return max(entities, key=lambda one: (entities[one], one))


def setting_of(fields: Sequence[FormField], title: str, lexicon: Lexicon) -> Setting:
    """What the fields of one form have in common."""
    words = [label(one.label).words for one in fields]
    entities = entities_of(fields, title, lexicon)
    firm = entities.get("organisation", 0.0) >= 0.5
    if subject := subject_of(fields, title, lexicon, firm=firm):
        title = f"{title} {subject}"
    titled = frozenset(entity for entity, pattern, _ in ENTITY_WORDS if pattern.search(title))
    person = any(names_own_person(one, title, lexicon) for one in fields)
    of_firm = not person and main_of(entities) == "organisation"
    return Setting(
        entities,
        title,
        person,
        not titled & {"resident", "household"}
        and not any(word in key(one.label) for one in fields for word in _PARTICULARS),
        any(LEGAL.search(key(text)) for one in fields for text in one.path),
        any(REGISTERED.search(one) for one in words),
        sum(bool(PLACE.search(one)) for one in words),
        titled,
        telephones(fields, [role_named(one.label, one.parents) for one in fields]) if of_firm else {},
    )


def subject_of(fields: Sequence[FormField], title: str, lexicon: Lexicon, *, firm: bool = False) -> str:
    """What a form calls whom its row is about, where only an outer header names him (托养人/姓名, 取水权人/单位性质).

    The first part that asks name and particulars of somebody without a role, in a form that names no person otherwise.

    Args:
        firm: whether the form is about organisations: then no person is its subject.
    """
    if any(names_own_person(one, title, lexicon) for one in fields):
        return ""
    asked: dict[str, set[str]] = {}
    for one in fields:
        outer = section_words(one.parents[-1]) if one.parents else ""
        if outer and _SOMEBODY.search(outer) and is_stranger(one.parents[-1], title):
            found = asked.setdefault(outer, set())
            found.update(word for word in (*_PARTICULARS, *_OF_FIRM) if word in key(one.label))
    return next((outer for outer, words in asked.items() if _is_subject(words, firm)), "")


def _is_subject(words: set[str], firm: bool) -> bool:
    """Do so many particulars of a person or of an organisation stand in a part that the form is about whom it names?"""
    of_firm = not words & {*_PARTICULARS}
    return len(words) >= LEAST and (of_firm or ("姓名" in words and not firm))


def _is_sealed(one: FormField) -> bool:
    """Does a header ask for a seal, as only organisations have: 申请人名称（公章）?"""
    return any(key(inside).endswith("章") for inside in label(one.label).inside)


def names_own_person(one: FormField, title: str, lexicon: Lexicon) -> bool:
    """Does a header ask the name of the person of the row?"""
    if (one.parents and is_stranger(one.parents[-1], title)) or _is_sealed(one):
        return False
    whoms = [whom for form in label(one.label).forms for whom in readings(form, one.parents)]
    strange = any(whom.role or (whom.unknown and not is_titled(whom.said, title)) for whom in whoms)
    return not strange and any(
        any(lexicon.names[place].fact == PERSON for place in lexicon.exact.get(whom.rest, ())) for whom in whoms
    )


def entities_of(fields: Sequence[FormField], title: str, lexicon: Lexicon) -> dict[str, float]:
    """How much of a form speaks of each entity, together 1: by the words of its title and by headers of one meaning."""
    votes = dict.fromkeys(ENTITIES, 0.1)
    of_somebody = _is_of_somebody(fields, title, lexicon)
    if not of_somebody:
        named = sum(bool(_NAMES_FIRM.search(label(one.label).words)) or _is_sealed(one) for one in fields)
        votes["organisation"] += 0.15 + 0.5 * min(named, 3)
    for entity, pattern, weight in ENTITY_WORDS:
        if pattern.search(title):
            votes[entity] += weight if of_somebody or entity != "resident" else weight * NOBODY
    for one in fields:
        words = label(one.label).words
        if LEGAL.search(words):
            votes["organisation"] += 0.5
        if words.endswith("名称") and titled_subject(words, key(title)):
            votes["organisation"] += 1.0
        if any(whom.role for whom in readings(words, one.parents)):
            continue
        homes = {
            lexicon.entity(lexicon.names[place].fact.element)
            for place in lexicon.exact.get(words, ())
            if lexicon.names[place].fact.element
        }
        if len(homes) == 1 and (home := homes.pop()) in votes:
            votes[home] += 0.5 if of_somebody or home != "resident" else 0.5 * NOBODY
    total = sum(votes.values())
    return {entity: vote / total for entity, vote in votes.items()}


def _is_of_somebody(fields: Sequence[FormField], title: str, lexicon: Lexicon) -> bool:
    """Does a form name a person, or ask what only a person has? Telephones and addresses anybody has.

    法定代表人身份证号, 授课教师情况/姓名: an organisation has such people, too.
    """
    return any(_asks_of_somebody(one, title, lexicon) for one in fields)


def _asks_of_somebody(one: FormField, title: str, lexicon: Lexicon) -> bool:
    if names_own_person(one, title, lexicon):
        return True
    roles = {whom.role for whom in readings(label(one.label).words, one.parents)} - {None}
    if roles:
        return not roles.isdisjoint(OF_HOMES)
    if one.parents and is_stranger(one.parents[-1], title):
        return False
    if any(word in key(one.label) for word in _PARTICULARS):
        return True
    asked = {lexicon.names[place].fact.element for place in lexicon.exact.get(label(one.label).words, ())} - {None}
    return bool(asked) and all(
        element not in NEUTRAL and lexicon.entity(element) in ("resident", "household") for element in asked
    )


def is_explained(outer: str, said: str) -> bool:
    """Does an outer header say no more than that a section begins, or something of the element itself?

    Args:
        outer: as printed; 基本情况, 家庭经济情况, 银行账户信息.
        said: name, definition and scope of an element, and words for what it speaks of.
    """
    words = section_words(outer)
    if not words or words in GENERIC or any(pattern.search(words) for _, pattern in SECTION_WORDS):
        return True
    plain = key(words)
    return any(plain[place : place + 2] in said for place in range(len(plain) - 1)) or (len(plain) == 1)
