"""Damage done to columns: each function takes true values and gives what the department delivers, and marks the rows.

All work is on whole columns; only the rewriting of a misspelt name walks over the few damaged rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.demo.damage import LOWER_X, MISSING_STYLES, SHEET_RATES, STAYS_VALID, TEXT_RATES
from yibiao.demo.name_tables import LOOKALIKES
from yibiao.demo.numbers import citizen_check, digits, strings

BITS = (
    "citizen_id.missing",
    "citizen_id.mistyped",
    "citizen_id.mistyped_valid",
    "citizen_id.as_number",
    "citizen_id.apostrophe",
    "citizen_id.full_width",
    "citizen_id.spaced",
    "citizen_id.fifteen",
    "citizen_id.lower_x",
    "residence_address.stale",
    "hukou_address.stale",
    "mobile_phone.wrong",
    "resident_name.typo",
)
"""Damages of the report's own person; those of other persons in the row (with `role.` before the name) and
contradictions between departments follow as they occur."""

_FULL_WIDTH = {ord(character): ord(character) + 0xFEE0 for character in "0123456789X"}
_SWAP = {
    character: group[(place + 1) % len(group)]
    for group in reversed(LOOKALIKES)
    for place, character in enumerate(group)
}

Draw = Callable[[str], np.ndarray]
"""Salt -> a uniform number per row."""


class Marks:
    """Which damages each row of a delivery has: one bit each, names in order of first use."""

    def __init__(self, rows: int) -> None:
        self.names: list[str] = list(BITS)
        self.bits = np.zeros(rows, dtype=np.uint64)

    def add(self, name: str, rows: np.ndarray) -> None:
        """Mark rows (positions, or a mask)."""
        if name not in self.names:
            self.names.append(name)
        self.bits[rows] |= np.uint64(1 << self.names.index(name))

    def texts(self) -> pa.DictionaryArray:
        """Damages per row, joined by `|`, as a dictionary of the combinations that occur."""
        combinations, places = np.unique(self.bits, return_inverse=True)
        table = [
            "|".join(name for place, name in enumerate(self.names) if int(bits) >> place & 1) for bits in combinations
        ]
        return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), pa.array(table, pa.string()))


def put(array: pa.Array, rows: np.ndarray, values: pa.Array) -> pa.Array:
    """`array` with the entries at ascending `rows` replaced."""
    if not len(rows):
        return array
    mask = np.zeros(len(array), dtype=bool)
    mask[rows] = True
    return pc.replace_with_mask(array, pa.array(mask), values.cast(array.type))


def citizen_numbers(
    numbers: np.ndarray,
    born: np.ndarray,
    chance: Draw,
    missing: float,
    mistyped: float,
    sheet: bool,
    marks: Marks,
    prefix: str = "",
) -> tuple[pa.Array, np.ndarray]:
    """Numbers as delivered.

    Args:
        numbers: (n, 18) byte matrix of the true ones, one per row; a copy that may be changed.
        born: year of birth.
        missing, mistyped: rates.
        sheet: whether a spreadsheet program had a hand in it.
        prefix: `role.` for another person's number.

    Returns:
        The texts and the mask of cells that a spreadsheet holds as a number.
    """
    luck = chance("citizen_id")
    gone = np.flatnonzero(luck < missing)
    wrong = np.flatnonzero((luck >= missing) & (luck < missing + mistyped))
    typing = chance("citizen_id/typing")
    still_valid = chance("citizen_id/valid")[wrong] < STAYS_VALID
    _retype(numbers, wrong[~still_valid], typing)
    _other_number(numbers, wrong[still_valid], typing)
    marks.add(f"{prefix}citizen_id.missing", gone)
    marks.add(f"{prefix}citizen_id.mistyped", wrong[~still_valid])
    marks.add(f"{prefix}citizen_id.mistyped_valid", wrong[still_valid])
    text = strings(numbers)
    # One in ten typing errors loses a digit.
    short = wrong[~still_valid & (typing[wrong] >= 0.9)]
    text = put(text, short, strings(np.delete(numbers[short], 9, axis=1)))
    text = put(text, gone, _unusable(numbers[gone], typing[gone]))
    free = (luck >= missing + mistyped) & (luck < 1)
    rates = SHEET_RATES if sheet else TEXT_RATES
    edges = np.cumsum(list(rates.values()))
    place = np.searchsorted(edges, chance("citizen_id/format"), side="right")
    as_number = np.zeros(len(text), dtype=bool)
    for number, name in enumerate(rates):
        rows = np.flatnonzero(free & (place == number))
        if name == "citizen_id.as_number":
            rows = rows[(numbers[rows, 17] != ord("X")) & ~_ends_in_zeros(numbers[rows])]
            exact = rows[typing[rows] < 5 / 6]
            as_number[exact] = True
            text = put(text, exact, strings(np.hstack([numbers[exact, :15], np.full((len(exact), 3), 48, np.uint8)])))
            text = put(text, rows[typing[rows] >= 5 / 6], _exponents(numbers[rows[typing[rows] >= 5 / 6]]))
        elif name == "citizen_id.fifteen":
            rows = rows[born[rows] < 2000]
            rows = rows[born[rows] >= 1900]
            text = put(text, rows, strings(np.delete(numbers[rows], [6, 7, 17], axis=1)))
        elif name == "citizen_id.full_width":
            text = put(
                text,
                rows,
                pa.array([one.translate(_FULL_WIDTH) for one in text.take(pa.array(rows)).to_pylist()], pa.string()),
            )
        elif name == "citizen_id.apostrophe":
            text = put(text, rows, pc.binary_join_element_wise("'", text.take(pa.array(rows)), ""))
        else:
            text = put(text, rows, pc.utf8_replace_slice(text.take(pa.array(rows)), 6, 6, " "))
        marks.add(prefix + name, rows)
    small = free & (place >= len(edges)) & (numbers[:, 17] == ord("X"))
    small &= chance("citizen_id/case") < LOWER_X["sheet" if sheet else "text"]
    rows = np.flatnonzero(small)
    text = put(text, rows, pc.utf8_lower(text.take(pa.array(rows))))
    marks.add(f"{prefix}citizen_id.lower_x", rows)
    return text, as_number


def _retype(numbers: np.ndarray, rows: np.ndarray, typing: np.ndarray) -> None:
    """One wrong digit, or two neighbours exchanged; the check of GB 11643 finds every such error."""
    where = (typing[rows] * 7919 % 1 * 16).astype(np.int64)
    left, right = numbers[rows, where], numbers[rows, where + 1]
    exchange = (typing[rows] < 0.3) & (left != right)
    step = 1 + (typing[rows] * 104729 % 1 * 9).astype(np.uint8)
    numbers[rows, where] = np.where(exchange, right, (left - 48 + step) % 10 + 48)
    numbers[rows, where + 1] = np.where(exchange, left, right)
    # An error that would look like digits lost by a spreadsheet is made in the year instead.
    lost = np.flatnonzero(_ends_in_zeros(numbers[rows]))
    numbers[rows[lost], where[lost]], numbers[rows[lost], where[lost] + 1] = left[lost], right[lost]
    numbers[rows[lost], 8] = (numbers[rows[lost], 8] - 48 + step[lost]) % 10 + 48


def _ends_in_zeros(numbers: np.ndarray) -> np.ndarray:
    return (numbers[:, 15:] == ord("0")).all(axis=1)


def _other_number(numbers: np.ndarray, rows: np.ndarray, typing: np.ndarray) -> None:
    """Another sequence number of the same sex, with its right check character."""
    sequence = (numbers[rows, 14:17].astype(np.int64) - 48) @ np.array([100, 10, 1])
    moved = (sequence + 2 * (1 + (typing[rows] * 9973 % 1 * 30).astype(np.int64))) % 1000
    numbers[rows, 14:17] = digits(moved, 3)
    numbers[rows, 17] = citizen_check(numbers[rows, :17])


def _unusable(numbers: np.ndarray, luck: np.ndarray) -> pa.Array:
    edges = np.cumsum([share for _, share in MISSING_STYLES])
    place = np.minimum(np.searchsorted(edges, luck, side="right"), len(MISSING_STYLES) - 1)
    masked = numbers.copy()
    masked[:, 6:14] = ord("*")
    out = strings(masked)
    for number, (style, _) in enumerate(MISSING_STYLES):
        if style != "masked":
            out = pc.if_else(pa.array(place == number), pa.scalar(style, pa.string()), out)
    return out


def _exponents(numbers: np.ndarray) -> pa.Array:
    head = strings(numbers[:, :1])
    tail = strings(numbers[:, 1:6])
    return pc.binary_join_element_wise(head, ".", tail, "E+17", "")


def phones(
    tails: np.ndarray, former: np.ndarray, chance: Draw, rate: float, marks: Marks, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Last eight digits as delivered (an old number, or a mistyped one), and the rows that lack a digit."""
    luck, typing = chance("mobile_phone"), chance("mobile_phone/typing")
    wrong = np.flatnonzero((tails >= 0) & (luck < rate))
    other = (
        tails[wrong] + 10 ** (typing[wrong] * 8).astype(np.int64) * (1 + (typing[wrong] * 997 % 1 * 8).astype(np.int64))
    ) % 10**8
    old = (former[wrong] >= 0) & (former[wrong] != tails[wrong])
    out = tails.copy()
    out[wrong] = np.where(old, former[wrong], other)
    marks.add(name, wrong)
    return out, wrong[~old & (typing[wrong] > 0.88)]


