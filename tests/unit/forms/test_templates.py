"""The workbooks show what the forms declare."""

from __future__ import annotations

import pytest
from openpyxl import load_workbook

from yibiao.forms.layout import first_row
from yibiao.forms.model import TIMES
from yibiao.forms.template import BLANK_ROWS, FREQUENCIES, drop_down, write_templates


@pytest.fixture(scope="module")
def books(folder, forms):
    return {form.id: load_workbook(folder / form.department / f"{form.title}.xlsx") for form in forms.values()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, forms, schemas):
    out = tmp_path_factory.mktemp("templates")
    write_templates(forms, schemas, out)
    return out


def _headers(sheet, rows, columns):
    """Header path of every column as a reader sees it: a merged cell counts for every cell that it covers."""
    shown = {
        (row, column): block.start_cell.value
        for block in sheet.merged_cells.ranges
        for row in range(block.min_row, block.max_row + 1)
        for column in range(block.min_col, block.max_col + 1)
    }
    paths = []
    for column in columns:
        path = []
        for row in rows:
            text = shown.get((row, column), sheet.cell(row, column).value)
            if text and (not path or path[-1] != text):
                path.append(text)
        paths.append(tuple(path))
    return paths


def test_every_workbook_opens_and_shows_the_declared_headers(books, forms):
    for form in forms.values():
        sheet = books[form.id].worksheets[0]
        top = first_row(form)
        headers = _headers(sheet, range(3, top + 1), range(1, len(form.fields) + 2))
        assert headers[0] == ("序号",)
        for field, path in zip(form.fields, headers[1:], strict=True):
            assert path[:-1] == field.path[:-1]
            assert path[-1] in (field.label, f"{field.label}（{field.unit}）")


def test_title_and_sub_line_are_merged_over_the_table(books, forms, schemas):
    for form in forms.values():
        sheet = books[form.id].worksheets[0]
        merged = {(block.min_row, block.min_col, block.max_col) for block in sheet.merged_cells.ranges}
        ends = [one.id for one in sheet.col_breaks.brk] or [len(form.fields) + 1]
        assert {(1, 1, ends[0]), (2, 1, len(form.fields) + 1)} <= merged
        assert sheet.cell(1, 1).value == form.title
        assert "填报单位" in sheet.cell(2, 1).value
        assert schemas.departments[form.department].name in sheet.cell(2, 1).value


def test_notes_and_signatures_stand_under_the_blank_rows(books, forms):
    for form in forms.values():
        sheet = books[form.id].worksheets[0]
        below = first_row(form) + BLANK_ROWS + 1
        assert [sheet.cell(below + place, 1).value for place in range(len(form.notes))] == list(form.notes)
        assert "填表人" in sheet.cell(below + len(form.notes), 1).value


def test_drop_downs_offer_the_code_lists(books, forms, schemas):
    seen = 0
    for form in forms.values():
        book = books[form.id]
        sheet = book.worksheets[0]
        rules = {}
        for rule in sheet.data_validations.dataValidation:
            assert rule.errorStyle == "warning"  # a ban would keep out what nobody foresaw
            for block in rule.sqref.ranges:
                rules |= dict.fromkeys(range(block.min_col, block.max_col + 1), rule.formula1)
                assert (block.min_row, block.max_row) == (first_row(form) + 1, first_row(form) + BLANK_ROWS)
        for column, field in enumerate(form.fields, start=2):
            choices = drop_down(field, schemas)
            assert bool(choices) == (column in rules), (form.id, field.header)
            if not choices:
                continue
            seen += 1
            formula = rules[column]
            if formula.startswith('"'):
                assert formula.strip('"').split(",") == list(choices)
            else:
                name, area = formula.split("!")
                assert book[name].sheet_state == "hidden"
                assert [cell.value for (cell,) in book[name][area.replace("$", "")]] == list(choices)
    assert seen > 200


def test_every_picked_field_but_the_division_has_a_drop_down(forms, schemas):
    for form in forms.values():
        for field in form.fields:
            if field.mode == "picked" and field.element != "community_code":
                assert drop_down(field, schemas), (form.id, field.header)


def test_equal_forms_give_equal_bytes(folder, forms, schemas, tmp_path):
    some = {key: forms[key] for key in list(forms)[:3]}
    for path in write_templates(some, schemas, tmp_path):
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes()


def test_nothing_half_written_stays_behind(folder):
    assert [path for path in folder.rglob("*") if path.name.startswith(".")] == []


def test_every_frequency_has_a_printed_name():
    assert set(FREQUENCIES) == set(TIMES)
