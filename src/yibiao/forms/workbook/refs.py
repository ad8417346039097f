"""References to cells in formulas and ranges, and what becomes of them when rows are inserted into a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_CELL = r"(\$?)([A-Za-z]{1,3})(\$?)(\d{1,7})"
_RANGE = re.compile(rf"{_CELL}(?::{_CELL})?")
_ROWS = re.compile(r"(\$?)(\d{1,7}):(\$?)(\d{1,7})")
_PLAIN = re.compile(r"([A-Za-z]{1,3})(\d{1,7})(?::([A-Za-z]{1,3})(\d{1,7}))?")
_PREFIX = re.compile(r"(?:'((?:[^']|'')+)'|([^'!]+))!(.+)", re.DOTALL)

SINGLE, START, END = "single", "start", "end"
"""What a row is in a reference: that of one cell, the first or the last of a range."""

Row = Callable[[int, bool, str], str]
"""(row, whether it is absolute, what it is) -> what is written in its place."""


@dataclass(frozen=True)
class Inserted:
    """Rows that are put in at the end of a table.

    Attributes:
        sheet: name of the table's sheet.
        last: last row of the table, 1-based; rows are put in after it.
        count: how many.
    """

    sheet: str
    last: int
    count: int

    def row(self, row: int, what: str = SINGLE) -> int:
        """Where a row is afterwards. A range that ends with the table grows with it."""
        return row + self.count if row > self.last or (what == END and row == self.last) else row

    def ranges(self, text: str, *, grow: bool = True) -> str:
        """Ranges divided by blanks as they are afterwards.

        Args:
            grow: whether a range that ends with the table grows; merged cells do not.
        """

        def moved(found: re.Match[str]) -> str:
            left, top, right, bottom = found.groups()
            if right is None:
                return f"{left}{self.row(int(top))}"
            return f"{left}{self.row(int(top), START)}:{right}{self.row(int(bottom), END if grow else SINGLE)}"

        return _PLAIN.sub(moved, text)

    def formula(self, text: str, home: str, *, inside: bool = False) -> str:
        """A formula that stands on the sheet `home`, as it is afterwards; references to other sheets stay.

        Args:
            inside: whether it stands in a row of the table: there `SUM(B9:D9)` speaks of its own row.
        """

        def row(row: int, absolute: bool, what: str) -> str:
            return str(self.row(row, what if absolute or not inside else SINGLE))

        return rewritten(text, row, lambda named: named or home, self.sheet)


def copied(text: str, by: int) -> str:
    """A formula as it is copied so many rows down: what is relative moves along."""
    return rewritten(text, lambda row, absolute, _: str(row if absolute else row + by))


def rewritten(text: str, row: Row, meant: Callable[[str], str] = lambda _: "", sheet: str = "") -> str:
    """A formula, without its `=`, with other rows wherever it names cells of one sheet, or of any.

    Args:
        meant: sheet that a reference names, empty where it names none -> sheet that it is to be held for.
        sheet: the one whose rows are others.

    Raises:
        ValueError: it is no formula.
    """
    from openpyxl.formula import Tokenizer
    from openpyxl.formula.tokenizer import Token, TokenizerError

    try:
        tokens = Tokenizer(f"={text}").items
    except (TokenizerError, IndexError):
        raise ValueError("no formula") from None
    pieces = []
    for token in tokens:
        value = str(token.value)
        if token.type == Token.OPERAND and token.subtype == Token.RANGE:
            prefixed = _PREFIX.fullmatch(value)
            named = (prefixed[1] or prefixed[2]).replace("''", "'") if prefixed else ""
            if meant(named) == sheet:
                rest = prefixed[3] if prefixed else value
                value = value[: len(value) - len(rest)] + _moved(rest, row)
        pieces.append(value)
    return "".join(pieces)


def _moved(cells: str, row: Row) -> str:
    if found := _RANGE.fullmatch(cells):
        column, left, fixed, top, last_column, right, last_fixed, bottom = found.groups()
        if right is None:
            return f"{column}{left}{fixed}{row(int(top), bool(fixed), SINGLE)}"
        first, last = row(int(top), bool(fixed), START), row(int(bottom), bool(last_fixed), END)
        return f"{column}{left}{fixed}{first}:{last_column}{right}{last_fixed}{last}"
    if found := _ROWS.fullmatch(cells):
        fixed, top, last_fixed, bottom = found.groups()
        return f"{fixed}{row(int(top), bool(fixed), START)}:{last_fixed}{row(int(bottom), bool(last_fixed), END)}"
    return cells


def place(reference: str) -> tuple[int, int]:
    """Row and column (0-based) of a cell such as `B5`."""
    found = _PLAIN.fullmatch(reference.replace("$", ""))
    if found is None:
        raise ValueError("no reference to a cell")
    return int(found[2]) - 1, column_number(found[1])


def span(reference: str) -> tuple[int, int, int, int]:
    """(top, left, bottom, right), 0-based, inclusive, of a range such as `B5:C7`, or of one cell."""
    first, _, last = reference.replace("$", "").partition(":")
    return (*place(first), *place(last or first))


def column_number(letters: str) -> int:
    """The column of some letters, 0-based."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1
