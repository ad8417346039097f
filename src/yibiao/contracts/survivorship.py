"""Survivorship (取值规则): by which criteria a golden value is chosen among what the sources state.

An element names criteria in the order in which they count; where all of them leave several values, the department's
place in the element's authority list decides, then the day that the record speaks of, then the order of records.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from yibiao.contracts.documents import Document, Findings, did_you_mean

if TYPE_CHECKING:
    from yibiao.contracts.values import CodeList, Element, Entity

AUTHORITY, RECENCY, AGREEMENT, CITIZEN_ID = "authority", "recency", "agreement", "citizen_id"
SAME_AS, MINIMUM_AGE, OUTGROWN, LEADING = "same_as", "minimum_age", "outgrown", "leading"
ONLY, DAY, ORDER, REPLACED, CORRECTION = "only", "day", "order", "replaced", "correction"
"""What a registry may not name: nothing to decide; what decides when authorities are equal; within one report, that
only its newest statement about an entity counts; and a correction that an authority accepted, before everything."""

TEXTS: Mapping[str, str] = {
    ONLY: "没有不同的说法",
    CITIZEN_ID: "与公民身份号码所载一致者优先",
    RECENCY: "登记日期较新者优先, 没有登记日期的排后",
    AGREEMENT: "多数报表一致者优先",
    AUTHORITY: "数源部门优先",
    DAY: "数据日期较新者优先",
    ORDER: "同一天, 按源记录顺序 (期, 报表, 交付, 行)",
    REPLACED: "同一报表以较新的记录为准",
    CORRECTION: "数源部门采纳的更正优先",
}
"""What decided, in one sentence; the criteria that need more words are in `sentence`."""

_PLAIN = (AUTHORITY, RECENCY, AGREEMENT, CITIZEN_ID)
_SHAPES: Mapping[str, Mapping[str, type]] = {
    SAME_AS: {SAME_AS: str},
    MINIMUM_AGE: {MINIMUM_AGE: int, "codes": list},
    OUTGROWN: {OUTGROWN: int, "codes": list, "born_from": str},
    LEADING: {LEADING: int},
}
_FORMS = (
    *_PLAIN,
    "{same_as: <entity>.<element>}",
    "{minimum_age: <years>, codes: [...]}",
    "{outgrown: <years>, codes: [...], born_from: <YYYY-MM-DD>}",
    "{leading: <days>}",
)

MOST_REPORTS = 63
"""Reports about one entity that `agreement` can count: six bits of a rank."""


@dataclass(frozen=True)
class Criterion:
    """One criterion of an element.

    Attributes:
        name: `citizen_id` (what the entity's valid ID number states wins), `same_as` (what the linked entity is known
            by wins), `minimum_age` (a code that nobody below an age can have never beats another), `outgrown` (a code
            that whoever was born since a day has left behind at an age never beats another), `leading` (the first
            department of the authority list wins while its statement is not much older than the newest), `recency`
            (the day on which a report last checked its row), `agreement` (the value that most reports state).
        number: years of `minimum_age` and `outgrown`, days of `leading`.
        codes: of `minimum_age` and `outgrown`.
        born_from: of `outgrown`, `YYYY-MM-DD`: the first birthday for which it holds.
        entity, element: of `same_as`.
    """

    name: str
    number: int = 0
    codes: tuple[str, ...] = ()
    entity: str = ""
    element: str = ""
    born_from: str = ""


def sentence(criterion: Criterion, entities: Mapping[str, Entity], elements: Mapping[str, Element]) -> str:
    """The criterion in one Chinese sentence."""
    if criterion.name == SAME_AS:
        return f"与所属{entities[criterion.entity].name}的{elements[criterion.element].name}一致者优先"
    if criterion.name == MINIMUM_AGE:
        return f"未满 {criterion.number} 周岁不可能有的值不采用"
    if criterion.name == OUTGROWN:
        return f"{criterion.born_from} 起出生者年满 {criterion.number} 周岁应已超过的值排后"
    if criterion.name == LEADING:
        return f"首位数源部门 {criterion.number} 天内的说法优先"
    return TEXTS[criterion.name]


def applicable(element: Element, told: Collection[str]) -> tuple[Criterion, ...]:
    """The criteria of an element, less those that look at entities which no report speaks of.

    Args:
        told: entities that reports speak of.
    """
    return tuple(one for one in element.survivorship if not one.entity or one.entity in told)


def read_survivorship(
    given: str | list[Any], document: Document, path: tuple[str | int, ...], findings: Findings
) -> tuple[Criterion, ...]:
    """The criteria that an element names; whatever is no criterion becomes a finding.

    Args:
        given: value of the key `survivorship`: one word, or a list of words and mappings.
        path: of the key.
    """
    found: list[Criterion] = []
    listed = [given] if isinstance(given, str) else given
    for place, item in enumerate(listed):
        here = (*path, place) if isinstance(given, list) else path
        criterion = _criterion(item)
        if criterion is None:
            name = item if isinstance(item, str) else next(iter(item), "") if isinstance(item, dict) else item
            findings.error(
                "survivorship",
                "This is no criterion of survivorship.",
                document.where(*here),
                expected=", ".join(_FORMS),
                got=str(name),
                todo=did_you_mean(str(name), (*_PLAIN, *_SHAPES)),
            )
        elif criterion.name in {one.name for one in found}:
            findings.error("survivorship", f"`{criterion.name}` is named twice.", document.where(*here))
        elif criterion.name == AUTHORITY and len(listed) > 1:
            findings.error(
                "survivorship",
                "`authority` stands alone: after other criteria it decides anyway.",
                document.where(*here),
                todo="Take it out of the list.",
            )
        else:
            found.append(criterion)
    if not listed:
        findings.error("survivorship", "The list is empty.", document.where(*path), expected=", ".join(_FORMS))
    return tuple(one for one in found if one.name != AUTHORITY)


def _criterion(item: Any) -> Criterion | None:
    if isinstance(item, str):
        return Criterion(item) if item in _PLAIN else None
    if not isinstance(item, dict):
        return None
    for name, shape in _SHAPES.items():
        if name not in item:
            continue
        fits = item.keys() == shape.keys() and all(
            isinstance(item[key], kind) and not isinstance(item[key], bool) for key, kind in shape.items()
        )
        if not fits:
            return None
        if name == SAME_AS:
            entity, point, element = item[name].partition(".")
            return Criterion(name, entity=entity, element=element) if point and element else None
        if item[name] < 1 or not all(isinstance(code, str) for code in item.get("codes", [])):
            return None
        since = item.get("born_from", "")
        if since and not _is_day(since):
            return None
        return Criterion(name, item[name], tuple(item.get("codes", ())), born_from=since)
    return None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def check_survivorship(
    element: Element,
    document: Document,
    path: tuple[str | int, ...],
    codes: Mapping[str, CodeList],
    findings: Findings,
) -> None:
    """Criteria that the element's own type or codes do not allow become findings."""
    at = (*path, "survivorship")
    for criterion in element.survivorship:
        if criterion.name == CITIZEN_ID and element.type != "date" and element.code_list != "sex":
            findings.error(
                "survivorship",
                f"A citizen ID number does not state `{element.id}`.",
                document.where(*at),
                expected="a date (of birth), or a code of the list sex",
                got=element.code_list or element.type,
            )
        if criterion.name == LEADING and not element.authority:
            findings.error("survivorship", f"`{element.id}` has no authority to lead.", document.where(*at))
        if criterion.name in (MINIMUM_AGE, OUTGROWN):
            known = codes[element.code_list].by_code if element.code_list and element.code_list in codes else {}
            unknown = [code for code in criterion.codes if code not in known]
            if unknown or not criterion.codes:
                findings.error(
                    "survivorship",
                    f"`{criterion.name}` names codes of the element's own list.",
                    document.where(*at),
                    expected=element.code_list or "an element of type code",
                    got=", ".join(unknown),
                )


