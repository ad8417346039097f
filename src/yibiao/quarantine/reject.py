"""Rows that will not be mended: finally rejected by a human, or opened again."""

from __future__ import annotations

from collections.abc import Collection

from yibiao.contracts.values import Schemas
from yibiao.errors import LoadError
from yibiao.quarantine.decisions import REJECT, REOPEN, decide_rows, settle_slips
from yibiao.quarantine.rows import held_rows
from yibiao.quarantine.states import OPEN, REJECTED, find_load
from yibiao.settings import Settings


def reject_rows(
    load: str, rows: Collection[int], reason: str, schemas: Schemas, settings: Settings, *, undo: bool = False
) -> int:
    """Write down that open rows of a load are rejected, or with `undo` that rejected ones are open again.

    Returns:
        Rows of the load that are still open.

    Raises:
        LoadError: no such load, a row is in another state, or the reason is missing.
    """
    held = find_load(load, schemas, settings)
    wanted = REJECTED if undo else OPEN
    there = {row.row for row in held_rows(held, states=(wanted,))}
    if wrong := sorted(set(rows) - there):
        raise LoadError(
            "These rows are not rejected." if undo else "These rows are not open.",
            where=f"load {held.load_id}",
            expected=f"rows that are {wanted}",
            got=", ".join(map(str, wrong[:10])),
            todo="See them with `yibiao quarantine show`; a resolved row is in the dataset already.",
        )
    delivery = (held.report.id, held.edition, held.delivery)
    read = held.package.manifest["counts"]["read"]
    decide_rows(settings, delivery, set(rows), read, REOPEN if undo else REJECT, reason)
    left = find_load(load, schemas, settings).states.open
    settle_slips(settings, [(delivery, left)])
    return left
