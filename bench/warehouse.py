"""A built warehouse file to measure on: what the unify run builds and would throw away."""

from __future__ import annotations

import time
from pathlib import Path

from yibiao.progress import Silent
from yibiao.settings import Settings


def build(home: Path, folder: Path) -> tuple[Path, float]:
    """Build all models from the loads of a home.

    Returns:
        The DuckDB file, and the seconds that dbt took, its start included.
    """
    from yibiao.contracts import load_schemas
    from yibiao.warehouse.dbt import run_models
    from yibiao.warehouse.inputs import collect
    from yibiao.warehouse.prepare import prepare

    settings = Settings.load(home=home)
    settings.open_home()
    schemas = load_schemas(settings.schemas)
    inputs = collect(settings, schemas)
    database = folder / "warehouse.duckdb"
    prepare(database, inputs, schemas, settings)
    rows = sum(load.accepted for load in inputs.loads)
    began = time.perf_counter()
    run_models(settings, database, folder, Silent(), at_once=1 if rows > 2_000_000 else 2)
    return database, time.perf_counter() - began
