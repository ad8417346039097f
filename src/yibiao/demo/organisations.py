"""Enterprises and sole traders of the demo, with valid credit codes of the unassigned region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.demo.chance import choose, stream
from yibiao.demo.families import FIRST_DAY, HORIZON, NEVER
from yibiao.demo.geography import DISTRICT, Places
from yibiao.demo.numbers import credit_codes, strings
from yibiao.demo.traits import phone_digits

_TRADES: tuple[tuple[str, float, tuple[str, ...], tuple[str, ...]], ...] = (
    ("A", 0.05, ("农业", "生态种植", "畜牧"), ("种植园", "农资店")),
    ("C", 0.16, ("机械制造", "服饰", "食品", "包装"), ("加工坊", "五金加工部")),
    ("E", 0.08, ("建筑工程", "装饰工程"), ("装修队", "门窗店")),
    ("F", 0.33, ("商贸", "贸易", "供应链"), ("超市", "百货店", "便利店", "服装店", "水果店")),
    ("G", 0.04, ("物流", "运输"), ("货运部", "快递点")),
    ("H", 0.10, ("餐饮管理", "酒店管理"), ("饭店", "面馆", "小吃店", "宾馆")),
    ("I", 0.05, ("科技", "信息技术", "网络"), ("电脑维修部",)),
    ("K", 0.03, ("房地产开发", "物业服务"), ("房产中介",)),
    ("L", 0.07, ("商务服务", "人力资源", "广告"), ("图文店",)),
    ("M", 0.03, ("检测技术", "工程咨询"), ("测绘部",)),
    ("O", 0.05, ("家政服务", "汽车服务"), ("理发店", "洗车行", "修理部")),
    ("P", 0.01, ("教育咨询",), ("托管中心",)),
)
"""Industry letter (GB/T 4754), share, words in names of companies, words in names of sole traders."""

_PHONES = 60_000_000
"""Phones of organisations are numbered from here, those of persons below."""

_WORDS = "鑫盛恒瑞宏德利达兴隆华泰安康顺通源丰润祥和美佳信诚金辉博远东方新海天龙腾飞众联合创优"


@dataclass(frozen=True)
class Organisations:
    """O rows, enterprises first. `owner` is a person row; capital in 万元; `since` and `until` days of existence."""

    enterprises: int
    uscc: pa.Array
    name: pa.Array
    kind: np.ndarray
    owner: np.ndarray
    dwelling: np.ndarray
    status: np.ndarray
    since: np.ndarray
    until: np.ndarray
    capital: np.ndarray
    industry: np.ndarray
    phone: np.ndarray
    staff: np.ndarray

    @property
    def count(self) -> int:
        return len(self.kind)


INDUSTRIES = tuple(trade[0] for trade in _TRADES)


def counts(residents: int) -> tuple[int, int]:
    """Enterprises and sole traders of a district of that size."""
    return max(20, round(residents * 0.0415)), max(20, round(residents * 0.062))


def make_organisations(seed: int, residents: int, places: Places, adults: np.ndarray) -> Organisations:
    """Organisations owned by some of the `adults` (person rows)."""
    rng = stream(seed, "organisations")
    enterprises, traders = counts(residents)
    count = enterprises + traders
    company = np.arange(count) < enterprises
    industry = choose(rng, [trade[1] for trade in _TRADES], count)
    body = rng.permutation(count * 40)[:count].astype(np.int64) * 19937 + 27_512_614_111
    uscc = credit_codes(np.full(count, ord("9")), np.where(company, ord("1"), ord("2")), DISTRICT, body % 31**8)
    since = FIRST_DAY - rng.exponential(2600, count).astype(np.int64)
    since = np.where(rng.random(count) < 0.06, FIRST_DAY + rng.integers(0, HORIZON, count), since)
    since = np.maximum(since, int(np.datetime64("1984-01-01").astype(int)))
    closes = rng.random(count) < 0.07
    until = np.where(closes, FIRST_DAY - 300 + rng.integers(0, 300 + HORIZON, count), NEVER)
    until = np.where(until < since + 100, NEVER, until)
    kinds = np.array([11, 12, 13, 14, 15, 16, 17, 31])
    kind = np.where(company, kinds[choose(rng, [78, 3, 1, 2, 6, 5, 2, 3], count)], 21)
    capital = np.where(
        company, rng.choice([10, 50, 100, 200, 500, 1000, 3000], count), np.round(rng.gamma(2, 3, count) + 0.5, 2)
    )
    return Organisations(
        enterprises,
        strings(uscc),
        _names(rng, company, industry),
        kind.astype(np.int8),
        adults[rng.integers(0, len(adults), count)].astype(np.int32),
        rng.integers(0, places.dwellings, count).astype(np.int32),
        np.where(rng.random(count) < 0.03, 2, 1).astype(np.int8),
        since.astype(np.int32),
        until.astype(np.int32),
        capital.astype(np.float64),
        industry.astype(np.int8),
        phone_digits(np.arange(count, dtype=np.int64) + _PHONES),
        np.where(company, rng.geometric(0.05, count) + 1, rng.geometric(0.5, count)).astype(np.int32),
    )


def _names(rng: np.random.Generator, company: np.ndarray, industry: np.ndarray) -> pa.Array:
    count = len(company)
    words = pa.array(list(_WORDS))
    parts = [words.take(pa.array(rng.integers(0, len(_WORDS), count))) for _ in "123"]
    third = pc.if_else(pa.array(rng.random(count) < 0.55), parts[2], "")
    trade = np.empty(count, dtype=object)
    for number, (_, _, companies, shops) in enumerate(_TRADES):
        for is_company, table in ((True, companies), (False, shops)):
            rows = np.flatnonzero((industry == number) & (company == is_company))
            trade[rows] = np.array(table, dtype=object)[rng.integers(0, len(table), len(rows))]
    ending = pc.if_else(pa.array(company), "有限公司", "")
    return pc.binary_join_element_wise("示范区", parts[0], parts[1], third, pa.array(trade, pa.string()), ending, "")
