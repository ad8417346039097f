"""Where the value of a form's field stands in the canonical tables, seen from the row's entity.

A resident form may ask for the floor area of the dwelling and the name of the head of the household: each is one step
along the links of `schemas/entities/`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from yibiao.contracts.values import Entity, Schemas
from yibiao.forms.model import Field

HEAD, GUARDIAN, SPOUSE = "head", "guardian", "spouse"
"""Roles 户主, 监护人 and 配偶: canonical tables answer them through the household and its residents."""

OWNER = "owner"
"""Role 产权人: the dwelling says who it is (`persons` of its entity), and residents what else is known of him."""

PERSONS = (HEAD, SPOUSE, OWNER)
"""Roles that are tables of residents beside the row's own (`persons_query`)."""

INFERRED = (GUARDIAN, SPOUSE)
"""Roles that no source states of a resident: they follow from the relations within a household, and are looked at."""

HEAD_NAMES = ("户主", "本人")
"""Names in the code list 家庭关系 that make a resident the head of the household."""


@dataclass(frozen=True)
class Join:
    """One step of a chain of left joins: `entity` by `id_column`, found in the table `source`."""

    entity: str
    source: str
    id_column: str


@dataclass(frozen=True)
class Place:
    """The column that answers a field: `table` is an entity or one of `PERSONS`; None for both if nothing does."""

    table: str | None
    column: str | None


NOWHERE = Place(None, None)


def joins(entities: Mapping[str, Entity], entity: str) -> dict[str, Join]:
    """Every entity that a row of `entity` leads to by its links, nearest first, each once."""
    found: dict[str, Join] = {}
    waiting = deque([entity])
    while waiting:
        source = waiting.popleft()
        for target in sorted(entities[source].links):
            if target != entity and target not in found:
                found[target] = Join(target, source, entities[target].id_column)
                waiting.append(target)
    return found


class Asks(Protocol):
    """What of a field decides where its answer stands."""

    @property
    def element(self) -> str | None: ...
    @property
    def role(self) -> str | None: ...
    @property
    def derive(self) -> str | None: ...


def answers(entities: Mapping[str, Entity], entity: str | None, field: Asks) -> bool:
    """Whether a release can answer what a field asks: a report that holds it is not enough, if no golden record does.

    Args:
        entity: of whom a row speaks; None if it is not known, then any that can answer counts.
    """
    return any(place(entities, one, field) != NOWHERE for one in ([entity] if entity else entities))


def place(entities: Mapping[str, Entity], entity: str, field: Asks) -> Place:
    """Where the release holds the value that `field` asks for on a row of `entity`.

    The head of the household is looked up among residents, and so is a resident's spouse; a guardian is the head (see
    `of_child`). Name and number of a dwelling's owner stand in the dwelling; the rest of him, among residents, is only
    looked up for a row about the dwelling itself.
    Another role is held only if a canonical table has the column `<role>__<element>`. Nothing holds a fact without an
    element.
    """
    if field.element is None:
        return NOWHERE
    tables = [entity, *joins(entities, entity)]
    if field.role in (HEAD, *INFERRED):
        reachable = "household" in tables and field.element in entities["resident"].elements
        if not reachable or (field.role in INFERRED and entity != "resident"):
            return NOWHERE
        return Place(SPOUSE if field.role == SPOUSE else HEAD, field.element)
    if field.role == OWNER and (keeper := keeper_of(entities, entity)) is not None:
        kept = entities[keeper].persons[OWNER].get(field.element)
        if kept is not None:
            return Place(keeper, kept)
        # The address that a tenant left leads to a house whose owner's telephone is nothing to him.
        told = keeper == entity and field.element in entities["resident"].elements
        return Place(OWNER, field.element) if told else NOWHERE
    column = f"{field.role}__{field.element}" if field.role else field.element
    for table in tables:
        if column in entities[table].elements:
            return Place(table, column)
    if field.derive == "exists":
        # A benefit speaks of a resident, who does not link back to it: whether there is one is asked of the list.
        for table in sorted(entities):
            if field.element in entities[table].elements and set(entities[table].links) & set(tables):
                return Place(table, field.element)
    return NOWHERE


def keeper_of(entities: Mapping[str, Entity], entity: str) -> str | None:
    """The table that says who the owner is: a row's own or the nearest that it leads to; None if there is none."""
    return next((one for one in (entity, *joins(entities, entity)) if OWNER in entities[one].persons), None)


