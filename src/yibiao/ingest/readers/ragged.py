"""Proposes cells, by contract column, for rows of a delimited file that cannot be split for sure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from yibiao.detect.text_lines import lines_of
from yibiao.detect.text_records import read_records
from yibiao.detect.text_repair import Repairer
from yibiao.detect.text_shape import learn
from yibiao.detect.text_split import Dialect
from yibiao.ingest.columns import Binding
from yibiao.ingest.readers.damage import MARK, otherwise

PROPOSALS = 2000
"""Rows of one delivery that are thought about; a delivery with more of them has another fault than slips."""

LEARN = 1 << 19
"""Characters below the header from which it is learned what columns look like."""


class Proposer:
    """Thinks about single rows; learns what the columns look like when the first one comes.

    Args:
        dialect: of the contract.
        binding: which column of the file is which column of the contract.
        head: gives text that begins with the first data row.
    """

    def __init__(self, dialect: Dialect, binding: Binding, head: Callable[[], str]) -> None:
        self.dialect, self._binding, self._head = dialect, binding, head
        self.width = len(binding.headers)
        self._repairer: Repairer | None = None
        self._asked = 0

    def proposal(self, text: str) -> Mapping[str, str]:
        """Cells by contract column if one repair is clearly the likeliest; otherwise nothing."""
        self._asked += 1
        if self._asked > PROPOSALS or len(text) > 20_000:
            return {}
        found = self._thinker().propose(text.replace("\0", ""))
        if found is None or not found.clear:
            return {}
        return self._named([self._without_stray(cell) for cell in found.cells])

    def _without_stray(self, cell: str) -> str:
        """A cell without the one quotation mark before it that was never closed: it is the slip, and no text."""
        quote = self.dialect.quote
        return cell[1:] if quote and cell.startswith(quote) and cell.count(quote) == 1 else cell

    def damaged(self, text: str, codec: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Cells of a row with marked bytes, by contract column: those that are whole, and what others may have been.

        Both are empty for a row that cannot be split for sure. A proposal is made if all of the row is in another
        encoding.
        """
        cells = self._split(text)
        if cells is None:
            return {}, {}
        known = {name: cell for name, cell in self._named(cells).items() if MARK not in cell}
        self._asked += 1
        other = self._split(read) if self._asked <= PROPOSALS and (read := otherwise(text, codec)) else None
        if other is None:
            return known, {}
        return known, {name: cell for name, cell in self._named(other).items() if cell != known.get(name)}

    def _split(self, text: str) -> list[str] | None:
        cells, _ = self.dialect.strict(text)
        return cells if cells is not None and len(cells) == self.width else None

    def plain(self, text: str) -> list[str] | None:
        """Cells of a row whose quotes are text for sure; see `Repairer.plain`."""
        return self._thinker().plain(text)

    def are_rows(self, first: bytes, second: bytes) -> bool:
        """Whether two lines are whole rows by themselves, if some of their quotes are text."""
        return all(self.dialect.may_have(line.decode("utf-8", "replace"), self.width) for line in (first, second))

    def _thinker(self) -> Repairer:
        if self._repairer is None:
            self._repairer = Repairer(self.dialect, learn(self._sure_rows(), self.width))
        return self._repairer

    def _sure_rows(self) -> list[list[str]]:
        text = self._head()[:LEARN]
        records = read_records(lines_of(text), self.dialect)
        return [record.cells for record in records if record.cells is not None and len(record.cells) == self.width]

    def _named(self, cells: Sequence[str]) -> dict[str, str]:
        return {
            name: cells[place]
            for name, place in zip(self._binding.names, self._binding.places, strict=True)
            if place is not None
        }
