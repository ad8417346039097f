"""Each kind of delivery is read as its contract says, every cell as text."""

from __future__ import annotations

import datetime
import json
import sqlite3
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import xlwt
from made_columns import column

from yibiao.contracts import EditionRule
from yibiao.ingest import ingest_report

PLAIN = (
    column("code", "编号", key=True, required=True),
    column("person", "户主/姓名"),
    column("card", "户主/证号", on_invalid="keep"),
    column("amount", "金额"),
    column("day", "日期"),
)
HEADS = ["编号", "户主/姓名", "户主/证号", "金额", "日期"]


@pytest.fixture
def read(settings, make_report, content):
    """`read(format, options, **report)`: accepted rows as lists, and the manifest of the only delivery."""

    def run(format_, options=None, **fields):
        report = make_report(format_, f"*.{format_}", options=options, **{"columns": PLAIN, **fields})
        outcome = ingest_report(report, settings)
        assert not outcome.errors, outcome.errors
        accepted, _ = content(outcome.loaded[0].folder)
        assert [row["_row"] for row in accepted] == list(range(1, len(accepted) + 1))
        return [[row[one.name] for one in report.columns] for row in accepted], outcome.loaded[0].manifest

    return run


def xlsx_sheet(path, fill):
    book = xlsxwriter.Workbook(path)
    fill(book.add_worksheet("表"), book)
    book.close()


def printed_table(sheet, book):
    """Title rows, a merged header of two rows, data of every type, a total and a note."""
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.merge_range(0, 0, 0, 4, "低保名册（2026年1月）")
    sheet.merge_range(1, 0, 2, 0, "编号")
    sheet.merge_range(1, 1, 1, 2, "户主")
    sheet.write(2, 1, "姓名")
    sheet.write(2, 2, "证号")
    sheet.merge_range(1, 3, 2, 3, "金额")
    sheet.merge_range(1, 4, 2, 4, "日期")
    sheet.write_row(3, 0, ["007", "张三"])
    sheet.write_number(3, 2, 999901198703050012)
    sheet.write_number(3, 3, 650)
    sheet.write_datetime(3, 4, datetime.datetime(2026, 1, 5), day)
    sheet.write_row(5, 0, ["008", "李四", "'12", 650.5, 46000])
    sheet.write_row(6, 0, ["009", True, 1234567890123, "", "2026.1.5"])
    sheet.merge_range(7, 0, 7, 2, "合计：3人")
    sheet.write(7, 3, 1300.5)
    sheet.write(8, 0, "注：本表由街道填报")


PRINTED = [
    ["007", "张三", "9.99901198703050E+17", "650", "2026-01-05"],
    ["008", "李四", "'12", "650.5", "46000"],
    ["009", "TRUE", "1234567890123", "", "2026.1.5"],
]


def same_but_lost_digits(found):
    """A number of 18 digits in a spreadsheet has lost its last ones: it stays recognisable as such."""
    assert "E+17" in found[0][2]
    return [[*found[0][:2], PRINTED[0][2], *found[0][3:]], *found[1:]]


def test_xlsx_with_title_merged_header_total_and_note(settings, read):
    xlsx_sheet(settings.data / "名册_202601.xlsx", printed_table)
    options = {"title_rows": 1, "header_rows": 2, "footer_pattern": "^(合计|注)"}
    found, manifest = read("xlsx", options, control_totals=({"footer": r"合计：(\d+)人"},))
    assert same_but_lost_digits(found) == PRINTED
    assert manifest["left_out"] == {"title": 1, "footer": 2}
    assert manifest["control_totals"] == [{"name": "rows", "stated": 3, "counted": 3}]
    assert manifest["counts"] == {"read": 3, "accepted": 3, "quarantined": 0}


def test_a_total_row_that_the_contract_does_not_know_is_kept_as_a_row(settings, read):
    xlsx_sheet(settings.data / "名册_202601.xlsx", printed_table)
    _, manifest = read("xlsx", {"title_rows": 1, "header_rows": 2})
    assert manifest["counts"]["read"] == 5


def test_xls_with_title_and_merged_header(settings, read):
    book = xlwt.Workbook()
    sheet = book.add_sheet("表")
    sheet.write_merge(0, 0, 0, 4, "名册")
    for place, text in ((0, "编号"), (3, "金额"), (4, "日期")):
        sheet.write_merge(1, 2, place, place, text)
    sheet.write_merge(1, 1, 1, 2, "户主")
    sheet.write(2, 1, "姓名")
    sheet.write(2, 2, "证号")
    for place, value in enumerate(["007", "张三", "01", 650, datetime.date(2026, 1, 5)]):
        style = xlwt.easyxf(num_format_str="YYYY-MM-DD") if place == 4 else xlwt.Style.default_style
        sheet.write(3, place, value, style)
    book.save(str(settings.data / "名册_202601.xls"))
    found, _ = read("xls", {"title_rows": 1, "header_rows": 2})
    assert found == [["007", "张三", "01", "650", "2026-01-05"]]


