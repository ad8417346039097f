"""Makes a registration out of what a department hands in: a form file, or a form of `schemas/forms`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from yibiao.contracts.values import Schemas
from yibiao.errors import AdmissionError
from yibiao.forms.account.costs import cost_of
from yibiao.forms.admission.fields import BY_HAND, AskedField, Assessor, find_field, with_modes
from yibiao.forms.admission.states import Registration
from yibiao.forms.burden import PRESENT
from yibiao.forms.count import Counts
from yibiao.forms.model import Form, Rows, field_lists

MOST_TIMES = 366

_TITLE = re.compile(
    r"[^＿_:：]{3,}(?:表|册|账|单|卡|书|簿|记录|档案|情况|报告|申请|登记|统计|汇总)(?:[（(][^）)]*[）)])?"
)

_ID = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Request:
    """What a department says of a form; what it leaves out (None) comes from the form and the release where they know.

    Attributes:
        form: its id; of a file made from department and title unless given.
        title: of a file its first title unless given.
        respondents: returns of one filling.
        rows: rows of one filling, of all respondents together.
        modes: field -> mode.
        means: field -> element, or `new`: what a field asks where the matcher doubts.
        prefill: let the system fill in whatever sharing supplies.
    """

    department: str
    owner: str
    legal_basis: str
    expires: date
    form: str | None = None
    title: str | None = None
    entity: str | None = None
    respondents: int | None = None
    rows: int | None = None
    times_a_year: int | None = None
    modes: Mapping[str, str] = field(default_factory=dict)
    means: Mapping[str, str] = field(default_factory=dict)
    prefill: bool = False


def of_file(path: Path, request: Request, assessor: Assessor, schemas: Schemas) -> Registration:
    """A registration of a form file.

    Raises:
        DeliveryError: no form can be read from it.
        AdmissionError: something is missing or cannot be.
    """
    from yibiao.matching.reading import read_form

    tables = read_form(path)
    title = request.title or _title(tables[0].title, path)
    name = f"form_{hashlib.sha256(title.encode()).hexdigest()[:8]}"
    form = request.form or f"{request.department}.{name}"
    fields = assessor.of_file(tables)
    if not fields:
        raise AdmissionError(
            "The form asks nothing.",
            where=path.name,
            expected="at least one field that is a question",
            got="row numbers and signatures only",
            todo="See how the file is read with `yibiao form check`; give the table a row of headers.",
        )
    return _made(
        replace(request, form=form, title=title, rows=request.rows or request.respondents),
        fields,
        {},
        assessor,
        schemas,
        path.name,
        hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def of_form(
    form: Form, request: Request, assessor: Assessor, schemas: Schemas, counts: Counts | None = None
) -> Registration:
    """A registration of a form of `schemas/forms`.

    Args:
        counts: what one filling meets in the current release; None without one.

    Raises:
        AdmissionError: something is missing or cannot be.
    """
    import orjson

    if request.department != form.department:
        raise AdmissionError(
            "The form is another department's.",
            where=f"form {form.id}",
            expected=form.department,
            got=request.department,
            todo=f"Submit it with --department {form.department}, or hand in a form of your own as a file.",
        )
    digest = hashlib.sha256(orjson.dumps(field_lists({form.id: form}))).hexdigest()
    fields = assessor.of_form(form)
    known = {}
    if counts is not None:
        known = {one.key: number for one, number in zip(fields, counts.known, strict=True)}
    rows = request.rows or (counts.rows if counts else request.respondents)
    if counts is not None and rows != counts.rows:
        # Of another number of rows as large a part is taken to be known.
        known = {key: number * (rows or 0) // max(counts.rows, 1) for key, number in known.items()}
    filled = replace(
        request,
        form=form.id,
        title=form.title,
        entity=form.rows.entity,
        respondents=request.respondents or (counts.communities if counts else None),
        rows=rows,
        times_a_year=request.times_a_year or form.times_a_year,
    )
    return _made(filled, fields, known, assessor, schemas, form.id, digest)


def renewed(
    registration: Registration,
    assessor: Assessor,
    asks: Rows | None = None,
    *,
    respondents: int | None = None,
    rows: int | None = None,
    times_a_year: int | None = None,
    modes: Mapping[str, str] | None = None,
    prefill: bool = False,
) -> Registration:
    """What is in force, judged by what is held now, with other counts where they are given.

    Args:
        asks: the rows of the form, where `schemas/forms/` has it.

    Raises:
        AdmissionError: a count or a mode cannot be.
    """
    fields = with_modes(assessor.again(registration.fields, registration.title, asks), modes or {}, prefill=prefill)
    lines = rows or registration.rows
    if lines != registration.rows:
        fields = [
            one if one.known is None else replace(one, known=one.known * lines // max(registration.rows, 1))
            for one in fields
        ]
    return _accounted(
        replace(
            registration,
            fields=tuple(fields),
            respondents=_count("respondents", respondents or registration.respondents, registration.form),
            rows=_count("rows", lines, registration.form),
            times_a_year=_count("times-a-year", times_a_year or registration.times_a_year, registration.form),
            formula=PRESENT.version,
        )
    )


def _made(
    request: Request,
    fields: Sequence[AskedField],
    known: Mapping[str, int],
    assessor: Assessor,
    schemas: Schemas,
    source: str,
    digest: str,
) -> Registration:
    form = request.form or ""
    from yibiao.contracts.documents import did_you_mean

    if request.department not in schemas.departments:
        raise AdmissionError(
            "There is no department of this id.",
            where="--department",
            expected="an id of schemas/departments.yml",
            got=request.department,
            todo=did_you_mean(request.department, schemas.departments) or "See the ids in schemas/departments.yml.",
        )
    if not _ID.fullmatch(form) or form.partition(".")[0] != request.department:
        raise AdmissionError(
            "The id of a form is `<department>.<name>`.",
            where="--id",
            expected=f"{request.department}. and lower-case letters, digits, underscores",
            got=form,
            todo="Give such an id with --id, or none: then one is made.",
        )
    if request.entity is not None and request.entity not in schemas.entities:
        raise AdmissionError(
            "There is no such entity.",
            where="--entity",
            expected=", ".join(schemas.entities),
            got=request.entity,
            todo=did_you_mean(request.entity, schemas.entities) or "Give one of these: what a row is about.",
        )
    for name, text in (("owner", request.owner), ("legal-basis", request.legal_basis)):
        if not text.strip():
            raise AdmissionError(
                "A form has somebody who answers for it, and a legal basis.",
                where=f"form {form}, --{name}",
                expected="a text",
                got="nothing",
                todo=f"Give it with --{name}.",
            )
    settled = list(fields)
    for name, element in request.means.items():
        place = find_field(settled, name)
        settled[place] = assessor.means(settled[place], element)
    settled = with_modes(settled, request.modes, prefill=request.prefill)
    settled = [replace(one, known=None if one.mode in BY_HAND else known.get(one.key)) for one in settled]
    return _accounted(
        Registration(
            form=form,
            title=request.title or form,
            department=request.department,
            owner=request.owner.strip(),
            legal_basis=request.legal_basis.strip(),
            entity=request.entity,
            respondents=_count("respondents", request.respondents, form),
            rows=_count("rows", request.rows, form),
            times_a_year=_count("times-a-year", request.times_a_year, form),
            wanted_expiry=request.expires,
            fields=tuple(settled),
            source_name=source,
            source_sha256=digest,
            formula=PRESENT.version,
            seconds_by_hand=0,
            seconds=0,
        )
    )


def _accounted(registration: Registration) -> Registration:
    return replace(
        registration,
        seconds_by_hand=cost_of(registration, by_hand=True).seconds(),
        seconds=cost_of(registration).seconds(),
    )


def _count(name: str, value: int | None, form: str) -> int:
    if value is None:
        raise AdmissionError(
            "Without this count no burden follows.",
            where=f"form {form}, --{name}",
            expected="a number from 1 on",
            got="nothing",
            todo="Give it; with a release, forms of schemas/forms are counted in it (--home).",
        )
    if value < 1 or (name == "times-a-year" and value > MOST_TIMES):
        raise AdmissionError(
            "This count cannot be.",
            where=f"form {form}, --{name}",
            expected=f"1 to {MOST_TIMES}" if name == "times-a-year" else "a number from 1 on",
            got=str(value),
            todo=f"Give another number with --{name}.",
        )
    return value


def _title(found: str, path: Path) -> str:
    """The first of the words above a form that is a title; else the name of the file.

    What stands above a form that somebody filled in may be his answer, so only what ends like a title is taken.
    """
    return next((word[:80] for word in found.split() if _TITLE.fullmatch(word)), path.stem)
