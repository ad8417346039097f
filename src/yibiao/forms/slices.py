"""Slices (数据回流): what a release knows about one community, given back to it, and what changed since last time.

A community gets its own people, households, dwellings, organisations, benefits and events. Sensitive elements are left
out, but for the numbers by which people are told apart: they are held for other purposes. Of a resident who may be two
people only the numbers are shown, as on forms.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import pyarrow as pa

from yibiao.contracts.values import Entity, Schemas
from yibiao.errors import ReleaseError
from yibiao.files import to_json
from yibiao.forms.fill.areas import Area, stretches
from yibiao.forms.fill.run import folder_of
from yibiao.forms.fill.select import doubtful_query, see, source
from yibiao.forms.fill.values import names_person
from yibiao.forms.paths import community_of
from yibiao.ingest.rules import sql_text
from yibiao.paper import put_on_paper
from yibiao.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from yibiao.warehouse.releases import Release

BATCH = 20_000
BOOK = "本社区数据.xlsx"
MANIFEST = "slice.json"
FORMAT = 1

ADDED, GONE, CHANGED = "新增", "移出", "修改"

LISTED, LOOKED_AT = 20_000, 200
"""Changes that the workbook lists; all of them stand in `changes.parquet`."""

WIDEST = 64
"""Signs of the widest column."""

KNOWN_BY: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "resident": (("resident_name",), ("citizen_id", "identity_document_number")),
    "household": (("household_address",), ("household_code",)),
    "dwelling": (("dwelling_address",), ("dwelling_code",)),
    "organisation": (("organisation_name",), ("uscc", "organisation_code")),
    "benefit": (("benefit_type_code", "citizen_id"), ("benefit_number",)),
    "event": (("event_type_code", "event_address"), ("event_number",)),
}
"""Entity -> what a clerk calls one of it (all that is stated), and its number (the first that is stated).

