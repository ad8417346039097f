"""Places of cells in blocks of XLSX rows, found all at once, against a parser that goes from cell to cell."""

from __future__ import annotations

import itertools
import re
import string
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yibiao.ingest.readers.spreadsheet_marks import column_number
from yibiao.ingest.readers.spreadsheet_places import NOTHING, Unusual, extent
from yibiao.ingest.readers.spreadsheet_xlsx import xlsx_marks

LETTERS = st.text(string.ascii_uppercase, min_size=1, max_size=3)
PLACES = st.lists(st.tuples(LETTERS, st.integers(1, 9_999_999) | st.integers(8, 12) | st.integers(1, 3)), max_size=30)


def xml(places: list[tuple[str, int]], content: str = "<v>1</v>") -> bytes:
    """Rows with these cells, wherever they say that they are."""
    return "".join(f'<row r="1"><c r="{letters}{row}">{content}</c></row>' for letters, row in places).encode()


def plainly(rows: bytes) -> tuple[int, int, int, int, bool]:
    """The same from cell to cell."""
    cells = [(int(row), column_number(letters) + 1) for letters, row in re.findall(rb'<c r="([A-Z]+)(\d+)"', rows)]
    ordered = all(one < other for one, other in itertools.pairwise(cells))
    return cells[0][0], cells[-1][0], max(column for _, column in cells), rows.count(b"<v>"), ordered


@given(PLACES)
def test_any_cells_are_where_a_plain_parser_finds_them(places):
    rows = xml(places)
    assert extent(rows) == (plainly(rows) if places else NOTHING)


@given(PLACES)
def test_cells_in_order_are_told_from_repeated_ones(places):
    ascending = sorted({(row, len(letters), letters) for letters, row in places})
    ordered = [(letters, row) for row, _, letters in ascending]
    if ordered:
        assert extent(xml(ordered)).ordered
        assert not extent(xml([*ordered, ordered[-1]])).ordered
        assert not extent(xml([ordered[0], *ordered])).ordered


@pytest.mark.parametrize("number", [9, 10, 99, 100, 999, 9999, 99_999, 1_048_575])
def test_rows_whose_numbers_grow_by_a_digit_are_in_order(number):
    places = [(letter, row) for row in (number, number + 1) for letter in ("A", "Z", "AA", "XFD")]
    assert extent(xml(places)) == (number, number + 1, 16384, 8, True)
    assert not extent(xml(places[4:] + places[:4])).ordered


def test_colours_and_texts_inside_cells_are_no_cells():
    rich = '<is><r><rPr><color rgb="1"/><charset val="1"/></rPr><t>&lt;c r="Z9"</t></r></is>'
    assert extent(xml([("A", 1), ("B", 1)], rich)) == (1, 1, 2, 2, True)


@pytest.mark.parametrize(
    "rows",
    [b"<row><c><v>1</v></c></row>", b"<row><c/></row>", b'<row><c s="1" r="A1"/></row>', b'<row><c r="a1"/></row>',
     b'<row><c r="1A"/></row>', b'<row><c r=""/></row>', b'<row><c r="ABCD1"/></row>', b'<row><c r="A1', b"<row><c "],
)  # fmt: skip
def test_cells_that_do_not_begin_with_their_place_are_left_to_a_parser(rows):
    with pytest.raises(Unusual):
        extent(rows)


def sheet(folder: Path, rows: str, head: str = "") -> Path:
    """A package with one sheet, of which nothing but its marks is asked."""
    path = folder / "x.xlsx"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "_rels/.rels", f'<R><Relationship Type="{relation}/officeDocument" Target="w.xml" Id="a"/></R>'
        )
        archive.writestr("w.xml", '<workbook xmlns:r="x"><sheets><sheet name="a" r:id="b"/></sheets></workbook>')
        archive.writestr(
            "_rels/w.xml.rels", f'<R><Relationship Type="{relation}/worksheet" Target="s.xml" Id="b"/></R>'
        )
        archive.writestr("s.xml", f"{head}<worksheet><sheetData>{rows}</sheetData></worksheet>")
    return path


@pytest.mark.parametrize("mark", ["<c ", '<c s="0" '], ids=["usual", "another order of attributes"])
@pytest.mark.parametrize(
    ("places", "repeated"),
    [("A1 B1 A2 B2", False), ("A1 B1 B1 A2", True), ("A1 A2 A1", True), ("B1 A1 A2", False), ("A3 B3 A1 B1", False),
     ("A1 B9 C1 A9 B9", True), ("A1 B1048576 C1", False)],
)  # fmt: skip
def test_two_cells_at_one_place_are_noticed_and_mere_disorder_is_not_refused(tmp_path, mark, places, repeated):
    rows = "".join(f'<row>{mark}r="{one}"><v>1</v></c></row>' for one in places.split())
    marks = xlsx_marks(sheet(tmp_path, rows), "a")
    assert marks.repeated is repeated
    numbers = [int(one.lstrip(string.ascii_uppercase)) for one in places.split()]
    assert (marks.rows, marks.columns) == (max(numbers), max(column_number(one[0]) + 1 for one in places.split()))
