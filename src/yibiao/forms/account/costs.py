"""What a form costs a year, in whole seconds, so that parts add up to the total without a remainder.

`hours = respondents x times a year x (sum over fields of minutes by mode + fixed minutes)`: the formula of the
Paperwork Reduction Act and the Standard Cost Model, with a cell of a row in the place of a respondent's field.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from yibiao.errors import AdmissionError
from yibiao.forms.admission.states import Registration
from yibiao.forms.burden import FORMULAS, PRESENT, Formula
from yibiao.forms.count import Counts
from yibiao.forms.model import Form

BY_HAND = ("typed", "picked")


@dataclass(frozen=True)
class FieldCost:
    """One field of one form.

    Attributes:
        key: its headers; what makes it the same field in two states of the form.
        fact: what it asks; equal facts are one distinct field.
        hand: how a person fills it.
        mode: how it is filled where the system knows the value.
        rows: rows of one filling.
        known: rows of these that are filled by `mode`; the others are filled by `hand`.
        times: fillings a year.
        again: cells a year, of those that would be filled by `hand`, that hold an earlier answer which is still good.
        again_mode: what is done with these: nothing, or a look at them.
    """

    key: str
    fact: str
    hand: str
    mode: str
    rows: int
    known: int
    times: int
    again: int = 0
    again_mode: str = "automatic"

    @property
    def asked(self) -> bool:
        """Whether a person still has to fill it by hand in every row."""
        return self.mode in BY_HAND

    def cells(self) -> dict[str, int]:
        """Mode -> cells a year."""
        found = {mode: 0 for mode in PRESENT.seconds}
        known = 0 if self.mode in BY_HAND else self.known
        found[self.mode] += known * self.times
        found[self.hand] += (self.rows - known) * self.times - self.again
        found[self.again_mode] += self.again
        return found


@dataclass(frozen=True)
class FormCost:
    """One form.

    Attributes:
        entity: what a row is about, where that is known.
        respondents: returns of one filling.
        times: fillings a year.
        formula: the version by which it is accounted for.
        merged_returns: returns a year where they are not respondents x times: of forms that were merged.
    """

    form: str
    title: str
    department: str
    entity: str | None
    respondents: int
    times: int
    fields: tuple[FieldCost, ...]
    formula: int = PRESENT.version
    merged_returns: int | None = None

    @property
    def returns(self) -> int:
        """Returns a year."""
        return self.respondents * self.times if self.merged_returns is None else self.merged_returns

    @property
    def rows(self) -> int:
        return max((field.rows for field in self.fields), default=0)

    def cells(self) -> dict[str, int]:
        """Mode -> cells a year."""
        found = {mode: 0 for mode in PRESENT.seconds}
        for field in self.fields:
            for mode, cells in field.cells().items():
                found[mode] += cells
        return found

    def seconds(self) -> int:
        """Seconds a year.

        Raises:
            AdmissionError: this program does not know the version of its formula.
        """
        formula = formula_of(self.formula)
        cells = sum(number * formula.seconds[mode] for mode, number in self.cells().items())
        return cells + self.returns * formula.fixed


def formula_of(version: int) -> Formula:
    """The formula of a version.

    Raises:
        AdmissionError: this program does not know it.
    """
    if version not in FORMULAS:
        raise AdmissionError(
            "This program does not know the burden formula by which a figure was stated.",
            where=f"formula {version}",
            expected=f"one of {', '.join(map(str, sorted(FORMULAS)))}",
            got=str(version),
            todo="Use the program version that stated it, or renew the form to estimate it anew.",
        )
    return FORMULAS[version]


def cost_of(registration: Registration, *, by_hand: bool = False) -> FormCost:
    """What a registered form costs; `by_hand`: if its fields were all filled by hand."""
    fields = tuple(
        FieldCost(
            key=one.key,
            fact=one.fact,
            hand=one.hand,
            mode=one.hand if by_hand else one.mode,
            rows=registration.rows,
            known=0 if by_hand or one.mode in BY_HAND else min(registration.rows, known_rows(one.known, registration)),
            times=registration.times_a_year,
        )
        for one in registration.fields
    )
    return FormCost(
        form=registration.form,
        title=registration.title,
        department=registration.department,
        entity=registration.entity,
        respondents=registration.respondents,
        times=registration.times_a_year,
        fields=fields,
        formula=registration.formula,
    )


def by_hand_of(form: Form, counts: Counts) -> FormCost:
    """What a form of `schemas/forms` costs if all of it is filled by hand."""
    fields = tuple(
        FieldCost(
            key=field.header,
            fact=f"={field.concept}"
            if field.concept
            else ":".join((field.element or "", field.role or "", field.derive or "", field.value or "")),
            hand=field.mode,
            mode=field.mode,
            rows=counts.rows,
            known=0,
            times=form.times_a_year,
        )
        for field in form.fields
    )
    entity = form.rows.entity
    return FormCost(form.id, form.title, form.department, entity, counts.communities, form.times_a_year, fields)


def known_rows(known: int | None, registration: Registration) -> int:
    """Rows that the system fills in; where nobody has counted them, all."""
    return registration.rows if known is None else known


def total_seconds(forms: Iterable[FormCost]) -> int:
    """Seconds a year of several forms."""
    return sum(form.seconds() for form in forms)


def distinct_fields(forms: Iterable[FormCost], *, asked: bool = False) -> int:
    """Different facts that some forms ask; `asked`: only those that a person fills by hand."""
    return len({field.fact for form in forms for field in form.fields if field.asked or not asked})


def hours(seconds: int) -> float:
    """Hours, to a tenth, for people to read."""
    return float(round(Fraction(seconds, 3600), 1))
