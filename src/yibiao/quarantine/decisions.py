"""What people decided about quarantined rows, and the slips that were sent: both live in the control database alone."""

from __future__ import annotations

import getpass
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from yibiao.control import connect
from yibiao.errors import LoadError
from yibiao.settings import TIME_ZONE, Settings

REJECT, REOPEN = "reject", "reopen"
"""Decisions about a row; of several the last counts."""

OPEN, CLOSED = "open", "closed"
"""States of a slip: closed when no row of its delivery is open any more."""


@dataclass(frozen=True)
class Slip:
    """A return slip that was made. `digest` tells whether another one would say the same."""

    slip_number: str
    report: str
    edition: str
    delivery_sha256: str
    sequence: int
    row_count: int
    digest: str
    state: str
    made_by: str
    made_at: str
    closed_at: str | None = None


def now() -> str:
    """The moment, ISO 8601 with the offset of Asia/Shanghai."""
    return datetime.now(ZoneInfo(TIME_ZONE)).isoformat(timespec="seconds")


def decide_rows(
    settings: Settings,
    delivery: tuple[str, str, str],
    rows: Collection[int],
    read: int,
    decision: str,
    reason: str,
    by: str = "",
) -> None:
    """Write down that rows of a delivery are finally rejected, or open again.

    Args:
        delivery: report, edition, SHA-256.
        read: rows that are read from it: the numbers hold as long as a changed contract reads as many.
        decision: `reject` or `reopen`.
        reason: why, for whoever audits it.
        by: who; the user of the operating system unless given.

    Raises:
        LoadError: no reason is given.
    """
    from sqlalchemy import insert

    from yibiao.control.tables import row_decision

    if not reason.strip():
        raise LoadError(
            "A decision needs a reason.", where=f"row {min(rows)}", todo="Say why with --reason: an auditor will ask."
        )
    told = {
        **dict(zip(("report", "edition", "delivery_sha256"), delivery, strict=True)),
        "rows_read": read,
        "decision": decision,
        "decided_by": by or getpass.getuser(),
        "reason": reason.strip(),
        "decided_at": now(),
    }
    with connect(settings) as connection:
        connection.execute(insert(row_decision), [{**told, "row_no": row} for row in sorted(rows)])


def rejected_rows(settings: Settings) -> Rejections:
    """The rows of every delivery whose last decision is `reject`."""
    from sqlalchemy import select

    from yibiao.control.tables import row_decision

    names = ("report", "edition", "delivery_sha256", "rows_read", "row_no", "decision")
    found: dict[tuple[str, str, str, int], set[int]] = {}
    with connect(settings) as connection:
        query = select(*(row_decision.c[name] for name in names)).order_by(row_decision.c.row_decision_id)
        rows = connection.execute(query).all()
    for report, edition, delivery, read, row, decision in rows:
        of = found.setdefault((report, edition, delivery, read), set())
        of.add(row) if decision == REJECT else of.discard(row)
    return Rejections(found)


@dataclass(frozen=True)
class Rejections:
    """Rejected rows by report, edition, SHA-256 and number of rows that were read when a human decided."""

    rows: Mapping[tuple[str, str, str, int], Collection[int]]

    def of(self, manifest: Mapping[str, Any]) -> Collection[int]:
        """Numbers of the rejected rows of a load."""
        delivery = manifest["report"], manifest["edition"], manifest["delivery"]["sha256"]
        return self.rows.get((*delivery, manifest["counts"]["read"]), ())


def slips(settings: Settings) -> list[Slip]:
    """Every slip that was made, by delivery and sequence."""
    from sqlalchemy import select

    from yibiao.control.tables import slip

    columns = [slip.c[name] for name in Slip.__dataclass_fields__]
    order = (slip.c.report, slip.c.edition, slip.c.delivery_sha256, slip.c.sequence)
    with connect(settings) as connection:
        return [Slip(**row._mapping) for row in connection.execute(select(*columns).order_by(*order)).all()]


def keep_slip(settings: Settings, made: Slip) -> None:
    """Write down that a slip was made."""
    from sqlalchemy import insert

    from yibiao.control.tables import slip

    with connect(settings) as connection:
        connection.execute(insert(slip).values(**made.__dict__))


def settle_slips(settings: Settings, open_rows: Sequence[tuple[tuple[str, str, str], int]]) -> None:
    """Make the states of slips agree with the rows: closed where no row of the delivery is open, else open.

    Args:
        open_rows: (delivery, number of its open rows) of every delivery that was looked at.
    """
    from sqlalchemy import update

    from yibiao.control.tables import slip

    with connect(settings) as connection:
        for (report, edition, delivery), count in open_rows:
            state = OPEN if count else CLOSED
            connection.execute(
                update(slip)
                .where(slip.c.report == report, slip.c.edition == edition, slip.c.delivery_sha256 == delivery)
                .where(slip.c.state != state)
                .values(state=state, closed_at=None if count else now())
            )
