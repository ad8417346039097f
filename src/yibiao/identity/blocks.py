"""Blocking: which pairs are compared at all, at a bounded cost.

Records that agree on all parts of a block's key are compared. A key that more records share than the block's cap (无,
000000, 1900-01-01 with a common name) is left out, counted and reported: pairs are at most records times cap, whatever
the data. Of a block that is little evidence (a name and a birthday), a key that several entities share is left out as
well: it does not tell which of them is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yibiao.identity.levels import column
from yibiao.identity.profiles import ENTITIES, Stated
from yibiao.identity.settings import Block, LinkageSettings

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class BlockCount:
    """What one block did.

    Args:
        block: its parts.
        pairs: pairs of it, before pairs that several blocks found are counted once.
        left_out_keys, left_out_records: keys that too many records share, and those records.
        largest: records of the commonest key.
    """

    block: str
    pairs: int
    left_out_keys: int
    left_out_records: int
    largest: int


def block_pairs(
    con: duckdb.DuckDBPyConnection, table: str, settings: LinkageSettings, target: str, *, stated: Stated | None = None,
    between: bool = False,
) -> list[BlockCount]:  # fmt: skip
    """Make the temporary table `target` (`l`, `r`: numbers of records, each pair once).

    Args:
        table: prepared records. Pairs are within it (`l` < `r`), without those that certain columns decide.
        stated: what entities state, if some are known; see `Block.entities`.
        between: pairs are between records (`l`) and these entities (`r`) instead.
    """
    kind = stated.key_type if stated and between else "integer"
    con.execute(f"create or replace temp table {target} (l integer, r {kind})")
    counts = []
    for block in settings.blocks:
        keys = record_keys(table, block, settings, between=between)
        (stating,) = con.execute(f"create or replace temp table linkage_key_l as {keys}").fetchall()[0]
        if not stating:
            counts.append(BlockCount(block.label, 0, 0, 0, 0))
            continue
        asked = stated if between or block.entities else None
        if asked:
            # Only keys that some record has too are wanted.
            keys = entity_keys(con, asked, block, wanted="linkage_key_l")
            con.execute(f"create or replace temp table linkage_key_r as {keys}")
        counts.append(_join(con, block, target, settings, between=between, entities=bool(asked)))
    con.execute("drop table if exists linkage_key_l")
    con.execute("drop table if exists linkage_key_r")
    found = f"select distinct l, r from {target}"
    if between:
        found = (
            f"select found.l, entity.rid as r from ({found}) as found inner join {ENTITIES} as entity on r = entity.e"
        )
    con.execute(f"create or replace temp table {target} as {found}")
    return counts


def record_keys(
    table: str, block: Block, settings: LinkageSettings, *, between: bool = True, number: str = "rid"
) -> str:
    """Query of the keys of records in a block: `k`, `rid`, and within records what decides without comparing; it ends
    with a condition.

    Args:
        number: column that becomes `rid`.
    """
    parts = [f'"{column(part)}"' for part in block.parts]
    stated = " and ".join(f"{part} is not null" for part in parts)
    extra = [] if between else [f'"{column(name)}" as c{n}' for n, name in enumerate(settings.certain)]
    if settings.one_per and not between:
        extra.append(f'"{column(settings.one_per)}" as one_per')
    key = f"hash({', '.join(parts)})"
    return f"select {', '.join([f'{key} as k', f'{number} as rid', *extra])} from {table} where {stated}"


MOST_COMBINATIONS = 1000
"""Keys of one entity in one block; one that states more (a number that a whole report claims) has none there."""


def freely_combined(settings: LinkageSettings) -> int:
    """So many texts of each column never make more than `MOST_COMBINATIONS` keys in any block."""
    most = max(len(block.parts) for block in settings.blocks)
    return max(n for n in range(1, MOST_COMBINATIONS + 1) if n**most <= MOST_COMBINATIONS)


def entity_keys(
    con: duckdb.DuckDBPyConnection, stated: Stated, block: Block, *, wanted: str = "", among: str = "",
    stated_in: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    """Query of the keys of entities in a block: `k`, `rid` (their `e`), each once; one for each combination of values.

    Args:
        wanted: table with the keys `k` that are asked for; all if empty.
        among: condition on `e`.
        stated_in: column -> condition on it that every value of a wanted key meets.
    """
    names = [column(part) for part in block.parts]
    conditions = {
        name: " and ".join([f'"{name}" is not null', *filter(None, [among, (stated_in or {}).get(name)])])
        for name in names
    }
    values = [
        f'(select e, "{name}" as v{n} from {stated.tables[name]} where {conditions[name]}) as t{n}'
        for n, name in enumerate(names)
    ]
    joined = " inner join ".join([values[0], *(f"{value} using (e)" for value in values[1:])])
    few = f"where e not in ({_endless(stated, names)})" if _any(con, stated.many) else ""
    key = f"hash({', '.join(f'v{n}' for n in range(len(names)))})"
    asked = f"where k in (select k from {wanted})" if wanted else ""
    return f"select distinct k, e as rid from (select {key} as k, e from {joined} {few}) {asked}"


def _endless(stated: Stated, names: list[str]) -> str:
    counts = [
        f"""(select e, count("{name}") as n{n} from {stated.tables[name]}
            where e in (select e from {stated.many}) group by e) as t{n}"""
        for n, name in enumerate(names)
    ]
    joined = " inner join ".join([counts[0], *(f"{count} using (e)" for count in counts[1:])])
    return f"select e from {joined} where {' * '.join(f'n{n}' for n in range(len(names)))} > {MOST_COMBINATIONS}"


def _any(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(con.execute(f"select count(*) from {table}").fetchall()[0][0])


def _join(
    con: duckdb.DuckDBPyConnection, block: Block, target: str, settings: LinkageSettings, *, between: bool,
    entities: bool,
) -> BlockCount:  # fmt: skip
    sizes = "select k, count(*) as n from linkage_key_l group by k"
    least = 1 if between else 2
    (shared,) = con.execute(f"create or replace temp table linkage_size as {sizes} having n >= {least}").fetchall()[0]
    if not shared:
        con.execute("drop table linkage_size")
        return BlockCount(block.label, 0, 0, 0, 0)
    if entities:
        # Within records, entities only take part by being too many.
        kept, size = ("inner", "greatest(linkage_size.n, sizes.n)") if between else ("left", "linkage_size.n")
        con.execute(f"""
            create or replace temp table linkage_size as
            select k, {size} as n, coalesce(sizes.n, 0) <= {block.most_entities} as tells
            from linkage_size {kept} join (select k, count(*) as n from linkage_key_r group by k) as sizes using (k)""")
    left_out = con.execute(f"""
        select count(*) filter (n > {block.cap}), coalesce(sum(n) filter (n > {block.cap}), 0), coalesce(max(n), 0)
        from linkage_size""").fetchall()[0]
    right = "linkage_key_r" if between else "linkage_key_l"
    conditions = [] if between else ["l.rid < r.rid"]
    if not between:
        # Where both have a certain value it decides: the same is no question, another a veto.
        conditions += [f"(l.c{n} is null or r.c{n} is null)" for n in range(len(settings.certain))]
        if settings.one_per:
            conditions.append("l.one_per is distinct from r.one_per")
    where = f"where {' and '.join(conditions)}" if conditions else ""
    (pairs,) = con.execute(f"""
        insert into {target}
        select l.rid, r.rid
        from (select k from linkage_size where n <= {block.cap} {"and tells" if entities else ""}) as kept
        inner join linkage_key_l as l using (k)
        inner join {right} as r using (k)
        {where}""").fetchall()[0]
    con.execute("drop table linkage_size")
    return BlockCount(block.label, int(pairs), *(int(number) for number in left_out))
