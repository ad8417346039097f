"""XML that is changed in places and stays as it was, byte for byte, everywhere else.

A parser that writes what it read gives other bytes: prefixes, order of attributes, ways to write a sign. A workbook
that a department drew has parts that no library knows, so a tree is made of the bytes themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.parsers import expat
from xml.sax.saxutils import unescape

_TOKEN = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<[^<>\"']*(?:\"[^\"]*\"[^<>\"']*|'[^']*'[^<>\"']*)*>", re.DOTALL
)
_NAME = re.compile(rb"</?([^\s/>]+)")
_UTF8 = re.compile(rb"""^\s*<\?xml[^>]*encoding\s*=\s*["'](?!utf-?8)""", re.IGNORECASE)
_ENTITIES = {"&quot;": '"', "&apos;": "'"}
_NUMBERED = re.compile(r"&#(x[0-9A-Fa-f]+|\d+);")


class Node:
    """An element: its tags as they stand, and what is between them.

    Attributes:
        head, tail: start and end tag; `tail` is empty where the start tag ends with `/>`.
        parts: elements, and texts, comments and the like as bytes.
    """

    __slots__ = ("head", "parts", "tail")

    def __init__(self, head: bytes, tail: bytes = b"", parts: list[bytes | Node] | None = None) -> None:
        self.head, self.tail, self.parts = head, tail, parts if parts is not None else []

    @property
    def tag(self) -> str:
        """The name as it stands, with its prefix."""
        found = _NAME.match(self.head)
        return found[1].decode() if found else ""

    @property
    def name(self) -> str:
        """The name without a prefix."""
        return self.tag.rpartition(":")[2]

    @property
    def prefix(self) -> str:
        """The prefix with its colon, or nothing."""
        head, sign, _ = self.tag.rpartition(":")
        return head + sign

    @property
    def children(self) -> list[Node]:
        return [one for one in self.parts if isinstance(one, Node)]

    @property
    def text(self) -> str:
        """The texts in it and in all its elements."""
        return "".join(one.text if isinstance(one, Node) else _plain(one) for one in self.parts)

    def child(self, name: str) -> Node | None:
        """The first element of this name in it."""
        return next((one for one in self.children if one.name == name), None)

    def every(self, *names: str) -> Iterator[Node]:
        """All elements of these names at any depth, itself included, in their order."""
        if self.name in names:
            yield self
        for one in self.children:
            yield from one.every(*names)

    def get(self, attribute: str, default: str = "") -> str:
        """An attribute by its name as it stands, with its prefix."""
        found = _attribute(attribute).search(self.head)
        return _plain(found[3]) if found else default

    def set(self, attribute: str, value: str | None) -> None:
        """Write an attribute, or take it away."""
        found = _attribute(attribute).search(self.head)
        written = b"" if value is None else f' {attribute}="{quoted(value)}"'.encode()
        if found:
            self.head = self.head[: found.start()] + written + self.head[found.end() :]
        elif written:
            end = 2 if self.head.endswith(b"/>") else 1
            self.head = self.head[:-end] + written + self.head[-end:]

    def write(self, text: str) -> None:
        """Put a text in the place of all that is in it."""
        self.open()
        self.parts = [plain_xml(text).encode()]

    def add(self, *parts: bytes | Node) -> None:
        """Put something at its end."""
        self.open()
        self.parts += parts

    def open(self) -> None:
        """Make room between two tags where there was one."""
        if not self.tail:
            self.head = self.head[:-2].rstrip() + b">"
            self.tail = f"</{self.tag}>".encode()

    def remove(self, child: Node) -> None:
        self.parts = [one for one in self.parts if one is not child]

    def copy(self) -> Node:
        return Node(self.head, self.tail, [one.copy() if isinstance(one, Node) else one for one in self.parts])

    def xml(self) -> bytes:
        pieces: list[bytes] = []
        self._collect(pieces)
        return b"".join(pieces)

    def _collect(self, pieces: list[bytes]) -> None:
        pieces.append(self.head)
        for one in self.parts:
            if isinstance(one, Node):
                one._collect(pieces)
            else:
                pieces.append(one)
        pieces.append(self.tail)


class Document:
    """A part of a workbook: its root element, and what stands before and after it."""

    def __init__(self, before: bytes, root: Node, after: bytes) -> None:
        self.before, self.root, self.after = before, root, after

    def xml(self) -> bytes:
        return self.before + self.root.xml() + self.after

    def copy(self) -> Document:
        return Document(self.before, self.root.copy(), self.after)


def parse(xml: bytes) -> Document:
    """Read a part.

    Raises:
        ValueError: it is not well formed, or declares a document type, which no workbook has and some attacks need.
    """
    if xml.startswith((b"\xff\xfe", b"\xfe\xff")):
        xml = xml.decode("utf-16").encode()
        xml = re.sub(rb"(<\?xml[^>]*encoding\s*=\s*[\"'])utf-16", rb"\1UTF-8", xml, count=1, flags=re.IGNORECASE)
    if _UTF8.match(xml[:200]):
        raise ValueError("not UTF-8")
    checker = expat.ParserCreate()
    checker.StartDoctypeDeclHandler = _refuse
    try:
        checker.Parse(xml, True)
    except expat.ExpatError:
        raise ValueError("not well formed") from None
    open_ones: list[Node] = []
    top: list[bytes | Node] = []
    place = 0
    for token in _TOKEN.finditer(xml):
        into = open_ones[-1].parts if open_ones else top
        if token.start() > place:
            into.append(xml[place : token.start()])
        place, piece = token.end(), token[0]
        if piece.startswith((b"<!", b"<?")):
            into.append(piece)
        elif piece.startswith(b"</"):
            open_ones.pop().tail = piece
        else:
            node = Node(piece)
            into.append(node)
            if not piece.endswith(b"/>"):
                open_ones.append(node)
    if place < len(xml):
        top.append(xml[place:])
    (at,) = [number for number, one in enumerate(top) if isinstance(one, Node)]
    root = top[at]
    assert isinstance(root, Node)
    return Document(_joined(top[:at]), root, _joined(top[at + 1 :]))


def node(xml: str) -> Node:
    """An element out of text that we write ourselves."""
    return parse(xml.encode()).root


def plain_xml(text: str) -> str:
    """A text as it stands between tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quoted(text: str) -> str:
    """A text as it stands in an attribute."""
    return plain_xml(text).replace('"', "&quot;").replace("\n", "&#10;")


def _refuse(*_: object) -> None:
    raise ValueError("a document type")


def _joined(parts: list[bytes | Node]) -> bytes:
    return b"".join(one for one in parts if isinstance(one, bytes))


def _plain(xml: bytes) -> str:
    if xml.startswith(b"<![CDATA["):
        return xml[9:-3].decode()
    if xml.startswith((b"<!", b"<?")):
        return ""
    text = xml.decode()
    if "&" not in text:
        return text
    text = _NUMBERED.sub(lambda found: chr(int("0" + found[1] if found[1][0] == "x" else found[1], 0)), text)
    return unescape(text, _ENTITIES)


def _attribute(name: str) -> re.Pattern[bytes]:
    found = _patterns.get(name)
    if found is None:
        pattern = rb"\s" + re.escape(name).encode() + rb"(\s*=\s*)(?P<q>[\"'])(.*?)(?P=q)"
        found = _patterns[name] = re.compile(pattern, re.DOTALL)
    return found


_patterns: dict[str, re.Pattern[bytes]] = {}
