"""Data elements (数据元): `elements/<entity>.yml` and `elements/<entity>.<subject>.yml`, read and checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from yibiao.contracts.documents import Document, Findings, read_fields
from yibiao.contracts.kinds import FRESHNESS, SHARING, TYPES, UNITS, Frozen
from yibiao.contracts.registry import Place, check_id, check_reference
from yibiao.contracts.survivorship import check_survivorship, read_survivorship
from yibiao.contracts.values import CodeList, Element

SENSITIVITIES = ("public", "internal", "personal", "sensitive")

_DEFAULTS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("sensitivity", "purpose", "source", "freshness", "sharing", "sharing_condition"), str),
    "authority": list,
}
"""What a file may say once for all its elements."""

_FIELDS: dict[str, type | tuple[type, ...]] = {
    **_DEFAULTS,
    **dict.fromkeys(("id", "name", "english", "type", "code_list", "unit", "definition", "scope"), str),
    "aliases": list,
    "survivorship": (str, list),
}
_REQUIRED = ("id", "name", "english", "type", "definition", "sensitivity", "authority", "purpose", "source")


def read_elements(
    root: Path, base: Path, codes: Mapping[str, CodeList], departments: Collection[str], findings: Findings
) -> Mapping[str, Element]:
    """All `elements/*.yml`; ids are unique over all files."""
    found: dict[str, Element] = {}
    places: dict[str, str] = {}
    for file in sorted((root / "elements").glob("*.yml")):
        document = Document(file, base)
        data = read_fields(document, (), document.data, {"defaults": dict, "elements": list}, ["elements"], findings)
        if data is None:
            continue
        defaults = read_fields(document, ("defaults",), data.get("defaults", {}), _DEFAULTS, [], findings) or {}
        for place, item in enumerate(data["elements"]):
            path = ("elements", place)
            own = {**defaults, **item} if isinstance(item, dict) else item
            given = read_fields(document, path, own, _FIELDS, _REQUIRED, findings)
            if given is None:
                continue
            element = _element(given, file.name.split(".")[0], document, path, findings)
            _check(element, document, path, codes, departments, findings)
            if element.id in found:
                findings.error(
                    "duplicate-id",
                    f"Data element `{element.id}` is defined twice.",
                    document.where(*path),
                    got=f"also in {places[element.id]}",
                    todo="Define a fact once; use the one that is there, or give this one another id.",
                )
                continue
            found[element.id] = element
            places[element.id] = document.name
    return Frozen(sorted(found.items()))


def _element(data: Mapping[str, Any], entity: str, document: Document, path: Place, findings: Findings) -> Element:
    aliases, contexts = _aliases(data.get("aliases", ()), document, (*path, "aliases"), findings)
    return Element(
        **{name: data.get(name) or None for name in ("code_list", "unit")},  # type: ignore[arg-type]
        **{name: data[name] for name in ("id", "name", "english", "type", "definition", "sensitivity")},
        scope=data.get("scope", ""),
        aliases=aliases,
        authority=tuple(map(str, data["authority"])),
        purpose=data["purpose"],
        source=data["source"],
        survivorship=read_survivorship(
            data.get("survivorship", "authority"), document, (*path, "survivorship"), findings
        ),
        entity=entity,
        contexts=contexts,
        freshness=data.get("freshness", ""),
        sharing=data.get("sharing", ""),
        sharing_condition=data.get("sharing_condition", ""),
    )


def _aliases(
    given: Collection[Any], document: Document, path: Place, findings: Findings
) -> tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]:
    """The words, and the context of those that say one: `{name: 联系电话, context: [单位, 企业]}`."""
    words: list[str] = []
    contexts: dict[str, tuple[str, ...]] = {}
    for place, item in enumerate(given):
        if not isinstance(item, dict):
            words.append(str(item))
            continue
        fields: dict[str, type | tuple[type, ...]] = {"name": str, "context": list}
        if one := read_fields(document, (*path, place), item, fields, list(fields), findings):
            words.append(one["name"])
            contexts[one["name"]] = tuple(map(str, one["context"]))
            if not one["context"]:
                findings.error("context", "The context of the alias is empty.", document.where(*path, place))
    if len(set(words)) != len(words):
        twice = sorted({word for word in words if words.count(word) > 1})
        findings.error("alias", "An alias stands in the list twice.", document.where(*path), got=", ".join(twice))
    return tuple(words), Frozen(contexts)


def _check(
    element: Element,
    document: Document,
    path: Place,
    codes: Mapping[str, CodeList],
    departments: Collection[str],
    findings: Findings,
) -> None:
    check_id(element.id, document, (*path, "id"), findings)
    for rule, noun, key, known in (
        ("unknown-type", "type of data element", "type", TYPES),
        ("unknown-sensitivity", "sensitivity", "sensitivity", SENSITIVITIES),
        ("unknown-unit", "unit", "unit", UNITS),
        ("unknown-freshness", "freshness", "freshness", FRESHNESS),
        ("unknown-sharing", "sharing type", "sharing", SHARING),
    ):
        value = getattr(element, key)
        if value and value not in known:  # the place is looked up only when something is wrong: it parses the file
            check_reference(rule, noun, value, known, document.where(*path, key), findings)
    if (element.type == "code") != (element.code_list is not None):
        findings.error(
            "code-list",
            f"Data element `{element.id}` needs a code list exactly if its type is code.",
            document.where(*path),
        )
    elif element.code_list and element.code_list not in codes:
        where = document.where(*path, "code_list")
        check_reference("unknown-code-list", "code list", element.code_list, codes, where, findings)
    for department in element.authority:
        if department not in departments:
            where = document.where(*path, "authority")
            check_reference("unknown-department", "department", department, departments, where, findings)
    if len(set(element.authority)) != len(element.authority):
        findings.error("authority", "A department stands in the list twice.", document.where(*path, "authority"))
    check_survivorship(element, document, path, codes, findings)


def place_of_element(root: Path, name: str, key: str = "id") -> str:
    """Where a data element is defined, as `file:line`. It reads the files again: for a finding, not for a loop."""
    for file in sorted((root / "elements").glob("*.yml")):
        document = Document(file, root.parent)
        for place, item in enumerate((document.data or {}).get("elements") or ()):
            if isinstance(item, dict) and item.get("id") == name:
                return document.where("elements", place, key)
    return root.name
