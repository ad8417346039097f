"""Certain keys in several forms: one organisation, one person, whichever form a report knows them by."""

from __future__ import annotations

import pytest
from people import number as valid

from installations import Installation, new_installation, small_project, sources_in
from warm import warm_engines
from yibiao.contracts import load_schemas
from yibiao.contracts.generate import generate
from yibiao.ingest import ingest_report
from yibiao.warehouse.unify import unify

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: {department}.{name}
name: {title}
version: 1.0.0
status: active
domain: {department}
description: {{purpose: 测试}}
team: {{name: 测试}}
slaProperties: [{{property: frequency, value: 1, unit: m, scheduler: cron, schedule: "0 3 5 * *"}}]
servers: [{{server: delivery, type: local, path: {department}/{name}/*.csv, format: csv, encoding: UTF-8}}]
customProperties:
  - {{property: mode, value: snapshot}}
  - {{property: about, value: [{entity}]}}
  - {{property: edition, value: {{from: name, pattern: '_(?P<year>\\d{{4}})(?P<month>\\d{{2}})\\.'}}}}
schema:
  - name: {name}
    physicalName: {department}__{name}
    logicalType: object
    dataGranularityDescription: 一行一个
    properties:
      - {{name: serial, physicalName: {title}序号, logicalType: string, primaryKey: true, primaryKeyPosition: 1,
         required: true}}
      - {{name: number, physicalName: 号码, logicalType: string,
         customProperties: [{{property: element, value: {number}}}]}}
      - {{name: named, physicalName: 名字, logicalType: string,
         customProperties: [{{property: element, value: {named}}}]}}
"""
ORGANISATION, RESIDENT = "organisation_name", "resident_name"
REPORTS = {
    "market_regulation.new_codes": ("organisation", "uscc", ORGANISATION),
    "civil_affairs.old_codes": ("organisation", "organisation_code", ORGANISATION),
    "health.permits": ("resident", "identity_document_number", RESIDENT),
    "education.permits": ("resident", "identity_document_number", RESIDENT),
    "public_security.numbers": ("resident", "citizen_id", RESIDENT),
    "housing.flats": ("dwelling", "dwelling_code", "dwelling_address"),
    "grid_center.flats": ("dwelling", "dwelling_code", "dwelling_address"),
}
CITIZEN = "999901198001011211"
DRAGGED = valid("99990119910202122")
"""Of a column that somebody dragged down."""
DELIVERED = {
    "market_regulation.new_codes": ["91350100M000100Y43,示范商贸有限公司", "91350100000000000H,无名商行"],
    "civil_affairs.old_codes": ["M000100Y-4,示范商贸公司", "00000000-0,别处商店", "12345678-8,旧厂"],
    "health.permits": ["H1234567801,陈大文", "E12345678,王小明", "M8765432101,何小姐"],
    "education.permits": ["h12345678,陳大文", f"{CITIZEN},李四", "H1234567802,陈大文"],
    "public_security.numbers": [f"{CITIZEN},李四", *[f"{DRAGGED},王五"] * 30],
    "housing.flats": ["FW999901001001000001,人民路8号1幢101室", "FW999901001001000002,人民路8号1幢102室"],
    "grid_center.flats": [" FW９９９９01001001000001 ,人民路8号一号楼101", ",人民路8号1幢103室"],
}


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("keys")
    small_project(folder)
    for report, (entity, number, named) in REPORTS.items():
        department, name = report.split(".")
        title = f"{department}{name}"
        text = CONTRACT.format(department=department, name=name, title=title, entity=entity, number=number, named=named)
        path = folder / "schemas" / "reports" / department / f"{name}.odcs.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        data = folder / "data" / department / name / "表_202601.csv"
        data.parent.mkdir(parents=True)
        rows = [f"{title}序号,号码,名字", *(f"{place},{row}" for place, row in enumerate(DELIVERED[report]))]
        data.write_text("\n".join(rows) + "\n", encoding="utf-8")
    made = new_installation(folder / "home", folder / "data", sources_in(folder))
    schemas = load_schemas(made.settings.schemas)
    generate(schemas, made.settings)
    for report in REPORTS:
        ingest_report(schemas.reports[report], made.settings)
    with warm_engines():
        assert unify(made.settings).state == "published"
    return made


def known(at: Installation, entity: str, named: str, *shown: str) -> dict[str, dict[str, object]]:
    rows = at.query(f"select {', '.join((f'{entity}_id', named, *shown))} from {entity}")
    return {row[named]: row for row in rows}


def entities(at: Installation, entity: str, report: str) -> list[str]:
    """Ids of the rows of a report, in their order."""
    return [row["id"] for row in at.query(
        f"select crosswalk.{entity}_id as id from {entity}_crosswalk as crosswalk inner join load"
        f" on record_no > first_record_no and record_no <= first_record_no + read where report = '{report}'"
        " order by record_no"
    )]  # fmt: skip


def test_the_old_code_of_an_organisation_is_found_in_its_credit_code(at: Installation) -> None:
    new, old = (
        entities(at, "organisation", "market_regulation.new_codes"),
        entities(at, "organisation", "civil_affairs.old_codes"),
    )
    assert new[0] == old[0]
    (row,) = at.query(f"select uscc, organisation_code from organisation where organisation_id = '{new[0]}'")
    assert row == {"uscc": "91350100M000100Y43", "organisation_code": "M000100Y4"}


def test_a_code_that_nobody_was_given_joins_nobody(at: Installation) -> None:
    new, old = (
        entities(at, "organisation", "market_regulation.new_codes"),
        entities(at, "organisation", "civil_affairs.old_codes"),
    )
    assert len({*new, *old}) == 4


def test_an_organisation_known_by_its_old_code_alone_is_certain(at: Installation) -> None:
    found = known(at, "organisation", "organisation_name", "uscc", "organisation_code")
    assert (found["旧厂"]["uscc"], found["旧厂"]["organisation_code"]) == (None, "123456788")


def test_a_travel_permit_is_one_person_through_its_renewals(at: Installation) -> None:
    health, education = entities(at, "resident", "health.permits"), entities(at, "resident", "education.permits")
    assert health[0] == education[0] == education[2]
    found = known(at, "resident", "resident_name", "citizen_id", "identity_document_number")
    assert found["陈大文"]["identity_document_number"] == "H12345678"
    assert len({*health}) == 3


def test_a_citizen_number_is_the_same_key_in_a_column_of_any_document(at: Installation) -> None:
    assert entities(at, "resident", "public_security.numbers")[0] == entities(at, "resident", "education.permits")[1]


def test_a_dwelling_is_known_by_its_code_however_its_address_is_written(at: Installation) -> None:
    housing, grid = (entities(at, "dwelling", f"{department}.flats") for department in ("housing", "grid_center"))
    assert grid[0] == housing[0] != housing[1]
    assert len({*housing, *filter(None, grid)}) == 2, "a row without a code that no address names is of no dwelling"


def test_a_column_that_was_dragged_down_is_told_by_report_load_and_rows_and_holds_nothing_up(at: Installation) -> None:
    (told,) = at.manifest["counts"]["one_subject"]
    (load,) = [one for one in at.manifest["inputs"]["loads"] if one["report"] == "public_security.numbers"]
    assert told == {
        "entity": "resident", "report": load["report"], "edition": "2026-01", "load_id": load["load_id"],
        "rows": 30, "of": 31, "element": "citizen_id", "number": f"{DRAGGED[:6]}********{DRAGGED[-4:]}",
    }  # fmt: skip
    assert "not_about_one_subject" in at.call("quality", "show").stdout
