"""Generation writes what follows from the schemas, removes what no longer does, and touches nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import yaml
from click.testing import CliRunner

from yibiao.cli.root import root
from yibiao.contracts import load_schemas
from yibiao.contracts.generate import compare, generate, plan
from yibiao.quality.specs import load_specs
from yibiao.settings import Settings

REPORT = "reports/police/people.odcs.yml"
Edit = Callable[[str, str, str], str]


def run(settings: Settings, *arguments: str, monkeypatch: pytest.MonkeyPatch):
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(root, ["contract", *arguments])


def test_a_second_run_writes_nothing(settings: Settings) -> None:
    schemas = load_schemas(settings.schemas)

    assert generate(schemas, settings).write
    assert not generate(schemas, settings)


def test_the_plan_follows_from_the_schemas_alone(settings: Settings) -> None:
    schemas = load_schemas(settings.schemas)

    assert plan(schemas, settings) == plan(load_schemas(settings.schemas), settings)


def test_files_of_a_report_that_is_gone_are_removed_and_others_stay(settings: Settings) -> None:
    schemas = load_schemas(settings.schemas)
    generate(schemas, settings)
    own = settings.dbt_project / "models/staging/police/own.sql"
    own.write_text("select 1\n")
    (settings.schemas / REPORT).unlink()

    changes = generate(load_schemas(settings.schemas), settings)

    left = {
        path.name for path in settings.project.rglob("*") if path.is_file() and settings.schemas not in path.parents
    }
    assert "stg_police__people.sql" in {path.name for path in changes.remove}
    assert left == {"own.sql", "sources.yml", "codes.sql", "entities.sql", "index.json"}


def test_a_changed_element_makes_files_stale(settings: Settings, edit: Edit) -> None:
    generate(load_schemas(settings.schemas), settings)
    edit("elements/person.yml", "type: decimal", "type: integer")
    edit(REPORT, "logicalType: number", "logicalType: integer")

    changes, _ = compare(load_schemas(settings.schemas), settings)

    assert {path.name for path in changes.write} == {
        *("stg_police__people.sql", "stg_police__people.yml", "entities.sql", "person.yml")
    }


def test_models_have_enforced_contracts_with_a_type_for_every_column(settings: Settings) -> None:
    generate(load_schemas(settings.schemas), settings)
    for file in (settings.dbt_project / "models").glob("*/**/*.yml"):
        for model in yaml.safe_load(file.read_text())["models"]:
            assert "Grain:" in model["description"]
            if not model["name"].startswith("survivor_"):
                assert model["config"]["contract"]["enforced"] is True
                assert all(column["data_type"] for column in model["columns"])


def test_the_staging_model_parses_each_column_by_its_type(settings: Settings) -> None:
    generate(load_schemas(settings.schemas), settings)
    text = (settings.dbt_project / "models/staging/police/stg_police__people.sql").read_text()

    assert '{{ parse_code("sex_code", code_pairs("sex", [["男", "1"], ["女", "2"]])) }} as sex_code' in text
    assert '{{ parse_date("born", ["%Y%m%d"]) }} as birth_date' in text
    units = '[["元", "1"], ["圆", "1"], ["元整", "1"], ["万元", "10000"], ["万", "10000"]'
    assert f'{{{{ parse_decimal("income_amount", 2, "10000", {units}' in text
    assert '{{ source("raw", "police__people") }}' in text


def test_pairs_of_a_contract_replace_equal_values_of_the_list(settings: Settings) -> None:
    import jinja2

    generate(load_schemas(settings.schemas), settings)
    found: list[list[str]] = []
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    environment.globals["return"] = lambda pairs: found.extend(pairs) or ""
    source = (settings.dbt_project / "macros/generated/codes.sql").read_text()
    environment.from_string(source).module.code_pairs("sex", [["男", "2"], ["1", "2"]])

    assert found[:2] == [["男", "2"], ["1", "2"]]
    assert len({value for value, _ in found}) == len(found) == 8


def test_entities_know_their_sources_and_authorities(settings: Settings) -> None:
    import jinja2

    generate(load_schemas(settings.schemas), settings)
    meta: dict = {}
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    environment.globals["return"] = lambda found: meta.update(found) or ""
    environment.from_string((settings.dbt_project / "macros/generated/entities.sql").read_text()).module.entity_meta()

    person = meta["person"]
    assert (person["id_column"], person["keys"]) == ("person_id", [["person_number"]])
    assert person["columns"][3] == {
        "element": "income_amount",
        "type": "decimal",
        "sql_type": "DECIMAL(18,2)",
        "authority": {"police": 1},
    }
    assert person["sources"] == [
        {
            "model": "stg_police__people",
            "department": "police",
            "report": "police.people",
            "mode": "snapshot",
            "elements": ["person_number", "sex_code", "birth_date", "income_amount"],
        }
    ]


def test_generated_expectations_are_ones_the_gate_understands(settings: Settings) -> None:
    generate(load_schemas(settings.schemas), settings)
    (table,) = load_specs(settings.expectations, settings.schemas / "codes")

    severities = {expectation.id: expectation.severity for expectation in table.expectations}
    assert severities == {
        "rows_equal_loads": "critical",
        "record_no_not_null": "critical",
        "record_no_unique": "critical",
        "person_number_not_null": "critical",
        "sex_code_in_code_list": "critical",
        "birth_date_plausible": "warning",
        "birth_date_not_after_edition": "warning",
        "key_unique": "warning",
    }


def test_the_index_holds_what_a_dag_needs(settings: Settings) -> None:
    generate(load_schemas(settings.schemas), settings)
    (report,) = json.loads((settings.dags / "index.json").read_bytes())["reports"]

    assert report["id"] == "police.people"
    assert (report["schedule"], report["owner"], report["retries"]) == ("0 3 5 * *", "人口大队", 3)


def test_the_command_checks_then_writes_then_is_content(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = run(settings, "generate", "--check", monkeypatch=monkeypatch)
    written = run(settings, "generate", monkeypatch=monkeypatch)
    fresh = run(settings, "generate", "--check", monkeypatch=monkeypatch)

    assert (stale.exit_code, written.exit_code, fresh.exit_code) == (1, 0, 0)
    assert "missing: dags/index.json" in stale.output
    assert "wrote dags/index.json" in written.output


def test_the_command_lists_findings_as_json(settings: Settings, edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    clean = run(settings, "lint", monkeypatch=monkeypatch)
    place = edit(REPORT, "status: active", "statuss: active")
    broken = run(settings, "lint", "--json", monkeypatch=monkeypatch)

    assert clean.exit_code == 0
    assert broken.exit_code == 1
    errors = [finding for finding in json.loads(broken.output) if finding["severity"] == "error"]
    assert [(finding["rule"], finding["where"]) for finding in errors] == [("unknown-key", place)]
