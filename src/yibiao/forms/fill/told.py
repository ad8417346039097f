"""What cells say of where their values come from: kinds of source, comments, prompts, how many of each there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

from yibiao.forms.fill.select import AUTOMATIC, CONFIRM, NEW, UNKNOWN, Asked
from yibiao.ingest.readers.spreadsheet_marks import column_letters

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

CONFIRMED = len(DOUBTS) << 40
"""A kind of source that was confirmed is that of the value plus so many times the number of what is said of it."""

UNANSWERED, LISTED = -1, -2
"""In the place of a delivery: nothing is known; it follows from a list. A ticket has its number below these."""

ASK = UNANSWERED * len(DOUBTS)
"""The kind of a cell of which nothing is known."""

LONGEST_LISTS = 200
"""Signs of the registers that a cell names; a prompt has at most 255 (ECMA-376 part 1, 18.3.1.32)."""


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
        confirmed: field -> per row the number of what is said of a confirmation, 0 without one.
    """

    xml: bytes
    disputed: np.ndarray
    records: Sequence[np.ndarray]
    confirmed: Mapping[int, np.ndarray] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.disputed)


class Loads:
    """The deliveries of a release, to find that of a record.

    Attributes:
        corrections: number of a ticket -> who accepted it and when.
        lists: per field of a form the registers by which a value follows that no record states.
        confirmed: what is said of confirmations; `Rows.confirmed` numbers them from 1.
    """

    def __init__(
        self,
        firsts: Sequence[int],
        sources: Sequence[Source],
        corrections: Mapping[int, str] | None = None,
        lists: Sequence[str] = (),
        confirmed: Sequence[str] = (),
    ) -> None:
        self.firsts = np.array(firsts, np.int64)
        self.sources = sources
        self.corrections = corrections or {}
        self.lists = lists
        self.confirmed = confirmed

    def with_lists(self, lists: Sequence[str]) -> Loads:
        """The same for a form whose fields follow from these registers."""
        return Loads(self.firsts.tolist(), self.sources, self.corrections, lists, self.confirmed)

    def of(self, records: np.ndarray) -> np.ndarray:
        """Place of the delivery of each record; `UNANSWERED`, `LISTED`, or a ticket's number below these."""
        places = np.searchsorted(self.firsts, records, "left") - 1
        below = np.where(records == UNKNOWN, UNANSWERED, np.where(records == 0, LISTED, records + LISTED))
        return np.where(records > 0, places, below)

    def text(self, place: int, number: int) -> str:
        """Where a value of the `number`-th field comes from."""
        if place >= 0:
            return f"来源：{self.sources[place].text}"
        if place == LISTED:
            listed = self.lists[number] if number < len(self.lists) else ""
            return f"来源：与名册比对得出（{listed}）" if listed else "来源：与各部门名册比对得出"
        ticket = LISTED - place
        return f"来源：基层更正，{self.corrections.get(ticket, '数源部门已采纳')}（更正工单 {ticket}）"


