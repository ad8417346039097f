"""Landing: original bytes, kept once by their hash, and a record for every delivery. Both are immutable."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import orjson

from yibiao.crash import crash_point
from yibiao.errors import DeliveryError
from yibiao.files import commit_file, seal_file, sync, to_json
from yibiao.ingest.deliveries import Delivery
from yibiao.settings import Settings

BLOCK = 1 << 18
"""Bytes hashed and written at once: they stay in the processor's cache."""

WRITERS = 4
"""Files or packages that are made durable at the same time: a disk flushes several as fast as one."""

_SETTLED = 2_000_000_000
"""Nanoseconds after which a file's time stamp is trusted to change with its content."""


def object_path(settings: Settings, sha256: str) -> Path:
    """Where the bytes with this hash lie."""
    return settings.landing / "objects" / sha256[:2] / sha256


def landed(report: str, settings: Settings) -> list[Delivery]:
    """Every delivery of a report that ever landed, sorted by edition, then hash."""
    department, name = report.split(".", 1)
    found = []
    for path in sorted((settings.landing / "deliveries" / department / name).glob("*--*.json")):
        try:
            record = orjson.loads(path.read_bytes())
            found.append(Delivery(**{key: value for key, value in record.items() if key != "format"}))
        except (ValueError, TypeError) as error:
            raise DeliveryError(
                "A delivery record in landing is damaged.",
                where=str(path),
                got=type(error).__name__,
                todo="Delete this record; the next run lands the delivery again.",
            ) from None
    return sorted(found, key=lambda delivery: (delivery.edition, delivery.sha256))


def record(delivery: Delivery, settings: Settings) -> bool:
    """Write down that a delivery has landed; False if that is known already."""
    department, name = delivery.report.split(".", 1)
    folder = settings.landing / "deliveries" / department / name
    path = folder / f"{delivery.edition}--{delivery.sha256[:16]}.json"
    if path.exists():
        return False
    commit_file(to_json(delivery.as_record()), path, "landing.delivery")
    return True


class Readable(Protocol):
    """Gives the next bytes, none at the end."""

    def read(self, size: int, /) -> bytes: ...


def keep_stream(source: Readable, settings: Settings) -> tuple[str, int]:
    """Copy a byte stream into landing.

    Returns:
        Its SHA-256 and its number of bytes. If the bytes were there already, landing is not changed.
    """
    total, size = hashlib.sha256(), 0
    with _aside(settings) as (stream, path):
        while block := source.read(BLOCK):
            total.update(block)
            stream.write(block)
            size += len(block)
        stream.close()
        sha256 = total.hexdigest()
        commit_object(path, sha256, settings)
    return sha256, size


def keep_file(source: Path, settings: Settings) -> tuple[str, int]:
    """Copy a local file into landing; as `keep_stream`, but the kernel copies, at half the cost."""
    with _aside(settings) as (stream, path), source.open("rb") as reader:
        try:
            while os.copy_file_range(reader.fileno(), stream.fileno(), 1 << 30):
                pass
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
            reader.seek(0)
            stream.truncate(0)
            shutil.copyfileobj(reader, stream, BLOCK)
        stream.close()
        # The copy is hashed, not the source, since somebody may be writing to that.
        sha256, size = seal_file(path), path.stat().st_size
        commit_object(path, sha256, settings, synced=True)
    return sha256, size


def commit_object(path: Path, sha256: str, settings: Settings, *, synced: bool = False) -> None:
    """Move finished bytes, on the same file system, to the place that their hash gives; the rename is the commit.

    Args:
        synced: they are on the disk already.
    """
    final = object_path(settings, sha256)
    if final.exists():
        return
    if not synced:
        sync(path)
    path.chmod(0o400)
    final.parent.mkdir(parents=True, exist_ok=True)
    crash_point("landing.object.before")
    path.rename(final)
    sync(final.parent)
    crash_point("landing.object.after")


@contextmanager
def _aside(settings: Settings) -> Iterator[tuple[IO[bytes], Path]]:
    settings.work.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix="landing-", dir=settings.work)
    stream = os.fdopen(descriptor, "wb")
    try:
        yield stream, Path(name)
    finally:
        stream.close()
        Path(name).unlink(missing_ok=True)


@dataclass(frozen=True)
class Mark:
    """What changes when a file does: its bytes, its time stamp in nanoseconds, its inode or tag."""

    size: int
    modified: int
    tag: str


class Seen:
    """Remembers what was kept of files that have not changed. Only an optimisation.

    One file per report, so that reports that are ingested at the same time do not share it.
    """

    def __init__(self, report: str, settings: Settings) -> None:
        self._path = settings.landing / "seen" / f"{report}.json"
        self._settings = settings
        self._changed = False
        self._known: dict[str, Any] = {}
        with suppress(OSError, ValueError):  # first run, or damaged: everything is hashed again
            self._known = orjson.loads(self._path.read_bytes())

    def kept(self, path: str, mark: Mark | None, pattern: str) -> list[tuple[str, str, int]] | None:
        """`(name, sha256, bytes)` of everything that was kept of an unchanged file and is in landing.

        Args:
            pattern: which members of an archive are deliveries.
        """
        try:
            known = self._known[path]
            if mark is None or known[0] != [mark.size, mark.modified, mark.tag, pattern]:
                return None
            kept = [(str(name), str(sha256), int(size)) for name, sha256, size in known[1]]
        except (KeyError, TypeError, ValueError, IndexError):  # never seen, or written by another version
            return None
        return kept if all(object_path(self._settings, sha256).exists() for _, sha256, _ in kept) else None

    def remember(self, path: str, mark: Mark | None, pattern: str, kept: list[list[Any]]) -> None:
        # A file that was written a moment ago may change again within the same tick of its time stamp.
        if mark is not None and time.time_ns() - mark.modified > _SETTLED:
            self._known[path] = [[mark.size, mark.modified, mark.tag, pattern], kept]
            self._changed = True

    def save(self) -> None:
        if not self._changed:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        aside = self._path.with_name(f".{self._path.name}-{os.getpid()}")
        aside.write_bytes(orjson.dumps(self._known))
        aside.replace(self._path)
