"""From a score to what is to be done: reuse, derive, confirm, new, ask, skip."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import orjson
import pytest

from yibiao.errors import ContractError
from yibiao.forms.model import Rows
from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Fact, lexicon_of
from yibiao.matching.model import load_model, write_model
from yibiao.matching.score import Scored
from yibiao.matching.verdict import Judge
from yibiao.matching.weighing import FEATURES
from yibiao.said import said

FIELD = FormField("表", 3, ("户主", "姓名"))


@pytest.fixture
def judge(schemas, model):
    return Judge(schemas, model)


def scored(fact: Fact | None, score: float, skipped: str | None = None) -> Scored:
    return Scored(FIELD, fact, score, ("理由",), skipped)


def test_what_is_held_is_reused_and_names_its_holders(judge):
    verdict = judge.of(scored(Fact("resident_name", "head"), 1.0))
    assert verdict.verdict == "reuse"
    assert verdict.role == "户主"
    assert "public_security.resident_register" in verdict.held_by
    assert verdict.as_dict()["column"] == 3
    assert verdict.as_of is None


def test_the_department_that_decides_comes_first(judge):
    held = judge.held_by(Fact("resident_name"))
    assert held[0].startswith("public_security.")


@pytest.mark.parametrize(
    ("fact", "score", "verdict"),
    [
        (Fact("birth_date", None, "age"), 1.0, "derive"),
        (Fact("resident_name", "spouse"), 1.0, "confirm"),
        (Fact("mobile_phone", "guardian"), 1.0, "confirm"),
        (Fact("resident_name", "owner"), 1.0, "reuse"),
        (Fact("mobile_phone", "owner"), 1.0, "reuse"),
        (Fact("mobile_phone", "legal_representative"), 1.0, "new"),
        (None, 0.0, "new"),
    ],
)
def test_other_verdicts(judge, fact, score, verdict):
    assert judge.of(scored(fact, score)).verdict == verdict


def test_the_score_decides_between_reuse_confirm_ask_and_new(judge, model):
    fact = Fact("resident_name")
    given = [
        judge.of(scored(fact, score)).verdict
        for score in (model.sure, model.likely + 0.001, model.unsure + 0.001, model.unsure - 0.01)
    ]
    assert given == ["reuse", "confirm", "ask", "new"]


def test_a_skipped_field_has_no_element(judge):
    verdict = judge.of(scored(Fact("resident_name"), 1.0, "签字盖章"))
    assert (verdict.verdict, verdict.element, verdict.held_by) == ("skip", None, ())


def test_what_is_long_past_is_to_be_confirmed(schemas, model):
    editions = {"disabled_federation.certificate": date(2024, 1, 31)}
    fact = Fact("disability_type_code")
    stale = Judge(schemas, model, editions, date(2026, 3, 31)).of(scored(fact, 1.0))
    fresh = Judge(schemas, model, editions, date(2024, 3, 31)).of(scored(fact, 1.0))
    assert (stale.verdict, stale.as_of) == ("confirm", "2024-01-31")
    assert fresh.verdict == "reuse"


def test_a_model_is_read_as_it_was_written(tmp_path, model):
    write_model(model, tmp_path)
    again = load_model(tmp_path)
    assert again.learned == model.learned
    assert again.weights == pytest.approx(model.weights, abs=1e-4)
    write_model(again, tmp_path / "again")
    assert (tmp_path / "matching/model.json").read_bytes() == (tmp_path / "again/matching/model.json").read_bytes()


def test_a_model_for_other_figures_is_refused(tmp_path, model):
    write_model(model, tmp_path)
    path = tmp_path / "matching" / "model.json"
    data = orjson.loads(path.read_bytes())
    path.write_bytes(orjson.dumps(data | {"semantics": "0"}))
    with pytest.raises(ContractError, match="another version"):
        load_model(tmp_path)


def test_a_model_beside_another_sense_is_refused(tmp_path, model):
    write_model(model, tmp_path)
    (tmp_path / "matching" / "sense.npz").write_bytes(b"another")
    with pytest.raises(ContractError, match=r"another sense.npz") as told:
        load_model(tmp_path)
    assert "make train" in str(told.value)
    assert "不是同一版本" in said(told.value)
    (tmp_path / "matching" / "sense.npz").unlink()
    with pytest.raises(ContractError, match="no model") as told:
        load_model(tmp_path)
    assert "sense.npz" in str(told.value)
    assert "系统管理员" in said(told.value)


def test_a_missing_or_broken_model_is_told(tmp_path):
    with pytest.raises(ContractError, match="no model"):
        load_model(tmp_path)
    (tmp_path / "matching").mkdir()
    (tmp_path / "matching" / "model.json").write_text("{")
    with pytest.raises(ContractError, match="no JSON"):
        load_model(tmp_path)


def test_the_model_that_is_shipped_orders_its_thresholds(model):
    assert 0 < model.unsure < model.likely <= model.sure <= 1
    assert len(model.weights) == len(FEATURES)
    assert replace(model, likely=0.5).likely == 0.5


def test_only_what_a_release_can_answer_is_called_held(judge):
    """Reports name legal representatives, but no golden record has their telephone: a filled form would be empty."""
    fact = Fact("mobile_phone", "legal_representative")
    verdict = judge.of(scored(fact, 1.0))
    assert (verdict.verdict, verdict.element) == ("new", "mobile_phone")
    assert "发布的数据里还没有这一项" in verdict.reasons[-1]
    assert verdict.held_by  # who could give it is said all the same
    # A spouse follows from the relations of residents, of nothing else.
    spouse = scored(Fact("resident_name", "spouse"), 1.0)
    found = {
        entity: judge.of(spouse, rows=Rows(entity, None, Fraction(1), "")).verdict
        for entity in ("resident", "dwelling")
    }
    assert found == {"resident": "confirm", "dwelling": "new"}


def test_what_only_reports_of_other_benefits_hold_is_asked_of_this_one(judge):
    """A list of old people's allowances says when theirs ended, not when a veteran's did."""
    ended = scored(Fact("benefit_end_date"), 1.0)
    where = "benefit.benefit_type_code in ('05')"
    veterans, poor = (Rows("benefit", one, Fraction(1), "") for one in (where, where.replace("05", "01")))
    found = judge.of(ended, rows=veterans)
    assert (found.verdict, found.held_by) == ("new", ())
    assert "报送这一类的部门不提供它" in found.reasons[-1]
    assert judge.of(ended, rows=poor).held_by == ("civil_affairs.low_income",)
    assert judge.of(ended).verdict == judge.of(ended, rows=poor).verdict == "reuse"


def test_the_owner_of_a_dwelling_is_held_by_those_who_give_him_to_the_dwelling(judge):
    """No list of residents says who owns a house, whatever names it has."""
    named = scored(Fact("resident_name", "owner"), 1.0)
    holders = ("housing.dwelling_register", "water_group.water_account")
    found = {
        entity: judge.of(named, rows=Rows(entity, None, Fraction(1), ""))
        for entity in ("dwelling", "resident", "household")
    }
    assert {entity: (one.verdict, one.held_by) for entity, one in found.items()} == {
        "dwelling": ("reuse", holders),
        "resident": ("reuse", holders),
        "household": ("new", holders),  # leads to no dwelling
    }


def test_a_process_reads_a_model_and_makes_its_lexicon_once(schemas, model, tmp_path):
    write_model(model, tmp_path)
    first = load_model(tmp_path)
    assert load_model(tmp_path) is first
    assert lexicon_of(schemas, first.learned) is lexicon_of(schemas, first.learned)
    write_model(replace(model, likely=0.5), tmp_path)
    other = load_model(tmp_path)
    assert (other.likely, first.likely) == (0.5, model.likely)
    assert lexicon_of(schemas, other.learned) is not lexicon_of(replace(schemas, reports={}), other.learned)
