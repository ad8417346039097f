"""The published versions: immutable folders, the `current` link that one rename switches, and the journal of what was
published when."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from yibiao.crash import crash_point
from yibiao.errors import ReleaseError
from yibiao.files import sync
from yibiao.settings import TIME_ZONE, Settings

DATABASE = "yibiao.duckdb"
MANIFEST = "manifest.json"
JOURNAL = "journal.jsonl"


@dataclass(frozen=True)
class Release:
    """One version folder; the manifest in it is the truth about it."""

    folder: Path

    @property
    def version(self) -> str:
        return self.folder.name

    @property
    def database(self) -> Path:
        return self.folder / DATABASE

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        import orjson

        try:
            return orjson.loads((self.folder / MANIFEST).read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise ReleaseError(
                "The release has no readable manifest.",
                where=str(self.folder),
                expected=MANIFEST,
                got=type(error).__name__,
                todo="Remove the folder and run `yibiao run --force`.",
            ) from None


def current(settings: Settings) -> Release | None:
    """The release that readers see, or None before the first one."""
    link = settings.releases / "current"
    if not link.is_symlink():
        return None
    folder = settings.releases / os.readlink(link)
    if not folder.is_dir():
        raise ReleaseError(
            "The current release is missing.",
            where=str(folder),
            expected="the folder that `current` points to",
            todo="Choose another with `yibiao release rollback VERSION`, or publish anew with `yibiao run`.",
        )
    return Release(folder)


def available(settings: Settings) -> Release | None:
    """The current release if its folder is there; a run publishes anew where `current` would complain."""
    version = present_version(settings)
    release = Release(settings.releases / version) if version else None
    return release if release and (release.folder / MANIFEST).is_file() else None


def present_version(settings: Settings) -> str | None:
    """What `current` points to, whether or not it is there: for those who mend it."""
    link = settings.releases / "current"
    return os.readlink(link) if link.is_symlink() else None


def need_current(settings: Settings) -> Release:
    """The current release; a clear error if nothing was published yet."""
    release = current(settings)
    if release is None:
        raise ReleaseError("Nothing is published yet.", where=str(settings.releases), todo="Run `yibiao run` first.")
    return release


def find(settings: Settings, version: str) -> Release:
    """The release of this version.

    Raises:
        ReleaseError: there is none; lists those that are there.
    """
    versions = [release.version for release in every(settings)]
    if version not in versions:
        raise ReleaseError(
            "There is no release of this version.",
            where=str(settings.releases),
            expected=" or ".join(versions) or "a published release",
            got=version,
            todo="See the versions with `yibiao release list`.",
        )
    return Release(settings.releases / version)


def every(settings: Settings) -> list[Release]:
    """All releases, by version."""
    return [
        Release(folder)
        for folder in sorted(settings.releases.iterdir())
        if folder.is_dir() and not folder.is_symlink() and not folder.name.startswith(".")
    ]


def switch(settings: Settings, release: Release, action: str) -> None:
    """Make a release current by one rename and write it into the journal.

    Args:
        action: `publish` or `rollback`. A rollback is written down first: killed after the rename, it would otherwise
            be taken for a publication, and the next run would publish again what an operator took away. Killed before
            it, the journal is put right by `complete_journal`, as after a publication.
    """
    if action == "rollback":
        _write_journal(settings, action, release)
    aside = settings.releases / f".current-{os.getpid()}"
    aside.unlink(missing_ok=True)
    aside.symlink_to(release.version)
    crash_point("release.current.before")
    aside.replace(settings.releases / "current")
    sync(settings.releases)
    crash_point("release.current.after")
    if action != "rollback":
        _write_journal(settings, action, release)


def journal(settings: Settings) -> list[dict[str, Any]]:
    """What was published, rolled back or removed, oldest first: `{at, action, version, fingerprint}`."""
    import orjson

    path = settings.releases / JOURNAL
    if not path.exists():
        return []
    entries = []
    for line in path.read_bytes().splitlines():
        try:
            entries.append(orjson.loads(line))
        except orjson.JSONDecodeError:
            continue  # a line that a power cut left unfinished; the folder and the link are the truth
    return entries


def complete_journal(settings: Settings) -> None:
    """Write the entry that a crash left out between switch and journal, or undo one of a rollback that was cut off."""
    release = available(settings)
    if release is None:
        return
    switches = [entry for entry in journal(settings) if entry["action"] in ("publish", "rollback")]
    if not switches or switches[-1]["version"] != release.version:
        _write_journal(settings, "publish", release)


def rolled_back_from(settings: Settings) -> str | None:
    """Fingerprint of the release that a rollback took away, as long as nothing was published since."""
    switches = [entry for entry in journal(settings) if entry["action"] in ("publish", "rollback")]
    if len(switches) < 2 or switches[-1]["action"] != "rollback":
        return None
    return next((entry["fingerprint"] for entry in reversed(switches) if entry["action"] == "publish"), None)


def rollback(settings: Settings, version: str | None = None) -> Release:
    """Switch back to an earlier release; the next run leaves it there until the inputs change.

    Args:
        version: which one; without it, the one that was current before.

    Raises:
        ReleaseError: there is no such release.
    """
    present = present_version(settings)
    if present is None:
        need_current(settings)
    if version is None:
        there = {release.version for release in every(settings)}
        before = [
            entry["version"]
            for entry in journal(settings)
            if entry["action"] in ("publish", "rollback") and entry["version"] in there - {present}
        ]
        if not before:
            raise ReleaseError(
                "There is no earlier release to go back to.",
                where=str(settings.releases),
                got=f"only {present}",
                todo="See the versions with `yibiao release list`.",
            )
        version = before[-1]
    release = find(settings, version)
    if release.version != present:
        switch(settings, release, "rollback")
        _keep_ids(settings)
    return release


def prune(settings: Settings, keep: int) -> list[str]:
    """Remove all but the newest `keep` releases; never the current one, nor one to which filled forms may come back.

    Returns:
        The removed versions.
    """
    if keep < 1:
        raise ReleaseError("At least one release stays.", expected="--keep 1 or more", got=str(keep))
    from yibiao.control.fills import versions_out
    from yibiao.warehouse.published import KNOWN_SINCE, known_first_by

    present = need_current(settings)
    _keep_ids(settings)
    last_use = {entry["version"]: place for place, entry in enumerate(journal(settings)) if entry["action"] != "prune"}
    by_age = sorted(every(settings), key=lambda release: last_use.get(release.version, -1), reverse=True)
    kept = {present.version, *[release.version for release in by_age[:keep]], *versions_out(settings)}
    removed = []
    for release in by_age:
        if release.version in kept:
            continue
        aside = settings.work / f"pruned-{release.version}"
        entry = release
        fingerprint = entry.manifest.get("fingerprint", "")
        known = known_first_by(settings, release.version)
        crash_point("release.prune.before")
        release.folder.rename(aside)
        sync(settings.releases)
        crash_point("release.prune.after")
        _write_journal(settings, "prune", entry, fingerprint=fingerprint, **({KNOWN_SINCE: known} if known else {}))
        shutil.rmtree(aside)
        removed.append(release.version)
    return removed


def _keep_ids(settings: Settings) -> None:
    """Write down what became of ids while both releases are still there."""
    from yibiao.warehouse.identities import record_changes

    record_changes(settings)


def _write_journal(
    settings: Settings, action: str, release: Release, fingerprint: str | None = None, **more: Any
) -> None:
    import orjson

    entry = {
        "at": datetime.now(ZoneInfo(TIME_ZONE)).isoformat(timespec="seconds"),
        "action": action,
        "version": release.version,
        "fingerprint": release.manifest["fingerprint"] if fingerprint is None else fingerprint,
        **more,
    }
    descriptor = os.open(settings.releases / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
