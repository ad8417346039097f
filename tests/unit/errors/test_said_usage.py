"""A command that is called wrongly says so in Chinese first, then as click says it; no text of either is forgotten."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from yibiao import said_usage as module
from yibiao.cli import root as commands
from yibiao.cli.root import root
from yibiao.said_usage import SAID, said_usage

NO_USAGE = (
    *(
        "Error: {message}",
        "Try '{command} {option}' for help.",
        "Did you mean {possibility}?",
        "Aborted!",
        "deprecated",
    ),
    *("(Did you mean one of: {possibilities}?)", "unknown error", "Choice({choices})", "file", "directory", "path"),
    *("Options", "Positional arguments", "Commands", "env var: {var}", "default: {default}", "(dynamic)"),
    "DeprecationWarning: The command {name!r} is deprecated.{extra_message}",
    "DeprecationWarning: The {param_type} {name!r} is deprecated.{extra_message}",
    *("Missing parameter", "Missing {param_type}", "Missing parameter: {param_name}", "Value must be an iterable."),
    # mistakes of whoever writes a command
    *("Invalid start character for option ({option})", "Name '{name}' defined twice"),
    "Boolean option {decl!r} cannot use the same flag for true/false.",
    "Could not determine name for option with declarations {decls!r}",
    "No options defined but a name was passed ({name}). Did you mean to declare an argument instead?"
    " Did you mean to pass '--{name}'?",
    "Arguments take exactly one parameter declaration, got {length}: {decls}.",
)
"""Texts of click that are no usage errors of these commands."""


def click_texts() -> set[str]:
    """What click has marked for translation in the modules that refuse a call."""
    found: set[str] = set()
    for name in ("exceptions", "parser", "types", "core"):
        for node in ast.walk(ast.parse(resources.files("click").joinpath(f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "ngettext"):
                texts = node.args[: 1 if node.func.id == "_" else 2]
                found |= {one.value for one in texts if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return found


def own_texts() -> Iterator[str]:
    """The usage errors that our commands raise themselves, with something in the place of what is put in."""
    for path in Path(commands.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
            if name in ("UsageError", "BadParameter", "ClickException", "fail") and isinstance(node, ast.Call):
                text = node.args[0]
                if isinstance(text, ast.JoinedStr):
                    parts = [
                        str(one.value)
                        if isinstance(one, ast.Constant)
                        else "'x'"
                        if isinstance(one, ast.FormattedValue) and one.conversion == ord("r")
                        else "x"
                        for one in text.values
                    ]
                    yield "".join(parts)
                else:
                    assert isinstance(text, ast.Constant), f"{path.name}:{node.lineno}"
                    yield str(text.value)


def filled(text: str) -> str:
    return re.sub(r"\{\w+\}", "x", re.sub(r"\{\w+!r\}", "'x'", text))


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= sign <= "\u9fff" for sign in text)


def test_every_refusal_of_click_is_said_in_chinese() -> None:
    texts = click_texts()
    assert len(texts) > 40
    parts = ("Missing argument", "Missing option", "Choose from:\n\t{choices}")
    assert [one for one in parts if not any(one in text for text in SAID)] == []
    refusals = texts - {*NO_USAGE, *parts}
    assert [text for text in refusals if not is_chinese(said_usage(click.UsageError(filled(text))))] == []


def test_every_refusal_of_our_own_commands_is_said_in_chinese() -> None:
    texts = list(own_texts())
    assert len(texts) > 8
    assert [text for text in texts if not said_usage(click.UsageError(text))] == []


def test_no_text_is_left_over() -> None:
    known = click_texts()
    own = [*own_texts(), "'x': x"]
    assert [one for one in NO_USAGE if one not in known] == []
    for text in SAID:
        if text not in known and not text.startswith(("Missing argument {", "Missing option {")):
            assert any(module._pattern(text).fullmatch(one) for one in own), text


@pytest.mark.parametrize("text", SAID)
def test_a_text_is_found_by_itself_and_not_by_a_broader_one(text: str) -> None:
    wanted = SAID[text]
    for name in re.findall(r"\{(\w+)\}", wanted):
        wanted = wanted.replace(f"{{{name}}}", "'x'" if f"{{{name}!r}}" in text else "x")
    assert said_usage(click.UsageError(filled(text))) == wanted + "。"


CALLS = {
    ("form", "check"): "缺少参数 'FILE'。用法见 yibiao form check --help",
    ("form", "check", "--jsn", "x"): "没有选项 '--jsn'。是不是要 --json？用法见 yibiao form check --help",
    ("form", "chek"): "没有命令 'chek'。是不是要 check？用法见 yibiao form --help",
    ("nope",): "没有命令 'nope'。用法见 yibiao --help",
    ("--nope",): "没有选项 '--nope'。用法见 yibiao --help",
    ("form", "check", "没有.xlsx"): "'FILE' 的值不对：没有文件 '没有.xlsx'。用法见 yibiao form check --help",
    ("form", "check", "."): "'FILE' 的值不对：'.' 是文件夹，这里要文件。用法见 yibiao form check --help",
    ("form", "list", "--unused", "x"): "'--unused' 的值不对：'x' 不是整数。用法见 yibiao form list --help",
    ("form", "list", "--unused", "0"): "'--unused' 的值不对：0 超出范围 x>=1。用法见 yibiao form list --help",
    ("form", "template", "a.b", "c", "--out", "x"): (
        "多出了参数：c。含空格的名称请加引号。用法见 yibiao form template --help"
    ),
    ("form", "fill", "a.b", "--area"): "选项 '--area' 后面要有值。",
    ("form", "template", "--all=3", "--out", "x"): "选项 '--all' 后面不带值。",
    ("form", "submit", "a.b", "--mode", "姓名"): (
        "'--mode' 的值不对：'姓名' 写法不对，应为 栏目=值。用法见 yibiao form submit --help"
    ),
    ("burden", "report", "--by", "x"): (
        "'--by' 的值不对：没有 'x'，可选：'form', 'department', 'community', 'month'。"
        "用法见 yibiao burden report --help"
    ),
    ("elements", "lint", "--date", "2026/3/1"): (
        "'--date' 的值不对：'2026/3/1' 写法不对，应为 年-月-日，如 2026-03-31。用法见 yibiao elements lint --help"
    ),
    ("elements", "export"): (
        "请写明输出到哪里：--dcat 文件、--xlsx 文件或 --odcs 文件。用法见 yibiao elements export --help"
    ),
    ("id", "check", "没有.txt"): ("'FILE' 的值不对：打不开 '没有.txt'：没有这个文件。用法见 yibiao id check --help"),
}


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_a_wrong_call_is_told_in_chinese_then_in_english(
    call: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(root, call, prog_name="yibiao")
    first, *rest = result.stderr.splitlines()
    assert first == CALLS[call]
    assert rest[-1].startswith("Error: ")
    assert not any(map(is_chinese, [line for line in rest if "没有." not in line and "姓名" not in line]))
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("call", [("form", "check"), ("form", "list", "--unused", "x"), ("ticket", "show", "x")])
def test_who_reads_json_gets_nothing_of_an_error_on_its_stream(call: tuple[str, ...]) -> None:
    result = CliRunner().invoke(root, [*call, "--json"], prog_name="yibiao")
    assert (result.exit_code, result.stdout) == (2, "")
    assert is_chinese(result.stderr)


def test_help_is_as_it_was_and_an_empty_call_is_the_help() -> None:
    asked = CliRunner().invoke(root, ["form", "--help"], prog_name="yibiao")
    assert (asked.exit_code, asked.stderr) == (0, "")
    empty = CliRunner().invoke(root, ["form"], prog_name="yibiao")
    assert (empty.exit_code, empty.stderr) == (2, asked.stdout)


def test_the_choices_of_a_missing_option_are_told() -> None:
    @click.command()
    @click.option("--to", type=click.Choice(["a", "b"]), required=True)
    def command(to: str) -> None: ...

    with pytest.raises(click.MissingParameter) as raised:
        command.main([], prog_name="x", standalone_mode=False)
    assert said_usage(raised.value) == "缺少选项 '--to'，可选：a、b。用法见 x --help"


def test_what_nobody_put_into_chinese_says_nothing() -> None:
    assert said_usage(click.UsageError("Something else!")) == ""
    assert said_usage(click.BadParameter("Something else!", param_hint="x")) == "x 的值不对：Something else!。"
