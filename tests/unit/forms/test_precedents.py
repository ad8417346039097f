"""What a department said of a doubtful header, in a form that is in force, is not asked again."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

import yibiao.contracts
from yibiao.cli.root import root
from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Fact
from yibiao.matching.model import load_model
from yibiao.matching.precedents import Precedent, by_words, settled
from yibiao.matching.score import Scored
from yibiao.settings import Settings

DOUBTFUL = ("户口", "手机联系号", "居住状况", "监护人电话号", "家庭经济来源状况")
"""Headers that a form about persons leaves in doubt; what the model makes of one of them may change."""

GIVEN = ("--department", "civil_affairs", "--owner", "张科长", "--legal-basis", "办法第七条", "--prefill")
COUNTS = ("--expires", f"{date.today().year + 1}-12-31", "--respondents", "9", "--times-a-year", "4")


@pytest.fixture
def run(tmp_path, schemas, monkeypatch):
    monkeypatch.delenv("YIBIAO_CONTROL_URL", raising=False)
    monkeypatch.setenv("YIBIAO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(yibiao.contracts, "load_schemas", lambda _: schemas)

    def call(*arguments: str):
        result = CliRunner().invoke(root, list(arguments))
        assert result.exit_code == 0, result.output + result.stderr
        return result.stdout

    return call


def form_of(folder: Path, title: str, *headers: str) -> str:
    path = folder / f"{title}.csv"
    path.write_text(",".join(("姓名", "公民身份号码", *headers)) + "\n", encoding="utf-8")
    return str(path)


def test_what_was_said_of_a_header_is_proposed_in_the_next_form(run, tmp_path):
    def checked(title: str) -> dict:
        return {
            one["label"]: one for one in json.loads(run("form", "check", form_of(tmp_path, title, *DOUBTFUL), "--json"))
        }

    asked = [one for one in checked("走访人员登记表").values() if one["verdict"] == "ask" and one["held_by"]]
    assert asked, "none of these headers is in doubt any more: take others"
    doubtful = asked[0]
    means = ("--means", f"{doubtful['label']}={doubtful['element']}")
    first = form_of(tmp_path, "走访登记", doubtful["label"])
    run("form", "submit", first, *GIVEN, *COUNTS, "--id", "civil_affairs.visit", *means)
    assert checked("帮扶人员登记表")[doubtful["label"]]["verdict"] == "ask", "nobody approved it yet"
    number = json.loads(run("form", "approve", "civil_affairs.visit", "--reason", "需要", "--json"))["control_number"]

    next_one = checked("帮扶人员登记表")[doubtful["label"]]
    assert next_one["verdict"] in ("confirm", "derive")
    assert next_one["element"] == doubtful["element"]
    assert number in next_one["reasons"][0]
    submitted = run("form", "submit", form_of(tmp_path, "帮扶", doubtful["label"]), *GIVEN, *COUNTS, "--json")
    assert [one["verdict"] for one in json.loads(submitted)["pending"]["fields"]][-1] == next_one["verdict"]

    run("form", "retire", "civil_affairs.visit", "--reason", "不再需要")
    assert checked("帮扶人员登记表")[doubtful["label"]]["verdict"] == "ask", "it is in force no more"


@pytest.fixture
def model():
    return load_model(Settings.load().schemas)


def doubt(model, element: str = "hukou_type_code", header: str = "户口", role: str | None = None) -> Scored:
    between = (model.unsure + model.likely) / 2
    return Scored(FormField("表", 0, (header,)), Fact(element, role), between, ("像",))


def said(element: str = "hukou_type_code", header: str = "户口：", number: str = "YB-1", role: str | None = None):
    return Precedent(header, element, role, "走访登记表", number)


def test_only_a_best_guess_that_was_said_is_proposed(model):
    known = by_words([said()])
    assert settled(doubt(model), known, model).score == model.likely
    other = settled(doubt(model, "hukou_address"), known, model)
    assert other.score < model.likely
    assert other.reasons == ("像", "《走访登记表》（YB-1）里同样的表头指的是 hukou_type_code")
    assert settled(doubt(model, role="spouse"), known, model).score < model.likely
    assert settled(doubt(model, header="户籍"), known, model) == doubt(model, header="户籍")


def test_neither_sure_nor_new_fields_are_touched(model):
    known = by_words([said()])
    for score in (model.likely, 0.99, model.unsure - 0.01):
        one = Scored(FormField("表", 0, ("户口",)), Fact("hukou_type_code"), score, ())
        assert settled(one, known, model) is one


def test_words_of_which_two_forms_say_different_things_are_no_precedent():
    assert by_words([said(), said("hukou_address", number="YB-2"), said(number="YB-3")]) == {}
    assert by_words([said(), said(number="YB-2")])["户口"].number == "YB-1"
