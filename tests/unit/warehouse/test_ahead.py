"""What is made ready for a unify run, and what becomes of it if nobody takes it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from yibiao.settings import Settings
from yibiao.warehouse import ahead
from yibiao.warehouse.ahead import Ahead, Copy


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings.load(home=tmp_path / "home")
    settings.open_home()
    folder = settings.releases / "2026-03-0000000000"
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    (folder / "yibiao.duckdb").write_bytes(b"rows" * 1000)
    (settings.releases / "current").symlink_to(folder.name)
    return settings


@pytest.fixture
def source(settings: Settings) -> Path:
    """The database of the current release."""
    return settings.releases / "current" / "yibiao.duckdb"


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Processes that were started and ended, in place of real ones."""
    told: list[str] = []

    def standing_in(name: str) -> object:
        @contextmanager
        def ready(settings: Settings) -> Iterator[str]:
            told.append(f"{name} begins")
            yield f"{name} {len(told)}"
            told.append(f"{name} ends")

        return ready

    monkeypatch.setattr(ahead, "ready_models", standing_in("models"))
    monkeypatch.setattr(ahead, "ready_gate", standing_in("gate"))
    return told


def test_what_is_ready_is_taken_once_and_begun_again_for_whoever_asks_again(
    settings: Settings, begun: list[str]
) -> None:
    with Ahead(settings) as ready:
        ready.begin()
        ready.begin()
        assert begun == ["models begins", "gate begins"]
        assert ready.models() != ready.models()
        assert begun.count("models begins") == 2
        assert begun.count("gate begins") == 1
    assert begun.count("models ends") == 2


def test_a_run_that_takes_the_gate_before_dbt_starts_one_of_each(settings: Settings, begun: list[str]) -> None:
    with Ahead(settings) as ready:
        ready.begin()
        ready.gate()
        ready.models()
        assert begun == ["models begins", "gate begins"]


def test_the_copy_is_moved_and_leaves_nothing_behind(settings: Settings, source: Path, begun: list[str]) -> None:
    target, source = settings.work / "taken", source.resolve()
    with Ahead(settings) as ready, mock.patch.object(ahead.shutil, "copyfile") as anew:
        ready.begin(copy=True)
        ready.copy(source, target)
        assert target.read_bytes() == b"rows" * 1000
        anew.assert_not_called()
    assert sorted(path.name for path in settings.work.iterdir()) == ["taken"]


def test_who_asks_a_second_time_gets_a_copy_too(settings: Settings, source: Path, begun: list[str]) -> None:
    with Ahead(settings) as ready:
        ready.begin(copy=True)
        for name in ("first", "second"):
            ready.copy(source.resolve(), settings.work / name)
            assert (settings.work / name).read_bytes() == b"rows" * 1000


def test_a_copy_of_a_file_that_is_another_now_is_not_taken(settings: Settings, source: Path, begun: list[str]) -> None:
    with Ahead(settings) as ready:
        ready.begin(copy=True)
        time.sleep(0.05)
        source.write_bytes(b"newer")
        ready.copy(source.resolve(), settings.work / "taken")
    assert (settings.work / "taken").read_bytes() == b"newer"


def test_the_copy_of_another_release_than_is_asked_for_is_not_taken(
    settings: Settings, tmp_path: Path, begun: list[str]
) -> None:
    (tmp_path / "other").write_bytes(b"other")
    with Ahead(settings) as ready:
        ready.begin(copy=True)
        ready.copy(tmp_path / "other", settings.work / "taken")
    assert (settings.work / "taken").read_bytes() == b"other"


def test_a_copy_that_nobody_takes_is_removed(settings: Settings, begun: list[str]) -> None:
    with Ahead(settings) as ready:
        ready.begin(copy=True)
    assert list(settings.work.iterdir()) == []


def test_a_disk_that_is_full_while_copying_ahead_is_left_to_whoever_needs_the_copy(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"kept")
    copy = Copy(source, tmp_path / "no such folder" / "target")
    assert not copy.moved(source, tmp_path / "target")
