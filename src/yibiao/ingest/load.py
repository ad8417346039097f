"""One delivery to one load package: read, check, split into accepted and quarantined, write, move into place.

Three threads share the work: one reads, splits the text and encodes it, this one has DuckDB check it, one takes bad
rows out and writes Parquet. All three run native code that frees the interpreter.
"""

from __future__ import annotations

import json
import queue
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from yibiao.contracts.reports import Report
from yibiao.errors import LoadError
from yibiao.files import scratch
from yibiao.ingest.checker import Checker, Encoded, Verdict
from yibiao.ingest.deliveries import Delivery
from yibiao.ingest.drift import HOLD, Hold, Rename, Unsettled, changed_types, held_kinds, recognise, refuse_drift
from yibiao.ingest.landing import object_path
from yibiao.ingest.packages import (
    ACCEPTED,
    FORMAT,
    LoadPackage,
    file_account,
    load_id,
    package_folder,
    reader_version,
    seal,
    writing,
)
from yibiao.ingest.packages import QUARANTINE as QUARANTINE_FILE
from yibiao.ingest.readers import Chunk, Reading, read
from yibiao.ingest.readers.chunks import CHUNK_ROWS, quarantine_schema, regroup, schema
from yibiao.progress import Progress, Silent
from yibiao.settings import Settings

_REPEATING = frozenset({"code", "date", "month", "text"})
"""Types whose values repeat, as far as one can know; for others a dictionary would be built and thrown away."""


def load(
    delivery: Delivery, report: Report, settings: Settings, checker: Checker, progress: Progress | None = None
) -> LoadPackage:
    """Write the load package of a landed delivery.

    Args:
        checker: of this report; serves all its deliveries.

    Returns:
        The package, which is now in the lake.

    Raises:
        DeliveryError: the bytes cannot be read as the contract says; nothing is visible in the lake.
        LoadError: counts do not reconcile, or the disk refuses.
    """
    renamed: tuple[Rename, ...] | None = None
    held: frozenset[str] = frozenset()
    # Read again when its columns turn out to have drifted: rare, and nothing is paid where they have not.
    while True:
        try:
            return _attempt(delivery, report, settings, checker, progress or Silent(), renamed, held)
        except Unsettled as question:
            source = object_path(settings, delivery.sha256)
            renamed = recognise(delivery.kind, source, report, question, delivery.name)
        except Hold as found:
            held |= found.kinds


def _attempt(
    delivery: Delivery,
    report: Report,
    settings: Settings,
    checker: Checker,
    progress: Progress,
    renamed: tuple[Rename, ...] | None,
    held: frozenset[str],
) -> LoadPackage:
    """Read, check and write once.

    Raises:
        Unsettled: columns may have been renamed, and `renamed` is None.
        Hold: the contract holds deliveries with a kind of drift that is not in `held`.
    """
    identity = load_id(delivery, report.semantics(), reader_version(settings))
    final = package_folder(report, settings, identity)
    with writing("load package", delivery.name), scratch(settings.work, "load") as folder:
        writer = _Package(folder, report, delivery, settings, checker, held)
        reading = Reading(where=delivery.name, renamed=renamed)
        source = object_path(settings, delivery.sha256)
        with writer, _ahead(_encoded(read(delivery.kind, source, report, reading), checker)) as chunks:
            for chunk, encoded in chunks:
                _hold(report, reading.drift, held)
                writer.write(chunk, encoded)
                progress.advance(chunk.rows.num_rows + len(chunk.broken), delivery.name)
        reading.drift += writer.changed_types()
        refuse_drift(report, reading.drift, delivery.name)
        _hold(report, reading.drift, held)
        manifest = writer.manifest(identity, reading)
        seal(folder, final, manifest, "load.package")
    return LoadPackage(final, manifest)


def _encoded(chunks: Iterator[Chunk], checker: Checker) -> Iterator[tuple[Chunk, Encoded]]:
    """Chunks of equal size with their rows ready to be checked."""
    for chunk in regroup(chunks):
        yield chunk, checker.encode(chunk.rows)


def _hold(report: Report, drift: list[dict[str, Any]], held: frozenset[str]) -> None:
    if kinds := held_kinds(report, drift) - held:
        raise Hold(kinds)


