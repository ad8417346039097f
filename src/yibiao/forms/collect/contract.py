"""The form's own contract (表单数据契约): new values that come back on a form are a delivery like any other."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yibiao.contracts.kinds import TYPES
from yibiao.contracts.reports import Report
from yibiao.contracts.values import Element, Schemas
from yibiao.errors import ContractError
from yibiao.forms.layout import printed
from yibiao.forms.model import Field, Form

PREFIX = "form_"
"""A form's report is `<department>.form_<name>`."""

AS_OF = "as_of_date"


@dataclass(frozen=True)
class OwnColumn:
    """One column of a form's own contract.

    Attributes:
        name: of the property.
        header: in the delivery.
        element: data element, or None for what only this form asks.
        field: place of the form's field, or None for a key, the community and the day.
        is_key: part of the row's certain key.
    """

    name: str
    header: str
    element: str | None
    role: str | None
    field: int | None
    is_key: bool = False


def report_id(form: Form) -> str:
    """The id of a form's report."""
    return report_of(form.id)


def report_of(form: str) -> str:
    """The id of the report of a form, by the form's id."""
    department, _, name = form.partition(".")
    return f"{department}.{PREFIX}{name}"


def own_columns(form: Form, schemas: Schemas) -> list[OwnColumn]:
    """Columns in order: keys of the row's entity, the community, the day, and then what the form asks."""
    entity = schemas.entities[form.rows.entity]
    keys = list(dict.fromkeys(name for key in entity.keys for name in key))
    columns = [
        OwnColumn(name, f"主键：{schemas.elements[name].name}", name, None, _place(form, name), name in entity.keys[0])
        for name in keys
    ]
    columns.append(OwnColumn("community_code", "所属社区", "community_code", None, None))
    columns.append(OwnColumn(AS_OF, "填报日期", AS_OF, None, None))
    first = {(one.element, one.role) for one in columns}
    said = set(first)
    taken = {one.name for one in columns}
    for number, field in enumerate(form.fields):
        own = field.element is None or bool(field.derive)
        if not own and asked_of(form, schemas, field) in first:
            continue  # a key or the community says it already
        own = own or asked_of(form, schemas, field) in said
        name = _name(field)
        while name in taken:
            name += "_2"
        taken.add(name)
        element, role = (None, None) if own else asked_of(form, schemas, field)
        said.add((element, role))
        columns.append(OwnColumn(name, _header(form, number), element, role, number))
    return columns


def asked_of(form: Form, schemas: Schemas, field: Field) -> tuple[str | None, str | None]:
    """Element and role of a field's column: what the row's entity keeps of a person in a role is its own element."""
    kept = schemas.entities[form.rows.entity].persons.get(field.role or "", {}).get(field.element or "")
    return (kept, None) if kept else (field.element, field.role)


def contract_text(form: Form, schemas: Schemas) -> str:
    """The contract as ODCS YAML."""
    from yibiao.contracts.generate.text import HEADER, to_yaml

    name = report_id(form).partition(".")[2]
    department = schemas.departments[form.department]
    content = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": report_id(form),
        "name": f"{form.title}（表单回收）",
        "version": "1.0.0",
        "status": "active",
        "domain": form.department,
        "description": {"purpose": f"基层在《{form.title}》中新填的内容, 由 yibiao form collect 生成。"},
        "team": {"name": f"{department.short}填报"},
        "slaProperties": [
            {"property": "frequency", "value": 1, "unit": "d", "scheduler": "cron", "schedule": "30 4 * * *"}
        ],
        "servers": [
            {
                "server": "delivery",
                "type": "local",
                "path": f"{form.department}/{name}/*.csv",
                "format": "csv",
                "encoding": "UTF-8",
            }
        ],
        "customProperties": [
            {"property": "mode", "value": "delta"},
            {"property": "about", "value": [form.rows.entity]},
            {
                "property": "edition",
                "value": {"from": "name", "pattern": r"_(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})_"},
            },
        ],
        "schema": [
            {
                "name": name,
                "physicalName": f"{form.department}__{name}",
                "logicalType": "object",
                "dataGranularityDescription": "一行一条基层新填了内容的记录",
                "properties": [_property(one, form, schemas) for one in own_columns(form, schemas)],
            }
        ],
    }
    text = to_yaml(content)
    return text.replace(f"# {HEADER}", f"# The form {form.id}: made by `yibiao form contract`, yours to change.", 1)


def own_report(form: Form, schemas: Schemas) -> Report:
    """The report as ingest understands it, whether or not its contract is in the schemas folder yet."""
    from yibiao.contracts.documents import Document, Findings
    from yibiao.contracts.odcs import Registry, read_report

    if found := schemas.reports.get(report_id(form)):
        return found
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / form.department / f"{report_id(form).partition('.')[2]}.odcs.yml"
        path.parent.mkdir()
        path.write_text(contract_text(form, schemas), encoding="utf-8")
        findings = Findings()
        registry = Registry(schemas.departments, schemas.codes, schemas.elements, schemas.entities)
        report = read_report(Document(path, Path(folder)), registry, findings)
        findings.raise_errors()
    if report is None:
        raise ContractError("The form gives no contract.", where=form.id)
    return report


def _property(one: OwnColumn, form: Form, schemas: Schemas) -> Mapping[str, Any]:
    element = schemas.elements[one.element] if one.element else None
    told: dict[str, Any] = {
        "name": one.name,
        "physicalName": one.header,
        "logicalType": TYPES[element.type].logical if element else "string",
    }
    if one.is_key:
        told["primaryKey"] = True
        told["primaryKeyPosition"] = schemas.entities[form.rows.entity].keys[0].index(one.element or "") + 1
    if one.name == AS_OF:
        told["required"] = True
    custom = []
    if element:
        custom.append({"property": "element", "value": element.id})
        if one.role:
            custom.append({"property": "role", "value": one.role})
        custom += _reading(element, form.fields[one.field] if one.field is not None else None)
    if custom:
        told["customProperties"] = custom
    return told


def _reading(element: Element, field: Field | None) -> list[dict[str, Any]]:
    """How a clerk's text is to be read."""
    found: list[dict[str, Any]] = []
    if element.type in ("date", "month"):
        found.append({"property": "dateFormat", "value": "any"})
    if element.type == "code" and element.code_list:
        found.append({"property": "codesAs", "value": "name"})
    if field and field.unit and element.unit and field.unit != element.unit:
        found.append({"property": "unit", "value": field.unit})
    return found


def _place(form: Form, element: str) -> int | None:
    """The field that asks for an element of the row's own entity, or None."""
    asked = (number for number, field in enumerate(form.fields) if field.element == element and not field.derive)
    return next((number for number in asked if form.fields[number].role is None), None)


def _name(field: Field) -> str:
    if field.element is None:
        return field.concept or "own"
    name = f"{field.role}__{field.element}" if field.role else field.element
    return f"{name}_{field.derive}" if field.derive else name


def _header(form: Form, number: int) -> str:
    """The header as printed, with those above it; told apart by its place if it stands there twice."""
    paths = ["/".join((*field.path[:-1], printed(field))) for field in form.fields]
    return paths[number] if paths.count(paths[number]) == 1 else f"{paths[number]}（{number + 1}）"
