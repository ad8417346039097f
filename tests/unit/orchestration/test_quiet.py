"""What libraries and child processes print goes to the log, not to the screen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import os, sys
from pathlib import Path
from yibiao.orchestration.quiet import quiet
early = sys.stderr
with quiet(Path(sys.argv[1]), stream=sys.argv[2]) as screen:
    print("from a library")
    early.write("from a logger\\n")
    os.system("echo from a child; echo from a child >&2")
    screen.write("from us 一表\\n")
print("afterwards")
if len(sys.argv) > 3:
    with quiet(Path(sys.argv[1])):
        raise SystemExit("failed inside")
"""


def start(log: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", SCRIPT, str(log), *arguments], capture_output=True, text=True)


def test_only_our_own_words_reach_the_screen(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "run-1.log"
    result = start(log, "stdout")
    assert (result.stdout, result.stderr) == ("from us 一表\nafterwards\n", "")
    assert sorted(log.read_text().splitlines()) == ["from a child", "from a child", "from a library", "from a logger"]


def test_our_words_can_go_to_standard_error_so_that_programs_read_clean_json(tmp_path: Path) -> None:
    result = start(tmp_path / "run-1.log", "stderr")
    assert (result.stdout, result.stderr) == ("afterwards\n", "from us 一表\n")


def test_an_error_inside_is_shown_on_the_screen_again(tmp_path: Path) -> None:
    result = start(tmp_path / "run-1.log", "stdout", "fail")
    assert result.returncode == 1
    assert "failed inside" in result.stderr


def test_old_logs_are_forgotten(tmp_path: Path) -> None:
    for number in range(100, 150):
        (tmp_path / f"run-{number}.log").write_text("")
    (tmp_path / "other.txt").write_text("")
    start(tmp_path / "run-200.log", "stdout")
    left = sorted(path.name for path in tmp_path.glob("run-*.log"))
    assert (left[0], left[-1], len(left)) == ("run-121.log", "run-200.log", 30)
    assert (tmp_path / "other.txt").exists()
