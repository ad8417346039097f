"""Airflow's own folder and settings, decided by us alone: nothing is asked, downloaded or reported.

The embedded run and the real Airflow have metadata databases of their own (`home/airflow/embedded` and
`home/airflow/server`): a scheduler would otherwise pick up the task instances that an embedded run has just created and
run them again.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from yibiao.errors import HomeError
from yibiao.settings import TIME_ZONE, Settings

BUNDLE = "yibiao"
"""Name under which Airflow knows our DAG folder."""


def airflow_home(settings: Settings, kind: str) -> Path:
    """Airflow's folder; `kind` is `embedded` or `server`."""
    return settings.home / "airflow" / kind


def environment(settings: Settings, kind: str) -> dict[str, str]:
    """Every variable that an Airflow process needs; must be set before Airflow is imported.

    Args:
        kind: `embedded` (one process, `dag.test()`) or `server` (scheduler, DAG processor, API server).
    """
    home = airflow_home(settings, kind)
    bundle_path = settings.dags if kind == "server" else home / "synced"
    bundle = {
        "name": BUNDLE,
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(bundle_path)},
    }
    values = {
        **settings.environment(),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": TIME_ZONE,
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(settings.logs / "airflow"),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    # A server may be given PostgreSQL from outside; the database of the embedded run is scratch and always its own.
    if kind == "embedded" or "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" not in os.environ:
        values["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{home / 'airflow.db'}"
    return values


def enter(settings: Settings, kind: str) -> None:
    """Make this process an Airflow process.

    Raises:
        HomeError: Airflow was imported already, with other settings: it reads them only once.
    """
    wanted = environment(settings, kind)
    if "airflow" in sys.modules and any(os.environ.get(name) != value for name, value in wanted.items()):
        raise HomeError(
            "This process has already begun to use Airflow with other settings.",
            where=str(settings.home),
            todo="Start each run in a process of its own, as `yibiao run` does.",
        )
    os.environ.update(wanted)
    airflow_home(settings, kind).mkdir(parents=True, exist_ok=True)


def prepare_embedded(settings: Settings) -> None:
    """Create the metadata database of the embedded run, once for each Airflow version.

    It holds nothing that anybody needs later, so an unfinished one or one of another version is simply made anew
    (1 s; migrating would take longer).
    """
    enter(settings, "embedded")
    home = airflow_home(settings, "embedded")
    marker = home / "ready"
    if marker.exists() and marker.read_text() == version("apache-airflow-core"):
        return
    shutil.rmtree(home)
    (home / "synced").mkdir(parents=True)

    from airflow.utils.db import initdb

    initdb()
    marker.write_text(version("apache-airflow-core"))
