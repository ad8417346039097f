"""The run lock: one run, or several Airflow tasks, never both."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from yibiao.errors import HomeError
from yibiao.orchestration.lock import run_lock
from yibiao.settings import Settings

OTHER = """
import sys
from yibiao.errors import HomeError
from yibiao.orchestration.lock import run_lock
from yibiao.settings import Settings
try:
    with run_lock(Settings.load(home=sys.argv[1]), "another", shared=sys.argv[2] == "shared"):
        print("got it")
except HomeError as error:
    print(error.got)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings.load(home=tmp_path / "home")
    made.open_home()
    return made


def other_process(settings: Settings, kind: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", OTHER, str(settings.home), kind], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize(
    ("mine", "other", "gets_it"),
    [
        ("exclusive", "exclusive", False),
        ("exclusive", "shared", False),
        ("shared", "exclusive", False),
        ("shared", "shared", True),
    ],
)
def test_a_run_excludes_everybody_and_tasks_exclude_only_runs(
    settings: Settings, mine: str, other: str, gets_it: bool
) -> None:
    with run_lock(settings, "this test", shared=mine == "shared"):
        answer = other_process(settings, other)
    assert answer == "got it" if gets_it else f"this test, process {os.getpid()}" in answer
    assert other_process(settings, "exclusive") == "got it"


def test_a_task_inside_a_run_of_the_same_process_goes_on(settings: Settings) -> None:
    with run_lock(settings, "yibiao run"):
        with run_lock(settings, "Airflow", shared=True):
            pass
        assert "yibiao run" in other_process(settings, "shared")


def test_a_failing_block_gives_the_lock_back(settings: Settings) -> None:
    with pytest.raises(RuntimeError), run_lock(settings, "yibiao run"):
        raise RuntimeError
    assert other_process(settings, "exclusive") == "got it"


def test_a_killed_holder_does_not_lock_anybody_out(settings: Settings) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            OTHER.replace('print("got it")', 'print("got it", flush=True); import time; time.sleep(60)'),
            str(settings.home),
            "exclusive",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "got it\n"
    with pytest.raises(HomeError), run_lock(settings, "yibiao run"):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with run_lock(settings, "yibiao run"):
        pass
