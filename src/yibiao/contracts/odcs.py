"""One data contract: an ODCS 3.x file, read by the upstream package, turned into a `Report`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pydantic
from open_data_contract_standard import model as odcs

from yibiao.contracts.cells import DATE_WORDS, is_date_format, ratio, unit_words
from yibiao.contracts.documents import Document, Findings, shorten
from yibiao.contracts.kinds import LOGICAL_TYPES, STAGED_LEAD, TYPES, UNITS, Frozen
from yibiao.contracts.odcs_keys import check_keys, known_keys
from yibiao.contracts.properties import (
    COLUMN_PROPERTIES,
    CONTRACT_PROPERTIES,
    EDITION_SOURCES,
    REPAIRS,
    drift_modes,
    read_properties,
)
from yibiao.contracts.registry import SQL_WORDS, check_id, check_reference
from yibiao.contracts.reports import Column, EditionRule, Report, Server
from yibiao.contracts.servers import DATABASES, EXTRACTED, read_server
from yibiao.contracts.values import CodeList, Department, Element, Entity

MAX_DROP = 0.1
RETRIES = 3

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Registry:
    """What a contract may refer to."""

    departments: Mapping[str, Department]
    codes: Mapping[str, CodeList]
    elements: Mapping[str, Element]
    entities: Mapping[str, Entity]


def read_report(document: Document, registry: Registry, findings: Findings) -> Report | None:
    """The report that this contract describes; None (and findings) if it cannot be used."""
    before = sum(finding.severity == "error" for finding in findings)
    check_keys(document, odcs.OpenDataContractStandard, document.data, (), findings)
    if not isinstance(document.data, dict):
        findings.error("odcs", "Not an ODCS contract: a mapping is expected.", document.where())
        return None
    known = {key: value for key, value in document.data.items() if key in known_keys(odcs.OpenDataContractStandard)}
    try:
        contract = odcs.OpenDataContractStandard(**known)
    except pydantic.ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            findings.error("odcs", f"Not an ODCS contract: {problem['msg']}.", document.where(*problem["loc"]))
        return None
    report = _Reader(document, contract, registry, findings).report()
    return report if before == sum(finding.severity == "error" for finding in findings) else None


class _Reader:
    """Reads one contract; every mistake becomes a finding with its line."""

    def __init__(
        self, document: Document, contract: odcs.OpenDataContractStandard, registry: Registry, findings: Findings
    ) -> None:
        self.document, self.contract, self.registry, self.findings = document, contract, registry, findings

    def error(self, rule: str, what: str, *path: str | int, **more: str) -> None:
        self.findings.error(rule, what, self.document.where(*path), **more)

    def known(self, rule: str, noun: str, given: str, known: Collection[str], *path: str | int) -> bool:
        if given in known:
            return True
        return check_reference(rule, noun, given, known, self.document.where(*path), self.findings)

    def report(self) -> Report | None:
        contract, place = self.contract, self.document.path
        department, name = place.parent.name, place.name.removesuffix(".odcs.yml")
        for key in ("apiVersion", "kind", "id", "version", "name", "domain", "servers", "schema_", "team"):
            if not getattr(contract, key):
                self.error("missing-key", f"The key `{key.rstrip('_')}` is missing or empty.", key.rstrip("_"))
        if contract.id != f"{department}.{name}":
            self.error(
                "contract-id",
                "The id does not fit the file.",
                "id",
                expected=f"{department}.{name}",
                got=f"{contract.id}",
            )
        check_id(name, self.document, ("id",), self.findings)
        self.known("unknown-department", "department", department, self.registry.departments, "domain")
        if contract.domain and contract.domain != department:
            self.error("contract-id", "The domain is not the department.", "domain", expected=department)
        if contract.apiVersion and not contract.apiVersion.startswith("v3."):
            self.error("odcs", "Only ODCS 3.x is understood.", "apiVersion", expected="v3.x", got=contract.apiVersion)
        tables = contract.schema_ or []
        servers = contract.servers or []
        for key, parts in (("schema", tables), ("servers", servers)):
            if len(parts) > 1:
                self.error("one-table", f"A report has one entry under `{key}`.", key, 1, got=f"{len(parts)}")
        own = read_properties(self.document, ("customProperties",), CONTRACT_PROPERTIES, self.findings)
        if not tables or not servers or department not in self.registry.departments:
            return None
        if "mode" not in own or "about" not in own:
            self.error("missing-key", "customProperties `mode` and `about` are required.", "customProperties")
            return None
        columns = self.columns(tables[0])
        self.entities(columns, own["about"])
        server = read_server(self.document, servers[0], self.findings)
        keyed = sorted(
            (property_.primaryKeyPosition or 0, place)
            for place, property_ in enumerate(tables[0].properties or [])
            if property_.primaryKey
        )
        names = [property_.name for property_ in tables[0].properties or []]
        if not keyed:
            self.error(
                "no-key",
                "No column is the key of the report.",
                *("schema", 0),
                todo="Set `primaryKey: true` on the column that tells rows apart.",
            )
        for entity in own["about"]:
            self.known("unknown-entity", "entity", entity, self.registry.entities, "customProperties", "about")
        for column in (total["column"] for total in own.get("controlTotals", ()) if "column" in total):
            self.known("unknown-column", "column", column, [*filter(None, names)], "customProperties", "controlTotals")
        team = contract.team
        owner = (team.name or "") if isinstance(team, odcs.Team) else ""
        if not owner:
            self.error("missing-key", "`team.name` says who mends the report.", "team")
        return Report(
            id=f"{department}.{name}",
            department=department,
            department_name=self.registry.departments[department].name,
            name=name,
            title=contract.name or "",
            version=contract.version or "",
            description=(contract.description.purpose or "") if contract.description else "",
            grain=tables[0].dataGranularityDescription or "",
            mode=own["mode"],
            about=tuple(own["about"]),
            columns=columns,
            key=tuple(names[place] or "" for _, place in keyed),
            constants=self.constants(own.get("constants", {}), columns),
            edition=self.edition(own.get("edition", {"from": "parameter"}), server, own["mode"]),
            max_drop=float(own.get("maxDrop", MAX_DROP)),
            on_drift=Frozen(drift_modes(own.get("onDrift", {}))),
            control_totals=tuple(Frozen(total) for total in own.get("controlTotals", ())),
            schedule=self.schedule(),
            owner=owner,
            retries=own.get("retries", RETRIES),
            server=server,
            path=self.document.name,
            on_repair=Frozen(
                {kind: own["onRepair"][key] for kind, (key, _) in REPAIRS.items() if key in own.get("onRepair", {})}
            ),
            as_of=own.get("asOf", ""),
        )

    def entities(self, columns: tuple[Column, ...], about: Collection[str]) -> None:
        """A column speaks of an entity that the rows speak of, and that has its element."""
        for place, column in enumerate(columns):
            if column.entity is None:
                continue
            able = [
                name
                for name in about
                if name in self.registry.entities and column.element in self.registry.entities[name].elements
            ]
            path = ("schema", 0, "properties", place, "customProperties", "entity")
            if column.role:
                self.error("column-entity", "A column has a `role` or an `entity`, not both.", *path)
            self.known("column-entity", "entity of `about` with this element", column.entity, able, *path)

    def schedule(self) -> str:
        found = [(sla.schedule, place) for place, sla in enumerate(self.contract.slaProperties or []) if sla.schedule]
        if len(found) != 1:
            self.error(
                "schedule", "One entry of slaProperties has the `schedule`.", "slaProperties", got=f"{len(found)}"
            )
            return ""
        schedule, place = found[0]
        if not re.fullmatch(r"([\d*/,-]+ ){4}[\d*/,-]+", schedule):
            self.error("schedule", "The schedule is not a cron line.", "slaProperties", place, expected="five fields")
        return schedule

    def edition(self, given: Mapping[str, Any], server: Server, mode: str) -> EditionRule:
        rule = EditionRule(given.get("from", ""), given.get("pattern", ""), given.get("by", "month"))
        try:
            groups = re.compile(rule.pattern).groupindex
        except re.error as error:
            self.error("edition", f"The pattern is not a regular expression: {error}.", "customProperties", "edition")
            return rule
        extracted = server.kind in EXTRACTED
        if rule.source not in EDITION_SOURCES:
            self.error(
                "edition",
                "`from` says where the edition stands.",
                *("customProperties", "edition"),
                expected=", ".join(EDITION_SOURCES),
            )
        elif rule.source == "schedule" and not extracted:
            self.error(
                "edition",
                "The day of a run is no edition of a file: the same file would be another edition every month.",
                *("customProperties", "edition"),
                expected="name, cell, parameter",
            )
        elif extracted and rule.source not in ("parameter", "schedule"):
            self.error(
                "edition",
                "What is extracted has neither name nor title cell.",
                *("customProperties", "edition"),
                expected="parameter, schedule",
            )
        elif not extracted and rule.source != "parameter" and not {"year"} <= set(groups) <= {"year", "month", "day"}:
            self.error(
                "edition",
                "The pattern does not tell the edition.",
                *("customProperties", "edition"),
                expected="named groups year, month and maybe day",
            )
        if "cursor" in server.options and (mode != "delta" or server.kind not in DATABASES):
            self.error(
                "cursor",
                "Only new and changed rows of a database come by `cursor`: that is a report of mode delta.",
                *("customProperties", "mode"),
                expected="delta",
                got=mode,
            )
        return rule

    def constants(self, given: Mapping[str, Any], columns: tuple[Column, ...]) -> Mapping[str, str]:
        path = ("customProperties", "constants")
        staged = {column.staged_name for column in columns}
        for name, value in given.items():
            if not self.known("unknown-element", "data element", name, self.registry.elements, *path):
                continue
            element = self.registry.elements[name]
            if not isinstance(value, str):
                self.error("constant", f"The constant `{name}` is not text: put it in quotes.", *path)
            elif element.code_list and value not in self.registry.codes[element.code_list].by_code:
                self.error(
                    "constant", f"The constant `{name}` is not in its code list.", *path, expected=element.code_list
                )
            if name in staged:
                self.error("constant", f"`{name}` is both a constant and a column.", *path)
        return Frozen(sorted(given.items()))

    def columns(self, table: odcs.SchemaObject) -> tuple[Column, ...]:
        columns: list[Column] = []
        names = {name: name for name in STAGED_LEAD}
        headers: dict[str, str] = {}
        for place, property_ in enumerate(table.properties or []):
            column = self.column(place, property_)
            if column is None:
                continue
            path = ("schema", 0, "properties", place)
            for text, seen in (
                *((name, names) for name in {column.name, column.staged_name}),
                *((header, headers) for header in {_plain(text) for text in (column.header, *column.aliases)}),
            ):
                if text in seen:
                    self.error(
                        "duplicate-column",
                        f"`{text}` is already taken by the column `{seen[text]}`.",
                        *path,
                        todo="Give one of them a `role`, another name, or remove the alias.",
                    )
                seen[text] = column.name
            columns.append(column)
        if not columns:
            self.error("no-columns", "The report has no columns.", "schema", 0)
        return tuple(columns)

    def column(self, place: int, property_: odcs.SchemaProperty) -> Column | None:
        path: Path = ("schema", 0, "properties", place)
        own = read_properties(self.document, (*path, "customProperties"), COLUMN_PROPERTIES, self.findings)
        name, element_id, role = property_.name or "", own.get("element"), own.get("role")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in SQL_WORDS:
            self.error("bad-id", "The property name is not snake_case, or is a word of SQL.", *path, got=name)
        logical = property_.logicalType or "string"
        element = self.registry.elements.get(element_id) if element_id else None
        if element_id and element is None:
            where = (*path, "customProperties", "element")
            self.known("unknown-element", "data element", element_id, self.registry.elements, *where)
            return None
        if element is None:
            if role:
                self.error("role", "A `role` needs an `element`.", *path)
            if not self.known("logical-type", "usable logicalType", logical, LOGICAL_TYPES, *path, "logicalType"):
                return None
            if name in self.registry.elements:
                self.error(
                    "shadowed-element",
                    f"The own field `{name}` has the name of a data element.",
                    *path,
                    todo="Refer to it with the custom property `element`, or give the field another name.",
                )
            kind, code_list = LOGICAL_TYPES[logical], None
        else:
            kind, code_list = element.type, self.registry.codes.get(element.code_list or "")
            if kind in TYPES and logical != TYPES[kind].logical:
                self.error(
                    "logical-type",
                    f"The logicalType does not fit the data element `{element.id}` ({kind}).",
                    *path,
                    "logicalType",
                    expected=TYPES[kind].logical,
                    got=logical,
                )
        if role:
            check_id(role, self.document, path, self.findings)
        codes = self.codes(own, code_list, path)
        formats = own.get("dateFormat", ())
        if kind in ("date", "month") and not formats:
            self.error("date-format", "A date needs the custom property `dateFormat`.", *path)
        unknown = [one for one in ((formats,) if isinstance(formats, str) else formats) if not is_date_format(one)]
        if unknown:
            self.error(
                "date-format",
                "This is no date format.",
                *path,
                expected=f"strptime codes (%Y-%m-%d), {', '.join(DATE_WORDS)}",
                got=shorten(unknown),
            )
        if formats and kind not in ("date", "month"):
            self.error("date-format", f"`dateFormat` has no meaning for the type {kind}.", *path)
        return Column(
            name=name,
            header=property_.physicalName or name,
            title=property_.businessName or (element.name if element and not role else property_.physicalName or name),
            element=element_id,
            role=role,
            aliases=tuple(own.get("aliases", ())),
            required=bool(property_.required),
            key=bool(property_.primaryKey),
            type=kind,
            code_list=code_list.id if code_list else None,
            date_formats=(formats,) if isinstance(formats, str) else tuple(formats),
            codes=codes,
            codes_as=own.get("codesAs", "code"),
            pairs=_merge(codes, code_list),
            unit=own.get("unit"),
            factor=self.factor(own.get("unit"), element, path),
            on_invalid=own.get("onInvalid", "quarantine"),
            units=unit_words(own.get("unit"), element) if kind in ("decimal", "integer") else (),
            entity=own.get("entity"),
        )

    def codes(self, own: Mapping[str, Any], code_list: CodeList | None, path: Path) -> Mapping[str, str]:
        codes: Mapping[str, Any] = own.get("codes", {})
        if (codes or "codesAs" in own) and code_list is None:
            self.error("codes", "`codes` and `codesAs` need a data element with a code list.", *path)
            return Frozen()
        for value, code in codes.items():
            if not (isinstance(value, str) and isinstance(code, str)):
                self.error(
                    "codes", "Values and codes are text: put them in quotes.", *path, "customProperties", "codes"
                )
                return Frozen()
            if code_list and code not in code_list.by_code:
                self.error(
                    "codes",
                    f"The code {code} is not in the list `{code_list.id}`.",
                    *(*path, "customProperties", "codes"),
                    expected=shorten(code_list.by_code),
                )
        return Frozen(codes)

    def factor(self, unit: str | None, element: Element | None, path: Path) -> str:
        if unit is None:
            return "1"
        if not self.known("unknown-unit", "unit", unit, UNITS, *path, "customProperties", "unit"):
            return "1"
        target = element.unit if element else unit
        if target is None or UNITS[target][0] != UNITS[unit][0]:
            self.error("unit", f"The unit {unit} cannot become that of the data element.", *path, expected=target or "")
            return "1"
        return ratio(unit, target)


def _plain(header: str) -> str:
    """A header as the reader compares it: without spaces and full-width signs."""
    return "".join(unicodedata.normalize("NFKC", header).split())


def _merge(own: Mapping[str, str], code_list: CodeList | None) -> tuple[tuple[str, str], ...]:
    if code_list is None:
        return ()
    if not own:
        return code_list.pairs
    return (*own.items(), *(pair for pair in code_list.pairs if pair[0] not in own))
