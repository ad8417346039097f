"""The lists behind names (`levels.LevelKind.hidden`), made only for pairs whose comparison comes that far.

Most pairs that blocks find have equal names, or names of one sound. Of the others alone a level is asked that looks at
single characters, and their names alone are taken apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from yibiao.identity.levels import LEVELS, MORE, column, condition, hidden_of, needed, sides
from yibiao.identity.prepare import describe_behind
from yibiao.identity.profiles import Profiles
from yibiao.identity.settings import Comparison, Level, LinkageSettings

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Behind:
    """What a query over pairs joins and selects to see the lists.

    Args:
        picked: selected expressions (`... as "name__holes_l"`).
        joins: SQL; `pairs.l` and `pairs.r` are the numbers of a pair.
        tables: temporary tables to drop afterwards.
    """

    picked: tuple[str, ...]
    joins: tuple[str, ...]
    tables: tuple[str, ...]


def lists_behind(
    con: duckdb.DuckDBPyConnection, pairs: str, table: str, settings: LinkageSettings, profiles: Profiles | None
) -> Behind:
    """Make the lists that the comparisons of these pairs look at.

    Args:
        pairs: table of `l`, `r`.
        table: prepared records.
        profiles: given if `r` numbers profiles.
    """
    picked, joins, tables = [], [], []
    for name, kinds in sorted(hidden_of(settings.comparisons).items()):
        _ask(con, name, pairs, table, settings, profiles)
        behind = f"linkage_behind_{name}"
        texts = "select text from linkage_asked_l union all select text from linkage_asked_r"
        describe_behind(con, settings.columns[name], texts, kinds, behind)
        for side in ("l", "r"):
            lists = ", ".join(f"flatten(list({kind})) as {kind}" for kind in sorted(kinds))
            con.execute(f"""
                create or replace temp table {behind}_{side} as
                select rid, {lists} from linkage_asked_{side} inner join {behind} using (text) group by rid""")
            con.execute(f"drop table linkage_asked_{side}")
            joins.append(f"left join {behind}_{side} on pairs.{side} = {behind}_{side}.rid")
            picked += [f'{behind}_{side}.{kind} as "{name}__{kind}_{side}"' for kind in sorted(kinds)]
            tables.append(f"{behind}_{side}")
        con.execute(f"drop table {behind}")
    return Behind(tuple(picked), tuple(joins), tuple(tables))


def _ask(
    con: duckdb.DuckDBPyConnection,
    name: str,
    pairs: str,
    table: str,
    settings: LinkageSettings,
    profiles: Profiles | None,
) -> None:
    """Make `linkage_asked_l` and `linkage_asked_r` (`rid`, `text`): the texts of a column that some pair needs."""
    looking = tuple(one for one in settings.comparisons if any(_looks(level, name) for level in one.levels))
    said, right = (profiles.said, profiles.table) if profiles else (frozenset[str](), table)
    picked = sides(needed(looking), profile=bool(profiles), said=said)
    asked = " or ".join(f"({_undecided(one, name, bool(profiles), said)})" for one in looking)
    con.execute(f"""
        create or replace temp table linkage_asked as
        select l, r from (
            select pairs.l, pairs.r, {picked}
            from {pairs} as pairs
            inner join {table} as l on pairs.l = l.rid
            inner join {right} as r on pairs.r = r.rid
        ) where {asked}""")
    for side, source in (("l", table), ("r", right)):
        wanted = f"from {source} where rid in (select {side} from linkage_asked)"
        con.execute(f"""
            create or replace temp table linkage_asked_{side} as select rid, "{name}" as text {wanted}""")
    if profiles:
        con.execute(f'insert into linkage_asked_r select rid, unnest("{name}{MORE}") {wanted}')
    con.execute("drop table linkage_asked")


def _looks(level: Level, name: str) -> bool:
    """Whether a level looks at the lists behind a column."""
    return any(LEVELS[one.kind].hidden and one.columns[0] == name for one in (level, *level.also))


def _undecided(comparison: Comparison, name: str, profile: bool, said: frozenset[str]) -> str:
    """True of a pair of which no level before the first that looks behind the column holds."""
    first = next(place for place, level in enumerate(comparison.levels) if _looks(level, name))
    earlier = [
        f"({condition(level, profile=profile, said=said)})"
        for level in comparison.levels[:first]
        if not any(LEVELS[one.kind].hidden for one in (level, *level.also))
    ]
    stated = f'"{column(name)}_l" is not null and "{column(name)}_r" is not null'
    return f"{stated} and not coalesce({' or '.join(earlier) or 'false'}, false)"
