"""Identifier rules agree with an independent oracle on valid, mistyped and random texts."""

from __future__ import annotations

import importlib.util
import random
from datetime import date, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_spec = importlib.util.spec_from_file_location("identifier_oracle", Path(__file__).with_name("oracle.py"))
assert _spec is not None
assert _spec.loader is not None
oracle = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(oracle)

# Areas: unassigned, abolished (Beijing's Chongwen), Hong Kong, Macao, Taiwan, foreign resident card of 2023.
AREAS = ("999901", "110103", "810000", "820000", "830000", "911156", "512501")


def valid_citizen_ids(count: int) -> list[str]:
    chance = random.Random(1)
    numbers = []
    for _ in range(count):
        day = date(1900, 1, 1) + timedelta(days=chance.randrange(45_000))
        seventeen = chance.choice(AREAS) + day.strftime("%Y%m%d") + f"{chance.randrange(1000):03d}"
        numbers.append(seventeen + oracle.citizen_check(seventeen))
    return numbers


def valid_usccs(count: int) -> list[str]:
    chance = random.Random(2)
    codes = ["91350100M000100Y43"]
    for _ in range(count):
        seventeen = (
            chance.choice(["91", "12", "51", "N1", "N2", "N3", "A1", "Y1", "93"])
            + "999901"
            + "".join(chance.choices(oracle.USCC_ALPHABET, k=9))
        )
        codes.append(seventeen + oracle.uscc_check(seventeen))
    return codes


def mistyped(number: str, characters: str) -> list[str]:
    """Every text that differs from the number in one character."""
    return [
        number[:place] + other + number[place + 1 :]
        for place in range(len(number))
        for other in characters
        if other != number[place]
    ]


def test_every_valid_citizen_id_number_is_accepted(rule):
    numbers = valid_citizen_ids(5000)
    assert rule("parse_citizen_id", numbers) == numbers
    assert all(rule("citizen_id_check_ok", numbers))


def test_every_single_character_error_in_a_citizen_id_number_is_caught(rule):
    for number in valid_citizen_ids(12):
        wrong = mistyped(number, "0123456789X")
        assert set(rule("parse_citizen_id", wrong)) == {None}
        assert not any(rule("citizen_id_check_ok", wrong))


def test_two_neighbouring_digits_exchanged_in_a_citizen_id_number_are_caught(rule):
    swapped = []
    for number in valid_citizen_ids(300):
        for place in range(17):  # the weights of neighbours differ by a factor of 2, so no exchange keeps the sum
            if number[place] != number[place + 1]:
                swapped.append(number[:place] + number[place + 1] + number[place] + number[place + 2 :])
    assert set(rule("parse_citizen_id", swapped)) == {None}


def test_fifteen_digits_become_eighteen(rule):
    old = [number[:6] + number[8:17] for number in valid_citizen_ids(500) if number[6:8] == "19"]
    parsed = rule("parse_citizen_id", old)
    assert parsed == [oracle.citizen_id(number) for number in old]
    assert all(len(number) == 18 for number in parsed)


def test_a_number_with_an_impossible_birth_date_is_not_valid_though_its_check_character_fits(rule):
    seventeen = "99990119870231001"
    number = seventeen + oracle.citizen_check(seventeen)
    assert rule("citizen_id_check_ok", [number]) == [True]
    assert rule("citizen_id_birth_date", [number]) == [None]
    assert rule("parse_citizen_id", [number]) == [None]


def test_damage_of_spreadsheets_and_typing_is_undone_and_lost_digits_are_not_invented(rule):
    number = next(one for one in valid_citizen_ids(1000) if one.endswith("X"))
    full_width = number.translate({ord(a): b for a, b in zip("0123456789X", "０１２３４５６７８９Ｘ", strict=True)})
    same = [f" {number}", f"{number}\t", f"'{number}", number.lower(), full_width, f"{number[:6]} {number[6:]}"]
    assert rule("parse_citizen_id", same) == [number] * len(same)
    assert rule("parse_citizen_id", ["5.00118E+17", "9.99901199001E+17", "000000000000000000", "无", ""]) == [None] * 5


