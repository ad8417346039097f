"""Cells of ODS: what one sees in them is what is read, whatever their type says and wherever calamine sees nothing."""

from __future__ import annotations

import datetime
import functools
from pathlib import Path

import pytest
from made_columns import column
from sheet_reading import read_book

from workbooks import Raw, Sheet, Shown, write
from yibiao.ingest.readers.spreadsheet_book import Book

HEADER = ["编号", "姓名", "内容"]
COLUMNS = (column("code", "编号", key=True), column("person", "姓名"), column("what", "内容"))


@pytest.fixture
def take(tmp_path: Path):
    return functools.partial(read_book, "ods", tmp_path)


def seen(take, cell, what_type: str = "text") -> str:
    columns = (*COLUMNS[:2], column("what", "内容", what_type))
    found = take([HEADER, ["01", "张三", cell], ["02", "李四", "乙"]], columns)
    assert found.broken == []
    assert [row[0] for row in found.rows] == ["01", "02"]
    return found.rows[0][2]


FLOAT = 'office:value-type="float" office:value='


@pytest.mark.parametrize(
    ("attributes", "content", "text"),
    [
        ('office:value-type="percentage" office:value="0.125"', "<text:p>12.50%</text:p>", "0.125"),
        ('office:value-type="currency" office:value="1234.5"', "<text:p>￥1,234.50</text:p>", "1234.5"),
        (f'{FLOAT}"0.5"', "<text:p>1/2</text:p>", "0.5"),
        ('office:value-type="date" office:date-value="1987-03-05"', "<text:p>87年3月</text:p>", "1987-03-05"),
        ('office:value-type="time" office:time-value="PT08H30M00S"', "<text:p>8:30</text:p>", "08:30:00"),
        ('office:value-type="boolean" office:boolean-value="true"', "<text:p>真</text:p>", "TRUE"),
        ('office:value-type="string"', "<text:p>甲</text:p><text:p>乙</text:p>", "甲\n乙"),
        ('office:value-type="string"', "<text:p>东区<text:line-break/>一号</text:p>", "东区\n一号"),
        ('office:value-type="string"', "<text:p>东区<text:tab/>一<text:s text:c='2'/>号</text:p>", "东区\t一  号"),
        (
            'office:value-type="string"',
            "<text:p>东<text:span>区</text:span><text:line-break/>一号</text:p>",
            "东区\n一号",
        ),
        ('office:value-type="string" office:string-value="甲"', "<text:p>乙<text:tab/></text:p>", "甲"),
        ('office:value-type="string"', "\n  <text:p>甲<text:tab/></text:p>\n  <text:p>乙</text:p>\n", "甲\t\n乙"),
        ("", "<text:p>没有类型</text:p>", "没有类型"),
        ('calcext:value-type="string"', "<text:p>没有类型</text:p>", "没有类型"),
        ('office:value-type="date"', "<text:p>1987-03-05</text:p>", "1987-03-05"),
        ('office:value-type="float"', "<text:p>12</text:p>", "12"),
        ("", "<office:annotation><text:p>批注</text:p></office:annotation><text:p>甲</text:p>", "甲"),
        ("", "<office:annotation><text:p>批注</text:p></office:annotation>", ""),
        (
            f'{FLOAT}"3"',
            "<office:annotation><text:p>批<text:tab/>注</text:p></office:annotation><text:p>3</text:p>",
            "3",
        ),
        ("", "<text:p>甲</text:p><draw:frame><text:p>图</text:p></draw:frame>", "甲"),
    ],
)
def test_what_stands_in_a_cell_is_read(take, attributes: str, content: str, text: str) -> None:
    assert seen(take, Raw(attributes, content)) == text


