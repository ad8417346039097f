"""No personal value leaves the places that hold data, whatever goes wrong: logs, XCom, results, manifests, errors."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from planting import Person, find, forms, other_files, plant

from installations import Installation, deliver, new_installation
from reconcile import reconcile
from yibiao.contracts import load_schemas

BROKEN_FILES = (
    "wrong encoding",
    "no header",
    "header twice",
    "cut off",
    "no key column",
    "numbers as headers",
    "filled with zeros",
    "not a workbook",
    "another table",
)
"""Deliveries of a fourth edition that cannot be read at all; each has a person of its own in it."""

ONE = ("--only", "public_security.resident_register")
"""All reports were read by the first run, and what could leak of them has leaked; a later run need not look again."""


@dataclass
class Leaks:
    """An installation in which people are planted, and what its commands said."""

    installation: Installation
    rows: dict[str, Person]
    files: dict[str, Person]
    said: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def people(self) -> list[Person]:
        return [*self.rows.values(), *self.files.values()]

    @property
    def values(self) -> list[str]:
        return [value for one in self.people for value in one.values]

    def run(self, *arguments: str, installation: Installation | None = None) -> subprocess.CompletedProcess[str]:
        done = (installation or self.installation).run(*arguments, ok=False)
        self.said.append((f"yibiao {' '.join(arguments[:2])}", (done.stdout + done.stderr).encode()))
        return done

    def everything(self) -> Iterator[tuple[str, bytes]]:
        yield from self.said
        yield from other_files(self.installation.home)


@pytest.fixture(scope="module")
def leaks(district: Path, few_published: Installation, tmp_path_factory: pytest.TempPathFactory) -> Leaks:
    folder = tmp_path_factory.mktemp("leaks")
    deliver(district, folder / "data", ["*/*/*", "api/*/*/*"])
    made = Leaks(new_installation(folder / "home", folder / "data", like=few_published), {}, {})
    schemas = load_schemas(made.installation.settings.schemas)
    for place, report in enumerate(schemas.reports.values()):
        person = made.rows[report.id] = Person(place)
        place_of_report = f"/{report.department}/{report.name}/"
        paths = sorted(path for path in made.installation.data.rglob("*.*") if place_of_report in str(path))
        plant(paths, report, [person])
    made.files = {trouble: Person(50 + place) for place, trouble in enumerate(BROKEN_FILES)}
    _deliver_broken_files(made)
    first = made.run("run", "--json")
    assert first.returncode == 0, first.stdout[-3000:] + first.stderr[-3000:]
    return made


def _deliver_broken_files(made: Leaks) -> None:
    """Nine files of edition 2026-04, each unreadable in another way."""
    data, people = made.installation.data, made.files

    def cells(trouble: str) -> str:
        one = people[trouble]
        return f"{one.citizen_id},{one.name},{one.phone},{one.address},{one.wrong_id},{one.account}\r\n"

    def place(report: str, march: str) -> tuple[Path, bytes]:
        path = data / report.replace(".", "/") / march
        return path.with_name(march.replace("202603", "202604")), path.read_bytes()

    path, march = place("grid_center.resident_roll", "实有人口台账_202603.csv")
    path.write_bytes(march.decode("utf-8-sig").encode("gb18030") + cells("wrong encoding").encode("gb18030"))
    path, _ = place("health.health_record", "居民健康档案_202603.csv")
    path.write_bytes(b"\xef\xbb\xbf" + cells("no header").encode() * 3)
    path, march = place("public_security.household_register", "家庭户登记_202603.csv")
    lines = march.decode("gb18030").splitlines()
    lines[0] += "," + lines[0].split(",")[0]
    path.write_bytes("\r\n".join([*lines, cells("header twice")]).encode("gb18030"))
    path, march = place("market_regulation.enterprise", "企业登记_202603.json")
    path.write_text(march.decode()[:400] + json.dumps(people["cut off"].values, ensure_ascii=False) + '{"name": "')
    path, march = place("market_regulation.sole_trader", "个体工商户_202603.ndjson")
    one = people["no key column"]
    path.write_text(json.dumps({"经营者": one.name, "身份证": one.citizen_id, "电话": one.phone}, ensure_ascii=False))
    path, march = place("human_resources.pension", "养老保险参保_202603.parquet")
    one = people["numbers as headers"]
    table = pq.ParquetFile(data / "human_resources/pension/养老保险参保_202603.parquet").read()
    names = [one.citizen_id, one.phone, *table.column_names[2:]]
    pq.write_table(table.rename_columns(names), path)
    path, march = place("public_security.resident_register", "人口基本信息_202603.csv")
    path.write_bytes(march + cells("filled with zeros").encode() + bytes(1 << 16))  # a copy that broke off
    path, _ = place("public_security.death_cancellation", "死亡注销_202603.xlsx")
    path.write_bytes(cells("not a workbook").encode())
    path, _ = place("housing.dwelling_register", "房屋登记_202603.sqlite")
    with duckdb.connect() as connection:  # a database, but of another kind
        connection.execute(f"attach '{path}' as other; create table other.house (owner varchar)")
        connection.execute("insert into other.house values (?)", [people["another table"].name])


def test_the_plants_stand_where_data_may_stand(leaks: Leaks) -> None:
    """Otherwise finding them nowhere else would say nothing."""
    home = leaks.installation.home
    landed = b"".join(path.read_bytes() for path in home.glob("landing/objects/*/*"))
    for trouble in set(BROKEN_FILES) - {"wrong encoding", "header twice"}:
        assert leaks.files[trouble].name.encode() in landed or trouble == "numbers as headers", trouble
    golden = {row["resident_name"] for row in leaks.installation.query("select resident_name from resident")}
    about_residents = [
        "civil_affairs.elderly_allowance",
        "human_resources.pension",
        "grid_center.resident_roll",
        "health.health_record",
        "public_security.death_cancellation",
        "public_security.resident_register",
    ]
    assert {leaks.rows[report].name for report in about_residents} <= golden
    quarantined = set()
    for path in home.glob("lake/*/*/load=*/quarantine.parquet"):
        for row in pq.ParquetFile(path).read().to_pylist():
            quarantined |= {str(value) for value in row.values()}
    text = "\n".join(quarantined)
    assert [report for report, one in leaks.rows.items() if one.name not in text] == []


def test_every_broken_file_is_told_and_the_others_go_on(leaks: Leaks) -> None:
    summary = leaks.installation.summary
    broken = {report["report"] for report in summary["reports"] if report["errors"]}
    assert len(broken) == len(BROKEN_FILES)
    assert all(len(report["errors"]) == 1 for report in summary["reports"] if report["errors"])
    assert summary["ok"]
    assert summary["totals"]["quarantined"] > 0


def test_counts_reconcile_among_broken_rows_and_files(leaks: Leaks) -> None:
    found = reconcile(leaks.installation.home, leaks.installation.data, leaks.installation.settings.schemas)
    assert [(check.where, check.law, check.left, check.right) for check in found.failures] == []
    assert len(found.not_loaded) == len(BROKEN_FILES)
    assert all("202604" in name for name in found.not_loaded)


def test_a_run_with_broken_rows_and_files_leaks_nothing(leaks: Leaks) -> None:
    assert list(find(leaks.values, leaks.everything())) == []


def test_commands_that_show_state_leak_nothing(leaks: Leaks) -> None:
    for arguments in (
        ("load", "list"),
        ("load", "list", "--json"),
        ("quality", "show"),
        ("quality", "show", "--json", "--all"),
        ("release", "list", "--json"),
        ("identity", "review", "--limit", "1000"),
        ("identity", "review", "--limit", "1000", "--json"),
        ("identity", "decisions", "--json"),
        ("query", "select resident_name::integer from resident"),
        ("query", "select cast(citizen_id || residence_address as date) from resident"),
    ):
        leaks.run(*arguments)
    assert list(find(leaks.values, leaks.said)) == []


def test_a_gate_that_fails_on_planted_rows_leaks_nothing(leaks: Leaks, tmp_path: Path) -> None:
    shutil.copytree(leaks.installation.settings.expectations, tmp_path / "expectations")
    spec = tmp_path / "expectations" / "canonical" / "resident.yml"
    common = "severity: critical, owner: platform, dimension: accuracy, reason: 测试"
    spec.write_text(
        spec.read_text()
        + f"""
  - {{id: few_names, type: expect_column_values_to_be_in_set,
     kwargs: {{column: resident_name, value_set: [甲]}}, {common}}}
  - id: nobody_with_such_a_number
    type: UnexpectedRowsExpectation
    kwargs: {{unexpected_rows_query: "SELECT * FROM {{batch}} WHERE mobile_phone LIKE '19987%'"}}
    severity: critical
    owner: platform
    dimension: accuracy
    reason: 测试
