"""Load by load: delivered files against packages, and which packages count. Part of `reconcile`; files alone."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from plain_readers import Contract, count_rows


@dataclass(frozen=True)
class Check:
    """One comparison: the law, where it was looked at, both sides."""

    law: str
    where: str
    left: Any
    right: Any

    @property
    def holds(self) -> bool:
        return bool(self.left == self.right)


@dataclass
class Amended:
    """One amendment package: mended rows of a load, and rows that came back and are still wrong."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def order(self) -> tuple[int, str]:
        return self.manifest["sequence"], self.manifest["amendment"]["sha256"]

    @cached_property
    def mended(self) -> dict[int, dict[str, Any]]:
        return {row["_row"]: row for row in pq.ParquetFile(self.folder / "accepted.parquet").read().to_pylist()}

    @cached_property
    def failing(self) -> dict[int, dict[str, Any]]:
        return {row["_row"]: row for row in pq.ParquetFile(self.folder / "quarantine.parquet").read().to_pylist()}


@dataclass
class Package:
    """One load package that the release is made of, and what its files say.

    Attributes:
        amendments: of its delivery.
        out: numbers of the rows that somebody rejected.
    """

    folder: Path
    manifest: Mapping[str, Any]
    amendments: list[Amended] = field(default_factory=list)
    out: frozenset[int] = frozenset()
    state: str = "current"
    first: int = 0
    carried: frozenset[int] = frozenset()

    @property
    def order(self) -> tuple[str, str, str]:
        return self.manifest["edition_date"], self.manifest["report"], self.manifest["delivery"]["sha256"]

    @property
    def delivery(self) -> tuple[str, str, str]:
        return self.manifest["report"], self.manifest["edition"], self.manifest["delivery"]["sha256"]

    @cached_property
    def accepted(self) -> pa.Table:
        return pq.ParquetFile(self.folder / "accepted.parquet").read()

    @cached_property
    def quarantine(self) -> pa.Table:
        return pq.ParquetFile(self.folder / "quarantine.parquet").read()

    @property
    def read(self) -> int:
        """Rows of the delivery, as the two Parquet files have them."""
        return self.accepted.num_rows + self.quarantine.num_rows

    @cached_property
    def held(self) -> set[int]:
        """Rows kept out when the delivery was read."""
        return set(self.quarantine["_row"].to_pylist())

    @cached_property
    def forms(self) -> dict[int, dict[str, Any]]:
        """Amended row -> its form in the last amendment in which it passes."""
        found: dict[int, dict[str, Any]] = {}
        for one in sorted(self.amendments, key=lambda one: one.order):
            found |= one.mended
        return found

    @property
    def rejected(self) -> set[int]:
        return self.held & self.out

    @property
    def resolved(self) -> set[int]:
        return (self.held & self.forms.keys()) - self.out

    @property
    def open(self) -> set[int]:
        return self.held - self.rejected - self.resolved

    @cached_property
    def usable(self) -> dict[int, dict[str, Any]]:
        """Rows that are staged if the load counts: accepted, some of them replaced, and resolved."""
        accepted = {row["_row"]: row for row in self.accepted.to_pylist()}
        return {row: self.forms.get(row, cells) for row, cells in accepted.items()} | {
            row: self.forms[row] for row in self.resolved
        }

    @cached_property
    def present(self) -> dict[int, dict[str, Any]]:
        """Open rows as they came back last, else as they were delivered."""
        found = {row["_row"]: row for row in self.quarantine.to_pylist() if row["_row"] in self.open}
        for one in sorted(self.amendments, key=lambda one: one.order):
            found |= {row: cells for row, cells in one.failing.items() if row in self.open}
        return found

    @property
    def counts(self) -> dict[str, int]:
        return {
            "open": len(self.open),
            "resolved": len(self.resolved),
            "rejected": len(self.rejected),
        }

    @property
    def staged(self) -> set[int]:
        """Row numbers that are staged."""
        return set(self.usable) if self.state == "current" else set(self.carried)


