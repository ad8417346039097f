"""A process killed before or after any commit: readers see whole things only, and the next run repairs the rest.

Every point of `yibiao.crash.POINTS` is reached and kills, on a tiny district. Landing, load packages and the switch of
a release are repaired by the code of a whole run; what a run makes of a home after a kill at any other moment is what
`make soak` shows.
"""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import deeds
import duckdb
import pytest
from bench.intact import current_manifest, intact, left_behind

from forked import forkserver
from installations import Arrived, Installation, PastDays
from slip_helpers import mend, slip_of, spoil
from yibiao import crash
from yibiao.contracts import load_schemas
from yibiao.settings import Settings


@dataclass(frozen=True)
class Prepared:
    """Homes to copy, all with one key; `at` is the installation in which they came about.

    `first` has published all but the last deliveries. `second` has ingested them too. `done` has published them,
    undisturbed. `january` is what the models make of it as of the end of January.
    """

    at: Installation
    first: Path
    second: Path
    done: Path
    january: Path

    @property
    def content(self) -> str:
        return manifest_of(self.done)["content_hash"]

    @property
    def built(self) -> Path:
        """The release folder that the undisturbed home made."""
        return (self.done / "releases" / "current").resolve()

    def copy(self, home: Path, to: Path) -> Installation:
        copy(home, to)
        return replace(self.at, home=to)


def manifest_of(home: Path) -> dict:
    manifest = current_manifest(home)
    assert manifest is not None
    return manifest


