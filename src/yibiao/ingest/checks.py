"""The checks of one contract as a single vectorised query: every cell judged, every broken rule a bit.

A rule's id is `<column>.<rule>`:

| rule | breaks when |
| --- | --- |
| `required` | a required cell is not stated |
| `type` | a stated cell cannot be read as its type (or holds the mark of a failed decoding) |
| `code` | a stated cell is not in the code list |
| `form` | an identifier has another form (length, characters) |
| `check_digit` | its check character does not fit |
| `day` | there is no such birth date as the one inside a citizen ID number |
| `range` | a birth or death lies after the edition, a count is negative |
| `length` | a text is longer than 4,000 bytes |
| `birth_date_differs`, `sex_differs` | the row states another birth date or sex than the citizen ID number: a warning |
"""

from __future__ import annotations

from dataclasses import dataclass

from yibiao.contracts.values import DECIMAL_SCALE, Column, Report
from yibiao.ingest.rules import quote, render

BITS = 60
"""Rules per flag word: a BIGINT with room to spare."""

QUARANTINE, WARN = "quarantine", "warn"

LONGEST = 4000
"""Bytes of the longest text."""

_EVENTS_OF_LIFE = ("birth_date", "death_date")
"""Dates that cannot lie after the day a report speaks of."""


@dataclass(frozen=True)
class Rule:
    """One rule: its id, and whether a row that breaks it is kept out or only counted."""

    id: str
    severity: str


@dataclass(frozen=True)
class Checks:
    """Compiled checks.

    Attributes:
        rules: in the order of their bits: rule i is bit i % BITS of word i // BITS.
        sql: query over a table `batch`; gives `_row` and `word_0` ... of the rows that break any rule.
    """

    rules: tuple[Rule, ...]
    sql: str

    @property
    def words(self) -> int:
        return (len(self.rules) + BITS - 1) // BITS


def compile_checks(report: Report, edition_date: str) -> Checks:
    """The query that checks a batch of a report's rows.

    Three steps, so that DuckDB computes each thing once: texts to values, values out of values (the birth date in an
    ID number), then the bits. Only rows with a bit leave the query.

    Args:
        report: the contract.
        edition_date: `YYYY-MM-DD`, the last day that the delivery speaks of.
    """
    rules: list[Rule] = []
    words: list[list[str]] = []

    def bit(column: Column, name: str, severity: str = "") -> str:
        """Register a rule; returns its bit, for `flag`."""
        rules.append(Rule(f"{column.name}.{name}", severity or (WARN if column.on_invalid == "keep" else QUARANTINE)))
        if (len(rules) - 1) % BITS == 0:
            words.append([])
        return str(1 << (len(rules) - 1) % BITS)

    def flag(column: Column, name: str, condition: str, severity: str = "") -> None:
        value = bit(column, name, severity)
        words[-1].append(f"case when {condition} then {value} else 0 end")

    for place, column in enumerate(report.columns):
        text, value = quote(column.name), f"p{place}"
        absent = f"({render('stated_number' if column.type in _NUMBERS else 'stated', text)}) is null"
        flag(column, _UNREADABLE.get(column.type, "type"), f"{value} is null and not ({absent})")
        if column.required:
            flag(column, "required", f"{value} is null and ({absent})", QUARANTINE)
        if column.type in ("text", "name", "address"):
            flag(column, "length", f"strlen({text}) > {LONGEST}")
        elif column.type == "uscc":
            flag(column, "check_digit", f"{value} is not null and not {render('uscc_check_ok', value)}")
        elif column.type == "integer":
            flag(column, "range", f"{value} < 0")
        elif column.type == "date" and column.element in _EVENTS_OF_LIFE:
            flag(column, "range", f"{value} not between date '1850-01-01' and date '{edition_date}'")
        elif column.type == "citizen_id":
            flag(column, "check_digit", f"strlen({value}) = 18 and not {render('citizen_id_check_ok', value)}")
            flag(column, "day", f"strlen({value}) = 18 and b{place} is null")
            if (birth := _beside(report, column, "birth_date")) is not None:
                flag(column, "birth_date_differs", f"b{place} <> p{birth}", WARN)
            if (sex := _beside(report, column, "sex_code")) is not None:
                flag(
                    column, "sex_differs", f"p{sex} in ('1', '2') and {render('citizen_id_sex', value)} <> p{sex}", WARN
                )

    parsed = ",\n".join(f"{_parse(column)} as p{place}" for place, column in enumerate(report.columns))
    derived = "".join(
        f", {render('citizen_id_birth_date', f'p{place}')} as b{place}"
        for place, column in enumerate(report.columns)
        if column.type == "citizen_id"
    )
    flags = ",\n".join(f"{' | '.join(terms)} as word_{place}" for place, terms in enumerate(words))
    broken = " | ".join(f"word_{place}" for place in range(len(words)))
    sql = f"""
with parsed as (select *, {parsed} from batch),
derived as (select *{derived} from parsed),
judged as (select _row, {flags} from derived)
select * from judged where ({broken}) <> 0
"""
    return Checks(tuple(rules), sql)


def _parse(column: Column) -> str:
    """The SQL that reads a cell: for identifiers only their form, so that each of their rules can be told apart."""
    text = quote(column.name)
    if column.type == "citizen_id":
        return render("citizen_id_form", text)
    if column.type == "uscc":
        return render("uscc_form", text)
    if column.type in ("date", "month"):
        return render(f"parse_{column.type}", text, list(column.date_formats))
    if column.type == "decimal":
        return render("parse_decimal", text, DECIMAL_SCALE, column.factor)
    if column.type == "code":
        return render("parse_code", text, [list(pair) for pair in column.pairs])
    return render(f"parse_{column.type}", text)


def _beside(report: Report, column: Column, element: str) -> int | None:
    """Place of the column with this element that speaks of the same person."""
    for place, other in enumerate(report.columns):
        if other.element == element and other.role == column.role:
            return place
    return None


_NUMBERS = frozenset({"citizen_id", "uscc", "phone", "number_text"})
_UNREADABLE = {"code": "code", "citizen_id": "form", "uscc": "form"}
