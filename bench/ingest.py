"""Ingest beside its bare limit: DuckDB reading the same file as text and writing it as Parquet, no check made."""

from __future__ import annotations

import shutil
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from yibiao.settings import Settings

REGISTER = "public_security.resident_register"
LIMIT = 2.5


def measure(data: Path, scratch: Path, *, report_id: str = REGISTER, repeats: int = 3) -> dict[str, Any]:
    """Time one report's first edition both ways, in turns; the file is warm in both.

    Args:
        data: a demo district.
        scratch: empty folder on the disk to measure.
        report_id: a report in UTF-8 CSV, which DuckDB reads without an extension.

    Returns:
        Medians in seconds, the ratio beside its limit, rows and checks.
    """
    import duckdb

    from yibiao.contracts import load_schemas
    from yibiao.ingest import ingest_report
    from yibiao.ingest.checks import compile_checks

    settings = Settings.load(data=data)
    report = load_schemas(settings.schemas).reports[report_id]
    source = sorted((data / report.department / report.name).glob("*.csv"))[0]
    alone = scratch / "data" / report.department / report.name
    alone.mkdir(parents=True)
    shutil.copyfile(source, alone / source.name)
    settings = replace(settings, data=scratch / "data")
    bare: list[float] = []
    ours: list[float] = []
    rows = 0
    for turn in range(repeats):
        began = time.perf_counter()
        with duckdb.connect(config={"threads": settings.threads}) as connection:
            connection.execute(
                f"copy (from read_csv('{alone / source.name}', all_varchar = true))"
                f" to '{scratch / 'bare.parquet'}' (format parquet, compression snappy)"
            )
        bare.append(time.perf_counter() - began)
        home = replace(settings, home=scratch / f"home-{turn}")
        home.open_home()
        began = time.perf_counter()
        outcome = ingest_report(report, home)
        ours.append(time.perf_counter() - began)
        if outcome.errors:
            raise outcome.errors[0]
        rows = outcome.loaded[0].manifest["counts"]["read"]
        shutil.rmtree(home.home)
    seconds, limit = statistics.median(ours), statistics.median(bare)
    return {
        "figure": "ingest of the largest resident register",
        "report": report_id,
        "rows": rows,
        "megabytes": round(source.stat().st_size / 1e6, 1),
        "columns": len(report.columns),
        "checks": len(compile_checks(report, "2026-01-31").rules),
        "seconds": round(seconds, 3),
        "rival": "DuckDB read_csv(all_varchar) to Parquet",
        "rival_seconds": round(limit, 3),
        "ratio": round(seconds / limit, 2),
        "limit": LIMIT,
        "ok": seconds / limit <= LIMIT,
        "rows_a_second": round(rows / seconds),
        "all_seconds": [round(one, 3) for one in ours],
        "all_rival_seconds": [round(one, 3) for one in bare],
    }