def names(text: pa.Array, chance: Draw, rate: float, marks: Marks, mark: str) -> pa.Array:
    """Names as delivered: a look-alike, a lost character, or another sign for the separator."""
    luck = chance("resident_name")
    rows = np.flatnonzero((luck < rate) & text.is_valid().to_numpy(zero_copy_only=False))
    if not len(rows):
        return text
    how = chance("resident_name/typing")[rows].tolist()
    wrong = [misspell(name, luck) for name, luck in zip(text.take(pa.array(rows)).to_pylist(), how, strict=True)]
    marks.add(mark, rows)
    return put(text, rows, pa.array(wrong, pa.string()))


def misspell(name: str, luck: float) -> str:
    """Another writing of a name, never the same; `luck` in [0, 1) says which."""
    if "·" in name:
        return name.replace("·", ("•", ".", "", "-", "・", " ")[int(luck * 6)])
    places = [place for place, character in enumerate(name) if character in _SWAP]
    if places and (luck < 0.7 or len(name) < 3):
        place = places[-1 - int(luck * 1000) % len(places)]
        return name[:place] + _SWAP[name[place]] + name[place + 1 :]
    if len(name) >= 3:
        place = 1 + int(luck * 1000) % (len(name) - 1)
        return name[:place] + name[place + 1 :]
    return name + name[-1]


