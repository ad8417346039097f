"""Rows of a table that are no data, described by patterns: groups, sub-totals, totals, notes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from yibiao.detect.sheet_layout import NOTE, Place, SheetLook
from yibiao.detect.table import Choice

_UNITS = r"(?:人次|人|户|条|所|个|家|件|名|项|次|宗|套)"
TOTAL = re.compile(
    rf"^[^\d：:]{{0,20}}?(?P<words>(?:本页)?[小合总共]\s*计|总和)[：:（(]?\s*(?P<count>[\d,，]+)?\s*{_UNITS}?[）)]?$"
)
_COUNTED = re.compile(r"^[^（(]{1,30}[（(]\s*[\d,，]+\s*([^\d）)]{0,3})[）)]$")
_LABELLED = re.compile(r"^([^：:\s\d]{2,10})[：:]\s*\S")
_NUMBERED = re.compile(r"^[（(]?[一二三四五六七八九十]{1,3}[）)、.．]\s*\S")
_PAGE = re.compile(r"^第?\s*\d+\s*页|^共\s*\d+\s*页|^-\s*\d+\s*-$")
_KINDS_OF_PLACES = (
    ("省份", r"(?:省|自治区|北京市|天津市|上海市|重庆市|兵团)"),
    ("社区", r"(?:社区|村|居委会|村委会|小区|网格)"),
    ("乡镇街道", r"(?:街道|街道办事处|镇|乡|开发区)"),
    ("学校", r"(?:大学|学院|学校|中学|小学|幼儿园)"),
    ("区县", r"(?:县|区|市|旗)"),
)


@dataclass
class Patterns:
    """Options of a contract (camelCase) with their evidence."""

    choices: dict[str, Choice] = field(default_factory=dict)

    def add(self, what: str, value: Any, sure: bool, why: str) -> None:
        self.choices[what] = Choice(what, value, sure, why)


def find_patterns(look: SheetLook, place: Place) -> Patterns:
    """Describe the rows below the header that are no data."""
    found = Patterns()
    rows = [row for row in range(place.data, place.end) if look.filled[row] > 0]
    above = {look.lead[row]: row for row in range(place.begin, place.data) if look.filled[row]}
    again = {
        row for row in rows if (one := above.get(look.lead[row])) is not None and look.cells(row) == look.cells(one)
    }
    rows = [row for row in rows if row not in again]
    if not rows:
        return found
    filled = look.filled[rows]
    width = int(np.percentile(filled, 75))
    few = filled <= max(1, width // 2)
    narrow = {row for row, is_few in zip(rows, few, strict=True) if is_few} if width > 1 else set()
    totals = _totals(look, rows, found)
    full = [row for row in rows if row not in narrow and row not in totals]
    last = full[-1] if full else place.data - 1
    alone = [row for row in rows if row in narrow and row not in totals and look.filled[row] == 1]
    notes = [
        row
        for row in narrow - totals
        if row > last or NOTE.match(look.lead[row].strip()) or _PAGE.match(look.lead[row].strip())
    ]
    _notes(look, sorted(notes), full, found)
    groups = [row for row in alone if row not in set(notes)]
    headers = {cell for row in range(place.begin + place.title_rows, place.data) for cell in look.cells(row)}
    _groups([look.lead[row].strip() for row in groups], headers, found)
    return found


def _totals(look: SheetLook, rows: Sequence[int], found: Patterns) -> set[int]:
    """Rows of sums: those of parts, and those of the whole."""
    words: dict[int, tuple[str, bool]] = {}
    seconds = look.grid.texts[min(look.left + 1, look.right)].to_pylist()
    for row in rows:
        for text in (look.lead[row], seconds[row]):
            if "计" in text and (match := TOTAL.match(text.strip())):
                words[row] = "".join(match["words"].split()), bool(match["count"])
                break
    if not words:
        return set()
    times = Counter(word for word, _ in words.values())
    whole = {word for word in times if word.startswith(("总", "共")) or (word == "合计" and times[word] == 1)}
    for kind, mine in (("totalPattern", whole), ("subtotalPattern", set(times) - whole)):
        if mine:
            count = any(counted for word, counted in words.values() if word in mine)
            rows_of_kind = sum(times[word] for word in mine)
            found.add(
                kind,
                total_pattern(sorted(mine), count),
                True,
                f"{rows_of_kind} row(s) that begin with {'、'.join(sorted(mine))}",
            )
    return set(words)


def total_pattern(words: Iterable[str], count: bool) -> str:
    """A pattern for rows of sums that begin with these words.

    Args:
        count: some of them print a number of rows.
    """
    either = "|".join(r"\s*".join(word) for word in words)
    number = rf"[（(]?\s*(?:(?P<count>[\d,，]+)\s*{_UNITS}?[）)]?)?" if count else ""
    return rf"^[^\d：:]{{0,20}}?(?:{either})[：:]?{number}$"


def _notes(look: SheetLook, notes: Sequence[int], full: Sequence[int], found: Patterns) -> None:
    if not notes:
        return
    words: list[str] = []
    unknown = 0
    for row in notes:
        text = look.lead[row].strip()
        if match := NOTE.match(text):
            words.append(r"\s*".join(re.escape(part) for part in re.sub(r"\s", "", match[1])))
        elif _PAGE.match(text):
            words.append(r"第?\s*\d+\s*页|共\s*\d+\s*页|-\s*\d+\s*-")
        elif match := _LABELLED.match(text):
            words.append(re.escape(match[1]) + "[：:]")
        else:
            unknown += 1
            words.append(re.escape(text[:2]))
    words = list(dict.fromkeys(words))
    pattern = rf"[（(]?(?:{'|'.join(words)})"
    clash = sum(re.match(pattern, look.lead[row].strip()) is not None for row in full)
    why = f"{len(notes)} row(s) of few cells, below the data or with words of notes"
    if clash:
        why += f"; {clash} row(s) of data begin alike"
    found.add("footerPattern", pattern, not unknown and not clash, why)


def _groups(texts: Sequence[str], headers: Set[str], found: Patterns) -> None:
    """Titles of groups: `北京市（92所）`, `所属社区：…`, `一、…`, or the name of a place alone."""
    if not texts:
        return
    kind = _kind(texts)
    name = f"分组{kind}" if kind in headers else kind
    counted = [match for text in texts if (match := _COUNTED.match(text))]
    labelled = [match for text in texts if (match := _LABELLED.match(text))]
    numbered = [text for text in texts if _NUMBERED.match(text)]
    sure = True
    if 2 * len(counted) > len(texts):
        unit = Counter(match[1] for match in counted).most_common(1)[0][0]
        pattern = rf"^(?P<{name}>[^（(]+)[（(]\s*(?P<count>\d+)\s*{re.escape(unit)}[）)]$"
        why = f"with their number of rows ({unit or 'no unit'}) behind them"
    elif 2 * len(labelled) > len(texts) and len({match[1] for match in labelled}) == 1:
        label = labelled[0][1]
        group = label if label.isidentifier() and label not in headers else name
        pattern = rf"^{re.escape(label)}[：:]\s*(?P<{group}>.+)$"
        why = f"that begin with {label}"
    elif 2 * len(numbered) > len(texts):
        pattern = rf"^[（(]?[一二三四五六七八九十]{{1,3}}[）)、.．]\s*(?P<{name}>.+)$"
        why = "that are numbered in Chinese"
    elif ends := dict(_KINDS_OF_PLACES).get(kind):
        pattern = rf"^(?P<{name}>\S{{1,30}}{ends})$"
        why = f"that are names of the kind {kind}"
    else:
        pattern, sure = rf"^(?P<{name}>\S.{{0,39}})$", False
        why = "of one cell only, whose meaning is not known"
    fitting = sum(re.search(pattern, text) is not None for text in texts)
    if fitting < len(texts):
        sure, why = False, f"{why}; {len(texts) - fitting} more rows of one cell do not fit"
    found.add("groupPattern", pattern, sure, f"{fitting} rows above others {why}")


def _kind(texts: Sequence[str]) -> str:
    """What the groups are, from how their names end."""
    bare = [re.split(r"[（(]", text)[0].strip() for text in texts]
    for name, ends in _KINDS_OF_PLACES:
        if sum(re.search(rf"{ends}$", text) is not None for text in bare) >= 0.8 * len(bare):
            return name
    return "分组"
