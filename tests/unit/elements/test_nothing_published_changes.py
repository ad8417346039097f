"""The registry may hold far more than is collected: what no report supplies changes neither models nor releases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from yibiao.contracts import Schemas, load_schemas
from yibiao.contracts.generate import plan
from yibiao.contracts.kinds import Frozen
from yibiao.settings import Settings
from yibiao.warehouse.inputs import registry_digest

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return load_schemas(PROJECT / "schemas")


@pytest.fixture(scope="module")
def collected(schemas: Schemas) -> Schemas:
    """The same without the elements that no report supplies and no entity lists, and without their code lists."""
    names = {name for entity in schemas.entities.values() for name in entity.elements}
    for report in schemas.reports.values():
        names |= {column.element for column in report.columns if column.element} | set(report.constants)
    elements = {name: element for name, element in schemas.elements.items() if name in names}
    lists = {element.code_list for element in elements.values()}
    codes = {name: code_list for name, code_list in schemas.codes.items() if name in lists}
    assert len(elements) < len(schemas.elements) / 4
    return replace(schemas, elements=Frozen(elements), codes=Frozen(codes))


def test_what_no_report_supplies_changes_no_generated_file(schemas: Schemas, collected: Schemas) -> None:
    settings = replace(
        Settings.load(),
        project=PROJECT,
        schemas=PROJECT / "schemas",
        dbt_project=PROJECT / "dbt_project",
        expectations=PROJECT / "expectations",
        dags=PROJECT / "dags",
    )

    assert plan(schemas, settings) == plan(collected, settings)


def test_what_no_report_supplies_changes_no_fingerprint(schemas: Schemas, collected: Schemas) -> None:
    assert registry_digest(schemas) == registry_digest(collected)


def _with(schemas: Schemas, **changes: object) -> Schemas:
    return replace(
        schemas, elements=Frozen({**schemas.elements, "sex_code": replace(schemas.elements["sex_code"], **changes)})
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda one: _with(one, authority=("health",)),
        lambda one: _with(one, survivorship=()),
        lambda one: _with(one, name="男女"),
        lambda one: _with(one, code_list="yes_no"),
        lambda one: replace(one, codes=Frozen({**one.codes, "sex": replace(one.codes["sex"], codes=())})),
        lambda one: replace(
            one,
            entities=Frozen(
                {**one.entities, "household": replace(one.entities["household"], elements=("household_code",))}
            ),
        ),
    ],
)
def test_what_decides_a_value_changes_the_fingerprint(schemas: Schemas, change: Callable[[Schemas], Schemas]) -> None:
    assert registry_digest(change(schemas)) != registry_digest(schemas)


def test_another_word_for_an_element_does_not(schemas: Schemas) -> None:
    assert registry_digest(_with(schemas, aliases=("性 别 栏",), freshness="daily")) == registry_digest(schemas)
