"""The dataset as of a past day: what the deliveries of editions up to that day give, by today's contracts and rules.

A state is built on demand by the same models as a release, kept for the next question, and never published: it passes
no gate and no share is made of it. Withdrawals and mended rows since count, because they say what was true; so do
accepted corrections of forms that spoke of that day or an earlier one.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from yibiao.errors import ReleaseError
from yibiao.files import commit_folder, scratch, to_json
from yibiao.progress import Progress, Silent
from yibiao.settings import Settings
from yibiao.warehouse.inputs import CURRENT, Inputs, collect
from yibiao.warehouse.releases import DATABASE, MANIFEST, need_current

KEPT = 3
"""States that stay on the disk; of more, the one that was asked longest ago goes."""


def state_as_of(settings: Settings, day: date, *, progress: Progress | None = None) -> Path:
    """The database with the tables of a release as of the end of a day.

    Args:
        progress: building takes about as long as a unify run.

    Returns:
        A DuckDB file; the current release's if no later edition has come.

    Raises:
        ReleaseError: nothing is published, or no edition had ended by that day.
        WarehouseError: a model failed or counts do not reconcile.
        HomeError: another process is unifying.
    """
    from yibiao.contracts import load_schemas
    from yibiao.warehouse.unify import one_writer

    release = need_current(settings)
    schemas = load_schemas(settings.schemas)
    inputs = collect(settings, schemas, until=day)
    if not any(load.state == CURRENT for load in inputs.loads):
        raise ReleaseError(
            "No delivery speaks of that day or an earlier one.",
            where="--as-of",
            expected=f"a day from the end of the first edition on, {_first(settings, schemas)}",
            got=day.isoformat(),
            todo="See the editions with `yibiao load list`.",
        )
    whole = collect(settings, schemas)
    same = whole.loads == inputs.loads and whole.corrections == inputs.corrections
    if same and whole.fingerprint == release.manifest["fingerprint"]:
        return release.database
    kept = settings.home / "states" / inputs.version
    if not (kept / MANIFEST).is_file():
        with one_writer(settings), scratch(settings.work, "unify", alone=True) as folder:
            _build(folder, kept, inputs, schemas, settings, progress or Silent())
    kept.touch()
    _forget(settings, kept)
    return kept / DATABASE


def _build(folder: Path, kept: Path, inputs: Inputs, schemas: Any, settings: Settings, progress: Progress) -> None:
    import duckdb

    from yibiao.warehouse.publish import STORAGE_VERSION, tables_of
    from yibiao.warehouse.unify import Clock, build_warehouse

    warehouse = folder / "warehouse.duckdb"
    build_warehouse(warehouse, inputs, schemas, settings, progress, Clock())
    aside = folder / "state"
    aside.mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"set threads = {settings.threads}; set memory_limit = '{settings.memory_limit}'")
        connection.execute(f"set temp_directory = '{folder / 'spill'}'")
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        connection.execute(f"attach '{aside / DATABASE}' as state (storage_version '{STORAGE_VERSION}')")
        for table in tables_of(connection, schemas):
            connection.execute(f"create table state.{table.name} as from warehouse.{table.source}")
        connection.execute("checkpoint state; detach state")
    (aside / MANIFEST).write_bytes(to_json({"version": inputs.version, "fingerprint": inputs.fingerprint}))
    kept.parent.mkdir(exist_ok=True)
    commit_folder(aside, kept, "release.state")


def _forget(settings: Settings, asked: Path) -> None:
    states = sorted((settings.home / "states").iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in states[KEPT:]:
        if path != asked:
            shutil.rmtree(path)


def _first(settings: Settings, schemas: Any) -> str:
    return min((load.manifest["edition_date"] for load in collect(settings, schemas).loads), default="none yet")
