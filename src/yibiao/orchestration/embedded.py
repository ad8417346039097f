"""The embedded run: the real DAGs executed one after the other in this process, without a scheduler."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from yibiao.errors import ContractError, YibiaoError
from yibiao.orchestration import tasks
from yibiao.orchestration.airflow_home import BUNDLE, prepare_embedded
from yibiao.progress import Progress
from yibiao.settings import Settings
from yibiao.warehouse.dbt import parsed_ahead

if TYPE_CHECKING:
    from airflow.sdk import DAG


def run(
    settings: Settings,
    progress: Progress,
    *,
    only: str | None = None,
    edition: str | None = None,
    force: bool = False,
) -> tasks.Watch:
    """Ingest every report (or `only` one), then unify what is live. A failing report does not stop the others.

    The caller holds the run lock, has opened the home folder and has reconciled.

    Returns:
        What the tasks did and why some failed.

    Raises:
        ContractError: a DAG file cannot be read, or there is no report `only`.
        KeyboardInterrupt: somebody pressed Ctrl-C inside a task.
    """
    watch = tasks.watch = tasks.Watch(settings=settings, progress=progress)
    try:
        progress.stage("prepare")
        # Before Airflow: a wrong name should not cost its import.
        chosen = _choose(settings, only)
        with _much_to_import():
            prepare_embedded(settings)
            _serve_present_versions()
            dags = _load_dags(settings)
        progress.end()

        progress.stage("ingest", len(chosen), "reports")
        with parsed_ahead(settings):
            for report_id in chosen:
                conf = {"edition": edition} if edition else None
                _execute(dags["ingest__" + report_id.replace(".", "__")], report_id, watch, conf)
                progress.advance(1, f"{report_id}: failed" if report_id in watch.failed else report_id)
        progress.end()

        _execute(dags["unify"], "unify", watch, {"force": force})
        progress.end()
    finally:
        tasks.watch = None
    return watch


def report_index(settings: Settings) -> dict[str, dict[str, Any]]:
    """The generated index of the DAGs: report id -> title, department, schedule, owner, retries; sorted by id.

    Raises:
        ContractError: it was not generated.
    """
    import json

    path = settings.dags / "index.json"
    if not path.exists():
        raise ContractError(
            "There is no index of the reports.", where=str(path), todo="Run `yibiao contract generate`."
        )
    reports = {report["id"]: report for report in json.loads(path.read_bytes())["reports"]}
    return dict(sorted(reports.items()))


def _choose(settings: Settings, only: str | None) -> list[str]:
    known = list(report_index(settings))
    if only is None:
        return known
    if only not in known:
        raise ContractError("There is no such report.", where="--only", expected="one of " + ", ".join(known), got=only)
    return [only]


@contextmanager
def _much_to_import() -> Iterator[None]:
    """Airflow's classes stay until the end: to look among them for what may go costs a tenth of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _serve_present_versions() -> None:
    """Let the API that `dag.test()` starts in this process know the two newest of its versions only.

    Airflow 3.3 copies every route for each of its nine versions, for older clients (4 s of the processor in every run).
    The one client here is of its own version, the newest. The second one is kept because an endpoint that the newest
    has no more must be in an older one, or the API refuses to start.
    """
    from airflow.api_fastapi.execution_api.versions import bundle

    bundle.versions = bundle.versions[:2]


def _load_dags(settings: Settings) -> dict[str, DAG]:
    """Parse the DAG folder and write it to the metadata database, both once.

    `dag.test()` of Airflow 3.3 parses the whole bundle of its DAG again and writes it again, for every DAG: 28 DAGs
    would be parsed 28 times (0.5 s instead of 0.13 s each). The bundle that the embedded run configures is therefore an
    empty folder: what is synchronised here stands in the database already, so it finds nothing to do.
    """
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db

    bag = BundleDagBag(dag_folder=str(settings.dags), bundle_path=settings.dags, bundle_name=BUNDLE)
    if bag.import_errors:
        path, message = sorted(bag.import_errors.items())[0]
        raise ContractError(
            "A DAG file cannot be read.",
            where=path,
            got=message.strip().splitlines()[-1],
            todo="The whole error stands in the log of this run.",
        )
    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(bag, BUNDLE, None)
    for dag in bag.dags.values():
        for task in dag.tasks:
            # `dag.test()` sleeps the real delay of every retry; whoever waits at a terminal runs again himself.
            task.retries = 0
    return dict(bag.dags)


def _execute(dag: DAG, name: str, watch: tasks.Watch, conf: dict[str, Any] | None = None) -> None:
    result = dag.test(run_conf=conf)
    if watch.interrupted:
        raise KeyboardInterrupt
    if str(result.state) != "success" and name not in watch.failed:
        # The task never reached our code, or Airflow failed around it.
        watch.failed[name] = YibiaoError(
            "Airflow could not execute the task.",
            where=dag.dag_id,
            expected="state success",
            got=f"state {result.state}",
            todo="The reason stands in the log of this run.",
        )
