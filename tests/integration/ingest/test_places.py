"""Files on SFTP, S3 and other places: the same as from a folder; accounts from outside, servers that are known."""

from __future__ import annotations

import json
import logging
import os
import sys
import zipfile

import pytest
from file_servers import PASSWORD, s3_server, sftp_server

from yibiao.ingest import fetch_files, ingest_report
from yibiao.ingest.landing import landed

OLD = (1_700_000_000, 1_700_000_000)


@pytest.fixture(scope="module")
def sftp(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sftp")
    (folder / "交付").mkdir()
    with sftp_server(folder) as server:
        server.folder = folder / "交付"  # type: ignore[attr-defined]
        yield server


@pytest.fixture
def clerk(sftp, monkeypatch):
    """The SFTP server with a connection of Airflow for it, and an empty folder."""
    for path in sftp.folder.iterdir():
        path.unlink()
    sftp.lost_after = None
    account = {
        **{"conn_type": "sftp", "host": "127.0.0.1", "port": sftp.port, "login": "clerk", "password": PASSWORD},
        "extra": json.dumps({"host_key": sftp.host_key}),
    }
    monkeypatch.setenv("AIRFLOW_CONN_OFFICE", json.dumps(account))
    sftp.account = account
    return sftp


@pytest.fixture
def report(make_report):
    return lambda **more: make_report("csv", "sftp:///交付/*_*", options={"connection": "${airflow:office}", **more})


@pytest.fixture
def table(as_csv, headers, rows) -> bytes:
    return as_csv([headers, *rows])


def test_files_and_archives_on_sftp_are_landed_once(clerk, report, settings, table):
    (clerk.folder / "人口_202601.csv").write_bytes(table)
    with zipfile.ZipFile(clerk.folder / "报送_202602.zip", "w") as archive:
        archive.writestr("街道.csv", table)
    for path in clerk.folder.iterdir():
        os.utime(path, OLD)
    outcome = ingest_report(report(), settings)
    assert not outcome.errors
    assert [package.manifest["counts"]["accepted"] for package in outcome.loaded] == [3, 3]
    clerk.lost_after = 0  # what is unchanged is not read again: it would be found cut off
    again = ingest_report(report(), settings)
    assert (again.errors, len(again.existing)) == ((), 2)


def test_a_file_that_ends_before_its_size_is_no_delivery(clerk, report, settings, as_csv, headers, rows):
    (clerk.folder / "人口_202601.csv").write_bytes(as_csv([headers, *rows * 3000]))
    clerk.lost_after = 65536
    (error,) = ingest_report(report(), settings).errors
    assert "fewer than the place states" in error.got or error.got == "EOFError"
    assert landed("police.register", settings) == []
    assert list(settings.work.iterdir()) == []


def test_a_server_with_another_key_gets_no_password(clerk, report, settings, monkeypatch, tmp_path):
    logins = len(clerk.logins)
    import paramiko

    other = paramiko.RSAKey.generate(1024)
    for extra in ({"host_key": f"ssh-rsa {other.get_base64()}"}, {}):
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("AIRFLOW_CONN_OFFICE", json.dumps({**clerk.account, "extra": json.dumps(extra)}))
        (error,) = ingest_report(report(), settings).errors
        assert "not the one that is known" in error.what
    assert len(clerk.logins) == logins


def test_a_server_in_known_hosts_is_known(clerk, report, settings, monkeypatch, tmp_path, table):
    (clerk.folder / "人口_202601.csv").write_bytes(table)
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{clerk.port} {clerk.host_key}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_OFFICE", json.dumps({**clerk.account, "extra": ""}))
    assert len(ingest_report(report(), settings).loaded) == 1


def test_a_folder_that_is_not_there_is_an_error(clerk, make_report, settings):
    options = {"connection": "${airflow:office}"}
    (error,) = ingest_report(make_report("csv", "sftp:///别处/*.csv", options=options), settings).errors
    assert "cannot be listed" in error.what


def test_no_password_stands_in_an_error_or_a_log(clerk, report, settings, monkeypatch, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    told = []
    wrong = {**clerk.account, "password": f"{PASSWORD}x"}
    absent = {**clerk.account, "port": 1}
    for account in (json.dumps(wrong), json.dumps(absent), f"{PASSWORD} is no connection", "{" + PASSWORD):
        monkeypatch.setenv("AIRFLOW_CONN_OFFICE", account)
        (error,) = ingest_report(report(), settings).errors
        told.append(str(error))
    printed = capfd.readouterr()
    assert all(PASSWORD not in text for text in (*told, caplog.text, printed.out, printed.err))


def test_a_connection_that_nobody_made_is_named(report, settings, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_OFFICE", raising=False)
    (error,) = ingest_report(report(), settings).errors
    assert "AIRFLOW_CONN_OFFICE" in error.todo


@pytest.fixture(scope="module")
def bucket():
    with s3_server() as server:
        yield server


@pytest.fixture
def s3_report(bucket, make_report, monkeypatch):
    bucket.objects.clear()
    bucket.fetched.clear()
    monkeypatch.setenv("AIRFLOW_CONN_BUCKET", f"aws://clerk:{PASSWORD}@/?region_name=cn-north-1")
    return lambda **more: make_report(
        "csv",
        "s3://reports/人口/*.csv",
        options={"connection": "${airflow:bucket}", "endpoint_url": bucket.address, **more},
    )


def test_objects_of_a_bucket_are_landed_once_and_again_when_they_change(bucket, s3_report, settings, table):
    bucket.objects = {"人口/人口_202601.csv": table, "人口/说明.txt": b"x", "别的/人口_202601.csv": b"y"}
    outcome = ingest_report(s3_report(), settings)
    assert not outcome.errors
    assert outcome.loaded[0].manifest["counts"]["accepted"] == 3
    assert bucket.accounts == {"clerk"}
    fetched = len(bucket.fetched)
    assert len(ingest_report(s3_report(), settings).existing) == 1
    assert len(bucket.fetched) == fetched
    bucket.objects["人口/人口_202601.csv"] = table.replace("张三".encode(), "王五".encode())
    assert len(ingest_report(s3_report(), settings).loaded) == 1


def test_a_bucket_that_cannot_be_reached_is_an_error_without_the_account(bucket, make_report, settings, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_BUCKET", f"aws://clerk:{PASSWORD}@/?region_name=cn-north-1")
    options = {"connection": "${airflow:bucket}", "endpoint_url": bucket.address}
    (error,) = ingest_report(make_report("csv", "s3://nothing/*.csv", options=options), settings).errors
    assert "cannot be listed" in error.what
    assert PASSWORD not in str(error)


@pytest.mark.parametrize(("scheme", "package"), [("sftp", "paramiko"), ("s3", "s3fs")])
def test_a_missing_package_is_named_with_the_extra_that_brings_it(scheme, package, make_report, settings, monkeypatch):
    for name in list(sys.modules):
        if name.partition(".")[0] == package or name == "fsspec.implementations.sftp":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    (error,) = ingest_report(make_report("csv", f"{scheme}://host/x/*.csv"), settings).errors
    assert package in error.expected
    assert error.todo == f"Install yibiao[{scheme}]."


@pytest.fixture
def memory():
    import fsspec

    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


def test_any_place_that_fsspec_knows_will_do(memory, make_report, settings, table):
    memory.pipe("/reports/人口_202601.csv", table)
    report = make_report("csv", "memory:///reports/*.csv")
    assert ingest_report(report, settings).loaded[0].manifest["counts"]["accepted"] == 3


@pytest.mark.parametrize("end", [".part", ".filepart", ".tmp", ".crdownload"])
def test_a_name_that_says_that_the_file_is_still_written_is_waited_for(make_report, settings, table, end):
    (settings.data / f"人口_202601.csv{end}").write_bytes(table)
    (settings.data / "人口_202602.csv").write_bytes(table)
    outcome = ingest_report(make_report("csv", "人口_*"), settings)
    assert outcome.waiting == (f"人口_202601.csv{end}",)
    assert [package.manifest["edition"] for package in outcome.loaded] == ["2026-02"]


def test_a_file_that_changes_while_it_is_fetched_from_elsewhere_is_left(
    memory, make_report, settings, table, monkeypatch
):
    memory.pipe("/reports/人口_202601.csv", table)
    marks = iter([fetch_files.Mark(1, 1, ""), fetch_files.Mark(2, 2, "")])
    with monkeypatch.context() as patch:
        patch.setattr(fetch_files, "_mark", lambda *_: next(marks))
        outcome = ingest_report(make_report("csv", "memory:///reports/*.csv"), settings)
    assert (outcome.waiting, outcome.loaded) == (("人口_202601.csv",), ())
    assert len(ingest_report(make_report("csv", "memory:///reports/*.csv"), settings).loaded) == 1
