"""A returned file taken in: its mended rows become an amendment of their delivery, landed and packaged.

Commits, in this order: the returned bytes and the amendment's bytes (`landing.object`), its record
(`landing.amendment`), its package (`load.amendment`). Killed in between, nothing half is visible, and the next run
makes the package.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from yibiao.contracts.reports import Report
from yibiao.contracts.values import Schemas
from yibiao.errors import DeliveryError, LoadError, YibiaoError
from yibiao.ingest.checker import Checker
from yibiao.ingest.columns import plain
from yibiao.ingest.deliveries import edition_from_text
from yibiao.ingest.landing import keep_file
from yibiao.ingest.packages import ACCEPTED
from yibiao.ingest.readers.chunks import schema
from yibiao.ingest.rules import quote
from yibiao.quarantine.amendments import Amendment, keep_lines, record
from yibiao.quarantine.decisions import settle_slips
from yibiao.quarantine.matching import REFUSALS, Given, Matcher
from yibiao.quarantine.packages import AmendmentPackage, make_package, package_folder, read_package
from yibiao.quarantine.returned import ReturnedSlip, as_delivered, as_table, is_table, read_slip, report_of
from yibiao.quarantine.rows import held_rows
from yibiao.quarantine.slips import delivery_of
from yibiao.quarantine.states import OPEN, REJECTED, RESOLVED, HeldLoad, find_load, fold, held_loads
from yibiao.settings import Settings

POSITIONAL = 0.9
"""Share of the accepted rows that must stand where they stood, so that a whole returned file is matched by position."""


@dataclass(frozen=True)
class Replayed:
    """What became of a returned file. Numbers are those of rows in the delivery; no value of a row is in it.

    Attributes:
        load_id, report, edition: what it mends.
        slip: number of the slip, empty for another file.
        amendment_id: of its package; empty if nothing in it was mended.
        new: False if the same file had been replayed before.
        returned: rows in the file, without those that were accepted already and came back as they were.
        resolved: rows that are resolved now and were not before.
        repeated: rows that were resolved before.
        outranked: of these, rows of which another amendment gives another form, and that one counts.
        failing: row -> rules that it still breaks.
        unchanged: rows that came back as they were.
        rejected: rows that were finally rejected before; nothing changes that.
        refused: (place in the file, row or None, reason) of rows that were not taken.
        unreadable: rows of the file that could not be split into columns.
        open: rows of the delivery that are still open.
    """

    load_id: str
    report: str
    edition: str
    slip: str
    amendment_id: str
    new: bool
    returned: int
    resolved: tuple[int, ...]
    repeated: tuple[int, ...]
    outranked: tuple[int, ...]
    failing: Mapping[int, tuple[str, ...]]
    unchanged: tuple[int, ...]
    rejected: tuple[int, ...]
    refused: tuple[tuple[int, int | None, str], ...]
    unreadable: int
    open: int

    @property
    def closed(self) -> bool:
        """No row of the delivery is open any more."""
        return self.open == 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            **self.__dict__,
            "failing": [{"row": row, "rules": list(rules)} for row, rules in sorted(self.failing.items())],
            "refused": [
                {"place": place, "row": row, "reason": reason, "text": REFUSALS[reason]}
                for place, row, reason in self.refused
            ],
            "closed": self.closed,
        }


@dataclass(frozen=True)
class _Returned:
    """Rows of a returned file and what they mend."""

    held: HeldLoad
    slip: str
    sequence: int
    given: tuple[Given, ...]
    unreadable: int


def replay(path: Path, schemas: Schemas, settings: Settings, load: str | None = None) -> Replayed:
    """Take a returned file in. The next unify uses what it mends.

    Args:
        path: a mended slip, a whole mended file, or a file with mended rows under the report's headers.
        load: id of the load that it mends, where the file does not tell.

    Raises:
        DeliveryError: the file cannot be read.
        LoadError: it mends nothing that is loaded, or it is not clear what.
    """
    if not path.is_file():
        raise DeliveryError("There is no such file.", where=str(path), todo="Give the file that came back.")
    came = _read(path, schemas, settings, load)
    held, report = came.held, came.held.report
    every = (OPEN, RESOLVED, REJECTED)
    matched = Matcher(report, held_rows(held, states=every, present=False)).match(came.given)
    package, new = None, False
    if matched.lines:
        returned_sha256, returned_bytes = keep_file(path, settings)
        sha256, size = keep_lines(matched.lines, settings)
        amendment = Amendment(
            report=report.id,
            edition=held.edition,
            delivery=held.delivery,
            read=held.package.manifest["counts"]["read"],
            sequence=came.sequence,
            slip=came.slip,
            sha256=sha256,
            bytes=size,
            returned={"sha256": returned_sha256, "bytes": returned_bytes, "name": path.name},
        )
        new = record(amendment, settings)
        package = _package(amendment, held, settings)
    after = _after(held, package)
    settle_slips(settings, [((report.id, held.edition, held.delivery), after.open)])
    out = set(after.rows(REJECTED).tolist())
    mended = set(package.mended.tolist()) - out if package else set()
    before = set(held.states.rows(RESOLVED).tolist())
    winners = dict(zip(after.touched["row"].to_pylist(), after.touched["amendment_id"].to_pylist(), strict=True))
    return Replayed(
        load_id=held.load_id,
        report=report.id,
        edition=held.edition,
        slip=came.slip,
        amendment_id=package.amendment_id if package else "",
        new=new,
        returned=len(came.given) + came.unreadable,
        resolved=tuple(sorted(set(after.rows(RESOLVED).tolist()) - before)),
        repeated=tuple(sorted(mended & before)),
        outranked=tuple(_outranked(package, mended, winners, held)) if package else (),
        failing=_failing(package, out) if package else {},
        unchanged=tuple(sorted(matched.unchanged)),
        rejected=tuple(sorted({line.row for line in matched.lines} & out)),
        refused=tuple(matched.refused),
        unreadable=came.unreadable,
        open=after.open,
    )


def _read(path: Path, schemas: Schemas, settings: Settings, load: str | None) -> _Returned:
    slip = read_slip(path)
    if slip is not None:
        return _from_slip(slip, path, schemas, settings, load)
    held = find_load(load, schemas, settings) if load else _choose(path, schemas, settings)
    given, unreadable = _changed(path, held)
    return _Returned(held, "", 0, tuple(given), unreadable)


def _from_slip(slip: ReturnedSlip, path: Path, schemas: Schemas, settings: Settings, load: str | None) -> _Returned:
    found = delivery_of(slip.number, schemas, settings)
    if found is None:
        raise LoadError(
            "No landed delivery belongs to this slip.",
            where=path.name,
            expected="a slip that this installation made",
            got=slip.number,
            todo="Check the folder (--home), or whether the delivery was withdrawn.",
        )
    report, edition, delivery, sequence = found
    held = next(
        (one for one in held_loads(schemas, settings, report) if (one.edition, one.delivery) == (edition, delivery)),
        None,
    )
    if held is None or (load and not held.load_id.startswith(load)):
        raise LoadError(
            "The slip is about another load." if held else "The delivery of this slip has no rows in quarantine now.",
            where=path.name,
            got=slip.number,
            todo="Run `yibiao run` and look at `yibiao quarantine list`.",
        )
    given = [
        Given(place, number, _by_column(held.report, cells), adopt, numbered=True)
        for place, (number, cells, adopt) in enumerate(slip.rows, start=1)
    ]
    return _Returned(held, slip.number, sequence, tuple(given), 0)


def _by_column(report: Report, cells: Mapping[str, str]) -> dict[str, str | None]:
    """Cells by contract column; a column that the file lacks is left out, and keeps what was delivered."""
    found: dict[str, str | None] = {}
    for column in report.columns:
        for header in map(plain, (column.header, *column.aliases)):
            if header in cells:
                found[column.name] = cells[header]
                break
    return found


def _choose(path: Path, schemas: Schemas, settings: Settings) -> HeldLoad:
    """The load that a file without a slip number mends: by its name, else by its headers and the edition it names."""
    loads = held_loads(schemas, settings)
    found = [held for held in loads if held.package.manifest["delivery"]["name"] == path.name]
    if len(found) != 1:
        reports = report_of(path, schemas)
        found = [held for held in loads if held.report.id in reports] if reports else found
        named = [held for held in found if _edition_in_name(held.report, path.name) == held.edition]
        found = named or found
    if len(found) == 1:
        return found[0]
    raise LoadError(
        "It is not clear which delivery this file mends.",
        where=path.name,
        expected="the name of the delivery, or the headers of one report and an edition in the name",
        got=", ".join(f"{held.load_id[:12]} {held.report.id} {held.edition}" for held in found[:8]) or "no such load",
        todo="Say it with --load ID; `yibiao quarantine list` shows the ids.",
    )


def _edition_in_name(report: Report, name: str) -> str | None:
    if report.edition.source != "name":
        return None
    try:
        return edition_from_text(report.edition, name, where=name)
    except YibiaoError:
        return None


def _changed(path: Path, held: HeldLoad) -> tuple[list[Given], int]:
    """The rows of a file that are not simply an accepted row once more, and how many rows could not be split."""
    chunks = as_delivered(path, held.report)
    if chunks is not None:
        try:
            return _sift(((chunk.rows, len(chunk.broken)) for chunk in chunks), held)
        except YibiaoError:
            # Mended rows alone often lack the title, or stand in another encoding than the delivery did.
            if not is_table(path):
                raise
    return _sift([(as_table(path, held.report), 0)], held)


def _sift(tables: Iterable[tuple[pa.Table, int]], held: HeldLoad) -> tuple[list[Given], int]:
    """See `_changed`; only one table and the rows that matter are in memory. If the whole file came back, rows get the
    numbers of their places."""
    import duckdb

    report, counts = held.report, held.package.manifest["counts"]
    text = ", ".join(f"coalesce(trim({quote(column.name)}), '')" for column in report.columns)
    path = str(held.package.folder / ACCEPTED).replace("'", "''")
    read = unreadable = in_place = 0
    rest: list[pa.Table] = []
    stated: set[str] = set()
    names = schema([column.name for column in report.columns])
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        connection.execute(
            f"create temp table accepted as select _row, hash({text}) as content from read_parquet('{path}')"
        )
        for rows, broken in tables:
            table = rows.cast(names)
            read, unreadable = read + table.num_rows + broken, unreadable + broken
            stated |= {name for name in table.column_names if table[name].null_count < table.num_rows}
            connection.register("given", table)
            connection.execute(f"create or replace temp table came as select _row, hash({text}) as content from given")
            ((same,),) = connection.execute("select count(*) from came join accepted using (_row, content)").fetchall()
            in_place += same
            new = connection.execute(
                "select _row from came where content not in (select content from accepted)"
            ).fetchnumpy()["_row"]
            rest.append(table.filter(pa.array(np.isin(table["_row"].to_numpy(), np.asarray(new)))))
    positional = read == counts["read"] and in_place >= POSITIONAL * counts["accepted"]
    given = []
    for table in rest:
        # A column that the file lacks is null throughout; it keeps what was delivered.
        for cells in table.select([name for name in names.names if name == "_row" or name in stated]).to_pylist():
            place = cells.pop("_row")
            given.append(Given(place, place if positional else None, cells))
    return given, unreadable


def _package(amendment: Amendment, held: HeldLoad, settings: Settings) -> AmendmentPackage:
    folder = package_folder(amendment, held.report, settings)
    if folder.is_dir():
        return read_package(folder)
    with Checker(held.report, 1) as checker:
        return make_package(amendment, held.package, held.report, settings, checker)


def _after(held: HeldLoad, package: AmendmentPackage | None) -> Any:
    if package is None or package.amendment_id in held.states.amendments:
        return held.states
    return fold(held.package, [*held.amendments, package], held.states.rows(REJECTED).tolist())


def _failing(package: AmendmentPackage, out: set[int]) -> dict[int, tuple[str, ...]]:
    import pyarrow.parquet as pq

    from yibiao.ingest.packages import QUARANTINE

    table = pq.ParquetFile(package.folder / QUARANTINE).read(["_row", "_rules"])
    pairs = zip(table["_row"].to_pylist(), table["_rules"].to_pylist(), strict=True)
    return {row: tuple(rules) for row, rules in pairs if row not in out}


def _outranked(
    package: AmendmentPackage, mended: set[int], winners: Mapping[int, str | None], held: HeldLoad
) -> list[int]:
    """Rows of this amendment of which another one counts, in another form."""
    import pyarrow.parquet as pq

    rivals = sorted({str(winners[row]) for row in mended if winners.get(row) != package.amendment_id})
    if not rivals:
        return []
    by = {one.amendment_id: one for one in held.amendments}

    def forms(one: AmendmentPackage) -> dict[int, dict[str, Any]]:
        return {row.pop("_row"): row for row in pq.ParquetFile(one.folder / ACCEPTED).read().to_pylist()}

    ours = forms(package)
    theirs = {rival: forms(by[rival]) for rival in rivals}
    return sorted(
        row
        for row in mended
        if (winner := winners.get(row)) != package.amendment_id and theirs[str(winner)][row] != ours[row]
    )