All of it stands on the sheet of the entity too, in the same words, so that a changed row is found there.
"""

ID_TITLE = "标识"

_CHANGES = pa.schema(
    [(name, pa.string()) for name in ("entity", "id", "name", "number", "change", "element", "before", "after")]
)


@dataclass(frozen=True)
class Slice:
    """What one community got.

    Attributes:
        rows: entity -> rows.
        changes: change -> number; empty the first time.
        since: release that the changes are counted from; empty the first time.
    """

    community: str
    name: str
    folder: str
    rows: Mapping[str, int]
    changes: Mapping[str, int] = field(default_factory=dict)
    since: str = ""


def slice_release(
    release: Release, schemas: Schemas, settings: Settings, areas: Sequence[Area], out: Path
) -> list[Slice]:
    """Write `<out>/<community> <name>/`: a workbook, `<entity>.parquet`, `changes.parquet` and `slice.json`.

    What changed is told by what stands in the folder from last time.

    Raises:
        ReleaseError: a folder holds the slice of something else.
    """
    from yibiao.warehouse.query import open_release

    before = {area.code: _before(folder_of(out, area), area.code) for area in areas}
    tables: dict[str, dict[str, pa.Table]] = {area.code: {} for area in areas}
    shown = {name: shown_elements(schemas, entity) for name, entity in schemas.entities.items()}
    with open_release(
        release.database, memory_limit=settings.memory_limit, threads=str(settings.threads)
    ) as connection:
        see(connection, schemas, doubtful_query())
        for name in schemas.entities:
            for code, table in _by_community(connection, schemas, name, shown[name], [area.code for area in areas]):
                tables[code][name] = table
    made = []
    for area in areas:
        made.append(_write(area, folder_of(out, area), tables.pop(area.code), before[area.code], release, schemas))
    return made


def shown_elements(schemas: Schemas, entity: Entity) -> list[str]:
    """What a community sees of an entity: what is not sensitive and may be shared, and its certain keys."""
    keys = {name for key in entity.keys for name in key}
    keys |= {name for elements in entity.links.values() for name in elements}
    elements = (schemas.elements[name] for name in entity.elements)
    return [one.id for one in elements if one.id in keys or (one.sensitivity != "sensitive" and one.sharing != "none")]


def _by_community(
    connection: DuckDBPyConnection, schemas: Schemas, name: str, elements: Sequence[str], codes: Sequence[str]
) -> Iterator[tuple[str, pa.Table]]:
    """The rows of one entity, community by community; values as the registry writes them."""
    entity = schemas.entities[name]
    community = community_of(schemas.entities, name)
    values = {element: f"{name}.{element}::varchar" for element in elements}
    for element in elements:
        if names_person(entity, element, community):
            values[element] = f"case when resident.community_code = {community} then {values[element]} end"
    columns = ", ".join(f"{value} as {element}" for element, value in values.items())
    listed = ", ".join(f"'{code}'" for code in codes)
    sql = (
        f"select {community} as _community, {name}.{entity.id_column} as id, {columns}"
        f" {source(schemas, name, [community, columns], seen=True)} where {community} in ({listed}) order by 1, 2"
    )
    if name == "resident":
        sql = sql.replace("from resident", "from seen_resident as resident", 1)
    reader = connection.sql(sql).to_arrow_reader(BATCH)
    names = ["id", *elements]
    code = ""
    parts: list[pa.Table] = []
    for batch in reader:
        for found, first, last in stretches(batch.column(0).to_pylist()):
            if found != code:
                if parts:
                    yield code, pa.concat_tables(parts)
                code, parts = found, []
            parts.append(pa.Table.from_batches([batch.slice(first, last - first)]).select(names))
    if parts:
        yield code, pa.concat_tables(parts)


def _before(folder: Path, code: str) -> tuple[str, dict[str, pa.Table]] | None:
    """Release and tables of last time; None the first time."""
    import orjson
    import pyarrow.parquet as pq

    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        told = orjson.loads(path.read_bytes())
        if told["format"] != FORMAT or told["community"] != code:
            raise ValueError("another slice")
        tables = {name: pq.read_table(folder / f"{name}.parquet", partitioning=None) for name in told["rows"]}
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise ReleaseError(
            "What stands in the folder from last time cannot be read.",
            where=str(path),
            expected=f"the slice of {code}",
            got=type(error).__name__,
            todo="Give another folder, or remove this one: then nothing is said of changes this time.",
        ) from None
    return told["release"], tables


def _write(
    area: Area,
    folder: Path,
    tables: Mapping[str, pa.Table],
    before: tuple[str, dict[str, pa.Table]] | None,
    release: Release,
    schemas: Schemas,
) -> Slice:
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    changes = _changes(tables, before[1], schemas) if before else None
    counts: dict[str, int] = {}
    if changes is not None:
        kinds = changes.column("change").to_pylist()
        counts = {kind: kinds.count(kind) for kind in (ADDED, GONE, CHANGED)}
    for name in schemas.entities:
        table = tables.get(name)
        if table is not None:
            _aside(
                folder / f"{name}.parquet", lambda path, table=table: pq.write_table(table, path, compression="zstd")
            )
        else:
            (folder / f"{name}.parquet").unlink(missing_ok=True)  # those who were in it belong here no more
    if changes is not None:
        _aside(folder / "changes.parquet", lambda path: pq.write_table(changes, path, compression="zstd"))
    _aside(folder / BOOK, lambda path: _book(path, area, tables, changes, before, release, schemas))
    rows = {name: table.num_rows for name, table in tables.items()}
    since = before[0] if before else ""
    told = {"format": FORMAT, "community": area.code, "release": release.version, "rows": rows, "since": since}
    _aside(folder / MANIFEST, lambda path: Path(path).write_bytes(to_json({**told, "changes": counts})))
    return Slice(area.code, area.name, str(folder), rows, counts, since)


def _aside(path: Path, write: Any) -> None:
    """Write a file in one step; for its owner's eyes, because it holds personal data."""
    descriptor, name = tempfile.mkstemp(prefix=".slice-", suffix=path.suffix, dir=path.parent)
    os.close(descriptor)
    try:
        write(name)
        os.chmod(name, 0o600)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _changes(now: Mapping[str, pa.Table], before: Mapping[str, pa.Table], schemas: Schemas) -> pa.Table:
    """Rows that came or went, and values that changed, by entity and id; what is gone is named as it was last time."""
    import duckdb

    parts = [_CHANGES.empty_table()]
    with duckdb.connect() as connection:
        for name in schemas.entities:
            empty = pa.table({"id": pa.array([], pa.string())})
            new, old = now.get(name, empty), before.get(name, empty)
            connection.register("new", new)
            connection.register("old", old)
            shared = [one for one in new.column_names if one != "id" and one in old.column_names]
            cells = ", ".join(
                f"case when old.{one} is distinct from new.{one}"
                f" then struct_pack(element := '{one}', before := old.{one}, after := new.{one}) end"
                for one in shared
            )
            came, went = _called(name, new.column_names, schemas), _called(name, old.column_names, schemas)
            sql = (
                f"select '{name}' as entity, id, {came}, '{ADDED}' as change, '' as element, '' as before, '' as after"
                " from new anti join old using (id)"
                f" union all select '{name}', id, {went}, '{GONE}', '', '', '' from old anti join new using (id)"
            )
            if cells:
                sql += (
                    f" union all select '{name}', id, name, number, '{CHANGED}', cell.element,"
                    " coalesce(cell.before, ''), coalesce(cell.after, '')"
                    f" from (select new.id as id, {_called(name, new.column_names, schemas, 'new.')},"
                    f" unnest([{cells}]) as cell from new join old on old.id = new.id) where cell is not null"
                )
            parts.append(connection.sql(f"from ({sql}) order by all").to_arrow_table().cast(_CHANGES))
            connection.unregister("new")
            connection.unregister("old")
    return pa.concat_tables(parts)


