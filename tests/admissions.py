"""Registrations for tests: forms of the project and invented ones, submitted at fixed moments."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from yibiao.forms.admission.fields import AskedField
from yibiao.forms.admission.request import _accounted
from yibiao.forms.admission.states import Registration
from yibiao.forms.burden import PRESENT

EXPIRES = date(2027, 12, 31)


def at(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, 9, tzinfo=ZoneInfo("Asia/Shanghai"))


def asked(key: str, mode: str = "typed", *, held: bool = False, hand: str = "typed", **more: object) -> AskedField:
    """A field; `held`: of `sex_code`, which a report holds."""
    values: dict = {
        "key": key,
        "sheet": "表",
        "column": 1,
        "element": "sex_code" if held else None,
        "role": None,
        "derive": None,
        "value": None,
        "score": 1.0,
        "verdict": "reuse" if held else "new",
        "reasons": (),
        "held_by": ("public_security.resident_register",) if held else (),
        "as_of": "2026-03-31" if held else None,
        "sharing": "conditional" if held else None,
        "hand": mode if mode in ("typed", "picked") else hand,
        "mode": mode,
    }
    return AskedField(**{**values, **more})


def registration(form: str, *fields: AskedField, respondents: int = 10, rows: int = 100, times: int = 12, **more):
    values: dict = {
        "form": form,
        "title": f"表{form}",
        "department": form.partition(".")[0],
        "owner": "张科长",
        "legal_basis": "条例第三条",
        "entity": "resident",
        "respondents": respondents,
        "rows": rows,
        "times_a_year": times,
        "wanted_expiry": EXPIRES,
        "fields": fields or (asked("甲"), asked("乙", "picked")),
        "source_name": "表.xlsx",
        "source_sha256": "ab" * 32,
        "formula": PRESENT.version,
        "seconds_by_hand": 0,
        "seconds": 0,
    }
    return _accounted(Registration(**{**values, **more}))
