"""`yibiao query` and `yibiao release` on a published district: answers, read-only, back and forth between releases."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from installations import PROJECT, Installation


def _ask(installation: Installation, *arguments: str) -> tuple[int, str, str]:
    done = installation.call("query", *arguments, ok=False)
    return done.returncode, done.stdout, done.stderr


def test_json_gives_a_list_of_objects(published: Installation) -> None:
    rows = published.query("select resident_id, citizen_id, birth_date from resident order by citizen_id limit 3")
    assert [sorted(row) for row in rows] == [["birth_date", "citizen_id", "resident_id"]] * 3
    assert all(len(row["citizen_id"]) == 18 and len(row["resident_id"]) == 24 for row in rows)
    assert all(row["citizen_id"][6:14] == row["birth_date"].replace("-", "") for row in rows)


def test_json_of_no_rows_is_an_empty_list(published: Installation) -> None:
    assert published.query("select * from resident where false") == []


def test_json_prints_all_rows_whatever_the_limit(published: Installation) -> None:
    count = published.query("select count(*) as number from resident_crosswalk")[0]["number"]
    assert count > 1000
    assert len(published.query("select record_no from resident_crosswalk")) == count


def test_chinese_text_is_printed_as_it_is(published: Installation) -> None:
    sql = "select household_address as 户籍地址 from household where household_address is not null limit 1"
    status, table, _ = _ask(published, sql)
    assert status == 0
    assert "户籍地址" in table
    assert "示范市示范区" in table
    status, objects, _ = _ask(published, "--json", sql)
    assert status == 0
    assert "户籍地址" in objects
    assert "\\u" not in objects


@pytest.mark.skipif(
    not str(PROJECT).isascii(), reason="in such a locale Python itself cannot read a path with Chinese in its own .pth"
)
def test_chinese_text_survives_a_locale_that_knows_none(published: Installation) -> None:
    done = published.run("query", "--json", "select '一表' as 名称", LC_ALL="C", LANG="C")
    assert json.loads(done.stdout) == [{"名称": "一表"}]


def test_a_long_answer_says_that_it_is_cut(published: Installation) -> None:
    _, table, _ = _ask(published, "--limit", "2", "select community_code from community_overview order by 1")
    assert "2 of 100 rows" in table


@pytest.mark.parametrize(
    "sql",
    [
        "delete from resident",
        "update resident set resident_name = ''",
        "drop table resident",
        "create table other as select 1",
        "insert into resident select * from resident",
        "create temp table mine as select 1; delete from resident",
        "checkpoint; vacuum; truncate resident",
    ],
)
def test_nothing_can_be_written(published: Installation, sql: str) -> None:
    before = _fingerprint(published.release)
    status, _, error = _ask(published, sql)
    assert status == 1
    assert "The query cannot be answered." in error
    assert "Traceback" not in error
    assert _fingerprint(published.release) == before


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/passwd')",
        "select * from read_csv('/etc/passwd')",
        "select * from '/etc/hosts'",
        "select * from glob('/etc/*')",
        "attach '/tmp/elsewhere.duckdb' as elsewhere",
        "copy resident to '/tmp/residents.csv'",
        "export database '/tmp/export'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "reset enable_external_access",
        "select getenv('HOME')",
        "call pragma_database_list(); select * from read_blob('/etc/passwd')",
    ],
)
def test_no_other_file_can_be_read_or_written(published: Installation, sql: str) -> None:
    status, said, error = _ask(published, sql)
    assert status == 1, said
    assert "root:" not in said + error
    assert os.environ["HOME"] not in said
    assert "Traceback" not in error


def test_a_mistake_in_a_query_is_told_in_one_line(published: Installation) -> None:
    status, _, error = _ask(published, "select no_such_column from resident")
    assert status == 1
    assert "no_such_column" in error
    status, _, error = _ask(published, "selekt 1")
    assert status == 1
    assert "show tables" in error


def test_without_a_release_it_says_what_to_do(tmp_path: Path) -> None:
    nothing = Installation(tmp_path / "home", tmp_path / "data")
    status, _, error = _ask(nothing, "select 1")
    assert status == 1
    assert "yibiao run" in error


def test_the_release_list_marks_the_current_one(published: Installation) -> None:
    rows = json.loads(published.run("release", "list", "--json").stdout)
    assert [(row["version"], row["current"]) for row in rows] == [(published.release.name, True)]
    assert rows[0]["content_hash"] == published.manifest["content_hash"]
    assert rows[0]["residents"] == published.query("select count(*) as number from resident")[0]["number"]
    assert rows[0]["published_at"].endswith("+08:00")


@pytest.fixture
def three(installation: Installation) -> tuple[Installation, list[str]]:
    """An installation with three releases; the last one is current."""
    first = installation.release.name
    versions = [first]
    for number in (1, 2):
        version = f"2026-0{3 + number}-{number * 1111111111:010d}"
        folder = installation.home / "releases" / version
        shutil.copytree(installation.home / "releases" / first, folder)
        manifest = json.loads((folder / "manifest.json").read_bytes())
        manifest |= {"version": version, "fingerprint": hashlib.sha256(version.encode()).hexdigest()}
        (folder / "manifest.json").chmod(0o600)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        installation.call("release", "rollback", version)
        versions.append(version)
    return installation, versions


def test_rollback_goes_to_the_release_before_or_to_a_named_one(three: tuple[Installation, list[str]]) -> None:
    installation, (first, second, third) = three
    assert installation.release.name == third
    assert json.loads(installation.run("release", "rollback", "--json").stdout) == {"current": second}
    assert installation.release.name == second
    installation.call("release", "rollback", first)
    assert installation.release.name == first
    assert installation.query("select count(*) > 0 as there from resident") == [{"there": True}]
    failed = installation.call("release", "rollback", "2020-01-nothing", ok=False)
    assert failed.returncode == 1
    assert first in failed.stderr, "it names the versions that there are"
    assert installation.release.name == first


def test_an_older_release_can_be_asked_without_switching(three: tuple[Installation, list[str]]) -> None:
    installation, (first, _, third) = three
    done = installation.call("query", "--json", "--release", first, "select count(*) as number from resident")
    assert json.loads(done.stdout)[0]["number"] > 0
    assert installation.release.name == third


def test_prune_keeps_the_newest_and_always_the_current_one(three: tuple[Installation, list[str]]) -> None:
    installation, (first, second, third) = three
    installation.call("release", "rollback", first)
    assert json.loads(installation.run("release", "prune", "--keep", "2", "--json").stdout) == {"removed": [second]}
    left = {row["version"] for row in json.loads(installation.call("release", "list", "--json").stdout)}
    assert left == {first, third}
    assert json.loads(installation.call("release", "prune", "--keep", "1", "--json").stdout) == {"removed": [third]}
    assert installation.release.name == first
    assert installation.call("release", "prune", "--keep", "0", ok=False).returncode == 1
    actions = [json.loads(line) for line in (installation.home / "releases" / "journal.jsonl").read_text().splitlines()]
    assert [(entry["action"], entry["version"]) for entry in actions[-2:]] == [("prune", second), ("prune", third)]


def test_the_files_of_a_release_open_with_other_tools(published: Installation) -> None:
    """Parquet with a reader that knows nothing of us; the database says which storage it is written in."""
    import pyarrow.parquet as pq

    table = pq.read_table(published.release / "resident.parquet")
    assert table.num_rows == published.manifest["tables"]["resident"]["rows"]
    head = (published.release / "yibiao.duckdb").read_bytes()[:4096]
    assert head[8:12] == b"DUCK"
    assert int.from_bytes(head[12:20], "little") <= 65, "storage version 65 is what DuckDB 1.2 writes"


def _fingerprint(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
