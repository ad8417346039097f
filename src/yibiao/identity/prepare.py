"""Raw columns -> what is compared: tidied text, its parts, the lists behind Chinese names, the parts of addresses.

Everything is made once a record, or once a distinct name or address; a pair of records is then compared by equality
and by distances over ASCII alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yibiao.errors import LinkageError
from yibiao.identity import addresses, names
from yibiao.identity.levels import column as prepared_name
from yibiao.identity.levels import hidden_of, number_of, only_compared_for_equality
from yibiao.identity.settings import Column, LinkageSettings
from yibiao.ingest.rules import quote, render

if TYPE_CHECKING:
    import duckdb

TABLE_OF_ADDRESSES = "linkage_address"
"""Temporary table of what is known of every address met; it grows from one preparation to the next."""

_CONSONANTS = "bfpvcgjkqsxzdtlmnraeiouhwy"
_CLASSES = "11112222222233455600000000"
"""Letters of one class sound alike (Soundex); vowels, h and w go."""

_LEGAL_FORMS = (
    "(集团)?(有限责任公司|股份有限公司|有限公司|股份公司|分公司|公司|农民专业合作社|专业合作社|合作社|个体工商户|"
    "经营部|商行|商店|门市部)$"
)
_REGIONS = "^([^省市区县镇乡村]{0,5}[^省市区县镇乡村超小社新](省|市|区|县|镇|乡))+"
"""Regions before a name; 超市, 小区, 社区 and 新区 are no ends of one."""

_PARTS = {
    ("latin", "sound"): "left({c}, 1) || regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace("
    "regexp_replace(replace(translate(substr({c}, 2), '{letters} ', '{classes}0'), '0', ''), '1+', '1', 'g'),"
    " '2+', '2', 'g'), '3+', '3', 'g'), '4+', '4', 'g'), '5+', '5', 'g'), '6+', '6', 'g')",
    ("latin", "tokens"): "array_to_string(list_sort(list_distinct(string_split({c}, ' '))), ' ')",
    ("date", "year"): "left({c}, 4)",
    ("date", "month"): "substr({c}, 5, 2)",
    ("date", "day"): "right({c}, 2)",
    ("date", "year_month"): "left({c}, 6)",
    ("date", "month_day"): "right({c}, 4)",
    # What tells one organisation from another.
    (
        "organisation_name",
        "core",
    ): "coalesce(nullif(regexp_replace(regexp_replace({c}, '{legal}', ''), '{region}', ''), ''), {c})",
    ("person_number", "birth"): "case when {c} not like '%*%' then substr({c}, 7, 8) end",
    # Region and the last four characters: what is left of a number that somebody masked.
    ("person_number", "ends"): "case when right({c}, 3) <> '000' then left({c}, 6) || right({c}, 4) end",
}


_WHOLE = frozenset(f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")) | {
    "INTEGER",
    "UINTEGER",
}


@dataclass(frozen=True)
class Prepared:
    """A prepared table.

    Args:
        table: its name: `rid` (0-based number of the record in the order of ids), `id`, prepared columns.
        rows: number of records.
    """

    table: str
    rows: int


def prepare(
    con: duckdb.DuckDBPyConnection,
    source: str,
    settings: LinkageSettings,
    target: str,
    *,
    condition: str = "",
    compact: bool = False,
) -> Prepared:
    """Make the prepared table of a raw one, a temporary table.

    Args:
        source: name of a table or view with the raw columns (any types).
        target: name of the table to make.
        condition: SQL over the raw columns; rows for which it is not true stay out.
        compact: as linking reads it: what is only compared for equality is a number (`levels.number_of`), and the lists
            behind names are left out, because `score_pairs` makes them for the few pairs that need them. Otherwise all
            is text with its lists, as training reads it.

    Raises:
        LinkageError: a raw column is missing, or two records have one id.
    """
    used = used_columns(settings, labels=not compact)
    check_columns(con, source, settings, used if compact else tuple(settings.columns.values()))
    texts = "".join(f", {tidied(one)} as {quote(one.name)}" for one in used)
    rows = f"where {condition}" if condition else ""
    con.execute(f"""
        create or replace temp table linkage_base as
        select {identity(con, source, settings)} as id{texts} from {quote(source)} {rows}""")
    _check_ids(con, settings)
    joins: list[str] = []
    chosen: list[str] = []
    for one in used:
        parts = parts_of(con, "linkage_base", one, settings, compact=compact)
        chosen += [f", {value} as {quote(name)}" for name, value in parts.values.items()]
        joins += parts.joins
    # Numbers in the order of ids are given to the ids alone: sorting whole rows would cost more than all else here.
    con.execute("""
        create or replace temp table linkage_number as
        select id, cast(row_number() over (order by id) - 1 as integer) as rid from linkage_base""")
    con.execute(f"""
        create or replace temp table {quote(target)} as
        select linkage_number.rid, linkage_base.id{"".join(chosen)}
        from linkage_base inner join linkage_number on linkage_base.id = linkage_number.id {" ".join(joins)}""")
    con.execute("drop table linkage_base")
    con.execute("drop table linkage_number")
    (count,) = con.execute(f"select count(*) from {quote(target)}").fetchall()[0]
    return Prepared(target, int(count))


def identity(con: duckdb.DuckDBPyConnection, source: str, settings: LinkageSettings) -> str:
    """SQL of a record's id: a whole number as it is, so that it is sorted as one, anything else as text."""
    if not settings.id:
        return "cast(row_number() over () as varchar)"
    (kind,) = (row[1] for row in con.execute(f"select {quote(settings.id)} from {quote(source)} limit 0").description)
    return quote(settings.id) if str(kind) in _WHOLE else f"cast({quote(settings.id)} as varchar)"


