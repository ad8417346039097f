"""A field of a form as its file shows it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class FormField:
    """One thing that a form asks.

    Attributes:
        sheet: name of the sheet, or of the table in a document.
        column: 0-based as in the file; of a label beside an empty cell, the column of that cell.
        path: header texts from the outermost to the innermost, as printed.
        row: 0-based row of the innermost header.
        options: what its drop-down offers.
        hint: comments, prompts, notes that belong to it.
        values: what stands in its cells, a sample; never shown anywhere.
        computed: whether a formula of the workbook gives the answer.
    """

    sheet: str
    column: int
    path: tuple[str, ...]
    row: int = 0
    options: tuple[str, ...] = ()
    hint: str = ""
    values: tuple[str, ...] = field(default=(), repr=False)
    computed: bool = False

    @property
    def label(self) -> str:
        return self.path[-1]

    @property
    def parents(self) -> tuple[str, ...]:
        return self.path[:-1]


@dataclass(frozen=True)
class FormTable:
    """Fields that stand together, with the title over them.

    Attributes:
        sheet: name of the sheet, or of the table in a document.
        beside: of labels beside cells, every text with the text right of it, to tell whether somebody filled the form
            in; None of a table under headers.
        over: whether it is lines over the headers of the next table, which ask something of the form as a whole.
        unseen: what of the file was not looked at because it is hidden, by place, in Chinese words.
    """

    sheet: str
    title: str
    fields: tuple[FormField, ...]
    beside: tuple[tuple[str, str], ...] | None = field(default=None, repr=False)
    over: bool = False
    unseen: tuple[str, ...] = ()
