"""dbt's side of every entity: thin models that call the unify macros, and the metadata that those macros read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from yibiao.contracts.generate.text import literal, to_sql, to_yaml
from yibiao.contracts.kinds import KEY_KINDS
from yibiao.contracts.reports import Report
from yibiao.contracts.survivorship import Criterion, applicable
from yibiao.contracts.values import Element, Entity, Schemas

_NUMBERS = frozenset({*KEY_KINDS, *KEY_KINDS.values()})


def canonical_files(schemas: Schemas, linked: Collection[str] = ()) -> dict[str, str]:
    """Path inside the dbt project -> content.

    Args:
        linked: entities whose records are linked (see `linkage.py`).
    """
    files = {"macros/generated/entities.sql": _metadata(schemas, linked)}
    for entity in schemas.entities.values():
        models = [source["model"] for source in sources(entity, schemas)]
        if not models:  # an entity that no report speaks of has no table
            continue
        links = [f"linkage_{entity.id}", f"link_{entity.id}"] if entity.id in linked else []
        named = [f"crosswalk_{other}" for other in linked_by_record(entity, schemas, linked)]
        named += [f"address_{other}" for other in named_by_address(entity, schemas)]
        crosswalk, survivor = f"crosswalk_{entity.id}", f"survivor_{entity.id}"
        touched, affected, renewed = (f"{which}_{entity.id}" for which in ("touched", "affected", "renewed"))
        compared = _compared(entity, schemas)
        following = [f"affected_{other}" for other in linked_by_record(entity, schemas, linked)]
        for name, folder, macro, refs, key, anew in (
            (touched, "identity", "touched", [*models, *links[:1], *(f"touched_{one}" for one in compared)], "", ""),
            (affected, "identity", "affected", [touched], "", ""),
            (crosswalk, "identity", "crosswalk", [*models, *links, affected], "record_no", affected),
            (
                survivor,
                "identity",
                "survivor",
                [*models, crosswalk, *(f"survivor_{one}" for one in compared), touched],
                entity.id_column,
                touched,
            ),
            (renewed, "identity", "renewed", [touched, survivor, *following, *named], "", ""),
            (entity.id, "canonical", "golden", [survivor, *named, renewed], entity.id_column, renewed),
            (f"{entity.id}_provenance", "canonical", "provenance", [survivor, touched], entity.id_column, touched),
            (
                f"{entity.id}_conflict",
                "canonical",
                "conflict",
                [*models, crosswalk, survivor, touched],
                entity.id_column,
                touched,
            ),
        ):
            depends = "\n".join(f"-- depends_on: {{{{ ref({literal(ref)}) }}}}" for ref in refs)
            call = f"{{{{ {macro}({literal(entity.id)}) }}}}"
            then = f"further_portions('{entity.id}')" if name == survivor else ""
            files[f"models/{folder}/{name}.sql"] = to_sql(f"{depends}\n{built(key, anew, then)}\n\n{call}")
        files[f"models/identity/{entity.id}.yml"] = _identity_properties(entity, entity.id in linked)
        files[f"models/canonical/{entity.id}.yml"] = _canonical_properties(entity, schemas)
    return files


def built(key: str = "", anew: str = "", then: str = "") -> str:
    """The configuration of a model: made whole in every run, or by change (see `macros/unify/change.sql`).

    Args:
        key: column by which rows are made anew; empty for a model that is made whole.
        anew: the model that lists the keys; empty for `input.touched_record`.
        then: call of a macro that gives what is to be done after it; empty for nothing.
    """
    if not key:
        return '{{ config(materialized="table") }}'
    listed = f"'{key}', '{anew}'" if anew else f"'{key}'"
    after = f', post_hook="{{{{ {then} }}}}"' if then else ""
    return (
        '{{ config(materialized=built_by_change(), incremental_strategy="append", on_schema_change="fail",\n'
        f'    pre_hook="{{{{ forget({listed}) }}}}"{after}) }}}}'
    )


def sources(entity: Entity, schemas: Schemas) -> list[dict[str, Any]]:
    """Every report that speaks of the entity, by report id, with the elements of it that its staging model has."""
    return [
        {
            "model": report.staging_model,
            "department": report.department,
            "report": report.id,
            "mode": report.mode,
            **({"checked": True} if report.checks_rows else {}),
            "elements": given_elements(report, entity),
        }
        for report in schemas.reports.values()
        if entity.id in report.about
    ]


def given_elements(report: Report, entity: Entity) -> list[str]:
    """The entity's elements that a report gives: columns that speak of it, and constants."""
    given = {
        column.element for column in report.columns if column.role is None and column.entity in (None, entity.id)
    } | set(report.constants)
    return [element for element in entity.elements if element in given]


