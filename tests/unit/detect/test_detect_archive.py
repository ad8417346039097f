"""Packed files without a contract: every member is a file of its own."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

from yibiao.detect.file import detect
from yibiao.errors import DeliveryError

CSV = "编号,姓名,日期\n1,张三,2026-01-05\n2,李四,2026-01-06\n3,王五,2026-01-07\n".encode()


@pytest.mark.parametrize("name", ["a.zip", "a.dat"])
def test_every_member_of_a_zip_file_is_understood(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("三月/名册.csv", CSV)
        archive.writestr("三月/名册.json", '[{"编号": 1}, {"编号": 2}]')
        archive.writestr("图.pdf", b"%PDF-1.7")
        archive.writestr("b.csv.gz", gzip.compress(CSV))
    found = detect(path)
    assert [(one.name, one.format, one.rows.num_rows) for one in found] == [
        ("三月/名册.csv", "csv", 3),
        ("三月/名册.json", "json", 2),
        ("b.csv.gz/b.csv", "csv", 3),
    ]
    assert found[0].headers == ("编号", "姓名", "日期")


def test_a_gz_file_is_its_one_member(tmp_path: Path) -> None:
    path = tmp_path / "名册.csv.gz"
    path.write_bytes(gzip.compress(CSV))
    (found,) = detect(path, limit=2)
    assert (found.name, found.format, found.rows.num_rows) == ("名册.csv", "csv", 2)


def test_an_archive_without_a_table_says_why(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("图.pdf", b"%PDF-1.7")
    with pytest.raises(DeliveryError, match="PDF"):
        detect(path)


def test_an_archive_that_plays_tricks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../名册.csv", CSV)
    with pytest.raises(DeliveryError, match="leads out"):
        detect(path)
