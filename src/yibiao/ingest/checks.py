"""The checks of one contract, compiled to SQL: every cell judged, every broken rule a bit.

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
| `birth_date_differs`, `sex_differs` | the row states another birth date or sex than the ID number: a warning |
"""

from __future__ import annotations

from dataclasses import dataclass, field

from yibiao.contracts.reports import Column, Report
from yibiao.ingest.clean import DAY, clean_sql, dated
from yibiao.ingest.clean_bytes import LONGEST
from yibiao.ingest.clean_rows import CleanRows
from yibiao.ingest.rules import quote, read_as, render

BITS = 60
"""Rules per flag word: a BIGINT with room to spare."""

QUARANTINE, WARN = "quarantine", "warn"

_EVENTS_OF_LIFE = ("birth_date", "death_date")
"""Dates that cannot lie after the day a report speaks of."""

_NUMBERS = frozenset(
    {"citizen_id", "uscc", "phone", "number_text", "person_number", "organisation_code", "division_code"}
)
_FORMS = frozenset({"citizen_id", "uscc", "organisation_code", "address"})
"""Types of which only the form is judged at first: the macro `<type>_form`."""

_UNREADABLE = {
    "code": "code",
    **dict.fromkeys(("citizen_id", "uscc", "organisation_code", "person_number", "division_code"), "form"),
}


@dataclass(frozen=True)
class Rule:
    """One rule: its id, and whether a row that breaks it is kept out or only counted."""

    id: str
    severity: str


@dataclass(frozen=True)
class CodeCheck:
    """The check of a column with a code list, judged once per distinct text.

    Attributes:
        column: property name.
        listed: texts that stand in the list as they are; they need no query.
        sql: query over a table `texts(text)`; gives `text` and `verdict` (0 right, 1 not in the list, 2 not stated).
        broken, missing: bits (places in `Checks.rules`) for verdict 1 and 2, None if that breaks no rule.
    """

    column: str
    listed: frozenset[str]
    sql: str
    broken: int
    missing: int | None


@dataclass(frozen=True)
class Checks:
    """Compiled checks.

    Attributes:
        rules: in the order of their bits: rule i is bit i % BITS of word i // BITS.
        sql: query over a table `batch`, with the parameter `$1` (the last day that the delivery speaks of) if a rule
            needs it; gives `_row` and `word_0` ... of the rows that break any rule but those of `codes`.
        clean_rows: the test by bytes for rows that break no rule; it judges most columns.
        rest: query over a table `remaining` (see `clean_sql`) for what that test leaves: gives `_row`, `clean` (the
            columns that it does not judge break no rule; if false they may) and `h`, a 64-bit hash of the row's key.
        clean: the same query for all columns, over a table `numbered`.
        codes: the columns with few distinct texts.
    """

    rules: tuple[Rule, ...]
    sql: str
    clean_rows: CleanRows
    rest: str
    clean: str
    codes: tuple[CodeCheck, ...]

    @property
    def words(self) -> int:
        return (len(self.rules) + BITS - 1) // BITS


