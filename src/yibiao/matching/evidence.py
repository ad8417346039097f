"""What speaks for and against each data element that a field may ask, as figures that the model weighs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from yibiao.contracts.values import Element
from yibiao.matching.alike import Likeness, likeness
from yibiao.matching.clues import weigh_kind, weigh_options, weigh_unit, weigh_values
from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Fact, Lexicon, Name
from yibiao.matching.normalise import Label, key, label, reduced, without_blanks
from yibiao.matching.reasons import of_name
from yibiao.matching.roles import Whom, is_stranger, readings, word_of
from yibiao.matching.subjects import otherwise
from yibiao.matching.words import AGE

FEATURES = (
    *(
        "one",
        "exact",
        "exact_learned",
        "exact_alike",
        "exact_part",
        "exact_subject",
        "by_path",
        "told",
        "covered",
        "pairs",
        "bag",
        "tail",
    ),
    *("typing", "sound", "kind_fits", "kind_breaks", "options_fit", "options_break", "unit_fits", "unit_breaks"),
    *(
        "entity",
        "entity_none",
        "role_person",
        "role_thing",
        "role_lost",
        "role_implied",
        "role_passed",
        "shared",
        "short",
        "exists",
        "exists_code",
    ),
    *(
        "question_plain",
        "values_fit",
        "values_break",
        "definition",
        "hint",
        "other_exact",
        "age",
        "votes",
        "votes_against",
        "entity_best",
        "near_name",
        "near_text",
        "modifier",
        "unknown",
    ),
)
"""Order of the figures; a model says for which of them it was trained."""

MOST = 14
"""Candidates of a field that are weighed."""

PASSED_ON = frozenset(
    {
        *("citizen_id", "sex_code", "birth_date", "ethnicity_code", "mobile_phone", "political_status_code"),
        *("marital_status_code", "education_code", "residence_address", "employer_name"),
    }
)
"""What is asked of the person named before it without naming him again."""

PERSONAL = PASSED_ON | {"resident_name"}
"""What is nobody's of the row under a header that names somebody else."""

OF_PERSONS = PERSONAL - {"residence_address", "employer_name"}
"""What is a person's in every form that is not about an organisation, even if it is about his house or a dispute."""

LISTED = frozenset({"code", "number_text", "date", "person_number"})
"""Types of elements whose presence in a complete list answers a question by yes or no."""

_MODIFIER = re.compile(
    r"[原曾拟择]|预计|期望|希望|意向|要求|计划|目标|首次|最低|失业前|申请(?![人户者]|单位|日期|时间)"
)
"""Words of a header that make another fact of the same words: 原工作单位, 月薪要求."""


@dataclass
class Candidate:
    """A fact that a field may ask, with what speaks for it.

    Attributes:
        figures: by `FEATURES`.
        name: the name that is likest.
        asked: the words that were compared with it.
        whom: whom the header speaks of, as understood for this fact.
    """

    fact: Fact
    figures: dict[str, float]
    name: Name
    asked: str
    whom: Whom
    like: Likeness | None = None
    reasons: list[str] = field(default_factory=list)

    def vector(self) -> list[float]:
        return [self.figures.get(name, 0.0) for name in FEATURES]


@dataclass(frozen=True)
class _Found:
    """A name that may be meant, and how it was found."""

    name: Name
    whom: Whom
    asked: str
    way: str
    strength: float
    like: Likeness


@dataclass(frozen=True)
class _About:
    """What is the same for all candidates of a field: `said` are the roles that its header names, and where."""

    lexicon: Lexicon
    entities: Mapping[str, float]
    exact: set[Fact]
    said: Mapping[str, bool]
    implied: str | None


