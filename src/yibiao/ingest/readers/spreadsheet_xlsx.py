"""Marks of an XLSX sheet: one pass over its XML, by rows, at the speed of inflating it."""

from __future__ import annotations

import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from yibiao.ingest.readers.spreadsheet_marks import ERROR, UNCOMPUTED, Marks, column_number
from yibiao.ingest.readers.spreadsheet_places import Unusual, extent

_BLOCK = 1 << 17
"""Bytes looked at together: they stay in a near cache of the processor, and few pages of memory are new."""
_END_OF_ROW = b"</row>"
_LONGEST_ROW = 64 << 20
_DIGITS = b"0123456789"
_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"([^>]*?)(?:/>|>(.*?)</c>)', re.DOTALL)
_STYLE = re.compile(rb'\bs="(\d+)"')
_KIND = re.compile(rb'\bt="(\w+)"')
_ROW = re.compile(rb"<row\b([^>]*)>")
_ROW_NUMBER = re.compile(rb'\br="(\d{1,7})"')
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
_ENDS = re.compile(rb'\b(min|max)="(\d{1,6})"')
_VALUE = re.compile(rb"<v(?:\s[^>]*)?(/?)>([^<]?)")
_PADDED = re.compile(r"0{2,}")
"""A number format that shows a fixed number of digits."""


@dataclass
class _Workbook:
    """Parts of a workbook: path of each sheet's XML by name, date system, styles that pad numbers."""

    parts: dict[str, str] = field(default_factory=dict)
    since_1904: bool = False
    padding: dict[bytes, int] = field(default_factory=dict)


def xlsx_marks(path: Path, sheet: str) -> Marks:
    """Marks of one sheet; see `yibiao.ingest.readers.spreadsheet_marks`."""
    with zipfile.ZipFile(path) as archive:
        book = _workbook(archive)
        part = book.parts.get(sheet)
        if part is None:
            return Marks(since_1904=book.since_1904)
        try:
            marks = Marks(since_1904=book.since_1904)
            with archive.open(part) as stream:
                ordered = _scan_rows(stream, book.padding, marks)
        except Unusual:
            marks = Marks(since_1904=book.since_1904)
            with archive.open(part) as stream:
                ordered = _scan_elements(stream, book.padding, marks).ordered
        if not ordered:  # as no program writes it; calamine puts cells where they belong, and loses what comes twice
            exact = Marks()
            with archive.open(part) as stream:
                marks.repeated = _scan_elements(stream, {}, exact, set()).repeated
            marks.rows, marks.columns = max(marks.rows, exact.rows), max(marks.columns, exact.columns)
    return marks


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Path of each sheet's XML by the name of the sheet."""
    return _workbook(archive).parts


def check_sheet(path: Path, sheet: str) -> None:
    """Parse the XML of a sheet to its end: calamine passes over what is none, and the cells in it.

    Raises:
        xml.parsers.expat.ExpatError: it is no XML.
    """
    with zipfile.ZipFile(path) as archive:
        _parse(archive, _workbook(archive).parts[sheet])


def check_texts(path: Path) -> None:
    """Unpack the shared texts once, to nowhere: what says a false size or is damaged must not fill calamine's memory.

    Raises:
        zipfile.BadZipFile, zlib.error, EOFError: damage.
    """
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.lower().endswith("sharedstrings.xml"):
                with archive.open(name) as stream:
                    while stream.read(_BLOCK):
                        pass


