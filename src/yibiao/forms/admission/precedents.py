"""What departments said of doubtful fields, in forms that are in force."""

from __future__ import annotations

from collections.abc import Mapping

from yibiao.forms.admission.fields import SAID_ELEMENT, bare
from yibiao.forms.admission.states import Standing
from yibiao.matching.precedents import Precedent


def precedents_of(standings: Mapping[str, Standing]) -> list[Precedent]:
    """Fields of which a department said the element (`--means`), and whose form has a control number.

    That a field is new is no precedent: nothing would be reused by it. Nor is a field below an outer header, which may
    have said whose it is.
    """
    return [
        Precedent(bare(one.key), one.element, one.role, standing.control_number)
        for standing in standings.values()
        if standing.control_number is not None and standing.registration is not None
        for one in standing.registration.fields
        if one.element is not None and one.derive is None and one.reasons[:1] == (SAID_ELEMENT,) and "/" not in one.key
    ]
