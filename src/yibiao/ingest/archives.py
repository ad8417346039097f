"""Archives: the members of zip and gz files as streams, never written under a name that the archive gives.

What an archive says of its sizes is not believed: bytes are counted while they are unpacked.
"""

from __future__ import annotations

import errno
import gzip
import io
import lzma
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO

from yibiao.errors import DeliveryError
from yibiao.ingest.landing import Readable

SUFFIXES = (".zip", ".gz")
"""A delivery is an archive if its name ends so; a spreadsheet is a zip file too, and none to be unpacked."""

RATIO = 250
"""Unpacked bytes for one packed byte at most; text of Chinese registers packs 5 to 30 to one."""

RATIO_FROM = 64 << 20
"""Unpacked bytes from which the ratio matters: few of them do no harm."""

LARGEST = 64 << 30
"""Unpacked bytes of one archive at most."""

MOST = 10_000
"""Members of one archive at most."""

LONGEST_NAME = 255
"""Characters of a file's or folder's name at most, as on Windows."""

DEEPEST = 2
"""Archives within archives, the outermost included."""

_LEFT = re.compile(r"(^|/)(__MACOSX/|\.|~\$|Thumbs\.db$|desktop\.ini$)")
"""What operating systems add to archives."""


@dataclass
class Budget:
    """What may still be unpacked of one delivered archive; members within members share it."""

    packed: int
    where: str
    unpacked: int = 0

    def take(self, size: int) -> None:
        """Count unpacked bytes.

        Raises:
            DeliveryError: too many in all, or for the size of the archive.
        """
        self.unpacked += size
        if self.unpacked > LARGEST:
            raise self._bomb(f"at most {LARGEST >> 30} GiB", "more")
        if self.unpacked > RATIO_FROM and self.unpacked > RATIO * self.packed:
            raise self._bomb(
                f"at most {RATIO} bytes out of each packed byte (beyond {RATIO_FROM >> 20} MiB)",
                f"more than {self.unpacked >> 20} MiB out of {self.packed:,} bytes",
            )

    def _bomb(self, expected: str, got: str) -> DeliveryError:
        return DeliveryError(
            "The archive unpacks to more than it may.",
            where=self.where,
            expected=expected,
            got=got,
            todo="Ask the sender what this archive is; real data may be sent as several archives.",
        )


def is_archive(name: str) -> bool:
    """Is a delivery of this name an archive?"""
    return name.lower().endswith(SUFFIXES)


def members(path: Path, name: str, pattern: str = "*") -> Iterator[tuple[str, IO[bytes]]]:
    """The members of an archive, in its order: names, `archive.zip/folder/member.csv`, and streams of their bytes.

    Every stream has to be read before the next one is asked for.

    Args:
        path: where the archive lies.
        name: what it is called.
        pattern: a glob; members whose path or last name fits are given. Archives among them are opened.

    Raises:
        DeliveryError: it is damaged, encrypted, plays tricks with names, is a bomb, or no member fits.
    """
    budget = Budget(path.stat().st_size, name)
    found = False
    with path.open("rb") as stream, _told(name):
        for member, content in _open(stream, name, budget, pattern, 1):
            found = True
            yield member, content
    if not found:
        raise DeliveryError(
            "The archive has no member that is a delivery.",
            where=name,
            expected=f"members that fit `{pattern}`",
            todo="Correct `members` in the contract, or ask the sender.",
        )


def _open(stream: IO[bytes], name: str, budget: Budget, pattern: str, depth: int) -> Iterator[tuple[str, IO[bytes]]]:
    if name.lower().endswith(".zip"):
        yield from _zip(stream, name, budget, pattern, depth)
    else:
        inner = PurePosixPath(name[:-3]).name
        if inner.lower().endswith(".tar"):
            raise _refused(name, "The archive is a tar file.", "zip, or gz of a single file")
        with gzip.GzipFile(fileobj=stream) as content:
            yield from _member(content, f"{name}/{inner}", inner, budget, pattern, depth)


