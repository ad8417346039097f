"""What a release is made of: the live loads, which of them count as present, and the fingerprint of everything."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao import __version__
from yibiao.contracts import Report, Schemas
from yibiao.errors import HomeError
from yibiao.files import sync, to_json
from yibiao.ingest.packages import ROWS_NOTED
from yibiao.settings import Settings

if TYPE_CHECKING:
    from yibiao.forms.tickets import Correction
    from yibiao.quarantine.packages import AmendmentPackage
    from yibiao.quarantine.states import RowStates

FORMAT = 2
"""Version of what unification does with its inputs; part of the fingerprint."""

CURRENT, SUPERSEDED, WAITING, WITHDRAWN = "current", "superseded", "waiting", "withdrawn"


@dataclass(frozen=True)
class Load:
    """One live load package.

    Attributes:
        folder: the package in the lake.
        manifest: content of its `manifest.json`.
        state: `current` (its rows are staged), `superseded` (a snapshot with a newer edition), `waiting` (an
            incomplete snapshot that a human has to accept) or `withdrawn` (a human took it back).
        reason: why it waits or was withdrawn, in words.
        first_record_no: number before the load's first record; record_no = first_record_no + row number.
        amendments: packages with mended rows of this load's delivery, in the order in which they count.
        states: what became of its quarantined rows; None as long as nobody amended or rejected any.
    """

    folder: Path
    manifest: Mapping[str, Any]
    state: str = CURRENT
    reason: str = ""
    first_record_no: int = 0
    amendments: tuple[AmendmentPackage, ...] = ()
    states: RowStates | None = None

    @property
    def load_id(self) -> str:
        return self.manifest["load_id"]

    @property
    def report(self) -> str:
        return self.manifest["report"]

    @property
    def order(self) -> tuple[str, str, str]:
        """Place among all loads: edition date, report, delivery hash; never time of arrival."""
        return self.manifest["edition_date"], self.report, self.manifest["delivery"]["sha256"]

    @property
    def read(self) -> int:
        return self.manifest["counts"]["read"]

    @property
    def accepted(self) -> int:
        return self.manifest["counts"]["accepted"]

    @property
    def quarantined(self) -> int:
        """Rows kept out when the delivery was read; each is open, resolved or rejected now."""
        return self.manifest["counts"]["quarantined"]

    @property
    def open(self) -> int:
        return self.states.open if self.states else self.quarantined

    @property
    def resolved(self) -> int:
        return self.states.resolved if self.states else 0

    @property
    def rejected(self) -> int:
        return self.states.rejected if self.states else 0

    @property
    def usable(self) -> int:
        """Rows that are staged if the load counts: accepted as they came, or mended since."""
        return self.accepted + self.resolved


@dataclass(frozen=True)
class Inputs:
    """Everything that decides a release.

    Attributes:
        loads: the live loads.
        parts: everything else, by name.
        withdrawn: loads of deliveries that were withdrawn. They decide nothing: without them everything is the same.
        link_decisions: entity, two nodes and verdict of every pair that a human decided, sorted; a digest of them is
            one of the parts.
        corrections: accepted corrections of values (see `yibiao.forms.tickets`), sorted; a digest of them is a part as
            soon as there is one.
    """

    loads: tuple[Load, ...]
    parts: Mapping[str, str]
    withdrawn: tuple[Load, ...] = ()
    link_decisions: tuple[tuple[str, str, str, str], ...] = ()
    corrections: tuple[Correction, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the live loads with their states, amendments and rejected rows, and over every other part."""
        loads = [[load.load_id, load.state, *(load.states.identity() if load.states else [])] for load in self.loads]
        return hashlib.sha256(to_json({"loads": loads, "parts": dict(self.parts)})).hexdigest()

    @property
    def edition(self) -> str:
        """The newest edition among the loads that count, or `none`."""
        return max((load.manifest["edition"] for load in self.loads if load.state == CURRENT), default="none")

    @property
    def version(self) -> str:
        """Name of the release that these inputs give."""
        return f"{self.edition}-{self.fingerprint[:10]}"


