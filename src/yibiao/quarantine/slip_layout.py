"""How a return slip looks: fonts and colours of its cells, widths of its columns, its printed pages."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

GOOD, CHECK, BAD = "good", "check", "bad"
"""What a cell of the sender's is on the slip: in order; to be looked at, because its row is wrong; wrong itself."""

_COLOURS = {CHECK: "#FFEB9C", BAD: "#FFC7CE"}

NARROWEST, WIDEST = 8, 40
"""Widths of columns, in half-width characters; a longer text is wrapped."""

LOOKED_AT = 2_000
"""Rows by which a column's width is chosen."""


class Styles:
    """The formats of one workbook, each made when it is first needed."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._base = {"font_name": "宋体", "font_size": 11, "valign": "top"}
        header = {**self._base, "bold": True, "border": 1, "text_wrap": True}
        self.title = self._made(bold=True, font_size=16)
        self.plain = self._made()
        self.wrapped = self._made(text_wrap=True)
        self.boxed = self._made(text_wrap=True, border=1)
        self.bold = self._made(bold=True)
        self.header = workbook.add_format({**header, "bg_color": "#D9E1F2"})
        self.key_header = workbook.add_format({**header, "bg_color": "#8EA9DB"})
        self.own_header = workbook.add_format({**header, "bg_color": "#E7E6E6"})
        self.note = self._made(text_wrap=True, border=1, num_format="@", font_size=10, bg_color="#F2F2F2")
        self._cells: dict[tuple[str, bool, bool], Any] = {}

    def _made(self, **more: Any) -> Any:
        return self._workbook.add_format({**self._base, **more})

    def cell(self, state: str = GOOD, *, risky: bool = False, wrapped: bool = False) -> Any:
        """A cell of the sender's, a text whatever stands in it.

        Args:
            risky: a spreadsheet program might take the text for a formula.
        """
        key = state, risky, wrapped
        if key not in self._cells:
            colour = {"bg_color": _COLOURS[state]} if state in _COLOURS else {}
            quoted = {"quote_prefix": True} if risky else {}
            wrap = {"text_wrap": True} if wrapped else {}
            self._cells[key] = self._made(border=1, num_format="@", **colour, **quoted, **wrap)
        return self._cells[key]


def seen_width(text: str) -> int:
    """Half-width characters that a line takes: a Chinese sign is two."""
    return len(text) if text.isascii() else len(text.encode("gb18030", "replace"))


def column_width(header: str, texts: Iterable[str]) -> int:
    """Width of a column that shows its header in at most two lines and its texts whole, within bounds."""
    longest = max(map(seen_width, islice(texts, LOOKED_AT)), default=0)
    return max(NARROWEST, min(WIDEST, longest + 3), min(WIDEST, seen_width(header) // 2 + 4))


def is_wide(text: str, width: int) -> bool:
    """Whether a text has to be wrapped in a column."""
    return "\n" in text or seen_width(text) > width - 2


def print_setup(sheet: Any, name: str, *, rows: int | None = None, one_wide: bool = False) -> None:
    """Pages of A4 across, numbered, with the workbook's name on each.

    Args:
        rows: rows and the first column that are printed again on every page.
        one_wide: all columns on one page.
    """
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
    sheet.set_footer(f"&L{name}&C含个人信息，请妥善保管&R第 &P 页，共 &N 页")
    if rows is not None:
        sheet.repeat_rows(0, rows)
        sheet.repeat_columns(0)
        sheet.print_across()
    if one_wide:
        sheet.fit_to_pages(1, 0)
