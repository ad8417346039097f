"""Counts the data rows of delivered files with plain, independent readers; nothing of the program takes part.

A contract is read as the YAML file that it is. A data row is what stands below the header and is neither blank, nor a
note or sum (`footerPattern`), nor the title of a group (`groupPattern`).
"""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Contract:
    """What the counting needs of one contract file."""

    report: str
    kind: str
    encoding: str
    location: str
    mode: str
    about: tuple[str, ...]
    max_drop: float
    key: tuple[str, ...]
    options: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Contract:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        server, table = document["servers"][0], document["schema"][0]
        told = {item["property"]: item["value"] for item in document.get("customProperties", ())}
        keys = [column for column in table["properties"] if column.get("primaryKey")]
        keys.sort(key=lambda column: column.get("primaryKeyPosition", 0))
        return cls(
            report=document["id"],
            kind="api" if server["type"] == "api" else server["format"],
            encoding=server.get("encoding", "UTF-8"),
            location=server.get("path") or server.get("location", ""),
            mode=told["mode"],
            about=tuple(told.get("about", ())),
            max_drop=float(told.get("maxDrop", 0.1)),
            key=tuple(column["name"] for column in keys),
            options={item["property"]: item["value"] for item in server.get("customProperties", ())},
        )

    def delivered(self, data: Path) -> list[Path]:
        """The files of this report in the data folder; of an API, what the demo serves."""
        if self.kind == "api":
            department, name = self.report.split(".")
            return sorted((data / "api" / department / name).glob("*.ndjson"))
        return sorted(data.glob(self.location))


def contracts(schemas: Path) -> dict[str, Contract]:
    """Every contract under `schemas/reports`, by report id."""
    found = [Contract.read(path) for path in sorted((schemas / "reports").glob("*/*.odcs.yml"))]
    return {contract.report: contract for contract in found}


def count_rows(path: Path, contract: Contract) -> int:
    """Number of data rows in one delivered file."""
    return _COUNTERS[contract.kind](path, contract)


def _codec(contract: Contract) -> str:
    return {"UTF-8": "utf-8-sig", "UTF-8-BOM": "utf-8-sig"}.get(contract.encoding, contract.encoding)


def _csv(path: Path, contract: Contract) -> int:
    text = path.read_bytes().decode(_codec(contract))
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=contract.options.get("delimiter", ",")))
    return _data_rows(rows, contract)


def _xlsx(path: Path, contract: Contract) -> int:
    import openpyxl

    sheet = openpyxl.load_workbook(path).worksheets[0]
    return _data_rows([["" if cell is None else str(cell) for cell in row] for row in sheet.values], contract)


def _xls(path: Path, contract: Contract) -> int:
    import python_calamine

    sheet = python_calamine.load_workbook(str(path)).get_sheet_by_index(0)
    return _data_rows([[str(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)], contract)


def _data_rows(rows: Sequence[Sequence[str]], contract: Contract) -> int:
    options = contract.options
    patterns = [re.compile(options[name]) for name in ("footerPattern", "groupPattern") if options.get(name)]
    body = rows[options.get("titleRows", 0) + options.get("headerRows", 1) :]
    firsts: Iterable[str | None] = (next((cell.strip() for cell in row if cell.strip()), None) for row in body)
    return sum(first is not None and not any(pattern.search(first) for pattern in patterns) for first in firsts)


def _json(path: Path, contract: Contract) -> int:
    found = json.loads(path.read_bytes().decode(_codec(contract)))
    for step in filter(None, str(contract.options.get("recordsPath", "")).split(".")):
        found = found[step]
    return len(found)


def _ndjson(path: Path, contract: Contract) -> int:
    lines = path.read_bytes().decode(_codec(contract)).split("\n")
    return sum(bool(line.strip()) for line in lines)


def _parquet(path: Path, contract: Contract) -> int:
    import pyarrow.parquet as pq

    rows: int = pq.read_metadata(path).num_rows
    return rows


def _sqlite(path: Path, contract: Contract) -> int:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        table = contract.options["table"].replace('"', '""')
        count: int = connection.execute(f'select count(*) from "{table}"').fetchone()[0]
        return count
    finally:
        connection.close()


_COUNTERS: dict[str, Callable[[Path, Contract], int]] = {
    "csv": _csv,
    "xlsx": _xlsx,
    "xls": _xls,
    "json": _json,
    "ndjson": _ndjson,
    "api": _ndjson,
    "parquet": _parquet,
    "sqlite": _sqlite,
}
