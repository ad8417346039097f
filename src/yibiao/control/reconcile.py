"""Make the index agree with the manifests again, and clear away what a killed process left."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from yibiao.control.database import connect
from yibiao.errors import LoadError, ReleaseError
from yibiao.settings import Settings

INDEX_LOCK = 0x79696269
"""Number of the advisory lock of PostgreSQL that a reconcile step holds; any constant that nobody else uses."""


@dataclass(frozen=True)
class Reconciled:
    """What a reconcile step found different from the manifests.

    Attributes:
        loads_added, loads_removed: index rows written and deleted.
        releases: release folders indexed.
        scratch_removed: unfinished folders of dead processes that were deleted.
        runs_killed: runs that never wrote down their end.
    """

    loads_added: int
    loads_removed: int
    releases: int
    scratch_removed: int
    runs_killed: int


def reconcile(settings: Settings, *, alone: bool = False) -> Reconciled:
    """Rebuild the index of loads and releases from the folders. Cheap: only manifests not yet indexed are read.

    Args:
        alone: the caller holds the run lock exclusively, so everything in the scratch folder and every run that is
            still marked as running belongs to a process that died; both are put right.

    Raises:
        LoadError, ReleaseError: a manifest is damaged.
    """
    from sqlalchemy import delete, func, insert, select, update

    from yibiao.control.tables import load, release, run

    scratch = _clear_scratch(settings) if alone else 0
    folders = {path.name.removeprefix("load="): path for path in settings.lake.glob("*/*/load=*")}
    with connect(settings) as connection:
        if connection.dialect.name == "postgresql":
            # SQLite lets one writer in at a time; here two tasks would otherwise insert the same rows.
            connection.execute(select(func.pg_advisory_xact_lock(INDEX_LOCK)))
        known = set(connection.scalars(select(load.c.load_id)))
        gone = sorted(known - folders.keys())
        new = [_load_row(folders[load_id]) for load_id in sorted(folders.keys() - known)]
        for load_id in gone:
            connection.execute(delete(load).where(load.c.load_id == load_id))
        if new:
            connection.execute(insert(load), new)

        releases = list(_release_rows(settings))
        connection.execute(delete(release))
        if releases:
            connection.execute(insert(release), releases)

        killed = 0
        if alone:
            killed = connection.execute(
                update(run).where(run.c.state == "running").values(state="killed", message="ended without a word")
            ).rowcount
    return Reconciled(len(new), len(gone), len(releases), scratch, killed)


def _clear_scratch(settings: Settings) -> int:
    """Delete unfinished folders in `work/` and the unfinished hidden files that stand beside their final places."""
    left = [*settings.work.glob("*"), *settings.home.glob(".*-*"), *settings.releases.glob(".*-*")]
    left += [path for path in settings.landing.rglob(".*-*") if path.is_file()]
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return len(left)


def _load_row(folder: Path) -> dict:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_bytes())
        return {
            "load_id": manifest["load_id"],
            "report": manifest["report"],
            "department": manifest["department"],
            "edition": manifest["edition"],
            "edition_date": date.fromisoformat(manifest["edition_date"]),
            "mode": manifest["mode"],
            "delivery_sha256": manifest["delivery"]["sha256"],
            "contract_version": str(manifest["contract"]["version"]),
            "contract_semantics": manifest["contract"]["semantics"],
            "reader_version": str(manifest["reader_version"]),
            "rows_read": manifest["counts"]["read"],
            "rows_accepted": manifest["counts"]["accepted"],
            "rows_quarantined": manifest["counts"]["quarantined"],
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        # A package appears by one rename after it is complete, so this is damage from outside, never a crash of ours.
        raise LoadError(
            "The manifest of a load package cannot be read.",
            where=str(path),
            expected="a complete manifest.json of format 1",
            got=type(error).__name__,
            todo="Delete this load folder; the next run reads its delivery from landing again.",
        ) from None


def _release_rows(settings: Settings) -> Iterator[dict]:
    current = settings.releases / "current"
    target = current.resolve().name if current.is_symlink() else None
    for path in sorted(settings.releases.glob("*/manifest.json")):
        if path.parent.is_symlink():
            continue
        try:
            manifest = json.loads(path.read_bytes())
            if not isinstance(manifest, dict):
                raise ValueError("not an object")
        except (OSError, ValueError) as error:
            raise ReleaseError(
                "The manifest of a release cannot be read.",
                where=str(path),
                expected="a complete manifest.json",
                got=type(error).__name__,
                todo="Restore the folder from a backup, or remove it by hand; the next run publishes anew.",
            ) from None
        yield {
            "version": path.parent.name,
            "fingerprint": str(manifest.get("fingerprint", "")),
            "content_hash": str(manifest.get("content_hash", "")),
            "is_current": path.parent.name == target,
            "manifest": manifest,
        }
