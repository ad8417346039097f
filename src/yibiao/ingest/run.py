"""Ingest of one report: fetch, land, and load everything that is landed and not loaded yet."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.contracts.reports import Report
from yibiao.errors import DeliveryError, YibiaoError
from yibiao.ingest.deliveries import Delivery
from yibiao.ingest.fetch import Fetched, fetch
from yibiao.ingest.landing import WRITERS, landed
from yibiao.ingest.packages import LoadPackage, load_id, package_folder, read_package, reader_version
from yibiao.progress import Progress, Silent
from yibiao.settings import Settings

if TYPE_CHECKING:
    from yibiao.ingest.checker import Checker
    from yibiao.quarantine.packages import AmendmentPackage

SMALL = 256 << 10
"""Bytes up to which deliveries are loaded side by side: to make one durable takes longer than to read and check it."""


@dataclass(frozen=True)
class IngestOutcome:
    """What became of a report's deliveries.

    Attributes:
        report: report id.
        loaded: packages that this run made.
        existing: live packages that were there before.
        waiting: files that are still arriving.
        errors: one per delivery that could not be fetched or read.
        amended: amendment packages that this run made, of amendments that had none.
    """

    report: str
    loaded: tuple[LoadPackage, ...] = ()
    existing: tuple[LoadPackage, ...] = ()
    waiting: tuple[str, ...] = ()
    errors: tuple[YibiaoError, ...] = ()
    amended: tuple[AmendmentPackage, ...] = ()

    @property
    def load_ids(self) -> tuple[str, ...]:
        """Ids of all live loads, sorted."""
        return tuple(sorted(package.load_id for package in (*self.loaded, *self.existing)))

    @property
    def is_new(self) -> bool:
        """Whether this run loaded anything."""
        return bool(self.loaded or self.amended)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: counts per delivery, errors as their five parts."""
        return {
            "report": self.report,
            "loaded": [_short(package.manifest) for package in self.loaded],
            "existing": [_short(package.manifest) for package in self.existing],
            "waiting": list(self.waiting),
            "errors": [{"kind": type(error).__name__, **error.as_dict()} for error in self.errors],
        }


def ingest_report(
    report: Report, settings: Settings, progress: Progress | None = None, *, edition: str | None = None
) -> IngestOutcome:
    """Fetch, land and load all pending deliveries of one report.

    Deliveries landed earlier whose package is missing (a killed run, a changed contract) are loaded from landing. A
    broken delivery does not stop the others.

    Args:
        progress: advances by rows.
        edition: for contracts that take it as a parameter.
    """
    settings.open_home()
    with _Soon(report, settings) as soon:
        return _ingest(report, settings, progress or Silent(), edition, soon)


def _ingest(report: Report, settings: Settings, progress: Progress, edition: str | None, soon: _Soon) -> IngestOutcome:
    from yibiao.quarantine.packages import complete_amendments

    fetched = fetch(report, settings, edition, arriving=soon.arriving)
    errors = list(fetched.errors)
    loaded: list[LoadPackage] = []
    existing: list[LoadPackage] = []
    failed: list[tuple[Delivery, YibiaoError]] = []
    semantics, reader = report.semantics(), reader_version(settings)
    pending: list[Delivery] = []
    for delivery in landed(report.id, settings):
        folder = package_folder(report, settings, load_id(delivery, semantics, reader))
        try:
            if folder.is_dir():
                existing.append(read_package(folder))
            else:
                pending.append(delivery)
        except YibiaoError as error:
            failed.append((delivery, error))
    made = _load_all(pending, report, settings, progress, soon)
    for delivery in pending:
        result = made[delivery]
        if isinstance(result, LoadPackage):
            loaded.append(result)
        else:
            failed.append((delivery, _told(result, delivery)))
    errors += _still_wrong(failed, fetched, [*loaded, *existing])
    amended: list[AmendmentPackage] = []
    try:
        amended = complete_amendments(report, settings)
    except YibiaoError as error:
        errors.append(error)
    return IngestOutcome(
        report.id, tuple(loaded), tuple(existing), tuple(fetched.waiting), tuple(errors), tuple(amended)
    )


class _Soon:
    """The checker of a report: its plans are made while a large delivery is still being landed."""

    def __init__(self, report: Report, settings: Settings) -> None:
        self._report, self._settings = report, settings
        self._checker: Checker | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> _Soon:
        return self

    def __exit__(self, *rest: object) -> None:
        if self._checker is not None:
            self._checker.close()

    def arriving(self, size: int) -> None:
        """A file of so many bytes is about to be landed."""
        if size > SMALL:
            self.checker(self._settings.threads)

    def checker(self, threads: int) -> Checker:
        """The checker, which may have more threads if it was begun already."""
        from yibiao.ingest.checker import Checker

        with self._lock:
            if self._checker is None:
                self._checker = Checker(self._report, threads)
            return self._checker


def _load_all(
    pending: list[Delivery], report: Report, settings: Settings, progress: Progress, soon: _Soon
) -> dict[Delivery, LoadPackage | Exception]:
    """Every delivery's package, or what went wrong with it. Small ones wait for the disk together."""
    from yibiao.ingest.load import load

    if not pending:
        return {}
    small = [delivery for delivery in pending if delivery.bytes <= SMALL]
    # Over a few rows a second thread of the engine costs more than it gives.
    checker = soon.checker(1 if len(small) == len(pending) else settings.threads)

    def one(delivery: Delivery) -> LoadPackage | Exception:
        try:
            return load(delivery, report, settings, checker, progress)
        except MemoryError:
            raise
        except Exception as error:
            return error

    with ThreadPoolExecutor(WRITERS, "load") as pool:
        made = dict(zip(small, pool.map(one, small), strict=True))
    return made | {delivery: one(delivery) for delivery in pending if delivery not in made}


def _told(error: Exception, delivery: Delivery) -> YibiaoError:
    """The typed error for what went wrong with a delivery."""
    if isinstance(error, YibiaoError):
        return error
    # A library's text may quote a row. The place is enough to find the defect.
    return DeliveryError(
        "The delivery cannot be read.",
        where=delivery.name,
        got=f"{type(error).__name__} at {_place(error)}",
        todo="Check that the file is what its contract says; if so, this is a defect of the program.",
    )


def _place(error: Exception) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "yibiao" in frame.filename]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"


def _still_wrong(
    failed: list[tuple[Delivery, YibiaoError]], fetched: Fetched, packages: list[LoadPackage]
) -> list[YibiaoError]:
    """Errors that still matter: a broken delivery is forgotten when its sender has replaced it by a good one."""
    there = set(fetched.deliveries)
    good = {package.manifest["edition"] for package in packages}
    present = {(delivery.edition, delivery.sha256) for delivery in there}
    return [
        error
        for delivery, error in failed
        if (delivery.edition, delivery.sha256) in present or delivery.edition not in good
    ]


def _short(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "load_id": manifest["load_id"],
        "edition": manifest["edition"],
        "name": manifest["delivery"]["name"],
        "counts": manifest["counts"],
        "warnings": sum(manifest["warnings"].values()),
    }
