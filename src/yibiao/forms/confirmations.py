"""What was confirmed on returned forms (核对记录): nobody is asked again for what somebody has looked at.

A confirmation is about one value of one entity. It holds as long as the value is the same and no longer than its data
element stays good; whoever says later that the value is wrong ends it. They live in the control database alone, with
the value as it was, as tickets keep theirs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from yibiao.contracts.values import Schemas
from yibiao.control.database import connect
from yibiao.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlalchemy import Connection

_UNTIL = re.compile(r"([0-9]{1,15})/([0-9]{1,15})")


@dataclass(frozen=True)
class Confirmed:
    """A value that somebody let stand; `value` as the registry writes it."""

    form: str
    community_code: str
    release_version: str
    entity: str
    entity_id: str
    element: str
    value: str
    file_sha256: str


@dataclass(frozen=True)
class Known:
    """A confirmation that counts.

    Attributes:
        on: the day on which the form came back.
    """

    entity: str
    entity_id: str
    element: str
    value: str
    on: date
    form: str
    community_code: str


@dataclass(frozen=True)
class Confirmations:
    """What was confirmed up to some moment.

    Attributes:
        known: of each value the last one, in order of entity, id and element.
        until: names the moment, so that a workbook can say what it was filled with; empty if nothing was confirmed.
        titles: form -> title, for whoever is told.
    """

    known: tuple[Known, ...] = ()
    until: str = ""
    titles: Mapping[str, str] | None = None

    def put(self, connection: DuckDBPyConnection, schemas: Schemas, as_of: date) -> Shown:
        """Make the tables `confirmed_<entity>` in a release: a column for each element, the number of a text or null.

        Only what is still so, and good on the day `as_of`.
        """
        import pyarrow as pa

        texts: dict[str, int] = {}
        lines: dict[str, list[tuple[str, str, str, int]]] = {}
        for one in self.known:
            entity, element = schemas.entities.get(one.entity), schemas.elements.get(one.element)
            if entity is None or element is None or one.element not in entity.elements:
                continue
            if element.max_age_days is None or one.on >= as_of - timedelta(days=element.max_age_days):
                said = texts.setdefault(self._text(one, schemas), len(texts) + 1)
                lines.setdefault(one.entity, []).append((one.entity_id, one.element, one.value, said))
        shown = {}
        for name, found in lines.items():
            key = schemas.entities[name].id_column
            elements = sorted({element for _, element, _, _ in found})
            is_same = "said.element = '{0}' and said.value = {1}.{0}::varchar"
            same = ", ".join(
                f"max(case when {is_same.format(one, name)} then said.text end) as {one}" for one in elements
            )
            columns = zip(("id", "element", "value", "text"), zip(*found, strict=True), strict=True)
            connection.register("confirmed_said", pa.table({column: list(values) for column, values in columns}))
            connection.execute(
                f"create or replace temp table confirmed_{name} as select {name}.{key}, {same}"
                f" from {name} join confirmed_said as said on said.id = {name}.{key} group by {name}.{key}"
            )
            connection.unregister("confirmed_said")
            shown[name] = frozenset(elements)
        return Shown(shown, tuple(texts))

    def _text(self, one: Known, schemas: Schemas) -> str:
        code_list = schemas.codes[schemas.elements["community_code"].code_list or ""]
        place = code_list.by_code.get(one.community_code)
        title = (self.titles or {}).get(one.form)
        by = f"{place.name if place else one.community_code}{f'在《{title}》中' if title else ''}"
        return f"{one.on.isoformat()} 由{by}核对无误"


@dataclass(frozen=True)
class Shown:
    """What the tables `confirmed_<entity>` of a connection hold.

    Attributes:
        elements: entity -> elements of which it has a column.
        texts: what a cell says of its confirmation; the tables number them from 1.
    """

    elements: Mapping[str, frozenset[str]]
    texts: tuple[str, ...] = ()


NONE = Confirmations()
NOTHING_SHOWN = Shown({})


def record(connection: Connection, found: Sequence[Confirmed], at: datetime) -> None:
    """Write down what a returned form confirms."""
    from sqlalchemy import insert

    from yibiao.control.tables import form_confirmation

    rows = [{**vars(one), "confirmed_at": at.isoformat(timespec="seconds")} for one in dict.fromkeys(found)]
    if rows:
        connection.execute(insert(form_confirmation), rows)


def confirmations(
    settings: Settings, *, until: str | None = None, titles: Mapping[str, str] | None = None
) -> Confirmations:
    """What was confirmed and not said to be wrong since.

    Args:
        until: as it was when `Confirmations.until` was this; None: as it is now.
        titles: form -> title.
    """
    from sqlalchemy import func, select

    from yibiao.control.tables import form_confirmation, ticket

    if until == "":
        return Confirmations((), "", titles)
    told, wrong = form_confirmation.c, ticket.c
    with connect(settings) as connection:
        if until is None:
            last = connection.execute(select(func.max(told.form_confirmation_no))).scalar() or 0
            ticket_no = connection.execute(select(func.max(wrong.ticket_no))).scalar() or 0
        else:
            last, ticket_no = _read(until)
        doubted: dict[tuple[str, str, str], datetime] = {}
        tickets = select(wrong.entity, wrong.entity_id, wrong.element, wrong.opened_at)
        for one in connection.execute(tickets.where(wrong.ticket_no <= ticket_no).order_by(wrong.ticket_no)):
            doubted[one.entity, one.entity_id, one.element] = datetime.fromisoformat(one.opened_at)
        found: dict[tuple[str, str, str], Known | None] = {}
        names = ("entity", "entity_id", "element", "value", "confirmed_at", "form", "community_code")
        rows = select(*(told[name] for name in names)).where(told.form_confirmation_no <= last)
        for row in connection.execute(rows.order_by(told.form_confirmation_no)):
            place, at = (row.entity, row.entity_id, row.element), datetime.fromisoformat(row.confirmed_at)
            made = Known(*place, row.value, at.date(), row.form, row.community_code)
            found[place] = made if place not in doubted or at > doubted[place] else None
    known = tuple(one for _, one in sorted(found.items()) if one is not None)
    return Confirmations(known, f"{last}/{ticket_no}" if last else "", titles)


def _read(until: str) -> tuple[int, int]:
    """The numbers that `Confirmations.until` is made of; nothing counts if somebody changed it into something else."""
    found = _UNTIL.fullmatch(until)
    return (int(found[1]), int(found[2])) if found else (0, 0)
