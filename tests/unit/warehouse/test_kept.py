"""What brings a kept warehouse to new inputs, and when everything is built anew instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest

from yibiao.errors import WarehouseError
from yibiao.settings import Settings
from yibiao.warehouse import kept, unify
from yibiao.warehouse.inputs import CURRENT, SUPERSEDED, Inputs, Load, _numbered

WHOLE = date(2026, 3, 1)


def load(report: str, edition: str, read: int = 100, state: str = CURRENT) -> Load:
    manifest: dict[str, Any] = {
        "load_id": f"{report}-{edition}",
        "report": report,
        "edition_date": edition,
        "delivery": {"sha256": f"{report}{edition}"},
        "counts": {"read": read, "accepted": read, "quarantined": 0},
    }
    return Load(Path(), manifest, state)


def inputs(*loads: Load, **parts: str) -> Inputs:
    return Inputs(_numbered(loads), {"models": "m", "expectations": "e"} | parts)


BASE = (load("a.a", "2026-01-31", 1000), load("b.b", "2026-01-31", 1000))


def change(before: Inputs, now: Inputs) -> kept.Change:
    found = kept.compare(kept.described(before), now, WHOLE)
    assert isinstance(found, kept.Change), found
    return found


def test_a_later_delivery_touches_its_own_records_only() -> None:
    found = change(inputs(*BASE), inputs(*BASE, load("a.a", "2026-02-28")))
    assert found.ranges == (("a.a", 2001, 2100),)
    assert found.reports == {"a.a"}


def test_a_delivery_between_others_moves_those_behind_it() -> None:
    late, last = load("b.z", "2026-01-31", 10), load("c.c", "2026-02-28", 50)
    found = change(inputs(*BASE, last), inputs(*BASE, late, last))
    assert set(found.ranges) == {("b.z", 2001, 2010), ("c.c", 2001, 2050), ("c.c", 2011, 2060)}


def test_what_is_withdrawn_or_gives_way_to_a_newer_edition_goes() -> None:
    small = load("c.c", "2026-01-31", 30)
    assert change(inputs(*BASE, small), inputs(*BASE)).ranges == (("c.c", 2001, 2030),)
    newer = (replace(small, state=SUPERSEDED), load("c.c", "2026-02-28", 40))
    assert set(change(inputs(*BASE, small), inputs(*BASE, *newer)).ranges) == {
        ("c.c", 2001, 2030),
        ("c.c", 2031, 2070),
    }


def test_more_than_a_fifth_of_the_records_is_built_as_a_whole() -> None:
    found = kept.compare(kept.described(inputs(*BASE)), inputs(*BASE, load("c.c", "2026-02-28", 600)), WHOLE)
    assert isinstance(found, kept.Whole)
    assert "600 records" in found.why


def a_kept_warehouse(settings: Settings, of: Inputs, whole: date) -> None:
    with duckdb.connect(str(settings.home / kept.KEPT)) as connection:
        connection.execute("create schema input; create table input.touched_record (record_no bigint)")
        for name in ("correction", "before_correction"):
            connection.execute(f"create table input.{name} (entity varchar, entity_id varchar, element varchar)")
    kept.mark(settings.home / kept.KEPT, of, kept.Change("", (), frozenset(), whole))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.load(home=tmp_path / "home"), whole_every=7)


def test_the_reason_for_a_whole_build_is_told(settings: Settings) -> None:
    settings.open_home()
    first = kept.plan(settings, inputs(*BASE), today=WHOLE)
    assert first == kept.Whole("首次发布 the first release of this working folder")
    (settings.releases / "2026-03-0000000000").mkdir()
    assert kept.plan(settings, inputs(*BASE), today=WHOLE) == kept.Whole("there is no kept warehouse")
    a_kept_warehouse(settings, inputs(*BASE), WHOLE)
    assert isinstance(kept.plan(settings, inputs(*BASE), today=WHOLE + timedelta(6)), kept.Change)
    weekly = kept.plan(settings, inputs(*BASE), today=WHOLE + timedelta(7))
    assert weekly == kept.Whole("the last whole build is of 2026-03-01")
    other = kept.plan(settings, inputs(*BASE, models="n"), today=WHOLE)
    assert other == kept.Whole("other than before: models")
    # What the gate asks for needs no whole build.
    assert isinstance(kept.plan(settings, inputs(*BASE, expectations="f"), today=WHOLE), kept.Change)
    # Verdicts about pairs and accepted corrections touch what they speak of, and no more.
    for part in ("link_decisions", "corrections"):
        assert isinstance(kept.plan(settings, inputs(*BASE, **{part: "d"}), today=WHOLE), kept.Change)
    (settings.home / kept.KEPT).write_bytes(b"no database")
    assert kept.plan(settings, inputs(*BASE), today=WHOLE) == kept.Whole("the kept warehouse is not readable")


def test_what_cannot_be_built_by_change_is_built_as_a_whole_and_the_reason_is_told(
    settings: Settings, tmp_path: Path
) -> None:
    settings.open_home()
    (settings.home / kept.KEPT).write_bytes(b"damaged")
    plans = []

    def build(inputs: Inputs, plan: kept.Change | kept.Whole, *rest: object) -> str:
        plans.append(plan)
        if isinstance(plan, kept.Change):
            kept.take(settings, tmp_path / "scratch")
            raise WarehouseError("dbt could not build the models.", where="linkage_x")
        return plan.why

    with (
        mock.patch.object(unify, "_in_scratch", build),
        mock.patch.object(kept, "plan", return_value=kept.Change("", (), frozenset(), WHOLE)),
    ):
        told = unify.unify(settings)
    assert told == "what changed could not be built alone (dbt could not build the models. linkage_x)"
    assert len(plans) == 2
    assert not (settings.home / kept.KEPT).exists()


def test_a_warehouse_with_changes_in_its_log_is_not_kept(settings: Settings, tmp_path: Path) -> None:
    settings.open_home()
    for name in ("built.duckdb", "built.duckdb.wal"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(WarehouseError, match="closed whole"):
        kept.keep(tmp_path / "built.duckdb", settings)
    assert not (settings.home / kept.KEPT).exists()
