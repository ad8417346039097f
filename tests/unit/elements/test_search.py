"""`yibiao elements search` finds what people call an element, also when they mistype it or say it in other words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from yibiao.cli.elements import elements as command
from yibiao.contracts import Schemas, load_schemas
from yibiao.elements import Found, nearest, search

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return load_schemas(PROJECT / "schemas")


def _ids(found: list[Found]) -> list[str]:
    return [one.element.id for one in found]


@pytest.mark.parametrize(
    ("words", "element", "match"),
    [
        (["sfzh"], "citizen_id", "alias"),
        (["shouji"], "mobile_phone", "spelled"),
        (["shou ji"], "mobile_phone", "spelled"),
        (["shoujihao"], "mobile_phone", "spelled"),
        (["shenfenzheng"], "citizen_id", "spelled"),
        (["xingbie"], "sex_code", "spelled"),
        (["canjidengji"], "disability_grade_code", "spelled"),
        (["phone number"], "mobile_phone", "word"),
        (["number", "phone"], "mobile_phone", "word"),
        (["mobil phone"], "mobile_phone", "word"),
        (["mobile phone"], "mobile_phone", "name"),
        (["Date of death"], "death_date", "english"),
        (["birth date"], "birth_date", "name"),
        (["disability grade"], "disability_grade_code", "word"),
        (["电话 联系"], "mobile_phone", "alias"),
        (["联系", "电话"], "mobile_phone", "alias"),
        (["聯繫電話"], "mobile_phone", "alias"),
        (["性別"], "sex_code", "name"),
    ],
)
def test_the_first_hit_is_what_is_meant(schemas: Schemas, words: list[str], element: str, match: str) -> None:
    first = search(schemas.elements, words)[0]
    assert (first.element.id, first.match, first.near) == (element, match, False)


def test_english_words_are_found_in_any_order(schemas: Schemas) -> None:
    assert "household_member_count" in _ids(search(schemas.elements, ["number of household"]))[:2]
    assert _ids(search(schemas.elements, ["household number"])) == _ids(search(schemas.elements, ["number household"]))


def test_a_word_of_many_names_means_the_short_ones_and_those_of_residents_first(schemas: Schemas) -> None:
    found = _ids(search(schemas.elements, ["phone"]))
    assert "mobile_phone" in found[:3]
    assert found.index("other_phone") < found.index("organisation_phone") < found.index("caregiver_phone")


def test_a_whole_name_comes_before_a_word_of_one_and_that_before_what_contains_it(schemas: Schemas) -> None:
    matches = [one.match for one in search(schemas.elements, ["level"])]
    assert matches[0] == "english"
    found = search(schemas.elements, ["电话"])
    assert [one.match for one in found[:2]] == ["alias", "alias"]
    assert found[0].element.id == "mobile_phone"
    assert {one.match for one in found[2:-1]} == {"part"}
    assert found[-1].match == "text"


def test_one_syllable_is_no_part_of_a_name(schemas: Schemas) -> None:
    assert not [one for one in search(schemas.elements, ["hu"]) if one.match == "pinyin"]


@pytest.mark.parametrize(
    ("words", "element", "match"),
    [
        ("身份正号码", "citizen_id", "sound"),
        ("身份証號", "citizen_id", "sound"),
        ("出生日其", "birth_date", "sound"),
        ("残积等级", "disability_grade_code", "sound"),
        ("联系电活", "mobile_phone", "typing"),
        ("电话联系", "mobile_phone", "order"),
        ("我的身份证号码", "citizen_id", "within"),
        ("date of brith", "birth_date", "words"),
        ("telefone of organization", "organisation_phone", "words"),
        ("shengfenzheng", "citizen_id", "pinyin_typing"),
    ],
)
def test_what_is_nearly_called_so_is_found_where_nothing_is(
    schemas: Schemas, words: str, element: str, match: str
) -> None:
    assert search(schemas.elements, [words]) == []
    first = nearest(schemas.elements, [words])[0]
    assert (first.element.id, first.match, first.near) == (element, match, True)


def test_part_of_a_longer_name_may_be_mistyped_too(schemas: Schemas) -> None:
    for words, match in (("久居留身分", "sound_part"), ("久居留身体证", "typing_part")):
        found = nearest(schemas.elements, [words])
        assert found[0].match == match
        assert "identity_document_number" in _ids(found)


def test_another_usual_last_word_is_near(schemas: Schemas) -> None:
    assert search(schemas.elements, ["死亡缘由"]) == []
    (found,) = nearest(schemas.elements, ["死亡缘由"])
    assert (found.element.id, found.match) == ("death_reason", "synonym")


@pytest.mark.parametrize("words", ["没有这个东西", "zzzz", "name zzzz", "幸福指数", "宠", " ", "?", "户籍 zzzz"])
def test_what_is_near_nothing_finds_nothing(schemas: Schemas, words: str) -> None:
    assert search(schemas.elements, [words]) == []
    assert nearest(schemas.elements, [words]) == []


def test_a_word_of_the_registry_is_no_typing_error_of_another(schemas: Schemas) -> None:
    found = nearest(schemas.elements, ["disability level"])
    assert "disability_grade_code" in _ids(found)
    assert "residence_end_date" not in _ids(found)  # Expected to leave


def test_every_element_is_found_by_its_names_and_is_first_or_alike(schemas: Schemas) -> None:
    for element in list(schemas.elements.values())[::7]:
        for text in (element.id, element.name):
            found = search(schemas.elements, [text])
            assert found[0].element.id == element.id, text
            assert found[0].match == "name"


def test_the_command_says_that_a_hit_is_a_guess() -> None:
    runner = CliRunner()
    near = runner.invoke(command, ["search", "出生日其"])
    first, second = near.output.splitlines()[:2]
    assert near.exit_code == 0
    assert first == "没有完全相同的，您是不是要找：None is called exactly so. Did you mean:"
    assert second == "birth_date  出生日期（与“出生日期”同音）"
    assert "您是不是要找" not in runner.invoke(command, ["search", "出生日期"]).output
    none = runner.invoke(command, ["search", "没有这个东西"])
    assert (none.exit_code, none.output) == (1, "没有叫“没有这个东西”的数据元。No data element is called so.\n")


def test_json_tells_how_each_was_found() -> None:
    runner = CliRunner()
    (near,) = json.loads(runner.invoke(command, ["search", "出生日其", "--json"]).output)
    assert (near["id"], near["match"], near["near"]) == ("birth_date", "sound", True)
    right = json.loads(runner.invoke(command, ["search", "出生日期", "--json", "--limit", "1"]).output)[0]
    assert (right["id"], right["match"], right["near"]) == ("birth_date", "name", False)
    assert {"score", "why", "held_by", "definition"} <= set(right)
    none = runner.invoke(command, ["search", "没有这个东西", "--json"])
    assert (none.exit_code, json.loads(none.output)) == (1, [])


def test_a_list_names_the_source_and_three_others_and_show_names_all() -> None:
    runner = CliRunner()
    lines = runner.invoke(command, ["search", "手机号码", "--limit", "1"]).output.splitlines()
    shown = runner.invoke(command, ["show", "mobile_phone"]).output.splitlines()
    all_others = [line for line in shown if line.startswith("另有收集")]
    (others,) = [line for line in lines if "另有收集" in line]
    assert others.count("《") == 3
    assert others.endswith(f"等 {len(all_others)} 项（{len(all_others)} in all）")
    assert not [line for line in lines if "schedule" in line]
    assert all("，schedule " in line for line in all_others)


def test_few_others_are_named_without_a_count() -> None:
    lines = CliRunner().invoke(command, ["search", "单位电话", "--limit", "1"]).output.splitlines()
    assert "    另有收集 also collected：市场监督管理局《个体工商户》" in lines
