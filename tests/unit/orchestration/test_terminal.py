"""Progress: plain lines where nobody sits, bars on a terminal, seconds in both."""

from __future__ import annotations

import io

from yibiao.terminal import Terminal


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def work(terminal: Terminal) -> None:
    terminal.stage("ingest", 2, "reports")
    terminal.advance(1, "health.vaccination")
    terminal.advance(1, "water_group.water_account")
    terminal.end()
    terminal.stage("gate")
    terminal.advance(1)
    terminal.end()


def test_a_file_gets_one_plain_line_for_each_step() -> None:
    stream = io.StringIO()
    work(Terminal(stream))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "读取与检查 ingest (2 reports)"
    assert lines[1:3] == ["  1/2 health.vaccination", "  2/2 water_group.water_account"]
    assert lines[3].startswith("  读取与检查 ingest: ")
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_gets_a_bar_that_ends_full() -> None:
    stream = Tty()
    work(Terminal(stream))
    assert "\x1b[" in stream.getvalue()
    assert "2/2" in stream.getvalue()
    assert "gate" in stream.getvalue()


def test_seconds_of_a_stage_that_comes_twice_add_up() -> None:
    terminal = Terminal(io.StringIO())
    work(terminal)
    first = terminal.seconds["ingest"]
    work(terminal)
    assert list(terminal.seconds) == ["ingest", "gate"]
    assert terminal.seconds["ingest"] >= first


def test_a_new_stage_ends_the_one_before() -> None:
    terminal = Terminal(io.StringIO())
    terminal.stage("prepare")
    terminal.stage("ingest")
    terminal.end()
    terminal.end()
    assert list(terminal.seconds) == ["prepare", "ingest"]
