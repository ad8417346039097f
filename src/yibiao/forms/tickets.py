"""Tickets (更正工单): what a returned form says is wrong, for the authority to accept or refuse with a reason.

Tickets and decisions live in the control database alone. Of several decisions about a ticket the last counts, and all
are kept; of several accepted tickets about one value the last ticket does.
"""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from yibiao.contracts.values import Schemas
from yibiao.control.database import connect
from yibiao.errors import FormError
from yibiao.files import to_json
from yibiao.forms.workdays import due
from yibiao.settings import TIME_ZONE, Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

ACCEPT, REFUSE, WITHDRAW = "accept", "refuse", "withdraw"
OPEN, ACCEPTED, REFUSED, WITHDRAWN = "open", "accepted", "refused", "withdrawn"
STATES = {OPEN: "待核实", ACCEPTED: "已采纳", REFUSED: "未采纳", WITHDRAWN: "已撤回"}
DECISIONS = {ACCEPT: "采纳", REFUSE: "不予采纳", WITHDRAW: "撤回"}
"""Decision -> how it is shown."""

_STATE_OF = {ACCEPT: ACCEPTED, REFUSE: REFUSED, WITHDRAW: WITHDRAWN}

POSSIBLE: Mapping[str, tuple[str, ...]] = {
    ACCEPT: (OPEN, REFUSED, WITHDRAWN),
    REFUSE: (OPEN, ACCEPTED, WITHDRAWN),
    WITHDRAW: (ACCEPTED,),
}
"""Decision -> states from which it is possible. Whoever decides may change his mind, but a decision that stands is not
taken once more: its reason and who took it would be hidden by another. Only what was accepted can be taken back."""

TERM = 10
"""Working days within which an authority answers. Ours, after the ten of 政务数据共享条例 for conditional sharing."""

EXISTS = ".exists"
"""Ends the element of a ticket about a yes or no, which no value can answer."""


@dataclass(frozen=True)
class FileCell:
    """The cell of a returned file: the file's name, the sheet's, and the place as Excel names it."""

    file_name: str
    sheet: str
    place: str


@dataclass(frozen=True)
class Found:
    """A correction as it was found on a form.

    Attributes:
        value_before, value: as the registry writes them; an empty `value` says only that the old one is wrong.
        cell: where it stood; None if nobody wrote it down.
    """

    form: str
    community_code: str
    release_version: str
    entity: str
    entity_id: str
    element: str
    department: str
    value_before: str
    value: str
    header: str
    file_sha256: str
    cell: FileCell | None = None


@dataclass(frozen=True)
class Decision:
    """One decision about a ticket, with who took it, when (ISO 8601) and why; `value` is what an accepted one says."""

    decision: str
    value: str
    decided_by: str
    reason: str
    decided_at: str


@dataclass(frozen=True)
class Ticket:
    """A ticket with what was decided about it: what counts now, and all decisions, oldest first."""

    ticket_no: int
    found: Found
    opened_at: str
    due_on: date
    state: str = OPEN
    decided_value: str = ""
    decided_by: str = ""
    reason: str = ""
    decided_at: str = ""
    decisions: tuple[Decision, ...] = ()

    @property
    def value(self) -> str:
        """What counts if it is accepted."""
        return self.decided_value or self.found.value

    @property
    def state_before(self) -> str:
        """What it was before the last decision."""
        return _STATE_OF[self.decisions[-2].decision] if len(self.decisions) > 1 else OPEN

    def days_left(self, today: date) -> int:
        """Working days until it is due; negative when that is over. Of a decided one as on the day of the decision."""
        from yibiao.forms.workdays import between

        day = date.fromisoformat(self.decided_at[:10]) if self.decided_at else today
        return between(day, self.due_on)


@dataclass(frozen=True)
class Correction:
    """An accepted correction: it outranks whatever sources state.

    Attributes:
        entity_id: that the form was filled with; the entity may bear another by now.
        said_on: the day of which the form spoke, the last one of the release that it was filled from.
        accepted_at: when the authority accepted it.
    """

    entity: str
    entity_id: str
    element: str
    value: str
    ticket_no: int
    department: str
    said_on: date
    accepted_at: str = field(default="", compare=False)


def open_tickets(connection: Connection, found: Sequence[Found], at: datetime) -> int:
    """Write down corrections; one that waits already, word for word, is not written again.

    Returns:
        How many are new.
    """
    from sqlalchemy import insert

    from yibiao.control.tables import ticket, ticket_cell

    waiting = {_same(one.found) for one in _all(connection) if one.state == OPEN}
    last = due(at.date(), TERM) if found else at.date()
    opened = 0
    for one in found:
        if _same(one) in waiting:
            continue
        waiting.add(_same(one))
        told = {name: value for name, value in vars(one).items() if name != "cell"}
        made = connection.execute(
            insert(ticket).values(**told, opened_at=at.isoformat(timespec="seconds"), due_on=last)
        )
        opened += 1
        if one.cell is not None and made.inserted_primary_key is not None:
            connection.execute(insert(ticket_cell).values(ticket_no=made.inserted_primary_key[0], **vars(one.cell)))
    return opened


