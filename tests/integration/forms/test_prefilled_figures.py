"""The figures of prefilled forms, computed anew on the tiny district: the bench prints them for larger ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from bench.forms import LEAST_PREFILLED, LEAST_RIGHT
from bench.main import of_forms

from installations import Installation
from yibiao.contracts import load_schemas
from yibiao.demo.prefill import score_forms
from yibiao.forms import load_forms
from yibiao.forms.count import last_day
from yibiao.warehouse.releases import Release, need_current


def test_most_cells_are_prefilled_nearly_all_of_them_right_and_none_is_of_another_person(
    published: Installation,
) -> None:
    settings = published.settings
    schemas = load_schemas(settings.schemas)
    forms = load_forms(settings.schemas, schemas)
    release = need_current(settings)
    found = score_forms(release, settings.data, schemas, forms, settings, last_day(release.database))
    assert [one.form for one in found] == sorted(forms)
    cells, filled = sum(one.cells for one in found), sum(one.filled for one in found)
    judged, right = sum(one.judged for one in found), sum(one.right for one in found)
    assert judged > 0.95 * filled
    times = {name: form.times_a_year for name, form in forms.items()}
    in_a_year = sum(one.filled * times[one.form] for one in found) / sum(one.cells * times[one.form] for one in found)
    assert in_a_year >= LEAST_PREFILLED
    assert filled / cells >= LEAST_PREFILLED - 0.01  # of 50,000 residents 0.803; here a form has five rows
    assert right / judged >= LEAST_RIGHT
    assert sum(one.wrong_person for one in found) == 0
    assert sum(one.elsewhere for one in found) == 0
    for one in found:
        assert 0 <= one.right <= one.judged <= one.filled <= one.cells
        assert sum(one.wrong.values()) == one.judged - one.right


def test_another_owner_of_a_house_is_judged_wrong(published: Installation, tmp_path: Path) -> None:
    """Every house is given to somebody else of its community: name, number and telephone are another's."""
    settings = published.settings
    schemas = load_schemas(settings.schemas)
    name = "water_group.meter_check"
    forms = {name: load_forms(settings.schemas, schemas)[name]}
    right = need_current(settings)
    wrong = Release(tmp_path / right.version)
    shutil.copytree(right.folder, wrong.folder)
    as_of = last_day(right.database)
    (before,) = score_forms(right, settings.data, schemas, forms, settings, as_of)
    with duckdb.connect(str(wrong.database)) as connection:
        connection.execute(
            """
            update dwelling set dwelling_owner_name = other.name, dwelling_owner_citizen_id = other.number
            from (
                select house.dwelling_id, min(resident_name) as name, arg_min(citizen_id, resident_name) as number
                from dwelling as house join resident using (community_code)
                where resident.citizen_id <> dwelling_owner_citizen_id and resident_name <> dwelling_owner_name
                group by house.dwelling_id
            ) as other
            where other.dwelling_id = dwelling.dwelling_id
            """
        )
    (after,) = score_forms(wrong, settings.data, schemas, forms, settings, as_of)
    for header in ("户主（产权人）/姓名", "户主（产权人）/身份证号码", "户主（产权人）/联系电话"):
        assert before.wrong.get(header, 0) < 0.05 * before.rows
        assert after.wrong[header] > 3 * before.wrong.get(header, 0)
    assert before.wrong_person == 0 < after.wrong_person


@pytest.mark.parametrize("worse", ["prefilled", "right", "wrong_person", "elsewhere", "seconds"])
def test_a_figure_that_is_missed_is_called_missed(worse: str) -> None:
    good = {
        "seconds": 100.0,
        "books": 9360,
        "cells": {"automatic": 80, "confirm": 10, "new": 10},
        "prefilled": 0.81,
        "prefilled_in_a_year": 0.82,
        "right": 0.995,
        "wrong_person": 0,
        "elsewhere": 0,
    }
    assert {one.verdict for one in of_forms(good, judged=True)} == {"ok"}
    bad = good | {worse: {"prefilled": 0.79, "right": 0.98, "seconds": 301.0}.get(worse, 1)}
    assert [one.verdict for one in of_forms(bad, judged=True)].count("MISSED") == 1
