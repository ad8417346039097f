"""Which column of a delivery is which column of the contract: by header, then by alias."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from yibiao.contracts.values import Report
from yibiao.errors import DeliveryError
from yibiao.ingest.deliveries import shown

_SPACE = re.compile("[\\s\\u200b\\ufeff]+")


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
    drift: tuple[dict[str, str], ...]


def plain(header: str) -> str:
    """A header without what printing adds to it: spaces, line breaks, full-width signs."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", header))


def bind(report: Report, headers: Sequence[str], where: str) -> Binding:
    """Find the contract's columns among the headers of a delivery.

    Raises:
        DeliveryError: a required or key column is missing, a header occurs twice, or drift that the contract refuses.
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
    if twice := [text for text, times in Counter(filter(None, texts)).items() if times > 1]:
        raise DeliveryError(
            "A header occurs more than once, so its column cannot be told.",
            where=where,
            expected="every header once",
            got=quote(twice),
            todo="Ask the sender to name the columns apart.",
        )
    drift: list[dict[str, str]] = []
    for column, place in zip(report.columns, places, strict=True):
        if place is None:
            drift.append({"kind": "missing_column", "column": column.name})
        elif texts[place] != plain(column.header):
            drift.append({"kind": "alias", "column": column.name, "header": shown(headers[place])})
    taken = {place for place in places if place is not None}
    drift += [
        {"kind": "new_column", "header": _masked(headers[place]) if is_header else f"column {place + 1}"}
        for place, text in enumerate(texts)
        if text and place not in taken
    ]
    refuse_drift(report, drift, where)
    return Binding(tuple(column.name for column in report.columns), tuple(places), tuple(headers), tuple(drift))


def _masked(header: str) -> str:
    """A header for a message; one with a long number in it is data, not a header."""
    return "(a number)" if re.search(r"\d{5}", plain(header)) else shown(header)


def _quoted(headers: Sequence[str]) -> str:
    return "headers " + ", ".join(_masked(header) for header in headers[:60] if plain(header))


def _counted(headers: Sequence[str]) -> str:
    return f"a row of {len(headers)} cells that does not look like the header"


def refuse_drift(report: Report, drift: Sequence[dict[str, str]], where: str) -> None:
    """Raise DeliveryError if the contract refuses one of these differences."""
    refused = [one for one in drift if report.on_drift.get(one["kind"]) == "refuse"]
    if refused:
        raise DeliveryError(
            "The columns differ from the contract, which refuses that.",
            where=where,
            expected=", ".join(column.header for column in report.columns),
            got=", ".join(f"{one['kind']} {one.get('header') or one.get('column')}" for one in refused),
            todo="Change the contract, or its `onDrift`, if the new form is agreed.",
        )