def collect(settings: Settings, schemas: Schemas, *, until: date | None = None) -> Inputs:
    """Read the live loads of every report and decide which count.

    Args:
        until: only deliveries whose edition ends on this day or before, as if no later one had come; and only
            corrections from forms that were filled from such.

    Raises:
        LoadError: a package is damaged.
        HomeError: the installation's key is unreadable.
    """
    from yibiao.control import accepted_loads, withdrawn_deliveries
    from yibiao.ingest import live_packages
    from yibiao.quarantine.decisions import rejected_rows
    from yibiao.quarantine.packages import live_amendments
    from yibiao.quarantine.states import fold

    accepted, rejected = accepted_loads(settings), rejected_rows(settings)
    taken_back = withdrawn_deliveries(settings)
    loads: list[Load] = []
    withdrawn: list[Load] = []
    for report in schemas.reports.values():
        amendments = live_amendments(report, settings)
        packages = []
        for package in live_packages(report, settings):
            if until is not None and package.manifest["edition_date"] > until.isoformat():
                continue
            _, edition, delivery = package.delivered
            if decision := taken_back.get(package.delivered):
                why = f"{decision.reason} ({decision.decided_by}, {decision.decided_at})"
                withdrawn.append(Load(package.folder, package.manifest, WITHDRAWN, why))
                continue
            own = amendments.get((edition, delivery), [])
            out = rejected.of(package.manifest)
            states = fold(package, own, out) if own or out else None
            packages.append(Load(package.folder, package.manifest, amendments=tuple(own), states=states))
        loads += assess(report, packages, accepted)
    from yibiao.forms.tickets import corrections, corrections_digest

    corrected = corrections(settings, schemas, until=until)
    parts = _parts(settings, schemas) | ({"until": until.isoformat()} if until else {})
    if corrected:
        parts |= {"corrections": corrections_digest(corrected)}
    return Inputs(_numbered(loads), parts, tuple(withdrawn), _link_decisions(settings), corrected)


def assess(report: Report, packages: Iterable[Load], accepted: frozenset[str] | set[str]) -> list[Load]:
    """Decide which loads of one report count.

    Every load of a `delta` or `events` report does. Of a `snapshot` report the newest complete edition does: an
    edition whose rows fall by more than the contract's `max_drop` below the last complete one waits for a human,
    because a row that is missing from half a file would otherwise end a fact. So does one whose own note prints more
    rows than it has, or that lacks the note which its contract promises (`controlTotals`), however few are missing. A
    load of which the contract holds every row (drift) waits, too, until the contract is changed: the last good edition
    stays.

    The answer is a function of the set of loads, so that arrival takes no part in it.
    """
    packages = sorted(packages, key=lambda load: load.order)
    if held := [load for load in packages if load.manifest.get("held")]:
        rest = assess(report, [load for load in packages if not load.manifest.get("held")], accepted)
        return sorted([*rest, *(_with(load, WAITING, _why_held(load)) for load in held)], key=lambda load: load.order)
    if report.mode != "snapshot":
        return [_with(load, CURRENT) for load in packages]
    editions: dict[str, list[Load]] = {}
    for load in packages:
        editions.setdefault(load.manifest["edition_date"], []).append(load)
    last: int | None = None
    current = ""
    waiting: dict[str, str] = {}
    for edition, members in sorted(editions.items()):
        rows = sum(load.read for load in members)
        if last is not None and not all(load.load_id in accepted for load in members):
            if rows < last * (1 - report.max_drop):
                waiting[edition] = (
                    f"{rows} rows after {last} in the last complete edition: "
                    f"a drop of {1 - rows / last:.1%}, allowed {report.max_drop:.1%}"
                )
                continue
            if why := next(filter(None, map(_why_short, members)), ""):
                waiting[edition] = why
                continue
        last, current = rows, edition
    return [
        _with(load, WAITING, waiting[edition])
        if (edition := load.manifest["edition_date"]) in waiting
        else _with(load, CURRENT if edition == current else SUPERSEDED)
        for load in packages
    ]


def _why_short(load: Load) -> str:
    """Why a load looks cut off by what its own notes print; empty if it does not."""
    for total in load.manifest.get("control_totals", ()):
        if total["name"] == ROWS_NOTED and total["stated"] is None:
            return f"the note with the number of rows, which the contract promises, is missing below {total['counted']}"
        if total["name"] == ROWS_NOTED and total["stated"] > total["counted"]:
            return f"{total['counted']} rows where its own note prints {total['stated']}"
    return ""


