"""Zip and gz files: their members as deliveries, and what a dishonest or damaged archive does not get."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from yibiao.ingest import archives, ingest_report
from yibiao.ingest.landing import landed


@pytest.fixture
def table(as_csv, headers, rows) -> bytes:
    return as_csv([headers, *rows])


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    total = io.BytesIO()
    with zipfile.ZipFile(total, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return total.getvalue()


def legacy(name: str, codec: str, data: bytes) -> bytes:
    """A zip file as programs on Chinese Windows write it: the name's bytes in `codec`, and nothing that says so."""
    raw = name.encode(codec)
    whole = zipped(("x" * len(raw), data))
    return whole.replace(b"x" * len(raw), raw)


def names(settings) -> list[str]:
    return [one.name for one in landed("police.register", settings)]


def test_every_member_is_a_delivery_and_a_second_run_reads_nothing(settings, make_report, table, monkeypatch):
    other = table.replace("张三".encode(), "王五".encode())
    (settings.data / "报送.zip").write_bytes(
        zipped(
            ("三月/人口_202603.csv", table),
            ("二月/人口_202602.csv", other),
            ("__MACOSX/._人口_202603.csv", b"junk"),
            ("二月/.DS_Store", b"junk"),
            ("三月/", b""),
        )
    )
    import os

    os.utime(settings.data / "报送.zip", (1_700_000_000, 1_700_000_000))
    outcome = ingest_report(make_report("csv", "*.zip"), settings)
    assert not outcome.errors
    assert [package.manifest["counts"]["accepted"] for package in outcome.loaded] == [3, 3]
    assert names(settings) == ["报送.zip/二月/人口_202602.csv", "报送.zip/三月/人口_202603.csv"]
    monkeypatch.setattr(archives, "_open", None)  # unpacking again would fail
    again = ingest_report(make_report("csv", "*.zip"), settings)
    assert (again.errors, len(again.existing)) == ((), 2)


def test_members_of_one_edition_are_parts_of_one_table(settings, make_report, as_csv, headers, rows):
    members = [(f"{place}街道.csv", as_csv([headers, row])) for place, row in zip("东西南", rows, strict=True)]
    (settings.data / "人口_202601.zip").write_bytes(zipped(*members, ("说明.txt", "请查收".encode())))
    outcome = ingest_report(make_report("csv", "*.zip", options={"members": "*街道.csv"}), settings)
    assert not outcome.errors
    assert {package.manifest["edition"] for package in outcome.loaded} == {"2026-01"}
    assert sum(package.manifest["counts"]["accepted"] for package in outcome.loaded) == 3


@pytest.mark.parametrize("name", ["人口_202601.csv.gz", "人口_202601.CSV.GZ"])
def test_a_gz_file_is_its_one_member(settings, make_report, table, name):
    (settings.data / name).write_bytes(gzip.compress(table))
    outcome = ingest_report(make_report("csv", "*.[gG]*"), settings)
    assert not outcome.errors
    assert outcome.loaded[0].manifest["counts"]["accepted"] == 3
    import hashlib

    assert landed("police.register", settings)[0].sha256 == hashlib.sha256(table).hexdigest()


@pytest.mark.parametrize("codec", ["gb18030", "utf-8"])
def test_names_in_old_encodings_are_read_as_their_sender_sees_them(settings, make_report, table, codec):
    (settings.data / "报送.zip").write_bytes(legacy("望江街道/人口登记表_202601.csv", codec, table))
    assert not ingest_report(make_report("csv", "*.zip"), settings).errors
    assert names(settings) == ["报送.zip/望江街道/人口登记表_202601.csv"]


def test_archives_within_archives_are_opened_to_a_depth(settings, make_report, table):
    inner = zipped(("人口_202601.csv", table))
    (settings.data / "a.zip").write_bytes(zipped(("b.zip", inner), ("人口_202602.csv.gz", gzip.compress(table))))
    assert not ingest_report(make_report("csv", "*.zip"), settings).errors
    assert names(settings) == ["a.zip/b.zip/人口_202601.csv", "a.zip/人口_202602.csv.gz/人口_202602.csv"]
    (settings.data / "c.zip").write_bytes(zipped(("a.zip", zipped(("b.zip", inner)))))
    (error,) = ingest_report(make_report("csv", "c.zip"), settings).errors
    assert "too deep" in error.what


def refused(settings, make_report, data: bytes, name: str = "人口_202601.zip"):
    """The one error, after which nothing has landed and no scratch is left."""
    (settings.data / name).write_bytes(data)
    (error,) = ingest_report(make_report("csv", "人口_*"), settings).errors
    assert landed("police.register", settings) == []
    assert list(settings.work.iterdir()) == []
    assert error.todo
    return error


@pytest.mark.parametrize(
    "trick",
    [
        "../../etc/cron.d/x_202601.csv",
        "/etc/x_202601.csv",
        "C:\\x_202601.csv",
        "a/../../x_202601.csv",
        "..\\x_202601.csv",
    ],
)
def test_a_name_that_leads_out_of_the_archive_is_refused_with_the_archive(settings, make_report, table, trick):
    error = refused(settings, make_report, zipped(("人口_202601.csv", table), (trick, table)))
    assert error.what == "A member's name leads out of the archive."
    assert not list(settings.data.parent.rglob("x_202601.csv"))


def test_a_link_is_refused(settings, make_report):
    link = zipfile.ZipInfo("人口_202601.csv")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "no plain file" in refused(settings, make_report, zipped((link, b"/etc/passwd"))).what


