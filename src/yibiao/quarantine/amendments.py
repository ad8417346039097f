"""Amendments (更正): rows of a landed delivery as their sender mended them. Landed bytes like any other.

The bytes are NDJSON, one line a row, ascending: `{"row": n, "was": {header: text}, "now": {header: text}}`. `row` is
the number of the row in the delivery, `was` the key cells that it had there, `now` the whole mended row by the sender's
headers, so that a contract that changes later reads it again as it reads a delivery.

An amendment hangs on a delivery, never on a load: a changed contract loads the delivery anew, and its amendments too.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from yibiao.errors import DeliveryError
from yibiao.files import commit_file, to_json
from yibiao.ingest.landing import keep_stream, object_path
from yibiao.settings import Settings

FORMAT = 1


@dataclass(frozen=True)
class Line:
    """One mended row: its number in the delivery, its key cells there, its cells now; both by header."""

    row: int
    was: Mapping[str, str | None]
    now: Mapping[str, str | None]


@dataclass(frozen=True)
class Amendment:
    """The record of one landed amendment.

    Attributes:
        report, edition, delivery: which delivery it mends; `delivery` is the SHA-256 of its bytes.
        read: rows that were read from that delivery. Row numbers hold only where as many are read.
        sequence: of the return slip that the rows came back on, 0 for a file without one. Where two amendments mend
            the same row, the higher sequence counts, then the higher hash: a rule in which no moment takes part.
        slip: number of that slip, or empty.
        sha256, bytes: of the NDJSON.
        returned: `{sha256, bytes, name}` of the file that came back, for whoever audits it.
    """

    report: str
    edition: str
    delivery: str
    read: int
    sequence: int
    slip: str
    sha256: str
    bytes: int
    returned: Mapping[str, Any]

    @property
    def order(self) -> tuple[int, str]:
        return self.sequence, self.sha256

    @property
    def identity(self) -> tuple[str, str, str, int, str]:
        """What decides the package that it becomes, besides contract and reader."""
        return self.report, self.edition, self.delivery, self.sequence, self.sha256

    def as_record(self) -> dict[str, Any]:
        return {"format": FORMAT, **self.__dict__, "returned": dict(self.returned)}


def keep_lines(lines: Iterable[Line], settings: Settings) -> tuple[str, int]:
    """Put mended rows into landing.

    Returns:
        SHA-256 and number of bytes of their canonical NDJSON.
    """
    total = io.BytesIO()
    for line in sorted(lines, key=lambda one: one.row):
        told = {"row": line.row, "was": dict(line.was), "now": dict(line.now)}
        total.write(orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
    total.seek(0)
    return keep_stream(total, settings)


def record(amendment: Amendment, settings: Settings) -> bool:
    """Write down that an amendment has landed; False if that is known already."""
    department, name = amendment.report.split(".", 1)
    # 16 digits of a hash each: as delivery records are called.
    title = f"{amendment.edition}--{amendment.delivery[:16]}--{amendment.sequence:04d}--{amendment.sha256[:16]}.json"
    path = settings.landing / "amendments" / department / name / title
    if path.exists():
        return False
    commit_file(to_json(amendment.as_record()), path, "landing.amendment")
    return True


def amendments_of(report: str, settings: Settings) -> list[Amendment]:
    """Every amendment of a report that ever landed, in the order in which they count.

    Raises:
        DeliveryError: a record is damaged.
    """
    department, name = report.split(".", 1)
    found = []
    for path in sorted((settings.landing / "amendments" / department / name).glob("*--*.json")):
        try:
            told = orjson.loads(path.read_bytes())
            if told.pop("format") != FORMAT:
                raise ValueError("another format")
            found.append(Amendment(**told))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DeliveryError(
                "The record of an amendment in landing is damaged.",
                where=str(path),
                got=type(error).__name__,
                todo="Delete this record and replay the returned file again.",
            ) from None
    return sorted(found, key=lambda one: (one.edition, one.delivery, one.order))


def read_lines(amendment: Amendment, settings: Settings) -> list[Line]:
    """The mended rows, ascending by row.

    Raises:
        DeliveryError: the landed bytes are missing or not those that the record names.
    """
    path = object_path(settings, amendment.sha256)
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != amendment.sha256:
            raise ValueError("other bytes")
        return [Line(**orjson.loads(line)) for line in content.splitlines()]
    except (OSError, ValueError, TypeError) as error:
        raise DeliveryError(
            "The bytes of an amendment are missing or damaged.",
            where=str(path),
            expected="the bytes that its record names",
            got=type(error).__name__,
            todo="Restore landing from the backup, or delete the record and replay the returned file again.",
        ) from None
