"""A small report of residents, its contract made in Python, and a home of its own for every test."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from made_columns import column, report
from sheet_reading import Take, read_book

from workbooks import KINDS
from yibiao.contracts import Column, EditionRule, Report, Server
from yibiao.contracts.kinds import Frozen
from yibiao.contracts.properties import drift_modes
from yibiao.settings import Settings

HEADERS = ("公民身份号码", "姓名", "性别", "出生日期", "备注")


RESIDENTS = (
    column("citizen_id", "公民身份号码", "citizen_id", element="citizen_id", key=True, required=True),
    column("resident_name", "姓名", "name", element="resident_name", required=True, aliases=("名字",)),
    column("sex_code", "性别", "code", element="sex_code", pairs=(("男", "1"), ("女", "2"), ("1", "1"), ("2", "2"))),
    column("birth_date", "出生日期", "date", element="birth_date", date_formats=("%Y-%m-%d",)),
    column("remark", "备注"),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    data = tmp_path / "data"
    data.mkdir()
    return Settings.load(home=tmp_path / "home", data=data)


@pytest.fixture(scope="session")
def make_report() -> Callable[..., Report]:
    """`make_report(format, location, columns=, encoding=, options=, kind=, **fields)`: a contract `police.register`."""

    def make(
        format_: str = "csv",
        location: str = "*",
        columns: tuple[Column, ...] = RESIDENTS,
        encoding: str = "UTF-8",
        options: Mapping[str, Any] | None = None,
        kind: str = "local",
        **fields: Any,
    ) -> Report:
        server = Server(
            kind, location, format_, encoding if format_ in ("csv", "json", "ndjson") else "", Frozen(options or {})
        )
        ours: dict[str, Any] = {
            "about": ("resident",),
            "edition": EditionRule("name", r"_(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})?\."),
            "on_drift": Frozen(drift_modes({})),
            "retries": 2,
        }
        return report(columns, server, **ours | fields)

    return make


@pytest.fixture(scope="session")
def number() -> Callable[..., str]:
    """`number(sequence, birth)`: a valid citizen ID number of the unassigned division; an odd sequence is a man's."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

    def make(sequence: int, birth: str = "19870305") -> str:
        seventeen = f"999901{birth}{sequence:03d}"
        return seventeen + "10X98765432"[sum(int(d) * w for d, w in zip(seventeen, weights, strict=True)) % 11]

    return make


@pytest.fixture
def rows(number: Callable[..., str]) -> list[list[str]]:
    """Three good rows under `HEADERS`."""
    return [
        [number(1), "张三", "男", "1987-03-05", ""],
        [number(2), "李四·买买提", "女", "1987-03-05", "望江路１号"],
        [number(4), "欧阳娜娜", "2", "1987-3-5", 'a "quoted", text'],
    ]


@pytest.fixture(scope="session")
def headers() -> list[str]:
    return list(HEADERS)


@pytest.fixture(scope="session")
def as_csv() -> Callable[..., bytes]:
    """`as_csv(rows, encoding)`: rows, header first, as CSV bytes."""
    import csv
    import io

    def write(rows: list[list[str]], encoding: str = "utf-8", **dialect: Any) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, **dialect).writerows(rows)
        return text.getvalue().encode(encoding)

    return write


@pytest.fixture(scope="session")
def content() -> Callable[[Path], tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """`content(folder)`: accepted and quarantined rows of a load package."""
    import pyarrow.parquet as pq

    def read(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        return tuple(pq.read_table(folder / f"{name}.parquet").to_pylist() for name in ("accepted", "quarantine"))  # type: ignore[return-value]

    return read


@pytest.fixture(params=KINDS)
def take(request: pytest.FixtureRequest, tmp_path: Path) -> Take:
    """`take(rows or {name: Sheet}, columns, repair={}, since_1904=False, **options)`: read a workbook by contract."""
    return functools.partial(read_book, request.param, tmp_path)
