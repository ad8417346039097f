"""Text made to cost: very wide, very long, full of quotation marks; looked at in bounded work, and never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from yibiao.detect import text_records, text_repair, text_table
from yibiao.detect.text import detect_tables, detect_text
from yibiao.detect.text_repair import Repairer
from yibiao.detect.text_shape import learn
from yibiao.detect.text_split import LONGEST, STEPS, Dialect


def table(path: Path, width: int, *lines: str, quoted: bool = False) -> Path:
    """A header, 30 rows and these lines."""
    mark = '"' if quoted else ""
    good = [",".join(f"{mark}{place * number % 97}{mark}" for place in range(width)) for number in range(30)]
    text = "\n".join([",".join(f"列{chr(0x4E00 + place)}" for place in range(width)), *good, *lines, good[0]])
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_of_five_hundred_quoted_cells_with_a_stray_quote_is_held_with_its_cells(tmp_path):
    cells = [f'"{place % 97}"' for place in range(500)]
    cells[250] = '"1"5"'
    found = detect_text(table(tmp_path / "wide.csv", 500, ",".join(cells), quoted=True))
    assert (len(found.headers), found.rows.num_rows) == (500, 31)
    (held,) = found.held
    assert held.rule == "row.quote"
    assert held.proposal is None or held.proposal[250] == '1"5'


def test_a_row_of_twice_as_many_cells_as_three_hundred_columns_is_held_unexplained(tmp_path):
    found = detect_text(table(tmp_path / "long.csv", 300, ",".join(map(str, range(600)))))
    assert [(one.rule, one.proposal) for one in found.held] == [("row.columns", None)]
    assert found.rows.num_rows == 31


@pytest.mark.parametrize("line", ["," * 300_000, '"' * 300_000, "x" * 300_000, '"x",' * 70_000 + '"'])
def test_a_very_long_line_is_one_held_row(tmp_path, line):
    found = detect_text(table(tmp_path / "long.csv", 5, line))
    assert (len(found.headers), found.rows.num_rows) == (5, 31)
    assert len(found.held) + found.left_out.get("blank", 0) == 1


def test_a_line_with_more_cells_than_any_table_has_is_never_taken_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(text_records, "CELLS", 100)
    found = detect_text(table(tmp_path / "long.csv", 5, ",".join("x" * 101)))
    assert [(one.rule, one.raw, one.proposal) for one in found.held] == [("row.columns", ",".join("x" * 101), None)]


@pytest.mark.parametrize("text", ['"' * 20_000, '"a""b' * 4000, 'a"' * 10_000, '"a","' * 4000])
def test_the_search_for_ways_ends(text):
    found = Dialect(",").search(text)
    assert found.steps <= STEPS + len(text)
    assert not Dialect(",").search("x" * (LONGEST + 1)).whole


def test_quotes_that_are_text_are_only_believed_after_every_other_reading(monkeypatch):
    repairer = Repairer(Dialect(","), learn([["12", f'{number}" 管'] for number in range(20)], 2))
    assert repairer.plain('13,5" 管') == ["13", '5" 管']
    monkeypatch.setattr(text_repair.Dialect, "search", lambda self, text: _Unfinished())
    assert repairer.plain('13,5" 管') is None


class _Unfinished:
    ways = ()
    whole = False


def test_a_table_with_many_broken_rows_gets_proposals_for_the_first(monkeypatch):
    monkeypatch.setattr(text_repair, "TABLE_STEPS", 200)
    repairer = Repairer(Dialect(","), learn([[f"{number}", f"A-{number}", "x"] for number in range(30)], 3))
    found = [repairer.propose(f"{number},A-{number},,x") for number in range(30)]
    assert found[0] is not None
    assert found[0].cells == ("0", "A-0", "x")
    assert found[-1] is None


def test_a_header_that_comes_again_and_again_costs_little_each_time(tmp_path, monkeypatch):
    looked: list[int] = []
    look = text_table.Source.look
    monkeypatch.setattr(text_table.Source, "look", lambda self, count: looked.append(count) or look(self, count))
    path = tmp_path / "pages.csv"
    path.write_text("编号,姓名,金额\n" + "1,张三,5\n2,李四,6\n\n编号,姓名,金额\n" * 60, encoding="utf-8")
    assert sum(table.rows.num_rows for table in detect_tables(path)) == 120
    assert looked.count(text_table.LOOK) == text_table.MANY
    assert looked.count(text_table.LOOK_LATER) >= 40
