"""The verdict, its file, and how the command prints it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from yibiao.cli.quality import quality
from yibiao.errors import GateError, ReleaseError
from yibiao.files import to_json
from yibiao.quality.results import ExpectationResult, read_results, verdict


def result(severity: str = "critical", status: str = "passed", **other: object) -> ExpectationResult:
    counted = None if status == "error" else 10
    values = {
        "id": "one",
        "type": "expect_column_values_to_not_be_null",
        "table": "canonical.resident",
        "column": "resident_id",
        "severity": severity,
        "status": status,
        "success": status == "passed",
        "evaluated": counted,
        "unexpected": counted and (0 if status == "passed" else 3),
        "percent": counted and (0.0 if status == "passed" else 30.0),
        "dimension": "completeness",
        "owner": "public_security",
        "reason": "每行须有编号 [见标准]",
    }
    return ExpectationResult(**{**values, **other})  # type: ignore[arg-type]


def test_only_a_critical_failure_stops_a_release() -> None:
    assert verdict([result(), result("warning", "failed"), result("info", "failed")]).passed
    assert not verdict([result(), result("critical", "failed")]).passed
    assert not verdict([result("critical", "error")]).passed


def test_failures_come_with_the_gravest_first() -> None:
    found = verdict([result("info", "failed"), result("warning", "failed"), result("critical", "error")])
    assert [one.severity for one in found.failed] == ["critical", "warning", "info"]
    assert found.by_severity["critical"] == {"passed": 0, "failed": 1}


def test_results_survive_their_file(tmp_path: Path) -> None:
    found = verdict([result(), result("warning", "failed")])
    (tmp_path / "quality.json").write_bytes(to_json(found.as_dict()))
    again = read_results(tmp_path / "quality.json")
    assert again.results == found.results
    assert again.passed
    assert {"seconds", "timing"}.isdisjoint(found.as_dict())  # equal data gives an equal file


@pytest.mark.parametrize("content", ["", "{}", '{"format": 2}', '{"format": 1, "passed": true, "results": [{"x": 1}]}'])
def test_a_damaged_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "quality.json").write_text(content)
    with pytest.raises(GateError):
        read_results(tmp_path / "quality.json")
    with pytest.raises(GateError):
        read_results(tmp_path / "none.json")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "releases" / "v1"
    folder.mkdir(parents=True)
    error = result("critical", "error", id="two", error="BinderException", message="It does not fit the table.")
    (folder / "quality.json").write_bytes(
        to_json(verdict([result(), result("warning", "failed", id="three"), error]).as_dict())
    )
    (tmp_path / "releases" / "current").symlink_to("v1")
    return tmp_path


def test_show_lists_failures_first_with_reasons(home: Path) -> None:
    answer = CliRunner().invoke(quality, ["show", "--home", str(home)], catch_exceptions=False)
    text = answer.output
    assert "未通过 not passed" in text
    assert "v1" in text
    assert "3 / 10 (30 %)" in text
    assert "每行须有编号 [见标准]" in text
    assert text.index("two") < text.index("three") < text.index("通过 passed, 按表")


def test_show_lists_what_passed_when_asked(home: Path) -> None:
    assert "one" not in CliRunner().invoke(quality, ["show", "--home", str(home)]).output.replace("none", "")
    assert "one" in CliRunner().invoke(quality, ["show", "--home", str(home), "--all"]).output


def test_show_gives_json_to_programs(home: Path) -> None:
    answer = CliRunner().invoke(quality, ["show", "--home", str(home), "--release", "v1", "--json"])
    content = json.loads(answer.output)
    assert content["passed"] is False
    assert [one["id"] for one in content["results"]] == ["one", "three", "two"]
    by_file = CliRunner().invoke(quality, ["show", "--file", str(home / "releases/v1/quality.json"), "--json"])
    assert by_file.output == answer.output


def test_an_unknown_release_is_refused(home: Path, tmp_path: Path) -> None:
    for arguments in (["--home", str(home), "--release", "v2"], ["--home", str(tmp_path / "empty")]):
        answer = CliRunner().invoke(quality, ["show", *arguments])
        assert isinstance(answer.exception, ReleaseError)
