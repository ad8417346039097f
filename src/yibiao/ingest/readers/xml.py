"""XML: elements at a path are records. Streamed; document types, and with them all entities, are refused."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

import orjson
import pyarrow as pa

from yibiao.contracts.reports import Report
from yibiao.errors import DeliveryError
from yibiao.ingest.readers.chunks import Chunk, Reading
from yibiao.ingest.readers.encodings import Utf8Stream, wrong_encoding
from yibiao.ingest.readers.records import Steps, read_records, split_path

BLOCK = 1 << 18
"""Bytes given to the parser at once."""

LINES, LINE_BYTES = 20_000, 4 << 20
"""Records, and about how many bytes of them, that are handed on together."""

DEEPEST = 64
"""Levels of elements; what is deeper is made to exhaust a reader, not to inform it."""

LARGEST_RECORD = 16 << 20
"""Characters of one record."""

TEXT = "#text"
"""Key of text that stands beside child elements."""

_NIL = "http://www.w3.org/2001/XMLSchema-instance}nil"

_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")

_CODECS = {"utf-8": "utf-8", "us-ascii": "utf-8", "utf-16": "utf-16", "big5": "big5"} | dict.fromkeys(
    ("gb2312", "gbk", "gb18030", "cp936"), "gb18030"
)
"""Encoding as declared -> codec. GB18030 holds all of GB2312 and GBK, which many programs declare and then exceed."""


def read_xml(path: Path, report: Report, reading: Reading) -> Iterator[Chunk]:
    """Records of an XML document, the elements at `recordsPath` or the children of the root.

    An attribute is the column `@name`, one of a child element `child.@name`; names are compared without namespaces. The
    encoding is that of the declaration unless the contract states another.
    """
    codec = codec_of(path, report.server.encoding, reading.where)
    options = report.server.options
    steps, expand = split_path(options.get("records_path", "")), split_path(options.get("expand", ""))

    def lines() -> Iterator[pa.Array]:
        block: list[bytes] = []
        size = 0
        for record in xml_records(path, codec, steps, reading.where, report.server.encoding, expand):
            line = orjson.dumps(record)
            block.append(line)
            size += len(line)
            if len(block) == LINES or size > LINE_BYTES:
                yield pa.array(block, pa.string())
                block, size = [], 0
        if block:
            yield pa.array(block, pa.string())

    yield from read_records(lines(), report, reading)


def codec_of(path: Path, stated: str, where: str) -> str:
    """Python's name of a document's encoding.

    Args:
        stated: by the contract; empty if it leaves that to the document.

    Raises:
        DeliveryError: it declares an encoding that is not expected here.
    """
    with path.open("rb") as stream:
        head = stream.read(1024)
    if stated:
        return {"UTF-8": "utf-8", "UTF-8-BOM": "utf-8", "GBK": "gb18030"}.get(stated, stated.lower())
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8"
    declared = _DECLARED.search(head)
    name = declared[1].decode().lower() if declared else "utf-8"
    if name not in _CODECS:
        raise DeliveryError(
            "The document declares an encoding that is not read here.",
            where=where,
            expected=", ".join(sorted(_CODECS)),
            got=name[:40],
            todo="Ask the sender for UTF-8, or set `encoding` in the contract to the one that is really used.",
        )
    return _CODECS[name]


def xml_records(
    path: Path, codec: str, steps: Steps, where: str, encoding: str = "", expand: Steps = ()
) -> Iterator[dict[str, Any]]:
    """The records of a document, one dictionary each: texts, dictionaries, and lists of what occurs more than once.

    Args:
        steps: names of the elements from the root (which may be left out) to the records; none: children of the root.
        expand: path inside a record to elements that are a list even where there is one, each with its attributes.

    Raises:
        DeliveryError: not well-formed, a document type, too deep or too large; nothing of the text is quoted.
    """
    parser = _Records(steps, expand, where)

    def failed() -> DeliveryError:
        return wrong_encoding(encoding or codec.upper(), path, where)

    try:
        with path.open("rb") as source:
            stream = Utf8Stream(source, codec, failed)
            while data := stream.read(BLOCK):
                parser.feed(data)
                yield from parser.taken()
        parser.feed(b"", final=True)
        yield from parser.taken()
    except expat.ExpatError as error:
        if error.code == expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN] and codec == "utf-8":
            with path.open("rb") as source:
                try:
                    codecs.getincrementaldecoder("utf-8")("strict").decode(source.read(1 << 20))
                except UnicodeDecodeError:
                    raise failed() from None
        raise _not_well_formed(path, where, error) from None
    if not parser.met:
        raise DeliveryError(
            "The document has no records where the contract says.",
            where=where,
            expected=f"elements at `{'.'.join(steps)}`" if steps else "elements below the root",
            got=f"none; the root has {', '.join(sorted(parser.children)[:10]) or 'no elements'}",
            todo="Correct `recordsPath` in the contract, or ask the sender.",
        )


def element_paths(path: Path, codec: str, where: str, limit: int) -> Counter[Steps]:
    """How often elements occur at every path from the root, in about the first `limit` elements.

    Raises:
        DeliveryError: a document type, or not even the beginning is XML.
    """
    counts: Counter[Steps] = Counter()
    open_: list[str] = []
    parser = expat.ParserCreate("UTF-8", namespace_separator="}")

    def start(tag: str, _: object) -> None:
        open_.append(tag.rpartition("}")[2])
        if len(open_) <= DEEPEST:
            counts[tuple(open_)] += 1

    def end(_: str) -> None:
        open_.pop()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = lambda *_: _refuse_doctype(where, parser.CurrentLineNumber)
    with path.open("rb") as source:
        stream = Utf8Stream(source, codec, lambda: wrong_encoding(codec.upper(), path, where))
        try:
            while (data := stream.read(BLOCK)) and counts.total() < limit:
                parser.Parse(data)
        except expat.ExpatError as error:
            if not counts:
                raise _not_well_formed(path, where, error) from None
    return counts


class _Element:
    """An element of a record that is still open; `expands` if it lies on the way to the list that is expanded."""

    __slots__ = ("attributes", "children", "expands", "name", "texts")

    def __init__(self, name: str, expands: bool) -> None:
        self.name, self.expands = name, expands
        self.attributes: dict[str, Any] = {}
        self.children: dict[str, Any] = {}
        self.texts: list[str] = []


class _Records:
    """Builds records out of the parser's events."""

    def __init__(self, steps: Steps, expand: Steps, where: str) -> None:
        # The bytes are UTF-8 by now, whatever the declaration says: what is given here overrides it.
        self._parser = expat.ParserCreate("UTF-8", namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.buffer_size = 1 << 16
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = lambda *_: _refuse_doctype(where, self._parser.CurrentLineNumber)
        self._parser.ordered_attributes = True
        self._steps, self._expand, self._where = steps, expand, where
        self._path: list[str] = []
        self._names: dict[str, str] = {}
        self._open: list[_Element] = []
        self._size = 0
        self._ready: list[dict[str, Any]] = []
        self.met = False
        self.children: set[str] = set()

    def feed(self, data: bytes, *, final: bool = False) -> None:
        self._parser.Parse(data, final)

    def taken(self) -> list[dict[str, Any]]:
        """Records that were finished since the last call."""
        ready, self._ready = self._ready, []
        return ready

    def _is_record(self) -> bool:
        depth = len(self._path)
        if not self._steps:
            return depth == 2
        wanted = len(self._steps)
        return (depth == wanted and tuple(self._path) == self._steps) or (
            depth == wanted + 1 and tuple(self._path[1:]) == self._steps
        )

    def _start(self, tag: str, attributes: list[str]) -> None:
        name = self._names.get(tag)
        if name is None:
            name = self._names[tag] = tag.rpartition("}")[2]
        self._path.append(name)
        if len(self._path) > DEEPEST:
            raise self._too("deep", f"{DEEPEST} levels")
        if not self._open:
            if len(self._path) == 2:
                self.children.add(name[:40])
            if not self._is_record():
                return
            self.met = True
            self._size = 0
            self._open.append(_Element(name, expands=bool(self._expand)))
        else:
            above = self._open[-1]
            expands = above.expands and self._expand[len(self._open) - 1 : len(self._open)] == (name,)
            self._open.append(_Element(name, expands))
        here = self._open[-1].attributes
        self._grow(len(name) + 16)  # an element weighs even if it is empty
        for place in range(0, len(attributes), 2):
            self._grow(len(attributes[place + 1]))
            if attributes[place] != _NIL:
                here["@" + attributes[place].rpartition("}")[2]] = attributes[place + 1]

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > LARGEST_RECORD:
            raise self._too("large", f"{LARGEST_RECORD >> 20} Mi characters in a record")

    def _text(self, text: str) -> None:
        if self._open:
            self._grow(len(text))
            self._open[-1].texts.append(text)

    def _end(self, tag: str) -> None:
        self._path.pop()
        if not self._open:
            return
        element = self._open.pop()
        text: str | None = "".join(element.texts)
        if not text or text.isspace():
            text = None
        if not self._open:
            self._ready.append({**element.attributes, **element.children, **({TEXT: text} if text else {})})
            return
        above = self._open[-1].children
        listed = element.expands and len(self._open) == len(self._expand)
        if element.children or (listed and element.attributes):
            whole = {**element.attributes, **element.children, **({TEXT: text} if text else {})}
            _put(above, element.name, whole, listed)
        else:
            _put(above, element.name, text, listed)
            for name, value in element.attributes.items():
                _put(above, f"{element.name}.{name}", value, False)

    def _too(self, what: str, limit: str) -> DeliveryError:
        return DeliveryError(
            f"The document is too {what} to be a list of records.",
            where=f"{self._where}, line {self._parser.CurrentLineNumber}",
            expected=f"at most {limit}",
            todo="Correct `recordsPath` in the contract, or ask the sender what this file is.",
        )


def _put(target: dict[str, Any], key: str, value: Any, listed: bool) -> None:
    """A child or attribute; what occurs again makes a list."""
    if key not in target:
        target[key] = [value] if listed else value
    elif isinstance(target[key], list):
        target[key].append(value)
    else:
        target[key] = [target[key], value]


def _refuse_doctype(where: str, line: int) -> NoReturn:
    raise DeliveryError(
        "The document has a document type (DOCTYPE), which is refused.",
        where=f"{where}, line {line}",
        expected="plain XML without DOCTYPE and entities",
        todo="Ask the sender to export without a document type: one can make a reader swell or open other files.",
    )


def _not_well_formed(path: Path, where: str, error: expat.ExpatError) -> DeliveryError:
    return DeliveryError(
        "The delivery is not a well-formed XML document.",
        where=f"{where}, line {error.lineno}",
        expected="one complete XML document",
        got="an empty file" if not path.stat().st_size else expat.ErrorString(error.code),
        todo="Ask the sender to export the file again.",
    )
