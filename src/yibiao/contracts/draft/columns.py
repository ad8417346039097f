"""Drafts the columns of a contract from a table as understood, each decision with its reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from yibiao.contracts.draft.keys import ENOUGH_VALUES, KEY_WORDS, choose_key
from yibiao.contracts.draft.names import Named, Names, property_name, unit_in
from yibiao.contracts.kinds import UNITS
from yibiao.contracts.reports import Column, plain_column
from yibiao.contracts.values import Schemas
from yibiao.ingest.drift import plain, value_shares

if TYPE_CHECKING:
    import pyarrow as pa

DATE_FORMATS = (
    *("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S"),
    *("%Y-%m-%dT%H:%M:%S", "excel_serial"),
)
MONTH_FORMATS = ("%Y-%m", "%Y%m", "%Y/%m", "%Y.%m", "%Y年%m月")

FITS = 0.9
"""Share of stated values that must be readable as an element's type for its name to be believed."""

SURE = 0.95
"""Score of a name from which a human need not look, if the values fit."""

MOST_CODES = 64
"""Different values at most for a column without an element to be offered as a code list."""


@dataclass
class ColumnDraft:
    """One drafted column.

    Attributes:
        header: as it stands in the file.
        notes: what a human should know or decide, in words; no value of a person is quoted.
        sure: nothing in `notes` needs a decision.
        unit: of the amounts, if it is not that of the element.
        filled, distinct: stated values of the sample and different ones among them.
        dates_file: a day that is the same in all rows of a file and another one in another file.
    """

    header: str
    name: str = ""
    element: str | None = None
    role: str | None = None
    type: str = "text"
    date_formats: tuple[str, ...] = ()
    codes: dict[str, str] = field(default_factory=dict)
    codes_as: str = "code"
    key: bool = False
    required: bool = False
    sure: bool = True
    score: float = 0.0
    why: str = ""
    notes: list[str] = field(default_factory=list)
    filled: int = 0
    distinct: int = 0
    dates_file: bool = False
    unit: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "header": self.header,
            "name": self.name,
            "element": self.element,
            "role": self.role,
            "type": self.type,
            "unit": self.unit,
            "score": self.score,
            "why": self.why,
            "sure": self.sure,
            "notes": self.notes,
            "key": self.key,
            "filled": self.filled,
            "distinct": self.distinct,
        }


def draft_columns(
    headers: Sequence[str],
    files: Sequence[pa.Table],
    schemas: Schemas,
    report_id: str = "",
    titles: Sequence[str] = (),
) -> list[ColumnDraft]:
    """One draft per header, in order.

    Args:
        headers: of the file.
        files: sample of each file, text columns in the order of the headers; it may have no rows.
        report_id: the report that is drafted; a contract of it that exists already teaches nothing.
        titles: texts above the table; they may state a unit.
    """
    import pyarrow as pa

    of_table, _ = unit_in(" ".join(f"({found})" for found in re.findall(r"单位\s*[:：]\s*(\S+)", " ".join(titles))))
    rows = pa.concat_tables(files)
    names = Names(schemas, without=report_id)
    drafts = []
    for header, column in zip(headers, rows.columns, strict=True):
        draft = ColumnDraft(header)
        draft.filled, draft.distinct = _count(column)
        _propose(draft, column, names.of(header), schemas, of_table)
        drafts.append(draft)
    _settle_rivals(drafts)
    taken = set(schemas.elements)
    for draft in drafts:
        if draft.element:
            taken.discard(f"{draft.role}__{draft.element}" if draft.role else draft.element)
        draft.name = property_name(draft.header, draft.element, draft.role, taken)
        if draft.element is None and draft.sure:
            draft.notes.append("the department's own field: no data element has a name like it")
    for draft, place in zip(drafts, rows.column_names, strict=True):
        draft.dates_file = draft.type in ("date", "month") and _dates_files(place, files)
    # A snapshot repeats its keys in every edition; rows that carry the day of their edition do not.
    dated = any(draft.dates_file for draft in drafts)
    within = rows if dated else max(files, key=lambda one: one.num_rows)
    choose_key(drafts, within, [_count(column) for column in within.columns], schemas)
    return drafts


def _stated(column: Any) -> Any:
    import pyarrow.compute as pc

    texts = pc.utf8_trim_whitespace(column)
    return texts.filter(pc.and_kleene(pc.is_valid(texts), pc.not_equal(texts, "")))


