"""Identifiers of the demo follow their standards."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yibiao.demo.chance import draw, weighted
from yibiao.demo.numbers import (
    ages,
    citizen_numbers,
    citizen_valid,
    credit_codes,
    day_numbers,
    matrix,
    number_strings,
    strings,
    uscc_check,
)


def ascii_matrix(*texts: str) -> np.ndarray:
    return np.array([list(text.encode()) for text in texts], dtype=np.uint8)


def test_the_example_of_the_standard_is_valid() -> None:
    """GB 11643-1999, 5: 11010519491231002X and 440524188001010014."""
    numbers = ascii_matrix("11010519491231002X", "440524188001010014", "110105194912310021")
    assert citizen_valid(numbers).tolist() == [True, True, False]


def test_a_published_credit_code_has_its_check_character() -> None:
    assert uscc_check(ascii_matrix("91350100M000100Y43"[:17])).tobytes() == b"3"


@given(
    st.integers(100000, 999999),
    st.dates(datetime.date(1900, 1, 1), datetime.date(2026, 12, 31)),
    st.integers(0, 999),
    st.integers(0, 16),
    st.integers(1, 9),
)
def test_a_made_number_is_valid_and_any_wrong_digit_is_found(
    region: int, birth: datetime.date, sequence: int, place: int, step: int
) -> None:
    days = (birth - datetime.date(1970, 1, 1)).days
    number = citizen_numbers(np.array([region]), np.array([days]), np.array([sequence]))
    assert citizen_valid(number).all()
    assert number.tobytes().decode()[6:14] == birth.strftime("%Y%m%d")
    number[0, place] = (number[0, place] - 48 + step) % 10 + 48
    assert not citizen_valid(number).any()


@given(st.integers(0, 31**8 - 1))
def test_credit_codes_stay_in_the_alphabet_and_carry_both_checks(body: int) -> None:
    code = credit_codes(np.array([57]), np.array([49]), 999901, np.array([body])).tobytes().decode()
    assert len(code) == 18
    assert not set(code) & set("IOZSV")
    # GB 11714-1997: the second check digit, written out once more as the standard says it.
    value = sum(int(sign, 36) * weight for sign, weight in zip(code[8:16], (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    assert code[16] == {10: "X", 11: "0"}.get(11 - value % 11, str(11 - value % 11))


@given(st.lists(st.integers(0, 99999999), min_size=1))
def test_numbers_become_text_of_equal_width(values: list[int]) -> None:
    text = number_strings(np.array(values), 8, b"154")
    assert text.to_pylist() == [f"154{value:08d}" for value in values]
    assert strings(matrix(text, 11)).equals(text)


@given(
    st.dates(datetime.date(1900, 1, 1), datetime.date(2026, 1, 31)),
    st.dates(datetime.date(2026, 2, 1), datetime.date(2026, 12, 31)),
)
def test_an_age_is_completed_years(birth: datetime.date, today: datetime.date) -> None:
    epoch = datetime.date(1970, 1, 1)
    expected = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    assert ages(np.array([(birth - epoch).days]), (today - epoch).days).tolist() == [expected]
    assert day_numbers(np.array([(birth - epoch).days])).tolist() == [int(birth.strftime("%Y%m%d"))]


def test_draws_depend_on_seed_salt_and_number_and_on_nothing_else() -> None:
    numbers = np.arange(50_000)
    assert np.array_equal(draw(1, "a", numbers)[::-1], draw(1, "a", numbers[::-1]))
    assert not np.array_equal(draw(1, "a", numbers), draw(2, "a", numbers))
    assert abs(np.corrcoef(draw(1, "a", numbers), draw(1, "b", numbers))[0, 1]) < 0.02
    assert draw(1, "a", numbers).mean() == pytest.approx(0.5, abs=0.01)
    shares = np.bincount(weighted(1, "w", numbers, [1, 3])) / len(numbers)
    assert shares.tolist() == pytest.approx([0.25, 0.75], abs=0.01)
