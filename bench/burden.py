"""What the frozen forms cost a year beside the same forms once admitted, by the account, in a district's release.

    python -m bench.burden [--home HOME]

Before: every field filled by hand, as the forms ask it. After: what the release knows is filled in, and an answer that
people gave once is kept as long as its data element is good (`yibiao.forms.account.once`). A field is asked no more if
sharing supplies it; of how many of these the release can answer no row at all is said beside it.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from typing import Any

from yibiao.settings import Settings

LEAST = {"distinct fields": 0.60, "hours": 0.80}
"""Figure -> by how much it has to fall (issue 5)."""

JUDGED_FROM = 50_000
"""Residents. In a smaller district the ten minutes of every return are most of the hours: 2,000 residents in 208
communities hand in a return for every ten people."""


def measure(settings: Settings) -> dict[str, Any]:
    """Account for the forms in the current release.

    Returns:
        `forms`; `figures`: name -> before, after, cut, least; `hours`, `seconds_a_year`: by state, also of those that
        are shown and not judged; `cells`: state -> mode -> cells; `unanswered`: distinct fields that sharing supplies
        and of which the release answers no row, `unanswered_fields`: where they are asked; `seconds`: of measuring.
    """
    from yibiao.contracts import load_schemas
    from yibiao.forms import load_forms
    from yibiao.forms.account.costs import FormCost, distinct_fields, hours, total_seconds
    from yibiao.forms.account.once import states
    from yibiao.forms.account.simulate import returns_together
    from yibiao.forms.burden import PRESENT
    from yibiao.forms.count import count, last_day
    from yibiao.matching.check import editions_of
    from yibiao.warehouse.releases import need_current

    began = time.perf_counter()
    database = need_current(settings).database
    schemas = load_schemas(settings.schemas)
    forms = load_forms(settings.schemas, schemas)
    counts = count(forms, schemas, database, last_day(database))
    made = states(forms, schemas, settings.schemas, counts, *editions_of(database))
    by_hand, once = made["by_hand"], made["once"]
    made["once, kept answers looked at"] = [
        replace(form, fields=tuple(replace(field, again_mode="confirmed") for field in form.fields)) for form in once
    ]
    seconds = {name: total_seconds(state) for name, state in made.items()}
    spared = sum(form.returns for form in once) - returns_together(once)
    seconds["once, one return a community and day"] = seconds["once"] - spared * PRESENT.fixed

    def cells(state: list[FormCost]) -> dict[str, int]:
        found: dict[str, int] = {}
        for form in state:
            for mode, number in form.cells().items():
                found[mode] = found.get(mode, 0) + number
        return found

    supplied = {field.fact for form in once for field in form.fields if not field.asked}
    answered = {field.fact for form in once for field in form.fields if field.known}
    asked = distinct_fields(by_hand), distinct_fields(once, asked=True)
    return {
        "forms": len(forms),
        "figures": {
            "distinct fields": {"before": asked[0], "after": asked[1], **_cut("distinct fields", *asked)},
            "hours": {
                "before": hours(seconds["by_hand"]),
                "after": hours(seconds["once"]),
                **_cut("hours", seconds["by_hand"], seconds["once"]),
            },
        },
        "hours": {name: hours(number) for name, number in seconds.items()},
        "seconds_a_year": seconds,
        "cells": {name: cells(state) for name, state in made.items()},
        "unanswered": len(supplied - answered),
        "unanswered_fields": [
            f"{form.form}: {field.key}"
            for form in once
            for field in form.fields
            if not field.asked and field.fact not in answered
        ],
        "seconds": round(time.perf_counter() - began, 1),
    }


def _cut(name: str, before: int, after: int) -> dict[str, float]:
    return {"cut": round((before - after) / before, 4) if before else 0.0, "least": LEAST[name]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home")
    print(json.dumps(measure(Settings.load(home=parser.parse_args().home)), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
