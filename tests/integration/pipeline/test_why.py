"""`yibiao why` tells where a golden value stands and why the others lost, and every word of it can be checked."""

from __future__ import annotations

import ast
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from installations import Installation
from yibiao.contracts import Schemas, load_registry, load_schemas


@pytest.fixture(scope="module")
def schemas(published: Installation) -> Schemas:
    return load_schemas(published.settings.schemas)


def why(published: Installation, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(published.call("why", *arguments, "--json").stdout)
    return answer


@pytest.mark.parametrize("entity", ["resident", "household", "organisation"])
def test_every_word_of_an_explanation_is_found_again_in_the_lake(
    published: Installation, schemas: Schemas, entity: str
) -> None:
    (golden,) = published.query(f"select * from {entity} order by disputed_count desc, {entity}_id limit 1")
    told = why(published, golden[f"{entity}_id"])

    assert told["entity"] == entity
    assert [one["element"] for one in told["elements"]] == [
        name for name in schemas.entities[entity].elements if golden[name] is not None
    ]
    assert sum(one["rivals"] != [] for one in told["elements"]) == golden["disputed_count"]
    assert golden["disputed_count"] or entity != "resident"
    reasons = {  # test_survivorship.py checks each of them against the rules
        (row["element"], row["record_no"]): row
        for row in published.query(f"select * from {entity}_why where {entity}_id = '{golden[f'{entity}_id']}'")
    }
    for one in told["elements"]:
        assert one["value"] == str(golden[one["element"]])
        codes = schemas.codes[schemas.elements[one["element"]].code_list or "sex"].by_code
        for said in (one, *one["rivals"]):
            coded = schemas.elements[one["element"]].code_list and said["value"] in codes
            assert said["text"] == (codes[said["value"]].name if coded else said["value"])
        for source in (one["source"], *one["rivals"]):
            assert (source["sheet"] or "") == the_sheet(published, source["file"])
            cell = in_the_lake(published, schemas, source, one["element"])
            assert cell, (source["report"], one["element"])
            if one["element"].endswith("_id") or one["element"] == "uscc":  # others are written in other ways
                assert cell.strip().upper() == one["value"]
        for rival in one["rivals"]:
            assert rival["value"] != one["value"]
            reason = reasons[one["element"], rival["record_no"]]
            assert (rival["lost_by"], rival["lost_text"]) == (reason["lost_by"], reason["lost_text"])
        chosen = reasons[one["element"], one["source"]["record_no"]]
        assert (one["rule"], one["rule_text"], chosen["is_chosen"]) == (chosen["rule"], chosen["rule_text"], True)
        assert (one["rule"] == "only") == (one["rivals"] == [])


def in_the_lake(published: Installation, schemas: Schemas, source: dict[str, Any], element: str) -> str:
    report = schemas.reports[source["report"]]
    folder = published.home / "lake" / report.id.replace(".", "/") / f"load={source['load_id']}"
    rows = pq.read_table(folder / "accepted.parquet")
    (row,) = rows.filter(pc.equal(rows["_row"], source["row"])).to_pylist()
    if element in report.constants:
        return report.constants[element]
    (column,) = [one for one in report.columns if one.element == element and not one.role]
    return row[column.name] or ""


def the_sheet(published: Installation, file: str) -> str:
    """The sheet of a delivered workbook (each of this district has the table in its first one); of no workbook none."""
    if not file.endswith((".xlsx", ".xls")):
        return ""
    (path,) = published.data.rglob(file)
    return CalamineWorkbook.from_path(path).sheet_names[0]


def test_of_a_workbook_the_sheet_is_named(published: Installation) -> None:
    (one,) = published.query(
        "select resident_id as id from resident where disability_certificate_number is not null order by 1 limit 1"
    )
    (told,) = why(published, one["id"], "disability_certificate_number")["elements"]
    source = told["source"]
    assert source["file"].endswith(".xls"), "the report is no workbook any more: choose another"
    assert source["sheet"] == the_sheet(published, source["file"]) != ""
    assert f"[{source['sheet']}]" in published.call("why", one["id"], "disability_certificate_number").stdout


def test_one_element_is_explained_in_less_than_a_second(published: Installation) -> None:
    (disputed,) = published.query("select resident_id, element from resident_conflict order by all limit 1")
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = json.loads(published.run("why", disputed["resident_id"], disputed["element"], "--json").stdout)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert [one["element"] for one in told["elements"]] == [disputed["element"]]
    assert ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime < 1
    shown = published.call("why", disputed["resident_id"], disputed["element"]).stdout
    assert "✓" in shown
    assert "✗" in shown


def test_to_explain_one_record_nothing_is_gathered_of_all(published: Installation, tmp_path: Path) -> None:
    """At a million residents that would take longer than all the rest."""
    (golden,) = published.query("select resident_id from resident order by disputed_count desc, resident_id limit 1")
    (all_of,) = published.query("select count(*) as households from household")
    database = published.release / "yibiao.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set enable_profiling = 'json'; set profiling_mode = 'detailed'")
        connection.execute(f"set profiling_output = '{tmp_path / 'plan.json'}'")
        asked = "select * from resident_why where resident_id = ?"
        assert connection.execute(asked, [golden["resident_id"]]).fetchall()
        connection.execute("set enable_profiling = 'no_output'")
    gathered = [
        (one["type"], one["intermediate_rows"])
        for one in _operators(json.loads((tmp_path / "plan.json").read_text()))
        if "GROUP_BY" in one["type"] or "WINDOW" in one["type"]
    ]
    assert gathered
    assert max(rows for _, rows in gathered) < all_of["households"], gathered


