"""Each rule of `yibiao elements lint` fails where it should, and the shipped registry breaks none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.unit.contracts.conftest import CONTRACT, FILES, PROJECT

from yibiao.cli.elements import elements
from yibiao.contracts.documents import Finding
from yibiao.elements.lint import lint_elements

TODAY = date(2026, 11, 28)
DEFAULTS = "defaults: {freshness: yearly, sharing: conditional, sharing_condition: 办事}\n"
SECOND = CONTRACT.replace("police.people", "police.guests").replace("police/people", "police/guests")
WAIVER = "waivers:\n  - {element: birth_date, reports: [police.people], reason: 试点, until: 2027-12-31}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One entity, one report, every element complete."""
    folder = tmp_path / "schemas"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    person = folder / "elements/person.yml"
    text = person.read_text(encoding="utf-8").replace("definition: 定义", "definition: 定义\n    scope: 口径")
    person.write_text(DEFAULTS + text, encoding="utf-8")
    return folder


def _found(root: Path, rule: str, today: date = TODAY) -> list[Finding]:
    return [finding for finding in lint_elements(root, today) if finding.rule == rule]


def _change(root: Path, name: str, old: str, new: str) -> None:
    path = root / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_complete_registry_has_no_findings(root: Path) -> None:
    assert lint_elements(root, TODAY) == []


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("missing-scope", "    scope: 口径\n", ""),
        ("missing-authority", "authority: [police]", "authority: []"),
        ("missing-freshness", "freshness: yearly, ", ""),
        ("missing-sharing", "sharing: conditional, ", ""),
        ("sharing-condition", ", sharing_condition: 办事", ""),
        ("unconditional-personal", "sharing: conditional", "sharing: unconditional"),
        ("unknown-freshness", "freshness: yearly", "freshness: sometimes"),
        ("unknown-sharing", "sharing: conditional", "sharing: perhaps"),
        ("unknown-key", "freshness: yearly", "freshnes: yearly"),
    ],
)
def test_what_an_element_does_not_say_is_an_error(root: Path, rule: str, old: str, new: str) -> None:
    _change(root, "elements/person.yml", old, new)

    found = _found(root, rule)
    assert {one.severity for one in found} == {"error"}
    assert found[0].where.startswith("schemas/elements/person.yml:")


def test_an_element_in_a_file_of_no_entity_is_an_error(root: Path) -> None:
    (root / "elements/person.yml").rename(root / "elements/ghost.yml")

    assert len(_found(root, "no-entity")) == 4


def test_a_subject_may_stand_in_a_file_of_its_own(root: Path) -> None:
    (root / "elements/person.yml").rename(root / "elements/person.basics.yml")

    assert lint_elements(root, TODAY) == []


def test_one_word_with_two_meanings_is_an_error_that_shows_both(root: Path) -> None:
    _change(root, "elements/person.yml", "name: 出生日期", "name: 出生日期\n    aliases: [日期]")
    _change(root, "elements/person.yml", "name: 收入", "name: 收入\n    aliases: [' 日 期']")

    (found,) = _found(root, "two-meanings")
    assert "birth_date" in found.what
    assert "income_amount" in found.what
    assert found.got.count("schemas/elements/person.yml:") == 2


def test_two_contexts_tell_two_meanings_apart(root: Path) -> None:
    _change(
        root, "elements/person.yml", "name: 出生日期", "name: 出生日期\n    aliases: [{name: 日期, context: [出生]}]"
    )
    _change(root, "elements/person.yml", "name: 收入", "name: 收入\n    aliases: [{name: 日期, context: [收入, 工资]}]")
    assert lint_elements(root, TODAY) == []

    _change(root, "elements/person.yml", "context: [收入, 工资]", "context: [收入, 出生]")
    assert len(_found(root, "two-meanings")) == 1


def test_a_name_is_what_a_word_means_without_a_context(root: Path) -> None:
    _change(root, "elements/person.yml", "name: 收入", "name: 收入\n    aliases: [{name: 出生日期, context: [工资]}]")
    assert lint_elements(root, TODAY) == []

    _change(root, "elements/person.yml", "{name: 出生日期, context: [工资]}", "出生日期")
    assert len(_found(root, "two-meanings")) == 1


def test_two_elements_of_one_name_are_an_error(root: Path) -> None:
    _change(root, "elements/person.yml", "name: 收入", "name: 出生日期")

    assert len(_found(root, "duplicate-name")) == 1


@pytest.fixture
def twice(root: Path) -> Path:
    """A second report of the same department with the same columns."""
    (root / "reports/police/guests.odcs.yml").write_text(SECOND.replace("姓名", "来客"), encoding="utf-8")
    return root