def candidates(
    one: FormField, lexicon: Lexicon, entities: Mapping[str, float], implied: str | None = None, title: str = ""
) -> list[Candidate]:
    """Facts that a field may ask, the best compared first.

    Args:
        entities: how much of the form speaks of each entity, together 1.
        implied: the role of the person named before it, where the form names no person of its row.
        title: of the form, for words that mean an element only in some context.
    """
    leaf = label(one.label)
    best: dict[Fact, _Found] = {}
    around = without_blanks(title + "/".join(one.path))
    for found in _names(leaf, one, lexicon, entities):
        if found.name.contexts and not any(word in around for word in found.name.contexts):
            continue
        fact = _fact(found, leaf, lexicon)
        fact = _contact(fact, entities)
        if fact is not None and fact.element in PERSONAL and _of_somebody_else(found, one):
            continue
        facts = [fact] if fact is not None else []
        if implied and fact is not None and fact.role is None and fact.element in PASSED_ON:
            facts.append(lexicon.owned(replace(fact, role=implied)))
        for each in facts:
            if each not in best or found.strength > best[each].strength:
                best[each] = found
    ranked = sorted(best.items(), key=lambda item: (-item[1].strength, str(item[0])))[:MOST]
    exact = {fact for fact, found in ranked if found.way in ("exact", "learned", "alike")}
    said = {
        whom.role: whom.by_path for form in leaf.forms for whom in readings(form, one.parents) if whom.role is not None
    }
    about = _About(lexicon, entities, exact, said, implied)
    return [_weigh(fact, found, leaf, one, about) for fact, found in ranked]


def _names(leaf: Label, one: FormField, lexicon: Lexicon, entities: Mapping[str, float]) -> list[_Found]:
    found: list[_Found] = []
    forms = leaf.forms or (leaf.words,)
    for number, form in enumerate(forms):
        for whom in readings(form, one.parents):
            asked = whom.rest
            part = number > 0 and not (leaf.question and form == leaf.topic)
            found += _lookup(asked, whom, part, lexicon)
            if AGE.search(asked):
                found.append(_age(whom, asked, lexicon))
    for words in otherwise(leaf.words, max(entities, key=lambda entity: (entities[entity], entity))):
        hits = _lookup(words, Whom(None, words), False, lexicon)
        found += [replace(hit, way="subject", strength=2.95) for hit in hits if hit.way != "like"]
    if one.parents and len(leaf.words) <= 4:
        upper = key(one.parents[-1])
        for tail in ("基本情况", "情况", "信息", "状况", "登记"):
            upper = upper.removesuffix(tail)
        if upper and len(upper) <= 8:
            whom = Whom(None, upper + leaf.words, by_path=True)
            found += [
                replace(hit, way="path", strength=hit.strength * 0.8) for hit in _lookup(whom.rest, whom, True, lexicon)
            ]
    return [one for one in found if one.name.fact.element]


def _age(whom: Whom, asked: str, lexicon: Lexicon) -> _Found:
    name = Name("年龄", Fact("birth_date", None, "age"), "registry", "年龄由出生日期推算")
    return _Found(name, whom, asked, "age", 3.0, likeness(asked, "年龄", lexicon.weight, lexicon.unseen))


def _lookup(asked: str, whom: Whom, part: bool, lexicon: Lexicon) -> list[_Found]:
    """Names that are these words, or like them."""
    hits: list[_Found] = []
    seen: set[int] = set()
    shorter = reduced(asked)
    for way, places in (("exact", lexicon.exact.get(asked, ())), ("alike", lexicon.alike.get(shorter, ()))):
        for place in places:
            if place in seen:
                continue
            seen.add(place)
            name = lexicon.names[place]
            said = "learned" if way == "exact" and name.source == "form" else way
            strength = {"exact": 4.0, "learned": 3.8, "alike": 3.0}[said] - (0.6 if part else 0.0)
            like = likeness(asked, name.words, lexicon.weight, lexicon.unseen)
            hits.append(_Found(name, whom, asked, "part" if part else said, strength, like))
    for place in lexicon.near(asked):
        if place not in seen:
            name = lexicon.names[place]
            like = likeness(asked, name.words, lexicon.weight, lexicon.unseen)
            strength = min(like.order, 2.9) - (0.3 if part else 0.0)
            hits.append(_Found(name, whom, asked, "like", strength, like))
    return hits


