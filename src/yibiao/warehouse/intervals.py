"""The time in which each value of an element was the golden one, out of what held at the ends of editions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from yibiao.forms.tickets import Correction
from yibiao.warehouse.published import Since

DAY = timedelta(days=1)

Claimed = tuple[str, int, date]
"""A value, the number of the record that gives it (of a ticket: below 0), and the day of which that speaks."""


@dataclass(frozen=True)
class Interval:
    """A value of an element and the time in which it was the golden one.

    Args:
        valid_from, valid_to: first and last day; the last is None while it holds.
        known_since: when the delivery that decided it was published first; None if no release was made of it yet.
        record_no: the record that decided it.
    """

    value: str
    valid_from: date
    valid_to: date | None
    known_since: Since | None
    record_no: int


def overlaid(
    days: Sequence[date], values: Mapping[date, Claimed], alive: Collection[date], corrected: Sequence[Correction]
) -> tuple[Sequence[date], Mapping[date, Claimed]]:
    """What held of an element at the ends of editions, with its corrections: each from the day on of which it speaks.

    Args:
        days: ends of editions, ascending.
        values: what sources gave at the end of each.
        alive: days at whose end the entity was there.
        corrected: of this element, in the order of their tickets.
    """
    if not corrected:
        return days, values
    every = sorted({*days, *(one.said_on for one in corrected)})
    held: dict[date, Claimed] = {}
    for day in every:
        before = max((one for one in days if one <= day), default=None)
        counting = [one for one in corrected if one.said_on <= day]
        if counting and before in alive:
            held[day] = counting[-1].value, -counting[-1].ticket_no, counting[-1].said_on
        elif before is not None and before in values:
            held[day] = values[before]
    return every, held


def intervals(
    days: Sequence[date], values: Mapping[date, Claimed], known: Callable[[int], Since | None]
) -> Iterator[Interval]:
    """The values of an element, each for as long as it held.

    A value begins on the day of the record that decided it, if that lies after the edition before; else at the end of
    the edition by which it won. It is known since the delivery of that record was published; what was known earlier of
    the time that follows begins an interval of its own.

    Args:
        days: ends of editions, ascending.
        values: what held at the end of each; none is left out.
        known: since when a record is known.
    """
    open_: Interval | None = None
    before: date | None = None
    for day in days:
        if (found := values.get(day)) is None:
            if open_ is not None:
                yield _ended(open_, day)
            open_ = None
        else:
            value, number, as_of = found
            since = known(number)
            goes_on = open_ is not None and open_.value == value and not _earlier(since, open_.known_since)
            if not goes_on:
                begins = as_of if before is None or before < as_of else day
                if open_ is not None:
                    yield _ended(open_, begins)
                open_ = Interval(value, begins, None, since, number)
        before = day
    if open_ is not None:
        yield open_


def _ended(one: Interval, begins: date) -> Interval:
    return Interval(one.value, one.valid_from, begins - DAY, one.known_since, one.record_no)


def _earlier(one: Since | None, other: Since | None) -> bool:
    return one is not None and (other is None or one.at < other.at)
