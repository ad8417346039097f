"""Cells of spreadsheets: the fast ways give what the plain ones give, and marks of the file are found."""

from __future__ import annotations

import datetime
import random
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from workbooks import Formula, Sheet, Shown, write
from yibiao.errors import DeliveryError
from yibiao.ingest.readers import spreadsheet_book, spreadsheet_xlsx
from yibiao.ingest.readers.spreadsheet_book import Book
from yibiao.ingest.readers.spreadsheet_cells import cell_kind, cell_text, column_texts
from yibiao.ingest.readers.spreadsheet_marks import ERROR, UNCOMPUTED, Marks, column_number
from yibiao.ingest.readers.spreadsheet_xlsx import xlsx_marks


def chance_cells(seed: int, makers: tuple[str, ...]) -> list[Any]:
    dice = random.Random(seed)
    made = {
        "text": lambda: dice.choice(["", "张三", " 1", "007", "a\nb"]),
        "whole": lambda: float(dice.randrange(-(10**6), 10**6)),
        "cents": lambda: dice.randrange(10**9) / 100,
        "any": lambda: dice.choice((1, -1)) * 10 ** dice.uniform(-9, 22),
        "int": lambda: dice.randrange(10**18),
        "date": lambda: datetime.date(1900, 1, 1) + datetime.timedelta(days=dice.randrange(60_000)),
        "moment": lambda: datetime.datetime(2020, 1, 1) + datetime.timedelta(minutes=dice.randrange(5000) * 60),
        "bool": lambda: dice.random() < 0.5,
        "time": lambda: datetime.time(dice.randrange(24), 5),
        "span": lambda: datetime.timedelta(hours=dice.randrange(99)),
    }
    return [made[dice.choice(makers)]() for _ in range(400)]


@pytest.mark.parametrize(
    "makers",
    [
        ("text",),
        ("whole",),
        ("cents",),
        ("any",),
        ("int", "whole"),
        ("date",),
        ("date", "text"),
        ("cents", "whole", "text"),
        ("any", "text"),
        ("moment", "date", "text"),
        ("bool", "text", "time", "span", "any"),
    ],
)
def test_columns_are_read_as_their_cells_would_be_one_by_one(makers: tuple[str, ...]) -> None:
    for seed in range(8):
        cells = chance_cells(seed, makers)
        texts, kinds = column_texts(cells)
        assert texts.to_pylist() == [cell_text(cell) for cell in cells]
        assert (kinds.tolist() if kinds is not None else [0] * len(cells)) == [cell_kind(cell) for cell in cells]


def test_edges_of_numbers() -> None:
    cells = [0.0, -0.0, 1e15, 999999999999999.0, 1e10, 9999999999.5, 1e-4, 9.9e-5, 0.1 + 0.2, 123456789012345.6]
    texts, _ = column_texts(cells)
    assert texts.to_pylist() == [cell_text(cell) for cell in cells]


@pytest.mark.parametrize(("letters", "number"), [("A", 0), ("Z", 25), ("AA", 26), ("XFD", 16383)])
def test_letters_of_columns(letters: str, number: int) -> None:
    assert column_number(letters) == column_number(letters.encode()) == number


def odd_sheet(seed: int) -> Sheet:
    """A sheet with marks at places of chance, wider than the alphabet."""
    dice = random.Random(seed)
    values = ["文字", "E+X", "<f>", 1.5, True, Formula("#N/A"), Formula(), Formula(3), Shown(7, "0000"), None, None]
    rows = [[dice.choice(values) for _ in range(dice.choice((3, 30)))] for _ in range(dice.choice((5, 200)))]
    hidden = frozenset(dice.sample(range(len(rows)), dice.randrange(3)))
    return Sheet(rows, hidden_rows=hidden, hidden_columns=frozenset(dice.sample(range(30), dice.randrange(3))))


def elements(path: Path) -> Marks:
    """The marks by a real XML parser."""
    with zipfile.ZipFile(path) as archive:
        book = spreadsheet_xlsx._workbook(archive)
        marks = Marks(since_1904=book.since_1904)
        with archive.open(book.parts["表"]) as stream:
            spreadsheet_xlsx._scan_elements(stream, book.padding, marks)
    return marks


