"""Ingest beside the bare limit: DuckDB copies the same CSV files to Parquet as text, unchecked.

    python -m bench.ingest DATA [--report public_security.resident_register] [--repeats 3]

Ingest's side is all of it: landing (copy, hash, flush to disk), reading, every check, the load package. Both sides have
the same threads and compression and read warm files. Reports in other formats have no such rival, because
DuckDB alone cannot read them; their rows a second are measured nevertheless.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.machine import Watched, scratch_folder
from yibiao.contracts import Report, load_schemas
from yibiao.settings import Settings

LIMITS = {"utf-8": 2.0, "utf-8-sig": 2.0, "gb18030": 3.0}
"""By codec. DuckDB alone reads only UTF-8: beside the others it copies the same text in UTF-8."""

LARGEST = "public_security.resident_register"
"""The largest resident register: UTF-8 CSV, 16 columns, a check on every one."""

JUDGED = (LARGEST, "medical_insurance.insured")
"""The largest report of each encoding: for smaller ones starting and flushing are most of what is measured."""

COMPRESSION = "snappy"
"""What load packages are written with."""


def measure(settings: Settings, *, reports: list[str] | None = None, repeats: int = 3) -> dict[str, Any]:
    """Time ingest and the bare copy of each report, in turns, each time into an empty folder.

    Args:
        settings: data folder, threads; its home folder is only used for scratch.
        reports: ids; by default all that lie as files.

    Returns:
        By report id under `reports`: `rows`, `bytes`, `columns`, `rules`, `counts` (rule -> rows), `ingest_seconds`
        (median), `rows_a_second`, `ingest_cpu_seconds`, and where there is a rival `limit`, `bare_seconds`,
        `bare_cpu_seconds`, `ratio`.
    """
    schemas = load_schemas(settings.schemas)
    found: dict[str, Any] = {}
    for report in schemas.reports.values():
        if report.server.kind == "api" or (reports and report.id not in reports):
            continue
        files = sorted(settings.data.glob(report.server.location))
        if files:
            found[report.id] = _one(report, files, settings, repeats)
    return {"compression": COMPRESSION, "threads": settings.threads, "reports": found}


def _one(report: Report, files: list[Path], settings: Settings, repeats: int) -> dict[str, Any]:
    limit = LIMITS.get(report.server.codec) if report.server.format == "csv" else None
    ours: list[Watched] = []
    bare: list[Watched] = []
    manifests: list[dict[str, Any]] = []
    for path in files:
        _warm(path)
    for _ in range(repeats):
        with scratch_folder(settings) as folder:
            watched, manifests = _ingest(report, replace(settings, home=folder / "home"))
            ours.append(watched)
        if limit:
            with scratch_folder(settings) as folder:
                bare.append(_bare(_in_utf8(files, report.server.codec, folder), folder, settings))
    rows = sum(manifest["counts"]["read"] for manifest in manifests)
    seconds = statistics.median(one.seconds for one in ours)
    found: dict[str, Any] = {
        "format": report.server.format,
        "encoding": report.server.encoding,
        "rows": rows,
        "columns": len(report.columns),
        "bytes": sum(path.stat().st_size for path in files),
        "rules": _rules(report),
        "counts": _counts(manifests),
        "ingest_seconds": round(seconds, 3),
        "ingest_cpu_seconds": round(statistics.median(one.cpu_seconds for one in ours), 3),
        "rows_a_second": round(rows / seconds),
        "peak_bytes": max(one.peak_bytes for one in ours),
    }
    if limit:
        bare_seconds = statistics.median(one.seconds for one in bare)
        found |= {
            "limit": limit,
            "bare_seconds": round(bare_seconds, 3),
            "bare_cpu_seconds": round(statistics.median(one.cpu_seconds for one in bare), 3),
            "ratio": round(seconds / bare_seconds, 2),
        }
    return found


def _ingest(report: Report, settings: Settings) -> tuple[Watched, list[dict[str, Any]]]:
    from yibiao.ingest import ingest_report

    settings.open_home()
    with Watched() as watched:
        outcome = ingest_report(report, settings)
    if outcome.errors:
        raise outcome.errors[0]
    return watched, [dict(package.manifest) for package in outcome.loaded]


def _in_utf8(files: list[Path], codec: str, folder: Path) -> list[Path]:
    """The same texts in UTF-8, written before the clock starts."""
    if codec.startswith("utf-8"):
        return files
    copies = []
    for number, path in enumerate(files):
        copy = folder / f"{number}.csv"
        with path.open(encoding=codec, newline="") as source, copy.open("w", encoding="utf-8", newline="") as target:
            shutil.copyfileobj(source, target, 1 << 22)
        copies.append(copy)
    return copies


def _counts(manifests: list[dict[str, Any]]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for manifest in manifests:
        counts.update(manifest["rules"])
        counts.update(manifest["warnings"])
    return dict(sorted(counts.items()))


def _bare(files: list[Path], folder: Path, settings: Settings) -> Watched:
    """One file at a time to one Parquet file each, on disk when it is done, as a load package is."""
    import duckdb

    with duckdb.connect(config={"threads": settings.threads, "preserve_insertion_order": False}) as connection:
        connection.execute("select 1")
        with Watched() as watched:
            for number, path in enumerate(files):
                target = folder / f"{number}.parquet"
                connection.execute(
                    f"copy (select * from read_csv('{path}', all_varchar = true))"
                    f" to '{target}' (format parquet, compression {COMPRESSION})"
                )
                _flush(target)
    shutil.rmtree(folder, ignore_errors=True)
    return watched


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _warm(path: Path) -> None:
    with path.open("rb") as stream:
        while stream.read(1 << 22):
            pass


def _rules(report: Report) -> int:
    from yibiao.ingest.checks import compile_checks

    return len(compile_checks(report).rules)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--report", action="append")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    from bench.machine import own_home

    with own_home(None) as home:
        settings = Settings.load(home=home, data=given.data)
        found = measure(settings, reports=given.report, repeats=given.repeats)
    print(json.dumps(found, ensure_ascii=False, indent=2))
    largest = [found["reports"][name] for name in JUDGED if name in found["reports"]]
    sys.exit(1 if any(one["ratio"] > one["limit"] for one in largest) else 0)


if __name__ == "__main__":
    main()
