"""Amendment packages in the lake: the mended rows of one amendment, read and checked as a delivery's rows are.

`lake/<dept>/<report>/amend=<id>/` holds `accepted.parquet` (rows that now pass), `quarantine.parquet` (rows that still
break rules, with their new reasons) and `manifest.json`. `_row` is the number of the row in the amended delivery. A
package is a function of the amendment, the load package that it amends, the contract and the reader: it can be deleted
and is made again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from yibiao.contracts.reports import Column, Report
from yibiao.files import scratch, to_json
from yibiao.ingest.checker import Checker
from yibiao.ingest.columns import plain
from yibiao.ingest.packages import (
    ACCEPTED,
    FORMAT,
    QUARANTINE,
    LoadPackage,
    file_account,
    live_packages,
    read_manifest,
    reader_version,
    seal,
    writing,
)
from yibiao.ingest.readers.chunks import CHUNK_ROWS, quarantine_schema, schema
from yibiao.quarantine.amendments import Amendment, Line, amendments_of, read_lines
from yibiao.settings import Settings


@dataclass(frozen=True)
class AmendmentPackage:
    """One amendment package: its folder and the content of its `manifest.json`."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def amendment_id(self) -> str:
        return self.manifest["amendment_id"]

    @property
    def order(self) -> tuple[int, str]:
        """Among the amendments of one delivery; see `Amendment.order`."""
        return self.manifest["sequence"], self.manifest["amendment"]["sha256"]

    @cached_property
    def mended(self) -> np.ndarray:
        """Numbers of the rows that pass, ascending."""
        return _row_numbers(self.folder / ACCEPTED)

    @cached_property
    def failing(self) -> np.ndarray:
        """Numbers of the rows that still break rules, ascending."""
        return _row_numbers(self.folder / QUARANTINE)


def _row_numbers(path: Path) -> np.ndarray:
    return np.sort(pq.ParquetFile(path).read(["_row"])["_row"].to_numpy())


def amendment_id(amendment: Amendment, report: Report, settings: Settings) -> str:
    """20 hexadecimal digits that are the same for the same amendment, contract semantics and reader version."""
    meaning = [*amendment.identity, report.semantics(), reader_version(settings)]
    return hashlib.sha256(to_json(meaning)).hexdigest()[:20]


def package_folder(amendment: Amendment, report: Report, settings: Settings) -> Path:
    return settings.lake / report.department / report.name / f"amend={amendment_id(amendment, report, settings)}"


def read_package(folder: Path) -> AmendmentPackage:
    """The amendment package in a folder of the lake.

    Raises:
        LoadError: its manifest is missing, damaged, or of another format.
    """
    todo = "Delete this folder; the next run makes it again from landing."
    return AmendmentPackage(folder, read_manifest(folder, "an amendment package", todo))


def live_amendments(report: Report, settings: Settings) -> dict[tuple[str, str], list[AmendmentPackage]]:
    """The amendment packages of a report that count, by (edition, hash) of the delivery that they amend.

    Those of each delivery stand in the order in which they count. An amendment that has landed and has no package yet
    is left out, as a load is.

    Raises:
        LoadError, DeliveryError: a package or a record is damaged.
    """
    found: dict[tuple[str, str], list[AmendmentPackage]] = {}
    for amendment in amendments_of(report.id, settings):
        folder = package_folder(amendment, report, settings)
        if folder.is_dir():
            found.setdefault((amendment.edition, amendment.delivery), []).append(read_package(folder))
    return found


def complete_amendments(report: Report, settings: Settings, threads: int = 1) -> list[AmendmentPackage]:
    """Make the packages of all landed amendments of a report that have none: after a changed contract, or a kill.

    An amendment whose delivery is not loaded is passed over.

    Returns:
        The packages that were made.
    """
    missing = [one for one in amendments_of(report.id, settings) if not package_folder(one, report, settings).is_dir()]
    if not missing:
        return []
    loads = {
        (package.manifest["edition"], package.manifest["delivery"]["sha256"]): package
        for package in live_packages(report, settings)
    }
    made = []
    with Checker(report, threads) as checker:
        for amendment in missing:
            original = loads.get((amendment.edition, amendment.delivery))
            if original is not None:
                made.append(make_package(amendment, original, report, settings, checker))
    return made


