"""The review list as a CSV file for clerks: one pair a line, both sides beside each other, empty cells for the verdict.

The file is UTF-8 with a byte order mark, so that spreadsheet programs see Chinese, and no cell of it is a formula or a
number that they would shorten: what might be taken for one has an apostrophe before it. It is read back however it was
saved: as CSV in UTF-8, UTF-16 or GB18030 with any delimiter, or as a workbook, with columns in any order.
"""

from __future__ import annotations

import csv
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yibiao.errors import LinkageError
from yibiao.identity.decisions import DIFFERENT, SAME, UNDECIDED, LinkDecision
from yibiao.identity.review import Pair, ReviewList
from yibiao.identity.sides import Side, SideKey
from yibiao.identity.words import STATES, likelihood, proposal, reasons_in_words
from yibiao.ingest.columns import plain

NUMBER, VERDICT, REASON, BY = "序号", "结论", "说明", "核对人"
LIKELY, PROPOSED, SCORE, STATE, WHY, BEFORE = "可能性", "建议", "得分", "类别", "理由", "上次结论"
ENTITY, NODE_L, NODE_R, CODE, RELEASE = "实体", "编号（左）", "编号（右）", "核对码", "发布版本"
LEFT, RIGHT = "（左）", "（右）"

NEEDED = (VERDICT, REASON, ENTITY, NODE_L, NODE_R, CODE, RELEASE)
"""Columns without which a file cannot be read back."""

PLACE = (("department", "部门"), ("report", "报表"), ("edition", "期"), ("row", "行号"), ("records", "记录数"))

WORDS = {SAME: "同一", DIFFERENT: "不同", UNDECIDED: "待定"}
"""Verdict -> the word for it; for people 同一人, for everything else 同一 with the entity's name."""

_MEANT = {
    **dict.fromkeys(("同一", "同一人", "同一个人", "同一单位", "相同", "same"), SAME),
    **dict.fromkeys(("不同", "不同人", "不是同一人", "不同单位", "different"), DIFFERENT),
    **dict.fromkeys(("待定", "undecided"), UNDECIDED),
}

NODE_MARK, CODE_MARK = "N", "C"
"""Before node ids and check codes: hexadecimal digits alone may look like 12E+45."""

HEADER_WITHIN = 20
"""Rows from the top among which the header is looked for."""

LONGEST = 32_767
"""Characters of a cell in a spreadsheet program."""

_FORMULA = ("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠")
_SHORTENED = re.compile(r"[0-9]{12,}|0[0-9]+|[0-9]+[eE][0-9]+|[0-9]{1,4}[-/.][0-9]{1,4}([-/.][0-9]{1,4})?")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\u3000\ufeff]+")
"""Line ends, control signs, and what turns the direction of reading."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def write(
    path: Path,
    listed: ReviewList,
    pairs: Sequence[Pair],
    sides: Mapping[SideKey, Side],
    earlier: Mapping[tuple[str, str], LinkDecision],
) -> None:
    """Write pairs in the place of whatever file stands at `path`, readable for its owner alone.

    Args:
        earlier: last decisions by pair; of those that are undecided the file says so.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".review-", suffix=".csv", dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(headers(listed))
            for number, pair in enumerate(pairs, start=1):
                writer.writerow(_line(number, pair, listed, sides, earlier.get(pair.nodes)))
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def headers(listed: ReviewList) -> list[str]:
    """What a clerk fills in comes first, what only the program needs last."""
    titles = [*(one.title for one in listed.shown), *(title for _, title in PLACE)]
    return [
        *(NUMBER, VERDICT, REASON, BY, LIKELY, PROPOSED, STATE, WHY),
        *(f"{title}{side}" for title in titles for side in (LEFT, RIGHT)),
        *(BEFORE, SCORE, ENTITY, NODE_L, NODE_R, CODE, RELEASE),
    ]


