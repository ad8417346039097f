"""Encodings of text deliveries: decoding to UTF-8 on the way, and noticing a wrong declaration."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from yibiao.errors import DeliveryError

if TYPE_CHECKING:
    import pyarrow as pa

HEAD = 1 << 20
"""Bytes that are looked at before reading begins."""

_BOMS = ((codecs.BOM_UTF8, "UTF-8-BOM"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))

# GB18030 goes before any statistics: on short Chinese texts detectors guess Japanese.
_CANDIDATES = (("utf-8", "UTF-8"), ("gb18030", "GB18030"), ("big5", "Big5"))


def likely_encoding(head: bytes) -> str | None:
    """The name, as contracts write it, of an encoding that these first bytes of a file fit; None if there is none.

    UTF-16 shows by its mark or by the zero bytes of ASCII characters: almost any bytes decode as UTF-16.
    """
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    if head[:4096].count(0) * 50 > len(head[:4096]):
        return "UTF-16"
    for codec, name in _CANDIDATES:
        try:
            codecs.getincrementaldecoder(codec)("strict").decode(head)
        except UnicodeDecodeError:
            continue
        return name
    return None


def wrong_encoding(declared: str, path: Path, where: str) -> DeliveryError:
    """The error for bytes that do not fit the declared encoding: it names the likely one, never the bytes."""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    likely = likely_encoding(head)
    if likely and likely.removesuffix("-BOM") != declared.upper().removesuffix("-BOM"):
        return DeliveryError(
            "The delivery is not in the encoding that the contract declares.",
            where=where,
            expected=declared or "UTF-8",
            got=f"bytes that read as {likely}",
            todo=f"Ask the sender for {declared or 'UTF-8'}, or set `encoding: {likely}` in the contract.",
        )
    return DeliveryError(
        "The delivery holds bytes that its encoding does not know.",
        where=where,
        expected=declared or "UTF-8",
        got="damaged text",
        todo="Ask the sender to export the file again: it was damaged on its way, or two encodings are mixed in it.",
    )


def check_head(codec: str, declared: str, path: Path, where: str) -> None:
    """Refuse a declaration that the first bytes contradict.

    UTF-8 read as GB18030 often decodes without an error and gives nonsense: Chinese text that is valid UTF-8 is UTF-8.

    Raises:
        DeliveryError: the likely encoding is another one.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    likely = likely_encoding(head)
    is_ascii = head.isascii() and b"\0" not in head[:4096]
    family = "utf-8" if codec.startswith("utf-8") else "gb" if codec.startswith("gb") else codec
    if is_ascii and family != "utf-16":
        return
    expected = {"utf-8": ("UTF-8", "UTF-8-BOM"), "utf-16": ("UTF-16",)}.get(family)
    if (likely not in expected) if expected else (likely or "").startswith("UTF"):
        raise wrong_encoding(declared, path, where)


class Utf8Stream(io.RawIOBase):
    """A file in any encoding as a stream of UTF-8 bytes; `read(n)` gives exactly n bytes until the end."""

    def __init__(
        self, source: IO[bytes], codec: str, failed: Callable[[], DeliveryError], pushed_back: bytes = b""
    ) -> None:
        self._source, self._failed = source, failed
        # UTF-8 passes as it is: the parser checks it while it splits.
        self._decoder = None if codec.startswith("utf-8") else codecs.getincrementaldecoder(codec)("strict")
        self._ready = bytearray(pushed_back)
        self._ended, self._first = False, True

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._ended and (size < 0 or len(self._ready) < size):
            block = self._source.read(HEAD)
            self._ended = not block
            if self._decoder is not None:
                try:
                    block = self._decoder.decode(block, final=self._ended).encode("utf-8")
                except UnicodeError:
                    raise self._failed() from None
            self._ready += block.removeprefix(codecs.BOM_UTF8) if self._first else block
            self._first = False
        if size < 0:
            size = len(self._ready)
        taken = bytes(memoryview(self._ready)[:size])
        del self._ready[:size]
        return taken

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        taken = self.read(len(buffer))
        buffer[: len(taken)] = taken
        return len(taken)

    def native(self) -> pa.NativeFile | None:
        """The rest of a file that needs no decoding as a native one, which is read without Python; None for others."""
        if self._decoder is not None:
            return None
        import pyarrow as pa

        file = pa.OSFile(self._source.name)
        file.seek(self._source.tell() - len(self._ready))
        return file

    def push_back(self, data: bytes) -> None:
        """Give bytes back that were read too far."""
        self._ready[:0] = data
