"""One community's workbook: the rows put into the skeleton, every known cell with its source, and the hidden marker."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Collection, Mapping, Sequence
from html import escape
from pathlib import Path

from yibiao.forms.fill.areas import Area
from yibiao.forms.fill.notes import comments_part, drawing_part
from yibiao.forms.fill.pages import Marker, guide_lines, text_sheet
from yibiao.forms.fill.row_xml import blank_row
from yibiao.forms.fill.select import Asked
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
from yibiao.forms.fill.told import Loads, Places, Rows, Told
from yibiao.forms.layout import HEADER_ROW, column_of, first_row
from yibiao.forms.template import BLANK_ROWS

_MOMENT = (2026, 1, 1, 0, 0, 0)
"""Date of the members of every workbook: equal content gives equal bytes."""


def write_book(
    path: Path, parts: Skeleton, asked: Asked, rows: Rows, area: Area, marker: Marker, loads: Loads
) -> dict[str, int]:
    """Write one workbook in the place of whatever stands at `path`.

    Returns:
        Cells by status: `automatic`, `confirm`, `new`.
    """
    form, top = asked.form, first_row(asked.form)
    columns = [column_of(form, number) for number in range(len(form.fields))]
    headers = [HEADER_ROW + len(field.path) - 1 for field in form.fields]
    told = Told(asked, rows, loads, Places(columns, headers, top, top + rows.count + BLANK_ROWS))
    counts, notes = told.counts(), told.noted()
    members = {
        **parts.parts,
        FORM_PART: _sheet(parts, rows, top, list(told.rules(parts.sources))),
        COMMENTS_PART: comments_part(notes),
        DRAWING_PART: drawing_part(notes),
        STRINGS_PART: parts.strings.replace(FILLER, escape(area.name)).encode(),
        GUIDE_PART: text_sheet(parts.guide, parts.texts, guide_lines(form.title, told, counts, area, marker)),
        CONTROL_PART: text_sheet(parts.control, parts.texts, marker.facts(rows.count)),
    }
    write_archive(path, members)
    return counts


def write_archive(path: Path, members: Mapping[str, bytes], stored: Collection[str] = ()) -> None:
    """Write the parts of a workbook in the place of whatever stands at `path`; `stored` ones are not packed."""
    descriptor, name = tempfile.mkstemp(prefix=".form-", suffix=path.suffix, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                kind = zipfile.ZIP_STORED if member in stored else zipfile.ZIP_DEFLATED
                # Rows repeat their markup: the fastest level packs them ten to one.
                archive.writestr(zipfile.ZipInfo(member, _MOMENT), content, kind, compresslevel=1)
        os.chmod(name, 0o600)  # it holds personal data
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _sheet(parts: Skeleton, rows: Rows, top: int, rules: Sequence[str]) -> bytes:
    """The form's own sheet."""
    end = top + rows.count + BLANK_ROWS
    pieces = [parts.before, parts.head, rows.xml]
    pieces += [blank_row(parts.plan, rows.count + number) for number in range(1, BLANK_ROWS + 1)]
    pieces.append(foot_at(parts, end + 1))
    merges = [*parts.merges]
    merges += [f"{first}{row + end}:{last}{row + end}" for row, first, last in parts.foot_merges]
    merged = "".join(f'<mergeCell ref="{one}"/>' for one in merges)
    after = parts.after.replace(
        b"</sheetData>",
        f'</sheetData><mergeCells count="{len(merges)}">{merged}</mergeCells>'
        f'<dataValidations count="{len(rules)}">{"".join(rules)}</dataValidations>'.encode(),
        1,
    )
    return b"".join((*pieces, after))
