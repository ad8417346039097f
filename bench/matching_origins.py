"""How the matcher does on forms of an origin that it never saw: every origin judged without all of its forms.

Figures of folds by form do not foretell another origin, for forms of one software are worded alike. Here weights, trust
and thresholds for a form come from forms of other origins, no header of its origin is learned, and of the headers that
only this origin has half are unheard of, as about half of such headers are that a new origin brings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from bench.labelled import LabelledForm
from bench.matching_trust import OutOfFold, thresholds
from yibiao.matching.score import no_question


def by_origin(
    forms: Sequence[LabelledForm], judged: Sequence[OutOfFold], chances: Any
) -> tuple[dict[str, Any], list[str]]:
    """Figures over the forms that were read, and what was not recognised, one line each.

    Args:
        chances: of each field, how far it is to be trusted, by what no form of its origin taught.
    """
    unsure, likely, sure = thresholds(judged, chances)
    counted = [(one, float(chance)) for one, chance in zip(judged, chances, strict=True) if one.counts]
    found = {"origins": len({one.form.origin for one, _ in counted}), **_figures(forms, counted, unsure, likely)}
    found["thresholds"] = {"likely": likely, "unsure": unsure, "sure": sure}
    found["by_origin"] = {
        origin: _figures(
            [form for form in forms if form.origin == origin],
            [(one, chance) for one, chance in counted if one.form.origin == origin],
            unsure,
            likely,
        )
        for origin, size in Counter(one.form.origin for one, _ in counted).most_common()
        if size >= LEAST
    }
    return found, [line for one, chance in counted if (line := _line(one, chance, likely))]


LEAST = 50
"""Fields of an origin that has figures of its own."""


def _figures(
    forms: Sequence[LabelledForm], counted: Sequence[tuple[OutOfFold, float]], unsure: float, likely: float
) -> dict[str, float | int]:
    read = [one for form in forms if form.read for one in form.fields if not one.skipped]
    # What is taken for no question, or for nothing at all, has no candidate; a real question is lost by that.
    dropped = [one for one in read if no_question(one.field)]
    silent = len(read) - len(dropped) - len(counted)
    proposed = [one for one, chance in counted if chance >= likely]
    known = sum(one.one.fact.element is not None for one, _ in counted)
    known += sum(one.fact.element is not None for one in dropped)
    fresh = [chance for one, chance in counted if one.one.fact.element is None]
    new = sum(chance < unsure for chance in fresh) + max(silent, 0)
    all_new = len(fresh) + max(silent, 0) + sum(one.fact.element is None for one in dropped)
    right = sum(one.right for one in proposed)
    return {
        "fields": len(counted),
        "precision": _share(right, len(proposed)),
        "recall": _share(right, known),
        "top1": _share(sum(one.right for one, _ in counted), known),
        "new": _share(new, all_new),
        "precision_element": _share(sum(one.right_element for one in proposed), len(proposed)),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _line(one: OutOfFold, chance: float, likely: float) -> str:
    wanted = one.one.fact
    proposed = chance >= likely
    if (one.right and proposed) or (wanted.element is None and not proposed):
        return ""
    kind = "WRONG" if proposed else "lost " if one.right else "other"
    told = f"{one.fact.element} @{one.fact.role} !{one.fact.derive}"
    asked = f"{wanted.element} @{wanted.role} !{wanted.derive}"
    return f"{kind} {chance:.2f} {one.form.id} | {'/'.join(one.one.field.path)} | {asked} -> {told}"
