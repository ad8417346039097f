"""Forms in tables of Word documents (DOCX), with their merged cells, content controls and drop-downs, read as XML."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.parsers import expat

from yibiao.errors import DeliveryError
from yibiao.matching.fields import FormField, FormTable
from yibiao.matching.grid import Cells, table_of

LARGEST = 64 << 20
"""Bytes of the text of a document; more is no form."""

DEEPEST = 6
"""Tables in tables in tables."""

_BLOCK = 1 << 17


@dataclass
class _Cell:
    text: list[str] = field(default_factory=list)
    span: int = 1
    goes_on: bool = False
    options: list[str] = field(default_factory=list)


@dataclass
class _Table:
    title: str
    rows: list[list[_Cell]] = field(default_factory=list)


class _Reader:
    """Collects tables and the paragraphs before them."""

    def __init__(self) -> None:
        self.tables: list[_Table] = []
        self._open: list[_Table] = []
        self._said: list[str] = []
        self._paragraph: list[str] = []
        self._in_text = self._deleted = 0
        self._merge: dict[str, str] | None = None
        self.pictures = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        given = {key.split(":")[-1]: value for key, value in attributes.items()}
        if name == "tbl":
            if len(self._open) >= DEEPEST:
                raise ValueError("tables too deep")
            title = " ".join(self._said[-3:]) if not self._open else ""
            self._open.append(_Table(title))
            self.tables.append(self._open[-1])
        elif name == "tr" and self._open:
            self._open[-1].rows.append([])
        elif name == "tc" and self._open and self._open[-1].rows:
            self._open[-1].rows[-1].append(_Cell())
        elif name == "gridSpan" and (cell := self._cell()):
            cell.span = max(1, min(int(given.get("val", "1")), 256))
        elif name == "vMerge" and (cell := self._cell()):
            cell.goes_on = given.get("val", "continue") != "restart"
        elif name == "listItem" and (cell := self._cell()):
            cell.options.append(given.get("displayText") or given.get("value", ""))
        elif name in ("t", "delText"):
            self._in_text += name == "t"
        elif name in ("del", "moveFrom"):
            self._deleted += 1
        elif name in ("tab", "br"):
            self.text(" ", True)
        elif name in ("drawing", "pict"):
            self.pictures += 1

    def end(self, name: str) -> None:
        if name == "t":
            self._in_text -= 1
        elif name in ("del", "moveFrom"):
            self._deleted -= 1
        elif name == "p":
            text = "".join(self._paragraph).strip()
            self._paragraph.clear()
            if text and (cell := self._cell()):
                cell.text.append(text)
            elif text and not self._open:
                self._said.append(text)
        elif name == "tbl" and self._open:
            self._open.pop()
            if not self._open:
                self._said.clear()

    def text(self, text: str, always: bool = False) -> None:
        if (self._in_text or always) and not self._deleted:
            self._paragraph.append(text)

    def _cell(self) -> _Cell | None:
        rows = self._open[-1].rows if self._open else []
        return rows[-1][-1] if rows and rows[-1] else None


def read_document(path: Path) -> list[FormTable]:
    """The forms in the tables of a document, in its order.

    Raises:
        DeliveryError: it is damaged, protected, or has no table with a field.
    """
    reader = _Reader()
    try:
        with zipfile.ZipFile(path) as archive:
            part = _main_part(archive)
            if archive.getinfo(part).file_size > LARGEST:
                raise DeliveryError(
                    "The document is far larger than a form.",
                    where=path.name,
                    expected=f"at most {LARGEST >> 20} MiB of text",
                    got=f"{archive.getinfo(part).file_size >> 20} MiB",
                    todo="Take the form out of the document and check it alone.",
                )
            _parse(archive, part, reader)
    except (zipfile.BadZipFile, expat.ExpatError, ValueError, KeyError, OSError, EOFError, RuntimeError) as error:
        raise DeliveryError(
            "The document cannot be read.",
            where=path.name,
            expected="a complete DOCX without a password",
            got=type(error).__name__,
            todo="Open it, save it again as DOCX, and check that file.",
        ) from None
    found = [table for number, one in enumerate(reader.tables, start=1) if (table := _form(one, number)).fields]
    if not found:
        pictures = f"{len(reader.tables)} table(s) and {reader.pictures} picture(s)"
        raise DeliveryError(
            "No form was found in the document.",
            where=path.name,
            expected="a table with a row of headers, or with labels beside empty cells",
            got=pictures,
            todo="A form drawn as a picture or with tabs has to be typed as a table.",
        )
    return found


def _main_part(archive: zipfile.ZipFile) -> str:
    name = next((one for one in archive.namelist() if re.fullmatch(r"word/document\d*\.xml", one)), None)
    if name is None:
        raise KeyError("document.xml")
    return name


def _parse(archive: zipfile.ZipFile, part: str, reader: _Reader) -> None:
    from yibiao.ingest.readers.spreadsheet_xlsx import make_parser

    parser = make_parser(reader.start, reader.end, reader.text)
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK):
            parser.Parse(block, False)
    parser.Parse(b"", True)


def _form(table: _Table, number: int) -> FormTable:
    """A table as a grid: cells over several columns and rows become merged ones."""
    name = f"表格{number}"
    rows: list[list[str]] = []
    merges: list[tuple[int, int, int, int]] = []
    options: dict[tuple[int, int], tuple[str, ...]] = {}
    above: dict[int, tuple[int, int, int]] = {}  # column -> (top, left, right) of the cell that may go on below
    for line, cells in enumerate(table.rows):
        texts: list[str] = []
        begun: dict[int, tuple[int, int, int]] = {}
        for cell in cells:
            left, right = len(texts), len(texts) + cell.span - 1
            if cell.goes_on and left in above:
                begun[left] = above[left]
            else:
                begun[left] = (line, left, right)
            texts += ["".join(cell.text) if not cell.goes_on else "", *[""] * (cell.span - 1)]
            if cell.options:
                options[line, left] = tuple(option for option in cell.options if option)
        rows.append(texts)
        for top, left, right in begun.values():
            merges = [one for one in merges if one[:2] != (top, left)]
            if line > top or right > left:
                merges.append((top, left, line, right))
        above = begun
    found = table_of(Cells(name, rows, merges, closed=True))
    fields = tuple(_with_options(one, options) for one in found.fields)
    title = found.title.removeprefix(name).strip()
    return replace(found, title=f"{table.title} {title}".strip(), fields=fields)


def _with_options(one: FormField, options: dict[tuple[int, int], tuple[str, ...]]) -> FormField:
    offered = next((values for (row, column), values in options.items() if column == one.column and row >= one.row), ())
    return FormField(one.sheet, one.column, one.path, one.row, offered, one.hint, one.values)