_POOLS: dict[str, tuple[str, ...]] = {
    "sex_code": ("1", "2"),
    "ethnicity_code": ("01", "01", "01", "11", "03", "06"),
    "marital_status_code": ("10", "20", "20", "40", "30"),
    "education_code": ("80", "70", "60", "40", "30", "20"),
    "political_status_code": ("13", "13", "03", "01"),
    "hukou_type_code": ("2", "3"),
    "relation_to_head_code": ("20", "30", "97", "99"),
    "residence_status_code": ("1", "2", "4"),
    "employment_status_code": ("1", "3", "6", "2"),
    "medical_insurance_type_code": ("310", "390"),
}
"""What a department writes when it is wrong about an element."""


def codes(
    values: pa.DictionaryArray, element: str, chance: Draw, rate: float, marks: Marks, allowed: set[str]
) -> pa.Array:
    """Codes as delivered: another one of the pool in a few rows."""
    pool = [code for code in _POOLS.get(element, ()) if code in allowed]
    if not pool or rate <= 0:
        return values
    luck = chance(f"{element}/contradiction")
    rows = np.flatnonzero((luck < rate) & values.is_valid().to_numpy(zero_copy_only=False))
    other = pa.array(pool).take(pa.array((luck[rows] / rate * len(pool)).astype(np.int64)))
    text = values.cast(pa.string())
    different = pc.not_equal(other, text.take(pa.array(rows))).to_numpy(zero_copy_only=False)
    # A wrong value that happens to be right is turned into the next one of the pool.
    again = pa.array([_next(pool, code) for code in other.to_pylist()], pa.string())
    wrong = pc.if_else(pa.array(different), other, again)
    differs = pc.not_equal(wrong, text.take(pa.array(rows))).to_numpy(zero_copy_only=False)
    marks.add(f"{element}.contradiction", rows[differs])
    return put(text, rows, wrong).dictionary_encode()


def _next(pool: list[str], code: str) -> str:
    others = [other for other in dict.fromkeys(pool) if other != code]
    return others[0] if others else code


def birth_days(birth: np.ndarray, chance: Draw, rate: float, today: int, marks: Marks) -> np.ndarray:
    """Birth days as delivered: a day or a month off, the lunar date, or the first of January."""
    luck = chance("birth_date/contradiction")
    rows = np.flatnonzero(luck < rate)
    how = luck[rows] / max(rate, 1e-12)
    year_start = birth[rows].astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    wrong = np.select(
        [how < 0.3, how < 0.5, how < 0.75, how < 0.9],
        [birth[rows] - 1, birth[rows] - 30, birth[rows] - 38, birth[rows] - 365],
        np.where(year_start == birth[rows], birth[rows] - 9, year_start),
    )
    out = birth.astype(np.int64).copy()
    out[rows] = np.minimum(wrong, today)
    marks.add("birth_date.contradiction", rows)
    return out
