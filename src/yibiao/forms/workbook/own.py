"""Forms that departments handed in as workbooks: the file that was kept, and what its registration says of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from yibiao.contracts.kinds import UNITS
from yibiao.contracts.values import Schemas
from yibiao.errors import FormError
from yibiao.forms.admission.fields import SAID_ELEMENT, AskedField
from yibiao.forms.admission.registry import now, standings
from yibiao.forms.admission.states import Registration, Standing
from yibiao.forms.model import Field, Form, Rows
from yibiao.forms.workbook.package import open_package
from yibiao.forms.workbook.table import Table, find_table
from yibiao.matching.model import load_model
from yibiao.settings import Settings

LIVING = {"resident": "resident.death_date is null"}
"""Which rows a form has of which nobody said it: a form about people is about living ones."""

_UNIT = re.compile(r"[（(]\s*(?:单位\s*[:：]\s*)?([^（()）]+?)\s*[)）]|单位\s*[:：]\s*(\S+)")


@dataclass(frozen=True)
class OwnForm:
    """A form whose layout is a department's own workbook.

    Attributes:
        form: what it asks; fields that formulas answer left out.
        columns: per field the column of the sheet, 0-based.
        table: where the table stands.
        path, name: the file that was kept, and how the department called it.
        registration_no: of the registration that says what the fields ask.
        sheets: all sheets of the file.
    """

    form: Form
    columns: tuple[int, ...]
    table: Table
    path: Path
    name: str
    registration_no: int
    sheets: frozenset[str] = frozenset()

    @property
    def suffix(self) -> str:
        return Path(self.name).suffix.lower()


def keep_form_file(
    settings: Settings, form: str, path: Path, where: str | None = None, *, at: datetime | None = None
) -> None:
    """Keep the file of a form, by its hash, and which rows it is about.

    Args:
        where: condition as in `rows.where` of `schemas/forms`; None for all (of people: the living).
    """
    from sqlalchemy import insert

    from yibiao.control.database import connect
    from yibiao.control.tables import form_file
    from yibiao.ingest.landing import keep_file

    sha256, _ = keep_file(path, settings)
    moment = (at or now()).isoformat(timespec="seconds")
    row = {"form": form, "file_sha256": sha256, "file_name": path.name, "rows_where": where, "kept_at": moment}
    with connect(settings) as connection:
        connection.execute(insert(form_file).values(**row))


def own_forms(
    settings: Settings, schemas: Schemas, names: Collection[str], known: Mapping[str, Standing] | None = None
) -> dict[str, OwnForm]:
    """Those of some forms that were handed in as files, by id, as their present registration says.

    Raises:
        FormError: the file cannot be filled in its own layout; the text says why, and what to do.
    """
    registered = standings(settings) if known is None else known
    found = {}
    for name in sorted(names):
        registration = registered[name].registration if name in registered else None
        if registration is not None and (kept := _kept(settings, registration)):
            found[name] = own_form(settings, schemas, registration, *kept)
    return found


def of_registration(settings: Settings, schemas: Schemas, form: str, number: str) -> OwnForm | None:
    """The form as one of its registrations said, by that registration's number; None if there is none."""
    known = standings(settings).get(form)
    registration = known.registrations.get(int(number)) if known and number.isdigit() else None
    kept = _kept(settings, registration) if registration is not None else None
    return own_form(settings, schemas, registration, *kept) if registration is not None and kept else None