def _zip(stream: IO[bytes], name: str, budget: Budget, pattern: str, depth: int) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(stream) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if len(infos) > MOST:
            raise _refused(name, "The archive has too many members.", f"at most {MOST:,}", f"{len(infos):,}")
        named = [(readable(info), info) for info in infos]
        seen: set[str] = set()
        for member, info in named:
            _check(member, info, name)
            if member in seen:
                raise _refused(name, "Two members of the archive have the same name.", "every name once")
            seen.add(member)
        for member, info in named:
            if not _LEFT.search(member):
                with archive.open(info) as content:
                    yield from _member(content, f"{name}/{member}", member, budget, pattern, depth)


def _member(
    content: Readable, full: str, member: str, budget: Budget, pattern: str, depth: int
) -> Iterator[tuple[str, IO[bytes]]]:
    counted = _Counted(content, budget)
    if is_archive(member):
        if depth >= DEEPEST:
            raise _refused(full, "Archives lie too deep within archives.", f"at most {DEEPEST} levels")
        with tempfile.TemporaryFile() as aside:  # a zip file is read from its end
            while block := counted.read(1 << 20):
                aside.write(block)
            aside.seek(0)
            yield from _open(aside, full, budget, pattern, depth + 1)
    elif fnmatchcase(member, pattern) or fnmatchcase(PurePosixPath(member).name, pattern):
        yield full, io.BufferedReader(counted, 1 << 18)


def readable(info: zipfile.ZipInfo) -> str:
    """A member's name as its sender sees it.

    Programs on Chinese Windows write GBK and some others UTF-8, both without saying so; Python then takes it for CP437.
    """
    if info.flag_bits & 0x800:
        return info.filename
    try:
        raw = info.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec).replace("\\", "/")
        except UnicodeDecodeError:
            continue
    return info.filename


def _check(member: str, info: zipfile.ZipInfo, archive: str) -> None:
    """Refuse names that lead out of a folder and members that are no plain files.

    Nothing is ever written under these names, but an archive that has them was not made by an honest program.
    """
    parts = member.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or re.match(r"[A-Za-z]:", member) or any(ord(sign) < 32 for sign in member):
        raise _refused(archive, "A member's name leads out of the archive.", "names below the archive's own folder")
    if max(map(len, parts)) > LONGEST_NAME:
        raise _refused(archive, "A member's name is longer than any file's.", f"at most {LONGEST_NAME} characters")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise _refused(archive, "A member of the archive is no plain file.", "files only, no links or devices")
    if info.flag_bits & 0x1:
        raise _refused(
            archive,
            "The archive is encrypted.",
            "an archive without a password",
            todo="Ask the sender for one without, over a channel that is protected itself.",
        )


class _Counted(io.RawIOBase):
    """A member's bytes, counted."""

    def __init__(self, source: Readable, budget: Budget) -> None:
        self._source, self._budget = source, budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        with _told(self._budget.where):
            data = self._source.read(len(buffer))
        self._budget.take(len(data))
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """What libraries say of damaged archives, as our error."""
    try:
        yield
    except NotImplementedError:
        raise _refused(
            name, "The archive is packed in a way that is not read here.", "deflate, bzip2 or LZMA"
        ) from None
    except RuntimeError:  # zipfile's word for a password that the members' flags did not tell
        raise _refused(name, "The archive is encrypted.", "an archive without a password") from None
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, struct.error, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # of the disk; wrong packed bytes have no number, or send the reader to a place before the beginning
        raise _refused(
            name,
            "The archive is damaged or not complete.",
            "a whole zip or gz file",
            type(error).__name__,
            todo="Ask the sender to send it again.",
        ) from None


def _refused(
    name: str, what: str, expected: str, got: str = "", todo: str = "Ask the sender to pack it again."
) -> DeliveryError:
    return DeliveryError(what, where=name, expected=expected, got=got, todo=todo)
