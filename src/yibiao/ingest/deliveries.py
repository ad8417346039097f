"""A delivery (交付): one file or extraction, known by report, edition and the hash of its bytes."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass

from yibiao.contracts.reports import EditionRule
from yibiao.errors import DeliveryError

FORMAT = 1

_EDITION = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")


@dataclass(frozen=True)
class Delivery:
    """One landed delivery.

    Attributes:
        report: `<department>.<report>`.
        edition: `YYYY-MM` or `YYYY-MM-DD`.
        sha256: of the landed bytes.
        bytes: their number.
        name: what the sender called it; for extractions the edition and the kind.
        kind: how the bytes are read: csv, xlsx, xls, json, ndjson, xml, parquet, sqlite; api, postgres and mysql are
            NDJSON.
        until: for incremental extractions the greatest value of the cursor so far; where the next one begins.
    """

    report: str
    edition: str
    sha256: str
    bytes: int
    name: str
    kind: str
    until: str = ""

    def as_record(self) -> dict[str, object]:
        """What the delivery record in landing says."""
        until = {"until": self.until} if self.until else {}
        return {
            **until,
            "format": FORMAT,
            "report": self.report,
            "edition": self.edition,
            "sha256": self.sha256,
            "bytes": self.bytes,
            "name": self.name,
            "kind": self.kind,
        }

    @property
    def edition_date(self) -> str:
        return edition_date(self.edition)


def edition_date(edition: str) -> str:
    """The last day that an edition speaks of, `YYYY-MM-DD`.

    Raises:
        DeliveryError: it is no edition, or a day that does not exist.
    """
    found = _EDITION.fullmatch(edition)
    if found:
        year, month = int(found[1]), int(found[2])
        if year >= 1900 and 1 <= month <= 12:
            last = calendar.monthrange(year, month)[1]
            day = int(found[3]) if found[3] else last
            if 1 <= day <= last:
                return f"{year:04d}-{month:02d}-{day:02d}"
    raise DeliveryError("This is not an edition.", expected="YYYY-MM or YYYY-MM-DD", got=shown(edition))


def edition_from_text(rule: EditionRule, text: str, *, where: str) -> str:
    """The edition that a file name or a cell states.

    Args:
        rule: its pattern has the named groups `year`, `month` and maybe `day`.
        text: the name, or the cells above the header.
        where: the file, for the error.

    Raises:
        DeliveryError: the pattern does not occur in the text, or gives no calendar day.
    """
    found = re.search(rule.pattern, text) if rule.pattern else None
    if found:
        parts = {name: value for name, value in found.groupdict().items() if value}
        if "year" in parts and "month" in parts:
            edition = f"{int(parts['year']):04d}-{int(parts['month']):02d}"
            if "day" in parts:
                edition += f"-{int(parts['day']):02d}"
            try:
                edition_date(edition)
            except DeliveryError:
                pass
            else:
                return edition
    raise DeliveryError(
        "The delivery does not tell which edition it is.",
        where=where,
        expected=f"a {'file name' if rule.source == 'name' else 'title cell'} that fits `{rule.pattern}`",
        got="no year and month found",
        todo="Rename the file as agreed, or change `edition` in the contract.",
    )


def shown(text: str, limit: int = 40) -> str:
    """A name for a message, cut to a length that cannot flood a log."""
    return text if len(text) <= limit else text[:limit] + "…"