def test_one_element_collected_by_two_reports_is_an_error_each(twice: Path) -> None:
    found = _found(twice, "collected-twice")

    assert [one.what.split("`")[1] for one in found] == ["birth_date", "income_amount", "person_number", "sex_code"]
    assert {one.severity for one in found} == {"error"}
    assert "police.guests and again by police.people" in found[0].what


def test_what_is_collected_twice_is_found_at_its_column(twice: Path) -> None:
    contract = (twice / "reports/police/people.odcs.yml").read_text(encoding="utf-8").splitlines()

    for one, column in zip(
        _found(twice, "collected-twice"), ("born", "income_amount", "person_number", "sex_code"), strict=True
    ):
        place, _, line = one.where.rpartition(":")
        assert place == "schemas/reports/police/people.odcs.yml"
        assert contract[int(line) - 1].strip() == f"- name: {column}"
        assert one.got == f"police.people at {one.where}"


def test_a_waiver_with_a_reason_and_a_last_day_permits_it(twice: Path) -> None:
    (twice / "waivers.yml").write_text(WAIVER, encoding="utf-8")

    assert [one.what.split("`")[1] for one in _found(twice, "collected-twice")] == [
        "income_amount",
        "person_number",
        "sex_code",
    ]
    assert _found(twice, "expired-waiver", date(2027, 12, 31)) == []


def test_a_waiver_after_its_last_day_is_an_error(twice: Path) -> None:
    (twice / "waivers.yml").write_text(WAIVER, encoding="utf-8")

    (found,) = _found(twice, "expired-waiver", date(2028, 1, 1))
    assert (found.severity, found.where) == ("error", "schemas/waivers.yml:2")
    assert (found.expected, found.got) == ("a day from 2028-01-01 on", "until: 2027-12-31")


def test_a_waiver_for_what_is_collected_once_is_idle(root: Path) -> None:
    (root / "waivers.yml").write_text(WAIVER, encoding="utf-8")

    assert [one.severity for one in _found(root, "idle-waiver")] == ["warning"]


def test_only_what_tells_rows_apart_may_be_collected_by_anybody(twice: Path) -> None:
    waivers = WAIVER.replace("[police.people]", "any") + WAIVER.split("\n", 1)[1].replace(
        "birth_date, reports: [police.people]", "person_number, reports: any"
    )
    (twice / "waivers.yml").write_text(waivers, encoding="utf-8")

    (found,) = _found(twice, "waiver-any")
    assert "birth_date" in found.what
    assert found.got == "reports: any"
    assert found.todo == "Name them: police.people."


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("unknown-key", "reason:", "reasn:"),
        ("missing-key", ", until: 2027-12-31", ""),
        ("wrong-type", "2027-12-31", "someday"),
        ("unknown-element", "birth_date", "birth_day"),
        ("unknown-report", "police.people", "police.nobody"),
        ("waiver", "reason: 试点", "reason: ' '"),
        ("waiver", "[police.people]", "all"),
    ],
)
def test_a_waiver_that_is_none_is_refused_with_its_line(twice: Path, rule: str, old: str, new: str) -> None:
    (twice / "waivers.yml").write_text(WAIVER.replace(old, new), encoding="utf-8")

    found = _found(twice, rule)
    assert {(one.severity, one.where) for one in found} == {("error", "schemas/waivers.yml:2")}
    assert all(one.got or one.todo for one in found)
    assert rule != "waiver" or all(one.expected and one.got and one.todo for one in found)


def test_the_command_says_it_in_chinese_first(twice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (twice / "waivers.yml").write_text(WAIVER, encoding="utf-8")
    monkeypatch.setenv("YIBIAO_SCHEMAS", str(twice))

    result = CliRunner().invoke(elements, ["lint", "--date", "2028-01-01"])
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert (
        "schemas/waivers.yml:2: 错误 error: 数据元 birth_date 的豁免 2027-12-31 已到期，仍有报表重复收集。"
        "请不再收集、改用数源的数据，或重新决定期限 [expired-waiver]"
    ) in lines
    assert "    The waiver of `birth_date` for police.people ended on 2027-12-31." in lines
    assert "    实为 got: until: 2027-12-31" in lines
    assert lines[-1] == "错误 4，警告 0，提示 0。4 errors, 0 warnings, 0 infos"


def test_the_shipped_registry_has_no_findings() -> None:
    assert lint_elements(PROJECT / "schemas", TODAY) == []


def test_the_waivers_of_the_demo_end() -> None:
    assert _found(PROJECT / "schemas", "expired-waiver", date(2029, 1, 1)) != []
