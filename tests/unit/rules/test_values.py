"""Rules of texts, numbers, dates and codes, as tables of examples."""

from __future__ import annotations

import random
import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
                "阿卜杜拉 · 买买提": "阿卜杜拉·买买提",
                "阿卜杜拉··买买提": "阿卜杜拉·买买提",
                "阿卜杜拉･买买提·": "阿卜杜拉·买买提",
                "\U00030edd\U00030edd面": "\U00030edd\U00030edd面",  # extension G
                "\U00031350": "\U00031350",  # extension H, newer than the engine's tables
                "葛\U000e0100西": "葛西",
                "张三\u200b": "张三",
                "Иван  Петров": "Иван Петров",
                "JEAN-PAUL O'NEIL": "JEAN-PAUL O'NEIL",
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
                "023-61234567-801": "023-61234567-801",
                "023-61234567转801": "023-61234567-801",
                "61234567 分机 8": "61234567-8",
                "0816-2234567ext.12": "0816-2234567-12",
                "13812345678/13912345678": None,
                "138-1234-5678-1": None,
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
        (
            "parse_decimal",
            (2, "1", [["元", "1"], ["万元", "10000"], ["万", "10000"]]),
            {
                "12": "12.00",
                "3.5万元": "35000.00",
                "５万": "50000.00",
                "1,234.56 元": "1234.56",
                "￥3,000": "3000.00",
                "RMB 20": "20.00",
                "人民币壹万贰仟叁佰元整": "12300.00",
                "叁仟零伍元零叁分": "3005.03",
                "拾元": "10.00",
                "壹亿贰仟叁佰肆拾伍万陆仟柒佰捌拾玖元壹角贰分": "123456789.12",
                "壹万零伍拾元正": "10050.00",
                "伍角": "0.50",
                "1e5元": None,
                "1,23元": None,
                "元": None,
                "捌仟": None,
                "5亩": None,
                "佰元": None,
            },
        ),
        ("parse_decimal", (2, "10000", [["元", "1"], ["万元", "10000"]]), {"5": "50000.00", "5元": "5.00"}),
        ("parse_decimal", (2, "1"), {"5元": None, "￥5": None, "伍元": None}),
        ("parse_integer", (["人"],), {"3人": 3, "３ 人": 3, "3户": None, "人": None}),
        (
            "parse_division_code",
            (),
            {"999901": "999901", "９９９９０１００１": "999901001", "99990": None, "099901": None},
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
        (["excel_1904"], {"30379": MARCH, "1987-03-05": MARCH}),
        (
            ["any"],
            {
                **dict.fromkeys(("1987-3-5", "19870305", "1987.3.5", "1987/03/05", "1987/3/5 0:00:00"), MARCH),
                **dict.fromkeys(
                    ("1987年3月5日", "一九八七年三月五日", "1987年03月05号", " 一九八七年 三月五日"), MARCH
                ),
                "二〇二六年十二月二十一日": date(2026, 12, 21),
                "二零二六年十月三十日": date(2026, 10, 30),
                **dict.fromkeys(("87-3-5", "八七年三月五日", "31841", "1987年3月", "一九八七年十三月五日"), None),
            },
        ),
        (["%y.%m.%d"], {"87.3.5": MARCH, "1987.3.5": None, "87-3-5": None, "26.1.5": date(2026, 1, 5)}),
        (["%y-%m-%d"], {"87-3-5": MARCH, "1987-3-5": MARCH}),
    ],
)
def test_dates_are_read_by_the_contracts_formats_and_iso_only(rule, formats, examples):
    assert dict(zip(examples, rule("parse_date", list(examples), formats), strict=True)) == examples


def test_sex_is_understood_as_code_name_and_alias_of_the_shipped_list(rule):
    from yibiao.contracts import load_schemas
    from yibiao.settings import Settings

    pairs = [list(pair) for pair in load_schemas(Settings.load().schemas).codes["sex"].pairs]
    texts = ["男", "1", "M", "男性", "１", "女", "2", "F", " 女性", "未知", "中"]
    assert rule("parse_code", texts, pairs) == ["1"] * 5 + ["2"] * 4 + ["0", None]


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(days=st.lists(st.dates(date(1850, 1, 1), date(2099, 12, 31)), min_size=30, max_size=60))
def test_a_day_is_read_back_from_every_notation(rule, days):
    digits = "〇一二三四五六七八九"

    def chinese(number):
        tens, ones = divmod(number, 10)
        return ("" if tens == 0 else "十" if tens == 1 else digits[tens] + "十") + (digits[ones] if ones else "")

    for write in (
        date.isoformat,
        lambda day: f"{day:%Y%m%d}",
        lambda day: f"{day.year}.{day.month}.{day.day}",
        lambda day: f"{day.year}/{day.month}/{day.day}",
        lambda day: f"{day.year}年{day.month}月{day.day}日",
        lambda day: (
            "".join(digits[int(one)] for one in str(day.year)) + f"年{chinese(day.month)}月{chinese(day.day)}号"
        ),
    ):
        assert rule("parse_date", [write(day) for day in days], ["any"]) == days
    serials = [str((day - date(1899, 12, 30)).days) for day in days if day > date(1903, 1, 1)]
    assert rule("parse_date", serials, ["excel_serial"]) == [day for day in days if day > date(1903, 1, 1)]


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(cents=st.lists(st.integers(1, 10**13), min_size=30, max_size=60))
def test_an_amount_is_read_back_from_every_notation(rule, cents):
    units = [["元", "1"], ["万元", "10000"]]
    wanted = [Decimal(one) / 100 for one in cents]
    for write in (
        lambda yuan: f"{yuan:.2f}",
        lambda yuan: f"{yuan:,.2f}",
        lambda yuan: f"￥{yuan:,.2f}元",
        lambda yuan: f"{yuan / 10000:.6f}万元",
        capitals,
    ):
        assert rule("parse_decimal", [write(yuan) for yuan in wanted], 2, "1", units) == wanted


def capitals(yuan):
    """An amount as it stands on a receipt."""
    digits = "零壹贰叁肆伍陆柒捌玖"
    whole, cents = divmod(int(yuan * 100), 100)

    def section(number):
        text = ""
        for size, name in ((1000, "仟"), (100, "佰"), (10, "拾"), (1, "")):
            digit = number // size % 10
            text += digits[digit] + name if digit else "零"
        return re.sub("零+", "零", text).rstrip("零")

    text = ""
    for size, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        part = whole // size % 10**4
        if part:
            text += section(part) + name
        elif text:
            text += "零"
    text = re.sub("零+", "零", text).strip("零")
    text += "元" if text else ""
    jiao, fen = divmod(cents, 10)
    if not cents:
        return text + "整"
    return text + (digits[jiao] + "角" if jiao else "零" if text else "") + (digits[fen] + "分" if fen else "")


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
    texts = wild_texts(4_000)
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
        ("parse_decimal", (2, "10000", [["元", "1"], ["万元", "10000"]])),
        ("parse_date", (["any", "excel_1904", "%y-%m-%d"],)),
        ("parse_month", (["any"],)),
        ("parse_integer", (["人"],)),
        ("parse_person_number", ()),
        ("parse_organisation_code", ()),
        ("parse_division_code", ()),
        ("identifier_text", ()),
        ("parse_code", ([["1", "1"], ["男", "1"]],)),
    ):
        assert len(rule(name, texts, *arguments)) == len(texts)
