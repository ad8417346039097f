"""A row that passes a cheap test for clean rows breaks no rule: verdicts are the same with those tests and without."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from yibiao.contracts import load_schemas
from yibiao.ingest import checker as checker_module
from yibiao.ingest.checker import Checker
from yibiao.settings import Settings

EDITION = "2026-01-31"

BYTES_ONLY, SQL_TOO = 0, 1_000_000
"""How many rows the test by bytes may doubt before they are tested in SQL, as one in so many: never, always."""

FORMATS = [("%Y%m%d",), ("%Y-%m-%d",), ("%Y/%m/%d",), ("%Y.%m.%d",), ("%Y年%m月%d日",), ("excel_serial",), ("any",)]

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def check(seventeen: str) -> str:
    return "10X98765432"[sum(int(one) * weight for one, weight in zip(seventeen, WEIGHTS, strict=True)) % 11]


def number(day: date, sequence: int) -> str:
    seventeen = f"999901{day:%Y%m%d}{sequence:03d}"
    return seventeen + check(seventeen)


def written(day: date, form: str, chance: random.Random) -> str:
    if form == "excel_serial":
        return str((day - date(1899, 12, 30)).days)
    if form == "any":
        form = chance.choice(["%Y-%m-%d", "%Y%m%d"])
    text = day.strftime(form)
    return text.replace("-0", "-").replace(".0", ".") if chance.random() < 0.3 else text


NUMBERS = [
    *("5.00118E+17", "99990119870230001X", "99990119870229001X", "9999011987030e0012", "999901198703050012 ", "-1"),
    *("1e17", "99990117990305001X", "99990121000305001X", "99990119871305001X", "00000119870305001X", "0" * 18),
]
OTHER = [
    *("", "无", "-", "不详", "未知", "NULL", "None", "N/A", "nan", "null", "0", "00", " ", "\u3000", "'", "—", "/"),
    *(
        "a\ufffdb",
        "张\ufffd三",
        "长" * 1400,
        "张三",
        "张三1",
        "１２３",
        "12.5",
        "-3",
        "1,234",
        "9" * 16,
        "12345678.1234567",
    ),
    *(
        "13812345678",
        "138****5678",
        "02361234567",
        "望江路１２号",
        "望江路一二三四五号",
        "不详" + " " * 9,
        "abc",
        "No",
        "Nan",
    ),
    *("20260201", "19000229", "20000229", "19870231", "1987-2-29", "2026-02-01", "2026/02/01", "2026.2.1", "17990101"),
    *("男", "1", "2", "9", "中性", "女 ", "M"),
]


def table(columns, formats, count, chance):
    """Mostly clean rows, each with at most a few doubtful cells."""
    rows: dict[str, list[str | None]] = {one.name: [] for one in columns}
    for _ in range(count):
        day = date(1900, 1, 1) + timedelta(days=chance.randrange(46_500))
        sequence = chance.randrange(1000)
        clean = {
            "citizen_id": number(day, sequence),
            "name": "张三丰",
            "code": "1" if sequence % 2 else "2",
            "date": written(day, formats[0], chance),
            "phone": "13812345678",
            "number_text": "9999000271828",
            "text": "石桥镇派出所",
            "address": "望江路一二三四五号",
            "integer": "12",
            "decimal": "12.50",
            "month": "2026-01",
            "uscc": "91350100M000100Y43",
            "organisation_code": "MA0000007",
            "person_number": "E12345678",
            "division_code": "999901",
        }
        for one in columns:
            cell: str | None = clean.get(one.type, "x")
            if chance.random() < 0.06:
                cell = chance.choice([*OTHER, *NUMBERS, *clean.values(), number(day, sequence)[:17] + "0", None])
            rows[one.name].append(cell)
    rows["_row"] = list(range(1, count + 1))  # type: ignore[assignment]
    schema = pa.schema([("_row", pa.int64()), *((one.name, pa.string()) for one in columns)])
    return pa.table({name: rows[name] for name in schema.names}, schema=schema)


def told_clean(checker, rows) -> tuple[int, int]:
    """Rows that the cheap tests call clean: by bytes with what that leaves to SQL, and in SQL alone."""
    checker._planned.result()
    rows = checker.encode(rows).rows
    numbers = rows.column("_row").to_numpy()
    found = []
    for many in (BYTES_ONLY, SQL_TOO):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(checker_module, "_MANY", many)
            found.append(rows.num_rows - len(checker._doubtful(rows, numbers, EDITION)[0]))
    return found[0], found[1]


@pytest.fixture(scope="module")
def report():
    """Every type twice, required and not, beside a person's sex and birth date."""
    shipped = load_schemas(Settings.load().schemas).reports["public_security.resident_register"]
    by_name = {one.name: one for one in shipped.columns}
    base = [by_name[name] for name in ("citizen_id", "sex_code", "birth_date", "resident_name", "hukou_address")]
    plain = replace(by_name["police_station_name"], on_invalid="quarantine")
    types = ("text", "number_text", "phone", "integer", "decimal", "date", "month", "uscc", "organisation_code", "name")
    others = [
        replace(plain, name=f"{type_}_{required}", type=type_, required=required, date_formats=("%Y%m%d",))
        for type_ in (*types, "address", "person_number", "division_code")
        for required in (False, True)
    ]
    spouse = [replace(one, name=f"spouse_{one.name}", role="spouse", required=False, key=False) for one in base[:3]]
    return replace(shipped, columns=(*base, *spouse, *others))


