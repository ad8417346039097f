"""What humans decided about pairs, brought to the records at hand: it outranks scores, certain values and bounds.

A decision names two ids. One that is not there any more (the record says something else by now, or was withdrawn) is
passed over and counted; nothing else of the linkage changes by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from yibiao.errors import LinkageError
from yibiao.identity.clusters import NO_PAIRS, NO_VALUE, Flags, Ints, Pairs, components, one_value
from yibiao.identity.settings import LinkageSettings
from yibiao.ingest.rules import quote

if TYPE_CHECKING:
    import duckdb

IdPairs = Sequence[tuple[str, str]]
"""Pairs of ids as they stand in the raw table: of records, or values of the entity column."""

SAME, DIFFERENT = 1, 2


@dataclass(frozen=True)
class Decided:
    """Decisions as pairs of numbers of records.

    Args:
        together, apart: pairs that are the same, and that are not.
        passed_over: decisions of which an id is not there.
    """

    together: Pairs = NO_PAIRS
    apart: Pairs = NO_PAIRS
    passed_over: int = 0

    def __bool__(self) -> bool:
        return bool(len(self.together[0]) or len(self.apart[0]))

    def values(self, certain: list[Ints]) -> list[Ints]:
        """Certain codes as the decisions leave them; see `one_value`."""
        return [one_value(codes, self.together) for codes in certain] if self else certain

    def known(self, left: Ints, right: Ints, certain: list[Ints], sure: Pairs) -> Ints:
        """Of scored pairs whether a decision settles them: `SAME`, `DIFFERENT` or 0.

        What follows counts as decided: if two of three are the same and one of them is not the third, neither is the
        other; and whoever was put to one entity is not for another one.

        Args:
            left, right: the pairs.
            certain: codes before `values`.
            sure: pairs that certain values join.
        """
        known = np.zeros(len(left), dtype=np.int64)
        if not self or not len(left):
            return known
        n = int(max(left.max(), right.max(), *(side.max(initial=0) for side in (*self.together, *self.apart)))) + 1
        n = max([n, *(len(codes) for codes in certain)])
        group = components(n, *self.together)
        known[group[left] == group[right]] = SAME
        for before, after in zip(certain, self.values(certain), strict=True):
            given = (before == NO_VALUE) & (after != NO_VALUE)
            differ = (after[left] != after[right]) & (after[left] != NO_VALUE) & (after[right] != NO_VALUE)
            known[differ & (given[left] | given[right])] = DIFFERENT
        if not len(self.apart[0]):
            return known
        wide = components(n, *(np.concatenate(sides) for sides in zip(self.together, sure, strict=True)))
        across = wide[self.apart[0]] != wide[self.apart[1]]
        for label, chosen in ((wide, across), (group, ~across)):
            keys = _keys(label[self.apart[0][chosen]], label[self.apart[1][chosen]], n)
            known[np.isin(_keys(label[left], label[right], n), keys)] = DIFFERENT
        return known


def _keys(left: Ints, right: Ints, n: int) -> Ints:
    return np.minimum(left, right) * n + np.maximum(left, right)


def claimants(
    con: duckdb.DuckDBPyConnection, source: str, entity: str, settings: LinkageSettings, different: IdPairs, target: str
) -> None:
    """Add to the table `target` (`id`) the records that a human took away from the entity of their certain value."""
    if not different:
        return
    _register(con, (), different)
    own = f"cast(source.{quote(settings.id)} as varchar)"
    value = f"cast(source.{quote(entity)} as varchar)"
    con.execute(f"""
        insert into {quote(target)}
        select distinct {own}
        from {quote(source)} as source
        inner join (select a, b from linkage_decided union all select b, a from linkage_decided) as decided
            on {own} = decided.a and {value} = decided.b
        where {own} not in (select cast(id as varchar) from {quote(target)})""")
    con.unregister("linkage_decided")


def resolve(
    con: duckdb.DuckDBPyConnection, source: str, entity: str, settings: LinkageSettings, same: IdPairs,
    different: IdPairs,
) -> Decided:  # fmt: skip
    """Find the decided ids among the nodes of a linkage (table `linkage_node`: `rid`, `id`).

    A record that has an entity by a certain value is found as that entity.

    Args:
        source: the raw table, without the entity of records that do not keep it.

    Raises:
        LinkageError: the decisions contradict each other.
    """
    if not same and not different:
        return Decided()
    _register(con, same, different)
    con.execute("create or replace temp table linkage_asked as select a as id from linkage_decided union "
                "select b from linkage_decided")  # fmt: skip
    con.execute("create or replace temp table linkage_found as select asked.id, node.rid from linkage_node as node "
                "inner join linkage_asked as asked on cast(node.id as varchar) = asked.id")  # fmt: skip
    if entity and settings.id:
        own = f"cast(source.{quote(settings.id)} as varchar)"
        con.execute(f"""
            insert into linkage_found
            select asked.id, min(node.rid)
            from {quote(source)} as source
            inner join linkage_asked as asked on {own} = asked.id
            inner join linkage_node as node on cast(source.{quote(entity)} as varchar) = cast(node.id as varchar)
            where asked.id not in (select id from linkage_found)
            group by asked.id""")
    found = con.sql("""
        select distinct decided.is_same, least(l.rid, r.rid) as l, greatest(l.rid, r.rid) as r
        from linkage_decided as decided
        inner join linkage_found as l on decided.a = l.id
        inner join linkage_found as r on decided.b = r.id
        order by all""").to_arrow_table()
    (passed_over,) = con.execute("""
        select count(*) from linkage_decided
        where a not in (select id from linkage_found) or b not in (select id from linkage_found)""").fetchall()[0]
    con.unregister("linkage_decided")
    con.execute("drop table linkage_asked")
    con.execute("drop table linkage_found")
    is_same: Flags = found["is_same"].to_numpy(zero_copy_only=False)
    left, right = (found[name].to_numpy().astype(np.int64) for name in ("l", "r"))
    together, apart = ((left[chosen], right[chosen]) for chosen in (is_same & (left != right), ~is_same))
    _refuse_contradictions(together, apart, settings)
    return Decided(together, apart, int(passed_over))


def _register(con: duckdb.DuckDBPyConnection, same: IdPairs, different: IdPairs) -> None:
    import pyarrow as pa

    pairs = [*same, *different]
    con.register(
        "linkage_decided",
        pa.table(
            {
                "is_same": pa.array([place < len(same) for place in range(len(pairs))], pa.bool_()),
                "a": pa.array([str(one) for one, _ in pairs], pa.string()),
                "b": pa.array([str(other) for _, other in pairs], pa.string()),
            }
        ),
    )


def _refuse_contradictions(together: Pairs, apart: Pairs, settings: LinkageSettings) -> None:
    every = np.concatenate([*together, *apart])
    group = components(int(every.max(initial=-1)) + 1, *together)
    if wrong := int((group[apart[0]] == group[apart[1]]).sum()):
        raise LinkageError(
            "Decisions about pairs contradict each other.",
            where=settings.name,
            expected="no pair that is different although other decisions make it the same",
            got=f"{wrong} such pairs",
            todo="See them with `yibiao identity decisions`, and withdraw the wrong one.",
        )