def dies(deed: str, installation: Installation, *arguments: object, at: str) -> None:
    """A deed in a process of its own, which SIGKILL ends at a crash point."""
    said = installation.home.with_name("said")
    process = forkserver().Process(
        target=deeds.in_a_process,
        args=(deed, {**installation.environment, "YIBIAO_CRASH_AT": at}, said, *map(str, arguments)),
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL, said.read_text(errors="replace")[-2000:]


def do(deed: str, installation: Installation, *arguments: object) -> None:
    """The same deed undisturbed."""
    deeds.DEEDS[deed](installation.settings, *arguments)


def copy(home: Path, to: Path) -> Path:
    shutil.copytree(home, to, symlinks=True)
    return to


@pytest.fixture(scope="module")
def prepared(arrived: Arrived, past_days: PastDays) -> Prepared:
    made = Prepared(arrived.at, arrived.first, arrived.second, arrived.at.home, past_days.warehouse)
    assert manifest_of(made.done)["content_hash"] != manifest_of(made.first)["content_hash"]
    return made


def packages(home: Path) -> dict[str, bytes]:
    """The manifest of every load package."""
    return {path.parent.name: path.read_bytes() for path in (home / "lake").rglob("manifest.json")}


def dies_while_loading(prepared: Prepared, home: Path, point: str) -> None:
    killed = prepared.copy(prepared.first, home)
    dies("ingest", killed, at=point)
    assert intact(home) == []
    assert manifest_of(home) == manifest_of(prepared.first)
    assert packages(home).keys() < packages(prepared.second).keys()

    do("ingest", killed)
    assert intact(home) + left_behind(home) == []
    # The same packages as in the undisturbed home, so the same release (test below; the program knows no other input).
    assert packages(home) == packages(prepared.second)


def dies_while_replaying(prepared: Prepared, home: Path, point: str) -> None:
    killed = replace(prepared.copy(prepared.second, home), data=home.with_name("data"))
    register = next(prepared.at.data.glob("public_security/resident_register/*_202603.csv"))
    damaged = killed.data / register.relative_to(prepared.at.data).with_name("人口基本信息_202604.csv")
    spoiled = spoil(register, damaged, {3: "citizen_id.check_digit", 7: "sex_code.code"})
    do("ingest", killed)
    mended = mend(slip_of(killed.settings, home.with_name("mended.xlsx")), spoiled.truth, [3])
    told = current_states(killed)
    dies("replay", killed, mended, at=point)
    assert intact(home) == []
    assert current_states(killed) == told or point == "load.amendment.after"

    do("ingest", killed)  # the next run makes the package of what has landed
    assert intact(home) + left_behind(home) == []
    landed = point not in ("landing.object.before", "landing.amendment.before")
    assert (current_states(killed) != told) == landed
    do("replay", killed, mended)
    again = current_states(killed)
    assert again != told
    do("replay", killed, mended)
    assert current_states(killed) == again
    assert intact(home) + left_behind(home) == []


def current_states(installation: Installation) -> list[tuple[str, int, int]]:
    """Per load what is open and what is resolved."""
    from yibiao.quarantine.states import held_loads

    held = held_loads(load_schemas(installation.settings.schemas), installation.settings)
    return [(one.load_id, one.states.open, one.states.resolved) for one in held]


def dies_while_publishing(prepared: Prepared, home: Path, point: str) -> None:
    killed = prepared.copy(prepared.second, home)
    dies("publish", killed, prepared.built, at=point)
    assert intact(home) == []
    switched = point == "release.current.after"
    assert manifest_of(home) == manifest_of(prepared.done if switched else prepared.first)
    there = (home / "releases" / prepared.built.name).is_dir()
    assert there == (point != "release.folder.before")

    do("publish", killed, prepared.built)
    assert intact(home) == []
    assert manifest_of(home)["content_hash"] == prepared.content


def dies_while_keeping_its_warehouse(prepared: Prepared, home: Path, point: str) -> None:
    from yibiao.warehouse import kept
    from yibiao.warehouse.inputs import collect

    killed = prepared.copy(prepared.second, home)
    if point == "unify.warehouse.before":
        # As if the run before had been killed between release and switch: whatever comes after must find that, too.
        dies("publish", killed, prepared.built, at="release.current.before")
        assert (home / "releases" / prepared.built.name).is_dir()
    dies("keep", killed, prepared.done / kept.KEPT, at=point)
    assert manifest_of(home) == manifest_of(prepared.first)
    inputs = collect(killed.settings, load_schemas(killed.settings.schemas))
    with mock.patch.object(kept, "MOST_CHANGED", 10.0):  # so few rows are mostly what the last deliveries brought
        change = kept.plan(killed.settings, inputs)
    # None, and the next run builds the whole; or the new one, which is whole, and is published from as it is.
    if point == "unify.warehouse.before":
        assert change == kept.Whole("there is no kept warehouse")
    else:
        assert isinstance(change, kept.Change)
        assert not change.ranges
    # Nothing is left but to run again. After the kill before, it builds everything anew, finds the folder there,
    # compares and switches.
    do("ingest", killed)
    do("unify", killed)
    assert intact(home) + left_behind(home) == []
    assert manifest_of(home)["content_hash"] == prepared.content


def dies_while_pruning(prepared: Prepared, home: Path, point: str) -> None:
    killed = prepared.copy(prepared.done, home)
    old = home / "releases" / manifest_of(prepared.first)["version"]
    dies("prune", killed, at=point)
    assert intact(home) == []
    assert old.is_dir() == (point == "release.prune.before")

    do("prune", killed)
    do("ingest", killed)
    assert intact(home) + left_behind(home) == []
    assert not old.exists()
    assert manifest_of(home)["content_hash"] == prepared.content


def dies_while_following_ids(prepared: Prepared, home: Path, point: str) -> None:
    killed = prepared.copy(prepared.done, home)
    (written,) = (home / "identities").iterdir()
    content = written.read_bytes()
    written.unlink()
    dies("identities", killed, at=point)
    assert written.exists() == (point == "release.identities.after")
    assert manifest_of(home) == manifest_of(prepared.done)

    do("identities", killed)
    assert [path.read_bytes() for path in (home / "identities").glob("[!.]*")] == [content]
    do("ingest", killed)
    assert intact(home) + left_behind(home) == []


def dies_while_building_a_state(prepared: Prepared, home: Path, point: str) -> None:
    killed = prepared.copy(prepared.done, home)
    dies("state", killed, prepared.january, at=point)
    assert manifest_of(home) == manifest_of(prepared.done)
    assert bool(list((home / "states").glob("*/manifest.json"))) == (point == "release.state.after")

    do("state", killed, prepared.january)
    (kept,) = (home / "states").iterdir()
    with duckdb.connect(str(kept / "yibiao.duckdb"), read_only=True) as connection:
        assert connection.execute("select max(edition) from load").fetchall() == [("2026-01",)]
    do("ingest", killed)
    assert intact(home) + left_behind(home) == []


def dies_while_summing_up(prepared: Prepared, home: Path, point: str) -> None:
    killed = prepared.copy(prepared.done, home)
    (home / "summary.json").write_text('{"of": "the run before"}')
    dies("summary", killed, at=point)
    assert intact(home) == []
    seen = json.loads((home / "summary.json").read_bytes())
    assert (seen == {"of": "the run before"}) == (point == "run.summary.before")

    do("summary", killed)
    assert intact(home) + left_behind(home) == []
    release = json.loads((home / "summary.json").read_bytes())["release"]
    assert release["content_hash"] == prepared.content


def dies_while_generating(prepared: Prepared, home: Path, point: str) -> None:
    sources = {name: copy(Path(place), home / name) for name, place in prepared.at.sources.items()}
    killed = replace(prepared.at, sources={name: str(place) for name, place in sources.items()})
    stale = [
        sources["YIBIAO_DAGS"] / "index.json",
        sorted((sources["YIBIAO_DBT_PROJECT"] / "models" / "staging").rglob("*.sql"))[0],
    ]
    wanted = {path: path.read_bytes() for path in stale}
    cut = {path: content[:-20] for path, content in wanted.items()}
    for path in stale:
        path.write_bytes(cut[path])
    dies("generate", killed, at=point)
    assert all(path.read_bytes() in (wanted[path], cut[path]) for path in stale)
    assert sum(path.read_bytes() == wanted[path] for path in stale) == (point == "contract.generate.after")

    do("generate", killed)
    assert all(path.read_bytes() == wanted[path] for path in stale)
    assert not [path for path in home.rglob(".*-*") if path.is_file()]


EXERCISES: dict[str, Callable[[Prepared, Path, str], None]] = {
    "landing.object": dies_while_loading,
    "landing.delivery": dies_while_loading,
    "landing.amendment": dies_while_replaying,
    "load.package": dies_while_loading,
    "load.amendment": dies_while_replaying,
    "run.summary": dies_while_summing_up,
    "release.folder": dies_while_publishing,
    "release.current": dies_while_publishing,
    "release.prune": dies_while_pruning,
    "release.identities": dies_while_following_ids,
    "release.state": dies_while_building_a_state,
    "unify.warehouse": dies_while_keeping_its_warehouse,
    "contract.generate": dies_while_generating,
}
"""Commit -> what kills a process there."""


def test_every_commit_of_the_program_is_exercised_here() -> None:
    assert EXERCISES.keys() == set(crash.COMMITS)
    assert set(crash.POINTS) == {f"{commit}.{side}" for commit in EXERCISES for side in ("before", "after")}


@pytest.mark.parametrize("point", crash.POINTS)
def test_a_process_killed_there_leaves_whole_things_and_the_next_one_repairs(
    point: str, prepared: Prepared, tmp_path: Path
) -> None:
    EXERCISES[point.rpartition(".")[0]](prepared, tmp_path / "home", point)


def half_load(home: Path) -> None:
    next((home / "lake").glob("*/*/load=*/manifest.json")).unlink()


def cut_load(home: Path) -> None:
    shorten(next((home / "lake").glob("*/*/load=*/accepted.parquet")))


def cut_landing(home: Path) -> None:
    shorten(next((home / "landing" / "objects").glob("*/*")))


def lost_landing(home: Path) -> None:
    next((home / "landing" / "objects").glob("*/*")).unlink()


def half_release(home: Path) -> None:
    (home / "releases" / "current" / "resident.parquet").unlink()


def other_release(home: Path) -> None:
    import duckdb

    folder = home / "releases" / "current"
    with duckdb.connect(str(folder / "yibiao.duckdb")) as connection:
        connection.execute("update resident set sex_code = '9'")


def lost_release(home: Path) -> None:
    shutil.rmtree((home / "releases" / "current").resolve())


def shorten(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (half_load, "FileNotFoundError"),
        (cut_load, "accepted.parquet is not what its manifest says"),
        (cut_landing, "do not have the hash"),
        (lost_landing, "its bytes are not there"),
        (half_release, "files differ from its manifest: ['resident.parquet']"),
        (other_release, "the content of resident is not what its manifest says"),
        (lost_release, "the current release is not there"),
    ],
)
def test_the_look_at_a_home_folder_sees_what_is_not_whole(
    damage: Callable[[Path], None], told: str, prepared: Prepared, tmp_path: Path
) -> None:
    home = copy(prepared.done, tmp_path / "home")
    assert intact(home) == []
    damage(home)
    assert any(told in finding for finding in intact(home)), intact(home)


