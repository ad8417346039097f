"""Readers, one module per family of formats: bytes in, tables of text columns out, in file order.

A reader is a function `(path, report, reading) -> Iterator[Chunk]`. It binds the contract's columns through
`reading.bind` before the first chunk, yields every data row either in a chunk's `rows` or in its `broken`, and counts
in `reading` what is no data row.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from yibiao.contracts.reports import Report
from yibiao.errors import DeliveryError
from yibiao.ingest.readers.chunks import Chunk, Reading

__all__ = ["Chunk", "Reading", "read"]


def read(kind: str, path: Path, report: Report, reading: Reading) -> Iterator[Chunk]:
    """Read landed bytes.

    Args:
        kind: what `Delivery.kind` says.
        path: the landed object.
        report: the contract.
        reading: receives the binding, drift and counts.

    Raises:
        DeliveryError: the bytes cannot be read as the contract says.
    """
    if kind == "csv":
        from yibiao.ingest.readers.delimited import read_csv as reader
    elif kind in ("xlsx", "xls", "ods"):
        from yibiao.ingest.readers.spreadsheet import read_spreadsheet as reader
    elif kind == "json":
        from yibiao.ingest.readers.documents import read_json as reader
    elif kind in ("ndjson", "api", "postgres", "mysql"):
        from yibiao.ingest.readers.documents import read_ndjson as reader
    elif kind == "xml":
        from yibiao.ingest.readers.xml import read_xml as reader
    elif kind == "parquet":
        from yibiao.ingest.readers.columnar import read_parquet as reader
    elif kind == "sqlite":
        from yibiao.ingest.readers.database import read_sqlite as reader
    else:
        raise DeliveryError("There is no reader for this kind of delivery.", where=reading.where, got=kind)
    return reader(path, report, reading)
