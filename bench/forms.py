"""Prefilled forms beside the truth, and how long filling takes.

    python -m bench.forms DATA HOME

Fills all forms for all communities of a district, and scores what was filled by the truth that was kept aside.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from yibiao.settings import Settings

SECONDS_LIMIT = 300.0
"""Filling all forms for a million residents, on 2 cores (issue 5)."""

LEAST_PREFILLED, LEAST_RIGHT = 0.80, 0.99

JUDGED_FROM = 1_000_000


def measure(settings: Settings) -> dict[str, Any]:
    """Fill and score the forms of the current release.

    Returns:
        `seconds`, `books`, `cells` by status; `prefilled` and `right`, shares over one filling; `prefilled_in_a_year`,
        with each form as often as it is due; `wrong_person` and `elsewhere`, cells; `forms`: the same by form.
    """
    from yibiao.contracts import load_schemas
    from yibiao.demo.prefill import score_forms
    from yibiao.forms import load_forms
    from yibiao.forms.count import last_day
    from yibiao.forms.fill import fill_forms
    from yibiao.forms.fill.areas import communities
    from yibiao.forms.fill.run import Order, part_of_memory
    from yibiao.warehouse.releases import need_current

    schemas = load_schemas(settings.schemas)
    forms = load_forms(settings.schemas, schemas)
    release = need_current(settings)
    as_of = last_day(release.database)
    with tempfile.TemporaryDirectory(prefix="forms-", dir=settings.home) as folder:
        order = Order(
            database=release.database,
            version=release.version,
            as_of=as_of,
            schemas=schemas,
            forms=forms,
            areas=tuple(communities(schemas, "999901")),
            out=Path(folder) / "out",
            numbers={},
            notices={},
            spill=Path(folder) / "spill",
            memory=part_of_memory(settings.memory_limit, settings.threads),
        )
        began = time.perf_counter()
        filled = fill_forms(order, processes=settings.threads)
        seconds = time.perf_counter() - began
    found = score_forms(release, settings.data, schemas, forms, settings, as_of)
    times = [forms[one.form].times_a_year for one in found]
    cells: dict[str, int] = {}
    for one in filled:
        for status, count in one.cells.items():
            cells[status] = cells.get(status, 0) + count
    return {
        "seconds": round(seconds, 2),
        "books": sum(one.books for one in filled),
        "cells": cells,
        "prefilled": _share(sum(one.filled for one in found), sum(one.cells for one in found)),
        "prefilled_in_a_year": _share(
            sum(one.filled * n for one, n in zip(found, times, strict=True)),
            sum(one.cells * n for one, n in zip(found, times, strict=True)),
        ),
        "right": _share(sum(one.right for one in found), sum(one.judged for one in found)),
        "judged": sum(one.judged for one in found),
        "wrong_person": sum(one.wrong_person for one in found),
        "elsewhere": sum(one.elsewhere for one in found),
        "forms": {
            one.form: {
                "rows": one.rows,
                "prefilled": _share(one.filled, one.cells),
                "right": _share(one.right, one.judged),
                "wrong_person": one.wrong_person,
                "wrong": dict(one.wrong),
            }
            for one in found
        },
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("home", type=Path)
    given = parser.parse_args()
    settings = Settings.load(home=given.home, data=given.data)
    settings.open_home()
    print(json.dumps(measure(settings), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
