"""A release to which filled forms may come back stays; after 120 days nobody sends one any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from yibiao.control.fills import ANSWERED_WITHIN, record_fill, versions_out
from yibiao.settings import TIME_ZONE, Settings

NOW = datetime(2026, 4, 3, 9, 0, tzinfo=ZoneInfo(TIME_ZONE))


def test_a_release_is_out_until_its_answers_are_too_late(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home")
    settings.open_home()
    assert versions_out(settings, now=NOW) == set()
    record_fill(settings, "old", "999901", ["a.b"], 3, at=NOW - timedelta(days=ANSWERED_WITHIN + 1))
    record_fill(settings, "new", "999901001001", ["a.b", "c.d"], 2, at=NOW - timedelta(days=ANSWERED_WITHIN - 1))
    assert versions_out(settings, now=NOW) == {"new"}
    assert versions_out(settings, now=NOW + timedelta(days=2)) == set()