def used_columns(settings: LinkageSettings, *, labels: bool = False) -> tuple[Column, ...]:
    """The columns that anything refers to; with `labels` also that which only training reads."""
    used = {reference.partition(".")[0] for reference in settings.references(labels=labels)}
    return tuple(one for name, one in settings.columns.items() if name in used)


def check_columns(
    con: duckdb.DuckDBPyConnection, source: str, settings: LinkageSettings, columns: Iterable[Column]
) -> None:
    """Whether a raw table has the columns that these prepared columns read.

    Raises:
        LinkageError: one is missing.
    """
    present = {row[0] for row in con.execute(f"select * from {quote(source)} limit 0").description or ()}
    wanted = {settings.id} - {""} | {raw for one in columns for raw in one.sources}
    if missing := sorted(wanted - present):
        raise LinkageError(
            "The table lacks columns that the linkage settings read.",
            where=settings.name,
            expected=", ".join(missing),
            got=", ".join(sorted(present)),
            todo="Change `from` in the settings, or give the table these columns.",
        )


def _check_ids(con: duckdb.DuckDBPyConnection, settings: LinkageSettings) -> None:
    rows, distinct = con.execute("select count(*), count(distinct id) from linkage_base").fetchall()[0]
    if rows != distinct:
        raise LinkageError(
            "The column of ids does not tell the records apart.",
            where=f"{settings.name}: {settings.id}",
            expected=f"{rows} different ids",
            got=f"{distinct}",
            todo="Name another column as `id`, or leave it out.",
        )


def tidied(column: Column) -> str:
    """SQL of a column's tidied text over the raw table; null where nothing usable is stated."""
    raw = [f"cast({quote(name)} as varchar)" for name in column.sources]
    text = raw[0] if len(raw) == 1 else f"concat_ws(' ', {', '.join(raw)})"
    if column.extract:
        group = 1 if re.compile(column.extract).groups else 0
        text = f"nullif(regexp_extract({text}, '{column.extract.replace(chr(39), chr(39) * 2)}', {group}), '')"
    text = f"trim({text})"
    if column.kind == "latin":
        return f"nullif(trim(regexp_replace(lower(strip_accents({text})), '[^a-z0-9]+', ' ', 'g')), '')"
    if column.kind == "text":
        return f"nullif(lower(strip_accents({render('stated', text)})), '')"
    if column.kind == "code":
        return f"nullif(upper({render('stated', text)}), '')"
    if column.kind == "digits":
        figures = f"regexp_replace({render('rule_half_width', text)}, '[^0-9]+', '', 'g')"
        return f"case when {figures} not similar to '0*' then {figures} end"
    if column.kind == "date":
        formats = list(column.formats) or ["any"]
        parsed = f"strftime({render('parse_date', text, formats)}, '%Y%m%d')"
        if "%Y-%m-%d" not in formats or len(column.sources) > 1 or column.extract:
            return parsed
        # A date is a date already; the engine settles this when it plans.
        source = quote(column.sources[0])
        day = f"try_cast({source} as date)"
        known = f"case when {day} between date '1800-01-01' and date '9999-12-31' then strftime({day}, '%Y%m%d') end"
        return f"case when typeof({source}) = 'DATE' then {known} else {parsed} end"
    if column.kind == "phone":
        return render("parse_phone", text)
    if column.kind == "person_number":
        return _person_number(text)
    if column.kind == "chinese_name":
        # Separators go altogether: `·`, a blank, a hyphen or nothing between two parts is one name.
        return f"nullif(regexp_replace(upper({render('parse_name', text)}), '[·\\s''-]+', '', 'g'), '')"
    if column.kind == "organisation_name":
        wide = render("rule_half_width", render("parse_text", text))
        return f"nullif(regexp_replace(upper({wide}), '[\\s()（）·.,，。、\"''-]+', '', 'g'), '')"
    return render("parse_address", text)