def test_group_rows_carry_their_value_down_and_their_count_is_checked(settings, read):
    def fill(sheet, book):
        sheet.write_row(0, 0, ["编号", "金额"])
        for place, row in enumerate([["北区（2户）"], ["1", 10], ["2", 20], ["南区（3户）"], ["3", 30]], start=1):
            sheet.write_row(place, 0, row)

    xlsx_sheet(settings.data / "名册_202601.xlsx", fill)
    columns = (column("code", "编号", key=True, required=True), column("amount", "金额"), column("area", "area"))
    found, manifest = read("xlsx", {"group_pattern": r"^(?P<area>.+)（(?P<count>\d+)户）$"}, columns=columns)
    assert found == [["1", "10", "北区"], ["2", "20", "北区"], ["3", "30", "南区"]]
    assert manifest["left_out"] == {"group": 2}
    assert manifest["control_totals"] == [
        {"name": "北区", "stated": 2, "counted": 2},
        {"name": "南区", "stated": 3, "counted": 1},
    ]


def test_the_edition_may_stand_in_a_title_cell_and_the_sheet_may_be_named(settings, read):
    xlsx_sheet(settings.data / "名册.xlsx", printed_table)
    rule = EditionRule("cell", r"(?P<year>\d{4})年(?P<month>\d{1,2})月")
    _, manifest = read("xlsx", {"title_rows": 1, "header_rows": 2, "sheet": "表"}, edition=rule)
    assert (manifest["edition"], manifest["edition_date"]) == ("2026-01", "2026-01-31")


RECORDS = [
    {"编号": "007", "户主": {"姓名": "张三", "证号": 999901198703050012}, "金额": 12.5, "日期": None},
    {"编号": 8, "户主": {"姓名": '李"四\\n'}, "金额": True},
]
AS_TEXT = [["007", "张三", "999901198703050012", "12.5", None], ["8", '李"四\\n', None, "true", None]]


@pytest.mark.parametrize(("encoding", "codec"), [("UTF-8", "utf-8"), ("GB18030", "gb18030")])
def test_json_records_under_a_path_with_nested_values(settings, read, encoding, codec):
    text = json.dumps({"data": {"list": RECORDS}}, ensure_ascii=False)
    (settings.data / "表_202601.json").write_bytes(text.encode(codec))
    found, _ = read("json", {"records_path": "data.list"}, encoding=encoding)
    assert found == AS_TEXT


def test_ndjson_with_lines_that_are_no_records(settings, make_report, content):
    good = [json.dumps(record, ensure_ascii=False) for record in RECORDS]
    lines = [good[0], '{"编号": "9", ', "[1, 2]", "", good[1], "垃圾"]
    (settings.data / "表_202601.ndjson").write_text("\n".join(lines), encoding="utf-8")
    outcome = ingest_report(make_report("ndjson", "*.ndjson", columns=PLAIN), settings)
    accepted, quarantined = content(outcome.loaded[0].folder)
    assert [row["_row"] for row in accepted] == [1, 4]
    assert [(row["_row"], row["_rules"], row["_raw"]) for row in quarantined] == [
        (2, ["row.json"], lines[1]),
        (3, ["row.json"], "[1, 2]"),
        (5, ["row.json"], "垃圾"),
    ]
    assert outcome.loaded[0].manifest["counts"] == {"read": 5, "accepted": 2, "quarantined": 3}


def test_a_key_that_only_later_records_have_is_found(settings, make_report, content, monkeypatch):
    import yibiao.ingest.readers.documents as documents

    monkeypatch.setattr(documents, "BLOCK", 2000)
    lines = [json.dumps({"编号": str(place)}, ensure_ascii=False) for place in range(500)]
    lines.append(json.dumps({"编号": "x", "金额": 5, "新": 1}, ensure_ascii=False))
    (settings.data / "表_202601.ndjson").write_text("\n".join(lines), encoding="utf-8")
    outcome = ingest_report(make_report("ndjson", "*.ndjson", columns=PLAIN), settings)
    accepted, _ = content(outcome.loaded[0].folder)
    assert (len(accepted), accepted[-1]["_row"], accepted[-1]["amount"]) == (501, 501, "5")
    assert {"kind": "new_column", "header": "新", "mode": "evolve"} in outcome.loaded[0].manifest["drift"]


