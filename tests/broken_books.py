# ruff: noqa: E501 - a table of cases, one a line
"""Broken workbooks: XLSX and ODS with damaged inner parts, XLS with damaged records."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from broken_table import HEADERS, BadFile, book, row, rows, whole_book, zipped
from workbooks import Formula, Shown

SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
LAUGHS = (
    "<!DOCTYPE x [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{number} '{f'&a{number - 1};' * 10}'>" for number in range(1, 12))
    + "]>"
)
EXTERNAL = "<!DOCTYPE x [<!ENTITY a11 SYSTEM 'file:///etc/passwd'>]>"
Change = Callable[[bytes], bytes | None]


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def changed(data: bytes, part: str, change: Change) -> bytes:
    """The package with one part changed, or without it; its checksums are right."""
    found = parts(data)
    new = change(found[part])
    return zipped(
        *((name, new if name == part else old) for name, old in found.items() if name != part or new is not None)
    )


def bomb(name: str, megabytes: int, stated: int | None = None, before: bytes = b"") -> bytes:
    """A zip file with one member that unpacks to many blanks, and may state another size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    blank = b" " * (1 << 20)
    start = packer.compress(before) + packer.compress(blank) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(blank) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = start + again * (megabytes - 1) + zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    check = zlib.crc32(before)
    for _ in range(megabytes):
        check = zlib.crc32(blank, check)
    size = (megabytes << 20) + len(before) if stated is None else stated
    raw = name.encode()
    fields = struct.pack("<HHHHHIIIHH", 20, 0x800, 8, 0, 0x21, check, len(packed), size, len(raw), 0)
    local = b"PK\x03\x04" + fields + raw + packed
    central = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) + raw
    return local + central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


def _sub(pattern: str, new: str, count: int = 1) -> Change:
    return lambda part: re.sub(pattern, lambda _: new, part.decode(), count=count).encode()


def _cell(reference: str, new: str) -> Change:
    """Another XML in the place of one cell."""
    return _sub(rf'<c r="{reference}"[^>]*?(/>|>.*?</c>)', new)


def cells(kind: str) -> Iterator[BadFile]:
    """What stands in cells, for every kind of workbook."""

    def one(
        case: str, table: Any, rows_: Any = None, verdict: str = "either", altered: int = 0, **more: Any
    ) -> BadFile:
        data = book(kind, table, **more)
        return BadFile(case, kind, f".{kind}", data, None if rows_ is None else tuple(rows_), verdict, altered)

    def with_(place: int, value: Any) -> list[list[Any]]:
        line: list[Any] = list(row(3))
        line[place] = value
        return [list(HEADERS), row(1), row(2), line, *rows(10, 4)]

    table = rows(20)
    yield one("good", [HEADERS, *table], range(1, 21), "loaded")
    yield one("no header", table, verdict="refused")
    yield one("header alone", [HEADERS])
    yield one("header twice", [HEADERS, HEADERS, *table], range(1, 21))
    yield one("header again in the middle", [HEADERS, *table[:10], HEADERS, *table[10:]], range(1, 21))
    yield one("header names doubled", [[*HEADERS, "姓名"], *[[*line, line[1]] for line in table]], verdict="refused")
    yield one("columns in another order", [HEADERS[::-1], *[line[::-1] for line in table]], range(1, 21), "loaded")
    yield one("title above", [["某街道登记表"], HEADERS, *table], verdict="refused")
    yield one("empty sheet", [], verdict="refused")
    if kind != "xls":
        yield one("formula with a value", with_(5, Formula("学校-00003")))
    for name, value in {
        "number": 12.5,
        "boolean": True,
        "control character": "\x01",
        "lost digits": 12345678901234567890.0,
        "shown number": Shown(5, "00000"),
        "formula text": "=cmd|' /C calc'!A0",
    }.items():
        if not (kind == "ods" and "control" in name):
            for place in (0, 5, 6):
                yield one(f"{name} in column {place + 1}", with_(place, value))
    if kind != "xls":
        for value in ("#REF!", "#N/A", "#DIV/0!", None):
            for place in (0, 3, 6):
                yield one(f"formula giving {value} in column {place + 1}", with_(place, Formula(value)))
    for place in range(1, 8):
        shifted = [*row(3)[:place], None, *row(3)[place:-1]]
        yield one(f"a row shifted from column {place + 1}", [HEADERS, row(1), row(2), shifted, *rows(10, 4)])
    yield one("cells right of the table", [HEADERS, *[[*line, None, "x"] for line in table]])
    covered = [
        [cell if place not in (3, 4) or number != 1 else None for number, cell in enumerate(line)]
        for place, line in enumerate(table)
    ]
    yield one("merged cells in the data", [HEADERS, *covered], merges=((3, 1, 5, 1),), altered=4)
    wide = [*table[:2], [*table[2][:2], None, None, *table[2][4:]], *table[3:]]
    yield one("merged across columns", [HEADERS, *wide], merges=((3, 1, 3, 3),))
    yield one("texts beneath merged cells", [HEADERS, *table], merges=((3, 1, 5, 1), (8, 3, 9, 5)))
    yield one("texts beneath cells merged over everything", [HEADERS, *table], merges=((0, 0, 20, 7),))
    yield one("hidden rows", [HEADERS, *table], range(1, 21), hidden_rows=frozenset({3, 4}))
    yield one("hidden sheet column", [HEADERS, *table], range(1, 21), hidden_columns=frozenset({1}))
    yield one("blank rows between", [HEADERS, *[line for one_ in table for line in (one_, [None] * 8)]], range(1, 21))


