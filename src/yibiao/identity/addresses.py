"""Chinese addresses in parts: division, road, number, estate, building, unit, room.

An address is read from the left (divisions, road and number, estate) and from the right (room, unit, building), because
clerks leave parts out at both ends and write the same home in many ways: 3号楼2单元501室, 三栋二单元501,
３幢２－５０１, 3#2-501. What is left in the middle is the estate. Nothing is looked up: a place is told by the word
that ends it (省 市 县 镇 村 路 ...).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_WIDE = {code + 0xFEE0: code for code in range(ord("!"), ord("~") + 1)}
_SIGNS = _WIDE | {ord(dash): ord("-") for dash in "—–―‐‑‒−﹣~～_"}
_DIGITS = {
    "〇": 0,
    "零": 0,
    "○": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_CHINESE = "〇零○一二两三四五六七八九十百"
_N = rf"(?:[A-Z]?[0-9]+[A-Z]?|[A-Z]|[{_CHINESE}]+)"
"""A number as it stands in addresses: 12, 12A, B2, A, 十二."""

_DIVISIONS = re.compile(
    r"(?P<province>[^省市区县]{2,8}?(?:省|自治区|特别行政区)|(?:北京|上海|天津|重庆)市?(?!路|街|大道|道))?"
    r"(?P<city>[^省市区县镇乡村路街道号0-9]{2,7}?(?:市(?!场|政|民)|自治州|地区|盟(?=[^路])))?"
    r"(?P<county>[^省市区县镇乡村路街道号0-9]{1,9}?"
    r"(?:(?<![小社园校厂])区(?![0-9A-Z])|自治县|县(?!城[^关]|前|后|府)|市(?!场|政|民)|旗(?=.)))?"
    r"(?P<town>(?:[^镇乡村路街道号0-9]{1,8}?街道(?:办事处|办)?"
    r"|[^镇乡村路街道号0-9]{1,8}?(?:镇|乡)(?!路|街|[东南西北中]路)))?"
    r"(?P<community>(?:[^村路街号0-9]{1,12}?|[^村号0-9]{1,8}?[路街])社区(?:居委会|居民委员会)?"
    r"|[^村路街号0-9]{1,12}?(?:居委会|居民委员会)"
    r"|[^村路街号0-9幢栋]{1,12}?"
    r"(?:村民委员会|村委会|行政村|(?<!新)村(?![东南西北中]{0,2}(?:大街|大道|路|街))|嘎查))?"
)
_NUMBERED_VILLAGE = re.compile(r"([0-9]{1,3}村)(?:民委员会|委会)?")
_ROAD = re.compile(
    rf"(?P<road>[^0-9号]{{1,14}}?(?:大道|大街|公路|马路|胡同|弄堂|路|街|巷|道)(?:[东南西北中]段)?)"
    rf"(?=[0-9甲乙丙丁第与和近旁]|[{_CHINESE}]+号|[A-Z]|$|[^0-9]{{2,}})"
)
_NUMBER = re.compile(rf"第?([甲乙丙丁]?{_N}(?:-[0-9]+)?(?:弄|号院|号(?!楼|公馆))(?:附?{_N}支弄)?(?:附{_N}号)?)")
_FIGURE = re.compile("[0-9]")
_BUILT = (
    # 3号楼2单元501室, 3幢501, 3栋2-501, 3#501, 12号楼5层502
    re.compile(
        rf"(?P<building>{_N})(?:号楼|号栋|栋|幢|座|号院(?={_N}单元)|#楼?|楼(?={_N}(?:单元|门)))-?"
        rf"(?:(?P<unit>{_N})(?:单元|门|梯|#)-?)?(?:{_N}(?:楼|层)-?)?(?:(?P<unit2>{_N})-)?"
        rf"(?:(?P<room>{_N})(?:号室|室|房|户|号|#)?)?$"
    ),
    # 3组12号
    re.compile(rf"第?(?P<building>{_N})(?:村民小组|村民组|小组|组|社|队)(?:(?P<room>{_N})(?:号|户)?(?:附{_N}号)?)?$"),
    # 3-2-501, 3-501
    re.compile(rf"(?<!号)(?P<building>{_N})-(?:(?P<unit>{_N})-)?(?P<room>{_N})(?:室|房|户)?$"),
)
"""Ends that no road can be part of: what stands before them repeats from home to home, and is parsed once."""
_LOOSE = tuple(
    re.compile(pattern)
    for pattern in (
        # 12号501室 in a lane
        rf"(?P<building>{_N})号(?:(?P<unit>{_N})(?:单元|门)-?)?(?:{_N}(?:楼|层))?(?P<room>{_N})(?:室|房|户)?$",
        # 2单元501室
        rf"(?P<unit>{_N})(?:单元|门)-?(?:{_N}(?:楼|层))?(?P<room>{_N})(?:室|房|户|号)?$",
        rf"(?:{_N}(?:楼|层))?(?P<room>{_N})(?:室|房|户)$",
        rf"(?P<building>{_N})号$",
    )
)
_ESTATE_NOTE = re.compile(r"[(（]([^)）]*[园区苑城府邸家村庭湾居楼厦寓])[)）]")
_NOTES = re.compile(r"[(（].*?[)）]|[,，。;；、·.\s　\u200b\ufeff]+")
_REMARK = re.compile(r"(?:附近|对面|旁边|旁|院内|内|暂住)$")


class Address(NamedTuple):
    """An address in parts, tidied (Arabic figures, no leading zeros, no word for its kind); empty where not stated.

    `division` is province to county, `town` township or street, `community` residents' or villagers' committee. In
    villages `building` is the villagers' group (组) and `room` the house number, as dwelling registers have it.
    """

    division: str = ""
    town: str = ""
    community: str = ""
    road: str = ""
    number: str = ""
    estate: str = ""
    building: str = ""
    unit: str = ""
    room: str = ""

    @property
    def place(self) -> str:
        """The most exact name of the ground that the building stands on."""
        if self.estate:
            return self.estate
        if self.road and self.number:
            return f"{self.road}{self.number}"
        return self.road or self.community or self.town

    @property
    def house(self) -> str:
        """Place and building, empty without a building."""
        return f"{self.place}|{self.building}" if self.building and self.place else ""

    @property
    def home(self) -> str:
        """Place, building, unit and room, empty without a room."""
        if not self.room or not self.place:
            return ""
        return f"{self.place}|{self.building}|{self.unit}|{self.room}"


def figures(text: str) -> str:
    """Chinese numerals as Arabic figures, without leading zeros; other text as it is.

    >>> figures("十二"), figures("二〇三"), figures("一百零五"), figures("0301"), figures("B02")
    ('12', '203', '105', '301', 'B02')
    """
    if not text or text[0] not in _CHINESE:
        return text.lstrip("0") or text
    if "十" not in text and "百" not in text:
        return "".join(str(_DIGITS[character]) for character in text).lstrip("0") or "0"
    total = digit = 0
    for character in text:
        if character == "百":
            total, digit = total + (digit or 1) * 100, 0
        elif character == "十":
            total, digit = total + (digit or 1) * 10, 0
        else:
            digit = _DIGITS[character]
    return str(total + digit)


def parse(text: str) -> Address:
    """Split one address; never fails, what it cannot tell stays in `estate`."""
    rest = _REMARK.sub("", _plain(text))
    for pattern in _BUILT:
        if end := pattern.search(rest):
            parts = end.groupdict()
            unit = parts.get("unit") or parts.get("unit2") or ""
            return _ground(rest[: end.start()])._replace(
                building=figures(parts["building"]), unit=figures(unit), room=figures(parts["room"] or "")
            )
    return _with_loose_end(_ground_until_number(rest))


def _plain(text: str) -> str:
    """Half-width and upper case, without blanks, stops and remarks in brackets."""
    rest = text.translate(_SIGNS).upper()
    if "(" in rest or "（" in rest:
        rest = _ESTATE_NOTE.sub(r"\1", rest)
    return _NOTES.sub("", rest)


@lru_cache(maxsize=1 << 16)
def _ground(head: str) -> Address:
    """Everything before the building."""
    found = _ground_until_number(head)
    return found._replace(estate=found.estate.removesuffix("第"))


def _ground_until_number(head: str) -> Address:
    """Divisions, road and number; all that follows stands in `estate`."""
    figure = _FIGURE.search(head)
    cut = figure.start() if figure else len(head)
    start, length = _words(head[:cut] + ("0" if figure else ""))
    rest = head[length:]
    if not start.community and not start.road and (village := _NUMBERED_VILLAGE.match(rest)):
        start, rest = start._replace(community=village[1]), rest[village.end() :]
    number = ""
    if start.road and (found := _NUMBER.match(rest)):
        number, rest = _number(found[1]), rest[found.end() :]
    return start._replace(number=number, estate=rest)


@lru_cache(maxsize=1 << 16)
def _words(text: str) -> tuple[Address, int]:
    """Divisions and road of a text that has no figure but its last character, and how much of it they are."""
    found = _DIVISIONS.match(text)
    assert found is not None  # every part of the pattern may be empty
    division = "".join(found[name] or "" for name in ("province", "city", "county"))
    town = (found["town"] or "").removesuffix("办事处").removesuffix("办")
    community = _COMMITTEE.sub("", found["community"] or "")
    if community and not community.endswith(("社区", "村", "嘎查")):
        community += "村" if "村" in found["community"][len(community) :] else "社区"
    length, road = found.end(), ""
    if (way := _ROAD.match(text, length)) and not way["road"].endswith("街道"):
        road, length = way["road"], way.end()
    return Address(division, town, community, road), length


def _with_loose_end(address: Address) -> Address:
    for pattern in _LOOSE:
        if end := pattern.search(address.estate):
            parts = end.groupdict()
            building, unit, room = (figures(parts.get(name) or "") for name in ("building", "unit", "room"))
            return address._replace(
                estate=address.estate[: end.start()].removesuffix("第"),
                building=building,
                unit=unit,
                room=room,
            )
    return address


_COMMITTEE = re.compile(r"(?:居委会|居民委员会|村民委员会|村委会|行政村)$")


def _number(text: str) -> str:
    """A house number in a road with Arabic figures and without leading zeros; its words (号, 弄, 甲) stay."""
    text = re.sub(rf"[{_CHINESE}]+", lambda found: figures(found[0]), text.removeprefix("第"))
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", text)


def parse_all(texts: Iterable[str], parser: Callable[[str], Address] = parse) -> pa.Table:
    """One row a text, in order: `text`, the fields of `Address`, `place`, `house`, `home`; null where empty."""
    import pyarrow as pa

    listed = list(texts)
    rows = [
        (text, *found, found.place, found.house, found.home)
        for text, found in zip(listed, map(parser, listed), strict=True)
    ]
    names = ("text", *Address._fields, "place", "house", "home")
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pa.table(
        {
            name: pa.array([value or None for value in column], pa.string())
            for name, column in zip(names, columns, strict=True)
        }
    )


_COMMON_END = (
    f"^(.*[^-#第0-9A-Za-z{_CHINESE})）,，。;；、·.\\s])([0-9]{{1,6}})"
    "(?:(?:号楼|栋|幢|座)(?:([0-9]{1,6})单元)?([0-9]{1,6})室?|组([0-9]{1,6})号)$"
)
"""The commonest ends by far, simple enough for the engine: what stands before is parsed once for all homes there."""


def describe(con: duckdb.DuckDBPyConnection, texts: str, target: str, *, batch: int = 100_000) -> None:
    """Add the texts of a query to the temporary table `target` with their parts, as `parse_all` gives them, as far as
    they are new.

    Args:
        texts: query of one column.
        batch: texts parsed at a time.
    """
    nothing = parse_all([])
    con.execute(f"create temp table if not exists {target} ({', '.join(f'{n} varchar' for n in nothing.column_names)})")
    con.execute(f"""
        create or replace temp table linkage_text as
        select text, regexp_extract(text, '{_COMMON_END}', ['head', 'building', 'unit', 'room', 'house']) as found
        from (select distinct * from ({texts}) as given(text)) as given
        anti join {target} as known using (text)
        where text is not null""")
    _parsed(con, "select text from linkage_text where found.head = ''", parse, target, batch)
    con.execute(f"create or replace temp table linkage_head as select * from {target} limit 0")
    heads = "select distinct found.head from linkage_text where found.head <> ''"
    _parsed(con, heads, lambda head: _ground(_plain(head)), "linkage_head", batch)
    figure = "coalesce(nullif(ltrim({0}, '0'), ''), {0})"
    building, unit, room = (figure.format(one) for one in ("found.building", "found.unit", "found.room || found.house"))
    con.execute(f"""
        insert into {target}
        select
            told.text, heads.* exclude (text, building, unit, room, place, house, home),
            told.building, nullif(told.unit, ''), told.room, heads.place, heads.place || '|' || told.building,
            heads.place || '|' || told.building || '|' || told.unit || '|' || told.room
        from (
            select text, found.head as head, {building} as building, {unit} as unit, {room} as room
            from linkage_text where found.head <> ''
        ) as told
        inner join linkage_head as heads on told.head = heads.text""")
    con.execute("drop table linkage_text")
    con.execute("drop table linkage_head")


def _parsed(
    con: duckdb.DuckDBPyConnection, query: str, parser: Callable[[str], Address], target: str, batch: int
) -> None:
    """Add the texts that a query gives to `target`."""
    texts = con.sql(query).to_arrow_table().column(0)
    for start in range(0, len(texts), batch):
        con.register("linkage_addresses", parse_all(texts.slice(start, batch).to_pylist(), parser))
        con.execute(f"insert into {target} select * from linkage_addresses")
        con.unregister("linkage_addresses")
