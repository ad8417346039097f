"""The gate beside hand-written SQL: the same counts, on the same file, with the same threads.

    python bench/gate.py warehouse.duckdb [--table staging.stg_public_security__resident_register] [--json]

The SQL is one aggregate query per table, written here without the gate's own code, as somebody would who checks that
table by hand. Both must find the same counts, so that this is also an oracle test of the gate.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from yibiao.quality import GateResult, run_gate
from yibiao.quality.specs import ExpectationSpec, TableSpec, load_specs
from yibiao.settings import Settings


def measure(
    database: Path,
    expectations: Path,
    *,
    table: str | None = None,
    repeats: int = 3,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Time the gate and the hand-written SQL on one database file; medians of `repeats` runs, taken in turns.

    Args:
        database: DuckDB file of a warehouse.
        expectations: folder of specs.
        table: `schema.table`, to measure one table only.
        settings: threads and memory limit for both.

    Returns:
        Seconds: `hand_seconds`, and `gate_seconds` of the whole process, made of `start_seconds` (imports, opening the
        file) and `check_seconds`. Ratios: `ratio` (check over hand), `ratio_with_start`. Size: `tables`,
        `expectations`, `rows` (sum over tables), `threads`. `differing`: expectations whose counts are not equal, or
        that could not be evaluated.
    """
    settings = settings or Settings.load()
    with tempfile.TemporaryDirectory(dir=_scratch(settings)) as name:
        folder = Path(name)
        specs = [
            spec for spec in load_specs(expectations, settings.schemas / "codes") if table in (None, spec.qualified)
        ]
        for spec in specs:
            (folder / "specs" / spec.layer).mkdir(parents=True, exist_ok=True)
            shutil.copy(spec.file, folder / "specs" / spec.layer)
        hand_seconds, gates = [], []
        counted: dict[tuple[str, str], tuple[int, int]] = {}
        for _ in range(repeats):
            seconds, counted = _by_hand(database, specs, settings)
            hand_seconds.append(seconds)
            gates.append(run_gate(database, folder / "specs", folder / "out", settings))
    hand = statistics.median(hand_seconds)
    gate = statistics.median(result.seconds for result in gates)
    check = statistics.median(result.timing["check"] for result in gates)
    return {
        "hand_seconds": round(hand, 3),
        "gate_seconds": round(gate, 3),
        "start_seconds": round(gate - check, 3),
        "check_seconds": round(check, 3),
        "ratio": round(check / hand, 2),
        "ratio_with_start": round(gate / hand, 2),
        "tables": len(specs),
        "expectations": sum(len(spec.expectations) for spec in specs),
        "rows": _rows(gates[-1]),
        "threads": settings.threads,
        "differing": _differing(gates[-1], counted),
    }


def _scratch(settings: Settings) -> Path:
    settings.work.mkdir(parents=True, exist_ok=True)
    return settings.work


def _rows(result: GateResult) -> int:
    """Rows of all tables, as far as an expectation counted them."""
    largest: dict[str, int] = {}
    for one in result.results:
        largest[one.table] = max(largest.get(one.table, 0), one.evaluated or 0)
    return sum(largest.values())


def _differing(result: GateResult, counted: dict[tuple[str, str], tuple[int, int]]) -> list[str]:
    return [
        f"{one.table}: {one.id}"
        for one in result.results
        if counted.get((one.table, one.id)) != (one.evaluated, one.unexpected)
    ]


def _by_hand(
    database: Path, specs: list[TableSpec], settings: Settings
) -> tuple[float, dict[tuple[str, str], tuple[int, int]]]:
    """Seconds of all queries, and (evaluated, unexpected) by (table, id)."""
    import duckdb

    config = {"threads": settings.threads, "memory_limit": settings.memory_limit, "preserve_insertion_order": False}
    queries = [(spec, _query(spec)) for spec in specs]
    counted = {}
    with duckdb.connect(str(database), read_only=True, config=config) as connection:
        began = time.perf_counter()
        answers = [(spec, connection.execute(query).fetchall()[0]) for spec, query in queries]
        seconds = time.perf_counter() - began
    for spec, row in answers:
        for number, one in enumerate(spec.expectations):
            counted[spec.qualified, one.id] = (int(row[2 * number]), int(row[2 * number + 1]))
    return seconds, counted


