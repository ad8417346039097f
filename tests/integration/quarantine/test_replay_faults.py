"""Faults while mended rows come back: nothing half to be seen, and the same file completes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from slip_helpers import mend, schemas_at, slip_of
from slip_worlds import Mistakes, World
from yibiao.errors import LoadError
from yibiao.quarantine.replay import Replayed, replay

MakeWorld = Callable[[Mapping[str, Mistakes]], World]

MISTAKES: Mistakes = {2: "citizen_id.check_digit", 5: "sex_code.code", 9: "resident_name.required"}


def test_a_disk_that_is_full_while_rows_come_back_is_told_and_the_same_file_completes_it(
    make_world: MakeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from yibiao.quarantine import packages

    world = make_world({"2026-02": MISTAKES})

    def bring_back() -> Replayed:
        return replay(path, schemas_at(world.at.settings.schemas), world.at.settings)

    path = mend(slip_of(world.at.settings, tmp_path / "slip.xlsx"), world.spoiled["2026-02"].truth, (2, 5))
    before = world.staged()

    class Full(packages.pq.ParquetWriter):  # type: ignore[misc]
        def write_table(self, *_: Any, **__: Any) -> None:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(packages.pq, "ParquetWriter", Full)
        with pytest.raises(LoadError, match="amendment package cannot be written") as error:
            bring_back()
    assert (error.value.got, "Free disk space" in error.value.todo) == ("No space left on device", True)
    assert world.staged() == before
    assert list(world.at.home.glob("lake/*/*/amend=*")) == []
    assert set(bring_back().resolved) == {2, 5}
    assert world.staged() != before