def check_entities(
    entities: Mapping[str, Entity],
    elements: Mapping[str, Element],
    documents: Mapping[str, Document],
    findings: Findings,
) -> None:
    """Criteria that look at something else of the entity, or at another entity, find it there."""
    for entity in entities.values():
        for name, criterion in _criteria(entity, elements):
            for problem in _problems(entity, name, criterion, entities, elements):
                findings.error("survivorship", problem, documents[entity.id].where("elements"))
    for entity in entities.values():
        if entity.id in _looked_at(entity.id, entities, elements):
            findings.error(
                "survivorship",
                f"Values of `{entity.id}` depend on those of an entity that depends on them.",
                documents[entity.id].where("elements"),
                todo="Take `same_as` out of one of the elements.",
            )


def _criteria(entity: Entity, elements: Mapping[str, Element]) -> Iterator[tuple[str, Criterion]]:
    for name in entity.elements:
        if name in elements:
            yield from ((name, criterion) for criterion in elements[name].survivorship)


def _problems(
    entity: Entity, name: str, criterion: Criterion, entities: Mapping[str, Entity], elements: Mapping[str, Element]
) -> Iterator[str]:
    looks_at: Collection[str] = ()
    if criterion.name in (CITIZEN_ID, MINIMUM_AGE, OUTGROWN):
        looks_at = ("citizen_id",)
        if "citizen_id" not in entity.elements:
            yield f"`{name}` is chosen by the citizen ID number, but `{entity.id}` has none."
            return
    if criterion.name == SAME_AS:
        target = entities.get(criterion.entity)
        if target is None or criterion.entity not in entity.links:
            yield f"`{name}` is compared with `{criterion.entity}`, but `{entity.id}` has no link to it."
            return
        if criterion.element not in target.elements or criterion.element not in elements:
            yield f"`{name}` is compared with `{criterion.element}`, which is no element of `{target.id}`."
            return
        if elements[criterion.element].type != elements[name].type:
            yield f"`{name}` and `{criterion.element}` are not of one type."
        looks_at = entity.links[criterion.entity]
    for other in looks_at:
        # Otherwise two elements could wait for each other.
        if other in elements and elements[other].survivorship:
            yield f"`{name}` is chosen by means of `{other}`, which therefore has to be chosen by authority."


def _looked_at(start: str, entities: Mapping[str, Entity], elements: Mapping[str, Element]) -> set[str]:
    """Entities whose values those of an entity depend on, directly or not."""
    found: set[str] = set()
    open_ = [start]
    while open_:
        entity = entities.get(open_.pop())
        for _, criterion in _criteria(entity, elements) if entity else ():
            if criterion.name == SAME_AS and criterion.entity not in found:
                found.add(criterion.entity)
                open_.append(criterion.entity)
    return found
