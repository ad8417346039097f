"""One community's workbook: the rows put into the skeleton, every known cell with its source, and the hidden marker."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from yibiao.forms.fill.areas import Area
from yibiao.forms.fill.row_xml import blank_row
from yibiao.forms.fill.select import AUTOMATIC, CONFIRM, NEW, STATUS_NAMES, UNKNOWN, Asked, letters_of
from yibiao.forms.fill.skeleton import (
    COMMENTS_PART,
    CONTROL_PART,
    DRAWING_PART,
    FILLER,
    FORM_PART,
    GUIDE_PART,
    STRINGS_PART,
    Skeleton,
    foot_at,
)
from yibiao.forms.layout import HEADER_ROW, column_of, first_row
from yibiao.forms.template import BLANK_ROWS

COMMENTED = 600
"""Known cells with a comment of their own in one workbook, those to be confirmed first: each is a drawing, and
thousands make a workbook slow. Every known cell says its source when it is chosen, and every header for its column."""

_MOMENT = (2026, 1, 1, 0, 0, 0)
"""Date of the members of every workbook: equal content gives equal bytes."""


@dataclass(frozen=True)
class Source:
    """Where values come from: a delivery, as a clerk is told of it."""

    department: str
    report: str
    edition: str
    day: str

    @property
    def text(self) -> str:
        return f"{self.department}《{self.report}》{self.edition} 期，截至 {self.day}"


@dataclass(frozen=True)
class Marker:
    """What matches a returned workbook to what was sent out."""

    form: str
    number: str
    community: str
    release: str
    as_of: str
    version: int = 1

    def facts(self, rows: int) -> list[tuple[str, str]]:
        return [
            ("格式", str(self.version)),
            ("表单", self.form),
            ("准入编号", self.number),
            ("社区", self.community),
            ("发布版本", self.release),
            ("数据日期", self.as_of),
            ("预填行数", str(rows)),
        ]


@dataclass(frozen=True)
class Rows:
    """The rows of one community.

    Attributes:
        xml: of all rows.
        disputed: per row, bits of the fields whose sources disagree.
        records: per field, per row the number of the record; 0 without one, that of a ticket below 0, or `UNKNOWN`.
    """

    xml: bytes
    disputed: np.ndarray
    records: Sequence[np.ndarray]

    @property
    def count(self) -> int:
        return len(self.disputed)


class Loads:
    """The deliveries of a release, to find that of a record."""

    def __init__(self, firsts: Sequence[int], sources: Sequence[Source]) -> None:
        self.firsts = np.array(firsts, np.int64)
        self.sources = sources

    def of(self, records: np.ndarray) -> np.ndarray:
        """Place of the delivery of each record; -1 where nothing is known, -2 without a record, -4 by a correction."""
        places = np.searchsorted(self.firsts, records, "left") - 1
        below = np.where(records == UNKNOWN, -1, np.where(records == 0, -2, -4))
        return np.where(records > 0, places, below)


def write_book(
    path: Path, parts: Skeleton, asked: Asked, rows: Rows, area: Area, marker: Marker, loads: Loads
) -> dict[str, int]:
    """Write one workbook in the place of whatever stands at `path`.

    Returns:
        Cells by status: `automatic`, `confirm`, `new`.
    """
    sheet = _Sheet(parts, asked, rows, loads)
    counts = sheet.counts()
    members = {
        **parts.parts,
        FORM_PART: sheet.xml(),
        COMMENTS_PART: sheet.comments(),
        DRAWING_PART: sheet.drawings(),
        STRINGS_PART: parts.strings.replace(FILLER, escape(area.name)).encode(),
        GUIDE_PART: _table(parts.guide, parts.texts, _guide(parts, sheet, counts, area, marker)),
        CONTROL_PART: _table(parts.control, parts.texts, marker.facts(rows.count)),
    }
    descriptor, name = tempfile.mkstemp(prefix=".form-", suffix=".xlsx", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                # Rows repeat their markup: the fastest level packs them ten to one.
                archive.writestr(zipfile.ZipInfo(member, _MOMENT), content, zipfile.ZIP_DEFLATED, compresslevel=1)
        os.chmod(name, 0o600)  # it holds personal data
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
    return counts


class _Sheet:
    """The form's own sheet."""

    def __init__(self, parts: Skeleton, asked: Asked, rows: Rows, loads: Loads) -> None:
        self._parts, self._asked, self._rows, self._loads = parts, asked, rows, loads
        self._top = first_row(asked.form)
        self._end = self._top + rows.count + BLANK_ROWS
        self._kinds = [self._kinds_of(number) for number in range(len(asked.cells))]

    def _kinds_of(self, number: int) -> np.ndarray:
        """Per row: four times the place of the delivery, plus why the cell is to be confirmed (see `told`); below 0 as
        in `Loads.of`, and -3 for a disputed value of no one record."""
        records = self._rows.records[number]
        places = self._loads.of(records)
        doubtful = (self._rows.disputed & (1 << number) != 0) * 1
        if limit := self._asked.limits[number]:
            doubtful = np.where((records > 0) & (records <= limit) & (doubtful == 0), 2, doubtful)
        if self._asked.cells[number].is_inferred:
            doubtful = np.full(len(records), 3)
        return np.where(places < 0, np.where((places == -2) & (doubtful > 0), -3, places), places * 4 + doubtful)

    def counts(self) -> dict[str, int]:
        found = dict.fromkeys((AUTOMATIC, CONFIRM, NEW), 0)
        for kinds in self._kinds:
            new = int((kinds == -1).sum())
            sure = int(((kinds >= 0) & (kinds % 4 == 0)).sum() + ((kinds == -2) | (kinds == -4)).sum())
            found[NEW] += new
            found[AUTOMATIC] += sure
            found[CONFIRM] += len(kinds) - new - sure
        return found

    def told(self, kind: int) -> str:
        """What a cell says of its source."""
        if kind == -2:
            return "来源：与各部门名册比对得出"
        if kind == -4:
            return "来源：基层更正，数源部门已采纳"
        if kind == -3:
            return "请核对：与各部门名册比对得出，部门数据不一致"
        place, doubt = divmod(kind, 4)
        source = self._loads.sources[place].text
        doubts = ("", "请核对：部门数据不一致。", "请核对：数据较旧。", "请核对：由户籍关系推定。")
        return f"{doubts[doubt]}来源：{source}"

    def xml(self) -> bytes:
        form, rows = self._asked.form, self._rows
        pieces = [self._parts.before, self._parts.head, rows.xml]
        letters = [letters_of(column_of(form, number)) for number in range(len(form.fields))]
        pieces += [blank_row(self._parts.plan, rows.count + number) for number in range(1, BLANK_ROWS + 1)]
        pieces.append(foot_at(self._parts, self._end + 1))
        merges = [*self._parts.merges]
        merges += [f"{first}{row + self._end}:{last}{row + self._end}" for row, first, last in self._parts.foot_merges]
        merged = "".join(f'<mergeCell ref="{one}"/>' for one in merges)
        rules = list(self._rules(letters))
        after = self._parts.after.replace(
            b"</sheetData>",
            f'</sheetData><mergeCells count="{len(merges)}">{merged}</mergeCells>'
            f'<dataValidations count="{len(rules)}">{"".join(rules)}</dataValidations>'.encode(),
            1,
        )
        return b"".join((*pieces, after))

    def _rules(self, letters: Sequence[str]) -> Iterator[str]:
        """Drop-downs, and for whoever chooses a known cell where its value comes from."""
        first, last = self._top + 1, self._end
        for number, kinds in enumerate(self._kinds):
            source = self._parts.sources[number]
            ranges: dict[int, list[str]] = {}
            for begin, end, kind in _runs(kinds):
                where = f"{letters[number]}{first + begin}"
                if end - begin > 1:
                    where += f":{letters[number]}{first + end - 1}"
                ranges.setdefault(kind, []).append(where)
            ranges.setdefault(-1, []).append(f"{letters[number]}{first + len(kinds)}:{letters[number]}{last}")
            for kind, places in sorted(ranges.items()):
                if kind == -1 and source is None:
                    continue
                listed = ' type="list" errorStyle="warning"' if source else ""
                error = ' showErrorMessage="1" errorTitle="请核对" error="不在选项中，确认要填吗？"' if source else ""
                prompt = f' showInputMessage="1" prompt="{escape(self.told(kind)[:250])}"' if kind != -1 else ""
                formula = f"<formula1>{escape(source, quote=False)}</formula1>" if source else ""
                where = " ".join(places)
                yield (
                    f'<dataValidation{listed} allowBlank="1"{prompt}{error} sqref="{where}">{formula}</dataValidation>'
                )

    def _noted(self) -> list[tuple[int, int, str]]:
        """Row and column (0-based) and text of every comment: headers, cells to be confirmed, others."""
        if not hasattr(self, "_notes"):
            notes = []
            for number, kinds in enumerate(self._kinds):
                # In the first cell of a merged header: the others hold nothing.
                line = HEADER_ROW + len(self._asked.form.fields[number].path) - 1
                told = [f"{self.told(kind)}（{count} 格）" for kind, count in self.sources(kinds) if kind != -1]
                if told:
                    shown = told[:5] + ([f"……共 {len(told)} 个来源，见“填报说明”"] if len(told) > 5 else [])
                    column = column_of(self._asked.form, number)
                    notes.append((line, column, "\n".join(shown)))
            left = COMMENTED
            cells = []
            for doubtful in (True, False):
                for number, kinds in enumerate(self._kinds):
                    asked = ((kinds >= 0) & (kinds % 4 > 0)) | (kinds == -3)
                    chosen = np.flatnonzero(asked if doubtful else ~asked & (kinds != -1))[: max(0, left)]
                    left -= len(chosen)
                    column = column_of(self._asked.form, number)
                    cells += [(self._top + int(row), column, self.told(int(kinds[row]))) for row in chosen]
            self._notes = sorted(notes + cells)
        return self._notes

    def sources(self, kinds: np.ndarray) -> list[tuple[int, int]]:
        """Kinds of source of a column and how many cells each gives, most first."""
        values, counts = np.unique(kinds, return_counts=True)
        return sorted(zip(values.tolist(), counts.tolist(), strict=True), key=lambda one: (-one[1], one[0]))

    def all_sources(self) -> list[tuple[str, str, int]]:
        """Header, source and number of cells, for the page of explanations."""
        found = []
        for field, kinds in zip(self._asked.form.fields, self._kinds, strict=True):
            for kind, count in self.sources(kinds):
                found.append((field.header, "系统没有，请填写" if kind == -1 else self.told(kind), count))
        return found

    def comments(self) -> bytes:
        notes = "".join(
            f'<comment ref="{letters_of(column)}{row + 1}" authorId="0"><text><t xml:space="preserve">'
            f"{escape(text, quote=False)}</t></text></comment>"
            for row, column, text in self._noted()
        )
        return (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            '<comments xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            f"<authors><author>一表</author></authors><commentList>{notes}</commentList></comments>"
        ).encode()

    def drawings(self) -> bytes:
        shapes = "".join(
            f'<v:shape id="_x0000_s{1025 + place}" type="#_x0000_t202" style="position:absolute;visibility:hidden"'
            ' fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/><v:path o:connecttype="none"/>'
            '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
            f"<x:Anchor>{column + 1}, 15, {max(0, row - 1)}, 10, {column + 4}, 15, {max(0, row - 1) + 4}, 4</x:Anchor>"
            f"<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
            for place, (row, column, _) in enumerate(self._noted())
        )
        return (
            '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
            ' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit">'
            '<o:idmap v:ext="edit" data="1"/></o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600"'
            ' o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>'
            '<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>' + shapes + "</xml>"
        ).encode()


