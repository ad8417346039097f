"""What registry, contracts and model come to, left by one process for the next.

To read all of `schemas/` and to make a lexicon of it takes a third of the time of `form check`, and comes to the same
each time. So it is left in a folder of the user's (`Settings.cache`), under a hash of every file and of the program it
was made of: whatever changes, another is made. The folder may be emptied at any time, and need not be there.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import pickle
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from yibiao.collecting import no_collecting
from yibiao.contracts.documents import Findings
from yibiao.contracts.load import content_of, know, read_schemas
from yibiao.contracts.values import Schemas
from yibiao.matching.lexicon import Lexicon, know_lexicon, lexicon_of
from yibiao.matching.model import PLACE, SENSE, Model, know_model, load_model
from yibiao.matching.printable import Printable, know_printable, printable_of
from yibiao.matching.sense import open_sense

MOST = 3
"""Files that are left there: of as many checkouts, or versions of the program."""

_OURS = ("yibiao.contracts.", "yibiao.matching.")
_OTHERS = {
    ("builtins", "list"),
    ("builtins", "set"),
    ("collections", "defaultdict"),
    ("numpy", "dtype"),
    ("numpy._core.numeric", "_frombuffer"),
}
"""What such a file may be made of: nothing else is made by reading one."""


@dataclass(frozen=True)
class _Left:
    """What a file holds; the sense lies in a file of its own, by its hash."""

    schemas: Schemas
    findings: Findings
    model: Model
    sense: str
    lexicon: Lexicon
    printable: Printable


class Prepared:
    """What a schemas folder comes to, if a process before left it.

    Args:
        root: the schemas folder.
        cache: folder of `Settings.cache`; None: nothing is taken or left.

    Attributes:
        taken: whether it was there: `load_schemas`, `load_model`, `lexicon_of` and `printable_of` answer at once now.
    """

    def __init__(self, root: Path, cache: Path | None) -> None:
        self.root, self.cache = root, cache
        self.taken = cache is not None and self._take(cache)

    def leave(self) -> None:
        """Leave what this process has read for the next one, unless it took it itself; nothing fails if it cannot."""
        if self.cache is None or self.taken or not self._hash:
            return
        (schemas, findings), model = read_schemas(self.root), load_model(self.root)
        lexicon = lexicon_of(schemas, model.learned)
        sense = model.sense.hash if model.sense else ""
        left = _Left(schemas, findings, replace(model, sense=None), sense, lexicon, printable_of(lexicon))
        with contextlib.suppress(OSError):
            self.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_own(self.cache):
                _write(pickle.dumps(left, pickle.HIGHEST_PROTOCOL), self.cache / self._name)
                _tidy(self.cache)

    def _take(self, cache: Path) -> bool:
        path = cache / self._name
        try:
            if not self._hash or not _is_own(cache) or not _is_own(path):
                return False
            read = path.read_bytes()
            sense = open_sense(self.root / SENSE)
            with no_collecting():
                left = _Reader(io.BytesIO(read)).load()
        except (OSError, pickle.UnpicklingError, EOFError, AttributeError, ImportError, TypeError, ValueError):
            return False
        if not isinstance(left, _Left) or (sense.hash if sense.read else "") != left.sense:
            return False
        model = replace(left.model, sense=sense if sense.read else None)
        know(self.root, self._content, left.schemas, left.findings)
        know_model(self.root, self._weights, model)
        know_lexicon(left.lexicon, model.learned)
        know_printable(left.printable)
        return True

    @cached_property
    def _content(self) -> str:
        return content_of(self.root.resolve())

    @cached_property
    def _weights(self) -> bytes:
        try:
            return (self.root / PLACE).read_bytes()
        except OSError:
            return b""

    @cached_property
    def _hash(self) -> str:
        """Of all that a file is made of; empty if something of it cannot be read."""
        if not self._content or not self._weights:
            return ""
        found = hashlib.blake2b(digest_size=16)
        for part in (sys.version, np.__version__, str(self.root.resolve())):
            found.update(f"{part}\n".encode())
        found.update(self._content.encode())
        found.update(self._weights)
        here = Path(__file__).parents[1]
        ours = (here / "errors.py", *sorted(here.glob("contracts/*.py")), *sorted(here.glob("matching/*.py")))
        upstream = find_spec("open_data_contract_standard")  # what contracts are held against
        folders = upstream.submodule_search_locations if upstream else None
        for path in (*ours, *(one for folder in folders or () for one in sorted(Path(folder).glob("*.py")))):
            found.update(f"{path.name}\n".encode())
            found.update(path.read_bytes())
        return found.hexdigest()

    @property
    def _name(self) -> str:
        return f"matching-{self._hash}.pickle"


class _Reader(pickle.Unpickler):
    """Makes nothing but what such a file is made of."""

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith(_OURS) or (module, name) in _OTHERS:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")


def _is_own(path: Path) -> bool:
    """Does it belong to this user, and may nobody else write it?"""
    found = path.stat()
    return found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _write(content: bytes, path: Path) -> None:
    aside = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        aside.touch(mode=0o600)
        aside.write_bytes(content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _tidy(cache: Path) -> None:
    """Remove all but the newest."""
    found = sorted(cache.glob("matching-*.pickle"), key=lambda one: one.stat().st_mtime, reverse=True)
    for one in found[MOST:]:
        one.unlink(missing_ok=True)
