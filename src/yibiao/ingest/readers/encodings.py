"""Encodings of text deliveries: decoding to UTF-8 on the way, and noticing a wrong declaration."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable
from pathlib import Path
from typing import IO

from yibiao.detect.text_encoding import find_encoding, plausible, sample
from yibiao.errors import DeliveryError
from yibiao.ingest.readers.damage import Decoder, is_another

HEAD = 1 << 20
"""Bytes that are looked at before reading begins."""

_PASSED_OVER = 1 << 16
"""Bytes that are passed over together where they are blank."""

ZEROS = 512
"""Zero bytes at the end that no text has: the file was made in its full length and not yet filled."""


def likely_encoding(head: bytes) -> str | None:
    """The name, as contracts write it, of the encoding that these first bytes of a file are most likely in.

    None if they are no text in an encoding that contracts know.
    """
    name = find_encoding([head]).name
    return name if name in _NAMES else None


_NAMES = ("UTF-8", "UTF-8-BOM", "UTF-16", "GB18030", "Big5")


def wrong_encoding(declared: str, path: Path, where: str, got: str = "damaged text") -> DeliveryError:
    """The error for bytes that do not fit the declared encoding: it names the likely one, never the bytes.

    Args:
        got: what to tell if no other encoding is likely.
    """
    likely = find_encoding(sample(path)).name
    if likely in _NAMES and likely.removesuffix("-BOM") != declared.upper().removesuffix("-BOM"):
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
        got=got,
        todo="Ask the sender to export the file again: it was damaged on its way, or two encodings are mixed in it.",
    )


def check_head(codec: str, declared: str, path: Path, where: str) -> str:
    """Refuse a declaration that the first bytes contradict.

    UTF-8 read as GB18030 often decodes without an error and gives nonsense: Chinese text that is valid UTF-8 is UTF-8.

    Returns:
        The codec to read with: for UTF-16 without a mark the one with the byte order that the file shows.

    Raises:
        DeliveryError: the likely encoding is another one.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    found = find_encoding([head])
    family = next((one for one in ("utf-8", "utf-16", "gb", "big5") if codec.startswith(one)), codec)
    if head.isascii() and found.name == "UTF-8" and family != "utf-16":
        return codec
    same = {"utf-8": ("UTF-8", "UTF-8-BOM"), "utf-16": ("UTF-16",), "gb": ("GB18030",), "big5": ("Big5",)}.get(family)
    if same is None or found.name in same:
        return found.codec if family == "utf-16" and not found.mark else codec
    # UTF-8 and UTF-16 show for sure what they are not; the others only where the text is long enough.
    if family == "utf-8" and not found.name.startswith("UTF"):
        another = is_another(head, codec, whole=len(head) < HEAD)
    elif family == "gb" and found.name == "Big5":
        # Letters of pinyin read as common characters of Big5, too; Big5 itself reads as nonsense in GB18030.
        # The first line is that of headers or a title: if it reads well it speaks for the declaration, whatever signs
        # and rare characters the cells under it hold.
        text = head.decode("gb18030", errors="replace")
        first = text.lstrip().partition("\n")[0]
        parts = [text] if first.isascii() else [text, first]
        another = found.sure and all(plausible(part, "gb18030") < 0.35 for part in parts)
    else:
        another = family in ("utf-8", "utf-16") or found.sure or found.name.startswith("UTF")
    if another:
        raise wrong_encoding(declared, path, where)
    return codec


def check_tail(path: Path, where: str) -> None:
    """Refuse a file that ends in zero bytes: space was made for it and not filled.

    Raises:
        DeliveryError: it does.
    """
    with path.open("rb") as stream:
        stream.seek(-min(ZEROS, path.stat().st_size), io.SEEK_END)
        tail = stream.read()
    if len(tail) == ZEROS and not any(tail):
        raise DeliveryError(
            "The delivery ends in zero bytes: its copying was not finished, or the disk it comes from is damaged.",
            where=where,
            expected="text to the end",
            got=f"at least {ZEROS} zero bytes at the end",
            todo="Wait until the copy is complete, or ask the sender to export the file again.",
        )


class Utf8Stream(io.RawIOBase):
    """A file in any encoding as a stream of UTF-8 bytes; `read(n)` gives exactly n bytes until the end.

    Args:
        failed: makes the error for bytes that do not decode.
        mark: such bytes are marked and go on; see `yibiao.ingest.readers.damage`.
    """

    def __init__(
        self,
        source: IO[bytes],
        codec: str,
        failed: Callable[[], DeliveryError],
        pushed_back: bytes = b"",
        *,
        mark: bool = False,
    ) -> None:
        self._source, self._failed = source, failed
        self._marking = Decoder(codec) if mark else None
        # UTF-8 passes as it is: the parser checks it while it splits.
        self._decoder = None if mark or codec.startswith("utf-8") else codecs.getincrementaldecoder(codec)("strict")
        self._ready = bytearray(pushed_back)
        self._ended, self._first = False, True

    @property
    def damaged(self) -> bool:
        """Whether bytes have been marked so far."""
        return self._marking is not None and self._marking.damaged

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._ended and (size < 0 or len(self._ready) < size):
            self._ready += self._decoded()
        if size < 0:
            size = len(self._ready)
        taken = bytes(memoryview(self._ready)[:size])
        del self._ready[:size]
        return taken

    def skip(self, blank: bytes) -> bool:
        """Pass over bytes that are all among `blank`, some thousand at a time; whether anything comes behind them."""
        while block := self.read(_PASSED_OVER):
            if block.strip(blank):
                self.push_back(block)
                return True
        return False

    def block(self, size: int) -> bytes:
        """About `size` bytes, none at the end. Spares the copies that an exact number costs."""
        if self._ready:
            taken = bytes(memoryview(self._ready)[:size])
            del self._ready[:size]
            return taken
        while not self._ended:
            if taken := self._decoded(size):
                return taken
        return b""

    def _decoded(self, size: int = HEAD) -> bytes:
        block = self._source.read(size)
        self._ended = not block
        if self._marking is not None:
            block = self._marking.decode(block, final=self._ended)
        elif self._decoder is not None:
            try:
                block = self._decoder.decode(block, final=self._ended).encode("utf-8")
            except UnicodeError:
                raise self._failed() from None
        if self._first and block:
            block, self._first = block.removeprefix(codecs.BOM_UTF8), False
        return block

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        taken = self.read(len(buffer))
        buffer[: len(taken)] = taken
        return len(taken)

    def push_back(self, data: bytes) -> None:
        """Give bytes back that were read too far."""
        self._ready[:0] = data
