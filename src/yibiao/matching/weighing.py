"""How much each figure of a field speaks for a data element that it may ask, as a vector that the model weighs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from yibiao.contracts.values import Element
from yibiao.matching.alike import Likeness
from yibiao.matching.clues import weigh_kind, weigh_options, weigh_unit, weigh_values
from yibiao.matching.fields import FormField
from yibiao.matching.found import Found
from yibiao.matching.lexicon import Fact, Lexicon, Name
from yibiao.matching.normalise import Label, key, reduced
from yibiao.matching.persons import OF_PERSONS, PASSED_ON
from yibiao.matching.reasons import of_name
from yibiao.matching.roles import SELF, Whom, is_titled, section_words, word_of
from yibiao.matching.sense import Meaning
from yibiao.matching.setting import Setting, is_explained
from yibiao.matching.subjects import SUBJECTS
from yibiao.matching.telephones import TELEPHONES
from yibiao.matching.vetoes import is_guest, is_homeless

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
        "other_path",
        *("head", "whole", "apart", "unlike_kind"),
        *("outer_strange", "outer_fits", "homeless", "other_person", "part_last", "guest", "only_one"),
        *("ends_known", "rest_told", "votes_alike", "votes_alike_against", "two_facts"),
        *("telephone", "other_telephone"),
        *("sense", "sense_role", "sense_derive"),
    ),
)
"""Order of the figures; a model says for which of them it was trained."""


_WHEN = re.compile(
    r"^(?:上一?年度?|上年末|去年|本年度?|当年|\d{2,4}年度?|年末|期末|年度|现有|现|目前|当前|累计|总|全部|实际|截至|本|该|的)"
)
"""What tells of when a value is, and nothing of what it is."""


_MODIFIER = re.compile(
    r"[原曾拟择]|未(?!成年|婚|来)|预计|期望|希望|意向|要求|计划|目标|首次|[初首][检诊]|最低|失业前|申请(?![人户者]|单位|日期|时间)"
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
class About:
    """What is the same for all candidates of a field.

    Attributes:
        said: the roles that its header names, and where.
        meaning: what the whole form says that it asks.
    """

    lexicon: Lexicon
    setting: Setting
    entities: Mapping[str, float]
    exact: set[Fact]
    said: Mapping[str, bool]
    implied: str | None
    by_path: set[Fact]
    of_parts: Sequence[set[Fact | None]]
    meaning: Meaning


def is_yes_or_no(element: Element) -> bool:
    """Does the element itself answer yes or no?"""
    return element.code_list == "yes_no" or element.id.startswith(("is_", "has_"))


def is_of_person(element: str | None, lexicon: Lexicon) -> bool:
    """Is it a person's, or anybody's?"""
    return lexicon.entity(element) in ("resident", None)


def weigh(
    fact: Fact,
    found: Found,
    leaf: Label,
    one: FormField,
    about: About,
) -> Candidate:
    """The fact as a candidate, with all its figures and the reasons in Chinese.

    Args:
        found: the name that is likest.
        about: what is the same for all candidates of the field.
    """
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
        "head": float(found.asked[:2] == found.name.words[:2]),
        "whole": like.told * like.covered,
        "typing": like.typing,
        "sound": like.sound,
        "short": float(len(found.asked) <= 2),
        "exists": float(fact.derive == "exists"),
        "exists_code": float(fact.derive == "exists" and fact.value is not None),
        "question_plain": float(leaf.question and fact.derive is None and not is_yes_or_no(element)),
        "age": float(fact.derive == "age"),
        "unknown": float(found.whom.unknown and not is_titled(found.whom.said, about.setting.title)),
    }
    reasons = [of_name(found.name, found.way, like)]
    if fact.derive is None:
        outer = key(one.parents[-1]) if one.parents else ""
        weigh_kind(figures, found.asked if found.way == "part" else leaf.words, element, outer)
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
    _surroundings(figures, reasons, fact, found, leaf, one, about)
    figures["shared"] = math.log(len({other.element for other in exact})) if fact in exact and exact else 0.0
    figures["other_exact"] = float(bool(exact) and fact not in exact)
    figures["other_path"] = float(bool(about.by_path) and fact not in about.by_path)
    _votes(figures, fact, found, leaf, about)
    meaning = about.meaning
    figures.update(sense=meaning.element(fact), sense_role=meaning.role(fact), sense_derive=meaning.derive(fact))
    if way == "tail":
        figures["ends_known"] = 1.0
        figures["rest_told"] = float(_is_told(found, one, about))
    own_words = found.name.words
    figures["modifier"] = float(
        any(word not in own_words for path in one.path for word in _MODIFIER.findall(key(path)))
    )
    # Aliases are many, and some are words that other things have as well: the element's own name is surer.
    own = key(element.name)
    figures["near_name"] = 1.0 if found.asked == own else lexicon.like(found.asked, own).bag
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
    if way in ("like", "part", "tail"):
        # What is only like a name has to fit in all else.
        figures["apart"] = figures.get("entity", 0.0)
        figures["unlike_kind"] = figures.get("kind_breaks", 0.0)
    return Candidate(fact, figures, found.name, found.asked, found.whom, like, [reason for reason in reasons if reason])


def _votes(figures: dict[str, float], fact: Fact, found: Found, leaf: Label, about: About) -> None:
    """What labelled forms mean by these words, or by words that say the same."""
    lexicon = about.lexicon
    meant = {(element, fact.derive) for element in (fact.element, found.name.fact.element)}
    for name, votes in (
        ("votes", lexicon.votes.get(leaf.words) or lexicon.votes.get(found.whom.rest)),
        (
            "votes_alike",
            lexicon.votes_alike.get(reduced(leaf.words)) or lexicon.votes_alike.get(reduced(found.whom.rest)),
        ),
    ):
        if votes:
            counted = {asked: count * _relevant(asked[0], about) for asked, count in votes.items()}
            agree = sum(count for asked, count in counted.items() if asked in meant)
            figures[name] = math.log1p(agree)
            figures[f"{name}_against"] = math.log1p(sum(counted.values()) - agree)


def _is_told(found: Found, one: FormField, about: About) -> bool:
    """Does the form itself say what stands before a known name: 道路运输 of 道路运输许可证编号, by its title?"""
    rest = found.rest.removesuffix("的")
    home = about.lexicon.entity(found.name.fact.element)
    # 企业上年度销售收入, 现有成员数: whose, and of when.
    while rest and (shorter := _of_row(_WHEN.sub("", rest), home)) != rest:
        rest = shorter
    return (
        not rest
        or rest in SELF
        or rest in SUBJECTS.get(home or "", ())
        or any(rest in key(text) for text in (about.setting.title, *one.parents))
    )


def _of_row(words: str, home: str | None) -> str:
    """Words without the one that they begin with, if that is what the row is called: 单位从业人员 -> 从业人员."""
    for one in (*SUBJECTS.get(home or "", ()), *SELF):
        if words.startswith(one) and len(one) > 1:
            return words.removeprefix(one)
    return words


def _relevant(element: str | None, about: About) -> float:
    """How much a vote for an element counts here: what is asked in forms about persons says little about companies."""
    home = about.lexicon.entity(element)
    if home is None or (home == "resident" and about.said):
        return 1.0
    return (about.entities.get(home, 0.0) / max(about.entities.values())) ** 2


def _roles(figures: dict[str, float], reasons: list[str], fact: Fact, about: About) -> None:
    if fact.role is not None and fact.role in about.said:
        figures["role_person"] = 1.0
        reasons.append(f"{'上级表头' if about.said[fact.role] else '表头'}说的是{word_of(fact.role)}")
    elif fact.role and fact.role == about.implied:
        figures["role_implied"] = 1.0
        reasons.append(f"从前面的栏目或标题看，说的是{word_of(fact.role)}")
    elif fact.role:
        figures["role_lost"] = 1.0
    elif about.said and not owns_role(fact.element, about.said):
        figures["role_thing"] = 1.0
    elif about.implied and fact.element in PASSED_ON:
        figures["role_passed"] = 1.0


def _surroundings(
    figures: dict[str, float],
    reasons: list[str],
    fact: Fact,
    found: Found,
    leaf: Label,
    one: FormField,
    about: About,
) -> None:
    """What the outer header, the other persons of the form and the other half of the header say."""
    element = about.lexicon.schemas.elements[fact.element or ""]
    if one.parents and not found.whom.by_path:
        outer = one.parents[-1]
        figures["outer_strange"] = float(
            not is_explained(outer, " ".join((element.name, element.definition, element.scope, *element.aliases)))
        )
        words = section_words(outer)
        figures["outer_fits"] = float(any(pair in element.name + element.definition for pair in _bigrams(words)))
        if figures["outer_strange"]:
            reasons.append(f"上级表头“{words}”说的是别的")
    telephone = about.setting.telephones.get(one)
    if telephone is not None and fact.element in TELEPHONES:
        figures["telephone" if fact == telephone else "other_telephone"] = 1.0
    figures["homeless"] = float(is_homeless(fact, about.setting, about.lexicon))
    figures["guest"] = float(is_guest(fact, one, about.setting, about.lexicon))
    # The only thing that any known name of these words means, in a form that is about it or about anything.
    figures["only_one"] = float(fact in about.exact and len({other.element for other in about.exact}) == 1)
    # 区县／街镇, 行业和职业: one cell that asks two things is neither.
    figures["two_facts"] = float(any(facts and fact not in facts for facts in about.of_parts))
    figures["other_person"] = float(found.whom.unknown and about.setting.person)
    figures["part_last"] = float(
        found.way == "part"
        and bool(leaf.parts)
        and not leaf.parts[0].endswith(found.asked)
        and found.asked not in map(key, leaf.inside)
    )


def owns_role(element: str | None, roles: Mapping[str, bool]) -> bool:
    """Is it an element that some role has for itself: `legal_representative_name`?"""
    lead = (element or "").partition("_")[0]
    return any(lead == role or (element or "").startswith(f"{role}_") for role in roles)


def _bigrams(text: str) -> Sequence[str]:
    return [text[place : place + 2] for place in range(len(text) - 1)]
