"""The command starts fast and imports only what it uses."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

YIBIAO = Path(sys.executable).with_name("yibiao")
HEAVY = (
    "airflow",
    "dbt",
    "duckdb",
    "great_expectations",
    "httpx",
    "numpy",
    "openpyxl",
    "pandas",
    "pyarrow",
    "sqlalchemy",
)


def test_help_takes_less_than_half_a_second() -> None:
    seconds = []
    for _ in range(3):
        # Its processor time: starting waits for nothing else, and other tests beside it do not count.
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = subprocess.run([YIBIAO, "--help"], capture_output=True, text=True, check=True)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime)
    assert "run" in result.stdout
    assert min(seconds) < 0.5


def test_help_imports_no_heavy_library() -> None:
    script = "import sys; sys.argv = ['yibiao', '--help']\nfrom yibiao.cli import main\n"
    script += "try: main()\nexcept SystemExit: pass\n"
    script += f"import json; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(result.stdout.splitlines()[-1]) == []


def test_every_command_that_help_names_exists_and_has_help() -> None:
    script = (
        "import importlib, click\nfrom yibiao.cli.root import COMMANDS\n"
        "for name in COMMANDS:\n"
        "    command = getattr(importlib.import_module(f'yibiao.cli.{name}'), name)\n"
        "    assert isinstance(command, click.Command) and command.help, name\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_run_refuses_a_data_folder_that_is_not_there(tmp_path: Path) -> None:
    result = subprocess.run(
        [YIBIAO, "run", "--data", tmp_path / "nowhere", "--home", tmp_path / "home"],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert result.returncode == 1
    assert "nowhere" in result.stderr
    assert "--data" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "home").exists()


def test_run_refuses_a_home_folder_that_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("mine")
    result = subprocess.run(
        [YIBIAO, "run", "--data", tmp_path, "--home", tmp_path / "home"], capture_output=True, text=True
    )
    assert result.returncode == 1
    assert "not made by this program" in result.stderr
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["letter.txt"]
