"""What a department said of a doubtful header, in a form that is in force, is not asked again."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

import yibiao.contracts
from yibiao.cli.root import root
from yibiao.forms.admission import AskedField, Registration, Standing
from yibiao.forms.admission.fields import SAID_ELEMENT, SAID_NEW
from yibiao.forms.admission.precedents import precedents_of
from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Fact
from yibiao.matching.model import load_model
from yibiao.matching.precedents import Precedent, by_words, settled
from yibiao.matching.score import Scored
from yibiao.matching.verdict import Judge
from yibiao.settings import Settings

DOUBTFUL = ("户籍状况", "现居地情况", "参保情况", "工作情况", "电话备注", "居住状况", "家庭经济来源状况")
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
    assert next_one["verdict"] == "confirm"
    assert next_one["element"] == doubtful["element"]
    assert next_one["reasons"][0] == f"准入编号 {number} 的表里，填报部门指明过是它"
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
    return Precedent(header, element, role, number)


def test_only_a_best_guess_that_was_said_is_proposed(model, schemas):
    known = by_words([said()])
    assert settled(doubt(model), known, model, schemas).score == model.likely
    other = settled(doubt(model, "hukou_address"), known, model, schemas)
    assert other.score < model.likely
    name = schemas.elements["hukou_type_code"].name
    assert other.reasons == ("像", f"准入编号 YB-1 的表里，同样的表头指的是“{name}”")
    for untouched in (doubt(model, role="spouse"), doubt(model, header="户籍")):
        assert settled(untouched, known, model, schemas) is untouched


def test_neither_sure_nor_new_fields_are_touched(model, schemas):
    known = by_words([said()])
    for score in (model.likely, 0.99, model.unsure - 0.01):
        one = Scored(FormField("表", 0, ("户口",)), Fact("hukou_type_code"), score, ())
        assert settled(one, known, model, schemas) is one


def test_what_was_said_is_confirmed_or_asked_if_nobody_holds_it_and_never_reused(model, schemas):
    for element, verdict in (("hukou_type_code", "confirm"), ("main_income_source", "new")):
        judge = Judge(schemas, model, precedents=by_words([said(element)]))
        found = judge.of(doubt(model, element))
        assert (found.element, found.verdict) == (element, verdict)
        assert found.reasons[0].startswith("准入编号 YB-1 ")
        assert Judge(schemas, model).of(doubt(model, element)).verdict == "ask"


def field(key: str, reason: str = SAID_ELEMENT, element: str | None = "hukou_type_code", derive: str | None = None):
    told = ("表", 0, element, None, derive, None, 1.0, "confirm", (reason,), (), None, None, "typed", "automatic")
    return AskedField(key, *told)


def test_precedents_are_plain_headers_of_forms_in_force():
    fields = (
        *(field("户口#2"), field("监护人/户口"), field("户口/户籍"), field("现户口", SAID_NEW, None)),
        *(field("户别", "与数据元同名"), field("年龄", derive="age")),
    )
    given = ("civil_affairs.visit", "走访", "civil_affairs", "张", "办法", None, 1, 1, 1, date(2030, 1, 1))
    kept = Registration(*given, fields, "x.csv", "", 1, 0, 0)
    in_force = Standing("a", "approved", kept, control_number="YB-2026-0001-1")
    ended = Standing("b", "expired", kept, former_number="YB-2026-0002-1")
    waiting = Standing("c", "submitted", kept, pending=kept)
    known = precedents_of({"a": in_force, "b": ended, "c": waiting})
    assert known == [Precedent("户口", "hukou_type_code", None, "YB-2026-0001-1")]


def test_words_of_which_two_forms_say_different_things_are_no_precedent():
    assert by_words([said(), said("hukou_address", number="YB-2"), said(number="YB-3")]) == {}
    assert by_words([said(), said(number="YB-2")])["户口"].number == "YB-1"
