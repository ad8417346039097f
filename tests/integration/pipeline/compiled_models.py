"""The models that dbt compiled, run on small deliveries in DuckDB: a whole unification in a fraction of a second."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from installations import Installation
from warm import warm_engines
from yibiao.contracts import Report, Schemas, load_schemas
from yibiao.control import Decision
from yibiao.identity.run import link_entity
from yibiao.ingest import LoadPackage
from yibiao.progress import Silent
from yibiao.settings import Settings
from yibiao.warehouse.content_hash import combine, hash_tables
from yibiao.warehouse.dbt import run_models
from yibiao.warehouse.inputs import Inputs, collect
from yibiao.warehouse.kept import KEPT, Change, compare, described
from yibiao.warehouse.prepare import prepare

LAST_DAYS = {"2026-01": "2026-01-31", "2026-02": "2026-02-28", "2026-03": "2026-03-31"}


def compiled_for_changes(published: Installation, folder: Path) -> Path:
    """What dbt compiles where a kept warehouse is brought to new inputs: its folder of models."""
    settings, folder = replace(published.settings, home=folder / "changing"), folder / "changing" / "work"
    folder.mkdir(parents=True)
    shutil.copytree(published.home / "dbt", settings.home / "dbt")
    kept = shutil.copyfile(published.home / KEPT, folder / KEPT)
    schemas = load_schemas(settings.schemas)
    inputs = collect(published.settings, schemas)
    prepare(kept, inputs, schemas, settings, Change("", (), frozenset(), date(2026, 1, 1)))
    with warm_engines():
        run_models(settings, kept, folder, Silent(), command="compile")
    return settings.home / "dbt" / "compiled" / "yibiao" / "models"


@dataclass(frozen=True)
class Delivered:
    """One delivery: its rows as text, in the order of the contract's columns, and which of them passed the checks."""

    report: str
    edition: str
    rows: tuple[tuple[str | None, ...], ...]
    accepted: tuple[bool, ...]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(repr((self.report, self.edition, self.rows)).encode()).hexdigest()


