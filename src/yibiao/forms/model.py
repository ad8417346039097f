"""What a form is: frozen values read from `schemas/forms/<dept>/<form>.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

MODES = ("typed", "picked")
"""How a person fills a cell today (手工录入, 下拉选择)."""

DERIVATIONS = ("age", "exists")
"""What a field may make of its element: `age` in full years from a date; `exists`, yes or no, whether the element has a
value (with `value`: that very value) in a complete list, where absence means no."""

TIMES = (1, 2, 3, 4, 6, 12, 24, 52, 365)
"""Times a year that a form may be due: yearly ... quarterly 4, monthly 12, weekly 52, daily 365."""

UNITS = ("community",)
"""What one return covers."""


class Fact(NamedTuple):
    """What a field asks, whatever words it is printed in; equal facts are one distinct field."""

    element: str | None
    role: str | None
    derive: str | None
    value: str | None
    concept: str | None


@dataclass(frozen=True)
class Field:
    """One column of a form.

    Attributes:
        header: as printed, outer headers first, separated by `/`: `户主/姓名`.
        element: the data element that it asks for, or keeps its answers (see `concept`); None if no element says this.
        role: whose value, if not that of the row's own entity: `head`, `guardian`, `owner`, `spouse`.
        derive: one of `DERIVATIONS`, or None if the element is asked as it is.
        value: with `derive: exists`, the code whose presence is asked.
        concept: a name for what is asked where no element said it when the form was written, so that one fact in two
            wordings is one distinct field. An element beside it is what the registry has learned since: it keeps the
            answers for the next filling, and the field counts as what it was.
        mode: one of `MODES`.
        choices: what the drop-down offers where no code list does.
        unit: unit of a number, in Chinese, or None.
        is_sure: whether somebody said what it asks; what a matcher thinks likely is to be confirmed.
        wording: code -> how the form's own drop-down says it, where that is not the name of the code.
    """

    header: str
    element: str | None
    role: str | None
    derive: str | None
    value: str | None
    concept: str | None
    mode: str
    choices: tuple[str, ...]
    unit: str | None
    is_sure: bool = True
    wording: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> tuple[str, ...]:
        """The header from the outermost cell to the innermost."""
        return tuple(self.header.split("/"))

    @property
    def label(self) -> str:
        """The innermost header."""
        return self.path[-1]

    @property
    def fact(self) -> Fact:
        element = self.element if self.concept is None else None
        return Fact(element, self.role, self.derive, self.value, self.concept)

    @property
    def kept_as(self) -> Fact:
        """The fact that its answers are kept as, even where its form counts it as a concept."""
        return Fact(self.element, self.role, self.derive, self.value, self.concept)


@dataclass(frozen=True)
class Rows:
    """Which rows a form has: one for each entity that meets `where`, of which only `share` is due each time.

    Attributes:
        entity: entity type of a row.
        where: condition in SQL over `<entity>.<element>` of the row's entity and those it links to; `{as_of}` stands
            for the last day that the release speaks of; None for all.
        share: part of them that one filling asks for, above 0 and at most 1.
        basis: why so many, in Chinese.
    """

    entity: str
    where: str | None
    share: Fraction
    basis: str


@dataclass(frozen=True)
class Form:
    """One form.

    Attributes:
        id: `<department>.<name>`, as its file lies in `schemas/forms/`.
        title: as printed.
        department: the department that asks.
        source: publicly known form or standard whose subject the field list follows.
        follows: how closely it does, said honestly.
        times_a_year: how often it is due.
        respondent: who fills it in, in Chinese.
        unit: what one return covers: `community`.
        rows: which rows it has.
        notes: lines printed under the table.
        fields: in the order of the columns.
    """

    id: str
    title: str
    department: str
    source: str
    follows: str
    times_a_year: int
    respondent: str
    unit: str
    rows: Rows
    notes: tuple[str, ...]
    fields: tuple[Field, ...]


def field_lists(forms: Mapping[str, Form]) -> list[dict[str, Any]]:
    """What decides how hard the forms are to reuse, JSON-ready: rows, times a year, and every field as it counts."""
    return [
        {
            "id": form.id,
            "times_a_year": form.times_a_year,
            "rows": {"entity": form.rows.entity, "where": form.rows.where, "share": str(form.rows.share)},
            "fields": [
                {
                    "header": field.header,
                    "element": field.fact.element,
                    "role": field.role,
                    "derive": field.derive,
                    "value": field.value,
                    "concept": field.concept,
                    "mode": field.mode,
                }
                for field in form.fields
            ],
        }
        for _, form in sorted(forms.items())
    ]
