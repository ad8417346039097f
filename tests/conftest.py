"""A tiny district and an installation that has published it: made once for all tests, changed by none of them."""

from __future__ import annotations

import gc
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from installations import (
    Arrived,
    FirstRun,
    Installation,
    Made,
    PastDays,
    arrive,
    look_back,
    made_once,
    make_district,
    new_installation,
    small_project,
    sources_in,
)
from warm import warm_engines

# How long an example takes says something about the machine and nothing about the law.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# What a process leaves for the next is the business of its own test, and no test leaves anything with the user.
os.environ["YIBIAO_CACHE"] = "none"

LONGEST_FIRST = (
    "integration/pipeline/test_same_input_same_output.py",
    "e2e/test_crash_points.py",
    "integration/identity/test_run.py",
    "real/test_drafts.py",
    "integration/pipeline/test_nothing_leaks.py",
    "e2e/test_bad_input.py",
    "e2e/test_real_airflow.py",
    "integration/pipeline/test_withdraw.py",
    "integration/pipeline/test_residents_in_any_order.py",
    "integration/quarantine/test_same_release.py",
    "integration/models/test_rules_in_dbt.py",
    "integration/identity/test_review.py",
    "integration/quarantine/test_replay.py",
    "integration/identity/test_relink.py",
    "real/test_bulletins.py",
    "integration/warehouse/test_history.py",
    "integration/identity/test_certain_keys.py",
    "integration/forms/test_collect_once.py",
    "integration/forms/test_corrections.py",
    "integration/pipeline/test_survivorship.py",
    "integration/pipeline/test_little_by_little.py",
    "integration/rules/test_million.py",
    "integration/ingest/test_clean.py",
    "integration/orchestration/test_run.py",
    "integration/ingest/test_nothing_lost.py",
    "integration/ingest/test_api_faults.py",
    "integration/forms/test_bad_returns.py",
    "integration/quarantine/test_repair_classes.py",
    "integration/demo/test_demo_district.py",
    "integration/ingest/test_documents.py",
    "integration/ingest/test_broken_files.py",
    "integration/identity/test_linkage.py",
    "integration/identity/test_decided.py",
    "integration/ingest/test_faults.py",
    "integration/quality/test_gate.py",
    "e2e/test_readme_commands.py",
    "unit/contracts/test_draft.py",
)
"""Files that take longest. With `--dist loadfile --no-loadscope-reorder` workers begin with them and end together.

The first ones begin with nothing that another of them makes, so that no worker waits.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(LONGEST_FIRST)}
    missing = [str(path) for path in places if not path.exists()]
    assert not missing, f"LONGEST_FIRST names files that are no more: {missing}"
    # The order within a file, and of all other files, stays as it was.
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """Thousands of tests and all that they import stay until the end: to look among them for what may go, as often as
    usual, costs a worker a tenth of its processor time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_sessionfinish() -> None:
    gc.unfreeze()  # some libraries complain at the end of what was not let go


def pytest_xdist_auto_num_workers() -> int:
    """More workers than processors: a third of a worker's time is waited, for disks, other programs, folders that
    another worker makes. One needs up to 2 GB with the programs that it starts."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return len(os.sched_getaffinity(0)) + (2 if memory >= 12 << 30 else 1)


def pytest_unconfigure() -> None:
    # The PostgreSQL of some tests logs its end when the streams of a worker are closed already.
    logging.raiseExceptions = False


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """`once(name, make)`: a folder that one worker of this test run makes, for all of them to read."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "once"
    place.mkdir(exist_ok=True)
    return lambda name, make: made_once(place / name, make)


@pytest.fixture
def warm() -> Iterator[None]:
    """dbt and the gate of this test are forks of a server that has imported them."""
    with warm_engines():
        yield


@pytest.fixture(scope="session")
def district(once: Made) -> Path:
    """Data folder: 28 reports about some 300 residents, three editions."""
    return once("district", lambda folder: make_district(folder / "data")) / "data"


@pytest.fixture(scope="session")
def first_run(district: Path, once: Made) -> FirstRun:
    """One real `yibiao run` over the district in a new working folder, and what it said."""

    def run(folder: Path) -> None:
        done = new_installation(folder / "home", district).run("run", "--json")
        (folder / "said.json").write_text(json.dumps({"stdout": done.stdout, "stderr": done.stderr}))

    folder = once("published", run)
    return FirstRun(Installation(folder / "home", district), **json.loads((folder / "said.json").read_bytes()))


@pytest.fixture(scope="session")
def published(first_run: FirstRun, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A copy of what that run left, as commands that only read write locks and logs. `installation` may be changed."""
    return first_run.at.copy(tmp_path_factory.mktemp("published"), data=first_run.at.data)


@pytest.fixture
def installation(published: Installation, tmp_path: Path) -> Installation:
    """A copy of the published installation and of its data, for one test to change."""
    return published.copy(tmp_path)


@pytest.fixture(scope="session")
def few_reports(once: Made) -> dict[str, str]:
    """Sources of a project with some of the contracts; see `installations.small_project`."""
    return sources_in(once("project", small_project))


@pytest.fixture(scope="session")
def few_published(
    few_reports: dict[str, str], district: Path, once: Made, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    """One real `yibiao run` of that small project over the district. Read it only."""
    made = once("few", lambda folder: new_installation(folder / "home", district, few_reports).run("run"))
    return Installation(made / "home", district, few_reports).copy(tmp_path_factory.mktemp("few"), data=district)


@pytest.fixture(scope="session")
def arrived(few_published: Installation, district: Path, once: Made) -> Arrived:
    """That small project once more, its deliveries in another order and unified before the last of them came."""
    folder = once("arrived", lambda folder: arrive(folder, district, few_published))
    at = Installation(folder / "home", folder / "data", few_published.sources)
    outcomes = json.loads((folder / "outcomes.json").read_bytes())
    return Arrived(at, folder / "first", folder / "second", outcomes)


@pytest.fixture(scope="session")
def past_days(few_published: Installation, once: Made, tmp_path_factory: pytest.TempPathFactory) -> PastDays:
    """That small project once more, with the states of two past days."""
    folder = once("past", lambda folder: look_back(folder, few_published))
    at = Installation(folder / "home", few_published.data, few_published.sources)
    return PastDays(at.copy(tmp_path_factory.mktemp("past"), data=at.data), folder / "warehouse.duckdb")
