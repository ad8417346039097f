"""A whole mended file comes back in whatever format its report is delivered in."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from installations import PROJECT, Installation, new_installation
from slip_helpers import held, schemas_at
from yibiao.ingest import ingest_report
from yibiao.quarantine.replay import replay

ROW = 4
"""Number of the row whose cell is emptied."""


def in_parquet(path: Path, header: str) -> None:
    table = pq.ParquetFile(path).read()
    texts = table[header].to_pylist()
    texts[ROW - 1] = None
    place = table.column_names.index(header)
    pq.write_table(table.set_column(place, header, pa.array(texts, table.schema.field(header).type)), path)


def in_sqlite(path: Path, header: str) -> None:
    connection = sqlite3.connect(path)
    ((table,),) = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
    with connection:
        connection.execute(f'update "{table}" set "{header}" = null where rowid = {ROW}')
    connection.close()


def in_workbook(path: Path, header: str) -> None:
    """Below a title and a header of two rows; an inner header stands in the second."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    *_, inner = header.split("/")
    cell = next(cell for row in sheet.iter_rows(max_row=4) for cell in row if cell.value in (header, inner))
    first = next(row for row in range(cell.row + 1, 9) if sheet.cell(row, cell.column).value not in (None, inner))
    sheet.cell(first + ROW - 1, cell.column).value = None
    book.save(path)


def in_lines(path: Path, header: str) -> None:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[ROW - 1][header] = ""
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("report", "damage"),
    [
        ("human_resources.pension", in_parquet),
        ("housing.dwelling_register", in_sqlite),
        ("civil_affairs.low_income", in_workbook),
        ("public_security.floating_population", in_lines),
    ],
)
def test_the_whole_file_comes_back(report: str, damage: Callable[[Path, str], None], tmp_path: Path) -> None:
    from yibiao.demo import generate

    made: Installation = new_installation(tmp_path / "home", tmp_path / "data")
    schemas = schemas_at(PROJECT / "schemas")
    contract = schemas.reports[report]
    generate(tmp_path / "clean", schemas, residents=400, seed=5, editions=1, reports=lambda one: one.id == report)
    (clean,) = [path for path in (tmp_path / "clean" / report.replace(".", "/")).iterdir() if path.is_file()]
    place = made.data / report.replace(".", "/") / clean.name
    place.parent.mkdir(parents=True)
    shutil.copy(clean, place)
    column = next(column for column in contract.columns if column.required)
    damage(place, column.header)
    assert not ingest_report(contract, made.settings).errors
    load = held(made.settings, report)
    before = load.states.open
    assert load.package.manifest["rules"][f"{column.name}.required"] == 1
    mended = shutil.copy(clean, tmp_path / clean.name)
    done = replay(mended, schemas, made.settings)
    assert (done.resolved, done.refused, done.open) == ((ROW,), (), before - 1)
    assert replay(mended, schemas, made.settings).new is False
