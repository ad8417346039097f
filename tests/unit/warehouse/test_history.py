"""From values at the ends of editions to intervals: when a value began, when it ended, and since when it was known."""

from __future__ import annotations

from datetime import date

from yibiao.forms.tickets import Correction
from yibiao.warehouse.intervals import intervals, overlaid
from yibiao.warehouse.published import Since

JANUARY, FEBRUARY, MARCH = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)
DAYS = [JANUARY, FEBRUARY, MARCH]
FIRST, LATER = Since("2026-02-05T09:00:00+08:00"), Since("2026-04-07T09:00:00+08:00")


def shown(values: dict[date, tuple[str, int, date]], known: dict[int, Since | None] | None = None) -> list[list[str]]:
    found = intervals(DAYS, values, (known or {}).get)
    return [
        [one.value, str(one.valid_from), str(one.valid_to), one.known_since.day if one.known_since else "never"]
        for one in found
    ]


def test_a_value_that_stays_is_one_interval_from_the_day_of_its_first_record() -> None:
    values = {day: ("a", number, date(2025, 12, number)) for number, day in enumerate(DAYS, start=1)}
    assert shown(values, {1: FIRST, 2: LATER, 3: LATER}) == [["a", "2025-12-01", "None", "2026-02-05"]]


def test_a_change_begins_on_the_day_of_the_row_if_that_lies_after_the_edition_before() -> None:
    values = {
        JANUARY: ("a", 1, JANUARY),
        FEBRUARY: ("b", 2, date(2026, 2, 10)),
        MARCH: ("c", 3, date(2026, 1, 15)),  # an old row that wins for another reason
    }
    assert [one[:3] for one in shown(values)] == [
        ["a", "2026-01-31", "2026-02-09"],
        ["b", "2026-02-10", "2026-03-30"],
        ["c", "2026-03-31", "None"],
    ]


def test_what_is_no_longer_stated_ends_and_may_come_back() -> None:
    values = {JANUARY: ("a", 1, JANUARY), MARCH: ("a", 2, MARCH)}
    assert [one[:3] for one in shown(values)] == [["a", "2026-01-31", "2026-02-27"], ["a", "2026-03-31", "None"]]
    assert shown({}) == []


def test_of_a_late_delivery_the_time_before_is_known_later_than_what_follows() -> None:
    values = {JANUARY: ("a", 1, JANUARY), FEBRUARY: ("a", 2, FEBRUARY), MARCH: ("a", 3, MARCH)}
    assert shown(values, {1: LATER, 2: FIRST, 3: LATER}) == [
        ["a", "2026-01-31", "2026-02-27", "2026-04-07"],
        ["a", "2026-02-28", "None", "2026-02-05"],
    ]


def test_what_no_release_was_made_of_is_known_to_nobody() -> None:
    values = {JANUARY: ("a", 1, JANUARY), FEBRUARY: ("a", 2, FEBRUARY)}
    assert [one[3] for one in shown(values, {1: None, 2: FIRST})] == ["never", "2026-02-05"]


def correction(value: str, ticket: int, day: date) -> Correction:
    return Correction("resident", "r", "sex_code", value, ticket, "public_security", day, f"{day}T09:00:00+08:00")


def test_a_correction_counts_from_its_day_on_and_the_later_ticket_before_the_earlier() -> None:
    days = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
    values = {day: ("1", 10 + place, day) for place, day in enumerate(days)}
    assert overlaid(days, values, days, ()) == (days, values)
    between = date(2026, 2, 10)
    corrected = [correction("2", 5, days[2]), correction("3", 6, between)]
    every, held = overlaid(days, values, days, corrected)
    assert every == [days[0], between, days[1], days[2]]
    assert [held[day][:2] for day in every] == [("1", 10), ("3", -6), ("3", -6), ("3", -6)]
    every, held = overlaid(days, values, days, corrected[:1])
    assert [held[day][:2] for day in every] == [("1", 10), ("1", 11), ("2", -5)]


def test_what_no_source_states_may_be_corrected_too_but_not_of_somebody_who_is_not_there() -> None:
    days = [date(2026, 1, 31), date(2026, 2, 28)]
    _, held = overlaid(days, {}, {days[1]}, [correction("2", 5, days[0])])
    assert held == {days[1]: ("2", -5, days[0])}
