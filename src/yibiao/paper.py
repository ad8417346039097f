"""How a sheet that we lay out goes on paper: one page wide as long as it can be read so, else several.

Fitted to the width of a page, a table of thirty columns is printed at a third of its size.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

A4, A3 = 9, 8
LEGIBLE = 60
"""Per cent at which a sheet is printed at least: signs of 11 points then have 6.6."""

_LONG_SIDE = {A4: 297 / 25.4, A3: 420 / 25.4}
"""Inches."""
_MARGIN = 0.4
"""Inches."""

_SPARE = 0.93
"""Share of a page that columns are planned for where they are not fitted: LibreOffice draws them 6 % wider."""


@dataclass(frozen=True)
class Pages:
    """How the columns of a sheet are spread over pages across.

    Attributes:
        paper: `A4` or `A3`.
        scale: per cent; None if all columns fit on one page, by which they are then fitted.
        breaks: columns (0-based) that begin another page.
    """

    paper: int
    scale: int | None = None
    breaks: tuple[int, ...] = ()


def pages_of(widths: Sequence[float], kept: tuple[int, int], starts: Collection[int] = ()) -> Pages:
    """The smallest paper on which all columns can be read beside each other, else A3 with as few pages as that needs.

    Args:
        widths: of the columns, in characters, as a workbook has them.
        kept: first and last column that are printed again on every page after their own.
        starts: columns at which a group of columns begins: pages begin there if that takes no page more.
    """
    inches = [(7 * width + 5) / 96 for width in widths]
    for paper in (A4, A3):
        if sum(inches) * LEGIBLE / 100 <= _room(paper):
            return Pages(paper)
    room = _room(A3) * _SPARE * 100
    fewest = len(_cut(inches, kept, (), room / LEGIBLE))
    for groups in (starts, ()):
        for scale in range(100, LEGIBLE - 1, -5):
            breaks = _cut(inches, kept, groups, room / scale)
            if len(breaks) <= fewest:
                return Pages(A3, scale, breaks)
    raise AssertionError("the last cut is the first")


def put_on_paper(
    sheet: Any,
    widths: Sequence[float],
    *,
    rows: tuple[int, int],
    kept: tuple[int, int] = (0, 0),
    starts: Collection[int] = (),
) -> Pages:
    """Set the pages of a worksheet of xlsxwriter, across, with the header on each.

    Args:
        rows: first and last row that are printed again on every page.
    """
    pages = pages_of(widths, kept, starts)
    sheet.set_landscape()
    sheet.set_paper(pages.paper)
    sheet.set_margins(left=_MARGIN, right=_MARGIN)
    sheet.repeat_rows(*rows)
    sheet.set_footer("&C第 &P 页，共 &N 页")
    if pages.scale is None:
        sheet.fit_to_pages(1, 0)
    else:
        sheet.set_print_scale(pages.scale)
        sheet.set_v_pagebreaks(list(pages.breaks))
        sheet.repeat_columns(*kept)
        sheet.print_across()
    return pages


def _room(paper: int) -> float:
    """Inches of columns that a page across holds."""
    return _LONG_SIDE[paper] - 2 * _MARGIN


def _cut(inches: Sequence[float], kept: tuple[int, int], starts: Collection[int], room: float) -> tuple[int, ...]:
    """Where pages begin if each takes as many columns as it holds; with starts it ends before a group it would cut."""
    again = sum(inches[kept[0] : kept[1] + 1])
    breaks: list[int] = []
    begin = end = 0
    while True:
        left = room - (again if begin > kept[1] else 0.0)
        while end < len(inches) and (end == begin or inches[end] <= left):
            left -= inches[end]
            end += 1
        if end == len(inches):
            return tuple(breaks)
        begin = end = max((start for start in starts if begin < start <= end), default=end)
        breaks.append(begin)
