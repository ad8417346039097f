"""A control number is found in a text, and no wrong digit in it goes unnoticed."""

from __future__ import annotations

import pytest

from yibiao.forms.admission.number import check_character, control_number, find_number, is_number


def test_the_check_character_is_that_of_the_standard() -> None:
    # ISO/IEC 7064 MOD 11-2, computed as its definition says: the weighted sum with the check is 1 modulo 11.
    for number in ("YB-2026-0001-3", control_number(2026, 38), control_number(2031, 9999)):
        digits = number.replace("-", "")[2:]
        values = [10 if letter == "X" else int(letter) for letter in digits]
        assert sum(value * 2**power for power, value in enumerate(reversed(values))) % 11 == 1


@pytest.mark.parametrize("number", [control_number(2026, 1), control_number(2026, 38), control_number(2029, 4711)])
def test_every_wrong_digit_and_every_swap_of_neighbours_is_found(number: str) -> None:
    assert is_number(number)
    digits, check = number.replace("-", "")[2:10], number[-1]
    for place, digit in enumerate(digits):
        for other in set("0123456789") - {digit}:
            assert check_character(digits[:place] + other + digits[place + 1 :]) != check
    for place in range(len(digits) - 1):
        swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
        assert swapped == digits or check_character(swapped) != check


def test_it_is_found_in_a_text_however_it_is_written() -> None:
    assert find_number("准入编号：YB-2026-0001-3，有效期至 2027-12-31") == ("YB-2026-0001-3", True)
    assert find_number("编号YB 2026 0001 3") == ("YB-2026-0001-3", True)
    assert find_number("YB202600383") is not None
    assert find_number("YB－2026－0038－x") == ("YB-2026-0038-X", True)
    assert find_number("YB-2026-0001-4") == ("YB-2026-0001-4", False)


@pytest.mark.parametrize("text", ["", "2026-0001-3", "AYB-2026-0001-3", "YB-2026-0001-35", "YB-20260-001-3"])
def test_what_is_none_is_not_found(text: str) -> None:
    assert find_number(text) is None
    assert not is_number(text)


@pytest.mark.parametrize(("year", "serial"), [(26, 1), (2026, 0), (2026, 10_000)])
def test_there_is_no_number_beyond_the_scheme(year: int, serial: int) -> None:
    with pytest.raises(ValueError, match="control number"):
        control_number(year, serial)
