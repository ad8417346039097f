"""Repairs of cells: what can be wrong with one, what it would be if mended, and who may decide that.

A kind of repair has a class: *safe* (made, and counted), *ask* (the row waits in quarantine with the proposal) or
*reject* (the delivery is refused). `onRepair` of a contract sets another class than the default. A column whose
`onInvalid` is `keep` never holds a row: what would be asked stays as it is and is judged by the column's rules.

`find` works on columns of texts, so readers of every format share it; only spreadsheets know the kinds of cells.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.contracts.properties import REPAIRS
from yibiao.contracts.reports import Column, Report
from yibiao.detect.table import REJECT, SAFE
from yibiao.errors import DeliveryError

TEXT, NUMBER, DATE, BOOLEAN, LOST = range(5)
"""Kinds of cells in files that have such. A blank cell is an empty TEXT; LOST is a number of more digits than kept."""

NUMERIC = frozenset({"integer", "decimal"})
IDENTIFIERS = frozenset({"citizen_id", "uscc", "phone", "number_text"})

_EXPONENT = r"^\s*'?\d(\.\d+)?[Ee]\+\d{2}\s*$"
_PERCENT = r"^\s*-?\d{1,12}(\.\d+)?\s*[%％]\s*$"
_NUMBER = r"^\s*[+-]?\d{1,3}((,\d{3})+|\d*)(\.\d+)?\s*$"
_SPACES = (b"\xe3\x80\x80", b"\xc2\xa0", b"\xe2\x80\x8b", b"\xef\xbb\xbf")
"""Spaces beyond ASCII, as UTF-8: U+3000, U+00A0, U+200B, U+FEFF."""
_TRIMMED = " \t\r\n\u00a0\u3000\u200b\ufeff"
_FULL_WIDTH = "[０-９Ａ-Ｚａ-ｚ－．]"
_LANDLINE = re.compile(r"0(10|2\d)\d{8}|0[3-9]\d{2}\d{7,8}")
_FIRST_SERIAL, _LAST_SERIAL = 10_000, 73_050
"""Days that a bare number may mean, 1927-05-18 to 2099-12-31: a smaller one could be a year."""
_EPOCH = {False: datetime.date(1899, 12, 30), True: datetime.date(1904, 1, 1)}


@dataclass(frozen=True)
class Finding:
    """Cells of one column that need one kind of repair.

    Attributes:
        places: ascending positions in the column.
        proposal: the mended text of each; None if nobody can know it, or if the cell can stay as it is.
        offer: gives for a text that can stay what a human is asked to agree to, where the contract wants that.
    """

    kind: str
    places: np.ndarray
    proposal: pa.Array | None = None
    offer: Callable[[str], str] | None = None


@dataclass
class Held:
    """What keeps one row out: the rules of its first and further cells, and their proposals by column."""

    rules: list[str] = field(default_factory=list)
    proposal: dict[str, str] = field(default_factory=dict)


@dataclass
class Repairs:
    """Applies the policy of a contract and keeps the account.

    Attributes:
        safe: kind -> cells in which a safe repair was made.
        held: position of a row -> why it is held.
    """

    report: Report
    where: str
    safe: Counter[str] = field(default_factory=Counter)
    held: dict[int, Held] = field(default_factory=dict)

    def apply(self, column: Column, texts: pa.Array, findings: Sequence[Finding]) -> pa.Array:
        """The texts with safe repairs made; rows to ask about are noted in `held`.

        Raises:
            DeliveryError: the contract rejects a kind of repair that the delivery needs.
        """
        for finding in findings:
            count = len(finding.places)
            if not count:
                continue
            decided = repair_class(self.report, finding.kind)
            if decided == REJECT:
                raise DeliveryError(
                    "The delivery has cells that the contract does not let anybody repair.",
                    where=f"{self.where}, column {column.header}, first in data row {int(finding.places[0]) + 1}",
                    expected=f"no cell that needs the repair `{finding.kind}`",
                    got=f"{count} of them",
                    todo="Ask the sender to mend them, or change `onRepair` in the contract.",
                )
            if decided == SAFE:
                self.safe[finding.kind] += count
                if finding.proposal is not None:
                    texts = replaced(texts, finding.places, finding.proposal)
            elif column.on_invalid != "keep":
                self._ask(column, texts, finding)
        return texts

    def _ask(self, column: Column, texts: pa.Array, finding: Finding) -> None:
        """Hold the rows of a finding, each with its proposal."""
        stated = texts.take(pa.array(finding.places)).to_pylist()
        proposals = finding.proposal.to_pylist() if finding.proposal is not None else [None] * len(stated)
        for place, text, proposal in zip(finding.places.tolist(), stated, proposals, strict=True):
            held = self.held.setdefault(place, Held())
            if (rule := f"{column.name}.{finding.kind}") not in held.rules:
                held.rules.append(rule)
            if finding.offer is not None:
                proposal = finding.offer(held.proposal.get(column.name, text))
            if proposal is not None:
                held.proposal[column.name] = proposal


def repair_class(report: Report, kind: str) -> str:
    """The class of a kind of repair in a report."""
    return report.on_repair.get(kind) or REPAIRS[kind][1]


def find(
    column: Column, texts: pa.Array, kinds: np.ndarray | None = None, *, since_1904: bool = False
) -> list[Finding]:
    """What the cells of a column need.

    Args:
        texts: no nulls.
        kinds: kind of each cell (TEXT, NUMBER ...); None if the file has texts only.
        since_1904: bare numbers in a date column count from 1904-01-01.
    """
    findings: list[Finding] = []
    ascii_only, has_space, has_exponent = _bytes_of(texts)
    if has_space:
        findings += _spaces(texts)
    typed = column.type
    if kinds is not None:
        findings += _typed(column, texts, kinds, since_1904)
    if typed in NUMERIC:
        findings += _percents(texts, kinds)
    elif typed in IDENTIFIERS and has_exponent:
        findings += _matching("lost_digits", texts, _EXPONENT, None if kinds is None else kinds == TEXT)
    if not ascii_only and (typed in NUMERIC or typed in IDENTIFIERS or typed in ("date", "month")):
        findings += _matching("full_width", texts, _FULL_WIDTH, offer=_half_width)
    return findings


def _bytes_of(texts: pa.Array) -> tuple[bool, bool, bool]:
    """Are all characters ASCII; may there be a space of any kind; an `E`? From the bytes, without looking at cells."""
    buffer = texts.buffers()[2]
    if buffer is None or not len(texts):
        return True, False, False
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)
    data = memoryview(buffer)[offsets[texts.offset] : offsets[texts.offset + len(texts)]]
    values = np.frombuffer(data, dtype=np.uint8)
    if not len(values):
        return True, False, False
    ascii_only = bool(values.max() < 128)
    raw = bytes(data) if not ascii_only else b""
    has_space = bool(values.min() <= 32) or any(mark in raw for mark in _SPACES)
    return ascii_only, has_space, bool(((values | 32) == ord("e")).any())


def _spaces(texts: pa.Array) -> list[Finding]:
    trimmed = pc.utf8_trim(texts, _TRIMMED)
    places = _places(pc.not_equal(texts, trimmed))
    return [Finding("spaces", places, offer=lambda text: text.strip(_TRIMMED))] if len(places) else []


def _typed(column: Column, texts: pa.Array, kinds: np.ndarray, since_1904: bool) -> list[Finding]:
    """Repairs that only the kinds of cells tell."""
    typed = column.type
    numbers = np.flatnonzero(kinds == NUMBER)
    findings: list[Finding] = []
    if typed not in NUMERIC and len(lost := np.flatnonzero(kinds == LOST)):
        findings.append(Finding("lost_digits", lost))
    if typed in NUMERIC and len(numbers) and (kinds == TEXT).any():
        # A column of numbers with some of them typed as text; one that is all text is only another way to write it.
        words = pc.and_(pc.match_substring_regex(texts, _NUMBER), pa.array(kinds == TEXT))
        findings.append(Finding("number_as_text", _places(words), offer=_plain_number))
    if typed in ("date", "month") and len(numbers):
        findings.append(_serials(column, texts, numbers, since_1904))
    if typed == "code":
        findings += _codes(column, texts, numbers, np.flatnonzero(kinds == BOOLEAN))
    if (typed in IDENTIFIERS or typed == "text") and len(numbers):
        findings += _identifiers(column, texts, kinds, numbers)
    return [one for one in findings if len(one.places)]


def _serials(column: Column, texts: pa.Array, numbers: np.ndarray, since_1904: bool) -> Finding:
    """Bare numbers in a date column; those that the contract's `excel_serial` reads are left to it."""
    declared = any(one.lower() in ("excel", "excel_serial", "serial") for one in column.date_formats)
    if declared and not since_1904:
        return Finding("date_serial", numbers[:0])
    places: list[int] = []
    days: list[str] = []
    for place, text in zip(numbers.tolist(), texts.take(pa.array(numbers)).to_pylist(), strict=True):
        number = text.partition(".")[0]
        if number.isdigit() and _FIRST_SERIAL <= int(number) <= _LAST_SERIAL:
            places.append(place)
            days.append((_EPOCH[since_1904] + datetime.timedelta(days=int(number))).isoformat())
    return Finding("date_serial", np.array(places, dtype=np.int64), pa.array(days, pa.string()))


