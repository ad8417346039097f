"""Releases are switched in one step, remembered in a journal, and never lost while current."""

import os
import shutil

import orjson
import pytest

from yibiao.errors import HomeError, ReleaseError
from yibiao.settings import Settings
from yibiao.warehouse import releases


@pytest.fixture
def home(tmp_path):
    settings = Settings.load(home=tmp_path / "home")
    settings.open_home()
    return settings


def publish(settings, version):
    folder = settings.releases / version
    folder.mkdir()
    (folder / "manifest.json").write_bytes(
        orjson.dumps({"fingerprint": f"print-{version}", "content_hash": "c", "files": {}, "tables": {}})
    )
    releases.switch(settings, releases.Release(folder), "publish")


def test_before_the_first_release_readers_get_a_clear_error(home):
    assert releases.current(home) is None
    with pytest.raises(ReleaseError, match="Run `yibiao run` first"):
        releases.need_current(home)


def test_the_current_release_is_the_last_published(home):
    publish(home, "2026-01-a")
    publish(home, "2026-02-b")
    assert releases.need_current(home).version == "2026-02-b"
    assert os.readlink(home.releases / "current") == "2026-02-b"


def test_rollback_goes_to_the_release_before_and_is_remembered(home):
    publish(home, "2026-01-a")
    publish(home, "2026-02-b")
    assert releases.rollback(home).version == "2026-01-a"
    assert releases.rolled_back_from(home) == "print-2026-02-b"
    publish(home, "2026-03-c")
    assert releases.rolled_back_from(home) is None


def test_a_missing_current_folder_can_be_mended_by_a_rollback(home):
    publish(home, "2026-01-a")
    publish(home, "2026-02-b")
    shutil.rmtree(home.releases / "2026-02-b")
    with pytest.raises(ReleaseError, match="rollback VERSION"):
        releases.need_current(home)
    releases.complete_journal(home)
    assert releases.available(home) is None
    releases.rollback(home, "2026-01-a")
    assert releases.need_current(home).version == "2026-01-a"


def test_rollback_to_an_unknown_version_lists_what_there_is(home):
    publish(home, "2026-01-a")
    with pytest.raises(ReleaseError, match="2026-01-a"):
        releases.rollback(home, "2025-12-x")


def test_rollback_without_an_earlier_release_is_refused(home):
    publish(home, "2026-01-a")
    with pytest.raises(ReleaseError, match="no earlier release"):
        releases.rollback(home)


def test_prune_keeps_the_newest_and_always_the_current(home):
    for version in ("2026-01-a", "2026-02-b", "2026-03-c", "2026-04-d"):
        publish(home, version)
    releases.rollback(home, "2026-01-a")
    assert releases.prune(home, keep=1) == ["2026-04-d", "2026-03-c", "2026-02-b"]
    assert [release.version for release in releases.every(home)] == ["2026-01-a"]
    assert not list(home.work.iterdir())


def test_a_journal_entry_lost_in_a_crash_is_written_at_the_next_start(home):
    publish(home, "2026-01-a")
    (home.releases / releases.JOURNAL).unlink()
    releases.complete_journal(home)
    assert [entry["version"] for entry in releases.journal(home)] == ["2026-01-a"]


def test_a_half_written_journal_line_is_passed_over(home):
    publish(home, "2026-01-a")
    with (home.releases / releases.JOURNAL).open("ab") as stream:
        stream.write(b'{"at": "20')
    assert len(releases.journal(home)) == 1


def test_a_folder_of_another_format_is_refused(home):
    (home.home / "format").write_text("99\n")
    with pytest.raises(HomeError, match="format 99"):
        home.open_home()


def test_a_folder_that_is_not_ours_is_refused(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(HomeError, match="not made by this program"):
        Settings.load(home=tmp_path).open_home()


def test_the_home_folder_is_closed_to_others(home):
    assert home.home.stat().st_mode & 0o777 == 0o700
