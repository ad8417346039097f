"""What must hold in a home folder at every moment, a power cut included: nothing half-written is visible."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from yibiao.warehouse import content_hash

_BROKEN = (OSError, ValueError, KeyError, TypeError)
"""What a manifest raises that is missing, cut off or of another shape."""


def intact(home: Path) -> list[str]:
    """Everything wrong with what a home folder shows: landing, load packages, releases, the control database.

    Looks at files alone. Unfinished work out of sight (`work/`, hidden files) is no finding; see `left_behind`.

    Returns:
        One line per finding, with places relative to `home`; empty if all is well.
    """
    parts = (_landing(home), _lake(home), _releases(home), _current(home), _control(home))
    return [finding for part in parts for finding in part]


def left_behind(home: Path) -> list[str]:
    """What a finished run should have cleared away and did not: scratch and unfinished files of dead processes."""
    left = [*(home / "work").glob("*"), *home.glob(".*-*"), *(home / "releases").glob(".*-*")]
    left += [path for path in (home / "landing").rglob(".*-*") if path.is_file()]
    return [f"left behind: {path.relative_to(home)}" for path in sorted(left)]


def current_manifest(home: Path) -> dict[str, Any] | None:
    """The manifest of the current release, or None before the first one."""
    path = home / "releases" / "current"
    return json.loads((path / "manifest.json").read_bytes()) if path.is_symlink() else None


def _landing(home: Path) -> Iterator[str]:
    for path in _visible(home / "landing" / "objects", "*/*"):
        if _sha256(path) != path.name:
            yield f"landed bytes do not have the hash of their name: {path.name[:16]}"
    for kind, folder in (("delivery", "deliveries"), ("amendment", "amendments")):
        for path in _visible(home / "landing" / folder, "*/*/*"):
            try:
                told = json.loads(path.read_bytes())
                named = [told["sha256"]] + ([told["returned"]["sha256"]] if kind == "amendment" else [])
            except _BROKEN as error:
                yield f"{kind} record {path.name}: {type(error).__name__}"
                continue
            if not all((home / "landing" / "objects" / sha256[:2] / sha256).is_file() for sha256 in named):
                yield f"{kind} record {path.name}: its bytes are not there"


def _lake(home: Path) -> Iterator[str]:
    import pyarrow.parquet as pq

    for folder in _visible(home / "lake", "*/*/*"):
        where = f"load package {folder.name}"
        try:
            manifest = json.loads((folder / "manifest.json").read_bytes())
            counts, files = manifest["counts"], manifest["files"]
            if folder.name.startswith("amend="):
                name, whole, parts = f"amend={manifest['amendment_id']}", "returned", ("mended", "failing")
            else:
                name, whole, parts = f"load={manifest['load_id']}", "read", ("accepted", "quarantined")
            if folder.name != name:
                yield f"{where}: is called {name} by its manifest"
            if counts[whole] != sum(counts[part] for part in parts) + counts.get("orphaned", 0):
                yield f"{where}: {whole} is not {' + '.join(parts)}"
            yield from _files(folder, files, where)
            for name, count in zip(("accepted.parquet", "quarantine.parquet"), parts, strict=True):
                rows = pq.read_metadata(folder / name).num_rows
                if not rows == files[name]["rows"] == counts[count]:
                    yield f"{where}: {name} has {rows} rows, its manifest says {counts[count]}"
        except _BROKEN as error:  # pyarrow's errors are ValueError and OSError
            yield f"{where}: {type(error).__name__}"


def _releases(home: Path) -> Iterator[str]:
    import duckdb

    for folder in _visible(home / "releases", "*"):
        if folder.is_symlink() or folder.name == "journal.jsonl":
            continue
        where = f"release {folder.name}"
        try:
            manifest = json.loads((folder / "manifest.json").read_bytes())
            if manifest["version"] != folder.name or not manifest["gate"]["passed"]:
                yield f"{where}: another version, or a gate that did not pass"
            yield from _files(folder, manifest["files"], where)
            with duckdb.connect(str(folder / "yibiao.duckdb"), read_only=True) as connection:
                found = content_hash.hash_tables(connection, {name: name for name in manifest["tables"]})
            for name in sorted(name for name, table in manifest["tables"].items() if found[name] != table):
                yield f"{where}: the content of {name} is not what its manifest says"
            if content_hash.combine(found) != manifest["content_hash"]:
                yield f"{where}: its content hash is not what its manifest says"
        except (*_BROKEN, duckdb.Error) as error:
            yield f"{where}: {type(error).__name__}"


def _current(home: Path) -> Iterator[str]:
    link = home / "releases" / "current"
    if link.is_symlink() and not (home / "releases" / os.readlink(link) / "manifest.json").is_file():
        yield "the current release is not there"
    elif not link.is_symlink() and link.exists():
        yield "current is no link"


def _control(home: Path) -> Iterator[str]:
    if (home / "control.db").exists():
        connection = sqlite3.connect(home / "control.db", timeout=30)
        try:
            if connection.execute("pragma integrity_check").fetchall() != [("ok",)]:
                yield "the control database is damaged"
        except sqlite3.DatabaseError as error:
            yield f"the control database: {type(error).__name__}"
        finally:
            connection.close()


def _files(folder: Path, files: dict[str, Any], where: str) -> Iterator[str]:
    there = {path.name for path in folder.iterdir()} - {"manifest.json"}
    if there != files.keys():
        yield f"{where}: files differ from its manifest: {sorted(there ^ files.keys())}"
    for name in sorted(there & files.keys()):
        path = folder / name
        if path.stat().st_size != files[name]["bytes"] or _sha256(path) != files[name]["sha256"]:
            yield f"{where}: {name} is not what its manifest says"


def _visible(folder: Path, pattern: str) -> list[Path]:
    return [path for path in sorted(folder.glob(pattern)) if not path.name.startswith(".")]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
