"""`yibiao run` on the tiny district: the real DAGs, the real warehouse, one process."""

from __future__ import annotations

import fcntl
import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from installations import EDITIONS, PROJECT, SMALL, FirstRun, Installation


@pytest.fixture(scope="module")
def first(first_run: FirstRun) -> dict[str, Any]:
    """The summary that the first run of a new working folder, with all reports, has printed."""
    told: dict[str, Any] = json.loads(first_run.stdout)
    return told


@pytest.fixture(scope="module")
def again(few_published: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A working folder of fewer reports after its first run, and its data, for further runs."""
    return few_published.copy(tmp_path_factory.mktemp("again"))


def run_json(installation: Installation, *arguments: str) -> dict[str, Any]:
    done = installation.run("run", "--json", *arguments, ok=False)
    assert done.stdout, done.stderr[-3000:]
    return json.loads(done.stdout) | {"status": done.returncode, "stderr": done.stderr}


def test_the_first_run_publishes_and_its_summary_is_what_was_published(
    first_run: FirstRun, first: dict[str, Any]
) -> None:
    assert (first["ok"], first["state"]) == (True, "published"), first["why"]
    assert first["release"]["content_hash"] == first_run.at.manifest["content_hash"]
    assert len(first["reports"]) == 28
    for report in first["reports"]:
        assert report["errors"] == [], report["report"]
        assert report["loaded"] == report["deliveries"] == EDITIONS
        assert report["read"] == report["accepted"] + report["quarantined"] > 0
    assert first["entities"]["resident"] > 200
    assert first["expectations"]["critical"]["failed"] == 0
    assert first["burden"]["cells_asked"] > first["burden"]["cells_known"] > 0
    assert {"prepare", "ingest", "unify", "gate", "release", "total"} <= first["seconds"].keys()
    assert first_run.at.summary == first


def test_progress_is_plain_lines_and_libraries_are_silent_on_the_screen(
    first_run: FirstRun, first: dict[str, Any]
) -> None:
    lines = first_run.stderr.splitlines()
    assert "读取与检查 ingest (28 reports)" in lines
    assert any(line.startswith("  28/28 ") for line in lines)
    assert "\x1b" not in first_run.stderr
    assert "DAG TEST" not in first_run.stderr
    assert "DAG TEST" in Path(first["log"]).read_text()


def test_xcom_holds_ids_only(published: Installation) -> None:
    ids = {load["load_id"] for load in published.manifest["inputs"]["loads"]}
    connection = sqlite3.connect(published.home / "airflow" / "embedded" / "airflow.db")
    values = [json.loads(value) for (value,) in connection.execute("select value from xcom where key = 'return_value'")]
    connection.close()
    assert len(values) == 29
    assert published.manifest["version"] in values
    assert {load_id for value in values if isinstance(value, list) for load_id in value} == ids


def test_a_second_run_loads_nothing_and_a_broken_delivery_does_not_stop_the_rest(again: Installation) -> None:
    release = again.summary["release"]
    broken = again.data / "health" / "health_record" / "居民健康档案_202604.csv"
    broken.write_bytes(b"\xff\xfe\x00broken\x00\n" * 20)
    try:
        second = run_json(again)
    finally:
        broken.unlink()
    assert (second["status"], second["ok"], second["state"]) == (0, True, "unchanged")
    assert second["totals"]["loaded"] == 0
    # The home is a copy of one that others read: the same release in another place.
    assert second["release"] == {**release, "path": str(again.release)}
    assert [report["report"] for report in second["reports"] if report["errors"]] == ["health.health_record"]
    assert any("health.health_record" in line for line in second["next"])
    assert "health.health_record: failed" in second["stderr"]


def test_one_report_alone_can_be_run_and_another_name_is_refused(again: Installation) -> None:
    alone = run_json(again, "--only", "grid_center.grid_event")
    assert (alone["status"], alone["state"]) == (0, "unchanged")
    assert "(1 reports)" in alone["stderr"]
    assert len(alone["reports"]) == len(SMALL)
    refused = again.run("run", "--only", "grid_center.event", ok=False)
    assert refused.returncode == 1
    assert "grid_center.grid_event" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_edition_that_is_given_reaches_the_extraction(again: Installation) -> None:
    absent = run_json(again, "--only", "grid_center.grid_event", "--edition", "2031-01")
    (report,) = [one for one in absent["reports"] if one["report"] == "grid_center.grid_event"]
    assert "status 404" in json.dumps(report)  # the demo's API has no such edition; without the option all is well
    refused = again.run("run", "--edition", "2026-13", ok=False)
    assert refused.returncode == 1
    assert "YYYY-MM" in refused.stderr


def test_a_broken_dag_file_is_named(again: Installation, tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    shutil.copytree(PROJECT / "dags", dags, ignore=shutil.ignore_patterns("__pycache__"))
    (dags / "unify.py").write_text("from airflow.sdk import DAG\nraise RuntimeError('broken on purpose')\n")
    refused = replace(again, sources={**again.sources, "YIBIAO_DAGS": str(dags)}).run("run", ok=False)
    assert refused.returncode == 1
    assert "unify.py" in refused.stderr
    assert "broken on purpose" in refused.stderr


def test_a_run_in_a_folder_where_another_one_runs_is_refused(again: Installation) -> None:
    with (again.home / "run.lock").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused = again.run("run", ok=False)
    assert refused.returncode == 1
    assert "Another process works in this folder" in refused.stderr
