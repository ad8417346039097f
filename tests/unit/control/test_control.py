"""The control database: an index that manifests rebuild, and decisions that nothing rebuilds."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from yibiao import control
from yibiao.control import tables
from yibiao.errors import HomeError, LoadError, ReleaseError
from yibiao.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("YIBIAO_CONTROL_URL", raising=False)
    made = Settings.load(home=tmp_path / "home", data=tmp_path / "data")
    made.open_home()
    return made


def put_load(settings: Settings, load_id: str, report: str = "health.vaccination", delivery: str = "") -> Path:
    department, name = report.split(".")
    folder = settings.lake / department / name / f"load={load_id}"
    folder.mkdir(parents=True)
    manifest = {
        "format": 1,
        "load_id": load_id,
        "report": report,
        "department": department,
        "edition": "2026-01",
        "edition_date": "2026-01-31",
        "mode": "snapshot",
        "delivery": {"sha256": (delivery or load_id) * 12, "bytes": 1, "name": "x.csv", "kind": "csv"},
        "contract": {"version": "1.0.0", "semantics": "cd" * 32},
        "reader_version": "1",
        "counts": {"read": 10, "accepted": 9, "quarantined": 1},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def put_release(settings: Settings, version: str) -> Path:
    folder = settings.releases / version
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"fingerprint": "f", "content_hash": "c"}))
    return folder


def loads(settings: Settings) -> list[str]:
    with control.connect(settings) as connection:
        return list(connection.scalars(select(tables.load.c.load_id).order_by(tables.load.c.load_id)))


def test_reconcile_indexes_every_load_package_once(settings: Settings) -> None:
    put_load(settings, "aaaa")
    put_load(settings, "bbbb", "water_group.water_account")
    first = control.reconcile(settings)
    second = control.reconcile(settings)
    assert (first.loads_added, second.loads_added) == (2, 0)
    with control.connect(settings) as connection:
        row = connection.execute(select(tables.load).where(tables.load.c.load_id == "bbbb")).one()
    assert (row.report, row.rows_read, row.rows_accepted, row.rows_quarantined) == (
        "water_group.water_account",
        10,
        9,
        1,
    )


def test_a_deleted_control_database_comes_back_from_the_manifests(settings: Settings) -> None:
    put_load(settings, "aaaa")
    put_release(settings, "v1")
    control.reconcile(settings)
    before = loads(settings)
    for path in settings.home.glob("control.db*"):
        path.unlink()
    control.reconcile(settings)
    assert loads(settings) == before == ["aaaa"]


def test_a_load_whose_folder_is_gone_leaves_the_index(settings: Settings) -> None:
    folder = put_load(settings, "aaaa")
    control.reconcile(settings)
    shutil.rmtree(folder)
    assert control.reconcile(settings).loads_removed == 1
    assert loads(settings) == []


def test_the_release_that_the_link_names_is_the_current_one(settings: Settings) -> None:
    put_release(settings, "v1")
    put_release(settings, "v2")
    (settings.releases / "current").symlink_to("v2")
    assert control.reconcile(settings).releases == 2
    with control.connect(settings) as connection:
        rows = connection.execute(select(tables.release.c.version, tables.release.c.is_current).order_by("version"))
        assert [tuple(row) for row in rows] == [("v1", False), ("v2", True)]


def test_leftovers_of_dead_processes_go_only_when_nobody_else_works_here(settings: Settings) -> None:
    (settings.work / "load-x").mkdir()
    (settings.work / "load-x" / "half.parquet").write_text("half")
    (settings.home / ".summary.json-abc").write_text("half")
    deliveries = settings.landing / "deliveries" / "health" / "vaccination"
    deliveries.mkdir(parents=True)
    (deliveries / ".2026-01--aa.json-xyz").write_text("half")
    kept = deliveries / "2026-01--aa.json"
    kept.write_text("{}")
    assert control.reconcile(settings).scratch_removed == 0
    assert control.reconcile(settings, alone=True).scratch_removed == 3
    assert list(settings.work.iterdir()) == []
    assert kept.exists()
    assert (settings.home / "format").exists()


def test_a_damaged_load_manifest_is_named(settings: Settings) -> None:
    folder = put_load(settings, "aaaa")
    (folder / "manifest.json").write_text('{"load_id": "aaaa"')
    with pytest.raises(LoadError, match="load=aaaa"):
        control.reconcile(settings)


def test_a_damaged_release_manifest_is_named(settings: Settings) -> None:
    (put_release(settings, "v1") / "manifest.json").write_text("[]")
    with pytest.raises(ReleaseError, match="v1"):
        control.reconcile(settings)


def test_the_last_decision_about_a_load_counts(settings: Settings) -> None:
    put_load(settings, "aaaa1")
    put_load(settings, "aaaa2")
    control.reconcile(settings)
    at = datetime(2026, 2, 1, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    control.decide(settings, "aaaa1", "accept", reason="the town was merged", by="li", at=at)
    control.decide(settings, "aaaa2", "accept", reason="the town was merged", by="li")
    control.decide(settings, "aaaa2", "refuse", reason="half a file after all", by="li")
    assert control.accepted_loads(settings) == {"aaaa1"}
    first = control.list_decisions(settings)[0]
    assert (first.decided_by, first.decided_at) == ("li", "2026-02-01T09:00:00+08:00")


@pytest.mark.parametrize("load_id", ["aaaa", "zzzz", "aaaa_"])
def test_a_decision_needs_exactly_one_load(settings: Settings, load_id: str) -> None:
    put_load(settings, "aaaa1")
    put_load(settings, "aaaa2")
    control.reconcile(settings)
    with pytest.raises(LoadError, match="load"):
        control.decide(settings, load_id, "accept", reason="because")
    assert control.accepted_loads(settings) == set()


def test_a_decision_needs_a_reason(settings: Settings) -> None:
    put_load(settings, "aaaa1")
    control.reconcile(settings)
    with pytest.raises(LoadError, match="reason"):
        control.decide(settings, "aaaa1", "accept", reason="  ")


def test_a_decision_holds_when_the_same_delivery_is_loaded_anew(settings: Settings) -> None:
    folder = put_load(settings, "aaaa1", delivery="file1")
    control.reconcile(settings)
    control.decide(settings, "aaaa1", "accept", reason="the town was merged")
    shutil.rmtree(folder)
    put_load(settings, "bbbb1", delivery="file1")
    put_load(settings, "bbbb2", delivery="file2")
    control.reconcile(settings)
    assert control.accepted_loads(settings) == {"bbbb1"}


def test_a_run_that_never_ended_is_marked_as_killed(settings: Settings) -> None:
    killed = control.start_run(settings)
    control.reconcile(settings, alone=True)
    ended = control.start_run(settings)
    control.finish_run(settings, ended, "published", release_version="v1")
    control.reconcile(settings, alone=True)
    assert [(run["run_id"], run["state"]) for run in control.list_runs(settings)] == [
        (killed, "killed"),
        (ended, "published"),
    ]


def test_an_unsupported_database_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIBIAO_CONTROL_URL", "mysql://user:secret@db/control")
    with pytest.raises(HomeError, match="mysql") as caught:
        control.prepare(settings)
    assert "secret" not in str(caught.value)
