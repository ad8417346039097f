"""Where the value of a form's field stands in the canonical tables, seen from the row's entity.

A resident form may ask for the floor area of the dwelling and the name of the head of the household: each is one step
along the links of `schemas/entities/`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from yibiao.contracts.values import Entity
from yibiao.forms.model import Field

HEAD = "head"
"""Role 户主: the one role that the canonical tables answer by themselves, through the household and its residents."""

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
    """The column that answers a field: `table` is an entity or `head`; None for both if nothing answers it."""

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


def place(entities: Mapping[str, Entity], entity: str, field: Field) -> Place:
    """Where the release holds the value that `field` asks for on a row of `entity`.

    The head of the household is looked up among residents; another role is held only if a canonical table has the
    column `<role>__<element>`. Nothing holds a fact without an element.
    """
    if field.element is None:
        return NOWHERE
    tables = [entity, *joins(entities, entity)]
    if field.role == HEAD:
        reachable = "household" in tables and field.element in entities["resident"].elements
        return Place(HEAD, field.element) if reachable else NOWHERE
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


def from_clause(
    entities: Mapping[str, Entity], entity: str, texts: Sequence[str], shown: Callable[[str], str] = str
) -> str:
    """The FROM clause with every table that some texts name, alone or as `of_<table>` or `disputed_<table>`.

    Tables on the way to them are joined too.

    Args:
        shown: table -> what is joined under its name.
    """
    reached = joins(entities, entity)
    named = set(re.findall(r"\b(?:of_|disputed_)?([a-z]+)\.", " ".join(texts))) & {entity, HEAD, *reached}
    # The head is found by the household id that the row itself carries, also where the household has no row of its own.
    through = reached["household"].source if "household" in reached else entity
    if HEAD in named:
        named.add(through)
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
    return " ".join(lines)


def community_of(entities: Mapping[str, Entity], entity: str) -> str:
    """The column that says which community a row belongs to."""
    tables = (entity, *joins(entities, entity))
    return next(f"{table}.community_code" for table in tables if "community_code" in entities[table].elements)