@dataclass
class _Compiler:
    """Collects rules and, per flag word, the SQL terms that raise their bits."""

    rules: list[Rule] = field(default_factory=list)
    words: list[list[str]] = field(default_factory=list)

    def rule(self, column: Column, name: str, severity: str = "") -> int:
        self.rules.append(
            Rule(f"{column.name}.{name}", severity or (WARN if column.on_invalid == "keep" else QUARANTINE))
        )
        if (len(self.rules) - 1) % BITS == 0:
            self.words.append([])
        return len(self.rules) - 1

    def flag(self, column: Column, name: str, *conditions: str, severity: str = "") -> None:
        """Raise a rule's bit if all conditions hold.

        Each condition is a CASE of its own: a later one is evaluated only for the rows that an earlier one left, which
        inside an AND it would not be.
        """
        place = self.rule(column, name, severity)
        term = str(1 << place % BITS)
        for condition in reversed(conditions):
            term = f"case when {condition} then {term} else 0 end"
        self.words[place // BITS].append(term)


def compile_checks(report: Report) -> Checks:
    """Compile a report's checks.

    Three steps, so that DuckDB computes each thing once: texts to values, values out of values (the birth date in an
    ID number), then the bits. Only rows with a bit leave the query.
    """
    compiler = _Compiler()
    codes: list[CodeCheck] = []
    values: dict[int, str] = {}
    for place, column in enumerate(report.columns):
        if column.type == "code":
            codes.append(_code_check(compiler, column))
            if column.element == "sex_code" and _beside(report, column, "citizen_id") is not None:
                values[place] = _parse(column)  # needed beside the ID number
        else:
            values[place] = _parse(column)
            _flags(compiler, report, place, column)
    parsed = "".join(f",\n{sql} as _p{place}" for place, sql in values.items())
    derived = "".join(_derive(place, column) for place, column in enumerate(report.columns))
    words = [" | ".join(terms) or "0" for terms in compiler.words]
    flags = ",\n".join(f"cast({terms} as bigint) as _word_{place}" for place, terms in enumerate(words))
    broken = " | ".join(f"_word_{place}" for place in range(len(words)))
    sql = f"""
with parsed as (select *{parsed} from {dated("batch", flags)}),
derived as (select *{derived} from parsed),
judged as (select _row, {flags} from derived)
select * from judged where ({broken}) <> 0
"""
    births = frozenset(_EVENTS_OF_LIFE)
    rows = CleanRows(report, _beside, births)
    rest = clean_sql(report, _beside, births, rows.told, "remaining")
    return Checks(tuple(compiler.rules), sql, rows, rest, clean_sql(report, _beside, births), tuple(codes))


def _code_check(compiler: _Compiler, column: Column) -> CodeCheck:
    broken = compiler.rule(column, "code")
    missing = compiler.rule(column, "required", QUARANTINE) if column.required else None
    sql = f"""
select text, case
    when ({_parse(column, "text")}) is not null then 0
    when ({render("stated", "text")}) is null then 2
    else 1
end as verdict
from texts
"""
    return CodeCheck(column.name, frozenset(text for text, _ in column.pairs), sql, broken, missing)


def _flags(compiler: _Compiler, report: Report, place: int, column: Column) -> None:
    text, value = quote(column.name), f"_p{place}"
    absent = f"({render('stated_number' if column.type in _NUMBERS else 'stated', text)}) is null"
    compiler.flag(column, _UNREADABLE.get(column.type, "type"), f"{value} is null", f"not ({absent})")
    if column.required:
        compiler.flag(column, "required", f"{value} is null", absent, severity=QUARANTINE)
    if column.type in ("text", "name", "address"):
        compiler.flag(column, "length", f"strlen({text}) > {LONGEST}")
    elif column.type in ("uscc", "organisation_code"):
        compiler.flag(column, "check_digit", f"not _c{place}", f"{value} is not null")
    elif column.type == "integer":
        compiler.flag(column, "range", f"{value} < 0")
    elif column.type == "date" and column.element in _EVENTS_OF_LIFE:
        compiler.flag(column, "range", f"{value} not between date '1850-01-01' and {DAY}")
    elif column.type == "citizen_id":
        compiler.flag(column, "check_digit", f"not _c{place}", f"strlen({value}) = 18")
        compiler.flag(column, "day", f"_b{place} is null", f"strlen({value}) = 18")
        if (birth := _beside(report, column, "birth_date")) is not None:
            compiler.flag(column, "birth_date_differs", f"_b{place} <> _p{birth}", severity=WARN)
        if (sex := _beside(report, column, "sex_code")) is not None:
            differs = f"{render('citizen_id_sex', value)} <> _p{sex}"
            compiler.flag(column, "sex_differs", differs, f"_p{sex} in ('1', '2')", severity=WARN)


def _parse(column: Column, text: str = "") -> str:
    """The SQL that reads a cell; of identifiers only the form, so that each of their rules can be told apart."""
    text = text or quote(column.name)
    if column.type in _FORMS:
        return render(f"{column.type}_form", text)
    return read_as(column, text)


def _derive(place: int, column: Column) -> str:
    """What is found out from an identifier: `c` its check character fits, `b` the birth date in it.

    Columns of a projection of their own, because DuckDB computes a repeated expression once only there.
    """
    value = f"_p{place}"
    if column.type == "citizen_id":
        birth, check = render("citizen_id_birth_date", value), render("citizen_id_check_ok", value)
        return f",\n{birth} as _b{place}, {check} as _c{place}"
    if column.type in ("uscc", "organisation_code"):
        return f",\n{render(f'{column.type}_check_ok', value)} as _c{place}"
    return ""


def _beside(report: Report, column: Column, element: str) -> int | None:
    """Place of the column with this element that speaks of the same person."""
    for place, other in enumerate(report.columns):
        if other.element == element and other.role == column.role:
            return place
    return None
