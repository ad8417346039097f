"""All figures beside their limits: `make bench`, or

    python bench/main.py [--residents 50000] [--editions 3] [--data DIR]
                         [--only run,score,burden,forms,ingest,unify,gate,matching]

Makes the district if it is not there, runs the main job on an empty home folder, scores its release by the truth,
accounts for the burden of the forms and fills them in, then measures ingest, unify and gate beside their rivals on
the same district: in turns (A B A B A B), with warm files, equal threads and compression, median of 3; and the field
matcher on labelled forms, which needs no district. Prints one table, writes `bench/results/<residents>/*.json` and a
chart, ends with status 1 if a limit is missed.

The limits of ingest, unify and gate are judged from a million residents on. In a small district a process's start and a
flush to the disk are most of what is measured; the ratios are printed all the same.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.machine import facts
from yibiao.errors import ContractError
from yibiao.settings import Settings

RESULTS = Path(__file__).parent / "results"
PARTS = ("run", "score", "burden", "forms", "ingest", "unify", "gate", "matching")
JUDGED_FROM = 1_000_000
GATE_LIMIT = 3.0


@dataclass(frozen=True)
class Figure:
    """One line of the table; `share` is the figure divided by its limit, None where nothing is judged."""

    name: str
    figure: str
    limit: str = ""
    rival: str = ""
    ratio: str = ""
    share: float | None = None

    @property
    def verdict(self) -> str:
        return "" if self.share is None else "ok" if self.share <= 1 else "MISSED"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--residents", type=int, default=50_000)
    parser.add_argument("--editions", type=int, help="default: 3, and 1 from a million residents on")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--data", type=Path, help="folder for districts and home folders; default data/bench")
    given = parser.parse_args()
    parts = given.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    editions = given.editions or (1 if given.residents >= JUDGED_FROM else 3)
    size = f"{given.residents}x{editions}"
    place = (given.data or Settings.load().project / "data" / "bench") / size
    results = RESULTS / size
    results.mkdir(parents=True, exist_ok=True)
    figures: list[Figure] = []

    on_district = set(parts) != {"matching"}
    if on_district:
        district(place / "district", given.residents, editions, given.seed)
    settings = Settings.load(home=place / "home", data=place / "district")

    def write(name: str, found: dict[str, Any]) -> None:
        head = {"residents": given.residents, "editions": editions, "seed": given.seed, "machine": facts()}
        (results / f"{name}.json").write_text(json.dumps(head | found, ensure_ascii=False, indent=2) + "\n")

    judged = given.residents >= JUDGED_FROM
    if on_district and ("run" in parts or not (settings.home / "releases" / "current").exists()):
        from bench import run

        found = run.measure(settings.data, settings.home)
        if "run" in parts:
            write("run", found)
            figures += of_run(found, given.residents, editions)
    if "score" in parts:
        from bench import score

        found = score.measure(settings)
        write("score", found)
        figures += of_score(found)
    if "burden" in parts:
        from bench import burden

        found = burden.measure(settings)
        write("burden", found)
        figures += of_burden(found, given.residents >= burden.JUDGED_FROM)
    if "forms" in parts:
        from bench import forms

        found = forms.measure(settings)
        write("forms", found)
        figures += of_forms(found, judged)
    if "ingest" in parts:
        from bench import ingest

        found = ingest.measure(settings, repeats=given.repeats)
        write("ingest", found)
        figures += of_ingest(found, judged)
    if {"unify", "gate"} & set(parts):
        from bench import unify

        warehouse = place / "warehouse.duckdb"
        found = unify.measure(settings, repeats=given.repeats if "unify" in parts else 1, keep=warehouse)
        if "unify" in parts:
            write("unify", found)
            figures += of_unify(found, judged)
        if "gate" in parts:
            from bench import gate
            from bench.ingest import LARGEST

            expectations = settings.expectations
            whole = gate.measure(warehouse, expectations, repeats=given.repeats, settings=settings)
            table = "staging.stg_" + LARGEST.replace(".", "__")
            register = gate.measure(warehouse, expectations, table=table, repeats=given.repeats, settings=settings)
            write("gate", {"limit": GATE_LIMIT, "whole": whole, "register": register})
            figures += of_gate(whole, "whole warehouse", judged) + of_gate(register, table, judged)
        warehouse.unlink()
    if "matching" in parts:
        from bench import matching
        from bench.matchers.chart import calibration_svg

        try:
            found, _ = matching.measure(settings, "test", matching.PYTHON)
        except ContractError as error:
            sys.exit(str(error))  # the test group is spent
        (RESULTS / "matching.json").write_text(
            json.dumps({"machine": facts()} | found, ensure_ascii=False, indent=2) + "\n"
        )
        matching.CURVE.write_text(calibration_svg(found["calibration"]))
        figures += of_matching(found)
    title = f"{given.residents:,} residents, {editions} edition{'s' if editions > 1 else ''}"
    show(title, figures)
    draw(results / "chart.svg", title, figures)
    sys.exit(1 if any(figure.verdict == "MISSED" for figure in figures) else 0)


def district(out: Path, residents: int, editions: int, seed: int) -> None:
    """Make the district, unless the same one is there."""
    yibiao = Path(sys.executable).with_name("yibiao")
    arguments = ["--residents", residents, "--editions", editions, "--seed", seed, "--out", out]
    subprocess.run([str(yibiao), "demo", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def of_run(found: dict[str, Any], residents: int, editions: int) -> list[Figure]:
    from bench.run import BYTES_LIMIT, SECONDS_LIMITS

    limit = SECONDS_LIMITS.get((residents, editions))
    seconds, peak = found["seconds"], found["peak_bytes"]
    return [
        Figure(
            "yibiao run",
            f"{seconds:.1f} s, {found['rows_a_second']:,} rows/s",
            f"{limit:.0f} s" if limit else "",
            share=seconds / limit if limit else None,
        ),
        Figure(
            "yibiao run: peak memory",
            f"{peak / 2**30:.2f} GiB",
            f"{BYTES_LIMIT / 2**30:.0f} GiB" if residents >= JUDGED_FROM else "",
            share=peak / BYTES_LIMIT if residents >= JUDGED_FROM else None,
        ),
        *(Figure(f"  stage {name}", f"{seconds:.1f} s") for name, seconds in found["stages"].items()),
    ]


def of_score(found: dict[str, Any]) -> list[Figure]:
    """Shares of what is right; the share of a limit is the error beside the error that is accepted."""
    figures = []
    for name, one in found["figures"].items():
        if "most" in one:
            share = 1.0 if one["value"] <= one["most"] else 2.0
            figures.append(Figure(f"truth: {name}", str(one["value"]), str(one["most"]), share=share))
            continue
        value, least = one["value"], one["least"]
        share = least / max(value, 1e-9) if "ahead" in name else (1 - value) / (1 - least)
        figures.append(Figure(f"truth: {name}", f"{value:.4f}", f"at least {least}", share=share))
    return figures


def of_forms(found: dict[str, Any], judged: bool) -> list[Figure]:
    """Prefilled forms: seconds, how much is filled in, how much of it is right, and nobody else's facts."""
    from bench.forms import LEAST_PREFILLED, LEAST_RIGHT, SECONDS_LIMIT

    cells = sum(found["cells"].values())
    figures = [
        Figure(
            f"forms: {found['books']:,} workbooks, {cells:,} cells",
            f"{found['seconds']:.1f} s",
            f"{SECONDS_LIMIT:.0f} s" if judged else "",
            share=found["seconds"] / SECONDS_LIMIT if judged else None,
        )
    ]
    for name, what, least in (
        ("prefilled", "forms: cells prefilled", LEAST_PREFILLED),
        ("prefilled_in_a_year", "forms: cells prefilled in a year", LEAST_PREFILLED),
        ("right", "forms: prefilled cells that are right", LEAST_RIGHT),
    ):
        share = (1 - found[name]) / (1 - least)
        figures.append(Figure(what, f"{found[name]:.4f}", f"at least {least}", share=share))
    for name, what in (("wrong_person", "of a wrong person"), ("elsewhere", "of people from elsewhere")):
        figures.append(Figure(f"forms: cells {what}", str(found[name]), "0", share=1.0 if not found[name] else 2.0))
    return figures


