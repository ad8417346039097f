"""A table of people and places, and everything that happens to such a table on its way into a text file."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

HEADERS = ("登记日期", "公民身份号码", "姓名", "补贴金额", "住址", "备注")

_SURNAMES, _GIVEN = "王李张刘陈杨赵黄周吴", ("秀英", "伟", "建国", "小红", "志强", "桂兰", "国庆", "丽")
_REMARKS = ("", "", "低保户, 独居", "电话无人接听", "", '门牌为"甲3"')


def people(count: int = 60, seed: int = 1) -> list[tuple[str, ...]]:
    """Rows below `HEADERS`; the division code 999901 belongs to nobody."""
    dice = random.Random(seed)
    rows = []
    for number in range(count):
        rows.append(
            (
                f"2026-01-{number % 28 + 1:02}",
                f"9999011970{number % 12 + 1:02}{number % 28 + 1:02}{number:04}",
                dice.choice(_SURNAMES) + dice.choice(_GIVEN),
                f"{dice.randrange(100, 900)}.{dice.randrange(10)}0",
                f"示范路{dice.randrange(1, 99)}号{dice.randrange(1, 9)}单元{dice.randrange(101, 999)}室",
                dice.choice(_REMARKS),
            )
        )
    return rows


@dataclass(frozen=True)
class Written:
    """How a table is written."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    end: str = "\r\n"

    def line(self, cells: Sequence[str]) -> str:
        """One record with its end."""
        return self.delimiter.join(map(self.cell, cells)) + self.end

    def cell(self, text: str) -> str:
        """One cell, in quotes where it needs them."""
        if not any(mark and mark in text for mark in (self.delimiter, self.quote, "\n")):
            return text
        return self.quote + text.replace(self.quote, (self.escape or self.quote) + self.quote) + self.quote

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] | None = HEADERS) -> str:
        """Header and rows."""
        return "".join(map(self.line, [header, *rows] if header else rows))


Change = Callable[[str], str]


def in_line(place: int, change: Change) -> Change:
    """The same change in one line of a text (0 is the header)."""

    def run(text: str) -> str:
        lines = text.splitlines(keepends=True)
        lines[place] = change(lines[place].rstrip("\r\n")) + "\r\n"
        return "".join(lines)

    return run
