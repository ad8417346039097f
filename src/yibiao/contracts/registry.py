"""Departments, code lists and entities: what contracts refer to, besides the data elements (`elements.py`)."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from yibiao.contracts.documents import Document, Findings, did_you_mean, read_fields, shorten
from yibiao.contracts.kinds import Frozen
from yibiao.contracts.survivorship import check_entities
from yibiao.contracts.values import Code, CodeList, Department, Element, Entity
from yibiao.credit_code import is_credit_code

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""Ids are snake_case with single underscores: `__` separates role, department and element in generated names."""

Place = tuple[str | int, ...]

_CODE_HEADER = ["code", "name", "aliases", "valid_from", "valid_to"]
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})?")

PERSON_TOLD_BY = ("resident_name", "citizen_id")
"""What an entity keeps of a person in a role; a number alone may be mistyped into somebody else's."""


_SQL = """
all and any array as asc both case cast check collate column constraint create default desc describe distinct do else
end except false fetch for foreign from group having in intersect into lambda lateral leading limit not null offset on
only or order pivot primary qualify references returning select show some summarize table then to trailing true union
unique unpivot using values when where window with
"""
SQL_WORDS = frozenset(_SQL.split())
"""Words that DuckDB or Spark would not take as a name without quotes."""


def check_id(text: str, document: Document, path: Place, findings: Findings) -> None:
    """Report an id that is not snake_case or is a word of SQL."""
    if not NAME.fullmatch(text):
        where = document.where(*path)
        findings.error("bad-id", "The id is not snake_case.", where, expected="a-z, 0-9 and single _", got=text)
    elif text in SQL_WORDS:
        findings.error("bad-id", f"`{text}` is a word of SQL and cannot be a name.", document.where(*path))


def check_reference(
    rule: str, noun: str, given: str, known: Collection[str], where: str, findings: Findings, todo: str = ""
) -> bool:
    """Report a name that nobody defined; True if it is known."""
    if given in known:
        return True
    findings.error(
        rule,
        f"There is no {noun} `{given}`.",
        where,
        expected=shorten(known),
        got=given,
        todo=did_you_mean(given, known) or todo,
    )
    return False


def read_items(document: Document, key: str, findings: Findings) -> list[Any]:
    data = read_fields(document, (), document.data, {key: list}, [key], findings)
    return data[key] if data else []


def read_departments(root: Path, base: Path, findings: Findings) -> Mapping[str, Department]:
    """`departments.yml`; ids and credit codes are unique."""
    document = Document(root / "departments.yml", base)
    found: dict[str, Department] = {}
    fields: dict[str, type | tuple[type, ...]] = {"id": str, "name": str, "short": str, "credit_code": str}
    for place, item in enumerate(read_items(document, "departments", findings)):
        path = ("departments", place)
        if data := read_fields(document, path, item, fields, ["id", "name"], findings):
            check_id(data["id"], document, (*path, "id"), findings)
            if data["id"] in found:
                findings.error("duplicate-id", f"Department `{data['id']}` is defined twice.", document.where(*path))
            code = data.get("credit_code", "")
            _check_credit_code(code, found.values(), document, (*path, "credit_code"), findings)
            found[data["id"]] = Department(data["id"], data["name"], data.get("short", data["name"]), code)
    return Frozen(sorted(found.items()))


def _check_credit_code(
    code: str, others: Iterable[Department], document: Document, path: Place, findings: Findings
) -> None:
    if not code:
        return
    where = document.where(*path)
    if not is_credit_code(code) or code != code.strip().upper():
        findings.error(
            "bad-credit-code",
            "The unified social credit code of a department is not valid.",
            where,
            expected="18 of 0-9 and A-Z without I, O, S, V, Z, the last one a check character (GB 32100-2015)",
            got=f"{len(code)} characters",
            todo="Copy it from the certificate (统一社会信用代码证书); if there is none, leave the line out.",
        )
    elif other := next((one for one in others if one.credit_code == code), None):
        findings.error(
            "duplicate-credit-code",
            f"Department `{other.id}` has the same unified social credit code.",
            where,
            expected="a code of its own",
            todo="A part of another department has none: leave the line out.",
        )


