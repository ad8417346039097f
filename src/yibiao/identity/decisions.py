"""What people decided about pairs of nodes: the same entity, different ones, or not decided (again).

A node is an entity that a certain key identifies, or one record without a certain key. Its id is a keyed hash that
stays as long as the record says the same. Decisions live in the control database alone; of several about one pair the
last counts, and what counts never contradicts itself.
"""

from __future__ import annotations

import getpass
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from yibiao.control import connect
from yibiao.errors import LinkageError
from yibiao.files import to_json
from yibiao.settings import TIME_ZONE, Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from yibiao.warehouse.releases import Release

SAME, DIFFERENT, UNDECIDED = "same", "different", "undecided"
VERDICTS = (SAME, DIFFERENT, UNDECIDED)

NODE = re.compile("[0-9a-f]{24}")
"""What the id of a node looks like."""

LONGEST_NAME = 128
"""Characters of the name of whoever decided."""

SHOWN = 10
"""Contradictions that an error names at most."""

LOCK = 0x7969626A
"""Number of the advisory lock of PostgreSQL under which decisions are checked and written."""


@dataclass(frozen=True)
class Verdict:
    """One verdict that is to be written down.

    Args:
        node_l, node_r: the pair, in any order.
        verdict: one of `VERDICTS`.
        reason: why, for whoever audits it.
        by: who decided.
        place: where it stands, for errors: `row 5`.
    """

    node_l: str
    node_r: str
    verdict: str
    reason: str
    by: str = ""
    place: str = ""

    @property
    def pair(self) -> tuple[str, str]:
        return min(self.node_l, self.node_r), max(self.node_l, self.node_r)


@dataclass(frozen=True)
class LinkDecision:
    """One decision as it was written down; `decided_at` is ISO 8601 with the offset of Asia/Shanghai."""

    entity: str
    node_l: str
    node_r: str
    verdict: str
    decided_by: str
    reason: str
    decided_at: str

    @property
    def pair(self) -> tuple[str, str]:
        return self.node_l, self.node_r


def decide_links(
    settings: Settings,
    entity: str,
    verdicts: Sequence[Verdict],
    *,
    where: str = "",
    at: datetime | None = None,
    dry_run: bool = False,
) -> list[LinkDecision]:
    """Write down verdicts about pairs of one entity, all or none.

    What repeats the last decision about a pair word for word is not written again.

    Args:
        where: file that they come from, for errors.
        at: when; now unless given.
        dry_run: check only.

    Returns:
        What was written, or would be.

    Raises:
        LinkageError: a verdict is malformed, lacks a reason, or contradicts another one or an earlier decision.
    """
    from sqlalchemy import func, insert, select

    from yibiao.control.tables import link_decision

    _check(verdicts, where)
    moment = (at or datetime.now(ZoneInfo(TIME_ZONE))).isoformat(timespec="seconds")
    with connect(settings) as connection:
        if connection.dialect.name == "postgresql":
            # Two files that contradict each other must not be checked at the same time; SQLite has one writer anyway.
            connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
        earlier = {one.pair: one for one in _last(connection, entity)}
        _refuse_contradictions(earlier, verdicts, where)
        made = []
        for one in {one.pair: one for one in verdicts}.values():
            decided = LinkDecision(
                entity, *one.pair, one.verdict, one.by.strip() or getpass.getuser(), one.reason.strip(), moment
            )
            if not _repeats(decided, earlier.get(one.pair)):
                made.append(decided)
        if made and not dry_run:
            connection.execute(insert(link_decision), [vars(one) for one in made])
    return made


def withdraw(settings: Settings, entity: str, node_l: str, node_r: str, reason: str, *, by: str = "") -> LinkDecision:
    """Take the decision about a pair back.

    Raises:
        LinkageError: there is none that counts, or no reason is given.
    """
    pair = min(node_l, node_r), max(node_l, node_r)
    if pair not in {one.pair for one in link_decisions(settings, entity)}:
        raise LinkageError(
            "No decision about this pair counts.",
            where="yibiao identity withdraw",
            expected="an entity and two nodes as `yibiao identity decisions` shows them",
            todo="See the decisions that count with that command.",
        )
    return decide_links(settings, entity, [Verdict(*pair, UNDECIDED, reason, by)])[0]


def link_decisions(settings: Settings, entity: str) -> list[LinkDecision]:
    """The decisions of an entity that count, by pair: the last one of each pair, without undecided ones."""
    return [one for one in last_decisions(settings, entity) if one.verdict != UNDECIDED]


def last_decisions(settings: Settings, entity: str = "") -> list[LinkDecision]:
    """The last decision about each pair, of one entity or of all, by entity and pair."""
    with connect(settings) as connection:
        return sorted(_last(connection, entity), key=lambda one: (one.entity, one.pair))


def states_of(made: Sequence[LinkDecision], release: Release | None) -> list[str]:
    """What became of decisions in a release.

    Returns:
        For each `holds`, `passed_over` (one of the nodes is no more: it did nothing), `waits` (the next run applies it,
        or takes it back) or `open` (undecided, and was so in the release).
    """
    manifest = release.manifest if release else {}
    counted = {tuple(one) for one in manifest.get("inputs", {}).get("decisions", ())}
    gone = {
        (entity, *pair) for entity, pairs in manifest.get("counts", {}).get("decisions", {}).items() for pair in pairs
    }
    pairs = {one[:3] for one in counted}
    states = []
    for one in made:
        place = (one.entity, *one.pair)
        if one.verdict == UNDECIDED:
            states.append("waits" if place in pairs else "open")
        elif (*place, one.verdict) not in counted:
            states.append("waits")
        else:
            states.append("passed_over" if place in gone else "holds")
    return states


