"""`yibiao ticket`, as whoever decides reads it: names and not codes, Chinese errors, a term in working days."""

from __future__ import annotations

import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

import duckdb
import pytest
from click.testing import CliRunner

from yibiao.cli.root import root
from yibiao.contracts import Schemas
from yibiao.control.database import connect
from yibiao.forms.ticket_object import masked_name, telling
from yibiao.forms.tickets import EXISTS, FileCell, Found, open_tickets, tickets
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


def test_a_decision_that_stands_is_not_taken_once_more(settings: Settings) -> None:
    """Else who took it first, and why, would stand nowhere that anybody looks."""
    opened(settings, DEGREE)
    assert "工单 1：只有已采纳的才能撤回。目前状态：open（待核实）。" in said(
        settings, "withdraw", "1", "--reason", "误"
    )
    said(settings, "accept", "1", "--reason", "电话核实", "--by", "赵六")
    assert said(settings, "accept", "1", "--reason", "再来").startswith(
        "工单 1：已经采纳过了（accepted（已采纳），赵六 "
    )
    said(settings, "refuse", "1", "--reason", "证件不符", "--by", "李七")
    assert said(settings, "refuse", "1", "--reason", "再来").startswith("工单 1：已经答复过不予采纳（")
    assert "只有已采纳的才能撤回。目前状态：refused（未采纳），李七 " in said(
        settings, "withdraw", "1", "--reason", "误"
    )
    assert len(tickets(settings)[0].decisions) == 2


def test_a_mind_may_change_and_both_decisions_are_told(settings: Settings) -> None:
    opened(settings, DEGREE)
    assert "改变了" not in said(settings, "accept", "1", "--reason", "电话核实", "--by", "赵六")
    changed = said(settings, "refuse", "1", "--reason", "证件不符", "--by", "李七")
    assert "改变了原来的答复：已采纳 → 未采纳" in changed
    assert "下一次 yibiao run 起不再采用" in changed
    back = said(settings, "accept", "1", "--reason", "补了毕业证", "--by", "赵六", "--value", "61")
    assert "改变了原来的答复：未采纳 → 已采纳" in back
    assert "下一次 yibiao run 起重新采用" in back
    assert "已采纳 → 已撤回" in said(settings, "withdraw", "1", "--reason", "本部门已改", "--by", "赵六")
    shown = said(settings, "show", "1")
    lines = [line.split(" ", 1)[1] for line in shown.partition("经过：\n")[2].splitlines()]
    for line, words in zip(
        lines,
        (
            "收到",
            "赵六 采纳（初级中学教育（70））：电话核实",
            "李七 不予采纳：证件不符",
            "赵六 采纳（普通高中毕业（61））：补了毕业证",
            "赵六 撤回：本部门已改",
        ),
        strict=True,
    ):
        assert line.endswith(words)
    history = json.loads(said(settings, "show", "1", "--json"))["history"]
    assert [(one["decision"], one["decided_by"], one["reason"]) for one in history] == [
        ("accept", "赵六", "电话核实"),
        ("refuse", "李七", "证件不符"),
        ("accept", "赵六", "补了毕业证"),
        ("withdraw", "赵六", "本部门已改"),
    ]


def released(settings: Settings, version: str, *, corrected: bool = False) -> None:
    """A release of one resident, the present one; with the first ticket applied if it is `corrected`."""
    folder = settings.releases / version
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    with duckdb.connect(str(folder / "yibiao.duckdb")) as connection:
        connection.execute("create table resident (resident_id varchar, resident_name varchar, citizen_id varchar)")
        connection.execute("insert into resident values (?, '甲某某', '999901198001011211')", ["0" * 24])
        if corrected:
            connection.execute("create table correction as select 1 as ticket_no, ? as entity_id", ["0" * 24])
    (settings.releases / "current").unlink(missing_ok=True)
    (settings.releases / "current").symlink_to(version)


def test_a_ticket_says_whose_cell_it_is_and_shows_name_and_number_in_part(settings: Settings) -> None:
    opened(settings, Found(**{**vars(DEGREE), "cell": FileCell("回表.xlsx", "登记", "K7")}))
    assert f"对象：居民 {'0' * 24}（现有数据版本里都没有）" in said(settings, "show", "1")
    released(settings, DEGREE.release_version)
    shown = said(settings, "show", "1")
    assert "表单：《实有人口信息采集表》（public_security.resident_collection），栏目 文化程度" in shown
    assert "格子：文件 回表.xlsx，工作表“登记”，K7" in shown
    assert f"对象：居民 {'0' * 24}（姓名 甲**，公民身份号码 999901********1211）" in shown
    assert "甲某某" not in shown
    assert "19800101" not in shown
    told = json.loads(said(settings, "show", "1", "--json"))
    assert told["cell"] == {"file_name": "回表.xlsx", "sheet": "登记", "place": "K7"}
    assert told["object"][0]["texts"] == {"resident_name": "甲**", "citizen_id": "999901********1211"}
    (listed,) = json.loads(said(settings, "list", "--json"))
    assert not {"object", "history", "value", "cell"} & set(listed)


def test_whoever_refuses_what_is_published_is_told_so(settings: Settings) -> None:
    opened(settings, DEGREE)
    said(settings, "accept", "1", "--reason", "电话核实")
    released(settings, "2026-03-0123456789", corrected=True)
    assert "当前版本 2026-03-0123456789 已用更正值" in said(settings, "show", "1")
    assert "当前版本 2026-03-0123456789 里还是更正值，下一次 yibiao run 起不再采用" in said(
        settings, "refuse", "1", "--reason", "证件不符"
    )


@pytest.mark.parametrize(("name", "shown"), [("甲", "甲"), ("甲乙", "甲*"), ("甲·乙丙", "甲***"), ("", "")])
def test_of_a_name_the_first_sign_is_shown(name: str, shown: str) -> None:
    assert masked_name(name) == shown


def test_everything_a_ticket_can_be_about_is_told_by_something(schemas: Schemas) -> None:
    assert all(telling(entity, schemas) for entity in schemas.entities.values())
    assert telling(schemas.entities["organisation"], schemas)[0] == "organisation_name"


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
