"""Parquet: typed columns back to text, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from yibiao.contracts.reports import Report
from yibiao.errors import DeliveryError
from yibiao.ingest.readers.chunks import CHUNK_ROWS, Chunk, Reading, schema
from yibiao.settings import TIME_ZONE


def read_parquet(path: Path, report: Report, reading: Reading) -> Iterator[Chunk]:
    """Rows of a Parquet file; see `yibiao.ingest.readers`."""
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(reading, error) from None
    fields = leaves(file.schema_arrow)
    headers = list(fields)
    binding = reading.bind(report, headers)
    wanted = sorted({fields[headers[place]][0] for place in binding.places if place is not None})
    target = schema(binding.names)
    first = 1
    try:
        for batch in file.iter_batches(batch_size=CHUNK_ROWS // 4, columns=wanted):
            count = batch.num_rows
            arrays: list[pa.Array] = [pa.array(np.arange(first, first + count, dtype=np.int64))]
            arrays += [
                pa.nulls(count, pa.string()) if place is None else as_text(leaf(batch, fields[headers[place]]))
                for place in binding.places
            ]
            first += count
            reading.total += count
            yield Chunk(pa.Table.from_arrays(arrays, schema=target))
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(reading, error) from None


def leaves(schema_: pa.Schema) -> dict[str, tuple[str, ...]]:
    """Header -> path of every column that is no structure; what lies in one is called `户主.姓名`."""
    found: dict[str, tuple[str, ...]] = {}

    def add(path: tuple[str, ...], kind: pa.DataType) -> None:
        if pa.types.is_struct(kind) and kind.num_fields:
            for field in kind:
                add((*path, field.name), field.type)
        else:
            found[".".join(path)] = path

    for field in schema_:
        add((field.name,), field.type)
    return found


def leaf(batch: pa.RecordBatch, path: tuple[str, ...]) -> pa.Array:
    """The column at a path; null where a structure above it is null."""
    values = batch.column(path[0])
    for step in path[1:]:
        values = pc.struct_field(values, step)
    return values


def as_text(values: pa.Array) -> pa.Array:
    """A typed column as text: whole floats without `.0`, days and moments in ISO, null stays null.

    A moment with a time zone becomes local time (Asia/Shanghai), because days are meant there. Lists and mappings
    become JSON.

    Raises:
        pyarrow.ArrowInvalid: texts that are no UTF-8.
    """
    # A damaged page without a checksum gives bytes that are no text, and the parser does not look at them.
    values.validate(full=True)
    kind = values.type
    if isinstance(values, pa.ExtensionArray):
        return as_text(values.storage)
    if pa.types.is_nested(kind):
        return pa.array([None if one is None else _json(one) for one in values.to_pylist()], pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pc.cast(values.cast(pa.binary()), pa.string())
    if pa.types.is_dictionary(kind):
        return as_text(values.dictionary_decode())
    if pa.types.is_string(kind):
        return values
    if pa.types.is_floating(kind):
        values = values.cast(pa.float64())
        whole = pc.and_(pc.equal(values, pc.round(values)), pc.less(pc.abs(values), 1e15))
        digits = pc.if_else(whole, values, None).cast(pa.int64()).cast(pa.string())
        return pc.coalesce(digits, values.cast(pa.string()))
    if pa.types.is_timestamp(kind):
        if kind.tz is not None:
            values = pc.local_timestamp(values.cast(pa.timestamp(kind.unit, TIME_ZONE)))
        text = pc.replace_substring(values.cast(pa.timestamp("us"), safe=False).cast(pa.string()), " ", "T")
        return pc.replace_substring_regex(pc.replace_substring_regex(text, r"\.0+$", ""), "T00:00:00$", "")
    return values.cast(pa.string())


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def _unreadable(reading: Reading, error: Exception) -> DeliveryError:
    return DeliveryError(
        "The delivery cannot be read as Parquet.",
        where=reading.where,
        expected="a complete Parquet file",
        got=type(error).__name__,
        todo="Ask the sender to send the file again.",
    )
