"""Form files that cannot be understood: a clear error each, nothing executed, no value shown."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from own_workbooks import draw_own_form, picture
from word_documents import cell, paragraph, table, write_docx
from yibiao.cli.root import root
from yibiao.errors import DeliveryError
from yibiao.matching.documents import DEEPEST
from yibiao.matching.reading import read_form


def refused(path: Path) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        read_form(path)
    error = caught.value
    assert error.where == path.name
    assert error.expected or error.todo
    return error


def an_encrypted_file(path: Path) -> Path:
    """An OLE container as Office writes it for a password: the smallest with a stream EncryptedPackage."""
    import struct

    sector = 512
    fat = struct.pack("<I", 0xFFFFFFFD) + struct.pack("<I", 0xFFFFFFFE) + struct.pack("<I", 0xFFFFFFFF) * 126
    header = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", 0xFFFFFFFF) * 108

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        raw = name.encode("utf-16-le") + b"\0\0"
        data = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw), kind, 1)
        data += struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child) + b"\0" * 36
        return data + struct.pack("<IQ", start, size)

    folder = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("EncryptedPackage", 2, 0xFFFFFFFF, 0xFFFFFFFE, 0)
    path.write_bytes(bytes(header) + fat + folder.ljust(sector, b"\0"))
    return path


def test_a_password_is_told(tmp_path):
    error = refused(an_encrypted_file(tmp_path / "表.xlsx"))
    assert "password" in error.what


@pytest.mark.parametrize("place", range(24, 76, 4))
def test_a_damaged_header_of_an_old_workbook_is_told(tmp_path, place):
    path = an_encrypted_file(tmp_path / "表.xls")
    content = bytearray(path.read_bytes())
    content[place : place + 4] = b"\xfe\xff\x7f\x7f"
    path.write_bytes(content)
    refused(path)


def test_an_empty_file_a_picture_and_a_web_page(tmp_path):
    empty, picture, page = (tmp_path / name for name in ("空.xlsx", "图.docx", "页.xls"))
    empty.write_bytes(b"")
    page.write_bytes(b"<html><body><table></table></body></html>")
    write_docx(picture, "<w:p><w:r><w:drawing/></w:r></w:p>", paragraph("居民信息登记表"))
    assert "empty" in refused(empty).what
    assert "picture" in refused(picture).got
    refused(page)


def test_a_workbook_without_any_header(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"] = 1
    path = tmp_path / "空表.xlsx"
    book.save(path)
    assert "No form" in refused(path).what


def test_a_workbook_that_was_cut_off(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"] = "姓名"
    path = tmp_path / "断.xlsx"
    book.save(path)
    path.write_bytes(path.read_bytes()[:-400])
    refused(path)


def test_a_document_that_is_damaged_or_a_bomb(tmp_path):
    whole = write_docx(tmp_path / "甲.docx", table([["姓名", "性别"], ["", ""]]))
    broken = tmp_path / "乙.docx"
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("word/document.xml", zipfile.ZipFile(whole).read("word/document.xml")[:-30])
    laughs = write_docx(tmp_path / "丙.docx", table([["姓名"]]), head="<!DOCTYPE x [<!ENTITY a 'ha'>]>")
    deep = table([["姓名"]])
    for _ in range(DEEPEST + 2):
        deep = table([[cell("x", inner=deep)]])
    for path in (broken, laughs, write_docx(tmp_path / "丁.docx", deep)):
        assert "cannot be read" in refused(path).what


def test_an_archive_or_another_kind_is_no_form(tmp_path):
    path = tmp_path / "包.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "姓名")
    assert "no form" in refused(path).what


def test_macros_are_never_executed(tmp_path):
    """A workbook with a macro project is read like any other: the part with the code is not opened."""
    book = openpyxl.Workbook()
    for column, header in enumerate(("姓名", "性别", "民族"), start=1):
        book.active.cell(1, column, header)
    path = tmp_path / "宏.xlsm"
    book.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\x00not a real project")
    (form,) = read_form(path)
    assert [one.label for one in form.fields] == ["姓名", "性别", "民族"]


def test_pictures_shapes_and_charts_of_a_form_are_left_alone(tmp_path):
    """`form check` of a workbook with seal, shape, chart and macros says what it says of the form without."""
    drawn = draw_own_form(tmp_path / "走访表.xlsm", macros=True)
    with zipfile.ZipFile(drawn) as archive:
        assert any(name.startswith("xl/media/") for name in archive.namelist())
        assert any(name.endswith("vbaProject.bin") for name in archive.namelist())
    # openpyxl keeps of a formula either itself or what it gave; a check has to see that it is one.
    book = openpyxl.load_workbook(drawn)
    for sheet in book.worksheets:
        sheet._images, sheet._charts = [], []
    plain = tmp_path / "plain" / "走访表.xlsx"
    plain.parent.mkdir()
    book.save(plain)
    with zipfile.ZipFile(plain) as archive:
        assert not any(name.startswith(("xl/media/", "xl/charts/")) for name in archive.namelist())

    def checked(path):
        result = CliRunner().invoke(root, ["form", "check", str(path), "--json"])
        assert result.exit_code == 0, result.stderr
        return [one for one in json.loads(result.stdout) if one["sheet"] == "登记表"]

    told = checked(drawn)
    assert len(told) > 5
    assert told == checked(plain)


def test_a_form_that_is_a_picture_in_a_workbook_is_refused_in_chinese(tmp_path):
    import xlsxwriter

    path = tmp_path / "照片.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("表").insert_image(0, 0, "seal.png", {"image_data": io.BytesIO(picture())})
    assert "picture" in refused(path).todo
    result = CliRunner().invoke(root, ["form", "check", str(path)])
    assert result.exit_code == 1
    assert "表单是图片的，请把栏目打进表格" in result.stderr.splitlines()[0]


def test_formulas_and_wrong_dates_in_cells_do_no_harm(tmp_path):
    book = openpyxl.Workbook()
    for column, header in enumerate(("姓名", "出生日期", "合计金额"), start=1):
        book.active.cell(1, column, header)
    for row in range(2, 8):
        book.active.cell(row, 1, "甲")
        book.active.cell(row, 2, "2026-02-31")
        book.active.cell(row, 3, '=HYPERLINK("http://example.org","x")')
    path = tmp_path / "表.xlsx"
    book.save(path)
    (form,) = read_form(path)
    assert len(form.fields) == 3


def test_deleted_text_of_a_document_is_not_read(tmp_path):
    gone = "<w:tc><w:p><w:del><w:r><w:delText>旧表头</w:delText></w:r></w:del><w:r><w:t>姓名</w:t></w:r></w:p></w:tc>"
    path = write_docx(tmp_path / "改.docx", table([[gone, "性别", "民族"], ["", "", ""]]))
    (form,) = read_form(path)
    assert [one.label for one in form.fields] == ["姓名", "性别", "民族"]


def test_the_command_prints_the_error_and_no_traceback(tmp_path):
    path = tmp_path / "空.xlsx"
    path.write_bytes(b"")
    result = CliRunner().invoke(root, ["form", "check", str(path)])
    assert result.exit_code == 1
    assert "to do" in result.output
    assert "Traceback" not in result.output


def test_rows_of_a_register_without_headers_are_no_form(tmp_path):
    book = openpyxl.Workbook()
    for place, name in enumerate(("甄建设", "陆文", "欧阳小红")):
        book.active.append([name, f"99990119900101{place:03d}X", f"1390000000{place}", f"2020-0{place + 1}-31"])
    path = tmp_path / "名册.xlsx"
    book.save(path)
    result = CliRunner().invoke(root, ["form", "check", str(path)])
    assert result.exit_code == 1
    assert "没有找到表头" in result.stderr
    assert path.name in result.stderr
    assert "甄建设" not in result.output


@pytest.mark.parametrize("ending", ["xlsx", "xls", "docx"])
def test_text_under_the_name_of_a_workbook_is_told(tmp_path, ending):
    path = tmp_path / f"表.{ending}"
    path.write_text("hello")
    assert ending in refused(path).expected
    # What a system exports under that name, with columns, is a template all the same.
    path.write_text("姓名\t身份证号\t联系电话\n", encoding="gb18030")
    assert [one.label for table in read_form(path) for one in table.fields] == ["姓名", "身份证号", "联系电话"]
