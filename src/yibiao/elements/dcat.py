"""The registry as a DCAT 3 catalogue in JSON-LD: a dataset per information resource, its columns in CSVW."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from yibiao.contracts import Department, Element, Schemas
from yibiao.contracts.kinds import TYPES
from yibiao.elements.resources import Resource, resources
from yibiao.files import replace_file, to_json

CONTEXT: dict[str, Any] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "csvw": "http://www.w3.org/ns/csvw#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_AUTHORITY = "http://publications.europa.eu/resource/authority"
FREQUENCIES = {
    "lasting": "IRREG",
    "realtime": "UPDATE_CONT",
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "monthly": "MONTHLY",
    "quarterly": "QUARTERLY",
    "half_yearly": "ANNUAL_2",
    "yearly": "ANNUAL",
}
"""Freshness -> term of the frequency list that DCAT recommends."""

ACCESS = {"unconditional": "PUBLIC", "conditional": "RESTRICTED", "none": "NON_PUBLIC"}
"""Sharing type -> access right; a resource has that of its most protected element."""

_LOGICAL = {"string": "xsd:string", "date": "xsd:date", "integer": "xsd:integer", "number": "xsd:decimal"}


def dcat_catalogue(schemas: Schemas, published: date) -> dict[str, Any]:
    """The catalogue as JSON-LD; identifiers are URNs, since an installation has no public address."""
    return {
        "@context": CONTEXT,
        "@id": "urn:yibiao:catalogue",
        "@type": "dcat:Catalog",
        "dct:title": [_text("政务信息资源目录", "zh"), _text("Catalogue of government information resources", "en")],
        "dct:issued": {"@value": published.isoformat(), "@type": "xsd:date"},
        "dcat:dataset": [_dataset(one, schemas) for one in resources(schemas)],
    }


def write_dcat(schemas: Schemas, path: Path, published: date) -> int:
    """Write the catalogue in the place of whatever stands at `path`.

    Returns:
        Elements written.
    """
    replace_file(to_json(dcat_catalogue(schemas, published)), path)
    return sum(len(one.elements) for one in resources(schemas))


def _dataset(resource: Resource, schemas: Schemas) -> dict[str, Any]:
    order = list(ACCESS)
    right = max((element.sharing or "none" for element in resource.elements), key=order.index)
    return {
        "@id": f"urn:yibiao:resource:{resource.code}",
        "@type": "dcat:Dataset",
        "dct:identifier": resource.code,
        "dct:title": [_text(resource.name, "zh")],
        "dct:description": [_text(resource.abstract, "zh")],
        "dct:publisher": _publisher(resource.provider),
        "dct:accrualPeriodicity": {"@id": f"{_AUTHORITY}/frequency/{FREQUENCIES[resource.freshness]}"},
        "dct:accessRights": {"@id": f"{_AUTHORITY}/access-right/{ACCESS[right]}"},
        "dcat:keyword": [_text(element.name, "zh") for element in resource.elements],
        "dcat:distribution": {
            "@id": f"urn:yibiao:distribution:{resource.code}",
            "@type": "dcat:Distribution",
            "dct:title": [_text(resource.name, "zh")],
            "csvw:tableSchema": {
                "@id": f"urn:yibiao:schema:{resource.code}",
                "@type": "csvw:Schema",
                "csvw:column": {"@list": [_column(element, schemas) for element in resource.elements]},
            },
        },
    }


def _publisher(department: Department) -> dict[str, Any]:
    publisher: dict[str, Any] = {
        "@id": f"urn:yibiao:department:{department.id}",
        "@type": "foaf:Organization",
        "foaf:name": [_text(department.name, "zh")],
    }
    if department.credit_code:
        publisher["dct:identifier"] = department.credit_code
    return publisher


def _column(element: Element, schemas: Schemas) -> dict[str, Any]:
    code_list = schemas.codes.get(element.code_list or "")
    column: dict[str, Any] = {
        "@id": f"urn:yibiao:element:{element.id}",
        "@type": "csvw:Column",
        "csvw:name": element.id,
        "csvw:title": [_text(element.name, "zh"), _text(element.english, "en")],
        "csvw:datatype": {"@id": _LOGICAL[TYPES[element.type].logical]},
        "dct:description": [_text(element.definition, "zh")],
        "skos:altLabel": [_text(alias, "zh") for alias in element.aliases],
        "skos:scopeNote": [_text(element.scope, "zh")],
        "dct:source": element.source,
        "dct:accessRights": {"@id": f"{_AUTHORITY}/access-right/{ACCESS[element.sharing or 'none']}"},
    }
    if code_list:
        column["dct:conformsTo"] = {
            "@id": f"urn:yibiao:codes:{code_list.id}",
            "@type": "skos:ConceptScheme",
            "dct:title": [_text(code_list.name, "zh")],
            "dct:source": code_list.source,
        }
    return column


def _text(value: str, language: str) -> dict[str, str]:
    return {"@value": value, "@language": language}
