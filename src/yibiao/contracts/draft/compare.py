"""Says what differs between two versions of a contract, and what breaks for whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from yibiao.contracts.documents import Document, Findings
from yibiao.contracts.odcs import Registry, read_report
from yibiao.contracts.properties import DRIFT, REPAIRS
from yibiao.contracts.reports import Column, Report
from yibiao.contracts.values import Schemas
from yibiao.detect.table import ASK, REJECT, SAFE
from yibiao.errors import ContractError
from yibiao.ingest.drift import plain
from yibiao.ingest.repairs import repair_class

BREAKING, RELOADS, HARMLESS = "breaking", "reloads", "harmless"
"""Kinds of changes: somebody loses something or must act; every landed delivery is read again; neither."""


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        kind: one of BREAKING, RELOADS, HARMLESS.
        where: property name of the column, or the key of the contract.
        what: the difference in words.
        affects: who or what notices: departments, forms, models, elements, earlier deliveries.
    """

    kind: str
    where: str
    what: str
    affects: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {"kind": self.kind, "where": self.where, "what": self.what, "affects": list(self.affects)}


def read_contract(path: Path, schemas: Schemas) -> Report:
    """A contract that lies anywhere, read against the registry of `schemas`.

    Raises:
        ContractError: it cannot be read, or the first mistake in it.
    """
    head = Document(path, path.parent)
    identity = head.data.get("id") if isinstance(head.data, dict) else None
    if not isinstance(identity, str) or not re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", identity):
        raise ContractError(
            "This is no contract: it has no `id`.", where=str(path), expected="id: department.report", got=str(identity)
        )
    department, name = identity.split(".")
    findings = Findings()
    registry = Registry(schemas.departments, schemas.codes, schemas.elements, schemas.entities)
    # A contract says who it is by its folder; an older version taken out of the history lies somewhere else.
    with TemporaryDirectory() as folder:
        place = Path(folder) / path.name / department / f"{name}.odcs.yml"
        place.parent.mkdir(parents=True)
        place.write_text(head.text, encoding="utf-8")
        report = read_report(Document(place, Path(folder)), registry, findings)
    findings.raise_errors()
    if report is None:
        raise ContractError("The contract cannot be used.", where=str(path), todo="Run `yibiao contract lint`.")
    return report


def compare(old: Report, new: Report, schemas: Schemas, usage: Mapping[str, tuple[str, ...]]) -> list[Change]:
    """Every difference that matters, the breaking ones first.

    Args:
        schemas: all contracts as they are, to know who else gives an element.
        usage: element or staging model -> what asks for it or reads it (see `usage_of`).
    """
    changes = [*_of_report(old, new), *_of_columns(old, new, schemas, usage)]
    told = any(change.kind == RELOADS or _LANDED in change.affects for change in changes)
    if old.semantics() != new.semantics() and not told:
        changes.append(Change(RELOADS, "contract", "what a load contains may change", (_LANDED,)))
    order = {BREAKING: 0, RELOADS: 1, HARMLESS: 2}
    return sorted(changes, key=lambda change: (order[change.kind], change.where))


_LANDED = "every landed delivery of the report: it is read again at the next run"


def _of_report(old: Report, new: Report) -> Iterator[Change]:
    if old.id != new.id:
        yield Change(BREAKING, "id", f"another report: {old.id} -> {new.id}", ("DAG, lake folder and models of both",))
    if old.mode != new.mode:
        yield Change(
            BREAKING,
            "mode",
            f"{old.mode} -> {new.mode}",
            ("which rows count: a snapshot replaces the edition before it, events and deltas add up",),
        )
    if old.key != new.key:
        yield Change(
            BREAKING, "key", f"{', '.join(old.key)} -> {', '.join(new.key)}", ("which rows are the same row", _LANDED)
        )
    for entity in sorted(set(old.about) - set(new.about)):
        yield Change(BREAKING, "about", f"no longer speaks of {entity}", (f"canonical.{entity} loses this source",))
    for entity in sorted(set(new.about) - set(old.about)):
        yield Change(HARMLESS, "about", f"speaks of {entity} as well", (f"canonical.{entity} gains a source",))
    if old.edition != new.edition:
        yield Change(
            BREAKING,
            "edition",
            f"{old.edition.source} {old.edition.pattern} -> {new.edition.source} {new.edition.pattern}",
            ("files named or titled as before are refused if the new rule does not fit them",),
        )
    before, after = old.server, new.server
    if (before.kind, before.format, before.encoding) != (after.kind, after.format, after.encoding):
        yield Change(
            BREAKING,
            "servers",
            f"{before.format} {before.encoding} -> {after.format} {after.encoding}",
            ("deliveries that landed in the old form can no longer be read",),
        )
    if before.location != after.location:
        yield Change(HARMLESS, "servers", "deliveries are looked for at another place")
    for name in sorted(set(before.options) | set(after.options)):
        if before.options.get(name) != after.options.get(name):
            yield Change(
                RELOADS, f"servers.{name}", f"{before.options.get(name)} -> {after.options.get(name)}", (_LANDED,)
            )
    for name in ("schedule", "owner", "title", "retries"):
        if getattr(old, name) != getattr(new, name):
            yield Change(HARMLESS, name, f"{getattr(old, name)} -> {getattr(new, name)}")
    if old.max_drop != new.max_drop:
        kind = BREAKING if new.max_drop < old.max_drop else HARMLESS
        yield Change(kind, "maxDrop", f"{old.max_drop:.0%} -> {new.max_drop:.0%}", ("snapshots that shrink",))
    yield from _of_policy(old, new)


