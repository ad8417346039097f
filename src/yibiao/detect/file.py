"""Tells what kind of file something is by its bytes, and hands it to the detection of that kind."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

from yibiao.detect.table import Detected
from yibiao.errors import DeliveryError

HEAD = 4096


def detect(path: Path, *, limit: int | None = None) -> list[Detected]:
    """Every table of a file of any kind that can be ingested, in the order of the file.

    Args:
        limit: rows of each table to read at most.

    Raises:
        DeliveryError: the file cannot be opened, is empty, or is of no kind that is known.
    """
    kind = kind_of(path)
    if kind in ("xlsx", "xls", "ods"):
        from yibiao.detect.sheet import detect_sheets

        return detect_sheets(path, limit=limit)
    if kind == "csv":
        from yibiao.detect.text import detect_tables

        return list(detect_tables(path, limit=limit))
    if kind in ("zip", "gz"):
        from functools import partial

        from yibiao.detect.archive import detect_archive

        return detect_archive(path, kind, partial(detect, limit=limit))
    from yibiao.detect.documents import detect_documents

    return detect_documents(path, kind, limit=limit)


def kind_of(path: Path) -> str:
    """csv, xlsx, xls, ods, json, ndjson, xml, parquet, sqlite, zip or gz, by the content; the name is not trusted.

    Raises:
        DeliveryError: the file cannot be opened, is empty, or is of another kind.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
    except OSError as error:
        raise DeliveryError(
            "The file cannot be opened.",
            where=path.name,
            got=error.strerror or type(error).__name__,
            todo="Give a file, not a folder, that you may read.",
        ) from None
    if not head:
        raise DeliveryError(
            "The file is empty.", where=path.name, got="0 bytes", todo="Ask the sender to export it again."
        )
    if head.startswith(b"PK"):
        return _zipped(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "xls"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"SQLite format 3\0"):
        return "sqlite"
    if head.startswith(b"\x1f\x8b"):
        return "gz"
    if head.startswith(b"%PDF"):
        raise DeliveryError(
            "A PDF is a picture of a table, not a table.",
            where=path.name,
            got="PDF",
            todo="Ask the sender for the spreadsheet or database that it was printed from.",
        )
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in (b"{", b"["):
        return _json(path, start)
    # An HTML page saved as .xls is what some old systems export; it is no XML.
    if start[:5].lower() == b"<?xml" or (start[:1] == b"<" and b"<html" not in start[:1024].lower()):
        return "xml"
    if start[:1] == b"<":
        raise DeliveryError(
            "The file is a web page, maybe named like a spreadsheet.",
            where=path.name,
            expected="a spreadsheet or delimited text",
            got="HTML",
            todo="Open it in a spreadsheet program and save it as XLSX, or ask the sender to do so.",
        )
    return "csv"


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise DeliveryError(
            "The file was cut off: it begins like a workbook or archive and does not end like one.",
            where=path.name,
            got=type(error).__name__,
            todo="Ask the sender to send it again.",
        ) from None
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
        return "xlsx"
    if "content.xml" in names and "mimetype" in names:
        return "ods"
    return "zip"


def _json(path: Path, start: bytes) -> str:
    """NDJSON has one whole value on its first line and another one below; text may begin with a bracket, too."""
    import orjson

    first, _, rest = start.partition(b"\n")
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        return "json" if _opens_json(start) else "csv"
    return "ndjson" if rest.strip()[:1] in (b"{", b"[") else "json"


def _opens_json(start: bytes) -> bool:
    inside = start[1:].lstrip()[:1]
    return inside in (b'"', b"{", b"[", b"}", b"]") or (start[:1] == b"[" and (inside.isdigit() or inside == b"-"))