def test_an_exponent_cannot_pass_for_a_number(rule):
    for head in ("12345619900101e03", "12345619900101E03", "1234561990010e004"):
        assert rule("citizen_id_check_ok", [head + check for check in "0123456789X"]) == [False] * 11


def test_sex_and_birth_date_stand_in_the_number(rule):
    numbers = valid_citizen_ids(500)
    assert rule("citizen_id_sex", numbers) == ["1" if int(number[16]) % 2 else "2" for number in numbers]
    assert rule("citizen_id_birth_date", numbers) == [
        date(int(number[6:10]), int(number[10:12]), int(number[12:14])) for number in numbers
    ]


def test_every_valid_credit_code_is_accepted_also_of_authorities_a_n_and_y(rule):
    codes = valid_usccs(3000)
    assert rule("parse_uscc", codes) == codes


def test_every_single_character_error_in_a_credit_code_is_caught(rule):
    for code in valid_usccs(8):
        assert set(rule("parse_uscc", mistyped(code, oracle.USCC_ALPHABET + "IOSVZ"))) == {None}
    assert rule("parse_uscc", ["91350100M000100Y4Z"]) == [None]


def test_two_neighbours_exchanged_in_a_credit_code_are_caught(rule):
    swapped = [
        code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        for code in valid_usccs(200)
        for place in range(17)  # the weights of neighbours differ by a factor of 3
        if code[place] != code[place + 1]
    ]
    assert set(rule("parse_uscc", swapped)) == {None}


def valid_organisation_codes(count: int) -> list[str]:
    chance = random.Random(3)
    bodies = ["".join(chance.choices(oracle.ORGANISATION_ALPHABET, k=8)) for _ in range(count)]
    return [body + oracle.organisation_check(body) for body in bodies]


def test_every_valid_organisation_code_is_accepted_with_and_without_hyphen(rule):
    codes = valid_organisation_codes(2000)
    assert rule("parse_organisation_code", codes) == codes
    assert rule("parse_organisation_code", [f"{code[:8]}-{code[8]}".lower() for code in codes]) == codes


def test_in_an_organisation_code_only_characters_eleven_apart_can_be_mistaken_for_each_other(rule):
    """The check works modulo 11 on values up to 35, so the standard itself cannot tell 0 from B, or 1 from C."""
    alphabet = oracle.ORGANISATION_ALPHABET
    for code in valid_organisation_codes(6):
        for place in range(8):
            others = [one for one in alphabet if one != code[place]]
            accepted = rule("parse_organisation_code", [code[:place] + one + code[place + 1 :] for one in others])
            for one, found in zip(others, accepted, strict=True):
                unseen = (alphabet.index(one) - alphabet.index(code[place])) % 11 == 0
                assert (found is not None) == unseen
        wrong = [code[:8] + one for one in alphabet if one != code[8]]
        assert set(rule("parse_organisation_code", wrong)) == {None}


WILD = st.text(
    alphabet=st.one_of(
        st.sampled_from("0123456789Xx０１Ｘ 'eE+-._/空无ANY\u3000\t"), st.characters(blacklist_categories=["Cs"])
    ),
    max_size=24,
)
NEAR = st.builds(
    lambda number, place, extra: number[:place] + extra + number[place + 1 :],
    st.sampled_from(valid_citizen_ids(200) + valid_usccs(200)),
    st.integers(0, 18),
    st.text(alphabet="0123456789Xx '０e.", max_size=2),
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(st.one_of(WILD, NEAR, st.none()), min_size=1, max_size=200))
def test_rules_agree_with_the_oracle_on_any_text(rule, texts):
    texts = [text.replace("\x00", "") if text else text for text in texts]
    assert rule("parse_citizen_id", texts) == [oracle.citizen_id(text) for text in texts]
    assert rule("parse_uscc", texts) == [oracle.uscc(text) for text in texts]
    assert rule("parse_organisation_code", texts) == [oracle.organisation_code(text) for text in texts]
