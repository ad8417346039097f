"""Ingest of the resident register beside pandas with the same row checks and beside dlt, which checks nothing.

    python -m bench.rivals DATA [--python build/rivals/bin/python] [--repeats 3] [--json OUT]

pandas runs with both of its parsers and the faster one counts; its verdicts must be those of ingest, rule by rule. dlt
runs with its defaults in an environment of its own (`make bench-rivals` makes it). All in turns, files warm; the rivals
in processes of their own, whose start and imports are not counted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.ingest import LARGEST, measure
from bench.machine import facts, own_home, scratch_folder
from yibiao.contracts import Report, load_schemas
from yibiao.settings import Settings

TIMES_DLT, TIMES_PANDAS = 20.0, 3.0
"""How many times the rows a second of each."""

HERE = Path(__file__).parent


def compare(settings: Settings, python: Path, repeats: int) -> dict[str, Any]:
    """Measure all three.

    Args:
        python: of the environment in which dlt is installed.

    Returns:
        `ingest`, `pandas`, `dlt` (each with `seconds` and what its program prints), `times_pandas`, `times_dlt`, and
        `differing`: rules about which ingest and pandas do not agree, which must be none.
    """
    report = load_schemas(settings.schemas).reports[LARGEST]
    (path,) = sorted(settings.data.glob(report.server.location))
    ours: list[dict[str, Any]] = []
    pandas: list[dict[str, Any]] = []
    dlt: list[dict[str, Any]] = []
    for turn in range(repeats):
        ours.append(measure(settings, reports=[LARGEST], repeats=1)["reports"][LARGEST])
        pandas += [_pandas(report, path, settings, engine) for engine in ("pyarrow", "c")]
        if turn == 0:  # a minute and a half each; its figure is far from its limit
            with scratch_folder(settings) as folder:
                dlt.append(_run(python, HERE / "by_dlt.py", path.parent, path.name, folder))
    seconds = statistics.median(one["ingest_seconds"] for one in ours)
    by_engine = [statistics.median(one["seconds"] for one in pandas[place::2]) for place in range(2)]
    rules = dict(ours[0]["counts"])
    differing = sorted(
        rule for rule in {*rules, *pandas[0]["rules"]} if rules.get(rule) != pandas[0]["rules"].get(rule)
    )
    return {
        "report": LARGEST,
        "rows": ours[0]["rows"],
        "ingest": {"seconds": round(seconds, 3), "bare_ratio": statistics.median(one["ratio"] for one in ours)},
        "pandas": {**pandas[0], "seconds": round(min(by_engine), 3)},
        "dlt": {**dlt[0], "seconds": round(dlt[0]["seconds"], 1)},
        "times_pandas": round(min(by_engine) / seconds, 1),
        "times_dlt": round(dlt[0]["seconds"] / seconds, 1),
        "limits": {"times_pandas": TIMES_PANDAS, "times_dlt": TIMES_DLT},
        "differing": differing,
    }


def _pandas(report: Report, path: Path, settings: Settings, engine: str) -> dict[str, Any]:
    from yibiao.ingest.deliveries import edition_date, edition_from_text

    last = edition_date(edition_from_text(report.edition, path.name, where=path.name))
    codes = {column.header: [text for text, _ in column.pairs] for column in report.columns if column.type == "code"}
    with scratch_folder(settings) as folder:
        (folder / "codes.json").write_text(json.dumps(codes, ensure_ascii=False))
        program = HERE / "by_pandas.py"
        arguments = ["--last-day", str(last), "--engine", engine]
        return _run(Path(sys.executable), program, path, folder / "codes.json", folder, *arguments)


def _run(python: Path, program: Path, *arguments: Path | str) -> dict[str, Any]:
    done = subprocess.run([python, program, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--python", type=Path, default=Path("build/rivals/bin/python"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with own_home(None) as home:
        found = compare(Settings.load(home=home, data=given.data), given.python, given.repeats)
    text = json.dumps({"machine": facts()} | found, ensure_ascii=False, indent=2) + "\n"
    if given.json:
        given.json.write_text(text)
    print(text, end="")
    good = found["times_pandas"] >= TIMES_PANDAS and found["times_dlt"] >= TIMES_DLT and not found["differing"]
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
