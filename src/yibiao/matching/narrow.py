"""Sheets of two or three columns: a register of persons or things under headers, or labels with answers beside them.

Filled in, both have words left and right in every row. What tells them apart are the words of the left column: labels
end as headers do (号码, 地址, 情况), names of persons, places and things do not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from yibiao.matching.normalise import key
from yibiao.matching.printable import may_be_name
from yibiao.matching.roles import ROLES, SELF
from yibiao.matching.subjects import SUBJECTS
from yibiao.matching.words import AGE, kind_of, why_skipped

LABELS = 0.3
"""Share of its texts that a column of labels has at least in words that headers end with: of 992 headers of public
forms 78 % have them, of groups of four 94 % have more than this; of names of persons none."""

ALIKE = 0.7
"""Share of the texts of a column that are of one kind, if it is a column of a register."""

SHORT = 6
"""Characters of a label at most that is told from a title (残疾人家庭基本情况) by its length alone."""

_OTHERS = frozenset(
    (
        *(
            "性别",
            "民族",
            "籍贯",
            "备注",
            "职业",
            "职务",
            "学历",
            "专业",
            "特长",
            "宗教信仰",
            "血型",
            "经营范围",
            "曾用名",
            "开户行",
            "开户银行",
        ),
        *(
            "村",
            "社区",
            "街道",
            "乡镇",
            "班级",
            "年级",
            "组别",
            "科室",
            "部门",
            "楼栋",
            "房号",
            "村名",
            "店名",
            "校名",
            "户名",
            "品名",
            "品种",
        ),
        *("事由", "理由", "申请理由", "摊位", "岗位", "工种", "毕业院校"),
    )
)
"""Headers by themselves whose last words say nothing."""

_WORDS = _OTHERS | {*SELF} | {word for words in (*ROLES.values(), *SUBJECTS.values()) for word in words}
_DATA = re.compile(r"[\d０-９][\d０-９.,，/:：\-－年月日%％ Xx]*")
_CHOICE = re.compile(r"[男女是否有无]|[□☐○√✓].*|.*[_＿]{2,}.*")
_COLON = re.compile(r"[:：]")
_NOTE = re.compile(
    r"^[（(]?(?:注|备\s*注|说\s*明|填[报写表]|制\s*表|审\s*核|复\s*核|经\s*办|负\s*责\s*人|联\s*系\s*人|单\s*位)"
)
_TITLE = re.compile(r".{2,}(?:表|册|名单|清单|台账|汇总|统计|单)(?:[（(].*[）)])?")
_HEADS = (
    re.compile(r"(?:项目|指标|事项|栏目|问题|内容)(?:名称)?"),
    re.compile(r"(?:填[写报])?(?:内容|信息|数值|数据|结果|答案)"),
)


@dataclass(frozen=True)
class Register:
    """Where a register lies in a sheet.

    Attributes:
        header: its row.
        end: the row after its last one.
        columns: where its headers stand.
    """

    header: int
    end: int
    columns: tuple[int, ...]


def register_in(rows: Sequence[Sequence[str]]) -> Register | None:
    """The register that a sheet of two or three columns is, if it is one.

    Args:
        rows: texts; of cells merged sideways only the first has one, of those merged downwards all.
    """
    lines = [[column for column, text in enumerate(row) if text] for row in rows]
    given = [row for row, columns in enumerate(lines) if columns]
    header = next((row for row in given if len(lines[row]) > 1 and not is_head_line(rows[row])), None)
    if header is None:
        return None
    if sum(len(lines[row]) > 1 for row in given if row < header) > 1:
        return None
    columns = tuple(lines[header])
    if len(columns) > 3 or columns[-1] - columns[0] + 1 != len(columns):
        return None
    below = [row for row in given if row > header]
    while below and (is_head_line(rows[below[-1]]) or _is_note(rows[below[-1]])):
        below.pop()
    if any(not set(lines[row]) <= set(columns) for row in below):
        return None
    body = [[rows[row][column] for row in below] for column in columns]
    heads = [rows[header][column] for column in columns]
    above = [rows[row] for row in given if row < header and not is_head_line(rows[row]) and not is_title(rows[row])]
    if not below and any(_is_short_label(row) for row in above):
        return None
    if _is_numbers(heads[0], body[0]):
        del heads[0], body[0]
    if not _are_headers(heads, body):
        return None
    return Register(header, below[-1] + 1 if below else header + 1, columns)


def is_head_line(row: Sequence[str]) -> bool:
    """A line above or under a table, each part with its own answer (填报单位：… 日期：…)."""
    texts = [text for text in row if text]
    return bool(texts) and all(_COLON.search(text) for text in texts)


def are_headers(row: Sequence[str]) -> bool:
    """Can a row be one of headers: half of it end as headers do, and none is an answer or the name of a person?"""
    texts = [text for text in row if text]
    others = [text for text in texts if not is_header(text)]
    if any(_DATA.fullmatch(text) or _CHOICE.fullmatch(text) or may_be_name(text) for text in others):
        return False
    return not is_head_line(row) and 2 * len(others) <= len(texts)


def is_title(row: Sequence[str]) -> bool:
    """A text alone in its row that calls itself a form."""
    texts = [text for text in row if text]
    return len(texts) == 1 and _TITLE.fullmatch(texts[0].strip()) is not None


def are_labels(texts: Sequence[str]) -> bool:
    """Is a column one of labels, by the words that headers end with?"""
    words = [text for text in texts if text and not _DATA.fullmatch(text)]
    return len(words) > 0 and sum(map(is_header, words)) >= LABELS * len(words)


def are_heads_of_labels(left: str, right: str) -> bool:
    """Headers over labels and their answers (项目 | 内容), which ask nothing themselves."""
    return all(head.fullmatch(key(text)) for head, text in zip(_HEADS, (left, right), strict=True))


def is_header(text: str) -> bool:
    """Does a text end as headers and labels do?"""
    words = key(text)
    if re.search(r"\d{2}", words):
        return False
    return words in _WORDS or bool(kind_of(words) or why_skipped(words, text) or AGE.search(words))


def _is_note(row: Sequence[str]) -> bool:
    texts = [text for text in row if text]
    return len(texts) == 1 and (_NOTE.match(texts[0]) is not None or len(texts[0]) > 40)


def _is_short_label(row: Sequence[str]) -> bool:
    """A label beside a blank cell: titles are longer."""
    return any(is_header(text) and len(key(text)) <= SHORT for text in row if text)


def _is_numbers(head: str, texts: Sequence[str]) -> bool:
    """A column of the numbers of rows, given or to be given."""
    stated = [text for text in texts if text]
    return why_skipped(key(head)) is not None and all(text.isdigit() for text in stated)


def _are_headers(heads: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Do words stand above persons or things, and not a label and an answer above others?"""
    if len(set(heads)) < len(heads) or any(_DATA.fullmatch(head) or _CHOICE.fullmatch(head) for head in heads):
        return False
    known = [is_header(head) for head in heads]
    stated = [[text for text in texts if text] for texts in body]
    answered = any(may_be_name(head) for head, one in zip(heads, known, strict=True) if not one)
    if not any(stated):
        return any(known) and not answered
    if are_labels(stated[0]):
        return False
    if known[0] and stated[0] and all(map(may_be_name, stated[0])) and (len(stated[0]) > 1 or not answered):
        return True
    return not answered and (all(known) or any(map(_are_alike, heads, stated)))


def _are_alike(head: str, texts: Sequence[str]) -> bool:
    """Are texts of one kind, and the word above them of another?"""
    if len(texts) < 2:
        return False
    (kind, count), *_ = Counter(map(_kind, texts)).most_common(1)
    return kind is not None and count >= ALIKE * len(texts) and _kind(head) != kind


def _kind(text: str) -> str | None:
    """What a text looks like: digits of one length, a name, or something called as others (李家村, 王家村)."""
    if _DATA.fullmatch(text):
        digits = sum(character.isdigit() for character in text)
        return f"{digits} digits" if digits > 4 else None
    if is_header(text) or _CHOICE.fullmatch(text):
        return None
    return "name" if may_be_name(text) else f"…{key(text)[-1:]}"
