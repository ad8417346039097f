"""Which delimiter, quote and escape a text file uses: the reading under which its lines agree best."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from yibiao.detect.text_split import BACKSLASH, DOUBLED, Dialect

LINES = 400
"""Lines that are judged."""

LONG, CHARACTERS = 1 << 14, 1 << 18
"""Characters of a line that is passed over if most lines are shorter, and of all lines that are judged."""

USUAL = (
    ",",
    "\t",
    ";",
    "|",
    "，",
    "^",
    "~",
    "\x01",
    "\x1f",
    "、",
    "；",
    "#",
    "@",
    "&",
    "!",
    "$",
    "*",
    "+",
    "=",
    ":",
    " ",
)

QUOTES = ('"', "'", "“")

_LEAST = 0.3
"""Share of lines in which a delimiter has to occur at all."""

_NEVER = set("-_/.()[]{}<>%\\\"'“”‘’（）《》【】。")
_FOREIGN = re.compile(r"[,;\t|，\x01\x1f]")


@dataclass(frozen=True)
class Scored:
    """How well the lines agree under one dialect: `score` 0 to 1, and the commonest number of cells."""

    dialect: Dialect
    score: float
    width: int
    share: float
    typed: int


def find_dialect(lines: Sequence[str]) -> tuple[Scored, list[Scored]]:
    """Judge sample lines (without their ends); the best dialect and the other candidates, best first.

    A single column is a dialect with the delimiter "".
    """
    lines = _judged(lines)
    whole = "\n".join(lines)
    found = []
    for delimiter in _candidates(lines, whole):
        found.append(_score(Dialect(delimiter, *_quoting(whole, delimiter)), lines))
    found = [one for one in found if one.width > 1 and _credible(one)]
    # `@|@` divides as well as the bar inside it, which leaves an @ at the edges of cells.
    found.sort(key=lambda one: (-round(one.score, 3), -len(one.dialect.delimiter)))
    if found:
        return found[0], found[1:]
    return Scored(Dialect("", *_quoting(whole, "")), 1.0, 1, 1.0, 0), []


def _judged(lines: Sequence[str]) -> list[str]:
    """So many of the lines that looking at them takes no longer than for an ordinary file."""
    lines = [line for line in lines if line.strip()][:LINES]
    short = [line for line in lines if len(line) <= LONG]
    if 2 * len(short) > len(lines):
        lines = short
    found, left = [], CHARACTERS
    for line in lines:
        if left <= 0:
            break
        found.append(line[:left])
        left -= len(line)
    return found


def _credible(one: Scored) -> bool:
    """Blanks and marks that occur in any text are delimiters only if the lines agree well."""
    delimiter = one.dialect.delimiter
    if delimiter in (",", "\t", ";", "|", "\x01", "\x1f") or (
        len(delimiter) > 1 and delimiter.strip() not in ("", ".")
    ):
        return one.score >= 0.1
    if one.typed >= 3 and one.width >= 4:
        return one.score >= 0.1
    return one.share >= 0.8 and one.score >= 0.5 and (one.typed >= 1 or one.width >= 3)


def _candidates(lines: Sequence[str], whole: str) -> list[str]:
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update({character for character in line if not character.isalnum()} - _NEVER)
    least = max(1.0, _LEAST * len(lines))
    singles = [one for one in USUAL if counts[one] >= least]
    singles += [one for one, times in counts.most_common(8) if times >= 0.9 * len(lines) and one not in singles]
    found = list(singles)
    for one in singles:
        longer = one
        for _ in range(3):
            extended = _extended(whole, longer)
            if not extended:
                break
            longer = extended
            if longer not in found:
                found.append(longer)
    return found


def _extended(whole: str, delimiter: str) -> str:
    """The delimiter with the character that nearly always follows or precedes it; empty if there is none."""
    after: Counter[str] = Counter()
    before: Counter[str] = Counter()
    at = whole.find(delimiter)
    while at >= 0:
        end = at + len(delimiter)
        after[whole[end : end + 1]] += 1
        before[whole[at - 1 : at] if at else ""] += 1
        at = whole.find(delimiter, end)
    found = sum(after.values())
    for counter, join in ((after, lambda one: delimiter + one), (before, lambda one: one + delimiter)):
        one, times = counter.most_common(1)[0] if counter else ("", 0)
        if one and times >= 0.5 * found and not one.isalnum() and one not in "\n\"'“”" and one not in _NEVER:
            return join(one)
    return ""


def _quoting(whole: str, delimiter: str) -> tuple[str, str]:
    """(quote, escape) by the marks that stand where a quoted cell begins and ends."""
    edge = re.escape(delimiter) if delimiter else "\n"
    best, count = '"', 0
    for quote in QUOTES:
        mark = re.escape(quote)
        closing = re.escape("”" if quote == "“" else quote)
        opens = len(re.findall(f"(?:^|{edge}){mark}", whole, re.MULTILINE))
        closes = len(re.findall(f"{closing}(?=$|{edge})", whole, re.MULTILINE))
        # Chinese quotation marks are text, whatever they enclose.
        if quote != "“" and min(opens, closes) > count and 3 * min(opens, closes) >= max(opens, closes):
            best, count = quote, min(opens, closes)
    mark = re.escape(best)
    slashed = len(re.findall(rf"\\{mark}", whole))
    doubled = len(re.findall(rf"(?<!^)(?<!{edge}){mark}{mark}(?!{mark})|{mark}{mark}{mark}", whole, re.MULTILINE))
    return best, BACKSLASH if slashed > doubled else DOUBLED


def _score(dialect: Dialect, lines: Sequence[str]) -> Scored:
    rows: list[list[str]] = []
    failed = 0
    pending = ""
    held = 0
    for line in lines:
        text = f"{pending}\n{line}" if pending else line
        cells, is_open = dialect.strict(text)
        if is_open and held < 20:
            pending, held = text, held + 1
            continue
        if cells is None:
            failed += 1 + held
            if held:
                cells, _ = dialect.strict(line)
                failed -= cells is not None
        if cells is not None:
            rows.append(cells)
        pending, held = "", 0
    failed += held
    if not rows:
        return Scored(dialect, 0.0, 0, 0.0, 0)
    widths = Counter(len(row) for row in rows)
    width = max(widths, key=lambda one: (widths[one] * (one > 1), one))
    share = widths[width] / (len(rows) + failed)
    alike = [row for row in rows if len(row) == width]
    typed = _typed(rows)
    clean = _clean(alike, width)
    score = (0.1 * (typed >= 3) + 0.9 * share) * clean * math.sqrt(1 - 1 / width) if width > 1 else 0.0
    return Scored(dialect, score, width, share, typed)


def _clean(rows: Sequence[Sequence[str]], width: int) -> float:
    """Share of cells that look like cells: no other delimiter in them, no quote at the edge, no column always empty."""
    points = 0.0
    for place in range(width):
        filled = [row[place] for row in rows if row[place]]
        if not filled:
            points += 1.0 if place == width - 1 else 0.6
            continue
        good = 0.0
        for text in filled[:100]:
            edges = text[0] in " \"'" or text[-1] in " \"'"
            good += 1.0 - 0.5 * edges - 0.4 * (_FOREIGN.search(text) is not None)
        points += good / len(filled[:100])
    return points / width


def _typed(rows: Sequence[Sequence[str]]) -> int:
    """Columns, counted from the left edge, whose cells nearly all hold digits in one shape."""
    count = 0
    least = max(2, round(0.85 * len(rows)))
    for place in range(min(8, max(map(len, rows)))):
        shapes = Counter(
            re.sub("[0-9]+", "9", re.sub("[A-Za-z]+", "A", row[place])) for row in rows if len(row) > place
        )
        shape, times = shapes.most_common(1)[0]
        count += times >= least and "9" in shape
    return count
