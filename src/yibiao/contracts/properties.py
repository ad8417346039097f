"""The custom properties that our contracts use for what ODCS has no key for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from yibiao.contracts.documents import Document, Findings, did_you_mean, shorten

Kind = type | tuple[type, ...]

CONTRACT_PROPERTIES: Mapping[str, Kind | tuple[str, ...]] = {
    "mode": ("snapshot", "delta", "events"),
    "about": list,  # entities that a row speaks of
    "edition": dict,  # {from: name | cell | parameter | schedule, pattern, by: month | day}
    "asOf": ("check", "event"),  # what the day of a row says: when it was last checked, or when something happened
    "constants": dict,  # element id -> value true of every row
    "maxDrop": (int, float),  # largest drop of rows, as a share, that is still a complete snapshot
    "onDrift": dict,  # {newColumn, missingColumn, renamedColumn, reordered, changedType}: evolve | quarantine | refuse
    "onRepair": dict,  # kind of repair (see `REPAIRS`): safe | ask | reject
    "controlTotals": list,  # [{footer: pattern, column: name}]: what notes print about all rows, recounted
    "retries": int,  # attempts at fetching after the first
}

SERVER_PROPERTIES: Mapping[str, Kind | tuple[str, ...]] = {
    "delimiter": str,
    "quote": str,
    "escape": ("\\",),  # a backslash stands before quotes inside quotes; unless said they are doubled
    "sheet": (str, int),
    "sheets": (str, list),  # one table over several sheets: their names, or `all`
    "titleRows": int,  # rows above the header
    "headerRows": int,  # rows of the header; two for merged headers
    "groupPattern": str,  # rows that are titles of a group, with named groups
    "footerPattern": str,  # rows that are notes or sums
    "subtotalPattern": str,  # rows whose numbers are sums of rows beside them, recounted
    "subtotals": ("below", "above"),  # where a sub-total stands
    "totalPattern": str,  # rows whose numbers are sums of all rows, recounted
    "tableAfter": str,  # the row above the table, if it is not the first in its sheet
    "tableUntil": str,  # the row where something else begins
    "tableColumns": str,  # columns of the table, A:F, if others stand beside it
    "hiddenRows": ("use", "leaveOut"),
    "recordsPath": str,  # dotted path to the list of records in a JSON document, or to the elements of XML
    "expand": str,  # dotted path, inside a record, to a list whose items are rows of their own
    "members": str,  # names of an archive's members that are deliveries, as a glob
    "table": str,
    "query": str,
    "connection": str,  # database address or account, ${NAME} or ${airflow:id}
    "cursor": str,  # column of a database that grows with every change: only new and changed rows are extracted
    "cursorLag": int,  # seconds, or units, by which a row may become visible after its cursor's value
    "pageSize": int,
    "paging": dict,  # how an API is read page by page
    "auth": dict,  # how an API knows us
    "editions": str,  # path below the location where an API lists its editions
    "editionParameter": str,  # query parameter that names the edition
    "requestsPerMinute": int,
    "marker": str,  # file that says the delivery is complete
    "quietSeconds": int,  # or: no change for so long
}

COLUMN_PROPERTIES: Mapping[str, Kind | tuple[str, ...]] = {
    "element": str,
    "role": str,
    "entity": str,  # the only entity of `about` that the column speaks of
    "aliases": list,
    "dateFormat": (str, list),
    "codes": dict,
    "codesAs": ("code", "name", "alias"),
    "unit": str,
    "onInvalid": ("quarantine", "keep"),
}

DRIFT: Mapping[str, str] = {
    "newColumn": "new_column",
    "missingColumn": "missing_column",
    "renamedColumn": "renamed_column",
    "reordered": "reordered",
    "changedType": "changed_type",
}
"""Kinds of drift in a contract -> in `Report.on_drift` and in manifests."""


def drift_modes(given: Mapping[str, str]) -> Mapping[str, str]:
    """Kind of drift -> `evolve`, `quarantine` or `refuse`, for what a contract says about some of them.

    A renamed column is a guess, so its rows are held unless the contract says more; a contract that refuses missing or
    new columns refuses it, too.
    """
    strict = "refuse" in (given.get("newColumn"), given.get("missingColumn"))
    modes = dict.fromkeys(DRIFT, "evolve") | {"renamedColumn": "refuse" if strict else "quarantine"} | dict(given)
    return {DRIFT[key]: mode for key, mode in modes.items()}


REPAIRS: Mapping[str, tuple[str, str]] = {
    "spaces": ("spaces", "safe"),  # around a text; read through by the rules
    "full_width": ("fullWidth", "safe"),  # full-width digits and letters; read through by the rules
    "number_as_text": ("numberAsText", "safe"),  # a number typed as text among numbers
    "text_as_number": ("textAsNumber", "safe"),  # an identifier stored as a number, all digits there
    "number_format": ("numberFormat", "safe"),  # leading zeros that only the number format shows
    "date_serial": ("dateSerial", "safe"),  # a day as a bare number
    "merged_cells": ("mergedCells", "safe"),  # the value of a merged cell, for each row below
    "boolean": ("boolean", "safe"),  # TRUE for 是
    "percent": ("percent", "safe"),  # 12.5% for 0.125
    "leading_zeros": ("leadingZeros", "ask"),  # a code that lost its leading zeros as a number
    "lost_digits": ("lostDigits", "ask"),  # a number of more digits than a spreadsheet keeps
    "error_value": ("errorValue", "ask"),  # #N/A, #REF!
    "formula_value": ("formulaValue", "ask"),  # a formula that nobody computed
    "covered_text": ("coveredText", "ask"),  # another text beneath a merged cell, which nobody sees
}
"""Kinds of repairs -> (key of `onRepair`, class that applies unless the contract says another)."""

EDITION_SOURCES = ("name", "cell", "parameter", "schedule")
"""Where an edition may stand: in a delivery's name, in a cell, in a parameter of the run, or in the day of the run."""