def _dates_files(column: str, files: Sequence[pa.Table]) -> bool:
    import pyarrow.compute as pc

    found = [pc.unique(_stated(one[column])).to_pylist() for one in files if one.num_rows]
    return len(found) > 1 and all(len(one) == 1 for one in found) and len({one[0] for one in found}) > 1


def _count(column: Any) -> tuple[int, int]:
    import pyarrow.compute as pc

    texts = _stated(column)
    return len(texts), pc.count_distinct(texts).as_py()


def _propose(
    draft: ColumnDraft, column: Any, named: Sequence[Named], schemas: Schemas, of_table: str | None = None
) -> None:
    """The likeliest element whose type the values have, or a bare type."""
    refused: list[str] = []
    for one in named[:6]:
        if refused and one.score < SURE <= named[0].score:
            break  # a known name that the values contradict is not taken for what is merely like it
        element = schemas.elements[one.element]
        code_list = schemas.codes.get(element.code_list or "")
        probe = replace(
            plain_column(element.id, element.name, element.type),
            pairs=code_list.pairs if code_list else (),
            code_list=element.code_list,
        )
        share, formats = _fit(column, probe)
        if share is not None and share < FITS and not (code_list and share > 0 and draft.distinct <= MOST_CODES):
            refused.append(f"named like `{one.element}`, but only {share:.0%} of the values can be read as one")
            continue
        draft.element, draft.role, draft.type = one.element, one.role, element.type
        draft.score, draft.why = one.score, one.why
        draft.date_formats = formats
        if one.score < SURE:
            draft.sure = False
            draft.notes.append(f"is this `{one.element}` ({element.name})? score {one.score:.2f}: {one.why}")
        if code_list:
            _codes(draft, column, code_list)
        if element.unit:
            _unit(draft, element.unit, of_table)
        if share is not None and FITS <= share < 1:
            draft.notes.append(f"{1 - share:.1%} of the values break the rules of the type and go to quarantine")
        if share is None:
            draft.sure = False
            draft.notes.append("no value in the sample: the type is that of the element")
        if element.type in ("date", "month") and not formats:
            draft.date_formats = (DATE_FORMATS if element.type == "date" else MONTH_FORMATS)[:1]
            draft.sure = False
            draft.notes.append("the format of the dates could not be seen")
        return
    draft.notes += refused
    draft.sure = not refused
    if not refused and draft.filled >= ENOUGH_VALUES and (found := _by_values(column, schemas)):
        name, draft.why = found
        draft.element, draft.type, draft.score, draft.sure = name, schemas.elements[name].type, 0.5, False
        draft.notes.append(f"the values are those of `{name}`, the header does not say so: whose?")
        if code_list := schemas.codes.get(schemas.elements[name].code_list or ""):
            _codes(draft, column, code_list)
        return
    _bare_type(draft, column)


def _unit(draft: ColumnDraft, wanted: str, of_table: str | None) -> None:
    """The unit that the header states, or the title; one that is not understood must not be taken for the element's."""
    unit, words = unit_in(draft.header)
    if not words and of_table and UNITS[of_table][0] == UNITS[wanted][0] and of_table != wanted:
        draft.unit, draft.sure = of_table, False
        draft.notes.append(f"the title says `{of_table}`: is this column in it?")
    elif unit is not None and UNITS[unit][0] == UNITS[wanted][0]:
        draft.unit = unit if unit != wanted else None
    elif words:
        draft.sure = False
        draft.notes.append(f"the header says `{words}`, the data element is in {wanted}: what is the unit?")


