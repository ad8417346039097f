"""A community gets its own part of a release back, without what is sensitive, and is told what changed."""

from __future__ import annotations

import json
from pathlib import Path
from unicodedata import east_asian_width

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import python_calamine

from installations import Installation
from yibiao.contracts import load_schemas
from yibiao.errors import ReleaseError
from yibiao.forms.fill.areas import communities
from yibiao.forms.slices import (
    ADDED,
    BOOK,
    CHANGED,
    GONE,
    ID_TITLE,
    KNOWN_BY,
    MANIFEST,
    WIDEST,
    shown_elements,
    slice_release,
)
from yibiao.paper import LEGIBLE
from yibiao.warehouse.releases import need_current


def test_every_row_goes_to_its_own_community_and_nothing_sensitive_goes(
    published: Installation, tmp_path: Path
) -> None:
    settings = published.settings
    schemas = load_schemas(settings.schemas)
    made = slice_release(need_current(settings), schemas, settings, communities(schemas, "999901"), tmp_path)
    lives = {row["resident_id"]: row["community_code"] for row in published.query("from resident")}
    numbers = {row["citizen_id"]: row["community_code"] for row in published.query("from resident")}
    doubtful = {
        row["resident_id"]
        for row in published.query("from resident_conflict where element in ('resident_name', 'community_code')")
    }
    found: dict[str, str] = {}
    for one in made:
        assert (one.since, one.changes) == ("", {})
        for name, rows in one.rows.items():
            table = pq.read_table(Path(one.folder) / f"{name}.parquet", partitioning=None)
            assert table.num_rows == rows
            assert table.column_names == ["id", *shown_elements(schemas, schemas.entities[name])]
            if "citizen_id" in table.column_names:
                told = set(filter(None, table.column("citizen_id").to_pylist()))
                assert not [number for number in told if numbers.get(number) not in (one.community, None)]
        if "resident" in one.rows:
            ids = pq.read_table(Path(one.folder) / "resident.parquet", partitioning=None).column("id").to_pylist()
            assert not found.keys() & set(ids)
            found |= dict.fromkeys(ids, one.community)
    expected = {one: code for one, code in lives.items() if code is not None}
    assert {one: code for one, code in expected.items() if found.get(one) != code}.keys() <= doubtful
    for name, entity in schemas.entities.items():
        for element in set(shown_elements(schemas, entity)):
            told_by = {key for keys in (*entity.keys, *entity.links.values()) for key in keys}
            assert schemas.elements[element].sensitivity != "sensitive" or element in told_by, (name, element)


def test_what_changed_since_last_time_is_told_by_what_stands_in_the_folder(
    published: Installation, tmp_path: Path
) -> None:
    load_schemas(published.settings.schemas)
    (most,) = published.query(
        "select community_code, count(*) as n from resident where community_code is not null group by 1"
        " order by 2 desc, 1 limit 1"
    )
    arguments = ("release", "slice", "--area", most["community_code"], "--out", str(tmp_path / "out"))
    published.run(*arguments)
    (folder,) = (tmp_path / "out").iterdir()
    assert (folder / BOOK).stat().st_mode & 0o077 == 0
    # Last time one of them was not there yet, one was who is gone now, and one had another name.
    path = folder / "resident.parquet"
    table = pq.read_table(path, partitioning=None)
    rows = table.to_pylist()
    rows[0]["resident_name"] = "旧名"
    stranger = {**rows[1], "id": "0" * 24}
    pq.write_table(pa.Table.from_pylist([rows[0], *rows[2:], stranger], schema=table.schema), path)

    (told,) = json.loads(published.call(*arguments, "--json").stdout)
    assert told["changes"] == {ADDED: 1, GONE: 1, CHANGED: 1}
    changes = pq.read_table(folder / "changes.parquet", partitioning=None).to_pylist()
    by_kind = {one["change"]: one for one in changes}
    assert by_kind[ADDED]["id"] == rows[1]["id"]
    assert by_kind[GONE]["id"] == "0" * 24
    assert (by_kind[CHANGED]["element"], by_kind[CHANGED]["before"]) == ("resident_name", "旧名")
    book = python_calamine.load_workbook(str(folder / BOOK))
    assert book.sheet_names[:2] == ["说明", "变化"]
    assert len(book.get_sheet_by_name("变化").to_python()) == 4
    (again,) = json.loads(published.call(*arguments, "--json").stdout)
    assert again["changes"] == {ADDED: 0, GONE: 0, CHANGED: 0}