def make_package(
    amendment: Amendment, original: LoadPackage, report: Report, settings: Settings, checker: Checker
) -> AmendmentPackage:
    """Check the rows of a landed amendment and write its package.

    A row whose number does not fit any more (the contract now reads other rows from the delivery) amends nothing: it is
    counted as `orphaned`, and its original stays in quarantine.
    """
    lines = read_lines(amendment, settings)
    fitting = _fitting(lines, amendment, original, report)
    final = package_folder(amendment, report, settings)
    with writing("amendment package", f"{report.id} {amendment.edition}"), scratch(settings.work, "amend") as folder:
        rules, warnings = _write(folder, fitting, original, report, checker)
        rows = {name: pq.read_metadata(folder / name).num_rows for name in (ACCEPTED, QUARANTINE)}
        manifest = {
            "format": FORMAT,
            "amendment_id": final.name.removeprefix("amend="),
            "load_id": original.load_id,
            "report": report.id,
            "department": report.department,
            "edition": amendment.edition,
            "delivery": {"sha256": amendment.delivery},
            "sequence": amendment.sequence,
            "amendment": {"sha256": amendment.sha256, "bytes": amendment.bytes},
            "contract": {"version": report.version, "semantics": report.semantics()},
            "reader_version": reader_version(settings),
            "counts": {
                "returned": len(lines),
                "mended": rows[ACCEPTED],
                "failing": rows[QUARANTINE],
                "orphaned": len(lines) - len(fitting),
            },
            "rules": dict(rules),
            "warnings": dict(warnings),
            "files": file_account(folder, rows),
        }
        seal(folder, final, manifest, "load.amendment")
    return AmendmentPackage(final, manifest)


def by_column(report: Report, cells: Mapping[str, str | None]) -> dict[str, str | None]:
    """Cells by header as cells by contract column, found as a delivery's headers are: by name, then by alias."""
    seen = {plain(header): text for header, text in cells.items()}
    return {column.name: _cell(column, seen) for column in report.columns}


def _cell(column: Column, seen: Mapping[str, str | None]) -> str | None:
    return next((seen[text] for text in map(plain, (column.header, *column.aliases)) if text in seen), None)


def _fitting(lines: Sequence[Line], amendment: Amendment, original: LoadPackage, report: Report) -> list[Line]:
    """The rows that are still where they were: as many rows are read, and the key cells are the same."""
    if original.manifest["counts"]["read"] != amendment.read:
        return []
    there = original_keys(original, report, [line.row for line in lines])
    fitting = []
    for line in lines:
        key = there.get(line.row)
        was = by_column(report, line.was)
        known = [name for name in report.key if was[name] is not None]
        if key is not None and all(_same(was[name], key[name]) for name in known if key[name] is not None):
            fitting.append(line)
    return fitting


def _same(left: str | None, right: str | None) -> bool:
    return (left or "").strip() == (right or "").strip()


def original_keys(original: LoadPackage, report: Report, rows: Sequence[int]) -> dict[int, dict[str, str | None]]:
    """The key cells that rows have in their load package; a row that could not be split has none (None)."""
    found: dict[int, dict[str, str | None]] = {}
    for name in (QUARANTINE, ACCEPTED):
        wanted = [row for row in rows if row not in found]
        if not wanted:
            break
        file = pq.ParquetFile(original.folder / name)
        for batch in file.iter_batches(CHUNK_ROWS, columns=["_row", *report.key]):
            places = np.flatnonzero(np.isin(batch.column("_row").to_numpy(), wanted))
            for told in batch.take(pa.array(places)).to_pylist():
                found[told.pop("_row")] = told
    return found


def _write(
    folder: Path, lines: Sequence[Line], original: LoadPackage, report: Report, checker: Checker
) -> tuple[Counter[str], Counter[str]]:
    """Write both Parquet files; returns how many rows broke each rule, and each rule that only warns."""
    names = [column.name for column in report.columns]
    plain_schema, held_schema = schema(names), quarantine_schema(names)
    rules: Counter[str] = Counter()
    warnings: Counter[str] = Counter()
    options: dict[str, Any] = {"compression": "snappy", "store_schema": False}
    with (
        pq.ParquetWriter(folder / ACCEPTED, plain_schema, **options) as accepted,
        pq.ParquetWriter(folder / QUARANTINE, held_schema, **options) as quarantine,
    ):
        for table in _tables(lines, report, plain_schema):
            verdict = checker.check(checker.encode(table), original.manifest["edition_date"])
            keep = np.ones(table.num_rows, dtype=bool)
            keep[verdict.places] = False
            accepted.write_table(table.filter(pa.array(keep)))
            held = table.take(pa.array(verdict.places)).append_column(
                "_rules", verdict.rules.cast(pa.list_(pa.string()))
            )
            for name in ("_raw", "_proposal"):
                held = held.append_column(name, pa.nulls(held.num_rows, pa.string()))
            quarantine.write_table(held.cast(held_schema))
            rules += verdict.broken
            warnings += verdict.warnings
    return rules, warnings


def _tables(lines: Sequence[Line], report: Report, plain_schema: pa.Schema) -> Iterator[pa.Table]:
    for start in range(0, len(lines), CHUNK_ROWS):
        block = lines[start : start + CHUNK_ROWS]
        yield to_table([line.row for line in block], (by_column(report, line.now) for line in block), plain_schema)


def to_table(rows: Sequence[int], cells: Iterable[Mapping[str, str | None]], plain_schema: pa.Schema) -> pa.Table:
    """Rows as the checks take them: `_row`, then the contract's columns as text."""
    listed = list(cells)
    arrays: list[pa.Array] = [pa.array(rows, pa.int64())]
    arrays += [pa.array([row.get(name) for row in listed], pa.string()) for name in plain_schema.names[1:]]
    return pa.Table.from_arrays(arrays, schema=plain_schema)
