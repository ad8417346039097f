"""Where a report's deliveries lie, and how they come into landing: files, databases, HTTP APIs."""

from __future__ import annotations

import glob
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yibiao.contracts.values import Report
from yibiao.errors import DeliveryError, YibiaoError
from yibiao.ingest.deliveries import Delivery, edition_date, edition_from_text
from yibiao.ingest.landing import WRITERS, Seen, keep_file, keep_stream, object_path, record
from yibiao.settings import Settings

_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass
class Fetched:
    """What one look at a report's source brought.

    Attributes:
        deliveries: everything that lies there now, landed.
        new: how many of them had not landed before.
        waiting: names of files that are still arriving and were left.
        errors: what could not be fetched; the rest could.
    """

    deliveries: list[Delivery] = field(default_factory=list)
    new: int = 0
    waiting: list[str] = field(default_factory=list)
    errors: list[YibiaoError] = field(default_factory=list)

    def add(self, delivery: Delivery, settings: Settings) -> None:
        self.new += record(delivery, settings)
        self.deliveries.append(delivery)


@dataclass(frozen=True)
class Candidate:
    """A file at a report's place: `path` inside its file system, `name` for people."""

    path: str
    name: str


def resolve(text: str, where: str) -> str:
    """Put environment variables into an address `${NAME}`.

    Raises:
        DeliveryError: a variable is not set; the message names it, never a value.
    """

    def value(match: re.Match[str]) -> str:
        if not (found := os.environ.get(match[1])):
            raise DeliveryError(
                "The address of the report is not known.",
                where=where,
                expected=f"the environment variable {match[1]}",
                got="nothing",
                todo=f"Set {match[1]}.",
            )
        return found

    return _VARIABLE.sub(value, text)


def fetch(report: Report, settings: Settings, edition: str | None = None) -> Fetched:
    """Land everything that a report's source holds.

    Args:
        edition: for contracts with `edition: {from: parameter}`: the one to fetch; an API is asked which it has.
    """
    fetched = Fetched()
    try:
        if report.server.kind == "api":
            from yibiao.ingest.fetch_api import fetch_api

            fetch_api(report, settings, fetched, edition)
        elif report.server.kind == "postgres":
            from yibiao.ingest.fetch_database import fetch_postgres

            fetch_postgres(report, settings, fetched, edition)
        else:
            _fetch_files(report, settings, fetched, edition)
    except YibiaoError as error:
        fetched.errors.append(error)
    return fetched


def discover(report: Report, settings: Settings) -> list[Candidate]:
    """The files at a report's place, sorted by name.

    Raises:
        DeliveryError: the place cannot be listed.
    """
    system, pattern = _place(report, settings)
    marker = report.server.options.get("marker")
    try:
        found = system.glob(pattern)
    except Exception as error:  # every file system of fsspec has its own errors
        raise DeliveryError(
            "The place of the report cannot be listed.",
            where=report.id,
            got=type(error).__name__,
            todo="Check `path` in the contract and that the place can be reached.",
        ) from None
    candidates = [Candidate(str(path), str(path).rsplit("/", 1)[-1]) for path in sorted(map(str, found))]
    return [one for one in candidates if not one.name.startswith(".") and one.name != marker]


def _place(report: Report, settings: Settings) -> tuple[Any, str]:
    """File system and glob of a report. Relative places start in the data folder."""
    import fsspec

    location = resolve(report.server.location, report.id)
    if "://" in location:
        return fsspec.core.url_to_fs(location)
    pattern = location if location.startswith("/") else f"{glob.escape(str(settings.data))}/{location}"
    return fsspec.filesystem("file"), pattern


def _fetch_files(report: Report, settings: Settings, fetched: Fetched, edition: str | None) -> None:
    system, _ = _place(report, settings)
    seen = Seen(report.id, settings)

    def land(candidate: Candidate) -> tuple[Delivery, bool] | YibiaoError | None:
        try:
            delivery = _fetch_file(report, settings, system, seen, candidate, edition)
            return None if delivery is None else (delivery, record(delivery, settings))
        except YibiaoError as error:
            return error
        except OSError as error:
            return _unfetched(candidate, error)

    candidates = discover(report, settings)
    with ThreadPoolExecutor(WRITERS, "land") as pool:
        for candidate, landed in zip(candidates, pool.map(land, candidates), strict=True):
            if isinstance(landed, YibiaoError):
                fetched.errors.append(landed)
            elif landed is None:
                fetched.waiting.append(candidate.name)
            else:
                fetched.deliveries.append(landed[0])
                fetched.new += landed[1]
    seen.save()


def _fetch_file(
    report: Report, settings: Settings, system: Any, seen: Seen, candidate: Candidate, edition: str | None
) -> Delivery | None:
    """Land one file; None if it is still arriving."""
    rule = report.edition
    if rule.source == "name":
        edition = edition_from_text(rule, candidate.name, where=candidate.name)
    elif rule.source == "parameter":
        edition = required_edition(report, edition)
    if not _complete(report, system, candidate):
        return None
    local = system.protocol == "file" or "file" in system.protocol
    stat = os.stat(candidate.path) if local else None
    sha256 = seen.sha256(candidate.path, stat) if stat else None
    if sha256 is not None and stat is not None:
        size = stat.st_size
    else:
        if local:
            sha256, size = keep_file(Path(candidate.path), settings)
        else:
            with system.open(candidate.path, "rb") as stream:
                sha256, size = keep_stream(stream, settings)
        if stat is not None:
            after = os.stat(candidate.path)
            if (after.st_size, after.st_mtime_ns) != (stat.st_size, stat.st_mtime_ns):
                return None  # somebody wrote to it meanwhile: these bytes are no delivery
            seen.remember(candidate.path, stat, sha256)
    if rule.source == "cell":
        from yibiao.ingest.readers.spreadsheet import title_text

        text = title_text(object_path(settings, sha256), report, candidate.name)
        edition = edition_from_text(rule, text, where=candidate.name)
    assert edition is not None
    return Delivery(report.id, edition, sha256, size, candidate.name, report.server.format)


def _complete(report: Report, system: Any, candidate: Candidate) -> bool:
    """Has the file arrived: is the marker there, was it left alone long enough?"""
    options = report.server.options
    if marker := options.get("marker"):
        folder = candidate.path.rsplit("/", 1)[0]
        if not system.exists(f"{folder}/{marker.replace('{name}', candidate.name)}"):
            return False
    if quiet := options.get("quiet_seconds", 0):
        return time.time() - system.modified(candidate.path).timestamp() >= quiet
    return True


def required_edition(report: Report, edition: str | None) -> str:
    """The edition given as a parameter.

    Raises:
        DeliveryError: it is missing or no edition.
    """
    if not edition:
        raise DeliveryError(
            "The edition is not known.",
            where=report.id,
            expected="an edition as a parameter, YYYY-MM",
            todo="Give the edition, or let the contract take it from the name.",
        )
    edition_date(edition)
    return edition


def _unfetched(candidate: Candidate, error: OSError) -> DeliveryError:
    return DeliveryError(
        "The delivery cannot be fetched.",
        where=candidate.name,
        got=error.strerror or type(error).__name__,
        todo="Check that the file can be read and that the disk has room.",
    )


def land_lines(path: Path, report: Report, edition: str, kind: str, settings: Settings) -> Delivery:
    """Land extracted rows: an NDJSON file whose lines are in canonical order."""
    with path.open("rb") as stream:
        sha256, size = keep_stream(stream, settings)
    return Delivery(report.id, edition, sha256, size, f"{report.name} {edition} ({kind})", kind)
