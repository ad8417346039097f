"""A real Airflow on this machine: a file is delivered, the scheduler runs, and a new release is there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from installations import Installation, new_installation

ROOT = Path(__file__).parents[2]
REPORT = "market_regulation.enterprise"
OFTEN = "* * * * * */20"
"""Every 20 seconds: Airflow reads a sixth field as seconds. Most of a minute would only be waited for."""
PATIENCE = 280
"""Seconds for each step; on two idle cores Airflow is up after 20 and the release is there after another 40."""


@pytest.fixture
def folders(tmp_path: Path, few_published: Installation) -> dict[str, Path]:
    """A data folder without deliveries, a new home, and a DAG folder with one report that is scheduled often."""
    made = {name: tmp_path / name for name in ("data", "dags", "home")}
    made["data"].mkdir()
    new_installation(made["home"], made["data"], like=few_published)
    shutil.copytree(ROOT / "dags", made["dags"], ignore=shutil.ignore_patterns("__pycache__"))
    index = json.loads((made["dags"] / "index.json").read_text())
    index["reports"] = [{**report, "schedule": OFTEN} for report in index["reports"] if report["id"] == REPORT]
    (made["dags"] / "index.json").write_text(json.dumps(index))
    return made


def free_port() -> int:
    """A port that is free together with the next two, which Airflow takes for its log servers."""
    for _ in range(50):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        try:
            for number in (port, port + 1, port + 2):
                with socket.socket() as probe:
                    probe.bind(("", number))
        except OSError:
            continue
        return port
    raise AssertionError("no three free ports in a row")


@pytest.fixture
def airflow(folders: dict[str, Path], few_reports: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        **few_reports,
        **{f"YIBIAO_{name.upper()}": str(path) for name, path in folders.items()},
        "YIBIAO_PROJECT": str(ROOT),
        "AIRFLOW_PORT": str(free_port()),
    }
    with (tmp_path / "airflow.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "yibiao.orchestration.standalone"], env=environment, stdout=log, stderr=log
        )
    yield process
    for child in [*psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []:
        child.kill()
    if process.poll() is None:
        process.kill()
    process.wait()


def wait_for(what: str, condition: Callable[[], Any], process: subprocess.Popen[bytes], log: Path) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        if process.poll() is not None:
            break
        time.sleep(1)
    raise AssertionError(f"{what}: not within {PATIENCE} s\n" + log.read_text(errors="replace")[-6000:])


def ask(home: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of Airflow's metadata database; nothing as long as it is not made."""
    path = home / "airflow" / "server" / "airflow.db"
    if not path.exists():
        return []
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(sql).fetchall()
    except sqlite3.OperationalError:  # the tables are being made
        return []
    finally:
        connection.close()


def published(home: Path) -> dict[str, Any] | None:
    path = home / "releases" / "current" / "manifest.json"
    if not path.exists():
        return None
    manifest = json.loads(path.read_bytes())
    return manifest if any(load["report"] == REPORT for load in manifest["inputs"]["loads"]) else None


def test_a_delivered_file_becomes_a_release_by_schedule_and_asset(
    airflow: subprocess.Popen[bytes], folders: dict[str, Path], district: Path, tmp_path: Path
) -> None:
    home, log = folders["home"], tmp_path / "airflow.log"
    department, name = REPORT.split(".")
    wait_for(
        "a first run by schedule",
        lambda: ask(home, "select 1 from dag_run where dag_id like 'ingest%' and state = 'success'"),
        airflow,
        log,
    )
    assert published(home) is None

    # An embedded run keeps out while Airflow works in the folder.
    refused = subprocess.run(
        [Path(sys.executable).with_name("yibiao"), "run", "--home", home, "--data", folders["data"]],
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 1
    assert "Another process works in this folder" in refused.stderr

    aside = tmp_path / "aside"
    shutil.copytree(district / department / name, aside)
    (folders["data"] / department).mkdir()
    aside.rename(folders["data"] / department / name)
    manifest = wait_for("the release", lambda: published(home), airflow, log)
    assert manifest["gate"]["passed"]
    assert manifest["counts"]["reports"][REPORT]["read"] > 0

    wait_for(
        "a successful unify run that an asset started",
        lambda: ask(
            home,
            "select 1 from dag_run where dag_id = 'unify' and run_type = 'asset_triggered' and state = 'success'",
        ),
        airflow,
        log,
    )
    # What tasks hand on are ids of loads and a version, nothing else.
    ids = {load["load_id"] for load in manifest["inputs"]["loads"]}
    values = [json.loads(value) for (value,) in ask(home, "select value from xcom where key = 'return_value'")]
    assert values
    for value in values:
        assert value is None or isinstance(value, str) or set(value) <= ids, value

    parts = psutil.Process(airflow.pid).children(recursive=True)
    assert len(parts) >= 4
    airflow.send_signal(signal.SIGINT)
    airflow.wait(timeout=60)
    _, alive = psutil.wait_procs(parts, timeout=10)
    assert [part.name() for part in alive] == []

    # Nothing personal in what Airflow and the tasks wrote.
    delivered = json.loads(next((folders["data"] / department / name).iterdir()).read_bytes())
    people = delivered["data"]["list"]
    personal = {value for person in people for value in person.values() if isinstance(value, str) and len(value) >= 15}
    assert personal
    written = [path for path in [*(home / "logs").rglob("*"), log] if path.is_file()]
    for path in written:
        text = path.read_text(errors="replace")
        assert not [value for value in personal if value in text], path
