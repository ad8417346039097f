"""The real official files go through the whole pipeline once; the tests look at what came of it."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from real_files import HERE, PROJECT, RealRun

from warm import warm_engines
from yibiao.settings import Settings


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = Path(os.environ.get("YIBIAO_REAL_DATA") or PROJECT.parent / "shared" / "data" / "real")
    if not folder.is_dir():
        pytest.skip("the real files are not here: set YIBIAO_REAL_DATA to the folder that holds them")
    return folder.resolve()


@pytest.fixture(scope="session")
def real_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of an installation of its own: these schemas, and a dbt project generated from them.

    Shared with the project are the macros alone; its models and marts belong to other schemas.
    """
    from yibiao.contracts import load_schemas
    from yibiao.contracts.generate import generate

    root = tmp_path_factory.mktemp("real")
    dbt = root / "dbt_project"
    shutil.copytree(PROJECT / "dbt_project" / "macros", dbt / "macros", ignore=shutil.ignore_patterns("generated"))
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copyfile(PROJECT / "dbt_project" / name, dbt / name)
    shutil.copytree(HERE / "expectations", root / "expectations")
    settings = replace(
        Settings.load(home=root / "home"),
        schemas=HERE / "schemas",
        dbt_project=dbt,
        expectations=root / "expectations",
        dags=root / "dags",
    )
    generate(load_schemas(settings.schemas), settings)
    return settings


@pytest.fixture(scope="session")
def real_run(real_data: Path, real_settings: Settings) -> RealRun:
    from yibiao.contracts import load_schemas
    from yibiao.ingest import ingest_report
    from yibiao.warehouse.unify import unify

    settings = replace(real_settings, data=real_data)
    settings.open_home()
    schemas = load_schemas(settings.schemas)
    ingested = {report.id: ingest_report(report, settings) for report in schemas.reports.values()}
    with warm_engines():
        return RealRun(real_data, settings, ingested, unify(settings))
