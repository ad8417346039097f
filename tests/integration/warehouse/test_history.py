"""The values of an entity in time are what its past days give, and since when they were known is in the journal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from installations import LAST_OF_FEBRUARY, LAST_OF_JANUARY, Arrived, Installation, PastDays
from yibiao.cli.root import root
from yibiao.contracts import Schemas, load_schemas
from yibiao.errors import ReleaseError
from yibiao.warehouse import releases
from yibiao.warehouse.history import history
from yibiao.warehouse.published import KNOWN_SINCE, first_published
from yibiao.warehouse.states import state_as_of

DAYS = [LAST_OF_JANUARY, LAST_OF_FEBRUARY, date(2026, 3, 31)]
FIRST, SECOND = "2026-02-05", "2026-04-07"
LATE_REPORT, IN_TIME = "health.health_record", "grid_center.resident_roll"
"""Their first editions came after, and before, the first publication (`installations.LATE`)."""


@pytest.fixture
def own(arrived: Arrived, tmp_path: Path) -> Installation:
    """Published twice: on 5 February, and on 7 April with what came late and the newest editions."""
    made = arrived.at.copy(tmp_path, data=arrived.at.data)
    path = made.home / "releases" / releases.JOURNAL
    entries = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [entry["action"] for entry in entries] == ["publish", "publish"]
    for entry, day in zip(entries, (FIRST, SECOND), strict=True):
        entry["at"] = f"{day}T09:30:00+08:00"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return made


def rows(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def told(
    at: Installation, entity_id: str, element: str | None = None, schemas: Schemas | None = None
) -> dict[str, list[dict[str, Any]]]:
    found = history(at.settings, schemas or load_schemas(at.settings.schemas), entity_id, element)
    return {one["element"]: one["intervals"] for one in found["elements"]}


def held(intervals: list[dict[str, Any]], day: date) -> Iterator[str]:
    for one in intervals:
        if one["valid_from"] <= day.isoformat() and (one["valid_to"] is None or day.isoformat() <= one["valid_to"]):
            yield one["value"]


def test_every_value_of_every_past_day_is_the_one_that_the_state_of_that_day_has(past_days: PastDays) -> None:
    at, settings = past_days.at, past_days.at.settings
    schemas = load_schemas(settings.schemas)
    states = {day: state_as_of(settings, day) for day in DAYS}
    release = at.release / "yibiao.duckdb"
    assert states[DAYS[-1]] == release
    changed = linked = 0
    for entity in schemas.entities.values():
        key, names = entity.id_column, ", ".join(f"cast({name} as varchar)" for name in entity.elements)
        before = f"attach '{states[DAYS[0]]}' as before (read_only); "
        other = " or ".join(f"now.{name} is distinct from was.{name}" for name in entity.elements)
        asked = rows(release, f"select {key} from {entity.id} order by disputed_count desc, {key} limit 3")
        asked += rows(
            release,
            f"{before} select now.{key} from {entity.id} as now join before.{entity.id} as was using ({key})"
            f" where {other} order by now.disputed_count desc, 1 limit 4",
        )
        if entity.id == "resident":
            asked += rows(
                release, "select distinct resident_id from resident_link where basis = 'linked' order by 1 limit 5"
            )
        values = {
            (day, row[0]): dict(zip(entity.elements, row[1:], strict=True))
            for day, state in states.items()
            for row in rows(state, f"select {key}, {names} from {entity.id}")
        }
        for (entity_id,) in dict.fromkeys(asked):
            found = told(at, entity_id, schemas=schemas)
            for name in entity.elements:
                for day in DAYS:
                    (value,) = [*held(found.get(name, []), day)] or [None]
                    assert value == values.get((day, entity_id), {}).get(name), (entity.id, name, day)
                for one, following in zip(found.get(name, []), found.get(name, [])[1:], strict=False):
                    assert one["valid_to"] < following["valid_from"]
                changed += len(found.get(name, [])) > 1
            linked += entity.id == "resident"
    assert changed > 5, "hardly any value ever changed: the examples are too tame"
    assert linked > 5


def test_a_value_is_known_since_the_delivery_that_decided_it_was_published(own: Installation) -> None:
    release = own.release / "yibiao.duckdb"
    (entity_id,) = rows(
        release,
        "select resident_id from resident_why where element in ('blood_type_code', 'residence_status_code')"
        f" and report in ('{LATE_REPORT}', '{IN_TIME}')"
        " group by 1 having count(distinct report) = 2 order by 1 limit 1",
    )[0]
    found = told(own, entity_id)
    seen = {}
    for one in (one for intervals in found.values() for one in intervals):
        assert one["known_since"] in (FIRST, SECOND)
        assert one["known_earlier"] is False
        seen[one["source"]["report"], one["source"]["edition"]] = one["known_since"]
    assert seen[LATE_REPORT, "2026-01"] == SECOND
    assert seen[IN_TIME, "2026-01"] == FIRST


def test_what_was_known_stays_known_when_its_release_is_removed(own: Installation) -> None:
    since = first_published(own.settings)
    assert {one.day for one in since.values()} == {FIRST, SECOND}
    releases.prune(own.settings, keep=1)
    assert first_published(own.settings) == since
    # An older program did not write it down: then it was known on that day or earlier.
    path = own.home / "releases" / releases.JOURNAL
    entries = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert sum(one.pop(KNOWN_SINCE, None) is not None for one in entries) == 1
    path.write_text("".join(json.dumps(one) + "\n" for one in entries))
    assert {(one.day, one.or_earlier) for one in first_published(own.settings).values()} == {(SECOND, True)}


def test_a_withdrawn_delivery_decides_nothing_any_more(own: Installation) -> None:
    release = own.release / "yibiao.duckdb"
    ((entity_id, load_id),) = rows(
        release,
        "select resident_id, load_id from resident_why"
        f" where element = 'residence_status_code' and is_chosen and report = '{IN_TIME}' order by 1 limit 1",
    )
    before = told(own, entity_id, "residence_status_code")["residence_status_code"]
    own.call("load", "withdraw", load_id, "--reason", "发错了")
    found = history(own.settings, load_schemas(own.settings.schemas), entity_id)
    assert found["complete"] is False
    used = {one["source"]["load_id"] for element in found["elements"] for one in element["intervals"]}
    assert load_id not in used
    assert before


def test_the_screen_is_for_people_and_json_for_programs(own: Installation) -> None:
    ((entity_id,),) = rows(own.release / "yibiao.duckdb", "select resident_id from resident order by 1 limit 1")
    runner = CliRunner(env={**own.environment, "COLUMNS": "200"})
    shown = runner.invoke(root, ["history", entity_id])
    assert shown.exit_code == 0, shown.output
    for word in ("有效自", "有效至", "获知于", "公民身份号码", "至今", FIRST):
        assert word in shown.output
    one = json.loads(runner.invoke(root, ["history", entity_id, "sex_code", "--json"]).output)
    assert [element["element"] for element in one["elements"]] == ["sex_code"]
    assert one["elements"][0]["intervals"][-1]["text"] in ("男性", "女性")
    assert one["complete"] is True
    with pytest.raises(ReleaseError, match="No entity has this id"):
        told(own, "0" * 24)
    with pytest.raises(ReleaseError, match="no such element"):
        told(own, entity_id, "uscc")
