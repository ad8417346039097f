"""Where a program asked for JSON it can read why there is no answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from yibiao.cli.root import COMMANDS, root


@pytest.fixture
def call(tmp_path: Path):
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(root, arguments, env={"YIBIAO_HOME": str(tmp_path / "home"), "YIBIAO_CACHE": "none"})

    return run


def test_an_error_is_an_object_on_standard_output_and_words_on_the_other(call, tmp_path: Path):
    file = tmp_path / "表.xlsx"
    file.write_text("只有一行字")
    result = call("form", "check", str(file), "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)["error"]
    assert told["type"] == "DeliveryError"
    assert set(told) == {"type", "what", "where", "expected", "got", "todo", "said"}
    assert told["what"] in result.stderr
    assert told["said"] in result.stderr
    assert "表.xlsx" in told["said"]


def test_without_it_standard_output_stays_empty(call, tmp_path: Path):
    file = tmp_path / "表.xlsx"
    file.write_text("只有一行字")
    result = call("form", "check", str(file))
    assert (result.exit_code, result.stdout) == (1, "")


@pytest.mark.parametrize("arguments", [("query", "select 1"), ("why", "R1"), ("conflict", "list"), ("history", "R1")])
def test_every_command_that_prints_json_says_errors_in_it(call, arguments):
    result = call(*arguments, "--json")
    assert result.exit_code == 1, result.output
    assert json.loads(result.stdout)["error"]["type"].endswith("Error")


def test_no_command_has_an_option_of_that_name_of_its_own():
    """`json_option` remembers that it was asked for; another `--json` would leave errors as words."""
    from yibiao.cli import options

    folder = Path(options.__file__).parent
    assert len(COMMANDS) > 10
    for path in folder.glob("*.py"):
        assert path.name == "options.py" or '"--json"' not in path.read_text(encoding="utf-8"), path.name
