"""Areas (区划): the communities that lie under a code of any level; parents are prefixes (GB/T 2260, GB/T 10114)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from yibiao.contracts.documents import did_you_mean
from yibiao.contracts.values import CodeList, Schemas
from yibiao.errors import FormError

COMMUNITY = 12
"""Digits of the code of a community: 6 of the county, 3 of the street or town, 3 of its own."""

_STEPS = (2, 4, 6, 9, COMMUNITY)
_ZERO = "000"


@dataclass(frozen=True)
class Area:
    """One community; `name` begins with its street or town."""

    code: str
    name: str


def division_list(schemas: Schemas) -> CodeList:
    """The code list of divisions."""
    return schemas.codes[schemas.elements["community_code"].code_list or ""]


def prefix_of(code: str) -> str:
    """A code without the zeros that only fill it up: `999901000000` is `999901`."""
    for step in _STEPS:
        if len(code) >= step and not code[step:].strip("0"):
            return code[:step]
    return code


def communities(schemas: Schemas, code: str) -> list[Area]:
    """All communities under a code, ascending.

    Args:
        code: of a community, street, town, county or anything above; 2 to 12 digits.

    Raises:
        FormError: no division has this code, or no community lies under it.
    """
    listed = division_list(schemas).by_code
    prefix = prefix_of(code)
    found = [one for one in sorted(listed) if len(one) == COMMUNITY and one[9:] != _ZERO and one.startswith(prefix)]
    if not code.isdigit() or len(prefix) not in _STEPS or not found:
        raise FormError(
            "No community lies under this code.",
            where="--area",
            expected="the code of a community, street, town or county of the list of divisions",
            got=code if code.isdigit() and len(code) <= COMMUNITY else f"{len(code)} characters",
            todo=did_you_mean(code, listed) or 'Look it up with: yibiao query "from community_overview"',
        )
    return [Area(one, name_of(schemas, one)) for one in found]


def name_of(schemas: Schemas, code: str) -> str:
    """The name of a community with that of its street or town before it."""
    listed = division_list(schemas).by_code
    return "".join(listed[part].name for part in (code[:9], code) if part in listed)


def stretches(codes: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """`(community, first, last)` of rows that lie side by side and are of one community; `last` is the next one's
    first."""
    first = 0
    for code, same in groupby(codes):
        last = first + sum(1 for _ in same)
        yield code, first, last
        first = last
