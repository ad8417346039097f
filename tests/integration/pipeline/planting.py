"""Plants recognisable people in deliveries of every kind, whole rows and broken ones, and looks for their values."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from yibiao.contracts import Report

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class Person:
    """Somebody who does not exist: every value is found nowhere else, in the data or in any program's text."""

    place: int

    @property
    def name(self) -> str:
        return f"欎{chr(0x9F98 + self.place % 8)}{chr(0x4E00 + 37 * self.place)}骉"

    @property
    def citizen_id(self) -> str:
        body = f"99990119550{1 + self.place % 9}{10 + self.place % 18}{9 - self.place % 10}{700 + self.place}"[:17]
        return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]

    @property
    def wrong_id(self) -> str:
        """A number that no check digit fits."""
        return self.citizen_id[:-1] + ("0" if self.citizen_id[-1] != "0" else "1")

    @property
    def phone(self) -> str:
        return f"19987{650000 + 137 * self.place:06d}"

    @property
    def address(self) -> str:
        return f"骉犇路{70000 + self.place}号欎楼"

    @property
    def account(self) -> str:
        return f"62229999{88880000 + self.place}77"

    @property
    def values(self) -> tuple[str, ...]:
        return self.name, self.citizen_id, self.wrong_id, self.phone, self.address, self.account

    def good(self, report: Report, like: Mapping[str, str]) -> dict[str, str]:
        """A row about this person: like another row, but with a key and personal values of its own."""
        row = dict(like)
        for column in report.columns:
            own = {
                "name": self.name,
                "citizen_id": self.citizen_id,
                "phone": self.phone,
                "address": self.address,
            }.get(column.type)
            if column.element == "benefit_payee_account":
                own = self.account
            if own is None and column.key and column.type not in ("month", "uscc"):
                own = f"ZZ{880000 + self.place}"
            if own is not None and like.get(column.header) is not None:
                row[column.header] = own
        return row

    def broken(self, report: Report, like: Mapping[str, str]) -> dict[str, str]:
        """A row that breaks every rule it can: a personal value stands wherever a date, a number or a code should."""
        row = self.good(report, like)
        for column in report.columns:
            wrong = {
                "citizen_id": self.wrong_id,
                "uscc": self.wrong_id,
                "date": self.citizen_id,
                "month": self.phone,
                "code": self.name,
                "integer": self.phone + "人",
                "decimal": self.name,
                "phone": self.address,
            }.get(column.type)
            if wrong is not None:
                row[column.header] = wrong
        return row


def plant(paths: Sequence[Path], report: Report, people: Sequence[Person]) -> None:
    """Add a good and a broken row of each person to the last of a report's delivered files, whatever their kind.

    Text kinds also get a line that cannot be split at all.
    """
    kind = "ndjson" if report.server.kind == "api" else report.server.format
    rows = [row for path in paths for row in _rows(path, report, kind)]
    fullest = max(rows, key=lambda row: sum(bool(value) for value in row.values()))
    like = {header: value or "" for header, value in fullest.items()}
    added = [row for one in people for row in (one.good(report, like), one.broken(report, like))]
    _WRITERS[kind](paths[-1], report, _rows(paths[-1], report, kind), added, people)


def _rows(path: Path, report: Report, kind: str) -> list[dict[str, str]]:
    """The delivered rows as they stand: header -> text."""
    headers = [column.header for column in report.columns]
    if kind == "csv":
        text = path.read_bytes().decode(report.server.codec)
        return list(csv.DictReader(io.StringIO(text, newline="")))
    if kind == "ndjson":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if kind == "json":
        return list(_records(json.loads(path.read_bytes()), report))
    if kind in ("xlsx", "xls"):
        import python_calamine

        sheet = python_calamine.load_workbook(str(path)).get_sheet_by_index(0).to_python()
        above = report.server.options["title_rows"] + report.server.options["header_rows"]
        return [dict(zip(headers, map(_cell, row), strict=True)) for row in sheet[above:] if row[1]]
    if kind == "sqlite":
        connection = sqlite3.connect(path)
        found = connection.execute(f"select {', '.join(_quoted(header) for header in headers)} from {_table(report)}")
        rows = [dict(zip(headers, row, strict=True)) for row in found.fetchall()]
        connection.close()
        return rows
    import pyarrow.parquet as pq

    return pq.ParquetFile(path).read().to_pylist()


def _records(document: dict, report: Report) -> list[dict[str, str]]:
    for step in filter(None, report.server.options.get("records_path", "").split(".")):
        document = document[step]
    return document  # type: ignore[return-value]


