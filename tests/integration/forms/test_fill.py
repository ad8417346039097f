"""Filled forms hold what the release knows of the community's own people, say whence, and are the department's form."""

from __future__ import annotations

from pathlib import Path
from unicodedata import east_asian_width

import openpyxl
import pytest
from forms_filled import CHOSEN, REVIEW, ROSTER, FilledForms, rows_of

from yibiao.errors import FormError
from yibiao.forms.collect.sent import asking, sent
from yibiao.forms.fill.areas import communities
from yibiao.forms.fill.select import AUTOMATIC, CONFIRM, NEW
from yibiao.forms.fill.skeleton import COLOURS, CONTROL_SHEET, GUIDE_SHEET
from yibiao.forms.fill.values import NONE
from yibiao.forms.layout import column_of, first_row, header_cells
from yibiao.warehouse.releases import need_current


def test_every_community_gets_one_workbook_of_each_form(filled: FilledForms) -> None:
    codes = {area.code for area in communities(filled.schemas, "999901")}
    for form in CHOSEN:
        assert set(filled.made[form].files) == codes
        assert all(Path(path).is_file() for path in filled.made[form].files.values())


def test_every_row_is_in_the_workbook_of_its_own_community_and_in_no_other(filled: FilledForms) -> None:
    living = {
        row["resident_id"]: row["community_code"]
        for row in filled.at.query("select resident_id, community_code from resident where death_date is null")
    }
    found: dict[str, str] = {}
    width = len(filled.forms[ROSTER].fields) + 2
    for code, path in filled.made[ROSTER].files.items():
        for row in rows_of(Path(path))[first_row(filled.forms[ROSTER]) :]:
            if len(row) == width and row[-1]:
                assert row[-1] not in found
                found[row[-1]] = code
    left_out = living.keys() - found.keys()
    assert found == {one: living[one] for one in living if one not in left_out}
    # Of no known community, or perhaps two people of two: counted, not forgotten.
    assert len(left_out) == filled.made[ROSTER].unplaced
    placed = [one for one in left_out if living[one] is not None]
    for one in placed:
        disputed = filled.at.query(f"select distinct element from resident_conflict where resident_id = '{one}'")
        assert {"resident_name", "community_code"} <= {row["element"] for row in disputed}


def test_no_number_of_anybody_from_elsewhere_stands_in_a_workbook(filled: FilledForms) -> None:
    belongs: dict[str, set[str]] = {}
    for row in filled.at.query(
        "select citizen_id, resident.community_code as lives, household.community_code as registered from resident"
        " left join household using (household_id) where citizen_id is not null"
    ):
        belongs[row["citizen_id"]] = {row["lives"], row["registered"]}
    for form in (ROSTER, REVIEW, "grid_center.disputes"):
        for code, path in filled.made[form].files.items():
            texts = {cell for row in rows_of(Path(path)) for cell in row if cell}
            assert not [number for number in texts & belongs.keys() if code not in belongs[number]]


def test_colours_comments_and_prompts_say_what_each_cell_is(filled: FilledForms) -> None:
    """The colour is made in SQL; the status is computed once more in Python."""
    form = filled.forms[ROSTER]
    with asking(need_current(filled.at.settings).database, filled.schemas) as connection:
        before = sent(connection, form, filled.schemas, filled.as_of, [filled.community])
    rows = list(before.rows[filled.community].values())
    assert {status for row in rows for status in row.statuses} == {AUTOMATIC, CONFIRM, NEW}
    book = openpyxl.load_workbook(filled.path(ROSTER))
    sheet = book.worksheets[0]
    prompts = {
        cell: rule.prompt
        for rule in sheet.data_validations.dataValidation
        for area in rule.sqref.ranges
        for cell in area.cells
    }
    for line, row in enumerate(rows, start=first_row(form) + 1):
        for number, (text, status) in enumerate(zip(row.texts, row.statuses, strict=True)):
            column = column_of(form, number) + 1
            cell = sheet.cell(line, column)
            assert cell.value == text
            assert cell.fill.fgColor.rgb == "FF" + COLOURS[status].removeprefix("#")
            assert cell.number_format == "@"
            assert cell.data_type != "f"
            if status == NEW:
                assert cell.comment is None
                assert not prompts.get((line, column))
            else:
                assert cell.comment.text == prompts[line, column]
                assert cell.comment.text.startswith("请核对：" if status == CONFIRM else "来源：")
                assert "期，截至 20" in cell.comment.text or "名册比对" in cell.comment.text