def read_codes(root: Path, base: Path, findings: Findings) -> Mapping[str, CodeList]:
    """`codes/lists.yml` names every list and its source; values are in `<id>.csv` and `<id>.<overlay>.csv`."""
    folder = root / "codes"
    if not (folder / "lists.yml").exists():
        return Frozen()
    document = Document(folder / "lists.yml", base)
    fields: dict[str, type | tuple[type, ...]] = {"id": str, "name": str, "source": str}
    named: dict[str, dict[str, Any]] = {}
    for place, item in enumerate(read_items(document, "lists", findings)):
        path = ("lists", place)
        if data := read_fields(document, path, item, fields, list(fields), findings):
            check_id(data["id"], document, (*path, "id"), findings)
            if data["id"] in named:
                findings.error("duplicate-id", f"Code list `{data['id']}` is named twice.", document.where(*path))
            if not (folder / f"{data['id']}.csv").exists():
                findings.error(
                    "missing-file",
                    f"Code list `{data['id']}` has no values.",
                    document.where(*path),
                    expected=f"the file codes/{data['id']}.csv",
                )
            named[data["id"]] = data
    values: dict[str, list[Code]] = {id_: [] for id_ in named}
    for file in sorted(folder.glob("*.csv")):
        id_ = file.name.split(".")[0]
        name = file.relative_to(base).as_posix() if file.is_relative_to(base) else str(file)
        if check_reference(
            "unknown-code-list", "code list", id_, named, f"{name}:1", findings, "Name it in codes/lists.yml."
        ):
            values[id_].extend(_read_code_file(file, name, {code.code for code in values[id_]}, findings))
    lists = (
        CodeList(id_, data["name"], data["source"], tuple(sorted(values[id_], key=lambda code: code.code)))
        for id_, data in sorted(named.items())
    )
    return Frozen({code_list.id: code_list for code_list in lists})


def _read_code_file(file: Path, name: str, seen: set[str], findings: Findings) -> list[Code]:
    codes: list[Code] = []
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream)
        if (header := next(rows, [])) != _CODE_HEADER:
            findings.error(
                "code-header",
                "The header of the code list is wrong.",
                f"{name}:1",
                expected=",".join(_CODE_HEADER),
                got=",".join(header),
            )
            return []
        for row in rows:
            where = f"{name}:{rows.line_num}"
            if len(row) != len(_CODE_HEADER) or not row[0] or not row[1]:
                findings.error("code-row", "The row is not a code with a name.", where, expected=",".join(_CODE_HEADER))
                continue
            if row[0] in seen:
                findings.error("duplicate-code", f"The code {row[0]} is in the list twice.", where)
            if not (_DATE.fullmatch(row[3]) and _DATE.fullmatch(row[4])):
                findings.error("code-date", "valid_from and valid_to are dates.", where, expected="YYYY-MM-DD or empty")
            seen.add(row[0])
            codes.append(Code(row[0], row[1], tuple(filter(None, row[2].split("|"))), row[3], row[4]))
    return codes


