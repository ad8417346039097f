"""Bad deliveries: a clear error without any value, nothing half-written visible, the others go on."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from yibiao.ingest import ingest_report, live_packages

SECRET = "99990119870305987X"
SECRET_NAME = "司马密"


def good_file(settings, as_csv, headers, rows):
    (settings.data / "好_202601.csv").write_bytes(as_csv([headers, *rows]))


def broken_bytes(as_csv, headers):
    planted = [SECRET, SECRET_NAME, "男", "1987-03-05", ""]
    table = as_csv([headers, planted, planted])
    return {
        "empty": (b"", "empty"),
        "only blank lines": (b"\r\n\r\n", "empty"),
        "gb18030 declared as utf-8": (as_csv([headers, planted], "gb18030"), "GB18030"),
        "utf-16 declared as utf-8": (as_csv([headers, planted], "utf-16"), "UTF-16"),
        "big5 declared as utf-8": ("公民身份號碼,姓名\n1,司馬\n".encode("big5"), "not in the encoding"),
        "bytes damaged in most rows": (table + b"\xff\xfe\xff\n" * 4, "bytes"),
        "missing key column": (as_csv([headers[1:], planted[1:]]), "公民身份号码"),
        "missing required column": (as_csv([[headers[0], *headers[2:]], [planted[0], *planted[2:]]]), "姓名"),
        "header twice": (as_csv([[*headers, "姓名"], [*planted, "x"]]), "more than once"),
        "no header": (as_csv([planted, planted]), "does not look like the header"),
    }


@pytest.mark.parametrize(
    "case",
    [
        "empty",
        "only blank lines",
        "gb18030 declared as utf-8",
        "utf-16 declared as utf-8",
        "big5 declared as utf-8",
        "bytes damaged in most rows",
        "missing key column",
        "missing required column",
        "header twice",
        "no header",
    ],
)
def test_a_broken_csv_file_is_refused_clearly_and_alone(case, settings, make_report, as_csv, headers, rows):
    broken, word = broken_bytes(as_csv, headers)[case]
    (settings.data / "坏_202602.csv").write_bytes(broken)
    good_file(settings, as_csv, headers, rows)
    report = make_report("csv", "*.csv")

    outcome = ingest_report(report, settings)

    assert [package.manifest["edition"] for package in outcome.loaded] == ["2026-01"]
    (error,) = outcome.errors
    told = json.dumps(outcome.as_dict(), ensure_ascii=False)
    assert "坏_202602.csv" in error.where
    assert word in told
    assert error.todo
    assert SECRET not in told
    assert SECRET_NAME not in told
    assert len(list(settings.lake.glob("*/*/*"))) == 1
    assert list(settings.work.iterdir()) == []
    assert len(live_packages(report, settings)) == 1


@pytest.mark.parametrize("declared", ["GB18030", "GBK", "UTF-16"])
def test_utf8_declared_as_something_else_is_noticed(declared, settings, make_report, as_csv, headers, rows):
    good_file(settings, as_csv, headers, rows)
    (error,) = ingest_report(make_report("csv", "*.csv", encoding=declared), settings).errors
    assert "UTF-8" in error.got
    assert "encoding: UTF-8" in error.todo


@pytest.mark.parametrize("kind", ["xlsx", "xls", "json", "parquet", "sqlite"])
@pytest.mark.parametrize("damage", ["empty", "noise", "other kind"])
def test_bytes_of_another_kind_are_refused(kind, damage, settings, make_report, as_csv, headers):
    planted = as_csv([headers, [SECRET, SECRET_NAME, "男", "1987-03-05", ""]])
    broken = {"empty": b"", "noise": bytes(range(256)) * 40, "other kind": planted}[damage]
    (settings.data / f"坏_202601.{kind}").write_bytes(broken)
    options = {"table": "t"} if kind == "sqlite" else {}

    outcome = ingest_report(make_report(kind, f"*.{kind}", options=options), settings)

    (error,) = outcome.errors
    assert type(error).__name__ == "DeliveryError"
    assert SECRET not in str(error)
    assert list(settings.lake.glob("*/*/*")) == []
    assert list(settings.work.iterdir()) == []


@pytest.mark.parametrize("kind", ["xlsx", "parquet", "sqlite"])
def test_a_file_that_was_cut_off_is_refused(kind, settings, make_report, headers, rows):
    path = settings.data / f"坏_202601.{kind}"
    many = rows * 500
    if kind == "xlsx":
        import xlsxwriter

        book = xlsxwriter.Workbook(path)
        sheet = book.add_worksheet()
        for place, row in enumerate([headers, *many]):
            sheet.write_row(place, 0, row)
        book.close()
    elif kind == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table(dict(zip(headers, map(list, zip(*many, strict=True)), strict=True))), path)
    else:
        import sqlite3

        connection = sqlite3.connect(path)
        connection.execute(f"create table t ({', '.join(headers)})")
        connection.executemany("insert into t values (?, ?, ?, ?, ?)", many)
        connection.commit()
        connection.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])

    outcome = ingest_report(make_report(kind, f"*.{kind}", options={"table": "t"}), settings)

    assert len(outcome.errors) == 1
    assert outcome.loaded == ()
    assert rows[0][0] not in str(outcome.errors[0])


def test_a_file_without_an_edition_is_refused_and_the_others_go_on(settings, make_report, as_csv, headers, rows):
    good_file(settings, as_csv, headers, rows)
    for name in ("名单.csv", "名单_202613.csv", "名单_20260231.csv"):
        (settings.data / name).write_bytes(as_csv([headers, *rows]))
    outcome = ingest_report(make_report("csv", "*.csv"), settings)
    assert len(outcome.loaded) == 1
    assert sorted(error.where for error in outcome.errors) == ["名单.csv", "名单_20260231.csv", "名单_202613.csv"]


def test_a_file_that_may_not_be_read_is_refused_and_the_others_go_on(settings, make_report, as_csv, headers, rows):
    good_file(settings, as_csv, headers, rows)
    (settings.data / "目录_202602.csv").mkdir()
    outcome = ingest_report(make_report("csv", "*.csv"), settings)
    assert len(outcome.loaded) == 1
    assert [error.where for error in outcome.errors] == ["目录_202602.csv"]


def test_a_broken_delivery_is_forgotten_when_its_sender_replaces_it(settings, make_report, as_csv, headers, rows):
    path = settings.data / "表_202601.csv"
    report = make_report("csv", "*.csv")
    path.write_bytes(as_csv([headers[1:], *(row[1:] for row in rows)]))
    assert len(ingest_report(report, settings).errors) == 1
    assert len(ingest_report(report, settings).errors) == 1
    path.write_bytes(as_csv([headers, *rows]))
    outcome = ingest_report(report, settings)
    assert outcome.errors == ()
    assert len(outcome.loaded) == 1


def test_drift_is_recorded_or_refused_as_the_contract_says(settings, make_report, as_csv, headers, rows):
    changed = [headers[0], "名字", *headers[2:4], "新列"]
    (settings.data / "表_202601.csv").write_bytes(as_csv([changed, *rows]))
    report = make_report("csv", "*.csv")
    manifest = ingest_report(report, settings).loaded[0].manifest
    assert manifest["drift"] == [
        {"kind": "alias", "column": "resident_name", "header": "名字"},
        {"kind": "missing_column", "column": "remark", "mode": "evolve"},
        {"kind": "new_column", "header": "新列", "mode": "evolve"},
    ]
    for kind in ("new_column", "missing_column"):
        strict = replace(report, on_drift={**report.on_drift, kind: "refuse"})
        (error,) = ingest_report(strict, settings).errors
        assert kind in error.got


def test_an_unexpected_failure_is_told_by_its_place_and_never_by_its_text(
    settings, make_report, as_csv, headers, rows, monkeypatch
):
    import yibiao.ingest.load as load

    def fail(*_, **__):
        raise ValueError(f"cannot convert {SECRET}")

    monkeypatch.setattr(load, "read", fail)
    good_file(settings, as_csv, headers, rows)
    (error,) = ingest_report(make_report("csv", "*.csv"), settings).errors
    assert SECRET not in str(error)
    assert "ValueError" in error.got


def test_a_full_disk_is_an_error_of_the_load_and_leaves_nothing(
    settings, make_report, as_csv, headers, rows, monkeypatch
):
    import yibiao.ingest.load as load

    class Full(load.pq.ParquetWriter):
        def write_table(self, *_, **__):
            raise OSError(28, os.strerror(28))

    good_file(settings, as_csv, headers, rows)
    with monkeypatch.context() as patch:
        patch.setattr(load.pq, "ParquetWriter", Full)
        (error,) = ingest_report(make_report("csv", "*.csv"), settings).errors
    assert type(error).__name__ == "LoadError"
    assert "No space left" in error.got
    assert list(settings.lake.glob("*/*/*")) == []
    assert list(settings.work.iterdir()) == []
    assert len(ingest_report(make_report("csv", "*.csv"), settings).loaded) == 1
