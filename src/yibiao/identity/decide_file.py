"""Taking in a review list that came back: every row is checked against the release, and all are written or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from yibiao.contracts.values import Schemas
from yibiao.errors import LinkageError
from yibiao.identity.decisions import (
    LONGEST_NAME,
    NODE,
    VERDICTS,
    LinkDecision,
    Verdict,
    decide_links,
    last_decisions,
)
from yibiao.identity.review import ReviewList, review_list
from yibiao.identity.review_file import REASON, VERDICT, FileRow, read
from yibiao.settings import Settings
from yibiao.warehouse.releases import Release

SHOWN = 20
"""Rows that an error names at most."""


@dataclass(frozen=True)
class TakenIn:
    """What a file brought.

    Args:
        file, entity: the file's name, and of which entity it speaks; empty if nothing is decided in it.
        same, different, undecided: decisions that were written, or would be.
        repeated: rows that say what is written already.
        open: rows without a verdict.
        dry_run: nothing was written.
    """

    file: str
    entity: str
    same: int
    different: int
    undecided: int
    repeated: int
    open: int
    dry_run: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def take_in(
    path: Path, settings: Settings, schemas: Schemas, release: Release, *, by: str = "", dry_run: bool = False
) -> TakenIn:
    """Check a review list that came back and write its verdicts down.

    Args:
        release: in which the pairs stand.
        by: who decided, where a row does not say.
        dry_run: check only.

    Raises:
        LinkageError: the file or a row of it is wrong, or decisions contradict each other; nothing is written then.
        DeliveryError: the file cannot be read.
    """
    rows = read(path)
    said = [row for row in rows if row.verdict != ""]
    if not said:
        return TakenIn(path.name, "", 0, 0, 0, 0, len(rows), dry_run)
    entity = _entity(said, schemas, path)
    listed = review_list(settings, schemas, release, entity)
    earlier = {one.pair: one for one in last_decisions(settings, entity)}
    codes = _codes(listed, {row.nodes for row in said})
    problems = [(row.row, what) for row in said if (what := _problem(row, codes, earlier, release.version))]
    if problems:
        more = len(problems) - SHOWN
        named = "; ".join(f"row {row}: {what}" for row, what in problems[:SHOWN])
        raise LinkageError(
            "Rows of the file cannot be taken; nothing was written.",
            where=path.name,
            expected=f"rows as `yibiao identity review` wrote them, with {VERDICT} and {REASON}",
            got=named + (f"; and {more} more rows" if more > 0 else ""),
            todo="Correct these rows or empty their verdicts; for pairs that changed write a new list.",
        )
    verdicts = [
        Verdict(row.node_l, row.node_r, row.verdict or "", row.reason, row.by or by, f"row {row.row}") for row in said
    ]
    made = decide_links(settings, entity, verdicts, where=path.name, dry_run=dry_run)
    counts = {verdict: sum(one.verdict == verdict for one in made) for verdict in VERDICTS}
    return TakenIn(
        path.name, entity, counts["same"], counts["different"], counts["undecided"],
        repeated=len(said) - len(made), open=len(rows) - len(said), dry_run=dry_run,
    )  # fmt: skip


def _entity(said: Sequence[FileRow], schemas: Schemas, path: Path) -> str:
    """The one entity of which the rows speak."""
    known = {text: one.id for one in schemas.entities.values() for text in (one.id, one.name)}
    found = {known.get(row.entity, "") for row in said}
    if len(found) != 1 or "" in found:
        raise LinkageError(
            "The file does not speak of one entity.",
            where=path.name,
            expected="one of " + ", ".join(one.name for one in schemas.entities.values()),
            got=f"{len(found - {''})} of them" + (", and rows that name none" if "" in found else ""),
            todo="Take in one review list at a time, with its column 实体 as it was.",
        )
    return found.pop()


def _codes(listed: ReviewList, nodes: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Check codes of those pairs that the release has to review."""
    pairs = listed.pairs(only=nodes)
    sides = listed.sides(pairs)
    return {pair.nodes: listed.check_code(pair, sides) for pair in pairs}


def _problem(
    row: FileRow,
    codes: Mapping[tuple[str, str], str],
    earlier: Mapping[tuple[str, str], LinkDecision],
    version: str,
) -> str:
    """Why a row cannot be taken; empty if it can. No cell is quoted: people write names into any of them."""
    if row.verdict is None:
        return f"an unknown word as {VERDICT} (known: 同一人, 不同人, 待定)"
    if not (NODE.fullmatch(row.node_l) and NODE.fullmatch(row.node_r)) or row.node_l == row.node_r:
        return "the numbers of the pair are damaged"
    if not row.reason:
        return f"{REASON} is empty, and an auditor will ask"
    if len(row.by) > LONGEST_NAME:
        return f"the name of whoever decided is longer than {LONGEST_NAME} characters"
    if row.nodes in codes:
        return "" if codes[row.nodes] == row.code else "one of its sides says something else by now"
    if row.nodes in earlier:
        return ""
    if row.release != version:
        return f"it is not to be reviewed any more in release {version}"
    return "no such pair is on the review list"
