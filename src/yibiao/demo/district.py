"""Make a whole demo district on disk: deliveries, API rows, and the truth kept aside."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from yibiao.contracts.reports import Report
from yibiao.contracts.values import Schemas
from yibiao.demo.damage import make_plan
from yibiao.demo.deliver import deliver, first_counts
from yibiao.demo.edition import MAXIMUM, Edition
from yibiao.demo.marker import FORMAT, MARKER, DemoError, read_marker
from yibiao.demo.rosters import known, roster
from yibiao.demo.truth import Truth
from yibiao.demo.truth_files import RecordWriter, TruthWriter
from yibiao.demo.world import make_world
from yibiao.demo.writers import write
from yibiao.files import to_json
from yibiao.progress import Progress, Silent


def generate(
    out: Path,
    schemas: Schemas,
    residents: int = 50_000,
    seed: int = 1,
    editions: int = 3,
    progress: Progress | None = None,
    reports: Callable[[Report], bool] | None = None,
) -> bool:
    """Make the district, unless the same one is there already.

    Args:
        out: data folder; new, empty or an earlier demo.
        residents: about how many people live there.
        seed: equal seeds give equal districts.
        editions: monthly deliveries from 2026-01 on, at most twelve.
        reports: which reports to deliver; by default all that the demo has a roster for, so that a report that a
            department adds does not stop the district.

    Returns:
        False if the same district was there already.

    Raises:
        DemoError: the folder holds something else, or a number is out of range.
    """
    progress = progress or Silent()
    _check(residents, editions)
    wanted: dict[str, Any] = {"format": FORMAT, "residents": residents, "seed": seed, "editions": editions}
    chosen = [report for report in schemas.reports.values() if (reports or _has_roster)(report)]
    wanted["contracts"] = {report.id: report.semantics() for report in chosen}
    if not _free(out, wanted):
        return False
    out.parent.mkdir(parents=True, exist_ok=True)
    _clear_left_overs(out)
    aside = Path(tempfile.mkdtemp(prefix=f".{out.name}-{os.getpid()}-", dir=out.parent))
    try:
        _fill(aside, schemas, chosen, wanted, progress)
        aside.chmod(0o755)
        if out.exists():
            shutil.rmtree(out)
        aside.rename(out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return True


def _clear_left_overs(out: Path) -> None:
    """Remove scratch folders of processes that were killed while they made the same district."""
    for path in out.parent.glob(f".{glob.escape(out.name)}-*-*"):
        process = path.name.removeprefix(f".{out.name}-").partition("-")[0]
        if process.isdigit() and not _runs(int(process)):
            shutil.rmtree(path, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _check(residents: int, editions: int) -> None:
    # An XLS file ends at 65,536 rows: the allowance for the old passes that at 2.4 million residents.
    if not 200 <= residents <= 2_000_000:
        raise DemoError("The number of residents is out of range.", expected="200 to 2,000,000", got=str(residents))
    if not 1 <= editions <= MAXIMUM:
        raise DemoError("The number of editions is out of range.", expected=f"1 to {MAXIMUM}", got=str(editions))


def _free(out: Path, wanted: dict[str, Any]) -> bool:
    """Whether something is to be made; refuses a folder that is not ours."""
    if not out.exists():
        return True
    if not out.is_dir() or (any(out.iterdir()) and not (out / MARKER).is_file()):
        raise DemoError(
            "The folder is not empty and is no demo folder.",
            where=str(out),
            expected="a new or empty folder, or an earlier demo",
            todo="Give another folder with --out.",
        )
    if not (out / MARKER).is_file():
        return True
    try:
        there = read_marker(out)
    except DemoError:
        # An older program's demo: made anew.
        return True
    return any(there.get(name) != value for name, value in wanted.items())


def _has_roster(report: Report) -> bool:
    return known(report.id)


def _fill(folder: Path, schemas: Schemas, reports: list[Report], wanted: dict[str, Any], progress: Progress) -> None:
    residents, seed, editions = wanted["residents"], wanted["seed"], wanted["editions"]
    progress.stage("generate", editions * len(reports) + 1, "files")
    world = make_world(schemas, residents, seed)
    first = Edition(world, 0)
    plan = make_plan(reports, first_counts([roster(report, first) for report in reports]))
    progress.advance(1, "world")
    rows: dict[str, dict[str, int]] = {}
    with RecordWriter(folder / "truth", schemas) as records, TruthWriter(folder / "truth") as facts:
        for number in range(editions):
            edition = Edition(world, number)
            truth = Truth(edition)
            facts.add(truth)
            for report in reports:
                delivery = deliver(roster(report, edition), truth, plan, schemas)
                write(delivery, folder)
                records.add(delivery)
                rows.setdefault(report.id, {})[edition.name] = delivery.batch.rows
                progress.advance(1, f"{report.id} {edition.name}")
    progress.end()
    apis = [report.id for report in reports if report.server.kind == "api"]
    rates = {f"{damage}@{report}": round(rate, 6) for (damage, report), rate in plan.rates.items()}
    (folder / MARKER).write_bytes(to_json({**wanted, "api": apis, "rows": rows, "rates": rates}))
