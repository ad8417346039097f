"""Understands a workbook that no contract describes: its tables, their headers, groups, sums, notes, what is hidden."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from yibiao.detect.sheet_cells import judge
from yibiao.detect.sheet_layout import Place, SheetLook, find_places
from yibiao.detect.sheet_patterns import find_patterns
from yibiao.detect.table import Choice, Detected, Held, Repair
from yibiao.errors import DeliveryError
from yibiao.ingest.columns import plain
from yibiao.ingest.readers.spreadsheet_book import Book, Grid, Sheet
from yibiao.ingest.readers.spreadsheet_marks import column_letters
from yibiao.ingest.readers.spreadsheet_rows import Layout, Part, cut
from yibiao.ingest.readers.spreadsheet_totals import Earlier, agreeing, recount
from yibiao.ingest.repairs import NUMBER

_NO_SUM = re.compile(r"率|比例|占比|平均|均价|单价|年龄|编号|代码|号码|电话|证号|序号|年份|%|％")
_ROW_NUMBERS = re.compile(r"序号|编号|行号|顺序号|No\.?|NO\.?|#")
_SHARE_OF_SUMS = 0.5
"""A column is one of sums if so many of its printed sums agree; the others are then defects."""


@dataclass
class _Table:
    """A table in one sheet."""

    sheet: Sheet
    place: Place
    layout: Layout
    choices: dict[str, Choice]
    part: Part
    totals: list[dict[str, Any]]
    summed: list[int] = field(default_factory=list)


def detect_sheets(path: Path, *, limit: int | None = None) -> list[Detected]:
    """Every table of a workbook, sheet by sheet; a table that goes on over several sheets is one.

    Args:
        path: XLSX, XLS or ODS, told by its content.
        limit: rows per table to give back at most; control totals are counted over all.

    Returns:
        Tables in the order of the workbook, none if it is empty. Hidden sheets are told in the choice `hiddenSheets`
        and left out; hidden rows and columns are read, and told.

    Raises:
        DeliveryError: the file cannot be opened as a workbook.
    """
    book = Book(path, path.name)
    shown = [sheet for sheet in book.sheets if sheet.visible] or book.sheets
    tables: list[_Table] = []
    unread: list[str] = []
    for sheet in shown:
        try:
            grid = book.grid(sheet)
        except DeliveryError:
            if len(shown) == 1:
                raise
            unread.append(sheet.name)  # a chart among the sheets
            continue
        places = find_places(grid)
        for place in places:
            if found := _table(sheet, grid, place, places):
                tables.append(found)
    common = _of_book(book, shown, unread)
    return [_detected(book, group, shown, common, limit) for group in _joined(tables)]


def _table(sheet: Sheet, grid: Grid, place: Place, places: Sequence[Place]) -> _Table | None:
    look = SheetLook(grid, place.left, place.right)
    choices = {
        "titleRows": Choice(
            "titleRows", place.title_rows, True, f"{place.title_rows} row(s) of few cells stand above the header"
        ),
        "headerRows": Choice("headerRows", place.header_rows, place.sure_header, place.why_header),
        **find_patterns(look, place).choices,
    }
    choices |= _among_others(look, place, places)
    layout = _layout(choices, place, grid.left)
    part = cut(grid, layout)
    if part is None:
        return None
    if not place.header_rows:
        part.headers = [f"列{number}" for number in range(1, place.right - place.left + 2)]
    table = _Table(sheet, place, layout, choices, part, [])
    _sums(table)
    if len(places) > 1:
        _prove(table)
    return table


def _layout(choices: Mapping[str, Choice], place: Place, first: int) -> Layout:
    """The layout by position: patterns that only find the table in its sheet take no part."""
    options = {
        re.sub("([A-Z])", r"_\1", what).lower(): choice.value
        for what, choice in choices.items()
        if not what.startswith("table")
    }
    columns = (place.left + first, place.right + first)
    return replace(Layout.of(options), rows=(place.begin, place.end), columns=columns)


def _among_others(look: SheetLook, place: Place, places: Sequence[Place]) -> dict[str, Choice]:
    """How a contract finds this table if its sheet has others."""
    if len(places) == 1:
        return {}
    found: dict[str, Choice] = {}
    why = f"{len(places)} tables stand in the sheet"
    found["tables"] = Choice("tables", len(places), False, why)
    if {one.block for one in places} != {place.block}:
        letters = f"{column_letters(place.left + look.grid.left)}:{column_letters(place.right + look.grid.left)}"
        found["tableColumns"] = Choice("tableColumns", letters, True, f"{why}, with blank columns between them")
    stack = [one for one in places if one.block == place.block]
    at = stack.index(place)
    if at:
        title = look.lead[place.begin].strip()
        pattern = "^" + re.sub(r"\d+", r"\\d+", re.escape(title)).replace("\\ ", r"\s") + "$"
        sure = place.title_rows > 0
        found["tableAfter"] = Choice(
            "tableAfter", pattern, sure, "the title above it" if sure else f"{why}, and no title above this one"
        )
    if at + 1 < len(stack):
        title = look.lead[stack[at + 1].begin].strip()
        pattern = "^" + re.sub(r"\d+", r"\\d+", re.escape(title)).replace("\\ ", r"\s") + "$"
        found["tableUntil"] = Choice("tableUntil", pattern, stack[at + 1].title_rows > 0, "where the next one begins")
    return found


def _prove(table: _Table) -> None:
    """Would a contract with these options find the same rows?"""
    choices = table.choices
    if "tableAfter" in choices and table.place.title_rows:
        titles = replace(choices["titleRows"], value=table.place.title_rows - 1)
        choices["titleRows"] = replace(titles, why=titles.why + "; the first of them is `tableAfter`")
    options = {re.sub("([A-Z])", r"_\1", what).lower(): choice.value for what, choice in choices.items()}
    found = cut(table.part.grid, Layout.of(options))
    if found is None or not np.array_equal(found.rows, table.part.rows):
        for what in ("tableAfter", "tableUntil", "titleRows"):
            if what in choices:
                why = choices[what].why + "; by these options alone a contract would not read the same rows"
                choices[what] = replace(choices[what], sure=False, why=why)


def _sums(table: _Table) -> None:
    """Which columns do printed sums belong to, and do sub-totals stand above or below their rows?"""
    part, choices = table.part, table.choices
    columns = [place for place in range(len(part.headers)) if _is_numeric(part, place)]
    if "subtotalPattern" in choices and columns:
        above = cut(part.grid, replace(table.layout, subtotals_above=True))
        if above is not None:
            below_agree, above_agree = (sum(agreeing(one, place)[1] for place in columns) for one in (part, above))
            if above_agree > below_agree:
                why = (
                    f"{above_agree} of the printed sums agree with the rows below them, {below_agree} with those above"
                )
                choices["subtotals"] = Choice("subtotals", "above", True, why)
                above.headers = part.headers
                table.layout, table.part = replace(table.layout, subtotals_above=True), above
                part = above
    summed = []
    for place in columns:
        stated, agree = agreeing(part, place)
        if agree and agree >= _SHARE_OF_SUMS * stated:
            summed.append(place)
        elif stated and not _NO_SUM.search(part.headers[place]) and stated == 1:
            summed.append(place)  # one total that does not agree: to be told, not to be passed over
    table.summed, table.totals = summed, recount(part, summed)


def _is_numeric(part: Part, place: int) -> bool:
    kinds = part.kinds(place)
    if kinds is None or _ROW_NUMBERS.fullmatch(part.headers[place].strip()):
        return False
    texts = part.texts(place)
    given = np.array([bool(text) for text in texts.slice(0, 2000).to_pylist()])
    return bool(given.any()) and (kinds[: len(given)][given] == NUMBER).mean() >= 0.7


def _of_book(book: Book, shown: Sequence[Sheet], unread: Sequence[str]) -> dict[str, Choice]:
    found: dict[str, Choice] = {}
    if hidden := [sheet.name for sheet in book.sheets if sheet not in shown]:
        why = f"{len(hidden)} sheet(s) are hidden and were left out: name them in `sheet` if they are data"
        found["hiddenSheets"] = Choice("hiddenSheets", hidden, False, why)
    if unread:
        found["unreadSheets"] = Choice("unreadSheets", list(unread), False, "charts, or damaged sheets")
    return found


def _joined(tables: Sequence[_Table]) -> list[list[_Table]]:
    """Tables with the same header in different sheets are one."""
    groups: list[list[_Table]] = []
    for table in tables:
        key = _key(table)
        for group in groups:
            if key == _key(group[0]) and all(one.sheet is not table.sheet for one in group):
                group.append(table)
                break
        else:
            groups.append([table])
    return groups


def _key(table: _Table) -> tuple[Any, ...]:
    place = table.place
    if not place.header_rows:
        return (id(table),)
    return (*map(plain, table.part.headers[: place.right - place.left + 1]), place.header_rows)


def _same_patterns(group: Sequence[_Table]) -> None:
    """One contract describes all sheets: options that only some need are given to all."""
    merged: dict[str, Choice] = {}
    for what in dict.fromkeys(what for table in group for what in table.choices):
        found = [table.choices[what] for table in group if what in table.choices]
        values = list(dict.fromkeys(str(choice.value) for choice in found))
        first = found[0]
        if len(values) > 1 and what == "footerPattern":
            either = "|".join(f"(?:{value})" for value in values)
            first = replace(first, value=either, sure=all(choice.sure for choice in found))
        elif len(values) > 1:
            others = tuple(choice.value for choice in found[1:] if choice.value != first.value)
            first = replace(first, sure=False, why=first.why + "; other sheets differ", rivals=others)
        merged[what] = first
    for table in group:
        own = {what: table.choices[what] for what in ("titleRows", "headerRows")}
        table.choices = dict(merged)
        layout = _layout({**merged, **own}, table.place, table.part.grid.left)
        part = cut(table.part.grid, layout)
        if part is not None:
            table.layout, table.part = layout, part
            _sums(table)


def _detected(
    book: Book, group: Sequence[_Table], shown: Sequence[Sheet], common: Mapping[str, Choice], limit: int | None
) -> Detected:
    if len(group) > 1:
        _same_patterns(group)
    first = group[0]
    parts = [table.part for table in group]
    choices = {**_sheet_choice(group, shown), **first.choices, **_hidden(parts), **common}
    headers = [*parts[0].headers, *parts[0].group_names]
    if numbers := _row_numbers(parts):
        choices["rowNumbers"] = numbers
    columns: list[list[pa.Array]] = [[] for _ in headers]
    held: list[Held] = []
    repairs: Counter[tuple[str, str]] = Counter()
    left_out: Counter[str] = Counter()
    totals: list[dict[str, Any]] = []
    earlier = Earlier()
    for table in group:
        if len(group) > 1:
            table.totals = recount(table.part, table.summed, earlier)
            earlier.add(table.part, table.summed)
        judged = judge(table.part)
        repairs.update(judged.repairs)
        held += judged.held
        for place, texts in enumerate(judged.columns):
            columns[place].append(texts)
        left_out.update({kind: rows for kind, rows in table.part.left_out.items() if rows and kind != "other_table"})
        prefix = f"{table.sheet.name}: " if len(group) > 1 else ""
        totals += [{**total, "name": prefix + total["name"]} for total in table.totals]
    names = [f"c{place}" for place in range(len(headers))]
    rows = pa.table(
        [pa.chunked_array(texts, pa.string()).combine_chunks() for texts in columns],
        schema=pa.schema([(name, pa.string()) for name in names]),
    )
    return Detected(
        name="" if len(group) > 1 else first.sheet.name,
        format="xlsx" if book.kind == "xlsb" else book.kind,
        choices=choices,
        headers=tuple(headers),
        rows=rows if limit is None else rows.slice(0, limit),
        held=tuple(held),
        left_out=dict(left_out),
        control_totals=tuple(totals),
        repairs=tuple(
            Repair(kind, repair_class, count, f"{count} cell(s)")
            for (kind, repair_class), count in sorted(repairs.items())
        ),
        header_rows=tuple(
            tuple(text.as_py() for text in (parts[0].grid.texts[place][row] for place in _width(parts[0])))
            for row in parts[0].header
        ),
        titles=tuple(
            " ".join(filter(None, (texts[row].as_py() for texts in parts[0].grid.texts)))
            for row in range(first.place.begin, first.place.begin + first.place.title_rows)
        ),
    )


def _width(part: Part) -> range:
    return range(part.left, part.right + 1)


def _sheet_choice(group: Sequence[_Table], shown: Sequence[Sheet]) -> dict[str, Choice]:
    if len(group) > 1:
        names = [table.sheet.name for table in group]
        everything = len(names) == len(shown)
        why = f"{len(names)} sheets have the same header"
        return {"sheets": Choice("sheets", "all" if everything else names, True, why)}
    why = "the only sheet" if len(shown) == 1 else f"one of {len(shown)} sheets, the only one with this header"
    return {"sheet": Choice("sheet", group[0].sheet.name, True, why)}


def _hidden(parts: Sequence[Part]) -> dict[str, Choice]:
    found: dict[str, Choice] = {}
    if rows := sum(part.hidden for part in parts):
        why = f"{rows} row(s) of data are hidden; they are read like the others"
        found["hiddenRows"] = Choice("hiddenRows", "use", False, why, ("leaveOut",))
    part = parts[0]
    headers = [part.headers[place - part.left] for place in sorted(part.grid.hidden_columns) if place in _width(part)]
    if headers:
        why = f"{len(headers)} column(s) are hidden; they are read like the others"
        found["hiddenColumns"] = Choice("hiddenColumns", headers, False, why)
    return found


def _row_numbers(parts: Sequence[Part]) -> Choice | None:
    """A column that only numbers the rows, anew in each group or sheet maybe."""
    for place, header in enumerate(parts[0].headers[:3]):
        values = [text for part in parts for text in part.texts(place).to_pylist()]
        if len(values) < 2 or not all(text.isdigit() for text in values) or values[0] != "1":
            continue
        steps = np.diff(np.array(values, dtype=np.float64))
        restarts = int((steps != 1).sum())
        if all(value == "1" for value, step in zip(values[1:], steps, strict=True) if step != 1) and (
            restarts < 0.5 * len(steps) or _ROW_NUMBERS.fullmatch(header.strip())
        ):
            why = "counts the rows from 1" + (f", {restarts} times anew" if restarts else "")
            return Choice("rowNumbers", header, True, why)
    return None
