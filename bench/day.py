"""What a day costs that changes a share of the residents, beside a whole build and a run without input.

    python -m bench.day DATA HOME [--share 0.01]

`DATA` is a district, which is copied by hard links; `HOME` is removed first. Four runs: the whole, an empty one
(forced, without input), the day, and a forced one that must end with the content hash of the day. The day is one
delivery each of the visits and the settlements of the month after the last, made of lines of the last one, evenly
spread: so many that they speak of about that share of the residents.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

REPORTS = ("grid_center/dwelling_visit", "medical_insurance/settlement")
SECONDS, SHARE_OF_FULL = 60.0, 0.08
"""Limits of a day that changes 1 % of a million residents, on 2 cores: seconds, and beyond an empty run its share of
what the whole takes beyond one."""

VISITS = 0.2
"""Share of the lines that are visits; the rest are settlements."""


def add_day(data: Path, share: float = 0.01) -> dict[str, int]:
    """Add the day's deliveries to a district.

    Args:
        share: of the residents that the lines speak of, about.

    Returns:
        report -> rows delivered.
    """
    residents = json.loads((data / "demo.json").read_text())["residents"]
    delivered = {}
    for report, part in zip(REPORTS, (VISITS, 1 - VISITS), strict=True):
        last = max((data / report).glob("*_[0-9][0-9][0-9][0-9][0-9][0-9].csv"))
        header, *lines = last.read_bytes().splitlines(keepends=True)
        wanted = max(1, round(residents * share * part))
        chosen = lines[:: max(1, len(lines) // wanted)][:wanted]
        (last.parent / _following(last.name)).write_bytes(header + b"".join(chosen))
        delivered[report.replace("/", ".")] = len(chosen)
    return delivered


def _following(name: str) -> str:
    """The file name of the month after."""
    found = re.search(r"_(\d{4})(\d{2})\.", name)
    assert found, name
    year, month = int(found[1]), int(found[2])
    year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return name.replace(found[0], f"_{year}{month:02d}.")


def measure(data: Path, home: Path, share: float) -> dict[str, Any]:
    """Measure the four runs.

    Returns:
        `full`, `empty`, `day`, `forced`: see `bench.run.measure`; `rows`: report -> rows that the day delivers;
        `share_of_full`: (day - empty) / (full - empty); `limits`; `equal`: whether day and forced have one hash.
    """
    from bench.run import measure as run

    district = home.with_name(f"{home.name}-district")
    shutil.rmtree(district, ignore_errors=True)
    shutil.copytree(data, district, copy_function=os.link)
    nothing = home.with_name(f"{home.name}-nothing")
    nothing.mkdir(exist_ok=True)
    found: dict[str, Any] = {"full": run(district, home)}
    found["empty"] = run(nothing, home.with_name(f"{home.name}-empty"), "--force", refused=True)
    found["rows"] = add_day(district, share)
    found["day"] = run(district, home, anew=False)
    found["forced"] = run(district, home, "--force", anew=False)
    full, empty, day = (found[name]["seconds"] for name in ("full", "empty", "day"))
    found["share_of_full"] = round((day - empty) / (full - empty), 4)
    found["equal"] = found["day"]["content_hash"] == found["forced"]["content_hash"]
    found["limits"] = {"day": SECONDS, "share_of_full": SHARE_OF_FULL}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("home", type=Path)
    parser.add_argument("--share", type=float, default=0.01)
    given = parser.parse_args()
    print(json.dumps(measure(given.data, given.home, given.share), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
