"""Names of the registry that a header may mean: as it stands, in part, with the header above it, or like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from yibiao.matching.alike import Likeness
from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Fact, Lexicon, Name
from yibiao.matching.normalise import Label, key, reduced
from yibiao.matching.phrases import phrased
from yibiao.matching.roles import Whom, readings
from yibiao.matching.subjects import NAMED, otherwise
from yibiao.matching.words import AGE

FROM_UNTIL = {"从": "起", "自": "起", "起": "起", "开始": "起", "到": "止", "至": "止", "止": "止", "结束": "止"}
"""Headers that say of the one above which end of a time is asked."""

LONGEST_END = 10
"""Characters of the longest last words of a header that are looked up by themselves."""


@dataclass(frozen=True)
class Found:
    """A name that may be meant, and how it was found; `rest` is what stands before known last words."""

    name: Name
    whom: Whom
    asked: str
    way: str
    strength: float
    like: Likeness
    rest: str = ""


def names_of(
    leaf: Label, one: FormField, lexicon: Lexicon, entities: Mapping[str, float], title: str = ""
) -> list[Found]:
    """Names that a header may mean, one more than once if it is found in several ways.

    Args:
        entities: how much of the form speaks of each entity.
        title: of the form, as a key.
    """
    found: list[Found] = []
    forms = leaf.forms or (leaf.words,)
    for number, form in enumerate(forms):
        for whom in readings(form, one.parents):
            asked = whom.rest
            whole = number == 0 or form in leaf.spoken or (leaf.question and form in leaf.topics)
            part = not whole
            found += lookup(asked, whom, part, lexicon)
            if not part:
                found += _last_words(asked, whom, lexicon)
                found += _coded(asked, whom, lexicon)
            if AGE.search(asked):
                found.append(_age(whom, asked, lexicon))
            found += _phrases(asked, whom, lexicon)
    about = max(entities, key=lambda entity: (entities[entity], entity))
    # A house or a family is called by its name in every form; 单位 is the employer's in a form about persons.
    for words in dict.fromkeys(word for entity in (about, *NAMED) for word in otherwise(leaf.words, entity, title)):
        hits = known(words, Whom(None, words), False, lexicon)
        found += [replace(hit, way="subject", strength=2.95) for hit in hits]
    if one.parents and leaf.words.endswith("关系") and _below_guardian(one):
        # 监护人/关系, 监护人/家庭关系: the guardian's to the person of the row.
        whom = Whom(None, "监护人关系", by_path=True)
        found += [replace(hit, way="path") for hit in known(whom.rest, whom, False, lexicon)]
    if one.parents and len(leaf.words) <= 4:
        upper = key(one.parents[-1])
        ends = FROM_UNTIL.get(leaf.words)
        if ends:
            # 证件有效期/从: the two ends of a time stand below its name.
            whom = Whom(None, upper + ends, by_path=True)
            found += [replace(hit, way="path") for hit in known(whom.rest, whom, False, lexicon)]
        for tail in ("基本情况", "情况", "信息", "状况", "登记"):
            upper = upper.removesuffix(tail)
        if upper and len(upper) <= 8:
            whom = Whom(None, upper + leaf.words, by_path=True)
            hits = lookup(whom.rest, whom, True, lexicon)
            # 场所所在建筑情况/名称: what is asked of it begins with its last words.
            named = any(whom.role for whom in readings(leaf.words, one.parents))
            for size in range(2, min(5, len(upper)) if not named else 2):
                words = upper[-size:] + leaf.words
                hits += known(words, Whom(None, words, by_path=True), True, lexicon)
            found += [replace(hit, way="path", strength=hit.strength * 0.8) for hit in hits]
    return [one for one in found if one.name.fact.element]


def _below_guardian(one: FormField) -> bool:
    return any(whom.by_path and whom.role == "guardian" for whom in readings("姓名", one.parents))


def _last_words(asked: str, whom: Whom, lexicon: Lexicon) -> list[Found]:
    """Names that a header ends with: 许可证编号 of 道路运输许可证编号."""
    hits: list[Found] = []
    for size in range(min(len(asked) - 1, LONGEST_END), 1, -1):
        for hit in known(asked[-size:], whom, True, lexicon):
            like = lexicon.like(asked, hit.name.words)
            strength = min(like.order, 2.9) + 0.01
            hits.append(Found(hit.name, whom, asked, "tail", strength, like, rest=asked[:-size]))
    return hits


def _coded(asked: str, whom: Whom, lexicon: Lexicon) -> list[Found]:
    """Elements with a code list, whose code a data specification asks: 民族码, 房屋用途代码."""
    stem = asked.removesuffix("代码") if asked.endswith("代码") else asked.removesuffix("码")
    if stem == asked or len(stem) < 2:
        return []
    hits = (hit for hit in known(stem, whom, False, lexicon) if hit.name.fact.element)
    listed = lexicon.schemas.elements
    return [replace(hit, way="alike", strength=2.98) for hit in hits if listed[hit.name.fact.element or ""].code_list]


def _phrases(asked: str, whom: Whom, lexicon: Lexicon) -> list[Found]:
    hits = []
    for element in phrased(asked):
        own = lexicon.schemas.elements[element].name
        name = Name(asked, Fact(element), "registry", f"这样的说法问的是“{own}”")
        hits.append(Found(name, whom, asked, "alike", 3.0, lexicon.like(asked, asked)))
    return hits


def _age(whom: Whom, asked: str, lexicon: Lexicon) -> Found:
    name = Name("年龄", Fact("birth_date", None, "age"), "registry", "年龄由出生日期推算")
    return Found(name, whom, asked, "age", 3.0, lexicon.like(asked, "年龄"))


def lookup(asked: str, whom: Whom, part: bool, lexicon: Lexicon) -> list[Found]:
    """Names that are these words, or like them."""
    hits = known(asked, whom, part, lexicon)
    seen = {*lexicon.exact.get(asked, ()), *lexicon.alike.get(reduced(asked), ())}
    for place in lexicon.near(asked):
        if place not in seen:
            name = lexicon.names[place]
            like = lexicon.like(asked, name.words)
            strength = min(like.order, 2.9) - (0.3 if part else 0.0)
            hits.append(Found(name, whom, asked, "like", strength, like))
    return hits


def known(asked: str, whom: Whom, part: bool, lexicon: Lexicon) -> list[Found]:
    """Names that are these words, or these but for usual ones."""
    hits: list[Found] = []
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
            like = lexicon.like(asked, name.words)
            hits.append(Found(name, whom, asked, "part" if part else said, strength, like))
    return hits
