"""The burden account (负担账): what forms cost before and after, and what really came back, by form, department, place,
month.

Before: the forms in force on a day; without one, every form that was ever approved as it was first submitted, all
filled by hand. After: the forms in force on a later day. What came back is counted cell by cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from yibiao.errors import AdmissionError
from yibiao.forms.account.change import Change, Percentage, change_between, doubts_about, percentage
from yibiao.forms.account.costs import FormCost, cost_of, distinct_fields, hours, total_seconds
from yibiao.forms.admission.states import Registration, Standing
from yibiao.forms.burden import PRESENT
from yibiao.forms.returns import Return

EMPTY = "这段时间没有批准过的表单，所以都是零。送审用 yibiao form submit，批准用 yibiao form approve"
"""What is said of an account without any form."""

BY = ("form", "department", "community", "month")

NOTES: Mapping[str, str] = {
    "community": (
        "登记只写一共多少份、多少行，没有写各社区各有多少，所以登记负担不分到社区。"
        "各社区的前后，比的是收回的表：“手填要”是同样这些行按最初送审的样子全部手填的小时，“实际”是填回来用的小时"
    ),
    "month": (
        "各月的登记负担是一年的小时数：“之后”是当月最后一天有效的表单，“之前”与合计同一算法、算到那一天。各月不能相加："
        "登记只写一年填几次，没有写在哪几个月填，所以不分到月。收回的表算在收到的那个月"
    ),
}
"""What is said under an account by community or month of what its figures are, and are not."""


@dataclass(frozen=True)
class Actual:
    """What came back, in one group.

    Attributes:
        returns, rows: their number.
        cells: mode -> cells.
        seconds: what filling them took, by the formula.
        seconds_by_hand: what the same rows of the forms as first submitted would have taken by hand.
        change: from the one to the other.
        percent: the same in per cent, or why there is none.
    """

    returns: int
    rows: int
    cells: Mapping[str, int]
    seconds: int
    seconds_by_hand: int
    change: Change
    percent: Percentage

    def as_dict(self) -> dict[str, Any]:
        return {
            "returns": self.returns,
            "rows": self.rows,
            "cells": dict(self.cells),
            "seconds": self.seconds,
            "hours": hours(self.seconds),
            "seconds_by_hand": self.seconds_by_hand,
            "hours_by_hand": hours(self.seconds_by_hand),
            "change": self.change.as_dict(),
            **self.percent.as_dict(),
        }


@dataclass(frozen=True)
class Line:
    """One group of the account.

    Attributes:
        key, name: form, department, community or month.
        before, after: the registered forms, of a month those on its last day; None where it is not known which of
            their burden is the group's (communities, see `NOTES`).
        change, percent: of the registered burden a year.
        actual: what came back in the period.
    """

    key: str
    name: str
    before: tuple[FormCost, ...] | None
    after: tuple[FormCost, ...] | None
    change: Change | None
    percent: Percentage | None
    actual: Actual

    def as_dict(self) -> dict[str, Any]:
        registered = None
        if self.before is not None and self.after is not None and self.change is not None and self.percent is not None:
            registered = {
                "before": _state(self.before),
                "after": _state(self.after),
                "change": self.change.as_dict(),
                **self.percent.as_dict(),
            }
        return {"key": self.key, "name": self.name, "registered": registered, "actual": self.actual.as_dict()}


@dataclass(frozen=True)
class Report:
    """The whole account; `since` is None if before is what was first submitted."""

    by: str
    since: date | None
    until: date
    lines: tuple[Line, ...]
    total: Line
    months: tuple[Line, ...]

    @property
    def has_registered(self) -> bool:
        """Have the groups a registered burden, and not only what came back?"""
        return self.by in ("form", "department") or any(line.before is not None for line in self.lines)

    @property
    def note(self) -> str:
        """What the figures of the groups are, where that has to be said."""
        return NOTES.get(self.by, "")

    @property
    def is_empty(self) -> bool:
        """Is there neither a form that counts nor anything that came back, so that all figures are nought?"""
        return not (self.total.before or self.total.after or self.total.actual.returns)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; seconds are whole numbers and add up, hours are rounded for people."""
        return {
            "formula": {"version": PRESENT.version, "seconds": dict(PRESENT.seconds), "fixed": PRESENT.fixed},
            "by": self.by,
            "from": self.since.isoformat() if self.since else None,
            "to": self.until.isoformat(),
            "before_is": "in force on the first day" if self.since else "as first submitted, all by hand",
            "note": self.note or None,
            "lines": [line.as_dict() for line in self.lines],
            "total": self.total.as_dict(),
        }


