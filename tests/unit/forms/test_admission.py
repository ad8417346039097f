"""What may happen to a form, in which state, decided by whom and why; nothing of it is ever lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text

from admissions import EXPIRES, asked, at, registration
from yibiao.control.database import connect
from yibiao.errors import AdmissionError
from yibiao.forms.admission import approve, reject, renew, retire, standing, standings, submit
from yibiao.forms.admission.states import ACTIONS, STATES, check_action
from yibiao.settings import Settings

FORM = "housing.survey"


@pytest.fixture
def in_force(settings, schemas):
    submit(settings, registration(FORM), at=at(1, 5), by="住建局")
    return approve(settings, FORM, schemas, reason="需要", at=at(1, 9), by="数据局")


def test_an_approved_form_has_a_number_until_it_expires(settings, in_force):
    assert (in_force.state, in_force.control_number, in_force.expires) == ("approved", "YB-2026-0001-3", EXPIRES)
    assert in_force.notice == "准入编号：YB-2026-0001-3，有效期至 2027-12-31"
    assert not standing(settings, FORM, EXPIRES).may_decline
    after = standing(settings, FORM, date(2028, 1, 1))
    assert (after.state, after.control_number, after.former_number) == ("expired", None, "YB-2026-0001-3")
    assert after.may_decline
    assert "可以拒填" in after.notice
    assert standing(settings, "YB-2026-0001-3", EXPIRES).form == FORM


def test_a_form_that_nobody_submitted_may_be_declined(settings):
    unknown = standing(settings, "housing.other")
    assert (unknown.state, unknown.may_decline) == ("unregistered", True)
    assert "可以拒填" in unknown.notice


def test_asking_makes_no_database(tmp_path, monkeypatch):
    monkeypatch.delenv("YIBIAO_CONTROL_URL", raising=False)
    assert standings(Settings.load(home=tmp_path / "nowhere")) == {}
    assert not (tmp_path / "nowhere").exists()


def test_what_sharing_supplies_is_refused_with_article_holder_and_day(settings, schemas):
    submit(settings, registration(FORM, asked("姓名"), asked("性别", held=True)), at=at(1, 5))
    with pytest.raises(AdmissionError) as caught:
        approve(settings, FORM, schemas, at=at(1, 9))
    told = str(caught.value)
    for part in ("第十九条第一款", "不得向公民、法人和其他组织重复收集", "性别", "公安局", "2026-03-31", "--except"):
        assert part in told, part
    assert "姓名：" not in told
    assert standing(settings, FORM, date(2026, 2, 1)).state == "submitted"


def test_an_exception_with_a_reason_lets_a_field_pass_and_is_kept(settings, schemas):
    submit(settings, registration(FORM, asked("性别", held=True)), at=at(1, 5))
    approve(settings, FORM, schemas, exceptions={"性别": "入户核实需要"}, at=at(1, 9), by="数据局")
    event = standing(settings, FORM, date(2026, 2, 1)).events[-1]
    assert (event.exceptions, event.decided_by) == ({"性别": "入户核实需要"}, "数据局")


@pytest.mark.parametrize("exceptions", [{"性别": "  "}, {"姓名": "因为"}, {"年龄": "因为"}])
def test_an_exception_without_reason_or_need_or_field_is_refused(settings, schemas, exceptions):
    submit(settings, registration(FORM, asked("姓名"), asked("性别", held=True)), at=at(1, 5))
    with pytest.raises(AdmissionError):
        approve(settings, FORM, schemas, exceptions=exceptions, at=at(1, 9))


@pytest.mark.parametrize("mode", ["automatic", "confirmed"])
def test_a_field_that_the_system_fills_in_is_not_asked(settings, schemas, mode):
    submit(settings, registration(FORM, asked("性别", mode, held=True)), at=at(1, 5))
    assert approve(settings, FORM, schemas, at=at(1, 9)).control_number


def test_what_its_authority_does_not_share_may_be_asked(settings, schemas):
    submit(settings, registration(FORM, asked("性别", held=True, sharing="none")), at=at(1, 5))
    assert approve(settings, FORM, schemas, at=at(1, 9)).control_number


def test_a_field_that_nobody_could_place_is_settled_first(settings, schemas):
    submit(settings, registration(FORM, asked("类别", verdict="ask")), at=at(1, 5))
    with pytest.raises(AdmissionError, match="类别"):
        approve(settings, FORM, schemas, at=at(1, 9))


def test_every_state_allows_its_actions_and_no_others(settings, schemas, in_force):
    made = {"approved": in_force, "expired": standing(settings, FORM, date(2028, 1, 1))}
    retire(settings, FORM, reason="不用了", at=at(2, 1))
    made["retired"] = standing(settings, FORM, date(2026, 2, 2))
    made["unregistered"] = standing(settings, "housing.other")
    submit(settings, registration("housing.other"), at=at(1, 5))
    made["submitted"] = standing(settings, "housing.other", date(2026, 1, 6))
    reject(settings, "housing.other", reason="重做", at=at(1, 7))
    made["rejected"] = standing(settings, "housing.other", date(2026, 1, 8))
    assert made.keys() == STATES.keys()
    for state, one in made.items():
        assert one.state == state
        for action, possible in ACTIONS.items():
            if state in possible:
                check_action(one, action)
                continue
            with pytest.raises(AdmissionError) as caught:
                check_action(one, action)
            assert STATES[state] in str(caught.value)
            assert "yibiao form" in caught.value.todo


def test_a_new_version_waits_while_the_old_one_stays_in_force(settings, schemas, in_force):
    waits = submit(settings, registration(FORM, asked("丙")), at=at(3, 1))
    assert (waits.state, waits.control_number) == ("approved", in_force.control_number)
    assert [one.key for one in waits.pending.fields] == ["丙"]
    for act in (
        lambda: submit(settings, registration(FORM), at=at(3, 2)),
        lambda: retire(settings, FORM, reason="不用了", at=at(3, 2)),
        lambda: renew(settings, FORM, schemas, waits.registration, expires=date(2028, 6, 1), reason="续", at=at(3, 2)),
    ):
        with pytest.raises(AdmissionError, match="waits"):
            act()
    assert reject(settings, FORM, reason="不必", at=at(3, 3)).control_number == in_force.control_number
    submit(settings, registration(FORM, asked("丙")), at=at(3, 4))
    assert approve(settings, FORM, schemas, at=at(3, 5)).control_number == "YB-2026-0002-1"


def test_a_renewal_keeps_the_number_and_judges_again(settings, schemas, in_force):
    last = in_force.registration
    made = renew(settings, FORM, schemas, last, expires=date(2028, 6, 1), reason="再用半年", at=at(6, 1), by="李")
    assert (made.control_number, made.expires) == (in_force.control_number, date(2028, 6, 1))
    supplied = replace(last, fields=(asked("甲", held=True),))
    with pytest.raises(AdmissionError, match="第十九条"):
        renew(settings, FORM, schemas, supplied, expires=date(2028, 9, 1), reason="续", at=at(7, 1))
    with pytest.raises(AdmissionError, match="later"):
        renew(settings, FORM, schemas, last, expires=date(2028, 6, 1), reason="续", at=at(7, 1))


def test_an_exception_holds_on_when_the_form_is_renewed(settings, schemas):
    fields = (asked("性别", held=True),)
    submit(settings, registration(FORM, *fields), at=at(1, 5))
    found = approve(settings, FORM, schemas, exceptions={"性别": "核实"}, at=at(1, 9))
    made = renew(settings, FORM, schemas, found.registration, expires=date(2028, 6, 1), reason="续", at=at(6, 1))
    assert made.events[-1].exceptions == {"性别": "核实"}


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2029, 1, 6)])
def test_a_form_expires_after_today_and_within_three_years(settings, day):
    with pytest.raises(AdmissionError, match="expire"):
        submit(settings, replace(registration(FORM), wanted_expiry=day), at=at(1, 5))


@pytest.mark.parametrize("act", [reject, retire])
def test_a_decision_needs_a_reason(settings, in_force, act):
    with pytest.raises(AdmissionError, match="reason"):
        act(settings, FORM, reason="  ", at=at(2, 1))


def test_whatever_happened_is_kept_in_its_order(settings, schemas, in_force):
    submit(settings, registration(FORM, asked("丙")), reason="加一栏", at=at(3, 1), by="住建局")
    reject(settings, FORM, reason="不必", at=at(3, 2), by="数据局")
    retire(settings, FORM, reason="不用了", at=at(4, 1), by="数据局")
    found = standing(settings, FORM, date(2026, 5, 1))
    assert [(one.action, one.decided_by, one.reason) for one in found.events] == [
        ("submit", "住建局", ""),
        ("approve", "数据局", "需要"),
        ("submit", "住建局", "加一栏"),
        ("reject", "数据局", "不必"),
        ("retire", "数据局", "不用了"),
    ]
    assert found.events[0].decided_at == "2026-01-05T09:00:00+08:00"
    with connect(settings) as connection:
        assert connection.scalar(text("select count(*) from form_registration")) == 2
    # What it was on a past day is still to be seen.
    assert standing(settings, FORM, date(2026, 1, 6)).state == "submitted"
    assert standing(settings, FORM, date(2026, 3, 31)).control_number == in_force.control_number


def test_numbers_go_on_within_a_year_and_begin_again_in_the_next(settings, schemas):
    numbers = []
    for place, moment in enumerate([at(1, 9), at(2, 9), at(1, 9, 2027)]):
        submit(settings, registration(f"housing.form{place}"), at=moment)
        numbers.append(approve(settings, f"housing.form{place}", schemas, at=moment).control_number)
    assert [number[:12] for number in numbers] == ["YB-2026-0001", "YB-2026-0002", "YB-2027-0001"]