def test_two_members_of_one_name_are_refused(settings, make_report, table):
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped(("人口_202601.csv", table), ("人口_202601.csv", table))
    assert "same name" in refused(settings, make_report, data).what


@pytest.mark.parametrize("kind", ["zip", "gz", "gz in zip", "zip in zip"])
def test_a_bomb_is_given_up_long_before_it_has_gone_off(settings, make_report, kind, monkeypatch):
    monkeypatch.setattr(archives, "RATIO_FROM", 1 << 20)
    zeros = bytes(20 << 20)
    data = {
        "zip": lambda: zipped(("人口_202601.csv", zeros)),
        "gz": lambda: gzip.compress(zeros),
        "gz in zip": lambda: zipped(("人口_202601.csv.gz", gzip.compress(zeros))),
        "zip in zip": lambda: zipped(("人口_202601.zip", zipped(("人口_202601.csv", zeros)))),
    }[kind]()
    error = refused(settings, make_report, data, "人口_202601.csv.gz" if kind == "gz" else "人口_202601.zip")
    assert error.what == "The archive unpacks to more than it may."
    assert f"{archives.RATIO} bytes out of each packed byte" in error.expected
    written = [path.stat().st_size for path in settings.home.rglob("*") if path.is_file()]
    assert max(written) < 3 << 20


def test_many_members_that_share_their_bytes_are_a_bomb_too(settings, make_report, monkeypatch):
    monkeypatch.setattr(archives, "RATIO_FROM", 1 << 20)
    data = bytearray(zipped(("a_202601.csv", bytes(1 << 20)), ("b_202601.csv", b"x")))
    # Both entries of the directory point at the same packed bytes.
    first, second = (place for place in range(len(data)) if data[place : place + 4] == b"PK\x01\x02")
    data[second + 16 : second + 28] = data[first + 16 : first + 28]
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    error = refused(settings, make_report, bytes(data))
    assert error.what in ("The archive unpacks to more than it may.", "The archive is damaged or not complete.")


def test_a_size_that_the_archive_lies_about_does_not_help_it(settings, make_report, monkeypatch):
    monkeypatch.setattr(archives, "RATIO_FROM", 1 << 20)
    data = bytearray(zipped(("人口_202601.csv", bytes(20 << 20))))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(mark)
        data[place + offset : place + offset + 4] = struct.pack("<I", 100)
    refused(settings, make_report, bytes(data))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", ["人口_202601.zip", "人口_202601.csv.gz"])
def test_an_archive_that_was_cut_off_is_refused_as_a_whole(settings, make_report, as_csv, headers, rows, name, share):
    table = as_csv([headers, *rows * 400])
    whole = gzip.compress(table) if name.endswith("gz") else zipped(("a_202601.csv", table), ("b_202602.csv", table))
    assert "damaged or not complete" in refused(settings, make_report, whole[: int(len(whole) * share)], name).what


def test_a_member_whose_bytes_were_changed_takes_the_archive_with_it(settings, make_report, as_csv, headers, rows):
    good, bad = as_csv([headers, *rows]), as_csv([headers, *rows * 2])
    data = zipped(("a_202601.csv", good), ("b_202602.csv", bad), method=zipfile.ZIP_STORED)
    place = data.rindex("李四".encode())
    refused(settings, make_report, data[:place] + "王".encode() + data[place + 3 :])


def test_an_encrypted_archive_is_refused_and_no_password_asked_for(settings, make_report, table):
    data = bytearray(zipped(("人口_202601.csv", table)))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    assert refused(settings, make_report, bytes(data)).what == "The archive is encrypted."


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06" + bytes(18), b"no archive at all" * 100])
def test_what_is_no_archive_or_an_empty_one_is_refused(settings, make_report, data):
    refused(settings, make_report, data)


def test_a_spreadsheet_is_not_unpacked(settings, make_report, headers, rows):
    import xlsxwriter

    book = xlsxwriter.Workbook(settings.data / "人口_202601.xlsx")
    sheet = book.add_worksheet()
    for place, row in enumerate([headers, *rows]):
        sheet.write_row(place, 0, row)
    book.close()
    (settings.data / "报送.zip").write_bytes(
        zipped(("人口_202602.xlsx", (settings.data / "人口_202601.xlsx").read_bytes()))
    )
    outcome = ingest_report(make_report("xlsx", "*[px]"), settings)
    assert not outcome.errors
    assert names(settings) == ["人口_202601.xlsx", "报送.zip/人口_202602.xlsx"]


def test_no_member_that_fits_is_an_error_that_names_the_pattern(settings, make_report, table):
    (settings.data / "人口_202601.zip").write_bytes(zipped(("人口.txt", table)))
    (error,) = ingest_report(make_report("csv", "*.zip", options={"members": "*.csv"}), settings).errors
    assert "`*.csv`" in error.expected
    assert "members" in error.todo


def test_flipped_bytes_never_crash_and_never_land_half_an_archive(settings, make_report, as_csv, headers, rows):
    import random

    chance = random.Random(11)
    table = as_csv([headers, *rows * 30])
    whole = zipped(("人口_202601.csv", table), ("人口_202602.csv", table + b"\n"))
    path = Path(settings.data / "a.zip")
    landings = {0: 0, 1: 0, 2: 0}
    for _ in range(120):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            path.write_bytes(damaged)
            found = [(name, stream.read()) for name, stream in archives.members(path, "a.zip")]
        except archives.DeliveryError:
            found = []
        assert all(data in (table, table + b"\n") for _, data in found)
        landings[len(found)] += 1
    assert landings[0] > 60