def test_a_changed_row_is_told_by_name_and_number_and_found_on_its_sheet(
    published: Installation, tmp_path: Path
) -> None:
    settings = published.settings
    schemas = load_schemas(settings.schemas)
    (most,) = published.query(
        "select community_code, count(*) as n from event where community_code is not null group by 1"
        " order by 2 desc, 1 limit 1"
    )
    area = communities(schemas, most["community_code"])
    (first,) = slice_release(need_current(settings), schemas, settings, area, tmp_path)
    gone = {}
    for name, count in first.rows.items():
        path = Path(first.folder) / f"{name}.parquet"
        table = pq.read_table(path, partitioning=None)
        rows = table.to_pylist()
        gone[name] = {**rows[0], "id": "0" * 24}
        pq.write_table(pa.Table.from_pylist([*rows[1:], gone[name]], schema=table.schema), path)
        assert count == len(rows)
    (made,) = slice_release(need_current(settings), schemas, settings, area, tmp_path)
    assert made.changes == {ADDED: len(made.rows), GONE: len(made.rows), CHANGED: 0}
    assert set(made.rows) == set(schemas.entities)

    book = python_calamine.load_workbook(str(Path(made.folder) / BOOK))
    titles, *changes = book.get_sheet_by_name("变化").to_python()
    counted = dict(book.get_sheet_by_name("说明").to_python())
    for name, entity in schemas.entities.items():
        header, *rows = book.get_sheet_by_name(entity.name).to_python()
        assert header[-1] == titles[-1] == ID_TITLE
        came, went = (
            next(dict(zip(titles, one, strict=True)) for one in changes if one[0] == entity.name and kind in one)
            for kind in (ADDED, GONE)
        )
        assert went[ID_TITLE] == "0" * 24
        assert (came["名称"], came["编号"]) == (went["名称"], went["编号"])
        (row,) = [one for one in rows if one[-1] == came[ID_TITLE]]
        called, numbers = KNOWN_BY[name]
        shown = dict(zip(header, row, strict=True))
        assert came["编号"] in {shown[schemas.elements[one].name] for one in numbers} - {""}
        assert came["名称"] == " ".join(filter(None, (shown[schemas.elements[one].name] for one in called)))
        assert ID_TITLE not in header[:-1]
        count = made.rows[name]
        assert counted[entity.name] == f"{count} 行：上次 {count}，{ADDED} 1，{GONE} 1；{CHANGED} 0 格"


def test_every_entity_has_what_a_clerk_knows_it_by_and_none_of_it_is_withheld(published: Installation) -> None:
    schemas = load_schemas(published.settings.schemas)
    assert set(KNOWN_BY) == set(schemas.entities)
    for name, (called, numbers) in KNOWN_BY.items():
        assert min(len(called), len(numbers)) > 0
        assert {*called, *numbers} <= set(shown_elements(schemas, schemas.entities[name]))


def test_more_changes_than_the_workbook_lists_are_counted_in_it(
    published: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = published.settings
    schemas = load_schemas(settings.schemas)
    (any_one,) = published.query("select max(community_code) as code from resident")
    area = communities(schemas, any_one["code"])
    (one,) = slice_release(need_current(settings), schemas, settings, area, tmp_path)
    path = Path(one.folder) / "resident.parquet"
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.slice(0, 0), path)
    monkeypatch.setattr("yibiao.forms.slices.LISTED", table.num_rows - 1)
    slice_release(need_current(settings), schemas, settings, area, tmp_path)
    book = python_calamine.load_workbook(str(Path(one.folder) / BOOK))
    assert len(book.get_sheet_by_name("变化").to_python()) == table.num_rows
    assert f"共 {table.num_rows} 条" in dict(book.get_sheet_by_name("说明").to_python())["变化太多"]


def test_the_workbook_can_be_read_and_printed(published: Installation, tmp_path: Path) -> None:
    """No value is hidden behind the column beside it, and what is printed is no pile of strips."""
    settings = published.settings
    schemas = load_schemas(settings.schemas)
    (most,) = published.query(
        "select community_code, count(*) as n from resident where community_code is not null group by 1"
        " order by 2 desc, 1 limit 1"
    )
    (made,) = slice_release(
        need_current(settings), schemas, settings, communities(schemas, most["community_code"]), tmp_path
    )
    book = openpyxl.load_workbook(Path(made.folder) / BOOK)
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        fitted = sheet.page_setup.fitToHeight == 0
        assert fitted or (sheet.print_title_cols == "$A:$A" and sheet.page_setup.scale >= LEGIBLE)
        assert sheet.print_title_rows == "$1:$1"
    sheet = book[schemas.entities["resident"].name]
    widths = {place: one.width for one in sheet.column_dimensions.values() for place in range(one.min, one.max + 1)}
    for number, column in enumerate(sheet.iter_cols(), start=1):
        texts = [str(cell.value) for cell in column if cell.value is not None]
        wide = max(sum(1 + (east_asian_width(sign) in "WF") for sign in text) for text in texts)
        assert widths[number] >= min(wide, WIDEST)


def test_a_folder_that_holds_something_else_is_refused(published: Installation, tmp_path: Path) -> None:
    settings = published.settings
    schemas = load_schemas(settings.schemas)
    area = communities(schemas, "999901")[:1]
    (one,) = slice_release(need_current(settings), schemas, settings, area, tmp_path)
    (Path(one.folder) / MANIFEST).write_text('{"format": 1, "community": "999901009009", "rows": {}}')
    with pytest.raises(ReleaseError, match="from last time cannot be read"):
        slice_release(need_current(settings), schemas, settings, area, tmp_path)
