"""`python -m bench`: every figure beside its limit and its rival in the same run; exit status 1 if one is missed."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from yibiao.settings import Settings

RESULTS = Path(__file__).resolve().parent / "results"
STAGES = ("run", "ingest", "gate")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--residents", type=int, default=50_000)
    parser.add_argument("--editions", type=int, help="by default 3, and 1 from a million residents on")
    parser.add_argument("--data", type=Path, help="a district that is there already")
    parser.add_argument("--only", default=",".join(STAGES), help=f"some of {','.join(STAGES)}")
    parser.add_argument("--scratch", type=Path, help="folder for working files; by default a temporary one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yibiao-bench-", dir=arguments.scratch) as name:
        scratch = Path(name)
        data = arguments.data or _district(scratch, arguments)
        residents = json.loads((data / "demo.json").read_bytes())["residents"]
        figures = list(_measure(arguments.only.split(","), data.resolve(), scratch))
    RESULTS.mkdir(exist_ok=True)
    for stage, figure in figures:
        (RESULTS / f"{stage}-{residents}.json").write_text(
            json.dumps({"machine": _machine(), **figure}, ensure_ascii=False, indent=2) + "\n"
        )
    return 0 if all(figure["ok"] for _, figure in figures) else 1


def _district(scratch: Path, arguments: argparse.Namespace) -> Path:
    from yibiao.contracts import load_schemas
    from yibiao.demo import generate

    editions = arguments.editions or (1 if arguments.residents >= 1_000_000 else 3)
    generate(scratch / "data", load_schemas(Settings.load().schemas), residents=arguments.residents, editions=editions)
    return scratch / "data"


def _measure(stages: list[str], data: Path, scratch: Path) -> Any:
    home = scratch / "home"
    if "run" in stages or "gate" in stages:
        from bench.whole import measure as whole

        yield from _shown("run", whole(data, home))
    if "ingest" in stages:
        from bench.ingest import measure as ingest

        (scratch / "ingest").mkdir()
        yield from _shown("ingest", ingest(data, scratch / "ingest"))
    if "gate" in stages:
        from bench.gate import measure as gate
        from bench.warehouse import build

        (scratch / "gate").mkdir()
        settings = Settings.load(home=home)
        database, seconds = build(home, scratch / "gate")
        table = "staging.stg_public_security__resident_register"
        found = gate(database, settings.expectations, table=table, settings=settings)
        found |= {"figure": "gate of the largest resident register", "limit": 3.0, "models_seconds": round(seconds, 1)}
        found |= {"seconds": found["check_seconds"], "rival": "one hand-written aggregate query"}
        found |= {"rival_seconds": found["hand_seconds"], "ok": found["ratio"] <= 3.0 and not found["differing"]}
        yield from _shown("gate", found)


def _shown(stage: str, figure: dict[str, Any]) -> Any:
    rival = f"  {figure['rival_seconds']:.2f} s {figure['rival']}, ratio {figure['ratio']}" if "rival" in figure else ""
    memory = f"  {figure['peak_gibibytes']} GiB of {figure['limit_gibibytes']}" if "peak_gibibytes" in figure else ""
    verdict = "ok" if figure["ok"] else "MISSED"
    print(
        f"{verdict:6} {figure['figure']}: {figure['seconds']:.2f} s, limit {figure['limit']}{rival}{memory}", flush=True
    )
    yield stage, figure


def _machine() -> dict[str, Any]:
    names = ("duckdb", "pyarrow", "dbt-core", "great-expectations", "apache-airflow")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gibibytes": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "python": sys.version.split()[0],
        **{name: importlib.metadata.version(name) for name in names},
    }


if __name__ == "__main__":
    sys.exit(main())
