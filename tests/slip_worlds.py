"""Installations that a register was delivered to, with or without mistakes, and what the warehouse would see of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from installations import Installation
from slip_helpers import REGISTER, Spoiled, schemas_at
from yibiao.ingest import ingest_report

EDITIONS = ("2026-01", "2026-02")

Mistakes = Mapping[int, str]


@dataclass
class World:
    """An installation, and what its sender should have written.

    Attributes:
        spoiled: edition -> the delivery with mistakes.
    """

    at: Installation
    spoiled: dict[str, Spoiled]

    def copy(self, folder: Path) -> World:
        """The same world in another folder."""
        at = self.at.copy(folder)
        moved = {
            edition: replace(one, path=at.data / one.path.relative_to(self.at.data))
            for edition, one in self.spoiled.items()
        }
        return World(at, moved)

    def ingest(self) -> None:
        """Read what is delivered."""
        outcome = ingest_report(schemas_at(self.at.settings.schemas).reports[REGISTER], self.at.settings)
        assert not outcome.errors, outcome.errors

    @property
    def fingerprint(self) -> str:
        from yibiao.warehouse.inputs import collect

        return collect(self.at.settings, schemas_at(self.at.settings.schemas)).fingerprint

    def staged(self) -> list[tuple[Any, ...]]:
        """The rows that dbt would stage: number, date and every column, by number."""
        import duckdb

        from yibiao.warehouse.inputs import collect
        from yibiao.warehouse.prepare import prepare

        settings = self.at.settings
        schemas = schemas_at(settings.schemas)
        database = settings.work / "look.duckdb"
        database.unlink(missing_ok=True)
        prepare(database, collect(settings, schemas), schemas, settings)
        with duckdb.connect(str(database)) as connection:
            rows = connection.execute(
                f"select * from raw.{schemas.reports[REGISTER].raw_table} order by all"
            ).fetchall()
        database.unlink()
        return rows

    def counts(self, edition: str) -> dict[str, int]:
        """Of the register's load of an edition."""
        from yibiao.warehouse.inputs import collect

        names = ("read", "accepted", "quarantined", "open", "resolved", "rejected")
        for load in collect(self.at.settings, schemas_at(self.at.settings.schemas)).loads:
            if (load.report, load.manifest["edition"]) == (REGISTER, edition):
                return {name: getattr(load, name) for name in names}
        raise AssertionError(f"no load of {edition}")
