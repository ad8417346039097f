"""Deliveries are written in the manner that the contract states, and read back as they were."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from yibiao.contracts import Schemas
from yibiao.demo.render import code_texts, render_codes, render_dates, writes_unpadded
from yibiao.demo.rosters import known
from yibiao.demo.sheet_writers import Layout, write_xls, write_xlsx
from yibiao.demo.text_writers import write_csv, write_json, write_ndjson
from yibiao.demo.truth import Truth, coded, days, decimals
from yibiao.demo.world import World
from yibiao.demo.writers import place_of

cells = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=12))
tables = st.lists(st.tuples(cells, cells), min_size=1, max_size=8)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030"])
@given(rows=tables)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_text_survives_csv_in_every_encoding(tmp_path: Path, codec: str, rows: list[tuple]) -> None:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    path = tmp_path / "one.csv"
    write_csv(path, ["甲", "乙,丙"], columns, codec)
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") == (codec == "utf-8-sig")
    found = list(csv.reader(io.StringIO(raw.decode(codec), newline="")))
    assert found[0] == ["甲", "乙,丙"]
    assert found[1:] == [[cell or "" for cell in row] for row in rows]


@given(rows=tables)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_text_survives_json_and_ndjson(tmp_path: Path, rows: list[tuple]) -> None:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    wanted = [{"甲": one, 'b"': two} for one, two in rows]
    write_ndjson(tmp_path / "one.ndjson", ["甲", 'b"'], columns)
    lines = (tmp_path / "one.ndjson").read_bytes().split(b"\n")
    assert [orjson.loads(line) for line in lines[:-1]] == wanted
    write_json(tmp_path / "one.json", ["甲", 'b"'], columns, "data.list")
    assert orjson.loads((tmp_path / "one.json").read_bytes()) == {"data": {"total": len(rows), "list": wanted}}


def test_an_empty_delivery_is_still_a_whole_document(tmp_path: Path) -> None:
    empty = [pa.array([], pa.string())]
    write_json(tmp_path / "a.json", ["x"], empty, "records")
    assert orjson.loads((tmp_path / "a.json").read_bytes()) == {"total": 0, "records": []}
    write_csv(tmp_path / "a.csv", ["x"], empty, "utf-8")
    assert (tmp_path / "a.csv").read_text() == "x\n"


@pytest.mark.parametrize(("write", "name"), [(write_xlsx, "one.xlsx"), (write_xls, "one.xls")])
def test_a_workbook_has_title_merged_header_rows_and_notes(tmp_path: Path, write, name: str) -> None:
    columns = [pa.array(["a", "b"]), pa.array(["999901199001011000", None]), pa.array(["1.50", "2"])]
    options = {"title_rows": 1, "header_rows": 2, "footer_pattern": "^(合计|注)"}
    numeric = {1: np.array([True, False]), 2: np.array([True, True])}
    layout = Layout("测试", ["编号", "人/证件", "人/金额"], numeric, options)
    write(tmp_path / name, layout, columns)
    sheet = CalamineWorkbook.from_path(tmp_path / name).get_sheet_by_index(0)
    rows = sheet.to_python()
    assert rows[0][0] == "示范区测试情况表"
    assert rows[1] == ["编号", "人", ""]
    assert rows[2] == ["", "证件", "金额"]
    assert rows[3] == ["a", 999901199001011000.0, 1.5]
    assert rows[4] == ["b", "", 2.0]
    assert [row[0][:2] for row in rows[5:]] == ["合计", "注:"]
    first = (tmp_path / name).read_bytes()
    write(tmp_path / f"again-{name}", layout, columns)
    assert (tmp_path / f"again-{name}").read_bytes() == first


def test_dates_are_written_in_the_contracts_pattern() -> None:
    values = days(np.array([6272, -25567, 0]), known=np.array([True, True, False]))
    written = {
        ("%Y-%m-%d", False): ["1987-03-05", "1900-01-01", None],
        ("%Y%m%d", True): ["19870305", "19000101", None],
        ("%Y.%m.%d", True): ["1987.3.5", "1900.1.1", None],
        ("%Y年%m月%d日", True): ["1987年3月5日", "1900年1月1日", None],
        ("excel_serial", False): ["31841", "2", None],
        ("%Y-%m", False): ["1987-03", "1900-01", None],
    }
    for (pattern, unpadded), wanted in written.items():
        assert render_dates(values, pattern, unpadded=unpadded).to_pylist() == wanted, pattern
    assert writes_unpadded("%Y.%m.%d", sheet=False)
    assert not writes_unpadded("%Y-%m-%d", sheet=True)


def test_codes_are_written_in_the_departments_words_and_understood_by_the_contract(
    schemas: Schemas,
) -> None:
    for report in schemas.reports.values():
        for column in report.columns:
            if column.type != "code":
                continue
            meaning = dict(reversed(column.pairs))
            for code, text in code_texts(column, schemas).items():
                assert meaning[text] == code, f"{report.id} {column.name} {code}"
    sex = schemas.reports["civil_affairs.marriage_registration"].column("sex_code")
    assert render_codes(coded(np.array([1, 2, 0])), sex, schemas).to_pylist() == ["M", "F", None]


def test_decimals_are_plain() -> None:
    assert decimals(np.array([0.005, 1234.5, 7])).to_pylist() == ["0.00", "1234.50", "7.00"]


def test_every_contract_has_a_roster_and_every_column_a_source(schemas: Schemas, world: World) -> None:
    from yibiao.demo import own_fields
    from yibiao.demo.edition import Edition

    truth = Truth(Edition(world, 0))
    for report in schemas.reports.values():
        assert known(report.id), report.id
        assert place_of(report, "2026-01").suffix
        for column in report.columns:
            if column.element is None:
                makers = {(report.id, column.name), ("", column.name)} & set(own_fields._OWN)
                assert makers, f"{report.id} {column.name}"
            elif column.element not in ("as_of_date", "remark"):
                assert any(truth.has(entity, column.element) for entity in schemas.entities), column.element
