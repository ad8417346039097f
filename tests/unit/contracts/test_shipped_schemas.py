"""The schemas of the demo district keep what the project promises of them."""

from __future__ import annotations

import dataclasses
import json
import shutil
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard

from yibiao.contracts import Schemas, load_schemas
from yibiao.contracts.generate import compare
from yibiao.contracts.lint import lint
from yibiao.settings import Settings


@pytest.fixture(scope="module")
def schemas(project: Path) -> Schemas:
    return load_schemas(project / "schemas")


@pytest.fixture(scope="module")
def shipped(project: Path) -> Settings:
    return Settings(
        project=project,
        home=project / "home",
        data=project / "data",
        schemas=project / "schemas",
        dbt_project=project / "dbt_project",
        expectations=project / "expectations",
        dags=project / "dags",
    )


def test_no_generated_file_is_stale(schemas: Schemas, shipped: Settings) -> None:
    changes, _ = compare(schemas, shipped)

    assert not changes, "run `yibiao contract generate`"


def test_lint_finds_no_error_and_no_warning(shipped: Settings) -> None:
    assert [finding for finding in lint(shipped) if finding.severity != "info"] == []


def test_other_contract_tools_read_every_contract(project: Path) -> None:
    schema = json.loads(OpenDataContractStandard.json_schema())
    validator = jsonschema.validators.validator_for(schema)(schema)
    files = sorted((project / "schemas/reports").rglob("*.odcs.yml"))
    for file in files:
        contract = OpenDataContractStandard.from_file(str(file))
        assert contract.id == f"{file.parent.name}.{file.name.removesuffix('.odcs.yml')}"
        validator.validate(yaml.load(file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    assert len(files) >= 24


def test_at_least_twelve_departments_deliver_at_least_24_reports(schemas: Schemas) -> None:
    assert len({report.department for report in schemas.reports.values()}) >= 12
    assert len(schemas.reports) >= 24


def test_no_two_reports_share_a_header_list(schemas: Schemas) -> None:
    headers = Counter(frozenset(column.header for column in report.columns) for report in schemas.reports.values())

    assert max(headers.values()) == 1


def test_reports_have_twelve_columns_in_the_median(schemas: Schemas) -> None:
    assert statistics.median(len(report.columns) for report in schemas.reports.values()) >= 12


def test_each_encoding_comes_three_times_and_each_kind_twice(schemas: Schemas) -> None:
    servers = [report.server for report in schemas.reports.values()]
    encodings = Counter(server.encoding for server in servers)
    kinds = Counter(server.format for server in servers)

    assert all(encodings[name] >= 3 for name in ("UTF-8", "UTF-8-BOM", "GB18030"))
    assert all(kinds[name] >= 2 for name in ("csv", "xlsx", "xls", "json", "ndjson", "parquet", "sqlite", "api"))
    two_rows = [server for server in servers if server.format == "xlsx" and server.options.get("header_rows") == 2]
    assert len(two_rows) >= 2


def test_departments_write_dates_and_codes_in_their_own_ways(schemas: Schemas) -> None:
    columns = [column for report in schemas.reports.values() for column in report.columns]
    formats = {pattern for column in columns for pattern in column.date_formats if column.type == "date"}
    sexes = {tuple(column.codes) or column.codes_as for column in columns if column.element == "sex_code"}

    assert formats == {"%Y-%m-%d", "%Y%m%d", "%Y.%m.%d", "%Y/%m/%d", "%Y年%m月%d日", "excel_serial"}
    assert len(sexes) >= 5


def test_the_canonical_resident_has_at_least_fifteen_elements(schemas: Schemas) -> None:
    assert len(schemas.entities["resident"].elements) >= 15
    assert set(schemas.entities) == {"resident", "household", "dwelling", "organisation", "benefit", "event"}


@pytest.mark.parametrize(
    ("code_list", "count", "code", "name"),
    [
        ("sex", 4, "9", "未说明的性别"),
        ("marital_status", 8, "23", "复婚"),
        ("ethnicity", 58, "56", "基诺族"),
        ("education", 40, "73", "初中肄业"),
        ("political_status", 13, "12", "无党派民主人士"),
        ("family_relation", 80, "63", "外祖父"),
        ("disability_type", 7, "7", "多重残疾"),
        ("industry", 20, "T", "国际组织"),
    ],
)
def test_code_lists_hold_the_values_of_the_standard(
    code_list: str, count: int, code: str, name: str, schemas: Schemas
) -> None:
    codes = schemas.codes[code_list].by_code

    assert (len(codes) >= count, codes[code].name) == (True, name)


def test_the_demo_district_has_an_unassigned_code_and_whole_ancestry(schemas: Schemas) -> None:
    divisions = schemas.codes["division"].by_code
    communities = [code for code in divisions if len(code) == 12]

    assert 150 <= len(communities) <= 250
    assert all(code.startswith("999901") and code[:9] in divisions for code in communities)
    assert not any(
        code.startswith("99") for code in divisions if code not in ("990000", "999900") and code[:6] != "999901"
    )


def test_loading_costs_little_more_than_parsing(project: Path) -> None:
    """Beside bare parsing of the same files in the same process: a slow hour of the machine slows both."""
    program = (
        "import time; from pathlib import Path; from yibiao.contracts import load_schemas;"
        f"root = Path({str(project / 'schemas')!r});"
        "load_schemas(root); whole = time.process_time();"
        "import yaml; files = [one for one in root.rglob('*.yml') if 'forms' not in one.parts];"
        "[yaml.load(one.read_text(), yaml.CSafeLoader) for one in files];"
        "print(whole / (time.process_time() - whole))"
    )

    def times() -> float:
        return float(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout)

    # Start and imports of the process count as well: 3 times on a quiet machine, which is a third of a second.
    assert min(times() for _ in range(3)) < 4.5


def test_lint_warns_of_an_owner_who_is_not_given_to_his_dwelling(project: Path, shipped: Settings, tmp_path: Path):
    """A column about the owner that names no element of the dwelling would never reach the registry."""
    folder = tmp_path / "schemas"
    shutil.copytree(project / "schemas", folder)
    path = folder / "reports/housing/dwelling_register.odcs.yml"
    text = path.read_text()
    kept, own = "{property: element, value: dwelling_owner_name}", "{property: element, value: resident_name}"
    path.write_text(text.replace(kept, f"{own}\n          - {{property: role, value: owner}}"))
    found = [one for one in lint(dataclasses.replace(shipped, schemas=folder)) if one.rule == "kept-of-a-person"]
    assert [(one.severity, one.where.rpartition("/")[2]) for one in found] == [
        ("warning", "dwelling_register.odcs.yml:1")
    ]
    assert "dwelling_owner_name" in found[0].expected
    assert not [one for one in lint(shipped) if one.rule == "kept-of-a-person"]


def test_what_a_dwelling_keeps_of_its_owner_is_what_forms_ask_of_one(schemas: Schemas) -> None:
    assert schemas.asked_as == {
        "dwelling_owner_name": ("resident_name", "owner"),
        "dwelling_owner_citizen_id": ("citizen_id", "owner"),
    }
    assert schemas.kept_as("resident_name", "owner") == ("dwelling_owner_name",)
    assert schemas.kept_as("resident_name", "head") == schemas.kept_as("mobile_phone", "owner") == ()