def _cell(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _table(report: Report) -> str:
    return _quoted(report.server.options["table"])


def _write_csv(path: Path, report: Report, rows: list, added: list, people: Sequence[Person]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in added:
        writer.writerow([row[column.header] for column in report.columns])
    for one in people:  # a line of too many cells
        writer.writerow([one.name, one.citizen_id, one.phone, one.address, one.account] * 9)
    codec = report.server.codec.removesuffix("-sig")
    with path.open("ab") as stream:
        stream.write(text.getvalue().encode(codec))


def _write_ndjson(path: Path, report: Report, rows: list, added: list, people: Sequence[Person]) -> None:
    with path.open("a", encoding="utf-8") as stream:
        for row in added:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        if report.server.kind != "api":  # the API answers with records; a line that is none cannot come from it
            for one in people:
                stream.write(f'{{"姓名": "{one.name}", "{one.citizen_id}": {one.phone},, {one.address}\n')


def _write_json(path: Path, report: Report, rows: list, added: list, people: Sequence[Person]) -> None:
    document = json.loads(path.read_bytes())
    _records(document, report).extend(added)
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def _write_xlsx(path: Path, report: Report, rows: list, added: list, people: Sequence[Person]) -> None:
    import openpyxl

    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    for row in added:
        sheet.append([row[column.header] for column in report.columns])
    book.save(path)


def _write_xls(path: Path, report: Report, rows: list, added: list, people: Sequence[Person]) -> None:
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet(report.title)
    sheet.write(0, 0, f"{report.title} 填表人: {people[0].name} {people[0].phone}")
    for number, row in enumerate([{column.header: column.header for column in report.columns}, *rows, *added], start=1):
        for place, column in enumerate(report.columns):
            sheet.write(number, place, row[column.header])
    # The contract promises a printed total; without it the whole file would wait for a human.
    sheet.write(len(rows) + len(added) + 2, 0, f"合计: {len(rows) + len(added)}")
    sheet.write(len(rows) + len(added) + 3, 0, f"填表人: {people[0].name} {people[0].phone}")
    book.save(str(path))


def _write_sqlite(path: Path, report: Report, rows: list, added: list, people: Sequence[Person]) -> None:
    connection = sqlite3.connect(path)
    headers = [column.header for column in report.columns]
    marks = ", ".join("?" * len(headers))
    names = ", ".join(map(_quoted, headers))
    with connection:
        for row in added:
            values = [row[header] for header in headers]
            connection.execute(f"insert into {_table(report)} ({names}) values ({marks})", values)
    connection.close()


def _write_parquet(path: Path, report: Report, rows: list, added: list, people: Sequence[Person]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    headers = [column.header for column in report.columns]
    texts = [
        {header: None if row[header] is None else str(row[header]) for header in headers} for row in (*rows, *added)
    ]
    pq.write_table(pa.Table.from_pylist(texts, pa.schema([(header, pa.string()) for header in headers])), path)


_WRITERS = {
    "csv": _write_csv,
    "ndjson": _write_ndjson,
    "json": _write_json,
    "xlsx": _write_xlsx,
    "xls": _write_xls,
    "sqlite": _write_sqlite,
    "parquet": _write_parquet,
}


def forms(value: str) -> set[bytes]:
    """Every way in which a text may stand in a file: encodings, escapes of JSON, of Python and of addresses."""
    found = {value.encode(codec) for codec in ("utf-8", "gb18030", "utf-16-le", "utf-16-be")}
    found.add(json.dumps(value)[1:-1].encode())
    found.add(json.dumps(value)[1:-1].upper().replace("\\U", "\\u").encode())
    found.add(ascii(value)[1:-1].encode())
    found |= {repr(value.encode(codec))[2:-1].encode() for codec in ("utf-8", "gb18030")}
    found.add(quote(value).encode())
    return found


def find(values: Iterable[str], texts: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, str]]:
    """(value, place) for every text that holds a value in any form."""
    needles = [(value, form) for value in values for form in forms(value)]
    for place, text in texts:
        for value, form in needles:
            if form in text:
                yield value, place


MAY_HOLD_DATA = (
    "landing/objects/*/*",
    "lake/*/*/load=*/accepted.parquet",
    "lake/*/*/load=*/quarantine.parquet",
    "releases/*/*.parquet",
    "releases/*/yibiao.duckdb",
    "warehouse.duckdb",
)
"""The only files of a working folder in which a person may stand."""


def other_files(home: Path) -> Iterator[tuple[str, bytes]]:
    """Every other file of a working folder, with its name: what may be shown, sent or searched."""
    allowed = {path.resolve() for pattern in MAY_HOLD_DATA for path in home.glob(pattern)}
    for path in sorted(home.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.resolve() not in allowed:
            name = str(path.relative_to(home))
            yield name, name.encode() + b"\0" + path.read_bytes()
