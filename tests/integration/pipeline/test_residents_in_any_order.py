"""Residents, a part of them without a usable number: any order and any grouping of arrivals gives the same data, and
what is withdrawn leaves no trace, while humans decide about pairs. Through every model and the linkage."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from typing import Any

import duckdb
import pytest
from compiled_models import LAST_DAYS, Delivered, Models, Warehouse, compiled_for_changes
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from planting import Person

from installations import Installation
from yibiao.contracts import Column, Report, load_schemas
from yibiao.warehouse import one_subject
from yibiao.warehouse.inputs import Inputs

REPORTS = (
    "public_security.resident_register",
    "grid_center.resident_roll",
    "health.health_record",
    "human_resources.pension",
)
HOUSEHOLDS = "public_security.household_register"
PLACE = "示范市示范区城关镇幸福社区人民路8号幸福花园"

EXAMPLES = 2
"""Seven unifications each: four by change, three as a whole."""

Deciding = tuple[tuple[str, str, str, str], ...]


@pytest.fixture(scope="module")
def models(few_published: Installation, tmp_path_factory: pytest.TempPathFactory) -> Models:
    schemas, folder = load_schemas(few_published.settings.schemas), tmp_path_factory.mktemp("models")
    compiled = few_published.home / "dbt" / "compiled" / "yibiao" / "models"
    changing = compiled_for_changes(few_published, folder)
    return Models(compiled, schemas, ("household", "resident"), few_published.settings, folder, changing)


class Town:
    """A dozen people: twins of one flat, namesakes, somebody whose number another one uses, and strangers. Reports
    state some of what there is, with or without the number."""

    def __init__(self, seed: int, models: Models) -> None:
        self.random, self.models = random.Random(seed), models
        self.people = [self._person(place) for place in range(10)]
        self.people += [self.people[0] | {"citizen_id": Person(80).citizen_id}]  # a twin, even of one name
        self.people += [self.people[3] | {"citizen_id": Person(81).citizen_id, "birth_date": date(1951, 3, 7)}]

    def _person(self, place: int) -> dict[str, Any]:
        some = self.random
        return {
            "citizen_id": Person(place).citizen_id,
            "resident_name": some.choice(["欧阳建国", "司马秀英", "尉迟小红", "皇甫明哲"]),
            "birth_date": date(1980, some.randrange(1, 4), some.randrange(1, 13)),
            "sex_code": some.choice("12"),
            "mobile_phone": f"1380000{some.randrange(6):04d}",
            "residence_address": f"{PLACE}{some.randrange(1, 3)}幢2单元50{some.randrange(1, 4)}室",
            "household_code": f"99990100100100000{some.randrange(1, 4)}",
        }

    def deliveries(self, number: int) -> list[Delivered]:
        """So many, of which no two are the same."""
        made: dict[str, Delivered] = {}
        while len(made) < number:
            one = self._delivery(self.random.choice((*REPORTS, *REPORTS, HOUSEHOLDS)))
            made[one.sha256] = one
        return list(made.values())

    def _delivery(self, report_id: str) -> Delivered:
        some, report = self.random, self.models.schemas.reports[report_id]
        people = some.sample(self.people, some.choice((3, 7, 7, 7)))
        rows = tuple(self._row(report, person, place) for place, person in enumerate(people))
        edition = some.choice(list(LAST_DAYS))
        return Delivered(report_id, edition, rows, tuple(some.random() < 0.9 for _ in rows))

    def _row(self, report: Report, person: dict[str, Any], place: int) -> tuple[str | None, ...]:
        some, said = self.random, dict(person)
        for name in ("mobile_phone", "residence_address", "birth_date", "household_code"):
            if some.random() < 0.2:
                said[name] = None
        chance = some.random()
        if chance < 0.4:
            said["citizen_id"] = None
        elif chance < 0.5:  # somebody else's
            said["citizen_id"] = some.choice(self.people)["citizen_id"]
        return tuple(self._cell(column, said, place) for column in report.columns)

    def _cell(self, column: Column, said: dict[str, Any], place: int) -> str | None:
        if column.role or column.element not in said:
            return str(place) if column.key else None
        value = said[column.element]
        if value is None:
            return None
        if isinstance(value, date):
            return value.strftime(column.date_formats[0])
        return next(text for text, code in column.pairs if code == value) if column.pairs else value

    def decisions(self, built: Warehouse) -> Deciding:
        """Of a few pairs of nodes what they are; of two of one certain entity nobody would say anything."""
        pairs = sorted(
            {tuple(sorted((row["node_l"], row["node_r"]))) for row in built.rows(
                "select node_l, node_r from identity.linkage_resident where kind = 'pair'"
                " union select node_l, entity_l from identity.linkage_resident where kind = 'record'"
            )}
        )  # fmt: skip
        chosen: dict[str, tuple[str, str, str, str]] = {}
        for left, right in self.random.sample(pairs, min(6, len(pairs))):
            # Each node in one decision only, so that they cannot contradict each other.
            if left != right and not {left, right} & chosen.keys():
                chosen[left] = chosen[right] = (
                    "resident", left, right, self.random.choice(["same", "different"])
                )  # fmt: skip
        return tuple(sorted(set(chosen.values())))


def test_any_order_and_grouping_gives_the_same_and_withdrawing_undoes_exactly(models: Models) -> None:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # an example costs seconds, and a smaller one explains no more
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.integers(0, 2**32))
    def law(seed: int) -> None:
        town = Town(seed, models)
        some, made = town.random, town.deliveries(5)
        order = some.sample(made, len(made))
        first, second = sorted(some.sample(range(1, len(made)), 2))
        wrong = some.sample(made, 2)
        contents = []
        with ExitStack() as opened:
            at = models.inputs(order[:first])
            warehouse = opened.enter_context(models.build(at))

            def come(inputs: Inputs) -> None:
                nonlocal warehouse, at
                warehouse, at = opened.enter_context(models.change(warehouse, at, inputs)), inputs
                contents.append(warehouse.content_hash)

            come(models.inputs(order[:second]))
            # What humans decided of what there was comes with the last deliveries.
            decided = town.decisions(warehouse)
            come(models.inputs(order, decided))
            seen.update(row["basis"] for row in warehouse.rows("select basis from identity.link_resident"))
            come(models.inputs(order, decided, wrong))
            never = models.inputs([one for one in made if one not in wrong], decided)
            assert at.fingerprint == never.fingerprint
            come(models.inputs(order, decided))
        for said, inputs, law in (
            (contents[1], models.inputs(made, decided), "the order or the grouping decided"),
            (contents[2], never, "what was withdrawn left a trace"),
        ):
            with models.build(inputs) as warehouse:
                assert said == warehouse.content_hash, law
        assert contents[3] == contents[1], "what was restored is not what was withdrawn"
        seen["differing"] += len(set(contents))

    law()
    assert seen.keys() >= {"linked", "alone", "contradicts", "reviewed"}, f"the towns are too tame: {seen}"
    assert seen["differing"] == 3 * EXAMPLES, f"deliveries change nothing: {seen}"


def test_a_load_in_most_rows_of_which_one_number_stands_is_told(models: Models) -> None:
    """Whether all its rows are one person's by then, or none of them because the number has an owner."""
    town = Town(1, models)
    nobodys, owned = Person(90).citizen_id, town.people[5]["citizen_id"]
    blank = dict.fromkeys(town.people[0])
    one_person = [blank | {"citizen_id": nobodys, "resident_name": "欧阳建国"} for _ in range(30)]
    half = [blank | {"citizen_id": Person(91 + n % 2).citizen_id, "resident_name": "司马秀英"} for n in range(30)]
    few = one_person[: one_subject.LEAST - 1]
    delivered = [
        _said(town, "health.health_record", "2026-01", one_person),
        _said(town, "human_resources.pension", "2026-02", [blank | {"citizen_id": owned, **one} for one in _NAMES]),
        _said(town, "public_security.resident_register", "2026-02", [town.people[5]] * 2),
        _said(town, "grid_center.resident_roll", "2026-03", half),
        _said(town, "public_security.death_cancellation", "2026-03", few),
    ]
    assert _told(models, delivered) == [
        (delivered[0], 30, "citizen_id", f"{nobodys[:6]}********{nobodys[-4:]}"),
        (delivered[1], 25, "citizen_id", f"{owned[:6]}********{owned[-4:]}"),
    ]


