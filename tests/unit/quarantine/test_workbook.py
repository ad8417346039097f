"""The return slip: whatever stands in a cell stays that text, and a mended slip is read back as it was typed."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from yibiao.contracts import Report, Schemas
from yibiao.errors import DeliveryError
from yibiao.ingest.packages import LoadPackage
from yibiao.quarantine.decisions import Slip
from yibiao.quarantine.returned import ReturnedSlip, read_slip
from yibiao.quarantine.rows import HeldRow
from yibiao.quarantine.slips import SlipContent
from yibiao.quarantine.states import HeldLoad, RowStates
from yibiao.quarantine.workbook import CONTROL_SHEET, DATA_SHEET, GUIDE_SHEET, LONGEST, YES, shown, write_slip
from yibiao.settings import Settings

NUMBER = "TH-202603-0A1B2C3D-02"
NAMES = ("citizen_id", "resident_name", "sex_code", "ethnicity_code", "birth_date")

NASTY = (
    "=1+1",
    '=HYPERLINK("http://example.invalid","x")',
    "@SUM(A1)",
    "+86 13800000000",
    "-2",
    "\tx",
    "http://example.invalid",
    "00012345678901234567",
    "1e5",
    "TRUE",
    "2026-03-01",
    "_x0041_",
    "a\x00b\x0bc",
    "one\r\ntwo",
    "𠮷·阿依",
    "<b>&amp;",
    " both ",
    "x" * (LONGEST + 5),
)


def slip_of(rows: Sequence[HeldRow], report: Report, schemas: Schemas, folder: Path) -> Path:
    manifest = {
        "load_id": "ab" * 10,
        "edition": "2026-03",
        "counts": {"read": 100},
        "delivery": {"sha256": "0" * 64, "bytes": 1, "name": "=人口_202603.csv", "kind": "csv"},
    }
    held = HeldLoad(report, LoadPackage(folder, manifest), (), RowStates(len(rows)))
    slip = Slip(NUMBER, report.id, "2026-03", "0" * 64, 2, len(rows), "", "open", "clerk", "2026-04-01T08:00:00+08:00")
    settings = Settings.load(home=folder / "home")
    settings.open_home()
    path = folder / "slip.xlsx"
    write_slip(SlipContent(slip, tuple(rows), 0), held, schemas, settings, path)
    return path


def row(number: int, rules: str, *texts: str | None, raw: str = "", **proposal: str) -> HeldRow:
    return HeldRow(number, "open", tuple(rules.split()), dict(zip(NAMES, texts, strict=True)), raw, proposal)


def test_no_text_becomes_a_formula_a_number_or_a_link(report: Report, schemas: Schemas, tmp_path: Path) -> None:
    rows = [row(place, "citizen_id.form", "K", text, "1", "01", text) for place, text in enumerate(NASTY, start=1)]
    path = slip_of(rows, report, schemas, tmp_path)
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            if name.startswith("xl/worksheets/sheet"):
                assert b"<f>" not in content
                assert b"<hyperlink" not in content
                # Numbers would be `<c ...><v>`: every cell with content is an inline or shared string.
                assert b"<v>" not in content.replace(b't="s"><v>', b"")
    for sheet in openpyxl.load_workbook(path):
        for cells in sheet.iter_rows():
            assert {cell.data_type for cell in cells if cell.value is not None} <= {"s"}
    names = [cells[3].value for cells in openpyxl.load_workbook(path)[DATA_SHEET].iter_rows(min_row=4)]
    assert len(names) == len(NASTY)


def test_texts_that_a_spreadsheet_might_compute_are_marked_as_quoted(
    report: Report, schemas: Schemas, tmp_path: Path
) -> None:
    rows = [row(1, "citizen_id.form", "=1+1", "甲", "1", "01", "19900101")]
    sheet = openpyxl.load_workbook(slip_of(rows, report, schemas, tmp_path))[DATA_SHEET]
    cells = sheet[4]
    assert (cells[2].value, cells[2].quotePrefix, cells[3].quotePrefix) == ("=1+1", True, False)
    assert {cell.number_format for cell in cells[2:]} == {"@"}


def test_what_is_read_back_is_what_was_shown(report: Report, schemas: Schemas, tmp_path: Path) -> None:
    rows = [row(place, "citizen_id.form", "K", text, "1", None, text) for place, text in enumerate(NASTY, start=1)]
    slip = read_slip(slip_of(rows, report, schemas, tmp_path))
    assert slip is not None
    assert slip.number == NUMBER
    assert [number for number, _, _ in slip.rows] == list(range(1, len(NASTY) + 1))
    for (_, cells, adopt), text in zip(slip.rows, NASTY, strict=True):
        assert shown(cells["姓名"]) == shown(text)
        assert (cells["民族"], adopt) == ("", False)


def test_equal_slips_are_equal_bytes(report: Report, schemas: Schemas, tmp_path: Path) -> None:
    rows = [row(1, "citizen_id.form sex_code.code", "K", "甲", "?", "01", "19900101", sex_code="1")]
    folders = [tmp_path / name for name in ("one", "two")]
    assert len({slip_of(rows, report, schemas, folder).read_bytes() for folder in folders if not folder.mkdir()}) == 1


def test_bad_cells_are_coloured_and_say_why(report: Report, schemas: Schemas, tmp_path: Path) -> None:
    rows = [
        row(3, "citizen_id.check_digit sex_code.code", "K", "甲", "?", "01", "19900101", sex_code="1"),
        row(8, "row.columns", None, None, None, None, None, raw="a,b,c", citizen_id="a", resident_name="b"),
    ]
    book = openpyxl.load_workbook(slip_of(rows, report, schemas, tmp_path))
    sheet = book[DATA_SHEET]
    headers = [cell.value for cell in sheet[3]]
    assert headers[:5] == ["行号", "问题说明", "修改建议", "采用建议（填“是”）", "原始文本"]
    first, second = sheet[4], sheet[5]
    red = [cell.fill.fgColor.rgb == "FFFFC7CE" for cell in first[5:]]
    assert red == [True, False, True, False, False]
    assert all(cell.fill.fgColor.rgb == "FFFFC7CE" for cell in second[5:])
    assert "GB 11643-1999" in first[1].value
    assert "GB/T 2261.1" in first[1].value
    assert "逐位核对" in first[5].comment.text
    assert "修改建议：1" in first[7].comment.text
    assert first[2].value == "性别：1"
    assert second[2].value == "公民身份号码：a；姓名：b"
    assert second[4].value == "a,b,c"
    assert [sheet.sheet_state for sheet in book] == ["visible", "visible", "hidden"]
    guide = "\n".join(str(cell) for cells in book[GUIDE_SHEET].values for cell in cells if cell)
    assert NUMBER in guide
    assert "=人口_202603.csv" in guide
    assert "GB 11643-1999" in guide
    control = dict(cells[:2] for cells in book[CONTROL_SHEET].values if cells[0])
    assert control["退回单编号"] == NUMBER
    assert control["装载"] == "ab" * 10
    assert [cells[1] for cells in book[CONTROL_SHEET].values][-2:] == ["3", "8"]


ROW = row(12, "citizen_id.form", "K", "甲", "1", "01", "19900101")


def back(path: Path, **changes: object) -> ReturnedSlip:
    """The slip after a clerk typed into its first row."""
    book = openpyxl.load_workbook(path)
    sheet = book[DATA_SHEET]
    headers = [cell.value for cell in sheet[3]]
    for header, value in changes.items():
        sheet.cell(4, headers.index(header) + 1).value = value
    book.save(path)
    slip = read_slip(path)
    assert slip is not None
    return slip


def test_typed_numbers_and_days_become_texts(report: Report, schemas: Schemas, tmp_path: Path) -> None:
    import datetime

    path = slip_of([ROW], report, schemas, tmp_path)
    ((number, cells, _),) = back(path, 行号=12, 性别=2, 出生日期=datetime.date(1990, 3, 7)).rows
    assert (number, cells["性别"], cells["出生日期"]) == (12, "2", "1990-03-07")


def test_rows_may_be_sorted_removed_and_left_blank(report: Report, schemas: Schemas, tmp_path: Path) -> None:
    rows = [row(number, "citizen_id.form", "K", "甲", "1", "01", "19900101") for number in (1, 2, 3, 4)]
    path = slip_of(rows, report, schemas, tmp_path)
    book = openpyxl.load_workbook(path)
    book[DATA_SHEET].delete_rows(5)
    book[DATA_SHEET].insert_rows(5)
    book[DATA_SHEET]["A4"].value, book[DATA_SHEET]["A7"].value = "4", "1"
    del book[CONTROL_SHEET]
    book.save(path)
    slip = read_slip(path)
    assert slip is not None
    assert [number for number, _, _ in slip.rows] == [4, 3, 1]


def test_a_slip_saved_as_csv_is_still_a_slip(report: Report, schemas: Schemas, tmp_path: Path) -> None:
    import csv

    book = openpyxl.load_workbook(slip_of([ROW], report, schemas, tmp_path))
    path = tmp_path / "slip.csv"
    with path.open("w", encoding="gb18030", newline="") as stream:
        csv.writer(stream).writerows(book[DATA_SHEET].values)
    slip = read_slip(path)
    assert slip is not None
    ((number, cells, _),) = slip.rows
    assert (slip.number, number, cells["姓名"]) == (NUMBER, 12, "甲")


def test_a_slip_without_its_number_is_refused(report: Report, schemas: Schemas, tmp_path: Path) -> None:
    path = slip_of([ROW], report, schemas, tmp_path)
    book = openpyxl.load_workbook(path)
    book[DATA_SHEET].delete_rows(1, 2)
    book.save(path)
    with pytest.raises(DeliveryError, match="its number or its header is gone"):
        read_slip(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half", b"no workbook", b"\xd0\xcf\x11\xe0" + bytes(600)])
@pytest.mark.parametrize("suffix", [".xlsx", ".xls", ".ods"])
def test_what_is_no_workbook_is_refused(content: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"slip{suffix}"
    path.write_bytes(content)
    with pytest.raises(DeliveryError):
        read_slip(path)


def test_a_workbook_that_unpacks_to_more_than_memory_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yibiao.quarantine.returned.LARGEST", 1 << 20)
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(2 << 20))
    assert path.stat().st_size < 1 << 16
    with pytest.raises(DeliveryError, match="too large"):
        read_slip(path)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_slip_is_read_or_refused_and_never_anything_else(
    seed: int, report: Report, schemas: Schemas, tmp_path: Path
) -> None:
    """Cut off, or with flipped bytes: what comes out is a row of the slip, or a clear refusal."""
    import random

    chance = random.Random(seed)
    path = slip_of([ROW], report, schemas, tmp_path)
    content = bytearray(path.read_bytes())
    if seed % 4 == 0:
        del content[chance.randrange(len(content)) :]
    for _ in range(chance.choice((1, 10, 200))):
        if content:
            content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(content)
    told, slip = "", None
    try:
        slip = read_slip(path)
    except DeliveryError as error:
        told = str(error)
    assert "甲" not in told
    assert not told or "to do: " in told
    assert slip is None or slip.number == NUMBER


def test_every_cell_can_be_read_whole_on_the_screen_and_on_paper(
    report: Report, schemas: Schemas, tmp_path: Path
) -> None:
    long = "望江街道" * 15
    rows = [row(place, "sex_code.code", "99990119870305001X", long, "?", "01", "19900101") for place in (1, 2)]
    book = openpyxl.load_workbook(slip_of(rows, report, schemas, tmp_path))
    sheet = book[DATA_SHEET]
    width = {cell.value: sheet.column_dimensions[cell.column_letter].width for cell in sheet[3]}
    assert width["公民身份号码"] >= len("99990119870305001X") + 2
    assert width["姓名"] == 40.7109375  # the widest there is, as Excel writes it
    assert [cell.alignment.wrap_text or False for cell in sheet[4][1:4]] == [True, False, True]
    assert sheet.freeze_panes == "C4"  # what is wrong stays in sight beside every cell
    assert (sheet.print_title_rows, sheet.print_title_cols) == ("$1:$3", "$A:$A")
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert NUMBER in sheet.oddFooter.left.text
    assert book[GUIDE_SHEET].page_setup.fitToHeight == 0


def test_a_problem_names_the_letters_above_its_column(report: Report, schemas: Schemas, tmp_path: Path) -> None:
    rows = [row(3, "citizen_id.check_digit sex_code.code", "K", "甲", "?", "01", "19900101")]
    sheet = openpyxl.load_workbook(slip_of(rows, report, schemas, tmp_path))[DATA_SHEET]
    for header in ("公民身份号码", "性别"):
        (cell,) = [cell for cell in sheet[3] if cell.value == header]
        assert f"【{cell.column_letter} 列 {header}】" in sheet[4][1].value


def test_of_a_row_that_is_wrong_as_a_whole_what_is_known_is_told_from_what_is_missing(
    report: Report, schemas: Schemas, tmp_path: Path
) -> None:
    rows = [
        row(1, "row.encoding", "K", None, "1", "", "19900101", raw="K,\\xE5,1,,19900101"),
        row(2, "delivery.renamed_column", "K", "甲", "1", None, "19900101"),
    ]
    sheet = openpyxl.load_workbook(slip_of(rows, report, schemas, tmp_path))[DATA_SHEET]
    yellow, red = "FFFFEB9C", "FFFFC7CE"
    assert [cell.fill.fgColor.rgb for cell in sheet[4][3:]] == [yellow, red, yellow, yellow, yellow]
    assert {cell.fill.fgColor.rgb for cell in sheet[5][3:]} == {yellow}


def test_only_the_word_that_adopts_a_proposal_is_offered(report: Report, schemas: Schemas, tmp_path: Path) -> None:
    rows = [row(1, "sex_code.code", "K", "甲", "?", "01", "19900101", sex_code="1")]
    sheet = openpyxl.load_workbook(slip_of(rows, report, schemas, tmp_path))[DATA_SHEET]
    offered = {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation}
    assert offered["D4"] == f'"{YES}"'
