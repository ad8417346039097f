"""Fills forms for all communities of an area: one query per form, one workbook per form and community."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from yibiao.contracts.values import Schemas
from yibiao.errors import FormError, ReleaseError
from yibiao.forms.confirmations import NONE, Confirmations, Shown
from yibiao.forms.fill.areas import Area, stretches
from yibiao.forms.fill.book import write_book
from yibiao.forms.fill.pages import Marker
from yibiao.forms.fill.row_xml import Plan, rows_xml
from yibiao.forms.fill.select import AUTOMATIC, CONFIRM, NEW, Asked, ask, limits_by_age, prepare
from yibiao.forms.fill.skeleton import skeleton
from yibiao.forms.fill.told import Loads, Rows, Source, registers
from yibiao.forms.holders import Holders
from yibiao.forms.model import Form
from yibiao.forms.released import released

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from yibiao.forms.workbook.own import OwnForm

MOST_ROWS = 1_000_000
"""Rows of one workbook: XLSX ends at 1,048,576, and blank rows and notes come after."""

ALONE = 40
"""Up to so many workbooks one process fills them; a second one would take longer to start."""

BATCH = 20_000
"""Rows that come out of the database at a time."""


@dataclass(frozen=True)
class Filled:
    """What one form became.

    Attributes:
        form, title: which form.
        books: workbooks, one for each community.
        rows: rows filled in.
        cells: number by status: `automatic`, `confirm`, `new`; rows left blank are not counted.
        unplaced: rows of the whole release that stand in no workbook, because their community is not known.
        files: the workbooks, by community.
    """

    form: str
    title: str
    books: int
    rows: int
    cells: Mapping[str, int]
    unplaced: int = 0
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Part of the cells that are filled in, 0 to 1."""
        total = sum(self.cells.values())
        return (total - self.cells[NEW]) / total if total else 0.0


@dataclass(frozen=True)
class Order:
    """What is to be filled, as every process gets it.

    Attributes:
        database, version: of the release.
        as_of: the last day that it speaks of.
        out: folder; workbooks lie at `<out>/<community> <name>/<title>.xlsx`.
        numbers: form -> control number, of the forms that have one; `notices`: form -> what its admission says.
        spill: scratch folder of the database.
        own: form -> the department's own workbook, of the forms that have one.
        confirmations: what was confirmed on forms that came back.
        accepted: number of a ticket -> the day on which its correction was accepted.
        threads, memory: limits of one process.
    """

    database: Path
    version: str
    as_of: date
    schemas: Schemas
    forms: Mapping[str, Form]
    areas: tuple[Area, ...]
    out: Path
    numbers: Mapping[str, str]
    notices: Mapping[str, str]
    spill: Path
    own: Mapping[str, OwnForm] = field(default_factory=dict)
    confirmations: Confirmations = NONE
    accepted: Mapping[int, str] = field(default_factory=dict)
    threads: int = 1
    memory: str = "2GB"


def fill_forms(order: Order, *, processes: int = 1) -> list[Filled]:
    """Fill every form for every community.

    Args:
        processes: how many work side by side; each has the limits of the order.

    Returns:
        In the order of the forms.

    Raises:
        FormError: a form has more rows in a community than a workbook holds.
        ReleaseError: the release lacks a table or column that the forms need.
    """
    folders = {area.code: folder_of(order.out, area) for area in order.areas}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    order.spill.mkdir(parents=True, exist_ok=True)
    try:
        if processes < 2 or len(order.forms) < 2 or len(order.forms) * len(order.areas) <= ALONE:
            return list(_fill_some(order, sorted(order.forms)))
        with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (order,)) as pool:
            # The largest forms first, so that processes end together.
            largest = sorted(order.forms, key=lambda one: -_weight(order.forms[one]))
            made = list(pool.map(_fill_one, largest))
        return sorted(made, key=lambda one: one.form)
    finally:
        shutil.rmtree(order.spill, ignore_errors=True)


def folder_of(out: Path, area: Area) -> Path:
    """The folder of a community's workbooks."""
    return out / f"{area.code} {safe(area.name)}"


def file_of(form: Form, suffix: str = ".xlsx") -> str:
    """The file name of a form's workbook."""
    return f"{safe(form.title)}{suffix}"


def safe(name: str) -> str:
    """A name without what file systems forbid."""
    return re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", name).strip(" .") or "_"


def part_of_memory(memory: str, processes: int) -> str:
    """A share of a memory limit such as `5GB` for each of some processes."""
    found = re.fullmatch(r"\s*([\d.]+)\s*([A-Za-z]+)\s*", memory)
    return f"{float(found[1]) / processes:.2f}{found[2]}" if found else memory