def report(
    by: str,
    since: date | None,
    until: date,
    then: Mapping[str, Standing],
    now: Mapping[str, Standing],
    returned: Sequence[Return],
    names: Callable[[str, str], str],
    ended: Mapping[str, Mapping[str, Standing]] | None = None,
) -> Report:
    """The account of a period.

    Args:
        by: one of `BY`.
        since, until: first and last day.
        then, now: every form as it was on these days; `then` is not looked at without `since`.
        returned: what came back between them.
        names: (`BY`, key) -> how it is shown.
        ended: month (`YYYY-MM`) -> every form as it was on its last day, for an account by month.

    Raises:
        AdmissionError: the period ends before it begins, or a formula is not known.
    """
    if since is not None and since > until:
        raise AdmissionError(
            "The period ends before it begins.",
            where="--from, --to",
            expected="a first day before the last one",
            got=f"{since} and {until}",
            todo="Give an earlier day with --from, or a later one with --to.",
        )
    before = _in_force(then) if since is not None else _as_submitted(now)
    after, stated = _in_force(now), _stated(now)
    ends = ended or {} if by == "month" else {}
    first_day = since.isoformat() if since else "0000"
    inside = [one for one in returned if first_day <= one.received_at[:10] <= until.isoformat()]

    key_of_form: Callable[[FormCost], str] = (
        (lambda form: form.form) if by == "form" else (lambda form: form.department)
    )
    key_of_return: Mapping[str, Callable[[Return], str]] = {
        "form": lambda one: one.form,
        "department": lambda one: one.form.partition(".")[0],
        "community": lambda one: one.community_code,
        "month": lambda one: one.month,
    }

    def line(key: str, kind: str, forms: bool) -> Line:
        back = [one for one in inside if key_of_return[kind](one) == key]
        if kind == "month" and key in ends:
            end = ends[key]
            both = (before if since is not None else _as_submitted(end), _in_force(end))
            return _line(key, names(kind, key), both, _stated(end), back, now)
        mine = (
            [form for form in before if key_of_form(form) == key],
            [form for form in after if key_of_form(form) == key],
        )
        return _line(key, names(kind, key), mine if forms else None, stated, back, now)

    registered = by in ("form", "department")
    keys = {key_of_return[by](one) for one in inside} | ends.keys()
    if registered:
        keys |= {key_of_form(form) for form in (*before, *after)}
    months = sorted({one.month for one in inside})
    return Report(
        by=by,
        since=since,
        until=until,
        lines=tuple(line(key, by, registered) for key in sorted(keys)),
        total=_line("total", "合计", (before, after), stated, inside, now),
        months=tuple(line(month, "month", False) for month in months),
    )


def _in_force(forms: Mapping[str, Standing]) -> list[FormCost]:
    return [cost_of(one.registration) for one in forms.values() if one.state == "approved" and one.registration]


def _as_submitted(forms: Mapping[str, Standing]) -> list[FormCost]:
    """Every form that was ever approved, as it was first submitted, all by hand."""
    ever = [one for one in forms.values() if any(event.action == "approve" for event in one.events)]
    return [cost_of(one.first, by_hand=True) for one in ever if one.first is not None]