def test_parquet_types_become_texts(settings, read):
    table = pa.table(
        {
            "编号": pa.array([7, 8], pa.int64()),
            "户主/姓名": pa.array(["张三", None]).dictionary_encode(),
            "户主/证号": pa.array([datetime.datetime(2026, 1, 5), datetime.datetime(2026, 1, 5, 8, 30)]),
            "金额": pa.array([Decimal("12.50"), None]),
            "日期": pa.array([datetime.date(2026, 1, 5), None]),
            "小数": pa.array([1.0, 2.5]),
        }
    )
    pq.write_table(table, settings.data / "表_202601.parquet")
    columns = (*PLAIN, column("fraction", "小数"))
    found, _ = read("parquet", columns=columns)
    assert found == [
        ["7", "张三", "2026-01-05", "12.50", "2026-01-05", "1"],
        ["8", None, "2026-01-05T08:30:00", None, None, "2.5"],
    ]


@pytest.mark.parametrize("options", [{"table": "house"}, {"query": 'select * from house where "编号" is not null'}])
def test_sqlite_table_or_query_whatever_types_its_cells_have(settings, read, options):
    connection = sqlite3.connect(settings.data / "表_202601.sqlite")
    connection.execute("create table house (" + ", ".join(f'"{head}"' for head in HEADS) + ")")
    rows = [(f"{place:05d}", None, None, None, None) for place in range(3000)]
    rows.append(("x", "张三", 999901198703050012, 650.0, 12.5))
    rows.append(("y", "", 1, "", b"\x31"))
    connection.executemany("insert into house values (?, ?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    found, _ = read("sqlite", options)
    assert found[0] == ["00000", None, None, None, None]
    assert found[-2:] == [["x", "张三", "999901198703050012", "650", "12.5"], ["y", "", "1", "", "1"]]
    assert len(found) == 3002


@pytest.mark.parametrize(("delimiter", "quote"), [("|", ""), (";", '"'), ("\t", '"')])
def test_csv_of_other_dialects_with_title_and_footer(settings, read, delimiter, quote):
    lines = ["某街道名册", delimiter.join(HEADS), delimiter.join(["1", '"a' if not quote else "a", "b", "", "c"])]
    lines += ["", "合计" + delimiter * 4, delimiter.join("23456"), "合计 2 人"]
    (settings.data / "表_202601.csv").write_text("\r\n".join(lines), encoding="utf-8", newline="")
    options = {"delimiter": delimiter, "quote": quote, "title_rows": 1, "footer_pattern": "合计"}
    found, manifest = read("csv", options)
    assert found == [["1", '"a' if not quote else "a", "b", "", "c"], list("23456")]
    assert manifest["left_out"] == {"title": 1, "footer": 2}
    assert manifest["counts"]["read"] == 2


def test_headers_of_two_rows_in_csv(settings, read):
    lines = ["编号,户主,,金额,日期", ",姓名,证号,,", "1,张三,2,3,4"]
    (settings.data / "表_202601.csv").write_text("\n".join(lines), encoding="utf-8")
    found, _ = read("csv", {"header_rows": 2})
    assert found == [["1", "张三", "2", "3", "4"]]


def test_texts_of_sqlite_stay_as_they_are_and_only_null_is_null(settings, read):
    texts = [None, None, "", "\x01", "\x02", "a\0b", "null", "中", None]
    base = sqlite3.connect(settings.data / "表_202601.sqlite")
    base.execute('create table t ("编号", "户主/姓名", "户主/证号", "金额", "日期")')
    base.executemany("insert into t values (?, ?, null, null, null)", [(str(n), text) for n, text in enumerate(texts)])
    base.commit()
    base.close()
    found, _ = read("sqlite", {"table": "t"})
    assert [row[1] for row in found] == texts
    assert {row[2] for row in found} == {None}


@pytest.mark.parametrize("blank", [10, 5_000, 300_000])
def test_rows_below_blank_lines_are_read(settings, read, blank):
    lines = [",".join(HEADS), *[""] * blank, "1,a,2,3,4"]
    (settings.data / "表_202601.csv").write_text("\n".join(lines), encoding="utf-8")
    found, manifest = read("csv")
    assert found == [["1", "a", "2", "3", "4"]]
    assert manifest["counts"]["read"] == 1


def test_deliveries_without_rows_give_empty_packages(settings, read):
    (settings.data / "表_202601.csv").write_text(",".join(HEADS) + "\n", encoding="utf-8")
    found, manifest = read("csv")
    assert found == []
    assert manifest["counts"] == {"read": 0, "accepted": 0, "quarantined": 0}
    assert {name: file["rows"] for name, file in manifest["files"].items()} == {
        "accepted.parquet": 0,
        "quarantine.parquet": 0,
    }
