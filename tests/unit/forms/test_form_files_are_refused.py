"""A form that says something impossible is refused with file and line."""

from __future__ import annotations

import pytest

from yibiao.errors import ContractError
from yibiao.forms import load_forms

GOOD = """\
id: housing.example
title: 房屋示例表
department: housing
source: {name: 《示例表》, follows: 主题}
times_a_year: 4
respondent: {who: 社区工作者, unit: community}
rows:
  entity: dwelling
  where: "dwelling.is_rented_code = '1' and dwelling.floor_area > 20"
  share: 0.5
  basis: 示例
notes: []
fields:
  - {header: 房屋编码, element: dwelling_code, mode: typed}
  - {header: 产权人/姓名, element: resident_name, role: owner, mode: typed}
  - {header: 建成年份, concept: build_year, mode: typed}
"""


@pytest.fixture
def load(tmp_path, schemas):
    def run(text: str):
        folder = tmp_path / "schemas" / "forms" / "housing"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "example.yml").write_text(text, encoding="utf-8")
        return load_forms(tmp_path / "schemas", schemas)

    return run


def test_a_good_form_is_read(load):
    form = load(GOOD)["housing.example"]
    assert form.rows.share == 0.5
    assert [field.path for field in form.fields] == [("房屋编码",), ("产权人", "姓名"), ("建成年份",)]
    assert form.fields[2].fact.concept == "build_year"


def test_forms_cannot_be_changed(load):
    forms = load(GOOD)
    with pytest.raises(TypeError):
        forms["x"] = forms["housing.example"]
    with pytest.raises(AttributeError):
        forms["housing.example"].title = "x"


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("times_a_year: 4", "times_a_year: 4\nowner: x", 6, "Unknown key"),
        ("times_a_year: 4", "times_a_year: 5", 5, "names nothing"),
        ("unit: community", "unit: town", 6, "names nothing"),
        ("id: housing.example", "id: housing.other", 1, "its place"),
        ("department: housing", "department: health", 3, "department's folder"),
        ("entity: dwelling", "entity: house", 8, "names nothing"),
        ("share: 0.5", "share: 1.5", 10, "share"),
        ("share: 0.5", "share: 0", 10, "share"),
        ("element: dwelling_code", "element: dwelling_cod", 14, "names nothing"),
        ("element: dwelling_code", "element: employer_name", 14, "do not lead"),
        ("element: dwelling_code, mode", "element: sex_code, concept: x, mode", 14, "row's own entity"),
        ("concept: build_year, ", "", 16, "asks for something"),
        ("concept: build_year", "concept: floor_area", 16, "free name"),
        ("concept: build_year", "concept: build_year, role: owner", 16, "Only a field without a concept"),
        ("mode: typed}\n  - {header: 产", "mode: spoken}\n  - {header: 产", 14, "names nothing"),
        ("header: 建成年份", "header: 房屋编码", 16, "same header"),
        ("header: 产权人/姓名", "header: 产权人/", 15, "empty"),
        ("element: dwelling_code", "element: dwelling_code, derive: age", 14, "age comes from a date"),
        ("element: dwelling_code", "element: dwelling_code, derive: guess", 14, "names nothing"),
        ("element: dwelling_code", 'element: is_rented_code, value: "1"', 14, "has a value"),
        ("element: dwelling_code", 'element: is_rented_code, derive: exists, value: "7"', 14, "names nothing"),
        ("is_rented_code = '1'", "is_rented_code = '7'", 9, "names nothing"),
        ("is_rented_code = '1'", "is_rented = '1'", 9, "names nothing"),
        ("dwelling.is_rented_code = '1'", "resident.sex_code = '1'", 9, "does not lead there"),
        ("dwelling.floor_area > 20", "exists (select 1)", 9, "literals only"),
        ("dwelling.floor_area > 20", "1 = 1; drop table dwelling", 9, "literals only"),
        ("dwelling.floor_area > 20", "1 = 1 -- x", 9, "literals only"),
    ],
)
def test_a_form_that_cannot_be_meant_is_refused_with_its_line(load, old, new, line, what):
    assert GOOD.count(old) == 1
    with pytest.raises(ContractError) as refused:
        load(GOOD.replace(old, new))
    assert refused.value.where == f"schemas/forms/housing/example.yml:{line}"
    assert what in refused.value.what


def test_all_mistakes_are_counted(load):
    with pytest.raises(ContractError, match="1 more"):
        load(GOOD.replace("times_a_year: 4", "times_a_year: 5").replace("share: 0.5", "share: 2"))
