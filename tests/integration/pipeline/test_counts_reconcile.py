"""Counts reconcile: recomputed from files alone, with plain readers, they are what the program wrote down."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from installations import PROJECT, Installation
from reconcile import Reconciliation, reconcile


@pytest.fixture(scope="module")
def found(published: Installation) -> Reconciliation:
    return reconcile(published.home, published.data)


def test_every_count_is_what_the_files_say(found: Reconciliation) -> None:
    assert [(check.where, check.law, check.left, check.right) for check in found.failures] == []
    assert len(found.checks) > 1000


def test_every_delivered_file_is_in_the_release(found: Reconciliation) -> None:
    assert found.not_loaded == []
    assert all(counts["read"] > 0 for counts in found.counts["reports"].values())


def test_the_district_is_no_toy_for_the_laws(found: Reconciliation) -> None:
    """Superseded and quarantined rows, unlinked records and conflicts are there, or the comparisons prove little."""
    reports, entities = found.counts["reports"].values(), found.counts["entities"]
    assert sum(counts["quarantined"] for counts in reports) > 0
    assert sum(counts["superseded"] for counts in reports) > 0
    assert entities["resident"]["unlinked"] > 0
    assert entities["resident"]["disputed_cells"] > 0
    assert all(counts["golden"] > 0 for counts in entities.values())


def test_the_script_runs_by_hand(published: Installation) -> None:
    script = PROJECT / "tests" / "reconcile.py"
    done = subprocess.run(
        [sys.executable, script, published.home, published.data, "--json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["failures"] == []
    assert told["reports"]["public_security.resident_register"]["read"] > 0


def _laws(installation: Installation) -> set[str]:
    return {check.law for check in reconcile(installation.home, installation.data).failures}


def test_a_row_lost_from_a_package_is_found(installation: Installation) -> None:
    package = _package(installation, "public_security.resident_register", "2026-03")
    _rewrite(package / "accepted.parquet", slice(1, None))
    assert {
        "every row of the delivery once",
        "rows in the delivered file = rows read",
        "crosswalk = every staged row of reports about it, once",
    } <= _laws(installation)


def test_a_row_lost_from_the_release_is_found(installation: Installation) -> None:
    _rewrite(installation.release / "resident_crosswalk.parquet", slice(0, -1))
    assert {
        "crosswalk = every staged row of reports about it, once",
        "rows of the table = manifest",
        "content of the table = manifest",
        "content hash of the release = manifest",
    } <= _laws(installation)


def test_a_wrong_figure_in_the_manifest_and_in_the_summary_is_found(installation: Installation) -> None:
    for path, keys in (
        (installation.release / "manifest.json", ("counts", "entities", "benefit")),
        (installation.home / "summary.json", ("entities",)),
    ):
        document = json.loads(path.read_bytes())
        figures = document
        for key in keys:
            figures = figures[key]
        name = sorted(figures)[0]
        figures[name] += 1
        path.chmod(0o600)
        path.write_text(json.dumps(document))
    assert _laws(installation) == {"counts of the entity = manifest", "entities = summary.json"}


def test_a_delivered_row_that_nobody_read_is_found(installation: Installation) -> None:
    path = next(installation.data.glob("api/grid_center/grid_event/2026-03.ndjson"))
    path.write_bytes(path.read_bytes() + b"{}\n")
    assert _laws(installation) == {"rows in the delivered file = rows read"}


def _package(installation: Installation, report: str, edition: str) -> Path:
    department, name = report.split(".")
    for folder in sorted((installation.home / "lake" / department / name).glob("load=*")):
        if json.loads((folder / "manifest.json").read_bytes())["edition"] == edition:
            return folder
    raise AssertionError(f"no package of {report} {edition}")


def _rewrite(path: Path, rows: slice) -> None:
    table = pq.ParquetFile(path).read()
    kept = list(range(table.num_rows))[rows]
    path.chmod(0o600)
    pq.write_table(table.take(kept), path)
