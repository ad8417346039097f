"""Comments of ours beside those of a department, which stay as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from yibiao.forms.fill.notes import AUTHOR, SHAPE_TYPE, Note, comments_part, comments_xml, drawing_part, shapes_xml
from yibiao.forms.workbook.markup import Node
from yibiao.forms.workbook.package import OFFICE, Package
from yibiao.forms.workbook.refs import place
from yibiao.forms.workbook.sheet import Sheet

_COMMENTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_DRAWING = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_SHAPE = re.compile(rb'id="_x0000_s(\d+)"')


def add_comments(package: Package, sheet: Sheet, part: str, notes: Sequence[Note]) -> None:
    """Put comments on a sheet; a cell that has one keeps that alone."""
    listed = package.target(part, "comments")
    if listed is None:
        name = package.free("xl/comments*.xml")
        package.add(name, comments_part(notes), _COMMENTS)
        package.relate(part, "comments", name)
    else:
        root = package.document(listed).root
        taken = {place(one.get("ref")) for one in root.every("comment")}
        notes = [one for one in notes if one[:2] not in taken]
        authors, comments = root.child("authors"), root.child("commentList")
        if authors is None or comments is None:
            raise ValueError("no list of comments")
        number = len(authors.children)
        tag = f"{authors.prefix}author"
        authors.add(Node(f"<{tag}>".encode(), f"</{tag}>".encode(), [AUTHOR.encode()]))
        comments.add(comments_xml(notes, number, root.prefix).encode())
    _add_shapes(package, sheet, part, notes)


def _add_shapes(package: Package, sheet: Sheet, part: str, notes: Sequence[Note]) -> None:
    shown = sheet.document.root.child("legacyDrawing")
    targets = {key: name for key, _, name in package.relations(part)}
    key = re.search(rb':id\s*=\s*["\']([^"\']+)', shown.head) if shown is not None else None
    name = targets.get(key[1].decode()) if key else None
    if name is None or name not in package.parts:
        name = package.free("xl/drawings/vmlDrawing*.vml")
        package.add(name, drawing_part(notes), _DRAWING)
        relation = package.relate(part, "vmlDrawing", name)
        head = f'<{sheet.prefix}legacyDrawing xmlns:yb="{OFFICE}" yb:id="{relation}"/>'
        sheet.put(Node(head.encode()))
        return
    xml = package.parts[name]
    first = max([1024, *(int(one) for one in _SHAPE.findall(xml))]) + 1
    kind = b"" if b"_x0000_t202" in xml else SHAPE_TYPE.encode()
    body, end, rest = xml.rpartition(b"</xml>")
    package.parts[name] = body + kind + shapes_xml(notes, first).encode() + end + rest