def _line(
    number: int, pair: Pair, listed: ReviewList, sides: Mapping[SideKey, Side], earlier: LinkDecision | None
) -> list[str]:
    both = [sides[key] for key in pair.sides]
    proposed = proposal(pair.score, pair.state, pair.both_known, listed.linkage)
    cells = [safe(side.cells.get(one.name, "")) for one in listed.shown for side in both]
    places = [safe(_place(key, side, listed)) for key, _ in PLACE for side in both]
    before = f"{word(earlier.verdict, listed)} {earlier.decided_by} {earlier.decided_at[:10]}" if earlier else ""
    return [
        *(str(number), "", "", ""),
        *(likelihood(pair.score, listed.linkage), word(proposed, listed), STATES.get(pair.state, pair.state)),
        reasons_in_words(pair.reasons, listed.linkage, listed.columns),
        *cells,
        *places,
        *(safe(before), f"{pair.score:.1f}", listed.entity.name),
        *(f"{NODE_MARK}{node}" for node in pair.nodes),
        *(f"{CODE_MARK}{listed.check_code(pair, sides)}", listed.release.version),
    ]


def _place(key: str, side: Side, listed: ReviewList) -> str:
    if key == "records":
        return f"已有编号, 共{side.records}条" if side.is_entity else "单条"
    value = str(side.place.get(key, ""))
    if key == "edition" and value:
        return f"{value}期"  # spreadsheet programs would make a day of 2026-01
    if key == "department" and value in listed.schemas.departments:
        return listed.schemas.departments[value].name
    if key == "report" and value in listed.schemas.reports:
        return listed.schemas.reports[value].title
    return value


def word(verdict: str, listed: ReviewList) -> str:
    """A verdict as clerks of this entity say it: 同一人, 同一单位."""
    noun = {"resident": "人", "organisation": "单位"}.get(listed.entity.id, "")
    return WORDS[verdict] + (noun if verdict != UNDECIDED else "")


def safe(text: str) -> str:
    """A cell that no spreadsheet program takes for a formula, or changes; days may be shown in its own way."""
    text = _UNSEEN.sub(" ", text).strip()
    risky = text.startswith(_FORMULA) or (_SHORTENED.fullmatch(text) and not _DAY.fullmatch(text))
    return f"'{text}"[:LONGEST] if risky else text[:LONGEST]


@dataclass(frozen=True)
class FileRow:
    """One line of a file that came back.

    Args:
        row: its number as a spreadsheet program shows it.
        entity: as it stands there.
        node_l, node_r, code: without their marks.
        verdict: one of `VERDICTS`; empty where nothing is said, None for a word that nobody knows.
        reason, by, release: as they stand there.
    """

    row: int
    entity: str
    node_l: str
    node_r: str
    code: str
    verdict: str | None
    reason: str
    by: str
    release: str

    @property
    def nodes(self) -> tuple[str, str]:
        return min(self.node_l, self.node_r), max(self.node_l, self.node_r)


def read(path: Path) -> list[FileRow]:
    """The lines of a file that came back, without empty ones.

    Raises:
        LinkageError: it is missing, or has not the columns of a review list.
        DeliveryError: it cannot be read.
    """
    from yibiao.quarantine.returned import grids

    if not path.is_file():
        raise LinkageError("There is no such file.", where=str(path))
    best: set[str] = set()
    for _, grid in grids(path):
        for place, line in enumerate(grid[:HEADER_WITHIN]):
            titles = [plain(cell) for cell in line]
            if set(map(plain, NEEDED)) <= set(titles):
                return list(_rows(titles, grid, place))
            best = max(best, {name for name in NEEDED if plain(name) in titles}, key=len)
    raise LinkageError(
        "This is no review list.",
        where=path.name,
        expected=f"a CSV file or workbook with the columns {', '.join(NEEDED)}",
        got=f"without {', '.join(name for name in NEEDED if name not in best)}",
        todo="Write it with `yibiao identity review --out`, and let its header as it is.",
    )


def _rows(titles: Sequence[str], grid: Sequence[Sequence[str]], header: int) -> Iterable[FileRow]:
    places = {name: titles.index(plain(name)) for name in (*NEEDED, BY) if plain(name) in titles}
    for number, line in enumerate(grid[header + 1 :], start=header + 2):
        cells = {name: line[place].strip().lstrip("'") if place < len(line) else "" for name, place in places.items()}
        if not any(cells.values()):
            continue
        said = cells[VERDICT]
        yield FileRow(
            row=number,
            entity=cells[ENTITY],
            node_l=cells[NODE_L].removeprefix(NODE_MARK).lower(),
            node_r=cells[NODE_R].removeprefix(NODE_MARK).lower(),
            code=cells[CODE].removeprefix(CODE_MARK).lower(),
            verdict=_MEANT.get(said.lower()) if said else "",
            reason=cells[REASON],
            by=cells.get(BY, ""),
            release=cells[RELEASE],
        )