def _why_held(load: Load) -> str:
    return f"all rows are held because of drift: {', '.join(load.manifest['held'])}; see `yibiao load drift`"


def _with(load: Load, state: str, reason: str = "") -> Load:
    return replace(load, state=state, reason=reason)


def _numbered(loads: Sequence[Load]) -> tuple[Load, ...]:
    """Give every load its block of record numbers, ascending in the total order of loads."""
    numbered, following = [], 0
    for load in sorted(loads, key=lambda load: load.order):
        numbered.append(replace(load, first_record_no=following))
        following += load.read
    return tuple(numbered)


def installation_key(settings: Settings) -> str:
    """The installation's secret as 64 hexadecimal digits; made on first use, 0600, never in a log or a release.

    Raises:
        HomeError: the file is there but is no key.
    """
    path = settings.home / "key"
    if not path.exists():
        aside = settings.work / f"key-{os.getpid()}"
        aside.write_text(secrets.token_hex(32))
        aside.chmod(0o600)
        sync(aside)
        try:
            os.link(aside, path)  # unlike a rename, a link never replaces a key that another process just made
            sync(path.parent)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    key = path.read_text().strip()
    if len(key) != 64 or set(key) - set("0123456789abcdef"):
        raise HomeError(
            "The installation's key is damaged.",
            where=str(path),
            expected="64 hexadecimal digits",
            got=f"{len(key)} characters",
            todo="Restore it from the backup of the home folder; a new key would give every entity a new id.",
        )
    return key


def registry_digest(schemas: Schemas) -> str:
    """SHA-256 over what the registry decides of a release: entities, their elements, the code lists of those.

    An element of no entity is in no golden table, and what a contract takes from it is part of the contract's
    semantics. Words for people (aliases, scope, purpose, sharing) decide nothing: the registry may grow, and a form's
    header be learned, without a release.
    """
    names = sorted({name for entity in schemas.entities.values() for name in entity.elements})
    listed = [schemas.elements[name] for name in names]
    lists = sorted({element.code_list for element in listed if element.code_list})
    deciding = {
        "entities": [asdict(entity) for entity in schemas.entities.values()],
        "elements": [
            [
                *(one.id, one.name, one.type, one.code_list, one.unit, one.authority),
                [asdict(criterion) for criterion in one.survivorship],
            ]
            for one in listed
        ],
        "codes": {name: [asdict(code) for code in schemas.codes[name].codes] for name in lists},
    }
    return hashlib.sha256(to_json(deciding)).hexdigest()


def _link_decisions(settings: Settings) -> tuple[tuple[str, str, str, str], ...]:
    from yibiao.identity.decisions import UNDECIDED, last_decisions

    decided = last_decisions(settings)
    return tuple(sorted((one.entity, *one.pair, one.verdict) for one in decided if one.verdict != UNDECIDED))


def _parts(settings: Settings, schemas: Schemas) -> dict[str, str]:
    import duckdb

    from yibiao.identity.decisions import decisions_digest

    return {
        "format": str(FORMAT),
        "code": __version__,
        "engine": duckdb.__version__,
        "registry": registry_digest(schemas),
        "contracts": hashlib.sha256(
            to_json(
                {
                    report.id: [report.semantics(), list(report.about), str(report.max_drop)]
                    for report in schemas.reports.values()
                }
            )
        ).hexdigest(),
        "models": _digest(
            path
            for folder in ("models", "macros", "seeds")
            for path in sorted((settings.dbt_project / folder).rglob("*"))
            if path.suffix in (".sql", ".yml", ".csv", ".py")
        ),
        "expectations": _digest(sorted(settings.expectations.rglob("*.yml"))),
        "linkage": _digest(sorted((settings.schemas / "linkage").glob("*.*"))),
        "link_decisions": decisions_digest(settings),
        "key": hashlib.sha256(f"yibiao:{installation_key(settings)}".encode()).hexdigest()[:16],
    }


def _digest(paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
