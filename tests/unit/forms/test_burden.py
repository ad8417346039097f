"""The account in SQL equals a slow loop over dictionaries, and its sums add up."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from math import ceil

import duckdb
import pytest
from bench import burden as bench
from bench.main import of_burden

import yibiao.contracts
import yibiao.forms
from slow_count import AS_OF, OWNER, SILENT, Slow
from yibiao.errors import ReleaseError
from yibiao.forms import Field, Form, Rows
from yibiao.forms.burden import SECONDS_PER_CELL, SECONDS_PER_RETURN, account
from yibiao.forms.count import Counts, count, last_day
from yibiao.forms.holders import Holders
from yibiao.settings import Settings

SIZES = {"household": 90, "dwelling": 80, "resident": 240, "organisation": 60, "benefit": 120, "event": 70}


@pytest.fixture(scope="module")
def tables(schemas):
    """Canonical tables as lists of dictionaries: a third of the values missing, links that lead nowhere included."""
    dice = random.Random(20260331)
    made = {}
    for entity, size in SIZES.items():
        shape = schemas.entities[entity]
        made[entity] = []
        for number in range(size):
            row = {shape.id_column: f"{entity}{number:04d}"}
            for target in shape.links:
                row[schemas.entities[target].id_column] = dice.choice(
                    [None, f"{target}9999", *[f"{target}{dice.randrange(SIZES[target]):04d}" for _ in range(3)]]
                )
            for element in shape.elements:
                if element in OWNER:
                    row[element] = None  # see below
                    continue
                row[element] = _value(dice, schemas.elements[element], schemas) if dice.random() > 0.3 else None
            row["community_code"] = dice.choice([None, "999901001001", "999901001002", "999901002001"])
            if entity == "resident":
                row["death_date"] = date(2026, 1, 5) if dice.random() < 0.1 else None
                row["relation_to_head_code"] = dice.choice(["01", "02", "10", "20", None])
            if entity not in ("resident", "household", "dwelling", "organisation"):
                del row["community_code"]
                if "community_code" in shape.elements:
                    row["community_code"] = "999901001001"
            made[entity].append(row)
    # Owners who are residents; some of them are dead, live elsewhere, or share name and number with somebody.
    people = [row for row in made["resident"] if row["resident_name"] and row["citizen_id"]]
    for row in made["dwelling"]:
        if dice.random() < 0.7:
            owner = dice.choice(people)
            # What a dwelling says of its owner may be wrong, or one of the two alone.
            row.update(zip(OWNER, (owner["resident_name"], owner["citizen_id"]), strict=True))
            if dice.random() < 0.2:
                row[dice.choice(OWNER)] = dice.choice(["value0", None])
    for row in people[:12]:
        row["citizen_id"], row["resident_name"] = people[-1]["citizen_id"], people[-1]["resident_name"]
    return made


def _value(dice, element, schemas):
    if element.code_list and element.type == "code":
        return dice.choice(schemas.codes[element.code_list].codes[:12]).code
    if element.type == "date":
        return date(1930, 1, 1) + timedelta(days=dice.randrange(35_000))
    if element.type in ("integer", "decimal"):
        return dice.randrange(1, 4)
    return f"value{dice.randrange(1000)}"


@pytest.fixture(scope="module")
def database(tables, schemas, tmp_path_factory):
    path = tmp_path_factory.mktemp("release") / "yibiao.duckdb"
    with duckdb.connect(str(path)) as connection:
        for entity, rows in tables.items():
            shape = schemas.entities[entity]
            columns = [
                shape.id_column,
                *(schemas.entities[target].id_column for target in shape.links),
                *shape.elements,
            ]
            types = [schemas.elements[name].sql_type if name in schemas.elements else "VARCHAR" for name in columns]
            declared = ", ".join(f"{name} {kind}" for name, kind in zip(columns, types, strict=True))
            connection.execute(f"create table {entity} ({declared})")
            # Literals in one statement: a prepared one for each row takes longer than all the tests.
            lines = ", ".join("(" + ", ".join(_literal(row[name]) for name in columns) + ")" for row in rows)
            connection.execute(f"insert into {entity} values {lines}")
        connection.execute(
            "create table load as select * from (values (1, 'a.b', '2026-03-31', 'current'),"
            " (2, 'a.b', '2026-04-30', 'waiting')) as load(load_no, report, edition_date, state)"
        )
    return path


def _literal(value):
    return "null" if value is None else f"'{value}'"


def _field(header, element=None, **rest):
    empty = dict.fromkeys(("role", "derive", "value", "concept", "unit"))
    return Field(**{"header": header, "element": element, **empty, "mode": "typed", "choices": (), **rest})


def _form(name, entity, where, share, *fields, times=4):
    rows = Rows(entity, where, Fraction(share), "示例")
    return Form(
        f"housing.{name}", name, "housing", "《示例》", "主题", times, "社区工作者", "community", rows, (), fields
    )


CASES = [
    (
        _form(
            "elderly",
            "resident",
            "resident.death_date is null and resident.birth_date <= {as_of} - interval 80 year",
            "1",
            _field("姓名", "resident_name"),
            _field("年龄", "birth_date", derive="age"),
            _field("户主/姓名", "resident_name", role="head"),
            _field("监护人/姓名", "resident_name", role="guardian"),
            _field("家庭人口", "household_member_count"),
            _field("建筑面积", "floor_area"),
            _field("是否残疾", "disability_type_code", derive="exists", mode="picked"),
            _field("是否低保", "benefit_type_code", derive="exists", value="01", mode="picked"),
            _field("是否独居", concept="lives_alone", mode="picked", choices=("是", "否")),
        ),
        lambda rows: (
            rows["resident"]["death_date"] is None
            and rows["resident"]["birth_date"] is not None
            and rows["resident"]["birth_date"] <= date(1946, 3, 31)
        ),
    ),
    (
        _form(
            "alone",
            "resident",
            "household.household_member_count = 1",
            "0.3",
            _field("姓名", "resident_name"),
            _field("户地址", "household_address"),
            times=52,
        ),
        lambda rows: rows["household"] is not None and rows["household"]["household_member_count"] == 1,
    ),
    (
        _form(
            "benefits",
            "benefit",
            "benefit.benefit_type_code = '01'",
            "0.5",
            _field("编号", "benefit_number"),
            _field("姓名", "resident_name"),
            _field("户主", "resident_name", role="head"),
            _field("户号", "household_code"),
            _field("产权性质", "ownership_type_code"),
            _field("是否优抚", "veteran_type_code", derive="exists", mode="picked"),
        ),
        lambda rows: rows["benefit"]["benefit_type_code"] == "01",
    ),
    (
        _form(
            "visit",
            "household",
            None,
            "1",
            _field("户主", "mobile_phone", role="head"),
            _field("户号", "household_code"),
        ),
        lambda rows: True,
    ),
    (
        _form(
            "events",
            "event",
            None,
            "0.07",
            _field("姓名", "resident_name"),
            _field("楼栋", "building_number"),
            times=365,
        ),
        lambda rows: True,
    ),
    (
        _form("shops", "organisation", "organisation.industry_code in ('F', 'H')", "1", _field("代码", "uscc")),
        lambda rows: rows["organisation"]["industry_code"] in ("F", "H"),
    ),
    (_form("nobody", "dwelling", "dwelling.floor_area > 99", "1", _field("代码", "dwelling_code")), lambda rows: False),
]


@pytest.mark.parametrize(("form", "chosen"), CASES, ids=[form.title for form, _ in CASES])
def test_a_form_counts_as_in_a_slow_loop(form, chosen, tables, schemas, database):
    expected = Slow(tables, schemas).count(form, chosen)
    assert count({form.id: form}, schemas, database, AS_OF)[form.id] == expected
    assert expected.rows > 0 or form.title == "nobody"
    assert form.title in ("nobody", "events") or 0 < sum(expected.known) < expected.rows * len(form.fields)


def test_all_45_forms_count_as_in_a_slow_loop(forms, tables, schemas, database):
    slow = Slow(tables, schemas)
    found = count(forms, schemas, database, AS_OF)
    with duckdb.connect(str(database), read_only=True) as connection:
        for form in forms.values():
            chosen = _ids(connection, schemas, form)
            key = schemas.entities[form.rows.entity].id_column
            entity = form.rows.entity
            assert found[form.id] == slow.count(form, lambda rows: rows[entity][key] in chosen), form.id  # noqa: B023


def _ids(connection, schemas, form):
    """Ids of the rows of a form, each condition asked by itself."""
    key = schemas.entities[form.rows.entity].id_column
    where = (form.rows.where or "true").replace("{as_of}", "date '2026-03-31'")
    table = form.rows.entity
    join = ""
    if table == "resident" and "household." in where:
        join = "left join household on household.household_id = resident.household_id"
    return {row[0] for row in connection.execute(f"select {table}.{key} from {table} {join} where {where}").fetchall()}


def test_forms_counted_together_count_as_each_alone(forms, schemas, database):
    together = count(forms, schemas, database, AS_OF)
    for form_id in list(forms)[::6]:
        assert count({form_id: forms[form_id]}, schemas, database, AS_OF)[form_id] == together[form_id]


def test_what_an_entity_learned_since_a_release_was_made_is_not_known_in_it(schemas, database):
    """Between `form contract --write` and the next run the golden record has a column that the release lacks."""
    resident = schemas.entities["resident"]
    learned = replace(resident, elements=(*resident.elements, "vehicle_plate_number"))
    later = replace(schemas, entities={**schemas.entities, "resident": learned})
    form = _form(
        "plates", "resident", None, "1", _field("姓名", "resident_name"), _field("车牌", "vehicle_plate_number")
    )
    counted = count({form.id: form}, later, database, AS_OF)[form.id]
    assert counted.known[0] > counted.known[1] == 0


def test_only_what_the_drop_down_of_a_form_offers_is_known_for_it(tables, schemas, database):
    name = "marital_status_code"
    codes = schemas.codes[schemas.elements[name].code_list].codes
    offered = [one for one in codes if any(row[name] == one.code for row in tables["resident"])][:1]
    asked = [_field("甲", name), _field("乙", name, choices=tuple(one.name for one in offered))]
    form = _form("offered", "resident", None, "1", *asked)
    (every, some) = count({form.id: form}, schemas, database, AS_OF)[form.id].known
    assert every == sum(row[name] is not None for row in tables["resident"])
    assert every > some == sum(row[name] == offered[0].code for row in tables["resident"]) > 0


def test_the_account_follows_the_formula():
    fields = (_field("甲", "resident_name"), _field("乙", "sex_code", mode="picked"), _field("丙", concept="new"))
    form = _form("formula", "resident", None, "1", *fields, times=12)
    burden = account({form.id: form}, None, {form.id: Counts(1000, (900, 500, 0), 20)}, AS_OF)
    part = burden.forms[0]
    assert part.cells_asked == burden.cells_asked == 1000 * 3 * 12
    assert part.cells_known == burden.cells_known == 1400 * 12
    typed, picked = SECONDS_PER_CELL["typed"], SECONDS_PER_CELL["picked"]
    assert part.hours == round(12 * (1000 * (2 * typed + picked) + 20 * SECONDS_PER_RETURN) / 3600, 1)
    left = 100 * typed + 500 * picked + 1000 * typed
    assert part.hours_if_reused == round(12 * (left + 20 * SECONDS_PER_RETURN) / 3600, 1)
    assert burden.share_known == pytest.approx(1400 / 3000)


def test_the_account_is_json_ready_and_its_totals_are_the_sums_of_its_forms(forms, schemas, database):
    import orjson

    burden = orjson.loads(orjson.dumps(account(forms, schemas, database, AS_OF).as_dict()))
    assert len(burden["forms"]) == 45
    for key in ("cells_asked", "cells_known"):
        assert burden[key] == sum(part[key] for part in burden["forms"])
    for part in burden["forms"]:
        assert part["cells_asked"] == part["rows"] * part["fields"] * part["times_a_year"]
        assert 0 <= part["cells_known"] <= part["cells_asked"]
        assert part["hours_if_reused"] <= part["hours"]


def test_the_last_day_is_the_newest_edition_that_counts(database):
    assert last_day(database) == AS_OF


def test_a_release_without_the_canonical_tables_is_refused(forms, schemas, tmp_path):
    path = tmp_path / "empty.duckdb"
    duckdb.connect(str(path)).close()
    with pytest.raises(ReleaseError, match="could not be counted"):
        count(forms, schemas, path, AS_OF)


def test_make_bench_prints_what_a_slow_loop_finds(forms, tables, schemas, database, tmp_path, monkeypatch):
    """Hours and distinct fields of the 45 frozen forms, recomputed row by row, cell by cell, filling by filling."""
    monkeypatch.setattr(yibiao.contracts, "load_schemas", lambda _: schemas)
    monkeypatch.setattr(yibiao.forms, "load_forms", lambda *_: forms)
    settings = Settings.load(home=tmp_path / "home")
    settings.open_home()
    (settings.releases / "v1").mkdir()
    (settings.releases / "v1" / "yibiao.duckdb").symlink_to(database)
    (settings.releases / "current").symlink_to("v1")
    printed = bench.measure(settings)

    communities = {name: one.communities for name, one in count(forms, schemas, database, AS_OF).items()}
    rows = chosen_rows(forms, tables, schemas, database)
    slow = Slow(tables, schemas)
    held = Holders(schemas)
    seconds = dict.fromkeys(("by_hand", "filled", "once"), 0)
    answered: dict = {}  # (what is asked, row) -> how often it was given in the year
    told: set = set()  # (what is asked, row) that a form of all rows asks
    for name, form in sorted(forms.items(), key=lambda item: (item[1].rows.share != 1, -item[1].times_a_year, item[0])):
        entity, times = form.rows.entity, form.times_a_year
        due = ceil(len(rows[name]) * form.rows.share)
        returned = communities[name] * times * SECONDS_PER_RETURN
        seconds = {state: number + returned for state, number in seconds.items()}
        for field in form.fields:
            price = SECONDS_PER_CELL[field.mode]
            known = [
                slow.knows(entity, row, field) and (name, field.element, field.role) not in SILENT for row in rows[name]
            ]
            filled = due * sum(known) // max(1, len(rows[name]))
            seconds["by_hand"] += due * times * price
            seconds["filled"] += (due - filled) * times * price
            if field.role in ("guardian", "spouse"):  # nobody stated it: somebody looks at it
                looked_at = filled * times * SECONDS_PER_CELL["confirmed"]
                seconds = {state: number + (state != "by_hand") * looked_at for state, number in seconds.items()}
            element = field.element
            if element is None or entity == "event":
                seconds["once"] += (due - filled) * times * price
                continue
            asked = (entity, element, field.role, field.derive, field.value)
            good = schemas.elements[element].max_age_days
            fresh = 1 if good is None else ceil(365 / good)
            key = schemas.entities[entity].id_column
            left = [(asked, row[key]) for row, one in zip(rows[name], known, strict=True) if not one]
            if form.rows.share == 1:
                for one in left:
                    for _ in range(times):
                        if answered.get(one, 0) < fresh:
                            answered[one] = answered.get(one, 0) + 1
                            seconds["once"] += price
                told |= set(left)
                continue
            unknown = due - filled
            unknown -= unknown * sum(one in told for one in left) // len(left) if left else 0
            seconds["once"] += min(unknown * times, ceil(unknown / form.rows.share) * fresh) * price
    assert {state: printed["seconds_a_year"][state] for state in seconds} == seconds
    hours = printed["figures"]["hours"]
    assert abs(hours["before"] - seconds["by_hand"] / 3600) < 0.051
    assert hours["cut"] == round(1 - seconds["once"] / seconds["by_hand"], 4)
    distinct = printed["figures"]["distinct fields"]
    facts = {field.fact for form in forms.values() for field in form.fields}
    # What a report of another benefit holds is asked.
    asked = {fact for fact in facts if not held.of(fact)}
    asked |= {
        field.fact
        for name, form in forms.items()
        for field in form.fields
        if (name, field.element, field.role) in SILENT
    }
    assert (distinct["before"], distinct["after"]) == (len(facts), len(asked))
    assert distinct["cut"] >= distinct["least"] == 0.6
    shown = [(one.name, one.verdict) for one in of_burden(printed, judged=True)]
    assert shown[:2] == [
        ("burden: distinct fields asked of people", "ok"),
        ("burden: hours asked of people", "ok" if hours["cut"] >= 0.8 else "MISSED"),
    ]


def chosen_rows(forms, tables, schemas, database):
    """Form -> the rows of its entity that it asks about."""
    found = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        for name, form in forms.items():
            chosen = _ids(connection, schemas, form)
            key = schemas.entities[form.rows.entity].id_column
            found[name] = [row for row in tables[form.rows.entity] if row[key] in chosen]
    return found
