"""Why a golden record is what it is: per element the value, its source, the rule that chose it, and why rivals lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from yibiao.contracts.survivorship import ONLY, TEXTS
from yibiao.contracts.values import Element, Entity, Schemas
from yibiao.errors import ReleaseError
from yibiao.ingest.packages import MANIFEST, read_package, sheet_of
from yibiao.settings import Settings
from yibiao.warehouse.query import entities_in, open_release
from yibiao.warehouse.reasons import view_name
from yibiao.warehouse.releases import Release

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SOURCE = "record_no, department, report, edition, load_id, delivery_sha256, file_name as file, row_no as row"


def explain(
    release: Release, schemas: Schemas, entity_id: str, element: str | None = None, settings: Settings | None = None,
    counted: Future[int] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Explain one golden record, or one element of it, by the rules of the release.

    Args:
        schemas: elements and entities, in whose order is explained.
        entity_id: id of a resident, household, dwelling, organisation, benefit or event.
        element: only this one; by default all that have a value.
        settings: of the working folder, in whose lake is looked up which sheet of a workbook a row stands in.
        counted: what `counting_records` is about to say; by default it is counted here.

    Returns:
        `release`, `entity`, `id`, `records` (source records about it) and `elements`, each with `element`, `name`,
        `value`, `text` (the name of a code), `rule` (`only`, a criterion of the element, `authority`, `day`, `order` or
        `replaced`), `rule_text`,
        `authority` (departments in order), `source` (`record_no`, `department`, `report`, `edition`, `load_id`,
        `delivery_sha256`, `file`, `sheet` (null if it is no workbook), `row`, and for a disputed element `as_of` and,
        if it has one, `checked_date`; for a correction `ticket`, see `corrections.told`) and `rivals`: the same as a
        source with `value`, `text`, `lost_by` and `lost_text`.

    Raises:
        ReleaseError: the release has no such entity, the entity no such element, or the release gives no reasons.
    """
    import duckdb

    with open_release(release.database) as connection:
        entity = entity_of(connection, schemas, entity_id, "yibiao why")
        need_element(entity, element, "yibiao why")
        try:
            claims = _claims(connection, entity, entity_id, element)
        except duckdb.CatalogException:
            need_reasons(connection, release, entity)  # asked now only: to list all views takes as long as the answer
            raise
        every = [one for told in claims.values() for one in told]
        sheets, tickets = _Sheets(settings), _tickets(settings, every)
        for claim in every:
            claim["sheet"] = sheets.of(claim)
            claim["ticket"] = tickets.get(-claim["record_no"])
    total = counted.result() if counted else _records(release, entity_id)
    return {
        "release": release.version,
        "entity": entity.id,
        "id": entity_id,
        "records": total,
        "elements": [
            _explained(schemas.elements[name], claims.get(name, []), schemas)
            for name in entity.elements
            if name in claims or name == element
        ],
    }


@contextmanager
def counting_records(release: Release, entity_id: str) -> Iterator[Future[int]]:
    """How many source records speak of an entity, counted while something else is done.

    The crosswalk is in the order of records, so that all of it is read to count those of one entity. That takes as long
    as the rest of the answer, and needs nothing of it.
    """
    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(_records, release, entity_id)


def _records(release: Release, entity_id: str) -> int:
    """How many source records speak of whatever has this id; 0 if nothing has."""
    with open_release(release.database) as connection:
        for name in entities_in(connection, release.database.stem):
            if connection.execute(f"select 1 from {name} where {name}_id = ?", [entity_id]).fetchall():
                asked = f"select count(*) from {name}_crosswalk where {name}_id = ?"
                return connection.execute(asked, [entity_id]).fetchall()[0][0]
    return 0


def _tickets(settings: Settings | None, claims: Iterable[Mapping[str, Any]]) -> Mapping[int, Any]:
    """The tickets that gave values, by number."""
    numbers = {-claim["record_no"] for claim in claims if claim["record_no"] < 0}
    if settings is None or not numbers:
        return {}
    from yibiao.warehouse.corrections import told  # forms are of no use to whom no ticket is shown

    return told(settings, numbers)


class _Sheets:
    """Which sheet of a workbook a row stands in, by the manifests in the lake; each is read once."""

    def __init__(self, settings: Settings | None) -> None:
        self._settings = settings
        self._manifests: dict[str, Mapping[str, Any]] = {}

    def of(self, claim: Mapping[str, Any]) -> str | None:
        load_id = claim["load_id"]
        if self._settings is None or load_id is None:  # a ticket is no row of any file
            return None
        if load_id not in self._manifests:
            department, _, name = claim["report"].partition(".")
            folder = self._settings.lake / department / name / f"load={load_id}"
            self._manifests[load_id] = read_package(folder).manifest if (folder / MANIFEST).is_file() else {}
        return sheet_of(self._manifests[load_id], claim["row"])


