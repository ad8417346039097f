"""Linking a table: prepare, block, score, and put together; training apart.

    model = train(con, "people", settings)
    linked = link(con, "people", settings, model)

The result is the same whatever the order of the rows and the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from yibiao.identity.blocks import BlockCount, block_pairs, freely_combined
from yibiao.identity.clusters import NO_VALUE, Flags, Ints, cluster
from yibiao.identity.contradictions import VOICE, contradicting
from yibiao.identity.decided import Decided, IdPairs, claimants, resolve
from yibiao.identity.levels import column
from yibiao.identity.model import UNIT, Model
from yibiao.identity.prepare import drop_descriptions, identity, prepare
from yibiao.identity.profiles import ENTITIES, collapse, drop_stated, look_over, set_aside, state
from yibiao.identity.scores import score_pairs
from yibiao.identity.settings import LinkageSettings
from yibiao.ingest.rules import quote
from yibiao.progress import Progress, Silent

if TYPE_CHECKING:
    import duckdb

    from yibiao.identity.kept import Keeper

Decide = Callable[[str, str], tuple[IdPairs, IdPairs]]

STATES = ("review", "linked", "rival", "apart", "reviewed_same", "reviewed_different", "behind")

CERTAIN = 1_000_000
"""Score of two records with one certain value."""


@dataclass(frozen=True)
class Linked:
    """What linking made.

    Args:
        clusters: table of `id`, `cluster` (smallest id of the cluster).
        contradictions: table of `id`: records that do not keep the entity of their certain value, because they
            contradict the others of it; empty where that was not looked at.
        edges: table of `id_l`, `id_r`, `score` (bits), `state`, `g_<comparison>`, `p_<comparison>` (see `score_pairs`)
        of pairs that reach the review
            threshold. States: `linked`; `review` (between the thresholds); `rival` (another candidate is nearly as
            good); `behind` (another candidate is better by the margin or more, and good enough: nobody need look);
            `apart` (strong enough, but it would join two certain values, two records of one source, or too
            many); `reviewed_same`, `reviewed_different` (a human decided it, or it follows from what one decided).
        counts: numbers by name: records, pairs, links, clusters, ...
        blocks: what each block did.
    """

    clusters: str
    edges: str
    contradictions: str
    counts: dict[str, int]
    blocks: list[BlockCount] = field(default_factory=list)


def train(
    con: duckdb.DuckDBPyConnection, source: str, settings: LinkageSettings, progress: Progress | None = None
) -> Model:
    """Train a model on a raw table; see `yibiao.identity.training`."""
    from yibiao.identity.training import train_prepared

    progress = progress or Silent()
    prepared = prepare(con, source, settings, "linkage_prepared")
    progress.advance(note=f"{prepared.rows:,} records prepared")
    try:
        return train_prepared(con, prepared, settings, progress)
    finally:
        con.execute("drop table if exists linkage_prepared")
        drop_descriptions(con, settings)


def link(
    con: duckdb.DuckDBPyConnection, source: str, settings: LinkageSettings, model: Model, *, entity: str = "",
    same: IdPairs = (), different: IdPairs = (), decide: Decide | None = None, keep: Sequence[str] = (),
    keeper: Keeper | None = None,
) -> Linked:  # fmt: skip
    """Link the records of a raw table.

    Args:
        con: holds the table; the results are tables in it.
        source: name of the table.
        entity: raw column with the entity of the records that have one already by a certain key. Then only the others
            are compared, with the profiles of the entities and among each other; the ids of entities stand in the
            results beside those of records.
        same, different: pairs of ids, of records or entities, that a human decided. They hold whatever else is said;
            an id that is not in the table is passed over.
        decide: asked for `same` and `different` when it is known which records contradict the others of their entity:
            these have no entity then, and can be named themselves. It is given two tables: the raw records that have no
            entity or might not keep theirs, and those that do not keep it (`id`).
        keep: further raw columns that the first of these tables is to hold.
        keeper: takes over what the next linkage can begin with.

    Raises:
        LinkageError: the table does not fit the settings, or the decisions contradict each other.
    """
    least = round(settings.review * UNIT)
    contradictions, condition, known, raw = 0, "", None, source
    if entity:
        known = look_over(con, source, entity, settings, asked=different, keep=keep)
        source = "linkage_open"
    own = identity(con, source, settings)
    con.execute(
        f"create or replace temp table linkage_contradiction as select {own} as id from {quote(source)} limit 0"
    )
    if known:
        if settings.same is not None:
            contradicting(
                con, source, entity, known.main.sources[0], settings, model, "linkage_contradiction",
                least=settings.same, voice=VOICE if VOICE in keep else "",
            )  # fmt: skip
        claimants(con, source, entity, settings, different, "linkage_contradiction")
        contradictions = _count(con, "linkage_contradiction")
        set_aside(con, known, settings, "linkage_contradiction")
        keeper = keeper if known.short else None
        if keeper:
            keeper.contradictions(source, "linkage_contradiction", entity, own)
        condition = f"{quote(entity)} is null or {own} in (select id from linkage_contradiction)"
    if decide:
        same, different = decide(source, "linkage_contradiction")
    records = prepare(con, source, settings, "linkage_record", condition=condition, compact=True)
    con.execute("drop table if exists linkage_open")
    if keeper:
        keeper.records(records.table)
    stated = state(con, known, settings, freely_combined(settings)) if known else None
    blocks = block_pairs(con, records.table, settings, "linkage_pair", stated=stated)
    score_pairs(con, "linkage_pair", records.table, settings, model, "linkage_scored", least=least)
    pairs = _count(con, "linkage_pair")
    if keeper:
        keeper.within("linkage_scored", records.table)
    con.execute(f"create or replace temp table linkage_node as select rid, id from {records.table}")
    certain = [_codes(con, records.table, column(name)) for name in settings.certain]
    single = [_codes(con, records.table, column(settings.one_per))] if settings.one_per else []
    nodes = records.rows
    if stated:
        if keeper:
            keeper.stated()
        nodes += stated.entities
        # Entities stand beside records: their ids are of one type, text unless both are whole numbers.
        con.execute(f"""
            create or replace temp table linkage_node as
            select rid, id from {records.table} union all select rid + {records.rows}, id from {ENTITIES}""")
        blocks += block_pairs(con, records.table, settings, "linkage_pair", stated=stated, between=True)
        profiles = collapse(con, stated, settings, "linkage_pair", "linkage_profile")
        score_pairs(
            con, "linkage_pair", records.table, settings, model, "linkage_between", least=least, profiles=profiles
        )
        if keeper:
            keeper.between("linkage_between", records.table)
        drop_stated(con, stated)
        pairs += _count(con, "linkage_pair")
        con.execute(f"insert into linkage_scored select * replace (r + {records.rows} as r) from linkage_between")
        certain, single = with_profiles(certain, single, records.rows, stated.entities)
        con.execute("drop table linkage_between")
        con.execute("drop table linkage_profile")
    con.execute("drop table linkage_pair")
    con.execute("drop table linkage_record")
    decided = resolve(con, raw, entity, settings, same, different)
    counts = together(con, certain, single, nodes, settings, decided)
    con.execute("drop table linkage_node")
    drop_descriptions(con, settings)
    told = {"records": records.rows, "profiles": nodes - records.rows, "contradictions": contradictions, "pairs": pairs}
    return Linked("linkage_cluster", "linkage_edge", "linkage_contradiction", told | counts, blocks)


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.execute(f"select count(*) from {table}").fetchall()[0][0])


def with_profiles(
    certain: list[Ints], single: list[Ints], records: int, profiles: int
) -> tuple[list[Ints], list[Ints]]:
    """Codes of records followed by those of profiles; each profile is certain to be another entity."""
    import numpy as np

    none = np.full(profiles, NO_VALUE, dtype=np.int64)
    own = np.concatenate([np.full(records, NO_VALUE, dtype=np.int64), np.arange(profiles, dtype=np.int64)])
    return (
        [own, *(np.concatenate([codes, none]) for codes in certain)],
        [np.concatenate([codes, none]) for codes in single],
    )


def together(
    con: duckdb.DuckDBPyConnection, certain: list[Ints], single: list[Ints], nodes: int, settings: LinkageSettings,
    decided: Decided,
) -> dict[str, int]:  # fmt: skip
    """Put together what scored pairs and decisions join: `linkage_cluster` and `linkage_edge`.

    Args:
        certain, single: codes of every node; see `yibiao.identity.clusters.cluster`.
        nodes: how many there are, in `linkage_node` (`rid`, `id`). `linkage_scored` has their pairs, and is removed.
    """
    import numpy as np
    import pyarrow as pa

    scored = con.sql("select * from linkage_scored").to_arrow_table()
    left, right, score = (scored[name].to_numpy().astype(np.int64) for name in ("l", "r", "score"))
    sure_left, sure_right = _same(certain)
    known = decided.known(left, right, certain, (sure_left, sure_right))
    certain = decided.values(certain)
    asked = np.flatnonzero(known == 0)
    rival, behind = np.zeros(len(score), dtype=bool), np.zeros(len(score), dtype=bool)
    rival[asked], behind[asked] = _rivals(left[asked], right[asked], score[asked], certain, settings)
    strong = np.flatnonzero((score >= round(settings.link * UNIT)) & ~rival & (known == 0))
    all_left, all_right = np.concatenate([sure_left, left[strong]]), np.concatenate([sure_right, right[strong]])
    all_scores = np.concatenate([np.full(len(sure_left), CERTAIN), score[strong]])
    found = cluster(
        nodes, all_left, all_right, all_scores, certain=certain, single=single, most=settings.most,
        together=decided.together, apart=decided.apart,
    )  # fmt: skip
    state = np.zeros(len(score), dtype=np.int8)
    state[strong] = 1
    state[strong[found.refused[found.refused >= len(sure_left)] - len(sure_left)]] = 3
    state[rival] = 2
    state[behind] = 6
    state[known > 0] = 3 + known[known > 0]
    ids = con.sql("select id from linkage_node order by rid").to_arrow_table()["id"].combine_chunks()
    _write(con, "linkage_cluster", {"id": ids, "cluster": ids.take(pa.array(found.of))})
    edges = {
        "id_l": ids.take(scored["l"]),
        "id_r": ids.take(scored["r"]),
        "score": pa.array(score / UNIT),
        "state": pa.array(STATES).take(pa.array(state)),
    }
    _write(con, "linkage_edge", edges | {name: scored[name] for name in scored.column_names[3:]})
    con.execute("drop table linkage_scored")
    return {
        **{name: int((state == place).sum()) for place, name in enumerate(STATES)},
        "certain": len(sure_left),
        "passed_over": decided.passed_over,
        "clusters": int((found.of == np.arange(nodes)).sum()),
        "largest": int(np.bincount(found.of).max(initial=0)),
    }


def _write(con: duckdb.DuckDBPyConnection, target: str, columns: dict[str, Any]) -> None:
    import pyarrow as pa

    con.register("linkage_written", pa.table(columns))
    con.execute(f"create or replace temp table {target} as select * from linkage_written")
    con.unregister("linkage_written")


def _codes(con: duckdb.DuckDBPyConnection, table: str, name: str) -> Ints:
    """A column as numbers by record, equal for equal values; `NO_VALUE` where it is not stated."""
    import numpy as np

    found = con.sql(
        f'select coalesce(dense_rank() over (order by "{name}") - 1, 0) as code, "{name}" is null as blank '
        f"from {table} order by rid"
    ).to_arrow_table()
    codes = found["code"].to_numpy().astype(np.int64)
    return np.where(found["blank"].to_numpy(), NO_VALUE, codes)


def _same(certain: list[Ints]) -> tuple[Ints, Ints]:
    """A pair of each record with the first record of the same certain value."""
    import numpy as np

    lefts, rights = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for codes in certain:
        stated = np.flatnonzero(codes != NO_VALUE)
        if len(stated):
            _, first, group = np.unique(codes[stated], return_index=True, return_inverse=True)
            lefts.append(stated[first][group])
            rights.append(stated)
    left, right = np.concatenate(lefts), np.concatenate(rights)
    apart = left != right
    return left[apart], right[apart]


def _rivals(
    left: Ints, right: Ints, score: Ints, certain: list[Ints], settings: LinkageSettings
) -> tuple[Flags, Flags]:
    """Pairs that would decide for one of several entities between which the scores do not tell; of them those of which
    they do tell, because another candidate is ahead by the margin and good enough.

    A record without a certain value is torn if its best candidates are of different ones and closer than the margin.
    Then none of its pairs with a record or entity that is not torn counts: what the direct comparison cannot tell, a
    chain through others must not.
    """
    import numpy as np

    rival, beaten = np.zeros(len(score), dtype=bool), np.zeros(len(score), dtype=bool)
    if settings.margin <= 0 or not len(score):
        return rival, beaten
    torn = np.zeros(int(max(left.max(), right.max())) + 1, dtype=bool)
    for codes in certain:
        for own, other in ((left, right), (right, left)):
            asked = np.flatnonzero((codes[own] == NO_VALUE) & (codes[other] != NO_VALUE))
            if len(asked):
                not_ahead, unsure, far = _too_close(own[asked], codes[other[asked]], score[asked], settings)
                rival[asked] |= not_ahead
                beaten[asked] |= far
                torn[unsure] = True
    return rival | (torn[left] != torn[right]), beaten


def _too_close(record: Ints, entity: Ints, score: Ints, settings: LinkageSettings) -> tuple[Flags, Ints, Flags]:
    """Which candidates are not ahead of the best of another entity for the same record, the torn records, and which
    candidates are behind by the margin or more while the best is good enough."""
    import numpy as np

    margin, link = round(settings.margin * UNIT), round(settings.link * UNIT)
    size = int(record.max()) + 1
    nothing = np.iinfo(np.int64).min // 2
    best = np.full(size, nothing)
    np.maximum.at(best, record, score)
    # Of equally good candidates the smallest entity counts as the first; the others then are its rivals.
    leader = np.full(size, np.iinfo(np.int64).max)
    at_top = score == best[record]
    np.minimum.at(leader, record[at_top], entity[at_top])
    second = np.full(size, nothing)
    others = entity != leader[record]
    np.maximum.at(second, record[others], score[others])
    torn = np.flatnonzero((best - second < margin) & (best >= link) & (second > nothing))
    not_ahead = score - np.where(others, best[record], second[record]) < margin
    return not_ahead, torn, others & (best[record] - score >= margin) & (best[record] >= link)
