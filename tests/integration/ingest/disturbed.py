"""Ingest of a report in a process of its own that is killed, or whose disk is full, and what it left behind."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import orjson
from bench.intact import intact, left_behind

from yibiao.contracts import Report
from yibiao.control import reconcile
from yibiao.ingest import ingest_report, live_packages
from yibiao.settings import Settings

PATIENCE = 60.0
"""Seconds in which a child has to come to where it is waited for; it needs one."""

PRELOADED = ("duckdb", "pyarrow.parquet", "yibiao.ingest.load", "yibiao.ingest.checker", "yibiao.quarantine.packages")


def child(
    report: Report, settings: Settings, edition: str | None = None, *, largest: int = 0, dies: bool = False
) -> BaseProcess:
    """Start ingesting.

    Args:
        largest: bytes that no file may exceed, 0 for as many as there is room for.
        dies: the byte after these ends the process in the middle of its writing, as a kill does; else it is an error
            like that of a full disk.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([*PRELOADED])
    answer = settings.home.with_name("answer.json")
    answer.unlink(missing_ok=True)
    process = context.Process(target=_work, args=(report, settings, edition, dict(os.environ), largest, dies, answer))
    process.start()
    return process


def errors(settings: Settings) -> list[dict[str, Any]]:
    """What a child that came to its end told."""
    told: list[dict[str, Any]] = orjson.loads(settings.home.with_name("answer.json").read_bytes())["errors"]
    return told


def wait_until(process: BaseProcess, come: Callable[[], bool]) -> None:
    """Wait until `come` says that the child is there."""
    deadline = time.monotonic() + PATIENCE
    while not come():
        assert process.is_alive(), "the child ended before it came there"
        assert time.monotonic() < deadline, "the child never came there"
        time.sleep(0.01)


def killed_when(process: BaseProcess, come: Callable[[], bool]) -> None:
    """Send SIGKILL as soon as `come` says that the child is where it is to die."""
    wait_until(process, come)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def ends(process: BaseProcess) -> int:
    """The exit code of a child that ends by itself, or by a signal of the system."""
    process.join(PATIENCE)
    assert process.exitcode is not None
    return process.exitcode


def nothing_half(settings: Settings, *, tidy: bool = False) -> None:
    """No load can be seen, and everything that can be seen is whole; `tidy`: and no scratch lies about."""
    assert list(settings.lake.glob("*/*/*")) == []
    assert intact(settings.home) == []
    if tidy:
        assert left_behind(settings.home) == []


def completed(report: Report, settings: Settings, edition: str | None = None) -> list[dict[str, Any]]:
    """Manifests after the next run, which has to be without an error and to leave nothing behind."""
    reconcile(settings, alone=True)
    outcome = ingest_report(report, settings, edition=edition)
    assert outcome.errors == ()
    assert intact(settings.home) + left_behind(settings.home) == []
    return [dict(package.manifest) for package in live_packages(report, settings)]


def undisturbed(report: Report, settings: Settings, edition: str | None = None) -> list[dict[str, Any]]:
    """Manifests of a home in which nothing went wrong."""
    other = replace(settings, home=settings.home.with_name("undisturbed"))
    assert ingest_report(report, other, edition=edition).errors == ()
    return [dict(package.manifest) for package in live_packages(report, other)]


def _work(
    report: Report,
    settings: Settings,
    edition: str | None,
    environment: dict[str, str],
    largest: int,
    dies: bool,
    answer: Path,
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    settings.open_home()
    if largest:
        # Python lets this signal pass, so that writing is an error; by default it ends the process.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if dies else signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    outcome = ingest_report(report, settings, edition=edition)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    answer.write_bytes(orjson.dumps(outcome.as_dict()))
