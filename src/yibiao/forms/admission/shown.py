"""A form's standing as JSON and as lines for people."""

from __future__ import annotations

from typing import Any

from yibiao.contracts.values import Schemas
from yibiao.forms.account.costs import hours
from yibiao.forms.admission.fields import AskedField, refusal
from yibiao.forms.admission.law import ARTICLE
from yibiao.forms.admission.states import STATES, Registration, Standing


def as_dict(standing: Standing, schemas: Schemas) -> dict[str, Any]:
    """JSON-ready: state, number, expiry, what is in force and what waits, what was decided by whom and why."""
    return {
        "form": standing.form,
        "state": standing.state,
        "control_number": standing.control_number,
        "former_number": standing.former_number,
        "expires": standing.expires.isoformat() if standing.expires else None,
        "may_decline": standing.may_decline,
        "notice": standing.notice,
        "registration": _registration(standing.registration, schemas),
        "pending": _registration(standing.pending, schemas),
        "events": [
            {**event.__dict__, "expires": event.expires.isoformat() if event.expires else None}
            for event in standing.events
        ],
    }


def row_of(standing: Standing) -> dict[str, Any]:
    """What `yibiao form list` says of a form's admission."""
    return {
        "state": standing.state,
        "control_number": standing.control_number,
        "expires": standing.expires.isoformat() if standing.expires else None,
        "may_decline": standing.may_decline,
    }


def head_lines(standing: Standing, schemas: Schemas) -> list[str]:
    """Lines that say what a form is, who answers for it, until when, what it costs, what is refused."""
    lines = [f"{standing.form}：{STATES[standing.state]} {standing.state}", standing.notice]
    shown = standing.pending or standing.registration
    if shown is None:
        return lines
    department = schemas.departments.get(shown.department)
    lines += [
        f"《{shown.title}》 {department.name if department else shown.department}，责任人 {shown.owner}",
        f"依据 {shown.legal_basis}",
        f"每年 {shown.times_a_year} 次，每次 {shown.respondents:,} 份、{shown.rows:,} 行，来源 {shown.source_name}",
        f"负担 每年 {hours(shown.seconds):,.1f} 小时，全部手填要 {hours(shown.seconds_by_hand):,.1f} 小时"
        f"（公式第 {shown.formula} 版）",
    ]
    if standing.pending is not None and standing.registration is not standing.pending:
        lines.append(f"有效的一版仍以 {standing.control_number or standing.former_number} 使用，上面是待审的新版")
    if shown.refused:
        lines.append(f"共享能够提供、不得再问的 {len(shown.refused)} 项（{ARTICLE}）：")
        lines += [f"  {refusal(one, schemas)}" for one in shown.refused]
    if shown.unsettled:
        lines.append("拿不准、要由填报部门说明的：" + "、".join(one.key for one in shown.unsettled))
    return lines


def _registration(registration: Registration | None, schemas: Schemas) -> dict[str, Any] | None:
    if registration is None:
        return None
    return {
        **registration.__dict__,
        "wanted_expiry": registration.wanted_expiry.isoformat(),
        "hours": hours(registration.seconds),
        "hours_by_hand": hours(registration.seconds_by_hand),
        "fields": [_field(one, schemas) for one in registration.fields],
    }


def _field(field: AskedField, schemas: Schemas) -> dict[str, Any]:
    return {
        **field.as_dict(),
        "refused": refusal(field, schemas) if field.refused else None,
        "article": ARTICLE if field.refused else None,
    }
