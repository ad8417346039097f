"""What lines below a table of text say: patterns by which contracts know them, and their printed totals, recounted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from yibiao.detect.sheet_patterns import TOTAL, total_pattern
from yibiao.detect.table import Choice

if TYPE_CHECKING:
    import pyarrow as pa

_COUNTED = re.compile(r"([^\s\d,，:：;；]{0,8})[:：]?\s*(\d[\d,，]*)\s*(人次|[条行户人笔项个名件])")
"""A number of rows in a note: `共 12 条`, `合计：12户`."""


NUMBERS = 0.9
"""Share of a column's cells that are numbers, from which on it may be added up."""


@dataclass
class Notes:
    """Lines below a table, each with its kind (`total` or `footer`), text, and cells if it has any."""

    lines: list[tuple[str, str, Sequence[str]]]

    def choices(self) -> Mapping[str, Choice]:
        """`totalPattern` for rows of sums, `footerPattern` for the others."""
        sums = [match for _, _, cells in self.lines if (match := _sum(cells))]
        notes = [text for _, text, cells in self.lines if not _sum(cells)]
        found = {}
        if sums:
            words = sorted({"".join(match["words"].split()) for match in sums})
            counted = any(match["count"] for match in sums)
            why = f"{len(sums)} row(s) that begin with {'、'.join(words)}"
            found["totalPattern"] = Choice("totalPattern", total_pattern(words, counted), True, why)
        if notes:
            why = f"{len(notes)} line(s) below the data are no rows"
            found["footerPattern"] = Choice("footerPattern", pattern(notes), False, why)
        return found

    def recounted(self, headers: Sequence[str], rows: pa.Table, count: int) -> list[dict[str, Any]]:
        """`{name, stated, counted}` for what rows of sums print; as a contract's reading gives it.

        Args:
            rows: all rows of the table that can be split.
            count: number of its rows, those included that cannot.
        """
        from yibiao.ingest.readers.totals import as_number, compared, names, printed, total

        sums = [(match, cells) for _, _, cells in self.lines if (match := _sum(cells))]
        sums.reverse()  # they were met from the end on
        found = [printed(0, "total", match) for match, _ in sums]
        told = []
        for one, name, (_, cells) in zip(found, names(found), sums, strict=True):
            if one.count is not None:
                told.append({"name": name, "stated": one.count, "counted": count})
            for place, header in enumerate(headers):
                stated = as_number(cells[place]) if place < len(cells) else None
                if stated is not None and (numbers := _added(rows.column(place))) is not None:
                    told.append(compared(f"{name}/{header}", stated, total(numbers)))
        return told

    def promised(self, count: int) -> list[dict[str, str]]:
        """`controlTotals` of a contract: notes that print the number of rows, and the right one."""
        found = []
        for _, text, cells in self.lines:
            for match in _COUNTED.finditer(text) if not _sum(cells) else ():
                if match[1] and int(re.sub("[,，]", "", match[2])) == count:
                    found.append({"footer": rf"{re.escape(match[1])}[:：]?\s*(\d[\d,，]*)\s*{match[3]}"})
        return found


def _added(column: pa.ChunkedArray) -> pa.Array | None:
    """The numbers of a column; None if it holds other things, so that nobody would add it up."""
    import pyarrow.compute as pc

    from yibiao.ingest.readers.totals import as_numbers

    texts = column.combine_chunks()
    numbers = as_numbers(texts)
    given = pc.sum(pc.greater(pc.binary_length(pc.utf8_trim_whitespace(texts)), 0)).as_py() or 0
    return numbers if given and len(numbers) - numbers.null_count >= NUMBERS * given else None


def _sum(cells: Sequence[str]) -> re.Match[str] | None:
    """The words of a row of sums, in one of its first two cells, where a contract's reading looks for them."""
    texts = (cell.strip() for cell in cells[:2])
    found = next((match for text in texts if "计" in text and (match := TOTAL.match(text))), None)
    return None if found is None or found["words"].startswith("小") else found


def pattern(notes: Sequence[str]) -> str:
    """Regular expression that matches the beginning of every note: its first word, no number, nothing after it."""
    words = []
    for note in notes:
        match = re.match(r"[\s\"']*([^\s\d,，:：;；|\t]{1,8})", note)
        word = re.escape(match[1]) if match else ""
        if word and word not in words:
            words.append(word)
    return "(?:" + "|".join(sorted(words)) + ")" if len(words) > 1 else "".join(words)
