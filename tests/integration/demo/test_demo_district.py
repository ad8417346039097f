"""A whole district on disk: equal for equal seeds, damaged as the table says, private."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from yibiao.cli.demo import demo
from yibiao.contracts import Schemas, load_schemas
from yibiao.demo import DemoError, generate, read_marker
from yibiao.demo.audit import _read, audit
from yibiao.demo.writers import place_of
from yibiao.settings import Settings


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return load_schemas(Settings.load().schemas)


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory, schemas: Schemas) -> Path:
    """20,000 residents, one edition."""
    out = tmp_path_factory.mktemp("demo") / "data"
    assert generate(out, schemas, 20_000, seed=11, editions=1)
    return out


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, schemas: Schemas) -> Path:
    """2,500 residents, three editions."""
    out = tmp_path_factory.mktemp("small") / "data"
    assert generate(out, schemas, 2500, seed=2, editions=3)
    return out


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_audit_finds_the_rates_of_the_table(district: Path, schemas: Schemas) -> None:
    found = audit(district, schemas)
    assert found.ok, found.as_text()
    assert {rate.name for rate in found.rates} >= {"citizen_id.missing", "numbers held by two residents"}
    assert found.rows == read_marker(district)["rows"]
    assert sum(count for counts in found.rows.values() for count in counts.values()) > 9 * 20_000


def test_the_audit_fails_when_the_files_say_otherwise(district: Path, schemas: Schemas, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(district, copy)
    path = copy / place_of(schemas.reports["human_resources.pension"], "2026-01")
    table = pq.read_table(path)
    place = table.column_names.index("AAC003")
    pq.write_table(table.set_column(place, "AAC003", pa.array(["某某"] * table.num_rows)), path)
    found = audit(copy, schemas)
    assert not found.ok
    assert [rate.name for rate in found.rates if not rate.ok] == ["resident_name.typo"]


def test_equal_seeds_give_equal_bytes(small: Path, schemas: Schemas, tmp_path: Path) -> None:
    generate(tmp_path / "again", schemas, 2500, seed=2, editions=3)
    one, two = files(small), files(tmp_path / "again")
    assert sorted(one) == sorted(two)
    assert [name for name in one if one[name] != two[name]] == []
    generate(tmp_path / "other", schemas, 1500, seed=3, editions=1)
    register = place_of(schemas.reports["public_security.resident_register"], "2026-01")
    assert (tmp_path / "other" / register).read_bytes() != (small / register).read_bytes()


def test_a_first_edition_does_not_depend_on_how_many_follow(small: Path, schemas: Schemas, tmp_path: Path) -> None:
    generate(tmp_path / "one", schemas, 2500, seed=2, editions=1)
    for report in schemas.reports.values():
        place = place_of(report, "2026-01")
        assert (tmp_path / "one" / place).read_bytes() == (small / place).read_bytes(), report.id


def test_editions_differ_as_months_do(small: Path, schemas: Schemas) -> None:
    report = schemas.reports["public_security.resident_register"]
    editions = [
        _read(small / place_of(report, edition), report).drop_columns("_row") for edition in ("2026-01", "2026-03")
    ]
    early, late = (dict(zip(table["citizen_id"].to_pylist(), table.to_pylist(), strict=True)) for table in editions)
    assert set(late) - set(early), "nobody was born"
    assert set(early) - set(late), "nobody was struck off"
    changed = [number for number in early.keys() & late.keys() if early[number] != late[number]]
    assert 0 < len(changed) < 0.2 * len(early)


def test_keys_are_unique_but_for_numbers_with_two_holders(small: Path, schemas: Schemas) -> None:
    for report in schemas.reports.values():
        table = _read(small / place_of(report, "2026-02"), report)
        groups = table.group_by(list(report.key)).aggregate([([], "count_all")])["count_all"].to_pylist()
        counts = [count for count in groups if count > 1]
        if report.id == "public_security.resident_register":
            assert all(count == 2 for count in counts)
        else:
            assert counts == [], report.id


def test_no_number_in_any_file_belongs_to_an_assigned_region(small: Path, schemas: Schemas) -> None:
    number = re.compile(r"(?<![0-9])[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9]{4}[0-9Xx](?![0-9])")
    seen = 0
    for report in schemas.reports.values():
        table = _read(small / place_of(report, "2026-01"), report)
        for column in report.columns:
            if column.element != "citizen_id":
                continue
            given = [text for text in table[column.name].to_pylist() if text and number.fullmatch(text)]
            # A typing error may fall into the region itself; such a number has a wrong check character.
            strange = [text for text in given if not text.startswith("9999")]
            assert not any(_valid(text) for text in strange), report.id
            seen += len(given)
    assert seen > 8000


def _valid(text: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(text, weights, strict=False))
    return "10X98765432"[total % 11] == text[17].upper()


def test_the_truth_names_the_person_of_every_row(district: Path, schemas: Schemas) -> None:
    report = schemas.reports["human_resources.pension"]
    delivered = _read(district / place_of(report, "2026-01"), report)
    truth = district / "truth"
    connection = duckdb.connect()
    connection.register("delivered", delivered)
    same, rows = connection.execute(
        f"""
        select count(*) filter (delivered.resident_name = resident.resident_name), count(*)
        from delivered
        join '{truth}/record.parquet' as record on record.row = delivered._row and record.report = '{report.id}'
        join '{truth}/resident.parquet' as resident on resident.no = record.resident_no
        where record.damages not like '%name%'
        """
    ).fetchone()
    assert rows > 0.98 * delivered.num_rows
    assert same == rows


def test_the_same_district_is_not_made_twice_and_another_takes_its_place(schemas: Schemas, tmp_path: Path) -> None:
    out = tmp_path / "data"
    assert generate(out, schemas, 400, seed=1, editions=1)
    before = (out / "demo.json").stat().st_mtime_ns
    assert not generate(out, schemas, 400, seed=1, editions=1)
    assert (out / "demo.json").stat().st_mtime_ns == before
    assert generate(out, schemas, 400, seed=2, editions=1)
    assert read_marker(out)["seed"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_what_a_killed_process_left_is_removed(schemas: Schemas, tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    left = tmp_path / f".data-{ended.pid}-abcd"
    in_work = tmp_path / f".data-{os.getpid()}-abcd"
    for folder in (left, in_work):
        folder.mkdir()
    generate(tmp_path / "data", schemas, 400, editions=1)
    assert not left.exists()
    assert in_work.exists()


def test_a_folder_that_is_no_demo_is_left_alone(schemas: Schemas, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(DemoError, match="not empty"):
        generate(tmp_path, schemas, 400)
    assert (tmp_path / "mine.txt").read_text() == "keep"
    for residents, editions in ((10, 1), (400, 0), (400, 13)):
        with pytest.raises(DemoError, match="out of range"):
            generate(tmp_path / "new", schemas, residents, 1, editions)
    assert not (tmp_path / "new").exists()


def test_the_commands_make_and_count_a_district(tmp_path: Path, district: Path) -> None:
    runner, out = CliRunner(), str(tmp_path / "data")
    made = runner.invoke(demo, ["--residents", "400", "--seed", "4", "--editions", "1", "--out", out])
    assert made.exit_code == 0, made.output
    assert "Made the district" in made.output
    again = runner.invoke(demo, ["--residents", "400", "--seed", "4", "--editions", "1", "--out", out])
    assert "there already" in again.output
    counted = runner.invoke(demo, ["audit", str(district), "--json"])
    assert counted.exit_code == 0
    result = orjson.loads(counted.stdout)
    assert result["ok"]
    assert result["kinds"]["api"] == 2
