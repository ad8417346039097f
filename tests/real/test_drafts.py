"""The contracts that `yibiao contract init` drafts for the real files, with no line edited, give their figures."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from real_files import HERE, PROJECT, RealRun

from warm import warm_engines
from yibiao.settings import Settings

SAMPLES = {
    "education_ministry.university_list": "moe_universities_2025/W020250627301230138068.xls",
    "education_ministry.adult_university_list": "moe_universities_2025/W020250627301230143042.xls",
    "national_health_commission.daily_bulletin": "covid_cn_2020/national_health_commission/*.csv",
    "provincial_health_commissions.daily_bulletin": "covid_cn_2020/provincial_health_commissions/*.csv",
}
PUBLISHED = {"2020-01-26": 30, "2020-02-01": 31}


@pytest.fixture(scope="module")
def drafted(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> RealRun:
    """A run of the whole pipeline in which every contract is a draft, made without knowing the written one."""
    from yibiao.contracts import load_schemas
    from yibiao.contracts.draft.contract import draft_contract
    from yibiao.contracts.generate import generate
    from yibiao.ingest import ingest_report
    from yibiao.warehouse.unify import unify

    root = tmp_path_factory.mktemp("drafted")
    shutil.copytree(HERE / "schemas", root / "schemas", ignore=shutil.ignore_patterns("reports"))
    (root / "schemas" / "reports").mkdir()
    bare = load_schemas(root / "schemas")
    for report_id, pattern in SAMPLES.items():
        draft = draft_contract(sorted(real_data.glob(pattern)), report_id, bare, data=real_data)
        place = root / "schemas" / "reports" / f"{report_id.replace('.', '/')}.odcs.yml"
        place.parent.mkdir(exist_ok=True)
        place.write_text(draft.text, encoding="utf-8")
    shutil.copytree(PROJECT / "dbt_project" / "macros", root / "dbt" / "macros")
    shutil.rmtree(root / "dbt" / "macros" / "generated")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copyfile(PROJECT / "dbt_project" / name, root / "dbt" / name)
    settings = replace(
        Settings.load(home=root / "home", data=real_data),
        schemas=root / "schemas",
        dbt_project=root / "dbt",
        expectations=root / "expectations",
        dags=root / "dags",
    )
    schemas = load_schemas(settings.schemas)
    generate(schemas, settings)
    settings.open_home()
    ingested = {report.id: ingest_report(report, settings) for report in schemas.reports.values()}
    with warm_engines():
        return RealRun(real_data, settings, ingested, unify(settings))


@pytest.mark.parametrize(
    ("report", "rows", "groups"),
    [("education_ministry.university_list", 2919, 31), ("education_ministry.adult_university_list", 248, 30)],
)
def test_a_list_of_universities_is_read_in_full(drafted: RealRun, report: str, rows: int, groups: int) -> None:
    (manifest,) = drafted.loads(report)
    assert manifest["counts"] == {"read": rows, "accepted": rows, "quarantined": 0}
    assert manifest["left_out"] == {"title": 2, "group": groups}
    off = [total for total in manifest["control_totals"] if total["stated"] != total["counted"]]
    real_defect = [{"name": "海南省", "stated": 27, "counted": 28}]
    assert off == (real_defect if report == "education_ministry.university_list" else [])
    assert len(manifest["control_totals"]) == groups


def test_all_schools_are_organisations_with_their_codes(drafted: RealRun) -> None:
    ((schools, codes),) = drafted.query("select count(*), count(distinct school_code) from organisation")
    assert schools == codes == 2919 + 248


@pytest.mark.parametrize("day", sorted(PUBLISHED))
def test_bulletins_agree_with_the_table_unified_by_hand(drafted: RealRun, day: str) -> None:
    golden = dict(
        drafted.query(
            "select province_code, confirmed_count from area_bulletin"
            " where bulletin_date = cast(? as date) and country_code = 'CN' and province_code is not null"
            " and city_name is null",
            day,
        )
    )
    folder = drafted.data / "covid_cn_2020" / "provincial_health_commissions"
    published = {
        next(csv.DictReader(path.open(encoding="utf-8")))["provinceCode"] for path in folder.glob(f"{day}*.csv")
    }
    with (drafted.data / "covid_cn_2020" / "expected_merged" / f"{day}.csv").open(encoding="utf-8") as stream:
        expected = {
            row["provinceCode"]: int(row["confirmed"])
            for row in csv.DictReader(stream)
            if row["provinceCode"] in published and not row["city"] and row["confirmed"]
        }
    assert len(expected) == PUBLISHED[day]
    assert {code: golden.get(code) for code in expected} == expected
