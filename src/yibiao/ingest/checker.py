"""Runs compiled checks over chunks of rows: DuckDB plans them once per report, numpy puts the bits together."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from yibiao.contracts.reports import Report
from yibiao.ingest.checks import BITS, QUARANTINE, Checks, CodeCheck, compile_checks
from yibiao.ingest.clean_bytes import Texts
from yibiao.ingest.readers.chunks import schema

RIGHT, WRONG, ABSENT = 0, 1, 2

_MANY = 5
"""One row in so many that the test by bytes is not sure of: then the senders' way of writing is one that only the test
in SQL knows, and that is cheaper than the checks. Fewer are mostly wrong."""


class _Slot:
    """A table of the engine whose content changes while the plans over it stay.

    Planning the checks of a report takes as long as running them over a hundred thousand rows. DuckDB asks for the
    Arrow stream anew at every execution of a prepared statement.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self.table.schema.__arrow_c_schema__()


@dataclass(frozen=True)
class Encoded:
    """A chunk's rows made ready to be judged.

    Attributes:
        rows: columns with code lists dictionary-encoded.
        code_hits: bit of a rule -> which rows have a text that is not in its code list, or none.
    """

    rows: pa.Table
    code_hits: list[tuple[int, np.ndarray]]


@dataclass
class Verdict:
    """What became of a chunk's rows.

    Attributes:
        rows: the rows, columns with code lists dictionary-encoded.
        places: 0-based places of the rows to keep out, ascending.
        rules: per such row the ids of the rules it broke.
        keys: a 64-bit hash of every row's key, in any order; empty for a delta.
        broken, warnings: rule id -> rows.
    """

    rows: pa.Table
    places: np.ndarray
    rules: pa.Array
    keys: np.ndarray
    broken: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)


