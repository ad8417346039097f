"""What stands on a side of a pair: a source record as it was delivered, or the golden record of a known entity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from yibiao.contracts.reports import Column, Report
from yibiao.contracts.values import Entity, Schemas
from yibiao.errors import ReleaseError
from yibiao.identity.source import SourceColumn, stated_by
from yibiao.ingest.packages import ACCEPTED, read_rows
from yibiao.ingest.rules import quote
from yibiao.settings import Settings
from yibiao.warehouse.releases import Release

if TYPE_CHECKING:
    import duckdb

SideKey = str | int
"""A record by its number, an entity by its id."""


@dataclass(frozen=True)
class Side:
    """One side of a pair.

    Args:
        place: `department`, `report`, `edition`, `file` and `row` of the record; of an entity those of the record that
            gave its certain key.
        cells: raw column of the linkage -> what it says, codes by their names; what is not stated is left out.
        records: source records of the entity; 1 for a record.
        is_entity: a certain key identifies it.
    """

    place: Mapping[str, Any]
    cells: Mapping[str, str]
    records: int = 1
    is_entity: bool = False


@dataclass(frozen=True)
class SideReader:
    """Reads sides out of one release.

    Args:
        connection: to the release's database.
        columns: raw columns that are shown.
    """

    connection: duckdb.DuckDBPyConnection
    release: Release
    entity: Entity
    columns: Sequence[SourceColumn]
    settings: Settings
    schemas: Schemas

    def records(self, numbers: Sequence[int]) -> dict[SideKey, Side]:
        """Records as they were delivered, or as the last amendment that the release knows left them.

        Raises:
            ReleaseError: a load package that holds one of them is gone.
        """
        places = self._places(numbers)
        by_load: dict[tuple[str, str], dict[int, int]] = {}
        for number in numbers:
            if number not in places:
                raise self._gone("a record number that no load of the release holds")
            load = places[number]["report"], places[number]["load_id"]
            by_load.setdefault(load, {})[places[number]["row"]] = number
        amendments = {one["load_id"]: one["amendments"] for one in self.release.manifest["inputs"]["loads"]}
        found: dict[SideKey, Side] = {}
        for (report_id, load_id), rows in by_load.items():
            if (report := self.schemas.reports.get(report_id)) is None:
                raise self._gone(f"nothing for load {load_id}: there is no such report any more")
            said = self._said(report, [f"load={load_id}", *(f"amend={one}" for one in amendments[load_id])], list(rows))
            if missing := rows.keys() - said.keys():
                raise self._gone(f"nothing for {len(missing)} rows of load {load_id}")
            found |= {number: Side(places[number], said[row]) for row, number in rows.items()}
        return found

    def entities(self, ids: Sequence[str]) -> dict[SideKey, Side]:
        """Entities by their golden records.

        Raises:
            ReleaseError: the release does not have one of them.
        """
        shown = {one.name: one.element for one in self.columns if one.element and not one.of_others}
        id_column, key = quote(self.entity.id_column), quote(self.entity.keys[0][0])
        golden, provenance, crosswalk = (
            quote(f"{self.entity.id}{suffix}") for suffix in ("", "_provenance", "_crosswalk")
        )
        chosen = "".join(f", cast(golden.{quote(element)} as varchar)" for element in shown.values())
        rows = self.connection.execute(
            f"select golden.{id_column}, provenance.{key}, coalesce(counted.n, 0){chosen}"
            f" from {golden} as golden"
            f" inner join unnest(?::varchar[]) as wanted(id) on golden.{id_column} = wanted.id"
            f" left join {provenance} as provenance on golden.{id_column} = provenance.{id_column}"
            f" left join (select {id_column}, count(*) as n from {crosswalk} group by all) as counted"
            f" on golden.{id_column} = counted.{id_column}",
            [ids],
        ).fetchall()
        if missing := len(ids) - len(rows):
            raise ReleaseError(
                "The review list names entities that the release does not have.",
                where=f"release {self.release.version}, {self.entity.id}_review",
                got=f"{missing} of them",
                todo="Build the release anew: `yibiao run --force`.",
            )
        places = self._places([row[1] for row in rows if row[1] is not None])
        return {
            id_: Side(
                places.get(record_no, {}),
                {
                    name: self._named(value, element)
                    for (name, element), value in zip(shown.items(), values, strict=True)
                    if value
                },
                count,
                is_entity=True,
            )
            for id_, record_no, count, *values in rows
        }

    def _places(self, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The load whose block of numbers holds each record, and its row there."""
        result = self.connection.execute(
            "select record_no, department, report, edition, load_id, file_name as file,"
            " record_no - first_record_no as row"
            " from (select distinct unnest(?::bigint[]) as record_no) as wanted"
            " join load on record_no > first_record_no and record_no <= first_record_no + read",
            [list(numbers)],
        )
        names = [column[0] for column in result.description or []]
        return {row[0]: dict(zip(names, row, strict=True)) for row in result.fetchall()}

    def _said(self, report: Report, packages: Sequence[str], rows: Sequence[int]) -> dict[int, dict[str, str]]:
        """By row what it says; of several packages the last that holds it counts."""
        stated = {one.name: column for one in self.columns if (column := stated_by(one, report, self.schemas))}
        folder = self.settings.lake / report.department / report.name
        cells: dict[int, dict[str, str | None]] = {}
        for package in packages:
            cells |= read_rows(folder / package / ACCEPTED, rows, [column.name for column in stated.values()])
        return {
            row: {
                name: text for name, column in stated.items() if (text := self._readable(told.get(column.name), column))
            }
            for row, told in cells.items()
        }

    def _readable(self, text: str | None, column: Column) -> str:
        """A cell as it was delivered; of a code list the name, where the cell holds one of its values."""
        text = (text or "").strip()
        if not text or not column.code_list:
            return text
        code = dict(column.pairs).get(text, "")
        known = self.schemas.codes[column.code_list].by_code.get(code)
        return known.name if known else text

    def _named(self, value: str, element: str) -> str:
        code_list = self.schemas.elements[element].code_list
        known = self.schemas.codes[code_list].by_code.get(value) if code_list else None
        return known.name if known else value

    def _gone(self, what: str) -> ReleaseError:
        return ReleaseError(
            "A record of the review list cannot be read back.",
            where=f"release {self.release.version}",
            expected="the load packages that the release was made of",
            got=what,
            todo="Run `yibiao run`, then review the release that it makes.",
        )
