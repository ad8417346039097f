"""Which returned row is which quarantined row, and what of it may be taken: a pure function of both.

Nothing that happened since the delivery takes part (other amendments, slips, the moment), so that the same returned
file becomes the same amendment in every installation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from yibiao.contracts.properties import REPAIRS
from yibiao.contracts.reports import Report
from yibiao.quarantine.amendments import Line
from yibiao.quarantine.rows import HeldRow
from yibiao.quarantine.workbook import shown

KEY_CHANGED, ANOTHER_ROW, NOT_HELD, REPEATED, AMBIGUOUS, NO_NUMBER, LEFT_AS_IT_WAS = (
    "key_changed",
    "another_row",
    "not_in_slip",
    "repeated",
    "ambiguous",
    "no_row_number",
    "bad_cell_unchanged",
)
REFUSALS: Mapping[str, str] = {
    KEY_CHANGED: "主键没有错，却被改动了",
    ANOTHER_ROW: "内容与退回的行不是同一行",
    NOT_HELD: "这一行没有被退回，改动不予采用",
    REPEATED: "同一行出现多次",
    AMBIGUOUS: "对应不止一条退回的行，请用退回单改",
    NO_NUMBER: "没有行号",
    LEFT_AS_IT_WAS: "红色单元格没有改",
}
"""Why a returned row is not taken -> what the sender is told."""


@dataclass(frozen=True)
class Given:
    """One row that came back.

    Attributes:
        place: where it stands in the returned file, 1-based.
        row: number of the row that it says it mends, or None.
        cells: contract column -> text; columns that the file lacks are not in it.
        adopt: take its proposal over.
        numbered: it should have a number: it stood on a slip.
    """

    place: int
    row: int | None
    cells: Mapping[str, str | None]
    adopt: bool = False
    numbered: bool = False


@dataclass
class Matched:
    """What became of the returned rows.

    Attributes:
        lines: mended rows, by number.
        unchanged: numbers of rows that came back as they were.
        refused: (place in the file, number of the row or None, one of `REFUSALS`).
    """

    lines: list[Line] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    refused: list[tuple[int, int | None, str]] = field(default_factory=list)


class Matcher:
    """The quarantined rows of one load as they were delivered, to be found by number, key or intact cells."""

    def __init__(self, report: Report, rows: Iterable[HeldRow]) -> None:
        self._report = report
        self._rows = {row.row: row for row in rows}
        self._bad = {row.row: {rule.rpartition(".")[0] for rule in row.rules} for row in self._rows.values()}
        self._by_key: dict[tuple[str, ...], list[int]] = {}
        self._by_cells: dict[frozenset[str], dict[tuple[str, ...], list[int]]] = {}
        for row in self._rows.values():
            bad = self._bad[row.row]
            if report.key and not bad & {"row", *report.key}:
                self._by_key.setdefault(self._key(row.cells), []).append(row.row)
            elif "row" not in bad:
                good = self._good(row.row)
                self._by_cells.setdefault(frozenset(good), {}).setdefault(_texts(row.cells, good), []).append(row.row)

    def match(self, given: Sequence[Given]) -> Matched:
        """Find the row of each returned row and judge it."""
        found = Matched()
        numbers = [self._find(one) for one in given]
        times = Counter(number for number in numbers if isinstance(number, int))
        for one, number in zip(given, numbers, strict=True):
            if isinstance(number, str):
                found.refused.append((one.place, one.row, number))
            elif times[number] > 1:
                found.refused.append((one.place, number, REPEATED))
            else:
                self._judge(one, self._rows[number], found)
        found.lines.sort(key=lambda line: line.row)
        return found

    def _find(self, one: Given) -> int | str:
        """The number of the row, or why there is none."""
        if one.row is not None:
            return one.row if one.row in self._rows else NOT_HELD
        if one.numbered:
            return NO_NUMBER
        candidates = self._by_key.get(self._key(one.cells), []) if self._report.key else []
        if not candidates:
            candidates = [
                number
                for good, by_texts in self._by_cells.items()
                for number in by_texts.get(_texts(one.cells, sorted(good)), [])
            ]
        if len(candidates) > 1:
            # Equal keys: the row whose intact cells are the same.
            same = [number for number in candidates if self._likeness(one, number) == 1.0]
            candidates = same if len(same) == 1 else candidates
        if len(candidates) == 1:
            return candidates[0]
        return AMBIGUOUS if candidates else NOT_HELD

    def _judge(self, one: Given, row: HeldRow, found: Matched) -> None:
        bad = self._bad[row.row]
        now = self._now(one, row)
        asked = _asked(row.rules)
        # What was asked may be right as it stands: whoever adopts the proposal says so.
        agreed = {name for name in asked if one.adopt and now[name] == row.proposal.get(name)}
        if all(now[name] == row.cells[name] for name in now) and not (asked and asked == agreed):
            found.unchanged.append(row.row)
        elif "row" not in bad and any(
            _tidy(now[name]) != _tidy(row.cells[name]) for name in self._report.key if name not in bad
        ):
            found.refused.append((one.place, row.row, KEY_CHANGED))
        elif "row" not in bad and self._likeness(one, row.row) < 0.5:
            found.refused.append((one.place, row.row, ANOTHER_ROW))
        elif any(now[name] == row.cells[name] for name in asked - agreed):
            found.refused.append((one.place, row.row, LEFT_AS_IT_WAS))
        else:
            if "row" in bad:  # nothing was known of its cells; now a blank one is blank
                now = {name: one.cells.get(name, text) if text is None else text for name, text in now.items()}
            headers = {column.name: column.header for column in self._report.columns}
            was = {headers[name]: row.cells[name] for name in self._report.key if row.cells[name] is not None}
            found.lines.append(Line(row.row, was, {headers[name]: text for name, text in now.items()}))

    def _now(self, one: Given, row: HeldRow) -> dict[str, str | None]:
        """The whole mended row: what was not touched stays exactly as it was delivered."""
        now: dict[str, str | None] = {}
        for name, text in row.cells.items():
            given = one.cells.get(name)
            untouched = name not in one.cells or shown(given) == shown(text)
            if untouched and one.adopt and name in row.proposal:
                now[name] = row.proposal[name]
            else:
                now[name] = text if untouched else given
        return now

    def _good(self, number: int) -> list[str]:
        """Stated columns of a row that broke no rule."""
        cells = self._rows[number].cells
        return sorted(name for name, text in cells.items() if name not in self._bad[number] and _tidy(text))

    def _likeness(self, one: Given, number: int) -> float:
        """Share of a row's intact cells that came back as they were; 1.0 if it has none."""
        good = [name for name in self._good(number) if name in one.cells]
        cells = self._rows[number].cells
        same = sum(_tidy(one.cells[name]) == _tidy(cells[name]) for name in good)
        return same / len(good) if good else 1.0

    def _key(self, cells: Mapping[str, str | None]) -> tuple[str, ...]:
        return _texts(cells, self._report.key)


def _asked(rules: Iterable[str]) -> set[str]:
    """Columns that a reader asks about: the checks alone would let their texts pass."""
    return {column for column, _, rule in (one.rpartition(".") for one in rules) if rule in REPAIRS}


def _tidy(text: str | None) -> str:
    return shown(text).strip()


def _texts(cells: Mapping[str, str | None], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(_tidy(cells.get(name)) for name in names)