def need_element(entity: Entity, element: str | None, where: str) -> None:
    """Refuse an element that the entity does not have.

    Raises:
        ReleaseError: it has none of this name.
    """
    if element is not None and element not in entity.elements:
        raise ReleaseError(
            "The entity has no such element.",
            where=f"{where}, {entity.id}",
            expected=" or ".join(entity.elements),
            got=element,
            todo="Name one of these, or none for all.",
        )


def need_reasons(connection: DuckDBPyConnection, release: Release, entity: Entity) -> None:
    """Refuse a release without the view `<entity>_why`, made before there were any.

    Raises:
        ReleaseError: there is none.
    """
    if not connection.execute("from duckdb_views() where view_name = ?", [view_name(entity)]).fetchall():
        raise ReleaseError(
            "The release does not say why its values are what they are.",
            where=release.version,
            expected=f"the view {view_name(entity)}",
            todo="An older program made it. The next `yibiao run` makes one that does.",
        )


def changed_since(release: Release, schemas: Schemas) -> bool:
    """Whether what the registry decides of a release is something else now than when the release was made."""
    from yibiao.warehouse.inputs import registry_digest

    return release.manifest["inputs"]["parts"]["registry"] != registry_digest(schemas)


def entity_of(connection: DuckDBPyConnection, schemas: Schemas, entity_id: str, where: str) -> Entity:
    """The entity, by the id of one in a release.

    Raises:
        ReleaseError: there is none with this id.
    """
    for entity in schemas.entities.values():
        found = connection.execute(f"select 1 from {entity.id} where {entity.id_column} = ?", [entity_id]).fetchall()
        if found:
            return entity
    raise ReleaseError(
        "No entity has this id.",
        where=where,
        expected="an id of the release, 24 hexadecimal digits",
        got=f"{len(entity_id)} characters",  # whoever types a citizen number here should not find it in a log
        todo='Find ids with, for example: yibiao query "select resident_id from resident limit 5". Where the id of an'
        " earlier release leads by now: yibiao identity where ID",
    )


def _claims(
    connection: DuckDBPyConnection, entity: Entity, entity_id: str, element: str | None
) -> dict[str, list[dict[str, Any]]]:
    """By element, what the records of the entity state: all where they differ, else the one that gave the value."""
    wanted = "" if element is None else " and element = ?"
    result = connection.execute(
        f"select element, value, rule, rule_text, is_chosen, lost_by, lost_text, as_of, checked_date, {_SOURCE}"
        f" from {view_name(entity)} where {entity.id_column} = ?{wanted} order by record_no",
        [entity_id] if element is None else [entity_id, element],
    )
    names = [column[0] for column in result.description or []]
    found: dict[str, list[dict[str, Any]]] = {}
    for row in result.fetchall():
        claim = dict(zip(names, row, strict=True))
        found.setdefault(claim["element"], []).append(claim)
    return found


def _explained(element: Element, claims: Sequence[dict[str, Any]], schemas: Schemas) -> dict[str, Any]:
    def text(value: str | None) -> str | None:
        code = schemas.codes[element.code_list].by_code.get(value) if element.code_list and value else None
        return code.name if code else value

    chosen = next((claim for claim in claims if claim["is_chosen"]), None)
    return {
        "element": element.id,
        "name": element.name,
        "value": chosen["value"] if chosen else None,
        "text": text(chosen["value"]) if chosen else None,
        "rule": chosen["rule"] if chosen else ONLY,
        "rule_text": chosen["rule_text"] if chosen else TEXTS[ONLY],
        "authority": list(element.authority),
        "source": _source(chosen) if chosen else None,
        "rivals": [
            {
                "value": claim["value"],
                "text": text(claim["value"]),
                **_source(claim),
                "lost_by": claim["lost_by"],
                "lost_text": claim["lost_text"],
            }
            for claim in claims
            if claim["lost_by"] is not None
        ],
    }


def _source(claim: dict[str, Any]) -> dict[str, Any]:
    keys = ("record_no", "department", "report", "edition", "load_id", "delivery_sha256", "file", "sheet", "row")
    days = {key: claim[key].isoformat() for key in ("as_of", "checked_date") if claim[key] is not None}
    ticket = {"ticket": claim["ticket"]} if claim["ticket"] else {}
    return {key: claim[key] for key in keys} | days | ticket
