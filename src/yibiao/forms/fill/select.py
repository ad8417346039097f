"""The one query per form: which rows it has, in which community each stands, and what each cell shows."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from yibiao.contracts.values import Schemas
from yibiao.forms.fill.values import NOTHING, Cell, cell_of, named
from yibiao.forms.holders import Holders
from yibiao.forms.model import Form
from yibiao.forms.paths import HEAD, PERSONS, Place, community_of, from_clause, joins, persons_query, whose
from yibiao.ingest.rules import sql_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

AUTOMATIC, CONFIRM, NEW = "automatic", "confirm", "new"
STATUSES = (AUTOMATIC, CONFIRM, NEW)
STATUS_NAMES = {AUTOMATIC: "系统预填", CONFIRM: "请核对", NEW: "请填写"}

_ORDERS = {
    "resident": ("resident.household_id", "resident.relation_to_head_code", "resident.birth_date"),
    "household": ("household.household_code",),
    "dwelling": ("dwelling.building_number", "dwelling.dwelling_code"),
}
"""Rows stand as a worker walks: household by household, house by house; else by the first key."""

UNKNOWN = -(1 << 62)
"""Stands for the number of a record where nothing is known; other numbers below 0 are those of tickets."""


@dataclass(frozen=True)
class Asked:
    """One form, ready to be asked of a release.

    Attributes:
        cells: per field.
        sql: gives `community`, `rn` (1-based in the community), `id`, per field `t<n>` (text) and `r<n>` (record), and
            `disputed`: bits of the fields whose sources disagree; ordered by community and `rn`.
        picked: statement that makes the table of rows first.
        confirmed: fields of which `c<n>` says whether somebody confirmed the value, and who (`Confirmations.put`).
    """

    form: Form
    cells: tuple[Cell, ...]
    picked: str
    sql: str
    limits: tuple[int, ...]
    confirmed: frozenset[int] = frozenset()

    @property
    def known(self) -> int:
        """Fields that a release can answer."""
        return sum(cell.table is not None for cell in self.cells)


def prepare(connection: DuckDBPyConnection, schemas: Schemas) -> None:
    """What every query joins: names of codes, heads of households, disputed elements, residents as they may be seen."""
    see(connection, schemas, doubtful_query())
    prepare_names(connection, schemas)
    corrected = bool(connection.execute("from duckdb_tables() where table_name = 'correction'").fetchall())
    for entity in schemas.entities.values():
        kind = "bigint" if len(entity.elements) < 64 else "hugeint"
        bits = "".join(
            f" when {sql_text(name)} then {1 << place}::{kind}" for place, name in enumerate(entity.elements)
        )
        # What an authority corrected is decided, whatever sources go on saying.
        decided = f" anti join correction on entity_id = {entity.id_column} and correction.element = said.element"
        connection.execute(
            f"create temp table disputed_{entity.id} as"
            f" select {entity.id_column}, bit_or(case said.element{bits} end) as bits"
            f" from {entity.id}_conflict as said{decided if corrected else ''} group by {entity.id_column}"
        )


def see(connection: DuckDBPyConnection, schemas: Schemas, doubtful: str) -> None:
    """`seen_resident`: residents, of whom it is doubtful whether they are one person only with their numbers.

    Two people under one number, or linked by mistake, would give each other's address to whoever fills a form in.

    Args:
        doubtful: query of their ids.
    """
    entity = schemas.entities["resident"]
    connection.execute(f"create or replace temp table doubtful_resident as {doubtful}")
    told = {entity.id_column, *(name for key in entity.keys for name in key)}
    columns = [*entity.elements, *(schemas.entities[one].id_column for one in entity.links)]
    shown = ", ".join(
        f"resident.{one}"
        if one in told
        else f"case when doubtful.{entity.id_column} is null then resident.{one} end as {one}"
        for one in (entity.id_column, *columns)
    )
    connection.execute(
        f"create or replace temp view seen_resident as select {shown} from resident"
        f" left join doubtful_resident as doubtful on doubtful.{entity.id_column} = resident.{entity.id_column}"
    )


def doubtful_query() -> str:
    """Residents of whom sources state names that no slip of the pen explains: more than one sign differs."""
    return """