def _fact(found: _Found, leaf: Label, lexicon: Lexicon) -> Fact | None:
    """What the field would ask if this name is meant; None if it cannot be."""
    fact, role = found.name.fact, found.whom.role
    if role and fact.role and role != fact.role:
        return None
    fact = replace(fact, role=role or fact.role)
    if fact.derive == "exists" and not leaf.question:
        return None
    element = lexicon.schemas.elements[fact.element or ""]
    # A list answers whether somebody is in it; a text does not say that there is nothing to say.
    if fact.derive is None and leaf.question and not _yes_or_no(element) and element.type in LISTED:
        fact = replace(fact, derive="exists")
    # guardian_relation, parent_work_place: the element itself says whom it speaks of.
    if fact.role and (not _of_person(fact.element, lexicon) or _owns_role(fact.element, {fact.role: True})):
        fact = replace(fact, role=None)
    return lexicon.owned(fact)


def _of_somebody_else(found: _Found, one: FormField) -> bool:
    """Does the outer header name somebody whom no report speaks of, or a thing, and the field a fact of persons?"""
    if not one.parents or (found.way == "path" and found.like.told + found.like.covered > 1.99):
        return False
    outer = one.parents[-1]
    return is_stranger(outer) and (found.whom.role is None or key(outer).endswith("史"))


def _contact(fact: Fact | None, entities: Mapping[str, float]) -> Fact | None:
    """The contact of an organisation and of a person have elements of their own."""
    if fact is None or fact.role != "contact":
        return fact
    if max(entities, key=lambda one: (entities[one], one)) == "organisation":
        own = {"resident_name": "contact_person_name"}
    else:
        own = {"resident_name": "emergency_contact", "mobile_phone": "emergency_phone"}
    return replace(fact, element=own[fact.element], role=None) if fact.element in own else fact


def _yes_or_no(element: Element) -> bool:
    return element.code_list == "yes_no" or element.id.startswith(("is_", "has_"))


def _of_person(element: str | None, lexicon: Lexicon) -> bool:
    return lexicon.entity(element) in ("resident", None)


