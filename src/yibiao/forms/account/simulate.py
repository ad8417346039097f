"""What a change of forms would save: fields dropped, filled otherwise, forms merged. Nothing is changed by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from yibiao.errors import AdmissionError
from yibiao.forms.account.change import Change, Percentage, change_between, doubts_about, percentage
from yibiao.forms.account.costs import FieldCost, FormCost, total_seconds


@dataclass(frozen=True)
class Simulation:
    """A change that was thought through.

    Attributes:
        before, after: the forms that it touches or not.
        change: from the one to the other.
        percent: the same in per cent, or why there is none.
        assumptions: in Chinese, what is taken for granted.
    """

    before: tuple[FormCost, ...]
    after: tuple[FormCost, ...]
    change: Change
    percent: Percentage
    assumptions: tuple[str, ...]


def simulate(
    forms: Sequence[FormCost],
    *,
    merge: Sequence[Sequence[str]] = (),
    drop: Sequence[str] = (),
    modes: Mapping[str, str] | None = None,
) -> Simulation:
    """Drop fields, fill some otherwise, then merge forms.

    Args:
        forms: the forms as they are.
        merge: groups of forms that become one each.
        drop: `FIELD`, wherever it is asked, or `FORM:FIELD`; a field is called by its headers, the innermost of them,
            or its element.
        modes: the same names -> how it is filled then, in all rows.

    Raises:
        AdmissionError: no such form or field, or forms that cannot be merged.
    """
    dropped = list(forms)
    for name in drop:
        dropped = _each(dropped, name, lambda _: None)
    for name, mode in (modes or {}).items():
        dropped = _each(dropped, name, partial(_filled, mode))
    merged = list(dropped)
    assumptions = []
    for group in merge:
        found = [_form(merged, name) for name in dict.fromkeys(group)]
        if len(found) < 2:
            raise AdmissionError(
                "Two forms at least are merged.",
                where="--merge",
                expected="FORM,FORM",
                got=group[0],
                todo="Name another form after a comma; see them with `yibiao form list`.",
            )
        merged = [form for form in merged if form not in found] + [_merged(found)]
        assumptions += _assumed(found)
    change = Change()
    for before, after in ((forms, dropped), (dropped, merged)):
        for one in change_between(before, after).values():
            change += one
    doubts = doubts_about((*forms, *[form for form in merged if form.fields]))
    return Simulation(
        before=tuple(forms),
        after=tuple(merged),
        change=change,
        percent=percentage(total_seconds(forms), total_seconds(merged), doubts),
        assumptions=tuple(dict.fromkeys(assumptions)),
    )


def _filled(mode: str, field: FieldCost) -> FieldCost:
    by_hand = mode in ("typed", "picked")
    return replace(field, mode=mode, hand=mode if by_hand else field.hand, known=0 if by_hand else field.rows)


def _each(forms: Sequence[FormCost], name: str, become: Callable[[FieldCost], FieldCost | None]) -> list[FormCost]:
    """The forms with every field of a name replaced; None takes it away, and a form without fields with it."""
    form, sign, field = name.rpartition(":")
    if sign:
        _form(forms, form)
    found = False
    changed = []
    for one in forms:
        if sign and one.form != form:
            changed.append(one)
            continue
        kept = []
        for asked in one.fields:
            if not _called(asked, field):
                kept.append(asked)
                continue
            found = True
            if (new := become(asked)) is not None:
                kept.append(new)
        if kept:
            changed.append(replace(one, fields=tuple(kept)))
    if not found:
        from yibiao.contracts.documents import did_you_mean

        names = sorted({asked.key for one in forms for asked in one.fields if not sign or one.form == form})
        raise AdmissionError(
            "None of the forms has such a field.",
            where=f"field {name}",
            expected="headers of a field, joined by `/`, or its element; `FORM:FIELD` for one form alone",
            todo=did_you_mean(field, names) or "See the fields of a form with `yibiao form show FORM`.",
        )
    return changed


def _called(field: FieldCost, name: str) -> bool:
    key = field.key.partition("#")[0]
    return name in (field.key, key, key.rpartition("/")[2], field.fact.partition(":")[0])


def _form(forms: Sequence[FormCost], name: str) -> FormCost:
    found = next((form for form in forms if form.form == name), None)
    if found is None:
        from yibiao.contracts.documents import did_you_mean

        known = [form.form for form in forms]
        raise AdmissionError(
            "None of the forms has this id.",
            where=f"form {name}",
            expected="a form that is in force, or one of schemas/forms",
            todo=did_you_mean(name, known) or "See them with `yibiao form list`.",
        )
    return found


def _merged(forms: Sequence[FormCost]) -> FormCost:
    """One form that asks what all of them ask: each fact once, as the form that asks it in most cells a year.

    Returns that fell on the same day from the same community become one.
    """
    entities = {form.entity for form in forms if form.entity}
    if len(entities) > 1:
        raise AdmissionError(
            "Forms about different things cannot be merged.",
            where=", ".join(form.form for form in forms),
            expected="rows about the same kind of thing",
            got=" and ".join(sorted(entities)),
            todo="Merge only those about the same, each with its own --merge: "
            + "; ".join(
                f"{entity}: {', '.join(form.form for form in forms if form.entity == entity)}"
                for entity in sorted(entities)
            ),
        )
    if len({form.formula for form in forms}) > 1:
        raise AdmissionError(
            "These forms are accounted for by different formulas.",
            where=", ".join(form.form for form in forms),
            expected="one version of the formula",
            todo="Renew the older one, which estimates it anew.",
        )
    fields: dict[str, FieldCost] = {}
    for form in sorted(forms, key=lambda one: -one.times):
        for field in form.fields:
            other = fields.get(field.fact)
            if other is None:
                fields[field.fact] = field
                continue
            fields[field.fact] = max(other, field, key=lambda one: one.rows * one.times)
    keys: dict[str, int] = {}
    unique = []
    for field in fields.values():
        number = keys[field.key] = keys.get(field.key, 0) + 1
        unique.append(field if number == 1 else replace(field, key=f"{field.key}#{number}"))
    return FormCost(
        form="+".join(form.form for form in forms),
        title="＋".join(form.title for form in forms),
        department=forms[0].department,
        entity=next(iter(entities), None),
        respondents=max(form.respondents for form in forms),
        times=max(form.times for form in forms),
        fields=tuple(unique),
        formula=forms[0].formula,
        merged_returns=returns_together(forms),
    )


def returns_together(forms: Sequence[FormCost]) -> int:
    """Returns a year if what falls on the same day from the same community is handed in as one.

    The communities of a form with fewer of them are taken to be among those of one with more, and the days of a form
    that is due less often among those of one that is due more often.
    """
    total, respondents, times = 0, 0, 0
    for form in sorted(forms, key=lambda one: (-one.times, -one.respondents)):
        total += form.returns - min(respondents, form.respondents) * min(times, form.times)
        respondents, times = max(respondents, form.respondents), max(times, form.times)
    return total


def _assumed(forms: Sequence[FormCost]) -> list[str]:
    found = ["合并后同一事实只问一次，按一年里问得最多的那张表计；同一社区同期的各份并成一份"]
    if len({form.rows for form in forms}) > 1:
        found.append("行数少的表，其对象和社区都在行数多的表之内（否则省得少些）")
    if len({form.entity for form in forms}) > 1 or None in {form.entity for form in forms}:
        found.append("有的表没有说明一行是什么，按同一类对象计")
    if len({form.times for form in forms}) > 1:
        found.append("只有较少填的表才问的栏目，仍按原来的次数问")
    return found
