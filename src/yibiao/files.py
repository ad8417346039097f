"""Commit by rename: write aside on the same file system, make it durable, move it into place in one step."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import orjson

from yibiao.crash import crash_point


def sync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read in bounded memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def seal_file(path: Path) -> str:
    """SHA-256 of a finished file, which is made durable meanwhile: the disk works while the processor does."""
    with ThreadPoolExecutor(1, "sync") as disk:
        synced = disk.submit(sync, path)
        sha256 = sha256_file(path)
        synced.result()
    return sha256


@contextmanager
def scratch(work: Path, prefix: str, *, alone: bool = False) -> Iterator[Path]:
    """A private folder under `work` that is gone afterwards, unless it was committed away.

    Args:
        alone: the caller holds a lock, so that nobody else uses this prefix: the folder has the same name every time,
            and what a killed process left there is removed.
    """
    work.mkdir(parents=True, exist_ok=True)
    if alone:
        folder = work / prefix
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
    else:
        folder = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=work))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def commit_folder(aside: Path, final: Path, commit: str) -> bool:
    """Move a finished folder into place; the rename is the commit.

    Args:
        aside: folder on the same file system as `final`.
        final: its immutable place.
        commit: name in `yibiao.crash.COMMITS`.

    Returns:
        False if `final` was there already (another run was faster); then `aside` is left for its owner to remove.
    """
    for path in sorted(aside.rglob("*")):
        sync(path)
    sync(aside)
    final.parent.mkdir(parents=True, exist_ok=True)
    crash_point(f"{commit}.before")
    if final.exists():
        return False
    try:
        aside.rename(final)
    except OSError:
        if final.exists():
            return False
        raise
    sync(final.parent)
    crash_point(f"{commit}.after")
    return True


def commit_file(content: bytes, final: Path, commit: str) -> None:
    """Write a small file so that readers see the old or the new content, never a part."""
    final.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{final.name}-", dir=final.parent)
    aside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        crash_point(f"{commit}.before")
        aside.replace(final)
        sync(final.parent)
        crash_point(f"{commit}.after")
    finally:
        aside.unlink(missing_ok=True)


def replace_file(content: bytes, final: Path) -> None:
    """Write a file that somebody asked for in the place of whatever stands there, readable by others, never a part."""
    descriptor, name = tempfile.mkstemp(prefix=f".{final.name}-", dir=final.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        os.chmod(name, 0o644)
        os.replace(name, final)
    finally:
        Path(name).unlink(missing_ok=True)


def to_json(value: object) -> bytes:
    """Canonical JSON: sorted keys, two spaces, one final newline, so that equal content is equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