def of_burden(found: dict[str, Any], judged: bool) -> list[Figure]:
    """What is asked of people before and after; the share of a limit is what is left beside what may be left."""
    figures = []
    for name, one in found["figures"].items():
        # Distinct fields follow from forms and contracts alone; hours need a district of some size.
        share = (1 - one["cut"]) / (1 - one["least"]) if judged or name != "hours" else None
        shown = f"{one['before']:,.0f} -> {one['after']:,.0f} ({-one['cut']:+.1%})"
        figures.append(Figure(f"burden: {name} asked of people", shown, f"{-one['least']:+.0%}", share=share))
    for name, number in found["hours"].items():
        if name not in ("by_hand", "once"):
            cut = number / found["hours"]["by_hand"] - 1 if found["hours"]["by_hand"] else 0.0
            figures.append(Figure(f"  hours {name}", f"{number:,.0f} ({cut:+.1%})"))
    supplied = f"{found['unanswered']} of them"
    return [*figures, Figure("  supplied by sharing, but not in the release yet", supplied)]


def of_matching(found: dict[str, Any]) -> list[Figure]:
    """Fields of labelled forms; the rival is the best matcher of valentine, where it was measured."""
    from bench.matching import LIMITS, SECONDS

    rivals = [one["top1_element"] for one in found.get("valentine", {}).values() if one.get("forms")]
    figures = [
        Figure(
            f"matching: {name}",
            f"{found[name]:.3f}",
            f"at least {least}",
            f"{max(rivals):.3f}" if rivals and name == "top1" else "",
            share=(1 - found[name]) / (1 - least),
        )
        for name, least in LIMITS.items()
    ]
    took = found["seconds_60_fields"]
    return [*figures, Figure("form check, 60 fields", f"{took:.2f} s", f"{SECONDS:.0f} s", share=took / SECONDS)]


