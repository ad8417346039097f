"""Which rows of a chunk are clean beyond doubt, for one contract, by the bytes of their columns alone.

What it is sure of holds by the rules; see `clean_bytes` for cells and `clean` for the same test in SQL, which knows
more ways of writing and types whose form no arithmetic tells.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from yibiao.contracts.reports import Column, Report
from yibiao.ingest.clean_bytes import FORMATS, Texts

EARLIEST = 1850_01_01
"""The first day on which somebody who is spoken of was born or died."""

_CELLS: dict[str, Callable[[Texts, bool], np.ndarray]] = {
    "text": lambda texts, required: texts.text(required=required),
    "address": lambda texts, required: texts.address(required=required),
    "name": lambda texts, _: texts.name(),
    "number_text": lambda texts, _: texts.number_text(),
    "phone": lambda texts, _: texts.phone(),
    "integer": lambda texts, _: texts.integer(),
    "decimal": lambda texts, _: texts.decimal(),
}


class CleanRows:
    """The tests of one contract.

    Args:
        beside: place of the column with an element that speaks of the same person as a column.
        births: elements whose dates cannot lie after the day that the delivery speaks of.

    Attributes:
        told: places of the columns that these tests judge, each by itself or beside its citizen ID number.
    """

    def __init__(self, report: Report, beside: Callable[[Report, Column, str], int | None], births: frozenset[str]):
        self._columns = report.columns
        self._births = births
        self._days = {
            place: column.date_formats[0]
            for place, column in enumerate(report.columns)
            if column.type == "date" and column.date_formats and column.date_formats[0] in FORMATS
        }
        self._cells = {
            place: _CELLS[column.type] for place, column in enumerate(report.columns) if column.type in _CELLS
        }
        # An ID number: where the birth date and the sex of the same person stand.
        self._numbers: dict[int, tuple[int | None, int | None]] = {}
        for place, column in enumerate(report.columns):
            if column.type == "citizen_id":
                birth, sex = beside(report, column, "birth_date"), beside(report, column, "sex_code")
                if (birth is None or birth in self._days) and (sex is None or report.columns[sex].type == "code"):
                    self._numbers[place] = birth, sex
        self.told = frozenset({*self._days, *self._cells, *self._numbers})

    def sure(self, rows: pa.Table, last: int) -> np.ndarray:
        """Rows whose told columns break no rule; false where that is not sure.

        Args:
            rows: of a chunk.
            last: the last day that the delivery speaks of, like 20260131.
        """
        sure = np.ones(rows.num_rows, bool)
        days: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for place in sorted(self.told - self._numbers.keys()):
            column = self._columns[place]
            texts = Texts(_joined(rows.column(column.name)))
            if place in self._days:
                day = texts.day(self._days[place])
                days[place] = texts.absent, day
                right = (day >= EARLIEST) & (day <= last) if column.element in self._births else day > 0
            else:
                right = self._cells[place](texts, column.required)
            sure &= right if column.required else right | texts.absent
        for place, (birth, sex) in self._numbers.items():
            column = self._columns[place]
            texts = Texts(_joined(rows.column(column.name)))
            born, male = texts.number()
            right = born > 0
            if birth is not None:
                absent, stated = days[birth]
                right &= (born == stated) | (absent & (not self._columns[birth].required))
            if sex is not None:
                right &= self._same_sex(self._columns[sex], rows, male)
            sure &= right if column.required else right | texts.absent
        return sure

    @staticmethod
    def _same_sex(column: Column, rows: pa.Table, male: np.ndarray) -> np.ndarray:
        encoded = _joined(rows.column(column.name))
        if not pa.types.is_dictionary(encoded.type):
            encoded = encoded.dictionary_encode()
        codes: dict[str, str] = {}
        for text, code in column.pairs:
            codes.setdefault(text, code)
        texts = encoded.dictionary.to_pylist()
        free = not column.required
        # Per text, and one more for null: does it agree with a number of a woman, of a man?
        agrees = [
            np.array([codes.get(text) == code or (free and text == "") for text in texts] + [free])
            for code in ("2", "1")
        ]
        indices = encoded.indices.fill_null(len(texts)).to_numpy()
        return np.where(male, agrees[1][indices], agrees[0][indices])


def _joined(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    return array if isinstance(array, pa.Array) else array.chunk(0)
