"""Physical lines of a text file, decoded block by block, in bounded memory."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

from yibiao.detect.text_encoding import Encoding

BLOCK = 1 << 20
"""Bytes decoded at once."""

LONGEST = 1 << 23
"""Characters of the longest line: what goes on longer is cut there, since it is no line of a table."""


def read_lines(path: Path, encoding: Encoding) -> Iterator[str]:
    """Lines with their ends (`\\n`, `\\r\\n`, `\\r`); bytes that do not decode become lone surrogates.

    Memory: one block and one line.
    """
    # Codecs for UTF-16 know no lone surrogates.
    errors = "replace" if encoding.codec.startswith("utf-16") else "surrogateescape"
    decoder = codecs.getincrementaldecoder(encoding.codec)(errors)
    with path.open("rb") as stream:
        stream.seek(encoding.mark)
        rest = ""
        while True:
            block = stream.read(BLOCK)
            text = rest + decoder.decode(block, final=not block)
            if not block:
                yield from lines_of(text)
                return
            # A carriage return at the end may be half of a line end.
            end = max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
            if not end and len(text) > LONGEST:
                end = LONGEST
            yield from lines_of(text[:end])
            rest = text[end:]


def lines_of(text: str) -> Iterator[str]:
    """Lines of a text with their ends, by the three ends of files only (`str.splitlines` knows eight more)."""
    return iter(io.StringIO(text, newline=""))


def bare(line: str) -> str:
    """A line without its end."""
    if line.endswith("\r\n"):
        return line[:-2]
    return line[:-1] if line.endswith(("\n", "\r")) else line
