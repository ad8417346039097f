"""Return slips (退回单): which rows go back to the sender, under which number.

A slip is about one delivery: everything that its sender has to mend in one file. Its number is made of the edition, a
hash of the delivery and a sequence: `TH-202603-4E540912-01`. The next sequence is taken as soon as a slip would say
something else than the last one did; amendments carry it, and it decides between them.
"""

from __future__ import annotations

import getpass
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from yibiao.contracts.reports import Report
from yibiao.contracts.values import Schemas
from yibiao.errors import LoadError, YibiaoError
from yibiao.files import to_json
from yibiao.ingest.columns import plain
from yibiao.ingest.landing import landed, object_path
from yibiao.quarantine.amendments import amendments_of
from yibiao.quarantine.decisions import CLOSED, OPEN, Slip, keep_slip, now, slips
from yibiao.quarantine.rows import HeldRow, held_rows
from yibiao.quarantine.states import RESOLVED, HeldLoad
from yibiao.settings import Settings

ROWS = 50_000
"""Rows of one slip: more than anybody mends by hand. The rest comes on the next one; a mended file has no limit."""

NUMBER = re.compile(r"TH-(\d{6,8})-([0-9A-F]{8})-(\d{2,6})")
"""A slip number: edition, hash of the delivery, sequence."""


@dataclass(frozen=True)
class SlipContent:
    """What a slip says: its record, its rows, and how many open rows found no place on it."""

    slip: Slip
    rows: tuple[HeldRow, ...]
    left_over: int


def slip_number(report: str, edition: str, delivery: str, sequence: int) -> str:
    """The number of a slip."""
    return f"TH-{edition.replace('-', '')}-{_tag(report, edition, delivery)}-{sequence:02d}"


def _tag(report: str, edition: str, delivery: str) -> str:
    return hashlib.sha256(to_json([report, edition, delivery])).hexdigest()[:8].upper()


def delivery_of(number: str, schemas: Schemas, settings: Settings) -> tuple[str, str, str, int] | None:
    """(report, edition, delivery hash, sequence) of a slip number; None if no landed delivery fits it.

    The control database is not asked: a slip stays valid when that is lost.
    """
    found = NUMBER.fullmatch(number)
    if found is None:
        return None
    for report in schemas.reports:
        for one in landed(report, settings):
            if one.edition.replace("-", "") == found[1] and _tag(report, one.edition, one.sha256) == found[2]:
                return report, one.edition, one.sha256, int(found[3])
    return None


def make_slip(held: HeldLoad, settings: Settings, *, resolved: bool = False) -> SlipContent:
    """The slip of a load's open rows; the last one again if nothing has changed since.

    Args:
        resolved: also the rows that are resolved already, so that they can be mended once more.

    Raises:
        LoadError: no row is open.
    """
    states = (OPEN, RESOLVED) if resolved else (OPEN,)
    rows: list[HeldRow] = []
    digest, left_over = hashlib.sha256(), 0
    for row in held_rows(held, states=states):
        if len(rows) == ROWS:
            left_over += 1
            continue
        rows.append(row)
        digest.update(to_json([row.row, row.rules, row.cells, row.raw, row.proposal]))
    if not rows:
        raise LoadError(
            "No row of this load is open, so there is nothing to send back.",
            where=f"load {held.load_id}",
            got=f"{held.states.resolved} resolved, {held.states.rejected} rejected",
            todo="See what is open with `yibiao quarantine list`.",
        )
    delivery = (held.report.id, held.edition, held.delivery)
    earlier = [one for one in slips(settings) if (one.report, one.edition, one.delivery_sha256) == delivery]
    if earlier and earlier[-1].digest == digest.hexdigest():
        return SlipContent(earlier[-1], tuple(rows), left_over)
    # Sequences that amendments carry count too: the control database may have been lost.
    used = [one.sequence for one in earlier]
    used += [
        one.sequence
        for one in amendments_of(held.report.id, settings)
        if (one.edition, one.delivery) == (held.edition, held.delivery)
    ]
    sequence = max(used, default=0) + 1
    made = Slip(
        slip_number(*delivery, sequence),
        *delivery,
        sequence,
        len(rows),
        digest.hexdigest(),
        OPEN if held.states.open else CLOSED,
        getpass.getuser(),
        now(),
    )
    keep_slip(settings, made)
    return SlipContent(made, tuple(rows), left_over)


def last_slip(held: HeldLoad, made: Sequence[Slip]) -> Slip | None:
    """The newest slip of a load's delivery, with the state that its rows give."""
    own = [
        one
        for one in made
        if (one.report, one.edition, one.delivery_sha256) == (held.report.id, held.edition, held.delivery)
    ]
    return replace(own[-1], state=OPEN if held.states.open else CLOSED) if own else None


def delivered_headers(held: HeldLoad, settings: Settings) -> list[tuple[str, str]]:
    """(contract column, the header that the sender wrote), in the order of the delivery.

    Read from the head of the landed bytes. Columns that the delivery lacks come last, under the contract's headers;
    a delivery that cannot be read any more gives the contract's order.
    """
    from yibiao.ingest.readers import Reading, read

    report: Report = held.report
    delivery = held.package.manifest["delivery"]
    reading = Reading(where=delivery["name"])
    chunks = read(delivery["kind"], object_path(settings, delivery["sha256"]), report, reading)
    try:
        next(iter(chunks), None)
    except (YibiaoError, OSError):
        reading.binding = None
    finally:
        close = getattr(chunks, "close", None)
        if close:
            close()
    if reading.binding is None:
        return [(column.name, column.header) for column in report.columns]
    named = zip(report.columns, reading.binding.places, strict=True)
    there = sorted((place, column.name) for column, place in named if place is not None)
    found = [(name, plain(reading.binding.headers[place])) for place, name in there]
    seen = {name for name, _ in found}
    return found + [(column.name, column.header) for column in report.columns if column.name not in seen]
