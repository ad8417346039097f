"""Everything that follows from the schemas: dbt models, contracts and sources, expectation specs, the index of DAGs.

Generated files carry a header; a file with that header which no longer follows from the schemas is removed. Anything
written by hand lives in files without it, which generation never touches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from yibiao.contracts.generate.canonical import canonical_files
from yibiao.contracts.generate.expectations import expectation_files
from yibiao.contracts.generate.index import dag_index
from yibiao.contracts.generate.linkage import address_files, linkage_files, linked_entities
from yibiao.contracts.generate.staging import staging_files
from yibiao.contracts.generate.text import HEADER
from yibiao.contracts.values import Schemas
from yibiao.errors import ContractError
from yibiao.files import commit_file
from yibiao.settings import Settings


@dataclass(frozen=True)
class Changes:
    """What differs between the schemas and the generated files on disk, in order of path."""

    write: tuple[Path, ...]
    remove: tuple[Path, ...]

    def __bool__(self) -> bool:
        return bool(self.write or self.remove)


def plan(schemas: Schemas, settings: Settings) -> dict[Path, bytes]:
    """Every generated file and its content, a pure function of the schemas."""
    models = settings.dbt_project / "models"
    files: dict[Path, str] = {}
    linkage = linked_entities(settings.schemas, schemas)
    for folder, made in (
        (settings.dbt_project, staging_files(schemas)),
        (settings.dbt_project, canonical_files(schemas, linkage)),
        (settings.dbt_project, linkage_files(schemas, linkage)),
        (settings.dbt_project, address_files(schemas)),
        (settings.expectations, expectation_files(schemas)),
    ):
        for name, text in made.items():
            path = folder / name
            if path in files:
                raise ContractError(
                    "Two generated files have the same name.", where=str(path.relative_to(models.parent.parent))
                )
            files[path] = text
    content = {path: text.encode() for path, text in files.items()}
    content[settings.dags / "index.json"] = dag_index(schemas)
    return dict(sorted(content.items()))


def compare(schemas: Schemas, settings: Settings) -> tuple[Changes, dict[Path, bytes]]:
    """What `generate` would change, and the plan itself."""
    planned = plan(schemas, settings)
    write = [path for path, content in planned.items() if not path.is_file() or path.read_bytes() != content]
    remove = [path for path in _generated(settings) if path not in planned]
    return Changes(tuple(write), tuple(sorted(remove))), planned


def generate(schemas: Schemas, settings: Settings) -> Changes:
    """Write files that changed, remove those that follow from nothing any more, leave all others untouched."""
    changes, planned = compare(schemas, settings)
    for path in _unfinished(planned):
        path.unlink(missing_ok=True)
    for path in changes.write:
        commit_file(planned[path], path, "contract.generate")
    for path in changes.remove:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    return changes


def _unfinished(planned: Mapping[Path, bytes]) -> Iterator[Path]:
    """Hidden files that a killed process left beside the generated ones."""
    for folder in {path.parent for path in planned if path.parent.is_dir()}:
        for path in folder.glob(".*-*"):
            if path.with_name(path.name[1:].rpartition("-")[0]) in planned:
                yield path


def _generated(settings: Settings) -> Iterator[Path]:
    marker = HEADER.encode()
    for folder in (settings.dbt_project / "models", settings.dbt_project / "macros", settings.expectations):
        for path in folder.rglob("*"):
            if path.suffix in (".sql", ".yml", ".py") and path.is_file():
                with path.open("rb") as stream:
                    if marker in stream.readline():
                        yield path
