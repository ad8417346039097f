"""Which records of a text file are titles, headers, data, and notes below."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from yibiao.detect.text_shape import ColumnShape

HEAD = 40
"""Records among which titles and headers are looked for."""

HEADER_ROWS = 5
"""Most rows of a header."""

DATA = re.compile(r"^[\s$￥¥€£+-]*[0-9][0-9,.\s:/年月日时分秒%T元万-]*$|\d{5,}")
"""A cell that is a number, a date or an amount, or holds a long number: no header."""

_PERIOD = re.compile(r"^\s*(?:\d{4}\s*年度?|\d{1,2}\s*月份?|\d{4}\s*年\s*\d{1,2}\s*月份?|第?\d季度)\s*$")
"""A year or month as a header of numbers."""

_WORD = re.compile(
    r"(姓名|名称|名|编号|编码|号码|号|代码|码|性别|民族|日期|时间|年月|年度|年份|地址|住址|住所|电话|手机|类别|类型|种类|状态|状况|等级|级别|金额|"
    r"数量|人数|户数|面积|备注|序号|单位|身份证|户主|关系|社区|街道|学校|班级|年龄|职务|职业|学历|说明|内容|来源|姓|省|市|区|县|"
    r"標識|編號|號碼|姓名|性別|電話|備註|單位|類別)$"
)
_ENGLISH = re.compile(
    r"\b(id|name|no|number|date|time|type|code|status|address|phone|sex|gender|age|amount|price|qty)\b", re.I
)
_NOTE = re.compile(
    r"^\s*[*※#]|^\s*[(（【]?(合计|总计|小计|共计|合 +计|总 +计|"
    r"注|备注|说明|附注|制表|填表|填报|审核|复核|负责人|经办|联系人|"
    r"打印|导出|统计|数据来源|来源|截止|截至|单位负责人|total|sum|note|source|footnote|copyright|generated|printed|exported)",
    re.IGNORECASE,
)
_TOTAL = re.compile(r"^\s*[(（]?(合\s*计|总\s*计|共\s*计|小\s*计|grand total|sub-?total|totals?|sum)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Top:
    """What stands above the data: how many records are titles, how many are header rows, and why."""

    titles: int
    headers: int
    sure: bool
    why: str


def filled(cells: Sequence[str]) -> int:
    """Cells that hold anything."""
    return sum(1 for text in cells if text.strip())


def find_top(rows: Sequence[Sequence[str]], shapes: Sequence[ColumnShape]) -> Top:
    """Split the first records of a table.

    Args:
        rows: cells of the first records, blank ones left out; the ones that could not be split as proposed, else empty.
        shapes: of the columns, learned from rows that surely are data.
    """
    width = len(shapes)
    titles = 0
    while titles < len(rows) - 1 and _is_title(rows, titles, width):
        titles += 1
    titles = _skip_labels(rows, titles, shapes)
    headers, votes = 0, 0
    for row in rows[titles : titles + HEADER_ROWS]:
        # Data may look like a header by chance; its first row does not, where typed columns tell.
        vote = header_vote(row, shapes, only=len(rows) - titles == 1)
        upper = headers == 0 and _is_upper(rows, titles, width)
        if vote <= 0 and not upper:
            break
        if headers and vote < 2:
            break
        headers += 1
        votes = max(votes, vote)
    if headers:
        what = "another shape than the cells below" if votes >= 2 else "the words of headers"
        return Top(titles, headers, votes >= 2, f"{headers} row(s) with {what}")
    return Top(titles, 0, bool(any(one.typed for one in shapes)), "the first row looks like the rows below it")


def _skip_labels(rows: Sequence[Sequence[str]], titles: int, shapes: Sequence[ColumnShape]) -> int:
    """Pass over lines like `填报单位：…,,,2026年1月`: not full, no data, and a full header stands soon below."""
    width = len(shapes)
    for place in range(titles, min(len(rows) - 1, titles + 8)):
        row = rows[place]
        if len(row) == width and filled(row) >= 0.6 * width and header_vote(row, shapes) >= 2:
            return place
        if filled(row) == width or (len(row) == width and _is_upper(rows, place, width)):
            break
        if len(row) == width and any(
            shape.typed and text.strip() and shape.cost(text) < 4 for text, shape in zip(row, shapes, strict=True)
        ):
            break
    return titles


def header_vote(cells: Sequence[str], shapes: Sequence[ColumnShape], *, only: bool = False) -> int:
    """2 or more: surely a header; 1: probably; 0 or less: not.

    Args:
        only: there is no other row to compare with.
    """
    texts = [text.strip() for text in cells]
    given = [text for text in texts if text]
    if not given or any(DATA.search(text) and not _PERIOD.match(text) for text in given):
        return 0
    if any(len(text) > 80 for text in given):
        return 0
    against = agree = 0
    for text, shape in zip(texts, shapes, strict=False):
        if not text or not shape.filled:
            continue
        if shape.typed:
            if not any(character.isdigit() for character in text) or (_PERIOD.match(text) and shape.cost(text) > 5):
                against += 1
            elif shape.cost(text) < 4:
                agree += 1
        elif shape.values and shape.filled >= 5 and shape.values[text] > 1:
            agree += 1
        elif shape.values and shape.filled >= 5 and text not in shape.values:
            against += 1
    words = sum(1 for text in given if _WORD.search(text) or _ENGLISH.search(text.replace("_", " ")))
    if agree and agree >= against:
        return 0
    if against:
        return 2 + (words > 0)
    if 2 * words >= len(given) and len(set(given)) == len(given):
        return 2
    if only or not any(shape.filled for shape in shapes):
        # One row and nothing below it: names, not values, if nothing in it is a number.
        return 1
    if words and len(set(given)) == len(given):
        return 1
    longer = [
        shape for text, shape in zip(texts, shapes, strict=False) if text and shape.filled and shape.cost(text) > 7
    ]
    return 1 if 2 * len(longer) > len(given) else 0


def _is_title(rows: Sequence[Sequence[str]], place: int, width: int) -> bool:
    """A record above the header: hardly any cell filled, and fuller records follow soon."""
    row = rows[place]
    if width < 2:
        return False
    count = filled(row)
    if count == 0:
        return True
    following = [filled(other) for other in rows[place + 1 : place + 8]]
    fuller = max(following, default=0)
    if len(row) == width and _is_upper(rows, place, width):
        return False
    if count == 1 and fuller > 1 and (width > 2 or len(row) < width):
        return True
    return count <= 0.4 * width and fuller >= 0.6 * width and len(row) <= width


def _is_upper(rows: Sequence[Sequence[str]], place: int, width: int) -> bool:
    """The upper row of a merged header: a few short words, and a full row of words directly below."""
    row = rows[place]
    if len(row) != width or place + 1 >= len(rows) or filled(row) < 2:
        return False
    below = rows[place + 1]
    words = [text.strip() for text in row if text.strip()]
    return (
        any(not text.strip() for text in row)
        and all(len(text) <= 16 and not re.search(r"[:：\d]", text) for text in words)
        and len(below) == width
        and not any(DATA.search(text) for text in below if text.strip())
        and sum(1 for upper, lower in zip(row, below, strict=True) if lower.strip() and not upper.strip()) > 0
        and all(upper.strip() or lower.strip() for upper, lower in zip(row, below, strict=True))
    )


def footer_kind(cells: Sequence[str], shapes: Sequence[ColumnShape], *, raw: str = "") -> str:
    """`total` or `footer` for a record below the data that is no data row; empty if it may be one."""
    width = len(shapes)
    given = [text for text in cells if text.strip()]
    first = given[0].strip() if given else ""
    if _TOTAL.match(first) and shapes[0].values[first] < 2:
        return "total"
    if width < 2:
        return "footer" if given and _NOTE.match(first) and not shapes[0].values[first] else ""
    if len(given) == 1 and cells[0].strip():
        if _NOTE.match(first) or (len(cells) < width and shapes[0].cost(first) > 5):
            return "footer"
        if width >= 3 and shapes[0].cost(first) > 7:
            return "footer"
    noted = _NOTE.match(first) or _NOTE.match(raw)
    strange = shapes[0].cost(first) > 5 or (":" in first or "：" in first)
    if noted and len(given) <= max(2, width // 2) and strange and shapes[0].values[first] < 2:
        return "footer"
    return ""


def is_note(text: str) -> bool:
    """A line that begins as notes and sums do."""
    return _NOTE.match(text) is not None


def same_width(widths: Sequence[int]) -> int:
    """The width that most records have; the larger one of two that are equally frequent."""
    counts = Counter(widths)
    return max(counts, key=lambda one: (counts[one], one)) if counts else 0
