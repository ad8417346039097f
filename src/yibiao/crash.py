"""Named crash points: a test ends the process with SIGKILL exactly there, as a power cut would.

A point stands before and after every rename and commit. `YIBIAO_CRASH_AT=<name>` arms one. The tuple below is the
complete list; reaching an unlisted point is a programming error, so that the list cannot fall behind the code.
"""

from __future__ import annotations

import os
import signal

COMMITS = (
    "landing.object",
    "landing.delivery",
    "landing.amendment",
    "load.package",
    "load.amendment",
    "run.summary",
    "release.folder",
    "release.current",
    "release.prune",
    "release.identities",
    "release.state",
    "unify.warehouse",
    "contract.generate",
)
"""Every commit of the program; each has a point `<name>.before` and `<name>.after`."""

POINTS = tuple(f"{name}.{side}" for name in COMMITS for side in ("before", "after"))


def crash_point(name: str) -> None:
    """End this process with SIGKILL if `YIBIAO_CRASH_AT` names this point; otherwise do nothing."""
    if name not in POINTS:
        raise AssertionError(f"unlisted crash point {name!r}: add its commit to yibiao.crash.COMMITS")
    if os.environ.get("YIBIAO_CRASH_AT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
