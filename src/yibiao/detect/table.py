"""What detection returns: a table as understood, how it was found, and everything that it is not sure of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

SAFE, ASK, REJECT = "safe", "ask", "reject"
"""Classes of a repair: made and counted; proposed to a human; refused."""


@dataclass(frozen=True)
class Choice:
    """One thing that was detected.

    Attributes:
        what: option name as in a contract (`encoding`, `delimiter`, `titleRows`, `sheet` ...).
        value: JSON-ready.
        sure: whether a human need not look.
        why: the evidence in words, without any value of a row.
        rivals: other values that fit nearly as well.
    """

    what: str
    value: Any
    sure: bool
    why: str
    rivals: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Repair:
    """One kind of repair that reading needed: where, how often, of which class."""

    kind: str
    repair_class: str
    count: int
    why: str


@dataclass(frozen=True)
class Held:
    """A row that is not in `rows` because it cannot be split or read for sure.

    Attributes:
        place: 1-based line of a text file, or row of a sheet, where it begins.
        rule: `row.<what>`.
        raw: its text.
        proposal: the cells that the likeliest repair gives, one per header; None if there is none.
    """

    place: int
    rule: str
    raw: str
    proposal: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Detected:
    """One table of a file.

    Attributes:
        name: of its sheet or member; empty if the file is the table.
        format: as in a contract: csv, xlsx, xls, ods, json, ndjson, xml, parquet, sqlite.
        choices: everything that was detected, by `what`.
        headers: flattened (`户主/姓名`), one per column, as they stand in the file.
        rows: text columns `c0`, `c1` ... in file order, one per header; at most `limit` rows if the caller set one.
        held: rows kept out of `rows`.
        left_out: kind (`title`, `footer`, `group`, `blank`, `total`) -> lines that are no data rows.
        control_totals: `{name, stated, counted}` of printed totals.
        repairs: what had to be mended on the way.
        titles: texts of the rows above the header, if the reader keeps them.
        header_rows: the rows that `headers` were flattened from, if the reader keeps them.
    """

    name: str
    format: str
    choices: Mapping[str, Choice]
    headers: tuple[str, ...]
    rows: pa.Table
    held: tuple[Held, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    control_totals: tuple[Mapping[str, Any], ...] = ()
    repairs: tuple[Repair, ...] = ()
    header_rows: tuple[tuple[str, ...], ...] = ()
    titles: tuple[str, ...] = ()
