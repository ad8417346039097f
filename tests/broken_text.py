"""Broken delimited text."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

from broken_table import HEADERS, BadFile, as_csv, row, rows, whole_csv

MEGABYTE = 1 << 20


def csv_files() -> Iterator[BadFile]:
    """Delimited text under contracts that state UTF-8, GB18030 and UTF-16."""

    def one(
        case: str, data: bytes, rows_: Any = None, verdict: str = "either", batch: str = "csv", **more: Any
    ) -> BadFile:
        return BadFile(case, batch, ".csv", data, None if rows_ is None else tuple(rows_), verdict, **more)

    table = rows(20)
    plain = [[cell for cell in row(number)] for number in (1, 2, 3)]
    ten = range(1, 21)
    good = as_csv([HEADERS, *table])
    text = good.decode()
    for codec in ("gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        yield one(f"{codec} declared UTF-8", whole_csv(20, codec), verdict="refused")
    yield one("Big5 declared UTF-8", "編號,姓名\r\n1,司馬\r\n".encode("big5") * 20, verdict="refused")
    yield one("Shift JIS declared UTF-8", "番号,氏名\r\n1,山田\r\n".encode("shift-jis") * 20, verdict="refused")
    for declared in ("GB18030", "UTF-16", "Big5"):
        batch = f"csv {declared}"
        yield one(f"UTF-8 declared {declared}", good, verdict="refused", batch=batch)
        yield one(f"UTF-8 with mark declared {declared}", codecs.BOM_UTF8 + good, verdict="refused", batch=batch)
        yield one(f"empty, declared {declared}", b"", verdict="refused", batch=batch)
        own = whole_csv(20, declared.lower() if declared != "Big5" else "utf-8")
        yield one(f"last byte gone, declared {declared}", own[:-1], batch=batch)
        yield one(f"half UTF-8, declared {declared}", own[: len(own) // 2] + good[len(good) // 2 :], batch=batch)
        yield one(f"one byte too many in the middle, declared {declared}", own[:701] + b"\x81" + own[701:], batch=batch)
    yield one(
        "Big5 declared GB18030",
        ("編號,姓名\r\n" + "1,司馬遷\r\n" * 20).encode("big5"),
        verdict="refused",
        batch="csv GB18030",
    )
    yield one("good GB18030", whole_csv(20, "gb18030"), ten, "loaded", "csv GB18030")
    yield one("good UTF-16", whole_csv(20, "utf-16"), ten, "loaded", "csv UTF-16")
    yield one("UTF-16 without a mark", whole_csv(20, "utf-16-be"), ten, batch="csv UTF-16")
    yield one("half GB18030", good[: len(good) // 2] + as_csv(table[10:], "gb18030"), verdict="refused")
    yield one("mojibake", good.decode("gb18030", "replace").encode(), verdict="refused")
    yield one("twice encoded", good.decode("latin-1").encode(), verdict="refused")
    yield one("good", good, ten, "loaded")
    yield one("good with mark", codecs.BOM_UTF8 + good, ten, "loaded")
    yield one("two marks", codecs.BOM_UTF8 * 2 + good, ten)
    yield one("mark in the middle", as_csv([HEADERS, *table[:10]]) + codecs.BOM_UTF8 + as_csv(table[10:]), ten)
    yield one("header twice", as_csv([HEADERS, HEADERS, *table]), ten)
    yield one("header again in the middle", as_csv([HEADERS, *table[:10], HEADERS, *table[10:]]), ten)
    yield one(
        "header names doubled", as_csv([[*HEADERS, "姓名"], *[[*line, line[1]] for line in table]]), verdict="refused"
    )
    yield one("no header", as_csv(table), verdict="refused")
    yield one("header alone", as_csv([HEADERS]), ())
    yield one("header without line end", as_csv([HEADERS]).rstrip(), ())
    yield one("header cut", text.partition("\r\n")[0][:7].encode(), verdict="refused")
    yield one("blank header names", as_csv([["", *HEADERS[1:]], *table]), verdict="refused")
    yield one("columns in another order", as_csv([HEADERS[::-1], *[line[::-1] for line in table]]), ten, "loaded")
    yield one("a column more", as_csv([[*HEADERS, "新列"], *[[*line, "x"] for line in table]]), ten)
    yield one("a column fewer", as_csv([HEADERS[:-1], *[line[:-1] for line in table]]))
    yield one("header wider than rows", as_csv([[*HEADERS, "新列"], *table]))
    yield one("header narrower than rows", as_csv([HEADERS[:-1], *table]))
    for place in range(1, 8):
        shifted = [*table[4][:place], "", *table[4][place:-1]]
        yield one(f"a row shifted right from column {place + 1}", as_csv([HEADERS, *table[:4], shifted, *table[5:]]))
        missing = [*table[4][:place], *table[4][place + 1 :]]
        yield one(f"a row without cell {place + 1}", as_csv([HEADERS, *table[:4], missing, *table[5:]]))
        left = [*missing, ""]
        yield one(f"a row shifted left from column {place + 1}", as_csv([HEADERS, *table[:4], left, *table[5:]]))
    yield one("every row shifted", as_csv([HEADERS, *[["", *line[:-1]] for line in table]]))
    ragged = [line[: 1 + place % 9] + ["x"] * (place % 3) for place, line in enumerate(table)]
    yield one("ragged rows", as_csv([HEADERS, *ragged]))
    huge = "住址-00003" + "长" * MEGABYTE
    yield one("a cell of 3 MB", as_csv([HEADERS, table[0], [*plain[2][:3], huge, *plain[2][4:]], *table[3:]]))
    many = "住址-00003" + "\n长" * (MEGABYTE // 4)
    broken = as_csv([HEADERS, table[0], [*plain[2][:3], many, *plain[2][4:]], *table[3:]])
    yield one("a cell of 262144 lines", broken, costly=True)
    yield one("a line of 5 MB", as_csv([HEADERS, table[0]]) + b"x" * (5 * MEGABYTE) + b"\r\n" + as_csv(table[1:]))
    yield one("5 MB of commas", as_csv([HEADERS, table[0]]) + b"," * (5 * MEGABYTE) + b"\r\n" + as_csv(table[1:]))
    yield one("5 MB of quotes", as_csv([HEADERS, table[0]]) + b'"' * (5 * MEGABYTE) + b"\r\n" + as_csv(table[1:]))
    yield one("5 MB without a line end", b"x" * (5 * MEGABYTE), verdict="refused")
    yield one(
        "100000 columns", ",".join(f"列{place}" for place in range(100_000)).encode(), verdict="refused", costly=True
    )
    for number, formula in enumerate(("=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "-2+3", '=HYPERLINK("http://x","y")')):
        line = [*plain[0][:3], f"{formula} 住址-00001", *plain[0][4:]]
        yield one(f"formula in a cell {number}", as_csv([HEADERS, line, *table[1:]]), ten, "loaded")
    for place in (100, len(good) // 2, len(good) - 30):
        yield one(f"NUL byte at {place}", good[:place] + b"\0" + good[place:])
    yield one("NUL bytes at the end", good + b"\0" * 4096, verdict="refused")
    yield one("NUL bytes alone", b"\0" * 4096, verdict="refused")
    yield one("every byte followed by NUL", b"".join(bytes((byte, 0)) for byte in good), verdict="refused")
    lines = text.splitlines(keepends=True)
    ends = ("\n", "\r\n", "\r")
    simple = as_csv([HEADERS, *[row(n) for n in range(1, 7)]]).decode().splitlines()
    yield one("mixed line ends", "".join(one_ + ends[n % 3] for n, one_ in enumerate(simple)).encode(), range(1, 7))
    yield one("carriage returns alone", "\r".join(simple).encode(), range(1, 7))
    yield one("blank lines between", "\r\n\r\n".join(simple).encode(), range(1, 7))
    yield one(
        "100000 blank lines below the header", as_csv([HEADERS]) + b"\r\n" * 100_000 + as_csv(table), ten, "loaded"
    )
    yield one("line ends of Unicode", "\u2028".join(simple).encode(), verdict="refused")
    yield one("form feeds", "\f".join(simple).encode())
    yield one("Ctrl-Z at the end", good + b"\x1a")
    for place in (1, 5, 12, len(lines) - 2):
        broken = [*lines[:place], '"' + lines[place], *lines[place + 1 :]]
        yield one(f"unclosed quote in line {place + 1}", "".join(broken).encode())
        mid = lines[place].replace(",", ',"', 3).replace(',"', ",", 2)
        yield one(f"stray quote in line {place + 1}", "".join([*lines[:place], mid, *lines[place + 1 :]]).encode())
        yield one(
            f"quote before the line end of line {place + 1}",
            "".join([*lines[:place], lines[place].rstrip() + '"\r\n', *lines[place + 1 :]]).encode(),
        )
    yield one("quotes everywhere", as_csv([HEADERS, *table], quoting=1), ten, "loaded")
    yield one("quotes escaped by backslash", as_csv([HEADERS, *table], doublequote=False, escapechar="\\"))
    yield one("single quotes", as_csv([HEADERS, *table], quotechar="'"))
    for name, sign in (("semicolons", ";"), ("tabs", "\t"), ("bars", "|")):
        yield one(f"{name} instead of commas", as_csv([HEADERS, *table], delimiter=sign), verdict="refused")
    yield one("full-width commas", text.replace(",", "，").encode(), verdict="refused")
    for name, amount in {
        "german": "1.234,25",
        "english": "1,234.25",
        "blank": "1 234.25",
        "full-width": "１.25",
        "yuan": "￥1.25",
        "ten thousands": "1.25万",
        "percent": "1.25%",
        "exponent": "1E5",
        "infinite": "inf",
        "none": "nan",
        "hex": "0x1F",
        "underscore": "1_000",
        "long": "9" * 40,
        "negative": "(1.25)",
    }.items():
        yield one(f"amount {name}", as_csv([HEADERS, [*plain[0][:6], amount, plain[0][7]], *table[1:]]))
    for name, day in {
        "day first": "31/12/1990",
        "month first": "12/31/1990",
        "no such day": "1990-02-30",
        "two digits": "90-1-1",
        "serial": "33000",
        "far": "99999-01-01",
        "zero": "0000-00-00",
        "text": "不详",
    }.items():
        yield one(f"date {name}", as_csv([HEADERS, [*plain[0][:4], day, *plain[0][5:]], *table[1:]]))
    for name, sign in {
        "zero width": "\u200b",
        "right to left": "\u202e",
        "bell": "\a",
        "escape": "\x1b[31m",
        "marks": "\x02\x01\x1f",
        "outside the plane": "𠮷",
        "private": "\ue000",
        "noncharacter": "\ufffe",
        "combining": "é" * 50,
    }.items():
        line = [*plain[0][:3], f"住址-00001{sign}", *plain[0][4:]]
        yield one(f"character {name}", as_csv([HEADERS, line, *table[1:]]), ten)
    yield one("mark of the guard as first cell", as_csv([HEADERS, ["\x020", *plain[0][1:]], ["\x02x"], *table[1:]]))
    yield one("surrogate bytes", good.replace("姓名-00003".encode(), b"\xed\xa0\x80"), verdict="loaded")
    yield one("overlong bytes", good.replace("姓名-00003".encode(), b"\xc0\xaf"), verdict="loaded")
    torn = [line.encode() for line in good.decode().splitlines(keepends=True)]
    torn[1:5] = [line.replace(b",", b"\xe5,", 1) for line in torn[1:5]]
    yield one("half characters in a fifth of the rows", b"".join(torn), verdict="refused")
    yield one("the same key twice", as_csv([HEADERS, *table, table[0]]))
    yield one("title above the header", as_csv([["某街道登记表"], HEADERS, *table]), verdict="refused")
    yield one("note below the table", as_csv([HEADERS, *table, ["填表人：某"]]))
    yield one("a conflict of a version control", "".join([*lines[:4], "<<<<<<< HEAD\r\n", *lines[4:]]).encode())
