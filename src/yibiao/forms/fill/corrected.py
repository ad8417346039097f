"""When corrections were accepted, for the cells that show them."""

from __future__ import annotations

from yibiao.forms.tickets import ACCEPT, tickets
from yibiao.settings import Settings


def days_of_acceptance(settings: Settings) -> dict[int, str]:
    """Number of a ticket -> the day on which it was last accepted, also of one that was taken back since.

    A release that was made before goes on showing the correction.
    """
    found = {}
    for ticket in tickets(settings):
        days = [one.decided_at[:10] for one in ticket.decisions if one.decision == ACCEPT]
        if days:
            found[ticket.ticket_no] = days[-1]
    return found
