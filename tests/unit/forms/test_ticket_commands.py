"""`yibiao ticket`, as whoever decides reads it: names and not codes, Chinese errors, a term in working days."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from yibiao.cli.root import root
from yibiao.control.database import connect
from yibiao.forms.tickets import EXISTS, Found, open_tickets, tickets
from yibiao.settings import TIME_ZONE, Settings

DEGREE = Found(
    form="public_security.resident_collection",
    community_code="999901001001",
    release_version="2026-02-0123456789",
    entity="resident",
    entity_id="0" * 24,
    element="education_code",
    department="education",
    value_before="20",
    value="70",
    header="文化程度",
    file_sha256="0" * 64,
)


def opened(settings: Settings, found: Found, at: datetime | None = None) -> None:
    with connect(settings) as connection:
        open_tickets(connection, [found], at or datetime(2026, 3, 2, 9, tzinfo=ZoneInfo(TIME_ZONE)))


def said(settings: Settings, *arguments: str) -> str:
    result = CliRunner().invoke(root, ["ticket", *arguments, "--home", str(settings.home)])
    return result.stdout if result.exit_code == 0 else result.stderr


def test_a_code_is_shown_with_its_name(settings: Settings) -> None:
    opened(settings, DEGREE)
    told = said(settings, "show", "1")
    assert "原值：大学本科教育（20）" in told
    assert "更正为：初级中学教育（70）" in told
    assert "对象：居民 " in told
    assert "数据元 文化程度（education_code）" in told


def test_what_is_no_code_and_what_is_only_wrong_is_shown_as_it_is(settings: Settings) -> None:
    opened(settings, Found(**{**vars(DEGREE), "element": "mobile_phone", "value_before": "1", "value": ""}))
    opened(settings, Found(**{**vars(DEGREE), "element": f"disability_type_code{EXISTS}", "value": "否"}))
    assert "原值：1\n更正为：（只说原值不对）" in said(settings, "show", "1")
    assert "更正为：否" in said(settings, "show", "2")


def test_what_cannot_be_decided_is_said_in_chinese(settings: Settings) -> None:
    opened(settings, DEGREE)
    opened(settings, Found(**{**vars(DEGREE), "element": "residence_address", "value": ""}))
    assert said(settings, "accept", "9", "--reason", "核对").startswith("没有这张工单：9")
    assert said(settings, "accept", "1", "--reason", " ").startswith("工单 1：答复要写理由")
    assert said(settings, "accept", "1", "--reason", "核对", "--value", "666").startswith("工单 1：给的值不是有效的")
    assert said(settings, "accept", "2", "--reason", "核对").startswith("工单 2：社区只说原值不对")
    assert "工单 1：已采纳" in said(settings, "accept", "1", "--reason", "核对")


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2026, 9, 30), date(2026, 10, 20)),  # National Day off, Saturday 10 October worked
        (date(2026, 2, 13), date(2026, 3, 5)),  # Spring Festival off, Saturdays 14 and 28 February worked
    ],
)
def test_an_answer_is_due_after_ten_working_days(settings: Settings, day: date, due: date) -> None:
    opened(settings, DEGREE, datetime(day.year, day.month, day.day, 17, tzinfo=ZoneInfo(TIME_ZONE)))
    (one,) = tickets(settings)
    assert one.due_on == due
    assert one.days_left(day) == 10
