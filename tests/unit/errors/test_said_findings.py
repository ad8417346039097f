"""What is wrong in the schemas is said in Chinese first; no sentence is forgotten, none is left over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from yibiao import errors
from yibiao.cli.findings import show_findings
from yibiao.contracts.documents import Finding
from yibiao.said_findings import SAID, WORDS, said_finding

SOURCE = Path(errors.__file__).parent
MODULES = [*sorted((SOURCE / "contracts").glob("*.py")), SOURCE / "elements/lint.py", SOURCE / "elements/waivers.py"]


def texts(node: ast.AST | None) -> Iterator[str]:
    """The sentence that an expression is, with something in the place of what is put in."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def told(path: Path) -> Iterator[str]:
    """The sentences of all findings of a module: arguments of `error`, `warning`, `info`, and problems handed on."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("error", "warning", "info"):
                own = isinstance(node.func, ast.Name)  # a local function that names the rule itself
                yield from texts(node.args[0 if own else 1])
        elif isinstance(node, ast.Yield):
            yield from texts(node.value) if path.name == "survivorship.py" else ()
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "what":
            yield from texts(node.value)


def finding(what: str, expected: str = "", got: str = "") -> Finding:
    return Finding("error", "rule", what, "schemas/x.yml:1", expected, got)


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= sign <= "\u9fff" for sign in text)


def test_every_finding_is_said_in_chinese() -> None:
    sentences = [what for path in MODULES for what in told(path)]
    assert len(sentences) > 100
    assert [what for what in sentences if not is_chinese(said_finding(finding(what)))] == []


def test_no_sentence_is_left_over() -> None:
    sentences = {what for path in MODULES for what in told(path)}
    assert [what for what in SAID if re.sub(r"\{\w+\}", "x", what) not in sentences] == []


@pytest.mark.parametrize("what", SAID)
def test_a_sentence_is_found_by_itself_and_leaves_no_part_out(what: str) -> None:
    names = re.findall(r"\{(\w+)\}", what)
    english = what.format(**{name: f"<{name}>" for name in names})
    parts = {**{name: f"<{name}>" for name in names}, "expected": "<e>", "got": "<g>"}
    assert said_finding(finding(english, "<e>", "<g>")) == SAID[what].format(**parts)


def test_a_kind_of_thing_is_named_in_chinese() -> None:
    unknown = finding("There is no data element `birth_day`.", "birth_date, sex_code", "birth_day")
    assert said_finding(unknown) == "没有这个数据元：birth_day。可用：birth_date, sex_code"
    assert all(map(is_chinese, WORDS.values()))


def test_what_nobody_put_into_chinese_says_nothing() -> None:
    assert said_finding(finding("Something else.")) == ""


def test_a_finding_is_printed_in_chinese_then_in_english(capsys: pytest.CaptureFixture[str]) -> None:
    show_findings(
        [
            Finding("warning", "idle-waiver", "The waiver of `a` permits what nobody does.", "w.yml:2", "", "b", "Go."),
            Finding("info", "odd", "Something else.", "x.yml:3"),
        ]
    )
    assert capsys.readouterr().out.splitlines() == [
        "w.yml:2: 警告 warning: 数据元 a 的豁免用不着了（b）。请删去 [idle-waiver]",
        "    The waiver of `a` permits what nobody does.",
        "    实为 got: b",
        "    办法 to do: Go.",
        "x.yml:3: 提示 info: Something else. [odd]",
        "错误 0，警告 1，提示 1。0 errors, 1 warning, 1 info",
    ]
