"""The guard passes what RFC 4180 allows as it is and takes out exactly the records that a parser would misread."""

from __future__ import annotations

import csv
import io
import random

import pytest

from yibiao.ingest.readers.guard import OPEN, UNIT, Guard


class Blocks:
    damaged = True

    def __init__(self, data: bytes, size: int) -> None:
        self._blocks = [data[at : at + size] for at in range(0, len(data), size)]

    def block(self, _: int) -> bytes:
        return self._blocks.pop(0) if self._blocks else b""


def guarded(data: bytes, size: int = 1 << 20, delimiter: bytes = b",", quote: bytes = b'"', **options):
    taken: list[tuple[str, bytes]] = []

    def replace(rule: str, line: bytes) -> bytes:
        taken.append((rule, line))
        return b"<out>\n"

    guard = Guard(Blocks(data, size), delimiter, quote, replace, **options)
    passed = b""
    while piece := bytes(guard.read()):
        passed += piece
    return passed, taken


def chance_rows(seed: int, rows: int = 60) -> list[list[str]]:
    dice = random.Random(seed)
    pieces = ["", "a", "1", '"', '""', ",", "\n", "\r\n", "区", " ", "x,y", 'say "yes"', "多行\n文字"]
    return [["".join(dice.choices(pieces, k=dice.randint(0, 4))) for _ in range(4)] for _ in range(rows)]


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("seed", range(6))
def test_whatever_a_csv_writer_writes_passes_as_it_is(seed, ends, size):
    text = io.StringIO()
    csv.writer(text, lineterminator=ends).writerows(chance_rows(seed))
    data = text.getvalue().encode()
    assert guarded(data, size) == (data, [])


GOOD = [b'1,"a,b",x\n', b"2,b,y\n", b'3,"say ""yes""",z\n', b'4,"two\nlines",z\n']
BROKEN = {
    "a stray quote before an unquoted cell": b'9,"abc,"d e",x\n',
    "a quote that does not close": b'9,abc,"\n',
    "a quote that does not close, at the beginning": b'"9,abc,d\n',
    "a quote inside quotes": b'9,"5" pipe",x\n',
    "a quote inside an unquoted cell": b'9,5" pipe,x\n',
    "two quoted cells without a delimiter": b'"9""8"7,x\n',
    "text after the closing quote": b'9,"abc"d,x\n',
}


@pytest.mark.parametrize("size", [1, 5, 33, 1 << 20])
@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_record_is_taken_out_alone_wherever_it_stands(what, size):
    for place in range(len(GOOD) + 1):
        lines = [*GOOD * 3]
        lines[place:place] = [BROKEN[what]]
        passed, taken = guarded(b"".join(lines), size)
        assert taken == [("row.quote", BROKEN[what])]
        assert passed == b"".join(lines[:place]) + b"<out>\n" + b"".join(lines[place + 1 :])


@pytest.mark.parametrize("size", [3, 1 << 20])
def test_many_broken_records_leave_the_good_ones_between_them(size):
    broken = list(BROKEN.values()) * 40
    lines = [line for one in broken for line in (one, b'7,"good, row",x\n')]
    passed, taken = guarded(b"".join(lines), size)
    assert [line for _, line in taken] == broken
    assert passed.count(b'7,"good, row",x\n') == len(broken)


def test_a_quote_that_never_closes_costs_one_line_and_no_more_memory_than_its_bound():
    line = b"1,ordinary,row\n"
    data = b'0,"unclosed,row\n' + line * (4 * OPEN // len(line))
    passed, taken = guarded(data, 1 << 16)
    assert taken == [("row.quote", b'0,"unclosed,row\n')]
    assert passed == b"<out>\n" + data.split(b"\n", 1)[1]


def test_a_long_quoted_cell_that_closes_in_time_passes():
    data = b'1,"' + b"word, word\n" * (OPEN // 22) + b'",x\n2,b,c\n'
    assert guarded(data, 4096) == (data, [])


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_zero_byte_takes_out_its_line(size):
    data = b'1,a,x\n2,b\0,y\n3,"c,d",z\n\0\0\n4,d,z\n'
    passed, taken = guarded(data, size)
    assert taken == [("row.nul", b"2,b\0,y\n"), ("row.nul", b"\0\0\n")]
    assert passed == b'1,a,x\n<out>\n3,"c,d",z\n<out>\n4,d,z\n'


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_a_delimiter_of_several_characters_becomes_one_byte_outside_quotes(size):
    data = b'1||"a||b"||x\n2||b|c||y\n'
    passed, taken = guarded(data, size, b"||")
    assert taken == []
    assert passed == b'1||"a||b"||x\n2||b|c||y\n'.replace(b'"a||b"', b"QUOTED").replace(b"||", UNIT).replace(
        b"QUOTED", b'"a||b"'
    )


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_backslash_before_a_quote_makes_it_text_if_the_contract_says_so(size):
    data = b'1,"say \\"yes\\", twice",x\n2,b,y\n'
    assert guarded(data, size, escaped=True) == (data, [])
    assert guarded(data, size)[1]


def test_without_a_quote_character_every_quote_is_text():
    data = b'1,"a,5" x\n'
    assert guarded(data, quote=b"") == (data, [])


@pytest.mark.parametrize("size", [1, 9, 1 << 20])
def test_two_unclosed_quotes_do_not_join_two_rows(size):
    lines = [b"1,a,x\n", b'2,b,"\n', b'3,c,"\n', b"4,d,z\n"]

    def rows(first: bytes, second: bytes) -> bool:
        return first.count(b",") == second.count(b",") == 2

    passed, taken = guarded(b"".join(lines), size, rows=rows)
    assert [line for _, line in taken] == lines[1:3]
    assert passed == b"1,a,x\n<out>\n<out>\n4,d,z\n"
    joined = b'2,b,"x\ny"\n3,"p\nq",z\n'
    assert guarded(joined, size, rows=rows) == (joined, [])