def _runs(kinds: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """First row, row after the last, and kind, of every run of equal kinds."""
    if not len(kinds):
        return
    starts = np.concatenate(([0], np.flatnonzero(np.diff(kinds)) + 1))
    ends = np.concatenate((starts[1:], [len(kinds)]))
    yield from zip(starts.tolist(), ends.tolist(), kinds[starts].tolist(), strict=True)


def _guide(
    parts: Skeleton, sheet: _Sheet, counts: Mapping[str, int], area: Area, marker: Marker
) -> list[tuple[str, ...]]:
    number = marker.number or "没有有效的准入编号，可以拒绝填报"
    lines: list[tuple[str, ...]] = [
        ("表名", parts.form.title),
        ("社区", f"{area.name}（{area.code}）"),
        ("准入编号", number),
        ("数据版本", f"{marker.release}，截至 {marker.as_of}"),
        ("本表格数", "，".join(f"{STATUS_NAMES[status]} {count}" for status, count in counts.items())),
        ("绿色", "系统预填，部门已有且一致。没有错就不用动；错了直接改，改动会作为更正单交给数源部门。"),
        ("黄色", "请核对：部门之间不一致，或数据较旧。对的不用动，错的直接改。"),
        ("蓝色", "系统没有，请填写。不知道的可以空着。"),
        ("来源", "点中有颜色的格子，会显示数据来自哪个部门、哪一期；表头批注列出整列的来源。"),
        ("新增的人或房屋", "填在空白行。不要改动隐藏的“行标识”列；行可以排序、可以删，列请不要改名。"),
        ("打星号的号码", "只显示一部分，用来核对；要改请填完整号码。"),
        ("发回", "存好后原样发回。文件名可以改。"),
        ("", ""),
        ("列", "来源", "格数"),
    ]
    return lines + [(header, told, str(count)) for header, told, count in sheet.all_sources()]


def _table(around: tuple[bytes, bytes], texts: Mapping[str, int], lines: Iterable[Sequence[str]]) -> bytes:
    """A sheet of plain texts."""
    rows = []
    for line, cells in enumerate(lines, start=1):
        xml = "".join(
            f'<c r="{letters_of(column)}{line}" s="{texts["bold" if column == 0 else "plain"]}" t="inlineStr">'
            f'<is><t xml:space="preserve">{escape(text, quote=False)}</t></is></c>'
            for column, text in enumerate(cells)
            if text
        )
        rows.append(f'<row r="{line}">{xml}</row>')
    return around[0] + "".join(rows).encode() + around[1]
