"""Look over the whole schemas folder: mistakes inside files, and files that do not fit each other."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from yibiao.contracts.documents import Document, Findings
from yibiao.contracts.draft.names import unit_in
from yibiao.contracts.elements import place_of_element
from yibiao.contracts.load import read_schemas
from yibiao.contracts.meanings import check_names
from yibiao.contracts.reports import Report
from yibiao.contracts.values import Schemas
from yibiao.errors import ContractError
from yibiao.settings import Settings


def lint(settings: Settings) -> Findings:
    """Everything that is wrong or doubtful; errors first, then by file."""
    schemas, findings = read_schemas(settings.schemas)
    _odcs_schema(settings.schemas, findings)
    for rule in (_headers, _keys_of_entities, _persons, _code_values, _own_fields, _repairs, _units):
        rule(schemas, findings)
    _authorities(schemas, findings, settings.schemas)
    check_names(schemas, findings, settings.schemas)
    _expectations(settings, findings)
    _forms(settings, schemas, findings)
    order = {"error": 0, "warning": 1, "info": 2}
    findings.sort(key=lambda finding: (order[finding.severity], finding.where.rpartition(":")[0], finding.rule))
    return findings


def _odcs_schema(root: Path, findings: Findings) -> None:
    """Contracts are valid by the JSON schema of the standard, so that other tools read them."""
    import json

    import jsonschema
    from open_data_contract_standard.model import OpenDataContractStandard

    schema = json.loads(OpenDataContractStandard.json_schema())
    validator = jsonschema.validators.validator_for(schema)(schema)
    for file in sorted((root / "reports").rglob("*.odcs.yml")):
        document = Document(file, root.parent)
        unknown = {finding.where.rpartition(":")[0] for finding in findings if finding.rule == "unknown-key"}
        for error in validator.iter_errors(document.data):
            where = document.where(*error.absolute_path)
            if error.validator not in ("additionalProperties", "unevaluatedProperties") or document.name not in unknown:
                what = f"The contract breaks the ODCS schema at `{error.json_path}`: {error.validator}."
                findings.error("odcs-schema", what, where, expected=str(error.validator_value)[:200])


def _headers(schemas: Schemas, findings: Findings) -> None:
    """No two reports have the same header list: a delivery in the wrong folder would be read as the other report.

    Departments that share a form on purpose (a national and a provincial commission) get a warning.
    """
    seen: dict[frozenset[str], Report] = {}
    for report in schemas.reports.values():
        headers = frozenset(column.header for column in report.columns)
        if headers in seen:
            other = seen[headers]
            finding = findings.error if other.department == report.department else findings.warning
            finding(
                "duplicate-headers",
                f"`{report.id}` and `{other.id}` have the same headers.",
                f"{report.path}:1",
                todo="If it is one report, describe it once; otherwise use the headers that each file really has.",
            )
        seen[headers] = report


def _authorities(schemas: Schemas, findings: Findings, root: Path) -> None:
    """A department that decides an element delivers it."""
    delivered: dict[str, set[str]] = defaultdict(set)
    for report in schemas.reports.values():
        for column in report.columns:
            if column.element and column.role is None:
                delivered[column.element].add(report.department)
        for constant in report.constants:
            delivered[constant].add(report.department)
    for entity in schemas.entities.values():
        for name in entity.elements:
            if name not in schemas.elements or delivered[name]:
                continue
            if any(name in key for key in entity.keys[1:]):  # another form of the key, ready for whoever knows no other
                findings.info(
                    "never-delivered",
                    f"No report delivers `{name}` yet, a further key of `{entity.id}`.",
                    place_of_element(root, name),
                )
            else:
                findings.warning(
                    "never-delivered",
                    f"No report delivers the element `{name}` of `{entity.id}`.",
                    place_of_element(root, name),
                )
    for element in schemas.elements.values():
        for department in element.authority if delivered[element.id] else ():
            if department not in delivered[element.id]:
                findings.warning(
                    "idle-authority",
                    f"`{department}` is an authority of `{element.id}`, but none of its reports delivers it.",
                    place_of_element(root, element.id, "authority"),
                    got=f"delivered by {', '.join(sorted(delivered[element.id]))}",
                    todo="Take it out of the list, or add the column to its report.",
                )


def _keys_of_entities(schemas: Schemas, findings: Findings) -> None:
    """A report that speaks of an entity can say which one."""
    for report in schemas.reports.values():
        given = {column.element for column in report.columns if column.role is None} | set(report.constants)
        for name in report.about:
            entity = schemas.entities.get(name)
            if entity and not any(given.issuperset(key) for key in entity.keys):
                findings.warning(
                    "no-certain-key",
                    f"Rows of `{report.id}` speak of the {name} but have no certain key of it.",
                    f"{report.path}:1",
                    expected=" or ".join("+".join(key) for key in entity.keys),
                )


def _persons(schemas: Schemas, findings: Findings) -> None:
    """What an entity keeps of a person is given to it: said of the person alone it would stay in staging."""
    for report in schemas.reports.values():
        for column in report.columns:
            for name in report.about if column.role else ():
                kept = schemas.entities[name].persons.get(column.role or "", {}) if name in schemas.entities else {}
                if column.element is not None and column.element in kept:
                    findings.warning(
                        "kept-of-a-person",
                        f"`{column.name}` of `{report.id}` says what the {name} keeps of its {column.role}.",
                        f"{report.path}:1",
                        expected=f"element `{kept[column.element]}`, without a role",
                        got=f"element `{column.element}`, role `{column.role}`",
                    )


def _code_values(schemas: Schemas, findings: Findings) -> None:
    """One value of a list means one code."""
    for code_list in schemas.codes.values():
        meanings: dict[str, set[str]] = defaultdict(set)
        for code in code_list.codes:
            for value in {code.code, code.name, *code.aliases}:
                meanings[value].add(code.code)
        for value, codes in sorted(meanings.items()):
            if len(codes) > 1:
                findings.warning(
                    "ambiguous-code",
                    f"`{value}` means {' and '.join(sorted(codes))} in the list `{code_list.id}`.",
                    f"schemas/codes/{code_list.id}.csv:1",
                    todo="Remove the alias, or qualify the name.",
                )


def _repairs(schemas: Schemas, findings: Findings) -> None:
    """Classes of repairs are set where there are cells that a spreadsheet may have damaged."""
    for report in schemas.reports.values():
        if report.on_repair and report.server.format not in ("xlsx", "xls", "ods"):
            findings.warning(
                "no-effect",
                f"`onRepair` of `{report.id}` speaks of cells of spreadsheets.",
                f"{report.path}:1",
                got=f"a report in {report.server.format or report.server.kind}",
                todo="Remove it: what is wrong in other files is decided by the types and `onInvalid`.",
            )


def _units(schemas: Schemas, findings: Findings) -> None:
    """An amount is in the unit that its header states."""
    for report in schemas.reports.values():
        for column in report.columns:
            stated, words = unit_in(column.header)
            element = schemas.elements.get(column.element or "")
            read_as = column.unit or (element.unit if element else None)
            if stated and read_as and stated != read_as:
                findings.warning(
                    "unit-of-header",
                    f"The header of `{column.name}` in `{report.id}` says `{words}`, the contract reads {read_as}.",
                    f"{report.path}:1",
                    expected=f"unit: {stated}",
                    got=f"unit: {column.unit or '-'}",
                )


def _own_fields(schemas: Schemas, findings: Findings) -> None:
    """How much of what departments deliver is described by no data element."""
    columns = [column for report in schemas.reports.values() for column in report.columns]
    own = [column for column in columns if column.element is None]
    findings.info(
        "own-fields",
        f"{len(own)} of {len(columns)} columns are departments' own fields without a data element.",
        "schemas/reports",
    )


def _expectations(settings: Settings, findings: Findings) -> None:
    from yibiao.quality.specs import load_spec

    for file in sorted(settings.expectations.glob("*/*.yml")):
        try:
            load_spec(file, settings.schemas / "codes")
        except ContractError as error:
            findings.error(
                "expectation", error.what, error.where, expected=error.expected, got=error.got, todo=error.todo
            )


def _forms(settings: Settings, schemas: Schemas, findings: Findings) -> None:
    from yibiao.forms.load import read_forms

    try:
        read_forms(settings.schemas, schemas, findings)
    except ContractError as error:
        findings.error("form", error.what, error.where, expected=error.expected, got=error.got, todo=error.todo)
