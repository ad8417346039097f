"""What is measured of a piece of work and of the machine: seconds, peak memory over all processes, library versions."""

from __future__ import annotations

import os
import platform
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from yibiao.settings import Settings

_LIBRARIES = ("duckdb", "dbt-core", "dbt-duckdb", "great-expectations", "apache-airflow", "pyarrow")
_EVERY = 0.2
"""Seconds between two looks at the memory."""


class Watched:
    """Seconds, CPU seconds and peak memory of a block.

    Attributes:
        seconds: by the clock.
        cpu_seconds: of this process and of the children that ended.
        peak_bytes: greatest sum of resident memory over this process and its descendants, looked at five times a
            second. Pages that processes share count in each of them, so that the truth is rather below.
    """

    def __init__(self) -> None:
        self.seconds = self.cpu_seconds = 0.0
        self.peak_bytes = 0
        self._end = threading.Event()

    def __enter__(self) -> Watched:
        self._began, self._cpu = time.perf_counter(), _cpu()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._began
        self.cpu_seconds = _cpu() - self._cpu
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes, tree_bytes(os.getpid()))
            if self._end.wait(_EVERY):
                return


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def tree_bytes(root: int) -> int:
    """Memory of a process and all its descendants, from /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(after_name[1]), []).append(int(entry.name))
    total, waiting = 0, [root]
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, [])
        total += _bytes(process)
    return total


def _bytes(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def facts() -> dict[str, Any]:
    """What a figure depends on: processors, memory, versions. Nothing that names the machine."""
    from importlib.metadata import version

    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "memory_gib": round(pages / 2**30, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()


@contextmanager
def scratch_folder(settings: Settings) -> Iterator[Path]:
    """A folder on the file system of the home folder, gone afterwards."""
    settings.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=settings.work) as name:
        yield Path(name)


@contextmanager
def own_home(parent: Path | None) -> Iterator[Path]:
    """A home folder for one measurement, gone afterwards; inside `parent`, or where temporary files lie."""
    if parent:
        parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-home-", dir=parent) as name:
        yield Path(name)
