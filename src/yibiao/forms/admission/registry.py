"""Writes down what happens to forms, and reads what they are: the only place that touches the registry's tables.

Rows are only ever added. Everything that is decided is checked in the transaction that writes it, so that two clerks
cannot decide on one submission, nor two forms get one number.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from yibiao.contracts.values import Schemas
from yibiao.control.database import connect
from yibiao.errors import AdmissionError
from yibiao.forms.admission.fields import AskedField, find_field, refusal
from yibiao.forms.admission.law import ARTICLE, ARTICLE_TEXT, MOST_YEARS
from yibiao.forms.admission.number import LAST_SERIAL, control_number
from yibiao.forms.admission.states import Event, Registration, Standing, check_action, fold
from yibiao.settings import TIME_ZONE, Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

REGISTRY_LOCK = 0x79696261
"""Number of PostgreSQL's advisory lock that one who writes here holds; any constant that nobody else uses."""


def now() -> datetime:
    """The moment, in Asia/Shanghai."""
    return datetime.now(ZoneInfo(TIME_ZONE))


def standing(settings: Settings, form: str, today: date | None = None) -> Standing:
    """What a form is on a day, by its id or by its control number.

    Args:
        today: the day; the present one unless given.
    """
    day = today or now().date()
    with connect(settings) as connection:
        events, registrations = _read(connection)
    named = next((one.form for one in reversed(events) if one.control_number == form), form)
    return fold(named, [one for one in events if one.form == named], registrations, day)


def standings(settings: Settings, today: date | None = None) -> dict[str, Standing]:
    """Every form that was ever submitted, by id in ascending order, as it is on a day.

    A database that is not there has none, and is not made by asking.
    """
    if settings.control_url.startswith("sqlite:///") and not (settings.home / "control.db").exists():
        return {}
    day = today or now().date()
    with connect(settings) as connection:
        events, registrations = _read(connection)
    names = sorted({one.form for one in events})
    return {name: fold(name, [one for one in events if one.form == name], registrations, day) for name in names}


def submit(
    settings: Settings, registration: Registration, *, reason: str = "", by: str = "", at: datetime | None = None
) -> Standing:
    """Keep a form that a department wants to ask; it waits for a decision.

    Args:
        reason: why it is asked or changed; may be empty.
        by: who submits it; the user of the operating system unless given.
        at: when; now unless given.

    Raises:
        AdmissionError: it waits for a decision already, or its expiry cannot be.
    """
    moment = at or now()
    check_expiry(registration.wanted_expiry, moment.date(), registration.form)
    with _writing(settings, registration.form, "submit", moment) as (connection, _):
        number = _keep(connection, registration)
        _write(connection, registration.form, number, "submit", moment, reason=reason, by=by)
    return standing(settings, registration.form, moment.date())


def approve(
    settings: Settings,
    form: str,
    schemas: Schemas,
    *,
    exceptions: Mapping[str, str] | None = None,
    expires: date | None = None,
    reason: str = "",
    by: str = "",
    at: datetime | None = None,
) -> Standing:
    """Let a submitted form be asked: it gets a control number.

    Args:
        schemas: names of elements and departments, for what is refused.
        exceptions: field -> why it may be asked although sharing supplies it.
        expires: last day; as the department wished unless given.

    Raises:
        AdmissionError: nothing waits, fields are left that sharing supplies or that nobody could place, or an exception
            is none.
    """
    moment = at or now()
    with _writing(settings, form, "approve", moment) as (connection, found):
        asked = found.pending
        assert asked is not None  # else the action would have been refused
        allowed = _allowed(asked.fields, exceptions or {}, schemas, form)
        last = expires or asked.wanted_expiry
        check_expiry(last, moment.date(), form)
        number = _next_number(connection, moment.year)
        _write(
            *(connection, form, asked.registration_no, "approve", moment),
            number=number,
            expires=last,
            exceptions=allowed,
            reason=reason,
            by=by,
        )
    return standing(settings, form, moment.date())


def reject(settings: Settings, form: str, *, reason: str, by: str = "", at: datetime | None = None) -> Standing:
    """Send a submission back.

    Raises:
        AdmissionError: nothing waits, or the reason is missing.
    """
    _need_reason(reason, form)
    moment = at or now()
    with _writing(settings, form, "reject", moment) as (connection, found):
        assert found.pending is not None
        _write(connection, form, found.pending.registration_no, "reject", moment, reason=reason, by=by)
    return standing(settings, form, moment.date())


