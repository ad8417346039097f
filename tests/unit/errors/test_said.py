"""Errors that clerks meet speak Chinese first: what it is and what to do. None is forgotten, none is left over."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from yibiao import errors
from yibiao.cli.root import root
from yibiao.errors import AdmissionError, FormError, YibiaoError
from yibiao.forms.admission.states import _DONE, ACTION_NAMES
from yibiao.said import SAID, WORDS, said

SOURCE = Path(errors.__file__).parent

CLERKS_MEET = (
    *("forms", "matching/check.py", "matching/reading.py", "matching/sheets.py", "matching/documents.py"),
    "matching/model.py",
    *("detect/file.py", "detect/text.py", "ingest/readers/spreadsheet_book.py"),
    *("cli/form.py", "cli/form_admission.py", "cli/form_fill.py", "cli/ticket.py", "cli/burden.py"),
)
"""What a command about forms runs into. Others may say it too: see `ALSO`."""

ALSO = (
    "cli/elements.py",
    "warehouse/releases.py",
    "settings.py",
    "control/database.py",
    "forms/load.py",
    "unforeseen.py",
)

RAISED = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, YibiaoError)}


def texts(node: ast.expr) -> list[str]:
    """What an expression can be: a literal, one with parts put in, or one of two."""
    if isinstance(node, ast.IfExp):
        return texts(node.body) + texts(node.orelse)
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else "···" for part in node.values)]
    return [str(node.value)] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def told(path: Path) -> Iterator[str]:
    """The sentences of all errors that a module raises, but those that bring their own Chinese."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or any(one.arg == "said" for one in node.keywords):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in RAISED and node.args:
            yield from texts(node.args[0])
        elif name == "refused" and len(node.args) > 1:
            yield from texts(node.args[1])


def modules(names: tuple[str, ...]) -> list[Path]:
    return [
        one for name in names for one in ([SOURCE / name] if name.endswith(".py") else (SOURCE / name).rglob("*.py"))
    ]


@pytest.mark.parametrize("path", modules(CLERKS_MEET), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_every_error_about_a_form_is_said_in_chinese(path: Path) -> None:
    assert [what for what in told(path) if not said(YibiaoError(what))] == []


def test_no_sentence_is_left_over_of_an_error_that_is_none_any_more() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in modules((*CLERKS_MEET, *ALSO)))
    source = "".join(source.replace('"\n', "").split())
    kept = [what for what in SAID if "".join(what.partition("{")[0].split()) not in source]
    assert kept == []


@pytest.mark.parametrize("what", SAID)
def test_a_sentence_is_chinese_and_leaves_no_brace(what: str) -> None:
    error = YibiaoError(what.replace("{", "").replace("}", ""), where="form a.b, field 姓名", got="三")
    text = said(error)
    assert any("\u4e00" <= sign <= "\u9fff" for sign in text)
    assert not set("{}") & set(text)
    assert "form a.b" not in text


def test_a_word_inside_a_sentence_is_chinese_too() -> None:
    assert {action: WORDS[done] for action, done in _DONE.items()} == ACTION_NAMES
    assert set(WORDS) == set(_DONE.values())
    error = AdmissionError(
        "The form cannot be renewed in its present state.", where="form a.b", got="retired（已停用）"
    )
    assert said(error) == "表单 a.b：现在不能续期。目前状态：retired（已停用）。有送审稿的先批准或退回，没有的先送审"
    assert said(FormError("This is no 民族.", where="ticket 3")).startswith("工单 3：给的值不是有效的民族")


def test_what_nobody_put_into_chinese_says_nothing() -> None:
    assert said(YibiaoError("Something else.")) == ""


def test_what_nobody_foresaw_is_said_in_chinese_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise RuntimeError("a value of somebody")

    monkeypatch.setattr("yibiao.matching.reading.read_form", fail)
    (tmp_path / "表.csv").write_text("姓名\n", encoding="utf-8")
    result = CliRunner().invoke(root, ["form", "check", str(tmp_path / "表.csv")])
    assert result.exit_code == 1
    assert result.stderr.startswith("程序出错了")
    assert "somebody" not in result.output + result.stderr


def test_a_command_says_it_in_chinese_first_and_then_for_the_log(tmp_path: Path) -> None:
    (tmp_path / "空表.xlsx").write_bytes(b"")
    result = CliRunner().invoke(root, ["form", "check", str(tmp_path / "空表.xlsx")])
    assert result.exit_code == 1
    first, second = result.stderr.splitlines()[:2]
    assert first == "文件 空表.xlsx 是空的。请重新保存或导出后再试"
    assert second == "DeliveryError: The file is empty."
