"""What a process does that is to die at a crash point.

Paths come from the `YIBIAO_*` variables. The deeds are the program's own functions, in the order of a run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from installations import HOUSEHOLDS
from warm import warm_engines
from yibiao.settings import Settings


def ingest(settings: Settings) -> None:
    """What the ingest tasks of a run do, for reports of which something may have come."""
    from yibiao.contracts import load_schemas
    from yibiao.control import reconcile
    from yibiao.ingest import ingest_report

    settings.open_home()
    reconcile(settings, alone=True)
    reports = load_schemas(settings.schemas).reports
    for report in HOUSEHOLDS:
        for error in ingest_report(reports[report], settings).errors:
            raise error
    reconcile(settings)


def replay(settings: Settings, file: str) -> None:
    """`yibiao quarantine replay FILE`."""
    from yibiao.contracts import load_schemas
    from yibiao.quarantine.replay import replay as take_in

    settings.open_home()
    take_in(Path(file), load_schemas(settings.schemas), settings)


def unify(settings: Settings) -> None:
    """What the unify task of a run does."""
    from yibiao.control import reconcile
    from yibiao.warehouse.unify import unify as unify_warehouse

    reconcile(settings, alone=True)
    with warm_engines():
        unify_warehouse(settings)
    reconcile(settings)


def publish(settings: Settings, built: str) -> None:
    """The end of a unify run whose release folder is `built` already."""
    import json
    import shutil

    from yibiao.contracts import load_schemas
    from yibiao.control import reconcile
    from yibiao.warehouse.inputs import collect
    from yibiao.warehouse.unify import _commit

    reconcile(settings, alone=True)
    aside = settings.work / "unify-built" / "release"
    shutil.copytree(built, aside)
    manifest = json.loads((aside / "manifest.json").read_bytes())
    inputs = collect(settings, load_schemas(settings.schemas))
    if inputs.version != manifest["version"]:
        raise AssertionError("the inputs of this home give another release")
    _commit(aside, inputs, manifest, settings)


def keep(settings: Settings, built: str) -> None:
    """A unify run whose counts reconcile: its warehouse, which is `built` already, takes the place of the kept one."""
    import shutil

    from yibiao.warehouse import kept

    settings.open_home()
    aside = settings.work / "unify" / "warehouse.duckdb"
    aside.parent.mkdir(exist_ok=True)
    kept.take(settings, aside)
    shutil.copyfile(built, aside)
    kept.keep(aside, settings)


def rollback(settings: Settings) -> None:
    """`yibiao release rollback`."""
    from yibiao.warehouse import releases

    settings.open_home()
    releases.rollback(settings)


def prune(settings: Settings) -> None:
    """`yibiao release prune --keep 1`."""
    from yibiao.warehouse import releases

    settings.open_home()
    releases.prune(settings, 1)


def identities(settings: Settings) -> None:
    """What a run writes about ids after it has published."""
    from yibiao.warehouse.identities import record_changes

    settings.open_home()
    record_changes(settings)


def state(settings: Settings, built: str) -> None:
    """What `yibiao query --as-of 2026-01-31` makes, of a warehouse that is `built` already."""
    import shutil
    from datetime import date
    from unittest import mock

    from yibiao.warehouse.states import state_as_of

    settings.open_home()
    with mock.patch("yibiao.warehouse.unify.build_warehouse", lambda path, *rest: shutil.copyfile(built, path)):
        state_as_of(settings, date(2026, 1, 31))


def summary(settings: Settings) -> None:
    """A whole main job, in which Airflow executes no task: everything was ingested and unified before."""
    from yibiao.orchestration import embedded, main_job, tasks

    real = embedded.run
    embedded.run = lambda settings, progress, **options: tasks.Watch(settings=settings, progress=progress)
    try:
        main_job.main_job(settings)
    finally:
        embedded.run = real


def generate(settings: Settings) -> None:
    """`yibiao contract generate`."""
    from yibiao.contracts import load_schemas
    from yibiao.contracts.generate import generate as generate_files

    generate_files(load_schemas(settings.schemas), settings)


DEEDS = {
    deed.__name__: deed
    for deed in (ingest, replay, unify, publish, keep, rollback, prune, identities, state, summary, generate)
}


def in_a_process(deed: str, environment: Mapping[str, str], said: Path, *arguments: str) -> None:
    """Do a deed as a process whose environment and streams are its own; what it writes on them goes into a file."""
    os.environ.clear()
    os.environ.update(environment)
    stream = os.open(said, os.O_WRONLY | os.O_CREAT)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    DEEDS[deed](Settings.load(), *arguments)
