"""Health bulletins of January and February 2020: nation, provinces and cities, unified by authority."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from real_files import RealRun

pytestmark = pytest.mark.usefixtures("real_run")

PROVINCIAL, NATIONAL = "provincial_health_commissions", "national_health_commission"
FOLDER = "covid_cn_2020"
DAYS = ("2020-01-26", "2020-02-01")
PUBLISHED = {"2020-01-26": 30, "2020-02-01": 31}
FIGURES = ("confirmed", "suspected", "cured", "dead")

Row = Mapping[str, str]
Area = tuple[str, str, str, str]
"""Date, country code, province code and name of the city; empty below the level that the row speaks of."""


@cache
def _rows(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _files(real_run: RealRun, department: str) -> list[Path]:
    return sorted((real_run.data / FOLDER / department).glob("*.csv"))


def _published(real_run: RealRun, department: str) -> list[Row]:
    """Every row that a kind of department published, in the order of the files."""
    return [row for file in _files(real_run, department) for row in _rows(file)]


def _area(row: Row) -> Area:
    return row["date"], row["countryCode"], row["provinceCode"], row["city"]


def _golden(real_run: RealRun) -> dict[Area, dict[str, int | None]]:
    """The release's figures by area."""
    found = real_run.query(
        "select cast(bulletin_date as varchar), country_code, coalesce(province_code, ''), coalesce(city_name, ''),"
        " confirmed_count, suspected_count, cured_count, dead_count from area_bulletin"
    )
    return {row[:4]: dict(zip(FIGURES, row[4:], strict=True)) for row in found}  # type: ignore[misc]


def _expected(real_run: RealRun, day: str) -> list[Row]:
    """The maintainer's hand-unified table of one day."""
    return _rows(real_run.data / FOLDER / "expected_merged" / f"{day}.csv")


def _sources(real_run: RealRun, element: str, day: str) -> dict[Area, str]:
    """Which kind of department gave an element, by area."""
    found = real_run.query(
        "select cast(golden.bulletin_date as varchar), golden.country_code, coalesce(golden.province_code, ''),"
        " coalesce(golden.city_name, ''), load.department from area_bulletin as golden"
        " join area_bulletin_provenance as provenance using (area_bulletin_id)"
        f" join load on provenance.{element} between load.first_record_no + 1 and load.first_record_no + load.read"
        " where golden.bulletin_date = ?",
        day,
    )
    return {row[:4]: row[4] for row in found}  # type: ignore[misc]


def test_every_bulletin_is_a_load_and_no_row_is_lost(real_run: RealRun) -> None:
    for department, files in ((PROVINCIAL, 501), (NATIONAL, 18)):
        loads = real_run.loads(f"{department}.daily_bulletin")
        expected = {file.name: len(_rows(file)) for file in _files(real_run, department)}

        assert len(loads) == len(expected) == files
        assert {load["delivery"]["name"]: load["counts"]["accepted"] for load in loads} == expected
        assert sum(load["counts"]["quarantined"] for load in loads) == 0
        assert all(load["edition"] == load["delivery"]["name"][:10] for load in loads)
        assert not real_run.ingested[f"{department}.daily_bulletin"].errors


def test_every_area_and_day_that_somebody_published_has_one_row(real_run: RealRun) -> None:
    published = {_area(row) for department in (PROVINCIAL, NATIONAL) for row in _published(real_run, department)}

    assert set(_golden(real_run)) == published
    assert real_run.query("select count(*) from area_bulletin") == [(len(published),)]


def test_there_are_areas_of_three_levels(real_run: RealRun) -> None:
    published = {_area(row) for department in (PROVINCIAL, NATIONAL) for row in _published(real_run, department)}
    levels: dict[str, int] = defaultdict(int)
    for _, _, province, city in published:
        levels["city" if city else "province" if province else "country"] += 1

    found = real_run.query(
        "select case when city_name is not null then 'city' when province_code is not null then 'province'"
        " else 'country' end as level, count(*) from area_bulletin group by 1"
    )

    assert dict(found) == levels
    assert set(levels) == {"city", "province", "country"}


