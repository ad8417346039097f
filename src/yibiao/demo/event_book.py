"""Grid events of the demo: reported month by month, handled within weeks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from yibiao.demo.chance import choose, stream
from yibiao.demo.edition import Edition
from yibiao.demo.families import NEVER
from yibiao.demo.numbers import day_numbers, digits, strings
from yibiao.demo.world import World

if TYPE_CHECKING:
    from yibiao.demo.truth import Truth

A_MONTH = 0.04
"""Events per resident and month."""

_DESCRIPTIONS: dict[int, tuple[str, ...]] = {
    1: ("邻里因噪音发生口角,已劝解", "楼上漏水引发纠纷,双方协商中", "停车位占用引起争执"),
    2: ("楼道堆放易燃杂物,已通知清理", "电动车飞线充电", "消防通道被占用,限期整改", "燃气软管老化"),
    3: ("垃圾桶满溢,未及时清运", "绿化带内有建筑垃圾", "河道边有白色漂浮物"),
    4: ("夜间有可疑人员逗留", "电动车电瓶被盗"),
    5: ("独居老人需要送餐服务", "居民咨询医保缴费", "行动不便老人需上门认证", "申请临时救助"),
    6: ('路灯不亮,"3号杆"', "井盖破损", "健身器材损坏", "单元门禁失灵"),
    7: ("楼顶搭建彩钢棚", "一楼住户圈占绿地"),
    8: ("走访精神障碍患者,情况稳定", "走访困境儿童"),
    99: ("其他事项,已登记",),
}
_WEIGHTS = {1: 0.14, 2: 0.24, 3: 0.22, 4: 0.04, 5: 0.18, 6: 0.1, 7: 0.03, 8: 0.03, 99: 0.02}


@dataclass(frozen=True)
class EventBook:
    """Events reported in one or two months: `reporter` is a person row or -1, `closed` a day, maybe in the future."""

    number: np.ndarray
    kind: np.ndarray
    day: np.ndarray
    closed: np.ndarray
    source: np.ndarray
    dwelling: np.ndarray
    reporter: np.ndarray
    text: np.ndarray

    @property
    def count(self) -> int:
        return len(self.number)


def events_of(edition: Edition) -> EventBook:
    """The events that the edition speaks of: reported in its month, or before and closed in its month."""
    if "events" not in edition.memo:
        edition.memo["events"] = _collect(edition)
    return edition.memo["events"]


def _collect(edition: Edition) -> EventBook:
    book = _month(edition.world, edition.number)
    if edition.number == 0:
        return book
    before = _month(edition.world, edition.number - 1)
    closed_now = (before.closed >= edition.first_day) & (before.closed <= edition.last_day)
    return EventBook(
        **{
            field.name: np.concatenate([getattr(before, field.name)[closed_now], getattr(book, field.name)])
            for field in fields(EventBook)
        }
    )


def event_texts() -> list[str]:
    return [text for texts in _DESCRIPTIONS.values() for text in texts]


def _month(world: World, month: int) -> EventBook:
    edition = Edition(world, month)
    rng = stream(world.seed, f"events/{month}")
    count = max(12, round(world.size * A_MONTH))
    day = np.sort(rng.integers(edition.first_day, edition.last_day + 1, count))
    kinds = np.array(list(_WEIGHTS))
    place = choose(rng, list(_WEIGHTS.values()), count)
    closed = day + rng.geometric(0.13, count) - 1
    closed = np.where(rng.random(count) < 0.04, NEVER, closed)
    grown = np.flatnonzero(edition.present & (edition.age >= 18))
    by_resident = rng.random(count) < 0.45
    sizes = np.array([len(texts) for texts in _DESCRIPTIONS.values()])
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return EventBook(
        number=month * 10_000_000 + np.arange(count),
        kind=kinds[place],
        day=day,
        closed=closed,
        source=np.where(
            by_resident, np.where(rng.random(count) < 0.6, 2, 3), choose(rng, [0.8, 0.1, 0.1], count) * 2 + 1
        ),
        dwelling=rng.integers(0, world.places.dwellings, count),
        reporter=np.where(by_resident, grown[rng.integers(0, len(grown), count)], -1),
        text=first[place] + (rng.random(count) * sizes[place]).astype(np.int64),
    )


def _numbers(truth: Truth) -> pa.Array:
    book = events_of(truth.edition)
    return strings(
        np.hstack(
            [
                np.tile(np.frombuffer(b"SJ", dtype=np.uint8), (book.count, 1)),
                digits(day_numbers(book.day), 8),
                digits(book.number % 10_000_000, 7),
            ]
        )
    )


def _status(truth: Truth) -> pa.Array:
    from yibiao.demo.truth import coded

    book, today = events_of(truth.edition), truth.edition.last_day
    return coded(np.where(book.closed <= today, 3, np.where(today - book.day < 2, 1, 2)))


def _column(build: Callable[[Any, EventBook, Any], pa.Array]) -> Callable[[Truth], pa.Array]:
    def column(truth: Truth) -> pa.Array:
        from yibiao.demo import truth as make

        return build(make, events_of(truth.edition), truth)

    return column


SUPPLY: dict[str, Callable[[Truth], pa.Array]] = {
    "event_number": _numbers,
    "event_type_code": _column(lambda make, book, t: make.coded(book.kind, 2)),
    "event_date": _column(lambda make, book, t: make.days(book.day)),
    "event_address": _column(lambda make, book, t: t.address(book.dwelling)),
    "event_status_code": _status,
    # 1 网格员巡查, 2 群众上报, 3 12345热线, 5 视频发现
    "event_source_code": _column(lambda make, book, t: make.coded(book.source)),
    "closed_date": _column(lambda make, book, t: make.days(book.closed, known=book.closed <= t.edition.last_day)),
    "event_description": _column(lambda make, book, t: make.chosen(event_texts(), book.text)),
    "community_code": _column(
        lambda make, book, t: make.chosen(
            t.world.places.community_codes().to_pylist(), t.world.places.community[book.dwelling].astype(np.int64)
        )
    ),
    "dwelling_code": _column(lambda make, book, t: make.taken(t.world.places.code, book.dwelling)),
    "citizen_id": _column(lambda make, book, t: make.taken(strings(t.world.residents.numbers), book.reporter)),
}
