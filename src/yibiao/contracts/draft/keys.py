"""Which columns tell the rows of a sample apart: the key of a drafted contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from yibiao.contracts.values import Schemas

if TYPE_CHECKING:
    import pyarrow as pa

    from yibiao.contracts.draft.columns import ColumnDraft

ENOUGH_VALUES = 20
"""Stated values from which they say something without a name."""

NEARLY = 0.98
"""Share of rows that a certain key must tell apart to be taken for the key of a report."""

KEY_WORDS = ("号", "码")
"""Last characters of headers of numbers and codes."""


def _certain_key(drafts: Sequence[ColumnDraft], rows: pa.Table, schemas: Schemas) -> list[int]:
    """The columns of an entity's certain key, if they tell the rows apart, but for a few that a human must look at."""
    places = {draft.element: place for place, draft in enumerate(drafts) if draft.element and not draft.role}
    for entity in schemas.entities.values():
        for key in entity.keys:
            if set(key) <= set(places):
                names = [rows.column_names[places[one]] for one in key]
                different = rows.select(names).group_by(names).aggregate([]).num_rows
                if different >= NEARLY * rows.num_rows:
                    return sorted(places[one] for one in key)
    return []


def choose_key(
    drafts: Sequence[ColumnDraft], rows: pa.Table, counted: Sequence[tuple[int, int]], schemas: Schemas
) -> None:
    """A column, or two, that no two rows share and that is always filled; numbers before names, names before texts.

    Args:
        rows: in which a key occurs once.
        counted: stated values of each column, and different ones among them.
    """
    count = rows.num_rows
    if count < 2:
        _ask_for_key(drafts, "there are too few rows to see the key: which column is it?")
        return
    full = [place for place, (filled, _) in enumerate(counted) if filled == count and drafts[place].type != "decimal"]
    distinct = [one for _, one in counted]
    unique = [place for place in full if distinct[place] == count]

    def rank(place: int) -> tuple[int, int]:
        draft = drafts[place]
        serial = any(word in draft.header for word in ("序号", "行号"))
        named = draft.header.endswith(KEY_WORDS)
        return (3 if serial else 0 if named else 1 if draft.element else 2), place

    good = [place for place in sorted(unique, key=rank) if rank(place)[0] <= 1]
    chosen: list[int] = good[:1] or [place for place in unique if place < 3 and rank(place)[0] < 3][:1]
    guessed = not good
    if not good:
        chosen = _certain_key(drafts, rows, schemas) or chosen
    if not chosen:
        pairs = [
            (one, other)
            for place, one in enumerate(full)
            for other in full[place + 1 :]
            if distinct[one] * distinct[other] >= count and min(rank(one)[0], rank(other)[0]) < 2
        ]
        for one, other in pairs[:40]:
            names = [rows.column_names[one], rows.column_names[other]]
            if rows.select(names).group_by(names).aggregate([]).num_rows == count:
                chosen = [one, other]
                break
    names = [rows.column_names[place] for place in chosen]
    told = rows.select(names).group_by(names).aggregate([]).num_rows if chosen else 0
    for place in chosen:
        drafts[place].key, drafts[place].required = True, counted[place][0] == count
        if guessed or count < ENOUGH_VALUES:
            drafts[place].sure = False
            drafts[place].notes.append(f"the key, or a part of it? {told} of {count} rows of the sample differ in it")
    if not chosen:
        _ask_for_key(drafts, "no column and no two columns tell the rows of the sample apart: what is the key?")


def _ask_for_key(drafts: Sequence[ColumnDraft], note: str) -> None:
    """A contract needs a key; whoever reads the draft must decide."""
    drafts[0].key = drafts[0].required = True
    drafts[0].sure = False
    drafts[0].notes.append(note)