with said as (
    select distinct resident_id, value, string_split(value, '') as signs
    from resident_conflict where element = 'resident_name'
)
select distinct one.resident_id
from said as one join said as other on one.resident_id = other.resident_id and one.value < other.value
where len(list_intersect(one.signs, other.signs)) <= greatest(len(one.signs), len(other.signs)) - 2"""


def prepare_names(connection: DuckDBPyConnection, schemas: Schemas) -> None:
    """Names of codes, and heads of households: what the texts of cells need."""
    for code_list in schemas.codes.values():
        used = any(
            schemas.elements[name].code_list == code_list.id
            for entity in schemas.entities.values()
            for name in entity.elements
        )
        if used:
            connection.execute(f"create temp table code_{code_list.id} (code varchar, name varchar)")
            rows = [(code.code, code.name) for code in code_list.codes]
            if rows:
                values = ", ".join(f"({sql_text(code)}, {sql_text(name)})" for code, name in rows)
                connection.execute(f"insert into code_{code_list.id} values {values}")
    for person in PERSONS:
        connection.execute(f"create temp table {person} as {persons_seen(schemas, person)}")


def persons_seen(schemas: Schemas, person: str) -> str:
    """Query of one of `PERSONS`, of whom is shown what may be seen of a resident."""
    more = f", {person}.{whose(person)}" if person != HEAD else ""
    return (
        f"{persons_query(schemas)} select seen_resident.*{more}"
        f" from {person} join seen_resident on seen_resident.resident_id = {person}.resident_id"
    )


def ask(
    form: Form,
    schemas: Schemas,
    as_of: date,
    ages: Mapping[str, int],
    area: Collection[str],
    *,
    more: Mapping[str, str] | None = None,
    confirmed: Mapping[str, frozenset[str]] | None = None,
) -> Asked:
    """Put one form into SQL.

    Args:
        as_of: the last day that the release speaks of.
        ages: element -> last record number that is too old to be taken without a look.
        area: codes of the communities.
        more: name -> SQL over the joined row, for further columns of `Asked.sql`.
        confirmed: entity -> elements of which a table says what was confirmed.
    """
    more = dict(more or {})
    entities, entity = schemas.entities, form.rows.entity
    shape = entities[entity]
    community = community_of(entities, entity)
    holders = Holders(schemas)
    cells = tuple(
        NOTHING if holders.is_silent(field.fact, form.rows) else cell_of(schemas, entity, field, as_of, community)
        for field in form.fields
    )
    condition = (form.rows.where or "true").replace("{as_of}", f"date '{as_of.isoformat()}'")
    order = _ORDERS.get(entity) or tuple(f"{entity}.{name}" for name in shape.keys[0])
    codes = ", ".join(sql_text(code) for code in sorted(area))
    listed = f"community in ({codes})"
    chosen = ", ".join(f"{expression} as o{place}" for place, expression in enumerate(order))
    within = ", ".join(f"o{place}" for place in range(len(order)))
    # Of a form that asks for a part only, a part is drawn: the same rows each time, as long as they are there.
    drawn = (
        f" qualify row_number() over (order by md5({sql_text(form.id)} || id)) <= ceil({form.rows.share.numerator}"
        f" * count(*) over () / {form.rows.share.denominator}.0)"
        if form.rows.share < 1
        else ""
    )
    texts = [condition, community, *order]
    picked = (
        "create or replace temp table picked as"
        f" with chosen as (select {entity}.{shape.id_column} as id, {_placed(community)} as community, {chosen}"
        f" {source(schemas, entity, texts)} where {condition}),"
        f" drawn as (select * from chosen{drawn})"
        f" select id, community, row_number() over (partition by community order by {within}, id) as rn"
        f" from drawn where {listed} or community is null order by community, rn"
    )
    outs = []
    for number, cell in enumerate(cells):
        outs += [f"{cell.text} as t{number}", f"{cell.record} as r{number}"]
    disputed = [
        f"(case when disputed_{cell.table}.bits & {1 << position} <> 0 then {1 << number}::bigint else 0 end)"
        for number, cell in enumerate(cells)
        if (position := bit_of(schemas, cell)) is not None
    ]
    looked_at = frozenset(
        number
        for number, (field, cell) in enumerate(zip(form.fields, cells, strict=True))
        if not cell.is_inferred
        and field.derive in (None, "age")
        and cell.column in (confirmed or {}).get("resident" if cell.table in PERSONS else cell.table or "", ())
    )
    more |= {f"c{number}": f"confirmed_{cells[number].table}.{cells[number].column}" for number in sorted(looked_at)}
    outs += [f"{sql} as {name}" for name, sql in more.items()]
    told = [*(one.text for one in cells), *(one.record for one in cells), *disputed, *more.values()]
    body = _from_picked(schemas, form, told)
    sql = (
        f"select picked.community, picked.rn, picked.id, {' | '.join(disputed) or '0::bigint'} as disputed,"
        f" {', '.join(outs)} {body} {_names(cells)}"
        " where picked.community is not null order by picked.community, picked.rn"
    )
    # What a dwelling keeps of its owner is as fresh as the dwelling's elements are.
    limits = tuple(
        ages.get(cell.column or "", 0) if field.derive is None else 0
        for field, cell in zip(form.fields, cells, strict=True)
    )
    return Asked(form, cells, picked, sql, limits, looked_at)


def texts_query(form: Form, schemas: Schemas, cells: Sequence[Cell], more: Mapping[str, str] | None = None) -> str:
    """SQL of what the cells of the picked rows show: `community`, `rn`, `id`, `t<n>`, and more if named.

    Args:
        more: name -> SQL over the joined row.
    """
    more = more or {}
    outs = [f"{cell.text} as t{number}" for number, cell in enumerate(cells)]
    outs += [f"{sql} as {name}" for name, sql in more.items()]
    body = _from_picked(schemas, form, [*(cell.text for cell in cells), *more.values()])
    return (
        f"select picked.community, picked.rn, picked.id, {', '.join(outs)} {body} {_names(cells)}"
        " where picked.community is not null order by picked.community, picked.rn"
    )


def _from_picked(schemas: Schemas, form: Form, texts: Sequence[str]) -> str:
    entity = form.rows.entity
    key = schemas.entities[entity].id_column
    joined = f"from picked join {_seen(entity)} on {entity}.{key} = picked.id"
    return source(schemas, entity, texts, seen=True).replace(f"from {entity}", joined, 1)


def _seen(table: str) -> str:
    return "seen_resident as resident" if table == "resident" else table


def _placed(community: str) -> str:
    """The community of a row; none for a resident who may be two people that live in different ones."""
    if not community.startswith("resident."):
        return community
    return (
        "case when resident.resident_id in (select resident_id from doubtful_resident semi join (select resident_id"
        " from resident_conflict where element = 'community_code') using (resident_id))"
        f" then null else {community} end"
    )


def status_of(asked: Asked, number: int, record: int | None, disputed: int, confirmed: bool = False) -> str:
    """The status of one cell: the same rule as in the XML of its row.

    Args:
        record: number of the record that gave the value, 0 if it follows from a list; None where nothing is known.
        disputed: bits of the row's fields whose sources disagree.
        confirmed: whether somebody looked at the value already.
    """
    if record is None:
        return NEW
    if confirmed:
        return AUTOMATIC
    doubtful = asked.cells[number].is_inferred or bool(disputed & (1 << number))
    return CONFIRM if doubtful or 1 <= record <= asked.limits[number] else AUTOMATIC


def limits_by_age(connection: DuckDBPyConnection, schemas: Schemas, as_of: date) -> dict[str, int]:
    """Element -> number of the last record that is older than its values stay good; records ascend with editions."""
    found = connection.execute("select edition_date::date, first_record_no + read from load order by 1").fetchall()
    limits = {}
    for element in schemas.elements.values():
        if element.max_age_days is not None:
            oldest = as_of - timedelta(days=element.max_age_days)
            limits[element.id] = max((last for day, last in found if day < oldest), default=0)
    return limits


def source(schemas: Schemas, entity: str, texts: Sequence[str], *, seen: bool = False) -> str:
    """The FROM clause with every table that `texts` name, their provenance (`of_`), disputes and confirmations.

    Args:
        seen: residents as they may be shown, instead of all that is known.
    """
    lines = [from_clause(schemas.entities, entity, texts, _seen if seen else str)]
    words = " ".join(texts)
    for table in (entity, *joins(schemas.entities, entity), *PERSONS):
        kind = "resident" if table in PERSONS else table
        key = schemas.entities[kind].id_column
        joined = {f"of_{table}": f"{kind}_provenance", f"disputed_{table}": f"disputed_{kind}"}
        for alias, beside in (*joined.items(), (f"confirmed_{table}", f"confirmed_{kind}")):
            if re.search(rf"\b{alias}\.", words):
                lines.append(f"left join {beside} as {alias} on {alias}.{key} = {table}.{key}")
    return " ".join(lines)


def _names(cells: Sequence[Cell]) -> str:
    joined = {}
    for cell in cells:
        if cell.codes:
            alias = named(Place(cell.table, cell.column))
            joined[alias] = f"left join code_{cell.codes} as {alias} on {alias}.code = {cell.table}.{cell.column}"
    return " ".join(joined.values())


def bit_of(schemas: Schemas, cell: Cell) -> int | None:
    """The place of a cell's element among the bits of disputed elements."""
    if cell.table is None or cell.column is None:
        return None
    elements = schemas.entities["resident" if cell.table in PERSONS else cell.table].elements
    return elements.index(cell.column) if cell.column in elements else None
