"""A day in the life of a district: what the delta and event reports deliver when a share of the residents changes.

    python -m bench.day DATA [--share 0.01]

adds one delivery each of the visits and the settlements of the month after the last, made of lines of the last one,
evenly spread: so many that they speak of about that share of the residents.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

REPORTS = ("grid_center/dwelling_visit", "medical_insurance/settlement")
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("--share", type=float, default=0.01)
    arguments = parser.parse_args()
    print(json.dumps(add_day(arguments.data, arguments.share)))


if __name__ == "__main__":
    main()