def renew(
    settings: Settings,
    form: str,
    schemas: Schemas,
    renewed: Registration,
    *,
    expires: date,
    reason: str,
    exceptions: Mapping[str, str] | None = None,
    by: str = "",
    at: datetime | None = None,
) -> Standing:
    """Let a form be asked longer, under the number that it has.

    Args:
        renewed: what is in force, its fields judged anew and its counts as they are estimated now.
        exceptions: as with `approve`; those of the last decision hold on for the fields that are still refused.

    Raises:
        AdmissionError: it is not in force, the day is not later, or sharing supplies by now what the form asks.
    """
    _need_reason(reason, form)
    moment = at or now()
    check_expiry(expires, moment.date(), form)
    with _writing(settings, form, "renew", moment) as (connection, found):
        if found.expires is not None and expires <= found.expires:
            raise AdmissionError(
                "A renewal ends later than what it renews.",
                where=f"form {form}",
                expected=f"a day after {found.expires}",
                got=str(expires),
                todo="Give a later day with --expires, or let the form run out.",
            )
        last = next(one for one in reversed(found.events) if one.action in ("approve", "renew"))
        kept = {one.key: last.exceptions[one.key] for one in renewed.refused if one.key in last.exceptions}
        allowed = _allowed(renewed.fields, {**kept, **(exceptions or {})}, schemas, form)
        number = _keep(connection, replace(renewed, wanted_expiry=expires))
        _write(
            *(connection, form, number, "renew", moment),
            number=found.former_number,
            expires=expires,
            exceptions=allowed,
            reason=reason,
            by=by,
        )
    return standing(settings, form, moment.date())


def retire(settings: Settings, form: str, *, reason: str, by: str = "", at: datetime | None = None) -> Standing:
    """End a form; its number is given to no other.

    Raises:
        AdmissionError: it is not in force, or the reason is missing.
    """
    _need_reason(reason, form)
    moment = at or now()
    with _writing(settings, form, "retire", moment) as (connection, found):
        assert found.registration is not None
        _write(connection, form, found.registration.registration_no, "retire", moment, reason=reason, by=by)
    return standing(settings, form, moment.date())


def check_expiry(expires: date, today: date, form: str) -> None:
    """Make sure that a form ends, and not before it begins.

    Raises:
        AdmissionError: the day is past, or too far away.
    """
    last = in_a_year(today, MOST_YEARS)
    if today <= expires <= last:
        return
    raise AdmissionError(
        "A form cannot expire on this day.",
        where=f"form {form}",
        expected=f"a day from {today} to {last}: a form is looked at again after {MOST_YEARS} years at the latest",
        got=str(expires),
        todo=f"Give a day from {today} to {last} with --expires.",
    )


def in_a_year(today: date, years: int = 1) -> date:
    """The same day some years later; of 29 February the 28th."""
    try:
        return today.replace(year=today.year + years)
    except ValueError:
        return date(today.year + years, 2, 28)


def _allowed(
    fields: Sequence[AskedField], exceptions: Mapping[str, str], schemas: Schemas, form: str
) -> dict[str, str]:
    """The exceptions by the fields' keys, if every field that is refused has one and nobody's meaning is in doubt."""
    given: dict[str, str] = {}
    for name, why in exceptions.items():
        field = fields[find_field(fields, name)]
        if not field.refused:
            raise AdmissionError(
                "This field needs no exception.",
                where=f"form {form}, field {field.key}",
                expected="a field that asks people for what sharing supplies",
                got=f"verdict {field.verdict}, filled in as {field.mode}",
                todo="Leave out its --except; `yibiao form show` says which fields are refused.",
            )
        if not why.strip():
            raise AdmissionError(
                "An exception needs a reason.",
                where=f"form {form}, field {field.key}",
                expected="--except FIELD=REASON",
                todo="Say after the sign = why this department has to ask it.",
            )
        given[field.key] = why.strip()
    doubtful = [one.key for one in fields if one.verdict == "ask"]
    if doubtful:
        raise AdmissionError(
            "Nobody has said what these fields ask.",
            where=f"form {form}",
            expected="a verdict on every field",
            got="、".join(doubtful),
            todo="Reject it, and let the department say it: `yibiao form submit ... --means FIELD=ELEMENT` "
            "(or FIELD=new).",
        )
    left = [one for one in fields if one.refused and one.key not in given]
    if left:
        raise AdmissionError(
            "The form asks people for what sharing supplies.",
            where=f"form {form}",
            expected=f"{ARTICLE}：{ARTICLE_TEXT}",
            got=f"{len(left)} field(s):\n    " + "\n    ".join(refusal(one, schemas) for one in left),
            todo="Reject it, so that the department drops them or has them filled in (`--prefill`), or give a reason "
            "for each: --except FIELD=REASON.",
        )
    return given


