"""Drift: a delivery whose columns are not those of its contract, and which renamed column is which.

Recognition looks at the contract and the delivery alone, never at other loads or at the catalogue: the same delivery
must give the same package whatever arrived before it. What other loads and the catalogue say besides stands in
`yibiao.ingest.drift_events`.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yibiao.contracts.kinds import TYPES, Frozen
from yibiao.contracts.reports import Column, Report, plain_column
from yibiao.errors import DeliveryError

EVOLVE, QUARANTINE, REFUSE = "evolve", "quarantine", "refuse"
"""What a contract wants: go on and record it; hold every row until the contract is changed; refuse the delivery."""

HOLD = "delivery"
"""Rule ids of rows that are held with their whole delivery begin so: `delivery.renamed_column`."""

ENOUGH = 0.6
"""Score from which a column is taken for a renamed one."""

MARGIN = 0.1
"""By so much the best candidate must be better than the next, or it is none."""

SAMPLE_ROWS = 20_000
SAMPLE_VALUES = 2_000

MOSTLY = 0.5
"""Share of stated values that break the type of their column, from which the column's type has changed."""

FEWEST = 10
"""So many values must break it at least."""

ALIKE = 0.9
"""Share of values that must have a type for a column to look like it."""

_TELLING: Mapping[str, float] = {
    **dict.fromkeys(("citizen_id", "uscc", "person_number", "organisation_code"), 0.7),
    "phone": 0.6,
    **dict.fromkeys(("date", "month", "code", "name", "address"), 0.4),
    **dict.fromkeys(("number_text", "decimal", "integer", "division_code"), 0.2),
    "text": 0.0,
}
"""How much it tells if all values of a column have a type: anything is text, hardly anything else is an ID number."""

_DATES = ("%Y-%m-%d", "%Y%m%d", "%Y.%m.%d", "%Y/%m/%d", "%Y年%m月%d日")


@dataclass(frozen=True)
class Rename:
    """A column of the contract that stands under another header.

    Attributes:
        column: property name.
        header: plain text of the header in the delivery.
        score: 0 to 1, from the two that follow.
        name_score: likeness of the header to the contract's header and aliases.
        value_share: share of stated values that have the column's type; None if none is stated.
    """

    column: str
    header: str
    score: float
    name_score: float
    value_share: float | None

    def event(self) -> dict[str, Any]:
        """For `drift` in a manifest, without the mode."""
        values = (
            "no value stated" if self.value_share is None else f"{self.value_share:.0%} of the values fit the column"
        )
        return {
            "kind": "renamed_column",
            "column": self.column,
            "header": self.header,
            "score": self.score,
            "why": f"header {self.name_score:.0%} alike, {values}",
            "propose_alias": self.header,
        }


class Unsettled(Exception):
    """Columns are missing while others are unknown: somebody has to look at the values.

    Attributes:
        missing: property names.
        unknown: headers as they stand in the delivery.
    """

    def __init__(self, missing: Sequence[str], unknown: Sequence[str]) -> None:
        super().__init__()
        self.missing, self.unknown = tuple(missing), tuple(unknown)


class Hold(Exception):
    """The delivery differs in a way for which its contract holds all rows; `kinds` are the kinds of drift."""

    def __init__(self, kinds: frozenset[str]) -> None:
        super().__init__()
        self.kinds = kinds