def _codes(column: Column, texts: pa.Array, numbers: np.ndarray, truths: np.ndarray) -> list[Finding]:
    """Numbers that are codes without their leading zeros, and TRUE or FALSE where the list says yes and no."""
    known = {text for text, _ in column.pairs}
    findings = []
    if len(truths) and {"是", "否"} <= known and not {"TRUE", "FALSE"} & known:
        words = {"TRUE": "是", "FALSE": "否"}
        found = [words[text] for text in texts.take(pa.array(truths)).to_pylist()]
        findings.append(Finding("boolean", truths, pa.array(found, pa.string())))
    lengths = sorted({len(text) for text in known if text.isdigit()})
    mended: dict[str, str] = {}
    for text in pc.unique(texts.take(pa.array(numbers))).to_pylist() if len(numbers) else ():
        if text not in known and text.isdigit():
            longer = [text.zfill(length) for length in lengths if length > len(text) and text.zfill(length) in known]
            if len(longer) == 1:
                mended[text] = longer[0]
    if mended:
        cells = texts.take(pa.array(numbers)).to_pylist()
        places = [place for place, text in zip(numbers.tolist(), cells, strict=True) if text in mended]
        proposal = [mended[text] for text in cells if text in mended]
        findings.append(Finding("leading_zeros", np.array(places, dtype=np.int64), pa.array(proposal, pa.string())))
    return findings