def _of_policy(old: Report, new: Report) -> Iterator[Change]:
    """What the report does with columns, cells and totals that are not as they should be, and what all rows share."""
    for key, name in DRIFT.items():
        was, now = old.on_drift.get(name, "-"), new.on_drift.get(name, "-")
        if was != now:
            notice = "deliveries with it are refused" if now == "refuse" else "deliveries with it are held"
            yield _strictness(f"onDrift.{key}", was, now, ("evolve", "quarantine", "refuse"), notice)
    for kind, (key, _) in REPAIRS.items():
        was, now = repair_class(old, kind), repair_class(new, kind)
        if was != now:
            notice = "deliveries with such cells are refused" if now == REJECT else "rows with such cells are held"
            yield _strictness(f"onRepair.{key}", was, now, (SAFE, ASK, REJECT), notice)
    for name in sorted(set(old.constants) | set(new.constants)):
        was, now = old.constants.get(name, "-"), new.constants.get(name, "-")
        if was != now:
            kind = RELOADS if was == "-" else BREAKING
            yield Change(kind, f"constants.{name}", f"{was} -> {now}", ("every row of the report",))
    if old.control_totals != new.control_totals:
        gone = sum(one not in new.control_totals for one in old.control_totals)
        more = sum(one not in old.control_totals for one in new.control_totals)
        notice = "which printed totals are recounted, and whether a file without them waits"
        yield Change(RELOADS, "controlTotals", f"{gone} gone, {more} new", (notice, _LANDED))
    if (old.as_of, old.checks_rows) != (new.as_of, new.checks_rows):
        yield Change(BREAKING, "asOf", f"{old.as_of or '-'} -> {new.as_of or '-'}", ("which of two values is newer",))


def _strictness(where: str, was: str, now: str, order: Sequence[str], notice: str) -> Change:
    """A stricter answer breaks deliveries that were taken before; a milder one only reads them again."""
    if was in order and order.index(now) < order.index(was):
        return Change(RELOADS, where, f"{was} -> {now}", (_LANDED,))
    return Change(BREAKING, where, f"{was} -> {now}", (notice, _LANDED))


def _of_columns(old: Report, new: Report, schemas: Schemas, usage: Mapping[str, tuple[str, ...]]) -> Iterator[Change]:
    before = {column.name: column for column in old.columns}
    after = {column.name: column for column in new.columns}
    readers = usage.get(old.staging_model, ())
    by_header = {plain(column.header): column for name, column in after.items() if name not in before}
    for name, column in [(name, column) for name, column in before.items() if name not in after]:
        if other := by_header.get(plain(column.header)):
            yield Change(
                BREAKING,
                name,
                f"is called {other.name} now",
                (f"{old.staging_model}.{column.staged_name} becomes {other.staged_name}", *readers)
                if column.staged_name != other.staged_name
                else ("the lake's column", _LANDED),
            )
            del before[name]
            before[other.name] = column
    for name in sorted(set(before) - set(after)):
        column = before[name]
        yield Change(
            BREAKING,
            name,
            f"the column `{column.header}` is gone",
            (f"{old.staging_model}.{column.staged_name}", *readers, *_element_loses(column, new, schemas, usage)),
        )
    for name in sorted(set(after) - set(before)):
        column = after[name]
        if column.required or column.key:
            yield Change(
                BREAKING,
                name,
                f"the new column `{column.header}` is required",
                ("deliveries without it are refused, those that landed before as well",),
            )
        else:
            yield Change(RELOADS, name, f"the column `{column.header}` is new", (_LANDED,))
    for name in sorted(set(before) & set(after)):
        yield from _of_column(before[name], after[name], old, new, schemas, usage)


