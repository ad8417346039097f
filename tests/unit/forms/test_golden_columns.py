"""An element that a form asks becomes a column of the golden record when the form's contract is written."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from yibiao.contracts import Schemas
from yibiao.forms.collect.contract import contract_text
from yibiao.forms.collect.golden import add_columns, file_of, lacking
from yibiao.forms.model import Field, Form
from yibiao.settings import Settings

ALONE = "is_living_alone_code"


def asking(form: Form, element: str | None, role: str | None = None, derive: str | None = None) -> Form:
    """A form that asks one thing more."""
    field = Field("是否独居", element, role, derive, None, None if element else "own_9", "picked", (), None)
    return replace(form, fields=(*form.fields, field))


def test_a_form_of_the_schemas_needs_columns_for_what_the_registry_learned_since(
    schemas: Schemas, forms: dict[str, Form]
) -> None:
    for form in forms.values():
        learned = dict.fromkeys(field.element for field in form.fields if field.concept and field.element)
        assert lacking(form, schemas) == tuple(learned), form.id
        assert all(f"value: {element}" in contract_text(form, schemas) for element in learned)
    assert sum(bool(lacking(form, schemas)) for form in forms.values()) == 20


def test_an_element_of_the_rows_own_entity_needs_a_column(schemas: Schemas, forms: dict[str, Form]) -> None:
    form = forms["health.women_childbearing"]
    assert lacking(asking(form, ALONE), schemas) == (ALONE,)
    assert f"value: {ALONE}" in contract_text(asking(form, ALONE), schemas)
    # Of somebody else, of a dwelling, or of nothing that is registered, no resident's record has a column.
    assert lacking(asking(form, ALONE, role="head"), schemas) == ()
    assert lacking(asking(form, ALONE, derive="exists"), schemas) == ()
    dwelling = next(one.id for one in schemas.elements.values() if one.entity == "dwelling" and one.type == "text")
    assert lacking(asking(form, dwelling), schemas) == ()
    assert lacking(asking(form, None), schemas) == ()


@pytest.mark.parametrize("entity", ["benefit", "dwelling", "event", "household", "organisation", "resident"])
def test_a_column_is_added_and_every_other_line_stays(tmp_path: Path, entity: str) -> None:
    source = file_of(Settings.load().schemas, entity)
    path = Path(shutil.copy(source, tmp_path))
    assert add_columns(path, ("x_code", "y_code"))
    before, after = source.read_text(encoding="utf-8").splitlines(), path.read_text(encoding="utf-8").splitlines()
    assert [line for line in after if line not in ("  - x_code", "  - y_code")] == before
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["elements"][-2:] == ["x_code", "y_code"]


@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("elements:\n- a\n- b # last\nlinks: {}\n", True),
        ("links: {}\nelements:\n  - a", True),
        ("elements: [a, b]\n", False),
        ("elements:\n  - a\n  # a comment\n  - b\n", False),
    ],
)
def test_a_file_that_cannot_be_continued_stays_as_it_is(tmp_path: Path, text: str, done: bool) -> None:
    path = tmp_path / "x.yml"
    path.write_text(text, encoding="utf-8")
    listed = yaml.safe_load(text)["elements"]
    assert add_columns(path, ("z",)) == done
    now = path.read_text(encoding="utf-8")
    assert yaml.safe_load(now)["elements"] == ([*listed, "z"] if done else listed)
    assert done or now == text
