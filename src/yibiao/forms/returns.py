"""What came back: returned forms with the cells that people typed, picked, confirmed, or found filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from yibiao.control.database import connect
from yibiao.errors import AdmissionError
from yibiao.forms.admission.registry import alone
from yibiao.settings import TIME_ZONE, Settings

_PERIOD = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_COMMUNITY = re.compile(r"\d{9}(\d{3})?")


@dataclass(frozen=True)
class Return:
    """One returned form.

    Attributes:
        form: id of the form.
        control_number: as the returned file states it; None if it has none.
        community_code: who filled it in; 12 digits, or 9 of a township.
        period: what it speaks of: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
        rows: rows that were filled in.
        typed, picked, confirmed, automatic: cells by how they were filled; an empty cell that nobody touched counts in
            none of them.
        received_at: ISO 8601 with an offset.
        digest: SHA-256 of the file.
    """

    form: str
    control_number: str | None
    community_code: str
    period: str
    rows: int
    typed: int
    picked: int
    confirmed: int
    automatic: int
    received_at: str = ""
    digest: str = ""

    @property
    def cells(self) -> Mapping[str, int]:
        """Mode -> cells."""
        return {
            "typed": self.typed,
            "picked": self.picked,
            "confirmed": self.confirmed,
            "automatic": self.automatic,
        }

    @property
    def month(self) -> str:
        """The month in which it came, `YYYY-MM` in Asia/Shanghai."""
        return self.received_at[:7]


def record_return(settings: Settings, made: Return, *, at: datetime | None = None) -> bool:
    """Keep that a form came back.

    Args:
        made: the return; without `received_at` it came now.
        at: the moment instead of now.

    Returns:
        Whether it is new: the same file for the same form, community and period is kept once.

    Raises:
        AdmissionError: a count is negative, or period or community are none.
    """
    from sqlalchemy import insert, select

    from yibiao.control.tables import form_return

    _check(made)
    moment = made.received_at or (at or datetime.now(ZoneInfo(TIME_ZONE))).isoformat(timespec="seconds")
    with connect(settings) as connection:
        alone(connection)
        if made.digest:
            columns = form_return.c
            known = select(columns.return_no).where(
                columns.form == made.form,
                columns.community_code == made.community_code,
                columns.period == made.period,
                columns.digest == made.digest,
            )
            if connection.execute(known).first():
                return False
        connection.execute(insert(form_return).values(**{**made.__dict__, "received_at": moment}))
    return True


def returns(
    settings: Settings, *, form: str | None = None, since: str = "", until: str = "", every: bool = False
) -> list[Return]:
    """Returned forms, oldest first.

    Args:
        form: only of this form.
        since, until: first and last day on which they came, `YYYY-MM-DD`; empty for no bound.
        every: also those that a later return for the same form, community and period replaced.
    """
    from sqlalchemy import select

    from yibiao.control.tables import form_return

    names = list(Return.__dataclass_fields__)
    query = select(*(form_return.c[name] for name in names)).order_by(form_return.c.return_no)
    if form is not None:
        query = query.where(form_return.c.form == form)
    with connect(settings) as connection:
        found = [Return(**row._mapping) for row in connection.execute(query)]
    if not every:
        last = {(one.form, one.community_code, one.period): one for one in found}
        found = [one for one in found if last[one.form, one.community_code, one.period] is one]
    return [one for one in found if since <= one.received_at[:10] and (not until or one.received_at[:10] <= until)]


def _check(made: Return) -> None:
    wrong = [name for name in ("rows", "typed", "picked", "confirmed", "automatic") if getattr(made, name) < 0]
    if wrong:
        raise AdmissionError(
            "The counts of a return are wrong.",
            where=f"form {made.form}, {', '.join(wrong)}",
            expected="whole numbers from 0 on",
            got="a negative number",
        )
    if made.rows == 0 and any(made.cells.values()):
        raise AdmissionError(
            "The counts of a return are wrong.", where=f"form {made.form}", expected="no cells in no rows", got="cells"
        )
    if not _PERIOD.fullmatch(made.period):
        raise AdmissionError(
            "The period of a return is none.",
            where=f"form {made.form}",
            expected="YYYY, YYYY-MM or YYYY-MM-DD",
            got=made.period[:20],
        )
    if not _COMMUNITY.fullmatch(made.community_code):
        raise AdmissionError(
            "The community of a return is none.",
            where=f"form {made.form}",
            expected="a division code of 12 digits, or of 9 for a township",
            got=f"{len(made.community_code)} characters",
        )
