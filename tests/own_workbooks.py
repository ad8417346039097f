"""A form as a department draws it in Excel, with all that must survive: pictures, shapes, charts, macros, rules."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

MACRO = b"\xd0\xcf\x11\xe0 a macro that nobody runs"
TITLE = "社区常住人口走访登记表"
PREPARED = 6
"""Blank rows of the form."""

FIRST = 6
"""The first of them, 1-based, as Excel counts."""


def picture(colour: bytes = b"\xc0\x30\x30") -> bytes:
    """A small PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + colour * 12 for _ in range(12))
    head = struct.pack(">IIBBBBB", 12, 12, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def draw_own_form(path: Path, *, macros: bool = False, foot: bool = True, prepared: int = PREPARED) -> Path:
    """Write the department's workbook.

    Row 1 an annex number, 2 the title, 3 who fills it in, 4 and 5 headers, then blank rows, a total, notes, a chart.
    Columns: number, name, citizen number, sex (own drop-down), birth date (a day), age by formula, dwelling area, a
    share of the total by formula, plate number, which nobody has.
    """
    import xlsxwriter

    last = FIRST - 1 + prepared
    with xlsxwriter.Workbook(path) as book:
        if macros:
            book.add_vba_project(io.BytesIO(MACRO), is_stream=True)
        sheet: Any = book.add_worksheet("登记表")
        codes: Any = book.add_worksheet("代码")
        centre = book.add_format({"align": "center", "bold": True, "font_size": 16, "font_name": "黑体"})
        head = book.add_format({"border": 1, "bold": True, "text_wrap": True, "bg_color": "#D9D9D9"})
        cell = book.add_format({"border": 1, "font_color": "#1F3864"})
        day = book.add_format({"border": 1, "num_format": "yyyy/m/d"})
        number = book.add_format({"border": 1, "num_format": "#,##0.00"})
        share = book.add_format({"border": 1, "num_format": "0.0%"})
        red = book.add_format({"font_color": "#FF0000"})
        sheet.write("A1", "附件3")
        sheet.merge_range("A2:I2", TITLE, centre)
        sheet.write_rich_string("A3", "填报单位：", red, "（盖章）")
        sheet.merge_range("A4:A5", "序号", head)
        sheet.merge_range("B4:E4", "基本信息", head)
        for column, text in enumerate(("姓名", "公民身份号码", "性别", "出生日期"), start=1):
            sheet.write(4, column, text, head)
        sheet.merge_range("F4:F5", "周岁", head)
        sheet.merge_range("G4:G5", "住房建筑面积（平方米）", head)
        sheet.merge_range("H4:H5", "占比", head)
        sheet.merge_range("I4:I5", "车牌号码", head)
        sheet.write_comment("G4", "按房产证填写", {"author": "住建局"})
        formats = (cell, cell, cell, cell, day, cell, number, share, cell)
        for row in range(FIRST - 1, last):
            sheet.set_row(row, 21)
            for column, one in enumerate(formats):
                sheet.write_blank(row, column, None, one)
            line = row + 1
            sheet.write_formula(row, 5, f'=IF(E{line}="","",DATEDIF(E{line},TODAY(),"y"))', cell)
            if foot:
                sheet.write_formula(row, 7, f"=IF($G${last + 1}=0,0,G{line}/$G${last + 1})", share)
        if prepared:
            sheet.data_validation(FIRST - 1, 3, last - 1, 3, {"validate": "list", "source": ["男", "女"]})
            rule = {"type": "cell", "criteria": ">", "value": 200, "format": red}
            sheet.conditional_format(FIRST - 1, 6, last - 1, 6, rule)
        if foot:
            sheet.write(last, 0, "合计", head)
            sheet.write_formula(last, 6, f"=SUM(G{FIRST}:G{last})", number)
            sheet.merge_range(last + 1, 0, last + 1, 8, "注：一人一行。", cell)
            sheet.write(last + 2, 0, "填表人：")
            sheet.insert_image(last + 3, 1, "seal.png", {"image_data": io.BytesIO(picture())})
            sheet.insert_textbox(last + 3, 4, "复印无效")
            chart = book.add_chart({"type": "column"})
            chart.add_series({"values": f"=登记表!$G${FIRST}:$G${last}"})
            sheet.insert_chart(last + 8, 1, chart)
        sheet.insert_image("H1", "logo.png", {"image_data": io.BytesIO(picture(b"\x30\x30\xc0"))})
        sheet.set_column(1, 1, 14)
        sheet.set_column(2, 2, 24)
        sheet.set_landscape()
        sheet.print_area(0, 0, last + 2, 8)
        sheet.repeat_rows(3, 4)
        sheet.set_footer("&C第 &P 页")
        codes.write_column("A1", ["说明：代码表", "男", "女"])
        if foot:
            codes.write_formula("C1", f"=登记表!G{last + 1}")
            book.define_name("总面积", f"=登记表!$G${last + 1}")
    return path


def parts_of(path: Path) -> dict[str, bytes]:
    """The parts of a workbook, unpacked."""
    with zipfile.ZipFile(path) as archive:
        return {one: archive.read(one) for one in archive.namelist()}
