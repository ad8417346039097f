"""Survivors that are made in portions are those that are made at once; the real dbt on what a real run has built."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from installations import Installation
from warm import warm_engines
from yibiao.progress import Silent
from yibiao.warehouse.content_hash import hash_tables
from yibiao.warehouse.dbt import run_models
from yibiao.warehouse.kept import KEPT


def survivors(database: Path) -> dict[str, object]:
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'identity' and table_name like 'survivor_%'"
        ).fetchall()
        return dict(hash_tables(connection, {name: f"identity.{name}" for (name,) in found}))


def test_portions_give_the_same_survivors(
    few_published: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(few_published.settings, home=tmp_path)
    shutil.copytree(few_published.home / "dbt", settings.home / "dbt")
    work = tmp_path / "work"
    work.mkdir()
    database = shutil.copyfile(few_published.home / KEPT, work / "warehouse.duckdb")
    at_once = survivors(database)
    assert "survivor_resident" in at_once
    with duckdb.connect(str(database)) as connection:
        for name in at_once:
            connection.execute(f"drop table identity.{name}")
    models = [path.stem for path in (settings.dbt_project / "models").rglob("*") if path.suffix in (".sql", ".py")]
    monkeypatch.setenv("YIBIAO_RECORDS_A_PORTION", "300")

    with warm_engines():
        built = run_models(settings, database, work, Silent(), without=sorted(set(models) - at_once.keys()))

    assert {model["model"] for model in built} == at_once.keys()
    executed = (settings.home / "dbt/run/yibiao/models/identity/survivor_resident.sql").read_text()
    assert "hash(resident_id) % " in executed, "the residents were few enough for one portion"
    assert survivors(database) == at_once
