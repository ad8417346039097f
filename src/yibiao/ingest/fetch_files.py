"""Deliveries that are files: found by a glob in a folder, on SFTP or S3, whole, unpacked if they are archives."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from yibiao.contracts.reports import Report
from yibiao.errors import DeliveryError, YibiaoError
from yibiao.files import scratch
from yibiao.ingest.archives import is_archive, members
from yibiao.ingest.deliveries import Delivery, edition_from_text
from yibiao.ingest.fetch import Fetched, required_edition
from yibiao.ingest.landing import BLOCK, WRITERS, Mark, Seen, keep_file, keep_stream, object_path, record
from yibiao.ingest.places import place, unreachable
from yibiao.settings import Settings

UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload", ".download", ".swp")
"""Ends of names that programs give to files which they are still writing."""


@dataclass(frozen=True)
class Candidate:
    """A file at a report's place: `path` inside its file system, `name` for people."""

    path: str
    name: str


@dataclass(frozen=True)
class _Kept:
    """Bytes that were landed: of the file itself, or of one member of an archive."""

    name: str
    sha256: str
    bytes: int


def fetch_files(
    report: Report, settings: Settings, fetched: Fetched, edition: str | None, arriving: Callable[[int], None]
) -> None:
    """Land every file that lies at the report's place and is whole.

    Raises:
        DeliveryError: the place cannot be listed. What is wrong with one file stands in `fetched.errors`.
    """
    system, pattern = place(report, settings)
    seen = Seen(report.id, settings)

    def land(candidate: Candidate) -> list[tuple[Delivery, bool]] | YibiaoError | None:
        try:
            found = _fetch_file(report, settings, system, seen, candidate, edition, arriving)
            return None if found is None else [(delivery, record(delivery, settings)) for delivery in found]
        except YibiaoError as error:
            return error
        except OSError as error:
            return _unfetched(candidate, error.strerror or type(error).__name__)
        except Exception as error:
            if _is_local(system):
                raise
            return _unfetched(candidate, type(error).__name__)  # of the remote file system's own kind

    try:
        candidates = discover(report, system, pattern)
        with ThreadPoolExecutor(WRITERS if _is_local(system) else 1, "land") as pool:
            for candidate, result in zip(candidates, pool.map(land, candidates), strict=True):
                if isinstance(result, YibiaoError):
                    fetched.errors.append(result)
                elif result is None:
                    fetched.waiting.append(candidate.name)
                else:
                    for delivery, new in result:
                        fetched.deliveries.append(delivery)
                        fetched.new += new
        seen.save()
    finally:
        if client := getattr(system, "client", None):
            with contextlib.suppress(Exception):
                client.close()


def discover(report: Report, system: Any, pattern: str) -> list[Candidate]:
    """The files at a report's place, sorted by name.

    Raises:
        DeliveryError: the place cannot be listed.
    """
    marker = report.server.options.get("marker")
    try:
        if not _is_local(system):
            # A glob passes over what it may not see: without this a wrong password would look like an empty folder.
            system.ls(_folder(system, pattern))
        found = [str(path) for path in system.glob(pattern) if _is_local(system) or system.isfile(path)]
    except Exception as error:  # every file system of fsspec has its own errors
        raise unreachable(report, error) from None
    candidates = [Candidate(path, path.rsplit("/", 1)[-1]) for path in sorted(found)]
    return [one for one in candidates if not one.name.startswith((".", "~$")) and one.name != marker]


def _folder(system: Any, pattern: str) -> str:
    """What is there before any delivery: the folder above the first wildcard; in S3, which has none, the bucket."""
    if "s3" in system.protocol:
        return pattern.partition("/")[0]
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0].rpartition("/")[0] or "/"


def _fetch_file(
    report: Report,
    settings: Settings,
    system: Any,
    seen: Seen,
    candidate: Candidate,
    edition: str | None,
    arriving: Callable[[int], None],
) -> list[Delivery] | None:
    """Land one file, or the members of one archive; None if it is still arriving."""
    rule = report.edition
    if rule.source == "name" and not is_archive(candidate.name):
        edition_from_text(rule, candidate.name, where=candidate.name)  # before its bytes are copied
    elif rule.source == "parameter":
        edition = required_edition(report, edition)
    if not _complete(report, system, candidate):
        return None
    before = _mark(system, candidate)
    pattern = report.server.options.get("members", "*")
    known = seen.kept(candidate.path, before, pattern)
    if known is None:
        arriving(before.size if before else 0)
        kept = _keep(candidate, system, pattern, settings)
        if _mark(system, candidate) != before:
            return None  # somebody wrote to it meanwhile: these bytes are no delivery
        seen.remember(candidate.path, before, pattern, [[one.name, one.sha256, one.bytes] for one in kept])
    else:
        kept = [_Kept(*one) for one in known]
    return [_delivery(report, settings, candidate, one, edition) for one in kept]