def tickets(settings: Settings, *, state: str = "", department: str = "", form: str = "") -> list[Ticket]:
    """Tickets, oldest first.

    Args:
        state: only those in this one of `STATES`; `department`, `form`: only of these.
    """
    with connect(settings) as connection:
        found = _all(connection)
    return [
        one
        for one in found
        if state in ("", one.state) and department in ("", one.found.department) and form in ("", one.found.form)
    ]


def decide(
    settings: Settings,
    ticket_no: int,
    decision: str,
    reason: str,
    schemas: Schemas,
    *,
    value: str = "",
    by: str = "",
    at: datetime | None = None,
) -> Ticket:
    """Accept or refuse a ticket, or take the decision back.

    Args:
        decision: `accept`, `refuse`, or `withdraw` (an accepted correction counts no more); see `POSSIBLE`.
        value: what counts instead of what the form says, as the registry writes it; needed where the form says nothing.

    Raises:
        FormError: there is no such ticket, the decision stands already or takes nothing back, no reason is given, or
            the value is none.
    """
    from sqlalchemy import insert

    from yibiao.control.tables import ticket_decision

    if not reason.strip():
        raise FormError("A decision about a ticket needs a reason.", where=f"ticket {ticket_no}", todo="Give --reason.")
    moment = at or datetime.now(ZoneInfo(TIME_ZONE))
    with connect(settings) as connection:
        known = {one.ticket_no: one for one in _all(connection)}
        if ticket_no not in known:
            raise FormError(
                "There is no such ticket.",
                where="yibiao ticket",
                got=str(ticket_no),
                todo="See them with `yibiao ticket list`.",
            )
        one = known[ticket_no]
        counted = _check(one, decision, value, schemas)
        connection.execute(
            insert(ticket_decision).values(
                ticket_no=ticket_no,
                decision=decision,
                value=counted,
                decided_by=by.strip() or getpass.getuser(),
                reason=reason.strip(),
                decided_at=moment.isoformat(timespec="seconds"),
            )
        )
        return next(each for each in _all(connection) if each.ticket_no == ticket_no)


def accepted_corrections(settings: Settings, schemas: Schemas) -> list[Correction]:
    """Every accepted correction of a value, by the number of its ticket: later ones outrank earlier ones."""
    with connect(settings) as connection:
        found = _all(connection)
    return [
        Correction(
            told.entity, told.entity_id, told.element, one.value, one.ticket_no, told.department,
            _said_on(one), one.decided_at,
        )
        for one in found
        if one.state == ACCEPTED and applies(told := one.found, schemas)
    ]  # fmt: skip


def corrections(settings: Settings, schemas: Schemas, *, until: date | None = None) -> tuple[Correction, ...]:
    """The accepted corrections that count in a release, sorted: of each value the last ticket.

    Args:
        until: only those that speak of this day or an earlier one.
    """
    last: dict[tuple[str, str, str], Correction] = {}
    for one in accepted_corrections(settings, schemas):
        if until is None or one.said_on <= until:
            last[one.entity, one.entity_id, one.element] = one
    return tuple(last[place] for place in sorted(last))


def corrections_digest(corrected: Sequence[Correction]) -> str:
    """SHA-256 over what corrections change of a release; who decided, when and why take no part.

    The number of a ticket is the source of its value, so that another ticket with the same value is another release.
    """
    told = [[one.entity, one.entity_id, one.element, one.value, one.ticket_no, one.department] for one in corrected]
    return hashlib.sha256(to_json(told)).hexdigest()


def _said_on(one: Ticket) -> date:
    """The last day of the release that a form was filled from, which it prints; releases are named by their edition."""
    from yibiao.errors import DeliveryError
    from yibiao.ingest.deliveries import edition_date

    try:
        return date.fromisoformat(edition_date(one.found.release_version.rpartition("-")[0]))
    except DeliveryError:  # not named so: the day on which it came back is the only one that is known
        return date.fromisoformat(one.opened_at[:10])


def applies(found: Found, schemas: Schemas) -> bool:
    """Whether an accepted ticket changes the release by itself.

    A key, or what links entities, is mended by the authority in its own report: with another number it would be another
    entity. Neither is a yes or no a value.
    """
    entity = schemas.entities.get(found.entity)
    if entity is None or found.element not in entity.elements:
        return False
    linking = {name for elements in (*entity.keys, *entity.links.values()) for name in elements}
    return found.element not in linking