def _need_reason(reason: str, form: str) -> None:
    if not reason.strip():
        raise AdmissionError(
            "A decision needs a reason.",
            where=f"form {form}",
            expected="--reason with a text",
            got="nothing",
            todo="Say why with --reason: an auditor will ask.",
        )


def alone(connection: Connection) -> None:
    """Let nobody else write about forms until this transaction ends."""
    from sqlalchemy import func, select

    if connection.dialect.name == "postgresql":
        # SQLite lets one writer in at a time.
        connection.execute(select(func.pg_advisory_xact_lock(REGISTRY_LOCK)))


@contextmanager
def _writing(settings: Settings, form: str, action: str, moment: datetime) -> Iterator[tuple[Connection, Standing]]:
    """A transaction in which nobody else writes here, and what the form is in it; the action is possible there."""
    with connect(settings) as connection:
        alone(connection)
        events, registrations = _read(connection)
        found = fold(form, [one for one in events if one.form == form], registrations, moment.date())
        check_action(found, action)
        yield connection, found


def _next_number(connection: Connection, year: int) -> str:
    from sqlalchemy import func, select

    from yibiao.control.tables import form_event

    # Numbers of one year sort by their serial, which has a fixed width.
    pattern = f"{control_number(year, 1)[:8]}%"
    last = connection.scalar(
        select(func.max(form_event.c.control_number)).where(form_event.c.control_number.like(pattern))
    )
    serial = int(last.split("-")[2]) + 1 if last else 1
    if serial > LAST_SERIAL:
        raise AdmissionError(
            "The control numbers of this year are used up.",
            where=str(year),
            expected=f"at most {LAST_SERIAL} forms a year",
            got=str(serial),
            todo="Approve it next year, or renew a form that is there.",
        )
    return control_number(year, serial)


def _keep(connection: Connection, registration: Registration) -> int:
    from sqlalchemy import insert

    from yibiao.control.tables import form_registration

    values: dict[str, Any] = {**registration.__dict__, "fields": [one.as_dict() for one in registration.fields]}
    del values["registration_no"]
    key = connection.execute(insert(form_registration).values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def _write(
    connection: Connection,
    form: str,
    registration_no: int,
    action: str,
    moment: datetime,
    *,
    reason: str,
    by: str,
    number: str | None = None,
    expires: date | None = None,
    exceptions: Mapping[str, str] | None = None,
) -> None:
    from sqlalchemy import insert

    from yibiao.control.tables import form_event

    connection.execute(
        insert(form_event).values(
            form=form,
            registration_no=registration_no,
            action=action,
            control_number=number,
            expires=expires,
            exceptions=dict(exceptions or {}),
            decided_by=by or getpass.getuser(),
            reason=reason.strip(),
            decided_at=moment.isoformat(timespec="seconds"),
        )
    )


def _read(connection: Connection) -> tuple[list[Event], dict[int, Registration]]:
    from sqlalchemy import select

    from yibiao.control.tables import form_event, form_registration

    names = list(Event.__dataclass_fields__)
    events = [
        Event(**row._mapping)
        for row in connection.execute(select(*(form_event.c[name] for name in names)).order_by(form_event.c.event_no))
    ]
    registrations = {}
    for row in connection.execute(select(form_registration)):
        values = dict(row._mapping)
        values["fields"] = tuple(AskedField.of(one) for one in values["fields"])
        registrations[row.registration_no] = Registration(**values)
    return events, registrations
