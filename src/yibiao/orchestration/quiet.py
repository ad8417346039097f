"""Keep what libraries print off the screen, and keep it: Airflow, dbt and Great Expectations talk a lot."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

LOGS_KEPT = 30
"""Run logs that stay in `home/logs`; older ones are deleted."""


@contextmanager
def quiet(log: Path, *, stream: str = "stdout") -> Iterator[TextIO]:
    """Send standard output and standard error, those of child processes too, to a file for the duration of the block.

    It works on the file descriptors, because loggers have often bound `sys.stdout` before anybody can replace it.

    Args:
        log: file that receives the text; made, or appended to.
        stream: `stdout` or `stderr`: which of the two is yielded.

    Yields:
        The stream as it was before, for the program's own messages.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    _forget_old(log)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = {1: os.dup(1), 2: os.dup(2)}
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    screen = os.fdopen(os.dup(saved[1 if stream == "stdout" else 2]), "w", encoding="utf-8", errors="replace")
    try:
        os.dup2(target, 1)
        os.dup2(target, 2)
        yield screen
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        screen.close()
        for number, copy in saved.items():
            os.dup2(copy, number)
            os.close(copy)
        os.close(target)


def _forget_old(log: Path) -> None:
    stem = log.name.split("-")[0]
    older = sorted(path for path in log.parent.glob(f"{stem}-*{log.suffix}") if path != log)
    for path in older[: max(0, len(older) - LOGS_KEPT + 1)]:
        path.unlink(missing_ok=True)
