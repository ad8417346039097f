"""What a data element can be: its type, its unit, how long its value is good, how it is shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn


class Frozen(dict):
    """A mapping that refuses change, yet pickles and serialises like the dictionary it is."""

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError("schemas are read-only: change the files under schemas/ instead")

    __setitem__ = __delitem__ = _refuse  # type: ignore[assignment]
    clear = pop = popitem = setdefault = update = __ior__ = _refuse  # type: ignore[assignment]

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self))

    def __reduce__(self) -> tuple[type[Frozen], tuple[dict[Any, Any]]]:
        return Frozen, (dict(self),)


@dataclass(frozen=True)
class ElementType:
    """How one type of data element is written in a contract, parsed and stored.

    Attributes:
        logical: ODCS `logicalType` of a column with this type.
        sql: column type in staging and canonical tables.
        macro: name of the dbt macro that parses the raw text.
    """

    logical: str
    sql: str
    macro: str


TYPES: Mapping[str, ElementType] = Frozen(
    text=ElementType("string", "VARCHAR", "parse_text"),
    name=ElementType("string", "VARCHAR", "parse_name"),
    address=ElementType("string", "VARCHAR", "parse_address"),
    number_text=ElementType("string", "VARCHAR", "parse_number_text"),
    citizen_id=ElementType("string", "VARCHAR", "parse_citizen_id"),
    uscc=ElementType("string", "VARCHAR", "parse_uscc"),
    person_number=ElementType("string", "VARCHAR", "parse_person_number"),
    organisation_code=ElementType("string", "VARCHAR", "parse_organisation_code"),
    division_code=ElementType("string", "VARCHAR", "parse_division_code"),
    phone=ElementType("string", "VARCHAR", "parse_phone"),
    code=ElementType("string", "VARCHAR", "parse_code"),
    month=ElementType("string", "VARCHAR", "parse_month"),
    date=ElementType("date", "DATE", "parse_date"),
    integer=ElementType("integer", "BIGINT", "parse_integer"),
    decimal=ElementType("number", "DECIMAL(18,2)", "parse_decimal"),
)
"""Every type a data element may have."""

KEY_KINDS: Mapping[str, str] = Frozen(person_number="citizen_id", uscc="organisation_code")
"""Type -> the type whose numbers its own hold or may be: as certain keys they are one kind (macro `key_form`)."""

DECIMAL_SCALE = 2
"""Digits after the point of every `decimal`."""

STAGED_LEAD = ("record_no", "as_of", "edition_date")
"""Columns that every staging table starts with."""

LOGICAL_TYPES: Mapping[str, str] = Frozen(string="text", date="date", integer="integer", number="decimal")
"""ODCS `logicalType` -> type of a column that belongs to no data element."""

UNITS: Mapping[str, tuple[str, str]] = Frozen(
    {
        "元": ("money", "1"),
        "万元": ("money", "10000"),
        "亿元": ("money", "100000000"),
        "平方米": ("area", "1"),
        "亩": ("area", "666.666666666667"),
        "公顷": ("area", "10000"),
        "人": ("persons", "1"),
        "户": ("households", "1"),
        "岁": ("age", "1"),
        "天": ("days", "1"),
        "个月": ("months", "1"),
        "年": ("years", "1"),
        "次": ("times", "1"),
        "个": ("pieces", "1"),
        "间": ("rooms", "1"),
        "套": ("sets", "1"),
        "层": ("storeys", "1"),
        "辆": ("vehicles", "1"),
        "台": ("machines", "1"),
        "头": ("heads", "1"),
        "厘米": ("length", "1"),
        "米": ("length", "100"),
        "千克": ("mass", "1"),
        "吨": ("mass", "1000"),
        "毫米汞柱": ("pressure", "1"),
        "毫摩尔每升": ("concentration", "1"),
    }
)
"""Unit -> (quantity, size in the quantity's base unit, as decimal text)."""

UNIT_WORDS: Mapping[str, tuple[str, ...]] = Frozen(
    {
        "元": ("元", "圆", "元整"),
        "万元": ("万元", "万"),
        "亿元": ("亿元", "亿"),
        "平方米": ("平方米", "平米", "㎡", "m²", "m2"),
        "亩": ("亩",),
        "公顷": ("公顷",),
        "人": ("人", "口"),
        "户": ("户",),
        "岁": ("岁", "周岁"),
        "天": ("天", "日"),
        "个月": ("个月", "月"),
        "年": ("年",),
        "次": ("次",),
        "个": ("个",),
        "间": ("间",),
        "套": ("套",),
        "层": ("层",),
        "辆": ("辆",),
        "台": ("台",),
        "头": ("头",),
        "厘米": ("厘米", "cm", "公分"),
        "米": ("米", "m"),
        "千克": ("千克", "公斤", "kg"),
        "吨": ("吨", "t"),
        "毫米汞柱": ("毫米汞柱", "mmHg"),
        "毫摩尔每升": ("毫摩尔每升", "毫摩尔/升", "mmol/L"),
    }
)
"""Unit -> how it is written behind a number in a cell."""

FRESHNESS: Mapping[str, tuple[str, int | None]] = Frozen(
    lasting=("不定期", None),
    realtime=("实时", 1),
    daily=("每日", 1),
    weekly=("每周", 7),
    monthly=("每月", 31),
    quarterly=("每季度", 92),
    half_yearly=("每半年", 184),
    yearly=("每年", 366),
)
"""How long a value is good -> (更新周期 of the resource catalogue, days; None for what changes only when corrected)."""

SHARING: Mapping[str, str] = Frozen(unconditional="无条件共享", conditional="有条件共享", none="不予共享")
"""Sharing type -> 共享类型, by 政务数据共享条例 and 政务信息资源目录编制指南."""