_NESTED: Mapping[str, Mapping[str, tuple[str | int, ...]]] = {
    "edition": {"from": EDITION_SOURCES, "pattern": (), "by": ("month", "day")},
    "paging": {
        "by": ("page", "offset", "cursor", "link", "header"),
        **dict.fromkeys(("parameter", "size", "next", "total"), ()),
        "first": (0, 1),
    },
    "auth": {"by": ("bearer", "basic", "header", "query"), "name": (), "value": ()},
    "onDrift": dict.fromkeys(DRIFT, ("evolve", "quarantine", "refuse")),
    "onRepair": {key: ("safe", "ask", "reject") for key, _ in REPAIRS.values()},
}


def read_properties(
    document: Document, path: tuple[str | int, ...], known: Mapping[str, Any], findings: Findings
) -> dict[str, Any]:
    """The custom properties at `path` by name; unknown, repeated and ill-typed ones become findings.

    Args:
        known: name -> the words it may be (a tuple of texts) or the type, or types, of its value.
    """
    given: Any = document.data
    for step in path:
        if isinstance(step, int):
            given = given[step] if isinstance(given, list) else None
        else:
            given = given.get(step) if isinstance(given, dict) else None
        if given is None:
            return {}
    found: dict[str, Any] = {}
    for place, item in enumerate(given if isinstance(given, list) else []):
        if not isinstance(item, dict) or not isinstance(item.get("property"), str):
            findings.error(
                "custom-property", "A custom property has a `property` and a `value`.", document.where(*path)
            )
            continue
        name, value = item["property"], item.get("value")
        if name not in known:
            findings.error(
                "unknown-key",
                f"Unknown custom property `{name}`.",
                document.where(*path, place),
                expected=shorten(known),
                todo=did_you_mean(name, known) or "Remove it.",
            )
        elif name in found:
            findings.error("custom-property", f"`{name}` is given twice.", document.where(*path, place))
        elif problem := _problem(name, value, known[name]):
            findings.error(
                "wrong-type", f"The value of `{name}` is wrong.", document.where(*path, place), expected=problem
            )
        else:
            found[name] = value
    return found


def _problem(name: str, value: Any, wanted: Any) -> str:
    """What the value should have been; empty if it is right."""
    if isinstance(wanted, tuple) and isinstance(wanted[0], str):
        return "" if value in wanted else ", ".join(wanted)
    kinds = wanted if isinstance(wanted, tuple) else (wanted,)
    if not isinstance(value, kinds) or isinstance(value, bool):
        return " or ".join(kind.__name__ for kind in kinds)
    if name.endswith("Pattern") or name in ("tableAfter", "tableUntil"):
        try:
            re.compile(value)
        except re.error as error:
            return f"a regular expression ({error})"
    if name == "tableColumns":
        return "" if re.fullmatch("[A-Za-z]{1,3}(:[A-Za-z]{1,3})?", value) else "letters of columns, A:F"
    if name in ("about", "aliases", "dateFormat", "sheets") and isinstance(value, list):
        return "" if value and all(isinstance(part, str) for part in value) else "a list of texts"
    if name == "controlTotals":
        return "" if all(map(_is_control_total, value)) else "a list of {footer: pattern with one group, column: name}"
    if name == "maxDrop":
        return "" if 0 <= value <= 1 else "a share between 0 and 1"
    for key, part in value.items() if name in _NESTED else ():
        words = _NESTED[name].get(key)
        if words is None:
            return f"keys {', '.join(_NESTED[name])}"
        if words and part not in words:
            return f"{key}: {' or '.join(map(str, words))}"
        if not words and not isinstance(part, str):
            return f"{key}: text"
    return ""


def _is_control_total(value: Any) -> bool:
    """What the pattern's group holds is the number of rows or, with a column, its sum."""
    if not isinstance(value, dict) or not {"footer"} <= value.keys() <= {"footer", "column"}:
        return False
    try:
        return re.compile(value["footer"]).groups > 0 and isinstance(value.get("column", ""), str)
    except (re.error, TypeError):
        return False