def of_ingest(found: dict[str, Any], judged: bool) -> list[Figure]:
    from bench.ingest import JUDGED

    figures = []
    for name, one in sorted(found["reports"].items(), key=lambda item: (item[0] not in JUDGED, -item[1]["rows"])):
        if "ratio" not in one:
            continue
        largest = name in JUDGED
        figures.append(
            Figure(
                f"ingest {name}",
                f"{one['ingest_seconds']:.2f} s, {one['rows_a_second']:,} rows/s",
                f"{one['limit']:.1f} x" if largest else "",
                f"{one['bare_seconds']:.2f} s",
                f"{one['ratio']:.2f}",
                one["ratio"] / one["limit"] if largest and judged else None,
            )
        )
    return figures


def of_unify(found: dict[str, Any], judged: bool) -> list[Figure]:
    # Another result is no result: without equal tables the ratio would mean nothing.
    share = None if not judged else found["ratio"] / found["limit"]
    equal = Figure(
        "unify: tables of equal content",
        "all" if not found["differing"] else "not " + ", ".join(found["differing"]),
        "all",
        share=1.0 if not found["differing"] else 2.0,
    )
    return [
        Figure(
            "unify (dbt, its start included)",
            f"{found['dbt_seconds']:.1f} s, {found['rows_a_second']:,} rows/s",
            f"{found['limit']:.1f} x",
            f"{found['hand_seconds']:.1f} s",
            f"{found['ratio']:.2f}",
            share,
        ),
        equal,
    ]


def of_gate(found: dict[str, Any], what: str, judged: bool) -> list[Figure]:
    """The start of the gate's process is hidden behind the models, so it is shown and not judged."""
    measured = f"{found['check_seconds']:.1f} s, {found['expectations']} expectations"
    return [
        Figure(
            f"gate, {what}",
            f"{measured}, start {found['start_seconds']:.1f} s",
            f"{GATE_LIMIT:.1f} x",
            f"{found['hand_seconds']:.1f} s",
            f"{found['ratio']:.2f}",
            found["ratio"] / GATE_LIMIT if judged else None,
        ),
        Figure(
            f"gate, {what}: equal counts",
            "all" if not found["differing"] else f"not {len(found['differing'])}",
            "all",
            share=1.0 if not found["differing"] else 2.0,
        ),
    ]


def show(title: str, figures: list[Figure]) -> None:
    """Print the table."""
    head = ("figure", "", "limit", "rival", "ratio", "")
    rows = [(one.name, one.figure, one.limit, one.rival, one.ratio, one.verdict) for one in figures]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    print(title)
    for row in [head, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def draw(path: Path, title: str, figures: list[Figure]) -> None:
    """Write the chart of everything that has a limit or a rival."""
    from bench.chart import svg

    bars = []
    for one in figures:
        if one.limit == "all" or one.name.startswith("  "):
            continue
        text = f"{one.figure} ({one.ratio} x)" if one.ratio else one.figure
        bars.append((one.name, text, one.share))
    path.write_text(svg(title, bars), encoding="utf-8")


if __name__ == "__main__":
    main()
