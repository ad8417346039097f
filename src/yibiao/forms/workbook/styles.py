"""Formats of cells: those that a department chose, in the colours that say where a value comes from."""

from __future__ import annotations

import re

from yibiao.forms.fill.skeleton import COLOURS
from yibiao.forms.workbook.markup import Node

GENERAL, AS_TEXT = 0, 49
"""Ids of the number formats 常规 and 文本 (ECMA-376 part 1, 18.8.30)."""

_DAYS = {*range(14, 18), 22, *range(27, 32), 36, *range(50, 59)}
"""Ids of the number formats of days, with those of Chinese Excel."""


class Styles:
    """The formats of a workbook; new ones are added at the end, so that all others keep their numbers."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._formats = self._need("cellXfs")
        self._fills = self._need("fills")
        listed = root.child("numFmts")
        self._codes = {
            int(one.get("numFmtId", "0")): one.get("formatCode") for one in (listed.children if listed else ())
        }
        self._made: dict[tuple[object, ...], int] = {}

    def _need(self, name: str) -> Node:
        found = self._root.child(name)
        if found is None:
            raise KeyError(name)
        return found

    def number_format(self, style: int | None) -> int:
        """The id of a format's number format."""
        return int(self._of(style).get("numFmtId", "0") or 0)

    def is_text(self, style: int | None) -> bool:
        """Whether cells of this format hold texts, also of digits."""
        number = self.number_format(style)
        return number == AS_TEXT or self._codes.get(number) == "@"

    def is_day(self, style: int | None) -> bool:
        """Whether cells of this format show days."""
        number = self.number_format(style)
        code = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.', "", self._codes.get(number, "")).lower()
        return number in _DAYS or ("y" in code and "m" in code) or ("d" in code and "m" in code)

    def shaded(self, style: int | None, status: str, *, text: bool, plain: bool = False) -> int:
        """A format like another one, in the colour of a status.

        Args:
            text: hold digits as a text where the department chose no number format.
            plain: of a header: with the letters of an ordinary cell.
        """
        key = (style, status, text, plain)
        if key not in self._made:
            made = self._of(style).copy()
            made.set("fillId", str(self._fill(COLOURS[status])))
            made.set("applyFill", "1")
            if text and self.number_format(style) == GENERAL:
                made.set("numFmtId", str(AS_TEXT))
                made.set("applyNumberFormat", "1")
            if plain:
                made.set("fontId", "0")
            self._made[key] = self._add(made)
        return self._made[key]

    def wrapped(self) -> int:
        """The format of explanations: the first one, over several lines."""
        key = ("wrapped",)
        if key not in self._made:
            prefix = self._formats.prefix
            made = Node(
                f'<{prefix}xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1">'.encode(),
                f"</{prefix}xf>".encode(),
                [Node(f'<{prefix}alignment vertical="top" wrapText="1"/>'.encode())],
            )
            self._made[key] = self._add(made)
        return self._made[key]

    def _of(self, style: int | None) -> Node:
        formats = self._formats.children
        return formats[style or 0] if (style or 0) < len(formats) else formats[0]

    def _add(self, made: Node) -> int:
        self._formats.add(made)
        count = len(self._formats.children)
        self._formats.set("count", str(count))
        return count - 1

    def _fill(self, colour: str) -> int:
        key = ("fill", colour)
        if key not in self._made:
            prefix = self._fills.prefix
            rgb = "FF" + colour.removeprefix("#")
            colours = f'<{prefix}fgColor rgb="{rgb}"/><{prefix}bgColor indexed="64"/>'
            pattern = f'<{prefix}patternFill patternType="solid">{colours}</{prefix}patternFill>'
            count = len(self._fills.children)
            self._fills.add(Node(f"<{prefix}fill>".encode(), f"</{prefix}fill>".encode(), [pattern.encode()]))
            self._fills.set("count", str(count + 1))
            self._made[key] = count
        return self._made[key]
