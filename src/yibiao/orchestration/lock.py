"""The run lock: one run at a time in a working folder, or several Airflow tasks, never both.

A run holds the lock exclusively. Airflow's tasks hold it together (shared), so that no run empties the scratch folder
under them. The operating system drops a lock when its process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from yibiao.errors import HomeError
from yibiao.settings import TIME_ZONE, Settings

_held: set[Path] = set()
"""Lock files that this process holds exclusively; a second descriptor of the same process would wait for the first."""


@contextmanager
def run_lock(settings: Settings, what: str, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock of the working folder for the duration of the block; does not wait.

    Args:
        what: who holds it, shown to whoever is refused, for example `yibiao run`.
        shared: together with other shared holders. Inside an exclusive block of this process it costs nothing.

    Raises:
        HomeError: another process holds it.
    """
    path = settings.home / "run.lock"
    if path in _held:
        yield
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
            raise HomeError(
                "Another process works in this folder.",
                where=str(settings.home),
                expected="no other run and no running Airflow",
                got=holder or "a process that did not say its name",
                todo="Wait until it ends, or give another folder with --home.",
            ) from None
        os.ftruncate(descriptor, 0)
        now = datetime.now(ZoneInfo(TIME_ZONE))
        os.pwrite(descriptor, f"{what}, process {os.getpid()}, since {now:%Y-%m-%d %H:%M:%S}\n".encode(), 0)
        if not shared:
            _held.add(path)
        yield
    finally:
        _held.discard(path)
        os.close(descriptor)