def own_form(
    settings: Settings, schemas: Schemas, registration: Registration, path: Path, name: str, where: str | None
) -> OwnForm:
    """What a registration and its file make of a form.

    Raises:
        FormError: nobody said what a row is about, or the table cannot be filled.
    """
    package = open_package(path, name)
    table = find_table(path, package, name, registration.title)
    if registration.entity is None:
        raise FormError(
            "Nobody has said what a row of this form is about.",
            where=f"form {registration.form}",
            expected=f"--entity with one of {', '.join(schemas.entities)}",
            todo="Submit it again with --entity.",
        )
    asked = {one.column: one for one in registration.fields if one.sheet == table.sheet}
    options = {one.column: one.options for one in table.fields}

    def sure() -> float:
        return load_model(settings.schemas).sure

    fields = {
        one.column: field_of(asked[one.column], options[one.column], schemas, sure)
        for one in table.fields
        if one.column in asked
    }
    if not fields:
        raise FormError(
            "The form was registered with other fields than its file has.",
            where=f"form {registration.form}, {name}",
            expected="fields of the sheet " + table.sheet,
            got=f"{len(registration.fields)} fields elsewhere",
            todo="Submit the file again.",
        )
    rows = Rows(registration.entity, where or LIVING.get(registration.entity), Fraction(1), "")
    form = Form(
        id=registration.form,
        title=registration.title,
        department=registration.department,
        source=registration.source_name,
        follows="",
        times_a_year=registration.times_a_year,
        respondent="",
        unit="community",
        rows=rows,
        notes=(),
        fields=tuple(fields.values()),
    )
    sheets = frozenset(package.sheets())
    return OwnForm(form, tuple(fields), table, path, name, registration.registration_no, sheets)


def _kept(settings: Settings, registration: Registration) -> tuple[Path, str, str | None] | None:
    from sqlalchemy import select

    from yibiao.control.database import connect
    from yibiao.control.tables import form_file
    from yibiao.ingest.landing import object_path

    columns = form_file.c
    query = (
        select(columns.file_name, columns.rows_where)
        .where(columns.form == registration.form, columns.file_sha256 == registration.source_sha256)
        .order_by(columns.form_file_no.desc())
        .limit(1)
    )
    with connect(settings) as connection:
        found = connection.execute(query).first()
    if found is None:
        return None
    path = object_path(settings, registration.source_sha256)
    if not path.is_file():
        raise FormError(
            "The file of this form is not there any more.",
            where=f"form {registration.form}, {found.file_name}",
            expected="landing/objects as it was when the form was submitted",
            got="no file",
            todo="Submit the form again with the same file.",
        )
    return path, found.file_name, found.rows_where


def field_of(asked: AskedField, options: tuple[str, ...], schemas: Schemas, sure: Callable[[], float]) -> Field:
    """A field as it is filled: of what nobody shares, or of what nobody is sure, nothing is filled in.

    What nobody holds yet is asked by its element all the same: the answers are kept as that element, and fill it in in
    later forms.

    Args:
        options: what its drop-down offers; words that it does not offer are not filled in, for they could not be put
            back. Of a code list they are other words for the same.
        sure: gives the score from which nobody need look at what a matcher found.
    """
    kept = asked.supplied or (asked.verdict == "new" and asked.sharing != "none")
    element = schemas.elements.get(asked.element or "") if kept else None
    wording: tuple[tuple[str, str], ...] = ()
    if element is not None and element.code_list and not asked.derive and options:
        codes = schemas.codes[element.code_list].codes
        said = ((code.code, next((one for one in options if one in (code.name, *code.aliases)), "")) for code in codes)
        wording = tuple(one for one in said if one[1])
    return Field(
        header=asked.key,
        element=element.id if element else None,
        role=asked.role if element else None,
        derive=asked.derive if element else None,
        value=asked.value if element else None,
        concept=None if element else asked.concept or f"own_{asked.column + 1}",
        mode=asked.hand,
        choices=options if element is not None and element.type == "text" and not asked.derive else (),
        unit=_unit(asked.key),
        is_sure=asked.verdict != "confirm" and (asked.verdict != "new" or not element or _is_said(asked, sure)),
        wording=wording,
    )


def _is_said(asked: AskedField, sure: Callable[[], float]) -> bool:
    """Whether a human said what a field asks, or the matcher is as good as sure."""
    return asked.reasons[:1] == (SAID_ELEMENT,) or asked.score >= sure()


def _unit(header: str) -> str | None:
    """The unit that a header names, if it is one that is known."""
    found = (one[1] or one[2] for one in _UNIT.finditer(header))
    return next((one for one in found if one in UNITS), None)