def _by_values(column: Any, schemas: Schemas) -> tuple[str, str] | None:
    """(element, why) where values say nearly all by themselves: an identity number, a credit code, a code list."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = pa.table({"text": column})
    for name, type_ in (("citizen_id", "citizen_id"), ("uscc", "uscc")):
        if name in schemas.elements:
            probe = plain_column(name, name, type_)
            if (value_shares(table, [probe]).get((name, "text")) or 0.0) >= FITS:
                return name, "nearly all values are such numbers"
    values = pc.unique(_stated(column)).to_pylist()
    # Digits may be of any list, and yes and no of any question.
    if not 2 <= len(values) <= MOST_CODES or sum(not value.isascii() for value in values) < 2:
        return None
    lists = [
        one for one in schemas.codes.values() if len(one.codes) > 2 and set(values) <= {text for text, _ in one.pairs}
    ]
    elements = [one.id for one in schemas.elements.values() if lists and one.code_list == lists[0].id]
    if len(lists) != 1 or len(elements) != 1:
        return None
    return elements[0], f"all {len(values)} values are in the code list `{lists[0].id}`"


def _fit(column: Any, probe: Column) -> tuple[float | None, tuple[str, ...]]:
    """Share of the stated values that the type can read (None without values), and the date formats that it takes."""
    import pyarrow as pa

    table = pa.table({"text": column})
    if probe.type not in ("date", "month"):
        return value_shares(table, [probe]).get((probe.name, "text")), ()
    return _dates(table, probe)


def _dates(table: Any, probe: Column) -> tuple[float | None, tuple[str, ...]]:
    """The fewest formats that read what all formats together read."""
    formats = DATE_FORMATS if probe.type == "date" else MONTH_FORMATS
    whole = value_shares(table, [replace(probe, date_formats=formats)]).get((probe.name, "text"))
    if not whole:
        return whole, ()
    singles = [replace(probe, name=f"{place}", date_formats=(one,)) for place, one in enumerate(formats)]
    shares = value_shares(table, singles)
    ranked = sorted(formats, key=lambda one: -shares.get((str(formats.index(one)), "text"), 0.0))
    chosen: list[str] = []
    reached = 0.0
    for one in ranked:
        if reached >= whole:
            break
        share = value_shares(table, [replace(probe, date_formats=(*chosen, one))])[(probe.name, "text")]
        if share > reached:
            chosen, reached = [*chosen, one], share
    return whole, tuple(chosen)


def _codes(draft: ColumnDraft, column: Any, code_list: Any) -> None:
    """How the cells write the code list; values that it does not know are listed for a decision."""
    import pyarrow.compute as pc

    values = [value for value in pc.unique(_stated(column)).to_pylist()]
    known = dict(code_list.pairs)
    by = {
        "code": set(code_list.by_code),
        "name": {code.name for code in code_list.codes},
        "alias": {alias for code in code_list.codes for alias in code.aliases},
    }
    counted = {way: sum(value in words for value in values) for way, words in by.items()}
    draft.codes_as = max(counted, key=lambda way: (counted[way], way == "code")) if values else "code"
    unknown = [value for value in values if plain(value) not in known and value not in known]
    if unknown and len(unknown) <= MOST_CODES:
        draft.sure = False
        draft.codes = dict.fromkeys(sorted(unknown)[:MOST_CODES], "")
        draft.notes.append(
            f"{len(unknown)} of {len(values)} values are not in the code list `{code_list.id}`: give each its code"
        )


def _bare_type(draft: ColumnDraft, column: Any) -> None:
    """The type of a column without an element: one that ODCS has a word for."""
    probes = [plain_column(kind, kind, kind) for kind in ("integer", "decimal")]
    import pyarrow as pa

    table = pa.table({"text": column})
    shares = value_shares(table, probes)
    date_share, formats = _dates(table, plain_column("date", "date", "date"))
    looks_like_number = draft.header.endswith(KEY_WORDS)
    if (date_share or 0) >= 0.99 and formats and formats != ("excel_serial",) and not looks_like_number:
        draft.type, draft.date_formats = "date", formats
    elif not looks_like_number and shares.get(("integer", "text"), 0.0) == 1.0 and not _padded(column):
        draft.type = "integer"
    elif not looks_like_number and shares.get(("decimal", "text"), 0.0) == 1.0 and not _padded(column):
        draft.type = "decimal"
    if draft.type == "text" and 1 < draft.distinct <= 12 and draft.filled >= 20 * draft.distinct:
        draft.notes.append(f"only {draft.distinct} different values: maybe a code list")


def _padded(column: Any) -> bool:
    """Do numbers begin with zeros, so that they are names and no amounts?"""
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring_regex(_stated(column), r"^0\d")).as_py())


def _settle_rivals(drafts: Sequence[ColumnDraft]) -> None:
    """Two columns cannot be the same element of the same person: the likelier keeps it."""
    holders: dict[tuple[str, str | None], ColumnDraft] = {}
    # Of two equally likely ones the codes say it more exactly than the names.
    for draft in sorted(drafts, key=lambda one: (-one.score, one.type == "code" and one.codes_as != "code")):
        if draft.element is None:
            continue
        key = (draft.element, draft.role)
        if key not in holders:
            holders[key] = draft
            continue
        draft.notes = [
            f"`{draft.element}` like the column `{holders[key].header}`: if it speaks of another person or moment, "
            "give it a `role`"
        ]
        draft.element = draft.role = draft.unit = None
        draft.sure, draft.score, draft.codes, draft.codes_as = False, 0.0, {}, "code"
        if draft.type not in ("date", "integer", "decimal"):
            draft.type, draft.date_formats = "text", ()
