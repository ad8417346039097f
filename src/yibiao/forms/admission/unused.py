"""What nobody reads: forms that neither come back nor are handed out, tables that are neither queried nor exported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from yibiao.errors import AdmissionError
from yibiao.forms.admission.states import Standing

WITH_ENTITY = ("_why", "_provenance", "_conflict", "_crosswalk", "_link", "_review")
"""Ends of tables that stand beside an entity's golden table and are retired with it, not alone."""


@dataclass(frozen=True)
class Unused:
    """Something that nobody used for a while.

    Attributes:
        kind: `form` or `table`.
        last: day of the last use, or None.
        reason: in Chinese.
    """

    kind: str
    name: str
    title: str
    last: str | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return dict(self.__dict__)


def since_months(today: date, months: int) -> date:
    """The same day some months ago, or the last day of that month.

    Raises:
        AdmissionError: the number is no number of months.
    """
    if not 1 <= months <= 120:
        raise AdmissionError(
            "This is no number of months.",
            where="--months",
            expected="1 to 120",
            got=str(months),
            todo="Give another number with --months.",
        )
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    for day in range(today.day, 27, -1):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    return date(year, month + 1, min(today.day, 28))


def find_unused(
    months: int,
    today: date,
    forms: Mapping[str, Standing],
    returned: Mapping[str, str],
    tables: Mapping[str, str],
    used: Mapping[str, str],
    recorded: str | None,
) -> list[Unused]:
    """What was not used for `months` months.

    Args:
        forms: every form, as it is today; only those in force are looked at, and only if they were so all the time.
        returned: form -> the moment at which it came back last.
        tables: tables of the current release -> what they are.
        used: table or form -> the moment of its last query or export.
        recorded: from when on use is written down; None if it never was.

    Raises:
        AdmissionError: use has not been written down for so long, so that nothing can be said.
    """
    since = since_months(today, months)
    if recorded is None or recorded[:10] > since.isoformat():
        raise AdmissionError(
            "Whether something was used for so long is not known.",
            where=f"--months {months}",
            expected=f"a record of use from {since} on",
            got=f"one from {recorded[:10]} on" if recorded else "none: nothing was queried and no form submitted yet",
            todo="Ask for fewer months, or again later: `yibiao query` writes down which tables it reads.",
        )
    found = []
    for name, one in sorted(forms.items()):
        began = next((event.decided_at[:10] for event in one.events if event.action == "approve"), None)
        if one.state not in ("approved", "expired") or began is None or began > since.isoformat():
            continue
        last = max((moment[:10] for moment in (returned.get(name), used.get(name)) if moment), default=None)
        if last is None or last < since.isoformat():
            title = one.registration.title if one.registration else name
            reason = f"{months} 个月内没有收回，也没有下发" + ("" if last else "（从来没有）")
            found.append(Unused("form", name, title, last, reason))
    for name, title in sorted(tables.items()):
        if name.endswith(WITH_ENTITY) or name == "load":
            continue
        beside = [used[name + end] for end in ("", *WITH_ENTITY) if name + end in used]
        last = max((moment[:10] for moment in beside), default=None)
        if last is None or last < since.isoformat():
            reason = f"{months} 个月内没有人查询或导出" + ("" if last else "（从来没有）")
            found.append(Unused("table", name, title, last, reason))
    return found
