"""The unify models beside the best hand-written script that ends with equal golden, provenance and conflict tables.

    python -m bench.unify HOME [--repeats 3]

Both start from the same raw views over the load packages of a home folder (a copy of one prepared warehouse), with the
same threads and memory, and end in a DuckDB file. dbt's side is everything that `yibiao run` does in this stage: its
process, parsing, staging, crosswalk, marts. The script (bench/sql/unify.sql) makes the three tables per entity and
nothing else. Which entity a record without a certain key has is given to both sides, as a whole build before found it;
`bench.linkage_demo` measures the models that find it out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.machine import Watched, scratch_folder
from bench.unify_script import linked, render
from yibiao.contracts import Schemas, load_schemas
from yibiao.settings import Settings
from yibiao.warehouse import content_hash

LIMIT = 2.0


def measure(settings: Settings, *, repeats: int = 3, keep: Path | None = None) -> dict[str, Any]:
    """Time the dbt models and the script on the live loads of a home folder, in turns.

    Args:
        keep: where dbt's warehouse is left, to measure the gate on it.

    Returns:
        `whole_seconds` (all models, once), `linkage_seconds` (in it, models that link records and addresses; others
        may run beside them), `dbt_seconds` (the models without those) and `hand_seconds` (medians), `ratio`, `rows`
        (source records staged), `rows_a_second` of dbt, `dbt_peak_bytes` and `hand_peak_bytes`, the slowest models,
        and `differing`: tables whose content hashes are not equal.
    """
    from yibiao.warehouse.inputs import CURRENT, collect
    from yibiao.warehouse.prepare import prepare

    schemas = load_schemas(settings.schemas)
    with scratch_folder(settings) as folder:
        prepared = folder / "prepared.duckdb"
        inputs = collect(settings, schemas)
        prepare(prepared, inputs, schemas, settings)
        rows = sum(load.accepted for load in inputs.loads if load.state == CURRENT)
        by_dbt, by_hand = folder / "dbt", folder / "hand"
        for side in (folder / "whole", by_dbt, by_hand):
            side.mkdir()
        _warm(settings)
        whole = _fresh(prepared, folder / "whole")
        every, whole_watched = _dbt(whole, settings)
        found = [model["model"] for model in every if _is_linkage(model["model"])]
        dbt: list[Watched] = []
        hand: list[Watched] = []
        models: list[dict[str, Any]] = []
        for _ in range(repeats):
            database = _fresh(prepared, by_dbt)
            _copy(whole, database, "identity", {name: f"made.identity.{name}" for name in found})
            models, watched = _dbt(database, settings, found)
            dbt.append(watched)
            hand.append(_hand(prepared, by_hand, settings, whole, schemas))
        differing = _compare(by_dbt / "warehouse.duckdb", by_hand / "warehouse.duckdb", schemas)
        if keep:
            shutil.move(by_dbt / "warehouse.duckdb", keep)
    dbt_seconds = statistics.median(one.seconds for one in dbt)
    hand_seconds = statistics.median(one.seconds for one in hand)
    slowest = sorted(models, key=lambda model: -model["seconds"])[:12]
    return {
        "dbt_seconds": round(dbt_seconds, 2),
        "linkage_seconds": round(sum(model["seconds"] for model in every if model["model"] in found), 2),
        "whole_seconds": round(whole_watched.seconds, 2),
        "hand_seconds": round(hand_seconds, 2),
        "ratio": round(dbt_seconds / hand_seconds, 2),
        "dbt_cpu_seconds": round(statistics.median(one.cpu_seconds for one in dbt), 2),
        "hand_cpu_seconds": round(statistics.median(one.cpu_seconds for one in hand), 2),
        "limit": LIMIT,
        "rows": rows,
        "rows_a_second": round(rows / dbt_seconds),
        "dbt_peak_bytes": max(one.peak_bytes for one in dbt),
        "hand_peak_bytes": max(one.peak_bytes for one in hand),
        "layers": _layers(models),
        "slowest_models": {model["model"]: model["seconds"] for model in slowest},
        "differing": differing,
    }


def _dbt(database: Path, settings: Settings, without: Sequence[str] = ()) -> tuple[list[dict[str, Any]], Watched]:
    from yibiao.progress import Silent
    from yibiao.warehouse.dbt import run_models

    with Watched() as watched:
        models = run_models(settings, database, database.parent, Silent(), without=without)
    return models, watched


def _hand(prepared: Path, folder: Path, settings: Settings, whole: Path, schemas: Schemas) -> Watched:
    """The script in a process of its own, like dbt; its start is measured too."""
    database = _fresh(prepared, folder)
    links = {
        f"link_{name}": f"(select record_no, {schemas.entities[name].id_column} as id from made.identity.link_{name})"
        for name in linked(schemas)
    }
    targets = {one for entity in schemas.entities.values() for one in entity.addresses}
    _copy(whole, database, "given", {**links, **{f"address_{one}": f"made.identity.address_{one}" for one in targets}})
    with Watched() as watched:
        subprocess.run(
            [sys.executable, "-m", "bench.unify", "--script", str(database)],
            check=True,
            cwd=Path(__file__).parents[1],
            env={**os.environ, **settings.environment()},
        )
    return watched


def _copy(whole: Path, database: Path, schema: str, tables: Mapping[str, str]) -> None:
    """Copy what a whole build found into a schema of a prepared warehouse: it is no work of either side."""
    import duckdb

    with duckdb.connect(str(database)) as connection:
        connection.execute(f"attach '{whole}' as made (read_only); create schema {schema}")
        for name, source in sorted(tables.items()):
            connection.execute(f"create table {schema}.{name} as from {source}")


def run_script(database: Path, settings: Settings) -> None:
    """Run the script on a prepared warehouse."""
    import duckdb

    config = {
        "threads": settings.threads,
        "memory_limit": settings.memory_limit,
        "preserve_insertion_order": False,
        "temp_directory": str(database.parent / "spill"),
    }
    with duckdb.connect(str(database), config=config) as connection:
        connection.execute("create schema canonical")
        connection.execute(render(load_schemas(settings.schemas)))


def _fresh(prepared: Path, folder: Path) -> Path:
    """A new copy of the prepared warehouse, at the same place every time."""
    database = folder / "warehouse.duckdb"
    for old in folder.glob("warehouse.duckdb*"):
        old.unlink()
    shutil.copyfile(prepared, database)
    return database


def _warm(settings: Settings) -> None:
    """Read the load packages once, so that neither side pays for the disk."""
    for path in settings.lake.rglob("*.parquet"):
        with path.open("rb") as stream:
            while stream.read(1 << 22):
                pass


def _compare(by_dbt: Path, by_hand: Path, schemas: Schemas) -> list[str]:
    import duckdb

    hashes = []
    for path in (by_dbt, by_hand):
        with duckdb.connect(str(path), read_only=True) as connection:
            present = {
                row[0]
                for row in connection.execute(
                    "select table_name from duckdb_tables() where schema_name = 'canonical'"
                ).fetchall()
            }
            names = [
                f"{entity}{suffix}"
                for entity in schemas.entities
                for suffix in ("", "_provenance", "_conflict")
                if entity in present
            ]
            hashes.append(content_hash.hash_tables(connection, {name: f"canonical.{name}" for name in names}))
    first, second = hashes
    return [name for name in first if first[name] != second.get(name)]


def _is_linkage(model: str) -> bool:
    return model.split("_")[0] in ("linkage", "link", "review", "address")


def _layers(models: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds by kind of model (they overlap where several are built at once)."""
    found: dict[str, float] = {}
    for model in models:
        head = model["model"].split("_")[0]
        kind = {"stg": "staging", "crosswalk": "crosswalk", "survivor": "survivor"}.get(head, "canonical and marts")
        kind = "linkage" if _is_linkage(model["model"]) else kind
        found[kind] = round(found.get(kind, 0) + model["seconds"], 2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("home", type=Path, nargs="?", help="home folder with load packages")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--script", type=Path, metavar="DATABASE", help="only run the script on a prepared database")
    parser.add_argument("--show", action="store_true", help="only print the script")
    given = parser.parse_args()
    settings = Settings.load(home=given.home)
    if given.show:
        print(render(load_schemas(settings.schemas)))
    elif given.script:
        run_script(given.script, settings)
    else:
        found = measure(settings, repeats=given.repeats)
        print(json.dumps(found, ensure_ascii=False, indent=2))
        sys.exit(1 if found["differing"] or found["ratio"] > LIMIT else 0)


if __name__ == "__main__":
    main()
