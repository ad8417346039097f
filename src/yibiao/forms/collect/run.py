"""Takes a folder of returned forms in: each file by itself, so that a bad one keeps no other back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from yibiao.contracts.reports import Report
from yibiao.contracts.values import Schemas
from yibiao.control.database import connect
from yibiao.errors import YibiaoError
from yibiao.files import sha256_file
from yibiao.forms.collect.compare import (
    ANSWERED,
    REFUSED,
    STRANGER,
    Compared,
    Row,
    compare,
)
from yibiao.forms.collect.contract import report_id, report_of
from yibiao.forms.collect.deliver import (
    ReturnedFile,
    confirmed_in,
    corrections_of,
    delivery_of,
    file_name,
    returned,
    write_delivery,
)
from yibiao.forms.collect.reading import Reading
from yibiao.forms.collect.recognise import OwnForms, recognised
from yibiao.forms.collect.reply import ENDING, ReturnRefused, said_of
from yibiao.forms.collect.sent import Sent, asking, sent
from yibiao.forms.confirmations import confirmations, record
from yibiao.forms.fill.areas import name_of
from yibiao.forms.model import Form
from yibiao.forms.returns import record_return
from yibiao.forms.tickets import open_tickets
from yibiao.settings import TIME_ZONE, Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TAKEN, REPEATED, REFUSED_FILE = "taken", "repeated", "refused"


@dataclass(frozen=True)
class Collected:
    """What became of one file.

    Attributes:
        state: `taken`, `repeated` (the very file was taken in before) or `refused` (nothing of it was taken).
        cells: outcome -> number of cells.
        tickets: corrections that became new tickets.
        delivery: file with the new values, relative to the data folder; empty if there are none.
        refused: place, header and reason of every refused cell.
        error: why the file was refused.
        said: the same in Chinese, for whoever sent it.
    """

    file: str
    state: str
    form: str = ""
    community: str = ""
    release: str = ""
    rows: int = 0
    missing: int = 0
    cells: Mapping[str, int] | None = None
    tickets: int = 0
    delivery: str = ""
    refused: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()
    error: Mapping[str, str] | None = None
    said: str = ""


def collect(
    settings: Settings,
    forms: Mapping[str, Form],
    schemas: Schemas,
    folder: Path,
    *,
    at: datetime | None = None,
    dry_run: bool = False,
) -> list[Collected]:
    """Take in every workbook below a folder.

    Args:
        at: when they came; now unless given.
        dry_run: look only; nothing is written.

    Returns:
        In the order of the files' names.
    """
    moment = at or datetime.now(ZoneInfo(TIME_ZONE))
    known = _known(settings)
    done: dict[Path, Collected] = {}
    files: list[ReturnedFile] = []
    departments = OwnForms(settings, schemas)
    every = (path for path in folder.rglob("*") if path.is_file())
    paths = sorted(path for path in every if not path.name.startswith((".", "~$")) and not path.name.endswith(ENDING))
    for path in paths:
        digest = sha256_file(path)
        if digest in known:
            done[path] = Collected(path.name, REPEATED)
            continue
        known.add(digest)
        try:
            files.append(recognised(path, digest, forms, schemas, departments))
        except YibiaoError as error:
            done[path] = Collected(path.name, REFUSED_FILE, error=error.as_dict(), said=said_of(error))
    for release in sorted({file.release for file in files}):
        own = [file for file in files if file.release == release]
        done |= _of_release(settings, schemas, release, own, moment, dry_run)
    return [done[path] for path in paths]


def _known(settings: Settings) -> set[str]:
    from sqlalchemy import select

    from yibiao.control.tables import form_answer

    with connect(settings) as connection:
        return set(connection.scalars(select(form_answer.c.file_sha256)))


def _of_release(
    settings: Settings, schemas: Schemas, version: str, files: Sequence[ReturnedFile], moment: datetime, dry_run: bool
) -> dict[Path, Collected]:
    from yibiao.warehouse.releases import find

    done: dict[Path, Collected] = {}
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(asking(find(settings, version).database, schemas))
        except YibiaoError as error:
            told = error.as_dict() | {"what": "The release that the form was filled from is not there any more."}
            gone = "预填所用的数据版本已不在，不能核对。请领取新的预填表，把更正和新填的内容填上再发送"
            return {file.path: Collected(file.path.name, REFUSED_FILE, error=told, said=gone) for file in files}
        for kind in sorted({file.kind for file in files}):
            own = [file for file in files if file.kind == kind]
            filled_with = confirmations(settings, until=kind[2])
            communities = {file.community for file in own}
            before = sent(connection, own[0].form, schemas, own[0].as_of, communities, filled_with)
            read = Reading(own[0].form, schemas)
            for file in own:
                try:
                    found = compare(file.book, before, file.community, schemas, file.path, read, file.own)
                    found = _without_strangers(connection, found, before, file, schemas)
                    done[file.path] = _kept(settings, schemas, file, before, found, moment, dry_run)
                except YibiaoError as error:
                    done[file.path] = Collected(
                        *(file.path.name, REFUSED_FILE, kind[0], file.community, version),
                        error=error.as_dict(),
                        said=said_of(error),
                    )
    return done


def _without_strangers(
    connection: DuckDBPyConnection, found: Compared, before: Sent, file: ReturnedFile, schemas: Schemas
) -> Compared:
    """Refuse added rows about somebody whom the release knows in another community; nothing is said of him."""
    entity = schemas.entities[before.form.rows.entity]
    kind = entity.id if "community_code" in entity.elements else "resident"
    keys = {name for key in schemas.entities[kind].keys for name in key}
    telling = [
        number
        for number, field in enumerate(before.form.fields)
        if field.role is None and not field.derive and field.element in keys
    ]
    rows = []
    for row in found.rows:
        stranger = False
        if row.sent is None:
            for cell in row.cells:
                if cell.outcome == ANSWERED and cell.field in telling:
                    column = before.form.fields[cell.field or 0].element
                    where = f"select 1 from {kind} where {column} = ? and community_code <> ?"
                    stranger |= bool(connection.execute(where, [cell.value, file.community]).fetchall())
        if stranger:
            cells = tuple(
                replace(one, outcome=REFUSED, reason=STRANGER, value="") if one.outcome == ANSWERED else one
                for one in row.cells
            )
            row = Row(row.line, None, cells, STRANGER)
        rows.append(row)
    return Compared(rows, found.missing, found.notes)


def _kept(
    settings: Settings,
    schemas: Schemas,
    file: ReturnedFile,
    before: Sent,
    found: Compared,
    moment: datetime,
    dry_run: bool,
) -> Collected:
    """Write down what a file says: new values first, then, in one transaction, that it was taken in."""
    from sqlalchemy import insert

    from yibiao.control.tables import form_answer

    form = file.form
    if found.is_nothing:
        return _refused_whole(file, found, schemas)
    delivery = delivery_of(form, schemas, file, found, moment)
    name = ""
    if delivery:
        name = f"{form.department}/{report_id(form).partition('.')[2]}/{file_name(form, file, moment)}"
        if not dry_run:
            target = settings.data / name
            write_delivery(target, delivery)
    corrected = corrections_of(schemas, file, before, found)
    opened = 0
    if not dry_run:
        with connect(settings) as connection:
            opened = open_tickets(connection, corrected, moment)
            record(connection, confirmed_in(file, before, found), moment)
            connection.execute(
                insert(form_answer).values(
                    file_sha256=file.digest,
                    form=form.id,
                    community_code=file.community,
                    release_version=file.release,
                    cells=found.cells,
                    delivery=name,
                    collected_at=moment.isoformat(timespec="seconds"),
                )
            )
        counted = returned(file, found)
        if counted.rows or not before.rows.get(file.community):  # an emptied sheet reports nothing, not even nobody
            record_return(settings, counted, at=moment)
    return Collected(
        file.path.name,
        TAKEN,
        form.id,
        file.community,
        file.release,
        rows=len(found.rows),
        missing=found.missing,
        cells=found.cells,
        tickets=len(corrected) if dry_run else opened,
        delivery=name,
        refused=_refused_cells(form, found),
        notes=tuple(found.notes),
    )


def _refused_whole(file: ReturnedFile, found: Compared, schemas: Schemas) -> Collected:
    """A file of which nothing can be taken: it is no return, and may come again when it is mended."""
    foreign = all(row.is_foreign for row in found.rows)
    named = f"{name_of(schemas, file.community)}（{file.community}）"
    error = ReturnRefused(
        "No row of the sheet is of the community that the hidden sheet names."
        if foreign
        else "No cell of the file can be taken.",
        where=file.path.name,
        expected=f"rows of the community {file.community}" if foreign else "cells that are filled in as the form asks",
        got=f"{found.cells[REFUSED]} refused cells",
        todo="Ask for the answers in the workbook that was sent to this very community."
        if foreign
        else "Send the reply back; it says which cells to mend.",
        said=f"标识页写的社区是{named}，表里却没有一行是这个社区的：标识页被改过，或拿了别的社区的表。"
        "请在发给本社区的原表里填写，再发送原表"
        if foreign
        else "填写的格子没有一格可以采用，原因见各格。请改正后重新发送",
    )
    return Collected(
        *(file.path.name, REFUSED_FILE, file.form.id, file.community, file.release),
        rows=len(found.rows),
        missing=found.missing,
        cells=found.cells,
        refused=_refused_cells(file.form, found),
        notes=tuple(found.notes),
        error=error.as_dict(),
        said=said_of(error),
    )


def _refused_cells(form: Form, found: Compared) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (cell.place, form.fields[cell.field].header if cell.field is not None else "", cell.reason)
        for row in found.rows
        for cell in row.cells
        if cell.outcome == REFUSED
    )


def known_report(form: str, schemas: Schemas) -> Report | None:
    """The report that takes the new values of a form in; None as long as its contract is not in the schemas folder."""
    found: Any = schemas.reports.get(report_of(form))
    return found