@pytest.mark.parametrize("formats", FORMATS, ids=lambda formats: formats[0])
def test_the_test_for_clean_rows_changes_no_verdict(report, formats, monkeypatch):
    chance = random.Random(formats[0])
    columns = tuple(replace(one, date_formats=formats) if one.type == "date" else one for one in report.columns)
    report = replace(report, columns=columns)
    rows = table(columns, formats, 3_000, chance)
    founds = []
    with Checker(report, 1) as fast:
        clean = told_clean(fast, rows)
        for many in (BYTES_ONLY, SQL_TOO):
            monkeypatch.setattr(checker_module, "_MANY", many)
            founds.append(fast.check(fast.encode(rows), EDITION))
    compiled = fast.checks
    none_clean = "select _row, false as clean, 0::ubigint as h from "
    all_doubtful = replace(compiled, rest=none_clean + "remaining", clean=none_clean + "numbered")
    monkeypatch.setattr(checker_module, "compile_checks", lambda _: all_doubtful)
    with Checker(report, 1) as slow:
        wanted = slow.check(slow.encode(rows), EDITION)
    for found in founds:
        assert found.places.tolist() == wanted.places.tolist()
        assert found.rules.to_pylist() == wanted.rules.to_pylist()
        assert (found.broken, found.warnings) == (wanted.broken, wanted.warnings)
    assert len(wanted.broken) > 20
    assert min(clean) > 150  # else the test would prove nothing


def test_clean_rows_of_a_shipped_register_are_told_without_the_checks(report):
    chance = random.Random(1)
    shipped = load_schemas(Settings.load().schemas).reports["public_security.resident_register"]
    columns = shipped.columns
    days = [date(1930, 1, 1) + timedelta(days=chance.randrange(30_000)) for _ in range(500)]
    texts = {
        one.name: {
            "name": "张三丰",
            "address": "望江路一二三四五号",
            "phone": "13812345678",
            "text": "9999000271828",
            "number_text": "999900027",
        }.get(one.type, "")
        for one in columns
    }
    data = {name: [text] * len(days) for name, text in texts.items()}
    data["citizen_id"] = [number(day, place) for place, day in enumerate(days)]
    data["birth_date"] = [f"{day:%Y%m%d}" for day in days]
    data["sex_code"] = ["1" if place % 2 else "2" for place in range(len(days))]
    data["_row"] = list(range(1, len(days) + 1))
    rows = pa.table({name: data[name] for name in ("_row", *texts)})
    with Checker(shipped, 1) as fast:
        clean = told_clean(fast, rows)
    leap = sum(day.month == 2 and day.day == 29 for day in days)
    assert clean == (len(days) - leap, len(days) - leap)


