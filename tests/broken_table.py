"""The table of which broken files are made: every cell tells its column and its row, so that no shift stays unseen."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import json
import random
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from made_columns import column

from workbooks import Sheet, write

HEADERS = ("编号", "姓名", "性别", "住址", "出生日期", "学校", "金额", "备注")
TAGGED = ("编号", "姓名", "住址", "学校", "备注")
"""Columns whose cells are `<column>-<row>`; between them stand a code, a date and an amount, which no tag passes."""

COLUMNS = (
    column("number", "编号", key=True, required=True),
    column("person", "姓名", required=True),
    column("sex", "性别", "code", pairs=(("男", "1"), ("女", "2"))),
    column("home", "住址"),
    column("born", "出生日期", "date", date_formats=("%Y-%m-%d",), required=True),
    column("school", "学校"),
    column("amount", "金额", "decimal", required=True),
    column("remark", "备注"),
)
NAMES = {one.header: one.name for one in COLUMNS}
KINDS = ("csv", "xlsx", "xls", "ods", "json", "ndjson", "xml", "parquet", "sqlite", "zip", "gz")

_DETAIL = re.compile(r"\d|[:,]| (?:in column|in disguise|declared|as|giving|from) ")
_LISTS = ("amount", "character", "date", "flip", "footer", "formula", "header", "member", "page", "school", "text")
"""Words before a long list of cases of one kind."""


@dataclass(frozen=True)
class BadFile:
    """One file and what may become of it.

    Attributes:
        case: what is wrong, unique within its batch.
        batch: the contract that it is delivered under, `csv` or `csv GB18030`.
        suffix: end of its name.
        data: its bytes; None for a folder of that name.
        rows: numbers of the table's rows that a correct reading finds in it; None if the damage decides.
        verdict: `loaded`, `refused` or `either`.
        altered: cells whose text the damage may have changed without anybody being able to see it.
        costly: takes seconds, for which only the whole set has time.
    """

    case: str
    batch: str
    suffix: str
    data: bytes | None
    rows: tuple[int, ...] | None = None
    verdict: str = "either"
    altered: int = 0
    costly: bool = False

    @property
    def kind(self) -> str:
        return self.batch.partition(" ")[0]

    @property
    def damage(self) -> str:
        """What is wrong, without where and how much: files that differ in nothing else have the same."""
        words = _DETAIL.split(self.case)[0].split()
        return words[0] if words and words[0] in _LISTS else " ".join(words)


def row(number: int) -> list[str]:
    """Row `number` of the table, from 1."""
    tag = f"-{number:05d}"
    home = f"住址{tag}"
    if number % 7 == 0:
        home += '，"东"区, 2号'
    if number % 11 == 0:
        home += "\n后门"
    return [
        f"编号{tag}",
        f"姓名{tag}",
        "男" if number % 2 else "女",
        home,
        (datetime.date(1950, 1, 1) + datetime.timedelta(days=number)).isoformat(),
        f"学校{tag}",
        f"{number}.25",
        f"备注{tag}" if number % 5 else "",
    ]


def rows(count: int, first: int = 1) -> list[list[str]]:
    return [row(number) for number in range(first, first + count)]


def as_csv(table: Iterable[Sequence[str]], codec: str = "utf-8", **dialect: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, **dialect).writerows(table)
    return text.getvalue().encode(codec)


def whole_csv(count: int = 40, codec: str = "utf-8") -> bytes:
    return as_csv([HEADERS, *rows(count)], codec)


def records(count: int = 40) -> list[dict[str, str]]:
    return [dict(zip(HEADERS, one, strict=True)) for one in rows(count)]


def whole_json(count: int = 40) -> bytes:
    return json.dumps(records(count), ensure_ascii=False).encode()


def whole_ndjson(count: int = 40) -> bytes:
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in records(count))


def as_xml(table: Iterable[Sequence[str]], declaration: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    from xml.sax.saxutils import escape

    body = "".join(
        "<人>"
        + "".join(f"<{name}>{escape(cell)}</{name}>" for name, cell in zip(HEADERS, one, strict=True))
        + "</人>\n"
        for one in table
    )
    return f"{declaration}<表>{body}</表>"


def whole_xml(count: int = 40) -> bytes:
    return as_xml(rows(count)).encode()


def _file(suffix: str, make: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{suffix}"
        make(path)
        return path.read_bytes()


def book(kind: str, table: Sequence[Sequence[Any]], **more: Any) -> bytes:
    """A workbook of one sheet."""
    return _file(f".{kind}", lambda path: write(path, {"表": Sheet(table, **more)}))


def whole_book(kind: str, count: int = 40) -> bytes:
    return book(kind, [HEADERS, *rows(count)])


def whole_parquet(count: int = 400, **options: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = [list(one) for one in zip(*rows(count), strict=True)]
    target = io.BytesIO()
    pq.write_table(pa.table(dict(zip(HEADERS, columns, strict=True))), target, row_group_size=150, **options)
    return target.getvalue()


def database(*statements: str, count: int = 400, many: str = "insert into 表 values (?, ?, ?, ?, ?, ?, ?, ?)") -> bytes:
    """A SQLite file; without statements the plain table."""

    def make(path: Path) -> None:
        connection = sqlite3.connect(path)
        for statement in statements or (f"create table 表 ({', '.join(HEADERS)})",):
            connection.execute(statement)
        connection.executemany(many, rows(count))
        connection.commit()
        connection.close()

    return _file(".sqlite", make)


def zipped(*members: tuple[Any, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            archive.writestr(info, data, method)
    return target.getvalue()


def whole_zip(count: int = 40) -> bytes:
    return zipped(("名单.csv", whole_csv(count)))


def whole_gz(count: int = 40) -> bytes:
    return gzip.compress(whole_csv(count), mtime=0)


WHOLE: dict[str, Callable[[], bytes]] = {
    "csv": whole_csv,
    "xlsx": lambda: whole_book("xlsx"),
    "xls": lambda: whole_book("xls"),
    "ods": lambda: whole_book("ods"),
    "json": whole_json,
    "ndjson": whole_ndjson,
    "xml": whole_xml,
    "parquet": whole_parquet,
    "sqlite": database,
    "zip": whole_zip,
    "gz": whole_gz,
}
SUFFIXES = {kind: f".{kind}" for kind in KINDS} | {"gz": ".csv.gz"}

HTML = ("<html><body><table>" + "".join(f"<tr><td>{'</td><td>'.join(one)}</td></tr>" for one in rows(5)) + "</table>"
        "</body></html>").encode()  # fmt: skip

NASTY = b'\x00\xff"\n\r,;\x1a\x80<{[\\\x1f\x02'


def cuts(data: bytes, seed: str, count: int) -> Iterator[tuple[str, bytes]]:
    """The first bytes of a file: near its ends, and at random places."""
    places = {1, 3, 8, len(data) // 2, len(data) - 1, len(data) - 3}
    random_ = random.Random(seed)
    while len(places) < count:
        places.add(random_.randrange(1, len(data)))
    for place in sorted(places):
        yield f"cut after {place} of {len(data)} bytes", data[:place]


def flips(data: bytes, seed: str, count: int) -> Iterator[tuple[str, bytes]]:
    """One to three damaged bytes: a bit turned over, or a byte that readers stumble over."""
    random_ = random.Random(seed)
    for number in range(count):
        damaged = bytearray(data)
        for _ in range(1 + number % 3):
            place = random_.randrange(len(data))
            damaged[place] = random_.choice(NASTY) if number % 2 else damaged[place] ^ (1 << random_.randrange(8))
        if bytes(damaged) != data:
            yield f"flip {number}", bytes(damaged)
