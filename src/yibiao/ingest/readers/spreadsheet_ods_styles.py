"""Styles of ODS cells whose number format shows a fixed number of digits, with leading zeros."""

from __future__ import annotations


class Styles:
    """Follows the elements of styles in `styles.xml` and `content.xml`; the later of one name counts."""

    def __init__(self) -> None:
        self._formats: dict[str, int] = {}
        self._cells: dict[str, tuple[str, str]] = {}
        self._name = ""
        self._digits = 0
        self._found: dict[str, int] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "style":
            if attributes.get("style:family") == "table-cell":
                own = attributes.get("style:data-style-name", ""), attributes.get("style:parent-style-name", "")
                self._cells[attributes.get("style:name", "")] = own
        elif name == "number-style":
            self._name, self._digits = attributes.get("style:name", ""), 0
        elif self._name:
            # `000000` is one element with as many digits as zeros; whatever stands beside it makes another format.
            plain = name == "number" and not self._digits and attributes.get("number:decimal-places", "0") == "0"
            grouped = attributes.get("number:grouping") == "true"
            self._digits = int(attributes.get("number:min-integer-digits", "1")) if plain and not grouped else -1

    def text(self, text: str) -> None:
        if self._name and text.strip():
            self._digits = -1

    def end(self, name: str) -> None:
        if name == "number-style":
            self._formats[self._name] = max(0, self._digits)
            self._name = ""

    def digits(self, style: str) -> int:
        """Digits that a cell of this style shows at least; 0 if it shows a number as it is."""
        if style not in self._found:
            format_, parent, seen = "", style, set()
            while parent and not format_ and parent not in seen:
                seen.add(parent)
                format_, parent = self._cells.get(parent, ("", ""))
            digits = self._formats.get(format_, 0)
            self._found[style] = digits if digits > 1 else 0
        return self._found[style]
