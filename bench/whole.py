"""The whole main job: `yibiao run` as a user starts it, its stages, and the memory of all its processes together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

SECONDS = {50_000: 120.0, 1_000_000: 300.0}
"""Residents -> seconds that a first run may take (three editions and one edition)."""

GIBIBYTES = 8.0


def measure(data: Path, home: Path) -> dict[str, Any]:
    """Run the main job once, from nothing.

    Args:
        data: a demo district.
        home: a folder that is not there yet.

    Returns:
        Seconds in all and per stage, rows a second, the peak of resident memory over the process tree in GiB.
    """
    marker = json.loads((data / "demo.json").read_bytes())
    command = [str(Path(sys.executable).parent / "yibiao"), "run", "--data", str(data), "--home", str(home)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        watch = _Memory(process.pid)
        watch.start()
        process.wait()
        watch.ended = True
        watch.join()
    seconds = time.perf_counter() - began
    summary = json.loads((home / "summary.json").read_bytes())
    limit = SECONDS.get(marker["residents"])
    gibibytes = round(watch.peak / 2**30, 2)
    return {
        "figure": f"the main job, {marker['residents']:,} residents, {marker['editions']} editions",
        "residents": marker["residents"],
        "editions": marker["editions"],
        "rows": summary["totals"]["read"],
        "exit_status": process.returncode,
        "seconds": round(seconds, 1),
        "limit": limit,
        "stages": summary["seconds"],
        "rows_a_second": round(summary["totals"]["read"] / seconds),
        "peak_gibibytes": gibibytes,
        "limit_gibibytes": GIBIBYTES,
        "ok": process.returncode == 0 and (limit is None or seconds <= limit) and gibibytes <= GIBIBYTES,
    }


class _Memory(threading.Thread):
    """Samples the resident memory of a process and all its descendants twice a second."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root, self.peak, self.ended = root, 0, False

    def run(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not self.ended:
            self.peak = max(self.peak, sum(_resident(pid) for pid in _tree(self.root)) * page)
            time.sleep(0.5)


def _tree(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += parents.get(pid, [])
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
