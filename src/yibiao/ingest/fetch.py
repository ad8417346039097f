"""How a report's deliveries come into landing: files, databases, HTTP APIs, and the edition of what is extracted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from yibiao.contracts.reports import EditionRule, Report
from yibiao.errors import DeliveryError, YibiaoError
from yibiao.ingest.deliveries import Delivery, edition_date
from yibiao.ingest.landing import keep_stream, landed, record
from yibiao.settings import TIME_ZONE, Settings


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


def fetch(
    report: Report,
    settings: Settings,
    edition: str | None = None,
    now: datetime | None = None,
    arriving: Callable[[int], None] = lambda _: None,
) -> Fetched:
    """Land everything that a report's source holds.

    Args:
        edition: for contracts with `edition: {from: parameter}`: the one to fetch; an API is asked which it has. For
            `{from: schedule}` it takes the place of the day of the run.
        now: the moment of the run; the clock's if not given.
        arriving: told the bytes of every file that is about to be landed, by several threads.
    """
    fetched = Fetched()
    now = now or datetime.now(ZoneInfo(TIME_ZONE))
    try:
        if report.server.kind == "api":
            from yibiao.ingest.fetch_api import fetch_api

            fetch_api(report, settings, fetched, edition, now)
        elif report.server.kind in ("postgres", "mysql"):
            from yibiao.ingest.fetch_database import fetch_database

            fetch_database(report, settings, fetched, edition, now)
        else:
            from yibiao.ingest.fetch_files import fetch_files

            fetch_files(report, settings, fetched, edition, arriving)
    except YibiaoError as error:
        fetched.errors.append(error)
    except OSError as error:  # of the disk: what goes wrong with sources is told where it is met
        fetched.errors.append(
            DeliveryError(
                "What was fetched cannot be kept.",
                where=report.id,
                got=error.strerror or type(error).__name__,
                todo="Free disk space or repair the disk, then run again.",
            )
        )
    return fetched


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
            todo="Give it (`yibiao run --edition`, or the parameter `edition` of the DAG), or let the contract take it "
            "from elsewhere.",
        )
    edition_date(edition)
    return edition


def scheduled_edition(rule: EditionRule, now: datetime) -> str:
    """The month, or day, in which a moment lies in Asia/Shanghai."""
    return now.astimezone(ZoneInfo(TIME_ZONE)).strftime("%Y-%m-%d" if rule.by == "day" else "%Y-%m")


def edition_to_extract(
    report: Report, settings: Settings, fetched: Fetched, edition: str | None, now: datetime
) -> str | None:
    """The edition that a database or API is to be extracted as; None if that was done.

    An edition taken from the schedule is extracted once: the source changes all the time, and of two extractions of
    one edition neither would replace the other. Whoever names the edition extracts it again.

    Raises:
        DeliveryError: none is known.
    """
    if edition or report.edition.source != "schedule":
        return required_edition(report, edition)
    scheduled = scheduled_edition(report.edition, now)
    done = [delivery for delivery in landed(report.id, settings) if delivery.edition == scheduled]
    fetched.deliveries.extend(done)
    return None if done else scheduled


def land_lines(path: Path, report: Report, edition: str, kind: str, settings: Settings, until: str = "") -> Delivery:
    """Land extracted rows: an NDJSON file whose lines are in canonical order."""
    with path.open("rb") as stream:
        sha256, size = keep_stream(stream, settings)
    return Delivery(report.id, edition, sha256, size, f"{report.name} {edition} ({kind})", kind, until)
