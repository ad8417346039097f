"""The registry as an ODCS document: an object per entity, with the standard's own `synonyms` and `enum`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from yibiao.contracts import Element, Schemas
from yibiao.contracts.kinds import TYPES
from yibiao.files import replace_file, to_json

LONGEST_ENUM = 250
"""Longer code lists (divisions) are referred to, not listed."""


def odcs_registry(schemas: Schemas) -> dict[str, Any]:
    """One data contract without a server: what each entity may be asked, by entity and id."""
    entities: dict[str, list[Element]] = {}
    for element in schemas.elements.values():
        entities.setdefault(element.entity, []).append(element)
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "yibiao.registry",
        "name": "数据元目录",
        "version": "1.0.0",
        "status": "active",
        "description": {"purpose": "数据元的定义、口径、别名、代码集和数源部门"},
        "schema": [
            {
                "name": entity or "unplaced",
                "logicalType": "object",
                "businessName": schemas.entities[entity].name if entity in schemas.entities else "公共",
                "properties": [_property(element, schemas) for element in elements],
            }
            for entity, elements in sorted(entities.items())
        ],
    }


def write_odcs(schemas: Schemas, path: Path) -> int:
    """Write the document as JSON, which is YAML too, in the place of whatever stands at `path`.

    Returns:
        Elements written.
    """
    replace_file(to_json(odcs_registry(schemas)), path)
    return len(schemas.elements)


def _property(element: Element, schemas: Schemas) -> dict[str, Any]:
    code_list = schemas.codes.get(element.code_list or "")
    found: dict[str, Any] = {
        "name": element.id,
        "businessName": element.name,
        "logicalType": TYPES[element.type].logical,
        "physicalType": element.sql_type,
        "description": f"{element.definition}。口径: {element.scope}" if element.scope else element.definition,
        "classification": element.sensitivity,
        "synonyms": [
            {"synonym": element.english, "locale": "en"},
            *({"synonym": alias, "locale": "zh-CN", **_context(element, alias)} for alias in element.aliases),
        ],
        "authoritativeDefinitions": [
            {"type": "businessDefinition", "url": f"urn:yibiao:element:{element.id}", "description": element.source}
        ],
    }
    if code_list:
        found["authoritativeDefinitions"].append(
            {"type": "taxonomy", "url": f"urn:yibiao:codes:{code_list.id}", "description": code_list.source}
        )
        if 0 < len(code_list.codes) <= LONGEST_ENUM:
            found["enum"] = [{"value": code.code, "label": code.name} for code in code_list.codes]
    more = {
        "type": element.type,
        "unit": element.unit,
        "authority": list(element.authority),
        "freshness": element.freshness,
        "sharing": element.sharing,
        "sharingCondition": element.sharing_condition,
        "purpose": element.purpose,
    }
    found["customProperties"] = [{"property": name, "value": value} for name, value in more.items() if value]
    return found


def _context(element: Element, alias: str) -> dict[str, str]:
    if alias not in element.contexts:
        return {}
    return {"description": f"在 {'、'.join(element.contexts[alias])} 之下、之旁或标题中时"}
