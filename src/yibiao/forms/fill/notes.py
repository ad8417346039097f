"""Comments of cells as XML: the texts, and the drawings without which Excel shows none."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from yibiao.ingest.readers.spreadsheet_marks import column_letters

AUTHOR = "一表"

Note = tuple[int, int, str]
"""Row and column (0-based) and text of a comment."""


def comments_xml(notes: Sequence[Note], author: int = 0, prefix: str = "") -> str:
    """The comments, one element after the other; `author`: place in the list of authors."""
    return "".join(
        f'<{prefix}comment ref="{column_letters(column)}{row + 1}" authorId="{author}"><{prefix}text>'
        f'<{prefix}t xml:space="preserve">{escape(text, quote=False)}</{prefix}t></{prefix}text></{prefix}comment>'
        for row, column, text in notes
    )


def comments_part(notes: Sequence[Note]) -> bytes:
    """A part with these comments."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<comments xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<authors><author>{AUTHOR}</author></authors><commentList>{comments_xml(notes)}</commentList></comments>"
    ).encode()


def shapes_xml(notes: Sequence[Note], first: int = 1025) -> str:
    """The boxes of the comments; `first`: number of the first one."""
    return "".join(
        f'<v:shape id="_x0000_s{first + place}" type="#_x0000_t202" style="position:absolute;visibility:hidden"'
        ' fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/><v:path o:connecttype="none"/>'
        '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
        f"<x:Anchor>{column + 1}, 15, {max(0, row - 1)}, 10, {column + 4}, 15, {max(0, row - 1) + 4}, 4</x:Anchor>"
        f"<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
        for place, (row, column, _) in enumerate(notes)
    )


SHAPE_TYPE = (
    '<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)


def drawing_part(notes: Sequence[Note]) -> bytes:
    """A part with the boxes of these comments."""
    return (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
        ' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit">'
        f'<o:idmap v:ext="edit" data="1"/></o:shapelayout>{SHAPE_TYPE}{shapes_xml(notes)}</xml>'
    ).encode()
