"""Reading an XLSX workbook by contract beside the bare limit: python-calamine reads the same file to Python lists.

    python -m bench.spreadsheets [--rows 200000] [--repeats 3] [--record]

Processor seconds of one process, in turns, after a warm-up that loads the libraries. Ours is the reader alone: titles,
merged header, every cell as text, marks of the file (hidden rows, errors, number formats), repairs; checks and Parquet
come after it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from bench.machine import facts

RESULTS = Path(__file__).parent / "results" / "spreadsheets.json"
LIMIT = 1.5
REPORT = "public_security.death_cancellation"
"""12 columns, a title row, a merged header of two rows."""


def make(path: Path, rows: int) -> None:
    """A workbook of so many rows as the demo's departments lay it out; every value is made up."""
    import numpy as np
    import pyarrow as pa

    from yibiao.demo.sheet_writers import Layout, write_xlsx

    report = contract()
    chance = np.random.default_rng(1)

    def days(form: str) -> list[str]:
        found = np.datetime64("1940-01-01") + chance.integers(0, 25_000, rows)
        return [day.item().strftime(form) for day in found]

    texts: dict[str, list[str]] = {
        "citizen_id": [f"999901{day}{place % 1000:03d}X" for place, day in enumerate(days("%Y%m%d"))],
        "resident_name": [f"居民{number % 977}号" for number in chance.integers(0, 10**6, rows).tolist()],
        "hukou_address": [f"示范区望江街道滨河路{number}号" for number in chance.integers(1, 3000, rows).tolist()],
        "as_of_date": chance.integers(45_000, 46_000, rows).astype(str).tolist(),
    }
    columns = []
    for column in report.columns:
        if column.name not in texts:
            made = days("%Y.%m.%d") if column.type == "date" else [f"{column.header[-2:]}{n % 50}" for n in range(rows)]
            texts[column.name] = made if not column.key else [f"2026{n:08d}" for n in range(rows)]
        columns.append(pa.array(texts[column.name], pa.string()))
    serials = next(place for place, column in enumerate(report.columns) if column.name == "as_of_date")
    headers = [column.header for column in report.columns]
    numeric = {serials: np.ones(rows, dtype=bool)}
    write_xlsx(path, Layout(report.title, headers, numeric, dict(report.server.options)), columns)


def bare(path: Path) -> int:
    """Rows that calamine gives as lists."""
    import python_calamine

    with path.open("rb") as file:
        book = python_calamine.CalamineWorkbook.from_filelike(file)
        return len(book.get_sheet_by_index(0).to_python(skip_empty_area=False))


def by_contract(path: Path) -> int:
    """Rows that the reader gives as Arrow text columns."""
    from yibiao.ingest.readers import Reading, read

    reading = Reading(where=path.name)
    for _ in read("xlsx", path, contract(), reading):
        pass
    return reading.total


@cache
def contract() -> Any:
    """The report that the workbook is of."""
    from yibiao.contracts import load_schemas
    from yibiao.settings import Settings

    return load_schemas(Settings.load().schemas).reports[REPORT]


def measure(rows: int, repeats: int) -> dict[str, Any]:
    """`{rows, limit, bare_cpu_seconds, contract_cpu_seconds, ratio, ok}`, medians."""
    with tempfile.TemporaryDirectory() as folder:
        small, path = Path(folder) / "warm.xlsx", Path(folder) / "book.xlsx"
        make(small, 100)
        make(path, rows)
        for side in (bare, by_contract):
            side(small)
        times: dict[str, list[float]] = {"bare": [], "contract": []}
        for _ in range(repeats):
            for name, side in (("bare", bare), ("contract", by_contract)):
                started = time.process_time()
                found = side(path)
                times[name].append(time.process_time() - started)
                if found < rows:
                    raise AssertionError("rows were lost")
    theirs, ours = (statistics.median(times[name]) for name in ("bare", "contract"))
    ratio = ours / theirs
    return {
        "rows": rows,
        "limit": LIMIT,
        "bare_cpu_seconds": round(theirs, 2),
        "contract_cpu_seconds": round(ours, 2),
        "ratio": round(ratio, 2),
        "ok": ratio <= LIMIT,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--record", action="store_true", help=f"write the figures to bench/results/{RESULTS.name}")
    given = parser.parse_args()
    machine = facts()
    found = measure(given.rows, given.repeats)
    print(json.dumps(found))
    if given.record:
        RESULTS.write_text(json.dumps({"machine": machine} | found, indent=2) + "\n", encoding="utf-8")
    sys.exit(0 if found["ok"] else 1)
