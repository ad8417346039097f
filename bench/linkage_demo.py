"""Linkage of the demo district's residents beside its truth: precision, recall, seconds, memory.

    python -m bench.linkage_demo HOME DATA [--share N [--part K]] [--edition 2026-01] [--train] [--model JSON]
        [--threads N]

HOME has load packages of the demo's deliveries in DATA. Every accepted row that speaks of a resident is read as its
staging model would read it; a valid number is certain, the others are linked by `schemas/linkage/resident.yml`.
`--share N` takes the households whose number leaves K (0) when divided by N, so that one district gives tables of
several sizes. All N parts together are the same people as the whole: how pairs grow with size is seen without the luck
of one sample. Two people whom the demo gave one number are in one part, as they would be in a district of that size.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.linkage import tell
from bench.machine import Watched, facts
from yibiao.contracts import Report, Schemas, load_schemas
from yibiao.errors import LinkageError
from yibiao.identity.linkage import link, train
from yibiao.identity.model import read_model
from yibiao.identity.settings import LinkageSettings, read_settings
from yibiao.identity.source import select, source_columns
from yibiao.settings import Settings

if TYPE_CHECKING:
    import duckdb


def measure(
    home: Path, data: Path, schemas_folder: Path, *,
    share: int = 1, part: int = 0, edition: str = "2026-01", model_file: Path | None = None, anew: bool = False,
    threads: int = 1, memory: str = "3500MB",
) -> dict[str, Any]:  # fmt: skip
    """Link one edition of a district.

    Args:
        home, data: folders of an installation and of the demo's deliveries with their truth.
        share, part: only households whose number leaves `part` when divided by `share`.
        model_file: by default the one beside the settings.
        anew: train on the records with a valid number and write `model_file` first.

    Returns:
        `records`, `keyless`, `persons`; `all` and `keyless_links` with pairwise precision and recall; counts of the
        linkage, seconds, CPU seconds, peak memory; the machine.
    """
    import duckdb

    settings = read_settings(schemas_folder / "linkage" / "resident.yml")
    model_file = model_file or schemas_folder / "linkage" / "resident.json"
    with tempfile.TemporaryDirectory(prefix="bench-linkage-") as scratch:
        con = duckdb.connect(
            config={"memory_limit": memory, "threads": threads, "temp_directory": str(Path(scratch) / "spill")}
        )
        records = Path(scratch) / "records.parquet"
        _write_records(con, settings, load_schemas(schemas_folder), home, data, edition, (share, part), records)
        con.execute(f"create view record as select * from '{records}'")
        if anew:
            con.execute("create view known as select * from record where citizen_id is not null")
            with Watched() as training:
                train(con, "known", settings).write(model_file)
        model = read_model(model_file, settings)
        with Watched() as watched:
            linked = link(con, "record", settings, model, entity="citizen_id")
        figures = _figures(con, linked.clusters, linked.contradictions)
    return {
        "share": share,
        "part": part,
        "threads": threads,
        **figures,
        **({"train_seconds": round(training.seconds, 1)} if anew else {}),
        "seconds": round(watched.seconds, 1),
        "cpu_seconds": round(watched.cpu_seconds, 1),
        "peak_gib": round(watched.peak_bytes / 2**30, 2),
        "counts": linked.counts,
        "left_out_keys": {block.block: block.left_out_keys for block in linked.blocks if block.left_out_keys},
        "machine": facts(),
    }


def _write_records(
    con: duckdb.DuckDBPyConnection, settings: LinkageSettings, schemas: Schemas, home: Path, data: Path, edition: str,
    share: tuple[int, int], target: Path,
) -> None:  # fmt: skip
    """All accepted rows about residents with their truth, as text columns named by element."""
    parts = []
    columns = source_columns(settings, schemas.entities["resident"], schemas)
    for report in schemas.reports.values():
        # What an API gave is landed in canonical order, so that its rows are not those of the truth.
        if "resident" not in report.about or report.server.kind == "api":
            continue
        if package := _package(home, report, edition):
            parts.append(select(report, columns, schemas, f"'{package}'", f"'{report.id}' as report", "_row as row"))
    if not parts:
        raise LinkageError("There is no load package of this edition.", where=str(home), got=edition)
    truth = data / "truth"
    con.execute(f"""
        create temp table person as
        with told as (
            select no, household_no, same_number_no from '{truth / "resident.parquet"}' where edition = '{edition}'
        ),
        moved as (
            select own.household_no, min(other.household_no) as to_household_no
            from told as own inner join told as other on own.same_number_no = other.no
            group by own.household_no
        )
        select no, least(household_no, coalesce(to_household_no, household_no)) as household_no
        from told left join moved using (household_no)""")
    con.execute(f"""
        copy (
            select report || '#' || row as id, told.resident_no, record.* exclude (row)
            from ({" union all ".join(parts)}) as record
            inner join (
                select report, row, resident_no, person.household_no
                from '{truth / "record.parquet"}' as told
                inner join person on told.resident_no = person.no
                where told.edition = '{edition}' and person.household_no % {int(share[0])} = {int(share[1])}
            ) as told using (report, row)
        ) to '{target}' (format parquet)""")


def _package(home: Path, report: Report, edition: str) -> Path | None:
    """The newest load package of an edition."""
    folders = (home / "lake" / report.department / report.id.partition(".")[2]).glob("load=*")
    for folder in sorted(folders, key=lambda one: one.stat().st_mtime, reverse=True):
        if json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["edition"] == edition:
            return folder / "accepted.parquet"
    return None


def _figures(con: duckdb.DuckDBPyConnection, clusters: str, contradictions: str) -> dict[str, Any]:
    """Pairwise figures over all records, and over pairs in which a record has no valid number."""
    # The node of a record is found before the join: a condition that looks it up would compare all with all.
    con.execute(f"""
        create temp table node as
        select
            resident_no as person, citizen_id is null as keyless,
            case when contradiction.id is not null then record.id else coalesce(citizen_id, record.id) end as id
        from record left join {contradictions} as contradiction on record.id = contradiction.id""")
    con.execute(f"""
        create temp table judged as
        select person, keyless, cluster from node inner join {clusters} as clusters using (id)""")
    sums = {}
    for name, keys in (("right", "cluster, person"), ("linked", "cluster"), ("true", "person")):
        groups = f"select count(*) as n, count(*) filter (not keyless) as k from judged group by {keys}"
        sums[name] = con.execute(
            f"select sum(n * (n - 1) // 2), sum(n * (n - 1) // 2 - k * (k - 1) // 2) from ({groups})"
        ).fetchall()[0]
    records, keyless, persons = con.execute(
        "select count(*), count(*) filter (keyless), count(distinct person) from judged"
    ).fetchall()[0]
    found: dict[str, Any] = {"records": records, "keyless": keyless, "persons": persons}
    for place, name in enumerate(("all", "keyless_links")):
        right, linked, true = (int(sums[one][place]) for one in ("right", "linked", "true"))
        found[name] = {"precision": round(right / linked, 6), "recall": round(right / true, 6)}
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.linkage_demo", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--share", type=int, default=1)
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--edition", default="2026-01")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--train", action="store_true", help="train first, and write the model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    return tell(
        given.json, measure, given.home, given.data, Settings.load().schemas,
        share=given.share, part=given.part, edition=given.edition, model_file=given.model, anew=given.train,
        threads=given.threads,
    )  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