def test_numbers_as_their_formats_show_them_agree_with_xlsx(tmp_path: Path) -> None:
    columns = (*COLUMNS[:2], column("what", "内容", "decimal"))
    cells = [Shown(0.125, "0.00%"), Shown(1234.5, "￥#,##0.00"), Shown(7, "0000"), datetime.date(2020, 3, 1)]
    rows = [HEADER, *([f"0{n}", Shown(12, "000000"), cell] for n, cell in enumerate(cells))]
    found = [read_book(kind, tmp_path, rows, columns) for kind in ("ods", "xlsx")]
    assert found[0].rows == found[1].rows
    assert found[0].reading.repairs == found[1].reading.repairs
    assert [row[1:] for row in found[0].rows] == [
        ["000012", text] for text in ("0.125", "1234.5", "0007", "2020-03-01")
    ]


def test_leading_zeros_by_a_style_of_the_column_or_row_or_of_a_parent(tmp_path: Path) -> None:
    import zipfile

    path = write(tmp_path / "a.ods", {"表": Sheet([["编号", "又", "再"], [Shown(7, "0000"), 8, 9], [10, 11, 12]])})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    content = parts["content.xml"].decode()
    heir = '<style:style style:name="heir" style:family="table-cell" style:parent-style-name="ce4"/></office:automatic-'
    content = content.replace("</office:automatic-", heir, 1)
    content = content.replace("<table:table-column/><table:table-column/>", "<table:table-column/>", 1)
    content = content.replace(
        "<table:table-column/>", '<table:table-column/><table:table-column table:default-cell-style-name="heir"/>', 1
    )
    rows = content.split("<table:table-row>")
    rows[3] = rows[3].replace("<table:table-cell", '<table:table-cell table:style-name="plain"', 1)
    rows[3] = "<table:table-row table:default-cell-style-name='heir'>" + rows[3]
    parts["content.xml"] = ("<table:table-row>".join(rows[:3]) + rows[3] + "".join(rows[4:])).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    book = Book(path, "a.ods")
    assert book.grid(book.sheets[0]).padded == {0: {1: 4}, 1: {1: 4, 2: 4}, 2: {2: 4}}


def test_days_count_from_1904_where_the_workbook_says_so(take) -> None:
    columns = (*COLUMNS[:2], column("what", "内容", "date"))
    rows = [HEADER, ["01", "张三", 42429], ["02", "李四", datetime.date(2020, 3, 1)]]
    assert [row[2] for row in take(rows, columns, since_1904=True).rows] == ["2020-03-01", "2020-03-01"]
    assert [row[2] for row in take([HEADER, ["01", "张三", 43891]], columns).rows] == ["2020-03-01"]


def test_the_table_grows_where_calamine_sees_no_cells(tmp_path: Path) -> None:
    loose = [[Raw("", f"<text:p>{row}{column}</text:p>") for column in "甲乙丙"] for row in "一二三"]
    path = write(tmp_path / "a.ods", {"表": Sheet(loose)})
    book = Book(path, "a.ods")
    grid = book.grid(book.sheets[0])
    assert [grid.row(row) for row in range(grid.height)] == [
        [f"{row}{column}" for column in "甲乙丙"] for row in "一二三"
    ]
    assert book.grid(book.sheets[0], 2).height == 2
    for place in ((0, 0), (1, 1), (2, 2), (2, 0)):
        rows = [list(row) for row in loose]
        rows[place[0]][place[1]] = 5  # type: ignore[call-overload]
        path = write(tmp_path / f"{place[0]}{place[1]}.ods", {"表": Sheet(rows)})
        book = Book(path, "b.ods")
        grid = book.grid(book.sheets[0])
        wanted = [[f"{row}{column}" for column in "甲乙丙"] for row in "一二三"]
        wanted[place[0]][place[1]] = "5"
        assert [grid.row(row) for row in range(grid.height)] == wanted
        assert [None if kinds is None else kinds.tolist() for kinds in grid.kinds] == [
            [int(row == place[0]) for row in range(3)] if column == place[1] else None for column in range(3)
        ]
