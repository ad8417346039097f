"""The likeliest cells of a record that cannot be split for sure, judged by what its columns look like elsewhere.

Every slip has a price in nats, every cell the surprise of standing in its column (`text_shape`); the cheapest way from
the pieces of the record to the columns of the table is the proposal. It is offered, never taken over.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
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

RECORD_STEPS, TABLE_STEPS = 200_000, 3_000_000
"""Steps of thinking about one record, and about all records of a table: beyond, nothing is proposed."""

CUTS = 200
"""Places from either end of a long piece at which a delimiter may be missing."""

KEPT = 200
"""Characters of the longest text whose price is kept."""

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
        self._least = sum(shape.least for shape in shapes)
        self._left = TABLE_STEPS
        self._cut: dict[tuple[str, int], list[tuple[float, str, str]]] = {}

    def cost(self, place: int, text: str) -> float:
        if len(text) > KEPT:
            return self.shapes[place].cost(text)
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
        found = self.dialect.search(text)
        if not found.whole:
            return None
        for way in found.ways:
            if len(way.tokens) == len(cells) and [token.text for token in way.tokens] != cells:
                return None
        return cells if self.fit(cells) - self._ordinary <= FAR else None

    def propose(self, text: str) -> Proposal | None:
        """The likeliest cells of a record's text; None if nothing fits at all, or if it takes too long to tell."""
        found: dict[tuple[str, ...], tuple[float, str]] = {}
        best = math.inf
        left = most = min(RECORD_STEPS, self._left)
        if most <= 0:
            return None
        self._cut.clear()  # the ways of one record share most of their pieces
        readings, steps = self._readings(text)
        left -= steps
        for price, tokens, delimiter, merge, how in readings:
            left -= len(tokens)
            # What surely costs more than the best so far, and by more than makes a difference, is not looked at. The
            # wrong number of pieces is never free.
            number = abs(len(tokens) - len(self.shapes))
            if (
                price + self._least + min(DROP, merge) * number > best + CLEAR
                or (steps := self._steps(len(tokens))) > left
            ):
                continue
            left -= steps
            for cost, cells in self._align(tokens, delimiter, merge):
                best = min(best, price + cost)
                if cells not in found or price + cost < found[cells][0]:
                    found[cells] = (price + cost, how)
        self._left -= most - left
        if not found:
            return None
        ranked = sorted(found.items(), key=lambda one: one[1][0])
        cells, (cost, how) = ranked[0]
        margin = ranked[1][1][0] - cost if len(ranked) > 1 else 99.0
        return Proposal(cells, cost - self._ordinary, margin, how)

    def _readings(self, text: str) -> tuple[list[tuple[float, tuple[Token, ...], str, float, str]], int]:
        """Pieces that the record may have: price of its slips, pieces, delimiter, price of a merge, what was wrong.

        Returns:
            These, and the steps that looking for them took.
        """
        width, dialect = len(self.shapes), self.dialect
        search = dialect.search(text)
        ways, steps = search.ways, search.steps
        found = [
            (SLIP * way.slips, way.tokens, dialect.delimiter, MERGE, "quote" if way.slips else "columns")
            for way in ways
            if len(way.tokens) <= 3 * width + 8
        ]
        found.sort(key=lambda one: one[0] + DROP * abs(len(one[1]) - width))
        if width > 2 and max((len(way.tokens) for way in ways), default=0) <= max(2, width // 2):
            for delimiter in OTHERS:
                if delimiter != dialect.delimiter and delimiter in text:
                    other = Dialect(delimiter, dialect.quote, dialect.escape).search(text)
                    steps += other.steps
                    found += [
                        (OTHER + SLIP * way.slips, way.tokens, delimiter, 0.3, "delimiter")
                        for way in other.ways[:8]
                        if width <= len(way.tokens) <= 6 * width
                    ]
        return found, steps

    def _steps(self, count: int) -> int:
        """Steps that `_align` makes for so many pieces."""
        width = len(self.shapes)
        more = max(0, count - width)
        return (count + 1) * min(width + 1, abs(count - width) + 3) * (more + 2)

    def _align(self, tokens: Sequence[Token], delimiter: str, merge: float) -> list[tuple[float, tuple[str, ...]]]:
        """The two cheapest ways from pieces to columns, as (price, cells)."""
        count, width = len(tokens), len(self.shapes)
        more, fewer = max(0, count - width), max(0, width - count)
        # Only the places near the diagonal are ever reached.
        steps: list[defaultdict[int, list[tuple[float, tuple[str, ...]]]]] = [
            defaultdict(list) for _ in range(count + 1)
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
        known = self._cut.get((text, place))
        if known is not None:
            return known
        if len(text) <= 64:
            cuts: Sequence[int] = range(len(text) + 1)
        else:
            cuts = [0, *(match.start() for match in _BOUNDARY.finditer(text)), len(text)]
            if len(cuts) > 2 * CUTS:
                cuts = [*cuts[:CUTS], *cuts[-CUTS:]]
        found: list[tuple[float, str, str]] = []
        for cut in cuts:
            left, right = text[:cut], text[cut:]
            price = SPLIT + self.cost(place, left) + self.cost(place + 1, right)
            found.append((price, left, right))
        found.sort(key=lambda one: one[0])
        known = self._cut[text, place] = found[:2]
        return known


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
