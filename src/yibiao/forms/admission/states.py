"""What a form is today: a fold over what happened to it, and which actions are possible from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from yibiao.errors import AdmissionError
from yibiao.forms.admission.fields import AskedField

STATES: Mapping[str, str] = {
    "unregistered": "未登记",
    "submitted": "待审",
    "rejected": "退回",
    "approved": "有效",
    "expired": "已过期",
    "retired": "已停用",
}
"""State -> how it is shown. Only an `approved` form has a control number."""

ACTIONS: Mapping[str, tuple[str, ...]] = {
    "submit": ("unregistered", "rejected", "approved", "expired", "retired"),
    "approve": ("submitted",),
    "reject": ("submitted",),
    "renew": ("approved", "expired"),
    "retire": ("approved", "expired"),
}
"""Action -> states from which it is possible. A form that is in force may be submitted again: the old one stays in
force under its number until the new one is decided on; meanwhile it can be neither renewed nor retired."""

ACTION_NAMES: Mapping[str, str] = {
    "submit": "送审",
    "approve": "批准",
    "reject": "退回",
    "renew": "续期",
    "retire": "停用",
}
"""Action -> how it is shown."""

_NUMBER, _STATE = "准入编号：", "准入状态："
NOTICE_BEGINS = (_NUMBER, _STATE)
"""How what is printed on a form begins."""

DECLINE = "没有有效的准入编号，可以拒填（no valid control number: it may be declined）"


@dataclass(frozen=True)
class Registration:
    """One state of a form as it was submitted, or as it was re-estimated when it was renewed.

    Attributes:
        form: `<department>.<name>`.
        owner: who answers for it.
        entity: what a row is about, where that is known.
        respondents, rows: returns and rows of one filling.
        fields: what it asks.
        source_name, source_sha256: the file, or the id in `schemas/forms`, that it was read from.
        formula: version of the burden formula.
        seconds_by_hand, seconds: of a year, if all is filled by hand, and as its fields are to be filled.
        registration_no: 0 before it is kept.
    """

    form: str
    title: str
    department: str
    owner: str
    legal_basis: str
    entity: str | None
    respondents: int
    rows: int
    times_a_year: int
    wanted_expiry: date
    fields: tuple[AskedField, ...]
    source_name: str
    source_sha256: str
    formula: int
    seconds_by_hand: int
    seconds: int
    registration_no: int = 0

    @property
    def refused(self) -> tuple[AskedField, ...]:
        """Fields that ask people for what sharing supplies."""
        return tuple(one for one in self.fields if one.refused)

    @property
    def unsettled(self) -> tuple[AskedField, ...]:
        """Fields of which nobody has said what they ask."""
        return tuple(one for one in self.fields if one.verdict == "ask")


@dataclass(frozen=True)
class Event:
    """Something that happened to a form; `decided_at` is ISO 8601 with an offset.

    Attributes:
        exceptions: field -> why it may be asked although sharing supplies it.
    """

    form: str
    registration_no: int
    action: str
    control_number: str | None
    expires: date | None
    exceptions: Mapping[str, str]
    decided_by: str
    reason: str
    decided_at: str


@dataclass(frozen=True)
class Standing:
    """What a form is on one day.

    Attributes:
        state: one of `STATES`.
        registration: what is in force, or was last; of a form that was never approved, what was submitted last.
        pending: what waits for a decision, or None.
        first: what was submitted first: what the department asked before anybody looked at it.
        control_number: None unless the form is in force on that day.
        former_number: the number that it has or had last.
        expires: last day on which it is or was in force.
        events: oldest first.
        registrations: all that its events speak of, by number.
    """

    form: str
    state: str
    registration: Registration | None = None
    pending: Registration | None = None
    first: Registration | None = None
    control_number: str | None = None
    former_number: str | None = None
    expires: date | None = None
    events: tuple[Event, ...] = ()
    registrations: Mapping[int, Registration] = field(default_factory=dict)

    @property
    def may_decline(self) -> bool:
        """Whether those who are asked may leave it: it has no valid control number."""
        return self.control_number is None

    @property
    def notice(self) -> str:
        """What is to be printed on the form, in Chinese."""
        if self.control_number is None:
            return f"{_STATE}{STATES[self.state]}。{DECLINE}"
        return f"{_NUMBER}{self.control_number}，有效期至 {self.expires}"


def fold(
    form: str, events: Iterable[Event], registrations: Mapping[int, Registration], today: date | None = None
) -> Standing:
    """What the events of one form make of it.

    Args:
        events: oldest first; only those up to the end of `today` count.
        registrations: by number.
        today: None for all events and no expiry.
    """
    counted = tuple(event for event in events if today is None or event.decided_at[:10] <= today.isoformat())
    inforce: Registration | None = None
    pending: Registration | None = None
    shown: Registration | None = None
    state, number, expires = "unregistered", None, None
    for event in counted:
        registration = registrations[event.registration_no]
        if event.action == "submit":
            pending = registration
        elif event.action == "reject":
            pending = None
            state = state if inforce else "rejected"
        elif event.action == "retire":
            inforce, state = None, "retired"
        else:
            inforce, pending, state = registration, None, "approved"
            number, expires = event.control_number, event.expires
        shown = inforce or registration
    if inforce is None and pending is not None:
        state = "submitted"
    if inforce is not None and today is not None and expires is not None and expires < today:
        state = "expired"
    return Standing(
        form=form,
        state=state,
        registration=shown,
        pending=pending,
        first=registrations[counted[0].registration_no] if counted else None,
        control_number=number if state == "approved" else None,
        former_number=number,
        expires=expires,
        events=counted,
        registrations={event.registration_no: registrations[event.registration_no] for event in counted},
    )


def check_action(standing: Standing, action: str) -> None:
    """Make sure that something may happen to a form now.

    Raises:
        AdmissionError: it may not; the text says what may.
    """
    waits = standing.pending is not None
    deciding = action in ("approve", "reject")
    possible = waits if deciding else standing.state in ACTIONS[action] and not waits
    if possible:
        return
    state = f"{standing.state}（{STATES[standing.state]}）"
    if waits:
        state += "，有一份送审稿等待审核 a submission waits"
        todo = f"Decide on it first: `yibiao form approve {standing.form}` or `yibiao form reject {standing.form}`."
    elif deciding:
        todo = f"Nothing waits for a decision; submit it with `yibiao form submit {standing.form}`."
    else:
        possible_now = [name for name, states in ACTIONS.items() if standing.state in states]
        todo = "Possible now: " + ", ".join(f"`yibiao form {name}`" for name in possible_now) + "."
    raise AdmissionError(
        f"The form cannot be {_DONE[action]} in its present state.",
        where=f"form {standing.form}",
        expected="a submission that waits" if deciding else " or ".join(ACTIONS[action]),
        got=state,
        todo=todo,
    )


_DONE = {
    "submit": "submitted",
    "approve": "approved",
    "reject": "rejected",
    "renew": "renewed",
    "retire": "retired",
}
