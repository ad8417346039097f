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
class Package:
    """One load package that the release is made of, and what its files say."""

    folder: Path
    manifest: Mapping[str, Any]
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

    @property
    def staged(self) -> set[int]:
        """Row numbers that are staged."""
        return set(self.accepted["_row"].to_pylist()) if self.state == "current" else set(self.carried)


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
    """Which loads count: of a snapshot the newest edition that did not shrink by more than the contract allows."""
    if contract.mode != "snapshot":
        return
    editions: dict[str, list[Package]] = defaultdict(list)
    for package in packages:
        editions[package.manifest["edition_date"]].append(package)
    complete: list[list[Package]] = []
    for _, members in sorted(editions.items()):
        rows, last = (sum(one.read for one in group) for group in (members, complete[-1] if complete else []))
        by_hand = all(one.delivery in accepted for one in members)
        if complete and rows < last * (1 - contract.max_drop) and not by_hand:
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

    def keys(table: pa.Table) -> list[tuple[str, ...]]:
        columns = [[(cell or "").strip(" ") for cell in table[name].to_pylist()] for name in contract.key]
        return list(zip(*columns, strict=True))

    held = {key for one in current for key in keys(one.quarantine)} - {
        key for one in current for key in keys(one.accepted)
    }
    for one in earlier:
        pairs = zip(keys(one.accepted), one.accepted["_row"].to_pylist(), strict=True)
        one.carried = frozenset(row for key, row in pairs if any(key) and key in held)


def number(packages: list[Package]) -> None:
    """Record numbers ascend by edition date, report and hash of the delivery."""
    following = 0
    for package in sorted(packages, key=lambda one: one.order):
        package.first = following
        following += package.read