def _identifiers(column: Column, texts: pa.Array, kinds: np.ndarray, numbers: np.ndarray) -> list[Finding]:
    """Numbers where digits may be a name. Cells beside them, typed as text, tell how many digits there should be."""
    width = 0
    if column.type in ("number_text", "text"):
        typed = texts.filter(pa.array(kinds == TEXT))
        digits = typed.filter(pc.match_substring_regex(typed, r"^\d{2,}$"))
        lengths = pc.unique(pc.binary_length(digits)).to_pylist()
        if len(lengths) == 1 and pc.any(pc.starts_with(digits, "0")).as_py():
            width = lengths[0]
    short: dict[int, str] = {}
    for place, text in zip(numbers.tolist(), texts.take(pa.array(numbers)).to_pylist(), strict=True):
        if text.isdigit() and (len(text) < width or (column.type == "phone" and _LANDLINE.fullmatch("0" + text))):
            short[place] = text.zfill(width) if width else "0" + text
    exact = numbers[~np.isin(numbers, list(short))] if short else numbers
    # A text may be anything, so a number in it is no identifier that somebody stored wrongly.
    findings = [Finding("text_as_number", exact, offer=str)] if column.type in IDENTIFIERS else []
    if short:
        findings.append(Finding("leading_zeros", np.array(list(short)), pa.array(list(short.values()), pa.string())))
    return findings


def _percents(texts: pa.Array, kinds: np.ndarray | None) -> list[Finding]:
    if kinds is not None and not (kinds == TEXT).any():
        return []
    places = _places(pc.match_substring_regex(texts, _PERCENT))
    if not len(places):
        return []
    from decimal import Decimal

    found = [
        f"{Decimal(re.sub('[%％]', '', text).strip()) / 100:f}" for text in texts.take(pa.array(places)).to_pylist()
    ]
    return [Finding("percent", places, pa.array(found, pa.string()))]


def _matching(
    kind: str,
    texts: pa.Array,
    pattern: str,
    among: np.ndarray | None = None,
    offer: Callable[[str], str] | None = None,
) -> list[Finding]:
    mask = pc.match_substring_regex(texts, pattern)
    places = _places(mask if among is None else pc.and_(mask, pa.array(among)))
    return [Finding(kind, places, offer=offer)] if len(places) else []


def _half_width(text: str) -> str:
    return re.sub(_FULL_WIDTH, lambda found: chr(ord(found[0]) - 0xFEE0), text)


def _plain_number(text: str) -> str:
    return text.strip().replace(",", "")


def _places(mask: pa.Array) -> np.ndarray:
    return np.flatnonzero(mask.to_numpy(zero_copy_only=False))


def replaced(texts: pa.Array, places: np.ndarray, values: pa.Array) -> pa.Array:
    """The texts with those at ascending `places` replaced."""
    mask = np.zeros(len(texts), dtype=bool)
    mask[places] = True
    return pc.replace_with_mask(texts, pa.array(mask), values)
