"""The unify run: stage, identify, unify, gate, release. The one writer of the warehouse."""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from yibiao.errors import GateError, HomeError, ReleaseError, WarehouseError
from yibiao.files import commit_folder, scratch
from yibiao.progress import Progress, Silent
from yibiao.quality import Known
from yibiao.settings import Settings
from yibiao.warehouse import identities, kept, one_subject, releases
from yibiao.warehouse.ahead import Ahead
from yibiao.warehouse.dbt import Models, ready_models
from yibiao.warehouse.inputs import WAITING, Inputs, collect

PUBLISHED, UNCHANGED, VERIFIED, REFUSED, HELD = "published", "unchanged", "verified", "refused", "rolled back"


@dataclass
class UnifyOutcome:
    """What a unify run did.

    Attributes:
        state: `published` (a new release is current), `unchanged` (nothing new), `verified` (rebuilt by force, equal
            content), `refused` (the gate did not pass) or `rolled back` (an operator went back from what these inputs
            give).
        version: the current release after the run, or None.
        folder: where it lies.
        content_hash, fingerprint: of the release that these inputs give.
        counts: see `yibiao.warehouse.reconcile`.
        gate: `passed` and numbers by severity.
        waiting: loads that a human has to accept, with the reason.
        seconds: stage -> seconds.
        models: dbt model -> seconds.
        whole: why everything was built anew; empty if only what changed was.
        changed: source records that came, went or changed since the release before; None if everything was built.
        corrected: accepted corrections that came, were taken back or are other ones since; None if everything was.
    """

    state: str
    version: str | None = None
    folder: str = ""
    content_hash: str = ""
    fingerprint: str = ""
    counts: Mapping[str, Any] = field(default_factory=dict)
    gate: Mapping[str, Any] = field(default_factory=dict)
    waiting: list[dict[str, str]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    models: dict[str, float] = field(default_factory=dict)
    whole: str = ""
    changed: int | None = None
    corrected: int | None = None

    @property
    def published(self) -> bool:
        return self.state == PUBLISHED

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


class GateRefused(GateError):
    """A critical expectation failed; carries the outcome with everything found."""

    outcome: UnifyOutcome


def unify(
    settings: Settings, *, force: bool = False, progress: Progress | None = None, ahead: Ahead | None = None
) -> UnifyOutcome:
    """Build, check and publish the release that the live loads give, if there is anything new.

    Args:
        force: rebuild everything although the fingerprint is unchanged, and compare the content.
        ahead: what was made ready; its owner ends it.

    Raises:
        GateRefused: a critical expectation failed; the last release stays.
        WarehouseError: a model failed or counts do not reconcile.
        ReleaseError: a forced rebuild gave other content than the release of the same fingerprint.
        HomeError: another process is unifying.
    """
    from yibiao.contracts import load_schemas

    progress = progress or Silent()
    with one_writer(settings):
        releases.complete_journal(settings)
        identities.record_changes(settings)
        schemas = load_schemas(settings.schemas)
        inputs = collect(settings, schemas)
        present = releases.available(settings)
        if not force:
            if present and present.manifest["fingerprint"] == inputs.fingerprint:
                return _outcome(UNCHANGED, inputs, present)
            if present and releases.rolled_back_from(settings) == inputs.fingerprint:
                return _outcome(HELD, inputs, present)
        plan = kept.Whole("--force") if force else kept.plan(settings, inputs)
        with nullcontext(ahead) if ahead else Ahead(settings) as ready:
            if isinstance(plan, kept.Change):
                try:
                    return _in_scratch(inputs, plan, schemas, settings, progress, ready)
                except WarehouseError as error:
                    # Whatever is wrong with what was kept, it is gone with the scratch folder, and the whole does not
                    # need it; the summary says what happened.
                    plan = kept.Whole(f"what changed could not be built alone ({error.what} {error.where})")
            return _in_scratch(inputs, plan, schemas, settings, progress, ready)


def _in_scratch(
    inputs: Inputs, plan: kept.Change | kept.Whole, schemas: Any, settings: Settings, progress: Progress, ahead: Ahead
) -> UnifyOutcome:
    # Always the same folder, so that what a killed run left there is gone before the disk is needed.
    with scratch(settings.work, "unify", alone=True) as folder:
        return _build(folder, inputs, plan, schemas, settings, progress, ahead)


def _build(
    folder: Path, inputs: Inputs, plan: kept.Change | kept.Whole, schemas: Any, settings: Settings, progress: Progress,
    ahead: Ahead,
) -> UnifyOutcome:  # fmt: skip
    from yibiao.warehouse.publish import build

    clock = Clock()
    warehouse = folder / "warehouse.duckdb"
    change = plan if isinstance(plan, kept.Change) else None
    base = _base(change, settings)
    if base is None:
        ahead.without_copy()
    ahead.begin()
    waiting_gate = ahead.gate()
    if change:
        kept.take(settings, warehouse)
    models, counts = build_warehouse(warehouse, inputs, schemas, settings, progress, clock, change, ahead.models())
    with clock("keep"):
        marked = kept.mark(warehouse, inputs, plan)
        warehouse = kept.keep(warehouse, settings)
    with clock("gate"):
        known = _known(base, change, inputs, schemas)
        verdict = waiting_gate.run(warehouse, settings.expectations, folder / "gate", progress, known)
    gate = {"passed": verdict.passed, "by_severity": verdict.by_severity}
    quality = folder / "gate" / "quality.json"
    if not verdict.passed:
        raise _refused(inputs, verdict, gate, counts, quality, settings)
    with clock("release"):
        aside = folder / "release"
        aside.mkdir()
        if base:
            ahead.copy(base.database, aside / releases.DATABASE)
        manifest = build(warehouse, aside, inputs, schemas, settings, counts, gate, quality, progress, base)
        state = _commit(aside, inputs, manifest, settings)
        identities.record_changes(settings)
    release = releases.find(settings, inputs.version)
    outcome = _outcome(state, inputs, release)
    outcome.seconds = clock.seconds
    outcome.models = {model["model"]: model["seconds"] for model in models}
    outcome.whole = plan.why if isinstance(plan, kept.Whole) else ""
    outcome.changed, outcome.corrected = marked or (None, None)
    return outcome


def _base(change: kept.Change | None, settings: Settings) -> releases.Release | None:
    """The release that the kept warehouse gave, if it was published and is still there."""
    if change is None:
        return None
    there = (one for one in releases.every(settings) if one.database.is_file())
    return next((one for one in there if one.manifest["fingerprint"] == change.fingerprint), None)


def _known(base: releases.Release | None, change: kept.Change | None, inputs: Inputs, schemas: Any) -> Known | None:
    """What the gate of the release before found, by the same specs, and which rows are other ones since."""
    from yibiao.warehouse.publish import release_tables

    if (
        base is None
        or change is None
        or base.manifest["inputs"]["parts"]["expectations"] != inputs.parts["expectations"]
    ):
        return None
    same = {f"staging.{model}" for model in _unchanged(change, schemas)}
    anew = {one.source: (one.key, one.anew) for one in release_tables(schemas, [], schemas.entities) if one.key}
    return Known(base.folder / "quality.json", frozenset(same), anew)


def _unchanged(change: kept.Change | None, schemas: Any) -> list[str]:
    """Staging models of reports of which nothing changed."""
    return [one.staging_model for one in schemas.reports.values() if change and one.id not in change.reports]


def build_warehouse(
    warehouse: Path, inputs: Inputs, schemas: Any, settings: Settings, progress: Progress, clock: Clock,
    change: kept.Change | None = None, ready: Models | None = None,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:  # fmt: skip
    """Make a warehouse file, run every model in it, and check that its counts reconcile.

    Args:
        change: given if the file is the kept warehouse: what brings that to the inputs.
        ready: a dbt that waits; by default one is started.

    Returns:
        The models with their seconds, and the counts.
    """
    from yibiao.warehouse.corrections import settle
    from yibiao.warehouse.prepare import prepare
    from yibiao.warehouse.reconcile import reconcile

    with clock("inputs"):
        prepare(warehouse, inputs, schemas, settings, change)
    with clock("models"):
        progress.stage("unify", _count_models(settings), "models")
        with nullcontext(ready) if ready else ready_models(settings) as waiting:
            models = waiting.run(warehouse, warehouse.parent, progress, without=_unchanged(change, schemas))
        progress.end()
    with clock("reconcile"):
        corrected = settle(warehouse, inputs, schemas)
        counts = reconcile(warehouse, inputs, schemas)
        crowded = one_subject.find(warehouse, schemas, settings.schemas)
        told = {"corrections": corrected, "one_subject": crowded}
        return models, counts | {name: one for name, one in told.items() if one}


def _commit(aside: Path, inputs: Inputs, manifest: Mapping[str, Any], settings: Settings) -> str:
    """Move the folder into place and switch to it; or verify it against the release of the same fingerprint."""
    final = settings.releases / inputs.version
    release = releases.Release(final)
    state = PUBLISHED
    if not commit_folder(aside, final, "release.folder"):
        if release.manifest["content_hash"] != manifest["content_hash"]:
            tables = [
                name
                for name, table in manifest["tables"].items()
                if release.manifest["tables"].get(name, {}).get("hash") != table["hash"]
            ]
            raise ReleaseError(
                "The same inputs gave other content than before.",
                where=f"release {inputs.version}: {', '.join(tables)}",
                expected=release.manifest["content_hash"][:16],
                got=str(manifest["content_hash"])[:16],
                todo="The release stays as it was. Please report this: a model is not deterministic.",
            )
        state = VERIFIED
    present = releases.available(settings)
    if present is None or present.version != release.version:
        releases.switch(settings, release, "publish")
        state = PUBLISHED
    return state


def _refused(
    inputs: Inputs, verdict: Any, gate: Mapping[str, Any], counts: Mapping[str, Any], quality: Path, settings: Settings
) -> GateRefused:
    kept = settings.logs / "gate" / inputs.version
    kept.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(quality, kept / quality.name)
    failed = [result for result in verdict.results if not result.success and result.severity == "critical"]
    present = releases.available(settings)
    error = GateRefused(
        "The gate did not pass: nothing was published.",
        where=str(kept / quality.name),
        expected="every critical expectation holds",
        got="; ".join(f"{result.table}: {result.id}" for result in failed[:5])
        + (f" and {len(failed) - 5} more" if len(failed) > 5 else ""),
        todo=f"Release {present.version if present else '(none)'} stays current. See docs/runbook.md, section gate.",
    )
    error.outcome = _outcome(REFUSED, inputs, present)
    error.outcome.counts = counts
    error.outcome.gate = gate
    return error


def _outcome(state: str, inputs: Inputs, release: releases.Release | None) -> UnifyOutcome:
    manifest: Mapping[str, Any] = release.manifest if release else {}
    return UnifyOutcome(
        state=state,
        version=release.version if release else None,
        folder=str(release.folder) if release else "",
        content_hash=manifest.get("content_hash", ""),
        fingerprint=inputs.fingerprint,
        counts=manifest.get("counts", {}),
        gate=manifest.get("gate", {}),
        waiting=[
            {
                "load_id": load.load_id,
                "report": load.report,
                "edition": load.manifest["edition"],
                "reason": load.reason,
            }
            for load in inputs.loads
            if load.state == WAITING
        ],
    )


def _count_models(settings: Settings) -> int:
    return sum(path.suffix in (".sql", ".py") for path in (settings.dbt_project / "models").rglob("*"))


@contextmanager
def one_writer(settings: Settings) -> Iterator[None]:
    """One writer at a time; the lock dies with its process."""
    with (settings.home / "unify.lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeError(
                "Another process is unifying in this working folder.",
                where=str(settings.home),
                todo="Wait until it is done; what it does not include, the next run will.",
            ) from None
        yield


class Clock:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = round(time.perf_counter() - began, 3)
