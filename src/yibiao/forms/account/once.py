"""What the forms of `schemas/forms` cost a year once admitted: filled from a release, and each answer asked once.

Three states, each from the one before it: all by hand; what the release knows filled in; and what people answered kept
as long as its data element is good, so that the next filling of any form has it already (一次采集). An answer that is
kept is filled in like any value that is held and fresh: by the rules of `yibiao form check` that is `reuse`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from math import ceil
from pathlib import Path

from yibiao.contracts.values import Schemas
from yibiao.forms.account.costs import FormCost, by_hand_of
from yibiao.forms.admission.fields import AskedField, Assessor
from yibiao.forms.count import Counts
from yibiao.forms.model import Form

LASTING = ("resident", "household", "dwelling", "organisation", "benefit")
"""Rows about these are about the same ones in the next filling; those about events are about others."""

DAYS = 365


def admitted(form: Form, counts: Counts, asked: list[AskedField]) -> FormCost:
    """A form with what the release knows filled in: nothing to do, or a look where the value is not fresh any more."""
    cost = by_hand_of(form, counts)
    fields = []
    for field, one, known in zip(cost.fields, asked, counts.known, strict=True):
        if not one.supplied:
            fields.append(field)
            continue
        fields.append(replace(field, mode="confirmed" if one.verdict == "confirm" else "automatic", known=known))
    return replace(cost, fields=tuple(fields))


def asked_once(
    forms: Mapping[str, Form],
    costs: Mapping[str, FormCost],
    counts: Mapping[str, Counts],
    schemas: Schemas,
) -> dict[str, FormCost]:
    """The same forms if an answer is kept while it is good, for all forms that ask it, and given anew after that.

    Only rows about lasting things count, and only fields of which a data element keeps the answers. It is a year in
    which every answer was given before as often as it has to be. Where a filling takes a part of the rows (`share`),
    the next one is taken to meet others, until all have been met.

    Args:
        costs: the forms as they are filled from the release.
        counts: made in one call for all of them.
    """
    again: dict[tuple[str, int], int] = {}
    for (_, element, *_), asking in _askings(forms).items():
        good = schemas.elements[element].max_age_days
        fresh = 1 if good is None else ceil(DAYS / good)
        covered: dict[int, int] = {}  # bits of conditions -> rows there whose answer a form of all rows gives
        for name, place in asking:
            form = forms[name]
            if form.rows.share != 1:
                continue
            for mask, rows, known in counts[name].groups:
                # Forms come in the order of how often they ask; the first ones give the answers, the others see them.
                given = covered.get(mask, 0)
                asked = min(form.times_a_year, fresh - given)
                covered[mask] = given + asked
                again[name, place] = again.get((name, place), 0) + (rows - known[place]) * (form.times_a_year - asked)
        for name, place in asking:
            form, cost = forms[name], costs[name]
            if form.rows.share == 1:
                continue
            unknown = cost.fields[place].rows - cost.fields[place].known
            among = sum(rows - known[place] for _, rows, known in counts[name].groups)
            seen = sum(rows - known[place] for mask, rows, known in counts[name].groups if mask in covered)
            told = unknown * seen // among if among else 0
            left = unknown - told
            asked = min(left * form.times_a_year, ceil(left / form.rows.share) * fresh)
            again[name, place] = unknown * form.times_a_year - asked
    return {
        name: replace(
            cost,
            fields=tuple(replace(field, again=again.get((name, place), 0)) for place, field in enumerate(cost.fields)),
        )
        for name, cost in costs.items()
    }


def _askings(forms: Mapping[str, Form]) -> dict[tuple[str, str, *tuple[str | None, ...]], list[tuple[str, int]]]:
    """What is asked of what -> the forms and places of fields that ask it, those that ask most often first."""
    found: dict[tuple[str, str, *tuple[str | None, ...]], list[tuple[str, int]]] = {}
    for name, form in sorted(forms.items(), key=lambda item: (-item[1].times_a_year, item[0])):
        if form.rows.entity not in LASTING:
            continue
        for place, field in enumerate(form.fields):
            if field.element is None:
                continue
            key = (form.rows.entity, field.element, field.role, field.derive, field.value)
            found.setdefault(key, []).append((name, place))
    return found


def states(
    forms: Mapping[str, Form],
    schemas: Schemas,
    root: Path,
    counts: Mapping[str, Counts],
    editions: Mapping[str, date],
    today: date | None,
) -> dict[str, list[FormCost]]:
    """The forms as they cost `by_hand`, `filled` and asked `once`.

    Args:
        root: the schemas folder.
        counts: what one filling of each meets in a release.
        editions, today: of that release (`yibiao.matching.check.editions_of`).
    """
    assessor = Assessor(root, schemas, editions, today)
    by_hand = [by_hand_of(form, counts[name]) for name, form in sorted(forms.items())]
    filled = {name: admitted(form, counts[name], assessor.of_form(form)) for name, form in sorted(forms.items())}
    once = asked_once(forms, filled, counts, schemas)
    return {"by_hand": by_hand, "filled": list(filled.values()), "once": list(once.values())}
