"""What was sent out: the rows of a form as they stood in a community's workbook, asked anew of the same release."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from yibiao.contracts.values import Schemas
from yibiao.forms.collect.contract import report_of
from yibiao.forms.confirmations import NONE, Confirmations
from yibiao.forms.fill.select import AUTOMATIC, CONFIRM, NEW, Asked, ask, limits_by_age, prepare, status_of
from yibiao.forms.model import Form
from yibiao.forms.paths import PERSONS
from yibiao.forms.released import released

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BATCH = 10_000


@dataclass(frozen=True)
class SentRow:
    """One row as it was filled.

    Attributes:
        id: of the row's entity.
        texts: per field what was shown, None where nothing was known.
        statuses: per field `automatic`, `confirm` or `new`.
        values: per field the value in full, as the registry writes it; None where there is none, or it is derived.
        owners: per field the id of the entity whose value it is, or None.
        keys: certain keys of the row's entity: element -> value.
        own: fields whose value people answered in this very form: what is written over it is a newer answer, and no
            correction of what somebody else is responsible for.
    """

    id: str
    texts: tuple[str | None, ...]
    statuses: tuple[str, ...]
    values: tuple[str | None, ...]
    owners: tuple[str | None, ...]
    keys: Mapping[str, str | None]
    own: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Sent:
    """A form as it went to some communities.

    Attributes:
        rows: community -> rows by id, in the order of the workbook.
        tables: per field the entity whose value it is, or None.
    """

    form: Form
    asked: Asked
    tables: tuple[str | None, ...]
    rows: Mapping[str, Mapping[str, SentRow]]


@contextmanager
def asking(database: Path, schemas: Schemas) -> Iterator[DuckDBPyConnection]:
    """A release, ready to be asked what was sent out."""
    from yibiao.warehouse.query import open_release

    with open_release(database) as connection:
        prepare(connection, released(connection, schemas))
        yield connection


def sent(
    connection: DuckDBPyConnection,
    form: Form,
    schemas: Schemas,
    as_of: date,
    communities: Collection[str],
    confirmations: Confirmations = NONE,
) -> Sent:
    """The rows of a form in some communities; see `asking`.

    Args:
        confirmations: those that it was filled with.
    """
    schemas = released(connection, schemas)
    entity = schemas.entities[form.rows.entity]
    ages = limits_by_age(connection, schemas, as_of)
    plain = ask(form, schemas, as_of, ages, communities)
    more: dict[str, str] = {}
    tables: list[str | None] = []
    for number, (field, cell) in enumerate(zip(form.fields, plain.cells, strict=True)):
        table = "resident" if cell.table in PERSONS else cell.table
        tables.append(table)
        if cell.table is not None and table is not None:
            more[f"p{number}"] = f"{cell.table}.{schemas.entities[table].id_column}"
            if not field.derive:
                more[f"v{number}"] = f"{cell.table}.{cell.column}::varchar"
    keys = list(dict.fromkeys(name for key in entity.keys for name in key))
    more |= {f"k_{name}": f"{entity.id}.{name}::varchar" for name in keys}
    confirmed = confirmations.put(connection, schemas, as_of).elements
    asked = ask(form, schemas, as_of, ages, communities, more=more, confirmed=confirmed)
    loads = connection.execute("select first_record_no, report from load order by first_record_no").fetchall()
    firsts, own = [first for first, _ in loads], [report == report_of(form.id) for _, report in loads]

    def is_own(record: int | None) -> bool:
        return record is not None and record > 0 and own[bisect_left(firsts, record) - 1]

    connection.execute(asked.picked)
    result = connection.execute(asked.sql)
    names = [column[0] for column in result.description or []]
    place = {name: at for at, name in enumerate(names)}
    rows: dict[str, dict[str, SentRow]] = {code: {} for code in communities}
    while found := result.fetchmany(BATCH):
        for one in found:
            rows[one[place["community"]]][one[place["id"]]] = _row(one, place, asked, keys, is_own)
    return Sent(form, asked, tuple(tables), rows)


def _row(
    one: Sequence[object],
    place: Mapping[str, int],
    asked: Asked,
    keys: Sequence[str],
    is_own: Callable[[int | None], bool],
) -> SentRow:
    count = len(asked.cells)

    def text(name: str) -> str | None:
        value = one[place[name]] if name in place else None
        return None if value is None else str(value)

    texts = tuple(text(f"t{number}") for number in range(count))
    disputed, statuses, own = one[place["disputed"]], [], set()
    for number in range(count):
        record = one[place[f"r{number}"]]
        known = None if texts[number] is None else int(record) if record is not None else 0  # type: ignore[call-overload]
        looked_at = number in asked.confirmed and one[place[f"c{number}"]] is not None
        if is_own(known):
            own.add(number)
        statuses.append(status_of(asked, number, known, int(disputed or 0), looked_at))  # type: ignore[call-overload]
    return SentRow(
        id=str(one[place["id"]]),
        texts=texts,
        statuses=tuple(statuses),
        values=tuple(text(f"v{number}") for number in range(count)),
        owners=tuple(text(f"p{number}") for number in range(count)),
        keys={name: text(f"k_{name}") for name in keys},
        own=frozenset(own),
    )


__all__ = ["AUTOMATIC", "CONFIRM", "NEW", "Sent", "SentRow", "asking", "sent"]
