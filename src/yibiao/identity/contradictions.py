"""One number used by two people: records that share a certain value but speak of different persons.

A valid number is certain, but it is also copied from a relative, borrowed, or mistyped into another valid one. Records
of one entity whose names differ are compared; where what they state contradicts itself, only the largest consistent
group keeps the entity: that of which most reports speak, of these the one with most records. So a report that writes
one number in row after row does not take it from its owner. The others are treated as records without a number: they
find their own person, or stay for a human.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from yibiao.identity.clusters import components
from yibiao.identity.model import UNIT, Model
from yibiao.identity.prepare import identity, prepare, used_columns
from yibiao.identity.scores import score_pairs
from yibiao.identity.settings import LinkageSettings
from yibiao.ingest.rules import quote

if TYPE_CHECKING:
    import duckdb

MOST_NAMES = 50
"""A value that more names claim, as when a report writes one number in every row, is kept at most by records of names
that more than one source gives with it. Without sources, or if these names are as many, no record keeps it."""

VOICE = "report"
"""Raw column of the source of a record, in a run."""


def contradicting(
    con: duckdb.DuckDBPyConnection,
    source: str,
    entity: str,
    by: str,
    settings: LinkageSettings,
    model: Model,
    target: str,
    *,
    least: float,
    voice: str = "",
) -> int:
    """Make the table `target` (`id`) of records that do not keep their entity.

    Args:
        source: name of the raw table; its ids are those of the settings.
        entity: raw column with the entity that a certain value gave.
        by: raw column of which entities that state one value only are not looked at (the name).
        least: bits that two records with one certain value must reach to be one person, without the prior and without
            what they share by definition: the number, and what it says of itself (`LinkageSettings.implied`).
        voice: raw column of the source (report) of a record, if there is one; see `MOST_NAMES`.

    Returns:
        The number of such records.
    """
    settings, model = _beside_the_value(settings, model)
    own, name, key = identity(con, source, settings), quote(by), quote(entity)
    stated = " + ".join(f"({quote(raw)} is not null)::integer" for one in used_columns(settings) for raw in one.sources)
    said_by = f"source.{quote(voice)}" if voice else "null"
    con.execute(f"""
        create or replace temp table linkage_claim as
        select
            {own} as id, source.{key} as entity, source.{name} as name, {stated} as stated, names.names,
            {said_by} as voice
        from {quote(source)} as source
        inner join (
            select {key}, count(distinct {name}) as names
            from {quote(source)} where {key} is not null group by {key} having names > 1
        ) as names on source.{key} = names.{key}
        where source.{name} is not null""")
    if not con.execute("select 1 from linkage_claim limit 1").fetchall():
        # Nobody's number has two names: usual where little is linked, and then what follows takes longest of all.
        con.execute(f"create or replace temp table {quote(target)} as select id from linkage_claim")
        con.execute("drop table linkage_claim")
        return 0
    # One record speaks for all of its name: the one that states most.
    con.execute(f"""
        create or replace temp table linkage_speaker as
        with heard as (
            select entity, name from linkage_claim
            where names > {MOST_NAMES} group by entity, name having count(distinct voice) > 1
        ),
        few as (select entity from heard group by entity having count(*) <= {MOST_NAMES})
        select claim.id, claim.entity, claim.name
        from linkage_claim as claim left join heard using (entity, name)
        where claim.names <= {MOST_NAMES} or heard.name is not null and claim.entity in (from few)
        qualify row_number() over (partition by claim.entity, claim.name order by claim.stated desc, claim.id) = 1""")
    speakers = prepare(
        con, source, settings, "linkage_speaking",
        condition=f"{own} in (select id from linkage_speaker)", compact=True,
    )  # fmt: skip
    con.execute("""
        create or replace temp table linkage_group as
        select speaking.rid, speaker.entity, speaker.name
        from linkage_speaking as speaking inner join linkage_speaker as speaker using (id)""")
    con.execute("""
        create or replace temp table linkage_claim_pair as
        select l.rid as l, r.rid as r
        from linkage_group as l inner join linkage_group as r on l.entity = r.entity and l.rid < r.rid""")
    score_pairs(
        con, "linkage_claim_pair", speakers.table, settings, model, "linkage_claim_scored",
        least=round(least * UNIT) + model.prior_score,
    )  # fmt: skip
    _register_groups(con, speakers.rows)
    con.execute(f"""
        create or replace temp table {quote(target)} as
        with told as (
            select claim.id, claim.entity, claim.voice, linkage_part.part
            from linkage_claim as claim
            left join linkage_group as own on claim.entity = own.entity and claim.name = own.name
            left join linkage_part on own.rid = linkage_part.rid
        ),
        parts as (
            select entity, part, count(distinct voice) as voices, count(*) as n
            from told where part is not null group by entity, part
        ),
        kept as (
            select entity, part from parts
            qualify row_number() over (partition by entity order by voices desc, n desc, part) = 1
        )
        select told.id
        from told left join kept on told.entity = kept.entity and told.part = kept.part
        where kept.part is null""")
    con.unregister("linkage_part")
    for table in ("claim", "speaker", "speaking", "group", "claim_pair", "claim_scored"):
        con.execute(f"drop table linkage_{table}")
    return int(con.execute(f"select count(*) from {quote(target)}").fetchall()[0][0])


def _beside_the_value(settings: LinkageSettings, model: Model) -> tuple[LinkageSettings, Model]:
    """What is evidence between two records of one certain value.

    A number is given by the day of birth: of two people who got one number, by a slip of the pen or of an office, both
    dates agree. That they do says nothing then; that they do not still speaks against.
    """
    numbers = {name for name, one in settings.columns.items() if one.kind == "person_number"}
    kept = tuple(
        one for one in settings.comparisons
        if not numbers & {name.partition(".")[0] for level in one.levels for name in level.columns}
    )  # fmt: skip
    bare = {one.name for one in kept if one.name in settings.implied}
    kept = tuple(
        replace(one, levels=tuple(replace(level, frequency=False) for level in one.levels)) if one.name in bare else one
        for one in kept
    )
    weights = {
        name: tuple(replace(level, u=max(level.m, level.u)) for level in levels) if name in bare else levels
        for name, levels in model.weights.items()
    }
    return replace(settings, comparisons=kept), replace(model, weights=weights)


def _register_groups(con: duckdb.DuckDBPyConnection, rows: int) -> None:
    import numpy as np
    import pyarrow as pa

    scored = con.sql("select l, r from linkage_claim_scored").to_arrow_table()
    left, right = (scored[name].to_numpy().astype(np.int64) for name in ("l", "r"))
    part = components(rows, left, right)
    con.register("linkage_part", pa.table({"rid": np.arange(rows, dtype=np.int32), "part": part.astype(np.int32)}))
