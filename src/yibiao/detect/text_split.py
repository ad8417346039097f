"""Splits the text of one record into cells: strictly, or in every way that a slip of the writer could explain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

from yibiao.detect.text_lines import bare

DOUBLED, BACKSLASH, NO_ESCAPE = "doubled", "backslash", ""

CLOSINGS = 3
"""Closing quotes that are tried for one opening quote."""

WAYS = 48
"""Ways of splitting one record that are tried."""

LONGEST, STEPS = 20_000, 20_000
"""Characters of a record and steps of a search up to which ways are looked for."""


@dataclass(frozen=True)
class Token:
    """One piece of a record: its text without quotes, and whether it stood in quotes."""

    text: str
    quoted: bool = False


@dataclass(frozen=True)
class Way:
    """One way of reading a record: its pieces and how many slips it supposes."""

    tokens: tuple[Token, ...]
    slips: int


@dataclass(frozen=True)
class Dialect:
    """How a file separates cells.

    Attributes:
        delimiter: one or more characters; empty if every line is one cell.
        quote: one character, or empty.
        escape: how a quote stands inside quotes: `doubled`, `backslash`, or empty (as it is).
    """

    delimiter: str
    quote: str = '"'
    escape: str = DOUBLED

    @cached_property
    def _cell(self) -> re.Pattern[str]:
        quote = re.escape(self.quote)
        plain = (
            f"(?:(?!{re.escape(self.delimiter)}).)*" if len(self.delimiter) > 1 else f"[^{re.escape(self.delimiter)}]*"
        )
        if not self.delimiter:
            plain = ".*"
        if self.escape == BACKSLASH:
            inside = rf"(?:[^{quote}\\]|\\.|{quote}{quote})*"
        elif self.escape == DOUBLED:
            inside = f"[^{quote}]*(?:{quote}{quote}[^{quote}]*)*"
        else:
            inside = f"[^{quote}]*"
        return re.compile(f"{quote}({inside})({quote}|\\Z)|(?!{quote})({plain})", re.DOTALL)

    def unescape(self, text: str) -> str:
        """The content of a quoted cell."""
        if self.escape == BACKSLASH and "\\" in text:
            text = text.replace("\\" + self.quote, self.quote).replace("\\\\", "\\")
        if self.escape != NO_ESCAPE and self.quote:
            text = text.replace(self.quote * 2, self.quote)
        return text

    def join(self, texts: list[str]) -> str:
        """Pieces as one cell, with the delimiters that stood between them."""
        return self.delimiter.join(texts)

    def simple(self, text: str) -> list[str] | None:
        """Cells of a record without any quote; None if it has one."""
        if self.quote and self.quote in text:
            return None
        return text.split(self.delimiter) if self.delimiter else [text]

    def strict(self, text: str) -> tuple[list[str] | None, bool]:
        """Cells by the letter of RFC 4180.

        Returns:
            (cells, open): None if the quotes do not fit; `open` if the record ends inside quotes.
        """
        cells = self.simple(text)
        if cells is not None:
            return cells, False
        cells, at, width = [], 0, len(self.delimiter)
        while True:
            match = self._cell.match(text, at)
            if match is None:
                return None, False
            if match[3] is None:
                if not match[2]:
                    return None, True
                cells.append(self.unescape(match[1]))
            elif self.quote in match[3]:
                return None, False
            else:
                cells.append(match[3])
            at = match.end()
            if at == len(text):
                return cells, False
            if not self.delimiter or not text.startswith(self.delimiter, at):
                return None, False
            at += width

    def ways(self, text: str) -> list[Way]:
        """Ways of reading a record: a quote is what it should be, or text, or stands where a delimiter is missing."""
        return self.search(text).ways

    def search(self, text: str, most: int = STEPS) -> Search:
        """The same, with at most `most` steps."""
        search = Search(self, text, most)
        search.run()
        return search

    def may_have(self, text: str, width: int) -> bool:
        """Whether a line is a row of so many cells in any reading."""
        return width > 1 and any(len(way.tokens) == width for way in self.ways(bare(text)))

    def closing(self, text: str, at: int) -> int:
        """Place after the mark that by RFC 4180 closes the cell that opens at `at`; -1 if there is none."""
        match = self._cell.match(text, at)
        return match.end() if match and match[2] else -1


class Search:
    """Looks for ways of reading one record, in bounded work.

    Attributes:
        ways: found ones.
        whole: whether there was no more to look at than was allowed.
        steps: that were made: cells read, and quotes looked at.
    """

    def __init__(self, dialect: Dialect, text: str, most: int) -> None:
        self._dialect, self._text, self._most = dialect, text, most
        self.ways: list[Way] = []
        self.whole = len(text) <= LONGEST
        self.steps = 0

    def run(self) -> None:
        # Not recursive: a record has more cells than Python has levels of calls.
        stack = [self._from(_State(0, None, 0))] if self.whole else []
        while stack and len(self.ways) < WAYS:
            if self.steps > self._most:
                self.whole = False
                return
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
            elif step.at >= 0:
                stack.append(self._from(step))
            else:
                tokens = _tokens(step.before)
                self.steps += len(tokens)
                self.ways.append(Way(tokens, step.slips))

    def _from(self, state: _State) -> Iterator[_State]:
        """What may come next; a state at -1 is a whole record."""
        text, mark, delimiter = self._text, self._dialect.quote, self._dialect.delimiter
        at, before, slips = state
        if slips > 3:
            return
        width = len(delimiter)
        while True:
            self.steps += 1
            quote = text.find(mark, at) if mark else -1
            if quote < 0:
                for piece in text[at:].split(delimiter) if delimiter else [text[at:]]:
                    before = before, Token(piece)
                yield _State(-1, before, slips)
                return
            end = text.find(delimiter, at) if delimiter else -1
            if quote == at or not 0 <= end < quote:
                break
            # An unquoted cell before any quote: there is only one way to read it.
            before, at = (before, Token(text[at:end])), end + width
        after = -1 if end < 0 else end + width
        token = Token(text[at : end if end >= 0 else None])
        if quote == at:
            yield from self._quoted(at, before, slips)
            # The quote is an ordinary character of an unquoted cell; hardly so if another one ends the cell.
            both = len(token.text) > 1 and token.text.endswith(mark)
            yield _State(after, (before, token), slips + 1 + both)
        else:
            # A quote inside an unquoted cell: text as it is, or the delimiter before the quote is missing.
            yield _State(after, (before, token), slips + 1)
            yield from self._quoted(quote, (before, Token(text[at:quote])), slips + 1)

    def _quoted(self, at: int, before: _Tokens, slips: int) -> Iterator[_State]:
        """Readings in which the quote at `at` opens a cell; the closing one has a delimiter or nothing after it."""
        text, dialect = self._text, self._dialect
        mark, delimiter = dialect.quote, dialect.delimiter
        proper = dialect.closing(text, at)
        tried = 0
        doubled: list[int] = []
        place = at + 1
        while tried < CLOSINGS and (place := text.find(mark, place)) >= 0:
            place += 1
            self.steps += 1
            ends = place == len(text)
            if not ends and not (delimiter and text.startswith(delimiter, place)):
                if place == proper and not text.startswith(mark, place):
                    # Properly closed, but text follows: the delimiter after it is missing.
                    token = Token(dialect.unescape(text[at + 1 : place - 1]), True)
                    yield _State(place, (before, token), slips + 1)
                elif len(doubled) < CLOSINGS and text.startswith(mark, place):
                    doubled.append(place)
                continue
            tried += 1
            token = Token(dialect.unescape(text[at + 1 : place - 1]), True)
            # A closing quote that RFC 4180 would not take for one: some quote inside is not escaped.
            yield _State(-1 if ends else place + len(delimiter), (before, token), slips + (place != proper))
        for place in doubled:
            # Two quoted cells with nothing between them look like an escaped quote.
            token = Token(dialect.unescape(text[at + 1 : place - 1]), True)
            yield _State(place, (before, token), slips + 1)


_Tokens: TypeAlias = "tuple[_Tokens, Token] | None"
"""Pieces of a record from the last one back; readings share those that they have in common."""


class _State(NamedTuple):
    """A place in a record up to which it was read in one way."""

    at: int
    before: _Tokens
    slips: int


def _tokens(last: _Tokens) -> tuple[Token, ...]:
    found = []
    while last is not None:
        last, token = last
        found.append(token)
    return tuple(reversed(found))