def _operators(plan: dict[str, Any]) -> list[dict[str, Any]]:
    below = plan.get("operator", []) + plan.get("children", [])
    return [one for child in below for one in (child, *_operators(child))]


def test_to_explain_nothing_of_a_run_is_imported(published: Installation) -> None:
    (golden,) = published.query("select resident_id from resident order by resident_id limit 1")
    script = (
        "import sys\nfrom yibiao.cli import main\n"
        f"sys.argv = ['yibiao', 'why', '{golden['resident_id']}']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([*sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", script], env=published.environment, capture_output=True, text=True)
    modules = set(ast.literal_eval(told.stdout.splitlines()[-1]))
    assert "yibiao.warehouse.why" in modules
    needless = (
        "numpy", "pandas", "pyarrow", "sqlalchemy", "yibiao.contracts.generate", "yibiao.forms", "yibiao.identity",
        "yibiao.warehouse.unify", "yibiao.quality",
    )  # fmt: skip
    assert {name for name in modules if name.startswith(needless)} == set()


def test_an_unknown_id_is_refused_and_not_repeated(published: Installation) -> None:
    refused = published.run("why", "99990119850101001X", ok=False)
    assert refused.returncode != 0
    assert "No entity has this id" in refused.stderr
    assert "yibiao identity where" in refused.stderr  # it may have been published once
    assert "99990119850101001X" not in refused.stderr
    (known,) = published.query("select resident_id from resident order by 1 limit 1")
    refused = published.call("why", known["resident_id"], "shoe_size", ok=False)
    assert "no such element" in refused.stderr


def test_a_release_without_reasons_is_refused_with_the_way_out(installation: Installation) -> None:
    """As the releases of older programs are."""
    (known,) = installation.query("select resident_id from resident order by 1 limit 1")
    database = installation.release / "yibiao.duckdb"
    database.chmod(0o600)
    with duckdb.connect(str(database)) as connection:
        connection.execute("drop view resident_why")
    refused = installation.call("why", known["resident_id"], ok=False)
    assert "does not say why" in refused.stderr
    assert "yibiao run" in refused.stderr


def test_the_registry_alone_is_the_same_registry(schemas: Schemas, published: Installation) -> None:
    alone = load_registry(published.settings.schemas)
    assert (alone.elements, alone.codes, alone.entities, alone.departments) == (
        schemas.elements,
        schemas.codes,
        schemas.entities,
        schemas.departments,
    )
    assert not alone.reports


@pytest.mark.parametrize(
    "arguments",
    [("why", "{id}"), ("conflict", "export", "--department", "health", "--out", "{out}"), ("demo", "score")],
    ids=lambda arguments: arguments[0],
)
def test_a_release_that_an_older_program_made_is_refused_with_what_to_do(
    installation: Installation, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (golden,) = installation.query("select resident_id from resident where disputed_count > 0 limit 1")
    (installation.release / "yibiao.duckdb").chmod(0o600)
    with duckdb.connect(str(installation.release / "yibiao.duckdb")) as connection:
        connection.execute("drop view resident_why")
        connection.execute("alter table resident_conflict drop column as_of")
    given = {"id": golden["resident_id"], "out": str(tmp_path / "lists")}
    refused = installation.call(*(one.format(**given) for one in arguments), ok=False)
    assert refused.returncode == 1
    assert "older program" in refused.stderr
    assert "`yibiao run`" in refused.stderr
