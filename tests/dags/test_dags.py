"""The DAG folder as Airflow sees it: one parse in a process of its own, many questions about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DAGS = ROOT / "dags"

PARSE = """
import json, sys, time
from pathlib import Path
from yibiao.orchestration.airflow_home import enter
from yibiao.settings import Settings

settings = Settings.load()
settings.open_home()
enter(settings, "embedded")
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.providers.standard.operators.python import PythonOperator  # what the files need of Airflow itself
from airflow.serialization.serialized_objects import DagSerialization

before = set(sys.modules)
files = {}
dags = {}
for path in sorted(settings.dags.glob("*.py")):
    began = time.process_time()
    bag = BundleDagBag(dag_folder=str(path), bundle_path=settings.dags, bundle_name="yibiao")
    files[path.name] = {"seconds": time.process_time() - began, "errors": list(bag.import_errors.values())}
    for dag_id, dag in bag.dags.items():
        dags[dag_id] = DagSerialization.to_dict(dag)
from yibiao.orchestration.embedded import _serve_present_versions
_serve_present_versions()
from airflow.api_fastapi.execution_api.versions import bundle
from airflow.sdk.api.client import API_VERSION
print(json.dumps({
    "served": [version.value for version in bundle], "spoken": API_VERSION,
    "files": files, "dags": dags, "imported": sorted({name.split(".")[0] for name in set(sys.modules) - before}),
}))
"""


def parse(home: Path) -> dict[str, Any]:
    environment = {**os.environ, "YIBIAO_HOME": str(home), "YIBIAO_PROJECT": str(ROOT)}
    result = subprocess.run([sys.executable, "-c", PARSE], capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return parse(tmp_path_factory.mktemp("dags") / "home")


@pytest.fixture(scope="module")
def index() -> dict[str, dict[str, Any]]:
    return {report["id"]: report for report in json.loads((DAGS / "index.json").read_bytes())["reports"]}


def tasks(dag: dict[str, Any]) -> list[dict[str, Any]]:
    return [task["__var"] for task in dag["dag"]["tasks"]]


def values(encoded: Any) -> Any:
    """Airflow's serialised form without its type marks."""
    if isinstance(encoded, dict) and "__var" in encoded:
        return values(encoded["__var"])
    if isinstance(encoded, dict):
        return {key: values(value) for key, value in encoded.items()}
    if isinstance(encoded, list):
        return [values(value) for value in encoded]
    return encoded


def test_every_dag_file_can_be_imported(parsed: dict[str, Any]) -> None:
    assert {name: file["errors"] for name, file in parsed["files"].items()} == {"ingest.py": [], "unify.py": []}


def test_every_contract_has_its_dag_and_nothing_else_has_one(parsed: dict[str, Any]) -> None:
    contracts = {
        f"ingest__{path.parent.name}__{path.name.removesuffix('.odcs.yml')}"
        for path in (ROOT / "schemas" / "reports").glob("*/*.odcs.yml")
    }
    assert len(contracts) >= 24
    assert parsed["dags"].keys() == contracts | {"unify"}


def test_a_dag_file_adds_less_than_half_a_second(parsed: dict[str, Any], tmp_path: Path) -> None:
    slow = {name: file["seconds"] for name, file in parsed["files"].items() if file["seconds"] >= 0.5}
    if slow:  # another process may have had the machine; what is slow by itself is slow again
        again = parse(tmp_path / "home")["files"]
        slow = {name: again[name]["seconds"] for name in slow if again[name]["seconds"] >= 0.5}
    assert slow == {}


def test_dag_files_import_nothing_heavy(parsed: dict[str, Any]) -> None:
    heavy = {"dbt", "duckdb", "great_expectations", "pandas", "pyarrow", "openpyxl", "python_calamine", "yaml"}
    assert heavy & set(parsed["imported"]) == set()
    assert "yibiao" in parsed["imported"]


def test_two_parses_give_the_same_dags(parsed: dict[str, Any], tmp_path: Path) -> None:
    # Anything that varies would be a new DAG version at every parse.
    assert parse(tmp_path / "home")["dags"] == parsed["dags"]


def test_schedule_retries_and_owner_are_those_of_the_contract(
    parsed: dict[str, Any], index: dict[str, dict[str, Any]]
) -> None:
    for report_id, report in index.items():
        dag = parsed["dags"]["ingest__" + report_id.replace(".", "__")]["dag"]
        timetable = json.dumps(dag["timetable"])
        assert report["schedule"] in timetable, report_id
        assert "Asia/Shanghai" in timetable, report_id
        assert (dag.get("catchup", False), dag["max_active_runs"]) == (False, 1), report_id
        (task,) = tasks({"dag": dag})
        assert (task["owner"], task["retries"]) == (report["owner"], report["retries"]), report_id
        assert dag["dag_display_name"] == report["title"]


def test_a_person_may_give_the_edition_and_the_schedule_gives_none(
    parsed: dict[str, Any], index: dict[str, dict[str, Any]]
) -> None:
    for report_id in index:
        dag = parsed["dags"]["ingest__" + report_id.replace(".", "__")]
        ((name, parameter),) = dict(values(dag["dag"]["params"])).items()
        assert name == "edition"
        assert "None" in repr(parameter)
        assert "null" in repr(parameter)
        (task,) = tasks(dag)
        assert values(task["op_kwargs"]) == {"edition": "{{ params.edition or '' }}"}


def test_a_report_updates_its_asset_and_only_that(parsed: dict[str, Any], index: dict[str, dict[str, Any]]) -> None:
    for report_id in index:
        (task,) = tasks(parsed["dags"]["ingest__" + report_id.replace(".", "__")])
        uris = [outlet["uri"] for outlet in values(task["outlets"])]
        assert uris == [f"yibiao://lake/{report_id.replace('.', '/')}"]


def test_unify_runs_on_any_asset_of_any_report_and_every_hour(
    parsed: dict[str, Any], index: dict[str, dict[str, Any]]
) -> None:
    timetable = json.dumps(values(parsed["dags"]["unify"]["dag"]["timetable"]))
    for report_id in index:
        assert f'"yibiao://lake/{report_id.replace(".", "/")}"' in timetable
    assert '"asset_any"' in timetable
    assert "40 * * * *" in timetable


def test_the_client_in_an_embedded_run_speaks_the_newest_of_the_versions_served(
    parsed: dict[str, Any],
) -> None:
    assert len(parsed["served"]) == 2
    assert parsed["spoken"] == max(parsed["served"])
