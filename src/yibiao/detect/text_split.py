"""Splits the text of one record into cells: strictly, or in every way that a slip of the writer could explain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from yibiao.detect.text_lines import bare

DOUBLED, BACKSLASH, NO_ESCAPE = "doubled", "backslash", ""

CLOSINGS = 3
"""Closing quotes that are tried for one opening quote."""

WAYS = 48
"""Ways of splitting one record that are tried."""


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
        found: list[Way] = []
        for way in self._ways(text, 0, (), 0):
            found.append(way)
            if len(found) == WAYS:
                break
        return found

    def may_have(self, text: str, width: int) -> bool:
        """Whether a line is a row of so many cells in any reading."""
        return width > 1 and any(len(way.tokens) == width for way in self.ways(bare(text)))

    def _ways(self, text: str, at: int, before: tuple[Token, ...], slips: int) -> Iterator[Way]:
        if slips > 3:
            return
        width = len(self.delimiter)
        while True:
            quote = text.find(self.quote, at) if self.quote else -1
            end = text.find(self.delimiter, at) if self.delimiter else -1
            if quote < 0 or (quote != at and 0 <= end < quote):
                # An unquoted cell before any quote: there is only one way to read it.
                if quote < 0:
                    pieces = text[at:].split(self.delimiter) if self.delimiter else [text[at:]]
                    yield Way((*before, *map(Token, pieces)), slips)
                    return
                before, at = (*before, Token(text[at:end])), end + width
                continue
            break
        if quote == at:
            yield from self._quoted(text, at, before, slips)
            # The quote is an ordinary character of an unquoted cell; hardly so if another one ends the cell.
            token = Token(text[at : end if end >= 0 else None])
            both = len(token.text) > 1 and token.text.endswith(self.quote)
            yield from self._after(text, end, (*before, token), slips + 1 + both)
        else:
            # A quote inside an unquoted cell: text as it is, or the delimiter before the quote is missing.
            yield from self._after(text, end, (*before, Token(text[at : end if end >= 0 else None])), slips + 1)
            yield from self._quoted(text, quote, (*before, Token(text[at:quote])), slips + 1)

    def _after(self, text: str, end: int, tokens: tuple[Token, ...], slips: int) -> Iterator[Way]:
        if end < 0:
            yield Way(tokens, slips)
        else:
            yield from self._ways(text, end + len(self.delimiter), tokens, slips)

    def _quoted(self, text: str, at: int, before: tuple[Token, ...], slips: int) -> Iterator[Way]:
        """Readings in which the quote at `at` opens a cell; the closing one has a delimiter or nothing after it."""
        match = self._cell.match(text, at)
        proper = match.end() if match and match[2] else -1
        tried = 0
        doubled: list[int] = []
        place = at + 1
        while tried < CLOSINGS and (place := text.find(self.quote, place)) >= 0:
            place += 1
            ends = place == len(text)
            if not ends and not (self.delimiter and text.startswith(self.delimiter, place)):
                if place == proper and not text.startswith(self.quote, place):
                    # Properly closed, but text follows: the delimiter after it is missing.
                    token = Token(self.unescape(text[at + 1 : place - 1]), True)
                    yield from self._ways(text, place, (*before, token), slips + 1)
                elif text.startswith(self.quote, place):
                    doubled.append(place)
                continue
            tried += 1
            token = Token(self.unescape(text[at + 1 : place - 1]), True)
            # A closing quote that RFC 4180 would not take for one: some quote inside is not escaped.
            now = slips + (0 if place == proper else 1)
            if ends:
                yield Way((*before, token), now)
            else:
                yield from self._ways(text, place + len(self.delimiter), (*before, token), now)
        for place in doubled[:CLOSINGS]:
            # Two quoted cells with nothing between them look like an escaped quote.
            token = Token(self.unescape(text[at + 1 : place - 1]), True)
            yield from self._ways(text, place, (*before, token), slips + 1)
