"""Recount a demo folder: reads the delivered files, compares them with the truth, and holds the rates to the table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from yibiao.contracts.reports import Column, Report
from yibiao.contracts.values import Schemas
from yibiao.demo import damage, verdicts
from yibiao.demo.marker import DemoError, read_marker
from yibiao.demo.residents import SHARED_NUMBERS
from yibiao.demo.writers import place_of
from yibiao.progress import Progress, Silent

LARGE_ROWS, LARGE_REPORTS = 0.3, 5
"""At least so many reports have more rows than this share of the residents."""

_SHARED_FROM = ("public_security.resident_register", "grid_center.resident_roll")
"""Reports that together name nearly everybody: numbers of two holders are counted in them."""


@dataclass(frozen=True)
class Rate:
    """One rate: what was wanted, what the files show, among how many records."""

    name: str
    wanted: float
    found: float
    base: int
    ok: bool


@dataclass
class Audit:
    """What stands in a demo folder."""

    rates: list[Rate] = field(default_factory=list)
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    encodings: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults and all(rate.ok for rate in self.rates)

    def as_dict(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "rates": [vars(rate) for rate in self.rates],
            "rows": self.rows,
            "kinds": dict(sorted(self.kinds.items())),
            "encodings": dict(sorted(self.encodings.items())),
            "faults": self.faults,
        }

    def as_text(self) -> str:
        lines = [f"{'rate':44} {'wanted':>9} {'found':>9} {'among':>11}"]
        for rate in self.rates:
            sign = "" if rate.ok else "  <- out of tolerance"
            lines.append(f"{rate.name:44} {rate.wanted:9.3%} {rate.found:9.3%} {rate.base:11,}{sign}")
        lines.append("")
        lines.append(f"{'report':44} " + " ".join(f"{edition:>10}" for edition in next(iter(self.rows.values()), {})))
        for report, editions in self.rows.items():
            lines.append(f"{report:44} " + " ".join(f"{count:10,}" for count in editions.values()))
        lines.append(f"{'all':44} {sum(sum(editions.values()) for editions in self.rows.values()):10,}")
        lines.append("")
        lines.append("kinds: " + ", ".join(f"{kind} {count}" for kind, count in sorted(self.kinds.items())))
        lines.append("encodings: " + ", ".join(f"{name} {count}" for name, count in sorted(self.encodings.items())))
        lines += [f"FAULT: {fault}" for fault in self.faults]
        lines.append("ok" if self.ok else "NOT as wanted")
        return "\n".join(lines)


def audit(data: Path, schemas: Schemas, progress: Progress | None = None) -> Audit:
    """Recount everything from the files.

    Raises:
        DemoError: `data` is no demo folder, or it was made from other contracts.
        DeliveryError: a delivered file cannot be read.
    """
    progress = progress or Silent()
    marker = read_marker(data)
    reports = [schemas.reports[name] for name in marker["contracts"] if name in schemas.reports]
    changed = [report.id for report in reports if report.semantics() != marker["contracts"][report.id]]
    if changed or len(reports) != len(marker["contracts"]):
        raise DemoError(
            "The demo was made from other contracts.",
            where=str(data),
            got=", ".join(changed) or "a report that is gone",
            todo="Make it anew with `yibiao demo`.",
        )
    names = sorted({edition for counts in marker["rows"].values() for edition in counts})
    progress.stage("audit", len(reports) * len(names), "files")
    count = _Count(schemas)
    for edition in names:
        people = _People(data, edition)
        for report in reports:
            rows = count.delivery(data, report, edition, people)
            count.found.rows.setdefault(report.id, {})[edition] = rows
            progress.advance(1, f"{report.id} {edition}")
        count.shared_numbers()
    progress.end()
    return count.finish(reports, marker)


class _People:
    """The true residents of an edition, by their number in the truth."""

    def __init__(self, data: Path, edition: str) -> None:
        self.data, self.edition = data, edition
        filters = pc.field("edition") == edition
        self.table = pq.read_table(data / "truth" / "resident.parquet", filters=filters)
        number = self.table["no"].to_numpy()
        self.place = np.full(int(number.max(initial=0)) + 1, -1, dtype=np.int64)
        self.place[number] = np.arange(len(number))
        self._plain: dict[str, pa.Array] = {}

    def column(self, name: str) -> pa.Array:
        """A true column, one entry per resident."""
        if name not in self._plain:
            column = self.table[name].combine_chunks()
            if pa.types.is_dictionary(column.type):
                column = column.cast(pa.string())
            self._plain[name] = column
        return self._plain[name]

    def of(self, report: Report) -> np.ndarray:
        """Place of the person in each delivered row, -1 for none; in row order."""
        wanted = (pc.field("report") == report.id) & (pc.field("edition") == self.edition)
        table = pq.read_table(self.data / "truth" / "record.parquet", columns=["row", "resident_no"], filters=wanted)
        order = np.argsort(table["row"].to_numpy(), kind="stable")
        number = table["resident_no"].combine_chunks()
        known = number.is_valid().to_numpy(zero_copy_only=False)
        place = np.where(known, self.place[np.where(known, number.fill_null(0).to_numpy(), 0)], -1)
        return place[order]


class _Count:
    """Adds up what the deliveries show."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self.found = Audit()
        self.hits: Counter[str] = Counter()
        self.bases: Counter[str] = Counter()
        self.expected: dict[str, float] = {}
        self._holders: list[tuple[pa.Array, np.ndarray]] = []

    def delivery(self, data: Path, report: Report, edition: str, people: _People) -> int:
        """Read one file and count it; returns its rows."""
        path = data / place_of(report, edition)
        table = _read(path, report)
        if table.num_rows and damage.is_person_report(report):
            place = people.of(report)
            if len(place) != table.num_rows:
                self.found.faults.append(f"{report.id} {edition}: {table.num_rows} rows read, {len(place)} written")
            else:
                self._compare(report, table, place, people)
        return table.num_rows

    def _compare(self, report: Report, table: pa.Table, place: np.ndarray, people: _People) -> None:
        rows = np.flatnonzero(place >= 0)
        person = pa.array(place[rows])
        sheet = "sheet" if damage.is_sheet(report) else "text"
        for column in report.columns:
            if column.role or column.element is None or column.element not in _JUDGED:
                continue
            text = table[column.name].combine_chunks().take(pa.array(rows))
            if column.element == "citizen_id":
                self._numbers(report, text, people.column("citizen_id").take(person), place[rows], sheet)
                self._fifteens(text, people, person, sheet)
            elif column.element in ("residence_address", "hukou_address"):
                former = "former_address" if column.element == "residence_address" else "former_hukou_address"
                now, before = (people.column(name).take(person) for name in (column.element, former))
                self._add(f"{column.element}.stale", *verdicts.stale(text, now, before))
            elif column.element == "mobile_phone":
                self._add("mobile_phone.wrong", *verdicts.differs(text, people.column("mobile_phone").take(person)))
            elif column.element == "resident_name":
                self._add("resident_name.typo", *verdicts.differs(text, people.column("resident_name").take(person)))
            else:
                self._contradiction(report, column, text, people.column(column.element).take(person))

    def _add(self, name: str, base: np.ndarray, hit: np.ndarray) -> None:
        self.bases[name] += int(base.sum())
        self.hits[name] += int(hit.sum())

    def _numbers(self, report: Report, text: pa.Array, true: pa.Array, person: np.ndarray, sheet: str) -> None:
        found = verdicts.citizen_numbers(text, true)
        everything = np.ones(len(text), dtype=bool)
        self._add("citizen_id.missing", everything, found["missing"])
        wrong = found["mistyped"] | found["mistyped_valid"]
        self._add("citizen_id.mistyped", everything, wrong)
        self._add("citizen_id.mistyped that stay valid", wrong, found["mistyped_valid"])
        right = ~found["missing"] & ~wrong
        for name in ("as_number", "apostrophe", "full_width", "spaced"):
            rates = damage.SHEET_RATES if sheet == "sheet" else damage.TEXT_RATES
            if f"citizen_id.{name}" in rates:
                base = right
                if name == "as_number":
                    base = right & ~verdicts.bools(pc.ends_with(true, "X"))
                self._add(f"{sheet}: citizen_id.{name}", base, found[name])
        unchanged = right & ~found["as_number"] & ~found["full_width"] & ~found["apostrophe"]
        unchanged &= ~found["spaced"] & ~found["fifteen"] & verdicts.bools(pc.ends_with(true, "X"))
        self._add(f"{sheet}: citizen_id.lower_x", unchanged, found["lower_x"])
        if report.id in _SHARED_FROM:
            sure = np.flatnonzero(right & ~found["as_number"])
            self._holders.append((true.take(pa.array(sure)), person[sure]))

    def _fifteens(self, text: pa.Array, people: _People, person: pa.Array, sheet: str) -> None:
        born = people.column("birth_date").take(person)
        old = verdicts.bools(pc.less(pc.year(born), 2000))
        given = verdicts.bools(pc.is_valid(text))
        short = verdicts.bools(pc.match_substring_regex(text, "^[0-9]{15}$"))
        digits = verdicts.bools(pc.match_substring_regex(text, "[1-9][0-9]{5}"))
        self._add(f"{sheet}: citizen_id.fifteen", old & given & digits, old & short)

    def _contradiction(self, report: Report, column: Column, text: pa.Array, true: pa.Array) -> None:
        element = column.element or ""
        if element == "birth_date":
            said, is_so = verdicts.dates(text, column), true
        elif element == "employer_name":
            said, is_so = text, true
        else:
            # What the contract's own words cannot say cannot be said wrongly either.
            said, is_so = verdicts.standard_codes(text, column), true
        base, hit = verdicts.differs(said, is_so)
        name = f"{element}: departments contradict"
        self._add(name, base, hit)
        share = damage.contradiction_rate(self.schemas, element, report.department)
        self.expected[name] = self.expected.get(name, 0.0) + int(base.sum()) * share

    def shared_numbers(self) -> None:
        """Close an edition: numbers that two residents hold in the registers that name nearly everybody."""
        if not self._holders:
            return
        table = pa.table(
            {
                "number": pa.concat_arrays([numbers for numbers, _ in self._holders]),
                "person": pa.array(np.concatenate([person for _, person in self._holders])),
            }
        )
        self._holders = []
        pairs = table.group_by(["number", "person"]).aggregate([])
        holders = pairs.group_by("number").aggregate([("person", "count")])["person_count"].to_numpy()
        self._add("numbers held by two residents", np.ones(len(holders), dtype=bool), holders > 1)

    def finish(self, reports: list[Report], marker: dict[str, Any]) -> Audit:
        self._rates()
        found = self.found
        for report in reports:
            found.kinds[report.server.format if report.server.kind != "api" else "api"] += 1
            if report.server.encoding:
                found.encodings[report.server.encoding] += 1
        self._shape(reports, marker)
        return found

    def _rates(self) -> None:
        fixed = {**damage.RATES, "citizen_id.mistyped that stay valid": damage.STAYS_VALID}
        fixed["numbers held by two residents"] = SHARED_NUMBERS
        for sheet, table in (("sheet", damage.SHEET_RATES), ("text", damage.TEXT_RATES)):
            fixed |= {f"{sheet}: {name}": rate for name, rate in table.items()}
            fixed[f"{sheet}: citizen_id.lower_x"] = damage.LOWER_X[sheet]
        for name in [*fixed, *sorted(self.expected)]:
            base = self.bases[name]
            if not base:
                continue
            wanted = fixed[name] if name in fixed else self.expected[name] / base
            share = self.hits[name] / base
            chance = 4 * math.sqrt(wanted * (1 - wanted) / base) + 2 / base
            slack = damage.TOLERANCE * (2 if name in self.expected or "two residents" in name else 1)
            ok = abs(share - wanted) <= wanted * slack + chance
            self.found.rates.append(Rate(name, wanted, share, base, ok))

    def _shape(self, reports: list[Report], marker: dict[str, Any]) -> None:
        """What the issue asks of the whole: kinds, encodings, widths, sizes."""
        found = self.found
        if found.rows != marker["rows"]:
            found.faults.append("rows read are not the rows written")
        if len({report.department for report in reports}) < 12 or len(reports) < 24:
            found.faults.append("fewer than 12 departments or 24 reports")
        found.faults += [f"kind {kind} occurs once" for kind, count in found.kinds.items() if count < 2]
        found.faults += [
            f"encoding {name} occurs {count} times" for name, count in found.encodings.items() if count < 3
        ]
        if median(len(report.columns) for report in reports) < 12:
            found.faults.append("fewer than 12 columns in the median")
        headers = Counter(tuple(column.header for column in report.columns) for report in reports)
        if max(headers.values()) > 1:
            found.faults.append("two reports share a header list")
        large = [name for name, rows in found.rows.items() if max(rows.values()) > LARGE_ROWS * marker["residents"]]
        if len(large) < LARGE_REPORTS:
            found.faults.append(f"only {len(large)} reports are large")


_JUDGED = frozenset(
    {"citizen_id", "residence_address", "hukou_address", "mobile_phone", "resident_name", *damage.CONTRADICTIONS}
)


def _read(path: Path, report: Report) -> pa.Table:
    """A delivered file as text columns by property name, through the same readers as the main job."""
    from yibiao.ingest.readers import Reading, read

    kind = "ndjson" if report.server.kind == "api" else report.server.format
    reading = Reading(where=path.name)
    chunks = list(_tables(read(kind, path, report, reading)))
    names = [column.name for column in report.columns]
    if not chunks:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    return pa.concat_tables(chunks).combine_chunks()


def _tables(chunks: Iterator[Any]) -> Iterator[pa.Table]:
    for chunk in chunks:
        if chunk.broken:
            raise DemoError("A row of a demo file could not be read.", got=chunk.broken[0].rule)
        yield chunk.rows
