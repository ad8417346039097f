"""Load packages in the lake: their ids, their manifests, and which of them are live."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from yibiao.contracts.reports import Report
from yibiao.errors import LoadError
from yibiao.files import commit_folder, sha256_file, to_json
from yibiao.ingest.deliveries import Delivery
from yibiao.settings import Settings

READER_VERSION = "5"
"""Raise this when reading or checking the same bytes by the same contract gives another package."""

FORMAT = 1
"""Of the manifests of both kinds of packages."""

ACCEPTED, QUARANTINE, MANIFEST = "accepted.parquet", "quarantine.parquet", "manifest.json"


ROWS_NOTED = "rows"
"""Name of a control total that is the number of rows in a note which the contract promises."""


@dataclass(frozen=True)
class LoadPackage:
    """One package in the lake: its folder and the content of its `manifest.json`."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def load_id(self) -> str:
        return self.manifest["load_id"]

    @property
    def delivered(self) -> tuple[str, str, str]:
        """Report, edition and hash of the delivery that it holds."""
        return self.manifest["report"], self.manifest["edition"], self.manifest["delivery"]["sha256"]


def sheet_of(manifest: Mapping[str, Any], row: int) -> str | None:
    """The name of the sheet that holds a data row of a load; None if it is no workbook, or an older program read it."""
    for sheet in manifest.get("sheets", ()):
        if sheet["first"] <= row < sheet["first"] + sheet["rows"]:
            return str(sheet["name"])
    return None


def reader_version(settings: Settings) -> str:
    """The reader's version together with the hash of the rule macros: other rules judge the same bytes otherwise."""
    total = hashlib.sha256()
    for path in sorted((settings.dbt_project / "macros" / "rules").glob("*.sql")):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{READER_VERSION}.{total.hexdigest()[:12]}"


def load_id(delivery: Delivery, semantics: str, reader: str) -> str:
    """20 hexadecimal digits that are the same for the same delivery, contract semantics and reader version."""
    meaning = [delivery.report, delivery.edition, delivery.sha256, semantics, reader]
    return hashlib.sha256(to_json(meaning)).hexdigest()[:20]


def package_folder(report: Report, settings: Settings, load: str) -> Path:
    return settings.lake / report.department / report.name / f"load={load}"


def read_package(folder: Path) -> LoadPackage:
    """The package in a folder of the lake.

    Raises:
        LoadError: its manifest is missing, damaged, or of another format.
    """
    todo = "Delete this load folder; the next run reads its delivery from landing again."
    return LoadPackage(folder, read_manifest(folder, "a load package", todo))


def read_manifest(folder: Path, noun: str, todo: str) -> Mapping[str, Any]:
    """The manifest of a package of either kind, of a load or of an amendment.

    Raises:
        LoadError: it is missing, damaged, or of another format.
    """
    path = folder / MANIFEST
    try:
        manifest: Mapping[str, Any] = orjson.loads(path.read_bytes())
        if manifest["format"] != FORMAT:
            raise ValueError("another format")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LoadError(
            f"The manifest of {noun} cannot be read.",
            where=str(path),
            expected=f"a complete manifest of format {FORMAT}",
            got=type(error).__name__,
            todo=todo,
        ) from None
    return manifest


@contextmanager
def writing(noun: str, where: str) -> Iterator[None]:
    """Tell what the disk refuses while a package is made.

    Raises:
        LoadError: for any OSError inside.
    """
    try:
        yield
    except OSError as error:
        raise LoadError(
            f"The {noun} cannot be written.",
            where=where,
            got=error.strerror or type(error).__name__,
            todo="Free disk space or repair the disk, then run again.",
        ) from None


def file_account(folder: Path, rows: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """What a manifest says of the files of its package.

    Args:
        rows: name of a file -> rows in it.
    """
    return {
        name: {"rows": count, "bytes": (path := folder / name).stat().st_size, "sha256": sha256_file(path)}
        for name, count in rows.items()
    }


def seal(aside: Path, final: Path, manifest: Mapping[str, Any], commit: str) -> None:
    """Write the manifest of a finished package, close it to writing, and move it into the lake; see `commit_folder`."""
    (aside / MANIFEST).write_bytes(to_json(manifest))
    for path in aside.iterdir():
        path.chmod(0o400)
    commit_folder(aside, final, commit)


def live_packages(report: Report, settings: Settings) -> list[LoadPackage]:
    """The packages of a report that count: one per landed delivery, of the present semantics and reader version.

    Packages of older semantics stay in the lake and are passed over here. Sorted by edition date, then delivery hash.

    Raises:
        LoadError: a live package is damaged.
    """
    from yibiao.ingest.landing import landed

    semantics, reader = report.semantics(), reader_version(settings)
    packages = []
    for delivery in landed(report.id, settings):
        folder = package_folder(report, settings, load_id(delivery, semantics, reader))
        if folder.is_dir():
            packages.append(read_package(folder))
    return sorted(packages, key=lambda one: (one.manifest["edition_date"], one.manifest["delivery"]["sha256"]))


def manifests(settings: Settings) -> list[LoadPackage]:
    """Every package in the lake, live or not, sorted by department, report and load id."""
    return [read_package(folder) for folder in sorted(settings.lake.glob("*/*/load=*"))]


def read_rows(path: Path, rows: Sequence[int], columns: Sequence[str]) -> dict[int, dict[str, str | None]]:
    """Some rows of a package by number; those that it does not hold are left out, and columns that it lacks too."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        return {}
    file = pq.ParquetFile(path)
    chosen = ["_row", *(name for name in dict.fromkeys(columns) if name in file.schema_arrow.names)]
    wanted = np.sort(np.asarray(rows, dtype=np.int64))
    found = {}
    for number in range(file.num_row_groups):
        bounds = file.metadata.row_group(number).column(0).statistics
        if bounds is not None and not ((wanted >= bounds.min) & (wanted <= bounds.max)).any():
            continue
        table = file.read_row_group(number, chosen)
        places = np.flatnonzero(np.isin(table["_row"].to_numpy(), wanted))
        for told in table.take(pa.array(places)).to_pylist():
            found[told.pop("_row")] = told
    return found
