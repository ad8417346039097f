"""The golden tables: a reviewable slice of what the tiny district must become, and a hash of all the rest.

The slice is coherent: some households with everybody in them, whoever died, the homes and benefits of all these, some
organisations and events, and for each of them provenance and conflicts. The marts and the list of loads are whole.
`tables.csv` has row count and content hash of every table, so that no cell outside the slice changes unseen.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import duckdb

EXPECTED = Path(__file__).resolve().parent / "expected"

SLICE = """
create temp table chosen_household as
    select household_id as id from household order by household_code limit 8;
create temp table chosen_resident as
    select resident_id as id from resident
    where household_id in (from chosen_household) or death_date is not null;
create temp table chosen_dwelling as
    select dwelling_id as id from dwelling
    where dwelling_id in (select dwelling_id from resident where resident_id in (from chosen_resident));
create temp table chosen_benefit as
    (select benefit_id as id from benefit where resident_id in (from chosen_resident))
    union (select benefit_id from benefit order by benefit_type_code, benefit_number limit 8);
create temp table chosen_organisation as select organisation_id as id from organisation order by uscc limit 8;
create temp table chosen_event as select event_id as id from event order by event_number limit 8;
"""

ORDER = {
    "resident": "citizen_id",
    "household": "household_code",
    "dwelling": "dwelling_code",
    "benefit": "benefit_type_code, benefit_number",
    "organisation": "uscc",
    "event": "event_number",
}
"""Entity -> the order of its rows: something that a reader can look up, and that no key of an installation changes."""

LOADS = """
select load_no, department, report, edition, state, file_name, first_record_no, read, accepted, quarantined, row_count
from load order by load_no
"""
"""Without hashes of deliveries: a newer SQLite or Parquet library writes the same rows in other bytes."""

WITHOUT_HASH = ("load",)


def golden_tables(release: Path) -> dict[str, str]:
    """File name -> content, of a release of the tiny district."""
    tables = {}
    with duckdb.connect(str(release / "yibiao.duckdb"), read_only=True) as connection:
        connection.execute(SLICE)
        for entity, order in ORDER.items():
            golden = f"{entity}.{entity}_id in (from chosen_{entity})"
            tables[f"{entity}.csv"] = _csv(connection, f"select * from {entity} where {golden} order by {order}")
            key = ", ".join(f"{entity}.{name}" for name in order.split(", "))
            for part, more in (("provenance", ""), ("conflict", ", element, record_no")):
                tables[f"{entity}_{part}.csv"] = _csv(
                    connection,
                    f"select part.* from {entity}_{part} as part join {entity} using ({entity}_id)"
                    f" where {golden} order by {key}{more}",
                )
        manifest = json.loads((release / "manifest.json").read_bytes())
        parts = {f"{entity}{part}" for entity in ORDER for part in ("", "_provenance", "_conflict", "_crosswalk")}
        for mart in sorted(set(manifest["tables"]) - parts - {"load"}):
            tables[f"{mart}.csv"] = _csv(connection, f"select * from {mart} order by all")
        tables["load.csv"] = _csv(connection, LOADS)
    lines = ["table,rows,hash"]
    for name, table in sorted(manifest["tables"].items()):
        lines.append(f"{name},{table['rows']},{'' if name in WITHOUT_HASH else table['hash']}")
    tables["tables.csv"] = "\n".join(lines) + "\n"
    return tables


def _csv(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The rows as CSV; no value is an empty cell."""
    result = connection.execute(sql)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column[0] for column in result.description or []])
    for row in result.fetchall():
        writer.writerow(["" if value is None else str(value) for value in row])
    return text.getvalue()


def expected_tables() -> dict[str, str]:
    """The reviewed files."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(EXPECTED.glob("*.csv"))}
