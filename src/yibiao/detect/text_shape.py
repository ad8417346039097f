"""What the cells of a column look like, and how surprising a text would be in it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

LEARN = 5000
"""Rows that shapes are learned from at most."""

VALUES = 300
"""A column with more different values than this is no list of codes."""

_RUNS = re.compile(r"[a-z]+|[A-Z]+|[0-9]+|[\u3400-\u9fff\U00020000-\U0003ffff]+| +")
_WORDS = re.compile(r"(?:[wWH]+[ ,.'’:;!?()，。、；：（）&/-]*)+")


def fine(text: str) -> str:
    """Shape with the number of digits and of capitals: `MG-8769` -> `AA-9999`, `张三` -> `H2`, `Light` -> `Aa`."""
    return _RUNS.sub(_run, text[:200])


def _run(match: re.Match[str]) -> str:
    first, count = match[0][0], len(match[0])
    if "0" <= first <= "9":
        return "9" * count
    if "A" <= first <= "Z":
        return "A" * count if count <= 4 else "A+"
    if "a" <= first <= "z":
        return "a"
    return " " if first == " " else f"H{min(count, 5)}"


_COARSE = re.compile(r"[A-Za-z]+|[0-9]+|[\u3400-\u9fff\U00020000-\U0003ffff]+")


def coarse(text: str) -> str:
    """Shape without lengths: `MG-8769` -> `T9`, running text -> `T`."""
    found = _COARSE.sub(lambda match: "9" if match[0][0].isdigit() else "w", text[:200])
    return _WORDS.sub("T", found)


class ColumnShape:
    """Shapes and values of one column, learned from cells that were read for sure."""

    def __init__(self, cells: Sequence[str]) -> None:
        texts = [text for text in cells if text.strip()]
        self.count, self.filled = len(cells), len(texts)
        self._fine = Counter(map(fine, texts))
        self._coarse = Counter(map(coarse, texts))
        values = Counter(texts)
        self.values = values if len(values) <= max(VALUES // 30, min(VALUES, self.filled // 3)) else Counter()
        lengths = [math.log(len(text)) for text in texts]
        self._mean = sum(lengths) / len(lengths) if lengths else 0.0
        spread = sum((one - self._mean) ** 2 for one in lengths) / max(1, len(lengths))
        self._spread = max(0.25, math.sqrt(spread))
        self.typed = self._typed()
        self.least = self._least()
        some = cells[:: max(1, len(cells) // 100)]
        self.ordinary = sum(map(self.cost, some)) / len(some) if some else 0.0

    def _typed(self) -> str:
        """The one shape that nearly all cells have, if it holds digits: numbers, dates, codes; empty for text."""
        if not self.filled:
            return ""
        shape, count = self._coarse.most_common(1)[0]
        if "9" in shape and count >= 0.9 * self.filled:
            return shape
        digits = sum(count for shape, count in self._coarse.items() if "9" in shape)
        return "9?" if digits >= 0.98 * self.filled and self.filled >= 5 else ""

    def _least(self) -> float:
        """A price that no text is below: that of the commonest text, had it the commonest shapes."""
        blank = self.cost("")
        if not self.filled:
            return min(blank, -math.log(0.004 * 0.5 / (self.count + 1.0)))
        shapes = 0.4 * max(self._fine.values()) + 0.15 * max(self._coarse.values())
        share = shapes / (self.filled + 1.0) + 0.45 * bool(self.values) + 0.004
        return min(blank, -math.log((self.filled + 0.5) / (self.count + 1.0) * share))

    def cost(self, text: str) -> float:
        """Surprise in nats: near 0 for what most cells look like, up to about 12."""
        if not text.strip():
            # Learned rows are few: an empty cell is never impossible, least of all in a column of text.
            return -math.log((self.count - self.filled + 0.05) / (self.count + 0.05))
        off = abs(math.log(len(text)) - self._mean) / self._spread if self.filled else 0.0
        floor = 0.004 * math.exp(-1.5 * max(0.0, off - 2.5))
        seen = self.filled + 1.0
        share = 0.4 * self._fine[fine(text)] / seen + 0.15 * self._coarse[coarse(text)] / seen * math.exp(
            -1.5 * max(0.0, off - 2.5)
        )
        if self.values:
            share += 0.45 * min(1.0, 4 * self.values[text] / seen)
        chance = (self.filled + 0.5) / (self.count + 1.0)
        return min(14.0, -math.log(chance * (share + floor)))


def learn(rows: Iterable[Sequence[str]], width: int) -> list[ColumnShape]:
    """One shape per column from rows of exactly `width` cells."""
    columns: list[list[str]] = [[] for _ in range(width)]
    for number, row in enumerate(rows):
        if number == LEARN:
            break
        for place, text in enumerate(row):
            columns[place].append(text)
    return [ColumnShape(cells) for cells in columns]
