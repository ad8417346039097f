"""A shape shows what is wrong with a value and nothing of what it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yibiao.quarantine.mask import shape


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("99990119900307123x", "00000000000000000a"),
        ("５００１１８", "００００００"),
        ("阿依古丽·买买提", "文文文文·文文文"),
        ("1987.3.5", "0000.0.0"),
        ("5.00118E+17", "0.00000A+00"),
        ("𠮷 a@b.cn", "文 a@a.aa"),
        ("", ""),
        (None, None),
    ],
)
def test_shapes(text: str | None, seen: str | None) -> None:
    assert shape(text) == seen


@given(st.text())
def test_no_letter_and_no_digit_comes_through(text: str) -> None:
    seen = shape(text)
    assert seen is not None
    assert len(seen) == len(text)
    assert {sign for sign in seen if sign.isalnum()} <= set("0Aa文０Ａａ")
