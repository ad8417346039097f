"""Parts of workbooks are changed in places: what is not changed keeps its bytes, what names moved rows moves along."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yibiao.forms.workbook.markup import parse
from yibiao.forms.workbook.refs import Inserted, copied, span

ODD = b"""<?xml version="1.0" encoding="UTF-8" standalone='yes'?>
<!-- <not an element> --><x:sheet xmlns:x='u:x' a = "1 > 0"  b='"'><x:c r="A1"   s="2"/><x:c
 r="B1"><![CDATA[<x>&]]></x:c>&amp;&#65; <x:empty></x:empty><?do it?></x:sheet>
"""


def test_what_nobody_changes_keeps_its_bytes() -> None:
    assert parse(ODD).xml() == ODD


def test_only_what_is_changed_is_written_anew() -> None:
    document = parse(ODD)
    first, second, *_ = document.root.children
    assert (first.name, first.prefix, first.get("r"), first.get("none")) == ("c", "x:", "A1", "")
    assert second.text == "<x>&"
    assert document.root.get("a") == "1 > 0"
    first.set("r", 'A"2')
    first.set("s", None)
    first.set("t", "n")
    assert document.xml() == ODD.replace(b'r="A1"   s="2"/', b'r="A&quot;2"   t="n"/')
    second.write("1 < 2")
    assert b">1 &lt; 2</x:c>" in document.xml()


@pytest.mark.parametrize("xml", [b"<a><b></a>", b"<a", b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', b"", b"\xff<a/>"])
def test_what_is_no_xml_or_declares_entities_is_refused(xml: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(xml)


def test_utf_16_is_read_as_what_it_says() -> None:
    document = parse('<?xml version="1.0" encoding="UTF-16"?><a b="甲"/>'.encode("utf-16"))
    assert document.root.get("b") == "甲"
    assert b'encoding="UTF-8"' in document.xml()


PUT_IN = Inserted("表", 9, 5)
"""Five rows after row 9 of a sheet whose table ends there."""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("SUM(D5:D9)", "SUM(D5:D14)"),
        ("SUM($D$5:$D$9)/D10", "SUM($D$5:$D$14)/D15"),
        ("D9+D4", "D9+D4"),
        ("SUM(D5:D8)", "SUM(D5:D8)"),
        ("SUM(D:D)+SUM(5:9)", "SUM(D:D)+SUM(5:14)"),
        ("其他!D10+表!D10+'表'!$D$10", "其他!D10+表!D15+'表'!$D$15"),
        ('IF(A10="D10",LOG10(B10),"")', 'IF(A15="D10",LOG10(B15),"")'),
        ("Rate_10+D10", "Rate_10+D15"),
        ("SUM(D5:D9 A10:B12)", "SUM(D5:D14 A15:B17)"),
    ],
)
def test_formulas_move_as_when_a_clerk_inserts_rows(before: str, after: str) -> None:
    assert PUT_IN.formula(before, "表") == after


def test_a_formula_of_another_sheet_names_its_own_rows() -> None:
    assert PUT_IN.formula("D10+表!D10", "其他") == "D10+表!D15"


def test_a_row_of_the_table_speaks_of_itself() -> None:
    assert PUT_IN.formula("SUM(B9:D9)+$F$10", "表", inside=True) == "SUM(B9:D9)+$F$15"
    assert PUT_IN.formula("RANK(B9,$B$5:$B$9)", "表", inside=True) == "RANK(B9,$B$5:$B$14)"


def test_ranges_that_end_with_the_table_grow_and_merged_cells_do_not() -> None:
    assert PUT_IN.ranges("D5:D9 A10 B12:C12") == "D5:D14 A15 B17:C17"
    assert PUT_IN.ranges("B9:C9", grow=False) == "B9:C9"


@given(st.integers(1, 500), st.integers(1, 500), st.integers(0, 300), st.booleans())
def test_a_copied_formula_keeps_what_is_fixed(row: int, other: int, by: int, fixed: bool) -> None:
    sign = "$" if fixed else ""
    moved = other if fixed else other + by
    assert copied(f"A{row}*'甲 乙'!C{sign}{other}", by) == f"A{row + by}*'甲 乙'!C{sign}{moved}"


@given(st.integers(1, 100), st.integers(1, 100), st.integers(0, 50), st.integers(0, 50))
def test_rows_put_in_at_once_or_one_after_the_other_move_the_same(row: int, last: int, one: int, other: int) -> None:
    at_once = Inserted("表", last, one + other).row(row)
    assert Inserted("表", last + one, other).row(Inserted("表", last, one).row(row)) == at_once


def test_a_range_is_read_as_rows_and_columns() -> None:
    assert span("$B$5:AA7") == (4, 1, 6, 26)
    assert span("C3") == (2, 2, 2, 2)
    with pytest.raises(ValueError, match="no reference"):
        span("C")


def test_what_is_no_formula_is_said() -> None:
    with pytest.raises(ValueError, match="no formula"):
        copied('SUM("A1', 1)