@pytest.mark.parametrize("day", DAYS)
def test_the_expected_figure_of_every_province_that_published_is_met(real_run: RealRun, day: str) -> None:
    expected = {_area(row): row["confirmed"] for row in _expected(real_run, day) if row["provinceCode"]}
    own = {_area(row) for row in _published(real_run, PROVINCIAL) if row["date"] == day and not row["city"]}
    golden, sources = _golden(real_run), _sources(real_run, "confirmed_count", day)

    met = [area for area in own if str(golden[area]["confirmed"]) == expected[area]]

    assert len(met) == len(own) == PUBLISHED[day]
    assert {sources[area] for area in own} == {PROVINCIAL}


@pytest.mark.parametrize("day", DAYS)
def test_where_no_province_published_the_national_figure_stands(real_run: RealRun, day: str) -> None:
    provinces = {_area(row): row for row in _expected(real_run, day) if row["provinceCode"] and not row["city"]}
    own = {_area(row) for row in _published(real_run, PROVINCIAL)}
    national = {_area(row): row for row in _published(real_run, NATIONAL)}
    golden, sources = _golden(real_run), _sources(real_run, "confirmed_count", day)

    left = [area for area in provinces if area not in own]

    assert sorted(provinces[area]["province"] for area in left) == sorted(
        ["台湾省", "香港特别行政区", "澳门特别行政区"]
    )
    for area in left:
        assert str(golden[area]["confirmed"]) == provinces[area]["confirmed"] == national[area]["confirmed"]
        assert sources[area] == NATIONAL


@pytest.mark.parametrize(("day", "rows", "shared"), [("2020-01-26", 349, 349), ("2020-02-01", 453, 429)])
def test_the_expected_table_is_met_row_by_row(real_run: RealRun, day: str, rows: int, shared: int) -> None:
    """All figures of all areas; rows of the table that stand in no bulletin here came to the maintainer elsewhere."""
    golden = {area: figures for area, figures in _golden(real_run).items() if area[0] == day}
    expected = {_area(row): row for row in _expected(real_run, day)}

    assert len(expected) == rows
    assert len(golden) == shared
    for area, figures in golden.items():
        assert {name: str(figures[name] or 0) for name in FIGURES} == {name: expected[area][name] for name in FIGURES}


@pytest.mark.parametrize("day", DAYS)
def test_blank_is_not_stated_and_never_zero(real_run: RealRun, day: str) -> None:
    """The maintainer's table writes 0 where no bulletin says anything; the release does not."""
    golden = _golden(real_run)
    stated: dict[tuple[Area, str], bool] = defaultdict(bool)
    for department in (PROVINCIAL, NATIONAL):
        for row in _published(real_run, department):
            for name in FIGURES:
                stated[_area(row), name] |= row[name] != ""

    silent = [(area, name) for (area, name), is_stated in stated.items() if area[0] == day and not is_stated]

    assert silent
    assert {golden[area][name] for area, name in silent} == {None}
    assert all(golden[area][name] is not None for (area, name), is_stated in stated.items() if is_stated)


def test_a_blank_of_the_province_leaves_the_national_figure_standing(real_run: RealRun) -> None:
    golden = _golden(real_run)
    national = {_area(row): row for row in _published(real_run, NATIONAL)}
    found = {
        (row["date"], row["province"], name): golden[_area(row)][name]
        for row in _published(real_run, PROVINCIAL)
        for name in FIGURES
        if not row[name] and national.get(_area(row), {}).get(name)
    }

    assert found == {
        ("2020-01-20", "上海市", "suspected"): 7,
        ("2020-01-20", "湖北省", "suspected"): 11,
        ("2020-01-21", "广东省", "suspected"): 1,
        ("2020-01-21", "浙江省", "suspected"): 10,
    }