def test_a_kill_between_switch_and_journal_is_written_down_by_the_next_run(prepared: Prepared, tmp_path: Path) -> None:
    home = tmp_path / "home"
    killed = prepared.copy(prepared.second, home)
    dies("publish", killed, prepared.built, at="release.current.after")

    def published() -> list[str]:
        lines = (home / "releases" / "journal.jsonl").read_text().splitlines()
        return [json.loads(line)["version"] for line in lines]

    assert prepared.built.name not in published()
    do("unify", killed)
    assert published()[-1] == prepared.built.name
    assert intact(home) + left_behind(home) == []


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_rollback_that_is_killed_either_holds_or_never_was(side: str, prepared: Prepared, tmp_path: Path) -> None:
    home = tmp_path / "home"
    killed = prepared.copy(prepared.done, home)
    dies("rollback", killed, at=f"release.current.{side}")
    there = manifest_of(home)
    assert there == manifest_of(prepared.done if side == "before" else prepared.first)
    assert intact(home) == []

    # The inputs would give the release that was rolled back; the next run leaves it to the operator.
    do("unify", killed)
    assert manifest_of(home) == there
    assert intact(home) + left_behind(home) == []

    # And whoever repeats the command gets what he wanted.
    if side == "before":
        do("rollback", killed)
        do("unify", killed)
        assert manifest_of(home) == manifest_of(prepared.first)


def test_a_home_folder_whose_making_was_cut_off_is_taken_over(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".format-4711").write_text("")  # killed before the rename
    Settings.load(home=home).open_home()
    (home / "landing").rmdir()  # killed after it
    Settings.load(home=home).open_home()
    assert (home / "landing").is_dir()
    assert (home / "format").read_text() == "1\n"
