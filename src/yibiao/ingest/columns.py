"""Which column of a delivery is which column of the contract: by header, by alias, or because it was renamed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from yibiao.contracts.reports import Report
from yibiao.errors import DeliveryError
from yibiao.ingest.deliveries import shown
from yibiao.ingest.drift import Rename, Unsettled, plain, refuse_drift

__all__ = ["Binding", "bind", "plain", "refuse_drift"]

_UNORDERED = frozenset({"json", "ndjson", "xml", "api", "postgres", "mysql"})
"""Formats whose columns have names and no order."""


@dataclass(frozen=True)
class Binding:
    """Contract columns, in the contract's order, and where each stands in the delivery.

    Attributes:
        names: property names.
        places: 0-based position in the delivery, None for a column that is missing and not required.
        headers: the delivery's headers, as they stand there.
        drift: what differs from the contract, JSON-ready.
    """

    names: tuple[str, ...]
    places: tuple[int | None, ...]
    headers: tuple[str, ...]
    drift: tuple[dict[str, Any], ...]


def bind(report: Report, headers: Sequence[str], where: str, renamed: Collection[Rename] | None = ()) -> Binding:
    """Find the contract's columns among the headers of a delivery.

    Args:
        renamed: columns that were recognised under another header; None if nobody has looked for them yet.

    Raises:
        DeliveryError: a required or key column is missing, a header occurs twice, or drift that the contract refuses.
        Unsettled: nobody has looked for renamed columns, and there may be some.
    """
    texts = [plain(header) for header in headers]
    seen = {text: place for place, text in enumerate(texts) if text}
    places = [
        next((seen[text] for text in map(plain, (column.header, *column.aliases)) if text in seen), None)
        for column in report.columns
    ]
    # A file without its header row shows a person's data here: only a row that is mostly known headers is quoted.
    is_header = 2 * sum(place is not None for place in places) >= len(places)
    quote = _quoted if is_header else _counted
    unknown = [header for header, text in zip(headers, texts, strict=True) if text and seen[text] not in places]
    lost = [column.name for column, place in zip(report.columns, places, strict=True) if place is None]
    twice = [text for text, times in Counter(filter(None, texts)).items() if times > 1]
    if renamed is None and is_header and unknown and lost and not twice:
        raise Unsettled(lost, unknown)
    found = {one.column: one for one in renamed or ()}
    places = [
        seen.get(found[column.name].header) if column.name in found else place
        for column, place in zip(report.columns, places, strict=True)
    ]
    missing = [
        column.header
        for column, place in zip(report.columns, places, strict=True)
        if place is None and (column.required or column.key)
    ]
    if missing:
        raise DeliveryError(
            "A required column is missing.",
            where=where,
            expected=", ".join(missing),
            got=quote(headers),
            todo="Ask the sender for the column, or add its present header as an alias to the contract.",
        )
    if twice:
        raise DeliveryError(
            "A header occurs more than once, so its column cannot be told.",
            where=where,
            expected="every header once",
            got=quote(twice),
            todo="Ask the sender to name the columns apart.",
        )
    drift: list[dict[str, Any]] = []
    for column, place in zip(report.columns, places, strict=True):
        if place is None:
            drift.append({"kind": "missing_column", "column": column.name})
        elif column.name in found:
            drift.append(found[column.name].event())
        elif texts[place] != plain(column.header):
            drift.append({"kind": "alias", "column": column.name, "header": shown(headers[place])})
    taken = {place for place in places if place is not None}
    drift += [
        {"kind": "new_column", "header": _masked(headers[place]) if is_header else f"column {place + 1}"}
        for place, text in enumerate(texts)
        if text and place not in taken
    ]
    if moved := _moved(report, places):
        drift.append({"kind": "reordered", "columns": moved})
    refuse_drift(report, drift, where)
    return Binding(tuple(column.name for column in report.columns), tuple(places), tuple(headers), tuple(drift))


def _moved(report: Report, places: Sequence[int | None]) -> list[str]:
    """Columns that stand elsewhere among the others than in the contract; as few as explain the new order."""
    if report.server.format in _UNORDERED:
        return []
    pattern = report.server.options.get("group_pattern")
    carried = set(re.compile(pattern).groupindex) if pattern else set()  # read from group rows, they stand nowhere
    there = [
        (place, column.name)
        for column, place in zip(report.columns, places, strict=True)
        if place is not None and column.header not in carried
    ]
    # The longest run in ascending order stays where it was.
    best: list[tuple[int, int]] = []  # per column: length of the longest run that ends here, the column before in it
    for at, (place, _) in enumerate(there):
        best.append(max(((best[k][0] + 1, k) for k in range(at) if there[k][0] < place), default=(1, -1)))
    at = max(range(len(best)), key=lambda k: best[k][0], default=-1)
    stayed = set()
    while at >= 0:
        stayed.add(at)
        at = best[at][1]
    return [name for at, (_, name) in enumerate(there) if at not in stayed]


def _masked(header: str) -> str:
    """A header for a message; one with a long number in it is data, not a header."""
    return "(a number)" if re.search(r"\d{5}", plain(header)) else shown(header)


def _quoted(headers: Sequence[str]) -> str:
    return "headers " + ", ".join(_masked(header) for header in headers[:60] if plain(header))


def _counted(headers: Sequence[str]) -> str:
    return f"a row of {len(headers)} cells that does not look like the header"
