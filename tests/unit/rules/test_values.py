"""Rules of texts, numbers, dates and codes, as tables of examples."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import pytest

NOTHING = [None, "", " ", "\u3000", "空", "无", "-", "--", "/", "不详", "未知", "N/A", "NULL", " 无 ", "'", "—"]


@pytest.mark.parametrize("name", ["stated", "parse_text", "parse_name", "parse_address"])
def test_words_for_nothing_are_not_stated(rule, name):
    assert rule(name, NOTHING) == [None] * len(NOTHING)


@pytest.mark.parametrize(
    ("name", "arguments", "examples"),
    [
        ("parse_text", (), {" 甲 ": "甲", "'007": "007", "a b": "a b", "坏\ufffd": None, "无名路": "无名路"}),
        (
            "parse_name",
            (),
            {
                "张三": "张三",
                "张 三": "张三",
                "欧阳\u3000娜娜": "欧阳娜娜",
                "阿卜杜拉.买买提": "阿卜杜拉·买买提",
                "阿卜杜拉•买买提": "阿卜杜拉·买买提",
                "阿卜杜拉·买买提": "阿卜杜拉·买买提",
                "𠮷田三": "𠮷田三",
                "JOHN  SMITH": "JOHN SMITH",
                "ＪＯＨＮ": "JOHN",
                "13812345678": None,
                "99990119900101123X": None,
                "……": None,
            },
        ),
        (
            "parse_address",
            (),
            {"望江路１２号": "望江路12号", "望江路 12 号": "望江路12号", "望江路12号": "望江路12号", "12-3": None},
        ),
        (
            "parse_number_text",
            (),
            {
                "0012": "0012",
                "6222 0200": "62220200",
                "'0123": "0123",
                "12.0": "12",
                "h-1": "H-1",
                "5.00118E+17": None,
                "0000": None,
                "无": None,
                "某字第０１号": "某字第01号",
            },
        ),
        (
            "parse_phone",
            (),
            {
                "13812345678": "13812345678",
                "+86 138-1234-5678": "13812345678",
                "008613812345678": "13812345678",
                "138１２３４５６７８": "13812345678",
                "13812345678.0": "13812345678",
                "023-61234567": "023-61234567",
                "02361234567": "023-61234567",
                "(0816)2234567": "0816-2234567",
                "61234567": "61234567",
                "4001234567": "4001234567",
                "138****5678": None,
                "12812345678": None,
                "1381234567": None,
                "0": None,
            },
        ),
        (
            "parse_integer",
            (),
            {
                "12": 12,
                "１２": 12,
                "1,234": 1234,
                "12.0": 12,
                "-3": -3,
                " 7 ": 7,
                "12.5": None,
                "1e5": None,
                "0x12": None,
                "1_000": None,
                "1,23": None,
                "99999999999999999999": None,
            },
        ),
        (
            "parse_decimal",
            (2, "1"),
            {"12": "12.00", "1,234.567": "1234.57", "０.5": "0.50", "-0.005": "-0.01", "1e5": None, "x": None},
        ),
        ("parse_decimal", (2, "10000"), {"1.23456": "12345.60", "0.5": "5000.00", "12": "120000.00"}),
        (
            "parse_month",
            (["%Y%m", "%Y年%m月"],),
            {
                "202601": "2026-01",
                "2026年1月": "2026-01",
                "2026-01": "2026-01",
                "2026-01-31": "2026-01",
                "202613": None,
            },
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_values(rule, name, arguments, examples):
    found = rule(name, list(examples), *arguments)
    wanted = [Decimal(value) if name == "parse_decimal" and value else value for value in examples.values()]
    assert dict(zip(examples, found, strict=True)) == dict(zip(examples, wanted, strict=True))


MARCH = date(1987, 3, 5)


@pytest.mark.parametrize(
    ("formats", "examples"),
    [
        (["%Y-%m-%d"], {"1987-03-05": MARCH, "1987-3-5": MARCH, " 1987-03-05": MARCH, "１９８７-03-05": MARCH}),
        (["%Y-%m-%d"], {"87-03-05": None, "1987-02-30": None, "1987/03/05": None, "19870305": None, "": None}),
        (["%Y%m%d"], {"19870305": MARCH, "1987305": None, "1987-03-05": MARCH, "19871305": None, "1987 3 5": None}),
        (["%Y.%m.%d"], {"1987.3.5": MARCH, "1987.03.05": MARCH, "1987．3．5": MARCH}),
        (["%Y年%m月%d日"], {"1987年3月5日": MARCH, "1987年03月05日": MARCH, "1987年3月": None}),
        (["%Y/%m/%d"], {"1987/3/5": MARCH, "1987-03-05T08:00:00": MARCH, "1987-03-05 00:00:00": MARCH}),
        (["excel"], {"31841": MARCH, "31841.5": MARCH, "12": None, "1987-03-05": MARCH, "99999999": None}),
        (["excel_serial", "%Y%m%d"], {"31841": MARCH, "19870305": MARCH}),
    ],
)
def test_dates_are_read_by_the_contracts_formats_and_iso_only(rule, formats, examples):
    assert dict(zip(examples, rule("parse_date", list(examples), formats), strict=True)) == examples


def test_codes_are_found_by_code_name_and_alias_also_untidy(rule):
    pairs = [["1", "1"], ["男", "1"], ["2", "2"], ["女", "2"], ["未知", "0"], ["it's", "9"]]
    texts = ["1", "男", " 女 ", "２", "2.0", "未知", "it's", "中性", "", None]
    assert rule("parse_code", texts, pairs) == ["1", "1", "2", "2", "2", "0", "9", None, None, None]


@pytest.mark.parametrize("size", [10, 64, 65, 400])
def test_long_and_short_code_lists_are_searched_alike(rule, size):
    chance = random.Random(size)
    codes = [f"{999901000000 + place}" for place in range(size)]
    pairs = [[code, code] for code in codes] + [[f"第{place}社区", code] for place, code in enumerate(codes)]
    pairs += [["a|b", codes[0]], ["1.5", codes[0]], ["(", codes[0]]]
    pairs += [["7.5", "7.5"]]
    texts = [*chance.choices([text for text, _ in pairs], k=300), "99990100000", "第社区", "a", "7x5", "9999010000000"]
    assert rule("parse_code", texts, pairs) == [dict(pairs).get(text) for text in texts]


def wild_texts(count):
    chance = random.Random(7)
    alphabet = "0123456789０９XxＸeE+-.,/:年月日 '\"\\%$\t\n\u3000\u00a0\ufeff\ufffd·张三空无NULLﷺ𠮷"
    return ["".join(chance.choices(alphabet, k=chance.randrange(25))) for _ in range(count)]


def test_the_form_of_an_address_is_judged_as_the_address_is_read(rule):
    texts = [*wild_texts(20_000), "不详" + " " * 9, "望江路一二三四五号", "望江路一二三四五号\ufffd", *NOTHING]
    read, judged = rule("parse_address", texts), rule("address_form", texts)
    assert [text is None for text in read] == [text is None for text in judged]
    assert any(read)


def test_no_rule_fails_on_any_text(rule):
    texts = wild_texts(20_000)
    for name, arguments in (
        ("stated", ()),
        ("parse_text", ()),
        ("parse_name", ()),
        ("parse_address", ()),
        ("parse_number_text", ()),
        ("parse_citizen_id", ()),
        ("citizen_id_form", ()),
        ("citizen_id_check_ok", ()),
        ("citizen_id_birth_date", ()),
        ("citizen_id_sex", ()),
        ("parse_uscc", ()),
        ("uscc_check_ok", ()),
        ("parse_phone", ()),
        ("parse_date", (["%Y-%m-%d", "%Y%m%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y/%m/%d", "excel"],)),
        ("parse_month", (["%Y%m"],)),
        ("parse_integer", ()),
        ("parse_decimal", (2, "10000")),
        ("parse_code", ([["1", "1"], ["男", "1"]],)),
    ):
        assert len(rule(name, texts, *arguments)) == len(texts)