@pytest.mark.parametrize("seed", range(12))
def test_the_pass_over_bytes_finds_what_an_xml_parser_finds(seed: int, tmp_path: Path) -> None:
    sheet = odd_sheet(seed)
    path = write(tmp_path / "a.xlsx", {"表": sheet}, since_1904=seed % 2 == 1)

    found, wanted = xlsx_marks(path, "表"), elements(path)

    for name in ("hidden_rows", "flaws", "padded", "rows", "since_1904"):
        assert getattr(found, name) == getattr(wanted, name), name
    assert found.hidden_columns == set(sheet.hidden_columns)
    assert wanted.columns <= found.columns <= max(26, wanted.columns)  # it only has to be no less
    at = {(row, column): value for row, cells in enumerate(sheet.rows) for column, value in enumerate(cells)}
    assert found.flaws == {
        place: ERROR if value.value else UNCOMPUTED
        for place, value in at.items()
        if isinstance(value, Formula) and value.value != 3
    }


def rewrite(path: Path, pattern: bytes, by: bytes) -> None:
    """Change the XML of the only sheet."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    assert re.search(pattern, parts[name])
    parts[name] = re.sub(pattern, by, parts[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)


@pytest.mark.parametrize(
    ("pattern", "by"),
    [
        (rb"<(/?)(worksheet|sheetData|row|c|v|f|cols|col|is|t)\b", rb"<\1x:\2"),  # prefixed names
        (rb'<c r="([A-Z]+\d+)" s="(\d+)"', rb'<c s="\2" r="\1"'),  # attributes in another order
    ],
)
def test_unusual_xml_has_the_same_marks(pattern: bytes, by: bytes, tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", {"表": odd_sheet(3)})
    wanted = xlsx_marks(path, "表")
    rewrite(path, pattern, by)
    if b"x:" in by:
        rewrite(path, rb"<x:worksheet xmlns=", rb"<x:worksheet xmlns:x=")

    found = xlsx_marks(path, "表")

    assert (found.flaws, found.padded, found.hidden_rows) == (wanted.flaws, wanted.padded, wanted.hidden_rows)


def test_cells_without_references_have_the_same_marks(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", {"表": Sheet([["a", Formula("#N/A"), Formula()], [Shown(7, "00"), "b", 1]])})
    wanted = xlsx_marks(path, "表")
    rewrite(path, rb' r="[A-Z]*\d+"', b"")

    found = xlsx_marks(path, "表")

    assert (found.flaws, found.padded) == (wanted.flaws, wanted.padded)
    assert wanted.flaws == {(0, 1): ERROR, (0, 2): UNCOMPUTED}


def test_a_document_type_definition_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ods", {"表": Sheet([["a", "b"], ["1", "2"]])})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    bomb = b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]>'
    parts["content.xml"] = parts["content.xml"].replace(b"<office:document-content", bomb + b"<office:document-content")
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)

    with pytest.raises(DeliveryError, match="cannot be opened"):
        Book(path, "a.ods")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.xlsx", {"表": Sheet([["a"]])})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", bytes(4 << 20))
    assert Book(path, "a.xlsx").sheets[0].name == "表"  # large pieces alone are no crime

    monkeypatch.setattr(spreadsheet_book, "_BOMB_BYTES", 1 << 20)

    with pytest.raises(DeliveryError, match="unpacks to far more"):
        Book(path, "a.xlsx")


def test_a_part_that_says_a_false_size_is_refused_before_it_fills_memory(tmp_path: Path) -> None:
    import struct

    path = write(tmp_path / "a.xlsx", {"表": Sheet([["编号", "姓名"], ["1", "张三"]])})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data + bytes([32]) * (1 << 20) if name == "xl/sharedStrings.xml" else data)
    data = bytearray(path.read_bytes())
    size = struct.pack("<I", len(parts["xl/sharedStrings.xml"]) + (1 << 20))
    assert data.count(size) == 2  # in front of the part, and in the list of all parts
    path.write_bytes(data.replace(size, struct.pack("<I", 100)))

    with pytest.raises(DeliveryError, match="cannot be opened") as error:
        Book(path, "a.xlsx")
    assert error.value.got == "BadZipFile"
