"""The ministry's lists of universities of 2025-06-20, read as published: every figure of the folder's README."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from real_files import HERE, RealRun

pytestmark = pytest.mark.usefixtures("real_run")

UNIVERSITIES, ADULT = "education_ministry.university_list", "education_ministry.adult_university_list"
FOLDER = "moe_universities_2025"
READINGS = {UNIVERSITIES: "W020250627301230138068.json", ADULT: "W020250627301230143042.json"}
LISTED = {UNIVERSITIES: 2919, ADULT: 248}
GROUPS = {UNIVERSITIES: 31, ADULT: 30}

COLUMNS = {
    "index": "serial_number",
    "name": "organisation_name",
    "code": "school_code",
    "department": "supervising_department_name",
    "location": "location_name",
    "level": "school_level_code",
    "remark": "remark",
}
"""Key in the independent reading -> column of the contract."""


def _reading(real_run: RealRun, report: str) -> list[Mapping[str, Any]]:
    """The independent clean reading beside the file."""
    return json.loads((real_run.data / FOLDER / READINGS[report]).read_text(encoding="utf-8"))


def _accepted(real_run: RealRun, report: str) -> list[dict[str, str]]:
    """The rows of the load package, in the order of the file."""
    import pyarrow.parquet as pq

    (package,) = real_run.ingested[report].loaded
    return sorted(pq.read_table(package.folder / "accepted.parquet").to_pylist(), key=lambda row: row["_row"])


def _names(code_list: str) -> dict[str, str]:
    with (HERE / "schemas" / "codes" / f"{code_list}.csv").open(encoding="utf-8") as stream:
        return {row["name"]: row["code"] for row in csv.DictReader(stream)}


@pytest.mark.parametrize("report", [UNIVERSITIES, ADULT])
def test_every_row_of_the_list_is_accepted_and_titles_and_groups_are_no_rows(real_run: RealRun, report: str) -> None:
    (manifest,) = real_run.loads(report)

    assert manifest["counts"] == {"read": LISTED[report], "accepted": LISTED[report], "quarantined": 0}
    assert manifest["left_out"] == {"title": 2, "group": GROUPS[report]}
    assert (manifest["rules"], manifest["warnings"], manifest["drift"]) == ({}, {}, [])
    assert not real_run.ingested[report].errors


@pytest.mark.parametrize("report", [UNIVERSITIES, ADULT])
def test_the_edition_is_the_day_that_the_title_states(real_run: RealRun, report: str) -> None:
    assert real_run.loads(report)[0]["edition"] == "2025-06-20"


@pytest.mark.parametrize("report", [UNIVERSITIES, ADULT])
def test_accepted_rows_equal_the_independent_reading_cell_by_cell(real_run: RealRun, report: str) -> None:
    expected = [{COLUMNS[key]: str(value) for key, value in row.items()} for row in _reading(real_run, report)]
    columns = list(expected[0])

    found = [{name: row[name] for name in columns} for row in _accepted(real_run, report)]

    assert len(found) == LISTED[report]
    assert found == expected


def test_control_totals_find_the_one_real_defect_and_claim_no_other(real_run: RealRun) -> None:
    totals = real_run.loads(UNIVERSITIES)[0]["control_totals"]

    assert len(totals) == len({total["name"] for total in totals}) == 31
    assert [total for total in totals if total["stated"] != total["counted"]] == [
        {"name": "海南省", "stated": 27, "counted": 28}
    ]
    assert sum(total["counted"] for total in totals) == 2919


def test_control_totals_of_adult_universities_all_agree(real_run: RealRun) -> None:
    totals = real_run.loads(ADULT)[0]["control_totals"]

    assert len(totals) == len({total["name"] for total in totals}) == 30
    assert all(total["stated"] == total["counted"] for total in totals)
    assert sum(total["stated"] for total in totals) == 248


def test_the_release_holds_every_school_once_as_an_organisation(real_run: RealRun) -> None:
    types = real_run.query("select school_type_code, count(*) from organisation group by 1 order by 1")

    assert types == [("1", 2919), ("2", 248)]
    assert real_run.query("select count(distinct school_code) from organisation") == [(2919 + 248,)]


def test_codes_of_ten_digits_stay_text_in_the_release(real_run: RealRun) -> None:
    import pyarrow.parquet as pq

    schema = pq.read_schema(real_run.release / "organisation.parquet")

    assert str(schema.field("school_code").type) == "string"
    assert real_run.query(
        "select typeof(school_code), count(*) from organisation"
        " where regexp_full_match(school_code, '[0-9]{10}') group by 1"
    ) == [("VARCHAR", 2919 + 248)]


def test_the_release_equals_the_independent_readings(real_run: RealRun) -> None:
    levels = _names("school_level")

    def expected() -> Iterator[tuple[str | None, ...]]:
        for kind, report in (("1", UNIVERSITIES), ("2", ADULT)):
            for row in _reading(real_run, report):
                # The file pads some cells with spaces; a golden value has none, and an empty cell states nothing.
                text = {key: str(value).strip() or None for key, value in row.items()}
                level = levels[row["level"]] if "level" in row else None
                location = text.get("location")
                yield text["code"], text["name"], kind, level, location, text["department"], text["remark"]

    found = real_run.query(
        "select school_code, organisation_name, school_type_code, school_level_code, location_name,"
        " supervising_department_name, remark from organisation order by school_code"
    )

    assert found == sorted(expected(), key=lambda row: str(row[0]))


def test_the_province_of_a_group_row_is_carried_down_to_its_schools(real_run: RealRun) -> None:
    provinces = _names("province")
    by_type = {"1": real_run.loads(UNIVERSITIES)[0], "2": real_run.loads(ADULT)[0]}
    expected = {
        (kind, provinces[total["name"]]): total["counted"]
        for kind, manifest in by_type.items()
        for total in manifest["control_totals"]
    }

    found = real_run.query("select school_type_code, province_code, count(*) from organisation group by all")

    assert {(kind, province): count for kind, province, count in found} == expected


def test_the_province_comes_from_the_group_and_not_from_the_code(real_run: RealRun) -> None:
    """Positions 3 and 4 of a code are the province of its first registration: two schools have moved since."""
    found = real_run.query(
        "select organisation_name, province_code from organisation"
        " where substr(school_code, 3, 2) <> substr(province_code, 1, 2) order by school_code"
    )

    provinces = _names("province")
    assert found == [("吉利学院", provinces["四川省"]), ("海关管理干部学院", provinces["河北省"])]


def test_every_value_names_the_file_and_row_it_came_from(real_run: RealRun) -> None:
    (found,) = real_run.query(
        "select load.report, load.file_name, source.organisation_name - load.first_record_no as row"
        " from organisation as golden join organisation_provenance as source using (organisation_id)"
        " join load on source.organisation_name between load.first_record_no + 1 and load.first_record_no + load.read"
        " where golden.school_code = '4165014941'"
    )

    assert found == (UNIVERSITIES, "W020250627301230138068.xls", 2919)
    assert _reading(real_run, UNIVERSITIES)[-1]["code"] == 4165014941


def test_no_two_lists_contradict_each_other(real_run: RealRun) -> None:
    assert real_run.query("select count(*) from organisation_conflict") == [(0,)]


def test_the_original_files_are_kept_as_they_were(real_run: RealRun) -> None:
    for report in (UNIVERSITIES, ADULT):
        delivery = real_run.loads(report)[0]["delivery"]
        kept: Path = real_run.settings.landing / "objects" / delivery["sha256"][:2] / delivery["sha256"]
        assert kept.read_bytes() == (real_run.data / FOLDER / delivery["name"]).read_bytes()
