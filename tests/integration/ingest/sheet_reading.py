"""Reads a workbook that a test writes, by a contract that it gives: what the tests of spreadsheets share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from made_columns import column, report

from workbooks import Sheet, write
from yibiao.contracts import Column, Report, Server
from yibiao.contracts.kinds import Frozen
from yibiao.ingest.readers import Reading, read
from yibiao.ingest.readers.chunks import Broken

PEOPLE = (column("code", "编号", key=True), column("person", "姓名"), column("amount", "金额", "decimal"))
HEADER = ["编号", "姓名", "金额"]
ROWS = [["01", "张三", 5], ["02", "李四", 6.5], ["03", "王五", 7]]
AS_TEXT = [["01", "张三", "5"], ["02", "李四", "6.5"], ["03", "王五", "7"]]


@dataclass
class Outcome:
    """What a reading gave: accepted rows, held rows, and the account."""

    rows: list[list[Any]]
    numbers: list[int]
    broken: list[Broken]
    reading: Reading


Take = Callable[..., Outcome]


def report_of(kind: str, columns: Sequence[Column], options: Mapping[str, Any], repair: Mapping[str, str]) -> Report:
    server = Server("local", "*", kind, "", Frozen(options))
    return report(tuple(columns), server, key=("code",), on_repair=Frozen(repair))


def read_book(
    kind: str,
    folder: Path,
    content: Any,
    /,
    columns: Sequence[Column] = PEOPLE,
    repair: Mapping[str, str] | None = None,
    since_1904: bool = False,
    **options: Any,
) -> Outcome:
    """Rows, held rows and account of a workbook of one kind; `content` is rows, a `Sheet`, or `{name: Sheet}`."""
    if not isinstance(content, dict):
        content = {"表": content if isinstance(content, Sheet) else Sheet(content)}
    path = write(folder / f"book.{kind}", content, since_1904)
    reading = Reading(where="表.x")
    chunks = list(read(kind, path, report_of(kind, columns, options, repair or {}), reading))
    table = pa.concat_tables([chunk.rows for chunk in chunks]) if chunks else None
    broken = [one for chunk in chunks for one in chunk.broken]
    rows = [list(row.values()) for row in table.to_pylist()] if table is not None else []
    assert reading.total == len(rows) + len(broken)
    assert sorted([row[0] for row in rows] + [one.row for one in broken]) == list(range(1, reading.total + 1))
    return Outcome([row[1:] for row in rows], [row[0] for row in rows], broken, reading)
