"""One sheet of a department's workbook: its cells by place, formulas that share one text written out."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from yibiao.forms.workbook.markup import Document, Node
from yibiao.forms.workbook.refs import place, span
from yibiao.ingest.readers.spreadsheet_marks import column_letters

ORDER = (
    *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr", "sheetProtection"),
    *("protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate", "customSheetViews", "mergeCells"),
    *("phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins"),
    *("pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors"),
    *("smartTags", "drawing", "drawingHF", "legacyDrawing", "legacyDrawingHF", "picture", "oleObjects", "controls"),
    *("webPublishItems", "tableParts", "extLst"),
)
"""The order of what a sheet holds (ECMA-376 part 1, 18.3.1.99): Excel opens no other."""

Span = tuple[int, int, int, int]


class Sheet:
    """Cells of a sheet; rows and columns are 0-based.

    Attributes:
        document: the part.
        rows: row -> its element.
        cells: (row, column) -> its element.
        formulas: (row, column) -> formula without `=`, also of those that share one.
        merges: merged cells, inclusive.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.data = self.need("sheetData")
        self.rows: dict[int, Node] = {}
        self.cells: dict[tuple[int, int], Node] = {}
        for row, element in _numbered(self.data):
            self.rows[row] = element
            for column, cell in _cells(element, row):
                self.cells[row, column] = cell
        self.formulas = self._formulas()
        listed = document.root.child("mergeCells")
        self.merges: list[Span] = [span(one.get("ref")) for one in (listed.children if listed else ())]

    def need(self, name: str) -> Node:
        """The element of this name in the sheet.

        Raises:
            ValueError: there is none.
        """
        found = self.document.root.child(name)
        if found is None:
            raise ValueError(f"no {name}")
        return found

    @property
    def prefix(self) -> str:
        return self.document.root.prefix

    def put(self, element: Node) -> Node:
        """Put an element into the sheet, where its kind belongs."""
        at = ORDER.index(element.name)
        parts = self.document.root.parts
        for number, one in enumerate(parts):
            if isinstance(one, Node) and one.name in ORDER and ORDER.index(one.name) > at:
                parts.insert(number, element)
                return element
        parts.append(element)
        return element

    def get(self, name: str, head: str = "") -> Node:
        """The element of this name, made if there is none; `head`: attributes, with a blank before them."""
        found = self.document.root.child(name)
        tag = f"{self.prefix}{name}"
        return found or self.put(Node(f"<{tag}{head}>".encode(), f"</{tag}>".encode()))

    def write_out(self, rows: Collection[int]) -> None:
        """Give the formulas of a table their own text where it is shared with a cell of these rows."""
        shared: dict[str, bool] = {}
        for (row, _), cell in self.cells.items():
            formula = cell.child("f")
            if formula is not None and formula.get("t") == "shared":
                shared[formula.get("si")] = shared.get(formula.get("si"), False) or row in rows
        for at, cell in self.cells.items():
            formula = cell.child("f")
            if formula is not None and formula.get("t") == "shared" and shared[formula.get("si")]:
                for name in ("t", "si", "ref"):
                    formula.set(name, None)
                formula.write(self.formulas[at])

    def style(self, row: int, column: int) -> int | None:
        """The format of a cell: its own, or that of its column."""
        cell = self.cells.get((row, column))
        if cell is not None:
            return int(cell.get("s") or 0)
        listed = self.document.root.child("cols")
        for one in listed.children if listed else ():
            if int(one.get("min")) <= column + 1 <= int(one.get("max")):
                return int(one.get("style") or 0)
        return None

    @property
    def width(self) -> int:
        """Columns that hold anything."""
        right = [column for _, column in self.cells] + [one[3] for one in self.merges]
        return max(right, default=-1) + 1

    def _formulas(self) -> dict[tuple[int, int], str]:
        from openpyxl.formula.translate import Translator

        found: dict[tuple[int, int], str] = {}
        masters: dict[str, tuple[str, tuple[int, int]]] = {}
        children: list[tuple[tuple[int, int], str]] = []
        for at, cell in self.cells.items():
            formula = cell.child("f")
            if formula is None:
                continue
            text = formula.text
            if formula.get("t") == "shared" and not text:
                children.append((at, formula.get("si")))
                continue
            if formula.get("t") == "shared":
                masters[formula.get("si")] = (text, at)
            found[at] = text
        for at, key in children:
            text, origin = masters[key]
            moved = Translator(f"={text}", origin=_name(origin)).translate_formula(_name(at))
            found[at] = moved.removeprefix("=")
        return found


def _name(at: tuple[int, int]) -> str:
    return f"{column_letters(at[1])}{at[0] + 1}"


def _numbered(data: Node) -> Iterator[tuple[int, Node]]:
    """Rows with their places; a writer may leave out the number of a row that follows another."""
    row = -1
    for element in data.children:
        row = int(element.get("r")) - 1 if element.get("r") else row + 1
        if not element.get("r"):
            element.set("r", str(row + 1))
        yield row, element


def _cells(element: Node, row: int) -> Iterator[tuple[int, Node]]:
    column = -1
    for cell in element.children:
        if cell.name != "c":
            continue
        column = place(cell.get("r"))[1] if cell.get("r") else column + 1
        if not cell.get("r"):
            cell.set("r", _name((row, column)))
        yield column, cell