def _stated(forms: Mapping[str, Standing]) -> dict[str, int]:
    return {one.form: one.registration.seconds for one in forms.values() if one.registration is not None}


def months_between(first: str, last: str) -> list[str]:
    """Months (`YYYY-MM`) from one to another, both with it."""
    begin, end = ((int(one[:4]) * 12 + int(one[5:7]) - 1) for one in (first, last))
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(begin, end + 1)]


def _line(
    key: str,
    name: str,
    forms: tuple[Sequence[FormCost], Sequence[FormCost]] | None,
    stated: Mapping[str, int],
    back: Sequence[Return],
    known: Mapping[str, Standing],
) -> Line:
    actual = actual_of(back, known)
    if forms is None:
        return Line(key, name, None, None, None, None, actual)
    before, after = forms
    change = _sum(change_between(before, after).values())
    doubts = [*doubts_about((*before, *after)), *doubts_about(after, stated)]
    percent = percentage(total_seconds(before), total_seconds(after), doubts)
    return Line(key, name, tuple(before), tuple(after), change, percent, actual)


def actual_of(back: Sequence[Return], known: Mapping[str, Standing]) -> Actual:
    """What some returns took, and what they would have taken by hand.

    A blank cell counts in no mode. By hand it would have stayed blank too; which field it is of nobody counted, so the
    dearest one is taken, which makes the saving smaller and never larger than it was.
    """
    cells = {mode: 0 for mode in PRESENT.seconds}
    seconds = by_hand = 0
    change = Change()
    doubts = []
    for one in back:
        for mode, number in one.cells.items():
            cells[mode] += number
        took = sum(number * PRESENT.seconds[mode] for mode, number in one.cells.items()) + PRESENT.fixed
        seconds += took
        standing = known.get(one.form)
        registration = _registration_of(one, standing)
        if registration is None or standing is None or standing.first is None:
            doubts.append(f"{one.form} 交回时没有有效的准入编号，不知道它该有哪些栏目")
            by_hand += took
            continue
        blank = one.rows * len(registration.fields) - sum(one.cells.values())
        if blank < 0:
            doubts.append(f"{one.form} 交回的格数多于行数乘栏目数")
            by_hand += took
            continue
        spared = blank * max(PRESENT.seconds[field.hand] for field in registration.fields)
        now = _by_hand(registration, one.rows) - spared
        first = _by_hand(standing.first, one.rows) - spared
        by_hand += first
        change += Change(fields=now - first, mode=took - now)
    return Actual(
        returns=len(back),
        rows=sum(one.rows for one in back),
        cells=cells,
        seconds=seconds,
        seconds_by_hand=by_hand,
        change=change,
        percent=percentage(by_hand, seconds, doubts) if back else Percentage(None, "没有收回的表（no returns）"),
    )


def _by_hand(registration: Registration, rows: int) -> int:
    return rows * sum(PRESENT.seconds[field.hand] for field in registration.fields) + PRESENT.fixed


def _registration_of(one: Return, standing: Standing | None) -> Registration | None:
    """What was in force under the number of a return when it came."""
    if standing is None or one.control_number is None:
        return None
    found = None
    for event in standing.events:
        if event.decided_at > one.received_at and event.decided_at[:10] != one.received_at[:10]:
            break
        if event.action in ("approve", "renew") and event.control_number == one.control_number:
            found = event.registration_no
    return standing.registrations.get(found) if found is not None else None


def _state(forms: Sequence[FormCost]) -> dict[str, Any]:
    return {
        "forms": len(forms),
        "fields": sum(len(form.fields) for form in forms),
        "distinct_fields": distinct_fields(forms),
        "distinct_fields_asked": distinct_fields(forms, asked=True),
        "seconds": total_seconds(forms),
        "hours": hours(total_seconds(forms)),
    }


def _sum(changes: Iterable[Change]) -> Change:
    total = Change()
    for one in changes:
        total += one
    return total
