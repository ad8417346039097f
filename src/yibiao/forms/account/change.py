"""How the burden changed between two states, in parts that add up exactly: forms, fields, mode, re-estimation.

The parts are those in which the Paperwork Reduction Act has changes reported. A form that is there before and after is
taken from the one state to the other in fixed steps, and each step is charged with what it changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

from yibiao.forms.account.costs import FieldCost, FormCost

PARTS: Mapping[str, str] = {
    "forms": "表单增减与次数",
    "fields": "栏目增减",
    "mode": "填法变化",
    "estimation": "重新估算",
}
"""Part -> how it is shown. How often a form is due belongs to the forms; counts of rows, respondents and known values,
and another version of the formula, are estimated anew and change nobody's work."""


@dataclass(frozen=True)
class Change:
    """Seconds a year by part; less is negative."""

    forms: int = 0
    fields: int = 0
    mode: int = 0
    estimation: int = 0

    @property
    def total(self) -> int:
        return self.forms + self.fields + self.mode + self.estimation

    def __add__(self, other: Change) -> Change:
        return Change(
            self.forms + other.forms,
            self.fields + other.fields,
            self.mode + other.mode,
            self.estimation + other.estimation,
        )

    def as_dict(self) -> dict[str, int]:
        return {**asdict(self), "total": self.total}


def change_of(before: FormCost | None, after: FormCost | None) -> Change:
    """How one form changed; None where it is not there.

    Raises:
        AdmissionError: this program does not know the formula of one of them.
    """
    if before is None or after is None:
        return Change(forms=(after.seconds() if after else 0) - (before.seconds() if before else 0))
    old = {field.key: field for field in before.fields}
    new = {field.key: field for field in after.fields}
    # 1. The fields that it has, new ones filled as they are to be.
    fields = [old[key] for key in old if key in new]
    fields += [_fitted(new[key], before) for key in new if key not in old]
    with_fields = replace(before, fields=tuple(fields))
    # 2. How the fields that stayed are filled.
    with_modes = replace(with_fields, fields=tuple(_as_in(field, new[field.key], before) for field in fields))
    # 3. How often it is due.
    with_times = replace(
        with_modes,
        times=after.times,
        fields=tuple(replace(field, times=new[field.key].times) for field in with_modes.fields),
    )
    # 4. What is left is estimated anew.
    steps = [before.seconds(), with_fields.seconds(), with_modes.seconds(), with_times.seconds(), after.seconds()]
    return Change(
        fields=steps[1] - steps[0], mode=steps[2] - steps[1], forms=steps[3] - steps[2], estimation=steps[4] - steps[3]
    )


def change_between(before: Sequence[FormCost], after: Sequence[FormCost]) -> dict[str, Change]:
    """Form -> how it changed, for every form of either state."""
    old = {form.form: form for form in before}
    new = {form.form: form for form in after}
    return {name: change_of(old.get(name), new.get(name)) for name in sorted({*old, *new})}


@dataclass(frozen=True)
class Percentage:
    """A change in per cent of what was before, or why it cannot be recomputed."""

    value: Fraction | None
    refused: str | None

    @property
    def text(self) -> str:
        """For people: `-81.3%`, or the reason."""
        return f"{float(self.value):+.1f}%" if self.value is not None else f"不给百分比：{self.refused}"

    def cell(self, notes: list[str]) -> str:
        """For a cell of a table: a reason is put among the notes under it, and its number stands in the cell."""
        if self.refused is None:
            return self.text
        if self.refused not in notes:
            notes.append(self.refused)
        return f"不给[{notes.index(self.refused) + 1}]"

    def as_dict(self) -> dict[str, Any]:
        return {
            "percent": float(round(self.value, 2)) if self.value is not None else None,
            "percent_refused": self.refused,
        }


def percentage(before: int, after: int, doubts: Sequence[str] = ()) -> Percentage:
    """A change in per cent.

    Args:
        before, after: seconds.
        doubts: why one of the two cannot be recomputed; with any of them there is no percentage.
    """
    if doubts:
        return Percentage(None, "；".join(dict.fromkeys(doubts)))
    if before == 0:
        return Percentage(None, "基数为零，没有可比的“之前”（a base of zero）")
    return Percentage(Fraction(100 * (after - before), before), None)


def doubts_about(forms: Sequence[FormCost], stated: Mapping[str, int] | None = None) -> list[str]:
    """Why the burden of some forms cannot be recomputed, in Chinese; empty if it can.

    Args:
        stated: form -> seconds as they were stated when it was registered.
    """
    found = []
    for form in forms:
        if form.respondents < 1 or form.times < 1 or not form.fields or form.rows < 1:
            found.append(f"{form.form} 缺少份数、行数、次数或栏目")
            continue
        if stated is not None and form.form in stated and stated[form.form] != form.seconds():
            found.append(f"{form.form} 登记的负担与按公式重算的不同")
    if len({form.formula for form in forms}) > 1:
        versions = "、".join(str(version) for version in sorted({form.formula for form in forms}))
        found.append(f"各表用了不同版本的公式（{versions}）")
    return found


def _fitted(field: FieldCost, form: FormCost) -> FieldCost:
    """A field that came later, with the rows and times that the form had before."""
    rows = form.rows or field.rows
    known = field.known * rows // field.rows if field.rows else 0
    return replace(field, rows=rows, known=known, times=form.times)


def _as_in(field: FieldCost, now: FieldCost, form: FormCost) -> FieldCost:
    """A field filled as it is now, with the rows that it had before.

    Where the mode stayed, another number of known rows is an estimate and no change of the mode.
    """
    if (field.hand, field.mode) == (now.hand, now.mode):
        return field
    fitted = _fitted(now, replace(form, fields=(field,)))
    return replace(field, hand=now.hand, mode=now.mode, known=fitted.known)
