"""What a filled cell shows: masks, XML, and contracts of all forms."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import duckdb
import pytest

from yibiao.forms.admission.fields import SAID_ELEMENT, AskedField
from yibiao.forms.collect.contract import contract_text, own_columns, own_report, report_id
from yibiao.forms.fill.areas import prefix_of, stretches
from yibiao.forms.fill.row_xml import escaped
from yibiao.forms.fill.run import safe
from yibiao.forms.fill.values import cell_of, mask
from yibiao.forms.model import Field
from yibiao.forms.workbook.own import field_of
from yibiao.ingest.readers.spreadsheet_marks import column_letters


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("11010519491231002X", "110105********002X"),
        ("6228480402564890018", "622848*********0018"),
        ("12345678", "****5678"),
        ("123", "***"),
    ],
)
def test_a_masked_number_keeps_what_recognises_it(number: str, shown: str) -> None:
    assert duckdb.execute(f"select {mask('text')} from (select ? as text)", [number]).fetchall() == [(shown,)]


@pytest.mark.parametrize(
    ("choices", "shown"),
    [((), ["半护理", "轻度失能"]), (("全自理", "半护理"), ["半护理", None]), (("无",), [None, None])],
)
def test_a_drop_down_is_filled_with_what_it_offers_alone(schemas, choices: tuple[str, ...], shown: list[str]) -> None:
    """Another form offers other degrees of the same."""
    name = "self_care_ability"
    resident = schemas.entities["resident"]
    kept = replace(resident, elements=(*resident.elements, name))
    schemas = replace(schemas, entities={**schemas.entities, "resident": kept})
    field = Field("自理能力", name, None, None, None, "self_care", "picked", choices, None)
    cell = cell_of(schemas, "resident", field, date(2026, 3, 31), "resident.community_code")
    found = duckdb.sql(f"select {cell.text} from (values ('半护理'), ('轻度失能')) as resident ({name})").fetchall()
    assert [text for (text,) in found] == shown


def test_the_drop_down_of_a_departments_own_workbook_is_one_as_well(schemas) -> None:
    def asked(element: str, derive: str | None = None) -> AskedField:
        said = (0.99, "new", (SAID_ELEMENT,), (), None, "unconditional", "picked", "picked")
        return AskedField("表头", "表", 3, element, None, derive, None, *said)

    offers = ("半护理", "全护理")
    assert field_of(asked("self_care_ability"), offers, schemas, lambda: 0.9).choices == offers
    assert field_of(asked("self_care_ability"), (), schemas, lambda: 0.9).choices == ()
    # A code list is said in the words of the drop-down; its other codes are known by their names.
    sex = field_of(asked("sex_code"), ("男", "女"), schemas, lambda: 0.9)
    assert (sex.choices, sex.wording) == ((), (("1", "男"), ("2", "女")))


@pytest.mark.parametrize(
    "text", ["a<b&c>d", "一\r二", "x_x0041_y", "𠮷·阿卜杜", "  前后  ", "=1+1", "q\"uote'", "\x01ctl\x0b"]
)
def test_a_text_is_the_same_text_in_the_xml(text: str) -> None:
    ((made,),) = duckdb.execute(f"select {escaped('text')} from (select ? as text)", [text]).fetchall()
    read = ElementTree.fromstring(f"<t>{made}</t>").text or ""
    # Excel reads `_x005F_` as an underline; signs that XML cannot hold are left out.
    read = re.sub("_x005F_", "_", read)
    assert read == re.sub("[\x01\x0b]", "", text)


def test_letters_of_columns() -> None:
    assert [column_letters(place) for place in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


@pytest.mark.parametrize(
    ("code", "prefix"),
    [("999901", "999901"), ("999901000000", "999901"), ("999901001000", "999901001"), ("999901001001", "999901001001")],
)
def test_zeros_only_fill_a_code_up(code: str, prefix: str) -> None:
    assert prefix_of(code) == prefix


def test_rows_of_one_community_lie_side_by_side() -> None:
    assert list(stretches(["a", "a", "b", "a", "c", "c"])) == [("a", 0, 2), ("b", 2, 3), ("a", 3, 4), ("c", 4, 6)]
    assert list(stretches([])) == []


def test_names_of_files_hold_nothing_that_a_file_system_forbids() -> None:
    assert safe('a/b:c*?"<>|\\d.') == "a_b_c_______d"


def test_every_form_gives_a_contract_that_asks_what_it_asks(schemas, forms) -> None:
    for form in forms.values():
        report = own_report(form, schemas)
        assert report.id == report_id(form) == f"{form.department}.form_{form.id.split('.')[1]}"
        columns = own_columns(form, schemas)
        assert [column.name for column in report.columns] == [one.name for one in columns]
        headers = [column.header for column in report.columns]
        assert len(set(headers)) == len(headers)
        told = {(one.element, one.role) for one in columns} | {(None, None)}
        for number, field in enumerate(form.fields):
            asked = (field.element, field.role) in told or any(one.field == number for one in columns)
            assert asked, (form.id, field.header)
        assert "made by `yibiao form contract`" in contract_text(form, schemas).splitlines()[0]
