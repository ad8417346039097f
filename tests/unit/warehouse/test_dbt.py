"""What is told when dbt fails without naming a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from yibiao.errors import LinkageError, WarehouseError
from yibiao.progress import Silent
from yibiao.settings import Settings
from yibiao.warehouse import dbt
from yibiao.warehouse.dbt_process import tell_what_is_shown

EVENT = '{{"data": {{"exc": "{text}"}}, "info": {{"level": "error", "name": "MainEncounteredError"}}}}'
"""What dbt 1.11 writes about an error outside of models."""


def _failing(text: str, status: int) -> str:
    return f"import sys; print({EVENT.format(text=text)!r}); sys.exit({status})"


@pytest.mark.parametrize(
    "text", ["[Errno 28] No space left on device", "[Errno 27] File too large", "[Errno 122] Disk quota exceeded"]
)
def test_a_full_disk_is_told_as_such(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    error = _error(monkeypatch, tmp_path, text)
    assert "disk is full" in error.what
    assert "Free disk space" in error.todo


def test_another_error_is_none_of_a_full_disk_and_its_text_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    error = _error(monkeypatch, tmp_path, "Could not convert 13900000000")
    assert "disk" not in error.what + error.todo
    assert error.got == "dbt ended with status 2"
    assert "contract generate --check" in error.todo


def test_an_error_of_our_own_in_a_model_is_told_as_it_is() -> None:
    """A model of linkage that another version trained, as dbt 1.11 tells what its Python model raised."""
    own = LinkageError(
        "Trained by another version.", where="resident.json", expected="5.0.0", got="4.0.0", todo="Train."
    )
    raised = f'  File "model.py", line 139, in read_model\nyibiao.errors.LinkageError: {own}\n'
    head = ("Runtime Error in model linkage_resident", "Python model failed:", "Traceback (most recent call last):")
    message = "\n  ".join([*head, *raised.splitlines()])
    told = dbt._own_error("linkage_resident", message)
    assert told is not None
    assert told.as_dict() == own.as_dict() | {"where": "resident.json (linkage_resident)"}
    assert dbt._own_error("linkage_resident", "Conversion Error: 13900000000") is None


def test_what_dbt_says_for_debugging_is_dropped_and_the_rest_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    from dbt_common.events import event_manager_client
    from dbt_common.events.base_types import EventLevel, EventMsg
    from dbt_common.events.functions import fire_event
    from dbt_common.events.types import Note, SystemExecutingCmd

    monkeypatch.setattr(event_manager_client, "_EVENT_MANAGER", None)
    tell_what_is_shown()
    told: list[EventMsg] = []
    event_manager_client.add_callback_to_manager(told.append)
    for level in EventLevel:
        fire_event(Note(msg=f"at level {level.value}"), level=level)
    fire_event(Note(msg="at its own level, info"))
    fire_event(SystemExecutingCmd(cmd=["at its own level, debug"]))
    assert [one.info.level for one in told] == ["info", "warn", "error", "info"]
    assert told[0].info.msg == "at level info"


def _error(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> WarehouseError:
    monkeypatch.setattr(dbt, "_PROGRAM", ("-c", _failing(text, 2)))
    settings = Settings.load(home=folder / "home")
    settings.open_home()
    with pytest.raises(WarehouseError) as caught:
        dbt.run_models(settings, folder / "warehouse.duckdb", folder, Silent())
    assert "13900000000" not in str(caught.value)
    return caught.value
