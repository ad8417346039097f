"""Printed totals of any kind of table: reading their numbers and words, and what notes print about all rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from yibiao.contracts.reports import Report
from yibiao.ingest.packages import ROWS_NOTED

COUNT = "count"
"""Named group of a pattern that is the printed number of rows."""

_NUMBER = r"^\s*-?\d{1,15}(,\d{3})*(\.\d{1,10})?\s*$"
_SUM = pa.decimal128(38, 10)
_CENT = Decimal("0.005")
"""Totals are computed from numbers with more digits than are printed."""

_WORDS = re.compile(r"(本页)?[小合总共累]\s*计|总和")
_RANKS = (("总计", 2), ("总共", 2), ("总和", 2), ("合计", 1), ("共计", 1), ("总", 1))


@dataclass
class Printed:
    """A printed sub-total or total.

    Attributes:
        row: its place among all rows.
        kind: `subtotal` or `total`.
        label: the words that the pattern found, never more of the cell.
        count: printed number of rows, if any.
        first, last: its data rows, as places among them; last exclusive.
    """

    row: int
    kind: str
    label: str
    count: int | None
    first: int = 0
    last: int = 0


def printed(row: int, kind: str, found: re.Match[str]) -> Printed:
    """The sub-total or total in which a pattern was found."""
    count = found.groupdict().get(COUNT)
    words = _WORDS.search(found[0])  # and no more of the cell: a name may stand before them
    label = "".join(words[0].split()) if words else kind
    return Printed(row, kind, label, whole(count) if count else None)


def assign(
    totals: Sequence[Printed], at: Callable[[int], int], count: int, *, above: bool, groups: Iterable[int] = ()
) -> None:
    """Find out which data rows each sub-total and total is about.

    Args:
        at: number of data rows before a place among all rows.
        count: number of data rows.
        above: a sub-total stands above its rows.
        groups: places where a group of rows begins, which no sub-total reaches over.
    """
    partial = [one for one in totals if one.kind == "subtotal"]
    edges = [(row, 9) for row in groups] + [(one.row, _rank(one.label)) for one in partial]
    for one in partial:
        rank = _rank(one.label)
        stops = [row for row, other in edges if row != one.row and other >= rank]
        if above:
            end = min((row for row in stops if row > one.row), default=None)
            one.first, one.last = at(one.row), count if end is None else at(end)
        else:
            begin = max((row for row in stops if row < one.row), default=None)
            one.first, one.last = 0 if begin is None else at(begin), at(one.row)
    for one in totals:
        if one.kind == "total":
            one.last = count


def _rank(label: str) -> int:
    """总计 sums 合计, 合计 sums 小计."""
    return next((rank for words, rank in _RANKS if words in label), 0)


def names(totals: Iterable[Printed]) -> list[str]:
    """How totals are called: `合计`, and sub-totals by their turn, `小计 1`."""
    times: dict[str, int] = {}
    called = []
    for one in totals:
        times[one.label] = times.get(one.label, 0) + 1
        called.append(one.label if one.kind == "total" else f"{one.label} {times[one.label]}")
    return called


def whole(text: str) -> int:
    """A printed number of rows."""
    return int(re.sub(r"[,，\s]", "", text))


def as_number(text: str) -> Decimal | None:
    """A printed number, None for any other text."""
    bare = text.strip().replace(",", "")
    if not bare or not bare.isascii() or bare.lstrip("-").replace(".", "", 1).isdigit() is False:
        return None
    return Decimal(bare)


def as_numbers(texts: pa.Array) -> pa.Array:
    """The numbers among texts, null for any other text."""
    good = pc.match_substring_regex(texts, _NUMBER)
    tidy = pc.replace_substring(pc.utf8_trim_whitespace(pc.if_else(good, texts, None)), ",", "")
    return tidy.cast(_SUM)


def total(numbers: pa.Array) -> Decimal:
    """Their sum."""
    return pc.sum(numbers).as_py() or Decimal(0)


def agrees(counted: Decimal, stated: Decimal) -> bool:
    """Whether a sum is the printed one, but for rounding."""
    return abs(counted - stated) < _CENT


def compared(name: str, stated: Decimal, counted: Decimal) -> dict[str, Any]:
    """`{name, stated, counted}` of one printed sum; equal but for rounding is equal."""
    return {"name": name, "stated": plain(stated), "counted": plain(stated if agrees(counted, stated) else counted)}


def plain(number: Decimal) -> int | float:
    """A number for JSON."""
    return int(number) if number == number.to_integral_value() else float(number)


def noted(report: Report, notes: Sequence[str], rows: int, sums: Callable[[str], Decimal]) -> list[dict[str, Any]]:
    """What notes print about all rows, by `controlTotals` of the contract.

    A note that the contract promises and that is not there counts as one that does not agree (`stated` is None): it is
    what the end of a half file lacks.

    Args:
        notes: texts of the rows that `footerPattern` took.
        rows: number of data rows.
        sums: gives the sum of a contract column.
    """
    told = []
    for one in report.control_totals:
        found = [match for text in notes if (match := re.search(one["footer"], text))]
        told += [_noted(report, one, match[1], rows, sums) for match in found]
        if not found:
            told.append(_noted(report, one, None, rows, sums))
    return told


def _noted(
    report: Report, one: Mapping[str, Any], text: str | None, rows: int, sums: Callable[[str], Decimal]
) -> dict[str, Any]:
    column = one.get("column")
    counted = Decimal(rows) if column is None else sums(column)
    stated = as_number(re.sub(r"[，\s]", "", text or ""))
    if stated is not None and agrees(counted, stated):
        counted = stated
    name = ROWS_NOTED if column is None else report.column(column).header
    return {"name": name, "stated": None if stated is None else plain(stated), "counted": plain(counted)}
