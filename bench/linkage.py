"""Linkage of any table beside its truth: pairwise precision, recall and F1 after clustering.

    python -m bench.linkage --data CSV [--data CSV ...] --settings YAML --truth COLUMN [--truth-pattern REGEX] [--json]

The same code that links residents runs on the table, Latin or Chinese, by a settings file of its own
(`bench/linkage/*.yml` are those of three public data sets). The column of the truth is taken away before training and
linking and only counts afterwards. Several files are put one under the other.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.errors import LinkageError, YibiaoError
from yibiao.identity.linkage import link, train
from yibiao.identity.model import read_model
from yibiao.identity.settings import read_settings
from yibiao.ingest.rules import quote

if TYPE_CHECKING:
    import duckdb

MEMORY = "3GB"
ROW = "bench_row"


def measure(
    files: list[Path],
    settings_file: Path,
    truth: str,
    *,
    pattern: str = "",
    model_file: Path | None = None,
    threads: int = 1,
) -> dict[str, Any]:
    """Train (unless a model is given), link and score.

    Args:
        files: CSV or Parquet with equal columns.
        truth: column of which equal values are the same entity.
        pattern: regular expression of the part of the truth that counts (its first group, or the match).

    Returns:
        `precision`, `recall`, `f1`, `records`, `true_pairs`, `linked_pairs`, counts of the linkage, seconds of
        training and linking, and what each block did.

    Raises:
        YibiaoError: files, settings and truth do not fit together.
    """
    con = open_table(files)
    columns = [row[0] for row in con.execute("describe everything").fetchall()]
    if truth not in columns:
        raise LinkageError(
            "The column of the truth is not in the table.", expected=", ".join(sorted(columns)), got=truth
        )
    # Records are known by their numbers here: an id may tell who belongs together.
    settings = replace(read_settings(settings_file), id=ROW)
    con.execute(f"set threads = {int(threads)}")
    value, parameters = f"cast({quote(truth)} as varchar)", []
    if pattern:
        value, parameters = f"nullif(regexp_extract({value}, $1, {min(1, re.compile(pattern).groups)}), '')", [pattern]
    con.execute(
        f"create table truth as select cast({ROW} as varchar) as id, {value} as entity from everything", parameters
    )
    con.execute(f"create table data as select * exclude ({quote(truth)}) from everything")
    started = time.perf_counter()
    model = read_model(model_file, settings) if model_file else train(con, "data", settings)
    trained = time.perf_counter()
    linked = link(con, "data", settings, model)
    done = time.perf_counter()
    found = pair_score(con, linked.clusters)
    return {
        "settings": settings.name,
        **found,
        **linked.counts,
        "train_seconds": round(trained - started, 2),
        "link_seconds": round(done - trained, 2),
        "blocks": [vars(block) for block in linked.blocks],
    }


def open_table(files: list[Path]) -> duckdb.DuckDBPyConnection:
    """A connection with the view `everything`: all columns as text, names and values trimmed."""
    import duckdb

    con = duckdb.connect(
        config={
            "memory_limit": MEMORY,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "true",
        }
    )
    for number, path in enumerate(files):
        if not path.is_file():
            raise LinkageError("There is no such file.", where=str(path))
        reader = "read_parquet(?)" if path.suffix == ".parquet" else "read_csv(?, all_varchar = true, header = true)"
        con.execute(f"create table part_{number} as select * from {reader}", [str(path)])
        names = [row[0] for row in con.execute(f"describe part_{number}").fetchall()]
        listed = ", ".join(
            f"nullif(trim(cast({quote(name)} as varchar)), '') as {quote(name.strip())}" for name in names
        )
        con.execute(f"create view tidy_{number} as select {listed} from part_{number}")
    parts = " union all by name ".join(f"select * from tidy_{number}" for number in range(len(files)))
    con.execute(f"create table everything as select row_number() over () as {ROW}, * from ({parts})")
    return con


def pair_score(con: duckdb.DuckDBPyConnection, clusters: str) -> dict[str, Any]:
    """Pairwise figures of a clustering (`id`, `cluster`) beside the table `truth` (`id`, `entity`)."""
    pairs = "coalesce(sum(n * (n - 1) // 2), 0)"
    right, linked, true = con.execute(f"""
        with joined as (select cluster, entity from {clusters} inner join truth using (id) where entity is not null)
        select
            (select {pairs} from (select count(*) as n from joined group by cluster, entity)),
            (select {pairs} from (select count(*) as n from joined group by cluster)),
            (select {pairs} from (select count(*) as n from joined group by entity))""").fetchall()[0]
    precision = right / linked if linked else 1.0
    recall = right / true if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {
        "precision": round(precision, 6),
        "recall": round(recall, 6),
        "f1": round(f1, 6),
        "true_pairs": int(true),
        "linked_pairs": int(linked),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.linkage", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, action="append", help="CSV or Parquet; may be repeated")
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--truth", required=True, help="column of which equal values are the same entity")
    parser.add_argument("--truth-pattern", default="", help="the part of the truth that counts")
    parser.add_argument("--model", type=Path, help="a trained model, instead of training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    return tell(
        given.json, measure, given.data, given.settings, given.truth,
        pattern=given.truth_pattern, model_file=given.model, threads=given.threads,
    )  # fmt: skip


def tell(as_json: bool, measured: Callable[..., Mapping[str, Any]], *arguments: Any, **options: Any) -> int:
    """Measure and print what was found, or why nothing could be; gives the exit code."""
    try:
        found = measured(*arguments, **options)
    except YibiaoError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return 0
    for name, value in found.items():
        if name != "blocks":
            print(f"{name:16} {value}")
    for block in found.get("blocks", ()):
        print(f"  {block['block']:40} {block['pairs']:>12,} pairs, {block['left_out_keys']:,} keys left out")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
