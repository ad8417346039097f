"""Processes that a test may kill or that may die by themselves, ready to work at once."""

from __future__ import annotations

from multiprocessing import get_context
from multiprocessing.context import ForkServerContext

PRELOADED = (
    "duckdb",
    "pandas",
    "pyarrow.parquet",
    "sqlalchemy",
    "yibiao.contracts.generate",
    "yibiao.control.reconcile",
    "yibiao.control.tables",
    "yibiao.detect.documents",
    "yibiao.detect.sheet",
    "yibiao.detect.text",
    "yibiao.ingest.checker",
    "yibiao.ingest.fetch_files",
    "yibiao.ingest.load",
    "yibiao.ingest.readers.delimited",
    "yibiao.ingest.readers.records",
    "yibiao.ingest.readers.spreadsheet",
    "yibiao.orchestration.main_job",
    "yibiao.quarantine.packages",
    "yibiao.quarantine.replay",
    "yibiao.warehouse.unify",
)
"""Imported once, in the process from which the others are forked."""


def forkserver() -> ForkServerContext:
    """Forks from a clean server that has imported everything: a process costs little, and no thread is copied.

    The server starts with the first process; it is the same one for all users, and so is what it has imported.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return context
