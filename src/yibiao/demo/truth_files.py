"""The truth beside the deliveries: what is so, and what was done to each delivered row.

`<out>/truth/<entity>.parquet` has one row per edition and entity with the true value of every data element;
`<out>/truth/record.parquet` one row per delivered row with the entities it speaks of and the damages done to it.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from yibiao.contracts.values import Schemas
from yibiao.demo.deliver import Delivery, asked_of
from yibiao.demo.event_book import events_of
from yibiao.demo.truth import ENTITIES, Truth, as_plain, supplied

RECORD_SCHEMA = pa.schema(
    [
        ("report", pa.dictionary(pa.int32(), pa.string())),
        ("edition", pa.dictionary(pa.int32(), pa.string())),
        ("row", pa.int32()),
        *[(f"{entity}_no", pa.int32()) for entity in ENTITIES],
        ("role_resident_no", pa.int32()),
        ("damages", pa.dictionary(pa.int32(), pa.string())),
    ]
)
"""`row` is the 1-based number of the data row; `<entity>_no` is `no` in the entity's file; damages joined by `|`."""


class _Files:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.writers: dict[str, pq.ParquetWriter] = {}

    def write(self, name: str, table: pa.Table) -> None:
        if name not in self.writers:
            self.writers[name] = pq.ParquetWriter(self.folder / f"{name}.parquet", table.schema, compression="zstd")
        self.writers[name].write_table(table, row_group_size=250_000)

    def __enter__(self):
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self.writers.values():
            writer.close()


class TruthWriter(_Files):
    """Writes the entities' true values, one edition after the other."""

    def add(self, truth: Truth) -> None:
        edition = truth.edition
        for entity in ENTITIES:
            names = supplied(entity)
            columns = [as_plain(truth.column(entity, name)) for name in names]
            count = len(columns[0])
            numbers = events_of(edition).number if entity == "event" else np.arange(count)
            exists = np.arange(count)
            extra: dict[str, pa.Array] = {}
            if entity == "resident":
                # Those who are born or arrive later are no part of this edition; the dead and gone are.
                families = edition.world.families
                known = (edition.world.residents.birth <= edition.last_day) & (
                    families.arrive[families.household] <= edition.last_day
                )
                exists = np.flatnonzero(known)
                extra = {
                    "present": pa.array(edition.present),
                    "former_address": truth.address(edition.former_residence),
                    "former_hukou_address": truth.address(edition.world.homes.former_registered[families.household]),
                    "household_no": pa.array(families.household),
                    "spouse_no": pa.array(families.spouse),
                    "mother_no": pa.array(families.mother),
                    "father_no": pa.array(families.father),
                    "same_number_no": pa.array(edition.world.residents.shared),
                }
            if entity == "benefit":
                extra = {"resident_no": pa.array(edition.world.benefits.resident)}
            edition_name = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([edition.name]))
            table = pa.table(
                [edition_name, pa.array(numbers.astype(np.int64)), *columns, *extra.values()],
                names=["edition", "no", *names, *extra],
            )
            self.write(entity, table if len(exists) == count else table.take(pa.array(exists)))


class RecordWriter(_Files):
    """Writes one row per delivered row."""

    def __init__(self, folder: Path, schemas: Schemas) -> None:
        super().__init__(folder)
        self.schemas = schemas

    def add(self, delivery: Delivery) -> None:
        batch = delivery.batch
        rows = batch.rows
        zero = pa.array(np.zeros(rows, dtype=np.int32))
        columns: list[pa.Array] = [
            pa.DictionaryArray.from_arrays(zero, pa.array([batch.report.id])),
            pa.DictionaryArray.from_arrays(zero, pa.array([batch.edition.name])),
            pa.array(np.arange(1, rows + 1, dtype=np.int32)),
        ]
        for entity in ENTITIES:
            numbers = batch.entities.get(entity) if entity in (*batch.report.about, "resident") else None
            if entity == "event" and numbers is not None:
                numbers = events_of(batch.edition).number
            columns.append(_numbers(numbers, rows))
        roles = list(batch.roles.values())
        asked = {asked_of(self.schemas, column)[1] for column in batch.report.columns}
        named = {role for role in asked if role} & set(batch.roles)
        columns.append(_numbers(batch.roles[sorted(named)[0]] if named and roles else None, rows))
        columns.append(delivery.marks.texts())
        self.write("record", pa.table(columns, schema=RECORD_SCHEMA))


def _numbers(values: np.ndarray | None, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, pa.int32())
    values = values.astype(np.int32)
    return pa.array(values, mask=values < 0)