def _workbook(archive: zipfile.ZipFile) -> _Workbook:
    book = _Workbook()
    ids: dict[str, str] = {}
    targets: dict[str, str] = {}
    root = "xl/workbook.xml"

    def of_relations(base: str, wanted: str = "") -> Any:
        def start(name: str, attributes: dict[str, str]) -> None:
            if name == "Relationship" and wanted in attributes.get("Type", ""):
                target = attributes.get("Target", "")
                full = (
                    target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(base, target))
                )
                targets[attributes.get("Id", "")] = full

        return start

    _parse(archive, "_rels/.rels", of_relations("", "/officeDocument"))
    if targets:
        root = next(iter(targets.values())).lstrip("./")
    targets.clear()

    def of_workbook(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            relation = next((value for key, value in attributes.items() if key.split(":")[-1] == "id"), "")
            ids[attributes.get("name", "")] = relation
        elif name == "workbookPr":
            book.since_1904 = attributes.get("date1904") in ("1", "true")

    _parse(archive, root, of_workbook)
    folder, name = posixpath.split(root)
    _parse(archive, posixpath.join(folder, "_rels", f"{name}.rels"), of_relations(folder))
    present = set(archive.namelist())
    book.parts = {name: targets[one] for name, one in ids.items() if targets.get(one) in present}
    styles = next((part for part in targets.values() if part.endswith("styles.xml") and part in present), None)
    if styles:
        book.padding = _padding(archive, styles)
    return book


def _padding(archive: zipfile.ZipFile, styles: str) -> dict[bytes, int]:
    """Styles whose number format shows a fixed number of digits: place in `cellXfs` -> digits."""
    formats: dict[str, int] = {}
    found: dict[bytes, int] = {}
    state = {"cells": False, "place": 0}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt" and _PADDED.fullmatch(code := attributes.get("formatCode", "")):
            formats[attributes.get("numFmtId", "")] = len(code)
        elif name == "cellXfs":
            state["cells"] = True
        elif name == "xf" and state["cells"]:
            if digits := formats.get(attributes.get("numFmtId", "")):
                found[str(state["place"]).encode()] = digits
            state["place"] += 1

    def end(name: str) -> None:
        if name == "cellXfs":
            state["cells"] = False

    _parse(archive, styles, start, end)
    return found


def _parse(archive: zipfile.ZipFile, part: str, start: Any = None, end: Any = None) -> None:
    """Run a part through expat, block by block; names come without their prefix."""
    parser = make_parser(start, end)
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK):
            parser.Parse(block, False)
    parser.Parse(b"", True)


def make_parser(start: Any = None, end: Any = None, text: Any = None) -> Any:
    """A parser that refuses documents with a type definition: spreadsheets have none, and entities can be bombs."""
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise ValueError("a document type definition")

    parser.StartDoctypeDeclHandler = refuse
    if start:
        parser.StartElementHandler = lambda name, attributes: start(name.split(":")[-1], attributes)
    if end:
        parser.EndElementHandler = lambda name: end(name.split(":")[-1])
    if text:
        parser.CharacterDataHandler = text
        parser.buffer_text = True
    return parser


def _scan_rows(stream: Any, padding: dict[bytes, int], marks: Marks) -> bool:
    """Look at blocks of whole rows as bytes, and into a row only if something in its block stands out.

    Returns:
        Whether every cell stands behind the one before it; if not, two may be at one place.
    """
    ordered = True
    block = stream.read(_BLOCK)
    place = block.find(b"<sheetData")
    if place < 0:
        raise Unusual
    for found in re.finditer(rb"<col\b([^>]*)>", block[:place]):
        if _HIDDEN.search(found[1]):
            ends = {one[1]: int(one[2]) for one in _ENDS.finditer(found[1])}
            marks.hidden_columns.update(range(ends[b"min"] - 1, min(ends[b"max"], 1 << 14)))
    styles = [b' s="%s"' % style for style in padding]
    rest, block = b"", block[place:]
    while block:
        cut = block.rfind(_END_OF_ROW)
        if cut < 0:
            rest += block
            if len(rest) > _LONGEST_ROW:
                raise ValueError("a row without an end")
        else:
            cut += len(_END_OF_ROW)
            rows, rest = rest + block[:cut], block[cut:]
            padded = any(style in rows for style in styles)
            places = extent(rows)
            ordered = ordered and places.ordered and places.first > marks.rows
            marks.rows, marks.columns = max(marks.rows, places.last), max(marks.columns, places.columns)
            marks.values += places.values
            if padded or _stands_out(rows):
                for row in rows.split(_END_OF_ROW):
                    if padded or b"hidden" in row or b' t="e"' in row or b"<f" in row:
                        _look(row, padding if padded else {}, marks)
        block = stream.read(_BLOCK)
    _look(rest, {}, marks)  # hidden rows without cells
    marks.values += rest.count(b"<v") + rest.count(b"<is")
    return ordered


