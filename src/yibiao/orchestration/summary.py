"""What a run did, as one JSON-ready value: read from the release's manifest, so that it says what was published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from yibiao.orchestration.embedded import report_index
from yibiao.settings import Settings
from yibiao.unforeseen import tell

if TYPE_CHECKING:
    from yibiao.ingest import IngestOutcome
    from yibiao.orchestration.tasks import Watch
    from yibiao.warehouse.releases import Release

FORMAT = 1

STATES = ("open", "resolved", "rejected")
"""What a quarantined row may be by now."""

GOOD = ("published", "unchanged", "verified")
"""States of a unify run after which the current release is the one that the live loads give."""


def summarise(settings: Settings, watch: Watch, seconds: Mapping[str, float]) -> dict[str, Any]:
    """The content of `summary.json`.

    Returns:
        `{format, ok, state, why, error, release, built, reports, totals, waiting, entities, conflicts,
        decisions_passed_over, corrections_passed_over, one_subject, expectations, burden, seconds, next}`.
        `state` is that of the unify run (`published`, `unchanged`, `verified`, `refused`, `rolled back`), or `failed`;
        `why` and `error` say why it did not publish.
        Of the rows `quarantined`, `open` ones wait for their sender, `resolved` ones came back mended and count,
        `rejected` ones were given up by a human; a report and `totals` have all three.
        `built` is None if nothing was; else `whole` says why everything was built anew (empty if only what changed was)
        and `records` how many source records changed, `corrections` how many accepted corrections.
        `decisions_passed_over`: entity -> decisions about pairs of which one side is no more; they did nothing.
        `corrections_passed_over`: tickets that changed nothing, because nobody has the id of which they speak.
        `one_subject`: loads in most rows of which one subject stands; see `yibiao.warehouse.one_subject`.
        `ok` says that the release holds everything that could be read and passed its gate. Figures of rows and entities
        are those of the current release; `loaded` and `errors` of a report are those of this run; `expectations` are
        those of the last gate, also if it failed.
    """
    from yibiao.warehouse.releases import current

    release = current(settings)
    manifest: Mapping[str, Any] = release.manifest if release else {}
    failure = watch.failed.get("unify")
    # A refusal by the gate is an error that brings its outcome along.
    outcome = watch.unified or getattr(failure, "outcome", None)
    state = outcome.state if outcome else "failed"
    ok = bool(release and state in GOOD and manifest["gate"]["passed"])
    reports = _reports(settings, watch, manifest)
    counts = manifest.get("counts", {}).get("entities", {})
    return {
        "format": FORMAT,
        "ok": ok,
        "state": state,
        "why": _error(failure)["what"] if failure else "",
        "error": _error(failure) if failure else None,
        "release": {
            "version": release.version if release else None,
            "path": str(release.folder) if release else None,
            "fingerprint": manifest.get("fingerprint"),
            "content_hash": manifest.get("content_hash"),
        },
        "built": {"whole": outcome.whole, "records": outcome.changed, "corrections": outcome.corrected}
        if outcome and outcome.models
        else None,
        "reports": reports,
        "totals": {
            key: sum(report[key] for report in reports)
            for key in ("deliveries", "loaded", "read", "accepted", "quarantined", *STATES)
        }
        | {"errors": sum(len(report["errors"]) for report in reports)},
        "waiting": list(outcome.waiting) if outcome else [],
        "entities": {entity: figures["golden"] for entity, figures in counts.items()},
        "conflicts": {entity: figures["disputed_cells"] for entity, figures in counts.items()},
        "decisions_passed_over": {
            entity: len(pairs) for entity, pairs in manifest.get("counts", {}).get("decisions", {}).items()
        },
        "corrections_passed_over": manifest.get("counts", {}).get("corrections", {}).get("passed_over", []),
        "one_subject": list(manifest.get("counts", {}).get("one_subject", [])),
        "expectations": {
            severity: dict(numbers)
            for severity, numbers in (outcome.gate if outcome else manifest.get("gate", {}))
            .get("by_severity", {})
            .items()
        },
        "burden": _burden(settings, release, bool(outcome and outcome.changed is not None)) if release else None,
        "seconds": dict(seconds),
        "next": _next(state, release, reports, failure, manifest),
    }


def _reports(settings: Settings, watch: Watch, manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Per report the live loads of the release, and what this run did."""
    loads: dict[str, list[Mapping[str, Any]]] = {}
    for load in manifest.get("inputs", {}).get("loads", ()):
        loads.setdefault(load["report"], []).append(load)
    rows = []
    for report_id, report in report_index(settings).items():
        live = loads.get(report_id, [])
        ingested = watch.ingested.get(report_id)
        errors: list[BaseException] = list(ingested.errors) if ingested else []
        if not errors and report_id in watch.failed:
            errors = [watch.failed[report_id]]
        rows.append(
            {
                "report": report_id,
                "title": report["title"],
                "department": report["department"],
                "deliveries": len(live),
                "waiting": sum(load["state"] == "waiting" for load in live),
                "arriving": len(ingested.waiting) if ingested else 0,
                "loaded": len(ingested.loaded) if ingested else 0,
                "read": sum(load["read"] for load in live),
                "accepted": sum(load["accepted"] for load in live),
                "quarantined": sum(load["quarantined"] for load in live),
                # A release that an older program published does not tell: then nothing was amended yet.
                "open": sum(load.get("open", load["quarantined"]) for load in live),
                "resolved": sum(load.get("resolved", 0) for load in live),
                "rejected": sum(load.get("rejected", 0) for load in live),
                "drift": _drift(ingested),
                "totals": sum(load.get("totals", 0) for load in live),
                "totals_off": sum(load.get("totals_off", 0) for load in live),
                "errors": [_error(error) for error in errors],
            }
        )
    return rows


