"""Rows are put in at the end of a table: what names rows below moves along, as when a clerk inserts them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from yibiao.forms.workbook.markup import Node
from yibiao.forms.workbook.package import Package
from yibiao.forms.workbook.refs import Inserted
from yibiao.forms.workbook.sheet import Sheet

_RANGED = ("conditionalFormatting", "dataValidation", "autoFilter", "protectedRange", "ignoredError", "sortState")
_FORMULAS = ("f", "formula", "formula1", "formula2", "definedName", "calculatedColumnFormula")
_VML_ROW = re.compile(rb"(<x:Row>\s*)(\d+)(\s*</x:Row>)")
_VML_ANCHOR = re.compile(rb"(<x:Anchor>)([^<]*)(</x:Anchor>)")


def grow(package: Package, sheet: Sheet, part: str, first: int, inserted: Inserted) -> None:
    """Move everything below a table down; rows of the table itself stay where they are.

    Args:
        part: of the sheet.
        first: first row of the table, 0-based.
    """
    if not inserted.count:
        return
    _cells(sheet, first, inserted)
    _formulas(sheet.document.root, inserted, inserted.sheet, leave=sheet.data)
    _ranges(sheet.document.root, inserted)
    for _, kind, target in package.relations(part):
        if target in package.parts:
            _beside(package, kind, target, inserted)
    for name in elsewhere(package, part, inserted.sheet):
        home = next((title for title, one in package.sheets().items() if one == name), "")
        root = package.document(name).root
        _formulas(root, inserted, home)
        if "pivotCache" in name:
            for one in root.every("worksheetSource"):
                if one.get("sheet") == inserted.sheet and one.get("ref"):
                    one.set("ref", inserted.ranges(one.get("ref")))


def elsewhere(package: Package, part: str, sheet: str) -> list[str]:
    """Other parts that may name cells of a sheet."""
    name = sheet.replace("&", "&amp;").encode()
    found = []
    for one, content in package.parts.items():
        looked_at = one == package.book or one.startswith(("xl/worksheets/", "xl/charts/", "xl/pivotCache/"))
        if looked_at and one.endswith(".xml") and one != part and (one == package.book or name in content):
            found.append(one)
    return found


def _cells(sheet: Sheet, first: int, inserted: Inserted) -> None:
    for row, element in sheet.rows.items():
        _formulas(element, inserted, inserted.sheet, inside=first < row + 1 <= inserted.last)
        line = inserted.row(row + 1)
        if line != row + 1:
            element.set("r", str(line))
            for cell in element.children:
                if cell.name == "c":
                    cell.set("r", re.sub(r"\d+", str(line), cell.get("r")))


def _formulas(root: Node, inserted: Inserted, home: str, *, inside: bool = False, leave: Node | None = None) -> None:
    for one in _all(root, leave):
        text = one.text
        if text and not one.children:
            moved = inserted.formula(text, home, inside=inside)
            if moved != text:
                one.write(moved)
        if one.name == "f" and one.get("ref"):
            one.set("ref", inserted.ranges(one.get("ref"), grow=False))


def _all(root: Node, leave: Node | None) -> Iterator[Node]:
    for one in root.children:
        if one is not leave:
            yield from one.every(*_FORMULAS)


def _ranges(root: Node, inserted: Inserted) -> None:
    for one in root.every(*_RANGED):
        for name in ("sqref", "ref"):
            if one.get(name):
                one.set(name, inserted.ranges(one.get(name)))
    for one in root.every("sqref"):  # of the extensions of Excel 2010
        one.write(inserted.ranges(one.text))
    for one in root.every("mergeCell", "hyperlink"):
        one.set("ref", inserted.ranges(one.get("ref"), grow=False))
    breaks = root.child("rowBreaks")
    for one in breaks.children if breaks else ():
        one.set("id", str(inserted.row(int(one.get("id") or 0))))
    dimension = root.child("dimension")
    if dimension is not None:
        root.remove(dimension)


def _beside(package: Package, kind: str, part: str, inserted: Inserted) -> None:
    """What lies on the sheet: pictures and shapes, comments, lists."""
    if kind == "drawing":
        _anchors(package.document(part).root, inserted)
    elif kind == "comments":
        for one in package.document(part).root.every("comment"):
            one.set("ref", inserted.ranges(one.get("ref")))
    elif kind == "vmlDrawing":
        package.parts[part] = _vml(package.parts[part], inserted)
    elif kind == "table":
        for one in package.document(part).root.every("table", "autoFilter", "sortState"):
            if one.get("ref"):
                one.set("ref", inserted.ranges(one.get("ref")))


def _anchors(root: Node, inserted: Inserted) -> None:
    """Pictures and shapes below the table move; one that reaches into it keeps its size."""
    for anchor in root.every("twoCellAnchor", "oneCellAnchor"):
        begin = anchor.child("from")
        first = begin.child("row") if begin else None
        if first is None or inserted.row(int(first.text) + 1) == int(first.text) + 1:
            continue
        for corner in (begin, anchor.child("to")):
            row = corner.child("row") if corner else None
            if row is not None:
                row.write(str(int(row.text) + inserted.count))


def _vml(xml: bytes, inserted: Inserted) -> bytes:
    """The boxes of comments and buttons; Excel's own VML is not always well-formed XML."""

    def row(found: re.Match[bytes]) -> bytes:
        return found[1] + str(inserted.row(int(found[2]) + 1) - 1).encode() + found[3]

    def anchor(found: re.Match[bytes]) -> bytes:
        numbers = found[2].decode().split(",")
        if len(numbers) == 8 and inserted.row(int(numbers[2]) + 2) != int(numbers[2]) + 2:
            for place in (2, 6):
                numbers[place] = f" {int(numbers[place]) + inserted.count}"
        return found[1] + ",".join(numbers).encode() + found[3]

    return _VML_ANCHOR.sub(anchor, _VML_ROW.sub(row, xml))
