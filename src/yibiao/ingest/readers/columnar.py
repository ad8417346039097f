"""Parquet: typed columns back to text, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from yibiao.contracts.values import Report
from yibiao.errors import DeliveryError
from yibiao.ingest.readers.chunks import CHUNK_ROWS, Chunk, Reading, schema


def read_parquet(path: Path, report: Report, reading: Reading) -> Iterator[Chunk]:
    """Rows of a Parquet file; see `yibiao.ingest.readers`."""
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(reading, error) from None
    headers = file.schema_arrow.names
    binding = reading.bind(report, headers)
    wanted = [headers[place] for place in binding.places if place is not None]
    target = schema(binding.names)
    first = 1
    try:
        for batch in file.iter_batches(batch_size=CHUNK_ROWS // 4, columns=wanted):
            count = batch.num_rows
            arrays: list[pa.Array] = [pa.array(np.arange(first, first + count, dtype=np.int64))]
            arrays += [
                pa.nulls(count, pa.string()) if place is None else as_text(batch.column(headers[place]))
                for place in binding.places
            ]
            first += count
            reading.total += count
            yield Chunk(pa.Table.from_arrays(arrays, schema=target))
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(reading, error) from None


def as_text(values: pa.Array) -> pa.Array:
    """A typed column as text: whole floats without `.0`, days and moments in ISO, null stays null."""
    kind = values.type
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
        text = pc.replace_substring(values.cast(pa.timestamp("us")).cast(pa.string()), " ", "T")
        return pc.replace_substring_regex(pc.replace_substring_regex(text, r"\.0+$", ""), "T00:00:00$", "")
    return values.cast(pa.string())


def _unreadable(reading: Reading, error: Exception) -> DeliveryError:
    return DeliveryError(
        "The delivery cannot be read as Parquet.",
        where=reading.where,
        expected="a complete Parquet file of plain columns",
        got=type(error).__name__,
        todo="Ask the sender to send the file again.",
    )
