"""Counts, in one aggregate query per entity, how many rows a form has and how many of its cells a release knows."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from yibiao.contracts.values import Schemas
from yibiao.errors import ReleaseError
from yibiao.forms.holders import Holders
from yibiao.forms.model import Field, Form
from yibiao.forms.paths import (
    GUARDIAN,
    PERSONS,
    community_of,
    from_clause,
    joins,
    of_child,
    offered_values,
    owner_told,
    persons_query,
    place,
)
from yibiao.forms.released import released
from yibiao.ingest.rules import sql_text

if TYPE_CHECKING:
    import duckdb


WORD = 62
"""Bits of a number of 64 that are used for yes and no."""


@dataclass(frozen=True)
class Counts:
    """What one filling of one form meets in a release.

    Attributes:
        rows: rows that it asks for.
        known: per field, in the order of the form, rows in which the release knows the value.
        communities: communities that hand in a return: those that have such an entity, at most one for each row.
        groups: the rows before `Rows.share`, by which of the conditions of all forms on their entity they meet (bits of
            a number, the same for forms that were counted together): (bits, rows, known rows per field).
    """

    rows: int
    known: tuple[int, ...]
    communities: int
    groups: tuple[tuple[int, int, tuple[int, ...]], ...] = field(default=(), compare=False)


def count(forms: Mapping[str, Form], schemas: Schemas, database: Path, as_of: date) -> dict[str, Counts]:
    """Counts of every form against the canonical tables of one release.

    Args:
        forms: forms by id.
        schemas: elements, entities and code lists.
        database: the release's DuckDB file, opened read-only.
        as_of: the last day that the release speaks of (see `last_day`); ages are meant on this day.

    Raises:
        ReleaseError: the file lacks a table or column that the entities declare.
    """
    import duckdb

    from yibiao.warehouse.query import open_release

    result: dict[str, Counts] = {}
    entity = ""
    try:
        with open_release(database) as connection:
            for entity in sorted({form.rows.entity for form in forms.values()}):
                chosen = [form for _, form in sorted(forms.items()) if form.rows.entity == entity]
                result |= _count_entity(connection, released(connection, schemas), entity, chosen, as_of)
    except duckdb.Error as error:
        # The text of the library's error may quote a value; its kind and the entity are enough to look further.
        raise ReleaseError(
            "The burden of the forms could not be counted in this release.",
            where=f"{database.name}, table {entity}",
            expected="the canonical tables of schemas/entities/, and valid conditions in schemas/forms/",
            got=type(error).__name__,
            todo="Run `yibiao run --force`; if it stays, check `rows.where` of the forms on this entity.",
        ) from None
    return dict(sorted(result.items()))


def last_day(database: Path) -> date:
    """The last day that a release speaks of: the newest edition among its loads.

    Raises:
        ReleaseError: it holds none.
    """
    from yibiao.warehouse.query import ask

    _, rows = ask(database, "select max(edition_date)::date from load where state = 'current'")
    if rows[0][0] is None:
        raise ReleaseError("The release holds no load.", where=f"{database.name}, table load", todo="Run `yibiao run`.")
    return rows[0][0]


def _count_entity(
    connection: duckdb.DuckDBPyConnection, schemas: Schemas, entity: str, forms: list[Form], as_of: date
) -> dict[str, Counts]:
    """Counts of the forms that have one row per `entity`."""
    entities = schemas.entities
    conditions = sorted({_condition(form, as_of) for form in forms})
    holders = Holders(schemas)
    terms = {form.id: [_known(schemas, form, field, holders) for field in form.fields] for form in forms}
    distinct = sorted({term for listed in terms.values() for term in listed if term is not None})
    # One aggregate per (condition, value) costs a pass each, and one per value a column each. What a row meets and what
    # is known of it are bits of a few numbers instead; rows of equal numbers are counted together, in one pass.
    mask = _early(_bits(conditions), entity)
    words = [_early(_bits(distinct[first : first + WORD]), entity) for first in range(0, len(distinct), WORD)]
    community = community_of(entities, entity)
    texts = [mask, *words, community]
    joined = from_clause(entities, entity, texts, lambda table: _stating(table, texts))
    known = "".join(f", {word} as known_{number}" for number, word in enumerate(words))
    connection.execute(
        f"create or replace temp table met as {persons_query(schemas)}"
        f" select {mask} as mask{known}, {community} as community, count(*) as n"
        f" {joined} group by all"
    )
    sums = "".join(
        f", coalesce(sum(n) filter (where known_{number // WORD} & {1 << number % WORD} <> 0), 0)::bigint"
        for number in range(len(distinct))
    )
    groups = connection.execute(f"select mask, sum(n)::bigint{sums} from met group by mask").fetchall()
    reached = connection.execute(
        "select bit_or(mask) from met where community is not null group by community"
    ).fetchall()
    result = {}
    for form in forms:
        bit = 1 << conditions.index(_condition(form, as_of))
        met = [row[1:] for row in groups if row[0] & bit]
        population, *counted = map(sum, zip(*met, strict=True)) if met else [0] * (1 + len(distinct))
        by_term = dict(zip(distinct, counted, strict=True))
        rows = math.ceil(population * form.rows.share)
        result[form.id] = Counts(
            rows=rows,
            # The rows due are a part of the population; of a part as much is taken to be known as of the whole.
            known=tuple(rows * by_term.get(term or "", 0) // (population or 1) for term in terms[form.id]),
            communities=min(rows, sum(bool(row[0] & bit) for row in reached)),
            groups=_groups(groups, bit, terms[form.id], distinct),
        )
    return result


def _groups(
    groups: list[tuple[int, ...]], bit: int, terms: list[str | None], distinct: list[str]
) -> tuple[tuple[int, int, tuple[int, ...]], ...]:
    """Rows and known rows per field of one form, by the conditions that they meet, in ascending order."""
    found = []
    for mask, rows, *known in sorted(groups):
        if mask & bit:
            by_term = dict(zip(distinct, known, strict=True))
            found.append((mask, rows, tuple(by_term.get(term or "", 0) for term in terms)))
    return tuple(found)


def _bits(conditions: list[str]) -> str:
    """SQL for a number whose bits say which of some conditions hold; at most `WORD` of them."""
    return " | ".join(f"case when {sql} then {1 << bit}::bigint else 0 end" for bit, sql in enumerate(conditions))


def _early(text: str, entity: str) -> str:
    """The same with `<table>.states_<column>` for whether a joined row has a value (see `_stating`).

    A join carries a yes or no at a fraction of the cost of the text itself.
    """
    return re.sub(rf"\b(?!{entity}\.|listed\.)([a-z]+)\.(\w+) is not null", r"\1.states_\2", text)


def _stating(table: str, texts: list[str]) -> str:
    """A joined table with the columns `states_<column>` that the texts name."""
    columns = sorted(set(re.findall(rf"\b{table}\.states_(\w+)", " ".join(texts))))
    stated = "".join(f", {column} is not null as states_{column}" for column in columns)
    return f"(select *{stated} from {table}) as {table}"


def _condition(form: Form, as_of: date) -> str:
    return (form.rows.where or "true").replace("{as_of}", f"date '{as_of.isoformat()}'")


def _known(schemas: Schemas, form: Form, field: Field, holders: Holders) -> str | None:
    """SQL over the joined row that is true where the release knows what the field asks; None if it never does."""
    entities, entity = schemas.entities, form.rows.entity
    where = place(entities, entity, field)
    if where.table is None or holders.is_silent(field.fact, form.rows):
        return None
    if field.derive != "exists":
        known = f"{where.table}.{where.column} is not null"
        if (offered := offered_values(field, schemas)) is not None:
            known = f"{where.table}.{where.column} in ({', '.join(map(sql_text, offered))})"
        if (told := owner_told(entities, entity, field, where, community_of(entities, entity))) is not None:
            return f"{told} and {known}"
        return of_child(known) if field.role == GUARDIAN else known
    # In a list that is complete, absence means no: the answer is known for every row whose subject is found, as soon
    # as the release holds the list at all.
    held = f"{where.column} = '{field.value}'" if field.value is not None else f"{where.column} is not null"
    subject = where.table
    if where.table not in {entity, *PERSONS, *joins(entities, entity)}:
        subject = next(table for table in (entity, *joins(entities, entity)) if table in entities[where.table].links)
    table = "resident" if where.table in PERSONS else where.table
    identified = f"{subject}.{entities['resident' if subject in PERSONS else subject].id_column} is not null"
    return f"{identified} and exists (select 1 from {table} as listed where listed.{held})"
