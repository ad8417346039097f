"""How right a release of the demo district is: links and golden values compared with the truth that was kept aside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from yibiao.contracts.reports import Report
from yibiao.contracts.values import Entity, Schemas
from yibiao.demo.marker import DemoError, read_marker
from yibiao.settings import Settings
from yibiao.warehouse.query import need_columns
from yibiao.warehouse.releases import Release

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LANDED = pa.schema([("report", pa.string()), ("edition", pa.string()), ("true_row", pa.int32()), ("row", pa.int32())])

LISTED = 20
"""Wrong merges that are listed, by their numbers in the truth: the rest is counted."""

KEYLESS = r"(^|\|)citizen_id\.(missing|mistyped)(\||$)"
"""Damages after which a record has no usable number of the person it is about."""


def score(release: Release, data: Path, schemas: Schemas, settings: Settings) -> dict[str, Any]:
    """Compare a release with the truth beside the deliveries that it was made from.

    Returns:
        `links`: over pairs of resident records `precision`, `recall`, `f1`, `keyless` (the same over pairs in which a
        record has no usable number), `clusters` (people whose records are all found and alone), `wrong_merges`
        (`count`, and `listed`: true numbers that share one id); `by_entity`: the same for every entity.
        `golden`: `cells` in which any source had the right value, `right` of them, `share`; of the disputed ones
        `disputed`, `disputed_right`, and `latest_right` and `majority_right`, what the two usual simple rules would
        have got right; `by_entity`: the same by entity and element.

    Raises:
        DemoError: `data` is no demo folder.
        ReleaseError: an older program made the release.
    """
    read_marker(data)
    with opened(release, data, settings) as connection:
        edition = connection.execute("select max(edition) from load where state = 'current'").fetchall()[0][0]
        if edition is None:
            raise DemoError("The release holds no deliveries.", where=release.version, todo="Run `yibiao run` first.")
        links, golden = {}, {}
        for entity in schemas.entities.values():
            need_columns(connection, release.version, f"{entity.id}_conflict", "as_of")
            records_of(connection, entity, schemas)
            links[entity.id] = _links(connection, entity)
            golden[entity.id] = _golden(connection, entity, str(edition))
    return {
        "release": release.version,
        "links": {**_flat(links["resident"]), "by_entity": links},
        "golden": {**_total(golden), "by_entity": golden},
    }


@contextmanager
def opened(release: Release, data: Path, settings: Settings) -> Iterator[DuckDBPyConnection]:
    import duckdb

    spill = settings.work / "score"
    config = {"threads": settings.threads, "memory_limit": settings.memory_limit, "temp_directory": str(spill)}
    with duckdb.connect(config=config) as connection:  # type: ignore[arg-type]
        connection.execute(f"attach '{release.database}' as release (read_only); use release")
        connection.register("landed", landed_rows(data))
        connection.execute(
            f"""
            create temp table true_record as
            select record.* replace (coalesce(landed.row, record.row) as row)
            from read_parquet('{data / "truth" / "record.parquet"}') as record
            left join landed on landed.report = record.report and landed.edition = record.edition
                and landed.true_row = record.row
            """
        )
        for name in ("resident", "household", "dwelling", "organisation", "benefit", "event"):
            path = data / "truth" / f"{name}.parquet"
            connection.execute(f"create temp view true_{name} as from read_parquet('{path}')")
        yield connection


def landed_rows(data: Path) -> pa.Table:
    """Rows of HTTP reports: their place in the truth, and in the landed extraction, whose lines are sorted."""
    found: dict[str, list[Any]] = {"report": [], "edition": [], "true_row": [], "row": []}
    for path in sorted((data / "api").glob("*/*/*.ndjson")):
        lines = [
            orjson.dumps(orjson.loads(line), option=orjson.OPT_SORT_KEYS) for line in path.read_bytes().splitlines()
        ]
        order = sorted(range(len(lines)), key=lines.__getitem__)
        found["report"] += [f"{path.parts[-3]}.{path.parts[-2]}"] * len(order)
        found["edition"] += [path.stem] * len(order)
        found["true_row"] += [place + 1 for place in order]
        found["row"] += range(1, len(order) + 1)
    return pa.table(found, schema=_LANDED)


def records_of(connection: DuckDBPyConnection, entity: Entity, schemas: Schemas) -> None:
    """Every staged record about the entity with its id in the release (`found`) and in the truth (`no`)."""
    keyed = [report.id for report in schemas.reports.values() if entity.id == "resident" and _numbered(report)]
    connection.execute(
        f"""
        create or replace temp table scored as
        select
            crosswalk.record_no, crosswalk.{entity.id_column} as found, truth.{entity.id}_no as no,
            not load.report in ({", ".join(f"'{name}'" for name in keyed) or "''"})
            or regexp_matches(truth.damages::varchar, '{KEYLESS}') as keyless
        from {entity.id}_crosswalk as crosswalk
        join load on crosswalk.record_no > load.first_record_no
            and crosswalk.record_no <= load.first_record_no + load.read
        join true_record as truth on truth.report = load.report and truth.edition = load.edition
            and truth.row = crosswalk.record_no - load.first_record_no
        where truth.{entity.id}_no is not null
        """
    )


def _numbered(report: Report) -> bool:
    """Does the report ask for the citizen ID number of the person that it is about?"""
    return any(column.element == "citizen_id" and not column.role for column in report.columns)


def _links(connection: DuckDBPyConnection, entity: Entity) -> dict[str, Any]:
    (counts,) = connection.execute(
        "select count(*), count(distinct no), count(distinct found), count(*) filter (where found is null) from scored"
    ).fetchall()
    made = dict(zip(("records", "entities", "found", "unlinked"), counts, strict=True)) | _pairs(connection)
    if entity.id != "resident":
        return made
    made["keyless"] = _pairs(connection, keyless=True)
    (whole,) = connection.execute(
        """
        with truth as (select no, count(*) as size from scored group by no),
        clusters as (
            select found, count(*) as size, count(distinct no) as people, min(no) as no from scored group by found
        )
        select count(*) filter (where clusters.size = truth.size), count(*)
        from truth left join clusters on clusters.no = truth.no and clusters.people = 1 and clusters.size = truth.size
            and clusters.found is not null
        """
    ).fetchall()
    made["clusters"] = {"whole_and_alone": whole[0], "people": whole[1], "share": _share(*whole)}
    merged = connection.execute(
        """
        select list(distinct no order by no) as people from scored
        where found is not null group by found having count(distinct no) > 1 order by people
        """
    ).fetchall()
    made["wrong_merges"] = {"count": len(merged), "listed": [people for (people,) in merged[:LISTED]]}
    return made


def _pairs(connection: DuckDBPyConnection, *, keyless: bool = False) -> dict[str, Any]:
    """Pairs of records of one person, and of one id; with a keyless record: all pairs less those without one."""

    def count(column: str, also: str = "") -> int:
        grouped = f"{column}{also}"
        pairs = "count(*) * (count(*) - 1) // 2"
        if keyless:
            keyed = "count(*) filter (where not keyless)"
            pairs += f" - {keyed} * ({keyed} - 1) // 2"
        known = " and ".join(f"{one} is not null" for one in grouped.split(", "))
        groups = f"select {pairs} as pairs from scored where {known} group by {grouped}"
        return int(connection.execute(f"select coalesce(sum(pairs), 0) from ({groups})").fetchall()[0][0])

    true, made, right = count("no"), count("found"), count("no", ", found")
    precision, recall = _share(right, made), _share(right, true)
    f1 = 0.0 if not precision + recall else round(2 * precision * recall / (precision + recall), 6)
    return {"pairs": true, "made": made, "right": right, "precision": precision, "recall": recall, "f1": f1}


def meant(connection: DuckDBPyConnection) -> None:
    """The table `meant`: for each id of the release the true number that most of its records are of."""
    connection.execute(
        """
        create or replace temp table meant as
        select found, arg_max(no, (size, -no)) as no
        from (select found, no, count(*) as size from scored where found is not null group by found, no) group by found
        """
    )


def _golden(connection: DuckDBPyConnection, entity: Entity, edition: str) -> dict[str, dict[str, Any]]:
    """By element, cells of the entities that are really one: most of whose records are of one true entity."""
    meant(connection)
    truth = f"(from true_{entity.id} where edition = '{edition}')"
    names = {row[0] for row in connection.execute(f"describe select * from true_{entity.id}").fetchall()}
    found = {}
    for element in entity.elements:
        if element not in names:
            continue
        connection.execute(
            f"""
            create or replace temp table cell as
            select
                golden.{entity.id_column} as id,
                {_text(f"golden.{element}")} as value,
                {_text(f"truth.{element}")} as right
            from {entity.id} as golden
            join meant on meant.found = golden.{entity.id_column}
            join {truth} as truth on truth.no = meant.no
            where golden.{element} is not null and truth.{element} is not null
            """
        )
        (counts,) = connection.execute(
            f"""
            with claim as (
                select {entity.id_column} as id, {_text("value")} as value, as_of, record_no
                from {entity.id}_conflict where element = '{element}'
            ),
            vote as (select id, value, count(*) as votes, max(record_no) as last from claim group by id, value),
            disputed as (
                select id, arg_max(value, (as_of, record_no)) as latest from claim group by id
            ),
            elected as (
                select id, arg_max(value, (votes, last)) as majority, list(value) as all_values from vote group by id
            )
            select
                count(*) filter (where cell.value = cell.right or list_contains(all_values, cell.right)),
                count(*) filter (where cell.value = cell.right),
                count(*) filter (where list_contains(all_values, cell.right)),
                count(*) filter (where list_contains(all_values, cell.right) and cell.value = cell.right),
                count(*) filter (where list_contains(all_values, cell.right) and latest = cell.right),
                count(*) filter (where list_contains(all_values, cell.right) and majority = cell.right)
            from cell left join disputed using (id) left join elected using (id)
            """
        ).fetchall()
        keys = ("cells", "right", "disputed", "disputed_right", "latest_right", "majority_right")
        found[element] = dict(zip(keys, counts, strict=True)) | {"share": _share(counts[1], counts[0])}
    return found


def _text(value: str) -> str:
    """A value as text that is equal for equal values: numbers without zeros at the end."""
    text = f"cast({value} as varchar)"
    return f"coalesce(try_cast(case when contains({text}, '.') then {text} end as decimal(18, 4))::varchar, {text})"


def _flat(links: dict[str, Any]) -> dict[str, Any]:
    return {name: links[name] for name in ("precision", "recall", "f1", "keyless", "clusters", "wrong_merges")}


def _total(golden: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    cells = [one for elements in golden.values() for one in elements.values()]
    sums = {name: sum(one[name] for one in cells) for name in cells[0] if name != "share"}
    disputed = sums["disputed"]
    return {
        **sums,
        "share": _share(sums["right"], sums["cells"]),
        "disputed_share": _share(sums["disputed_right"], disputed),
        "latest_share": _share(sums["latest_right"], disputed),
        "majority_share": _share(sums["majority_right"], disputed),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 1.0
