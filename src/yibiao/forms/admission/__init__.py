"""Admission of forms (表单准入): what a department may ask, under which number, until when.

`request` makes a registration of a form, every field judged; `submit`, `approve`, `reject`, `renew` and `retire` write
down what happens to it; `standing` says what it is on a day. Whatever happened is kept (`form_registration` and
`form_event` of the control database).
"""

from __future__ import annotations

from yibiao.forms.admission.fields import AskedField
from yibiao.forms.admission.registry import approve, reject, renew, retire, standing, standings, submit
from yibiao.forms.admission.states import Registration, Standing

__all__ = [
    "AskedField",
    "Registration",
    "Standing",
    "approve",
    "reject",
    "renew",
    "retire",
    "standing",
    "standings",
    "submit",
]