"""
    )
    sources = {**leaks.installation.sources, "YIBIAO_EXPECTATIONS": str(tmp_path / "expectations")}
    refused = leaks.run("run", *ONE, installation=replace(leaks.installation, sources=sources))
    assert refused.returncode == 1
    assert leaks.installation.summary["state"] == "refused"
    assert "nobody_with_such_a_number" in refused.stdout
    assert list(leaks.installation.home.glob("logs/gate/*/quality.json"))
    assert list(find(leaks.values, leaks.everything())) == []


def test_a_model_that_fails_on_a_value_leaks_nothing(leaks: Leaks, tmp_path: Path) -> None:
    shutil.copytree(leaks.installation.settings.dbt_project, tmp_path / "dbt_project")
    # In a model that many read, so that it comes early: what the models after it say was said by the first run.
    model = tmp_path / "dbt_project" / "models" / "staging" / "grid_center" / "stg_grid_center__resident_roll.sql"
    impossible = "replace (cast(cast(resident_name as integer) as varchar) as resident_name)"
    model.write_text(f"select * {impossible} from (\n{model.read_text()}\n) as typed\n")
    sources = {**leaks.installation.sources, "YIBIAO_DBT_PROJECT": str(tmp_path / "dbt_project")}
    failed = leaks.run("run", *ONE, installation=replace(leaks.installation, sources=sources))
    assert failed.returncode == 1
    summary = leaks.installation.summary
    assert summary["state"] == "failed"
    assert "dbt" in summary["why"]
    log = Path(summary["log"]).read_text()
    assert "Conversion Error in column resident_name" in log
    assert list(find(leaks.values, leaks.everything())) == []


FAILS_UNFORESEEN = """
import yibiao.ingest.landing, yibiao.warehouse.prepare

