"""What cells say of where their values come from: kinds of source, comments, prompts, how many of each there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from yibiao.forms.fill.select import AUTOMATIC, CONFIRM, NEW, UNKNOWN, Asked, letters_of

COMMENTED = 600
"""Known cells with a comment of their own in one workbook, those to be confirmed first: each is a drawing, and
thousands make a workbook slow. Every known cell says its source when it is chosen, and every header for its column."""


DOUBTS = (
    "",
    "请核对：部门数据不一致。",
    "请核对：数据较旧。",
    "请核对：由户籍关系推定。",
    "请核对：栏目含义由系统判断。",
)
"""Why a cell is to be confirmed; nothing where it is not."""

INFERRED, MATCHED = 3, 4
"""Doubts that hold for a whole column."""


@dataclass(frozen=True)
class Source:
    """Where values come from: a delivery, as a clerk is told of it."""

    department: str
    report: str
    edition: str
    day: str

    @property
    def text(self) -> str:
        return f"{self.department}《{self.report}》{self.edition} 期，截至 {self.day}"


@dataclass(frozen=True)
class Rows:
    """The rows of one community.

    Attributes:
        xml: of all rows.
        disputed: per row, bits of the fields whose sources disagree.
        records: per field, per row the number of the record; 0 without one, that of a ticket below 0, or `UNKNOWN`.
    """

    xml: bytes
    disputed: np.ndarray
    records: Sequence[np.ndarray]

    @property
    def count(self) -> int:
        return len(self.disputed)


class Loads:
    """The deliveries of a release, to find that of a record."""

    def __init__(self, firsts: Sequence[int], sources: Sequence[Source]) -> None:
        self.firsts = np.array(firsts, np.int64)
        self.sources = sources

    def of(self, records: np.ndarray) -> np.ndarray:
        """Place of the delivery of each record; -1 where nothing is known, -2 without a record, -4 by a correction."""
        places = np.searchsorted(self.firsts, records, "left") - 1
        below = np.where(records == UNKNOWN, -1, np.where(records == 0, -2, -4))
        return np.where(records > 0, places, below)


@dataclass(frozen=True)
class Places:
    """Where the fields stand on their sheet; rows and columns are 0-based.

    Attributes:
        columns: per field.
        headers: per field the row of its innermost header.
        top: rows above the first that is filled in.
        end: the row after the last that may be filled in.
        ruled: fields of which somebody else made the rules, so that their cells have no prompt.
    """

    columns: Sequence[int]
    headers: Sequence[int]
    top: int
    end: int
    ruled: frozenset[int] = frozenset()


class Told:
    """The sources of all cells of one workbook."""

    def __init__(self, asked: Asked, rows: Rows, loads: Loads, places: Places) -> None:
        self._asked, self._rows, self._loads, self._places = asked, rows, loads, places
        self._kinds = [self._kinds_of(number) for number in range(len(asked.cells))]

    def _kinds_of(self, number: int) -> np.ndarray:
        """Per row: the place of the delivery times the number of doubts, plus the doubt; below 0 as in `Loads.of`, and
        -3 for a disputed value of no one record."""
        records = self._rows.records[number]
        places = self._loads.of(records)
        doubtful = (self._rows.disputed & (1 << number) != 0) * 1
        if limit := self._asked.limits[number]:
            doubtful = np.where((records > 0) & (records <= limit) & (doubtful == 0), 2, doubtful)
        if self._asked.cells[number].is_inferred:
            doubtful = np.full(len(records), INFERRED if self._asked.form.fields[number].is_sure else MATCHED)
        known = places * len(DOUBTS) + doubtful
        return np.where(places < 0, np.where((places == -2) & (doubtful > 0), -3, places), known)

    def counts(self) -> dict[str, int]:
        found = dict.fromkeys((AUTOMATIC, CONFIRM, NEW), 0)
        for kinds in self._kinds:
            new = int((kinds == -1).sum())
            sure = int(((kinds >= 0) & (kinds % len(DOUBTS) == 0)).sum() + ((kinds == -2) | (kinds == -4)).sum())
            found[NEW] += new
            found[AUTOMATIC] += sure
            found[CONFIRM] += len(kinds) - new - sure
        return found

    def told(self, kind: int) -> str:
        """What a cell says of its source."""
        if kind == -2:
            return "来源：与各部门名册比对得出"
        if kind == -4:
            return "来源：基层更正，数源部门已采纳"
        if kind == -3:
            return "请核对：与各部门名册比对得出，部门数据不一致"
        place, doubt = divmod(kind, len(DOUBTS))
        source = self._loads.sources[place].text
        return f"{DOUBTS[doubt]}来源：{source}"

    def rules(self, lists: Sequence[str | None]) -> Iterator[str]:
        """Drop-downs, and for whoever chooses a known cell where its value comes from.

        Args:
            lists: per field the formula of its drop-down, or None.
        """
        first, last = self._places.top + 1, self._places.end
        letters = [letters_of(column) for column in self._places.columns]
        for number, kinds in enumerate(self._kinds):
            if number in self._places.ruled:
                continue
            source = lists[number]
            ranges: dict[int, list[str]] = {}
            for begin, end, kind in _runs(kinds):
                where = f"{letters[number]}{first + begin}"
                if end - begin > 1:
                    where += f":{letters[number]}{first + end - 1}"
                ranges.setdefault(kind, []).append(where)
            if first + len(kinds) <= last:
                ranges.setdefault(-1, []).append(f"{letters[number]}{first + len(kinds)}:{letters[number]}{last}")
            for kind, places in sorted(ranges.items()):
                if kind == -1 and source is None:
                    continue
                listed = ' type="list" errorStyle="warning"' if source else ""
                error = ' showErrorMessage="1" errorTitle="请核对" error="不在选项中，确认要填吗？"' if source else ""
                prompt = f' showInputMessage="1" prompt="{escape(self.told(kind)[:250])}"' if kind != -1 else ""
                formula = f"<formula1>{escape(source, quote=False)}</formula1>" if source else ""
                where = " ".join(places)
                yield (
                    f'<dataValidation{listed} allowBlank="1"{prompt}{error} sqref="{where}">{formula}</dataValidation>'
                )

    def noted(self) -> list[tuple[int, int, str]]:
        """Row and column (0-based) and text of every comment: headers, cells to be confirmed, others.

        Among these come first those without a prompt, which say it nowhere else.
        """
        if not hasattr(self, "_notes"):
            notes = []
            for number, kinds in enumerate(self._kinds):
                # In the first cell of a merged header: the others hold nothing.
                line = self._places.headers[number]
                told = [f"{self.told(kind)}（{count} 格）" for kind, count in self.sources(kinds) if kind != -1]
                if told:
                    shown = told[:5] + ([f"……共 {len(told)} 个来源，见“填报说明”"] if len(told) > 5 else [])
                    column = self._places.columns[number]
                    notes.append((line, column, "\n".join(shown)))
            left = COMMENTED
            cells = []
            for doubtful in (True, False):
                for number in sorted(range(len(self._kinds)), key=lambda one: one not in self._places.ruled):
                    kinds = self._kinds[number]
                    asked = ((kinds >= 0) & (kinds % len(DOUBTS) > 0)) | (kinds == -3)
                    chosen = np.flatnonzero(asked if doubtful else ~asked & (kinds != -1))[: max(0, left)]
                    left -= len(chosen)
                    column = self._places.columns[number]
                    cells += [(self._places.top + int(row), column, self.told(int(kinds[row]))) for row in chosen]
            self._notes = sorted(notes + cells)
        return self._notes

    def sources(self, kinds: np.ndarray) -> list[tuple[int, int]]:
        """Kinds of source of a column and how many cells each gives, most first."""
        values, counts = np.unique(kinds, return_counts=True)
        return sorted(zip(values.tolist(), counts.tolist(), strict=True), key=lambda one: (-one[1], one[0]))

    def all_sources(self) -> list[tuple[str, str, int]]:
        """Header, source and number of cells, for the page of explanations."""
        found = []
        for field, kinds in zip(self._asked.form.fields, self._kinds, strict=True):
            for kind, count in self.sources(kinds):
                found.append((field.header, "系统没有，请填写" if kind == -1 else self.told(kind), count))
        return found


def _runs(kinds: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """First row, row after the last, and kind, of every run of equal kinds."""
    if not len(kinds):
        return
    starts = np.concatenate(([0], np.flatnonzero(np.diff(kinds)) + 1))
    ends = np.concatenate((starts[1:], [len(kinds)]))
    yield from zip(starts.tolist(), ends.tolist(), kinds[starts].tolist(), strict=True)
