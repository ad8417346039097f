"""An error that nobody foresaw is told by kind and place, never by its text, which may quote a value."""

from __future__ import annotations

import errno
import sqlite3

import click
import pytest
from click.testing import CliRunner

from yibiao.cli.root import LazyGroup
from yibiao.contracts.documents import did_you_mean
from yibiao.errors import DeliveryError, HomeError
from yibiao.unforeseen import tell

VALUE = "张三丰 999901199001011234"


def caught(action) -> Exception:  # type: ignore[no-untyped-def]
    try:
        action()
    except Exception as error:
        return error
    raise AssertionError("it did not fail")


def test_kind_and_place_are_told_and_the_text_is_not() -> None:
    told = tell(caught(lambda: did_you_mean("x", None)))  # type: ignore[arg-type]
    assert told.got == "TypeError"
    assert told.where.startswith("contracts/documents.py:")
    told = tell(ValueError(f"could not convert {VALUE}"))
    assert VALUE not in str(told)
    assert "张三丰" not in repr(told)
    assert told.__cause__ is None


def test_an_error_of_ours_stays_as_it_is() -> None:
    error = DeliveryError("The file cannot be read.", where="a.csv")
    assert tell(error) is error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EFBIG, "File too large"),
        sqlite3.OperationalError("database or disk is full"),
        sqlite3.OperationalError("disk I/O error"),
        RuntimeError("IO Error: Could not write file: No space left on device"),
    ],
)
def test_a_full_disk_is_known_by_whatever_name(error: Exception) -> None:
    told = tell(error)
    assert isinstance(told, HomeError)
    assert "disk is full" in told.what
    assert "Free space" in told.todo


def test_a_full_disk_behind_another_error_is_known_too() -> None:
    def fails() -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise RuntimeError("something") from error

    assert "disk is full" in tell(caught(fails)).what


def test_the_command_line_shows_no_traceback_unless_a_developer_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command(cls=LazyGroup)
    def group() -> None:
        raise ValueError(VALUE)

    shown = CliRunner().invoke(group, ["run"])
    assert shown.exit_code == 1
    assert "The program failed in an unexpected way." in shown.output
    assert "got: ValueError" in shown.output
    assert VALUE not in shown.output
    assert CliRunner().invoke(group, ["no-such-command"]).exit_code == 2

    monkeypatch.setenv("YIBIAO_TRACEBACK", "1")
    assert isinstance(CliRunner().invoke(group, ["run"]).exception, ValueError)


def test_a_task_raises_the_safe_error_to_airflow_and_keeps_the_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from yibiao.orchestration import tasks
    from yibiao.settings import Settings

    watch = tasks.Watch(settings=Settings.load())
    monkeypatch.setattr(tasks, "watch", watch)

    def fails() -> None:
        with tasks._noted("unify"):
            raise ValueError(VALUE)

    raised = caught(fails)
    assert VALUE not in str(raised)
    assert raised.__suppress_context__
    assert isinstance(watch.failed["unify"], ValueError)