def fail(*arguments, **options):
    raise ValueError("cannot make sense of {name}, {citizen_id}, living at {address}")

yibiao.ingest.landing.landed = yibiao.warehouse.prepare.prepare = fail
"""
"""Python runs this at its start: two functions of the program then fail as a library might, quoting a row."""


def test_an_error_that_nobody_foresaw_leaks_nothing(leaks: Leaks, tmp_path: Path) -> None:
    one = leaks.rows["public_security.resident_register"]
    values = {"name": one.name, "citizen_id": one.citizen_id, "address": one.address}
    (tmp_path / "sitecustomize.py").write_text(FAILS_UNFORESEEN.format(**values))
    sources = {**leaks.installation.sources, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    failed = leaks.run("run", "--force", *ONE, installation=replace(leaks.installation, sources=sources))
    assert failed.returncode == 1
    summary = leaks.installation.summary
    assert summary["error"]["what"] == "The program failed in an unexpected way."
    assert summary["error"]["got"] == "ValueError"
    assert "warehouse/unify.py" in summary["error"]["where"]
    assert {error["got"] for report in summary["reports"] for error in report["errors"]} >= {"ValueError"}
    assert list(find(leaks.values, leaks.everything())) == []


def test_the_search_finds_a_value_in_every_form_it_may_have() -> None:
    one = Person(3)
    for form in forms(one.name) | forms(one.phone):
        assert list(find(one.values, [("log", b"2026-03-01 ERROR " + form + b" ...")]))
    assert len(forms(one.name)) >= 8


def test_nothing_in_the_working_folder_is_for_others_to_read(leaks: Leaks) -> None:
    home = leaks.installation.home
    found = [home, *home.rglob("*")]
    open_to_others = [
        str(path.relative_to(home))
        for path in found
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert open_to_others == []
    assert len(found) > 100
