"""Every row of every live delivery, of any edition, that speaks of one entity.

A release knows the rows of the editions that count today. Those of earlier ones are found by what tells the entity
today: its certain keys, and where a record has none, what the record says, word for word, or the number that its
department gives it. Who is who is so what is known today; what the rows said is what they said then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.contracts.generate.canonical import certain_keys, given_elements
from yibiao.contracts.generate.staging import AS_OF_ELEMENT
from yibiao.contracts.kinds import TYPES
from yibiao.contracts.reports import Column, Report
from yibiao.contracts.values import Entity, Schemas
from yibiao.identity.source import OWN_NUMBER, source_columns, stated_by
from yibiao.ingest.packages import ACCEPTED
from yibiao.ingest.rules import key_form, quote, read_as, render, sql_text
from yibiao.settings import Settings
from yibiao.warehouse.inputs import CURRENT, Inputs, Load
from yibiao.warehouse.prepare import prepare

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SEPARATOR = chr(31)
NO_KEY = "cast(null as varchar)"

FEW = 4
"""Rows of one package up to which each is looked up for itself."""

Place = tuple[str, int]
"""A row of a load: load id, row number there."""


@dataclass(frozen=True)
class Row:
    """One row about the entity.

    Args:
        record_no, load_id, row: its number among all, its load, its number there.
        source: the amendment package that gave its present form, else its load.
        cells: text of every column of its contract.
        key: the certain key that it states, if that is the entity's own.
    """

    record_no: int
    load_id: str
    row: int
    source: str
    cells: Mapping[str, str | None]
    key: str | None = None


@dataclass(frozen=True)
class Told:
    """By what an entity is told.

    Args:
        keys: texts of its certain keys.
        present: (load, row) of its records in the release.
        linked: those of `present` that no certain key places.
        elsewhere: of some records of the release those that belong to another entity.
    """

    keys: frozenset[str]
    present: frozenset[Place] = frozenset()
    linked: frozenset[Place] = frozenset()
    elsewhere: Callable[[Collection[Place]], set[Place]] = field(default=lambda _: set())


@dataclass
class Deliveries:
    """All live loads as tables of a database, and rows out of them.

    Args:
        connection: to a database that `prepare` made, in which the loads of all editions count.
        loads: by id.
    """

    connection: DuckDBPyConnection
    loads: Mapping[str, Load]
    settings: Settings
    schemas: Schemas
    _read: dict[Place, tuple[str, dict[str, str | None]]] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def open(
        cls, folder: Path, inputs: Inputs, settings: Settings, schemas: Schemas, known: Collection[str]
    ) -> Iterator[Deliveries]:
        """Prepare a database in a folder.

        Args:
            known: ids of the loads to take.
        """
        import duckdb

        loads = [load for load in inputs.loads if load.load_id in known]
        every = replace(inputs, loads=tuple(replace(load, state=CURRENT) for load in loads))
        prepare(folder / "history.duckdb", every, schemas, settings)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": settings.memory_limit,
            "threads": settings.threads,
            "temp_directory": str(folder / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        with duckdb.connect(str(folder / "history.duckdb"), config=config) as connection:
            yield cls(connection, {load.load_id: load for load in loads}, settings, schemas)

    def reports(self, entity: Entity) -> list[Report]:
        """Reports about an entity of which anything was delivered."""
        delivered = {load.report for load in self.loads.values()}
        return [one for one in self.schemas.reports.values() if entity.id in one.about and one.id in delivered]

    def keyed(self, entity: Entity, keys: Collection[str]) -> dict[str, dict[int, str]]:
        """Records that state one of these certain keys: report -> record number -> key.

        Reading a citizen number in whatever form costs so much more than looking at its length that only texts are read
        that may be one of these: all that are not written as a number is, and those that begin like them.
        """
        found: dict[str, dict[int, str]] = {report.id: {} for report in self.reports(entity)}
        if not keys:
            return found
        unsure: dict[str, list[str]] = {}
        for report in self.reports(entity):
            raw = f"raw.{quote(report.raw_table)}"
            given = _key_columns(report, entity, self.schemas)
            if len(given) == 1 and (column := given[0]).type in ("citizen_id", "person_number"):
                text = quote(column.name)
                told = f"select {sql_text(report.id)} as report, record_no, {text} as v from {raw}"
                unsure.setdefault(column.type, []).append(f"{told} where {_may_be(text, keys)}")
            elif (key := certain_key(report, entity, self.schemas)) != NO_KEY:
                self._collect(found, f"select {sql_text(report.id)}, record_no, {key} as key from {raw}", keys)
        for type_, branches in unsure.items():
            self.connection.execute(f"create or replace temp table history_unsure as {' union all '.join(branches)}")
            number = next(
                one["number"] for one in certain_keys(entity, self.schemas.elements) if one["parts"][0][1] == type_
            )
            value = key_form(type_, f"({render(TYPES[type_].macro, 'v')})")
            key = f"'{number}' || chr(31) || ({value})"
            self._collect(found, f"select report, record_no, {key} as key from history_unsure", keys)
        return found

    def _collect(self, found: dict[str, dict[int, str]], told: str, keys: Collection[str]) -> None:
        rows = self.connection.execute(
            f"select * from ({told}) as told where key in (select unnest(?::varchar[]))", [sorted(keys)]
        ).fetchall()
        for report, number, key in rows:
            found[report][number] = key

    def alike(self, report: Report, entity: Entity, said: Iterable[Mapping[str, str]]) -> dict[int, str | None]:
        """Records that say what others say: record number -> certain key that they state.

        Args:
            said: column -> text, what must be the same.
        """
        if not (wanted := [one for one in said if one]):
            return {}
        tests = " or ".join(
            "("
            + " and ".join(f"trim(coalesce({quote(name)}, '')) = {sql_text(text)}" for name, text in one.items())
            + ")"
            for one in wanted
        )
        key = certain_key(report, entity, self.schemas)
        return dict(
            self.connection.execute(
                f"select record_no, {key} from raw.{quote(report.raw_table)} where {tests}"
            ).fetchall()
        )

    def keys_of(self, report: Report, key: str, rows: Sequence[Row]) -> set[str]:
        """Certain keys that rows of a report state; `key` as `certain_key` gives it."""
        self._register(report, rows)
        found = self.connection.execute(f"select {key} from history_said").fetchall()
        self.connection.unregister("history_said")
        return {text for (text,) in found if text is not None}

    def key_text(self, key: Mapping[str, Any], values: Sequence[str]) -> str | None:
        """The text of a certain key with these values of its parts."""
        parts = []
        for (_, type_), value in zip(key["parts"], values, strict=True):
            part = self.connection.execute(f"select {key_form(type_, 'v')} from (select ?::varchar as v)", [value])
            parts.append(part.fetchall()[0][0])
        return None if None in parts else SEPARATOR.join([str(key["number"]), *parts])

    def _register(self, report: Report, rows: Sequence[Row]) -> None:
        """The table `history_said`: `record_no` and the text columns of rows of one report."""
        import pyarrow as pa

        names = [column.name for column in report.columns]
        columns = {name: pa.array([row.cells.get(name) for row in rows], pa.string()) for name in names}
        numbers = pa.array([row.record_no for row in rows], pa.int64())
        self.connection.register("history_said", pa.table({"record_no": numbers, **columns}))

    def typed(self, report: Report, entity: Entity, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """What rows of one report say, each value as text of the type of its element, with their own as-of date.

        Returns:
            Per row `record_no`, `as_of_date` (date or None) and `said`: element -> text.
        """
        elements = given_elements(report, entity)
        (number,) = keyed if len(keyed := _key_columns(report, entity, self.schemas)) == 1 else (None,)
        # To plan the reading of a citizen number takes half a second, and what was found by it is known.
        known = number.element if number is not None and number.type == "citizen_id" else None
        elements = [name for name in elements if name != known]
        dated = column_of(report, entity, AS_OF_ELEMENT)
        own = f"({read_as(dated, quote(dated.name))})" if dated else "cast(null as date)"
        said = "".join(f", cast({stated(report, entity, name)} as varchar)" for name in elements)
        self._register(report, rows)
        found = self.connection.execute(
            f"select record_no, {own}{said} from history_said order by record_no"
        ).fetchall()
        self.connection.unregister("history_said")
        told = [
            {"record_no": number, "as_of_date": day, "said": dict(zip(elements, values, strict=True))}
            for number, day, *values in found
        ]
        keys = {row.record_no: row.key for row in rows}
        for row in told:
            if known is not None and (key := keys[row["record_no"]]) is not None:
                row["said"][known] = key.partition(SEPARATOR)[2]
        return told

    def place(self, record_no: int) -> Place:
        """Load and row of a record."""
        for load in self.loads.values():
            if load.first_record_no < record_no <= load.first_record_no + load.read:
                return load.load_id, record_no - load.first_record_no
        raise KeyError(record_no)

    def number(self, place: Place) -> int:
        """Record number of (load, row)."""
        return self.loads[place[0]].first_record_no + place[1]

    def cells(self, places: Collection[Place]) -> dict[Place, tuple[str, dict[str, str | None]]]:
        """(load, row) -> the package that gave the form that counts, and its cells."""
        by_load: dict[str, list[int]] = {}
        for load_id, row in places:
            if (load_id, row) not in self._read:
                by_load.setdefault(load_id, []).append(row)
        for load_id, rows in by_load.items():
            load = self.loads[load_id]
            for name, folder in [(load_id, load.folder), *((one.amendment_id, one.folder) for one in load.amendments)]:
                for cells in self._rows_of(folder / ACCEPTED, rows):
                    self._read[load_id, cells.pop("_row")] = name, cells
        return {place: self._read[place] for place in places if place in self._read}

    def _rows_of(self, path: Path, rows: Sequence[int]) -> Iterator[dict[str, Any]]:
        """Rows of a package. One finds its place in the file by the statistics of its parts, a list does not."""
        tests = [f"_row = {row}" for row in rows]
        if len(rows) > FEW:
            tests = [f"_row in ({', '.join(map(str, rows))})"]
        for test in tests:
            package = f"read_parquet({sql_text(str(path))}, hive_partitioning = false)"
            found = self.connection.execute(f"from {package} where {test}")
            names = [column[0] for column in found.description or []]
            for row in found.fetchall():
                yield dict(zip(names, row, strict=True))


def _key_columns(report: Report, entity: Entity, schemas: Schemas) -> list[Column]:
    """The columns in which a report states keys of one part; empty if it states one of several parts."""
    given = given_elements(report, entity)
    keys = [key for key in entity.keys if set(key) <= set(given)]
    if any(len(key) > 1 for key in keys):
        return []
    return [column for (name,) in keys if (column := column_of(report, entity, name)) is not None]


def _may_be(text: str, keys: Collection[str]) -> str:
    """SQL of whether a text may be one of these numbers, however it is written; true of one text in a hundred."""
    numbers = [key.partition(SEPARATOR)[2] for key in keys]
    listed = ", ".join(sql_text(form) for number in numbers for form in (number, number.lower()))
    begins = " or ".join(f"starts_with({text}, {sql_text(one[:6] + one[8:12])})" for one in numbers if len(one) == 18)
    odd = f"strlen({text}) <> 18 or {text} in ({listed}) or {text} not between '1' and ':'"
    return f"({odd}{f' or {begins}' if begins else ''})"


def certain_key(report: Report, entity: Entity, schemas: Schemas) -> str:
    """SQL of the certain key that a row of a report states, over its text columns: the macro `certain_key`."""
    given = set(given_elements(report, entity))
    texts = []
    for key in certain_keys(entity, schemas.elements):
        if {name for name, _ in key["parts"]} <= given:
            parts = (key_form(type_, stated(report, entity, name)) for name, type_ in key["parts"])
            texts.append(f"'{key['number']}' || chr(31) || " + " || chr(31) || ".join(f"({part})" for part in parts))
    return f"coalesce({', '.join(texts)})" if texts else NO_KEY


def stated(report: Report, entity: Entity, element: str) -> str:
    """SQL of what a row says of an element, as its staging model reads it; over the report's text columns."""
    if (column := column_of(report, entity, element)) is None:
        return sql_text(report.constants[element])
    return f"({read_as(column, quote(column.name))})"


