"""Cells of a review list that a spreadsheet program leaves as they are."""

from __future__ import annotations

import pytest

from yibiao.identity.review_file import safe


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://example.invalid","x")',
        "+86 13800000000",
        "-1",
        "@SUM(A1)",
        "＝1+1",
        "\t=1",
        "999901198001011212",
        "0571",
        "12E45",
        "3-2",
        "2026-01",
        "1990.10",
        "3/2",
    ],
)
def test_what_might_be_a_formula_or_be_shortened_has_an_apostrophe(text: str) -> None:
    assert safe(text) == f"'{text.strip()}"


@pytest.mark.parametrize("text", ["张三", "1990-01-02", "13800000000", "99990119800101121X", "3幢2单元501室", "无", ""])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert safe(text) == text


def test_a_cell_has_one_line_and_reads_in_one_direction() -> None:
    assert safe("张\r\n三\u202e丰\u3000") == "张 三 丰"
    assert safe("\x00=1") == "'=1"
    assert len(safe("字" * 40_000)) == 32_767
