"""Match weights of pairs: whole numbers of thousandths of a bit, summed over the comparisons.

The sum is Splink's match weight (log2 of the posterior odds, with term frequencies), computed by one query of our own
over bounded pairs: whole numbers do not depend on the order of additions, and a profile may hold several values.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from yibiao.identity.behind import lists_behind
from yibiao.identity.levels import column, condition, needed, sides, unstated
from yibiao.identity.model import UNIT, Model
from yibiao.identity.profiles import Profiles
from yibiao.identity.settings import Comparison, LinkageSettings

if TYPE_CHECKING:
    import duckdb

SMALLEST_SHARE = 1e-6
"""No value is rarer evidence than this share of all."""


def score_pairs(
    con: duckdb.DuckDBPyConnection,
    pairs: str,
    table: str,
    settings: LinkageSettings,
    model: Model,
    target: str,
    *,
    least: int,
    profiles: Profiles | None = None,
) -> None:
    """Make the temporary table `target` of the pairs that reach `least`: `l`, `r`, `score`, and of each comparison
    `g_<comparison>`, its level (0-based, -1 not stated), and `p_<comparison>`, its points; the score is the prior and
    their sum.

    Args:
        pairs: table of `l`, `r`.
        table: prepared records.
        least: thousandths of a bit.
        profiles: given if `r` numbers profiles.
    """
    columns = needed(settings.comparisons)
    frequent = [column(name) for name in settings.frequencies()]
    for name, found in model.frequencies.items():
        _register(con, column(name), found.values, found.rest)
    left = _with_frequencies(table, columns, frequent, model)
    said, right = (profiles.said, profiles.table) if profiles else (frozenset[str](), left)
    behind = lists_behind(con, pairs, table, settings, profiles)
    picked = [sides(columns, profile=bool(profiles), said=said), *behind.picked]
    for name in frequent:
        picked.append(f"l.f_{name}" if profiles else f"least(l.f_{name}, r.f_{name}) as f_{name}")
    degrees = [f'{_degree(one, bool(profiles), said)} as "g_{one.name}"' for one in settings.comparisons]
    carried = "".join(f", f_{name}" for name in frequent)
    names = "".join(f', "g_{one.name}", "p_{one.name}"' for one in settings.comparisons)
    points = ", ".join(f'cast({_points(one, model)} as integer) as "p_{one.name}"' for one in settings.comparisons)
    total = " + ".join([str(model.prior_score), *(f'"p_{one.name}"' for one in settings.comparisons)])
    con.execute(f"""
        create or replace temp table {target} as
        with sides as (
            select pairs.l, pairs.r, {", ".join(picked)}
            from {pairs} as pairs
            inner join {left} as l on pairs.l = l.rid
            inner join {right} as r on pairs.r = r.rid
            {" ".join(behind.joins)}
        ),
        compared as (select l, r{carried}, {", ".join(degrees)} from sides),
        weighed as (select *, {points} from compared),
        scored as (select l, r{names}, cast({total} as integer) as score from weighed)
        select l, r, score{names} from scored where score >= {least}""")
    for name in behind.tables:
        con.execute(f"drop table {name}")
    for name in frequent:
        con.unregister(f"linkage_share_{name}")


def _register(con: duckdb.DuckDBPyConnection, name: str, values: dict[str, float], rest: float) -> None:
    import pyarrow as pa

    table = pa.table(
        {
            "value": pa.array(list(values), pa.string()),
            "points": pa.array([_rarity(share) for share in values.values()], pa.int32()),
        }
    )
    con.register(f"linkage_share_{name}", table)


def _rarity(share: float) -> int:
    return round(-math.log2(max(share, SMALLEST_SHARE)) * UNIT)


def _select(table: str, columns: tuple[str, ...]) -> str:
    listed = ", ".join(f'"{name}"' for name in columns)
    return f"(select rid, {listed} from {table})"


def _with_frequencies(table: str, columns: tuple[str, ...], frequent: list[str], model: Model) -> str:
    if not frequent:
        return _select(table, columns)
    rests = {column(name): _rarity(found.rest) for name, found in model.frequencies.items()}
    listed = ", ".join(
        [f'main."{name}"' for name in columns]
        + [f"coalesce(linkage_share_{name}.points, {rests[name]}) as f_{name}" for name in frequent]
    )
    joins = " ".join(
        f'left join linkage_share_{name} on linkage_share_{name}.value = main."{name}"' for name in frequent
    )
    return f"(select main.rid, {listed} from {table} as main {joins})"


def _degree(comparison: Comparison, profile: bool, said: frozenset[str]) -> str:
    cases = [f"when {unstated(comparison)} then -1"]
    cases += [
        f"when {condition(level, profile=profile, said=said)} then {place}"
        for place, level in enumerate(comparison.levels)
    ]
    return f"cast(case {' '.join(cases)} else {len(comparison.levels)} end as tinyint)"


def _points(comparison: Comparison, model: Model) -> str:
    """Points of a comparison from its degree; those of a level with term frequencies depend on the value."""
    weights = model.weights[comparison.name]
    cases = []
    for place, weight in enumerate(weights):
        points = str(weight.score)
        if place < len(comparison.levels) and comparison.levels[place].frequency:
            # As Splink: the share among strangers of the exact level gives way to that of the value.
            exact = next((n for n, one in enumerate(comparison.levels) if one.kind == "exact" and one.frequency), place)
            share = f"f_{column(comparison.levels[place].columns[0])}"
            points = f"({weight.score + round(math.log2(weights[exact].u) * UNIT)} + {share})"
        cases.append(f"when {place} then {points}")
    return f'case "g_{comparison.name}" {" ".join(cases)} else 0 end'
