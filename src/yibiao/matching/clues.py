"""Clues beside the words of a header: kind of value, drop-down, unit, values. Each sets figures and adds reasons."""

from __future__ import annotations

import math

from yibiao.contracts.values import Element
from yibiao.matching import fingerprint
from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Lexicon
from yibiao.matching.normalise import Label, key
from yibiao.matching.words import FITS, kind_of

QUANTITIES = ("amount", "count", "measure")

_UNIT_FAMILIES = (
    frozenset({"元", "万元", "亿元", "元/月", "元/年"}),
    frozenset({"㎡", "m2", "m²", "平方米", "平米", "亩", "公顷"}),
    frozenset({"人", "口", "个"}),
    frozenset({"户"}),
    frozenset({"cm", "厘米"}),
    frozenset({"kg", "公斤"}),
    frozenset({"岁", "周岁", "年"}),
)


_PRINTED = {"m2": "㎡", "m3": "m³"}
"""Units as they are compared -> as forms print them."""


def weigh_kind(figures: dict[str, float], words: str, element: Element, outer: str = "") -> None:
    """Do the last words of a header promise values such as the element has?

    Args:
        outer: words of the header above; of an amount (月缴存额/单位) they say what stands below.
    """
    kind = kind_of(words)
    if kind is None and kind_of(outer) in QUANTITIES:
        kind = kind_of(outer)
    if kind is None:
        return
    # A village is asked as an address or a name, and stored as a code.
    type_ = "division_code" if element.code_list == "division" else element.type
    if type_ in FITS[kind] or (type_ == "division_code" and kind in ("title", "code")):
        figures["kind_fits"] = 1.0
    else:
        figures["kind_breaks"] = 1.0


def weigh_options(
    figures: dict[str, float], reasons: list[str], one: FormField, leaf: Label, element: Element, lexicon: Lexicon
) -> None:
    """Are the choices of a drop-down those of the element's code list?"""
    options = [key(option) for option in one.options if key(option)]
    if len(options) < 2 or (set(options) <= {"是", "否", "有", "无"} and leaf.question):
        return
    codes = lexicon.schemas.codes.get(element.code_list or "")
    if codes is None:
        figures["options_break"] = 1.0 if element.type not in ("text", "division_code") else 0.4
        return
    known = {key(word) for word, _ in codes.pairs}
    hits = sum(any(option == word or (len(option) > 1 and option in word) for word in known) for option in options)
    if hits >= 0.5 * len(options):
        figures["options_fit"] = hits / len(options)
        reasons.append(f"下拉选项有 {hits}/{len(options)} 个在代码表“{codes.name}”里")
    elif hits < 0.34 * len(options):
        figures["options_break"] = 1.0


def weigh_unit(figures: dict[str, float], reasons: list[str], leaf: Label, element: Element) -> None:
    """Is the unit in the header's brackets one of the element's quantity?"""
    if not leaf.unit:
        return
    unit = key(leaf.unit) or leaf.unit
    if element.unit is None:
        if element.type in ("decimal", "integer"):
            return
        figures["unit_breaks"] = float(unit not in ("周岁", "岁"))
        return
    same = unit == key(element.unit) or any({unit, element.unit} <= family for family in _UNIT_FAMILIES)
    figures["unit_fits" if same else "unit_breaks"] = 1.0
    if same:
        reasons.append(f"单位是{_PRINTED.get(leaf.unit, leaf.unit)}")


def weigh_values(
    figures: dict[str, float], reasons: list[str], one: FormField, element: Element, lexicon: Lexicon
) -> None:
    """Do the values of a form that is filled in have the form of the element's?"""
    codes = lexicon.schemas.codes.get(element.code_list or "")
    known = frozenset(word for word, _ in codes.pairs) if codes else frozenset()
    share = fingerprint.share(one.values, element.type, known)
    if share is None or element.type in ("text",):
        return
    shown = f"{math.floor(100 * share)}%"  # one of 300 that does not fit is no 100 %
    if share >= 0.8:
        figures["values_fit"] = 1.0
        reasons.append(f"已填的值有 {shown} 符合它的格式")
    else:
        reasons.append(f"已填的值只有 {shown} 符合它的格式，请核对")
    if share < 0.5:
        figures["values_break"] = 1.0
    if element.type == "date" and (wrong := fingerprint.impossible_days(one.values)):
        reasons.append(f"有 {wrong} 个日期日历上没有，请核对")