def test_the_sheet_is_the_departments_own_form(filled: FilledForms) -> None:
    for name in CHOSEN:
        form = filled.forms[name]
        book = openpyxl.load_workbook(filled.path(name))
        sheet = book.worksheets[0]
        assert sheet["A1"].value == form.title
        for header in header_cells(form):
            assert sheet.cell(header.row + 1, header.column + 1).value == header.text
        texts = [row[0].value for row in sheet.iter_rows(max_col=1)]
        assert [note for note in form.notes if note not in texts] == []
        assert texts[-1] == "颜色"
        assert texts[-2].startswith("填表人")
        merged = {str(area) for area in sheet.merged_cells.ranges}
        assert any(area.startswith(f"A{len(texts) - 1}:") for area in merged)
        assert book[CONTROL_SHEET].sheet_state == "veryHidden"
        assert book[CONTROL_SHEET].protection.sheet
        assert sheet.freeze_panes == f"C{first_row(form) + 1}"


def test_the_page_of_explanations_can_be_read_and_printed(filled: FilledForms) -> None:
    """A sentence stands in its column whole; beside it are counts, behind which it would end."""
    sheet = openpyxl.load_workbook(filled.path(ROSTER))[GUIDE_SHEET]
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
    for letter in "AB":
        texts = [str(cell.value) for cell in sheet[letter] if cell.value]
        wide = max(sum(1 + (east_asian_width(sign) in "WF") for sign in text) for text in texts)
        assert sheet.column_dimensions[letter].width >= wide


def test_a_drop_down_stands_at_known_and_at_blank_cells(filled: FilledForms) -> None:
    form = filled.forms[ROSTER]
    sheet = openpyxl.load_workbook(filled.path(ROSTER)).worksheets[0]
    column = column_of(form, [one.element for one in form.fields].index("sex_code")) + 1
    rules = [
        rule
        for rule in sheet.data_validations.dataValidation
        if any((first_row(form) + 1, column) in area.cells or area.min_col == column for area in rule.sqref.ranges)
    ]
    assert {rule.type for rule in rules} == {"list"}
    assert all("男性" in rule.formula1 for rule in rules)


def test_who_is_on_no_register_has_none_by_a_named_register_and_a_clerk_can_put_it_back(filled: FilledForms) -> None:
    form = filled.forms[REVIEW]
    place = [one.element for one in form.fields].index("disability_type_code")
    column = column_of(form, place) + 1
    found = 0
    for path in filled.made[REVIEW].files.values():
        rows = rows_of(Path(path))[first_row(form) :]
        if not any(len(row) > column and row[-1] and row[column - 1] == NONE for row in rows):
            continue
        sheet = openpyxl.load_workbook(path).worksheets[0]
        rules = {
            cell: rule
            for rule in sheet.data_validations.dataValidation
            for area in rule.sqref.ranges
            for cell in area.cells
        }
        for line in range(first_row(form) + 1, first_row(form) + 1 + len(rows)):
            cell = sheet.cell(line, column)
            if cell.value != NONE:
                continue
            found += 1
            assert cell.comment.text.startswith("来源：与名册比对得出（残疾人联合会《")
            assert "期，截至 20" in cell.comment.text
            assert cell.fill.fgColor.rgb == "FF" + COLOURS[AUTOMATIC].removeprefix("#")
            assert NONE in rules[line, column].formula1.strip('"').split(",")
        if found > 3:
            break
    assert found


def test_admission_is_printed_and_a_form_without_it_may_be_declined(filled: FilledForms) -> None:
    admitted = openpyxl.load_workbook(filled.path(ROSTER))
    assert "准入编号：YB-2026-0001-6" in admitted.worksheets[0]["A2"].value
    told = [[cell.value for cell in row] for row in openpyxl.load_workbook(filled.path(REVIEW))[GUIDE_SHEET].rows]
    assert any("可以拒绝填报" in str(cell) for row in told for cell in row)


def test_the_number_of_an_account_is_shown_in_part(filled: FilledForms) -> None:
    form = filled.forms[REVIEW]
    place = [one.element for one in form.fields].index("benefit_payee_account")
    whole = {row["benefit_payee_account"] for row in filled.at.query("from benefit") if row["benefit_payee_account"]}
    shown = []
    for path in filled.made[REVIEW].files.values():
        rows = rows_of(Path(path))[first_row(form) :]
        shown += [row[place + 1] for row in rows if len(row) == len(form.fields) + 2 and row[-1] and row[place + 1]]
    assert shown
    assert all("*" in text for text in shown)
    assert not whole & set(shown)


def test_a_code_of_no_community_is_refused_without_a_list_of_people(filled: FilledForms) -> None:
    with pytest.raises(FormError, match="No community lies under this code"):
        communities(filled.schemas, "999999")
    with pytest.raises(FormError) as refused:
        communities(filled.schemas, "11010519491231002X")
    assert "1101" not in str(refused.value)
    assert len(communities(filled.schemas, "999901000000")) == len(communities(filled.schemas, "999901"))
    assert [one.code for one in communities(filled.schemas, filled.community)] == [filled.community]
