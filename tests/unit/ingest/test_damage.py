"""Bytes that do not decode are marked, wherever blocks begin and end, and nothing else changes."""

from __future__ import annotations

import random

import pytest

from yibiao.ingest.readers.damage import FEW, MARK, MOST, Decoder, is_another, is_utf8, otherwise, raw, shown, too_many

TEXT = "3501,欧阳娜娜,女,𠮷野家,a\n"


def decoded(data: bytes, codec: str, size: int) -> tuple[str, bool]:
    decoder = Decoder(codec)
    pieces = [decoder.decode(data[at : at + size], final=False) for at in range(0, len(data), size)]
    pieces.append(decoder.decode(b"", final=True))
    return b"".join(pieces).decode(), decoder.damaged


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "big5hkscs", "utf-16-le"])
def test_a_whole_text_passes_as_it_is(codec, size):
    text = TEXT.replace("𠮷", "") if codec == "big5hkscs" else TEXT
    text = text.translate(str.maketrans("欧阳", "歐陽")) if codec == "big5hkscs" else text
    assert decoded(text.encode(codec), codec, size) == (text, False)


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "utf-16-le"])
def test_marks_do_not_depend_on_blocks_and_tell_the_bytes(codec):
    for seed in range(200):
        dice = random.Random(seed)
        data = bytearray(TEXT.encode(codec) * 2)
        for _ in range(dice.randint(1, 4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        if dice.random() < 0.3:
            data = data[: dice.randrange(len(data))]
        whole, damaged = decoded(bytes(data), codec, 10_000)
        assert all(decoded(bytes(data), codec, size) == (whole, damaged) for size in (1, 2, 3, 7))
        try:
            assert whole == bytes(data).decode(codec)
            assert not damaged
        except UnicodeDecodeError:
            assert damaged
            assert MARK in whole
            if codec == "utf-8":
                assert raw(whole, codec) == bytes(data)


def test_what_is_utf8_is_what_python_decodes():
    dice = random.Random(7)
    judged = set()
    for _ in range(4000):
        data = bytearray("a张𠮷é".encode() * dice.randint(0, 3))
        if data and dice.random() < 0.7:
            data[dice.randrange(len(data))] = dice.choice((0x80, 0xC0, 0xED, 0xF4, 0xFF, 0x41, dice.randrange(256)))
        try:
            bytes(data).decode()
            good = True
        except UnicodeDecodeError:
            good = False
        judged.add(good)
        assert is_utf8(bytes(data)) == good
    assert judged == {True, False}


def test_marks_are_shown_as_escapes():
    text, _ = decoded("张".encode()[:2] + ",李\n".encode(), "utf-8", 100)
    assert shown(text) == "\\xE5\\xBC,李\n"


def test_a_row_of_another_encoding_is_read_in_it():
    for codec, other in (("utf-8", "gb18030"), ("gb18030", "utf-8")):
        row = "350102,张三,男,福建省福州市鼓楼区"
        text, damaged = decoded(row.encode(other), codec, 100)
        if damaged:
            assert otherwise(text, codec) == row
    text, _ = decoded("350102,张三,男,福建省".encode() + b"\xff", "utf-8", 100)
    assert otherwise(text, "utf-8") is None


def test_few_damaged_rows_are_slips_and_many_are_not():
    assert not too_many(FEW, 3)
    assert too_many(FEW + 1, 79)
    assert not too_many(FEW + 1, 80)
    assert not too_many(500, 10_000)
    assert too_many(501, 10_000)
    assert too_many(MOST + 1, 10**9)


def test_the_first_rows_tell_another_encoding_from_slips():
    rows = [f"{n},王{n}\n" for n in range(40)]
    good = "".join(rows).encode()
    assert not is_another(good, "utf-8", whole=True)
    assert not is_another(good[:-2], "utf-8", whole=False)
    assert not is_another(good + b"41,\xd5\n", "utf-8", whole=True)
    assert is_another("".join(rows).encode("gb18030"), "utf-8", whole=True)
    assert is_another(b"1,a\n" * 500 + "2,张\n".encode("gb18030"), "utf-8", whole=True)
