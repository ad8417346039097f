"""What the schemas folder says, as frozen values that every other part reads.

Here stand the registry's own: elements, code lists, entities, departments. What types and units there are stands in
`kinds`, data contracts in `reports`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import orjson

from yibiao.contracts.kinds import FRESHNESS, TYPES, Frozen
from yibiao.contracts.reports import Report
from yibiao.contracts.survivorship import Criterion


@dataclass(frozen=True)
class Code:
    """One value of a code list; `valid_from` and `valid_to` are `YYYY-MM-DD` or empty."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()
    valid_from: str = ""
    valid_to: str = ""


@dataclass(frozen=True)
class CodeList:
    """A code list with its overlays merged, ordered by code."""

    id: str
    name: str
    source: str
    codes: tuple[Code, ...]

    @cached_property
    def by_code(self) -> Mapping[str, Code]:
        return Frozen({code.code: code for code in self.codes})

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """(value, code) for every code, then every name, then every alias; the first of equal values counts."""
        found: dict[str, str] = {code.code: code.code for code in self.codes}
        for code in self.codes:
            found.setdefault(code.name, code.code)
        for code in self.codes:
            for alias in code.aliases:
                found.setdefault(alias, code.code)
        return tuple(found.items())

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(orjson.dumps(self.pairs)).hexdigest()


@dataclass(frozen=True)
class Department:
    """Who delivers reports and may decide a data element.

    Attributes:
        credit_code: 统一社会信用代码 (信息资源提供方代码 of a catalogue); empty if none is registered.
    """

    id: str
    name: str
    short: str
    credit_code: str = ""


@dataclass(frozen=True)
class Element:
    """A data element (数据元): one canonical field, defined once.

    Attributes:
        type: a key of `TYPES`.
        authority: departments, of which the first that states a value decides.
        survivorship: criteria that count before the authority, in order; mostly none.
        entity: whose fact it is: the first part of the file's name; `common` for several.
        aliases: every other word for it, also those that mean it only in a context.
        contexts: alias -> words of which one stands above it, beside it or in the title where it means this element.
        freshness: a key of `FRESHNESS`: how long a value is good before it should be confirmed.
        sharing: a key of `SHARING`.
        sharing_condition: what a department has to show (共享条件), or on which ground it is not shared.
    """

    id: str
    name: str
    english: str
    type: str
    code_list: str | None
    unit: str | None
    definition: str
    scope: str
    aliases: tuple[str, ...]
    sensitivity: str
    authority: tuple[str, ...]
    purpose: str
    source: str
    survivorship: tuple[Criterion, ...] = ()
    entity: str = ""
    contexts: Mapping[str, tuple[str, ...]] = field(default_factory=Frozen)
    freshness: str = ""
    sharing: str = ""
    sharing_condition: str = ""

    @property
    def sql_type(self) -> str:
        return TYPES[self.type].sql

    @property
    def max_age_days(self) -> int | None:
        """After how many days a value should be confirmed; None if never, or if nothing is said."""
        return FRESHNESS[self.freshness][1] if self.freshness in FRESHNESS else None


@dataclass(frozen=True)
class Entity:
    """A canonical table. `keys` are certain keys; `links` gives `<entity>_id` columns from elements of this entity.

    `addresses`: entity that an address element of this one names, where no link does (a resident's dwelling).
    `persons`: role -> element of a resident -> the element in which this entity keeps it of the person in that role.
    """

    id: str
    name: str
    id_column: str
    keys: tuple[tuple[str, ...], ...]
    links: Mapping[str, tuple[str, ...]]
    elements: tuple[str, ...]
    addresses: Mapping[str, str] = field(default_factory=Frozen)
    persons: Mapping[str, Mapping[str, str]] = field(default_factory=Frozen)


@dataclass(frozen=True)
class Schemas:
    """Everything under one schemas folder, each mapping by id in ascending order."""

    elements: Mapping[str, Element]
    codes: Mapping[str, CodeList]
    entities: Mapping[str, Entity]
    departments: Mapping[str, Department]
    reports: Mapping[str, Report]

    @cached_property
    def told(self) -> frozenset[str]:
        """Entities that any report speaks of."""
        return frozenset(entity for report in self.reports.values() for entity in report.about)

    @cached_property
    def asked_as(self) -> Mapping[str, tuple[str, str]]:
        """Element in which an entity keeps a person's fact -> how forms ask it: element of a resident, and role."""
        return Frozen(
            {
                kept: (asked, role)
                for entity in self.entities.values()
                for role, kept_by in entity.persons.items()
                for asked, kept in kept_by.items()
            }
        )

    def kept_as(self, element: str, role: str | None) -> tuple[str, ...]:
        """Elements in which entities keep this fact of the person in this role."""
        return tuple(kept for kept, asked in self.asked_as.items() if asked == (element, role))