def xlsx_files() -> Iterator[BadFile]:
    """Packages whose zip file is whole and whose parts are not."""
    whole = whole_book("xlsx", 20)

    def one(case: str, data: bytes, rows_: Any = None, verdict: str = "either", **more: Any) -> BadFile:
        return BadFile(case, "xlsx", ".xlsx", data, None if rows_ is None else tuple(rows_), verdict, **more)

    yield from cells("xlsx")
    for name in parts(whole):
        must = "refused" if name in (SHEET, STRINGS, "xl/workbook.xml", "xl/_rels/workbook.xml.rels") else "either"
        full = range(1, 21)
        short = name.rpartition("/")[2]
        yield one(f"without {short}", changed(whole, name, lambda _: None), full, must)
        yield one(f"{short} empty", changed(whole, name, lambda _: b""), full, must)
        yield one(f"{short} cut", changed(whole, name, lambda part: part[: len(part) // 2]), full, must)
        yield one(f"{short} noise", changed(whole, name, lambda _: bytes(range(256)) * 4), full, must)
    for share in (0.3, 0.7, 0.95):
        yield one(
            f"sheet cut at {share}",
            changed(whole, SHEET, lambda part, s=share: part[: int(len(part) * s)]),
            verdict="refused",
        )  # type: ignore[misc]
    for share in (0.3, 0.7, 0.95):
        yield one(
            f"texts cut at {share}",
            changed(whole, STRINGS, lambda part, s=share: part[: int(len(part) * s)]),
            verdict="refused",
        )  # type: ignore[misc]
    end = "</row></sheetData></worksheet>"
    yield one(
        "sheet without its end", changed(whole, SHEET, lambda part: part.split(b"</sheetData>")[0]), verdict="refused"
    )
    yield one(
        "sheet ended too early",
        changed(whole, SHEET, lambda part: part[: part.index(b'<row r="9"')] + end[6:].encode()),
    )
    for name, type_ in {"laughs": LAUGHS, "external entity": EXTERNAL}.items():
        for part in (SHEET, STRINGS, "xl/workbook.xml"):
            new = lambda data, t=type_: data.replace(b"?>", f"?>{t}".encode(), 1).replace(b"00001<", b"&a11;00001<")  # type: ignore[misc]  # noqa: E731
            yield one(f"{name} in {part.rpartition('/')[2]}", changed(whole, part, new))
    for case, change in {
        "text out of range": _cell("B3", '<c r="B3" t="s"><v>99999999</v></c>'),
        "text number negative": _cell("B3", '<c r="B3" t="s"><v>-1</v></c>'),
        "text number no number": _cell("B3", '<c r="B3" t="s"><v>x</v></c>'),
        "unknown cell type": _cell("B3", '<c r="B3" t="zz"><v>1</v></c>'),
        "number no number": _cell("B3", '<c r="B3"><v>1.2.3</v></c>'),
        "number infinite": _cell("B3", '<c r="B3"><v>1e999</v></c>'),
        "number NaN": _cell("G3", '<c r="G3"><v>NaN</v></c>'),
        "style out of range": _cell("B3", '<c r="B3" s="9999"><v>1</v></c>'),
        "inline text": _cell("B3", '<c r="B3" t="inlineStr"><is><t>姓名-00002</t></is></c>'),
        "text by value": _cell("B3", '<c r="B3" t="str"><v>姓名-00002</v></c>'),
        "error cell": _cell("B3", '<c r="B3" t="e"><v>#REF!</v></c>'),
        "formula alone": _cell("B3", '<c r="B3"><f>VLOOKUP(1,A:B,2)</f></c>'),
        "day out of range": _cell("E3", '<c r="E3" t="d"><v>99999-99-99</v></c>'),
        "inline text of 3 MB": _cell("H3", f'<c r="H3" t="inlineStr"><is><t>备注-00002{"长" * (1 << 20)}</t></is></c>'),
        "a cell twice": _cell("B3", '<c r="B3" t="str"><v>姓名-00002</v></c><c r="B3" t="str"><v>姓名-00099</v></c>'),
        "a cell twice, apart": _cell("B3", '<c r="D3" t="str"><v>住址-00002</v></c><c r="B3" t="str"><v>姓名-00002</v></c>'),
        "cells out of order": lambda part: re.sub(rb'(<c r="B3".*?</c>)(<c r="C3".*?</c>)', rb"\2\1", part),
        "rows out of order": lambda part: re.sub(rb'(<row r="4".*?</row>)(<row r="5".*?</row>)', rb"\2\1", part),
        "cell in another row": _cell("B3", '<c r="B9" t="str"><v>姓名-00002</v></c>'),
        "cell without place": _cell("B3", '<c t="str"><v>姓名-00002</v></c>'),
        "cell with a bad place": _cell("B3", '<c r="3B" t="str"><v>姓名-00002</v></c>'),
        "cell far right": _cell("B3", '<c r="ZZZZZZ3" t="str"><v>x</v></c>'),
        "cell in row 0": _cell("B3", '<c r="B0" t="str"><v>x</v></c>'),
        "row number twice": _sub('<row r="5"', '<row r="4"'),
        "row numbers back": _sub('<row r="9"', '<row r="2"'),
        "row number no number": _sub('<row r="5"', '<row r="x"'),
        "row number huge": _sub('<row r="5"', '<row r="4294967297"'),
        "row number far": _sub('<row r="21"', '<row r="1048576"'),
        "row without number": _sub('<row r="5"', "<row"),
        "dimension lies small": _sub('ref="[^"]*"', 'ref="A1:B2"'),
        "dimension lies large": _sub('ref="[^"]*"', 'ref="A1:XFD1048576"'),
        "dimension no range": _sub('ref="[^"]*"', 'ref="hello"'),
        "wrong end tag": _sub("</row>", "</raw>"),
        "a mark of an attribute astray": lambda part: part.replace(b'<c r="E16" t="s"><v>', b'<c r="E16" t="s"="v>').replace(b'<c r="H19" t="s">', b'<c r="H19" t><s">'),
        "row not closed": _sub("</row>", ""),
        "merged cells no range": _sub("</sheetData>", '</sheetData><mergeCells count="1"><mergeCell ref="x:y"/></mergeCells>'),
        "merged cells of the whole sheet": _sub("</sheetData>", '</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
        "control character": _sub("<sheetData>", "<sheetData>\x01"),
        "two tables of data": _sub("</sheetData>", "</sheetData><sheetData/>"),
    }.items():  # fmt: skip
        # Of two cells at one place the library would keep the last, and what is no XML it passes over.
        lost = case in ("a cell twice", "a cell twice, apart", "cell in another row", "a mark of an attribute astray")
        yield one(case, changed(whole, SHEET, change), verdict="refused" if lost else "either")
    yield one(
        "target outside the package",
        changed(whole, "xl/_rels/workbook.xml.rels", _sub("worksheets/sheet1.xml", "../../../../etc/passwd")),
        verdict="refused",
    )
    yield one(
        "external target",
        changed(
            whole,
            "xl/_rels/workbook.xml.rels",
            _sub('Target="worksheets/sheet1.xml"', 'Target="http://127.0.0.1:1/x" TargetMode="External"'),
        ),
    )
    yield one(
        "sheet name with tricks", changed(whole, "xl/workbook.xml", _sub('name="表"', 'name="../../x"')), range(1, 21)
    )
    yield one(
        "no sheets", changed(whole, "xl/workbook.xml", _sub("<sheets>.*</sheets>", "<sheets/>")), verdict="refused"
    )
    yield one("a part named upwards", zipped(*parts(whole).items(), ("../../../evil.txt", b"x")), range(1, 21))
    yield one("an absolute part", zipped(*parts(whole).items(), ("/etc/evil.txt", b"x")), range(1, 21))
    yield one("a bomb of 600 MB", _with_bomb(whole, 600), verdict="refused")
    yield one("a bomb that lies", _with_bomb(whole, 600, 1000), verdict="refused")
    found = parts(whole)
    again = changed(whole, SHEET, _sub("</sheetData>", "</sheetData>"))
    yield one("a part twice", _twice(again, SHEET, found[SHEET].replace(b'<row r="9"', b'<row r="99"')))
    yield one(
        "unknown way of packing",
        whole.replace(b"PK\x01\x02\x14\x00\x14\x00\x00\x00\x08", b"PK\x01\x02\x14\x00\x14\x00\x00\x00\x62"),
    )
    yield one(
        "protected",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 24 + "EncryptedPackage".encode("utf-16-le") * 100,
        verdict="refused",
    )


def _with_bomb(whole: bytes, megabytes: int, stated: int | None = None) -> bytes:
    """The package with a sheet that unpacks to so much, as zip files are put together by hand."""
    swollen = bomb(SHEET, megabytes, stated, before=parts(whole)[SHEET].split(b"</sheetData>")[0])
    others = zipped(*((name, data) for name, data in parts(whole).items() if name != SHEET))
    body, rest = swollen[: swollen.rindex(b"PK\x01\x02")], swollen[swollen.rindex(b"PK\x01\x02") : -22]
    first = others.index(b"PK\x01\x02")
    moved = io.BytesIO()
    place, central = first, others[first:-22]
    moved.write(others[:first] + body)
    listed = central + rest[:42] + struct.pack("<I", place) + rest[46:]
    count = others[-12:-10]
    number = struct.unpack("<H", count)[0] + 1
    moved.write(
        listed + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, number, number, len(listed), place + len(body), 0)
    )
    return moved.getvalue()


def _twice(whole: bytes, name: str, data: bytes) -> bytes:
    import warnings

    target = io.BytesIO(whole)
    with warnings.catch_warnings(), zipfile.ZipFile(target, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(name, data)
    return target.getvalue()


def ods_files() -> Iterator[BadFile]:
    """OpenDocument."""
    whole = whole_book("ods", 20)

    def one(case: str, data: bytes, rows_: Any = None, verdict: str = "either", **more: Any) -> BadFile:
        return BadFile(case, "ods", ".ods", data, None if rows_ is None else tuple(rows_), verdict, **more)

    def content(change: Change) -> bytes:
        return changed(whole, "content.xml", change)

    yield from cells("ods")
    for name in parts(whole):
        must = "refused" if name == "content.xml" else "either"
        yield one(f"without {name}", changed(whole, name, lambda _: None), range(1, 21), must)
        yield one(f"{name} empty", changed(whole, name, lambda _: b""), range(1, 21), must)
        yield one(f"{name} noise", changed(whole, name, lambda _: bytes(range(256)) * 4), range(1, 21), must)
    for share in (0.2, 0.5, 0.8, 0.99):
        yield one(
            f"content cut at {share}", content(lambda part, s=share: part[: int(len(part) * s)]), verdict="refused"
        )  # type: ignore[misc]
    for name, type_ in {"laughs": LAUGHS, "external entity": EXTERNAL}.items():
        yield one(
            name,
            content(lambda part, t=type_: part.replace(b"?>", f"?>{t}".encode(), 1).replace(b"00001<", b"&a11;00001<")),
        )  # type: ignore[misc]
    first = "<table:table-row><table:table-cell"
    for case, change in {
        "a row repeated a million times": _sub("</text:p></table:table-cell></table:table-row><table:table-row>", '</text:p></table:table-cell></table:table-row><table:table-row table:number-rows-repeated="1000000">'),
        "a cell repeated a million times": _sub(first, '<table:table-row><table:table-cell table:number-columns-repeated="1000000"'),
        "repeated beyond integers": _sub(first, '<table:table-row table:number-rows-repeated="99999999999999999999"><table:table-cell'),
        "repeated -1 times": _sub(first, '<table:table-row table:number-rows-repeated="-1"><table:table-cell'),
        "repeated x times": _sub(first, '<table:table-row table:number-rows-repeated="x"><table:table-cell'),
        "repeated 0 times": _sub(first, '<table:table-row table:number-rows-repeated="0"><table:table-cell'),
        "blank cells repeated": _sub("</table:table-row>", '<table:table-cell table:number-columns-repeated="16000"/></table:table-row>', 0),
        "a table in a cell": _sub("<text:p>姓名-00001</text:p>", "<text:p>姓名-00001</text:p><table:table><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell></table:table-row></table:table>"),
        "two paragraphs": _sub("<text:p>姓名-00001</text:p>", "<text:p>姓名-</text:p><text:p>00001</text:p>"),
        "a note on a cell": _sub("<text:p>姓名-00001</text:p>", '<office:annotation xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"><text:p>x</text:p></office:annotation><text:p>姓名-00001</text:p>'),
        "value no number": _sub('office:value-type="string"><text:p>1.25', 'office:value-type="float" office:value="x"><text:p>1.25'),
        "value and text differ": _sub('office:value-type="string"><text:p>1.25', 'office:value-type="float" office:value="1.25"><text:p>9.25'),
        "unknown value type": _sub('office:value-type="string"><text:p>1.25', 'office:value-type="zz"><text:p>1.25'),
        "day no day": _sub('office:value-type="string"><text:p>1950', 'office:value-type="date" office:date-value="1950-99-99"><text:p>1950'),
        "wrong end tag": _sub("</table:table-row>", "</table:table-raw>"),
        "no end tag": _sub("</table:table-row>", ""),
        "unbound prefix": _sub("<table:table-row>", "<zz:table-row>"),
        "spans beyond the sheet": _sub(first, '<table:table-row><table:table-cell table:number-rows-spanned="99999999" table:number-columns-spanned="99999"'),
        "100000 deep": _sub("<text:p>姓名-00001</text:p>", "<text:p>" + "<text:span>" * 100_000 + "姓名-00001" + "</text:span>" * 100_000 + "</text:p>"),
        "a text of 3 MB": _sub("备注-00001", "备注-00001" + "长" * (1 << 20)),
    }.items():  # fmt: skip
        yield one(case, content(change), verdict="refused" if "row repeated" in case else "either")
    found = parts(whole)
    laughing = changed(
        whole,
        "META-INF/manifest.xml",
        lambda part: part.replace(b"<manifest:manifest", LAUGHS.encode() + b"<manifest:manifest", 1).replace(
            b'"/"', b'"&a11;"'
        ),
    )
    yield one("laughs in the manifest", laughing)
    locked = b'<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>'
    yield one(
        "protected",
        zipped(
            *(
                (
                    name,
                    data.replace(b"</manifest:manifest>", locked)
                    if "META" in name
                    else bytes(range(256)) * 9
                    if name == "content.xml"
                    else data,
                )
                for name, data in found.items()
            )
        ),
        verdict="refused",
    )
    yield one(
        "a bomb of 600 MB",
        _join(
            zipped(("mimetype", found["mimetype"])),
            bomb("content.xml", 600, None, found["content.xml"].split(b"<table:table-row>")[0]),
        ),
        verdict="refused",
    )
    yield one(
        "a bomb that lies",
        _join(
            zipped(("mimetype", found["mimetype"])),
            bomb("content.xml", 600, 1000, found["content.xml"].split(b"<table:table-row>")[0]),
        ),
        verdict="refused",
    )


def _join(first: bytes, second: bytes) -> bytes:
    """One zip file out of two with one member each."""
    a, b = first.rindex(b"PK\x01\x02"), second.rindex(b"PK\x01\x02")
    listed = first[a:-22] + second[b : b + 42] + struct.pack("<I", a) + second[b + 46 : -22]
    return first[:a] + second[:b] + listed + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 2, 2, len(listed), a + b, 0)


def xls_files() -> Iterator[BadFile]:
    """BIFF, in its container; what is altered inside no checksum tells."""
    whole = whole_book("xls", 20)
    yield from cells("xls")

    def one(case: str, data: bytes, **more: Any) -> BadFile:
        return BadFile(case, "xls", ".xls", data, **more)

    for name, place, value in (
        ("sector size", 30, b"\xff\xff"),
        ("sector size 0", 30, b"\0\0"),
        ("small sector size", 32, b"\x1f\0"),
        ("number of FAT sectors", 44, b"\xff\xff\xff\x7f"),
        ("directory start", 48, b"\xf0\xff\xff\x7f"),
        ("small cutoff", 56, b"\xff\xff\xff\xff"),
        ("MiniFAT start", 60, b"\x01\0\0\0\xff\xff\0\0"),
        ("DIFAT start", 68, b"\0\0\0\0\xff\xff\0\0"),
        ("FAT in itself", 76, b"\x05\0\0\0"),
        ("byte order", 28, b"\xff\xfe"),
        ("version", 26, b"\x63\0"),
    ):
        yield one(f"header: {name}", whole[:place] + value + whole[place + len(value) :])
    stream = whole.index(b"\x09\x08\x10\x00")
    strings = whole.index(b"\xfc\x00", stream)
    for name, place, value in (
        ("first record of no kind", stream, b"\x77\x77"),
        ("length of the first record", stream + 2, b"\xff\xff"),
        ("texts: length", strings + 2, b"\x04\x00"),
        ("texts: number", strings + 8, b"\xff\xff\xff\x7f"),
        ("texts: no texts", strings + 8, b"\0\0\0\0"),
        ("texts: first length", strings + 12, b"\xff\xff"),
    ):
        yield one(f"record: {name}", whole[:place] + value + whole[place + len(value) :])
    places = [found.start() for found in re.finditer(rb"\xfd\x00\x0a\x00", whole)]
    for number in (9, 20, 60):
        place = places[number]
        for name, offset, value in (("kind", 0, b"\x77\x77"), ("length", 2, b"\xff\x1f"), ("row", 4, b"\xff\xff"),
                                    ("column", 6, b"\xff\0"), ("text", 10, b"\xff\xff\xff\x7f"), ("format", 8, b"\xff\xff")):  # fmt: skip
            start = place + offset
            yield one(f"cell {number}: {name}", whole[:start] + value + whole[start + len(value) :], altered=1)
    first, second = (whole[place + 4 : place + 8] for place in places[19:21])
    yield one(
        "two cells at one place",
        whole.replace(b"\xfd\x00\x0a\x00" + second, b"\xfd\x00\x0a\x00" + first),
        verdict="refused",
    )
    yield one(
        "web page of one cell",
        b"<html><table><tr><td>" + "编号-00001".encode() + b"</td></tr></table></html>",
        verdict="refused",
    )
    yield one(
        "spreadsheet XML of 2003",
        b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>',
        verdict="refused",
    )
    yield one("tab-separated text", "\t".join(HEADERS).encode("gb18030"), verdict="refused")
    yield one("BIFF 4 alone", b"\x09\x04\x06\x00\x00\x04\x10\x00\x00\x00" + b"\x0a\x00\x00\x00", verdict="refused")