def certain_keys(entity: Entity, elements: Mapping[str, Element]) -> list[dict[str, Any]]:
    """The certain keys of an entity as the macro `certain_key` reads them, in order.

    Returns:
        Per key its number, which is one for keys that are forms of one number, and (element, type) of its parts.
    """
    found: list[dict[str, Any]] = []
    numbers: dict[tuple[str, ...], int] = {}
    for place, key in enumerate(entity.keys, start=1):
        parts = [[name, elements[name].type] for name in key]
        kind = tuple(KEY_KINDS.get(type_, type_) if type_ in _NUMBERS else name for name, type_ in parts)
        found.append({"number": numbers.setdefault(kind, place), "parts": parts})
    return found


def _compared(entity: Entity, schemas: Schemas) -> list[str]:
    """Other entities by which values of this one are chosen."""
    criteria = (one for name in entity.elements for one in applicable(schemas.elements[name], schemas.told))
    return sorted({criterion.entity for criterion in criteria if criterion.entity})


def named_by_address(entity: Entity, schemas: Schemas) -> dict[str, str]:
    """Entities that an address of this one names, with that address; those that reports speak of."""
    return {other: address for other, address in entity.addresses.items() if sources(schemas.entities[other], schemas)}


def linked_by_record(entity: Entity, schemas: Schemas, linked: Collection[str]) -> list[str]:
    """Linked entities that this one names, and of which a report about it speaks in the same row."""
    return [
        other
        for other in entity.links
        if other in linked and any({entity.id, other} <= set(report.about) for report in schemas.reports.values())
    ]


def _metadata(schemas: Schemas, linked: Collection[str]) -> str:
    entities = []
    for entity in schemas.entities.values():
        columns = []
        for name in entity.elements:
            element = schemas.elements[name]
            authority = {department: place for place, department in enumerate(element.authority, start=1)}
            column: dict[str, Any] = {
                "element": name,
                "type": element.type,
                "sql_type": element.sql_type,
                "authority": authority,
            }
            if criteria := applicable(element, schemas.told):
                column["criteria"] = [_given(criterion) for criterion in criteria]
            columns.append(column)
        head = {
            "id_column": entity.id_column,
            "keys": entity.keys,
            "certain": certain_keys(entity, schemas.elements),
            "links": entity.links,
            "linked": entity.id in linked,
            "linked_by_record": linked_by_record(entity, schemas, linked),
            "addresses": named_by_address(entity, schemas),
        }
        listed = [
            *(f"{literal(key)}: {literal(value)}" for key, value in head.items()),
            f'"columns": [\n        {_lines(columns)}\n    ]',
            f'"sources": [\n        {_lines(sources(entity, schemas))}\n    ]',
        ]
        entities.append(f"{literal(entity.id)}: {{\n    " + ",\n    ".join(listed) + "\n}")
    body = ",\n".join(entities)
    return to_sql(
        f"""
{{#
  What the unify macros know about each entity. `certain`: its keys, each with its number, which is one for the forms of
  one, and element and type of its parts. `linked`: records without a certain key are linked; `linked_by_record`: links
  that follow the record; `addresses`: address by which another entity is found where no link names it.
  `authority`: department -> place in the element's list, 1 is first. `criteria`: what counts before the authority, in
  order. `sources`: reports that speak of the entity, with the elements of it that their staging models have; `checked`
  where the day of a row says when it was last checked.
#}}
{{%- macro entity_meta() -%}}
{{{{ return({{
{body}
}}) }}}}
{{%- endmacro -%}}
"""
    )