def read_entities(root: Path, base: Path, elements: Mapping[str, Element], findings: Findings) -> Mapping[str, Entity]:
    """All `entities/*.yml`, one entity a file, named after it."""
    found: dict[str, Entity] = {}
    documents: dict[str, Document] = {}
    fields: dict[str, type | tuple[type, ...]] = {
        **dict.fromkeys(("id", "name", "id_column"), str),
        **dict.fromkeys(("keys", "elements"), list),
        **dict.fromkeys(("links", "addresses", "persons"), dict),
    }
    for file in sorted((root / "entities").glob("*.yml")):
        document = Document(file, base)
        required = ("id", "name", "id_column", "keys", "elements")
        data = read_fields(document, (), document.data, fields, required, findings)
        if data is None:
            continue
        lists = [data["elements"], *data["keys"], *data.get("links", {}).values()]
        if not all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists):
            findings.error("shape", "keys, links and elements are lists of element ids.", document.where("keys"))
            continue
        persons = data.get("persons", {})
        if not all(isinstance(kept, dict) for kept in persons.values()):
            findings.error(
                "shape",
                "A person of an entity is told by elements of a resident.",
                document.where("persons"),
                expected="<role>: {<element of a resident>: <element of this entity>}",
            )
            continue
        entity = Entity(
            data["id"],
            data["name"],
            data["id_column"],
            tuple(map(tuple, data["keys"])),
            Frozen({target: tuple(names) for target, names in data.get("links", {}).items()}),
            tuple(data["elements"]),
            Frozen(data.get("addresses", {})),
            Frozen({role: Frozen(kept) for role, kept in persons.items()}),
        )
        check_id(entity.id, document, ("id",), findings)
        if entity.id in found:
            findings.error("duplicate-id", f"Entity `{entity.id}` is defined twice.", document.where("id"))
        for place, name in enumerate(entity.elements):
            if name not in elements:
                where = document.where("elements", place)
                check_reference("unknown-element", "data element", name, elements, where, findings)
        if len(set(entity.elements)) != len(entity.elements):
            findings.error("duplicate-element", "A data element is listed twice.", document.where("elements"))
        for names in (*entity.keys, *entity.links.values()):
            for name in names:
                if name not in entity.elements:
                    check_reference(
                        "entity-key",
                        f"element of entity `{entity.id}`",
                        name,
                        entity.elements,
                        document.where("keys"),
                        findings,
                        "Keys and links are made of the entity's own elements: list it.",
                    )
        found[entity.id] = entity
        documents[entity.id] = document
    for entity in found.values():
        for target in entity.links:
            where = documents[entity.id].where("links", target)
            if check_reference("unknown-entity", "entity", target, found, where, findings):
                wanted = len(found[target].keys[0]) if found[target].keys else 0
                if wanted != len(entity.links[target]):
                    findings.error(
                        "link", f"The link does not fit the first key of `{target}`.", where, expected=f"{wanted} names"
                    )
        for target, name in entity.addresses.items():
            where = documents[entity.id].where("addresses", target)
            if not check_reference("unknown-entity", "entity", target, found, where, findings):
                continue
            if name not in entity.elements or name not in elements or elements[name].type != "address":
                findings.error(
                    "address", f"`{name}` is no address of the entity.", where, expected="an element of type address"
                )
            if address_of(found[target], elements) is None or len(found[target].keys[0]) != 1:
                findings.error("address", f"`{target}` has no address of its own, or no key of one element.", where)
        _check_persons(entity, found, elements, documents[entity.id], findings)
    check_entities(found, elements, documents, findings)
    return Frozen(sorted(found.items()))


def _check_persons(
    entity: Entity,
    found: Mapping[str, Entity],
    elements: Mapping[str, Element],
    document: Document,
    findings: Findings,
) -> None:
    """A person in a role is told by name and number: what else is known of him is found by the two together."""
    resident = found.get("resident")
    for role, kept in entity.persons.items():
        where = document.where("persons", role)
        if set(kept) != set(PERSON_TOLD_BY):
            findings.error(
                "person",
                f"The {role} is not told by name and number.",
                where,
                expected=", ".join(PERSON_TOLD_BY),
                got=", ".join(map(str, kept)) or "nothing",
            )
        for asked, own in kept.items():
            if own not in entity.elements or resident is None or asked not in resident.elements:
                findings.error(
                    "person",
                    f"`{asked}: {own}` does not lead from an element of a resident to one of this entity.",
                    where,
                    expected=f"<element of resident>: <element of {entity.id}>",
                )
            elif asked in elements and own in elements and elements[asked].type != elements[own].type:
                findings.error(
                    "person", f"`{own}` is of another type than `{asked}`.", where, expected=elements[asked].type
                )


def address_of(entity: Entity, elements: Mapping[str, Element]) -> str | None:
    """The element that is an entity's own address: the first of that type."""
    return next((name for name in entity.elements if name in elements and elements[name].type == "address"), None)
