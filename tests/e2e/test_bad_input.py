"""Bad input and bad luck: a clear error, nothing half-written, the other reports go on, the next run repairs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from installations import PROGRAM, Installation
from reconcile import reconcile

UNREADABLE = {
    "civil_affairs.elderly_allowance": ("高龄津贴_202604.xls", "The delivery cannot be fetched."),
    "health.health_record": ("居民健康档案_202604.csv", "A required column is missing."),
    "market_regulation.enterprise": ("企业登记_202604.json", "The delivery is not a JSON document."),
    "public_security.death_cancellation": ("死亡注销_202604.xlsx", "The file cannot be opened as a spreadsheet."),
    "public_security.household_register": ("家庭户登记_202604.csv", "The delivery is not in the encoding"),
}
"""Report -> its bad delivery of April, and what is said about it."""

HALF = "public_security.resident_register"
ONE = ("--only", HALF)
"""For runs whose trouble comes when they unify: to look at the other reports once more would show nothing new."""

GOOD = ("grid_center.resident_roll", "human_resources.pension", "market_regulation.sole_trader")


@pytest.fixture(scope="module")
def april(few_published: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A published installation to which every department delivers its figures of April, several of them badly."""
    made = few_published.copy(tmp_path_factory.mktemp("april"))
    for path in [*made.data.glob("*/*/*202603*"), *made.data.glob("api/*/*/2026-03*")]:
        shutil.copy2(path, _april(path))
    for report, (name, _) in UNREADABLE.items():
        _spoil(made.data / report.replace(".", "/") / name)
    half = made.data / HALF.replace(".", "/") / "人口基本信息_202604.csv"
    lines = half.read_bytes().splitlines(keepends=True)
    half.write_bytes(b"".join(lines[: len(lines) // 2]))
    return made


def _april(path: Path) -> Path:
    return path.with_name(path.name.replace("202603", "202604").replace("2026-03", "2026-04"))


def _spoil(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    if path.suffix == ".xls":  # nobody can read a folder as a file, not even root
        path.mkdir()
    elif path.name.startswith("家庭户登记"):
        path.write_bytes(content.decode("gb18030").encode("utf-8"))
    elif path.suffix == ".csv":
        header, rest = content.decode("utf-8-sig").split("\n", 1)
        columns = header.split(",")
        path.write_text("\n".join([",".join(["序号", *columns[1:]]), rest]), encoding="utf-8-sig")
    else:
        path.write_bytes(content[: len(content) * 2 // 3])


@pytest.fixture(scope="module")
def wrong_contracts(april: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The same installation with two contracts that somebody has just spoilt."""
    schemas = tmp_path_factory.mktemp("contracts") / "schemas"
    shutil.copytree(april.settings.schemas, schemas)
    unknown = schemas / "reports" / "housing" / "dwelling_register.odcs.yml"
    unknown.write_text(unknown.read_text().replace("logicalType: object", "logicalType: object\n    colour: red", 1))
    element = schemas / "reports" / "grid_center" / "grid_event.odcs.yml"
    element.write_text(element.read_text().replace("value: event_address", "value: event_adress", 1))
    return replace(april, sources={**april.sources, "YIBIAO_SCHEMAS": str(schemas)})


def _errors(summary: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    return {report["report"]: report["errors"] for report in summary["reports"] if report["errors"]}


def _assert_nothing_half_written(installation: Installation, release: str) -> None:
    """The release is the one before and answers; every package, object and release that can be seen is whole."""
    assert installation.release.name == release
    assert installation.query("select count(*) > 200 as there from resident") == [{"there": True}]
    home = installation.home
    for folder in home.glob("lake/*/*/*"):
        names = {path.name for path in folder.iterdir()}
        assert names == {"accepted.parquet", "quarantine.parquet", "manifest.json"}, folder
        json.loads((folder / "manifest.json").read_bytes())
    for path in home.glob("landing/deliveries/*/*/*"):
        record = json.loads(path.read_bytes())
        landed = home / "landing" / "objects" / record["sha256"][:2] / record["sha256"]
        assert landed.stat().st_size == record["bytes"]
    assert {path.name for path in home.glob("releases/*")} == {release, "current", "journal.jsonl"}


# The tests below are one story about one installation, in this order; each begins where the one before has ended.


def test_1_wrong_contracts_are_told_by_file_and_line_and_the_other_reports_are_loaded(
    april: Installation, wrong_contracts: Installation
) -> None:
    before = april.release.name
    done = wrong_contracts.run("run", ok=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    errors = _errors(april.summary)
    for report, line, text in (
        ("housing.dwelling_register", "colour: red", "colour"),
        ("grid_center.grid_event", "event_adress", "event_adress"),
    ):
        (error,) = errors.pop(report)
        path = wrong_contracts.settings.schemas / "reports" / f"{report.replace('.', '/')}.odcs.yml"
        number = next(n for n, found in enumerate(path.read_text().splitlines(), start=1) if line in found)
        assert f"{path.name}:{number}" in error["where"] + error["what"] + error["got"], error
        assert text in " ".join(error.values())
    assert set(errors) == set(UNREADABLE)
    loaded = {report["report"] for report in april.summary["reports"] if report["loaded"]}
    assert loaded == {HALF, *GOOD}
    assert (april.summary["ok"], april.summary["state"]) == (False, "failed")
    _assert_nothing_half_written(april, before)


def test_2_a_killed_run_leaves_the_release_as_it_was(april: Installation) -> None:
    before = april.release.name
    process = subprocess.Popen(
        [str(PROGRAM), "run", *ONE], env=april.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if re.match(r"  3/\d+ ", line) and any("unify" in earlier for earlier in said):
            os.kill(process.pid, signal.SIGKILL)
            break
    assert process.wait(60) == -signal.SIGKILL, "".join(said)
    process.stdout.close()
    assert list((april.home / "work").iterdir()), "it was killed in the middle of its work"
    _assert_nothing_half_written(april, before)


def test_3_a_full_disk_is_told_and_leaves_the_release_as_it_was(april: Installation) -> None:
    before = april.release.name
    done = april.run(
        "run", *ONE, ok=False, largest_file=6_000_000
    )  # above what SQLite keeps in its log, below a warehouse
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert april.summary["state"] == "failed"
    assert "disk is full" in april.summary["error"]["what"], april.summary["error"]
    assert "Free space" in april.summary["next"][0]
    _assert_nothing_half_written(april, before)


def test_4_a_disk_that_is_full_from_the_beginning_is_told(april: Installation) -> None:
    before = april.release.name
    done = april.run("run", *ONE, ok=False, largest_file=4096)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "free space" in done.stderr
    _assert_nothing_half_written(april, before)


def test_5_the_next_run_repairs_everything(april: Installation, few_published: Installation) -> None:
    """Departments have sent their files again. Of the kill and the full disk nothing has to be cleared by hand."""
    for report, (name, _) in {**UNREADABLE, HALF: ("人口基本信息_202604.csv", "")}.items():
        bad = april.data / report.replace(".", "/") / name
        if bad.is_dir():
            bad.rmdir()
        shutil.copy2(bad.with_name(name.replace("202604", "202603")), bad)
    april.run("run")
    summary = april.summary
    assert (summary["ok"], summary["state"], _errors(summary), summary["waiting"]) == (True, "published", {}, [])
    assert april.release.name.startswith("2026-04-")
    assert list((april.home / "work").iterdir()) == []
    found = reconcile(april.home, april.data, april.settings.schemas)
    assert [(check.where, check.law, check.left, check.right) for check in found.failures] == []
    assert found.not_loaded == []
    assert april.summary["entities"]["resident"] >= few_published.summary["entities"]["resident"]


def test_every_error_has_said_what_where_and_what_to_do(april: Installation, wrong_contracts: Installation) -> None:
    """Looked at after the story, with the bad files delivered once more and nothing else to do."""
    for report, (name, wanted) in UNREADABLE.items():
        path = april.data / report.replace(".", "/") / name
        _spoil(path)
        done = _ingest(april, report)
        assert wanted in done, report
        assert name in done
        assert "to do:" in done
        assert "Traceback" not in done


def _ingest(installation: Installation, report: str) -> str:
    """What ingesting one report says, without a whole run around it."""
    from yibiao.contracts import load_schemas
    from yibiao.ingest import ingest_report

    used = installation.settings
    outcome = ingest_report(load_schemas(used.schemas).reports[report], used)
    return "\n".join(str(error) for error in outcome.errors)
