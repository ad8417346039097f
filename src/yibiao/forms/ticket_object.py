"""Whose cell a ticket is about (工单对象): what tells the person or thing apart, numbers and names shown in part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from yibiao.contracts.values import Element, Entity, Schemas
from yibiao.forms.tickets import Ticket
from yibiao.ingest.rules import quote
from yibiao.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PERSON = "resident"


@dataclass(frozen=True)
class Told:
    """What tells somebody or something apart.

    Attributes:
        entity: of whom it is: the entity of the ticket, or the resident that it belongs to.
        entity_id: the present id; a node that linkage put into another entity bears that one's.
        texts: element -> what is shown of its value.
    """

    entity: str
    entity_id: str
    texts: dict[str, str]


@dataclass(frozen=True)
class InReleases:
    """How a ticket stands to the releases.

    Attributes:
        release: version of the current one; empty before the first.
        is_applied: whether the current one has the correction.
        told: the object of the ticket, and the resident that it belongs to; empty if no release knows it any more.
        told_by: version of the release that told; the one that the form was filled from if the current one does not.
    """

    release: str = ""
    is_applied: bool = False
    told: tuple[Told, ...] = ()
    told_by: str = ""


def in_releases(settings: Settings, ticket: Ticket, schemas: Schemas) -> InReleases:
    """Ask the current release about a ticket, and of an object that it does not know the release of the form."""
    from yibiao.warehouse.query import open_release
    from yibiao.warehouse.releases import available, every

    current = available(settings)
    version, is_applied = (current.version if current else ""), False
    asked = [one for one in every(settings) if one.version == ticket.found.release_version]
    for release in [*([current] if current else []), *asked]:
        with open_release(release.database) as connection:
            present = _applied(connection, ticket)
            is_applied |= present is not None and release is current
            told = _told(connection, ticket.found.entity, present or ticket.found.entity_id, schemas)
        if told:
            return InReleases(version, is_applied, told, release.version)
    return InReleases(version, is_applied)


def masked_name(name: str) -> str:
    """The first sign of a personal name (GB/T 37964): with the number it is enough to recognise somebody."""
    return name[:1] + "*" * (len(name) - 1)


def shown(value: str, element: Element) -> str:
    """What may be shown of a value that tells somebody: of a name its first sign, of a sensitive number its ends."""
    from yibiao.warehouse.one_subject import masked_number

    if element.sensitivity in ("public", "internal"):
        return value
    if element.type == "name":
        return masked_name(value)
    return masked_number(value) if element.sensitivity == "sensitive" else value


def _applied(connection: DuckDBPyConnection, ticket: Ticket) -> str | None:
    """The id that the object of a ticket bears in a release that applied it; None of one that did not."""
    from yibiao.warehouse.reasons import CORRECTIONS

    if not _columns(connection, CORRECTIONS):  # a release without corrections has no such table
        return None
    query = f"select entity_id from {CORRECTIONS} where ticket_no = ?"
    found = connection.execute(query, [ticket.ticket_no]).fetchone()
    return None if found is None else str(found[0])


def _told(connection: DuckDBPyConnection, entity: str, entity_id: str, schemas: Schemas) -> tuple[Told, ...]:
    kind, person = schemas.entities.get(entity), schemas.entities[PERSON]
    own = _one(connection, kind, entity_id, schemas) if kind is not None else None
    if kind is None or own is None:
        return ()
    if PERSON not in kind.links or person.id_column not in _columns(connection, entity):
        return (own,)
    query = f"select {quote(person.id_column)} from {quote(entity)} where {quote(kind.id_column)} = ?"
    (whose,) = connection.execute(query, [entity_id]).fetchone() or (None,)
    of = _one(connection, person, str(whose), schemas) if whose is not None else None
    return (own,) if of is None else (own, of)


def _one(connection: DuckDBPyConnection, entity: Entity, entity_id: str, schemas: Schemas) -> Told | None:
    known = _columns(connection, entity.id)
    if entity.id_column not in known:
        return None
    wanted = [name for name in telling(entity, schemas) if name in known]
    columns = ", ".join(f"{quote(name)}::varchar" for name in (entity.id_column, *wanted))
    row = connection.execute(
        f"select {columns} from {quote(entity.id)} where {quote(entity.id_column)} = ?", [entity_id]
    ).fetchone()
    if row is None:
        return None
    texts = {
        name: shown(_named(value, name, schemas), schemas.elements[name])
        for name, value in zip(wanted, row[1:], strict=True)
        if value
    }
    return Told(entity.id, str(row[0]), texts)


def telling(entity: Entity, schemas: Schemas) -> list[str]:
    """Elements by which somebody or something is told: its own name, then its certain keys."""
    named = [name for name in entity.elements if name == f"{entity.id}_name"]
    keys = [name for key in entity.keys for name in key]
    return [name for name in dict.fromkeys((*named, *keys)) if name in schemas.elements]


def _named(value: str, element: str, schemas: Schemas) -> str:
    listed = schemas.elements[element].code_list
    known = schemas.codes[listed].by_code if listed else {}
    return known[value].name if value in known else value


def _columns(connection: DuckDBPyConnection, table: str) -> set[str]:
    rows = connection.execute("select column_name from duckdb_columns() where table_name = ?", [table]).fetchall()
    return {name for (name,) in rows}
