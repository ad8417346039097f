"""Data elements that a field may ask where it stands: names that are meant, of whom, and what is ruled out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from yibiao.contracts.values import Element
from yibiao.matching.fields import FormField
from yibiao.matching.found import Found, known, names_of
from yibiao.matching.lexicon import Fact, Lexicon, Name
from yibiao.matching.normalise import Label, key, label, without_blanks
from yibiao.matching.persons import OF_CONTACTS, OF_OFFICE, OWN_NUMBERS, PASSED_ON, PERSONAL
from yibiao.matching.roles import Whom, readings
from yibiao.matching.sense import UNTOLD, Meaning
from yibiao.matching.setting import Setting
from yibiao.matching.vetoes import MOSTLY, is_vetoed, moved
from yibiao.matching.weighing import About, Candidate, is_of_person, is_yes_or_no, owns_role, weigh

MOST = 14
"""Candidates of a field that are weighed."""


LISTED = frozenset({"code", "number_text", "date", "person_number"})
"""Types of elements whose presence in a complete list answers a question by yes or no."""


OF_MEMBERS = re.compile(r"成员(?:基本|详细)?(?:信息|情况|登记|名单)?(?:表|登记表)?$")
"""Titles of forms whose rows are the members of a family."""


def candidates(
    one: FormField, lexicon: Lexicon, setting: Setting, implied: str | None = None, meaning: Meaning = UNTOLD
) -> list[Candidate]:
    """Facts that a field may ask, the best compared first.

    Args:
        setting: what its form is about, and whom it names.
        implied: the role of the person of whom the fields before it, or the title, speak.
        meaning: what it asks by the sense of the whole form.
    """
    leaf = label(one.label)
    best: dict[Fact, Found] = {}
    around = without_blanks(setting.title + "/".join(one.path))
    entities = setting.around(one)
    parts = _of_parts(leaf, one, lexicon)
    every = set.intersection(*parts) if parts else set()
    passed_on = {"legal_representative": OWN_NUMBERS, "contact": OF_CONTACTS}.get(implied or "", PASSED_ON)
    if implied == "legal_representative" and setting.person:
        passed_on = OF_OFFICE  # 当事人姓名 | 法定代表人 | 身份证号 may be the number of either
    if implied == "contact" and setting.main != "organisation":
        implied = None  # who is to be called for a person or a family has elements of his own
    for found in names_of(leaf, one, lexicon, entities, key(setting.title)):
        # 产权人/电话: who is named is a person, whatever the form is about.
        of_person = found.whom.role is not None and found.name.fact.element in PERSONAL
        if not of_person and not _in_context(found.name, around, lexicon, entities):
            continue
        fact = _fact(found, leaf, lexicon)
        fact = _contact(fact, entities)
        if fact is not None:
            fact = moved(fact, leaf, one, setting)
            if is_vetoed(fact, found, leaf, one, setting, lexicon):
                continue
        if fact in every and found.way == "part":
            found = replace(found, way="alike", strength=3.2)
        # 成员姓名 in a form of members is the name of the row's person.
        if fact is not None and fact.role == "member" and not found.whom.by_path and OF_MEMBERS.search(setting.title):
            fact = replace(fact, role=None)
        facts = [fact] if fact is not None else []
        if implied is not None and fact is not None and fact.role is None and fact.element in passed_on:
            facts.append(lexicon.owned(replace(fact, role=implied)))
        for each in facts:
            if each not in best or found.strength > best[each].strength:
                best[each] = found
    ranked = sorted(best.items(), key=lambda item: (-item[1].strength, str(item[0])))[:MOST]
    sensed = _sensed(leaf, lexicon, meaning, entities)
    if sensed is not None and sensed[0] not in dict(ranked) and not is_vetoed(*sensed, leaf, one, setting, lexicon):
        ranked.append(sensed)
    exact = {fact for fact, found in ranked if found.way in ("exact", "learned", "alike")}
    said = {
        whom.role: whom.by_path for form in leaf.forms for whom in readings(form, one.parents) if whom.role is not None
    }
    by_path = {fact for fact, found in ranked if found.way == "path" and found.like.told + found.like.covered > 1.99}
    if any(said.values()):
        by_path = set()  # 家庭成员/姓名 is the name of another person, not what 家庭成员姓名 is elsewhere
    about = About(lexicon, setting, entities, exact, said, implied, by_path, parts, meaning)
    return [weigh(fact, found, leaf, one, about) for fact, found in ranked]


def _in_context(name: Name, around: str, lexicon: Lexicon, entities: Mapping[str, float]) -> bool:
    """Does a name that means its element only somewhere mean it here?

    By a word of the title or of the header, or because most of the form is about what the element speaks of.
    """
    if not name.contexts or any(word in around for word in name.contexts):
        return True
    home = lexicon.entity(name.fact.element)
    # Words of persons are told apart from those of other persons' matters as well, so that a person is no context.
    if home in ("resident", "household") and name.fact.element not in PERSONAL:
        return False
    return entities.get(home or "", 0.0) >= MOSTLY


def _sensed(
    leaf: Label, lexicon: Lexicon, meaning: Meaning, entities: Mapping[str, float]
) -> tuple[Fact, Found] | None:
    """What the field asks by its sense, by the own name of the element, whatever words the header has for it."""
    likeliest = meaning.likeliest(ENOUGH)
    element = lexicon.schemas.elements.get(likeliest.element or "") if likeliest else None
    if likeliest is None or element is None or likeliest.derive:
        return None
    fact = _contact(lexicon.owned(_of_whom(likeliest, lexicon)), entities)
    name = Name(key(element.name), Fact(element.id), "registry", f"说的是数据元“{element.name}”")
    like = lexicon.like(leaf.words, name.words)
    return (fact, Found(name, Whom(fact.role, leaf.words), leaf.words, "like", like.order, like)) if fact else None


ENOUGH = 0.2
"""Chance from which what a field asks by its sense alone is weighed beside what its words are like."""


def _of_parts(leaf: Label, one: FormField, lexicon: Lexicon) -> list[set[Fact | None]]:
    """Facts that each part of a header names: 法定代表人／主要负责人 is one thing by two words, 区县／街镇 is two."""
    meant = []
    for part in leaf.parts:
        hits = (hit for whom in readings(part, one.parents) for hit in known(whom.rest, whom, False, lexicon))
        meant.append({_fact(hit, leaf, lexicon) for hit in hits if hit.name.fact.element})
    return meant


def _fact(found: Found, leaf: Label, lexicon: Lexicon) -> Fact | None:
    """What the field would ask if this name is meant; None if it cannot be."""
    fact, role = found.name.fact, found.whom.role
    if role and fact.role and role != fact.role:
        return None
    fact = replace(fact, role=role or fact.role)
    if fact.derive == "exists" and not leaf.question:
        return None
    element = lexicon.schemas.elements[fact.element or ""]
    # A list answers whether somebody is in it; a text does not say that there is nothing to say.
    if fact.derive is None and leaf.question and not is_yes_or_no(element) and _is_listed(element):
        fact = replace(fact, derive="exists")
    return lexicon.owned(_of_whom(fact, lexicon))


def _of_whom(fact: Fact, lexicon: Lexicon) -> Fact:
    """The fact without a person, if its element cannot be a person's or says itself whose it is."""
    if fact.element == "remark":
        return replace(fact, role=None)  # what is noted beside somebody is a note of the row
    # guardian_relation, parent_work_place: the element itself says whom it speaks of.
    if fact.role and (not is_of_person(fact.element, lexicon) or owns_role(fact.element, {fact.role: True})):
        return replace(fact, role=None)
    return fact


def _contact(fact: Fact | None, entities: Mapping[str, float]) -> Fact | None:
    """The contact of an organisation and of a person have elements of their own."""
    if fact is None or fact.role != "contact":
        return fact
    if max(entities, key=lambda one: (entities[one], one)) == "organisation":
        own = {"resident_name": "contact_person_name"}
    else:
        own = {"resident_name": "emergency_contact", "mobile_phone": "emergency_phone"}
    return replace(fact, element=own[fact.element], role=None) if fact.element in own else fact


def _is_listed(element: Element) -> bool:
    """Does an entry in a list of it answer whether somebody has one: a code, a day, the number of a paper?"""
    return element.type in LISTED or element.id.endswith("_number")
