"""Recomputes every count of an installation from its files alone and compares them with what the program wrote down.

    python tests/reconcile.py HOME DATA [--schemas DIR] [--json]

Read are: the delivered files (with plain readers, see `plain_readers`), the contracts as YAML, the Parquet files and
manifests of load packages, the Parquet files and manifest of the current release, `summary.json`, and the decisions in
`control.db`. Nothing of the program is imported. Ends with status 1 if any two counts differ.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))
from plain_readers import Contract, contracts
from reconcile_loads import (
    Amended,
    Package,
    Reconciliation,
    accepted_by_hand,
    assess,
    check_delivered,
    check_package,
    number,
    read_json,
    rejected_by_hand,
    sha256,
)

PROJECT = Path(__file__).resolve().parents[1]


def reconcile(home: Path, data: Path, schemas: Path = PROJECT / "schemas") -> Reconciliation:
    """Recompute and compare everything.

    Args:
        home: working folder with a current release.
        data: folder with the delivered files.
    """
    found = Reconciliation(home, data, schemas)
    release = home / "releases" / "current"
    manifest = read_json(release / "manifest.json")
    told = contracts(schemas)
    packages = _packages(home, manifest)
    by_report: dict[str, list[Package]] = {report: [] for report in told}
    for package in packages:
        by_report[package.manifest["report"]].append(package)
        check_package(found, package)
    for contract in told.values():
        check_delivered(found, contract, by_report[contract.report])
        assess(found, contract, by_report[contract.report], accepted_by_hand(home))
    number(packages)
    reports = {report: _report_counts(loads) for report, loads in by_report.items()}
    _compare_reports(found, reports, manifest, packages, release)
    entities = {entity["id"]: _check_entity(found, entity, release, packages, told) for entity in _entities(schemas)}
    for entity, counts in entities.items():
        found.same("counts of the entity = manifest", entity, counts, manifest["counts"]["entities"].get(entity))
    _check_tables(found, release, manifest)
    _check_summary(found, home, manifest, reports, entities)
    found.counts = {"reports": reports, "entities": entities}
    return found


def _packages(home: Path, manifest: Mapping[str, Any]) -> list[Package]:
    """The packages that the release names, with their amendments and the rows that were rejected."""
    folders = {path.name: path for path in (home / "lake").glob("*/*/*=*")}
    out = rejected_by_hand(home)

    def amended(amendment_id: str) -> Amended:
        folder = folders[f"amend={amendment_id}"]
        return Amended(folder, read_json(folder / "manifest.json"))

    packages = []
    for load in manifest["inputs"]["loads"]:
        folder = folders[f"load={load['load_id']}"]
        package = Package(folder, read_json(folder / "manifest.json"), [amended(one) for one in load["amendments"]])
        package.out = frozenset(out.get((*package.delivery, package.read), ()))
        packages.append(package)
    return packages


def _report_counts(packages: Sequence[Package]) -> dict[str, int]:
    by_state = Counter({state: 0 for state in ("current", "superseded", "waiting")})
    for package in packages:
        by_state[package.state] += len(package.usable)
    return {
        "loads": len(packages),
        "read": sum(one.read for one in packages),
        "accepted": sum(one.accepted.num_rows for one in packages),
        "quarantined": sum(one.quarantine.num_rows for one in packages),
        **{state: sum(one.counts[state] for one in packages) for state in ("open", "resolved", "rejected")},
        **by_state,
        "carried": sum(len(one.carried) for one in packages),
        "staged": sum(len(one.staged) for one in packages),
    }


def _compare_reports(
    found: Reconciliation,
    reports: Mapping[str, Mapping[str, int]],
    manifest: Mapping[str, Any],
    packages: Sequence[Package],
    release: Path,
) -> None:
    for report, counts in reports.items():
        found.same("counts of the report = manifest", report, counts, manifest["counts"]["reports"].get(report))
        found.same("read = accepted + quarantined", report, counts["read"], counts["accepted"] + counts["quarantined"])
        whole = counts["accepted"] + counts["open"] + counts["resolved"] + counts["rejected"]
        found.same("read = accepted + open + resolved + rejected", report, counts["read"], whole)
        states = counts["current"] + counts["superseded"] + counts["waiting"]
        usable = counts["accepted"] + counts["resolved"]
        found.same("accepted + resolved = current + superseded + waiting", report, usable, states)
        found.same("staged = current + carried over", report, counts["staged"], counts["current"] + counts["carried"])
    stated = {load["load_id"]: load["state"] for load in manifest["inputs"]["loads"]}
    states_now = {package.manifest["load_id"]: package.state for package in packages}
    found.same("state of every load = manifest", "inputs", states_now, stated)
    table = pq.read_table(release / "load.parquet").to_pylist()
    ours = {
        one.manifest["load_id"]: (
            *(one.state, one.first, one.read, one.accepted.num_rows, len(one.staged)),
            *one.counts.values(),
        )
        for one in packages
    }
    columns = ("state", "first_record_no", "read", "accepted", "row_count", "open", "resolved", "rejected")
    found.same("table `load`", "release", ours, {row["load_id"]: tuple(row[name] for name in columns) for row in table})


def _entities(schemas: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((schemas / "entities").glob("*.yml")):
        yield yaml.safe_load(path.read_text(encoding="utf-8"))


def _check_entity(
    found: Reconciliation,
    entity: Mapping[str, Any],
    release: Path,
    packages: Sequence[Package],
    told: Mapping[str, Contract],
) -> dict[str, int]:
    name, id_column = entity["id"], entity["id_column"]
    crosswalk = pq.read_table(release / f"{name}_crosswalk.parquet")
    golden = pq.read_table(release / f"{name}.parquet")
    provenance = pq.read_table(release / f"{name}_provenance.parquet")
    conflict = pq.read_table(release / f"{name}_conflict.parquet")

    about = [one for one in packages if name in told[one.manifest["report"]].about]
    expected = sorted(one.first + row for one in about for row in one.staged)
    records = sorted(crosswalk["record_no"].to_pylist())
    found.same("crosswalk = every staged row of reports about it, once", name, records == expected, True)

    owner = dict(zip(crosswalk["record_no"].to_pylist(), crosswalk[id_column].to_pylist(), strict=True))
    ids = {one for one in owner.values() if one is not None}
    golden_ids = golden[id_column].to_pylist()
    found.same("one golden record per distinct id", name, sorted(golden_ids), sorted(ids))
    found.same("one provenance row per golden record", name, sorted(provenance[id_column].to_pylist()), sorted(ids))

    golden_rows = {row[id_column]: row for row in golden.to_pylist()}
    stray = unfounded = 0
    for row in provenance.to_pylist():
        for element, record in row.items():
            if element == id_column:
                continue
            stray += record is not None and owner.get(record) != row[id_column]
            unfounded += (record is None) != (golden_rows[row[id_column]][element] is None)
    found.same("every golden value comes from a record of its entity", name, stray, 0)
    found.same("a value has a source, no value has none", name, unfounded, 0)

    claims = conflict.to_pylist()
    chosen = [row for row in claims if row["is_chosen"]]
    disputed = {(row[id_column], row["element"]) for row in claims}
    found.same("one chosen claim per disputed cell", name, len(chosen), len(disputed))
    found.same("disputed cells = the golden records' own count", name, len(disputed), _sum(golden["disputed_count"]))
    wrong = sum(owner.get(row["record_no"]) != row[id_column] for row in claims)
    found.same("every claim is of a record of its entity", name, wrong, 0)
    differing = defaultdict(set)
    for row in claims:
        differing[row[id_column], row["element"]].add(row["value"])
    found.same("disputed cells have more than one value", name, all(len(one) > 1 for one in differing.values()), True)
    linked = sum(one is not None for one in owner.values())
    return {
        "records": len(records),
        "linked": linked,
        "unlinked": len(records) - linked,
        "golden": len(golden_ids),
        "disputed_cells": len(chosen),
        "claims": len(claims),
    }


def _sum(column: pa.ChunkedArray) -> int:
    return int(pc.sum(column).as_py() or 0)


def _check_tables(found: Reconciliation, release: Path, manifest: Mapping[str, Any]) -> None:
    """Files and tables of the release as its manifest states them, content hashes by the written algorithm."""
    for name, stated in manifest["files"].items():
        found.same("hash of the release's file = manifest", name, sha256(release / name), stated["sha256"])
    files = {path.name for path in release.iterdir()} - {"manifest.json"}
    found.same("files of the release = manifest", "release", sorted(files), sorted(manifest["files"]))
    hashes = {}
    for name, stated in manifest["tables"].items():
        table = pq.read_table(release / f"{name}.parquet")
        hashes[name] = {"rows": table.num_rows, "hash": _content(table), "columns": sorted(table.column_names)}
        found.same("rows of the table = manifest", name, table.num_rows, stated["rows"])
        found.same("content of the table = manifest", name, hashes[name]["hash"], stated["hash"])
    document = {"algorithm": manifest["content_hash_algorithm"], "tables": hashes}
    text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    whole = hashlib.sha256(text.encode()).hexdigest()
    found.same("content hash of the release = manifest", "release", whole, manifest["content_hash"])


def _content(table: pa.Table) -> str:
    """The written algorithm of content hashes, version 1."""
    columns = []
    for name in sorted(table.column_names):
        column = table[name]
        texts = column.cast(pa.string()) if not pa.types.is_boolean(column.type) else column
        columns.append([_cell(text) for text in texts.to_pylist()])
    total = 0
    for row in zip(*columns, strict=True):
        total += int.from_bytes(hashlib.md5(b"".join(row)).digest()[:8], "big")
    return f"{total % 2**64:016x}"


def _cell(value: str | bool | None) -> bytes:
    if value is None:
        return b"-"
    text = (str(value).lower() if isinstance(value, bool) else value).encode()
    return b"%d:%s" % (len(text), text)


def _check_summary(
    found: Reconciliation,
    home: Path,
    manifest: Mapping[str, Any],
    reports: Mapping[str, Mapping[str, int]],
    entities: Mapping[str, Mapping[str, int]],
) -> None:
    summary = read_json(home / "summary.json")
    for row in summary["reports"]:
        ours = reports[row["report"]]
        for key in ("read", "accepted", "quarantined"):
            found.same(f"{key} = summary.json", row["report"], ours[key], row[key])
        found.same("deliveries = summary.json", row["report"], ours["loads"], row["deliveries"])
    totals = {key: sum(counts[key] for counts in reports.values()) for key in ("read", "accepted", "quarantined")}
    found.same("totals = summary.json", "totals", totals, {key: summary["totals"][key] for key in totals})
    golden = {name: counts["golden"] for name, counts in entities.items()}
    found.same("entities = summary.json", "entities", golden, summary["entities"])
    disputed = {name: counts["disputed_cells"] for name, counts in entities.items()}
    found.same("conflicts = summary.json", "conflicts", disputed, summary["conflicts"])
    found.same("release = summary.json", "release", manifest["version"], summary["release"]["version"])


def main() -> int:
    """Print what was compared; status 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--schemas", type=Path, default=PROJECT / "schemas")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = reconcile(arguments.home, arguments.data, arguments.schemas)
    if arguments.json:
        failures = [asdict(check) for check in found.failures]
        told = {"checks": len(found.checks), "failures": failures, "not_loaded": found.not_loaded, **found.counts}
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for check in found.failures:
            print(f"DIFFERS {check.where}: {check.law}\n  files: {check.left}\n  told:  {check.right}")
        for name in found.not_loaded:
            print(f"not loaded: {name}")
        print(f"{len(found.checks)} comparisons, {len(found.failures)} differ")
    return 1 if found.failures else 0


if __name__ == "__main__":
    sys.exit(main())
