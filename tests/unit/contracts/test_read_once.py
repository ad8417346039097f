"""A process reads a schemas folder once, and again as soon as any file in it is another."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from yibiao.contracts import load, load_registry, load_schemas
from yibiao.contracts.load import read_schemas
from yibiao.errors import ContractError

ELEMENTS = "elements/person.yml"


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_known", {})


def test_what_was_read_is_not_read_again(schemas_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, registry = load_schemas(schemas_folder), load_registry(schemas_folder)
    monkeypatch.setattr(load, "_read", None)
    assert load_schemas(schemas_folder) is first
    assert load_registry(str(schemas_folder)) is registry
    assert first.reports
    assert not registry.reports


def test_a_changed_file_is_read_again_though_neither_its_size_nor_its_time_tells(schemas_folder: Path) -> None:
    path = schemas_folder / ELEMENTS
    before, was = load_schemas(schemas_folder), path.stat()
    path.write_text(path.read_text().replace("定义", "意义", 1))
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert path.stat().st_size == was.st_size
    assert [one.definition for one in before.elements.values()] == ["定义"] * 4
    assert [one.definition for one in load_schemas(schemas_folder).elements.values()].count("意义") == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "elements" / "other.yml").write_text("elements: []\n"),
        lambda folder: next((folder / "reports").rglob("*.odcs.yml")).unlink(),
        lambda folder: (folder / ELEMENTS).rename(folder / "elements" / "people.yml"),
        lambda folder: next((folder / "codes").glob("*.csv")).open("a").write("\n"),
        lambda folder: (folder / "departments.yml").open("a").write("# a remark\n"),
    ],
)
def test_a_file_that_came_or_went_or_has_another_name_is_noticed(
    change: Callable[[Path], object], schemas_folder: Path
) -> None:
    before = load_schemas(schemas_folder)
    change(schemas_folder)
    assert read_schemas(schemas_folder)[0] is not before


def test_nobody_sees_what_another_adds_to_the_findings(schemas_folder: Path) -> None:
    _, first = read_schemas(schemas_folder)
    first.error("of-mine", "Found by the one who asked first.", "somewhere")
    _, second = read_schemas(schemas_folder)
    second.error("of-mine", "Found by the one who asked second.", "somewhere")
    assert read_schemas(schemas_folder)[1] == []


def test_a_mistake_is_told_each_time_and_no_longer_when_it_is_mended(schemas_folder: Path) -> None:
    path = schemas_folder / ELEMENTS
    right = path.read_text()
    path.write_text(right.replace("elements:", "element:", 1))
    for _ in range(2):
        with pytest.raises(ContractError):
            load_schemas(schemas_folder)
    path.write_text(right)
    assert load_schemas(schemas_folder).elements


def test_what_was_written_while_it_was_read_is_read_again(
    schemas_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = load._read

    def meanwhile(root: Path, contracts: bool) -> object:
        found = read(root, contracts)
        (root / "elements" / "other.yml").write_text("elements: []\n")
        return found

    monkeypatch.setattr(load, "_read", meanwhile)
    first, second = load_schemas(schemas_folder), load_schemas(schemas_folder)
    assert first is not second
    monkeypatch.setattr(load, "_read", read)
    assert load_schemas(schemas_folder) is second


def test_few_folders_are_kept(schemas_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_MOST", 1)
    schemas = load_schemas(schemas_folder)
    assert load_schemas(schemas_folder) is schemas
    registry = load_registry(schemas_folder)
    assert load_registry(schemas_folder) is registry
    assert load_schemas(schemas_folder) is not schemas
    assert len(load._known) == 1