def _check(one: Ticket, decision: str, value: str, schemas: Schemas) -> str:
    if decision not in _STATE_OF:
        raise FormError(
            "This is no decision.", where=f"ticket {one.ticket_no}", expected=", ".join(_STATE_OF), got=decision
        )
    _check_possible(one, decision)
    if decision != ACCEPT:
        return ""
    if not applies(one.found, schemas):
        return value
    counted = value or one.found.value
    element = schemas.elements[one.found.element]
    if not counted:
        raise FormError(
            "The form says only that the value is wrong, not what is right.",
            where=f"ticket {one.ticket_no}",
            expected=f"--value with the right {element.name}",
            todo="Give it, or refuse the ticket.",
        )
    if not is_value(counted, one.found.element, schemas):
        raise FormError(
            f"This is no {element.name}.",
            where=f"ticket {one.ticket_no}",
            expected=f"a value of type {element.type}"
            + (f", code list {element.code_list}" if element.code_list else ""),
            got=f"{len(counted)} characters",
            todo="Codes are given as codes, days as YYYY-MM-DD.",
        )
    return counted


def _check_possible(one: Ticket, decision: str) -> None:
    if one.state in POSSIBLE[decision]:
        return
    where, now = f"ticket {one.ticket_no}", f"{one.state}（{STATES[one.state]}）"
    if one.decisions:
        now += f"，{one.decided_by} {one.decided_at[:10]}"
    expected = " or ".join(POSSIBLE[decision])
    if decision == WITHDRAW:
        raise FormError(
            "Only a ticket that is accepted can be taken back.",
            where=where,
            expected=expected,
            got=now,
            todo="Answer it with `yibiao ticket accept` or `yibiao ticket refuse`; or leave it as it is.",
        )
    if decision == REFUSE:
        raise FormError(
            "The ticket is refused already.",
            where=where,
            expected=expected,
            got=now,
            todo="See who did and why with `yibiao ticket show`; to change it, accept it.",
        )
    raise FormError(
        "The ticket is accepted already.",
        where=where,
        expected=expected,
        got=now,
        todo="See who did and why with `yibiao ticket show`. To change it, refuse it; to give another value, withdraw"
        " it first and accept it with --value.",
    )


def is_value(value: str, element: str, schemas: Schemas) -> bool:
    """Whether a text is a value of an element as the registry writes it."""
    import duckdb

    from yibiao.contracts.reports import plain_column
    from yibiao.ingest.rules import read_as

    told = schemas.elements[element]
    if told.code_list:
        return value in schemas.codes[told.code_list].by_code
    column = plain_column(element, told.name, told.type)
    sql = read_as(_dated(column), "text")
    found: Any = duckdb.execute(f"select ({sql}) is not null from (select ?::varchar as text)", [value]).fetchall()
    return bool(found[0][0])


def _dated(column: Any) -> Any:
    return replace(column, date_formats=("any",)) if column.type in ("date", "month") else column


def _same(one: Found) -> tuple[str, str, str, str]:
    return one.entity, one.entity_id, one.element, one.value


def _all(connection: Connection) -> list[Ticket]:
    from sqlalchemy import select

    from yibiao.control.tables import ticket, ticket_cell, ticket_decision

    made: dict[int, list[Decision]] = {}
    columns = [ticket_decision.c[name] for name in Decision.__dataclass_fields__]
    query = select(ticket_decision.c.ticket_no, *columns).order_by(ticket_decision.c.ticket_decision_id)
    for number, *decided in connection.execute(query):
        made.setdefault(number, []).append(Decision(*decided))
    cells = {
        number: FileCell(*told)
        for number, *told in connection.execute(
            select(ticket_cell.c.ticket_no, *(ticket_cell.c[name] for name in FileCell.__dataclass_fields__))
        )
    }
    names = [name for name in Found.__dataclass_fields__ if name != "cell"]
    found: Iterable[Any] = connection.execute(select(ticket).order_by(ticket.c.ticket_no))
    result = []
    for row in found:
        told = Found(**{name: row._mapping[name] for name in names}, cell=cells.get(row.ticket_no))
        one = Ticket(row.ticket_no, told, row.opened_at, row.due_on)
        if decisions := made.get(row.ticket_no):
            last = decisions[-1]
            one = replace(
                one,
                state=_STATE_OF[last.decision],
                decided_value=last.value,
                decided_by=last.decided_by,
                reason=last.reason,
                decided_at=last.decided_at,
                decisions=tuple(decisions),
            )
        result.append(one)
    return result
