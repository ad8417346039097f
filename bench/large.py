"""Memory of ingest on one very large CSV file: it must not grow with the file.

    python -m bench.large DATA [--gigabytes 10] [--json OUT]

The file is the resident register of a district, its rows again and again until it is that large; every cell is checked.
Ingest runs in a process of its own, whose peak resident memory is what counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.ingest import LARGEST
from bench.machine import facts, own_home, scratch_folder
from yibiao.contracts import load_schemas
from yibiao.settings import Settings

LIMIT_BYTES = 2 << 30
BLOCK = 1 << 24

INGEST = """
import json, resource, sys, time
from yibiao.contracts import load_schemas
from yibiao.ingest import ingest_report
from yibiao.settings import Settings

settings = Settings.load(home=sys.argv[1], data=sys.argv[2])
settings.open_home()
began = time.perf_counter()
outcome = ingest_report(load_schemas(settings.schemas).reports[sys.argv[3]], settings)
if outcome.errors:
    raise outcome.errors[0]
(package,) = outcome.loaded
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
counts = dict(package.manifest["counts"])
print(json.dumps({"seconds": time.perf_counter() - began, "peak_bytes": peak, "counts": counts}))
"""


def measure(settings: Settings, size: int) -> dict[str, Any]:
    """Ingest a file of at least `size` bytes.

    Returns:
        `bytes`, `counts`, `seconds`, `bytes_a_second`, `peak_bytes`.
    """
    report = load_schemas(settings.schemas).reports[LARGEST]
    (source,) = sorted(settings.data.glob(report.server.location))
    with scratch_folder(settings) as folder:
        path = folder / "data" / source.relative_to(settings.data)
        path.parent.mkdir(parents=True)
        written = _repeat(source, path, size)
        done = subprocess.run(
            [sys.executable, "-c", INGEST, folder / "home", folder / "data", report.id],
            check=True,
            capture_output=True,
            text=True,
        )
    found = json.loads(done.stdout.splitlines()[-1])
    seconds = round(found["seconds"], 1)
    return {"bytes": written, **found, "seconds": seconds, "bytes_a_second": round(written / seconds)}


def _repeat(source: Path, path: Path, size: int) -> int:
    """Write the header once and the rows until the file has `size` bytes; gives the bytes written."""
    with source.open("rb") as reader, path.open("wb") as writer:
        header = reader.readline()
        writer.write(header)
        while writer.tell() < size:
            reader.seek(len(header))
            last = b"\n"
            while block := reader.read(BLOCK):
                writer.write(block)
                last = block
            if not last.endswith(b"\n"):
                writer.write(b"\n")
        return writer.tell()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--gigabytes", type=float, default=10)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with own_home(None) as home:
        settings = Settings.load(home=home, data=given.data)
        found = {"machine": facts(), "limit_bytes": LIMIT_BYTES} | measure(settings, int(given.gigabytes * 1e9))
    text = json.dumps(found, indent=2) + "\n"
    if given.json:
        given.json.write_text(text)
    print(text, end="")
    sys.exit(0 if found["peak_bytes"] <= LIMIT_BYTES else 1)


if __name__ == "__main__":
    main()
