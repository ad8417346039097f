"""The quarantined rows of a load as they are now: with their states, reasons and present cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from yibiao.ingest.packages import QUARANTINE
from yibiao.quarantine.states import FAILING, OPEN, REJECTED, RESOLVED, HeldLoad

BLOCK = 20_000
"""Rows turned into Python values at once."""


@dataclass(frozen=True)
class HeldRow:
    """One quarantined row.

    Attributes:
        row: its number in the delivery.
        state: open, resolved or rejected.
        rules: ids of the rules that its present form breaks; of a resolved row those that it broke.
        cells: contract column -> text, as it stands now.
        raw: its text, where it could not be split.
        proposal: contract column -> what a repair would give.
    """

    row: int
    state: str
    rules: tuple[str, ...]
    cells: dict[str, str | None]
    raw: str
    proposal: dict[str, str]


def counts_by_rule(held: HeldLoad) -> dict[str, dict[str, int]]:
    """Rule id -> rows by state (`open`, `resolved`, `rejected`), sorted by rule. A row may break several rules."""
    total: dict[str, Counter[str]] = {}
    table = _table(held, ["_row", "_rules"], present=True)
    for rules, state in zip(table["_rules"].to_pylist(), table["_state"].to_pylist(), strict=True):
        for rule in set(rules):
            total.setdefault(rule, Counter())[state] += 1
    return {
        rule: {state: found[state] for state in (OPEN, RESOLVED, REJECTED)} for rule, found in sorted(total.items())
    }


def held_rows(held: HeldLoad, *, states: tuple[str, ...] = (OPEN,), present: bool = True) -> Iterator[HeldRow]:
    """The rows of a load's quarantine, ascending by number.

    Args:
        states: which of them.
        present: with the cells and reasons of the last amendment that left them open; else as they were delivered.
    """
    names = [column.name for column in held.report.columns]
    table = _table(held, None, present=present)
    table = table.filter(pc.is_in(table["_state"], pa.array(states, pa.string())))
    for start in range(0, table.num_rows, BLOCK):
        for told in table.slice(start, BLOCK).to_pylist():
            yield _row(told, names)


def _row(told: dict[str, Any], names: list[str]) -> HeldRow:
    proposal = orjson.loads(told["_proposal"]) if told.get("_proposal") else {}
    cells = {name: told.get(name) for name in names}
    return HeldRow(told["_row"], told["_state"], tuple(told["_rules"]), cells, told.get("_raw") or "", proposal)


def _table(held: HeldLoad, columns: list[str] | None, *, present: bool) -> pa.Table:
    """The quarantine by row with `_state`; if `present`, rows that an amendment left open as they stand there."""
    table = pq.ParquetFile(held.package.folder / QUARANTINE).read(columns)
    failing = held.states.rows(FAILING)
    if present and len(failing):
        by = {one.amendment_id: one for one in held.amendments}
        parts = [table.filter(pa.array(~np.isin(table["_row"].to_numpy(), failing)))]
        touched = held.states.touched
        for amendment_id in held.states.amendments:
            chosen = [
                row
                for row, state, owner in zip(*(touched[name].to_pylist() for name in touched.column_names), strict=True)
                if state == FAILING and owner == amendment_id
            ]
            if chosen:
                there = pq.ParquetFile(by[amendment_id].folder / QUARANTINE).read(columns)
                parts.append(there.filter(pa.array(np.isin(there["_row"].to_numpy(), chosen))).cast(table.schema))
        table = pa.concat_tables(parts)
    table = table.sort_by("_row")
    numbers = table["_row"].to_numpy()
    states = np.full(len(numbers), OPEN, dtype=object)
    for state in (RESOLVED, REJECTED):
        states[np.isin(numbers, held.states.rows(state))] = state
    return table.append_column("_state", pa.array(states, pa.string()))