def test_the_province_decides_where_both_levels_speak(real_run: RealRun) -> None:
    """All areas of all days, against a unification in a few lines: the last word of the higher authority."""
    expected: dict[Area, dict[str, int | None]] = {}
    for department in (NATIONAL, PROVINCIAL):
        for row in _published(real_run, department):
            figures = expected.setdefault(_area(row), dict.fromkeys(FIGURES))
            figures.update({name: int(row[name]) for name in FIGURES if row[name]})

    assert _golden(real_run) == expected


def test_every_contradiction_is_a_conflict_and_nothing_else_is(real_run: RealRun) -> None:
    said: dict[tuple[Area, str], list[int]] = defaultdict(list)
    for department in (NATIONAL, PROVINCIAL):
        for row in _published(real_run, department):
            for name in FIGURES:
                if row[name]:
                    said[_area(row), name].append(int(row[name]))
    expected = {key: sorted(values) for key, values in said.items() if len(set(values)) > 1}

    found: dict[tuple[Area, str], list[int]] = defaultdict(list)
    for *area, element, value in real_run.query(
        "select cast(bulletin_date as varchar), country_code, coalesce(province_code, ''), coalesce(city_name, ''),"
        " element, value from area_bulletin_conflict join area_bulletin using (area_bulletin_id)"
    ):
        found[tuple(area), element.removesuffix("_count")].append(int(value))  # type: ignore[index]

    assert {key: sorted(values) for key, values in found.items()} == expected
    shanghai = ("2020-01-21", "CN", "310000", "")
    assert expected[shanghai, "confirmed"] == [6, 9]
    assert _golden(real_run)[shanghai]["confirmed"] == 6


def test_the_release_reconciles_and_its_gate_passed(real_run: RealRun) -> None:
    manifest = real_run.manifest

    assert real_run.unified.published
    assert manifest["gate"]["passed"]
    assert manifest["gate"]["by_severity"]["critical"]["failed"] == 0
    assert sum(load["read"] for load in manifest["inputs"]["loads"]) == 2919 + 248 + 5698 + 152
    assert all(
        entity["records"] == entity["linked"] == sum(report["staged"] for report in reports)
        for entity, reports in (
            (manifest["counts"]["entities"]["organisation"], _of(manifest, "education_ministry")),
            (manifest["counts"]["entities"]["area_bulletin"], _of(manifest, PROVINCIAL, NATIONAL)),
        )
    )


def _of(manifest: Mapping, *departments: str) -> list[Mapping[str, int]]:
    return [counts for report, counts in manifest["counts"]["reports"].items() if report.split(".")[0] in departments]


def test_the_gate_names_the_one_area_with_more_cured_than_confirmed(real_run: RealRun) -> None:
    """Suzhou stands twice in the bulletin of Jiangsu, the second time with 2 confirmed and 3 cured."""
    results = json.loads((real_run.release / "quality.json").read_text(encoding="utf-8"))["results"]

    failed = [(result["table"], result["id"], result["unexpected"]) for result in results if not result["success"]]

    assert failed == [("canonical.area_bulletin", "deaths_and_cures_within_confirmed", 1)]
    assert real_run.query(
        "select bulletin_date, city_name from area_bulletin"
        " where coalesce(dead_count, 0) + coalesce(cured_count, 0) > confirmed_count"
    ) == [(dt.date(2020, 2, 4), "苏州市")]


def test_a_second_run_loads_nothing_and_publishes_nothing(real_run: RealRun) -> None:
    from yibiao.contracts import load_schemas
    from yibiao.ingest import ingest_report
    from yibiao.warehouse.unify import unify

    schemas = load_schemas(real_run.settings.schemas)
    again = [ingest_report(report, real_run.settings) for report in schemas.reports.values()]

    assert sum(len(outcome.loaded) for outcome in again) == 0
    assert sum(len(outcome.existing) for outcome in again) == 501 + 18 + 2
    assert unify(real_run.settings).state == "unchanged"
