"""What whoever sent a form back is told of it: in Chinese, with the places of cells, and no value of anybody."""

from __future__ import annotations

from pathlib import Path

from yibiao.errors import FormError
from yibiao.forms.collect.compare import OUTCOMES
from yibiao.forms.collect.reply import (
    ENDING,
    OTHERWISE,
    OUTCOME_NAMES,
    ReturnRefused,
    refused_lines,
    reply,
    said_of,
    write_replies,
)
from yibiao.forms.collect.run import REFUSED_FILE, REPEATED, TAKEN, Collected

TITLES = {"health.child_0_3": "0—3 岁儿童登记表"}
CELLS = {"unchanged": 8, "confirmed": 2, "corrected": 1, "new": 1, "refused": 1, "blank": 3}


def taken() -> Collected:
    return Collected(
        *("甲.xlsx", TAKEN, "health.child_0_3", "999901001001", "2026-03-abc"),
        *(2, 1, CELLS, 1, "", (("C5", "出生日期", "不是有效的出生日期：请核对格式、位数和选项"),)),
        notes=("文件里有宏：没有执行，内容照常读取",),
    )


def test_a_reply_says_what_was_taken_and_which_cells_to_mend() -> None:
    said = reply(taken(), TITLES)
    for words in (
        "0—3 岁儿童登记表",
        "已核对 2 格",
        "不采用 1 格",
        "十个工作日",
        "C5 出生日期：不是有效的",
        "没有执行",
    ):
        assert words in said
    assert "health." not in said


def test_every_outcome_of_a_cell_has_a_name() -> None:
    assert set(OUTCOME_NAMES) == set(OUTCOMES)


def test_a_refused_file_is_told_why_and_a_repeated_one_that_it_is_there_already() -> None:
    error = ReturnRefused("The file is damaged.", said="文件损坏，打不开", where="乙.xlsx")
    refused = Collected("乙.xlsx", REFUSED_FILE, error=error.as_dict(), said=said_of(error))
    assert "退回，整份没有采用。文件损坏，打不开。" in reply(refused, TITLES)
    assert "damaged" not in reply(refused, TITLES)
    assert "已经收过" in reply(Collected("丙.xlsx", REPEATED), TITLES)
    # What nobody put into Chinese is refused in Chinese all the same.
    assert said_of(FormError("Something else.")) == OTHERWISE


def test_what_is_wrong_with_whole_rows_is_said_once() -> None:
    """A community that was sent the wrong sheet reads one line, and not six hundred."""
    strange, none = "不是本社区这张表里的行，没有采用", "不是有效的性别"
    rows = [(f"{letter}{row}", "栏", strange) for row in (9, 10, 11, 14) for letter in "BCD"]
    cells = [("B12", "性别", none), ("C12", "民族", strange), ("D12", "姓名", strange), ("AB13", "性别", none)]
    assert refused_lines([*rows, *cells]) == [
        f"第 9—11 行（9 格）：{strange}",
        f"B12 性别：{none}",
        f"C12 民族：{strange}",
        f"D12 姓名：{strange}",
        f"AB13 性别：{none}",
        f"第 14 行（3 格）：{strange}",
    ]


def test_two_reasons_one_below_the_other_are_two() -> None:
    lines = [(f"{letter}{row}", "栏", f"理由{row}") for row in (4, 5) for letter in "BCD"]
    assert refused_lines(lines) == ["第 4 行（3 格）：理由4", "第 5 行（3 格）：理由5"]


def test_replies_to_files_of_one_name_are_two(tmp_path: Path) -> None:
    one, other = write_replies([taken(), taken()], TITLES, tmp_path / "replies")
    assert (one.name, other.name) == (f"甲.xlsx{ENDING}", f"甲.xlsx.2{ENDING}")
    assert one.read_bytes().startswith(b"\xef\xbb\xbf")  # else a Chinese Windows takes it for GBK