class _Package:
    """The two Parquet files of a package and the counts that go into its manifest."""

    def __init__(
        self,
        folder: Path,
        report: Report,
        delivery: Delivery,
        settings: Settings,
        checker: Checker,
        held: frozenset[str],
    ) -> None:
        self._folder, self._report, self._delivery, self._settings = folder, report, delivery, settings
        self._checker = checker
        self._held = sorted(held)
        self._schema = schema([column.name for column in report.columns])
        self._quarantine_schema = quarantine_schema(self._schema.names[1:])
        self._accepted = self._quarantined = 0
        self._rules: Counter[str] = Counter()
        self._warnings: Counter[str] = Counter()
        self._keys: list[np.ndarray] = []

    def __enter__(self) -> _Package:
        self._thread = ThreadPoolExecutor(1, "parquet")
        self._last: Future[None] | None = None
        dictionary = [column.name for column in self._report.columns if column.type in _REPEATING]
        coded = [column.name for column in self._report.columns if column.type == "code"]
        self._accepted_file = pq.ParquetWriter(
            self._folder / ACCEPTED,
            schema(self._schema.names[1:], coded),
            compression="snappy",
            use_dictionary=dictionary,
            write_statistics=["_row"],
            store_schema=False,
        )
        self._quarantine_file = pq.ParquetWriter(
            self._folder / QUARANTINE_FILE, self._quarantine_schema, compression="snappy", store_schema=False
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            if self._last is not None and kind is None:
                self._last.result()
        finally:
            self._thread.shutdown(wait=True)
            self._accepted_file.close()
            self._quarantine_file.close()

    def write(self, chunk: Chunk, encoded: Encoded) -> None:
        """Check a chunk and write it; one chunk is being written while the next one is checked."""
        verdict = self._checker.check(encoded, self._delivery.edition_date)
        self._keys.append(verdict.keys)
        self._rules += verdict.broken
        self._warnings += verdict.warnings
        self._rules.update(rule for one in chunk.broken for rule in one.rules)
        for kind in self._held:
            self._rules[f"{HOLD}.{kind}"] += verdict.rows.num_rows
        if self._last is not None:
            self._last.result()
        self._last = self._thread.submit(self._put, verdict, chunk)

    def _put(self, verdict: Verdict, chunk: Chunk) -> None:
        accepted, quarantined = self._split(verdict, chunk)
        self._accepted += accepted.num_rows
        self._quarantined += quarantined.num_rows
        if accepted.num_rows:
            self._accepted_file.write_table(accepted, row_group_size=CHUNK_ROWS)
        if quarantined.num_rows:
            self._quarantine_file.write_table(quarantined, row_group_size=CHUNK_ROWS)

    def _split(self, verdict: Verdict, chunk: Chunk) -> tuple[pa.Table, pa.Table]:
        rows, places = verdict.rows, verdict.places
        if self._held:
            return rows.slice(0, 0), self._quarantine(rows, self._hold_all(verdict), chunk)
        if not len(places):
            return rows, self._quarantine(rows.slice(0, 0), verdict.rules, chunk)
        keep = np.ones(rows.num_rows, dtype=bool)
        keep[places] = False
        return rows.filter(pa.array(keep)), self._quarantine(rows.take(pa.array(places)), verdict.rules, chunk)

    def _hold_all(self, verdict: Verdict) -> pa.Array:
        """The rules of every row when the contract holds the whole delivery: its own, then the kinds of drift."""
        holds = [f"{HOLD}.{kind}" for kind in self._held]
        lists = [holds] * verdict.rows.num_rows
        for place, own in zip(verdict.places.tolist(), verdict.rules.to_pylist(), strict=True):
            lists[place] = own + holds
        return pa.array(lists, pa.list_(pa.string()))

    def changed_types(self) -> list[dict[str, Any]]:
        """Columns whose values are mostly not of their type; to be asked when everything is written."""
        rows = self._accepted + self._quarantined
        files = [self._folder / ACCEPTED, self._folder / QUARANTINE_FILE]
        return changed_types(self._report, {**self._rules, **self._warnings}, rows, files)

    def _quarantine(self, whole: pa.Table, rules: pa.Array, chunk: Chunk) -> pa.Table:
        """Bad rows with the rules they broke, and broken rows with their text, by row number."""
        table = whole.cast(self._schema).append_column("_rules", rules)
        for name in ("_raw", "_proposal"):
            table = table.append_column(name, pa.nulls(whole.num_rows, pa.string()))
        table = table.cast(self._quarantine_schema)
        if not chunk.broken:
            return table
        arrays: list[pa.Array] = [
            pa.array([one.row for one in chunk.broken], pa.int64()),
            *(pa.array([one.cells.get(name) for one in chunk.broken], pa.string()) for name in self._schema.names[1:]),
            pa.array([one.rules for one in chunk.broken], pa.list_(pa.string())),
            pa.array([one.raw or None for one in chunk.broken], pa.string()),
            pa.array(
                [json.dumps(one.proposal, ensure_ascii=False) if one.proposal else None for one in chunk.broken],
                pa.string(),
            ),
        ]
        broken = pa.Table.from_arrays(arrays, schema=self._quarantine_schema)
        return pa.concat_tables([table, broken]).sort_by("_row")

    def manifest(self, identity: str, reading: Reading) -> dict[str, Any]:
        """What the package says about itself.

        Raises:
            LoadError: rows read, accepted and quarantined do not add up.
        """
        report, delivery = self._report, self._delivery
        if reading.total != self._accepted + self._quarantined:
            raise LoadError(
                "Rows do not reconcile: something would be lost.",
                where=delivery.name,
                expected=f"{reading.total} rows read",
                got=f"{self._accepted} accepted and {self._quarantined} quarantined",
                todo="This is a defect of the program: report it with the kind of the file.",
            )
        self._warnings += reading.warnings
        if repeated := self._repeated_keys():
            self._warnings[f"{report.key[0]}.unique"] += repeated
        rows = {ACCEPTED: self._accepted, QUARANTINE_FILE: self._quarantined}
        return {
            "format": FORMAT,
            "load_id": identity,
            "report": report.id,
            "department": report.department,
            "edition": delivery.edition,
            "edition_date": delivery.edition_date,
            "mode": report.mode,
            "key": list(report.key),
            "delivery": {
                "sha256": delivery.sha256,
                "bytes": delivery.bytes,
                "name": delivery.name,
                "kind": delivery.kind,
            },
            "contract": {"version": report.version, "semantics": report.semantics()},
            "reader_version": reader_version(self._settings),
            "counts": {"read": reading.total, "accepted": self._accepted, "quarantined": self._quarantined},
            "rules": dict(self._rules),
            "warnings": dict(self._warnings),
            "control_totals": reading.control_totals,
            "drift": [
                {**one, "mode": mode} if (mode := report.on_drift.get(one["kind"])) else one for one in reading.drift
            ],
            "held": self._held,
            "left_out": {kind: count for kind, count in reading.left_out.items() if count},
            "repairs": {kind: count for kind, count in sorted(reading.repairs.items()) if count},
            **({"sheets": reading.sheets} if reading.sheets else {}),
            "files": file_account(self._folder, rows),
        }

    def _repeated_keys(self) -> int:
        """Rows whose key stood in an earlier row; compared by 64-bit hashes, so 8 bytes of memory a row."""
        keys = np.concatenate([np.zeros(0, dtype=np.uint64), *self._keys])
        keys.sort()
        return int((keys[1:] == keys[:-1]).sum())


_END = object()


class _ahead:
    """Run an iterator in its own thread, at most two items ahead; its errors come out here."""

    def __init__(self, items: Iterator[tuple[Chunk, Encoded]]) -> None:
        self._items = items
        self._queue: queue.Queue[Any] = queue.Queue(2)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)

    def _run(self) -> None:
        last: object = _END
        try:
            for item in self._items:
                if not self._put(item):
                    break
        except BaseException as error:
            last = error
        finally:
            close = getattr(self._items, "close", None)
            if close:
                close()
            self._put(last)

    def _put(self, item: object) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def __enter__(self) -> Iterator[tuple[Chunk, Encoded]]:
        self._thread.start()
        return self._iterate()

    def _iterate(self) -> Iterator[tuple[Chunk, Encoded]]:
        while (item := self._queue.get()) is not _END:
            if isinstance(item, BaseException):
                raise item
            yield item

    def __exit__(self, *rest: object) -> None:
        self._stop.set()
        self._thread.join()