def from_clause(
    entities: Mapping[str, Entity], entity: str, texts: Sequence[str], shown: Callable[[str], str] = str
) -> str:
    """The FROM clause with every table that some texts name, alone or as `of_<table>` or `disputed_<table>`.

    Tables on the way to them are joined too.

    Args:
        shown: table -> what is joined under its name.
    """
    reached = joins(entities, entity)
    named = set(re.findall(r"\b(?:of_|disputed_)?([a-z]+)\.", " ".join(texts))) & {entity, *PERSONS, *reached}
    # The head is found by the household id that the row itself carries, also where the household has no row of its own.
    through = reached["household"].source if "household" in reached else entity
    if HEAD in named:
        named.add(through)
    # So is the owner: by the dwelling's id that a row itself carries.
    keeper = keeper_of(entities, entity) if OWNER in named else None
    owned = "" if keeper is None else reached[keeper].source if keeper in reached else entity
    if owned:
        named.add(owned)
    needed: set[str] = set()
    for table in named & reached.keys():
        while table != entity:
            needed.add(table)
            table = reached[table].source
    lines = [f"from {entity}"]
    for table, join in reached.items():
        if table in needed:
            lines.append(f"left join {shown(table)} on {table}.{join.id_column} = {join.source}.{join.id_column}")
    if HEAD in named:
        lines.append(f"left join {shown(HEAD)} on {HEAD}.household_id = {through}.household_id")
    if keeper is not None:
        lines.append(f"left join {shown(OWNER)} on {OWNER}.owner_of = {owned}.{entities[keeper].id_column}")
    if SPOUSE in named:
        lines.append(f"left join {shown(SPOUSE)} on {SPOUSE}.spouse_of = {entity}.resident_id")
    return " ".join(lines)


CHILD, PARTNER = ("2", "3"), "1"
"""First digits of 家庭关系 (GB/T 4761) of sons and daughters of the head, and of husband or wife."""


def of_child(text: str) -> str:
    """SQL: what is said of the head, for a son or daughter of the head only: the head is their guardian."""
    child = " or ".join(f"resident.relation_to_head_code like '{digit}%'" for digit in CHILD)
    return f"({child}) and {text}"


def whose(person: str) -> str:
    """The column beside those of a resident that says whose head, spouse or owner a row of `PERSONS` is."""
    return {SPOUSE: "spouse_of", OWNER: "owner_of"}.get(person, "household_id")


def owner_told(entities: Mapping[str, Entity], entity: str, field: Asks, where: Place, community: str) -> str | None:
    """SQL: whether a community may be told this of an owner; None if it may always, or nothing is said of an owner.

    Who owns a house is told where the house stands, as its registration is; the rest only if the owner lives there too.
    """
    if field.role != OWNER or where.table is None:
        return None
    told = [f"{table}.community_code" for table in dict.fromkeys((keeper_of(entities, entity), where.table)) if table]
    return " and ".join(f"{one} = {community}" for one in told if one != community) or None


def _owners_query(schemas: Schemas) -> str:
    """Living residents who are the owner of the dwelling `owner_of`: by number and name together.

    A number that was mistyped may be somebody else's, whose telephone nobody asked for.
    """
    keeper = next((one for one in schemas.entities.values() if OWNER in one.persons), None)
    if keeper is None:
        return "select resident.*, null::varchar as owner_of from resident where false"
    kept = keeper.persons[OWNER]
    same = " and ".join(f"resident.{asked} = {keeper.id}.{own}" for asked, own in sorted(kept.items()))
    return f"""
    select resident.*, {keeper.id}.{keeper.id_column} as owner_of
    from {keeper.id} inner join resident on {same}
    where resident.death_date is null
    qualify count(*) over (partition by {keeper.id}.{keeper.id_column}) = 1"""


def persons_query(schemas: Schemas) -> str:
    """The CTEs `head`, `spouse` and `owner`: residents.

    `head`: at most one living head of each household. `spouse`: husband or wife of the resident `spouse_of`, who is the
    head or the head's only living husband or wife; of others the relations do not tell. `owner`: the owner of the
    dwelling `owner_of`.
    """
    relations = schemas.codes[schemas.elements["relation_to_head_code"].code_list or ""]
    codes = ", ".join(f"'{code.code}'" for code in relations.codes if code.name in HEAD_NAMES)
    alive = "death_date is null and household_id is not null"
    return f"""
with head as (
    select resident.*
    from resident
    inner join (
        select household_id, min(resident_id) as resident_id
        from resident
        where relation_to_head_code in ({codes}) and {alive}
        group by household_id
    ) as chosen using (resident_id)
),

couple as (
    select head.resident_id as one, partner.resident_id as other
    from head
    inner join (
        select household_id, min(resident_id) as resident_id
        from resident
        where relation_to_head_code like '{PARTNER}%' and {alive}
        group by household_id having count(*) = 1
    ) as partner using (household_id)
),

spouse as (
    select resident.*, couple.one as spouse_of from couple inner join resident on resident.resident_id = couple.other
    union all
    select resident.*, couple.other as spouse_of from couple inner join resident on resident.resident_id = couple.one
),

owner as ({_owners_query(schemas)}
)"""


def community_of(entities: Mapping[str, Entity], entity: str) -> str:
    """The column that says which community a row belongs to."""
    tables = (entity, *joins(entities, entity))
    return next(f"{table}.community_code" for table in tables if "community_code" in entities[table].elements)


def offered_values(field: Field, schemas: Schemas) -> tuple[str, ...] | None:
    """The values, as they are stored, that a field's own drop-down offers; None if it has none that says so.

    Another form may offer other words for the same: what this one does not offer cannot be put back.
    """
    element = schemas.elements.get(field.element or "")
    if not field.choices or field.derive or element is None:
        return None
    if element.code_list:
        return tuple(one.code for one in schemas.codes[element.code_list].codes if one.name in field.choices)
    return field.choices