@dataclass
class Reconciliation:
    """All checks of one installation.

    Attributes:
        not_loaded: delivered files of which no load is in the release, relative to the data folder.
        counts: the recomputed figures, for people.
    """

    home: Path
    data: Path
    schemas: Path
    checks: list[Check] = field(default_factory=list)
    not_loaded: list[str] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)

    @property
    def failures(self) -> list[Check]:
        return [check for check in self.checks if not check.holds]

    def same(self, law: str, where: str, left: Any, right: Any) -> None:
        self.checks.append(Check(law, where, left, right))


def read_json(path: Path) -> Any:
    return json.loads(path.read_bytes())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_package(found: Reconciliation, package: Package) -> None:
    """Inside one package: nothing lost, nothing twice, files as stated."""
    manifest, where = package.manifest, f"{package.manifest['report']} {package.manifest['edition']}"
    counts = {"read": package.read, "accepted": package.accepted.num_rows, "quarantined": package.quarantine.num_rows}
    found.same("rows in the package's Parquet files = its manifest", where, counts, manifest["counts"])
    numbers = sorted(package.accepted["_row"].to_pylist() + package.quarantine["_row"].to_pylist())
    found.same("every row of the delivery once", where, numbers == list(range(1, package.read + 1)), True)
    reasons = pc.list_value_length(package.quarantine["_rules"]).to_pylist()
    found.same("every quarantined row has a reason", where, all(reasons), True)
    broken = Counter(rule for rules in package.quarantine["_rules"].to_pylist() for rule in set(rules))
    found.same("rows by rule = manifest", where, dict(broken), dict(manifest["rules"]))
    for name, stated in manifest["files"].items():
        found.same("hash of the file = manifest", f"{where} {name}", sha256(package.folder / name), stated["sha256"])
    original = found.home / "landing" / "objects" / manifest["delivery"]["sha256"][:2] / manifest["delivery"]["sha256"]
    found.same("landing holds the original bytes", where, sha256(original), manifest["delivery"]["sha256"])
    whole = package.accepted.num_rows + sum(package.counts.values())
    found.same("read = accepted + open + resolved + rejected", where, whole, package.read)
    landed = [one for one in _landed_amendments(found.home, manifest["report"]) if _mends(one, manifest)]
    told = sorted((one.manifest["sequence"], one.manifest["amendment"]["sha256"]) for one in package.amendments)
    found.same(
        "every landed amendment takes part", where, told, sorted((one["sequence"], one["sha256"]) for one in landed)
    )
    for one in package.amendments:
        _check_amendment(found, package, one, f"{where} amendment {one.manifest['sequence']}")


def _landed_amendments(home: Path, report: str) -> list[dict[str, Any]]:
    folder = home / "landing" / "amendments" / report.replace(".", "/", 1)
    return [read_json(path) for path in sorted(folder.glob("*.json"))]


def _mends(record: Mapping[str, Any], manifest: Mapping[str, Any]) -> bool:
    return (record["edition"], record["delivery"]) == (manifest["edition"], manifest["delivery"]["sha256"])


def _check_amendment(found: Reconciliation, package: Package, one: Amended, where: str) -> None:
    """Every mended row came back from the sender, once, and is a row of the delivery."""
    for name, stated in one.manifest["files"].items():
        found.same("hash of the file = manifest", f"{where} {name}", sha256(one.folder / name), stated["sha256"])
    landed = one.manifest["amendment"]["sha256"]
    bytes_ = (found.home / "landing" / "objects" / landed[:2] / landed).read_bytes()
    found.same("landing holds the amendment's bytes", where, hashlib.sha256(bytes_).hexdigest(), landed)
    came = sorted(json.loads(line)["row"] for line in bytes_.splitlines())
    used = sorted([*one.mended, *one.failing])
    orphaned = one.manifest["counts"]["orphaned"]
    found.same("mended + still wrong + orphaned = rows that came back", where, len(used) + orphaned, len(came))
    found.same(
        "every row of the amendment came back, once", where, set(used) <= set(came) and len(set(used)), len(used)
    )
    found.same("every amended row is a row of the delivery", where, all(1 <= row <= package.read for row in used), True)


