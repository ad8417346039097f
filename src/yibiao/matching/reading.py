"""Reads the fields of a form file of any kind: workbook, Word document, delimited text."""

from __future__ import annotations

import zipfile
from pathlib import Path

from yibiao.errors import DeliveryError
from yibiao.matching.fields import FormField, FormTable
from yibiao.matching.grid import SAMPLE

MOST_FIELDS = 2_000
"""Fields of a file; a form of more is a mistake of its reading."""

TEXT_ROWS = 2_000

OF_PROGRAMS = (".xlsx", ".xlsm", ".xls", ".ods", ".docx")
"""Endings of files that are no text. What systems export as .xls is often text with tabs, and is read as such."""


def read_form(path: Path) -> list[FormTable]:
    """All forms of a file, in its order. Macros, links and formulas are never executed.

    Raises:
        DeliveryError: it cannot be opened, is of no kind that holds forms, or holds none.
    """
    kind = kind_of_form(path)
    if kind == "docx":
        from yibiao.matching.documents import read_document

        tables = read_document(path)
    elif kind == "csv":
        tables = _read_text(path)
    else:
        from yibiao.matching.sheets import read_workbook

        tables = read_workbook(path)
    fields = sum(len(table.fields) for table in tables)
    if fields > MOST_FIELDS:
        raise DeliveryError(
            "The file has far more columns than a form.",
            where=path.name,
            expected=f"at most {MOST_FIELDS:,} fields",
            got=f"{fields:,}",
            todo="Check that it is a form, and not a table of results.",
        )
    return tables


def kind_of_form(path: Path) -> str:
    """docx, csv, or a workbook (xlsx, xls, ods), by the content.

    Raises:
        DeliveryError: the file cannot be opened, is empty, or of a kind that holds no forms.
    """
    from yibiao.detect.file import kind_of

    kind = kind_of(path)
    if kind == "zip" and _is_word(path):
        return "docx"
    if kind not in ("xlsx", "xls", "ods", "csv"):
        raise DeliveryError(
            "This kind of file holds no form.",
            where=path.name,
            expected="XLSX, XLS, ODS, DOCX or CSV",
            got=kind.upper(),
            todo="Unpack an archive and check its files one by one; save a document of another kind as DOCX.",
        )
    return kind


def _is_word(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return any(name.startswith("word/document") for name in archive.namelist())


def _read_text(path: Path) -> list[FormTable]:
    """A template of delimited text: its header line, with what stands under it."""
    from yibiao.detect.text import detect_tables

    found = []
    for table in detect_tables(path, limit=TEXT_ROWS):
        columns = [column.to_pylist() for column in table.rows.columns]
        fields = []
        for place, header in enumerate(table.headers):
            if not header.strip():
                continue
            values = columns[place] if place < len(columns) else []
            stated = tuple(value for value in values if value)[:SAMPLE]
            fields.append(FormField(table.name, place, tuple(header.strip().split("/")), values=stated))
        if fields:
            found.append(FormTable(table.name, " ".join((*table.titles, path.stem)), tuple(fields)))
    if not found:
        raise DeliveryError(
            "No form was found in the file.",
            where=path.name,
            expected="a line of headers",
            todo="Save the form with its headers.",
        )
    named = path.suffix.lower()
    if named in OF_PROGRAMS and sum(len(one.fields) for one in found) == 1:
        raise DeliveryError(
            "The file is text without columns, though it is named like a workbook or document.",
            where=path.name,
            expected=f"a file as its name {named} says, or text with separated headers",
            got="text of one column",
            todo="Open it in the program that made it and save it again.",
        )
    return found
