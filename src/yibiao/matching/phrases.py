"""Headers that say between known words what they are about: 申请采伐理由, 盗窃发生地点. No list has them all."""

from __future__ import annotations

import re

_HAPPENED = r"(?:事故|事件|案件|案情|违法|违规|盗窃|暴发|爆发|纠纷|险情|灾害|火灾|警情|争议)"

PHRASES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^.{0,6}申请.{1,12}(?:理由|原因|事由)$"), "application_cause"),
    (re.compile(r"^(?:申请|申报).{0,10}(?:金额|额)$"), "applied_amount"),
    (re.compile(r"^申请.{1,8}的?(?:日期|时间)$"), "application_date"),
    (re.compile(rf"^{_HAPPENED}的?(?:发生)?的?(?:地点|地址|详细地点)$"), "event_address"),
    (re.compile(rf"^{_HAPPENED}的?(?:发生)?的?(?:时间|日期)$"), "event_date"),
    (
        re.compile(rf"^(?:基本|主要)?{_HAPPENED}的?(?:简要|主要|基本|发生)?(?:经过|简况|概况|陈述|事实|情况陈述)$"),
        "event_description",
    ),
    (re.compile(rf"^{_HAPPENED}.{{0,4}}处[理置].{{0,6}}(?:情况|结果)$"), "handling_result"),
    (re.compile(r"^(?:参加|参与).{2,8}(?:养老保险)$"), "pension_status_code"),
)
"""What a whole header looks like -> the element that it asks."""


def phrased(words: str) -> tuple[str, ...]:
    """Elements that a header asks by a phrase; words as a key."""
    return tuple(element for pattern, element in PHRASES if pattern.search(words))
