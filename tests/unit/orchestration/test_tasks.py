"""What a task tells Airflow: what to retry, what to skip, and nothing that is not an id."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from yibiao.errors import ContractError, DeliveryError, HomeError
from yibiao.ingest import IngestOutcome
from yibiao.orchestration import tasks
from yibiao.orchestration.lock import run_lock
from yibiao.settings import Settings

ROOT = Path(__file__).parents[3]
REPORT = "health.vaccination"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))  # its import writes a configuration there
    monkeypatch.setenv("YIBIAO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("YIBIAO_DATA", str(tmp_path / "data"))
    made = Settings.load()
    made.open_home()
    return made


class Outcome(SimpleNamespace):
    is_new = IngestOutcome.is_new


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the ingest of a report will say; no file is read."""
    import yibiao.ingest

    made = Outcome(load_ids=("bb", "aa"), loaded=("aa",), amended=(), errors=(), asked=[])

    def ingest_report(report: Any, settings: Settings, *, edition: str | None) -> SimpleNamespace:
        made.asked.append(report.id)
        made.edition = edition
        return made

    monkeypatch.setattr(yibiao.ingest, "ingest_report", ingest_report, raising=False)
    return made


@pytest.fixture
def watch(settings: Settings) -> Iterator[tasks.Watch]:
    tasks.watch = tasks.Watch(settings=settings)
    yield tasks.watch
    tasks.watch = None


def test_a_task_hands_on_the_ids_of_its_loads(settings: Settings, outcome: SimpleNamespace) -> None:
    assert tasks.ingest(REPORT) == ["aa", "bb"]
    assert outcome.asked == [REPORT]


def test_a_scheduled_task_without_news_is_skipped_so_that_it_wakes_nobody(
    settings: Settings, outcome: SimpleNamespace
) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    outcome.loaded = ()
    with pytest.raises(AirflowSkipException):
        tasks.ingest(REPORT)


def test_a_scheduled_task_that_made_an_amendment_package_is_news(settings: Settings, outcome: SimpleNamespace) -> None:
    outcome.loaded, outcome.amended = (), ("cc",)
    assert tasks.ingest(REPORT) == ["aa", "bb"]


def test_the_embedded_run_learns_everything_and_skips_nothing(watch: tasks.Watch, outcome: SimpleNamespace) -> None:
    outcome.loaded = ()
    assert tasks.ingest(REPORT) == ["aa", "bb"]
    assert watch.ingested == {REPORT: outcome}
    assert watch.failed == {}


def test_a_broken_delivery_fails_the_task_and_is_not_retried(watch: tasks.Watch, outcome: SimpleNamespace) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    wrong = DeliveryError("The file cannot be read.", where="x.csv")
    outcome.errors = (wrong,)
    with pytest.raises(AirflowFailException, match=r"x\.csv"):
        tasks.ingest(REPORT)
    assert watch.ingested == {REPORT: outcome}
    assert watch.failed == {REPORT: wrong}


def test_a_locked_folder_is_worth_a_retry(settings: Settings, outcome: SimpleNamespace) -> None:
    import fcntl

    with (settings.home / "run.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(HomeError):
            tasks.ingest(REPORT)
    assert outcome.asked == []


def test_ctrl_c_is_not_taken_for_a_failure_of_the_report(watch: tasks.Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    import yibiao.ingest

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(yibiao.ingest, "ingest_report", interrupted, raising=False)
    with pytest.raises(KeyboardInterrupt):
        tasks.ingest(REPORT)
    assert watch.interrupted


@pytest.mark.parametrize(("given", "used"), [("2026-02", "2026-02"), ("", None), (None, None)])
def test_the_edition_that_somebody_gives_reaches_the_extraction(
    settings: Settings, outcome: SimpleNamespace, given: str | None, used: str | None
) -> None:
    tasks.ingest(REPORT, edition=given)
    assert outcome.edition == used


def test_a_mistake_in_a_contract_stops_its_own_report_only(
    tmp_path: Path, outcome: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    schemas = tmp_path / "schemas"
    shutil.copytree(ROOT / "schemas", schemas)
    with (schemas / "reports" / "health" / "vaccination.odcs.yml").open("a") as contract:
        contract.write("colour: blue\n")
    monkeypatch.setenv("YIBIAO_SCHEMAS", str(schemas))
    assert tasks.ingest("health.family_doctor") == ["aa", "bb"]
    with pytest.raises(AirflowFailException, match="vaccination"):
        tasks.ingest(REPORT)
    assert outcome.asked == ["health.family_doctor"]


def test_a_report_without_a_contract_is_refused(watch: tasks.Watch, outcome: SimpleNamespace) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    with run_lock(watch.settings, "yibiao run"), pytest.raises(AirflowFailException):
        tasks.ingest("health.nothing")
    assert isinstance(watch.failed["health.nothing"], ContractError)