def _weight(form: Form) -> float:
    parts = {"resident": 3, "dwelling": 1.2, "household": 1}
    return parts.get(form.rows.entity, 0.3) * len(form.fields) * float(form.rows.share) * (1 if form.rows.where else 2)


_given: dict[str, Any] = {}
"""In a process of the pool: the order, and the connection that all its forms share."""


def _begin(order: Order) -> None:
    _given["order"] = order


def _fill_one(form: str) -> Filled:
    order = _given["order"]
    if "connection" not in _given:
        _given["opened"] = _opened(order)
        _given["connection"] = _given["opened"].__enter__()
        _given["order"] = order = replace(order, schemas=released(_given["connection"], order.schemas))
        _given["context"] = _context(_given["connection"], order)
    return _fill(_given["connection"], order, order.forms[form], _given["context"])


def _fill_some(order: Order, forms: Sequence[str]) -> Iterator[Filled]:
    with _opened(order) as connection:
        order = replace(order, schemas=released(connection, order.schemas))
        context = _context(connection, order)
        for form in forms:
            yield _fill(connection, order, order.forms[form], context)


def _opened(order: Order):
    from yibiao.warehouse.query import open_release

    return open_release(
        order.database, threads=str(order.threads), memory_limit=order.memory, temp_directory=str(order.spill)
    )


@dataclass(frozen=True)
class _Context:
    """What all forms share: how old is too old, the deliveries, of each report the newest that is in use, and what was
    confirmed."""

    ages: Mapping[str, int]
    loads: Loads
    newest: Mapping[str, Source]
    shown: Shown


def _context(connection: DuckDBPyConnection, order: Order) -> _Context:
    import duckdb

    from yibiao.warehouse.inputs import CURRENT

    try:
        prepare(connection, order.schemas)
        found = connection.execute(
            "select first_record_no, department, report, edition, edition_date::date, state from load"
            " order by first_record_no"
        ).fetchall()
        corrected = _corrections(connection, order)
        ages = limits_by_age(connection, order.schemas, order.as_of)
        shown = order.confirmations.put(connection, order.schemas, order.as_of)
    except duckdb.Error as error:
        raise _failed(order, "", error) from None
    sources = [
        Source(_department(order.schemas, one), _title(order.schemas, report), edition, day.isoformat())
        for _, one, report, edition, day, _ in found
    ]
    newest: dict[str, Source] = {}
    for (_, _, report, _, _, state), one in sorted(zip(found, sources, strict=True), key=lambda each: each[1].day):
        if state == CURRENT:
            newest[report] = one
    loads = Loads([row[0] for row in found], sources, corrected, confirmed=shown.texts)
    return _Context(ages, loads, newest, shown)


def _corrections(connection: DuckDBPyConnection, order: Order) -> dict[int, str]:
    """Number of a ticket -> which department accepted its correction, and when."""
    if not connection.execute("from duckdb_tables() where table_name = 'correction'").fetchall():
        return {}
    found = connection.execute("select distinct ticket_no, department from correction").fetchall()
    days = {number: f" {day} " if (day := order.accepted.get(number, "")) else "已" for number, _ in found}
    return {number: f"{_department(order.schemas, one)}{days[number]}采纳" for number, one in found}


def _lists(form: Form, schemas: Schemas, newest: Mapping[str, Source]) -> list[str]:
    """Per field the registers from which a value follows that no record states: its authority's first."""
    holders = Holders(schemas)
    told = []
    for one in form.fields:
        element = schemas.elements.get(one.element or "")
        authority = element.authority if element else ()
        reports = [schemas.reports[name] for name in holders.of(one.fact, form.rows) if name in newest]
        if one.value is not None:
            reports = [each for each in reports if each.constants.get(one.element or "", one.value) == one.value]
        ranked = sorted(
            reports,
            key=lambda each: (
                authority.index(each.department) if each.department in authority else len(authority),
                each.id,
            ),
        )
        told.append(registers([newest[each.id] for each in ranked]))
    return told


def _department(schemas: Schemas, name: str) -> str:
    return schemas.departments[name].name if name in schemas.departments else name


def _title(schemas: Schemas, name: str) -> str:
    return schemas.reports[name].title if name in schemas.reports else name


def _failed(order: Order, form: str, error: Exception) -> ReleaseError:
    # The text of the library's error may quote a value; its kind and the form are enough to look further.
    return ReleaseError(
        "A form could not be filled from this release.",
        where=f"release {order.version}" + (f", form {form}" if form else ""),
        expected="the canonical tables of schemas/entities/, and valid conditions in schemas/forms/",
        got=type(error).__name__,
        todo="Run `yibiao run --force`; if it stays, check `rows.where` of the form.",
    )


