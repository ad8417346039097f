"""What a delivered text says about the true value: the judgements that the audit counts.

They are made from the delivered text and the truth alone; what the generator noted about the row takes no part.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.contracts.reports import Column
from yibiao.demo.numbers import citizen_valid
from yibiao.demo.render import EXCEL_EPOCH, SERIAL_FORMATS


def bools(array: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """A boolean column as numpy, null as False."""
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), dtype=bool)


def citizen_numbers(text: pa.Array, true: pa.Array) -> dict[str, np.ndarray]:
    """Masks by verdict: `missing`, `mistyped`, `mistyped_valid`, `as_number` and the forms that can be mended.

    Args:
        text: as delivered.
        true: the person's number, no nulls.
    """
    given = pc.fill_null(text, "")
    equal = bools(pc.equal(given, true))
    rest = np.flatnonzero(~equal)
    out = {name: np.zeros(len(text), dtype=bool) for name in _VERDICTS}
    words = given.take(pa.array(rest)).to_pylist()
    truths = true.take(pa.array(rest)).to_pylist()
    found = np.array([_verdict(word, number) for word, number in zip(words, truths, strict=True)], dtype=object)
    for name in _VERDICTS:
        out[name][rest[found == name]] = True
    return out


_VERDICTS = (
    "missing",
    "mistyped",
    "mistyped_valid",
    "as_number",
    "apostrophe",
    "full_width",
    "spaced",
    "fifteen",
    "lower_x",
)
_HALF_WIDTH = {ord(character) + 0xFEE0: character for character in "0123456789X"}


def _verdict(word: str, true: str) -> str:
    bare = word.lstrip("'").translate(_HALF_WIDTH).replace(" ", "")
    if not bare or not any(character.isdigit() for character in bare) or "*" in bare or not bare.strip("0"):
        return "missing"
    if bare == true:
        return "apostrophe" if word.startswith("'") else "spaced" if " " in word else "full_width"
    if "E+" in bare.upper() or bare.removesuffix(".0") == true[:15] + "000":
        return "as_number"
    if bare == true[:6] + true[8:17]:
        return "fifteen"
    if bare.upper() == true:
        return "lower_x"
    return "mistyped_valid" if _is_valid(bare) else "mistyped"


def _is_valid(number: str) -> bool:
    if len(number) != 18 or not number.isascii() or not number[:17].isdigit():
        return False
    return bool(citizen_valid(np.frombuffer(number.encode(), dtype=np.uint8).reshape(1, 18))[0])


def differs(said: pa.Array, true: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Masks: both stated and understood; different. A blank text and a code or day that is null are not stated."""
    both = bools(pc.and_(pc.is_valid(said), pc.is_valid(true)))
    if pa.types.is_string(said.type):
        both &= bools(pc.not_equal(said, ""))
    return both, both & bools(pc.not_equal(said, true))


def stale(text: pa.Array, now: pa.Array, before: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Masks: an address is stated; it is an earlier one of the person and not the present one."""
    stated = bools(pc.is_valid(text)) & bools(pc.not_equal(text, ""))
    return stated, stated & bools(pc.equal(text, before)) & ~bools(pc.equal(text, now))


def standard_codes(text: pa.Array, column: Column) -> pa.Array:
    """Delivered words as standard codes; null for a word that the contract does not know."""
    meaning: dict[str, str] = {}
    for word, code in column.pairs:
        meaning.setdefault(word, code)
    table = text.dictionary_encode()
    codes = [meaning.get(word.strip()) for word in table.dictionary.to_pylist()]
    return pa.array(codes, pa.string()).take(table.indices)


def dates(text: pa.Array, column: Column) -> pa.Array:
    """Delivered dates as date32, by the contract's formats; null for what does not fit."""
    table = text.dictionary_encode()
    words = [_date(word, column.date_formats) for word in table.dictionary.to_pylist()]
    return pa.array(words, pa.int32()).cast(pa.date32()).take(table.indices)


def _date(word: str, formats: tuple[str, ...]) -> int | None:
    import datetime

    for pattern in (*formats, "%Y-%m-%d"):
        try:
            if pattern in SERIAL_FORMATS:
                return int(float(word)) - EXCEL_EPOCH
            return datetime.datetime.strptime(word, pattern).toordinal() - 719163
        except ValueError:
            continue
    return None
