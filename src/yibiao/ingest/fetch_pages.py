"""Pages of an extraction on disk: kept until it is complete, so that a break costs the missing pages only."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import heapq
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

FORMAT = 1

LASTS = 24 * 3600.0
"""Seconds for which pages are kept; older ones are another state of the source."""

RUN = 64 << 20
"""Bytes of lines that are sorted in memory."""


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        number: from 1.
        request: what was asked: query parameters and, for links, the address; without any secret of ours.
        total: number of records of the whole extraction as this page states it; None if it does not.
        next: cursor or address of the next page; None if there is none.
        count: records on it.
        repeated: how many of them stand on it twice.
        sha256: of its lines.
    """

    number: int
    request: Any
    total: int | None
    next: Any
    count: int
    repeated: int
    sha256: str


class Pages:
    """The pages of one edition of one report, in a folder that survives a killed run.

    Args:
        folder: of its own; made if it is not there.
        meaning: what the pages depend on besides their requests; pages kept under another meaning are thrown away.
    """

    def __init__(self, folder: Path, meaning: Any) -> None:
        self.folder = folder
        self._meaning = hashlib.sha256(orjson.dumps([FORMAT, meaning], option=orjson.OPT_SORT_KEYS)).hexdigest()
        self.pages: list[Page] = []

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Take what an earlier run kept. Two processes never share a folder: the second works in one of its own."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # One lock for all editions of the report, so that no file stays behind for each of them.
        with (self.folder.parent / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                own = False
            except BlockingIOError:
                own = True
                self.folder = self.folder.with_name(f"{self.folder.name}-{os.getpid()}")
                self.folder.mkdir(exist_ok=True)
            try:
                self._take()
                yield
            finally:
                if own or not self.pages:
                    shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, page: Page, lines: list[bytes]) -> None:
        """Keep a page: aside, then renamed, so that a kill leaves none or the whole."""
        path = self._path(page.number)
        aside = path.with_suffix(".aside")
        head = {**vars(page), "meaning": self._meaning}
        with aside.open("wb") as stream:
            stream.write(orjson.dumps(head) + b"\n")
            stream.writelines(line + b"\n" for line in lines)
        aside.replace(path)
        self.pages.append(page)

    def clear(self) -> None:
        """Forget all pages."""
        self.pages = []
        for path in self.folder.iterdir():
            path.unlink()

    @property
    def count(self) -> int:
        return sum(page.count for page in self.pages)

    def write_sorted(self, path: Path) -> int:
        """Write the lines of all pages in ascending order, in bounded memory.

        Returns:
            How many lines stand on two different pages.
        """
        runs: list[Path] = []
        lines: list[bytes] = []
        size = 0
        for page in self.pages:
            with self._path(page.number).open("rb") as stream:
                stream.readline()
                for line in stream:
                    lines.append(line)
                    size += len(line)
            if size > RUN:
                runs.append(_run(path, len(runs), lines))
                lines, size = [], 0
        lines.sort()
        again = 0
        with contextlib.ExitStack() as stack, path.open("wb") as target:
            opened: list[IO[bytes]] = [stack.enter_context(run.open("rb")) for run in runs]
            last = None
            for line in heapq.merge(*opened, lines):
                again += line == last
                last = line
                target.write(line)
        for run in runs:
            run.unlink()
        return again - sum(page.repeated for page in self.pages)

    def _take(self) -> None:
        while (path := self._path(len(self.pages) + 1)).exists():
            page = self._read(path)
            if page is None:
                break
            self.pages.append(page)
        kept = {self._path(page.number) for page in self.pages}
        for path in self.folder.iterdir():
            if path not in kept:
                path.unlink()

    def _read(self, path: Path) -> Page | None:
        """A page as it was kept; None if it is damaged, too old, or meant otherwise."""
        try:
            if time.time() - path.stat().st_mtime > LASTS:
                return None
            head, _, body = path.read_bytes().partition(b"\n")
            fields = orjson.loads(head)
            if fields.pop("meaning") != self._meaning or hashlib.sha256(body).hexdigest() != fields["sha256"]:
                return None
            return Page(**fields)
        except (ValueError, KeyError, TypeError):
            return None

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:08d}.ndjson"


def page_of(number: int, request: Any, total: int | None, next_: Any, lines: list[bytes]) -> Page:
    """The account of a page's lines."""
    digest = hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()
    return Page(number, request, total, next_, len(lines), len(lines) - len(set(lines)), digest)


def _run(path: Path, number: int, lines: list[bytes]) -> Path:
    run = path.with_name(f"{path.name}.{number}")
    lines.sort()
    with run.open("wb") as stream:
        stream.writelines(lines)
    return run
