"""Working days (工作日) of China: public holidays and the weekends that are worked in their place.

Announced each year by the State Council; the package `holidays` keeps them, without asking any network. Of a year that
is not announced yet it knows the holidays by law (全国年节及纪念日放假办法), not the moved weekends.
"""

from __future__ import annotations

from datetime import date


def due(day: date, working_days: int) -> date:
    """The last day of a term of so many working days; the day on which it begins does not count."""
    import holidays

    calendar = holidays.country_holidays("CN", years=range(day.year, day.year + 2))
    return calendar.get_nth_working_day(day, working_days)


def between(first: date, last: date) -> int:
    """Working days after `first` up to and with `last`; negative if `last` is the earlier one."""
    import holidays

    if last < first:
        return -between(last, first)
    calendar = holidays.country_holidays("CN", years=range(first.year, last.year + 1))
    return calendar.get_working_days_count(first, last) - calendar.is_working_day(first)
