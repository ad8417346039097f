"""What dbt's next process need not find out again, and what it does."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb import DuckDBAdapter
from dbt_common.clients.jinja import MacroFuzzEnvironment, get_template

from yibiao.warehouse import dbt_known
from yibiao.warehouse.dbt_known import Known

MACRO = "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{{ dbt_macro__twice(word) }}!"
QUERY = 'select id, upper(name) as name from "memory"."main"."person"'


class Asked:
    """A process of dbt, as far as it compiles and describes, and what it was really asked."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parsed: list[str] = []
        self.described: list[str] = []
        self.database = duckdb.connect()
        self.database.execute("create table person (id integer, name varchar)")
        monkeypatch.undo()
        parse = MacroFuzzEnvironment._parse
        for owner, name in ((MacroFuzzEnvironment, "compile"), (DuckDBAdapter, "get_column_schema_from_query")):
            monkeypatch.setattr(owner, name, getattr(owner, name))

        def counted(environment: Any, source: str, *rest: Any) -> Any:
            self.parsed.append(source)
            return parse(environment, source, *rest)

        monkeypatch.setattr(MacroFuzzEnvironment, "_parse", counted)
        self.known = Known(folder)
        self.known.use()

    def render(self, source: str, *, native: bool = False) -> Any:
        return get_template(source, {"word": "ab"}, native=native).render({})

    def describe(self, sql: str) -> list[tuple[str, str]]:
        def add_select_query(sql: str) -> tuple[None, Any]:
            self.described.append(sql)
            return None, self.database.execute(sql)

        handle = SimpleNamespace(cursor=lambda: self.database)
        connections = SimpleNamespace(
            add_select_query=add_select_query, get_thread_connection=lambda: SimpleNamespace(handle=handle)
        )
        found = DuckDBAdapter.get_column_schema_from_query(SimpleNamespace(connections=connections), sql)
        return [(column.column, column.dtype) for column in found]


def test_a_template_is_compiled_once_for_all_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Asked(tmp_path, monkeypatch)
    assert first.render(MACRO) == "abab!"
    first.known.keep(tmp_path)
    second = Asked(tmp_path, monkeypatch)
    assert second.render(MACRO) == "abab!"
    assert (first.parsed, second.parsed) == ([MACRO], [])


def test_a_changed_template_is_compiled_and_so_is_one_of_the_other_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Asked(tmp_path, monkeypatch)
    assert first.render("{{ 1 }}") == "1"
    first.known.keep(tmp_path)
    second = Asked(tmp_path, monkeypatch)
    assert (second.render("{{ 1 }}?"), second.render("{{ 1 }}", native=True)) == ("1?", "1")
    assert second.parsed == ["{{ 1 }}?", "{{ 1 }}"]


def test_the_columns_of_a_query_are_asked_again_when_what_it_reads_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Asked(tmp_path, monkeypatch)
    columns = first.describe(QUERY)
    assert columns == [("id", "INTEGER"), ("name", "VARCHAR")]
    first.known.keep(tmp_path)
    second = Asked(tmp_path, monkeypatch)
    assert second.describe(QUERY) == columns
    assert second.described == []
    second.database.execute("alter table person alter id type bigint")
    assert second.describe(QUERY) == [("id", "BIGINT"), ("name", "VARCHAR")]
    assert second.describe(QUERY.replace("id,", "id + 0.5 as id,"))[0] == ("id", "DECIMAL(21,1)")
    assert len(second.described) == 2


def test_a_query_that_reads_a_file_is_always_asked_for_its_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Asked(tmp_path, monkeypatch)
    for kind in ("1", "'a'"):
        first.database.execute(f"copy (select {kind} as id) to '{tmp_path}/a.parquet'")
        first.describe(f"select id from read_parquet('{tmp_path}/a.parquet')")
    assert len(first.described) == 2


@pytest.mark.parametrize("trouble", ["damaged", "cut off", "other versions", "none"])
def test_a_file_that_cannot_be_trusted_is_none(trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Asked(tmp_path, monkeypatch)
    first.render(MACRO)
    first.known.keep(tmp_path)
    file = tmp_path / dbt_known.FILE
    content = bytearray(file.read_bytes())
    content[-9] ^= 1
    if trouble == "damaged":
        file.write_bytes(content)
    elif trouble == "cut off":
        file.write_bytes(content[:70])
    elif trouble == "other versions":
        file.write_bytes(bytes(32) + file.read_bytes()[32:])
    else:
        file.unlink()
    second = Asked(tmp_path, monkeypatch)
    assert second.render(MACRO) == "abab!"
    assert second.parsed == [MACRO]


def test_what_is_no_more_used_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    for number in range(4):
        asked = Asked(tmp_path, monkeypatch)
        monkeypatch.setattr(dbt_known, "MOST", 2)
        asked.render(f"{number}")
        asked.known.keep(tmp_path)
        sizes.append(len(Known(tmp_path)._kept))
    assert sizes == [1, 2, 3, 1]


def test_a_disk_that_takes_nothing_costs_only_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(tmp_path, monkeypatch)
    asked.render(MACRO)
    asked.known.keep(tmp_path / "no such folder")
    assert not (tmp_path / dbt_known.FILE).exists()
