"""What a refused cell is told: what its element or its drop-down expects, and never what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from own_workbooks import draw_own_form
from yibiao.contracts import Schemas
from yibiao.contracts.kinds import TYPES as ELEMENT_TYPES
from yibiao.forms import Form
from yibiao.forms.collect.expected import TYPES, _lists, expected
from yibiao.forms.model import Field


def of(field: Field, forms: Mapping[str, Form], schemas: Schemas):
    form = replace(forms["grid_center.disputes"], fields=(field,))
    (found,) = expected(form, schemas)
    return found


def a_field(element: str | None = None, **more) -> Field:
    given = {"header": "栏", "element": element, "role": None, "derive": None, "value": None, "concept": None}
    return Field(**{**given, "mode": "typed", "choices": (), "unit": None, **more})


def test_every_type_of_element_says_what_is_expected() -> None:
    assert set(TYPES) == set(ELEMENT_TYPES)


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ("household_member_count", "整数，如 3"),
        ("birth_date", "日期，如 2026-01-31"),
        ("floor_area", "数字，如 12.5"),
        ("citizen_id", "公民身份号码，18 位，最后一位是校验码"),
        ("sex_code", "选项之一（4 个：未知的性别、男性、女性、未说明的性别）"),
        ("community_code", "名称（和预填的写法一样）或代码"),
        (None, "文字"),
    ],
)
def test_what_is_expected_follows_the_type_of_the_element(
    element: str | None, words: str, forms: Mapping[str, Form], schemas: Schemas
) -> None:
    assert of(a_field(element), forms, schemas).words == words


def test_a_unit_belongs_to_what_is_expected(forms: Mapping[str, Form], schemas: Schemas) -> None:
    assert of(a_field("household_member_count", unit="人"), forms, schemas).words == "整数，如 3（单位：人）"


def test_a_drop_down_that_no_code_list_stands_behind_is_a_list_of_its_own(
    forms: Mapping[str, Form], schemas: Schemas
) -> None:
    told = of(a_field(mode="picked", choices=("一", "二", "三", "四", "五", "Ａ级")), forms, schemas)
    assert told.words == "选项之一（6 个：一、二、三、四、五……），请从下拉框选"
    assert told.allows("A级")
    assert told.allows(" 三 ")
    assert not told.allows("也许")
    assert of(a_field(), forms, schemas).allows("也许")


def test_a_drop_down_with_a_code_list_takes_every_word_of_the_list(forms: Mapping[str, Form], schemas: Schemas) -> None:
    told = of(a_field("sex_code", mode="picked"), forms, schemas)
    assert all(told.allows(text) for text in ("男性", "男", "1"))
    assert not told.allows("也许")


def test_a_departments_own_drop_down_is_read_from_its_own_file(tmp_path: Path) -> None:
    assert _lists(draw_own_form(tmp_path / "a.xlsx"), "登记表") == [((5, 3, 10, 3), ("男", "女"))]
    assert _lists(draw_own_form(tmp_path / "b.xlsx", prepared=0), "登记表") == []
