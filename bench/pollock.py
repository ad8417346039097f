"""The Pollock benchmark of loading polluted CSV files, everything detected and nothing told.

    python bench/pollock.py PATH [--jobs 2] [--worst 20] [--record]

PATH is a checkout of github HPI-Information-Systems/Pollock (Vitagliano and others: Pollock: A Data Loading Benchmark,
VLDB 2023). Each of the 2,290 files in `polluted_files/csv` is read by `yibiao.detect.text` and by nothing else; the
table that comes out is compared with the one in `polluted_files/clean`. Ten measures a file, each 0 to 1: whether it
loaded, and precision, recall and F1 of the header's cells, of the records and of all cells, as multisets. The simple
score is the sum of their means over the files, the weighted one weights files by `pollock_weights.json`; 10 is best.
An F1 that divides by nothing counts as 0, and a file without content counts in full, as published.

The measures are written here anew from the published description. Run on the tables that the checkout keeps of other
systems (`--loaded results/clevercs/polluted_files/loading`) they equal the published ones in every file: CleverCSV
9.193 and 9.454 (its readme says 9.453), SQLite 9.955 and 9.376 (9.375).

Two figures come out: rows held in quarantine counted with their proposed repair, as a clerk would see them, and without
them. Several header rows are joined by a blank for the comparison, as the benchmark does; a contract joins them by `/`.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

RESULTS = Path(__file__).parent / "results" / "pollock.json"
LIMITS = {"simple": 9.9, "weighted": 9.6}

Rows = list[list[str]]

MEASURES = (
    "success",
    *(f"{what}_{which}" for what in ("header", "record", "cell") for which in ("precision", "recall", "f1")),
)


def table_of(path: Path, *, held: bool) -> Rows:
    """The first rows are the header if there is one; rows held back stand where they stood in the file.

    Args:
        path: a CSV file.
        held: whether rows that were held back count with the repair that is proposed for them.
    """
    from yibiao.detect.text import detect_text

    found = detect_text(path)
    rows: list[list[str]] = [list(row.values()) for row in found.rows.to_pylist()]
    if held:
        rows += [list(one.proposal or (one.raw,)) for one in found.held]
    if not found.choices["headerRows"].value:
        return rows
    return [_joined(found), *rows]


def _joined(found: Any) -> list[str]:
    rows = found.header_rows
    return [" ".join(texts) for texts in zip(*rows, strict=True)] if rows else list(found.headers)


def measure(clean: Rows, loaded: Rows) -> tuple[float, ...]:
    """The ten measures of one file."""
    if not clean:
        return (1.0,) * 10
    header = _overlap(list(map(normal, clean[0])), list(map(normal, loaded[0])) if loaded else [])
    records = _overlap(list(map(_record, clean[1:])), list(map(_record, loaded[1:])))
    cells = _overlap([cell for row in clean for cell in row], [cell for row in loaded for cell in row])
    return (1.0, *header, *records, *cells)


def _overlap(wanted: Sequence[str], got: Sequence[str]) -> tuple[float, float, float]:
    """(precision, recall, F1), the first over what was wanted and the second over what was got, as published."""
    if not wanted:
        return 1.0, 1.0, 1.0
    same = (Counter(wanted) & Counter(got)).total()
    if not same:
        return 0.0, 0.0, 0.0
    precision, recall = same / len(wanted), same / len(got)
    return precision, recall, 2 * precision * recall / (precision + recall)


def _record(cells: Sequence[str]) -> str:
    return "".join(map(normal, cells))


_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_PRICE = re.compile(r"([$€£¥])\s*(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?)\s*([$€£¥])")


@lru_cache(1 << 18)
def normal(cell: str) -> str:
    """A cell so that two spellings of one number, time, date or price are equal; other text in lower case."""
    if not cell or cell.isspace():
        return cell
    if cell in ("True", "true", "False", "false"):
        return str(int(cell.lower() == "true"))
    for kind in (int, float):
        try:
            return str(kind(cell))
        except ValueError:
            pass
    if match := _TIME.fullmatch(cell):
        return f"{int(match[1]):02}:{match[2]}:{match[3] or '00'}"
    if (date := _date(cell)) is not None:
        return date
    if match := _PRICE.search(cell):
        return f"{match[1] or match[4]}{float((match[2] or match[3]).replace(',', ''))}"
    return cell.lower()


@cache
def _parser() -> Any:
    from dateutil import parser

    class Info(parser.parserinfo):
        def __init__(self) -> None:
            self.JUMP = [" ", ".", ",", ";", "-", "/", "'"]
            super().__init__()

    return parser.parser(Info())


def _date(cell: str) -> str | None:
    try:
        return str(_parser().parse(cell))
    except (ValueError, OverflowError, TypeError):
        return None


def read_table(path: Path) -> Rows:
    """A CSV file as the benchmark writes it."""
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


def scores(measures: dict[str, tuple[float, ...]], weights: dict[str, float]) -> tuple[float, float]:
    """(simple, weighted), each out of 10."""
    total = sum(weights[name] for name in measures)
    simple = sum(map(sum, measures.values())) / len(measures)
    return simple, sum(sum(one) * weights[name] for name, one in measures.items()) / total


def _loaded(path: Path, folder: Path, *, held: bool) -> Rows | None:
    """What another system made of a file; None if it failed."""
    rows = read_table(folder / f"{path.name}_converted.csv")
    return None if rows and rows[0][:1] == ["Application Error"] else rows


def _one(path: Path, *, folder: Path | None) -> tuple[str, tuple[float, ...], tuple[float, ...]]:
    clean = read_table(path.parent.parent / "clean" / path.name)
    found = []
    for held in (True, False):
        loaded = _loaded(path, folder, held=held) if folder else table_of(path, held=held)
        found.append((0.0,) * 10 if loaded is None else measure(clean, loaded))
    return path.name, found[0], found[1]


def run(checkout: Path, *, folder: Path | None = None, jobs: int = 2) -> dict[str, dict[str, tuple[float, ...]]]:
    """Measures by file name: `held` with the proposals of rows held back, `bare` without those rows."""
    paths = sorted((checkout / "polluted_files" / "csv").glob("*.csv"))
    if not paths:
        raise SystemExit(f"There are no files in {checkout}/polluted_files/csv: PATH is a checkout of the benchmark.")
    with ProcessPoolExecutor(jobs) as pool:
        found = list(pool.map(partial(_one, folder=folder), paths, chunksize=16))
    return {"held": {name: one for name, one, _ in found}, "bare": {name: one for name, _, one in found}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--worst", type=int, default=0, help="list this many files with the lowest scores")
    parser.add_argument(
        "--loaded", type=Path, help="measure the tables in this folder instead: another system's output"
    )
    parser.add_argument("--record", action="store_true", help=f"write the figures to bench/results/{RESULTS.name}")
    given = parser.parse_args()
    if given.record and given.loaded:
        parser.error("what another system loaded is not recorded as ours")
    weights = json.loads((given.path / "pollock_weights.json").read_text("utf-8"))
    found = run(given.path, folder=given.loaded, jobs=given.jobs)
    for name, one in sorted(found["held"].items(), key=lambda item: sum(item[1]))[: given.worst]:
        print(f"{sum(one):6.3f} {name}", file=sys.stderr)
    simple, weighted = scores(found["held"], weights)
    print(f"simple={simple:.3f} weighted={weighted:.3f}")
    if given.loaded:
        return
    bare = scores(found["bare"], weights)
    print(f"simple={bare[0]:.3f} weighted={bare[1]:.3f} without rows in quarantine")
    if given.record:
        from bench.machine import facts

        told = {"machine": facts(), "files": len(found["held"]), "limits": LIMITS}
        for name, one in (("with_proposals", (simple, weighted)), ("without_quarantine", bare)):
            told[name] = {"simple": round(one[0], 3), "weighted": round(one[1], 3)}
        RESULTS.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
