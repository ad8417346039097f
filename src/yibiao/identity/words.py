"""What a linkage found, in words for clerks: how likely, why, what is proposed. No value of a record stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from yibiao.identity.model import UNIT
from yibiao.identity.settings import Column, Comparison, Level, LinkageSettings
from yibiao.identity.source import SourceColumn

STATES = {"review": "需核对", "rival": "几个候选难分", "apart": "相似但有矛盾"}
"""State of a pair that a human should look at -> what the list says."""

_PARTS = {
    ("chinese_name", "sound"): "读音相同",
    ("chinese_name", "family"): "姓氏相同",
    ("latin", "sound"): "读音相近",
    ("latin", "tokens"): "所含的词相同",
    ("date", "year"): "年份相同",
    ("date", "month"): "月份相同",
    ("date", "day"): "日相同",
    ("date", "year_month"): "年月相同",
    ("date", "month_day"): "月日相同",
    ("address", "division"): "区划相同",
    ("address", "road"): "路名或小区相同",
    ("address", "building"): "楼栋相同",
    ("address", "room"): "门户相同",
    ("person_number", "ends"): "地区码和末四位相同",
    ("person_number", "birth"): "出生日期段相同",
    ("organisation_name", "core"): "字号相同",
}
_DIGITS = "零一二三四五六七八九"

_REASON = re.compile(r"(?P<name>[a-z][a-z0-9_]*):(?P<level>-1|[0-9]+):(?P<points>[+-]?[0-9]+)")


def likelihood(bits: float, linkage: LinkageSettings) -> str:
    """How likely a match weight makes it that both are the same."""
    if bits >= linkage.link:
        return "极可能"
    return "很可能" if bits >= (linkage.link + linkage.review) / 2 else "可能"


def proposal(bits: float, state: str, both_known: bool, linkage: LinkageSettings) -> str:
    """The verdict that the model would give: a key of `decisions.VERDICTS`.

    Args:
        both_known: both sides are entities that certain keys identify; those are two unless a human knows better.
    """
    if both_known or state == "apart":
        return "different"
    return "same" if state == "review" and bits >= (linkage.link + linkage.review) / 2 else "undecided"


def reasons_in_words(
    reasons: str, linkage: LinkageSettings, columns: Iterable[SourceColumn], *, whole: bool = True
) -> str:
    """The reasons of a pair in the order of the settings, what was not compared last.

    Args:
        reasons: `name:0:9120 birth:1:-3000`: comparison, level, thousandths of a bit; what is not stated is left out.
        whole: say also what was not compared.
    """
    titles = {one.name: one.title for one in columns}
    known = {one.name: one for one in linkage.comparisons}
    told, compared = [], set()
    for found in map(_REASON.fullmatch, reasons.split()):
        comparison = known.get(found["name"]) if found else None
        if found is None or comparison is None:  # of settings that are no more
            told.append("比对项已变更")
            continue
        if (level := int(found["level"])) >= 0:
            compared.add(comparison.name)
            told.append(f"{level_in_words(comparison, level, linkage, titles)}（{int(found['points']) / UNIT:+.1f}）")
    blank = [_titles(one.levels, linkage, titles) for one in linkage.comparisons if one.name not in compared]
    if blank and whole:
        told.append(f"未比对：{'、'.join(dict.fromkeys(blank))}")
    return "；".join(told)


def level_in_words(comparison: Comparison, place: int, linkage: LinkageSettings, titles: dict[str, str]) -> str:
    """One level of a comparison; the implied last one is that nothing agrees."""
    if place >= len(comparison.levels):
        return f"{_titles(comparison.levels, linkage, titles)}不同"
    level = comparison.levels[place]
    return "且".join(_level(one, linkage, titles) for one in (level, *level.also))


def _level(level: Level, linkage: LinkageSettings, titles: dict[str, str]) -> str:
    title = _titles((level,), linkage, titles)
    value = level.value or 0
    if level.kind == "exact":
        parts = [_part(name, linkage) for name in level.columns]
        return title + "、".join(dict.fromkeys(parts))
    if level.kind in ("typing", "edit"):
        return f"{title}{'差一位' if value == 1 else f'至多差{_count(value)}位'}"
    words = {
        "alike": "有一字音近或形近",
        "one_character": "差一字",
        "overlap": "大部分字相同",
        "jaro_winkler": "写法相近",
        "starts": "一方是另一方的开头",
        "shares": f"有{_count(value)}个词相同",
        "within": f"相差不超过{value:g}天",
        "day_month": "日月颠倒",
        "swapped": "对调",
    }
    return f"{title}{words[level.kind]}"


def _part(reference: str, linkage: LinkageSettings) -> str:
    part = reference.partition(".")[2]
    if found := re.fullmatch("(first|last)([0-9]+)", part):
        return f"{'前' if found[1] == 'first' else '末'}{found[2]}位相同"
    return _PARTS.get((_column(reference, linkage).kind, part), "相同")


def _titles(levels: Iterable[Level], linkage: LinkageSettings, titles: dict[str, str]) -> str:
    return "、".join(dict.fromkeys(_title(name, linkage, titles) for level in levels for name in level.columns))


def _title(reference: str, linkage: LinkageSettings, titles: dict[str, str]) -> str:
    return "".join(titles[raw] for raw in _column(reference, linkage).sources)


def _column(reference: str, linkage: LinkageSettings) -> Column:
    return linkage.columns[reference.partition(".")[0]]


def _count(value: float) -> str:
    return _DIGITS[int(value)] if value in range(10) else f"{value:g}"
