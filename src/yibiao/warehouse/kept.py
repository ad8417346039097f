"""The warehouse that is kept beside the releases, and what new inputs change in it.

It is a cache. What it holds stands in it (`input.applied`), so that no other file can disagree: a run that finds
none, or one of other contracts or models, builds the whole anew. A run takes it away while it brings it to its
inputs, and puts it back when its counts reconcile; one that is killed in between leaves none. No copy is
made: to write it costs more than all that a day changes in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from yibiao.crash import crash_point
from yibiao.errors import WarehouseError
from yibiao.files import sync, to_json
from yibiao.settings import TIME_ZONE, Settings
from yibiao.warehouse.inputs import CURRENT, Inputs, Load

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KEPT = "warehouse.duckdb"

MOST_CHANGED = 0.2
"""Share of the source records from which on the whole is built anew: that is quicker, and leaves a packed file."""

FOLLOWED = frozenset({"expectations", "link_decisions", "corrections"})
"""Parts of the inputs whose change needs no whole build: the gate looks at everything then, linkage decides anew, and
corrections touch the entities that they name."""

FORMAT = 1
"""Version of what `input.applied` and the tables of a kept warehouse mean."""


@dataclass(frozen=True)
class Change:
    """What brings a kept warehouse to new inputs.

    Attributes:
        fingerprint: of the inputs that the kept warehouse holds.
        ranges: `(report, first, last)`: blocks of record numbers of loads that came, went, or count otherwise.
        reports: every report of which anything changed.
        whole: day on which all was built anew the last time.
    """

    fingerprint: str
    ranges: tuple[tuple[str, int, int], ...]
    reports: frozenset[str]
    whole: date


@dataclass(frozen=True)
class Whole:
    """Why all is built anew, in words."""

    why: str


def plan(settings: Settings, inputs: Inputs, *, today: date | None = None) -> Change | Whole:
    """Decide whether the kept warehouse can be brought to these inputs, and what that takes.

    Args:
        today: by default the day in the project's time zone; it decides only when the next whole build is due.
    """
    import duckdb

    today = today or datetime.now(ZoneInfo(TIME_ZONE)).date()
    path = settings.home / KEPT
    if not path.is_file():
        first = not any(settings.releases.iterdir())
        return Whole("首次发布 the first release of this working folder" if first else "there is no kept warehouse")
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            applied = _applied(connection)
    except (duckdb.Error, ValueError, KeyError):
        return Whole("the kept warehouse is not readable")
    if applied["format"] != FORMAT:
        return Whole("the kept warehouse was made by another program version")
    if changed := sorted(_differing(applied["parts"], inputs.parts) - FOLLOWED):
        return Whole(f"other than before: {', '.join(changed)}")
    whole = date.fromisoformat(applied["whole"])
    if (today - whole).days >= settings.whole_every:
        return Whole(f"the last whole build is of {whole}")
    return compare(applied, inputs, whole)


def compare(applied: Mapping[str, Any], inputs: Inputs, whole: date) -> Change | Whole:
    """What must change, by loads alone.

    Args:
        applied: see `described`.
        whole: day of the last whole build.
    """
    before = {load["load_id"]: load for load in applied["loads"]}
    now = {load["load_id"]: load for load in described(inputs)["loads"]}
    ranges, reports, rows = [], set(), 0
    for one in sorted(before.keys() | now.keys()):
        was, is_ = before.get(one), now.get(one)
        if was == is_:
            continue
        told = is_ or was
        assert told is not None
        reports.add(told["report"])
        counted = bool(was and was["current"]), bool(is_ and is_["current"])
        # A delivery of an earlier edition, or of the same, moves the numbers of those behind it.
        moved = bool(was and is_ and was["first"] != is_["first"])
        if moved or counted[0] != counted[1]:
            firsts = {load["first"] for load in (was, is_) if load}
            ranges += [(told["report"], first + 1, first + told["read"]) for first in sorted(firsts)]
            rows += told["read"] if any(counted) else 0
    total = sum(load.read for load in inputs.loads if load.state == CURRENT)
    if rows > MOST_CHANGED * max(total, 1):
        return Whole(f"{rows} records of deliveries that came or went, beside {total} that count")
    return Change(applied["fingerprint"], tuple(ranges), frozenset(reports), whole)


def take(settings: Settings, target: Path) -> None:
    """Move the kept warehouse to where a run works on it, on the same file system as the home."""
    (settings.home / KEPT).rename(target)


def mark(database: Path, inputs: Inputs, change: Change | Whole) -> tuple[int, int] | None:
    """Write into a built warehouse which inputs it holds; without that it is never taken up again.

    Returns:
        How many source records and how many corrections came, went or changed; None if everything was built.
    """
    import duckdb

    changed = None
    whole = change.whole if isinstance(change, Change) else datetime.now(ZoneInfo(TIME_ZONE)).date()
    applied = described(inputs) | {"whole": whole.isoformat()}
    with duckdb.connect(str(database)) as connection:
        connection.execute("create or replace table input.applied (content varchar)")
        connection.execute("insert into input.applied values (?)", [to_json(applied).decode()])
        if isinstance(change, Change):
            changed = connection.execute("""
                select
                    (select count(*) from input.touched_record),
                    (
                        select count(*) from (
                            select entity, entity_id, element from (
                                (from input.correction except from input.before_correction)
                                union all (from input.before_correction except from input.correction)
                            )
                            group by all
                        )
                    )""").fetchall()[0]
        # All of it into the one file that is kept; at its end the connection would pass over a disk that is full.
        connection.execute("checkpoint")
    return changed


def described(inputs: Inputs) -> dict[str, Any]:
    """What a warehouse says of the inputs that it holds: `format`, `fingerprint`, `parts`, `loads`."""
    return {
        "format": FORMAT,
        "fingerprint": inputs.fingerprint,
        "parts": dict(inputs.parts),
        "loads": [_told(load) for load in inputs.loads],
    }


def keep(database: Path, settings: Settings) -> Path:
    """Put a warehouse that is marked in the place of the kept one.

    Whether its release passes the gate and is published makes no difference to what it holds.

    Returns:
        Where it is now.

    Raises:
        WarehouseError: a part of it stands in its log still.
    """
    final = settings.home / KEPT
    log = database.with_name(f"{database.name}.wal")
    if log.exists():
        raise WarehouseError(
            "The warehouse could not be closed whole.",
            where=log.name,
            expected="one file",
            got="changes in a log beside it",
            todo="Check free disk space, then run again: the whole is built.",
        )
    sync(database)
    crash_point("unify.warehouse.before")
    database.rename(final)
    sync(final.parent)
    crash_point("unify.warehouse.after")
    return final


def _applied(connection: DuckDBPyConnection) -> dict[str, Any]:
    import orjson

    (content,) = connection.execute("select content from input.applied").fetchall()[0]
    return orjson.loads(content)


def _told(load: Load) -> dict[str, Any]:
    """What of a load decides the rows of the warehouse."""
    return {
        "load_id": load.load_id,
        "report": load.report,
        "first": load.first_record_no,
        "read": load.read,
        "current": load.state == CURRENT,
        "states": load.states.identity() if load.states else [],
    }


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> set[str]:
    return {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
