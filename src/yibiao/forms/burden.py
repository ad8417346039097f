"""What the forms cost a year, and what of it asks for facts that the release holds already (填报负担)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from yibiao.contracts.values import Schemas
from yibiao.forms.count import Counts, count
from yibiao.forms.model import Form


@dataclass(frozen=True)
class Formula:
    """A version of the burden formula.

    Attributes:
        seconds: mode -> seconds of one person for one cell.
        fixed: seconds of one return of one community.
    """

    version: int
    seconds: Mapping[str, int]
    fixed: int


FORMULAS: Mapping[int, Formula] = {1: Formula(1, {"typed": 15, "picked": 6, "confirmed": 2, "automatic": 0}, 600)}
"""Every version that ever stated a burden. A new figure is a new entry, so that old statements stay computable.

The seconds of version 1 are assumptions, not measurements: an address or an 18-digit number copied from paper takes
about a quarter of a minute, a choice from a drop-down the time of two clicks, a look at a filled cell two seconds; a
return has its template found, is signed and handed in. They stand here alone, so that measured figures come in at one
place."""

PRESENT = FORMULAS[max(FORMULAS)]
SECONDS_PER_CELL = PRESENT.seconds
SECONDS_PER_RETURN = PRESENT.fixed


@dataclass(frozen=True)
class FormBurden:
    """One form's share of the burden; cells and hours are those of a year.

    Attributes:
        form, title, department: which form.
        fields: fields that it has.
        rows: rows of one filling, in the whole district.
        returns: returns of one filling: communities that hand one in.
        times_a_year: fillings a year.
        cells_asked: rows x fields x times a year.
        cells_known: of these, cells whose value the release holds.
        hours: hours of filling as it is done now.
        hours_if_reused: the same with the known cells filled by the system.
    """

    form: str
    title: str
    department: str
    fields: int
    rows: int
    returns: int
    times_a_year: int
    cells_asked: int
    cells_known: int
    hours: float
    hours_if_reused: float


@dataclass(frozen=True)
class Burden:
    """The burden of all forms in one release; cells and hours are those of a year."""

    as_of: str
    forms: tuple[FormBurden, ...]
    cells_asked: int
    cells_known: int
    hours: float
    hours_if_reused: float
    distinct_fields: int
    seconds_per_cell: dict[str, int]
    seconds_per_return: int

    @property
    def share_known(self) -> float:
        """Part of the asked cells that the release holds, 0 to 1."""
        return self.cells_known / self.cells_asked if self.cells_asked else 0.0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, without any value of a person."""
        return asdict(self)


def account(forms: Mapping[str, Form], schemas: Schemas, database: Path | Mapping[str, Counts], as_of: date) -> Burden:
    """The burden of `forms`.

    `hours = times a year x (sum over cells of seconds by mode + returns x fixed seconds) / 3600`: the formula of the
    Paperwork Reduction Act and the Standard Cost Model, with a cell of a row in the place of a respondent's field.

    Args:
        forms: forms by id.
        schemas: elements, entities and code lists.
        database: DuckDB file of a release, or counts by form id that were made before.
        as_of: the last day that the release speaks of; ages are meant on this day.

    Raises:
        ReleaseError: the release lacks a table or column that the entities declare.
    """
    counts = count(forms, schemas, database, as_of) if isinstance(database, Path) else database
    parts = tuple(_of_form(form, counts[form_id]) for form_id, form in sorted(forms.items()))
    return Burden(
        as_of=as_of.isoformat(),
        forms=parts,
        cells_asked=sum(part.cells_asked for part in parts),
        cells_known=sum(part.cells_known for part in parts),
        hours=round(sum(part.hours for part in parts), 1),
        hours_if_reused=round(sum(part.hours_if_reused for part in parts), 1),
        distinct_fields=len({field.fact for form in forms.values() for field in form.fields}),
        seconds_per_cell=dict(SECONDS_PER_CELL),
        seconds_per_return=SECONDS_PER_RETURN,
    )


def _of_form(form: Form, counts: Counts) -> FormBurden:
    fixed = counts.communities * SECONDS_PER_RETURN
    seconds = fixed + sum(counts.rows * SECONDS_PER_CELL[field.mode] for field in form.fields)
    left = fixed + sum(
        (counts.rows - known) * SECONDS_PER_CELL[field.mode] + known * SECONDS_PER_CELL["automatic"]
        for field, known in zip(form.fields, counts.known, strict=True)
    )
    return FormBurden(
        form=form.id,
        title=form.title,
        department=form.department,
        fields=len(form.fields),
        rows=counts.rows,
        returns=counts.communities,
        times_a_year=form.times_a_year,
        cells_asked=counts.rows * len(form.fields) * form.times_a_year,
        cells_known=sum(counts.known) * form.times_a_year,
        hours=round(seconds * form.times_a_year / 3600, 1),
        hours_if_reused=round(left * form.times_a_year / 3600, 1),
    )