class Models:
    """The compiled SQL of the entities that some reports are about.

    Args:
        compiled: dbt's folder `compiled/yibiao/models` of an installation that has unified once.
        schemas: all schemas; those reports are kept that are about one of `entities`.
        folder: scratch.
        changing: the same folder, compiled where a kept warehouse is brought to new inputs.
    """

    def __init__(
        self, compiled: Path, schemas: Schemas, entities: Sequence[str], settings: Settings, folder: Path,
        changing: Path | None = None,
    ):  # fmt: skip
        reports = {id_: one for id_, one in schemas.reports.items() if set(one.about) & set(entities)}
        self.schemas = replace(schemas, reports=reports)
        self.entities, self.settings, self.folder = tuple(entities), settings, folder
        models = [(f"staging/{one.department}", one.staging_model, "staging") for one in reports.values()]
        self.linked = [entity for entity in entities if (compiled / f"identity/linkage_record_{entity}.sql").exists()]
        for entity in entities:
            if entity in self.linked:
                models += [("identity", f"{kind}_{entity}", "identity") for kind in ("linkage_record", "review")]
            # By change, what linkage says of records is brought to what was touched.
            link = ("link",) if entity in self.linked else ()
            kinds = ("touched", *link, "affected", "crosswalk", "survivor", "renewed")
            models += [("identity", f"{kind}_{entity}", "identity") for kind in kinds]
            models += [("canonical", f"{entity}{part}", "canonical") for part in ("", "_provenance", "_conflict")]
        self.sql, self.changing = (
            {f"{layer}.{name}": (root / place / f"{name}.sql").read_text() for place, name, layer in models}
            for root in (compiled, changing or compiled)
        )
        self._parsed: dict[str, duckdb.Statement] = {}

    def inputs(
        self, arrived: Sequence[Delivered], decisions: tuple[tuple[str, str, str, str], ...] = (),
        withdrawn: Sequence[Delivered] = (),
    ) -> Inputs:  # fmt: skip
        """What the program makes of deliveries that arrived in this order, some of them maybe several times.

        Args:
            decisions: entity, two nodes and verdict of pairs that a human decided.
            withdrawn: those of them that a human took back.
        """
        taken_back = {
            (one.report, one.edition, one.sha256): Decision("", "", "", "", "withdraw", "", "wrong", "")
            for one in withdrawn
        }
        packages: dict[str, list[LoadPackage]] = {report: [] for report in self.schemas.reports}
        for delivered in arrived:
            package = self._package(delivered)
            if package.load_id not in {one.load_id for one in packages[delivered.report]}:
                packages[delivered.report].append(package)
        with (
            mock.patch("yibiao.ingest.live_packages", lambda report, _: packages[report.id]),
            mock.patch("yibiao.control.accepted_loads", return_value=set()),
            mock.patch("yibiao.control.withdrawn_deliveries", return_value=taken_back),
        ):
            return replace(collect(self.settings, self.schemas), link_decisions=decisions)

    def build(self, inputs: Inputs) -> Warehouse:
        """Run every model on these inputs."""
        database = self.folder / "warehouse.duckdb"
        database.unlink(missing_ok=True)
        prepare(database, inputs, self.schemas, self.settings)
        # One thread: with so few rows a second one would only be waited for.
        connection = duckdb.connect(str(database), config={"threads": 1})
        connection.begin()  # here and below: a wait for the disk, not one for every model
        for layer in ("staging", "identity", "canonical"):
            connection.execute(f"create schema {layer}")
        # Dwellings are not among these entities: an address names none.
        connection.execute(
            "create table identity.address_dwelling (address varchar, dwelling_code varchar, how varchar)"
        )
        for name, sql in self.sql.items():
            self._run(connection, f"create {'view' if 'linkage_record' in name else 'table'} {name} as {sql}")
            entity = name.removeprefix("identity.linkage_record_")
            if entity in self.linked:
                found = link_entity(connection, entity, self.settings)
                found.create(f"identity.linkage_{entity}")
        connection.commit()
        return Warehouse(connection, self.entities, tuple(self.linked))

    def change(self, built: Warehouse, before: Inputs, inputs: Inputs) -> Warehouse:
        """Bring a warehouse that was built from some inputs to others, as a run does that keeps it."""
        built.connection.close()
        database = self.folder / "warehouse.duckdb"
        with mock.patch("yibiao.warehouse.kept.MOST_CHANGED", 1e9):
            change = compare(described(before), inputs, date(2026, 1, 1))
        assert isinstance(change, Change), change
        prepare(database, inputs, self.schemas, self.settings, change)
        connection = duckdb.connect(str(database), config={"threads": 1})
        connection.begin()
        reports = self.schemas.reports.values()
        unchanged = {f"staging.{one.staging_model}" for one in reports if one.id not in change.reports}
        for name, sql in self.changing.items():
            if name in unchanged:
                continue
            if anew := self._anew(name):
                key, keys = anew
                connection.execute(f"delete from {name} where {key} in (select {key} from {keys})")
                self._run(connection, f"insert into {name} {sql}")
                continue
            self._run(
                connection, f"create or replace {'view' if 'linkage_record' in name else 'table'} {name} as {sql}"
            )
            entity = name.removeprefix("identity.linkage_record_")
            if entity in self.linked:
                link_entity(connection, entity, self.settings).create("said")
                connection.execute(f"insert into identity.linkage_{entity} from said; drop table said")
        connection.commit()
        return Warehouse(connection, self.entities, tuple(self.linked))

    def _run(self, connection: duckdb.DuckDBPyConnection, sql: str) -> None:
        """Run a model, parsed once for all examples: to parse one of staging takes as long as to plan it."""
        if sql not in self._parsed:
            (self._parsed[sql],) = connection.extract_statements(sql)
        connection.execute(self._parsed[sql])

    def _anew(self, name: str) -> tuple[str, str] | None:
        """Key of the rows that a model makes anew, and the table that lists them: what its hook says to dbt."""
        layer, _, model = name.partition(".")
        if layer == "staging":
            return "record_no", "input.touched_record"
        for entity in self.entities:
            key = self.schemas.entities[entity].id_column
            which = {
                f"identity.crosswalk_{entity}": ("record_no", "affected"),
                f"identity.link_{entity}": ("record_no", "touched"),
                f"identity.survivor_{entity}": (key, "touched"),
                f"canonical.{entity}": (key, "renewed"),
                f"canonical.{entity}_provenance": (key, "touched"),
                f"canonical.{entity}_conflict": (key, "touched"),
            }.get(f"{layer}.{model}")
            if which:
                return which[0], f"identity.{which[1]}_{entity}"
        return None

    def _package(self, delivered: Delivered) -> LoadPackage:
        """A load package as ingest writes it: the warehouse reads its two files and its manifest."""
        report = self.schemas.reports[delivered.report]
        load_id = delivered.sha256[:20]
        folder = self.folder / f"load={load_id}"
        passed = [number for number, good in enumerate(delivered.accepted) if good]
        kept_out = [number for number, good in enumerate(delivered.accepted) if not good]
        if not folder.exists():
            folder.mkdir(parents=True)
            pq.write_table(_table(report, delivered, passed), folder / "accepted.parquet")
            quarantine = _table(report, delivered, kept_out)
            rules = pa.array([["row.test"]] * len(kept_out), pa.list_(pa.string()))
            quarantine = quarantine.append_column("_rules", rules)
            for name in ("_raw", "_proposal"):
                quarantine = quarantine.append_column(name, pa.nulls(len(kept_out), pa.string()))
            pq.write_table(quarantine, folder / "quarantine.parquet")
        manifest: dict[str, Any] = {
            "load_id": load_id,
            "report": report.id,
            "department": report.department,
            "edition": delivered.edition,
            "edition_date": LAST_DAYS[delivered.edition],
            "delivery": {"sha256": delivered.sha256, "name": "delivered"},
            "counts": {"read": len(delivered.rows), "accepted": len(passed), "quarantined": len(kept_out)},
        }
        return LoadPackage(folder, manifest)


def _table(report: Report, delivered: Delivered, numbers: Sequence[int]) -> pa.Table:
    columns: dict[str, pa.Array] = {"_row": pa.array([number + 1 for number in numbers], pa.int64())}
    for place, column in enumerate(report.columns):
        columns[column.name] = pa.array([delivered.rows[number][place] for number in numbers], pa.string())
    return pa.table(columns)


@dataclass(frozen=True)
class Warehouse:
    """A built warehouse in the memory of one test."""

    connection: duckdb.DuckDBPyConnection
    entities: tuple[str, ...]
    linked: tuple[str, ...] = ()

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *rest: object) -> None:
        self.connection.close()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        result = self.connection.execute(sql)
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    @property
    def content_hash(self) -> str:
        """As a release would state it, over golden records, provenance, conflicts and crosswalks."""
        tables = {f"{entity}_crosswalk": f"identity.crosswalk_{entity}" for entity in self.entities}
        for entity in self.entities:
            tables |= {f"{entity}{part}": f"canonical.{entity}{part}" for part in ("", "_provenance", "_conflict")}
        for entity in self.linked:
            tables |= {f"{entity}_{part}": f"identity.{part}_{entity}" for part in ("link", "review")}
        return combine(hash_tables(self.connection, tables))
