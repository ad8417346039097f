"""Reads `schemas/forms/`, refusing with file and line what a form cannot mean."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from yibiao.contracts.documents import Document, Findings, did_you_mean, read_fields, shorten
from yibiao.contracts.kinds import Frozen
from yibiao.contracts.values import Schemas
from yibiao.forms.model import DERIVATIONS, MODES, TIMES, UNITS, Field, Form, Rows
from yibiao.forms.paths import NOWHERE, joins, place

_FORM = {
    "id": str,
    "title": str,
    "department": str,
    "source": dict,
    "times_a_year": int,
    "respondent": dict,
    "rows": dict,
    "notes": list,
    "fields": list,
}
_SOURCE = {"name": str, "follows": str}
_RESPONDENT = {"who": str, "unit": str}
_ROWS = {"entity": str, "where": str, "share": (int, float), "basis": str}
_FIELD = {
    "header": str,
    "element": str,
    "role": str,
    "derive": str,
    "value": str,
    "concept": str,
    "mode": str,
    "choices": list,
    "unit": str,
}
_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_COLUMN = re.compile(r"\b([a-z_]+)\.([a-z_]+)\b")
_CODES = re.compile(r"\b([a-z_]+)\.([a-z_]+)\s+(?:=|in)\s*(\(?(?:'[^']*'[,\s]*)+)")
_WORDS = frozenset({"and", "or", "not", "is", "null", "in", "between", "interval", "year", "month", "day", "date"})

At = tuple[str | int, ...]
"""A place in a document: keys and places in lists, from the outside."""


def load_forms(root: Path, schemas: Schemas) -> Mapping[str, Form]:
    """All forms of a schemas folder, by id in ascending order.

    Args:
        root: the schemas folder; its forms lie at `forms/<department>/<form>.yml`.
        schemas: what forms refer to: departments, elements, entities, code lists.

    Raises:
        ContractError: a file is not YAML, has an unknown or missing key, or names something that is not defined.
    """
    findings = Findings()
    forms = read_forms(root, schemas, findings)
    findings.raise_errors()
    return forms


def read_forms(root: Path, schemas: Schemas, findings: Findings) -> Mapping[str, Form]:
    """Like `load_forms`, but collects every mistake in `findings` and leaves out the forms that have one.

    Raises:
        ContractError: a file is not YAML.
    """
    root = root.resolve()
    forms = {}
    for file in sorted((root / "forms").glob("*/*.yml")):
        reader = _Reader(Document(file, root.parent), schemas)
        form = reader.form()
        findings.extend(reader.findings)
        if form is not None and not reader.findings:
            forms[form.id] = form
    return Frozen(sorted(forms.items()))


def condition_problems(schemas: Schemas, entity: str, where: str) -> Iterator[tuple[str, str, str, str]]:
    """What is wrong with a condition on the rows of a form: what, expected, got, to do.

    It may compare qualified columns with literals and do nothing else: the text becomes part of a query.
    """
    unknown = "`where` names nothing that is defined."
    entities = schemas.entities
    tables = {entity, *joins(entities, entity)}
    bare = re.sub(r"'[^']*'", "", where).replace("{as_of}", "")
    for table, column in _COLUMN.findall(bare):
        if table not in tables:
            yield "The rows' entity does not lead there.", shorten(tables), table, ""
        elif column not in entities[table].elements:
            words = [str(word) for word in entities[table].elements]
            yield unknown, shorten(words), column, did_you_mean(column, words)
    rest = _COLUMN.sub(" ", bare)
    odd = {word for word in re.findall(r"\w+", rest) if word not in _WORDS and not word.isdigit()}
    odd |= set(re.findall(r"[^\w\s()<>=!,.+-]|--|\.", rest))
    if odd:
        yield "A condition compares `<entity>.<element>` with literals only.", shorten(_WORDS), shorten(odd), ""
    for _, column, text in _CODES.findall(where):
        element = schemas.elements.get(column)
        if element is not None and element.code_list:
            known = schemas.codes[element.code_list].by_code
            for code in re.findall(r"'([^']*)'", text):
                if code not in known:
                    yield unknown, shorten(known), code, did_you_mean(code, list(known))


class _Reader:
    """Reads one file and collects what is wrong with it."""

    def __init__(self, document: Document, schemas: Schemas) -> None:
        self.document, self.schemas, self.findings = document, schemas, Findings()

    def form(self) -> Form | None:
        data = self._mapping((), self.document.data, _FORM, _FORM)
        if data is None:
            return None
        folder, name = self.document.path.parent.name, self.document.path.stem
        self._check(
            ("id",), data["id"] == f"{folder}.{name}", "A form's id is its place.", f"{folder}.{name}", data["id"]
        )
        self._known(("department",), data["department"], self.schemas.departments)
        self._check(
            ("department",),
            data["department"] == folder,
            "A form lies in its department's folder.",
            got=data["department"],
        )
        self._known(("times_a_year",), data["times_a_year"], TIMES)
        source = self._mapping(("source",), data["source"], _SOURCE, _SOURCE)
        respondent = self._mapping(("respondent",), data["respondent"], _RESPONDENT, _RESPONDENT)
        rows = self._rows(data["rows"])
        if source is None or respondent is None or rows is None:
            return None
        self._known(("respondent", "unit"), respondent["unit"], UNITS)
        return Form(
            id=data["id"],
            title=data["title"],
            department=data["department"],
            source=source["name"],
            follows=source["follows"],
            times_a_year=data["times_a_year"],
            respondent=respondent["who"],
            unit=respondent["unit"],
            rows=rows,
            notes=tuple(str(note) for note in data["notes"]),
            fields=self._fields(data["fields"], rows),
        )

    def _rows(self, given: Any) -> Rows | None:
        data = self._mapping(("rows",), given, _ROWS, ("entity", "share", "basis"))
        if data is None or not self._known(("rows", "entity"), data["entity"], self.schemas.entities):
            return None
        share = Fraction(str(data["share"]))
        self._check(("rows", "share"), 0 < share <= 1, "Not a share.", "above 0, at most 1", str(share))
        if "where" in data:
            self._where(data["entity"], data["where"])
        return Rows(data["entity"], data.get("where"), share, data["basis"])

    def _where(self, entity: str, where: str) -> None:
        for what, expected, got, todo in condition_problems(self.schemas, entity, where):
            self._check(("rows", "where"), False, what, expected, got, todo)

    def _fields(self, given: list[Any], rows: Rows) -> tuple[Field, ...]:
        self._check(("fields",), bool(given), "A form without fields asks nothing.", "at least one field")
        fields: list[Field] = []
        headers: set[str] = set()
        for number, item in enumerate(given):
            field = self._field(number, item, rows)
            if field is None:
                continue
            alone = field.header not in headers
            self._check(("fields", number, "header"), alone, "Two fields have the same header.", got=field.header)
            headers.add(field.header)
            fields.append(field)
        return tuple(fields)

    def _field(self, number: int, given: Any, rows: Rows) -> Field | None:
        at = ("fields", number)
        data = self._mapping(at, given, _FIELD, ("header", "mode"))
        if data is None:
            return None
        self._known((*at, "mode"), data["mode"], MODES)
        whole = all(part and part == part.strip() for part in data["header"].split("/"))
        self._check((*at, "header"), whole, "A part of the header is empty or has blanks around it.", "上级/下级")
        element, concept = data.get("element"), data.get("concept")
        one = element is not None or concept is not None
        if not self._check(at, one, "A field asks for something.", "an `element`, or a `concept`"):
            return None
        if element is not None and not self._known((*at, "element"), element, self.schemas.elements):
            return None
        if concept is not None:
            free = bool(_SNAKE.fullmatch(concept)) and concept not in self.schemas.elements
            self._check((*at, "concept"), free, "Not a free name.", "snake_case, not an element's id", concept)
            extra = {"role", "derive", "value"} & data.keys()
            self._check(at, not extra, "Only a field without a concept has these keys.", got=shorten(extra))
        field = Field(
            header=data["header"],
            element=element,
            role=data.get("role"),
            derive=data.get("derive"),
            value=data.get("value"),
            concept=concept,
            mode=data["mode"],
            choices=tuple(str(choice) for choice in data.get("choices", ())),
            unit=data.get("unit"),
        )
        if element is not None and concept is not None:
            of = self.schemas.elements[element].entity
            what = "The element beside a concept is not one of the row's own entity."
            self._check((*at, "element"), of == rows.entity, what, rows.entity, of)
        elif element is not None:
            self._derived(at, field)
            if field.role is None:
                held = place(self.schemas.entities, rows.entity, field) != NOWHERE
                tables = shorten({rows.entity, *joins(self.schemas.entities, rows.entity)})
                self._check(
                    (*at, "element"), held, "The rows do not lead to this element.", f"one of {tables}", element
                )
        return field

    def _derived(self, at: At, field: Field) -> None:
        element = self.schemas.elements[field.element or ""]
        if field.derive is not None:
            self._known((*at, "derive"), field.derive, DERIVATIONS)
        if field.derive == "age":
            dated = element.type == "date"
            self._check((*at, "derive"), dated, "An age comes from a date.", "an element of type date", element.type)
        if field.value is not None:
            coded = field.derive == "exists" and bool(element.code_list)
            if self._check((*at, "value"), coded, "Only `derive: exists` of a code has a value."):
                self._known((*at, "value"), field.value, self.schemas.codes[element.code_list or ""].by_code)

    def _mapping(self, at: At, given: Any, keys: Mapping[str, Any], required: Collection[str]) -> dict[str, Any] | None:
        return read_fields(self.document, at, given, keys, required, self.findings)

    def _known(self, at: At, given: Any, known: Collection[Any]) -> bool:
        words = [str(word) for word in known]
        what = f"`{at[-1]}` names nothing that is defined."
        return self._check(at, given in known, what, shorten(words), str(given), did_you_mean(given, words))

    def _check(self, at: At, holds: bool, what: str, expected: str = "", got: str = "", todo: str = "") -> bool:
        if not holds:
            self.findings.error("form", what, self.document.where(*at), expected=expected, got=got, todo=todo)
        return holds