def test_a_load_in_most_rows_of_which_one_name_without_a_number_stands_is_told(models: Models) -> None:
    town = Town(1, models)
    blank = dict.fromkeys(town.people[0])
    one_name = [blank | {"resident_name": "诸葛小明", "birth_date": town.people[5]["birth_date"]}] * 40
    others = [blank | {"citizen_id": Person(91 + n).citizen_id, "resident_name": "司马秀英"} for n in range(40)]
    delivered = [
        _said(town, "grid_center.resident_roll", "2026-01", [*one_name, *others[1:]]),
        _said(town, "health.health_record", "2026-01", [*one_name, *others]),
        _said(town, "human_resources.pension", "2026-02", [blank | one for one in _NAMES]),
        _said(town, "public_security.resident_register", "2026-02", others),
        _said(town, "public_security.death_cancellation", "2026-03", one_name[: one_subject.LEAST - 1]),
    ]
    assert _told(models, delivered) == [(delivered[0], 40, "resident_name", "")]


_NAMES = [{"resident_name": f"{name}{n}"} for n in "一二三四五" for name in "王李张刘陈"]


def _told(models: Models, delivered: list[Delivered]) -> list[tuple[Delivered, int, str, str]]:
    """What is said of a warehouse of these deliveries, and that the gate reads the same."""
    with models.build(models.inputs(delivered)):
        pass
    built = {entity: models.schemas.entities[entity] for entity in models.entities}
    warehouse, schemas = models.folder / "warehouse.duckdb", replace(models.schemas, entities=built)
    found = one_subject.find(warehouse, schemas, models.settings.schemas)
    with duckdb.connect(str(warehouse)) as connection:
        kept = connection.execute("select entity, records from input.one_subject order by load_no").fetchall()
    assert kept == [(one["entity"], one["rows"]) for one in found]
    by_load = {one.sha256[:20]: one for one in delivered}
    of_them = [by_load[one["load_id"]] for one in found]
    assert [(one["report"], one["edition"], one["of"]) for one in found] == [
        (one.report, one.edition, len(one.rows)) for one in of_them
    ]
    return [(load, one["rows"], one["element"], one["number"]) for load, one in zip(of_them, found, strict=True)]


def _said(town: Town, report_id: str, edition: str, people: list[dict[str, Any]]) -> Delivered:
    report = town.models.schemas.reports[report_id]
    rows = tuple(
        tuple(town._cell(column, person, place) for column in report.columns) for place, person in enumerate(people)
    )
    return Delivered(report_id, edition, rows, (True,) * len(rows))


def test_a_masked_number_shows_no_more_than_its_ends() -> None:
    shown = [
        one_subject.masked_number(text) for text in ("999901198001011211", "91350100M000100Y43", "H12345678", "12")
    ]
    assert shown == ["999901********1211", "913501********0Y43", "*****5678", "**"]
