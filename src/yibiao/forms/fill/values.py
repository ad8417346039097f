"""SQL of what a form's cell shows: names of codes, days, plain numbers, ages, yes and no; masked where it must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from yibiao.contracts.cells import ratio
from yibiao.contracts.kinds import UNITS
from yibiao.contracts.values import Element, Entity, Schemas
from yibiao.forms.model import Field
from yibiao.forms.paths import (
    GUARDIAN,
    HEAD,
    INFERRED,
    OWNER,
    PERSONS,
    Place,
    joins,
    of_child,
    offered_values,
    owner_told,
    place,
)
from yibiao.forms.template import drop_down
from yibiao.ingest.rules import sql_text

YES, NO = "是", "否"

NONE = "无"
REGISTERED = frozenset(
    {"disability_type_code", "disability_grade_code", "disability_certificate_number", "veteran_type_code"}
)
"""What a person has by being on a register that is complete: who is not on it has none."""

ENDED = "终止"
"""Name of the code of a benefit that is no longer paid: whoever had it once is no present recipient."""

_NUMBERS = frozenset({"citizen_id", "person_number", "number_text"})
_LOOSE = frozenset({"text", "name", "address", "number_text", "phone"})
"""Types whose values may hold any sign; the others cannot hold one that XML reserves."""


@dataclass(frozen=True)
class Cell:
    """What a field becomes in SQL over the joined row.

    Attributes:
        table, column: where the value stands; None where nothing answers.
        text: what is shown, NULL where nothing is known.
        record: number of the record that gave it, 0 where it follows from a list that is complete.
        is_masked: whether the text is shown in part.
        codes: code list whose names are shown, or None.
        is_inferred: whether no source says it: somebody has to look at it.
    """

    table: str | None
    column: str | None
    text: str
    record: str
    is_masked: bool = False
    codes: str | None = None
    is_inferred: bool = False


NOTHING = Cell(None, None, "null", "null")


def cell_of(schemas: Schemas, entity: str, field: Field, as_of: date, community: str) -> Cell:
    """The SQL of one field on a row of `entity`.

    Args:
        as_of: the day on which ages are meant.
        community: SQL of the community whose workbook it is: of another person nothing is shown who lives elsewhere.
    """
    where = place(schemas.entities, entity, field)
    if field.role == GUARDIAN and where.table == HEAD:
        return _guardian(schemas, field, as_of, community)
    if where.table is None or where.column is None:
        return NOTHING
    if field.derive == "exists":
        return _guarded(_existence(schemas, entity, field, where), schemas, entity, field, community)
    element = schemas.elements[field.element or ""]
    value, record = f"{where.table}.{where.column}", f"of_{where.table}.{where.column}"
    codes = None
    if field.derive == "age":
        text = f"date_sub('year', {value}, date '{as_of.isoformat()}')::varchar"
    elif element.type == "code" or element.type == "division_code":
        codes = element.code_list
        text = f"coalesce({named(where)}.name, {value})" if codes else value
        if field.wording:
            said = " ".join(f"when {sql_text(code)} then {sql_text(word)}" for code, word in field.wording)
            text = f"case {value} {said} else {text} end"
    else:
        text = _plain(value, element, field)
    masked = hides(element, field, schemas.entities[entity])
    if masked:
        text = mask(text)
    if element.id in REGISTERED and where.table == "resident":
        # Whoever has no number cannot be looked up in the register for sure.
        held = f"exists (select 1 from resident as listed where listed.{where.column} is not null)"
        sure = f"resident.citizen_id is not null and {held}"
        text = f"coalesce({text}, case when {sure} then '{NONE}' end)"
    if (offers := offered_values(field, schemas)) is not None:
        text = f"case when {value} is null or {value} in ({', '.join(map(sql_text, offers))}) then {text} end"
    if where.table == entity and names_person(schemas.entities[entity], element.id, community):
        text = f"case when resident.community_code = {community} then {text} end"
    inferred = field.role in INFERRED or not field.is_sure
    cell = Cell(where.table, where.column, text, record, masked, codes, inferred)
    return _guarded(cell, schemas, entity, field, community)


def names_person(entity: Entity, element: str, community: str) -> bool:
    """Whether an element of what happened in a community names a person, who may live in another one."""
    return element in entity.links.get("resident", ()) and not community.startswith("resident.")


def named(where: Place) -> str:
    """Alias of the join with the names of a column's codes."""
    return f"name_{where.table}_{where.column}"


def hides(element: Element, field: Field, entity: Entity) -> bool:
    """Whether a number is shown in part only: one of a sensitive element that does not tell the row's own entity.

    Whoever fills the form in has to tell apart the people on it, so that their own number stands there in full; the
    number of an account, or of a relative, is only to be recognised (GB/T 37964).
    """
    own = field.role is None and any(element.id in key for key in entity.keys)
    return (
        element.sensitivity == "sensitive" and element.type in _NUMBERS and not own and not _is_subject(field, entity)
    )