def _person_number(text: str) -> str:
    """Eighteen characters of figures, X and `*`, valid or not; what a spreadsheet cut off or nobody typed is null."""
    tidy = render("identifier_text", "t")
    inner = f"""case
        when regexp_full_match(n, '[1-9][0-9*]{{16}}[0-9X*]') and replace(n, left(n, 1), '') <> '' then n
        when regexp_full_match(n, '[1-9][0-9]{{14}}') then {render("citizen_id_form", "n")} end"""
    tidied = render("rule_let", "n", render("rule_let", "t", text, tidy), inner)
    # Nearly all are written as they should be.
    usual = f"case when replace({text}, left({text}, 1), '') <> '' then {text} end"
    return f"case when regexp_full_match({text}, '[1-9][0-9]{{16}}[0-9X]') then {usual} else {tidied} end"


@dataclass(frozen=True)
class Parts:
    """What a prepared table selects of a column.

    Args:
        values: prepared column -> SQL over the base table and what it joins.
        joins: SQL.
    """

    values: dict[str, str]
    joins: tuple[str, ...]


def parts_of(
    con: duckdb.DuckDBPyConnection, base: str, column: Column, settings: LinkageSettings, *, compact: bool
) -> Parts:
    """One column with its parts, as far as the settings use them; describes the names and addresses that are new.

    Args:
        base: table that holds the tidied column under its name.
        compact: see `prepare`.
    """
    references = [one for one in settings.references(labels=not compact) if one.partition(".")[0] == column.name]
    text = f"{base}.{quote(column.name)}"
    values = {one: _part(column, one.partition(".")[2], text) if "." in one else text for one in references}
    joins = []
    if column.kind == "chinese_name" and f"{column.name}.sound" in values:
        names.describe(con, f"select {quote(column.name)} from {base}")
        joins.append(f"left join {names.TABLE} as of_{column.name} on of_{column.name}.name = {text}")
    if column.kind == "address" and any("." in one for one in references):
        addresses.describe(con, f"select {quote(column.name)} from {base}", TABLE_OF_ADDRESSES)
        joins.append(f"left join {TABLE_OF_ADDRESSES} as of_{column.name} on of_{column.name}.text = {text}")
    numbers = only_compared_for_equality(settings) if compact else frozenset()
    found = {prepared_name(one): number_of(one, value) if one in numbers else value for one, value in values.items()}
    if not compact and (kinds := hidden_of(settings.comparisons).get(column.name)):
        behind = f"linkage_behind_{column.name}"
        describe_behind(con, column, f"select {quote(column.name)} from {base}", kinds, behind)
        joins.append(f"left join {behind} on {behind}.text = {text}")
        found |= {f"{column.name}__{kind}": f"{behind}.{kind}" for kind in sorted(kinds)}
    return Parts(found, tuple(joins))


def describe_behind(
    con: duckdb.DuckDBPyConnection, column: Column, texts: str, kinds: frozenset[str], target: str
) -> None:
    """Make the temporary table `target`: each distinct text of a query with the lists that its levels look at.

    Args:
        texts: query of one column.
        kinds: which lists.
    """
    if column.kind == "chinese_name":
        names.describe_likeness(con, texts, kinds, target)
        return
    core = _part(column, "core", "text")
    pairs = f"list_distinct(list_transform(range(1, length({core})), lambda i: hash(substr({core}, i, 2))))"
    con.execute(f"""
        create or replace temp table {target} as
        select text, {pairs} as pairs from (select distinct * from ({texts}) as given(text) where text is not null)""")


def drop_descriptions(con: duckdb.DuckDBPyConnection, settings: LinkageSettings) -> None:
    """Remove what was kept about names and addresses between one preparation and the next."""
    for table in (names.TABLE, TABLE_OF_ADDRESSES, *(f"linkage_behind_{name}" for name in settings.columns)):
        con.execute(f"drop table if exists {table}")


def _part(column: Column, part: str, text: str) -> str:
    if found := re.fullmatch(r"(first|last)([0-9]+)", part):
        cut = f"{'left' if found[1] == 'first' else 'right'}({text}, {found[2]})"
        # Stars are shared by all who were masked.
        return f"case when not contains({cut}, '*') then {cut} end" if column.kind == "person_number" else cut
    if column.kind == "chinese_name":
        if part == "sound":
            return f"of_{column.name}.sound"
        compound = f"regexp_matches({text}, '^({names.COMPOUND_FAMILY_NAMES})..?$')"
        return f"left({text}, case when {compound} then 2 else 1 end)"
    if column.kind == "address":
        own = {"road": "place", "building": "house", "room": "home"}.get(part, part)
        return f"of_{column.name}.{own}"
    if (column.kind, part) == ("person_number", "valid"):
        return render("parse_citizen_id", text)
    return _PARTS[column.kind, part].format(
        c=text, letters=_CONSONANTS, classes=_CLASSES, legal=_LEGAL_FORMS, region=_REGIONS
    )
