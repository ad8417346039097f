"""What is made ready for a unify run, and what becomes of it if nobody takes it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from yibiao.settings import Settings
from yibiao.warehouse import ahead
from yibiao.warehouse.ahead import Ahead, Copy


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings.load(home=tmp_path / "home")
    settings.open_home()
    (settings.home / "warehouse.duckdb").write_bytes(b"kept" * 1000)
    return settings


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


def test_the_copy_is_moved_and_leaves_nothing_behind(settings: Settings, begun: list[str]) -> None:
    target = settings.work / "taken"
    with Ahead(settings) as ready:
        ready.begin(copy=True)
        ready.take(target)
        assert target.read_bytes() == b"kept" * 1000
        target.unlink()
        ready.take(target)  # a second build of the same run
        assert target.read_bytes() == b"kept" * 1000
    assert sorted(path.name for path in settings.work.iterdir()) == ["taken"]


def test_a_copy_of_another_warehouse_than_the_kept_one_is_not_taken(settings: Settings, begun: list[str]) -> None:
    with Ahead(settings) as ready:
        ready.begin(copy=True)
        time.sleep(0.05)
        (settings.home / "warehouse.duckdb").write_bytes(b"newer")
        ready.take(settings.work / "taken")
    assert (settings.work / "taken").read_bytes() == b"newer"


def test_a_copy_that_nobody_takes_is_removed(settings: Settings, begun: list[str]) -> None:
    with Ahead(settings) as ready:
        ready.begin(copy=True)
    assert list(settings.work.iterdir()) == []


def test_a_disk_that_is_full_while_copying_ahead_is_left_to_whoever_needs_the_copy(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"kept")
    copy = Copy(source, tmp_path / "no such folder" / "target")
    assert not copy.moved(tmp_path / "target")