def column_of(report: Report, entity: Entity, element: str) -> Column | None:
    """The column by which a report states an element of the entity; None if it is a constant."""
    for column in report.columns:
        if column.element == element and column.role is None and column.entity in (None, entity.id):
            return column
    return None


def gather(deliveries: Deliveries, entity: Entity, told: Told, linkage: Any = None) -> list[Row]:
    """All rows about an entity, of any edition.

    Args:
        linkage: the linkage settings of the entity, if its records are linked.
    """
    rows: list[Row] = []
    every = deliveries.keyed(entity, told.keys)
    for report in deliveries.reports(entity):
        ours = {place for place in told.present if deliveries.loads[place[0]].report == report.id}
        keyed = every[report.id]
        theirs = told.elsewhere([deliveries.place(number) for number in keyed])
        found: dict[int, str | None] = dict(keyed)
        if linkage is not None:
            sayings = _sayings(deliveries, report, entity, linkage, ours & told.linked)
            for number, key in deliveries.alike(report, entity, sayings.values()).items():
                if key is None or deliveries.place(number) in ours:
                    found.setdefault(number, None)
            aside = _sayings(deliveries, report, entity, linkage, theirs)
            for number, key in deliveries.alike(report, entity, aside.values()).items():
                if key in told.keys:
                    found.pop(number, None)
        places = {deliveries.place(number): number for number in found}
        places |= {place: deliveries.number(place) for place in ours}
        cells = deliveries.cells([place for place in places if place not in theirs])
        for place, number in places.items():
            if place in cells:
                source, said = cells[place]
                own = None if place in told.linked else found.get(number)
                rows.append(Row(number, *place, source, said, own))
    return sorted(rows, key=lambda row: row.record_no)


def _sayings(
    deliveries: Deliveries, report: Report, entity: Entity, linkage: Any, places: Collection[Place]
) -> dict[Place, dict[str, str]]:
    """What tells records without a certain key from others: the number of their department, else all that they say."""
    if not places:
        return {}
    columns = {}
    for one in source_columns(linkage, entity, deliveries.schemas):
        if (column := stated_by(one, report, deliveries.schemas)) is not None:
            columns[one.name] = column.name
    sayings = {}
    for place, (_, cells) in deliveries.cells(places).items():
        texts = {name: (cells.get(column) or "").strip() for name, column in columns.items()}
        if texts.get(OWN_NUMBER):
            sayings[place] = {columns[OWN_NUMBER]: texts[OWN_NUMBER]}
        else:
            sayings[place] = {columns[name]: text for name, text in texts.items()}
    return sayings
