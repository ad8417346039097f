"""What people decided about loads: a snapshot that is suspiciously short counts, a delivery that was wrong does not."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from yibiao.control.database import connect
from yibiao.errors import LoadError
from yibiao.settings import TIME_ZONE, Settings

KINDS = ("accept", "refuse", "withdraw", "restore")
"""Use an incomplete snapshot; do not use it (again); act as if the delivery had never come; undo that."""

Delivered = tuple[str, str, str]
"""Report, edition and hash of a delivery."""


@dataclass(frozen=True)
class Decision:
    """One decision about one delivery; of several the last counts. `decided_at` is ISO 8601 with an offset.

    The load id is what the human named. The decision itself hangs on the delivery: when a rule or a contract changes,
    the same delivery is loaded again under another load id, and nobody should have to decide twice.
    """

    load_id: str
    report: str
    edition: str
    delivery_sha256: str
    decision: str
    decided_by: str
    reason: str
    decided_at: str


def decide(
    settings: Settings, load_id: str, decision: str, *, reason: str, by: str = "", at: datetime | None = None
) -> Decision:
    """Write down that a load is accepted (although incomplete) or refused.

    Args:
        load_id: the load, or a prefix of its id that only one load has.
        decision: one of `KINDS`.
        reason: why, for whoever audits it; must not be empty.
        by: who decided; the user of the operating system unless given.
        at: when; now unless given.

    Raises:
        LoadError: no such load, or the prefix is not unique, or the reason is missing.
    """
    from sqlalchemy import insert, select

    from yibiao.control.tables import decision as decision_table
    from yibiao.control.tables import load

    if decision not in KINDS:
        raise ValueError(f"decision must be one of {KINDS}")
    if not reason.strip():
        raise LoadError(
            "A decision needs a reason.", where=f"load {load_id}", todo="Say why with --reason: an auditor will ask."
        )
    with connect(settings) as connection:
        found = connection.execute(
            select(load.c.load_id, load.c.report, load.c.edition, load.c.delivery_sha256)
            .where(load.c.load_id.startswith(load_id, autoescape=True))
            .order_by(load.c.load_id)
        ).all()
        if len(found) != 1:
            raise LoadError(
                "No load has this id." if not found else "More than one load has an id that begins like this.",
                where=f"load {load_id}",
                expected="the id of one load",
                got=f"{len(found)} loads",
                todo="See the ids with `yibiao load list`.",
            )
        made = Decision(
            **found[0]._mapping,
            decision=decision,
            decided_by=by or getpass.getuser(),
            reason=reason.strip(),
            decided_at=(at or datetime.now(ZoneInfo(TIME_ZONE))).isoformat(timespec="seconds"),
        )
        connection.execute(insert(decision_table).values(**made.__dict__))
    return made


def list_decisions(settings: Settings) -> list[Decision]:
    """All decisions, oldest first."""
    from sqlalchemy import select

    from yibiao.control.tables import decision

    columns = [decision.c[name] for name in Decision.__dataclass_fields__]
    with connect(settings) as connection:
        rows = connection.execute(select(*columns).order_by(decision.c.decision_id)).all()
    return [Decision(**row._mapping) for row in rows]


def withdrawn_deliveries(settings: Settings) -> dict[Delivered, Decision]:
    """Deliveries whose last decision is `withdraw`, with that decision: they take no part in anything."""
    return {delivery: made for delivery, made in _last(settings).items() if made.decision == "withdraw"}


def _last(settings: Settings) -> dict[Delivered, Decision]:
    return {(made.report, made.edition, made.delivery_sha256): made for made in list_decisions(settings)}


def accepted_loads(settings: Settings) -> set[str]:
    """Ids of the loads whose delivery's last decision is `accept`: taken although they look incomplete."""
    from sqlalchemy import select

    from yibiao.control.tables import load

    last = {delivery: made.decision for delivery, made in _last(settings).items()}
    with connect(settings) as connection:
        loads = connection.execute(select(load.c.load_id, load.c.report, load.c.edition, load.c.delivery_sha256)).all()
    return {load_id for load_id, *delivery in loads if last.get(tuple(delivery)) == "accept"}
