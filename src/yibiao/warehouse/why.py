"""Why a golden record is what it is: per element the value, its source, the rule that chose it, and why rivals lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from yibiao.contracts.values import Element, Entity, Schemas
from yibiao.errors import ReleaseError
from yibiao.settings import Settings
from yibiao.warehouse.query import need_columns, open_release
from yibiao.warehouse.releases import Release

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ONLY, AUTHORITY, RECENCY, ORDER = "only", "authority", "recency", "order"
"""What decided: nothing had to; the department's place in the element's list; the newer day; the order of records."""

RULES = {
    ONLY: "没有不同的说法",
    AUTHORITY: "数源部门优先",
    RECENCY: "日期较新者优先",
    ORDER: "同一天, 按源记录顺序 (期, 报表, 交付, 行)",
}


@dataclass(frozen=True)
class _Claim:
    """One record's value of a disputed element."""

    record_no: int
    department: str
    as_of: date
    value: str
    is_chosen: bool


def explain(release: Release, schemas: Schemas, entity_id: str, element: str | None = None) -> dict[str, Any]:
    """Explain one golden record, or one element of it.

    Args:
        schemas: elements and entities, in whose order and by whose authorities is explained.
        entity_id: id of a resident, household, dwelling, organisation, benefit or event.
        element: only this one; by default all that have a value.

    Returns:
        `release`, `entity`, `id`, `records` (source records about it) and `elements`, each with `element`, `name`,
        `value`, `rule` (see `RULES`), `rule_text`, `authority` (departments, the first decides), `source` (`record_no`,
        `department`, `report`, `edition`, `load_id`, `delivery_sha256`, `file`, `row`, and for a disputed element
        `as_of`) and `rivals`: the same as a source with `value`, `lost_by` and `lost_text`.

    Raises:
        ReleaseError: the release has no such entity, or the entity no such element; or an older program made it.
    """
    with open_release(release.database) as connection:
        entity = _entity_of(connection, schemas, entity_id)
        if element is not None and element not in entity.elements:
            raise ReleaseError(
                "The entity has no such element.",
                where=f"yibiao why, {entity.id}",
                expected=" or ".join(entity.elements),
                got=element,
                todo="Name one of these, or none for all.",
            )
        need_columns(connection, release.version, f"{entity.id}_conflict", "department", "as_of")
        wanted = [schemas.elements[name] for name in entity.elements if element in (None, name)]
        golden = _row(connection, entity.id, entity, entity_id)
        records = _row(connection, f"{entity.id}_provenance", entity, entity_id)
        claims = _claims(connection, entity, entity_id)
        numbers = {records[one.id] for one in wanted if records[one.id] is not None}
        numbers |= {claim.record_no for one in wanted for claim in claims.get(one.id, [])}
        sources = _sources(connection, sorted(numbers))
        total = connection.execute(
            f"select count(*) from {entity.id}_crosswalk where {entity.id_column} = ?", [entity_id]
        ).fetchall()[0][0]
    return {
        "release": release.version,
        "entity": entity.id,
        "id": entity_id,
        "records": total,
        "elements": [
            _explained(one, golden[one.id], records[one.id], claims.get(one.id, []), sources)
            for one in wanted
            if golden[one.id] is not None or element is not None
        ],
    }


def reason(element: Element, kept: str, kept_as_of: date, lost: str, lost_as_of: date) -> str:
    """Why one department's value was taken and another's was not: `AUTHORITY`, `RECENCY` or `ORDER`."""
    places = {department: place for place, department in enumerate(element.authority)}
    last = len(places)
    if places.get(lost, last) != places.get(kept, last):
        return AUTHORITY
    return RECENCY if lost_as_of < kept_as_of else ORDER


def changed_since(release: Release, settings: Settings) -> bool:
    """Whether elements, entities or code lists are other ones now than when the release was made."""
    from yibiao.warehouse.inputs import registry_digest

    return release.manifest["inputs"]["parts"]["registry"] != registry_digest(settings)


def _entity_of(connection: DuckDBPyConnection, schemas: Schemas, entity_id: str) -> Entity:
    for entity in schemas.entities.values():
        found = connection.execute(f"select 1 from {entity.id} where {entity.id_column} = ?", [entity_id]).fetchall()
        if found:
            return entity
    raise ReleaseError(
        "No entity has this id.",
        where="yibiao why",
        expected="an id of the release, 24 hexadecimal digits",
        got=f"{len(entity_id)} characters",  # whoever types a citizen number here should not find it in a log
        todo='Find ids with, for example: yibiao query "select resident_id from resident limit 5"',
    )


def _row(connection: DuckDBPyConnection, table: str, entity: Entity, entity_id: str) -> dict[str, Any]:
    result = connection.execute(f"select * from {table} where {entity.id_column} = ?", [entity_id])
    names = [column[0] for column in result.description or []]
    return dict(zip(names, result.fetchall()[0], strict=True))


def _claims(connection: DuckDBPyConnection, entity: Entity, entity_id: str) -> dict[str, list[_Claim]]:
    """By element, what the records of the entity say about what is disputed."""
    found: dict[str, list[_Claim]] = {}
    for element, *claim in connection.execute(
        f"select element, record_no, department, as_of, value, is_chosen from {entity.id}_conflict"
        f" where {entity.id_column} = ? order by record_no",
        [entity_id],
    ).fetchall():
        found.setdefault(element, []).append(_Claim(*claim))
    return found


def _sources(connection: DuckDBPyConnection, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Where these records stand: the load whose block of numbers holds them, and the row in its delivery."""
    result = connection.execute(
        "select record_no, department, report, edition, load_id, delivery_sha256, file_name as file,"
        " record_no - first_record_no as row"
        " from unnest(?::bigint[]) as wanted(record_no)"
        " join load on record_no > first_record_no and record_no <= first_record_no + read",
        [numbers],
    )
    names = [column[0] for column in result.description or []]
    return {row[0]: dict(zip(names, row, strict=True)) for row in result.fetchall()}


def _explained(
    element: Element,
    value: Any,
    record_no: int | None,
    claims: Sequence[_Claim],
    sources: Mapping[int, Mapping[str, Any]],
) -> dict[str, Any]:
    chosen = next((claim for claim in claims if claim.is_chosen), None)
    rivals = [
        {
            "value": claim.value,
            **sources[claim.record_no],
            "as_of": claim.as_of.isoformat(),
            "lost_by": (lost := reason(element, chosen.department, chosen.as_of, claim.department, claim.as_of)),
            "lost_text": RULES[lost],
        }
        for claim in claims
        if chosen is not None and claim.value != chosen.value
    ]
    # Of several reasons the strongest is the rule: had it not decided, a weaker one would have.
    told = {one["lost_by"] for one in rivals}
    rule = next((one for one in (AUTHORITY, RECENCY, ORDER) if one in told), ONLY)
    source = dict(sources[record_no]) if record_no is not None else None
    if source is not None and chosen is not None:
        source["as_of"] = chosen.as_of.isoformat()
    return {
        "element": element.id,
        "name": element.name,
        "value": None if value is None else str(value),
        "rule": rule,
        "rule_text": RULES[rule],
        "authority": list(element.authority),
        "source": source,
        "rivals": rivals,
    }
