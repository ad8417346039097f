"""Understands the members of a zip or gz file, each as a file of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from yibiao.detect.table import Detected
from yibiao.errors import DeliveryError


def detect_archive(path: Path, kind: str, detect: Callable[[Path], list[Detected]]) -> list[Detected]:
    """The tables of all members, in the archive's order; a table's name begins with its member's.

    Members that are no table (a note, a picture) are passed over if another member is one.

    Args:
        kind: zip or gz; what the archive is called does not matter.
        detect: detection of an unpacked file.

    Raises:
        DeliveryError: the archive is damaged, encrypted, a bomb, or no member is a table.
    """
    from yibiao.ingest.archives import members

    name = path.name if path.name.lower().endswith(f".{kind}") else f"{path.name}.{kind}"
    found: list[Detected] = []
    first: DeliveryError | None = None
    for member, content in members(path, name):
        inner = member.removeprefix(f"{name}/")
        with tempfile.TemporaryDirectory(prefix="yibiao-") as folder:
            # The name is shown in errors, and some kinds of file are told apart by its end. No disk here takes more
            # than 255 bytes; Windows takes 255 characters.
            unpacked = Path(folder) / (PurePosixPath(inner).name[-60:].lstrip(".") or "member")
            with unpacked.open("wb") as target:
                shutil.copyfileobj(content, target)
            try:
                tables = detect(unpacked)
            except DeliveryError as error:
                first = first or error
                continue
            found += [replace(table, name="/".join(filter(None, (inner, table.name)))) for table in tables]
    if not found and first is not None:
        raise first
    return found
