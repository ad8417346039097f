"""The clock of tickets counts Chinese working days, without a network."""

from __future__ import annotations

from datetime import date

import pytest

from yibiao.forms.workdays import between, due


@pytest.mark.parametrize(
    ("day", "days", "last"),
    [
        (date(2026, 3, 2), 1, date(2026, 3, 3)),
        (date(2026, 3, 6), 1, date(2026, 3, 9)),  # a weekend
        (date(2026, 9, 30), 1, date(2026, 10, 8)),  # National Day, 1 to 7 October
        (date(2026, 9, 30), 10, date(2026, 10, 20)),  # and Saturday 10 October is worked
        (date(2026, 2, 13), 1, date(2026, 2, 14)),  # the Saturday before Spring Festival is worked
        (date(2026, 2, 14), 1, date(2026, 2, 24)),
        (date(2027, 9, 30), 1, date(2027, 10, 6)),  # not announced yet: three days by law, two of them on a weekend
    ],
)
def test_a_term_ends_on_a_working_day(day: date, days: int, last: date) -> None:
    assert due(day, days) == last
    assert between(day, last) == days
    assert between(last, day) == -days


def test_no_day_is_left_on_the_day_itself() -> None:
    assert between(date(2026, 3, 2), date(2026, 3, 2)) == 0
