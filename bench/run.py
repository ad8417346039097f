"""The whole `yibiao run` on a district: seconds per stage, rows a second, peak memory over all its processes.

    python -m bench.run DATA HOME

`HOME` is removed first: everything is landed, read, checked, unified and published anew.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.machine import Watched
from yibiao.settings import NO_TELEMETRY

YIBIAO = Path(sys.executable).with_name("yibiao")

SECONDS_LIMITS = {(50_000, 3): 120.0, (1_000_000, 1): 300.0}
"""(residents, editions) -> the limit of issue 2, on 2 cores. Other sizes have none."""

BYTES_LIMIT = 8 << 30
"""Peak memory at a million residents."""


def measure(data: Path, home: Path, *options: str, anew: bool = True, refused: bool = False) -> dict[str, Any]:
    """Run the main job once.

    Args:
        options: of `yibiao run`, further ones.
        anew: on a new home folder; else on the one that is there.
        refused: whether its gate may refuse it, as it does where nothing was loaded.

    Returns:
        `seconds`, `cpu_seconds`, `peak_bytes`, `rows` (source rows read), `rows_a_second`, `stages` (name -> seconds),
        `entities`, `release_bytes`, and `memory_of`: what the peak counts.

    Raises:
        RuntimeError: the run did not publish.
    """
    if anew and home.exists():
        if not (home / "format").exists():
            raise RuntimeError("this folder is no home folder of yibiao: it is not removed")
        shutil.rmtree(home)
    environment = {**os.environ, **NO_TELEMETRY}
    with Watched() as watched:
        finished = subprocess.run(
            [str(YIBIAO), "run", "--data", str(data), "--home", str(home), "--json", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            check=False,
        )
    try:
        summary = json.loads(finished.stdout)
    except ValueError:
        raise RuntimeError(f"yibiao run ended with status {finished.returncode} and without a summary") from None
    if refused and summary["state"] == "refused":
        return {"seconds": round(watched.seconds, 2), "cpu_seconds": round(watched.cpu_seconds, 2)}
    if finished.returncode != 0 or not summary["ok"]:
        raise RuntimeError(f"yibiao run did not publish: {summary['state']} {summary['why']}")
    rows = summary["totals"]["read"]
    release = Path(summary["release"]["path"])
    return {
        "seconds": round(watched.seconds, 2),
        "cpu_seconds": round(watched.cpu_seconds, 2),
        "peak_bytes": watched.peak_bytes,
        "memory_of": "this process, yibiao run and all its children: sum of resident memory",
        "rows": rows,
        "rows_a_second": round(rows / watched.seconds),
        "stages": {name: round(seconds, 2) for name, seconds in summary["seconds"].items()},
        "built": summary["built"],
        "entities": summary["entities"],
        "content_hash": summary["release"]["content_hash"],
        "release_bytes": sum(path.stat().st_size for path in release.iterdir()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("home", type=Path)
    given = parser.parse_args()
    print(json.dumps(measure(given.data, given.home), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
