"""Do people keep their ids? A district that delivers month after month, unified after each of its editions.

    python -m bench.stability [--residents 2000] [--editions 12] [--seed 7] [--json]

Of every person in the truth whose records have an id in two consecutive releases: is it the same? The id of a person is
the one that most of the person's records have. Limit: 99.9 % keep it over all editions.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.machine import facts
from yibiao.settings import Settings

LEAST = 0.999


def measure(residents: int, editions: int, seed: int, folder: Path) -> dict[str, Any]:
    """Deliver edition by edition and compare the ids.

    Returns:
        `persons` who have an id in the first and the last release, `kept` of them, `share`; `steps`: the same for each
        pair of consecutive editions; `changed`: times that a person who is still there got another id; `followed`: of
        them those from which the journal leads to the id that the person has now.
    """
    from yibiao.contracts import load_schemas
    from yibiao.demo import generate
    from yibiao.ingest import ingest_report
    from yibiao.orchestration.main_job import demo_api
    from yibiao.warehouse.identities import locate
    from yibiao.warehouse.releases import need_current
    from yibiao.warehouse.unify import unify

    settings = Settings.load(home=folder / "home", data=folder / "data")
    settings.open_home()
    schemas = load_schemas(settings.schemas)
    generate(folder / "all", schemas, residents, seed=seed, editions=editions)
    ids: list[dict[int, str]] = []
    for edition in _editions(folder / "all"):
        _deliver(folder / "all", settings.data, edition)
        with demo_api(settings.data):
            for report in schemas.reports.values():
                ingest_report(report, settings)
        unify(settings)
        ids.append(_ids(need_current(settings).database, folder / "all"))
        print(f"{edition}: {len(ids[-1])} people with an id", file=sys.stderr)
    steps = [_kept(before, after) for before, after in pairwise(ids)]
    changed = {
        (no, before[no])
        for before, after in pairwise(ids)
        for no in before.keys() & after.keys() & ids[-1].keys()
        if before[no] != after[no]
    }
    followed = sum(ids[-1][no] in locate(settings, old).present for no, old in sorted(changed))
    return {
        "residents": residents,
        "editions": editions,
        "seed": seed,
        **_kept(ids[0], ids[-1]),
        "least": LEAST,
        "steps": steps,
        "changed": len(changed),
        "followed": followed,
        "machine": facts(),
    }


def _kept(before: dict[int, str], after: dict[int, str]) -> dict[str, Any]:
    both = before.keys() & after.keys()
    kept = sum(before[no] == after[no] for no in both)
    return {"persons": len(both), "kept": kept, "share": round(kept / len(both), 6) if both else 1.0}


def _editions(data: Path) -> list[str]:
    import duckdb

    rows = duckdb.sql(f"select distinct edition from '{data / 'truth' / 'record.parquet'}' order by 1").fetchall()
    return [edition for (edition,) in rows]


def _deliver(source: Path, target: Path, edition: str) -> None:
    """What a district's departments deliver in one month; the truth stays aside."""
    target.mkdir(exist_ok=True)
    shutil.copy2(source / "demo.json", target / "demo.json")
    compact = edition.replace("-", "")
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source)
        if path.is_file() and inside.parts[0] != "truth" and (compact in path.name or edition in path.name):
            (target / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target / inside)


def _ids(database: Path, data: Path) -> dict[int, str]:
    """Number in the truth -> id that most of the person's records have."""
    import duckdb

    from yibiao.demo.score import landed_rows

    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as release (read_only); use release")
        connection.register("landed", landed_rows(data))
        rows = connection.execute(f"""
            with told as (
                select record.* replace (coalesce(landed.row, record.row) as row)
                from '{data / "truth" / "record.parquet"}' as record
                left join landed on landed.report = record.report and landed.edition = record.edition
                    and landed.true_row = record.row
            ),
            counted as (
                select truth.resident_no as no, crosswalk.resident_id as id, count(*) as n
                from resident_crosswalk as crosswalk
                inner join load on crosswalk.record_no > load.first_record_no
                    and crosswalk.record_no <= load.first_record_no + load.read
                inner join told as truth on truth.report = load.report and truth.edition = load.edition
                    and truth.row = crosswalk.record_no - load.first_record_no
                where truth.resident_no is not null and crosswalk.resident_id is not null
                group by all
            )
            select no, arg_max(id, (n, id)) from counted group by no""").fetchall()
    return dict(rows)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.stability", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--residents", type=int, default=2000)
    parser.add_argument("--editions", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-stability-") as folder:
        found = measure(given.residents, given.editions, given.seed, Path(folder))
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return 0 if found["share"] >= LEAST else 1


if __name__ == "__main__":
    raise SystemExit(main())