PIECES = [
    *(
        "1",
        "0",
        "9",
        "00",
        "13",
        "138",
        "1234567",
        "12345678",
        ".",
        "-",
        ",",
        "/",
        "年",
        "月",
        "日",
        "A",
        "M",
        "N",
        "n",
        "z",
    ),
    *(
        " ",
        "\t",
        "\u00a0",
        "\u3000",
        "\u200b",
        "\ufeff",
        "'",
        "#",
        "不",
        "详",
        "未",
        "知",
        "无",
        "空",
        "伍",
        "中",
        "鿿",
        "一",
    ),
    *(
        "\u4dff",
        "\u4dbf",
        "䶮",
        "\u8fff",
        "\ua000",
        "é",
        "·",
        "𠮷",
        "１",
        "（",
        "\ufffd",
        "\uffe5",
        "",
        "",
        "",
        "长" * 1334,
    ),
]


def random_text(type_: str, form: str, chance: random.Random) -> str | None:
    """A text that is often right, and often wrong in one place."""
    if chance.random() < 0.02:
        return None
    if type_ in ("date", "citizen_id", "phone") and chance.random() < 0.7:
        day = date(1795, 1, 1) + timedelta(days=chance.randrange(112_000))
        text = number(day, chance.randrange(1000)) if type_ == "citizen_id" else written(day, form, chance)
        if type_ == "phone":
            text = f"1{chance.randrange(10**10):010}"
        if chance.random() < 0.5:
            place = chance.randrange(len(text))
            text = text[:place] + chance.choice([*"0123456789X:/", "月", ""]) + text[place + 1 :]
        return text
    pieces = chance.choice([PIECES, PIECES[:9], PIECES[:20], PIECES[30:40], [*PIECES[:9], *PIECES[30:38]]])
    return "".join(chance.choice(pieces) for _ in range(chance.choice([1, 1, 2, 3, 4, 6, 12, 24])))


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize(
    ("type_", "form"),
    [
        *((one, "") for one in ("text", "address", "name", "number_text", "phone", "integer", "decimal", "citizen_id")),
        *(("date", one[0]) for one in FORMATS[:5]),
    ],
)
def test_the_rules_accept_every_cell_that_the_bytes_are_sure_of(report, type_, form, required):
    chance = random.Random(f"{type_} {form} {required}")
    element = "birth_date" if type_ == "date" else ""
    column = replace(
        next(one for one in report.columns if one.type == type_),
        name="cell",
        element=element,
        required=required,
        key=False,
        date_formats=(form,),
    )
    one_column = replace(report, columns=(column,), key=())
    texts = pa.array([random_text(type_, form, chance) for _ in range(20_000)], pa.string())
    # As a part of a longer column, as chunks are.
    texts = pa.concat_arrays([pa.array(["x", None, "张三"]), texts]).slice(3)
    rows = pa.table({"_row": pa.array(range(1, len(texts) + 1), pa.int64()), "cell": texts})
    with Checker(one_column, 1) as checker:
        checker._planned.result()
        sure = checker.checks.clean_rows.sure(rows, 20260131)
        checker._batch.table = rows
        broken = checker._run("rows", checker.checks.sql, EDITION)["_row"]
    assert checker.checks.clean_rows.told == {0}
    wrong = sorted(set(np.flatnonzero(sure) + 1) & {int(row) for row in broken})
    assert not wrong, [texts[row - 1].as_py() for row in wrong[:5]]
    assert sure.sum() > 300
    assert len(broken) > 300 or not required
