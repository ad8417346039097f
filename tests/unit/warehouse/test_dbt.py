"""What is told when dbt fails without naming a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from yibiao.errors import LinkageError, WarehouseError
from yibiao.progress import Silent
from yibiao.settings import Settings
from yibiao.warehouse import dbt

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


def _error(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> WarehouseError:
    monkeypatch.setattr(dbt, "_PROGRAM", ("-c", _failing(text, 2)))
    settings = Settings.load(home=folder / "home")
    settings.open_home()
    with pytest.raises(WarehouseError) as caught:
        dbt.run_models(settings, folder / "warehouse.duckdb", folder, Silent())
    assert "13900000000" not in str(caught.value)
    return caught.value