def _stands_out(rows: bytes) -> bool:
    """Is there an error cell, a formula or a hidden row? The single letters are found ten times as fast."""
    return (
        (b"e" in rows and b' t="e"' in rows)
        or (b"f" in rows and b"<f" in rows)
        or (b"h" in rows and b' hidden="' in rows)
    )


def _look(row: bytes, padding: dict[bytes, int], marks: Marks) -> None:
    if row.count(b"<c ") != row.count(b'<c r="'):
        raise Unusual
    for found in _ROW.finditer(row):
        if _HIDDEN.search(found[1]):
            number = _ROW_NUMBER.search(found[1])
            if number is None:
                raise Unusual
            marks.hidden_rows.add(int(number[1]) - 1)
    for letters, number, attributes, content in _CELL.findall(row):
        kind = _KIND.search(attributes)
        place = int(number) - 1, column_number(letters)
        value = _VALUE.search(content)
        if kind and kind[1] == b"e":
            marks.flaws[place] = ERROR
        elif b"<f" in content and not (value and (value[2] or (kind and kind[1] == b"str"))):
            marks.flaws[place] = UNCOMPUTED
        elif padding and (kind is None or kind[1] == b"n") and (style := _STYLE.search(attributes)):
            digits = padding.get(style[1])
            if digits:
                marks.padded[place] = digits


class _Elements:
    """The same by a real XML parser, for sheets that few programs write.

    Args:
        places: collects the places of all cells, to find repeated ones.
    """

    def __init__(self, padding: dict[bytes, int], marks: Marks, places: set[tuple[int, int]] | None = None) -> None:
        self._padding, self._marks, self._places = padding, marks, places
        self.ordered, self.repeated = True, False
        self._row = self._column = -1
        self._last = -1, -1
        self._kind = self._style = ""
        self._formula = self._value_given = self._in_value = self._value = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
            self._column = -1
            if attributes.get("hidden") in ("1", "true"):
                self._marks.hidden_rows.add(self._row)
        elif name == "c":
            place = attributes.get("r", "")
            letters = place.rstrip("0123456789")
            self._column = column_number(letters) if letters else self._column + 1
            if letters and len(place) > len(letters):
                self._row = int(place[len(letters) :]) - 1
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._formula = self._value_given = self._value = False
        elif name == "f":
            self._formula = True
        elif name == "v":
            self._value_given = self._in_value = True
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            last = min(int(attributes["max"]), 1 << 14)
            self._marks.hidden_columns.update(range(int(attributes["min"]) - 1, last))

    def text(self, text: str) -> None:
        self._value = self._value or (self._in_value and bool(text))

    def end(self, name: str) -> None:
        if name == "v":
            self._in_value = False
        if name != "c":
            return
        marks, place = self._marks, (self._row, self._column)
        self.ordered = self.ordered and place > self._last
        self._last = place
        if self._places is not None:
            self.repeated = self.repeated or place in self._places
            self._places.add(place)
        marks.rows, marks.columns = max(marks.rows, self._row + 1), max(marks.columns, self._column + 1)
        if self._kind == "e":
            marks.flaws[place] = ERROR
        elif self._formula and not (self._value or (self._value_given and self._kind == "str")):
            marks.flaws[place] = UNCOMPUTED
        elif self._kind == "n" and (digits := self._padding.get(self._style.encode())):
            marks.padded[place] = digits


def _scan_elements(
    stream: Any, padding: dict[bytes, int], marks: Marks, places: set[tuple[int, int]] | None = None
) -> _Elements:
    elements = _Elements(padding, marks, places)
    parser = make_parser(elements.start, elements.end, elements.text)
    while block := stream.read(_BLOCK):
        parser.Parse(block, False)
    parser.Parse(b"", True)
    return elements
