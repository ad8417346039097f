"""What is wrong with the registry: said nowhere, meant twice, collected twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from yibiao.contracts import Schemas
from yibiao.contracts.documents import Document, Findings
from yibiao.contracts.elements import place_of_element
from yibiao.contracts.load import read_schemas
from yibiao.contracts.meanings import check_names
from yibiao.elements.holders import holdings
from yibiao.elements.waivers import ANY, Waiver, read_waivers

COMMON = "common"
"""Stem of the file with elements of several entities and of the row itself."""

_TOLD = {"scope": "口径", "authority": "数源部门", "freshness": "时效", "sharing": "共享类型"}
"""What every element has to say."""


def lint_elements(root: Path, today: date) -> Findings:
    """Everything that is wrong with the elements of a schemas folder on a day; errors first, then by file.

    Mistakes that keep files from being read at all are among them, whatever file they stand in.
    """
    schemas, findings = read_schemas(root)
    waivers = read_waivers(root.resolve(), schemas, findings)
    check_names(schemas, findings, root)
    _said(schemas, findings, root)
    _collected_once(schemas, waivers, findings, root, today)
    order = {"error": 0, "warning": 1, "info": 2}
    findings.sort(key=lambda finding: (order[finding.severity], finding.where.rpartition(":")[0], finding.rule))
    return findings


def _said(schemas: Schemas, findings: Findings, root: Path) -> None:
    """Every element says what it covers, who decides, how long it is good and who may have it."""
    for element in schemas.elements.values():
        for key, chinese in _TOLD.items():
            if not getattr(element, key):
                findings.error(
                    f"missing-{key}",
                    f"`{element.id}` ({element.name}) does not say its {key} ({chinese}).",
                    place_of_element(root, element.id),
                    got=f"neither the element nor the defaults of the file have `{key}:`",
                    todo=f"Add `{key}:`, to the element or to the defaults of the file.",
                )
        if element.sharing in ("conditional", "none") and not element.sharing_condition:
            findings.error(
                "sharing-condition",
                f"`{element.id}` is shared on a condition or not at all, but does not say which condition or ground.",
                place_of_element(root, element.id),
                got=f"sharing: {element.sharing}",
                todo="Add `sharing_condition:`.",
            )
        if element.sharing == "unconditional" and element.sensitivity in ("personal", "sensitive"):
            findings.error(
                "unconditional-personal",
                f"`{element.id}` is {element.sensitivity} and shared unconditionally.",
                place_of_element(root, element.id),
                expected="sharing: conditional or none",
                got=f"sharing: unconditional, sensitivity: {element.sensitivity}",
            )
        if element.entity not in schemas.entities and element.entity != COMMON:
            findings.error(
                "no-entity",
                f"`{element.id}` stands in a file of no entity.",
                place_of_element(root, element.id),
                expected=f"elements/<entity>.yml or <entity>.<subject>.yml: {', '.join((*schemas.entities, COMMON))}",
                got=f"{element.entity}.yml",
            )


def _collected_once(schemas: Schemas, waivers: Iterable[Waiver], findings: Findings, root: Path, today: date) -> None:
    """One element is collected by one report; every further one needs a waiver that still holds."""
    held = holdings(schemas)
    keys = {name for entity in schemas.entities.values() for key in entity.keys for name in key}
    valid: dict[str, list[Waiver]] = {}
    columns = _Columns(schemas, root)
    for waiver in waivers:
        again = [one.report for one in held.get(waiver.element, ())[1:]]
        covered = [report for report in again if waiver.covers(report)]
        valid.setdefault(waiver.element, []).append(waiver)
        element = schemas.elements.get(waiver.element)
        if waiver.reports is None and element and element.id not in keys and element.entity != COMMON:
            findings.error(
                "waiver-any",
                f"The waiver of `{element.id}` names no reports.",
                waiver.where,
                expected="a list: `any` is for keys of entities and for what a row says of itself",
                got=f"reports: {ANY}",
                todo=f"Name them: {', '.join(again) or 'it is collected once, so remove the waiver'}.",
            )
        idle = sorted((waiver.reports or frozenset()) - set(covered))
        if idle or not covered:
            findings.warning(
                "idle-waiver",
                f"The waiver of `{waiver.element}` permits what nobody does.",
                waiver.where,
                got=", ".join(idle) or "it is collected once",
                todo="Remove it.",
            )
        if waiver.until < today and covered:
            findings.error(
                "expired-waiver",
                f"The waiver of `{waiver.element}` for {', '.join(covered)} ended on {waiver.until}.",
                waiver.where,
                expected=f"a day from {today} on",
                got=f"until: {waiver.until}",
                todo="Stop collecting it there and take it from its source, or decide anew until when.",
            )
    for name, reports in sorted(held.items()):
        again = [one.report for one in reports[1:] if not any(w.covers(one.report) for w in valid.get(name, ()))]
        if again:
            element, source = schemas.elements[name], reports[0]
            findings.error(
                "collected-twice",
                f"`{name}` ({element.name}) is collected by {source.report} and again by {', '.join(again)}.",
                columns.where(again[0], name),
                expected=f"one report, that of {source.department_name} ({source.title})",
                got="; ".join(f"{one} at {columns.where(one, name)}" for one in again),
                todo="Take the column out and use the shared value, or say in waivers.yml why not and until when.",
            )


class _Columns:
    """Where columns stand in their contracts; a contract is read again only when something is wrong with it."""

    def __init__(self, schemas: Schemas, root: Path) -> None:
        self._schemas, self._base = schemas, root.parent
        self._documents: dict[str, Document] = {}

    def where(self, report: str, element: str) -> str:
        """`file:line` of the column of a report that collects an element."""
        contract = self._schemas.reports[report]
        document = self._documents.get(report)
        if document is None:
            document = self._documents[report] = Document(self._base / contract.path, self._base)
        names = [one.name for one in contract.columns if one.element == element and one.role is None]
        for place, column in enumerate(document.data["schema"][0]["properties"]):
            if column["name"] in names:
                return document.where("schema", 0, "properties", place)
        return document.where("schema")
