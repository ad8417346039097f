"""The specs written by hand fit the tables that dbt makes and the schemas they come from."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from yibiao.contracts import Schemas, load_schemas
from yibiao.quality.counts import columns_of
from yibiao.quality.specs import TableSpec, load_specs
from yibiao.settings import Settings

WRITTEN = ("canonical", "identity", "marts")


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return load_schemas(Settings.load().schemas)


@pytest.fixture(scope="module")
def specs() -> dict[str, TableSpec]:
    settings = Settings.load()
    loaded = load_specs(settings.expectations, settings.schemas / "codes")
    return {spec.qualified: spec for spec in loaded if spec.layer in WRITTEN}


@pytest.fixture(scope="module")
def models() -> dict[str, set[str]]:
    """`layer.model` -> columns, as the models' YAML promises them."""
    found: dict[str, set[str]] = {}
    root: Path = Settings.load().dbt_project / "models"
    for layer in WRITTEN:
        for file in sorted((root / layer).rglob("*.yml")):
            for model in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("models", ()):
                found[f"{layer}.{model['name']}"] = {column["name"] for column in model.get("columns", ())}
    return found


def test_every_column_that_is_checked_exists(specs: dict[str, TableSpec], models: dict[str, set[str]]) -> None:
    wrong = [
        f"{name}: {one.id}: {column}"
        for name, spec in specs.items()
        for one in spec.expectations
        for column in columns_of(one.type, one.kwargs)
        if column not in models.get(name, set())
    ]
    assert wrong == []


def test_every_published_table_has_expectations(specs: dict[str, TableSpec], models: dict[str, set[str]]) -> None:
    published = {name for name in models if name.startswith(("canonical.", "marts."))}
    assert published <= set(specs)


def test_no_release_has_two_records_of_a_key_by_which_values_of_others_are_chosen(
    specs: dict[str, TableSpec], schemas: Schemas
) -> None:
    """What says why (`yibiao.warehouse.reasons`) relies on it."""
    named = {
        criterion.entity
        for element in schemas.elements.values()
        for criterion in element.survivorship
        if criterion.entity
    }
    assert named
    for entity in named:
        (key,) = schemas.entities[entity].keys[0]
        assert any(
            one.severity == "critical"
            and one.type == "expect_column_values_to_be_unique"
            and one.kwargs["column"] == key
            for one in specs[f"canonical.{entity}"].expectations
        )


def test_every_code_of_an_entity_is_checked_against_its_list(specs: dict[str, TableSpec], schemas: Schemas) -> None:
    for entity in schemas.entities.values():
        checked = {
            one.kwargs["column"]: one.kwargs["code_list"]
            for one in specs[f"canonical.{entity.id}"].expectations
            if "code_list" in one.kwargs
        }
        lists = {name: schemas.elements[name].code_list for name in entity.elements if schemas.elements[name].code_list}
        assert checked == lists, entity.id


def test_ids_and_certain_keys_are_unique_and_present(specs: dict[str, TableSpec], schemas: Schemas) -> None:
    for entity in schemas.entities.values():
        critical = [one for one in specs[f"canonical.{entity.id}"].expectations if one.severity == "critical"]
        unique = {tuple(columns_of(one.type, one.kwargs)) for one in critical if one.type.endswith("to_be_unique")}
        present = {one.kwargs["column"] for one in critical if one.type == "expect_column_values_to_not_be_null"}
        needed = [(entity.id_column,), *map(tuple, entity.keys)] if len(entity.keys) == 1 else [(entity.id_column,)]
        assert set(needed) <= unique, entity.id
        # Whose records are linked may be known without a key; that then holds only for those which linkage placed.
        if (Settings.load().schemas / "linkage" / f"{entity.id}.json").is_file():
            needed = [(entity.id_column,)]
            assert "without_number_only_linked" in {one.id for one in critical}
        assert {column for key in needed for column in key} <= present, entity.id


def test_every_reason_is_written_for_people(specs: dict[str, TableSpec], schemas: Schemas) -> None:
    owners = {"platform", *schemas.departments}
    for spec in specs.values():
        for one in spec.expectations:
            assert one.owner in owners, (spec.qualified, one.id)
            assert any("一" <= character <= "鿿" for character in one.reason), (spec.qualified, one.id)