def _is_subject(field: Field, entity: Entity) -> bool:
    """A row about a person's benefit is told by that person's number."""
    return field.role is None and any(field.element in elements for elements in entity.links.values())


def offered(field: Field, schemas: Schemas) -> tuple[str, ...]:
    """What the drop-down of a cell offers: what may be filled in there too, so that a clerk can put it back."""
    choices = drop_down(field, schemas)
    registered = field.element in REGISTERED and not field.derive
    return (*choices, NONE) if choices and registered and NONE not in choices else choices


def mask(text: str) -> str:
    """SQL: the first six and last four signs of a long number, the last four of another (GB/T 37964)."""
    return (
        f"case when length({text}) >= 15 then left({text}, 6) || repeat('*', length({text}) - 10) || right({text}, 4)"
        f" when length({text}) > 4 then repeat('*', length({text}) - 4) || right({text}, 4)"
        f" else repeat('*', length({text})) end"
    )


def _plain(value: str, element: Element, field: Field) -> str:
    if element.type in ("decimal", "integer"):
        number = value
        if field.unit and element.unit and field.unit != element.unit and _same(field.unit, element.unit):
            number = f"({value} * {ratio(element.unit, field.unit)}::decimal(24, 9))"
        elif element.type == "integer":
            return f"{value}::varchar"
        return f"rtrim(rtrim({number}::varchar, '0'), '.')"
    if element.type in _LOOSE:
        return value
    return f"{value}::varchar"


def _same(unit: str, other: str) -> bool:
    return unit in UNITS and other in UNITS and UNITS[unit][0] == UNITS[other][0]


def is_loose(element: Element | None) -> bool:
    """Whether a value of this element may hold signs that XML reserves."""
    return element is None or element.type in _LOOSE


def subject_of(entities: Mapping[str, Entity], entity: str, where: Place) -> str:
    """The joined table whose row is asked for in a list: the list's own, or the one that the list links to."""
    table = where.table or entity
    if table in {entity, *PERSONS, *joins(entities, entity)}:
        return table
    return next(one for one in (entity, *joins(entities, entity)) if one in entities[table].links)


def _guardian(schemas: Schemas, field: Field, as_of: date, community: str) -> Cell:
    """A guardian by the register of households: the head, for a son or daughter of the head; to be confirmed."""
    head = cell_of(schemas, "resident", replace(field, role=HEAD), as_of, community)
    return replace(head, text=f"case when {of_child('true')} then {head.text} end", is_inferred=True)


def _existence(schemas: Schemas, entity: str, field: Field, where: Place) -> Cell:
    """Yes or no; a list that the release holds is complete, so that absence from it means no."""
    table, column = where.table or "", where.column or ""
    subject = subject_of(schemas.entities, entity, where)
    kind = "resident" if subject in PERSONS else subject
    key = schemas.entities[kind].id_column
    held = f"{column} = '{field.value}'" if field.value is not None else f"{column} is not null"
    listed = "resident" if table in PERSONS else table
    some = f"exists (select 1 from {listed} as listed where listed.{held})"
    if subject == table:
        yes = f"coalesce({table}.{held}, false)"
        record = f"coalesce(of_{table}.{column}, 0)"
    else:
        current = _current(schemas, listed)
        yes = f"{subject}.{key} in (select {key} from {listed} where {held} and {key} is not null{current})"
        record = "0"
    text = f"case when {subject}.{key} is not null and {some} then case when {yes} then '{YES}' else '{NO}' end end"
    return Cell(subject, column, text, record)


def _current(schemas: Schemas, table: str) -> str:
    """Only benefits that are not ended; a list without such a state has nothing to leave out."""
    column = next((one for one in schemas.entities[table].elements if one.endswith("benefit_status_code")), None)
    if column is None:
        return ""
    ended = [code.code for code in schemas.codes[schemas.elements[column].code_list or ""].codes if code.name == ENDED]
    return "".join(f" and {column} is distinct from '{code}'" for code in ended)


def _guarded(cell: Cell, schemas: Schemas, entity: str, field: Field, community: str) -> Cell:
    """The same, empty where it speaks of another person than the row's own, who belongs to another community."""
    if field.role == OWNER:
        told = owner_told(schemas.entities, entity, field, Place(cell.table, cell.column), community)
        return cell if told is None else replace(cell, text=f"case when {told} then {cell.text} end")
    person = "resident" if cell.table in PERSONS else cell.table
    if person != "resident" or cell.table == entity or community == f"{cell.table}.community_code":
        return cell
    here = f"{cell.table}.community_code = {community}"
    if cell.table in PERSONS:
        # The head of a household that is registered here belongs here, wherever he lives; so do husband and wife.
        here = f"({here} or household.community_code = {community})"
    return replace(cell, text=f"case when {here} then {cell.text} end")
