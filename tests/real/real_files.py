"""What a run of the pipeline over the real files leaves for the tests to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from yibiao.settings import Settings

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]


@dataclass(frozen=True)
class RealRun:
    """One run of the whole pipeline over the real files.

    Attributes:
        data: folder of the real files.
        settings: its working folder, schemas and generated dbt project.
        ingested: report id -> what became of its deliveries.
        unified: what unification did.
    """

    data: Path
    settings: Settings
    ingested: Mapping[str, Any]
    unified: Any

    @property
    def release(self) -> Path:
        return self.settings.releases / "current"

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The release's manifest."""
        import orjson

        return orjson.loads((self.release / "manifest.json").read_bytes())

    def loads(self, report: str) -> list[Mapping[str, Any]]:
        """Manifests of a report's load packages, by name of the delivery."""
        found = [package.manifest for package in self.ingested[report].loaded]
        return sorted(found, key=lambda manifest: manifest["delivery"]["name"])

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask the release's DuckDB file."""
        import duckdb

        with duckdb.connect(str(self.release / "yibiao.duckdb"), read_only=True) as connection:
            return connection.execute(sql, list(parameters)).fetchall()
