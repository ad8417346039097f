"""A gate after a small change looks at the rows that were made anew, and finds the same as one that looks at all."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
import yaml

from yibiao.quality import GateResult, Known, ready_gate, run_gate
from yibiao.settings import Settings

pytestmark = pytest.mark.usefixtures("warm")

DISPUTED = "SELECT 1 FROM {batch} AS one GROUP BY person HAVING count(DISTINCT value) > 1"

CHECKS = {
    "record_unique": ("expect_column_values_to_be_unique", {"column": "record"}, ""),
    "person_unique": ("expect_column_values_to_be_unique", {"column": "person"}, ""),
    "both_unique": ("expect_compound_columns_to_be_unique", {"column_list": ["person", "record"]}, ""),
    "one_value": ("UnexpectedRowsExpectation", {"unexpected_rows_query": DISPUTED}, "person"),
    "one_value_not_local": ("UnexpectedRowsExpectation", {"unexpected_rows_query": DISPUTED}, ""),
    "value_present": ("expect_column_values_to_not_be_null", {"column": "value"}, ""),
}
LOCAL = {"person_unique", "both_unique", "one_value"}
"""What rows of one person decide without those of others, and is not counted row by row anyway."""

BROKEN = "(1, 'a', 'x'), (1, 'a', 'y'), (2, 'b', null)"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A table whose rows of `a` and `b` break every check, those of `c` none; and who was made anew: nobody."""
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema golden; create schema identity; create table identity.anew (person varchar)")
        connection.execute("create table golden.fact (record bigint, person varchar, value varchar)")
        connection.execute(f"insert into golden.fact values {BROKEN}, (3, 'c', 'z')")
    expectations = [
        {"id": name, "type": kind, "kwargs": kwargs, "severity": "warning", "owner": "platform", "reason": "测试",
         "dimension": "consistency", **({"local_to": local} if local else {})}
        for name, (kind, kwargs, local) in CHECKS.items()
    ]  # fmt: skip
    (tmp_path / "specs" / "golden").mkdir(parents=True)
    text = yaml.safe_dump({"table": "golden.fact", "expectations": expectations}, allow_unicode=True)
    (tmp_path / "specs" / "golden" / "fact.yml").write_text(text, encoding="utf-8")
    return tmp_path


def gate(place: Path, unexpected_before: int, anew: str) -> tuple[GateResult, GateResult]:
    """What a gate finds that looks at all rows, and one that knows what was found before."""
    settings = Settings.load(home=place / "home", data=place)
    with duckdb.connect(str(place / "warehouse.duckdb")) as connection:
        connection.execute("delete from identity.anew")
        connection.execute("insert into identity.anew select unnest(?::varchar[])", [list(anew)])
    whole = run_gate(place / "warehouse.duckdb", place / "specs", place / "out", settings)
    told = json.loads((place / "out" / "quality.json").read_text())
    for result in told["results"]:
        result["unexpected"] = unexpected_before
    (place / "earlier.json").write_text(json.dumps(told))
    known = Known(place / "earlier.json", frozenset(), {"golden.fact": ("person", "identity.anew")})
    with ready_gate(settings) as waiting:
        return whole, waiting.run(place / "warehouse.duckdb", place / "specs", place / "later", None, known)


def test_only_rows_made_anew_are_looked_at_where_none_was_wrong(place: Path) -> None:
    whole, found = gate(place, 0, "c")
    assert all(result.unexpected for result in whole.results)
    passed = {one.id for one in found.results if one.unexpected == 0}
    assert passed == LOCAL  # of a record several persons may speak
    assert [one.evaluated for one in found.results] == [one.evaluated for one in whole.results]


def test_what_is_wrong_in_them_is_counted_as_by_a_gate_that_looks_at_all(place: Path) -> None:
    whole, found = gate(place, 0, "abc")
    assert found.results == whole.results


def test_all_is_looked_at_where_something_was_wrong_before(place: Path) -> None:
    whole, found = gate(place, 1, "c")
    assert found.results == whole.results


def test_local_to_says_nothing_of_other_types(place: Path) -> None:
    from yibiao.errors import ContractError

    file = place / "specs" / "golden" / "fact.yml"
    spec = yaml.safe_load(file.read_text())
    spec["expectations"][0]["local_to"] = "record"
    file.write_text(yaml.safe_dump(spec, allow_unicode=True))
    with pytest.raises(ContractError) as caught:
        run_gate(place / "warehouse.duckdb", place / "specs", place / "out", Settings.load(home=place / "home"))
    assert "local_to" in caught.value.where or "UnexpectedRowsExpectation" in caught.value.expected