def _weigh(
    fact: Fact,
    found: _Found,
    leaf: Label,
    one: FormField,
    about: _About,
) -> Candidate:
    lexicon, entities, exact = about.lexicon, about.entities, about.exact
    element = lexicon.schemas.elements[fact.element or ""]
    like, way = found.like, found.way
    figures = {
        "one": 1.0,
        "exact": float(way == "exact"),
        "exact_learned": float(way == "learned"),
        "exact_alike": float(way == "alike"),
        "exact_part": float(way in ("part", "path") and like.told > 0.999),
        "exact_subject": float(way == "subject"),
        "by_path": float(way == "path"),
        "told": like.told,
        "covered": like.covered,
        "pairs": like.pairs,
        "bag": like.bag,
        "tail": like.tail,
        "typing": like.typing,
        "sound": like.sound,
        "short": float(len(found.asked) <= 2),
        "exists": float(fact.derive == "exists"),
        "exists_code": float(fact.derive == "exists" and fact.value is not None),
        "question_plain": float(leaf.question and fact.derive is None and not _yes_or_no(element)),
        "age": float(fact.derive == "age"),
        "unknown": float(found.whom.unknown),
    }
    reasons = [of_name(found.name, found.way, like)]
    if fact.derive is None:
        weigh_kind(figures, found.asked if found.way == "part" else leaf.words, element)
    weigh_options(figures, reasons, one, leaf, element, lexicon)
    weigh_unit(figures, reasons, leaf, element)
    weigh_values(figures, reasons, one, element, lexicon)
    home = lexicon.entity(element.id)
    if home is None:
        figures["entity_none"] = 1.0
    elif fact.role is None:
        share = 1 - entities.get("organisation", 0.0) if element.id in OF_PERSONS else entities.get(home, 0.0)
        figures["entity"] = math.log(0.05 + share)
        if entities.get(home, 0.0) >= 0.5:
            reasons.append(
                f"本表主要登记{lexicon.schemas.entities[home].name}" if home in lexicon.schemas.entities else ""
            )
    if fact in exact and fact.role is None and home is not None:
        homes = {lexicon.entity(other.element) for other in exact if other.role is None}
        figures["entity_best"] = float(
            len(homes) > 1 and home == max(homes, key=lambda one: (entities.get(one or "", 0.0), str(one)))
        )
    _roles(figures, reasons, fact, about)
    figures["shared"] = math.log(len({other.element for other in exact})) if fact in exact and exact else 0.0
    figures["other_exact"] = float(bool(exact) and fact not in exact)
    votes = lexicon.votes.get(leaf.words) or lexicon.votes.get(found.whom.rest)
    if votes:
        meant = {(element, fact.derive) for element in (fact.element, found.name.fact.element)}
        counted = {asked: count * _relevant(asked[0], about) for asked, count in votes.items()}
        agree = sum(count for asked, count in counted.items() if asked in meant)
        figures["votes"] = math.log1p(agree)
        figures["votes_against"] = math.log1p(sum(counted.values()) - agree)
    own_words = found.name.words
    figures["modifier"] = float(
        any(word not in own_words for path in one.path for word in _MODIFIER.findall(key(path)))
    )
    # Aliases are many, and some are words that other things have as well: the element's own name is surer.
    own = key(element.name)
    figures["near_name"] = 1.0 if found.asked == own else likeness(found.asked, own, lexicon.weight, lexicon.unseen).bag
    said = element.name + element.definition
    figures["near_text"] = sum(sign in said for sign in found.asked) / max(len(found.asked), 1)
    text = element.definition + element.scope
    if found.asked and len(found.asked) >= 2:
        figures["definition"] = sum(pair in text for pair in _bigrams(found.asked)) / (len(found.asked) - 1)
    if one.hint:
        hint = key(one.hint)
        figures["hint"] = float(
            any(len(word) > 1 and word in hint for word in (key(element.name), *map(key, element.aliases)))
        )
        if figures["hint"]:
            reasons.append("填写提示里提到它")
    return Candidate(fact, figures, found.name, found.asked, found.whom, like, [reason for reason in reasons if reason])


def _relevant(element: str | None, about: _About) -> float:
    """How much a vote for an element counts here: what is asked in forms about persons says little about companies."""
    home = about.lexicon.entity(element)
    if home is None or (home == "resident" and about.said):
        return 1.0
    return (about.entities.get(home, 0.0) / max(about.entities.values())) ** 2


def _roles(figures: dict[str, float], reasons: list[str], fact: Fact, about: _About) -> None:
    if fact.role is not None and fact.role in about.said:
        figures["role_person"] = 1.0
        reasons.append(f"{'上级表头' if about.said[fact.role] else '表头'}说的是{word_of(fact.role)}")
    elif fact.role and fact.role == about.implied:
        figures["role_implied"] = 1.0
        reasons.append(f"前面写的是{word_of(fact.role)}，本表没有别人的姓名")
    elif fact.role:
        figures["role_lost"] = 1.0
    elif about.said and not _owns_role(fact.element, about.said):
        figures["role_thing"] = 1.0
    elif about.implied and fact.element in PASSED_ON:
        figures["role_passed"] = 1.0


def _owns_role(element: str | None, roles: Mapping[str, bool]) -> bool:
    """Is it an element that some role has for itself: `legal_representative_name`?"""
    lead = (element or "").partition("_")[0]
    return any(lead == role or (element or "").startswith(f"{role}_") for role in roles)


def _bigrams(text: str) -> Sequence[str]:
    return [text[place : place + 2] for place in range(len(text) - 1)]