def _given(criterion: Criterion) -> dict[str, Any]:
    """A criterion without the parts that it does not have."""
    return {key: value for key, value in asdict(criterion).items() if value}


def _lines(items: list[dict[str, Any]]) -> str:
    return ",\n        ".join(literal(item) for item in items)


def _column(name: str, kind: str, text: str) -> dict[str, str]:
    return {"name": name, "data_type": kind, "description": text}


def _model(name: str, text: str, columns: list[dict[str, str]]) -> dict[str, Any]:
    return {"name": name, "description": text, "config": {"contract": {"enforced": True}}, "columns": columns}


def _identity_properties(entity: Entity, linked: bool) -> str:
    crosswalk = _model(
        f"crosswalk_{entity.id}",
        f"{entity.name}对照表: source record to entity id. Grain: one source record of a report about the {entity.id}.",
        [
            _column("record_no", "BIGINT", "源记录号"),
            _column(
                entity.id_column,
                "VARCHAR",
                "Entity id" if linked else "Entity id; NULL where the record has no certain key",
            ),
            _column("is_repeated", "BOOLEAN", "Another record of the same report speaks of the same entity"),
            *([_column("is_key_contradicted", "BOOLEAN", "States a key that is not this entity's")] if linked else []),
        ],
    )
    survivor = {
        "name": f"survivor_{entity.id}",
        "description": "Per element the best value, the record that gives it, and whether sources disagree. "
        f"Grain: one {entity.id}.",
    }
    return to_yaml({"version": 2, "models": [crosswalk, survivor]})


def _canonical_properties(entity: Entity, schemas: Schemas) -> str:
    elements = [schemas.elements[name] for name in entity.elements]
    id_column = _column(entity.id_column, "VARCHAR", f"{entity.name}编号: keyed hash of the certain key")
    links = [
        _column(
            f"{linked}_id", "VARCHAR", f"{schemas.entities[linked].name}: the {linked} that {', '.join(names)} names"
        )
        for linked, names in entity.links.items()
    ]
    links += [
        _column(f"{named}_id", "VARCHAR", f"{schemas.entities[named].name}: the {named} that {address} names")
        for named, address in named_by_address(entity, schemas).items()
        if named not in entity.links
    ]
    golden = _model(
        entity.id,
        f"{entity.name}: golden record. Grain: one {entity.id}.",
        [
            id_column,
            *(_column(element.id, element.sql_type, f"{element.name}: {element.definition}") for element in elements),
            *links,
            _column("disputed_count", "INTEGER", "冲突项数: elements on which sources disagree"),
        ],
    )
    provenance = _model(
        f"{entity.id}_provenance",
        f"{entity.name}来源: per element the record_no that gave the golden value. Grain: one {entity.id}.",
        [id_column, *(_column(element.id, "BIGINT", f"{element.name}: record_no") for element in elements)],
    )
    conflict = _model(
        f"{entity.id}_conflict",
        f"{entity.name}冲突: disputed cells only. "
        f"Grain: one source record's value of one disputed element of one {entity.id}.",
        [
            id_column,
            _column("element", "VARCHAR", "数据元"),
            _column("record_no", "BIGINT", "源记录号"),
            _column("department", "VARCHAR", "Department that delivered the record"),
            _column("as_of", "DATE", "Day that the record speaks of"),
            _column("checked_date", "DATE", "登记日期: day on which its values were last checked, if it says so"),
            _column("value", "VARCHAR", "Value of this record"),
            _column("is_chosen", "BOOLEAN", "Whether this record gave the golden value"),
        ],
    )
    return to_yaml({"version": 2, "models": [golden, provenance, conflict]})
