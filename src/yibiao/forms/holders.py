"""Which of the facts that forms ask are collected already by some report (who holds it: 谁已有)."""

from __future__ import annotations

import re
from typing import NamedTuple

from yibiao.contracts.reports import Report
from yibiao.contracts.values import Schemas
from yibiao.forms.model import Fact, Rows


class Kind(NamedTuple):
    """Of which kind an entity is: of 待遇, a benefit of this type."""

    element: str
    codes: frozenset[str]


class Holders:
    """Looks up the reports that hold a fact.

    A report holds a fact if it has a column, or a constant, of the same element about the row's own entity, or about
    somebody in the same role. The first is enough for a role as well: the head of a household is a resident too. What
    an entity keeps of a person in a role (the owner's name, of a dwelling) is held by reports of that element alone.

    What a row states of itself is held only by reports of its kind: no list of old people's allowances says when a
    veteran's ended. Judging, counting and filling ask this one class, so that they cannot disagree.
    """

    def __init__(self, schemas: Schemas) -> None:
        found: dict[tuple[str, str | None], set[str]] = {}
        for report in schemas.reports.values():
            for column in report.columns:
                if column.element is not None:
                    found.setdefault((column.element, column.role), set()).add(report.id)
            for element in report.constants:
                found.setdefault((element, None), set()).add(report.id)
        self._reports = {key: tuple(sorted(reports)) for key, reports in found.items()}
        self._schemas = schemas

    def of(self, fact: Fact, rows: Rows | None = None) -> tuple[str, ...]:
        """Ids of the reports that hold it, ascending; empty if it must be asked.

        Args:
            rows: those of the form that asks, where they are known.
        """
        if fact.element is None:
            return ()
        if kept := self._schemas.kept_as(fact.element, fact.role):
            return tuple(sorted({report for one in kept for report in self._reports.get((one, None), ())}))
        own = self._reports.get((fact.element, None), ())
        found = sorted({*own, *self._reports.get((fact.element, fact.role), ())})
        kind = self._kind(fact, rows)
        return tuple(one for one in found if kind is None or _speaks_of(self._schemas.reports[one], kind))

    def is_silent(self, fact: Fact, rows: Rows) -> bool:
        """Whether the rows are of a kind whose reports do not hold it, so that no release can answer it."""
        return self._kind(fact, rows) is not None and not self.of(fact, rows)

    def _kind(self, fact: Fact, rows: Rows | None) -> Kind | None:
        """The kind that decides who holds a fact; None if none does.

        Whoever a row is linked to is found by what all reports say of him, whatever the row is.
        """
        if rows is None or fact.role is not None:
            return None
        entity = self._schemas.entities[rows.entity]
        linked = {element for elements in entity.links.values() for element in elements}
        if fact.element not in entity.elements or fact.element in linked:
            return None
        return kind_of(self._schemas, rows)


def kind_of(schemas: Schemas, rows: Rows) -> Kind | None:
    """The one kind that all rows of a form are of, if its condition names it: a code that is part of their key.

    A condition with `or` or `not` may let other kinds in, so it names none.
    """
    where = rows.where or ""
    bare = re.sub(r"'[^']*'", "''", where).replace("is not null", "")
    if re.search(r"\b(or|not)\b", bare):
        return None
    entity = schemas.entities[rows.entity]
    for element in dict.fromkeys(element for key in entity.keys for element in key):
        if schemas.elements[element].code_list is None:
            continue
        said = rf"\b{entity.id}\.{element}\s*(?:=\s*('[^']*')|in\s*\(([^)]*)\))"
        named = [frozenset(re.findall(r"'([^']*)'", one or more)) for one, more in re.findall(said, where)]
        if named:
            return Kind(element, frozenset.intersection(*named))
    return None


def _speaks_of(report: Report, kind: Kind) -> bool:
    """Whether rows of a report may be of a kind: by its constant, or because each says its own."""
    stated = any(column.element == kind.element and column.role is None for column in report.columns)
    return stated or report.constants.get(kind.element) in kind.codes