def _delivery(report: Report, settings: Settings, candidate: Candidate, kept: _Kept, edition: str | None) -> Delivery:
    rule = report.edition
    if rule.source == "name":
        try:
            edition = edition_from_text(rule, kept.name.removeprefix(f"{candidate.name}/"), where=kept.name)
        except DeliveryError:
            # Members are often named after streets or sheets, and only their archive after the month.
            edition = edition_from_text(rule, candidate.name, where=kept.name)
    elif rule.source == "cell":
        from yibiao.ingest.readers.spreadsheet import title_text

        text = title_text(object_path(settings, kept.sha256), report, kept.name)
        edition = edition_from_text(rule, text, where=kept.name)
    assert edition is not None
    return Delivery(report.id, edition, kept.sha256, kept.bytes, kept.name, report.server.format)


def _keep(candidate: Candidate, system: Any, pattern: str, settings: Settings) -> list[_Kept]:
    """Copy a file's bytes, or those of an archive's members, into landing.

    Nothing is recorded before the whole archive was unpacked: half an archive is no delivery.
    """
    if not is_archive(candidate.name):
        if _is_local(system):
            return [_Kept(candidate.name, *keep_file(Path(candidate.path), settings))]
        with system.open(candidate.path, "rb") as stream:
            return [_Kept(candidate.name, *keep_stream(_Whole(stream, system, candidate), settings))]
    with contextlib.ExitStack() as stack:
        path = Path(candidate.path)
        if not _is_local(system):
            path = stack.enter_context(scratch(settings.work, "archive")) / "archive"
            with system.open(candidate.path, "rb") as stream, path.open("wb") as aside:
                source = _Whole(stream, system, candidate)
                while block := source.read(BLOCK):
                    aside.write(block)
        return [
            _Kept(name, *keep_stream(content, settings)) for name, content in members(path, candidate.name, pattern)
        ]


class _Whole:
    """A remote file's stream that knows its number of bytes: a connection may end early without an error."""

    def __init__(self, stream: IO[bytes], system: Any, candidate: Candidate) -> None:
        self._stream, self._left, self._candidate = stream, system.size(candidate.path), candidate

    def read(self, size: int) -> bytes:
        block = self._stream.read(size)
        if self._left is not None:
            self._left -= len(block)
            if not block and self._left > 0:
                raise _unfetched(self._candidate, f"{self._left:,} bytes fewer than the place states")
        return block


def _is_local(system: Any) -> bool:
    return "file" in ((system.protocol,) if isinstance(system.protocol, str) else system.protocol)


def _mark(system: Any, candidate: Candidate) -> Mark | None:
    """What changes when a file does; None if the place does not tell."""
    if _is_local(system):
        status = os.stat(candidate.path)
        return Mark(status.st_size, status.st_mtime_ns, str(status.st_ino))
    info = system.info(candidate.path)
    modified = info.get("mtime") or info.get("LastModified") or info.get("last_modified")
    if modified is None:
        return None
    moment = modified if isinstance(modified, int | float) else modified.timestamp()
    return Mark(info.get("size") or 0, int(moment * 1_000_000_000), str(info.get("ETag", "")))


def _complete(report: Report, system: Any, candidate: Candidate) -> bool:
    """Has the file arrived: is the marker there, was it left alone long enough, is its name a final one?"""
    if candidate.name.lower().endswith(UNFINISHED):
        return False
    options = report.server.options
    if marker := options.get("marker"):
        folder = candidate.path.rsplit("/", 1)[0]
        if not system.exists(f"{folder}/{marker.replace('{name}', candidate.name)}"):
            return False
    if quiet := options.get("quiet_seconds", 0):
        return time.time() - system.modified(candidate.path).timestamp() >= quiet
    return True


def _unfetched(candidate: Candidate, got: str) -> DeliveryError:
    return DeliveryError(
        "The delivery cannot be fetched.",
        where=candidate.name,
        got=got,
        todo="Check that the file can be read and that the disk has room; the next run tries again.",
    )