def _fill(connection: DuckDBPyConnection, order: Order, form: Form, context: _Context) -> Filled:
    import duckdb

    codes, confirmed = [area.code for area in order.areas], context.shown.elements
    asked = ask(form, order.schemas, order.as_of, context.ages, codes, confirmed=confirmed)
    loads = context.loads.with_lists(_lists(form, order.schemas, context.newest))
    plan, marker, suffix, write_one = _layout(order, form)
    cells = dict.fromkeys((AUTOMATIC, CONFIRM, NEW), 0)
    files, total = {}, 0
    waiting = {area.code: area for area in order.areas}

    def write(area: Area, rows: Rows) -> None:
        path = folder_of(order.out, area) / file_of(form, suffix)
        if rows.count > MOST_ROWS:
            raise FormError(
                "A form has more rows in one community than a workbook holds.",
                where=f"{form.id}, community {area.code}",
                expected=f"at most {MOST_ROWS:,}",
                got=f"{rows.count:,}",
                todo="Ask for a part only (`rows.where` or `rows.share`), or split the community.",
            )
        counts = write_one(path, asked, rows, area, replace(marker, community=area.code), loads)
        for status, count in counts.items():
            cells[status] += count
        files[area.code] = str(path)

    try:
        connection.execute(asked.picked)
        unplaced = connection.execute("select count(*) from picked where community is null").fetchall()[0][0]
        for code, rows in _by_community(connection, asked, rows_xml(asked, order.schemas, plan)):
            write(waiting.pop(code), rows)
            total += rows.count
    except duckdb.Error as error:
        raise _failed(order, form.id, error) from None
    nobody = Rows(b"", np.zeros(0, np.int64), [np.zeros(0, np.int64)] * len(form.fields))
    for area in waiting.values():
        write(area, nobody)
    return Filled(form.id, form.title, len(files), total, cells, int(unplaced), dict(sorted(files.items())))


def _layout(order: Order, form: Form) -> tuple[Plan, Marker, str, Callable[..., dict[str, int]]]:
    """How the rows of a form are written, what marks its workbooks, how their names end, and what writes one."""
    notice = order.notices.get(form.id, "")
    number, until = order.numbers.get(form.id, ""), order.confirmations.until
    marker = Marker(form.id, number, "", order.version, order.as_of.isoformat(), confirmed=until)
    own = order.own.get(form.id)
    if own is None:
        parts = skeleton(form, order.schemas, notice)
        return parts.plan, marker, ".xlsx", lambda path, *more: write_book(path, parts, *more)
    from yibiao.forms.workbook.book import OWN_FORMAT, prepare_workbook, write_own

    prepared = prepare_workbook(own.path, own.name, form, own.columns, order.schemas, notice)
    more = (("登记号", str(own.registration_no)), ("工作表", own.table.sheet))
    marker = replace(marker, version=OWN_FORMAT, more=more)
    return prepared.plan, marker, own.suffix, lambda path, *more: write_own(path, prepared, *more)


def _by_community(connection: DuckDBPyConnection, asked: Asked, sql: str) -> Iterator[tuple[str, Rows]]:
    """The rows of one community after the other, as the query orders them."""
    fields, looked_at = len(asked.form.fields), sorted(asked.confirmed)
    names = [*(f"r{number}" for number in range(fields)), *(f"c{number}" for number in looked_at)]
    reader = connection.sql(sql).to_arrow_reader(BATCH)
    code = ""
    parts: list[tuple[bytes, np.ndarray, list[np.ndarray]]] = []

    def whole() -> Rows:
        columns = [np.concatenate([part[2][place] for part in parts]) for place in range(len(names))]
        disputed = np.concatenate([part[1] for part in parts])
        confirmed = dict(zip(looked_at, columns[fields:], strict=True))
        return Rows(b"".join(part[0] for part in parts), disputed, columns[:fields], confirmed)

    for batch in reader:
        xml = batch.column("xml")
        disputed = batch.column("disputed").to_numpy(zero_copy_only=False)
        records = [batch.column(name).to_numpy(zero_copy_only=False) for name in names]
        for community, first, last in stretches(batch.column("community").to_pylist()):
            if community != code:
                if parts:
                    yield code, whole()
                if community < code:
                    raise ReleaseError("The rows of a form came out of order.", where=asked.form.id)
                code, parts = community, []
            parts.append((_bytes(xml, first, last), disputed[first:last], [one[first:last] for one in records]))
    if parts:
        yield code, whole()


def _bytes(texts: Any, first: int, last: int) -> bytes:
    """The texts of some rows joined: they lie side by side in Arrow's memory."""
    import pyarrow as pa

    chosen = texts.slice(first, last - first).cast(pa.large_string())
    _, offsets, data = chosen.buffers()
    bounds = np.frombuffer(offsets, np.int64)[chosen.offset : chosen.offset + len(chosen) + 1]
    return memoryview(data)[bounds[0] : bounds[-1]].tobytes()
