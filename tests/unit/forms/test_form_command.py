"""`yibiao form` on the project's own forms."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from yibiao.cli.form import form
from yibiao.cli.root import root


@pytest.fixture
def run():
    def call(*arguments: str):
        return CliRunner().invoke(root, ["form", *arguments])

    return call


def test_list_tells_how_many_fields_of_each_form_a_report_holds(run):
    rows = json.loads(run("list", "--json").stdout)
    assert len(rows) == 45
    assert all(0 < row["fields_held"] <= row["fields"] for row in rows)
    row = next(row for row in rows if row["times_a_year"] == 365)
    assert row["title"] == "安全生产网格巡查记录表"
    assert row["fields_held"] == 10


def test_list_shows_departments_in_chinese(run):
    assert "住房和城乡建设局" in run("list").stdout


def test_one_template_is_written(run, tmp_path):
    written = json.loads(run("template", "housing.dangerous_houses", "--out", str(tmp_path), "--json").stdout)
    assert [item["form"] for item in written] == ["housing.dangerous_houses"]
    assert [path.name for path in tmp_path.rglob("*.xlsx")] == ["城镇危旧房屋排查台账.xlsx"]


def test_an_unknown_form_is_refused_with_the_nearest_name(run, tmp_path):
    result = run("template", "housing.dangerous_house", "--out", str(tmp_path))
    assert result.exit_code == 1
    assert "`housing.dangerous_houses`" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [(), ("housing.dangerous_houses", "--all")])
def test_template_wants_either_one_form_or_all(run, tmp_path, arguments):
    assert run("template", *arguments, "--out", str(tmp_path)).exit_code == 2


def test_burden_before_the_first_release_says_what_to_do(run, tmp_path):
    result = run("burden", "--home", str(tmp_path / "home"))
    assert result.exit_code == 1
    assert "yibiao run" in result.stderr


def test_every_sub_command_gives_json():
    for name, command in form.commands.items():
        assert any("--json" in option.opts for option in command.params), name
