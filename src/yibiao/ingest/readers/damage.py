"""Bytes that the declared encoding does not know: marked on their way to the parser, so that they cost their row only.

Where they are few they are slips: a character cut in half by a system that counts bytes, a row from another system, a
copy that failed. Where they are many the encoding is another one, and the delivery is refused (decision 28).
"""

from __future__ import annotations

import codecs
import re
import threading

import numpy as np
import pyarrow as pa

from yibiao.detect.text_encoding import plausible

MARK = "\ufdd0"
"""Stands, with two hexadecimal digits behind it, for a byte: a code point that Unicode keeps out of texts for ever."""

MARKED = MARK.encode("utf-8")

FEW, SHARE, MOST = 3, 0.05, 10_000
"""Rows that may hold such bytes: so many in any delivery; this share of its rows; never more than people can mend.

Half characters are met in the rows with the longest texts; another encoding shows in nearly every row that has Chinese.
"""

_HANDLER = "yibiao.damage"
_BYTE = re.compile(f"{MARK}([0-9A-F]{{2}})")


class _Met(threading.local):
    """How often the handler was called in a thread: a text may hold U+FDD0 without any damage."""

    times = 0


_met = _Met()


def _handle(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    _met.times += 1
    return "".join(f"{MARK}{byte:02X}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_HANDLER, _handle)


class Decoder:
    """Bytes of a file, in blocks that may end anywhere, as UTF-8 in which every other byte is marked.

    UTF-8 itself is only looked at: nothing is copied or decoded where nothing is damaged.
    """

    def __init__(self, codec: str) -> None:
        self.damaged = False
        self._rest = b""
        self._decoder = None if codec.startswith("utf-8") else codecs.getincrementaldecoder(codec)(_HANDLER)

    def decode(self, block: bytes, *, final: bool) -> bytes:
        """The next bytes; `final` with the last ones."""
        if self._decoder is not None:
            before = _met.times
            text = self._decoder.decode(block, final=final)
            self.damaged |= _met.times > before
            return text.encode("utf-8")
        data = self._rest + block if self._rest else block
        end = len(data) if final else len(data) - _unfinished(data)
        self._rest = data[end:]
        if self._rest:
            data = data[:end]
        if is_utf8(data):
            return data
        self.damaged = True
        return data.decode("utf-8", _HANDLER).encode("utf-8")


def is_utf8(data: bytes) -> bool:
    """Whether these are whole characters of UTF-8; three times as fast as decoding them."""
    offsets = pa.py_buffer(np.array([0, len(data)], dtype=np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(data)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _unfinished(data: bytes) -> int:
    """How many bytes at the end begin a character of UTF-8 that is not whole."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:
            return back if back < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) else 0
        if byte < 0x80:
            return 0
    return 0


def shown(text: str) -> str:
    r"""A text with its marked bytes as people see them: `张\xE5`."""
    return _BYTE.sub(r"\\x\1", text)


def raw(text: str, codec: str) -> bytes:
    """The bytes that a text with marks was made of."""
    pieces = _BYTE.split(text)
    return b"".join(
        bytes.fromhex(piece) if place % 2 else piece.encode(codec, "replace") for place, piece in enumerate(pieces)
    )


def otherwise(text: str, codec: str) -> str | None:
    """The text of a row that is whole and plausible Chinese in another encoding; None if it is in none."""
    data = raw(text, codec)
    for other in ("utf-8", "gb18030", "big5hkscs"):
        if other == codec or (other == "gb18030" and codec.startswith("gb")):
            continue
        try:
            found = data.decode(other)
        except UnicodeDecodeError:
            continue
        if other == "utf-8" or plausible(found, other) >= 0.5:
            return found
    return None


def too_many(damaged: int, rows: int) -> bool:
    """Whether so many damaged rows are no slips."""
    return damaged > MOST or damaged > max(FEW, SHARE * rows)


def is_another(head: bytes, codec: str, *, whole: bool) -> bool:
    """Whether the first bytes of a file show that it is in another encoding than this one, which keeps ASCII as it is.

    Half of its rows beyond ASCII, or more than may be damaged at all, do not decode.

    Args:
        whole: they are the whole file; else the last line may be cut.
    """
    lines = head.splitlines()
    if not whole:
        lines.pop()
    wide = [line for line in lines if not line.isascii()]
    damaged = sum(not _decodes(line, codec) for line in wide)
    return 2 * damaged >= max(1, len(wide)) or too_many(damaged, len(lines))


def _decodes(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True
