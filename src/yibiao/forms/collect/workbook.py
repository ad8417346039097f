"""Reads a returned workbook without trusting it: no macro runs, no formula counts, no picture is opened."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from yibiao.errors import YibiaoError
from yibiao.forms.collect.reply import ReturnRefused
from yibiao.forms.fill.skeleton import CONTROL_SHEET
from yibiao.forms.workbook.texts import grids
from yibiao.ingest.readers.spreadsheet_marks import column_letters

LARGEST = 256 << 20
"""Bytes of a workbook, unpacked."""

SUFFIXES = (".xlsx", ".xlsm")
OLD = (".xls", ".et")

_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_FORMULA = re.compile(rb"<(?:\w+:)?f\b")
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

Spans = tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True)
class Book:
    """What a returned workbook says.

    Attributes:
        facts: of the hidden sheet, by name.
        grid: texts of the form's sheet, from A1.
        formulas: (row, column) of cells that hold a formula; 0-based.
        merges: merged cells as (top, left, bottom, right), inclusive.
        notes: what is in the file besides, and was left alone: macros, pictures.
        others: the other sheets that say something.
        sheet: name of the form's sheet.
    """

    facts: Mapping[str, str]
    grid: list[list[str]]
    formulas: frozenset[tuple[int, int]]
    merges: Spans
    notes: tuple[str, ...]
    others: tuple[str, ...] = ()
    sheet: str = ""


def read_book(path: Path) -> Book:
    """Read one workbook.

    Raises:
        ReturnRefused: it is none, is protected by a password, too large, damaged, or was not filled by this program.
    """
    _check_kind(path)
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(one.file_size for one in archive.infolist())
            if size > LARGEST:
                raise _refused(
                    path,
                    "The file is too large.",
                    f"at most {LARGEST >> 20} MiB unpacked",
                    f"{size >> 20}",
                    said=f"文件太大：解开后不能超过 {LARGEST >> 20} MB。请删去图片和无关的工作表后重新发送",
                )
            names = archive.namelist()
            sheets = _sheets(archive)
            notes = []
            if any(name.endswith("vbaProject.bin") for name in names):
                notes.append("文件里有宏：没有执行，内容照常读取")
            if any(name.startswith("xl/media/") for name in names):
                notes.append("文件里有图片：没有读取")
            if CONTROL_SHEET not in sheets:
                raise _refused(
                    path,
                    "This is no form that was filled in here: the hidden sheet is missing.",
                    f"a sheet {CONTROL_SHEET}",
                    f"{len(sheets)} sheets",
                    "Send back the workbook as it was sent out; copy the answers into it if need be.",
                    said="不是发出的原表（缺少隐藏的标识页）。请把填写的内容复制到发出的原表里，再发送原表",
                )
            texts = grids(path)
            facts = {row[0].strip(): row[1].strip() if len(row) > 1 else "" for row in texts[CONTROL_SHEET] if row}
            first = next(name for name in sheets if name != CONTROL_SHEET)
            named = facts.get("工作表", "")
            shown = named if named in sheets else first
            xml = archive.read(sheets[shown])
    except YibiaoError:
        raise
    except (zipfile.BadZipFile, ElementTree.ParseError, KeyError, OSError, StopIteration, ValueError) as error:
        raise _damaged(path, error) from None
    others = tuple(name for name in sheets if name not in (shown, CONTROL_SHEET) and _says_something(texts[name]))
    return Book(facts, texts[shown], _formulas(xml), _merges(xml), tuple(notes), others, shown)


def _says_something(grid: list[list[str]]) -> bool:
    return any(text.strip() for row in grid for text in row)


def _check_kind(path: Path) -> None:
    if path.suffix.lower() in OLD:
        raise _refused(
            path,
            "The workbook is of an old format.",
            "an .xlsx file",
            path.suffix,
            "Open it, save it as .xlsx (文件 → 另存为) and send it again.",
            said="是旧的 .xls（或 WPS 的 .et）格式。请用表格程序打开，另存为 .xlsx 后重新发送",
        )
    if path.suffix.lower() not in SUFFIXES:
        raise _refused(
            path,
            "A returned form is a workbook of Excel.",
            "an .xlsx file",
            path.suffix or "no extension",
            "Save it as .xlsx (文件 → 另存为) and send it again.",
            said="不是 Excel 工作簿。请用表格程序打开发出的原表填写，另存为 .xlsx 后重新发送",
        )
    with path.open("rb") as stream:
        head = stream.read(8)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refused(
            path,
            "The file is protected by a password, or is of the old format.",
            "an .xlsx file without a password",
            "an OLE container",
            "Remove the password (文件 → 信息 → 保护), save as .xlsx and send it again.",
            said="文件有密码，或是旧的 .xls 格式。请去掉密码（文件 → 信息 → 保护工作簿），另存为 .xlsx 后重新发送",
        )
    if not head:
        raise _refused(
            path,
            "The file is empty.",
            "an .xlsx file",
            "0 bytes",
            "Ask for it again.",
            said="文件是空的（0 字节）：没有复制或保存完整。请重新保存后再发一次",
        )
    if not zipfile.is_zipfile(path):
        raise _refused(
            path,
            "The file is damaged.",
            "an .xlsx file",
            "no ZIP archive",
            "Ask for it again.",
            said="文件损坏，打不开。请重新保存后再发一次",
        )


def _sheets(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet -> its part, in the order of the workbook."""
    targets = {
        one.get("Id"): one.get("Target", "")
        for one in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    }
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    found = {}
    for one in book.iter():
        if one.tag.endswith("}sheet"):
            target = targets[one.get(_RELATION)].lstrip("/")
            found[one.get("name", "")] = target if target.startswith("xl/") else f"xl/{target}"
    return found


def _formulas(xml: bytes) -> frozenset[tuple[int, int]]:
    found = set()
    for cell in _CELL.finditer(xml):
        if cell[2] and _FORMULA.search(cell[2]) and (place := _PLACE.search(cell[1])):
            found.add((int(place[2]) - 1, _column(place[1])))
    return frozenset(found)


def _merges(xml: bytes) -> Spans:
    return tuple((int(one[2]) - 1, _column(one[1]), int(one[4]) - 1, _column(one[3])) for one in _MERGE.finditer(xml))


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def place_of(row: int, column: int) -> str:
    """The place of a cell as Excel names it; 0-based arguments."""
    return f"{column_letters(column)}{row + 1}"


def _refused(path: Path, what: str, expected: str, got: str, todo: str = "", *, said: str) -> ReturnRefused:
    return ReturnRefused(what, said=said, where=path.name, expected=expected, got=got, todo=todo)


def _damaged(path: Path, error: Any) -> ReturnRefused:
    return _refused(
        path,
        "The file cannot be read.",
        "a workbook as it was sent out",
        type(error).__name__,
        "Open it in a spreadsheet program, save it again as .xlsx, and send that.",
        said="文件读不出来。请用表格程序打开，另存为 .xlsx 后重新发送",
    )