def registers(sources: Sequence[Source]) -> str:
    """Registers in one line, as many as have room."""
    shown: list[str] = []
    for one in sources:
        if shown and len("；".join((*shown, one.text))) > LONGEST_LISTS:
            return f"{'；'.join(shown)}；等 {len(sources)} 份"
        shown.append(one.text)
    return "；".join(shown)


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
        """Per row: the place of the delivery, as in `Loads.of`, times the number of doubts, plus the doubt."""
        records = self._rows.records[number]
        places = self._loads.of(records)
        doubtful = (self._rows.disputed & (1 << number) != 0) * 1
        if limit := self._asked.limits[number]:
            doubtful = np.where((records > 0) & (records <= limit) & (doubtful == 0), 2, doubtful)
        if self._asked.cells[number].is_inferred:
            doubtful = np.full(len(records), INFERRED if self._asked.form.fields[number].is_sure else MATCHED)
        said = self._rows.confirmed.get(number, np.zeros(len(records), np.int64)) * ((doubtful > 0) & (places >= 0))
        doubtful = np.where(said > 0, 0, doubtful)
        return np.where(places == UNANSWERED, ASK, said * CONFIRMED + places * len(DOUBTS) + doubtful)

    def counts(self) -> dict[str, int]:
        found = dict.fromkeys((AUTOMATIC, CONFIRM, NEW), 0)
        for kinds in self._kinds:
            new, doubtful = int((kinds == ASK).sum()), int((kinds % len(DOUBTS) > 0).sum())
            found[NEW] += new
            found[AUTOMATIC] += len(kinds) - new - doubtful
            found[CONFIRM] += doubtful
        return found

    def told(self, number: int, kind: int) -> str:
        """What a cell of the `number`-th field says of its source."""
        said, kind = divmod(kind, CONFIRMED) if kind >= 0 else (0, kind)
        place, doubt = divmod(kind, len(DOUBTS))
        confirmed = f"；{self._loads.confirmed[said - 1]}" if said else ""
        return f"{DOUBTS[doubt]}{self._loads.text(place, number)}{confirmed}"

    def rules(self, lists: Sequence[str | None]) -> Iterator[str]:
        """Drop-downs, and for whoever chooses a known cell where its value comes from.

        Args:
            lists: per field the formula of its drop-down, or None.
        """
        first, last = self._places.top + 1, self._places.end
        letters = [column_letters(column) for column in self._places.columns]
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
                ranges.setdefault(ASK, []).append(f"{letters[number]}{first + len(kinds)}:{letters[number]}{last}")
            for kind, places in sorted(ranges.items()):
                if kind == ASK and source is None:
                    continue
                listed = ' type="list" errorStyle="warning"' if source else ""
                error = ' showErrorMessage="1" errorTitle="请核对" error="不在选项中，确认要填吗？"' if source else ""
                said = escape(self.told(number, kind)[:250]) if kind != ASK else ""
                prompt = f' showInputMessage="1" prompt="{said}"' if said else ""
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
                told = [
                    f"{self.told(number, kind)}（{count} 格）" for kind, count in self.sources(kinds) if kind != ASK
                ]
                if told:
                    shown = told[:5] + ([f"……共 {len(told)} 个来源，见“填报说明”"] if len(told) > 5 else [])
                    column = self._places.columns[number]
                    notes.append((line, column, "\n".join(shown)))
            left = COMMENTED
            cells = []
            for doubtful in (True, False):
                for number in sorted(range(len(self._kinds)), key=lambda one: one not in self._places.ruled):
                    kinds = self._kinds[number]
                    asked = kinds % len(DOUBTS) > 0
                    chosen = np.flatnonzero(asked if doubtful else ~asked & (kinds != ASK))[: max(0, left)]
                    left -= len(chosen)
                    column = self._places.columns[number]
                    cells += [
                        (self._places.top + int(row), column, self.told(number, int(kinds[row]))) for row in chosen
                    ]
            self._notes = sorted(notes + cells)
        return self._notes

    def sources(self, kinds: np.ndarray) -> list[tuple[int, int]]:
        """Kinds of source of a column and how many cells each gives, most first."""
        values, counts = np.unique(kinds, return_counts=True)
        return sorted(zip(values.tolist(), counts.tolist(), strict=True), key=lambda one: (-one[1], one[0]))

    def all_sources(self) -> list[tuple[str, str, int]]:
        """Header, source and number of cells, for the page of explanations."""
        found = []
        for number, (asked, kinds) in enumerate(zip(self._asked.form.fields, self._kinds, strict=True)):
            for kind, count in self.sources(kinds):
                found.append((asked.header, "系统没有，请填写" if kind == ASK else self.told(number, kind), count))
        return found


def _runs(kinds: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """First row, row after the last, and kind, of every run of equal kinds."""
    if not len(kinds):
        return
    starts = np.concatenate(([0], np.flatnonzero(np.diff(kinds)) + 1))
    ends = np.concatenate((starts[1:], [len(kinds)]))
    yield from zip(starts.tolist(), ends.tolist(), kinds[starts].tolist(), strict=True)
