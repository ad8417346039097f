"""The ground of the demo: unassigned region codes, communities, dwellings and the address book.

Every region code of the demo begins with 9999, which GB/T 2260 assigns to nobody, so that no citizen number or credit
code of the demo belongs to a living person or a real organisation. The first digit 9 is also that of foreign permanent
resident cards (form of 2023), whose digits 2 to 7 are a province and a country: 999 is no country code either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.contracts.values import Schemas
from yibiao.demo.chance import choose, stream
from yibiao.demo.numbers import number_strings
from yibiao.errors import ContractError

DISTRICT = 999901
OTHER_DISTRICTS = tuple(range(999902, 999951))
"""Where people born elsewhere and floating people come from; unassigned like the district itself."""

_OTHER_NAMES = [
    first + second for first in "云青安宁永清平" for second in ("台县", "源县", "丰县", "陵区", "溪县", "康县", "川区")
]
_TOWNS = ("城关镇", "河口镇", "桥头镇", "柳林镇", "新集乡", "大湾镇", "双龙镇", "红旗街道", "东风街道", "马店乡")
_ROADS = ("人民路", "建设路", "解放路", "和平路", "中山路", "新华街", "胜利街", "文化路", "学府路", "滨河路")
_ESTATES = ("花园", "新村", "小区", "雅苑", "家园", "公寓", "华府", "名邸")

UNITS_PER_BUILDING, ROOMS_PER_UNIT = 3, 14
_PER_BUILDING = UNITS_PER_BUILDING * ROOMS_PER_UNIT
_PER_GROUP = 45
"""Houses in one villagers' group."""


@dataclass(frozen=True)
class Community:
    """A residents' or villagers' community: 12-digit code, its own name and its township's."""

    code: str
    name: str
    township: str

    @property
    def is_village(self) -> bool:
        return self.name.endswith("村")


def communities(schemas: Schemas) -> list[Community]:
    """The communities of the demo district, from the overlay of the division list.

    Raises:
        ContractError: the overlay is missing or names no community.
    """
    names = {entry.code: entry.name for entry in schemas.codes["division"].codes}
    found = [
        Community(code, name, names.get(code[:9], ""))
        for code, name in sorted(names.items())
        if len(code) == 12 and code.startswith(str(DISTRICT))
    ]
    if not found:
        raise ContractError(
            "The division list has no community of the demo district.",
            where="schemas/codes/division.demo.csv",
            expected=f"twelve-digit codes that begin with {DISTRICT}",
            todo="Restore the overlay file.",
        )
    return found


@dataclass(frozen=True)
class Places:
    """Dwellings (D rows) and the address book: entries below D are dwellings, the rest lie outside the district.

    `village` marks rural houses, which have a group and a house number in `building` and `room` and no unit.
    """

    communities: list[Community]
    community: np.ndarray
    village: np.ndarray
    building: np.ndarray
    unit: np.ndarray
    room: np.ndarray
    area: np.ndarray
    code: pa.Array
    addresses: pa.Array
    outside_region: np.ndarray

    @property
    def dwellings(self) -> int:
        return len(self.community)

    def community_codes(self) -> pa.Array:
        """Code per community, to be taken by `community`."""
        return pa.array([community.code for community in self.communities])


def make_places(seed: int, listed: list[Community], dwellings: int, outside: int) -> Places:
    """Lay out `dwellings` homes over the communities and `outside` addresses in other districts."""
    rng = stream(seed, "places")
    is_village = np.array([community.is_village for community in listed])
    weights = rng.uniform(0.5, 1.5, len(listed)) * np.where(is_village, 0.35, 1.0)
    community = np.sort(choose(rng, weights, dwellings)).astype(np.int16)
    start = np.searchsorted(community, np.arange(len(listed)))
    place = np.arange(dwellings) - start[community]
    village = is_village[community]
    building = np.where(village, place // _PER_GROUP, place // _PER_BUILDING) + 1
    unit = np.where(village, 0, place % _PER_BUILDING // ROOMS_PER_UNIT + 1)
    in_unit = place % ROOMS_PER_UNIT
    room = np.where(village, place % _PER_GROUP + 1, (in_unit // 2 + 1) * 100 + in_unit % 2 + 1)
    area = np.round(np.where(village, rng.normal(135, 35, dwellings), rng.normal(89, 24, dwellings)), 2)
    codes = pc.binary_join_element_wise(
        pa.array([community.code for community in listed]).take(pa.array(community)),
        number_strings(building, 4),
        number_strings(unit, 2),
        number_strings(room, 4),
        "",
    )
    outside_region = rng.integers(0, len(OTHER_DISTRICTS), outside).astype(np.int16)
    addresses = pa.concat_arrays(
        [
            _own_addresses(listed, community, village, building, unit, room),
            _outside_addresses(rng, outside_region),
        ]
    )
    return Places(
        listed,
        community,
        village,
        building.astype(np.int32),
        unit.astype(np.int8),
        room.astype(np.int32),
        np.clip(area, 28, 320),
        codes,
        addresses,
        outside_region,
    )


def _text(values: np.ndarray) -> pa.Array:
    return pa.array(values.astype(np.int32)).cast(pa.string())


def _own_addresses(
    listed: list[Community],
    community: np.ndarray,
    village: np.ndarray,
    building: np.ndarray,
    unit: np.ndarray,
    room: np.ndarray,
) -> pa.Array:
    heads = []
    for number, entry in enumerate(listed):
        head = f"示范市示范区{entry.township}{entry.name}"
        if not entry.is_village:
            stem = entry.name.removesuffix("社区")
            head += f"{_ROADS[number % len(_ROADS)]}{number * 7 % 180 + 1}号{stem}{_ESTATES[number % len(_ESTATES)]}"
        heads.append(head)
    prefix = pa.array(heads).take(pa.array(community))
    urban = pc.binary_join_element_wise(prefix, _text(building), "幢", _text(unit), "单元", _text(room), "室", "")
    rural = pc.binary_join_element_wise(prefix, _text(building), "组", _text(room), "号", "")
    return pc.if_else(pa.array(village), rural, urban)


def _outside_addresses(rng: np.random.Generator, region: np.ndarray) -> pa.Array:
    size = len(region)
    return pc.binary_join_element_wise(
        pa.array(["示范市" + name for name in _OTHER_NAMES]).take(pa.array(region)),
        pa.array(_TOWNS).take(pa.array(rng.integers(0, len(_TOWNS), size))),
        pa.array(_ROADS).take(pa.array(rng.integers(0, len(_ROADS), size))),
        _text(rng.integers(1, 480, size)),
        "号",
        _text(rng.integers(1, 60, size)),
        "栋",
        _text(rng.integers(1, 19, size) * 100 + rng.integers(1, 5, size)),
        "室",
        "",
    )
