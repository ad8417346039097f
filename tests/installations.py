"""A working folder and a data folder of a test's own, and the program run on them as its users run it."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

from warm import warm_engines
from yibiao.settings import Settings

PROJECT = Path(__file__).resolve().parents[1]
PROGRAM = Path(sys.executable).with_name("yibiao")

KEY = "59" * 32
"""Installation key of the tests: entity ids are keyed hashes, and golden tables need the same ones on every machine."""

RESIDENTS, SEED, EDITIONS = 300, 23, 3
"""The tiny district. With this seed every report has rows, some of them are in quarantine, and people die in March."""

SOURCES = ("schemas", "dbt_project", "expectations", "dags")

SMALL = (
    "civil_affairs.elderly_allowance",
    "grid_center.grid_event",
    "grid_center.resident_roll",
    "health.health_record",
    "human_resources.pension",
    "housing.dwelling_register",
    "market_regulation.enterprise",
    "market_regulation.sole_trader",
    "public_security.death_cancellation",
    "public_security.household_register",
    "public_security.resident_register",
)
"""Reports of the small project: every entity, every way of delivery, a third of the staging models."""

HOUSEHOLDS = (
    "grid_center.resident_roll",
    "public_security.household_register",
    "public_security.resident_register",
)
"""Reports that speak of the same people, and not always alike."""

EVERYTHING = ("*/*/*", "api/*/*/*")
LATE = ("market_regulation/*/*_202601.*", "api/*/*/2026-01.*", "h*/*/*_202601.*")
NEWEST = tuple(f"{report.replace('.', '/')}/*_202603.*" for report in HOUSEHOLDS)
"""Globs of deliveries: all; the first edition of some departments; the last one of those reports."""


@dataclass(frozen=True)
class Installation:
    """Folders of one installation, and the sources it uses.

    Attributes:
        home, data: as in `Settings`.
        sources: `YIBIAO_SCHEMAS`, `YIBIAO_DBT_PROJECT`, ... where they are not the project's own.
    """

    home: Path
    data: Path
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """Settings for calls within this process."""
        places = {name.removeprefix("YIBIAO_").lower(): Path(place) for name, place in self.sources.items()}
        return replace(Settings.load(home=self.home, data=self.data), **places)

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a child process: nothing of a surrounding installation takes part."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("YIBIAO_", "AIRFLOW", "DBT_"))
        }
        project = {
            "YIBIAO_PROJECT": str(PROJECT),
            "YIBIAO_HOME": str(self.home),
            "YIBIAO_DATA": str(self.data),
            "YIBIAO_CACHE": "none",
        }
        return {**kept, **project, **self.sources}

    def run(
        self, *arguments: str, ok: bool = True, largest_file: int | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `yibiao` with these arguments.

        Args:
            ok: it has to end with status 0.
            largest_file: bytes that no file may exceed, as on a disk that fills up.
            variables: added to the environment.
        """

        def limit() -> None:
            if largest_file is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        done = subprocess.run(
            [str(PROGRAM), *arguments],
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=540,
            preexec_fn=limit,
        )
        if ok:
            assert done.returncode == 0, f"yibiao {' '.join(arguments)}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done

    def call(self, *arguments: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """The same command in this process: to start one takes longer than most commands.

        Some test of each command starts it for real, by `run`.
        """
        from click.testing import CliRunner

        from yibiao.cli.root import root

        ours = self.environment
        done = CliRunner().invoke(root, arguments, env={name: ours.get(name) for name in {*os.environ, *ours}})
        if ok:
            assert done.exit_code == 0, f"yibiao {' '.join(arguments)}:\n{done.output[-4000:]}\n{done.exception!r}"
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of the current release."""
        answer: list[dict[str, Any]] = json.loads(self.call("query", "--json", sql).stdout)
        return answer

    @property
    def summary(self) -> dict[str, Any]:
        """What the last run said."""
        said: dict[str, Any] = json.loads((self.home / "summary.json").read_bytes())
        return said

    @property
    def release(self) -> Path:
        """Folder of the current release."""
        return self.home / "releases" / os.readlink(self.home / "releases" / "current")

    @property
    def manifest(self) -> dict[str, Any]:
        """Manifest of the current release."""
        manifest: dict[str, Any] = json.loads((self.release / "manifest.json").read_bytes())
        return manifest

    def copy(self, folder: Path, *, data: Path | None = None) -> Installation:
        """The same installation in another folder, to be changed at will; with other data if given."""
        shutil.copytree(self.home, folder / "home", symlinks=True)
        if data is None:
            data = shutil.copytree(self.data, folder / "data")
        return replace(self, home=folder / "home", data=data)


@dataclass(frozen=True)
class FirstRun:
    """A working folder straight after its first run, and what the run wrote on both streams. Shared: read it only."""

    at: Installation
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Arrived:
    """An installation whose deliveries came little by little. Shared: read it only.

    Attributes:
        at: the installation with everything published.
        first: its working folder when all was published but `LATE` and `NEWEST`, and `LATE` had been ingested.
        second: the same with `NEWEST` ingested.
        outcomes: what the two unifications said.
    """

    at: Installation
    first: Path
    second: Path
    outcomes: list[dict[str, Any]]


@dataclass(frozen=True)
class PastDays:
    """An installation that was asked about the last days of past months. Shared: read it only.

    Attributes:
        at: the small project, published; it keeps the state of each of those days.
        warehouse: what the models made of the first of them.
    """

    at: Installation
    warehouse: Path


LAST_OF_JANUARY, LAST_OF_FEBRUARY = date(2026, 1, 31), date(2026, 2, 28)

Made = Callable[[str, Callable[[Path], object]], Path]


def made_once(folder: Path, make: Callable[[Path], object]) -> Path:
    """A folder that the first of several processes fills by `make(folder)`, while the others wait for it.

    What failed half-way is made again by the next one, which then fails by the same error.
    """
    made = folder.with_suffix(".made")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


def make_district(data: Path) -> None:
    """Make the tiny district: 28 reports about some 300 residents, three editions."""
    from yibiao.contracts import load_schemas
    from yibiao.demo import generate

    generate(data, load_schemas(Settings.load().schemas), RESIDENTS, seed=SEED, editions=EDITIONS)


def new_installation(
    home: Path, data: Path, sources: Mapping[str, str] | None = None, *, like: Installation | None = None
) -> Installation:
    """A working folder that knows nothing yet but the tests' key.

    Args:
        like: take the sources of this installation; what dbt knows of them there is not found out again.
    """
    made = Installation(home, data, like.sources if like else sources or {})
    made.settings.open_home()
    (home / "key").write_text(KEY)
    if like:
        (home / "dbt").mkdir()
        for name in ("partial_parse.msgpack", "known.bin"):
            shutil.copy2(like.home / "dbt" / name, home / "dbt")
    return made


def ingest(installation: Installation) -> None:
    """Ingest what there is in this process, without Airflow around it."""
    from yibiao.contracts import load_schemas
    from yibiao.control import reconcile
    from yibiao.ingest import ingest_report
    from yibiao.orchestration.main_job import demo_api

    used = installation.settings
    reconcile(used, alone=True)
    with demo_api(used.data):
        for report in load_schemas(used.schemas).reports.values():
            outcome = ingest_report(report, used)
            assert not outcome.errors, outcome.errors
    reconcile(used)


def publish(installation: Installation, *, force: bool = False) -> dict[str, Any]:
    """Ingest and unify in this process, without Airflow around it: it takes no part in what comes out."""
    from yibiao.control import reconcile
    from yibiao.warehouse.unify import unify

    ingest(installation)
    with warm_engines():
        told = unify(installation.settings, force=force).to_dict()
    reconcile(installation.settings)
    return told


def deliver(source: Path, target: Path, names: Sequence[str]) -> None:
    """Copy deliveries from one data folder into another.

    Args:
        names: globs relative to the data folder, such as `housing/*/*_202601.*`.
    """
    target.mkdir(exist_ok=True)
    for name in ("demo.json", *names):
        for path in filter(Path.is_file, sorted(source.glob(name))):
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)


def sources_in(folder: Path) -> dict[str, str]:
    """The `YIBIAO_*` variables that name the folders of a project."""
    return {f"YIBIAO_{name.upper()}": str(folder / name) for name in SOURCES}


def small_project(folder: Path) -> None:
    """A project with a few of the real contracts, and what the program itself generates from them.

    Models, marts, macros and written expectations are the project's own. With a third of the models it unifies in a
    third of the time, which is what tests that unify many times need.
    """
    from yibiao.contracts import load_schemas
    from yibiao.contracts.generate import generate

    for name in SOURCES:
        leave = shutil.ignore_patterns("forms", "__pycache__", "target", "logs")
        shutil.copytree(PROJECT / name, folder / name, ignore=leave)
    for contract in sorted((folder / "schemas" / "reports").glob("*/*.odcs.yml")):
        report = f"{contract.parent.name}.{contract.name.removesuffix('.odcs.yml')}"
        if report not in SMALL:
            contract.unlink()
            for path in (folder / "expectations" / "staging").glob(f"stg_{report.replace('.', '__')}.yml"):
                path.unlink()
    settings = Installation(folder / "home", folder / "data", sources_in(folder)).settings
    generate(load_schemas(settings.schemas), settings)


def arrive(folder: Path, district: Path, like: Installation) -> None:
    """Make in a folder what `Arrived` describes."""
    at = new_installation(folder / "home", folder / "data", like=like)
    deliver(district, at.data, EVERYTHING)
    for name in (*LATE, *NEWEST):
        for path in at.data.glob(name):
            path.unlink()
    outcomes = [publish(at)]
    deliver(district, at.data, LATE)
    ingest(at)
    shutil.copytree(at.home, folder / "first", symlinks=True)
    deliver(district, at.data, NEWEST)
    ingest(at)
    shutil.copytree(at.home, folder / "second", symlinks=True)
    outcomes.append(publish(at))
    (folder / "outcomes.json").write_text(json.dumps(outcomes))


def look_back(folder: Path, at: Installation) -> None:
    """Make in a folder what `PastDays` describes, of a copy of a published installation."""
    from yibiao.warehouse.states import state_as_of
    from yibiao.warehouse.unify import build_warehouse

    def keep(warehouse: Path, *rest: Any) -> Any:
        built = build_warehouse(warehouse, *rest)
        if not (folder / "warehouse.duckdb").exists():
            shutil.copyfile(warehouse, folder / "warehouse.duckdb")
        return built

    made = at.copy(folder, data=at.data)
    with warm_engines(), mock.patch("yibiao.warehouse.unify.build_warehouse", keep):
        for day in (LAST_OF_JANUARY, LAST_OF_FEBRUARY):
            state_as_of(made.settings, day)