def _of_column(
    one: Column, other: Column, old: Report, new: Report, schemas: Schemas, usage: Mapping[str, tuple[str, ...]]
) -> Iterator[Change]:
    readers = usage.get(old.staging_model, ())
    known = {plain(text) for text in (other.header, *other.aliases)}
    lost = [text for text in (one.header, *one.aliases) if plain(text) not in known]
    if lost:
        yield Change(
            BREAKING,
            one.name,
            f"the header {', '.join(f'`{text}`' for text in lost)} is no longer known",
            ("deliveries with it: keep it under `aliases`",),
        )
    elif set(other.aliases) - set(one.aliases) or one.header != other.header:
        yield Change(RELOADS, one.name, "more headers are known", (_LANDED,))
    if (one.element, one.role) != (other.element, other.role):
        yield Change(
            BREAKING,
            one.name,
            f"means {_meaning(other)} and no longer {_meaning(one)}",
            (f"{old.staging_model}.{one.staged_name}", *readers, *_element_loses(one, new, schemas, usage)),
        )
    if one.type != other.type:
        yield Change(
            BREAKING,
            one.name,
            f"type {one.type} -> {other.type}",
            (f"{old.staging_model}.{other.staged_name} becomes {other.sql_type}", *readers),
        )
    if other.required and not one.required:
        yield Change(BREAKING, one.name, "is required now", ("rows without a value go to quarantine",))
    if one.required and not other.required:
        yield Change(RELOADS, one.name, "is no longer required", (_LANDED,))
    gone = [text for text in one.date_formats if text not in other.date_formats]
    if gone:
        yield Change(BREAKING, one.name, f"dates as {', '.join(gone)} are no longer read", ("rows with such dates",))
    if one.factor != other.factor:
        yield Change(
            BREAKING, one.name, f"unit {one.unit or '-'} -> {other.unit or '-'}", (f"every amount: {_meaning(other)}",)
        )
    meant, means = dict(one.pairs), dict(other.pairs)
    moved = [text for text in meant if text in means and meant[text] != means[text]]
    if moved:
        yield Change(
            BREAKING,
            one.name,
            f"{len(moved)} codes mean something else",
            tuple(f"{text}: {meant[text]} -> {means[text]}" for text in moved[:8]),
        )
    if missing := [text for text in meant if text not in means]:
        yield Change(BREAKING, one.name, f"{len(missing)} codes are no longer known", ("rows with them",))
    if more := [text for text in other.date_formats if text not in one.date_formats]:
        yield Change(RELOADS, one.name, f"dates as {', '.join(more)} are read", (_LANDED,))
    if new_codes := sum(text not in meant for text in means):
        yield Change(RELOADS, one.name, f"{new_codes} more codes are known", (_LANDED,))
    if one.entity != other.entity:
        yield Change(
            BREAKING,
            one.name,
            f"speaks of {other.entity or 'every entity of `about`'} and no longer of {one.entity or 'all'}",
            (f"which golden records `{one.element}` of this report reaches", *readers),
        )
    if one.on_invalid != other.on_invalid:
        yield Change(RELOADS, one.name, f"onInvalid {one.on_invalid} -> {other.on_invalid}", (_LANDED,))


def _meaning(column: Column) -> str:
    if column.element is None:
        return "a field of the department's own"
    return f"`{column.element}`" + (f" of the {column.role}" if column.role else "")


def _element_loses(
    column: Column, new: Report, schemas: Schemas, usage: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    """Who notices that this report no longer gives an element."""
    if column.element is None:
        return
    if any((one.element, one.role) == (column.element, column.role) for one in new.columns):
        return
    others = [
        report
        for report in schemas.reports.values()
        if report.id != new.id
        and any((one.element, one.role) == (column.element, column.role) for one in report.columns)
    ]
    if column.role is None:
        entities = [entity for entity in new.about if column.element in schemas.entities[entity].elements]
        for entity in entities:
            rest = ", ".join(report.id for report in others if entity in report.about)
            yield f"canonical.{entity}.{column.element}: " + (f"left to {rest}" if rest else "no source is left")
    authority = schemas.elements[column.element].authority
    if new.department in authority and not any(report.department == new.department for report in others):
        rank = authority.index(new.department) + 1
        yield f"`{column.element}` loses its authority number {rank}, {schemas.departments[new.department].name}"
    if not others:
        yield from usage.get(column.element, ())


def usage_of(schemas_folder: Path, schemas: Schemas, dbt_project: Path) -> dict[str, tuple[str, ...]]:
    """Who asks for an element (forms), and which hand-written models read a staging model."""
    from yibiao.forms import load_forms

    found: dict[str, list[str]] = {}
    for form in load_forms(schemas_folder, schemas).values():
        for element in sorted({one.element for one in form.fields if one.element}):
            found.setdefault(element, []).append(f"form {form.id} asks for it and can no longer be filled in advance")
    for path in sorted((dbt_project / "models" / "marts").glob("*.sql")):
        for model in sorted(set(re.findall(r"ref\(['\"](stg_\w+)['\"]\)", path.read_text(encoding="utf-8")))):
            found.setdefault(model, []).append(f"mart {path.stem} reads this staging model")
    return {name: tuple(lines) for name, lines in found.items()}
