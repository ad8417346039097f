"""Word documents as small as they can be, built from XML: tables with merged cells, drop-downs, deleted text."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def cell(text: str = "", span: int = 1, merge: str = "", options: Sequence[str] = (), inner: str = "") -> str:
    """One cell; `merge` is restart or continue."""
    properties = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    if merge:
        properties += '<w:vMerge w:val="restart"/>' if merge == "restart" else "<w:vMerge/>"
    control = ""
    if options:
        items = "".join(f'<w:listItem w:displayText="{option}" w:value="{option}"/>' for option in options)
        control = f"<w:sdt><w:sdtPr><w:dropDownList>{items}</w:dropDownList></w:sdtPr></w:sdt>"
    return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p>{control}{inner}</w:tc>"


def table(rows: Sequence[Sequence[str]]) -> str:
    """A table; a text stands for a plain cell, XML for itself."""
    lines = ("".join(one if one.startswith("<w:tc>") else cell(one) for one in row) for row in rows)
    return "<w:tbl>" + "".join(f"<w:tr>{line}</w:tr>" for line in lines) + "</w:tbl>"


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def write_docx(path: Path, *blocks: str, head: str = "") -> Path:
    """A document of these paragraphs and tables; `head` stands before the root element."""
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<w:document {W}><w:body>{"".join(blocks)}</w:body></w:document>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", body)
    return path
