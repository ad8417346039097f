"""What became of every quarantined row of a load: open, resolved by an amendment, or finally rejected.

A fold over landed amendments and decisions that no order of arrival changes:

- *rejected*: a human decided so; nothing else counts for the row.
- *resolved*: some amendment holds it in a form that passes. Of several the last in their order counts.
- *open*: all others. What the row holds now is its form in the last amendment that holds it, else in the delivery.

A row that the present contract accepts as it was delivered, and that was amended before, is *replaced*: the sender's
later word counts, and the row is counted among the accepted ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from yibiao.contracts.reports import Report
from yibiao.contracts.values import Schemas
from yibiao.errors import LoadError
from yibiao.ingest.packages import QUARANTINE, LoadPackage, live_packages
from yibiao.quarantine.packages import AmendmentPackage, live_amendments
from yibiao.settings import Settings

OPEN, RESOLVED, REJECTED, REPLACED, FAILING = "open", "resolved", "rejected", "replaced", "failing"
"""Of the last: an open row whose present form is that of an amendment."""

_NONE = np.zeros(0, dtype=np.int64)
_TOUCHED = pa.schema([("row", pa.int64()), ("state", pa.string()), ("amendment_id", pa.string())])


@dataclass(frozen=True)
class RowStates:
    """The states of one load's rows.

    Attributes:
        open, resolved, rejected: numbers of rows; together what the load's quarantine holds.
        touched: one row per row that is not simply open: `row`, `state` (resolved, replaced, rejected, failing) and the
            `amendment_id` whose form of the row counts (null if rejected).
        amendments: ids of the amendments, in their order.
    """

    open: int
    resolved: int = 0
    rejected: int = 0
    touched: pa.Table = field(default_factory=_TOUCHED.empty_table)
    amendments: tuple[str, ...] = ()

    def rows(self, state: str) -> np.ndarray:
        """Numbers of the touched rows in a state, ascending."""
        chosen = self.touched.filter(pa.array(np.asarray(self.touched["state"].to_pylist(), dtype=object) == state))
        return np.sort(chosen["row"].to_numpy())

    def identity(self) -> list[object]:
        """What of it decides a release: JSON-ready, empty if nothing was amended or rejected."""
        rejected = self.rows(REJECTED).tolist()
        return [list(self.amendments), rejected] if self.amendments or rejected else []


def fold(package: LoadPackage, amendments: Sequence[AmendmentPackage], rejected: Collection[int] = ()) -> RowStates:
    """The states of a load's rows.

    Args:
        amendments: of its delivery, in any order.
        rejected: numbers of the rows that a human rejected.
    """
    if not amendments and not rejected:
        return RowStates(package.manifest["counts"]["quarantined"])
    amendments = sorted(amendments, key=lambda one: one.order)
    held = np.sort(pq.ParquetFile(package.folder / QUARANTINE).read(["_row"])["_row"].to_numpy())
    out = np.intersect1d(np.fromiter(rejected, dtype=np.int64, count=len(rejected)), held)
    mended, by = _last([one.mended for one in amendments])
    is_held, is_out = np.isin(mended, held), np.isin(mended, out)
    failing, failing_by = _last([one.failing for one in amendments])
    still = np.isin(failing, held) & ~np.isin(failing, mended) & ~np.isin(failing, out)
    parts = [
        (RESOLVED, mended[is_held & ~is_out], by[is_held & ~is_out]),
        (REPLACED, mended[~is_held], by[~is_held]),
        (FAILING, failing[still], failing_by[still]),
        (REJECTED, out, np.full(len(out), -1)),
    ]
    ids = [one.amendment_id for one in amendments]
    touched = pa.concat_tables(
        pa.table(
            [
                pa.array(rows, pa.int64()),
                pa.array([state] * len(rows), pa.string()),
                pa.array([ids[place] if place >= 0 else None for place in places], pa.string()),
            ],
            schema=_TOUCHED,
        )
        for state, rows, places in parts
    )
    resolved = len(parts[0][1])
    return RowStates(len(held) - resolved - len(out), resolved, len(out), touched, tuple(ids))


def _last(members: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Every number once, ascending, with the place of the last member that has it."""
    rows = np.concatenate([_NONE, *members])
    places = np.repeat(np.arange(len(members)), [len(one) for one in members])
    order = np.lexsort((places, rows))
    rows, places = rows[order], places[order]
    last = np.append(rows[1:] != rows[:-1], True)[: len(rows)]
    return rows[last], places[last]


@dataclass(frozen=True)
class HeldLoad:
    """A live load, the amendments of its delivery, and the states of its rows."""

    report: Report
    package: LoadPackage
    amendments: tuple[AmendmentPackage, ...]
    states: RowStates

    @property
    def load_id(self) -> str:
        return self.package.load_id

    @property
    def edition(self) -> str:
        return self.package.manifest["edition"]

    @property
    def delivery(self) -> str:
        return self.package.manifest["delivery"]["sha256"]


def held_loads(schemas: Schemas, settings: Settings, report: str | None = None) -> list[HeldLoad]:
    """The live loads that have or had rows in quarantine, by report, edition, delivery.

    Args:
        report: only of this one.

    Raises:
        LoadError: there is no such report, or a package is damaged.
    """
    if report is not None and report not in schemas.reports:
        raise LoadError("There is no such report.", where="--report", got=report, todo="See `yibiao load list`.")
    return list(_held(schemas, settings, report))


def _held(schemas: Schemas, settings: Settings, only: str | None) -> Iterator[HeldLoad]:
    from yibiao.control import withdrawn_deliveries
    from yibiao.quarantine.decisions import rejected_rows

    rejected, withdrawn = rejected_rows(settings), withdrawn_deliveries(settings)
    for report in schemas.reports.values():
        if only not in (None, report.id):
            continue
        amendments = live_amendments(report, settings)
        for package in live_packages(report, settings):
            if package.delivered in withdrawn:
                continue
            _, edition, delivery = package.delivered
            own = amendments.get((edition, delivery), [])
            if package.manifest["counts"]["quarantined"] or own:
                states = fold(package, own, rejected.of(package.manifest))
                yield HeldLoad(report, package, tuple(own), states)


def find_load(prefix: str, schemas: Schemas, settings: Settings) -> HeldLoad:
    """The one live load with quarantined rows whose id begins like this.

    Raises:
        LoadError: none, or several.
    """
    found = [held for held in held_loads(schemas, settings) if held.load_id.startswith(prefix)]
    if len(found) != 1:
        raise LoadError(
            "No load with quarantined rows has this id." if not found else "More than one load has an id like this.",
            where=f"load {prefix}",
            expected="the id of one live load, or its first characters",
            got=f"{len(found)} loads",
            todo="See the ids with `yibiao quarantine list`.",
        )
    return found[0]