def check_delivered(found: Reconciliation, contract: Contract, packages: Sequence[Package]) -> None:
    """Rows in the delivered files, counted by plain readers, against the packages."""
    loaded = {package.manifest["delivery"]["sha256"]: package for package in packages}
    editions = {package.manifest["edition"]: package for package in packages}
    for path in contract.delivered(found.data):
        package = editions.get(path.stem) if contract.kind == "api" else loaded.get(sha256(path))
        if package is None:
            found.not_loaded.append(str(path.relative_to(found.data)))
            continue
        rows = count_rows(path, contract)
        found.same("rows in the delivered file = rows read", f"{contract.report} {path.name}", rows, package.read)


def rejected_by_hand(home: Path) -> dict[tuple[str, ...], set[int]]:
    """(report, edition, hash, rows read) -> rows of that delivery that somebody rejected; the last word counts."""
    connection = sqlite3.connect(f"{(home / 'control.db').resolve().as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "select report, edition, delivery_sha256, rows_read, row_no, decision from row_decision"
            " order by row_decision_id"
        ).fetchall()
    finally:
        connection.close()
    last = {tuple(row[:5]): row[5] for row in rows}
    found: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for (*delivery, row), decision in last.items():
        if decision == "reject":
            found[tuple(delivery)].add(row)
    return found


def accepted_by_hand(home: Path) -> set[tuple[str, ...]]:
    """Deliveries (report, edition, hash) that somebody accepted although they look incomplete; the last word counts."""
    connection = sqlite3.connect(f"{(home / 'control.db').resolve().as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "select report, edition, delivery_sha256, decision from decision order by decision_id"
        ).fetchall()
    finally:
        connection.close()
    last = {tuple(row[:3]): row[3] for row in rows}
    return {delivery for delivery, decision in last.items() if decision == "accept"}


def assess(found: Reconciliation, contract: Contract, packages: list[Package], accepted: set[tuple[str, ...]]) -> None:
    """Which loads count: of a snapshot the newest edition that did not shrink and has the rows that it prints."""
    if contract.mode != "snapshot":
        return
    editions: dict[str, list[Package]] = defaultdict(list)
    for package in packages:
        editions[package.manifest["edition_date"]].append(package)
    complete: list[list[Package]] = []
    for _, members in sorted(editions.items()):
        rows, last = (sum(one.read for one in group) for group in (members, complete[-1] if complete else []))
        by_hand = all(one.delivery in accepted for one in members)
        noted = [one for member in members for one in member.manifest["control_totals"] if one["name"] == "rows"]
        short = any(one["stated"] is None or one["stated"] > one["counted"] for one in noted)
        if complete and (short or rows < last * (1 - contract.max_drop)) and not by_hand:
            for one in members:
                one.state = "waiting"
        else:
            complete.append(members)
    for members in complete[:-1]:
        for one in members:
            one.state = "superseded"
    if len(complete) > 1 and contract.key:
        _carry(contract, complete[-2], complete[-1])


def _carry(contract: Contract, earlier: Sequence[Package], current: Sequence[Package]) -> None:
    """Rows of the earlier edition whose key is in quarantine now: held, so that their facts neither change nor end."""

    def key(row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple((row[name] or "").strip(" ") for name in contract.key)

    held = {key(row) for one in current for row in one.present.values()} - {
        key(row) for one in current for row in one.usable.values()
    }
    for one in earlier:
        one.carried = frozenset(number for number, row in one.usable.items() if any(key(row)) and key(row) in held)


def number(packages: list[Package]) -> None:
    """Record numbers ascend by edition date, report and hash of the delivery."""
    following = 0
    for package in sorted(packages, key=lambda one: one.order):
        package.first = following
        following += package.read
