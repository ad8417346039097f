"""Single cells of a department's sheet that are written: what its admission says, the header of the hidden key."""

from __future__ import annotations

from yibiao.forms.workbook.markup import Node, plain_xml
from yibiao.forms.workbook.package import Package
from yibiao.forms.workbook.refs import place
from yibiao.forms.workbook.sheet import Sheet
from yibiao.ingest.readers.spreadsheet_marks import column_letters

GAP = "    "
"""Between what a cell says and what is written after it."""


def cell_at(sheet: Sheet, row: int, column: int) -> Node:
    """The cell at a place, made if there is none; 0-based."""
    if (row, column) in sheet.cells:
        return sheet.cells[row, column]
    element = sheet.rows.get(row)
    if element is None:
        tag = f"{sheet.prefix}row"
        element = Node(f'<{tag} r="{row + 1}">'.encode(), f"</{tag}>".encode())
        parts = sheet.data.parts
        sheet.data.open()
        at = next(
            (number for number, one in enumerate(parts) if isinstance(one, Node) and int(one.get("r")) > row + 1),
            len(parts),
        )
        parts.insert(at, element)
        sheet.rows[row] = element
    element.open()
    tag = f"{sheet.prefix}c"
    style = sheet.style(row, column)
    shown = f' s="{style}"' if style is not None else ""
    cell = Node(f'<{tag} r="{column_letters(column)}{row + 1}"{shown}>'.encode(), f"</{tag}>".encode())
    parts = element.parts
    at = next(
        (
            number
            for number, one in enumerate(parts)
            if isinstance(one, Node) and (one.name != "c" or place(one.get("r"))[1] > column)
        ),
        len(parts),
    )
    parts.insert(at, cell)
    element.set("spans", None)
    sheet.cells[row, column] = cell
    return cell


def write_text(sheet: Sheet, row: int, column: int, text: str, style: int | None = None) -> None:
    """Put a text into a cell, in its format or another one."""
    cell = cell_at(sheet, row, column)
    if style is not None:
        cell.set("s", str(style))
    _fill(cell, [_text(cell.prefix, text)])


def append_text(package: Package, sheet: Sheet, row: int, column: int, text: str) -> None:
    """Write a text after what a cell says already, which keeps its letters."""
    cell = cell_at(sheet, row, column)
    said = _said(package, cell)
    prefix = cell.prefix
    if any(isinstance(one, Node) and one.name == "r" for one in said):
        run = Node(f"<{prefix}r>".encode(), f"</{prefix}r>".encode(), [_text(prefix, GAP + text)])
        at = 1 + max(number for number, one in enumerate(said) if isinstance(one, Node) and one.name == "r")
        said.insert(at, run)
    else:
        words = "".join(one.text for one in said if isinstance(one, Node) and one.name == "t")
        said = [_text(prefix, words.rstrip() + GAP + text)]
    _fill(cell, said)


def _said(package: Package, cell: Node) -> list[bytes | Node]:
    """What a cell of text holds, as it stands in a list of texts."""
    if cell.get("t") == "s":
        number = int(cell.text.strip())
        part = package.target(package.book, "sharedStrings") or ""
        listed = package.document(part).root
        return list(listed.children[number].copy().parts)
    inline = cell.child("is")
    if inline is not None:
        return list(inline.copy().parts)
    return [_text(cell.prefix, cell.text)] if cell.text else []


def _fill(cell: Node, parts: list[bytes | Node]) -> None:
    cell.set("t", "inlineStr")
    cell.open()
    cell.parts = [Node(f"<{cell.prefix}is>".encode(), f"</{cell.prefix}is>".encode(), parts)]


def _text(prefix: str, text: str) -> Node:
    head = f'<{prefix}t xml:space="preserve">'.encode()
    return Node(head, f"</{prefix}t>".encode(), [plain_xml(text).encode()])