def _called(entity: str, columns: Sequence[str], schemas: Schemas, table: str = "") -> str:
    """SQL of `name` and `number` of the rows of an entity; empty where nothing is stated."""
    parts = []
    for wanted, together in zip(KNOWN_BY.get(entity, ((), ())), ("concat_ws(' ', {})", "coalesce({})"), strict=True):
        texts = []
        for element in wanted:
            if element in columns:
                value = f"{table}{element}"
                if known := _names(schemas, element):
                    said = ", ".join(f"{sql_text(code)}: {sql_text(text)}" for code, text in known.items())
                    value = f"coalesce(map {{{said}}}[{value}], {value})"
                texts.append(value)
        parts.append(f"coalesce({together.format(', '.join(texts))}, '')" if texts else "''")
    return f"{parts[0]} as name, {parts[1]} as number"


def _book(
    path: str,
    area: Area,
    tables: Mapping[str, pa.Table],
    changes: pa.Table | None,
    before: tuple[str, Mapping[str, pa.Table]] | None,
    release: Release,
    schemas: Schemas,
) -> None:
    """The slice for people: one sheet for each entity, names in the place of codes, and what changed."""
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": str(Path(path).parent)}) as workbook:
        # The library would write the time of day into the file.
        workbook.set_properties({"title": f"{area.name} {release.version}", "created": datetime(2026, 1, 1)})
        text = workbook.add_format({"font_name": "宋体", "font_size": 11, "num_format": "@"})
        header = workbook.add_format({"font_name": "宋体", "bold": True, "bg_color": "#D9E1F2", "border": 1})
        first = workbook.add_worksheet("说明")
        _set_columns(first, (16, 80))
        since = f"{before[0]} 以来的变化见“变化”" if before else "第一次回流，没有上次可比"
        lines = [
            ("社区", f"{area.name}（{area.code}）"),
            ("数据版本", release.version),
            ("与上次相比", since),
            ("范围", "只有本社区的数据；敏感项（疾病、残疾、账号等）不回流，见数据元目录。"),
            *_counted(tables, changes, before[1] if before else {}, schemas),
        ]
        if changes is not None:
            lines.append(("怎样找到", f"“变化”里的名称、编号和{ID_TITLE}，与各类别表中的相同；{GONE}的已不在表中。"))
            if changes.num_rows > LISTED:
                listed = f"“变化”列出前 {LISTED:,} 条，共 {changes.num_rows:,} 条，全部在 changes.parquet"
                lines.append(("变化太多", listed))
        for line, cells in enumerate(lines):
            for column, cell in enumerate(cells):
                first.write_string(line, column, cell, header if column == 0 else text)
        if changes is not None:
            _change_sheet(workbook.add_worksheet("变化"), changes, schemas, header, text)
        for name, table in tables.items():
            _entity_sheet(workbook.add_worksheet(schemas.entities[name].name), table, schemas, header, text)


