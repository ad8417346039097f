"""What a returned form becomes: a delivery of its new values, tickets, a line of the burden account."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from yibiao.contracts.values import Schemas
from yibiao.forms.collect.compare import ANSWERED, BLANK, CONFIRMED, CORRECTED, UNCHANGED, Cell, Compared
from yibiao.forms.collect.contract import AS_OF, asked_of, own_columns
from yibiao.forms.collect.sent import Sent, SentRow
from yibiao.forms.collect.workbook import Book
from yibiao.forms.confirmations import Confirmed
from yibiao.forms.fill.pages import CONFIRMED_UNTIL
from yibiao.forms.fill.run import safe
from yibiao.forms.model import Form
from yibiao.forms.returns import Return
from yibiao.forms.tickets import EXISTS, FileCell, Found
from yibiao.forms.workbook.own import OwnForm


@dataclass(frozen=True)
class ReturnedFile:
    """A workbook that is the form that it says it is."""

    path: Path
    digest: str
    book: Book
    form: Form
    community: str
    number: str
    release: str
    as_of: date
    own: OwnForm | None = None

    @property
    def kind(self) -> tuple[str, int, str]:
        """Form, registration, and with which confirmations it was filled: files of one kind were asked alike."""
        return self.form.id, self.own.registration_no if self.own else 0, self.book.facts.get(CONFIRMED_UNTIL, "")


def returned(file: ReturnedFile, found: Compared) -> Return:
    """The return as the burden account counts it: every cell by the way in which it was filled.

    Rows that are refused whole count in none: they are another community's, or stand there twice.
    """
    modes = {"typed": 0, "picked": 0, "confirmed": 0, "automatic": 0}
    rows = [row for row in found.rows if not row.problem]
    for row in rows:
        for cell in row.cells:
            if cell.outcome in (UNCHANGED, CONFIRMED):
                modes["automatic" if cell.outcome == UNCHANGED else "confirmed"] += 1
            elif cell.outcome != BLANK:
                modes["typed" if cell.field is None else file.form.fields[cell.field].mode] += 1
    period = file.as_of.isoformat()[:7]
    return Return(
        form=file.form.id,
        control_number=file.number or None,
        community_code=file.community,
        period=period,
        rows=len(rows),
        typed=modes["typed"],
        picked=modes["picked"],
        confirmed=modes["confirmed"],
        automatic=modes["automatic"],
        digest=file.digest,
    )


def corrections_of(schemas: Schemas, file: ReturnedFile, before: Sent, found: Compared) -> list[Found]:
    """The corrections of a file, each for the authority of its element."""
    result = []
    for row in found.rows:
        for cell in row.cells:
            if cell.outcome == CORRECTED and row.sent is not None and cell.field is not None:
                result.append(_found(schemas, file, before, row.sent, cell))
    return result


def confirmed_in(file: ReturnedFile, before: Sent, found: Compared) -> list[Confirmed]:
    """The values of a file that were to be confirmed and stand as they were.

    What is inferred, or follows from other values, is no value that anybody states.
    """
    result = []
    for row in found.rows:
        for cell in row.cells:
            if cell.outcome != CONFIRMED or row.sent is None or cell.field is None:
                continue
            number = cell.field
            asked, element = before.asked.cells[number], before.asked.cells[number].column
            entity, owner, value = before.tables[number], row.sent.owners[number], row.sent.values[number]
            if entity and element and owner and value and not asked.is_inferred:
                kept = (entity, owner, element, value, file.digest)
                result.append(Confirmed(file.form.id, file.community, file.release, *kept))
    return result


def _found(schemas: Schemas, file: ReturnedFile, before: Sent, row: SentRow, cell: Cell) -> Found:
    number = cell.field or 0
    field = file.form.fields[number]
    # What was corrected is the value where it stands: of the owner of a dwelling, the dwelling's.
    element = before.asked.cells[number].column or field.element or ""
    authority = schemas.elements[element].authority if element else ()
    return Found(
        form=file.form.id,
        community_code=file.community,
        release_version=file.release,
        entity=before.tables[number] or file.form.rows.entity,
        entity_id=row.owners[number] or row.id,
        element=element + EXISTS if field.derive == "exists" else element,
        department=authority[0] if authority else file.form.department,
        value_before=row.values[number] or row.texts[number] or "",
        value=cell.value,
        header=field.header,
        file_sha256=file.digest,
        cell=FileCell(file.path.name, file.book.sheet, cell.place),
    )


def delivery_of(form: Form, schemas: Schemas, file: ReturnedFile, found: Compared, moment: datetime) -> bytes:
    """The new values as a delivery of the form's own contract; empty if there are none."""
    columns = own_columns(form, schemas)
    by_place = {(one.element, one.role): one.name for one in columns if one.element}
    by_field = {one.field: one.name for one in columns if one.field is not None}
    lines = []
    for row in found.rows:
        new = {cell.field or 0: cell.value for cell in row.cells if cell.outcome == ANSWERED}
        if not new:
            continue
        line = dict.fromkeys((one.name for one in columns), "")
        line["community_code"], line[AS_OF] = file.community, moment.date().isoformat()
        for number, value in new.items():
            field = form.fields[number]
            element, role = asked_of(form, schemas, field)
            name = by_field.get(number) or by_place.get((element or "", role))
            if name and not line[name]:
                line[name] = value
        if row.sent is not None:
            line |= {name: value or line.get(name, "") for name, value in row.sent.keys.items()}
        lines.append(line)
    if not lines:
        return b""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([one.header for one in columns])
    for line in lines:
        writer.writerow([line[one.name] for one in columns])
    return stream.getvalue().encode()


def write_delivery(target: Path, content: bytes) -> None:
    """Write a delivery in one step, for its owner's eyes: it holds personal data."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".form-", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)


def file_name(form: Form, file: ReturnedFile, moment: datetime) -> str:
    """The name of the delivery: the day of its edition, the community, and the beginning of the file's hash."""
    return f"{safe(form.title)}_{moment:%Y%m%d}_{file.community}_{file.digest[:8]}.csv"
