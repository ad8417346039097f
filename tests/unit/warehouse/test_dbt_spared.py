"""Without the work that is spared, dbt says and finds the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from dbt_common.clients import agate_helper
from dbt_common.events import base_types
from dbt_common.events.types import Note, SystemCouldNotWrite, SystemExecutingCmd

from yibiao.warehouse import dbt_spared


@pytest.fixture
def spared(monkeypatch: pytest.MonkeyPatch) -> None:
    """For one test, as it is for good in a process of dbt."""
    # Here and below: a third of a second to import, which otherwise every worker of the tests would pay.
    from dbt import compilation
    from dbt.adapters.base.impl import BaseAdapter
    from dbt.clients.jinja import MacroGenerator
    from dbt.context import macros

    for owner, *names in (
        (base_types.BaseEvent, "__init__", "__getattr__"),
        (MacroGenerator, "__init__"),
        (macros, "MacroNamespace"),
        (macros.MacroNamespaceBuilder, "add_macros"),
        (BaseAdapter, "set_macro_context_generator"),
        (agate_helper, "build_type_tester", "empty_table"),
        (compilation, "inject_ctes_into_sql"),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))
    dbt_spared.spare_work()


def made_and_read() -> list[Any]:
    events = (
        SystemExecutingCmd(cmd=["ls", "-l"]),
        SystemCouldNotWrite(path="a", reason="b", exc="c"),
        Note(msg=17),
        SystemExecutingCmd(cmd=[]),
    )
    events[3].cmd.append("as it was changed")
    return [(one.message(), one.to_dict(), one.to_json(), one.pb_msg, one.level_tag()) for one in events]


def test_an_event_that_is_read_says_what_it_said(spared: None, monkeypatch: pytest.MonkeyPatch) -> None:
    now = made_and_read()
    monkeypatch.undo()
    assert now == made_and_read()


def test_an_event_for_debugging_that_nobody_reads_is_no_message(spared: None, monkeypatch: pytest.MonkeyPatch) -> None:
    put_together: list[Any] = []
    monkeypatch.setattr(base_types, "ParseDict", lambda parts, message: put_together.append(parts) or message)
    unread, told = SystemExecutingCmd(cmd=["ls"]), Note(msg="shown")
    assert put_together == [{"msg": "shown"}]
    assert unread.pb_msg is unread.pb_msg
    assert put_together == [{"msg": "shown"}, {"cmd": ["ls"]}]
    assert told.pb_msg is not None


def test_a_part_that_an_event_has_not_is_missing_and_not_looked_for_without_end(spared: None) -> None:
    with pytest.raises(AttributeError):
        _ = SystemExecutingCmd(cmd=["ls"]).size


def namespace(package: str) -> tuple[dict[str, Any], Any, Any]:
    """What each name means to a node of a package, where three packages and two of dbt have macros of equal names."""
    from dbt.clients.jinja import MacroGenerator, MacroStack
    from dbt.context import macros
    from dbt.exceptions import PackageNotFoundForMacroError

    places = {
        "ours": ("one", "two", "three"),
        "theirs": ("one", "four"),
        "others": ("five",),
        "dbt": ("one", "four", "six", "seven"),
        "dbt_duckdb": ("six",),
    }
    by_package = {
        place: {name: SimpleNamespace(package_name=place, name=name) for name in names}
        for place, names in places.items()
    }
    stack, node, context = MacroStack(), object(), {"word": "ab"}
    builder = macros.MacroNamespaceBuilder("ours", package, stack, ["dbt_duckdb", "dbt"], node)
    made = builder.build_namespace(by_package, context)
    for one in (made["one"], made["six"]):
        assert (one.context, one.node, one.stack) == (context, node, stack)
    told = {
        name: f"{found.macro.package_name}.{found.macro.name}" if isinstance(found, MacroGenerator) else sorted(found)
        for name, found in made.items()
    }
    asked = [made.get_from_package(place, "four") for place in (None, "theirs", "ours", "dbt")]
    with pytest.raises(PackageNotFoundForMacroError):
        made.get_from_package("nowhere", "four")
    with pytest.raises(KeyError):
        made["eight"]
    listed = dict(made)
    assert set(listed) == set(made.keys()) == set(told)
    assert len(made) == len(told)
    assert ("one" in made, "eight" in made) == (True, False)
    return told, [one and one.macro.package_name for one in asked], sorted(map(str, told))


@pytest.mark.parametrize("package", ["ours", "theirs", "dbt"])
def test_each_macro_is_found_where_dbt_finds_it(package: str, spared: None, monkeypatch: pytest.MonkeyPatch) -> None:
    now = namespace(package)
    monkeypatch.undo()
    assert now == namespace(package)
    assert now[0]["six"] == "dbt_duckdb.six"


def answers() -> list[Any]:
    """Tables that dbt makes of answers, with the types of their columns."""
    made = [
        agate_helper.table_from_data_flat(rows, list(rows[0]))
        for rows in (
            [{"name": "017", "number": 17, "day": date(2026, 1, 5)}, {"name": "null", "number": None, "day": None}],
            [{"name": "2026-01-05", "other": "17"}, {"name": "", "other": None}],
            [{"share": Decimal("0.5"), "sure": True, "nothing": None}],
        )
    ]
    made += [agate_helper.table_from_data([{"day": "2026-01-05", "text": "17"}], ["day", "text"])]
    made += [agate_helper.empty_table()]
    return [
        (one.column_names, [type(kind).__name__ for kind in one.column_types], [tuple(row) for row in one.rows])
        for one in made
    ]


def test_an_answer_of_the_database_has_the_same_types_and_values(spared: None, monkeypatch: pytest.MonkeyPatch) -> None:
    now = answers()
    assert answers() == now
    monkeypatch.undo()
    assert now == answers()


def test_each_thread_makes_what_a_macro_finds_around_it_once_per_project(spared: None) -> None:
    from dbt.adapters.base.impl import BaseAdapter

    made: list[tuple[Any, ...]] = []
    adapter: Any = SimpleNamespace()
    BaseAdapter.set_macro_context_generator(adapter, lambda *asked: made.append(asked) or {"place": len(made)})
    rename, drop = SimpleNamespace(unique_id="macro.dbt.rename"), SimpleNamespace(unique_id="macro.dbt.drop")
    config, manifest, changed = object(), object(), object()

    def asked() -> list[Any]:
        generate = adapter._macro_context_generator
        return [
            generate(rename, config, manifest, None),
            generate(drop, config, manifest, None),
            generate(rename, config, manifest, "ours"),
            generate(rename, config, manifest, None),
        ]

    first = asked()
    assert [one["place"] for one in first] == [1, 2, 3, 1]
    assert all(one is other for one, other in zip(asked(), first, strict=True))
    with ThreadPoolExecutor(1) as other:
        assert [one["place"] for one in other.submit(asked).result()] == [4, 5, 6, 4]
    assert adapter._macro_context_generator(rename, config, changed, None)["place"] == 7
    assert made[0] == (rename, config, manifest, None)
    assert made[6] == (rename, config, changed, None)


@pytest.mark.parametrize(
    "sql",
    [
        "with a as (select 1 as b)\nselect b from a",
        "-- depends_on: with a\n\n  /* with\n */ WITH\n    a as (with b as (select 1) from b) from a",
        "\nwith recursive a as (select 1 as b union all select b + 1 from a where b < 9) from a",
        "With Recursive\n\n-- how\na as (select ';' as b) from a",
        "with/* how */a as (select 1) from a",
        "select b from (with a as (select 1 as b) from a)",
        "-- with\nselect 1 as within",
        "within as (select 1) from within",
        "",
    ],
)
@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_rows_of_a_unit_test_stand_where_dbt_puts_them(
    sql: str, count: int, spared: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dbt import compilation

    rows = [SimpleNamespace(sql=f"given_{number} as (select {number} as b)") for number in range(count)]

    def put() -> Any:
        try:
            return compilation.inject_ctes_into_sql(sql, rows)
        except IndexError:
            return "refused"

    now = put()
    monkeypatch.undo()
    assert now == put()
