"""The likeliest cells of a record that cannot be split for sure, judged by what its columns look like elsewhere.

Every slip has a price in nats, every cell the surprise of standing in its column (`text_shape`); the cheapest way from
the pieces of the record to the columns of the table is the proposal. It is offered, never taken over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yibiao.detect.text_shape import ColumnShape
from yibiao.detect.text_split import Dialect, Token

SLIP = 4.0
"""A quote that is not what it should be."""
MERGE = 3.5
"""A delimiter that belongs to the text of its cell."""
DROP = 3.0
"""A delimiter too many: an empty piece that is no cell."""
INSERT = 4.5
"""A cell that is not there at all."""
SPLIT = 5.0
"""A delimiter that is missing between two cells."""
OTHER = 6.0
"""Another delimiter all through the record."""

OTHERS = ("\t", ";", "|", " ", ",", "，", "、", "；", "^", "~")

CLEAR = 0.7
"""Nats by which the best proposal has to be better than the next one."""

FAR = 16.0
"""Nats by which a proposal may be more surprising than an ordinary row."""

_BOUNDARY = re.compile(
    r"(?<=[0-9])(?=[^0-9])|(?<=[^0-9])(?=[0-9])|(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z0-9])(?=[^A-Za-z0-9])|(?<=[^A-Za-z0-9])(?=[A-Za-z0-9])"
    r"|(?<=[A-Z])(?=[A-Z][a-z])"
)


@dataclass(frozen=True)
class Proposal:
    """Cells that a repair would give.

    Attributes:
        excess: nats by which the repaired row, its slips counted, is more surprising than an ordinary row.
        margin: nats by which the next different repair is worse.
        how: what was wrong with it: `quote`, `columns` or `delimiter`.
    """

    cells: tuple[str, ...]
    excess: float
    margin: float
    how: str

    @property
    def clear(self) -> bool:
        """One repair is clearly the likeliest, and gives an ordinary row."""
        return self.margin >= CLEAR and self.excess <= FAR


class Repairer:
    """Proposes cells for records of one table."""

    def __init__(self, dialect: Dialect, shapes: Sequence[ColumnShape]) -> None:
        self.dialect, self.shapes = dialect, shapes
        self._costs: list[dict[str, float]] = [{} for _ in shapes]
        self._ordinary = sum(shape.ordinary for shape in shapes)

    def cost(self, place: int, text: str) -> float:
        known = self._costs[place]
        found = known.get(text)
        if found is None:
            if len(known) > 20_000:
                known.clear()
            found = known[text] = self.shapes[place].cost(text)
        return found

    def fit(self, cells: Sequence[str]) -> float:
        """Surprise of a whole row of the right width."""
        return sum(self.cost(place, text) for place, text in enumerate(cells))

    def plain(self, text: str) -> list[str] | None:
        """Cells of a row with quotes inside unquoted cells (`5" 管`), if nothing else can be meant; otherwise None.

        No cell begins with a quote, the delimiters give the right number, no other reading does, and it is an ordinary
        row.
        """
        quote, delimiter = self.dialect.quote, self.dialect.delimiter
        cells = text.split(delimiter) if delimiter else [text]
        if len(cells) != len(self.shapes) or any(cell.lstrip().startswith(quote) for cell in cells):
            return None
        for way in self.dialect.ways(text):
            if len(way.tokens) == len(cells) and [token.text for token in way.tokens] != cells:
                return None
        return cells if self.fit(cells) - self._ordinary <= FAR else None

    def propose(self, text: str) -> Proposal | None:
        """The likeliest cells of a record's text; None if nothing fits at all."""
        found: dict[tuple[str, ...], tuple[float, str]] = {}
        for cost, cells, how in self._candidates(text):
            if cells not in found or cost < found[cells][0]:
                found[cells] = (cost, how)
        if not found:
            return None
        ranked = sorted(found.items(), key=lambda one: one[1][0])
        cells, (cost, how) = ranked[0]
        margin = ranked[1][1][0] - cost if len(ranked) > 1 else 99.0
        return Proposal(cells, cost - self._ordinary, margin, how)

    def _candidates(self, text: str) -> Iterator[tuple[float, tuple[str, ...], str]]:
        width = len(self.shapes)
        most = 0
        for way in self.dialect.ways(text):
            most = max(most, len(way.tokens))
            if len(way.tokens) <= 3 * width + 8:
                for cost, cells in self._align(way.tokens, self.dialect.delimiter):
                    yield cost + SLIP * way.slips, cells, "quote" if way.slips else "columns"
        if width > 2 and most <= max(2, width // 2):
            for delimiter in OTHERS:
                if delimiter != self.dialect.delimiter and delimiter in text:
                    other = Dialect(delimiter, self.dialect.quote, self.dialect.escape)
                    for way in other.ways(text)[:8]:
                        if width <= len(way.tokens) <= 6 * width:
                            for cost, cells in self._align(way.tokens, delimiter, merge=0.3):
                                yield cost + OTHER + SLIP * way.slips, cells, "delimiter"

    def _align(
        self, tokens: Sequence[Token], delimiter: str, merge: float = MERGE
    ) -> list[tuple[float, tuple[str, ...]]]:
        """The two cheapest ways from pieces to columns, as (price, cells)."""
        count, width = len(tokens), len(self.shapes)
        more, fewer = max(0, count - width), max(0, width - count)
        steps: list[list[list[tuple[float, tuple[str, ...]]]]] = [
            [[] for _ in range(width + 1)] for _ in range(count + 1)
        ]
        steps[0][0] = [(0.0, ())]
        for piece in range(count + 1):
            low, high = piece - more - 1, piece + fewer + 1
            for place in range(max(0, low), min(width, high) + 1):
                states = steps[piece][place]
                if not states:
                    continue
                for cost, cells in states:
                    if piece < count and not tokens[piece].text and not tokens[piece].quoted:
                        _offer(steps[piece + 1][place], cost + DROP, cells)
                    if place == width:
                        continue
                    _offer(steps[piece][place + 1], cost + INSERT + self.cost(place, ""), (*cells, ""))
                    self._cells(steps, tokens, piece, place, cost, cells, more, merge, delimiter)
                    if fewer and piece < count and place + 1 < width:
                        for price, left, right in self._splits(tokens[piece], place):
                            _offer(steps[piece + 1][place + 2], cost + price, (*cells, left, right))
        return steps[count][width]

    def _cells(self, steps, tokens, piece, place, cost, cells, more, merge, delimiter) -> None:  # type: ignore[no-untyped-def]
        """One piece, or several that belong together, as the cell at `place`."""
        text = ""
        for last in range(piece, min(len(tokens), piece + more + 2)):
            token = tokens[last]
            if last == piece:
                text = token.text
            else:
                if token.quoted or tokens[piece].quoted:
                    return
                text += delimiter + token.text
            price = cost + merge * (last - piece) + self.cost(place, text)
            _offer(steps[last + 1][place + 1], price, (*cells, text))

    def _splits(self, token: Token, place: int) -> list[tuple[float, str, str]]:
        """The best two places where a delimiter may be missing inside a piece."""
        text = token.text
        if len(text) <= 64:
            cuts: Sequence[int] = range(len(text) + 1)
        else:
            cuts = [0, *(match.start() for match in _BOUNDARY.finditer(text)), len(text)]
        found: list[tuple[float, str, str]] = []
        for cut in cuts:
            left, right = text[:cut], text[cut:]
            price = SPLIT + self.cost(place, left) + self.cost(place + 1, right)
            found.append((price, left, right))
        found.sort(key=lambda one: one[0])
        return found[:2]


def _offer(states: list[tuple[float, tuple[str, ...]]], cost: float, cells: tuple[str, ...]) -> None:
    """Keep the two cheapest different rows."""
    for number, (known, same) in enumerate(states):
        if same == cells:
            if cost < known:
                states[number] = (cost, cells)
                states.sort(key=lambda one: one[0])
            return
    if len(states) < 2 or cost < states[-1][0]:
        states.append((cost, cells))
        states.sort(key=lambda one: one[0])
        del states[2:]