def _drift(ingested: IngestOutcome | None) -> dict[str, int]:
    """Kind of drift -> events in the report's live loads; `held` counts loads of which the contract holds every row."""
    found: Counter[str] = Counter()
    for package in (*ingested.loaded, *ingested.existing) if ingested else ():
        found.update(one["kind"] for one in package.manifest["drift"] if one["kind"] != "alias")
        found["held"] += bool(package.manifest["held"])
    return {kind: count for kind, count in sorted(found.items()) if count}


def _error(error: BaseException) -> dict[str, str]:
    """An error for a file that others read; its kind is the original one."""
    return {"kind": type(error).__name__, **tell(error).as_dict()}


def _burden(settings: Settings, release: Release, by_change: bool) -> dict[str, Any] | None:
    """What the forms ask in a year, and how much of it the release knows; None without forms.

    Counting takes seconds on a large release. The figure of the last summary is taken again if the forms are the same,
    and the release, too, or it was built by change: a day moves it less than it is rounded, and each whole build counts
    anew. `release` tells of which one it is; `yibiao form burden` counts that of the current one.
    """
    import hashlib

    import orjson

    from yibiao.files import sha256_file

    folder = settings.schemas / "forms"
    hashes = ":".join(sha256_file(path) for path in sorted(folder.rglob("*.yml")))
    if not hashes or not release.manifest["inputs"]["loads"]:
        return None
    forms_hash = hashlib.sha256(hashes.encode()).hexdigest()
    try:
        last = orjson.loads((settings.home / "summary.json").read_bytes())["burden"]
        if last and last["forms_hash"] == forms_hash and (by_change or last["release"] == release.version):
            return last
    except (OSError, KeyError, TypeError, orjson.JSONDecodeError):
        pass  # no summary yet, or one of an older program: count

    from yibiao.contracts import load_schemas
    from yibiao.forms import load_forms
    from yibiao.forms.burden import account

    schemas = load_schemas(settings.schemas)
    forms = load_forms(settings.schemas, schemas)
    burden = account(forms, schemas, release.database, _as_of(release)).as_dict()
    asked, known = burden["cells_asked"], burden["cells_known"]
    return {
        "forms_hash": forms_hash,
        "release": release.version,
        "as_of": burden["as_of"],
        "forms": len(burden["forms"]),
        "distinct_fields": burden["distinct_fields"],
        "cells_asked": asked,
        "cells_known": known,
        "share_known": round(known / asked, 4) if asked else 0.0,
        "hours": burden["hours"],
        "hours_if_reused": burden["hours_if_reused"],
    }


def _as_of(release: Release) -> date:
    """The last day that the release speaks of."""
    import calendar

    edition = max(load["edition"] for load in release.manifest["inputs"]["loads"] if load["state"] == "current")
    if len(edition) == 10:
        return date.fromisoformat(edition)
    year, month = map(int, edition.split("-"))
    return date(year, month, calendar.monthrange(year, month)[1])


def _next(
    state: str,
    release: Release | None,
    reports: list[dict[str, Any]],
    failure: BaseException | None,
    manifest: Mapping[str, Any],
) -> list[str]:
    """What to do now, in the order of urgency; each line names a command or a place."""
    lines = []
    if failure is not None and (todo := tell(failure).todo):
        lines.append(todo)
    if state == "refused":
        lines.append("yibiao quality: which expectations failed. The last good release stays current.")
    if state == "rolled back":
        lines.append("yibiao run --force: publish again what was rolled back. Until then the inputs wait.")
    broken = [report["report"] for report in reports if report["errors"]]
    if broken:
        lines.append(
            f"{', '.join(broken)}: could not be read in full. Mend the delivery and run again; all else is loaded."
        )
    drifted = [report["report"] for report in reports if report["drift"]]
    if drifted:
        held = ", all rows held" if any("held" in report["drift"] for report in reports) else ""
        lines.append(f"yibiao load drift: columns that differ from the contract ({', '.join(drifted)}{held}).")
    if any(report["waiting"] > report["drift"].get("held", 0) for report in reports):
        lines.append("yibiao load list: snapshots that look incomplete wait for your decision (yibiao load accept ID).")
    if any(report["arriving"] for report in reports):
        lines.append("Some files are still arriving; the next run reads them.")
    if off := [report["report"] for report in reports if report["totals_off"]]:
        lines.append(
            f"{', '.join(off)}: printed totals are missing or do not agree with the rows (`control_totals` in their"
            " manifests)."
            " Ask the sender whether rows are missing."
        )
    for one in manifest.get("counts", {}).get("one_subject", []):
        stated = f"number ({one['number']})" if one["number"] else "name and no usable number"
        lines.append(
            f"{one['report']} {one['edition']}: {one['rows']:,} of {one['of']:,} rows state one {stated}."
            " Ask the sender; if it is a mistake:"
            f" yibiao load withdraw {one['load_id'][:12]} --reason ..."
        )
    if any(report["open"] for report in reports):
        lines.append("yibiao quarantine list: the rows kept out and why; `export` makes the slip for their sender.")
    if state in GOOD and release is not None:
        lines.append('yibiao query "select count(*) from resident": ask the release.')
        lines.append(f"{release.database}: open it with any DuckDB, the .parquet files beside it with anything else.")
    return lines