def _query(spec: TableSpec) -> str:
    table = f'"{spec.layer}"."{spec.name}"'
    parts = [part for one in spec.expectations for part in _aggregates(one, table)]
    return f"select {', '.join(parts)} from {table}"


def _aggregates(one: ExpectationSpec, table: str) -> tuple[str, str]:
    """Rows judged, and rows rejected, of one expectation."""
    k = one.kwargs
    c = f'"{k["column"]}"' if "column" in k else ""
    match one.type:
        case "expect_column_values_to_not_be_null":
            return "count(*)", f"count(*) filter (where {c} is null)"
        case "expect_column_values_to_be_unique":
            return f"count({c})", f"count({c}) - count(distinct {c})"
        case "expect_compound_columns_to_be_unique":
            names = ", ".join(f'"{name}"' for name in k["column_list"])
            word = {"any_value_is_missing": " and "}.get(k.get("ignore_row_if", ""), " or ")
            there = word.join(f'"{name}" is not null' for name in k["column_list"])
            judged = f"count(*) filter (where {there})"
            return judged, f"{judged} - (select count(*) from (select distinct {names} from {table} where {there}))"
        case "expect_column_values_to_be_in_set" | "expect_column_values_to_be_in_code_list":
            values = ", ".join(f"({value!r})" for value in (one.codes or k["value_set"]))
            return f"count({c})", f"count(*) filter (where {c} not in (values {values}))"
        case "expect_column_values_to_be_between":
            low, high = k.get("min_value"), k.get("max_value")
            outside = [f"{c} {'<=' if k.get('strict_min') else '<'} '{low}'"] if low is not None else []
            outside += [f"{c} {'>=' if k.get('strict_max') else '>'} '{high}'"] if high is not None else []
            return f"count({c})", f"count(*) filter (where {' or '.join(outside)})"
        case "expect_column_values_to_match_rule":
            from yibiao.ingest.rules import render

            return f"count({c})", f"count({c}) - count({render('parse_' + k['rule'], c)})"
        case "expect_column_pair_values_a_to_be_greater_than_b":
            a, b = f'"{k["column_A"]}"', f'"{k["column_B"]}"'
            word = {"either_value_is_missing": "and", "neither": "or true or"}.get(k.get("ignore_row_if", ""), "or")
            judged = f"count(*) filter (where {a} is not null {word} {b} is not null)"
            return judged, f"count(*) filter (where {a} {'<' if k.get('or_equal') else '<='} {b})"
        case "expect_table_row_count_to_be_between":
            low, high = k.get("min_value", 0), k.get("max_value", 2**62)
            return "count(*)", f"greatest({low} - count(*), count(*) - {high}, 0)"
        case "expect_table_row_count_to_equal_loads":
            report = f"{k['department']}.{k['report'].rpartition('.')[2]}"
            loaded = f"(select coalesce(sum(row_count), 0) from input.load where report = '{report}')"
            return "count(*)", f"abs(count(*) - {loaded})"
        case "unexpected_rows_expectation":
            query = k["unexpected_rows_query"].replace("{batch}", table).replace("{{", "{").replace("}}", "}")
            return "count(*)", f"(select count(*) from ({query}))"
    raise ValueError(f"no hand-written SQL for {one.type}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("database", type=Path)
    parser.add_argument("--expectations", type=Path)
    parser.add_argument("--table", help="schema.table, to measure one table only")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    folder = given.expectations or Settings.load().expectations
    found = measure(given.database, folder, table=given.table, repeats=given.repeats)
    if given.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        for key, value in found.items():
            print(f"{key:18} {value}")
    sys.exit(1 if found["differing"] else 0)


if __name__ == "__main__":
    main()