class Checker:
    """Checks chunks of one report. One object serves all its deliveries; several threads take turns.

    Planning begins at once, in a thread of its own: meanwhile deliveries are landed and their first rows read.

    Args:
        threads: of DuckDB.
    """

    def __init__(self, report: Report, threads: int) -> None:
        self.report = report
        # A delta may tell of one thing several times; elsewhere a key that comes back is a mistake.
        self._keyed = report.mode != "delta" and bool(report.key)
        self._lock, self._code_lock = threading.Lock(), threading.Lock()
        self._planner = ThreadPoolExecutor(1, "plan")
        self._planned = self._planner.submit(self._plan, threads)

    def _plan(self, threads: int) -> None:
        report = self.report
        self.checks: Checks = compile_checks(report)
        names = [column.name for column in report.columns]
        coded = {check.column for check in self.checks.codes}
        self._engine = duckdb.connect(
            config={
                "threads": threads,
                "memory_limit": "1GB",
                "preserve_insertion_order": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )
        encoded = schema(names, coded)
        self._numbers = {
            place: column.name for place, column in enumerate(report.columns) if column.type == "citizen_id"
        }
        # What the test by bytes leaves: the key, and the columns that it does not judge.
        told = self.checks.clean_rows.told
        self._left = any(column.type != "code" for place, column in enumerate(report.columns) if place not in told)
        self._left_numbers = {place: name for place, name in self._numbers.items() if place not in told}
        self._left_columns = encoded.names if self._left else ["_row", *report.key]
        empty = encoded.empty_table()
        self._batch = _Slot(empty)
        self._remaining = _Slot(_numbered(empty.select(self._left_columns), self._left_numbers))
        self._numbered = _Slot(_numbered(empty, self._numbers))
        self._engine.register("batch", self._batch)
        self._engine.register("remaining", self._remaining)
        self._engine.register("numbered", self._numbered)
        self._engine.execute(f"prepare rows as {self.checks.sql}")
        self._engine.execute(f"prepare rest as {self.checks.rest}")
        self._clean_planned = False
        # A connection of its own: codes are judged in the thread that reads, rows in the one that writes packages.
        self._codes = self._engine.cursor()
        self._texts: dict[str, _Slot] = {}
        self._known: dict[str, dict[str, int]] = {check.column: {} for check in self.checks.codes}

    def __enter__(self) -> Checker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the engine's memory back; the checker is of no use afterwards."""
        self._planner.shutdown(wait=True)
        for engine in ("_codes", "_engine"):
            if connection := getattr(self, engine, None):
                connection.close()

    def encode(self, rows: pa.Table) -> Encoded:
        """Make the rows of a `Chunk` ready; another thread may check others meanwhile."""
        self._planned.result()
        with self._code_lock:
            encoded, hits = self._check_codes(rows)
        return Encoded(encoded, hits)

    def check(self, encoded: Encoded, edition_date: str) -> Verdict:
        """Judge consecutive rows.

        Args:
            edition_date: `YYYY-MM-DD`.
        """
        rows = encoded.rows
        with self._lock:
            numbers = rows.column("_row").to_numpy()
            doubtful, keys = self._doubtful(rows, numbers, edition_date)
            words = [np.zeros(rows.num_rows, dtype=np.int64) for _ in range(self.checks.words)]
            if len(doubtful):
                self._batch.table = rows.take(pa.array(doubtful))
                flagged = self._run("rows", self.checks.sql, edition_date)
                places = np.searchsorted(numbers, np.asarray(flagged["_row"]))
                for number, word in enumerate(words):
                    word[places] = np.asarray(flagged[f"_word_{number}"])
        for bit, hit in encoded.code_hits:
            words[bit // BITS][hit] |= 1 << bit % BITS
        return self._verdict(rows, words, keys)

    def _doubtful(self, rows: pa.Table, numbers: np.ndarray, edition_date: str) -> tuple[np.ndarray, np.ndarray]:
        """Places of the rows that may break a rule, ascending, and the hashes of the keys of all."""
        sure = self.checks.clean_rows.sure(rows, int(edition_date.replace("-", "")))
        keys = np.zeros(0, dtype=np.uint64)
        if self._keyed or self._left:
            self._remaining.table = _numbered(rows.select(self._left_columns), self._left_numbers)
            judged = self._run("rest", self.checks.rest, edition_date)
            if self._keyed:
                keys = np.asarray(judged["h"])
            sure[np.searchsorted(numbers, self._unclean(judged))] = False
        doubtful = np.flatnonzero(~sure)
        if len(doubtful) * _MANY > len(sure):
            if not self._clean_planned:
                self._engine.execute(f"prepare clean as {self.checks.clean}")
                self._clean_planned = True
            self._numbered.table = _numbered(rows.take(pa.array(doubtful)), self._numbers)
            judged = self._run("clean", self.checks.clean, edition_date)
            doubtful = np.sort(np.searchsorted(numbers, self._unclean(judged)))
        return doubtful, keys

    @staticmethod
    def _unclean(judged: dict[str, np.ndarray]) -> np.ndarray:
        return np.asarray(judged["_row"])[~np.asarray(judged["clean"], dtype=bool)]

    def _run(self, name: str, sql: str, edition_date: str) -> dict[str, np.ndarray]:
        """Execute a prepared query over the rows in its table."""
        # A day and not a text: for a parameter of another type DuckDB plans the query anew every time.
        day = f"(date '{edition_date}')" if "$1" in sql else ""
        return self._engine.execute(f"execute {name}{day}").fetchnumpy()

    def _check_codes(self, rows: pa.Table) -> tuple[pa.Table, list[tuple[int, np.ndarray]]]:
        """Dictionary-encode columns with code lists, judge their distinct texts, find the rows that have wrong ones."""
        hits: list[tuple[int, np.ndarray]] = []
        # In one piece: to take rows out of forty pieces costs more than to join them.
        rows = rows.unify_dictionaries().combine_chunks()
        for check in self.checks.codes:
            place = rows.schema.get_field_index(check.column)
            encoded = rows.column(place).combine_chunks()
            if not pa.types.is_dictionary(encoded.type):
                encoded = encoded.dictionary_encode()
            rows = rows.set_column(place, check.column, encoded)
            verdicts = self._judge(check, encoded.dictionary)
            if not verdicts.any() and not (encoded.null_count and check.missing is not None):
                continue
            indices = encoded.indices.fill_null(len(verdicts)).to_numpy()
            of_row = np.append(verdicts, ABSENT)[indices]
            hits.append((check.broken, of_row == WRONG))
            if check.missing is not None:
                hits.append((check.missing, of_row == ABSENT))
        return rows, hits

    def _judge(self, check: CodeCheck, texts: pa.Array) -> np.ndarray:
        """The verdicts of distinct texts; each text is judged once in the life of the checker."""
        known = self._known[check.column]
        wanted: list[str] = texts.to_pylist()
        # The texts that nearly every delivery holds alone, told without a plan for the others.
        known.update((text, RIGHT) for text in wanted if text in check.listed)
        known.setdefault("", ABSENT)
        if new := [text for text in wanted if text not in known]:
            table = pa.table({"text": pa.array(new, pa.string())})
            name = f"texts_{list(self._known).index(check.column)}"
            if check.column not in self._texts:
                self._texts[check.column] = _Slot(table)
                self._codes.register(name, self._texts[check.column])
                self._codes.execute(f"prepare codes_{name} as {check.sql.replace('from texts', f'from {name}')}")
            self._texts[check.column].table = table
            known.update(self._codes.execute(f"execute codes_{name}").fetchall())
        return np.fromiter((known[text] for text in wanted), dtype=np.int8, count=len(wanted))

    def _verdict(self, rows: pa.Table, words: Sequence[np.ndarray], keys: np.ndarray) -> Verdict:
        kept_out = [0] * self.checks.words
        for place, rule in enumerate(self.checks.rules):
            if rule.severity == QUARANTINE:
                kept_out[place // BITS] |= 1 << place % BITS
        flagged = np.flatnonzero(np.any([word != 0 for word in words], axis=0))
        flags = np.stack([word[flagged] for word in words], axis=1)
        bad = np.any((flags & np.array(kept_out)) != 0, axis=1) if len(flagged) else np.zeros(0, dtype=bool)

        verdict = Verdict(rows, flagged[bad], pa.nulls(0, pa.list_(pa.string())), keys)
        distinct, codes, counts = np.unique(flags, axis=0, return_inverse=True, return_counts=True)
        lists: list[list[str]] = []
        for row, count in zip(distinct, counts, strict=True):
            hit = [rule for place, rule in enumerate(self.checks.rules) if int(row[place // BITS]) >> place % BITS & 1]
            lists.append([rule.id for rule in hit if rule.severity == QUARANTINE])
            for rule in hit:
                (verdict.broken if rule.severity == QUARANTINE else verdict.warnings)[rule.id] += int(count)
        if bad.any():
            table: Any = pa.array(lists, pa.list_(pa.string()))
            verdict.rules = table.take(pa.array(codes.reshape(-1)[bad]))
        return verdict


def _numbered(rows: pa.Table, numbers: dict[int, str]) -> pa.Table:
    """The rows with what `clean_sql` asks for about their citizen ID numbers.

    Args:
        numbers: place of such a column -> its name.
    """
    for place, name in numbers.items():
        born, male = Texts(rows.column(name).combine_chunks()).number()
        rows = rows.append_column(f"_clean_{place}", pa.array(born > 0))
        rows = rows.append_column(f"_male_{place}", pa.array(male))
    return rows