def held_kinds(report: Report, drift: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The kinds among these events for which the contract holds a delivery."""
    return frozenset(one["kind"] for one in drift if report.on_drift.get(one["kind"]) == QUARANTINE)


def plain(header: str) -> str:
    """A header without what printing adds to it: spaces, line breaks, full-width signs."""
    return "".join(
        one for one in unicodedata.normalize("NFKC", header) if not one.isspace() and one not in "\u200b\ufeff"
    )


def name_score(header: str, names: Sequence[str]) -> float:
    """Likeness of a header to the nearest of some names, 0 to 1, by pairs of characters and by characters."""
    return max((_alike(plain(header).lower(), plain(name).lower()) for name in names), default=0.0)


def _alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    pairs = _dice([one[i : i + 2] for i in range(len(one) - 1)], [other[i : i + 2] for i in range(len(other) - 1)])
    # Two characters in another order or between others still say something, but less.
    return max(pairs, 0.8 * _dice(list(one), list(other)))


def _dice(one: list[str], other: list[str]) -> float:
    if not one or not other:
        return 0.0
    shared = (Counter(one) & Counter(other)).total()
    return 2 * shared / (len(one) + len(other))


def score(name: float, share: float | None, type_: str) -> float:
    """Name and values together; values that do not have the type rule a column out."""
    if share is None:
        return round(name, 2)
    if share < MOSTLY:
        return 0.0
    return round(1 - (1 - name) * (1 - _TELLING.get(type_, 0.0) * share), 2)


def recognise(kind: str, source: Path, report: Report, question: Unsettled, where: str) -> tuple[Rename, ...]:
    """Which unknown column is which missing one: each other's best, good enough, and clearly better than the rest.

    Args:
        kind, source: of the delivery, as for `yibiao.ingest.readers.read`.
    """
    columns = [column for column in report.columns if column.name in question.missing]
    shares = value_shares(_sample(kind, source, report, question, where), columns)
    scores: dict[tuple[str, str], tuple[float, float, float | None]] = {}
    for column in columns:
        for header in question.unknown:
            name = name_score(header, (column.header, *column.aliases))
            share = shares.get((column.name, header))
            scores[column.name, header] = (score(name, share, column.type), name, share)
    found = []
    for (column_name, header), (best, name, share) in scores.items():
        rivals = [
            other
            for key, (other, *_) in scores.items()
            if key != (column_name, header) and (key[0] == column_name or key[1] == header)
        ]
        if best >= ENOUGH and best - max(rivals, default=0.0) >= MARGIN:
            rounded = None if share is None else round(share, 4)
            found.append(Rename(column_name, plain(header), best, round(name, 2), rounded))
    return tuple(found)


def _sample(kind: str, source: Path, report: Report, question: Unsettled, where: str) -> Any:
    """The first rows of the unknown columns, by the reader that will read them: a table with a column per header."""
    from yibiao.ingest.readers import Reading, read

    probe = replace(
        report,
        columns=tuple(plain_column(f"unknown_{place}", header) for place, header in enumerate(question.unknown)),
        key=(),
        on_drift=Frozen(),
        control_totals=(),
    )
    chunks = read(kind, source, probe, Reading(where=where))
    try:
        chunk = next(iter(chunks), None)
    finally:
        close = getattr(chunks, "close", None)
        if close:
            close()
    if chunk is None:
        return None
    return chunk.rows.slice(0, SAMPLE_ROWS).drop_columns(["_row"]).rename_columns(list(question.unknown))


def value_shares(table: Any, columns: Sequence[Column]) -> dict[tuple[str, str], float]:
    """(column name, header of `table`) -> share of stated values that can be read as the column; absent if none is."""
    import duckdb

    from yibiao.ingest.rules import read_as

    if table is None or not columns:
        return {}
    shares: dict[tuple[str, str], float] = {}
    with duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": "false"}) as engine:
        for header in table.column_names:
            texts = table.select([header]).rename_columns(["text"])
            engine.register("texts", texts)
            fits = ", ".join(f"count({read_as(column, 'text')})" for column in columns)
            # Rows in file order, so that the sample is the same on every machine.
            stated = f"(select text from texts where ({_stated('text')}) is not null limit {SAMPLE_VALUES})"
            (counted,) = engine.execute(f"select count(*), {fits} from {stated}").fetchall()
            engine.unregister("texts")
            if counted[0]:
                shares |= {(one.name, header): n / counted[0] for one, n in zip(columns, counted[1:], strict=True)}
    return shares


def _stated(text: str) -> str:
    from yibiao.ingest.rules import render

    return render("stated", text)


def changed_types(report: Report, rules: Mapping[str, int], rows: int, files: Sequence[Path]) -> list[dict[str, Any]]:
    """Columns of which most stated values are not of their type, and what they look like instead.

    Args:
        rules: rule id -> rows that broke it, warnings included.
        rows: all rows of the delivery.
        files: the Parquet files of the package.

    Returns:
        Events for `drift` in a manifest, without the mode: kind, column, share, values, and `looks_like` (a type, maybe
        with a date format) if nearly all values have it.
    """
    events = []
    for column in report.columns:
        broken = max(rules.get(f"{column.name}.{rule}", 0) for rule in ("type", "form", "code", "check_digit"))
        if broken < FEWEST or broken < rows * MOSTLY / 10:
            continue
        stated, sample = _stated_values(column, files)
        if broken < stated * MOSTLY:
            continue
        event: dict[str, Any] = {
            "kind": "changed_type",
            "column": column.name,
            "share": round(min(1.0, broken / stated), 4) if stated else 1.0,
            "values": stated,
        }
        if like := _looks_like(sample, column):
            event["looks_like"] = like
        events.append(event)
    return events


def _stated_values(column: Column, files: Sequence[Path]) -> tuple[int, Any]:
    """How many values are stated, and the first of them."""
    import duckdb
    import pyarrow as pa

    from yibiao.ingest.rules import quote, render

    with duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": "false"}) as engine:
        source = f"read_parquet([{render('rule_list', [str(path) for path in files])}])"
        where = f"({_stated(quote(column.name))}) is not null"
        ((stated,),) = engine.execute(f"select count(*) from {source} where {where}").fetchall()
        texts: pa.Table = engine.sql(
            f"select {quote(column.name)} as text from {source} where {where} order by _row limit {SAMPLE_VALUES}"
        ).to_arrow_table()
    return stated, texts


def _looks_like(texts: Any, column: Column) -> str:
    """The most telling type that nearly all values have, `date %Y/%m/%d` for a date; empty if there is none."""
    guesses = [
        (type_, replace(column, type=type_, name=type_, date_formats=())) for type_ in _TELLING if type_ in TYPES
    ]
    guesses = [(name, one) for name, one in guesses if one.type not in ("date", "month", "code", "text", column.type)]
    guesses += [(f"date {form}", replace(column, type="date", name=form, date_formats=(form,))) for form in _DATES]
    shares = value_shares(texts, [one for _, one in guesses])
    fitting = [
        (_TELLING[one.type], share, name)
        for name, one in guesses
        if (share := shares.get((one.name, "text"), 0.0)) >= ALIKE
    ]
    return max(fitting)[2] if fitting else ""


def refuse_drift(report: Report, drift: Sequence[Mapping[str, Any]], where: str) -> None:
    """Raise DeliveryError if the contract refuses one of these differences."""
    refused = [one for one in drift if report.on_drift.get(one["kind"]) == REFUSE]
    if not refused:
        return
    todo = "Change the contract, or its `onDrift`, if the new form is agreed."
    renamed = [f"{one['column']}: {one['header']}" for one in refused if "propose_alias" in one]
    if renamed:
        todo = f"If it is the same column under a new header, add the header to its `aliases` ({'; '.join(renamed)})."
    raise DeliveryError(
        "The columns differ from the contract, which refuses that.",
        where=where,
        expected=", ".join(column.header for column in report.columns),
        got=", ".join(f"{one['kind']} {one.get('header') or one.get('column') or ''}".strip() for one in refused),
        todo=todo,
    )