def decisions_digest(settings: Settings) -> str:
    """SHA-256 over the decisions that count, of all entities: part of what decides a release.

    Who decided, when and why take no part.
    """
    counted = [
        [one.entity, one.node_l, one.node_r, one.verdict]
        for one in last_decisions(settings)
        if one.verdict != UNDECIDED
    ]
    return hashlib.sha256(to_json(counted)).hexdigest()


def _last(connection: Connection, entity: str) -> list[LinkDecision]:
    from sqlalchemy import select

    from yibiao.control.tables import link_decision

    columns = [link_decision.c[name] for name in LinkDecision.__dataclass_fields__]
    query = select(*columns).order_by(link_decision.c.link_decision_id)
    if entity:
        query = query.where(link_decision.c.entity == entity)
    made = [LinkDecision(**row._mapping) for row in connection.execute(query)]
    return list({(one.entity, one.pair): one for one in made}.values())


def _repeats(made: LinkDecision, earlier: LinkDecision | None) -> bool:
    return earlier is not None and (earlier.verdict, earlier.reason, earlier.decided_by) == (
        made.verdict,
        made.reason,
        made.decided_by,
    )


def _check(verdicts: Sequence[Verdict], where: str) -> None:
    for one in verdicts:
        todo = ""
        if one.verdict not in VERDICTS:
            todo = f"Say {', '.join(VERDICTS)}."
        elif not (NODE.fullmatch(one.node_l) and NODE.fullmatch(one.node_r)) or one.node_l == one.node_r:
            todo = "Name two different nodes, each by its 24 hexadecimal digits."
        elif not one.reason.strip():
            todo = "Say why: an auditor will ask."
        elif len(one.by.strip()) > LONGEST_NAME:
            todo = f"Name whoever decided in at most {LONGEST_NAME} characters."
        if todo:
            raise LinkageError("A decision about a pair is not complete.", where=_at(where, one.place), todo=todo)


def _at(where: str, place: str) -> str:
    return ", ".join(filter(None, (where, place)))


def _refuse_contradictions(
    earlier: dict[tuple[str, str], LinkDecision], verdicts: Sequence[Verdict], where: str
) -> None:
    """Raise unless the verdicts agree with each other and with the earlier decisions that they leave as they are."""
    said: dict[tuple[str, str], Verdict] = {}
    clashes = []
    for one in verdicts:
        first = said.setdefault(one.pair, one)
        if first.verdict != one.verdict:
            clashes.append(f"{first.place} ({first.verdict}) and {one.place} ({one.verdict}) name one pair")
    stands = {
        pair: (decided.verdict, f"the decision of {decided.decided_at[:10]} by {decided.decided_by}")
        for pair, decided in earlier.items()
    }
    stands |= {pair: (one.verdict, one.place or "this one") for pair, one in said.items()}
    if not clashes:
        same = [(*pair, place) for pair, (verdict, place) in stands.items() if verdict == SAME]
        different = [(*pair, place) for pair, (verdict, place) in stands.items() if verdict == DIFFERENT]
        clashes = contradictions(same, different)
    if clashes:
        more = len(clashes) - SHOWN
        raise LinkageError(
            "Decisions about pairs contradict each other; nothing was written.",
            where=where,
            expected="no two that are the same and different, not through a third one either",
            got="; ".join(clashes[:SHOWN]) + (f"; and {more} more" if more > 0 else ""),
            todo="Look at these pairs again. An earlier decision is taken back with `yibiao identity withdraw`.",
        )


def contradictions(same: Iterable[tuple[str, str, str]], different: Iterable[tuple[str, str, str]]) -> list[str]:
    """Pairs that are different although others make them the same, in words.

    Args:
        same, different: left, right, and the place that names the pair.

    Returns:
        For each such pair, in the order of `different`, its place and those of a shortest chain that makes it the same.
    """
    near: dict[str, list[tuple[str, str]]] = {}
    for left, right, place in sorted(same):
        near.setdefault(left, []).append((right, place))
        near.setdefault(right, []).append((left, place))
    group: dict[str, str] = {}
    for node in near:
        if node not in group:
            group |= dict.fromkeys(_ways(near, node), node)
    found: list[str] = []
    for left, right, place in different:
        if left in group and group[left] == group.get(right):
            chain = _chain(near, left, right) if len(found) < SHOWN else []
            found.append(f"{' and '.join(chain)} ({SAME}) against {place} ({DIFFERENT})")
    return found


def _ways(near: dict[str, list[tuple[str, str]]], start: str, end: str = "") -> dict[str, tuple[str, str]]:
    """Each node that hangs together with `start`, up to `end`: the node before it on a shortest way, and the place."""
    came: dict[str, tuple[str, str]] = {start: ("", "")}
    waiting = [start]
    while waiting and end not in came:
        following = []
        for node in waiting:
            for other, place in near[node]:
                if other not in came:
                    came[other] = (node, place)
                    following.append(other)
        waiting = following
    return came


def _chain(near: dict[str, list[tuple[str, str]]], start: str, end: str) -> list[str]:
    """Places on a shortest way from one node to another."""
    came = _ways(near, start, end)
    chain = []
    while end != start:
        end, place = came[end]
        chain.append(place)
    return chain[::-1]
