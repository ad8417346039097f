"""Which forms were sent out filled from which release: a release stays as long as answers to it may come back."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from yibiao.control.database import connect
from yibiao.settings import TIME_ZONE, Settings

ANSWERED_WITHIN = 120
"""Days after which nobody sends a filled form back any more: a quarter, and a month to be late."""


def record_fill(
    settings: Settings, version: str, area: str, forms: Sequence[str], books: int, *, at: datetime | None = None
) -> None:
    """Write down that forms were filled from a release."""
    from sqlalchemy import insert

    from yibiao.control.tables import form_fill

    moment = (at or datetime.now(ZoneInfo(TIME_ZONE))).isoformat(timespec="seconds")
    row = {
        "release_version": version,
        "area_code": area,
        "forms": list(forms),
        "books": books,
        "filled_by": getpass.getuser(),
        "filled_at": moment,
    }
    with connect(settings) as connection:
        connection.execute(insert(form_fill).values(**row))


def versions_out(settings: Settings, *, now: datetime | None = None) -> set[str]:
    """Releases to which answers may still come back."""
    from sqlalchemy import select

    from yibiao.control.tables import form_fill

    since = (now or datetime.now(ZoneInfo(TIME_ZONE))) - timedelta(days=ANSWERED_WITHIN)
    query = select(form_fill.c.release_version).where(form_fill.c.filled_at >= since.isoformat(timespec="seconds"))
    with connect(settings) as connection:
        return set(connection.scalars(query))
