"""The main job from beginning to end: lock, tidy up, run the DAGs, write the summary."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from yibiao.control import finish_run, reconcile, start_run
from yibiao.errors import DeliveryError
from yibiao.files import commit_file, to_json
from yibiao.orchestration.lock import run_lock
from yibiao.orchestration.quiet import quiet
from yibiao.settings import NO_TELEMETRY, Settings


def main_job(
    settings: Settings,
    *,
    only: str | None = None,
    edition: str | None = None,
    force: bool = False,
    stream: str = "stdout",
) -> dict[str, Any]:
    """Do what `yibiao run` does, except for showing the summary.

    Args:
        only: ingest this report alone; unify runs on everything that is live.
        edition: what databases and APIs are extracted as, where the contract takes it as a parameter.
        force: rebuild and publish although nothing is new.
        stream: where progress goes, `stdout` or `stderr`.

    Returns:
        The summary, which also stands in `home/summary.json`.

    Raises:
        YibiaoError: the run could not be started, or the home folder is damaged. A report or a unify that fails does
            not raise: it stands in the summary.
    """
    from yibiao.orchestration.embedded import run
    from yibiao.orchestration.summary import summarise
    from yibiao.terminal import Terminal

    os.environ.update(NO_TELEMETRY)
    began = time.monotonic()
    if not settings.data.is_dir():
        raise DeliveryError(
            "There is no folder with deliveries.",
            where=str(settings.data),
            todo="Give it with --data, or make the demo district with `yibiao demo`.",
        )
    settings.open_home()
    with run_lock(settings, "yibiao run"):
        reconcile(settings, alone=True)
        run_id = start_run(settings)
        log = settings.logs / f"run-{run_id}.log"
        state, version, message = "failed", None, ""
        try:
            with quiet(log, stream=stream) as screen, demo_api(settings.data):
                progress = Terminal(screen)
                watch = run(settings, progress, only=only, edition=edition, force=force)
                reconcile(settings)
                summary = summarise(settings, watch, progress.seconds)
            summary["run_id"], summary["log"] = run_id, str(log)
            summary["seconds"]["total"] = round(time.monotonic() - began, 3)
            state, version, message = summary["state"], summary["release"]["version"], summary["why"]
        except BaseException as error:
            message = type(error).__name__
            raise
        finally:
            finish_run(settings, run_id, state, release_version=version, message=message)
        commit_file(to_json(summary), settings.home / "summary.json", "run.summary")
    return summary


@contextmanager
def demo_api(data: Path) -> Iterator[None]:
    """Serve the demo district's HTTP reports on loopback for the duration of the block, if the data folder has any.

    An address that is set already (`YIBIAO_API_DEMO`) is left alone.
    """
    description = data / "demo.json"
    if os.environ.get("YIBIAO_API_DEMO") or not description.exists():
        yield
        return
    if not json.loads(description.read_bytes()).get("api"):
        yield
        return
    from yibiao.demo.server import serve

    with serve(data) as address:
        os.environ["YIBIAO_API_DEMO"] = address
        try:
            yield
        finally:
            del os.environ["YIBIAO_API_DEMO"]
