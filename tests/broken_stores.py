# ruff: noqa: E501 - a table of cases, one a line
"""Broken Parquet, SQLite, zip and gz."""

from __future__ import annotations

import gzip
import io
import random
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from typing import Any

from broken_books import bomb
from broken_table import HEADERS, BadFile, database, rows, whole_csv, whole_gz, whole_parquet, zipped


def _table(columns: dict[str, Any], **options: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = io.BytesIO()
    pq.write_table(pa.table(columns), target, **options)
    return target.getvalue()


def _lists(count: int) -> dict[str, list[str]]:
    return {name: list(cells) for name, cells in zip(HEADERS, zip(*rows(count), strict=True), strict=True)}


def parquet_files() -> Iterator[BadFile]:
    """Parquet: damaged footers and pages, types that nobody expects."""
    import pyarrow as pa

    def one(case: str, data: bytes, rows_: Any = None, verdict: str = "either", **more: Any) -> BadFile:
        return BadFile(case, "parquet", ".parquet", data, None if rows_ is None else tuple(rows_), verdict, **more)

    whole = whole_parquet()
    size = struct.unpack("<I", whole[-8:-4])[0]
    footer = len(whole) - 8 - size
    yield one("good", whole, range(1, 401), "loaded")
    yield one("without a footer", whole[:footer], verdict="refused")
    yield one("footer alone", whole[footer:], verdict="refused")
    yield one("magic alone", b"PAR1PAR1", verdict="refused")
    yield one("encrypted footer", whole[:-4] + b"PARE", verdict="refused")
    for name, length in {
        "0": 0,
        "1": 1,
        "more than the file": 1 << 30,
        "negative": 0xFFFFFFFF,
        "one more": size + 1,
        "one less": size - 1,
    }.items():
        yield one(
            f"footer length {name}",
            whole[:-8] + struct.pack("<I", length) + b"PAR1",
            verdict="refused" if name != "one more" else "either",
        )
    random_ = random.Random("footer")
    for number in range(12):
        damaged = bytearray(whole)
        damaged[random_.randrange(footer, len(whole) - 8)] ^= 1 << random_.randrange(8)
        yield one(f"footer bit {number}", bytes(damaged), altered=400)
    for compression in ("none", "gzip", "zstd"):
        packed = whole_parquet(compression=compression, use_dictionary=False)
        for number in range(4):
            damaged = bytearray(packed)
            damaged[random_.randrange(4, footer // 2)] ^= 1 << random_.randrange(8)
            yield one(f"page bit {number}, {compression}", bytes(damaged), altered=400)
    checked = bytearray(whole_parquet(compression="none", use_dictionary=False, write_page_checksum=True))
    checked[checked.index("姓名-00007".encode()) + 2] ^= 1
    for name, options in {"text": {}, "text in a dictionary": {"use_dictionary": True}}.items():
        plain = whole_parquet(compression="none", **({"use_dictionary": False} | options))
        no_text = plain.replace("姓名-00007".encode(), b"\xff" + "姓名-00007".encode()[1:])
        yield one(f"{name} that is none any more", no_text, verdict="refused")
    plain = _table({**_lists(20), "学校": pa.array([[text] for text in _lists(20)["学校"]])}, compression="none")
    yield one(
        "text in a list that is none any more",
        plain.replace("学校-00007".encode(), b"\xff\xff\xff" + "校-00007".encode()),
        verdict="refused",
    )
    yield one("page against its checksum", bytes(checked), verdict="refused")
    yield one("zeros in the middle", whole[: footer // 3] + b"\0" * 500 + whole[footer // 3 + 500 :])
    yield one("pages of another file", whole_parquet(compression="zstd")[:footer] + whole[footer:])
    lists = _lists(20)
    yield one("no rows", _table({name: pa.array([], pa.string()) for name in HEADERS}))
    yield one("no columns", _table({}), verdict="refused")
    doubled = pa.table([pa.array(lists["编号"])] * 2, names=["编号", "编号"])
    target = io.BytesIO()
    import pyarrow.parquet as pq

    pq.write_table(doubled, target)
    yield one("a column twice", target.getvalue(), verdict="refused")
    for name, values in {
        "binary": pa.array([b"\xff\xfe"] * 20),
        "binary of text": pa.array([text.encode() for text in lists["学校"]]),
        "lists": pa.array([[text] for text in lists["学校"]]),
        "structures": pa.array([{"a": text} for text in lists["学校"]]),
        "maps": pa.array([[("a", text)] for text in lists["学校"]], pa.map_(pa.string(), pa.string())),
        "nulls": pa.nulls(20),
        "dictionary": pa.array(lists["学校"]).dictionary_encode(),
        "large text": pa.array(lists["学校"], pa.large_string()),
        "half floats": pa.array([1.5] * 20, pa.float16()),
        "infinite": pa.array([float("inf"), float("nan")] * 10),
        "wide decimal": pa.array([None] * 20, pa.decimal256(70, 10)),
        "intervals": pa.array([1] * 20, pa.duration("ns")),
        "far moments": pa.array([9_000_000_000_000_000_000] * 20, pa.timestamp("ns", "UTC")),
        "moments before all days": pa.array([-9_000_000_000_000_000_000] * 20, pa.timestamp("us")),
        "times": pa.array([86_399_999_999] * 20, pa.time64("us")),
        "text with NUL": pa.array([f"{text}\0" for text in lists["学校"]]),
        "text of 3 MB": pa.array(["学校-00001" + "长" * (1 << 20), *[None] * 19]),
    }.items():
        yield one(f"school as {name}", _table({**lists, "学校": values}))
    yield one(
        "amount as floats", _table({**lists, "金额": pa.array([float(text) for text in lists["金额"]])}), range(1, 21)
    )
    yield one("day as days", _table({**lists, "出生日期": pa.array(lists["出生日期"]).cast(pa.date32())}), range(1, 21))
    deep: Any = pa.array(lists["学校"])
    for _ in range(200):
        deep = pa.StructArray.from_arrays([deep], ["a"])
    yield one("200 structures deep", _table({**lists, "学校": deep}))
    yield one("3000 columns", _table({**lists, **{f"列{number}": pa.nulls(20) for number in range(3000)}}))


def sqlite_files() -> Iterator[BadFile]:
    """SQLite: damaged pages, tables that are traps."""

    def one(case: str, data: bytes, rows_: Any = None, verdict: str = "either", **more: Any) -> BadFile:
        return BadFile(case, "sqlite", ".sqlite", data, None if rows_ is None else tuple(rows_), verdict, **more)

    whole = database()
    names = ", ".join(HEADERS)
    table, page = f"create table 表 ({names})", 4096
    pages = len(whole) // page
    yield one("good", whole, range(1, 401), "loaded")
    for number in range(pages):
        start = number * page
        yield one(
            f"page {number + 1} of zeros",
            whole[:start] + b"\0" * page + whole[start + page :],
            range(1, 401),
            "refused",
        )
        yield one(
            f"page {number + 1} of noise",
            whole[:start] + bytes(range(256)) * 16 + whole[start + page :],
            verdict="refused",
        )
    other = whole[2 * page : 3 * page]
    yield one("a page twice", whole[: 3 * page] + other + whole[4 * page :], verdict="refused")
    yield one("a page missing", whole[: 2 * page] + whole[3 * page :], verdict="refused")
    yield one("last page missing", whole[:-page], verdict="refused")
    for number in range(1, pages):
        start = number * page
        for name, place, value in (
            ("kind", 0, b"\x05"),
            ("number of cells", 3, b"\0\1"),
            ("place of the cells", 5, b"\xff\xff"),
            ("first cell", 8, b"\0\0"),
        ):
            damaged = whole[: start + place] + value + whole[start + place + len(value) :]
            yield one(f"page {number + 1}: {name}", damaged, range(1, 401), "refused" if damaged != whole else "either")
    for name, place, value in (("page size", 16, b"\0\1"), ("page size 3", 16, b"\0\3"), ("write version", 18, b"\x09\x09"), ("reserved", 20, b"\xff"),
                               ("file size", 28, b"\0\0\0\1"), ("schema format", 44, b"\0\0\0\x63"), ("encoding", 56, b"\0\0\0\x63"),
                               ("encoding UTF-16", 56, b"\0\0\0\2"), ("free pages", 32, b"\0\0\0\3\0\0\0\x09")):  # fmt: skip
        yield one(
            f"header: {name}",
            whole[:place] + value + whole[place + len(value) :],
            None if "UTF-16" in name else range(1, 401),
        )
    yield one("waiting for a log", whole[:18] + b"\2\2" + whole[20:], range(1, 401))
    yield one(
        "no such table",
        database("create table 别 (" + names + ")", many="insert into 别 values (?, ?, ?, ?, ?, ?, ?, ?)"),
        verdict="refused",
    )
    yield one("no rows", database(table, count=0))
    inner = "insert into 里 values (?, ?, ?, ?, ?, ?, ?, ?)"
    yield one(
        "a view",
        database(f"create table 里 ({names})", "create view 表 as select * from 里", many=inner),
        range(1, 401),
    )
    endless = f"create view 表 as with recursive n(i) as (select 1 union all select i + 1 from n) select {', '.join(f'i as {name}' for name in HEADERS)} from n"
    yield one(
        "a view without end",
        database(f"create table 里 ({names})", endless, many=inner),
        verdict="refused",
        costly=True,
    )
    late = f"create view 表 as with recursive n(i) as (select 1 union all select i + 1 from n) select {', '.join(f'i as {name}' for name in HEADERS)} from n where i < 0"
    yield one(
        "a view that never gives a row", database(f"create table 里 ({names})", late, many=inner), verdict="refused"
    )
    yield one(
        "a view of itself",
        database(f"create table 里 ({names})", "create view 表 as select * from 表", many=inner),
        verdict="refused",
    )
    crossed = "create view 表 as select a.* from 里 a, 里 b, 里 c, 里 d, 里 e where a.编号 = ''"
    yield one(
        "a view crossed with itself", database(f"create table 里 ({names})", crossed, many=inner), verdict="refused"
    )
    yield one(
        "a computed column",
        database(
            f"create table 表 ({names}, 差 as (金额 || '元'))",
            many=f"insert into 表 ({names}) values (?, ?, ?, ?, ?, ?, ?, ?)",
        ),
        range(1, 401),
    )
    yield one("without rowid", database(f"create table 表 ({names}, primary key (编号)) without rowid"), range(1, 401))
    for name, what in {"blobs": "x'fffe'", "blobs of text": "cast(学校 as blob)", "text of bad bytes": "cast(x'fffe' as text)",
                       "text with NUL": "学校 || char(0) || 'x'", "null": "null", "number": "9e999", "mark of null": "char(1)",
                       "text of 3 MB": "学校 || hex(zeroblob(1500000))"}.items():  # fmt: skip
        trap = f"create trigger t after insert on 表 when new.编号 = '编号-00003' begin update 表 set 学校 = {what} where 编号 = new.编号; end"
        yield one(f"school as {name}", database(table, trap), altered=1)
    yield one(
        "columns with quotes",
        database(f'create table 表 ({names}, "a""b\'c;--")', many="insert into 表 values (?, ?, ?, ?, ?, ?, ?, ?, 1)"),
        range(1, 401),
    )


def zip_files() -> Iterator[BadFile]:
    """Archives with tricks."""

    def one(case: str, data: bytes, rows_: Any = None, verdict: str = "either", **more: Any) -> BadFile:
        return BadFile(case, "zip", ".zip", data, None if rows_ is None else tuple(rows_), verdict, **more)

    good, twenty = whole_csv(20), range(1, 21)
    whole = zipped(("名单.csv", good))
    yield one("good", whole, twenty, "loaded")
    yield one("stored", zipped(("名单.csv", good), method=zipfile.ZIP_STORED), twenty, "loaded")
    yield one("no members", zipped(), verdict="refused")
    yield one("a folder alone", zipped(("a/", b"")), verdict="refused")
    yield one("hidden members alone", zipped((".名单.csv", good)), verdict="refused")
    for name in (
        "../x.csv",
        "/x.csv",
        "C:x.csv",
        "a/../../x.csv",
        "a\x01.csv",
        "..\\x.csv",
        "//x/y.csv",
        "a/./../../x.csv",
    ):
        yield one(
            f"member {name.encode('unicode_escape').decode().replace('/', '∕')}",
            zipped((name, good)),
            verdict="refused",
        )
    for kind, mode in {"link": stat.S_IFLNK, "device": stat.S_IFCHR, "pipe": stat.S_IFIFO}.items():
        info = zipfile.ZipInfo("x.csv")
        info.external_attr = (mode | 0o777) << 16
        yield one(f"member is a {kind}", zipped((info, b"/etc/passwd")), verdict="refused")
    yield one("a member twice", _doubled(good), verdict="refused")
    yield one("a bomb of 400 MB", bomb("名单.csv", 400), verdict="refused")
    yield one("a bomb that lies", bomb("名单.csv", 400, 1000), verdict="refused")
    yield one(
        "bombs within",
        zipped(*((f"{number}.zip", bomb("x.csv", 40)) for number in range(4))),
        verdict="refused",
        costly=True,
    )
    nested = whole
    for _ in range(6):
        nested = zipped(("名单.zip", nested), method=zipfile.ZIP_STORED)
    yield one("six archives deep", nested, verdict="refused")
    yield one(
        "11000 members",
        zipped(*((f"{number}.csv", b"") for number in range(11_000)), method=zipfile.ZIP_STORED),
        verdict="refused",
    )
    yield one("encrypted", whole.replace(b"\x14\x00\x00\x08\x08\x00", b"\x14\x00\x01\x08\x08\x00"), verdict="refused")
    yield one("wrong checksum", _at(whole, whole.rindex(b"PK\x01\x02") + 16, b"\1\2\3\4"), verdict="refused")
    yield one("wrong size", _at(whole, whole.rindex(b"PK\x01\x02") + 24, b"\x10\0\0\0"), verdict="refused")
    yield one("wrong place", _at(whole, whole.rindex(b"PK\x01\x02") + 42, b"\x10\0\0\0"), verdict="refused")
    yield one(
        "unknown packing", _at(_at(whole, whole.rindex(b"PK\x01\x02") + 10, b"\x62\0"), 8, b"\x62\0"), verdict="refused"
    )
    yield one("more members stated", _at(whole, len(whole) - 12, b"\7\0"))
    yield one("another name inside", whole.replace("名单.csv".encode(), "单名.csv".encode(), 1), verdict="refused")
    yield one(
        "a name that is no text", whole.replace("名单.csv".encode(), b"\xff\xfe\xff\xff\xff\xff.csv"), verdict="refused"
    )
    yield one("bytes before it", b"MZ" + b"\0" * 100 + whole)
    yield one("bytes after it", whole + b"\0" * 100)
    yield one("a program before a member", zipped(("名单.csv", good), ("x.exe", b"MZ")))
    yield one(
        "a member that is a workbook", zipped(("名单.csv", zipped(("[Content_Types].xml", b"<x/>")))), verdict="refused"
    )
    yield one("a member that is gz", zipped(("名单.csv.gz", gzip.compress(good, mtime=0))), twenty, "loaded")
    yield one("a member that is cut gz", zipped(("名单.csv.gz", gzip.compress(good, mtime=0)[:-20])), verdict="refused")
    yield one("a member that is empty", zipped(("名单.csv", b"")), verdict="refused")
    yield one("a member of noise", zipped(("名单.csv", bytes(range(256)) * 9)), verdict="refused")
    yield one("a good and a bad member", zipped(("好.csv", good), ("坏.csv", b"\xff\xfe\xfd" * 99)))
    yield one("a tar file", _tar(good), verdict="refused")
    yield one("a name of 60000 letters", zipped(("x" * 60_000 + ".csv", good)), verdict="refused")
    yield one("a name of 250 characters", zipped(("名" * 246 + ".csv", good)), twenty, "loaded")


def _at(data: bytes, place: int, value: bytes) -> bytes:
    return data[:place] + value + data[place + len(value) :]


def _doubled(data: bytes) -> bytes:
    whole = zipped(("a.csv", data), ("b.csv", data))
    return whole.replace(b"b.csv", b"a.csv")


def _tar(data: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        info = tarfile.TarInfo("名单.csv")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def gz_files() -> Iterator[BadFile]:
    """Packed single files."""

    def one(
        case: str, data: bytes, rows_: Any = None, verdict: str = "either", suffix: str = ".csv.gz", **more: Any
    ) -> BadFile:
        return BadFile(case, "gz", suffix, data, None if rows_ is None else tuple(rows_), verdict, **more)

    good, whole = whole_csv(20), whole_gz(20)
    yield one("good", whole, range(1, 21), "loaded")
    yield one(
        "two parts", gzip.compress(good[:500], mtime=0) + gzip.compress(good[500:], mtime=0), range(1, 21), "loaded"
    )
    yield one(
        "second part cut",
        gzip.compress(good[:500], mtime=0) + gzip.compress(good[500:], mtime=0)[:-9],
        verdict="refused",
    )
    yield one("zeros after it", whole + b"\0" * 100, range(1, 21))
    yield one("noise after it", whole + b"noise", verdict="refused")
    yield one("without its checksum", whole[:-8], verdict="refused")
    yield one("wrong checksum", _at(whole, len(whole) - 8, b"\1\2\3\4"), verdict="refused")
    yield one("wrong length", _at(whole, len(whole) - 4, b"\1\2\3\4"), verdict="refused")
    yield one("unknown way", _at(whole, 2, b"\7"), verdict="refused")
    yield one("reserved flags", _at(whole, 3, b"\xe0"))
    yield one("header alone", whole[:10], verdict="refused")
    yield one("a bomb of 300 MB", _gz_bomb(300), verdict="refused")
    yield one("packed twice", gzip.compress(whole, mtime=0), verdict="refused")
    yield one("packed twice, named so", gzip.compress(whole, mtime=0), suffix=".csv.gz.gz")
    yield one("a tar file", gzip.compress(_tar(good), mtime=0), verdict="refused", suffix=".tar.gz")
    yield one("a zip file", gzip.compress(zipped(("名单.csv", good)), mtime=0), verdict="refused")
    yield one("nothing in it", gzip.compress(b"", mtime=0), verdict="refused")
    yield one("plain text", good, verdict="refused")
    name = whole[:3] + b"\x08" + whole[4:10] + b"../../../etc/passwd\0" + whole[10:]
    yield one("a name that leads out", name, range(1, 21))
    yield one("a name without end", whole[:3] + b"\x08" + whole[4:10] + b"x" * 100_000, verdict="refused")


def _gz_bomb(megabytes: int) -> bytes:
    """Many equal parts: each is small and true, all together are not."""
    return gzip.compress(b" " * (1 << 20), mtime=0) * megabytes