def _counted(
    tables: Mapping[str, pa.Table], changes: pa.Table | None, before: Mapping[str, pa.Table], schemas: Schemas
) -> Iterator[tuple[str, str]]:
    """Entity and its rows; with what came and went, so that anybody can add up from last time to now."""
    kinds: Counter[tuple[str, str]] = Counter()
    if changes is not None:
        kinds.update(zip(changes.column("entity").to_pylist(), changes.column("change").to_pylist(), strict=True))
    for name, entity in schemas.entities.items():
        if name not in tables and name not in before:
            continue
        told = f"{tables[name].num_rows if name in tables else 0} 行"
        if changes is not None:
            last = before[name].num_rows if name in before else 0
            told += f"：上次 {last}，{ADDED} {kinds[name, ADDED]}，{GONE} {kinds[name, GONE]}；"
            told += f"{CHANGED} {kinds[name, CHANGED]} 格"
        yield entity.name, told


def _entity_sheet(sheet: Any, table: pa.Table, schemas: Schemas, header: Any, text: Any) -> None:
    """The rows of an entity; their ids stand behind, where a change is looked up by them, and are not printed."""
    elements = [one for one in table.column_names if one != "id"]
    sheet.freeze_panes(1, 1)
    names = [_names(schemas, element) for element in elements]
    values = [table.column(element).to_pylist() for element in elements]
    widths = []
    for column, element in enumerate(elements):
        title = schemas.elements[element].name
        shown = (names[column].get(value, value) for value in values[column][:LOOKED_AT] if value is not None)
        widths.append(_width((title, *shown)))
        sheet.write_string(0, column, title, header)
    _set_columns(sheet, widths)
    ids, last = table.column("id").to_pylist(), len(elements)
    sheet.write_string(0, last, ID_TITLE, header)
    sheet.set_column(last, last, _width((ID_TITLE, *ids[:LOOKED_AT])))
    sheet.print_area(0, 0, table.num_rows, last - 1)
    for line in range(table.num_rows):
        for column, known in enumerate(names):
            if (value := values[column][line]) is not None:
                sheet.write_string(line + 1, column, known.get(value, value), text)
        sheet.write_string(line + 1, last, ids[line], text)


def _change_sheet(sheet: Any, changes: pa.Table, schemas: Schemas, header: Any, text: Any) -> None:
    for column, title in enumerate(("类别", "名称", "编号", "变化", "栏目", "原值", "现值", ID_TITLE)):
        sheet.write_string(0, column, title, header)
    listed = changes.slice(0, LISTED).to_pylist()
    names, numbers = (_width(("名称", *(one[key] for one in listed[:LOOKED_AT]))) for key in ("name", "number"))
    _set_columns(sheet, (8, names, numbers, 8, 20, 32, 32, 26))
    sheet.freeze_panes(1, 0)
    for line, one in enumerate(listed, start=1):
        element = one["element"]
        known = _names(schemas, element) if element else {}
        cells = (
            schemas.entities[one["entity"]].name,
            one["name"],
            one["number"],
            one["change"],
            schemas.elements[element].name if element else "",
            known.get(one["before"], one["before"]),
            known.get(one["after"], one["after"]),
            one["id"],
        )
        for column, cell in enumerate(cells):
            sheet.write_string(line, column, cell, text)


def _set_columns(sheet: Any, widths: Sequence[int]) -> None:
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    put_on_paper(sheet, widths, rows=(0, 0))


def _width(texts: Iterable[str]) -> int:
    """Width of a column in which these texts can be read; Chinese signs are two wide. Long ones show their start."""
    widest = max(sum(1 + (east_asian_width(sign) in "WF") for sign in text) for text in texts)
    return min(max(widest + 2, 8), WIDEST)


def _names(schemas: Schemas, element: str) -> Mapping[str, str]:
    """Code -> name, of a coded element."""
    code_list = schemas.elements[element].code_list
    return {code.code: code.name for code in schemas.codes[code_list].codes} if code_list else {}
